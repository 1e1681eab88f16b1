/* SPDX-License-Identifier: Apache-2.0
 * The optimizer: its answers are feasible by formula, secure, cheaper than every shipped set that
 * would do, and repeatable. */
#include "noise/noise.h"
#include "params/params.h"

#include "../support.h"

#include <math.h>

static nescio_ctx *ctx;

static double switched(const nescio_tfhe_params *p, double norm)
{
    return norm * norm * nescio_noise_blind_rotation(p) + nescio_noise_keyswitch(p) +
           nescio_noise_modulus_switch(p, 0);
}

static nescio_params_answer ask(unsigned bits, double norm, double log2_p_fail)
{
    const nescio_params_request r = {.bits = bits, .norm2 = norm, .log2_p_fail = log2_p_fail};
    nescio_params_answer a, again;

    if (nescio_params_search(ctx, &r, &a) != NESCIO_OK)
        fail_msg("%u bits: %s", bits, nescio_ctx_message(ctx));
    assert_int_equal(nescio_params_search(ctx, &r, &again), NESCIO_OK);
    assert_memory_equal(&a, &again, sizeof a);
    return a;
}

static void answers_are_feasible_and_secure(void **state)
{
    static const double p_fails[] = {-40, -64, -128};
    static const double norms[] = {1, 5, 30};

    (void)state;
    for (unsigned bits = 1; bits <= 6; bits++)
        for (size_t i = 0; i < 3; i++) {
            const nescio_params_answer a = ask(bits, norms[i], p_fails[i]);
            const double v = switched(&a.params, norms[i]);

            assert_int_equal(nescio_params_check_security(ctx, &a.params, false), NESCIO_OK);
            assert_true(a.security >= 132);
            assert_true(fabs(a.std * a.std / v - 1) < 1e-9);
            assert_true(nescio_noise_log2_fail(v, exp2(-2.0 - bits)) <= p_fails[i]);
            assert_true(a.log2_p_fail <= p_fails[i]);
        }
}

static void harder_requests_cost_more(void **state)
{
    double last = 0;

    (void)state;
    for (unsigned bits = 1; bits <= 6; bits++) {
        const double cost = ask(bits, 2, -64).cost;

        assert_true(cost > last);
        assert_true(ask(bits, 2, -128).cost >= cost);
        assert_true(ask(bits, 20, -64).cost >= cost);
        last = cost;
    }
    /* Four bits at 2-norm 5: the figure that the engine is built for. */
    assert_true(ask(4, 5, -128).cost <= 4.2e-3);
    assert_true(ask(4, 5, -40).cost <= 3.7e-3);
}

static void no_shipped_set_is_better(void **state)
{
    size_t n;
    const nescio_param_set *sets = nescio_param_sets(&n);

    (void)state;
    for (unsigned bits = 1; bits <= 5; bits++) {
        const nescio_params_answer a = ask(bits, 3, -100);

        for (size_t i = 0; i < n; i++) {
            const nescio_tfhe_params *p = &sets[i].params;

            if (nescio_noise_log2_fail(switched(p, 3), exp2(-2.0 - bits)) <= -100)
                assert_true(nescio_cost_pbs(p) + nescio_cost_keyswitch(p) >= a.cost * (1 - 1e-12));
        }
    }
}

static void limits_are_kept(void **state)
{
    nescio_params_request r = {.bits = 4, .norm2 = 5, .log2_p_fail = -64};
    nescio_params_answer free_choice, small, classical;

    (void)state;
    assert_int_equal(nescio_params_search(ctx, &r, &free_choice), NESCIO_OK);
    r.max_key_bytes = free_choice.key_bytes - 1;
    assert_int_equal(nescio_params_search(ctx, &r, &small), NESCIO_OK);
    assert_true(small.key_bytes < free_choice.key_bytes && small.cost >= free_choice.cost);
    r.max_key_bytes = 0;
    r.max_memory_bytes = nescio_engine_bytes_for(&free_choice.params, 1) - 1;
    assert_int_equal(nescio_params_search(ctx, &r, &small), NESCIO_OK);
    assert_true(nescio_engine_bytes_for(&small.params, 1) <= r.max_memory_bytes);
    assert_true(small.cost >= free_choice.cost);
    r.max_memory_bytes = 0;
    r.variants = 1u << NESCIO_PBS_CLASSICAL;
    assert_int_equal(nescio_params_search(ctx, &r, &classical), NESCIO_OK);
    assert_int_equal(classical.params.variant, NESCIO_PBS_CLASSICAL);
    r = (nescio_params_request){.resolution = 200, .norm2 = 40};
    assert_int_equal(nescio_params_search(ctx, &r, &small), NESCIO_OK);
    assert_true(0.5 / small.std >= 200);
}

static void bad_requests_are_refused(void **state)
{
    static const struct {
        nescio_params_request r;
        nescio_status st;
    } bad[] = {
        {{.bits = 9, .norm2 = 1, .log2_p_fail = -40}, NESCIO_E_ARG},
        {{.bits = 0, .norm2 = 1}, NESCIO_E_ARG},
        {{.bits = 4, .norm2 = 0.5, .log2_p_fail = -40}, NESCIO_E_ARG},
        {{.bits = 4, .norm2 = 1, .log2_p_fail = 0}, NESCIO_E_ARG},
        {{.bits = 4, .norm2 = NAN, .log2_p_fail = -40}, NESCIO_E_ARG},
        {{.bits = 8, .norm2 = 1e6, .log2_p_fail = -128}, NESCIO_E_INFEASIBLE},
        {{.bits = 4, .norm2 = 1, .log2_p_fail = -40, .max_key_bytes = 1000}, NESCIO_E_INFEASIBLE},
    };
    nescio_params_answer a;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(nescio_params_search(ctx, &bad[i].r, &a), bad[i].st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_feasible_and_secure),
        cmocka_unit_test(harder_requests_cost_more),
        cmocka_unit_test(no_shipped_set_is_better),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(bad_requests_are_refused),
    };
    int failed;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
