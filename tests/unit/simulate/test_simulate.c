/* SPDX-License-Identifier: Apache-2.0
 * The simulator against the clear evaluator, against the planner's variances, and against predicted
 * failure rates. */
#include "simulate/simulate.h"

#include "../plan/lowered_circuit.h"
#include "../support.h"
#include "params/params.h"

#include <math.h>

static nescio_ctx *ctx;

/** A circuit, its bound plan, and rows of random inputs. */
typedef struct subject {
    nescio_circuit *c;
    nescio_plan *plan;
    nescio_simulation sim;
    int64_t *in[4], *out[4], *clear[4];
    size_t n_rows;
} subject;

static nescio_tfhe_params toy(void)
{
    nescio_tfhe_params p = nescio_param_set_find("net_k2_n1024")->params;

    p.lwe_dim = 16;
    p.lwe_noise_log = 3;
    return p;
}

static size_t count_in(const subject *s, size_t i)
{
    return nescio_circuit_input(s->c, i)->output->count;
}

static size_t count_out(const subject *s, size_t i)
{
    return nescio_circuit_output(s->c, i)->output->count;
}

/** Takes the circuit; evaluates every row in the clear. */
static void start(subject *s, nescio_circuit *c, const nescio_params_options *o, size_t n_rows,
                  uint64_t seed)
{
    if (!c)
        fail_msg("seed %llu: %s", (unsigned long long)seed, nescio_ctx_message(ctx));
    *s = (subject){.c = c, .n_rows = n_rows};
    if (nescio_params_plan(ctx, c, o, &s->plan) != NESCIO_OK ||
        nescio_plan_bind(ctx, s->plan, c) != NESCIO_OK)
        fail_msg("seed %llu: %s", (unsigned long long)seed, nescio_ctx_message(ctx));
    s->sim = (nescio_simulation){.plan = s->plan, .circuit = c, .seed = {(uint8_t)seed, 1}};
    for (size_t i = 0; i < s->plan->n_inputs; i++)
        s->in[i] = lowered_inputs(c, i, n_rows, &seed);
    for (size_t i = 0; i < s->plan->n_outputs; i++) {
        s->out[i] = calloc(n_rows * count_out(s, i), sizeof(int64_t));
        s->clear[i] = calloc(n_rows * count_out(s, i), sizeof(int64_t));
    }
    for (size_t r = 0; r < n_rows; r++) {
        const int64_t *in[4];
        int64_t *out[4];

        for (size_t i = 0; i < s->plan->n_inputs; i++)
            in[i] = s->in[i] + r * count_in(s, i);
        for (size_t i = 0; i < s->plan->n_outputs; i++)
            out[i] = s->clear[i] + r * count_out(s, i);
        assert_int_equal(nescio_circuit_eval(ctx, c, in, out, NULL), NESCIO_OK);
    }
}

static void simulate(subject *s, nescio_simulation_stats *stats)
{
    if (nescio_simulate(ctx, &s->sim, (const int64_t *const *)s->in, s->out, s->n_rows, stats) !=
        NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
}

static void stop(subject *s)
{
    for (size_t i = 0; i < 4; i++) {
        free(s->in[i]);
        free(s->out[i]);
        free(s->clear[i]);
    }
    nescio_plan_free(s->plan);
    nescio_circuit_free(s->c);
}

/** Exact circuits that decode their outputs: the clear result, with toy and with shipped
 * parameters. */
static void exact_circuits_are_exact(void **state)
{
    const nescio_tfhe_params p = toy();
    const nescio_params_options with_toy = {.params = &p, .toy = true};
    int n_exact = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++)
        for (int shipped = 0; shipped < 2; shipped++) {
            subject s;

            start(&s, lowered_circuit(ctx, seed, LOWERED_EXACT), shipped ? NULL : &with_toy, 20,
                  seed);
            simulate(&s, NULL);
            for (size_t i = 0; i < s.plan->n_outputs && !s.plan->report.approximate; i++, n_exact++)
                if (memcmp(s.out[i], s.clear[i], s.n_rows * count_out(&s, i) * sizeof(int64_t)) !=
                    0)
                    fail_msg("seed %llu: output %zu differs", (unsigned long long)seed, i);
            stop(&s);
        }
    assert_true(n_exact > 200);
}

