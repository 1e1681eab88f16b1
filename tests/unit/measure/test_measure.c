/* SPDX-License-Identifier: Apache-2.0
 * Timings: their shape, their order, and that a caller can choose and stop. No figure is asserted
 * but the bound, which no machine can beat. */
#include "kernels/multiply_rate.h"
#include "measure/measure_internal.h"
#include "params/params.h"

#include "../support.h"

#include <math.h>
#include <string.h>

static nescio_ctx *ctx;

typedef struct seen {
    nescio_measure_row rows[16];
    size_t n, stop_after;
} seen;

static int take(const nescio_measure_row *row, void *user)
{
    seen *s = user;

    assert_true(s->n < 16);
    s->rows[s->n++] = *row;
    return s->n == s->stop_after;
}

static void check_times(const nescio_measure_row *row)
{
    nescio_isa isa;

    assert_int_equal(nescio_isa_in_force(&isa), NESCIO_OK);
    assert_string_equal(row->isa, nescio_isa_name(isa));
    assert_true(row->min_ms > 0 && row->median_ms >= row->min_ms);
    assert_true(isfinite(row->median_ms));
    /* The rate was taken earlier: a neighbour on the same core may have halved it. */
    assert_true(row->min_ms >= 0.45 * row->bound_ms);
}

static void rows_of_one_variant_and_batch(void **state)
{
    const uint32_t variant = NESCIO_PBS_BLOCK3;
    const nescio_measure_options o = {.variant = &variant, .batch = 2};
    seen s = {.n = 0};

    (void)state;
    assert_int_equal(nescio_measure_pbs(ctx, &o, take, &s), NESCIO_OK);
    assert_int_equal(s.n, 3); /* rotation, and all of it on one thread and on two */
    assert_string_equal(s.rows[0].what, "blind_rotation");
    for (size_t i = 0; i < s.n; i++) {
        if (i > 0)
            assert_string_equal(s.rows[i].what, "pbs");
        assert_string_equal(s.rows[i].variant, "block3");
        assert_int_equal(s.rows[i].n, 930);
        assert_int_equal(s.rows[i].poly_size, 2048);
        assert_int_equal(s.rows[i].batch, 2);
        assert_int_equal(s.rows[i].threads, i == 2 ? 2 : 1);
        assert_true(s.rows[i].bound_ms > 0);
        check_times(&s.rows[i]);
    }
    assert_true(fabs(s.rows[2].bound_ms / s.rows[1].bound_ms - 0.5) < 1e-9);
}

static void the_caller_can_stop(void **state)
{
    const nescio_measure_options o = {.batch = 1};
    seen s = {.stop_after = 3};

    (void)state;
    assert_int_equal(nescio_measure_kernels(ctx, &o, take, &s), NESCIO_E_CANCELLED);
    assert_int_equal(s.n, 3);
    assert_string_equal(s.rows[0].what, "fft");
    assert_string_equal(s.rows[0].variant, "forward");
    assert_string_equal(s.rows[1].variant, "backward");
    assert_int_equal(s.rows[2].poly_size, 2 * s.rows[0].poly_size);
    for (size_t i = 0; i < s.n; i++)
        check_times(&s.rows[i]);
}

static void batches_have_a_limit(void **state)
{
    const nescio_measure_options o = {.batch = NESCIO_MEASURE_MAX_BATCH + 1};
    seen s = {.n = 0};

    (void)state;
    assert_int_equal(nescio_measure_pbs(ctx, &o, take, &s), NESCIO_E_ARG);
    assert_non_null(strstr(nescio_ctx_message(ctx), "4097"));
    assert_int_equal(s.n, 0);
}

/* By hand, for n = 918, N = 2048, k = l = 1: 4 transforms of 3 x 1024 x 10 multiply-adds and
 * 4 products of 4 x 1024 a key bit; unrolled, half as many groups with four times the products. */
static void bounds_count_multiply_adds(void **state)
{
    nescio_tfhe_params p = nescio_param_set_find("exact4_classical")->params;

    (void)state;
    assert_true(nescio_multiply_adds_transform(2048) == 30720);
    assert_true(nescio_multiply_adds_rotation(&p) == 918.0 * (4 * 30720 + 4 * 4096));
    p.variant = NESCIO_PBS_UNROLLED2;
    assert_true(nescio_multiply_adds_rotation(&p) == 459.0 * (4 * 30720 + 4 * 4 * 4096));
}

/* x <- x / 2 + 1/2 goes to 1 in every chain: the loop did its rounds, in every instruction set. */
static void the_ceiling_loop_computes(void **state)
{
    (void)state;
    for (int isa = 0; isa <= (int)nescio_isa_detect(); isa++) {
        nescio_multiply_rate_kernels k;

        nescio_multiply_rate_kernels_for((nescio_isa)isa, &k);
        assert_true(k.run(0) == 0 + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9);
        assert_true(k.run(1) == 45 / 2.0 + 5);
        assert_true(fabs(k.run(100) - 10) < 1e-12);
        assert_true(k.multiply_adds % 10 == 0 && k.multiply_adds >= 20);
    }
}

static void slowness_is_a_ratio(void **state)
{
    double slowness = 0;

    (void)state;
    assert_int_equal(
        nescio_measure_slowness(ctx, &nescio_param_set_find("net_n2048")->params, &slowness),
        NESCIO_OK);
    assert_true(slowness > 0.05 && slowness < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_one_variant_and_batch),
        cmocka_unit_test(the_caller_can_stop),
        cmocka_unit_test(batches_have_a_limit),
        cmocka_unit_test(bounds_count_multiply_adds),
        cmocka_unit_test(the_ceiling_loop_computes),
        cmocka_unit_test(slowness_is_a_ratio),
    };
    int failed = 1;

    if (nescio_ctx_new(&ctx) == NESCIO_OK && nescio_ctx_set_threads(ctx, 2) == NESCIO_OK)
        failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
