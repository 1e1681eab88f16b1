/* SPDX-License-Identifier: Apache-2.0
 * Rows of floats against one element at a time: every length around the vectors, steps, NaN, both
 * zeros and infinities, guard elements behind the row. */
#include "refexec/float_rows.h"
#include "support.h"

#include <math.h>

enum { MOST = 19, STEPS = 3 };

typedef struct rows {
    double x[MOST * STEPS], y[MOST + 1];
} rows;

static rows draw(uint64_t *seed)
{
    static const double special[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0};
    rows r;

    for (size_t i = 0; i < MOST * STEPS; i++)
        r.x[i] = test_range(seed, 0, 3) ? (double)test_range(seed, -5, 5)
                                        : special[test_range(seed, 0, 4)];
    for (size_t i = 0; i <= MOST; i++)
        r.y[i] = test_range(seed, 0, 3) ? (double)test_range(seed, -5, 5)
                                        : special[test_range(seed, 0, 4)];
    return r;
}

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

typedef enum kind { CLIP, RELU_IN_PLACE, MAX, ADD, FILL, KINDS } kind;

static double expected(kind what, double x, double y)
{
    switch (what) {
    case CLIP: return x < -2 ? -2 : x > 3 ? 3 : x;
    case RELU_IN_PLACE: return y < 0 ? 0 : y;
    case MAX: return isnan(x) || x > y ? x : y;
    case ADD: return y + -1.5 * x;
    default: return -0.0;
    }
}

static void apply(kind what, nescio_dtype dtype, int64_t n, int64_t step, const void *x, void *y)
{
    const float factor_f32 = what == FILL ? -0.0f : -1.5f;
    const double factor_f64 = what == FILL ? -0.0 : -1.5;
    const void *factor = dtype == NESCIO_F32 ? (const void *)&factor_f32 : &factor_f64;

    switch (what) {
    case CLIP: nescio_row_clip(dtype, n, x, -2, 3, y); break;
    case RELU_IN_PLACE: nescio_row_clip(dtype, n, y, 0, INFINITY, y); break;
    case MAX: nescio_row_max(dtype, n, x, step, y); break;
    case ADD: nescio_row_add_taps(dtype, n, factor, 1, x, step, 1, y); break;
    default: nescio_row_fill(dtype, n, factor, y); break;
    }
}

static void check(kind what, int64_t n, int64_t step, uint64_t *seed)
{
    const rows r = draw(seed);
    float x32[MOST * STEPS], y32[MOST + 1];
    double y64[MOST + 1];

    for (size_t i = 0; i < MOST * STEPS; i++)
        x32[i] = (float)r.x[i];
    for (size_t i = 0; i <= MOST; i++) {
        y32[i] = (float)r.y[i];
        y64[i] = r.y[i];
    }
    apply(what, NESCIO_F32, n, step, x32, y32);
    apply(what, NESCIO_F64, n, step, r.x, y64);
    for (int64_t i = 0; i <= MOST; i++) {
        const double want =
            i < n ? expected(what, i * step < MOST * STEPS ? r.x[i * step] : 0, r.y[i]) : r.y[i];

        if (!same(y64[i], want) || !same((double)y32[i], want))
            fail_msg("loop %d, %d elements, step %d: element %d is %g and %g, not %g", (int)what,
                     (int)n, (int)step, (int)i, y64[i], (double)y32[i], want);
    }
}

static void every_length(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 20; round++)
        for (int what = 0; what < KINDS; what++)
            for (int64_t n = 0; n <= MOST; n++)
                for (int64_t step = 1; step <= (what == MAX || what == ADD ? STEPS : 1); step++)
                    check((kind)what, n, step, &seed);
}

/* Taps against sums in the order that the header states, to the bit. */
static void taps_in_order(void **state)
{
    enum { N = 11, TAPS = 4 };
    float x[N * 3 + TAPS * 2], taps[TAPS], y[N], want[N];
    uint64_t seed = 3;

    (void)state;
    for (int64_t n_taps = 1; n_taps <= TAPS; n_taps++)
        for (int64_t step = 1; step <= 3; step++)
            for (int64_t spread = 1; spread <= 2; spread++) {
                for (size_t i = 0; i < sizeof x / sizeof *x; i++)
                    x[i] = (float)test_range(&seed, -1000000, 1000000) * 1e-6f;
                for (size_t i = 0; i < TAPS; i++)
                    taps[i] = (float)test_range(&seed, -1000000, 1000000) * 1e-6f;
                for (int64_t i = 0; i < N; i++) {
                    y[i] = want[i] = (float)i / 7;
                    for (int64_t t = 0; t < n_taps; t++)
                        want[i] += taps[t] * x[i * step + t * spread];
                }
                nescio_row_add_taps(NESCIO_F32, N, taps, n_taps, x, step, spread, y);
                assert_memory_equal(y, want, sizeof y);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_length),
                                       cmocka_unit_test(taps_in_order)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
