/* SPDX-License-Identifier: Apache-2.0
 * Parts of quantization alone: quantiles against a sort, affine maps against dense arithmetic. */
#include "quant/affine_internal.h"
#include "quant/quantile_internal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t next_word(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u; /* SplitMix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void quantiles_are_those_of_a_sort(void **state)
{
    static const double at[] = {0, 0.0005, 0.25, 0.5, 0.995, 1};
    uint64_t seed = 4;
    double values[200], sorted[200];

    (void)state;
    for (size_t n = 1; n <= 200; n += n < 20 ? 1 : 13) {
        for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
            for (size_t i = 0; i < n; i++) /* many ties, both zeros */
                values[i] = (double)(next_word(&seed) % 23) - 11 + (next_word(&seed) % 3 ? 0 : 0.5);
            memcpy(sorted, values, sizeof sorted);
            qsort(sorted, n, sizeof *sorted, compare);
            const double h = at[k] * (double)(n - 1);
            const size_t i = (size_t)h;
            const double expected =
                sorted[i] + (h - (double)i) * (sorted[i + 1 < n ? i + 1 : i] - sorted[i]);
            assert_true(nescio_quantile(values, n, at[k]) == expected);
        }
    }
}

#define N 5 /* elements of each of two bases */

/* Random affine form of both bases with its dense twin [N][2 N + 1], the constant last. */
static nescio_affine *random_affine(nescio_arena *arena, uint64_t *seed, double dense[N][2 * N + 1])
{
    nescio_affine *sum = NULL;
    double offset[N];

    memset(dense, 0, N * sizeof *dense);
    for (uint32_t b = 0; b < 2; b++) {
        double m[N * N];
        nescio_affine_map map;

        for (size_t i = 0; i < N * N; i++) {
            m[i] = next_word(seed) % 2 ? (double)(next_word(seed) % 9) - 4 : 0;
            dense[i / N][b * N + i % N] = m[i];
        }
        for (size_t i = 0; i < N; i++) {
            offset[i] = (double)(next_word(seed) % 9) - 4;
            dense[i][2 * N] += offset[i];
        }
        assert_true(nescio_affine_map_dense(arena, m, N, N, &map));
        nescio_affine *const term =
            nescio_affine_apply(arena, &map, nescio_affine_base(arena, b, N), offset);
        sum = sum ? nescio_affine_add(arena, sum, term, 1) : term;
    }
    return sum;
}

static void same(const nescio_affine *a, double dense[N][2 * N + 1])
{
    double x[2][N], y[N];
    const double *const values[2] = {x[0], x[1]};

    for (size_t trial = 0; trial < 3; trial++) {
        for (size_t i = 0; i < N; i++) {
            x[0][i] = (double)(7 * i + 3 * trial) - 9;
            x[1][i] = (double)(5 * i * trial) - 4;
        }
        nescio_affine_eval(a, values, y);
        for (size_t i = 0; i < N; i++) {
            double sum = dense[i][2 * N];
            for (size_t j = 0; j < 2 * N; j++)
                sum += dense[i][j] * x[j / N][j % N];
            assert_true(sum == y[i]); /* small integers: exact */
        }
    }
}

static void affine_maps_are_dense_arithmetic(void **state)
{
    uint64_t seed = 9;

    (void)state;
    for (int trial = 0; trial < 50; trial++) {
        nescio_arena *const arena = nescio_arena_new();
        double a[N][2 * N + 1], b[N][2 * N + 1], c[N][2 * N + 1], m[N * N], factor[N], offset[N];
        const nescio_affine *const x = random_affine(arena, &seed, a), *const y = random_affine(
                                                                           arena, &seed, b);
        int64_t index[N];
        nescio_affine_map map;

        same(x, a);
        for (size_t i = 0; i < N; i++) {
            index[i] = (int64_t)(next_word(&seed) % (N + 1)) - 1;
            factor[i] = (double)(next_word(&seed) % 5) - 2;
            offset[i] = (double)(next_word(&seed) % 5) - 2;
        }
        for (size_t i = 0; i < N; i++) {
            for (size_t j = 0; j < 2 * N + 1; j++)
                c[i][j] = a[i][j] - b[i][j];
        }
        same(nescio_affine_add(arena, x, y, -1), c);
        for (size_t i = 0; i < N; i++) {
            for (size_t j = 0; j < 2 * N + 1; j++)
                c[i][j] = index[i] < 0 ? 0 : a[index[i]][j];
        }
        same(nescio_affine_gather(arena, x, index, N), c);
        for (size_t i = 0; i < N; i++) {
            for (size_t j = 0; j < 2 * N + 1; j++)
                c[i][j] = factor[i] * a[i][j] + (j == 2 * N ? offset[i] : 0);
        }
        same(nescio_affine_scale(arena, x, factor, offset), c);
        memset(c, 0, sizeof c);
        for (size_t i = 0; i < N * N; i++) {
            m[i] = next_word(&seed) % 2 ? (double)(next_word(&seed) % 9) - 4 : 0;
            for (size_t j = 0; j < 2 * N + 1; j++)
                c[i / N][j] += m[i] * a[i % N][j];
        }
        assert_true(nescio_affine_map_dense(arena, m, N, N, &map));
        same(nescio_affine_apply(arena, &map, x, NULL), c);
        nescio_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_those_of_a_sort),
        cmocka_unit_test(affine_maps_are_dense_arithmetic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
