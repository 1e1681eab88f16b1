/* SPDX-License-Identifier: Apache-2.0
 * Matrix products against the triple loop. Elements are small integers, so every order of summation
 * gives the same bits and the comparison is exact, whatever library is linked. With "--bench" it
 * times instead. */
#include "base/clock.h"
#include "linalg/linalg.h"
#include "support.h"

#include <math.h>

#define GUARD 12345.0 /* between the rows of C: must survive */

typedef struct product {
    bool trans_a, trans_b;
    size_t m, n, k, lda, ldb, ldc;
    double alpha, beta;
} product;

static double element(const double *x, size_t ld, bool trans, size_t i, size_t j)
{
    return trans ? x[j * ld + i] : x[i * ld + j];
}

static void reference(const product *g, const double *a, const double *b, double *c)
{
    for (size_t i = 0; i < g->m; i++)
        for (size_t j = 0; j < g->n; j++) {
            double sum = 0;

            for (size_t p = 0; p < g->k; p++)
                sum += element(a, g->lda, g->trans_a, i, p) * element(b, g->ldb, g->trans_b, p, j);
            c[i * g->ldc + j] = g->alpha * sum + (g->beta == 0 ? 0 : g->beta * c[i * g->ldc + j]);
        }
}

static double *fill(uint64_t *seed, size_t n)
{
    double *x = malloc((n + 1) * sizeof *x);

    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (double)test_range(seed, -8, 8);
    return x;
}

static float *to_f32(const double *x, size_t n)
{
    float *y = malloc((n + 1) * sizeof *y);

    assert_non_null(y);
    for (size_t i = 0; i < n; i++)
        y[i] = (float)x[i];
    return y;
}

static void check(const product *g, uint64_t seed)
{
    const size_t na = (g->trans_a ? g->k : g->m) * g->lda, nb = (g->trans_b ? g->n : g->k) * g->ldb,
                 nc = g->m * g->ldc;
    double *a = fill(&seed, na), *b = fill(&seed, nb), *c = fill(&seed, nc), *expected;
    float *a32 = to_f32(a, na), *b32 = to_f32(b, nb), *c32, *p32;

    for (size_t i = 0; i < nc; i++)
        if (i % g->ldc >= g->n)
            c[i] = GUARD;
    if (g->beta == 0) /* C must not be read */
        for (size_t i = 0; i < nc; i++)
            c[i] = i % g->ldc < g->n ? (double)NAN : c[i];
    expected = malloc((nc + 1) * sizeof *expected);
    assert_non_null(expected);
    memcpy(expected, c, nc * sizeof *c);
    c32 = to_f32(c, nc);
    p32 = to_f32(c, nc);
    reference(g, a, b, expected);
    nescio_gemm_f64(g->trans_a, g->trans_b, g->m, g->n, g->k, g->alpha, a, g->lda, b, g->ldb,
                    g->beta, c, g->ldc);
    nescio_gemm_f32(g->trans_a, g->trans_b, g->m, g->n, g->k, (float)g->alpha, a32, g->lda, b32,
                    g->ldb, (float)g->beta, c32, g->ldc);
    nescio_gemm_f32_parallel(NULL, g->trans_a, g->trans_b, g->m, g->n, g->k, (float)g->alpha, a32,
                             g->lda, b32, g->ldb, (float)g->beta, p32, g->ldc);
    for (size_t i = 0; i < nc; i++)
        if (c[i] != expected[i] || c32[i] != (float)expected[i] || p32[i] != (float)expected[i])
            fail_msg("%zux%zux%zu trans %d %d alpha %g beta %g: element %zu is %g, %g, %g, not %g",
                     g->m, g->n, g->k, g->trans_a, g->trans_b, g->alpha, g->beta, i, c[i],
                     (double)c32[i], (double)p32[i], expected[i]);
    free(a), free(b), free(c), free(expected), free(a32), free(b32), free(c32), free(p32);
}

static void sizes(void **state)
{
    static const size_t some[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 33};
    static const double scales[][2] = {{1, 0}, {1, 1}, {-2, 0.5}, {0, 3}, {0, 0}};
    const size_t n_some = sizeof some / sizeof some[0];
    uint64_t seed = 1;

    (void)state;
    for (size_t i = 0; i < n_some * n_some * n_some * 4; i++) {
        product g = {.trans_a = i & 1,
                     .trans_b = i >> 1 & 1,
                     .m = some[i / 4 % n_some],
                     .n = some[i / 4 / n_some % n_some],
                     .k = some[i / 4 / n_some / n_some]};

        g.lda = (g.trans_a ? g.m : g.k) + (size_t)test_range(&seed, 0, 3) + 1;
        g.ldb = (g.trans_b ? g.k : g.n) + (size_t)test_range(&seed, 0, 3) + 1;
        g.ldc = g.n + (size_t)test_range(&seed, 0, 3) + 1;
        g.alpha = scales[i % 5][0];
        g.beta = scales[i % 5][1];
        check(&g, seed);
    }
}

