/* SPDX-License-Identifier: Apache-2.0
 * Random circuits, planned, encrypted, run, decrypted: exact ones give the clear result, others
 * stay within predicted noise. Toy keys: no security, huge margins. */
#include "encrypted_rows.h"

#include "../unit/plan/lowered_circuit.h"
#include "../unit/support.h"
#include "noise/noise.h"
#include "params/params.h"
#include "simulate/simulate.h"

#include <math.h>

static nescio_ctx *ctx;
static key_ring ring;
static nescio_tfhe_params toy;

/** A circuit with its bound plan under the toy keys, random rows, and their clear results. */
typedef struct subject {
    nescio_circuit *c;
    nescio_plan *plan;
    int64_t *in[4], *clear[4], *out[4];
    size_t n_rows;
    uint8_t *answers;
} subject;

static void start(subject *s, nescio_circuit *c, size_t n_rows, uint64_t seed)
{
    const nescio_params_options o = {.params = &toy, .toy = true};

    if (!c)
        fail_msg("seed %llu: %s", (unsigned long long)seed, nescio_ctx_message(ctx));
    *s = (subject){.c = c, .n_rows = n_rows};
    if (nescio_params_plan(ctx, c, &o, &s->plan) != NESCIO_OK ||
        nescio_plan_bind(ctx, s->plan, c) != NESCIO_OK)
        fail_msg("seed %llu: %s", (unsigned long long)seed, nescio_ctx_message(ctx));
    for (size_t i = 0; i < s->plan->n_inputs; i++)
        s->in[i] = lowered_inputs(c, i, n_rows, &seed);
    for (size_t i = 0; i < s->plan->n_outputs; i++) {
        s->clear[i] = calloc(n_rows * s->plan->outputs[i].count, sizeof(int64_t));
        s->out[i] = calloc(n_rows * s->plan->outputs[i].count, sizeof(int64_t));
    }
    s->answers = calloc(n_rows, nescio_plan_download_bytes(s->plan));
    for (size_t r = 0; r < n_rows; r++) {
        const int64_t *in[4];
        int64_t *out[4];

        for (size_t i = 0; i < s->plan->n_inputs; i++)
            in[i] = s->in[i] + r * s->plan->inputs[i].count;
        for (size_t i = 0; i < s->plan->n_outputs; i++)
            out[i] = s->clear[i] + r * s->plan->outputs[i].count;
        assert_int_equal(nescio_circuit_eval(ctx, c, in, out, NULL), NESCIO_OK);
    }
}

static void stop(subject *s)
{
    for (size_t i = 0; i < 4; i++) {
        free(s->in[i]);
        free(s->clear[i]);
        free(s->out[i]);
    }
    free(s->answers);
    nescio_plan_free(s->plan);
    nescio_circuit_free(s->c);
}

static void run_encrypted(subject *s, size_t max_rows)
{
    encrypted_rows rows;
    nescio_runtime *rt;

    encrypt_rows(ctx, &ring, s->plan, (const int64_t *const *)s->in, s->n_rows, &rows);
    if (nescio_runtime_new(ctx, s->plan, ring.engine, max_rows, &rt) != NESCIO_OK ||
        nescio_runtime_run(ctx, rt, rows.packed, s->n_rows, s->answers) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    decrypt_rows(ctx, &ring, s->plan, s->answers, s->n_rows, s->out);
    nescio_runtime_free(rt);
    encrypted_rows_free(&rows);
}

/** Row after row, two at a time, all at once: the same integers as in the clear. */
static void exact_circuits_come_back_exact(void **state)
{
    int n_exact = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        subject s;

        start(&s, lowered_circuit(ctx, seed, LOWERED_EXACT), 3, seed);
        run_encrypted(&s, 1 + seed % 3);
        for (size_t i = 0; i < s.plan->n_outputs && !s.plan->report.approximate; i++, n_exact++)
            if (memcmp(s.clear[i], s.out[i],
                       s.n_rows * s.plan->outputs[i].count * sizeof(int64_t)) != 0)
                fail_msg("seed %llu: output %zu differs", (unsigned long long)seed, i);
        stop(&s);
    }
    assert_true(n_exact > 60);
}

/** Values behind a wide and a narrow window, packed and not: factors in the weights, results exact.
 */
