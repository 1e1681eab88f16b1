/* SPDX-License-Identifier: Apache-2.0
 * Circuit to plan: noise by source against coefficients measured on the clear evaluator, failure
 * probabilities, choices. */
#include "noise/noise.h"
#include "params/params.h"

#include "../plan/lowered_circuit.h"
#include "../support.h"

#include <math.h>

static nescio_ctx *ctx;

/** Small, all but noiseless: what a circuit means is not hidden by what it costs. */
static nescio_tfhe_params toy(void)
{
    return (nescio_tfhe_params){.lwe_dim = 16,
                                .glwe_dim = 1,
                                .poly_size = 1024,
                                .pbs_levels = 2,
                                .pbs_base_log = 12,
                                .ks_levels = 8,
                                .ks_base_log = 2,
                                .ks_modulus_log = 24,
                                .lwe_noise_log = 3,
                                .glwe_noise_log = 8,
                                .torus_log = 32,
                                .variant = NESCIO_PBS_CLASSICAL,
                                .out_glwe_dim = 8,
                                .out_poly_size = 4,
                                .out_levels = 6,
                                .out_base_log = 3,
                                .out_noise_log = 36};
}

static nescio_plan *plan_of(const nescio_circuit *c, const nescio_params_options *o)
{
    nescio_plan *plan;

    if (nescio_params_plan(ctx, c, o, &plan) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    if (nescio_plan_verify(ctx, plan, c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    return plan;
}

/** Largest squared row norm of output `o` over all inputs, by moving one input at a time. */
static double measured_norm(const nescio_circuit *c, size_t o)
{
    const size_t n_in = nescio_circuit_n_inputs(c), n_out = nescio_circuit_n_outputs(c);
    const size_t count = nescio_circuit_output(c, o)->output->count;
    int64_t *in[4], *at_lo[4], *moved[4];
    double *sum = calloc(count, sizeof *sum), most = 0;

    for (size_t i = 0; i < n_in; i++) {
        const nescio_gate *gate = nescio_circuit_input(c, i);

        in[i] = calloc(gate->output->count, sizeof **in);
        for (size_t e = 0; e < gate->output->count; e++)
            in[i][e] = gate->quantizer.lo;
    }
    for (size_t i = 0; i < n_out; i++) {
        at_lo[i] = calloc(nescio_circuit_output(c, i)->output->count, sizeof **at_lo);
        moved[i] = calloc(nescio_circuit_output(c, i)->output->count, sizeof **moved);
    }
    assert_int_equal(nescio_circuit_eval(ctx, c, (const int64_t *const *)in, at_lo, NULL),
                     NESCIO_OK);
    for (size_t i = 0; i < n_in; i++)
        for (size_t e = 0; e < nescio_circuit_input(c, i)->output->count; e++) {
            in[i][e]++;
            assert_int_equal(nescio_circuit_eval(ctx, c, (const int64_t *const *)in, moved, NULL),
                             NESCIO_OK);
            in[i][e]--;
            for (size_t k = 0; k < count; k++)
                sum[k] += pow((double)(moved[o][k] - at_lo[o][k]), 2);
        }
    for (size_t k = 0; k < count; k++)
        most = fmax(most, sum[k]);
    for (size_t i = 0; i < n_in; i++)
        free(in[i]);
    for (size_t i = 0; i < n_out; i++) {
        free(at_lo[i]);
        free(moved[i]);
    }
    free(sum);
    return most;
}

/** Only the last linear gate before a sink has a factor: that of the step which wrote the slot. */
static double factor_behind(const nescio_plan *plan, uint32_t slot)
{
    for (uint32_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].kind != NESCIO_STEP_ANSWER && plan->steps[i].target == slot)
            return plan->steps[i].n_sources ? plan->steps[i].factor[0] : 1;
    return 0;
}

/** Levelled circuits: every slot that answers carries (its row norm) x (fresh noise), however often
 * sources meet again. */
static void equal_sources_add_before_squaring(void **state)
{
    const nescio_tfhe_params p = toy();
    const nescio_params_options o = {.params = &p, .toy = true};

    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        nescio_circuit *c = lowered_circuit(ctx, seed, LOWERED_LEVELLED);
        nescio_plan *plan;

        if (!c)
            fail_msg("seed %llu: %s", (unsigned long long)seed, nescio_ctx_message(ctx));
        plan = plan_of(c, &o);
        for (uint32_t i = 0; i < plan->n_steps; i++) {
            const nescio_step *step = &plan->steps[i];
            const double fresh = nescio_noise_fresh(&p, plan->inputs[0].body_log);
            double want;

            if (step->kind != NESCIO_STEP_ANSWER)
                continue;
            want = measured_norm(c, step->target) * fresh *
                   pow(factor_behind(plan, step->sources[0]), 2);
            if (fabs(plan->slots[step->sources[0]].variance - want) > 1e-9 * want)
                fail_msg("seed %llu, output %u: variance %g, not %g", (unsigned long long)seed,
                         step->target, plan->slots[step->sources[0]].variance, want);
        }
        nescio_plan_free(plan);
        nescio_circuit_free(c);
    }
}

/** x + x has four times the variance of x, and tables' noise does not depend on their input's. */
static void doubling_quadruples_the_variance(void **state)
{
    static const char text[] =
        "circuit 1\n%x = input [1] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
        "%t = table(%x) [1] in 0..3 { exact first 0 step 1 entries 4 tables 1 values [3 1 0 2] }\n"
        "%d = linear(%t %t) [1] in 0..6 { dense [1] dense [1] }\n"
        "%u = table(%d) [1] in 0..6 { exact first 0 step 1 entries 7 tables 1 values [0 1 2 3 4 5 "
        "6] }\n"
        "%y = output(%u) [1] in 0..6 { codes 0..6 scale [1] zero [0] }\n";
    const nescio_params_options o = {.set_name = "exact4"};
    nescio_circuit *c;
    nescio_plan *plan;

    (void)state;
    assert_int_equal(nescio_circuit_parse(ctx, text, sizeof text - 1, &c), NESCIO_OK);
    plan = plan_of(c, &o);
    const double v = nescio_noise_blind_rotation(&plan->params);
    const double s =
        nescio_noise_keyswitch(&plan->params) + nescio_noise_modulus_switch(&plan->params, 0);
    assert_int_equal(plan->n_steps, 5);
    assert_true(fabs(plan->slots[plan->steps[2].target].variance / (4 * v) - 1) < 1e-12);
    assert_true(fabs(plan->steps[3].table.variance / (4 * v + s) - 1) < 1e-12);
    assert_true(fabs(plan->slots[plan->steps[3].target].variance / v - 1) < 1e-12);
    /* Seven boxes on half a turn, whole steps of 1/4096: 292 of them each. */
    assert_int_equal(plan->slots[plan->steps[2].target].delta, ((uint64_t)1 << 52) * 292);
    assert_true(fabs(plan->steps[3].table.log2_fail -
                     nescio_noise_log2_fail(4 * v + s, 146.0 / 4096)) < 1e-6);
    nescio_plan_free(plan);
    nescio_circuit_free(c);
}

/** Steps that share: the plan of two tables on %x whose results meet in a sum. */
static nescio_plan *plan_of_pair(nescio_circuit **c, int n_values, const char *set_name)
{
    const nescio_params_options o = {.set_name = set_name};
    nescio_buffer text = {0};

    nescio_write_text(&text,
                      "circuit 1\n%%x = input [3] in 0..%d { codes 0..%d scale [1] zero [0] }\n",
                      n_values - 1, n_values - 1);
    for (int t = 0; t < 2; t++) {
        nescio_write_text(
            &text,
            "%%%c = table(%%x) [3] in 0..1 { exact first 0 step 1 entries %d tables 1 values [",
            "tu"[t], n_values);
        for (int i = 0; i < n_values; i++)
            nescio_write_text(&text, "%d ", i >> t & 1);
        nescio_write_text(&text, "] }\n%%%c = linear(%%x) [1] in 0..%d { dense [1 0 0] }\n",
                          "ab"[t], n_values - 1); /* another gate between the two tables */
    }
    nescio_write_text(&text, "%%s = linear(%%t %%u) [3] in -2..1 { dense [1 0 0 0 1 0 0 0 1] "
                             "dense [-2 0 0 0 -2 0 0 0 -2] }\n"
                             "%%y = output(%%s) [3] in -2..1 { codes -2..1 scale [1] zero [0] }\n");
    if (nescio_circuit_parse(ctx, (const char *)text.data, text.bytes, c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    nescio_buffer_free(&text);
    return plan_of(*c, &o);
}

/** Two tables of one wire take one rotation where noise leaves room for places twice as wide; their
 * noise then counts as one source. */
static void tables_of_one_wire_share_a_rotation(void **state)
{
    nescio_circuit *c;
    nescio_plan *plan = plan_of_pair(&c, 4, "exact5");
    const nescio_tfhe_params *p = &plan->params;
    const double v = nescio_noise_blind_rotation(p);
    const nescio_step *first = NULL;

    (void)state;
    for (uint32_t i = 0; i < plan->n_steps && !first; i++)
        first = plan->steps[i].kind == NESCIO_STEP_TABLE ? &plan->steps[i] : NULL;
    assert_int_equal(first[0].table.n_shared, 2);
    assert_int_equal(first[1].table.n_shared, 0);
    assert_int_equal(first[0].sources[0], first[1].sources[0]);
    assert_int_equal(plan->report.n_pbs, 3);
    assert_true(fabs(first[1].table.variance /
                         (nescio_noise_fresh(p, plan->inputs[0].body_log) +
                          nescio_noise_keyswitch(p) + nescio_noise_modulus_switch(p, 1)) -
                     1) < 1e-12);
    assert_true(fabs(plan->slots[first[2].target].variance / (9 * v) - 1) < 1e-12);
    assert_true(plan->report.log2_p_fail <= -128);
    assert_int_equal(nescio_plan_verify(ctx, plan, c), NESCIO_OK);
    nescio_plan_free(plan);
    nescio_circuit_free(c);

    plan = plan_of_pair(&c, 32, "exact5");
    assert_int_equal(plan->report.n_pbs, 6);
    for (uint32_t i = 0; i < plan->n_steps; i++)
        assert_true(plan->steps[i].kind != NESCIO_STEP_TABLE || plan->steps[i].table.n_shared == 1);
    nescio_plan_free(plan);
    nescio_circuit_free(c);
}

static void exact_circuits_meet_their_failure_probability(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        nescio_circuit *c = lowered_circuit(ctx, seed, LOWERED_EXACT);
        nescio_plan *plan, *relaxed;
        const nescio_params_options o = {.log2_p_fail = -40};

        if (!c)
            fail_msg("seed %llu: %s", (unsigned long long)seed, nescio_ctx_message(ctx));
        plan = plan_of(c, NULL);
        relaxed = plan_of(c, &o);
        assert_true(plan->report.log2_p_fail <= -128 && relaxed->report.log2_p_fail <= -40);
        assert_true(relaxed->report.cost <= plan->report.cost);
        assert_true(plan->report.security_bits >= 132);
        for (uint32_t i = 0; i < plan->n_outputs; i++)
            assert_true(plan->report.approximate || plan->outputs[i].std * 6 < 0.5);
        nescio_plan_free(plan);
        nescio_plan_free(relaxed);
        nescio_circuit_free(c);
    }
}

static void network_of(uint64_t seed, const nescio_params_options *o, nescio_plan **plan,
                       nescio_circuit **c)
{
    static const size_t widths[] = {784, 128, 64, 10};

    *c = lowered_network(ctx, seed, widths, 4);
    if (!*c)
        fail_msg("%s", nescio_ctx_message(ctx));
    *plan = plan_of(*c, o);
}

static void networks_get_small_parameters(void **state)
{
    nescio_plan *plan, *finer;
    nescio_circuit *c, *c2;
    const nescio_params_options o = {.resolution = 3 * NESCIO_RESOLUTION_DEFAULT};

    (void)state;
    network_of(3, NULL, &plan, &c);
    assert_int_equal(plan->params.glwe_dim * plan->params.poly_size, 2048);
    assert_int_equal(plan->params.poly_size, 1024);
    assert_int_equal(plan->report.n_pbs, 192);
    assert_true(plan->report.approximate && plan->report.log2_p_fail <= -40);
    assert_true(plan->report.upload_bytes <= 5 * 1024 && plan->report.download_bytes <= 3 * 1024);
    for (uint32_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].kind == NESCIO_STEP_TABLE) {
            assert_true(plan->steps[i].table.full_torus);
            assert_true(plan->steps[i].table.window / sqrt(plan->steps[i].table.variance) >=
                        NESCIO_RESOLUTION_DEFAULT);
        }
    network_of(3, &o, &finer, &c2);
    assert_true(finer->report.cost > plan->report.cost);
    nescio_plan_free(plan);
    nescio_plan_free(finer);
    nescio_circuit_free(c);
    nescio_circuit_free(c2);
}

static void refuses(const char *text, const nescio_params_options *o, nescio_status st,
                    const char *words)
{
    nescio_circuit *c;
    nescio_plan *plan = NULL;

    if (nescio_circuit_parse(ctx, text, strlen(text), &c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    assert_int_equal(nescio_params_plan(ctx, c, o, &plan), st);
    assert_null(plan);
    if (!strstr(nescio_ctx_message(ctx), words))
        fail_msg("'%s' does not say '%s'", nescio_ctx_message(ctx), words);
    nescio_circuit_free(c);
}

#define IN  "circuit 1\n%x = input [2] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
#define OUT "%y = output(%t) [2] in 0..3 { codes 0..3 scale [1] zero [0] }\n"

/** The same values behind a wide and a narrow window: the narrow one gets a factor, and with it its
 * resolution. */
static void narrow_windows_get_factors(void **state)
{
    static const char text[] =
        "circuit 1\n%x = input [1] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
        "%t = table(%x) [1] in 0..3 { exact first 0 step 1 entries 4 tables 1 values [3 1 0 2] }\n"
        "%n = linear(%t) [1] in 0..3 { dense [1] }\n"
        "%w = linear(%t) [1] in 0..21 { dense [7] }\n"
        "%u = table(%n) [1] in 0..3 { exact first 0 step 1 entries 4 tables 1 values [0 1 2 3] }\n"
        "%v = table(%w) [1] in 0..1 { exact first 0 step 1 entries 22 tables 1 values "
        "[0 0 0 0 0 0 0 1 0 0 0 0 0 0 1 0 0 0 0 0 0 1] }\n"
        "%y = output(%u) [1] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
        "%z = output(%v) [1] in 0..1 { codes 0..1 scale [1] zero [0] }\n";
    const nescio_params_options o = {.set_name = "exact5", .log2_p_fail = -100};
    nescio_circuit *c;
    nescio_plan *plan;

    (void)state;
    if (nescio_circuit_parse(ctx, text, sizeof text - 1, &c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    plan = plan_of(c, &o);
    /* 22 boxes on half a turn leave a 4-value table 44 / 8 times as much room. */
    assert_int_equal(plan->steps[2].factor[0], 5);
    assert_int_equal(plan->steps[3].factor[0], 1);
    const double v = nescio_noise_blind_rotation(&plan->params);
    assert_true(fabs(plan->slots[plan->steps[2].target].variance / (25 * v) - 1) < 1e-12);
    assert_true(fabs(plan->slots[plan->steps[3].target].variance / (49 * v) - 1) < 1e-12);
    nescio_plan_free(plan);
    nescio_circuit_free(c);
}

static void what_cannot_be_planned_is_named(void **state)
{
    static const char maximum[] = IN "%t = max(%x %x) [2] in 0..3\n" OUT;
    static const char table[] = IN "%t = table(%x) [2] in 0..3 { exact first 0 step 1 entries 4 "
                                   "tables 1 values [0 1 2 3] }\n" OUT;
    nescio_tfhe_params weak = toy();

    (void)state;
    refuses(maximum, NULL, NESCIO_E_UNSUPPORTED, "'max' has to be lowered");
    refuses(table, &(nescio_params_options){.set_name = "nothing"}, NESCIO_E_ARG, "'nothing'");
    refuses(table, &(nescio_params_options){.params = &weak}, NESCIO_E_ARG, "bits of security");
    refuses(table, &(nescio_params_options){.max_key_bytes = 1000}, NESCIO_E_INFEASIBLE,
            "1000 bytes");
    refuses(table, &(nescio_params_options){.max_memory_bytes = 2000}, NESCIO_E_INFEASIBLE,
            "engine of at most 2000");
    refuses(table, &(nescio_params_options){.log2_p_fail = -1e6}, NESCIO_E_INFEASIBLE, "table 't'");
}

/** Wide exact tables fail for noise, and say by how much. */
static void infeasible_tables_are_named(void **state)
{
    nescio_circuit *c;
    nescio_buffer text = {0};

    (void)state;
    nescio_write_text(
        &text,
        "circuit 1\n%%x = input [1] in 0..4095 { codes 0..4095 scale [1] zero [0] }\n"
        "%%wide = table(%%x) [1] in 0..1 { exact first 0 step 1 entries 4096 tables 1 values [");
    for (int i = 0; i < 4096; i++)
        nescio_write_text(&text, "%d ", i % 2);
    nescio_write_text(&text,
                      "] }\n%%y = output(%%wide) [1] in 0..1 { codes 0..1 scale [1] zero [0] }\n");
    nescio_write_u8(&text, 0);
    (void)c;
    refuses((const char *)text.data, NULL, NESCIO_E_INFEASIBLE,
            "table 'wide' asks for 4096 values");
    nescio_buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_sources_add_before_squaring),
        cmocka_unit_test(doubling_quadruples_the_variance),
        cmocka_unit_test(tables_of_one_wire_share_a_rotation),
        cmocka_unit_test(exact_circuits_meet_their_failure_probability),
        cmocka_unit_test(networks_get_small_parameters),
        cmocka_unit_test(narrow_windows_get_factors),
        cmocka_unit_test(what_cannot_be_planned_is_named),
        cmocka_unit_test(infeasible_tables_are_named),
    };
    int failed;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
