/* SPDX-License-Identifier: Apache-2.0
 * Every failing allocation while a circuit is planned, bound, printed and simulated. */
#include "fail_at.h"
#include "params/params.h"
#include "simulate/simulate.h"
#include "support.h"

static const char text[] = "circuit 1\n%x = input [3] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
                           "%a = linear(%x) [2] in 0..9 { dense [1 1 0 0 2 1] }\n"
                           "%t = table(%a) [2] in 0..3 { exact first 0 step 1 entries 10 tables 1 "
                           "values [0 1 2 3 3 2 1 0 1 2] }\n"
                           "%g = gather(%t) [2] in 0..3 { index [1 0] }\n"
                           "%c = concat(%g %t) [4] in 0..3\n"
                           "%l = linear(%c) [1] in 0..12 { dense [1 1 1 1] bias [0] }\n"
                           "%y = output(%l) [1] in 0..12 { codes 0..12 scale [1] zero [0] }\n";

static nescio_circuit *circuit;

static nescio_status plan_and_bind(nescio_ctx *ctx, void *arg)
{
    nescio_buffer out = {0};
    nescio_plan *plan;
    nescio_status st;

    (void)arg;
    NESCIO_TRY(nescio_params_plan(ctx, circuit, NULL, &plan));
    st = nescio_plan_bind(ctx, plan, circuit);
    if (st == NESCIO_OK)
        st = nescio_plan_print(ctx, plan, &out);
    nescio_buffer_free(&out);
    nescio_plan_free(plan);
    return st;
}

static nescio_status simulate(nescio_ctx *ctx, void *arg)
{
    const nescio_simulation sim = {.plan = arg, .circuit = circuit};
    const int64_t x[3] = {1, 2, 3}, *in[1] = {x};
    uint64_t phase[2];
    int64_t y[1], *out[1] = {y};

    NESCIO_TRY(nescio_simulate(ctx, &sim, in, out, 1, NULL));
    return nescio_simulate_slot(ctx, &sim, in, 0, phase);
}

static void planning_survives(void **state)
{
    (void)state;
    fail_at_every(FAIL_ALLOC, 0, plan_and_bind, NULL);
}

static void simulation_survives(void **state)
{
    nescio_ctx *ctx;
    nescio_plan *plan;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    assert_int_equal(nescio_params_plan(ctx, circuit, NULL, &plan), NESCIO_OK);
    assert_int_equal(nescio_plan_bind(ctx, plan, circuit), NESCIO_OK);
    fail_at_every(FAIL_ALLOC, 1, simulate, plan); /* without a pool the caller does the work */
    nescio_plan_free(plan);
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planning_survives),
        cmocka_unit_test(simulation_survives),
    };
    nescio_ctx *ctx;
    int failed;

    if (nescio_ctx_new(&ctx) != NESCIO_OK ||
        nescio_circuit_parse(ctx, text, sizeof text - 1, &circuit) != NESCIO_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_circuit_free(circuit);
    nescio_ctx_free(ctx);
    return failed;
}