static void factors_keep_results_exact(void **state)
{
    static const char text[] =
        "circuit 1\n%x = input [2] in 0..1 { codes 0..1 scale [1] zero [0] }\n"
        "%n = linear(%x) [1] in 0..3 { dense [1 2] }\n"
        "%w = linear(%x) [1] in 0..9 { dense [3 6] }\n"
        "%t = table(%n) [1] in 0..3 { exact first 0 step 1 entries 4 tables 1 values [3 1 0 2] }\n"
        "%u = table(%w) [1] in 0..1 { exact first 0 step 1 entries 10 tables 1 values [1 0 0 1 0 0 "
        "0 0 0 1] }\n"
        "%a = linear(%t) [1] in 0..3 { dense [1] }\n"
        "%b = linear(%t %u) [1] in 0..12 { dense [3] dense [3] }\n"
        "%c = table(%a) [1] in 0..3 { exact first 0 step 1 entries 4 tables 1 values [2 0 3 1] }\n"
        "%d = table(%b) [1] in 0..4 { exact first 0 step 1 entries 13 tables 1 "
        "values [0 0 0 1 0 0 2 0 0 3 0 0 4] }\n"
        "%y = output(%c) [1] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
        "%z = output(%d) [1] in 0..4 { codes 0..4 scale [1] zero [0] }\n";
    uint32_t n_input = 0, n_slot = 0;
    nescio_circuit *c;
    subject s;

    (void)state;
    if (nescio_circuit_parse(ctx, text, sizeof text - 1, &c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    start(&s, c, 8, 12);
    for (uint32_t i = 0; i < s.plan->n_steps; i++) {
        n_input +=
            s.plan->steps[i].kind == NESCIO_STEP_INPUT_LINEAR && s.plan->steps[i].factor[0] > 1;
        n_slot += s.plan->steps[i].kind == NESCIO_STEP_LINEAR && s.plan->steps[i].factor[0] > 1;
    }
    assert_true(n_input == 1 && n_slot == 1);
    run_encrypted(&s, 3);
    for (size_t i = 0; i < 2; i++)
        assert_memory_equal(s.clear[i], s.out[i], s.n_rows * sizeof(int64_t));
    stop(&s);
}

/** Three tables of one wire take one rotation, one of them with a table for each element; simulated
 * and encrypted they give what they give in the clear. */
static void shared_rotations_come_back_exact(void **state)
{
    static const char text[] =
        "circuit 1\n%x = input [4] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
        "%t = table(%x) [4] in 0..3 { exact first 0 step 1 entries 4 tables 1 values [3 1 0 2] }\n"
        "%u = table(%x) [4] in 0..1 { exact first 0 step 1 entries 4 tables 1 values [0 1 1 0] }\n"
        "%v = table(%x) [4] in 0..3 { exact first 0 step 1 entries 4 tables 2 which [0 1 1 0] "
        "values [0 1 2 3 2 2 0 1] }\n"
        "%s = linear(%t %u) [2] in 0..4 { dense [1 0 0 0 0 0 1 0] dense [0 1 0 0 0 0 0 1] }\n"
        "%w = table(%s) [2] in 0..4 { exact first 0 step 1 entries 5 tables 1 values [4 2 0 1 3] "
        "}\n"
        "%y = output(%v) [4] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
        "%z = output(%w) [2] in 0..4 { codes 0..4 scale [1] zero [0] }\n";
    nescio_simulation sim;
    nescio_circuit *c;
    uint32_t most = 0;
    subject s;

    (void)state;
    if (nescio_circuit_parse(ctx, text, sizeof text - 1, &c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    start(&s, c, 20, 4);
    for (uint32_t i = 0; i < s.plan->n_steps; i++)
        if (s.plan->steps[i].kind == NESCIO_STEP_TABLE && s.plan->steps[i].table.n_shared > most)
            most = s.plan->steps[i].table.n_shared;
    assert_int_equal(most, 3);
    assert_int_equal(s.plan->report.n_pbs, 4 + 2);
    run_encrypted(&s, 7);
    for (size_t i = 0; i < 2; i++)
        assert_memory_equal(s.clear[i], s.out[i],
                            s.n_rows * s.plan->outputs[i].count * sizeof(int64_t));
    sim = (nescio_simulation){.plan = s.plan, .circuit = s.c, .seed = {3}};
    assert_int_equal(
        nescio_simulate(ctx, &sim, (const int64_t *const *)s.in, s.out, s.n_rows, NULL), NESCIO_OK);
    for (size_t i = 0; i < 2; i++)
        assert_memory_equal(s.clear[i], s.out[i],
                            s.n_rows * s.plan->outputs[i].count * sizeof(int64_t));
    stop(&s);
}

/** Levelled circuits are not rounded by tables: errors are the answer's noise, as large as stated.
 */
static void levelled_circuits_have_the_stated_deviation(void **state)
{
    double sum = 0;
    size_t n = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        subject s;

        start(&s, lowered_circuit(ctx, seed, LOWERED_LEVELLED), 4, seed);
        run_encrypted(&s, 4);
        for (size_t i = 0; i < s.plan->n_outputs; i++)
            for (size_t e = 0; e < s.n_rows * s.plan->outputs[i].count; e++) {
                const double error = (double)(s.out[i][e] - s.clear[i][e]);
                const double deviation = s.plan->outputs[i].std;

                assert_true(fabs(error) <= 6 * deviation + 0.5);
                if (deviation > 4) { /* rounding to integers is small beside it */
                    sum += error * error / (deviation * deviation);
                    n++;
                }
            }
        stop(&s);
    }
    if (n > 100)
        assert_true(sum / (double)n < 1.4);
}

/** Networks: encrypted and simulated results differ from the clear ones by about as much. */
static void networks_err_as_the_simulator_says(void **state)
{
    static const size_t widths[] = {30, 16, 12, 6};
    enum { ROWS = 150, DRAWS = 6 };
    double encrypted = 0, simulated = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        subject s;
        nescio_simulation sim;
        const size_t n = ROWS * 6;

        start(&s, lowered_network(ctx, seed, widths, 4), ROWS, seed);
        run_encrypted(&s, 10);
        for (size_t e = 0; e < n; e++)
            encrypted += pow((double)(s.out[0][e] - s.clear[0][e]), 2);
        sim = (nescio_simulation){.plan = s.plan, .circuit = s.c, .seed = {(uint8_t)seed}};
        for (int d = 0; d < DRAWS; d++, sim.first_row += ROWS) {
            assert_int_equal(
                nescio_simulate(ctx, &sim, (const int64_t *const *)s.in, s.out, ROWS, NULL),
                NESCIO_OK);
            for (size_t e = 0; e < n; e++)
                simulated += pow((double)(s.out[0][e] - s.clear[0][e]), 2) / DRAWS;
        }
        stop(&s);
    }
    /* Errors come in rows where a hidden value lands on its neighbour: a few hundred of them. */
    if (encrypted > 1.4 * simulated || simulated > 1.4 * encrypted)
        fail_msg("mean squared error %g encrypted, %g simulated", encrypted, simulated);
}

/** 300 inputs at N = 256 travel in two ciphertexts; extraction and plaintext products both cut them
 * right. */
static void wide_inputs_travel_in_pieces(void **state)
{
    static const size_t widths[] = {1300, 4};
    subject s;

    (void)state;
    start(&s, lowered_network(ctx, 5, widths, 2), 2, 5);
    assert_int_equal(s.plan->inputs[0].n_packed, 2);
    run_encrypted(&s, 2);
    for (size_t e = 0; e < 8; e++)
        assert_true(fabs((double)(s.out[0][e] - s.clear[0][e])) <=
                    6 * s.plan->outputs[0].std + 0.5);
    stop(&s);
}

/** More outputs than one answer holds, from elements of an input that does not fit one ciphertext.
 */
static void extraction_crosses_ciphertexts(void **state)
{
    static const double scale = 1;
    static const int64_t zero = 0;
    const nescio_quantizer codes = {1, &scale, &zero, 0, 7};
    int64_t index[40];
    nescio_circuit *c;
    nescio_gate *gate;
    subject s;

    (void)state;
    for (int i = 0; i < 40; i++)
        index[i] = i == 7 ? -1 : (i * 97) % 1500;
    assert_int_equal(nescio_circuit_new(ctx, &c), NESCIO_OK);
    gate = nescio_circuit_gate(c, NESCIO_GATE_INPUT, "x", NULL, 0, 1500);
    gate->quantizer = codes;
    gate = nescio_circuit_gate(c, NESCIO_GATE_GATHER, "g", &gate->output, 1, 40);
    gate->gather = index;
    gate = nescio_circuit_gate(c, NESCIO_GATE_OUTPUT, "y", &gate->output, 1, 40);
    gate->quantizer = codes;
    assert_int_equal(nescio_circuit_ranges(ctx, c), NESCIO_OK);
    start(&s, c, 3, 8);
    assert_int_equal(s.plan->outputs[0].n_answers, 10);
    run_encrypted(&s, 2);
    assert_memory_equal(s.clear[0], s.out[0], 3 * 40 * sizeof(int64_t));
    stop(&s);
}

static int stop_at(const char *stage, uint64_t done, uint64_t total, void *user)
{
    uint64_t *seen = user;

    seen[0]++;
    seen[1] = total;
    assert_string_equal(stage, "evaluate");
    return done >= seen[2];
}

static void work_can_be_watched_and_stopped(void **state)
{
    static const size_t widths[] = {20, 16, 12, 6};
    uint64_t seen[3] = {0, 0, UINT64_MAX};
    encrypted_rows rows;
    nescio_runtime *rt;
    subject s;

    (void)state;
    start(&s, lowered_network(ctx, 6, widths, 4), 2, 6);
    encrypt_rows(ctx, &ring, s.plan, (const int64_t *const *)s.in, s.n_rows, &rows);
    assert_int_equal(nescio_runtime_new(ctx, s.plan, ring.engine, 2, &rt), NESCIO_OK);
    nescio_ctx_set_progress(ctx, stop_at, seen);
    assert_int_equal(nescio_runtime_run(ctx, rt, rows.packed, 2, s.answers), NESCIO_OK);
    assert_int_equal(seen[1], 2 * (16 + 12));
    assert_true(seen[0] >= s.plan->n_steps);
    seen[2] = 2 * 16;
    assert_int_equal(nescio_runtime_run(ctx, rt, rows.packed, 2, s.answers), NESCIO_E_CANCELLED);
    nescio_ctx_set_progress(ctx, NULL, NULL);
    nescio_ctx *three;
    assert_int_equal(nescio_ctx_new(&three), NESCIO_OK);
    assert_int_equal(nescio_ctx_set_threads(three, 3), NESCIO_OK);
    assert_int_equal(nescio_runtime_run(three, rt, rows.packed, 2, s.answers), NESCIO_E_ARG);
    assert_non_null(strstr(nescio_ctx_message(three), "3 threads"));
    nescio_ctx_free(three);
    rows.packed[1].n--;
    assert_int_equal(nescio_runtime_run(ctx, rt, rows.packed, 2, s.answers), NESCIO_E_MISMATCH);
    assert_non_null(
        strstr(nescio_ctx_message(ctx), "row 1, input 'input': piece 0 has 19 elements"));
    nescio_runtime_free(rt);
    encrypted_rows_free(&rows);
    stop(&s);
}

static void mismatched_parts_are_refused(void **state)
{
    nescio_runtime *rt;
    subject s;

    (void)state;
    start(&s, lowered_circuit(ctx, 3, LOWERED_EXACT), 1, 3);
    assert_int_equal(nescio_runtime_new(ctx, s.plan, ring.engine, 0, &rt), NESCIO_E_ARG);
    assert_int_equal(nescio_runtime_new(ctx, s.plan, ring.engine, SIZE_MAX / 2, &rt),
                     NESCIO_E_NOMEM);
    s.plan->params.lwe_dim++;
    assert_int_equal(nescio_runtime_new(ctx, s.plan, ring.engine, 1, &rt), NESCIO_E_MISMATCH);
    s.plan->bound = false;
    assert_int_equal(nescio_runtime_new(ctx, s.plan, ring.engine, 1, &rt), NESCIO_E_ARG);
    assert_null(rt);
    assert_true(nescio_runtime_bytes(s.plan, 10) >= 10 * (nescio_runtime_bytes(s.plan, 1) / 2));
    assert_int_equal(nescio_runtime_rows_for(s.plan, 0, 9), 1);
    assert_int_equal(nescio_runtime_rows_for(s.plan, SIZE_MAX, 9), 9);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_circuits_come_back_exact),
        cmocka_unit_test(factors_keep_results_exact),
        cmocka_unit_test(shared_rotations_come_back_exact),
        cmocka_unit_test(levelled_circuits_have_the_stated_deviation),
        cmocka_unit_test(networks_err_as_the_simulator_says),
        cmocka_unit_test(wide_inputs_travel_in_pieces),
        cmocka_unit_test(extraction_crosses_ciphertexts),
        cmocka_unit_test(work_can_be_watched_and_stopped),
        cmocka_unit_test(mismatched_parts_are_refused),
    };
    int failed;

    if (nescio_ctx_new(&ctx) != NESCIO_OK || nescio_ctx_set_threads(ctx, 2) != NESCIO_OK)
        return 1;
    toy = nescio_param_set_find("net_k2_n1024")->params;
    toy.glwe_dim = 1;
    toy.lwe_dim = 16;
    toy.lwe_noise_log = 3;
    toy.out_glwe_dim = 8;
    toy.out_poly_size = 4;
    toy.out_noise_log = 36;
    key_ring_make(ctx, &toy, &ring);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    key_ring_free(&ring);
    nescio_ctx_free(ctx);
    return failed;
}