/* Sizes past every block: 256 rows, 256 of depth, 288 columns of a job. */
static void blocks(void **state)
{
    static const size_t large[][3] = {{131, 9, 257}, {1, 300, 513},   {130, 259, 17},
                                      {260, 5, 256}, {128, 256, 256}, {259, 49, 300},
                                      {3, 97, 520}};

    (void)state;
    for (size_t i = 0; i < 4 * sizeof large / sizeof large[0]; i++) {
        const size_t *d = large[i / 4];
        product g = {.trans_a = i & 1,
                     .trans_b = i >> 1 & 1,
                     .m = d[0],
                     .n = d[1],
                     .k = d[2],
                     .ldc = d[1] + 2};

        g.lda = g.trans_a ? g.m : g.k;
        g.ldb = g.trans_b ? g.k : g.n;
        g.alpha = 1;
        g.beta = i & 1 ? 1 : 0;
        check(&g, i);
    }
}

#ifdef NESCIO_TEST_PLAIN
/* One element as the header promises it: in the order of k, in runs of 256, each rounding where a
 * scalar machine would round. */
static float promised(const float *a, const float *b, size_t n, size_t k, float alpha, float beta,
                      float c)
{
    for (size_t p = 0; p < k; p += 256) {
        float sum = 0;

        for (size_t q = p; q < k && q < p + 256; q++)
            sum += a[q] * b[q * n];
        c = (p == 0 ? beta * c : c) + alpha * sum;
    }
    return c;
}
#endif

/* Real numbers, on one worker and on three: within the classical bound k * u * sum |a||b|, and
 * (plain loops) to the bit what the header promises, under each $NESCIO_ISA. */
static void workers(void **state)
{
    enum { M = 300, N = 270, K = 300 };
    nescio_pool *pool = nescio_pool_new(3);
    float *a = malloc(M * K * sizeof *a), *b = malloc(K * N * sizeof *b);
    float *one = malloc(M * N * sizeof *one), *many = malloc(M * N * sizeof *many);
    float *before = malloc(M * N * sizeof *before);
    uint64_t seed = 7;

    (void)state;
    assert_true(pool && a && b && one && many && before);
    for (size_t i = 0; i < M * K; i++)
        a[i] = (float)test_range(&seed, -1000000, 1000000) * 1e-6f;
    for (size_t i = 0; i < K * N; i++)
        b[i] = (float)test_range(&seed, -1000000, 1000000) * 1e-6f;
    for (size_t i = 0; i < M * N; i++)
        before[i] = one[i] = many[i] = (float)test_range(&seed, -1000000, 1000000) * 1e-6f;
    nescio_gemm_f32(false, false, M, N, K, 1.1f, a, K, b, N, 0.3f, one, N);
    nescio_gemm_f32_parallel(pool, false, false, M, N, K, 1.1f, a, K, b, N, 0.3f, many, N);
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++) {
            const float *row = a + i * K, *column = b + j;
            double sum = 0.3 * (double)before[i * N + j], size = fabs(sum);

            for (size_t p = 0; p < K; p++) {
                sum += 1.1 * (double)row[p] * (double)column[p * N];
                size += fabs(1.1 * (double)row[p] * (double)column[p * N]);
            }
            assert_true(fabs(sum - (double)one[i * N + j]) <= (K + 3) * 0x1p-24 * size);
            assert_true(fabs(sum - (double)many[i * N + j]) <= (K + 3) * 0x1p-24 * size);
#ifdef NESCIO_TEST_PLAIN
            {
                const float exact = promised(row, column, N, K, 1.1f, 0.3f, before[i * N + j]);

                assert_memory_equal(&one[i * N + j], &exact, sizeof exact);
                assert_memory_equal(&many[i * N + j], &exact, sizeof exact);
            }
#endif
        }
    nescio_pool_free(pool);
    free(a), free(b), free(one), free(many), free(before);
}

/* Fastest of 7, as GFLOP/s. */
static void bench(size_t m, size_t n, size_t k, bool trans_b)
{
    float *a = calloc(m * k, sizeof *a), *b = calloc(k * n, sizeof *b),
          *c = calloc(m * n, sizeof *c);
    double best = 1e9;

    if (a && b && c)
        for (int i = 0; i < 7; i++) {
            const double start = nescio_clock_seconds(CLOCK_THREAD_CPUTIME_ID);

            nescio_gemm_f32(false, trans_b, m, n, k, 1, a, k, b, trans_b ? k : n, 0, c, n);
            best = fmin(best, nescio_clock_seconds(CLOCK_THREAD_CPUTIME_ID) - start);
        }
    printf("gemm f32 %4zu x %4zu x %4zu %s: %6.2f GFLOP/s\n", m, n, k, trans_b ? "B'" : "B ",
           2e-9 * (double)(m * n * k) / best);
    free(a), free(b), free(c);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes), cmocka_unit_test(blocks),
                                       cmocka_unit_test(workers)};

    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        for (int trans = 0; trans < 2; trans++) {
            bench(1, 512, 784, trans);
            bench(16, 512, 784, trans);
            bench(512, 512, 512, trans);
            bench(1000, 128, 784, trans);
        }
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