/** Rows depend on seed and number alone: threads, cuts and order do not matter. */
static void rows_do_not_depend_on_threads(void **state)
{
    static const size_t widths[] = {20, 12, 6, 3};
    subject s;
    int64_t *first, *in;
    bool moved = false;

    (void)state;
    start(&s, lowered_network(ctx, 9, widths, 4), NULL, 40, 9);
    simulate(&s, NULL);
    first = calloc(s.n_rows * 3, sizeof *first);
    memcpy(first, s.out[0], s.n_rows * 3 * sizeof *first);
    nescio_ctx *two;
    assert_int_equal(nescio_ctx_new(&two), NESCIO_OK);
    assert_int_equal(nescio_ctx_set_threads(two, 2), NESCIO_OK);
    assert_int_equal(
        nescio_simulate(two, &s.sim, (const int64_t *const *)s.in, s.out, s.n_rows, NULL),
        NESCIO_OK);
    assert_memory_equal(first, s.out[0], s.n_rows * 3 * sizeof *first);
    nescio_ctx_free(two);
    /* The last 15 rows by themselves. */
    s.sim.first_row = 25;
    in = s.in[0];
    s.in[0] = in + 25 * 20;
    s.n_rows = 15;
    simulate(&s, NULL);
    assert_memory_equal(first + 25 * 3, s.out[0], 15 * 3 * sizeof *first);
    s.sim.first_row = 24;
    simulate(&s, NULL);
    for (size_t i = 0; i < 15 * 3; i++)
        moved |= s.out[0][i] != first[25 * 3 + i];
    assert_true(moved);
    s.in[0] = in;
    free(first);
    stop(&s);
}

/** Spread of a slot's phases over many draws of the same row, the largest of its elements. */
static double measured_variance(subject *s, uint32_t slot, uint64_t n_draws)
{
    const uint32_t count = s->plan->slots[slot].count;
    uint64_t *phases = calloc(count, sizeof *phases), *origin = calloc(count, sizeof *origin);
    double *sum = calloc(count, sizeof *sum), *squares = calloc(count, sizeof *squares), most = 0;

    for (uint64_t d = 0; d < n_draws; d++) {
        s->sim.first_row = d;
        assert_int_equal(
            nescio_simulate_slot(ctx, &s->sim, (const int64_t *const *)s->in, slot, phases),
            NESCIO_OK);
        for (uint32_t e = 0; e < count; e++) {
            if (d == 0)
                origin[e] = phases[e];
            const double x = (double)(int64_t)(phases[e] - origin[e]) * 0x1p-64;

            sum[e] += x;
            squares[e] += x * x;
        }
    }
    for (uint32_t e = 0; e < count; e++)
        most = fmax(most, (squares[e] - sum[e] * sum[e] / (double)n_draws) / (double)(n_draws - 1));
    free(phases);
    free(origin);
    free(sum);
    free(squares);
    return most;
}

/** Formulas followed through the circuit against samples: every slot of random exact circuits at
 * shipped parameters. */
static void samples_have_the_predicted_variance(void **state)
{
    enum { DRAWS = 1500 };
    int n_slots = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++) {
        subject s;

        start(&s, lowered_circuit(ctx, seed, LOWERED_EXACT), NULL, 1, seed);
        for (uint32_t slot = 0; slot < s.plan->n_slots; slot++) {
            const double predicted = s.plan->slots[slot].variance;
            const double measured = measured_variance(&s, slot, DRAWS);

            if (predicted == 0) {
                assert_true(measured == 0);
                continue;
            }
            n_slots++;
            /* One variance has a relative deviation of 3.7 %; the largest of a few is a little
             * high. */
            if (measured < 0.85 * predicted || measured > 1.18 * predicted)
                fail_msg("seed %llu, slot %u: variance %g, predicted %g", (unsigned long long)seed,
                         slot, measured, predicted);
        }
        stop(&s);
    }
    assert_true(n_slots > 50);
}

/** At a deliberately bad set, exact tables fail as often as predicted. */
static void failures_are_as_frequent_as_predicted(void **state)
{
    nescio_buffer text = {0};
    const nescio_params_options o = {.set_name = "net_k2_n1024_760", .log2_p_fail = -0.05};
    nescio_circuit *c;
    subject s;
    double expected;
    size_t wrong = 0;

    (void)state;
    nescio_write_text(
        &text, "circuit 1\n%%x = input [16] in 0..63 { codes 0..63 scale [1] zero [0] }\n"
               "%%t = table(%%x) [16] in 0..9 { exact first 0 step 1 entries 64 tables 1 values [");
    for (int i = 0; i < 64; i++)
        nescio_write_text(&text, "%d ", i % 10);
    nescio_write_text(&text,
                      "] }\n%%y = output(%%t) [16] in 0..9 { codes 0..9 scale [1] zero [0] }\n");
    assert_int_equal(nescio_circuit_parse(ctx, (const char *)text.data, text.bytes, &c), NESCIO_OK);
    nescio_buffer_free(&text);
    nescio_plan *plan;
    assert_int_equal(nescio_params_plan(ctx, c, &o, &plan),
                     NESCIO_E_INFEASIBLE); /* 16 of them fail more often */
    /* The same table alone on its element is what the bound allows. */
    nescio_circuit_free(c);
    static const char narrow[] =
        "circuit 1\n%x = input [1] in 0..31 { codes 0..31 scale [1] zero [0] }\n"
        "%t = table(%x) [1] in 0..1 { exact first 0 step 1 entries 32 tables 1 values "
        "[0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1] }\n"
        "%y = output(%t) [1] in 0..1 { codes 0..1 scale [1] zero [0] }\n";
    const nescio_params_options weak = {.set_name = "net_k2_n1024_760", .log2_p_fail = -4};
    assert_int_equal(nescio_circuit_parse(ctx, narrow, sizeof narrow - 1, &c), NESCIO_OK);
    start(&s, c, &weak, 40000, 4);
    simulate(&s, NULL);
    for (size_t r = 0; r < s.n_rows; r++)
        wrong += s.out[0][r] != s.clear[0][r];
    expected = exp2(s.plan->steps[1].table.log2_fail) * (double)s.n_rows;
    if (fabs((double)wrong - expected) > 5 * sqrt(expected) + 0.02 * expected)
        fail_msg("%zu of %zu fail, predicted %.1f", wrong, s.n_rows, expected);
    stop(&s);
}

/** Events beyond a calibrated range are counted as the clear evaluator counts them. */
static void values_out_of_range_are_counted(void **state)
{
    static const char text[] =
        "circuit 1\n%x = input [3] in -9..9 { codes -9..9 scale [1] zero [0] }\n"
        "%a = linear(%x) [3] in -6..5 { dense [1 0 0 0 1 0 0 0 1] }\n"
        "%t = table(%a) [3] in -1..1 { approximate first -2 step 1 entries 5 tables 1 ramp -2..2\n"
        "    values [-1 -1 0 1 1] }\n"
        "%y = output(%t) [3] in -1..1 { codes -1..1 scale [1] zero [0] }\n";
    const nescio_tfhe_params p = toy();
    const nescio_params_options o = {.params = &p, .toy = true};
    uint64_t outside[4] = {0}, seen[4] = {0}, clear_outside[4] = {0}, clear_seen[4] = {0};
    nescio_simulation_stats stats = {outside, seen};
    nescio_eval_stats clear = {clear_outside, clear_seen};
    nescio_circuit *c;
    subject s;

    (void)state;
    assert_int_equal(nescio_circuit_parse(ctx, text, sizeof text - 1, &c), NESCIO_OK);
    start(&s, c, &o, 200, 6);
    simulate(&s, &stats);
    for (size_t r = 0; r < s.n_rows; r++) {
        const int64_t *in[1] = {s.in[0] + 3 * r};
        int64_t *out[1] = {s.clear[0] + 3 * r};

        assert_int_equal(nescio_circuit_eval(ctx, c, in, out, &clear), NESCIO_OK);
    }
    assert_int_equal(seen[2], clear_seen[2]);
    assert_true(outside[2] > 0);
    assert_true(llabs((long long)outside[2] - (long long)clear_outside[2]) <= 6);
    stop(&s);
}

static void bad_arguments_are_refused(void **state)
{
    subject s;

    (void)state;
    start(&s, lowered_circuit(ctx, 2, LOWERED_EXACT), NULL, 1, 2);
    s.in[0][0] = 100;
    assert_int_equal(nescio_simulate(ctx, &s.sim, (const int64_t *const *)s.in, s.out, 1, NULL),
                     NESCIO_E_ARG);
    assert_non_null(strstr(nescio_ctx_message(ctx), "integer 100 is outside"));
    s.plan->bound = false;
    assert_int_equal(nescio_simulate(ctx, &s.sim, (const int64_t *const *)s.in, s.out, 1, NULL),
                     NESCIO_E_ARG);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_circuits_are_exact),
        cmocka_unit_test(rows_do_not_depend_on_threads),
        cmocka_unit_test(samples_have_the_predicted_variance),
        cmocka_unit_test(failures_are_as_frequent_as_predicted),
        cmocka_unit_test(values_out_of_range_are_counted),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    int failed;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
