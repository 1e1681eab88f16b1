/* SPDX-License-Identifier: Apache-2.0
 * A network of 784-128-64-10 with random weights at shipped parameters: encrypted errors against
 * simulated ones. */
#include "encrypted_rows.h"

#include "../unit/plan/lowered_circuit.h"
#include "../unit/support.h"
#include "params/params.h"
#include "simulate/simulate.h"

#include <math.h>

enum { ROWS = 6, SCORES = 10, DRAWS = 40 };

static double squared_error(const int64_t *a, const int64_t *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += pow((double)(a[i] - b[i]), 2);
    return sum / (double)n;
}

static void errors_are_the_simulated_ones(void **state)
{
    static const size_t widths[] = {784, 128, 64, SCORES};
    int64_t *in[1], clear[ROWS * SCORES], got[ROWS * SCORES], drawn[ROWS * SCORES], *out[1];
    double simulated = 0, encrypted;
    uint64_t random = 21;
    nescio_ctx *ctx;
    nescio_circuit *c;
    nescio_plan *plan;
    nescio_runtime *rt;
    key_ring ring;
    encrypted_rows rows;
    uint8_t *answers;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    assert_int_equal(nescio_ctx_set_threads(ctx, 2), NESCIO_OK);
    c = lowered_network(ctx, 8, widths, 4);
    assert_non_null(c);
    if (nescio_params_plan(ctx, c, NULL, &plan) != NESCIO_OK ||
        nescio_plan_bind(ctx, plan, c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    in[0] = lowered_inputs(c, 0, ROWS, &random);
    for (size_t r = 0; r < ROWS; r++) {
        const int64_t *row = in[0] + r * 784;

        out[0] = clear + r * SCORES;
        assert_int_equal(nescio_circuit_eval(ctx, c, &row, out, NULL), NESCIO_OK);
    }
    out[0] = drawn;
    for (uint64_t d = 0; d < DRAWS; d++) {
        const nescio_simulation sim = {
            .plan = plan, .circuit = c, .seed = {5}, .first_row = d * ROWS};

        assert_int_equal(nescio_simulate(ctx, &sim, (const int64_t *const *)in, out, ROWS, NULL),
                         NESCIO_OK);
        simulated += squared_error(drawn, clear, ROWS * SCORES) / DRAWS;
    }
    key_ring_make(ctx, &plan->params, &ring);
    encrypt_rows(ctx, &ring, plan, (const int64_t *const *)in, ROWS, &rows);
    answers = calloc(ROWS, nescio_plan_download_bytes(plan));
    assert_int_equal(nescio_runtime_new(ctx, plan, ring.engine, ROWS, &rt), NESCIO_OK);
    assert_int_equal(nescio_runtime_run(ctx, rt, rows.packed, ROWS, answers), NESCIO_OK);
    out[0] = got;
    decrypt_rows(ctx, &ring, plan, answers, ROWS, out);
    encrypted = squared_error(got, clear, ROWS * SCORES);
    /* 60 errors, independent enough: a relative deviation of 18 % on the mean square. */
    if (encrypted > 1.8 * simulated || encrypted < simulated / 1.8)
        fail_msg("set %s: mean squared error %g encrypted, %g simulated", plan->set_name, encrypted,
                 simulated);
    nescio_runtime_free(rt);
    encrypted_rows_free(&rows);
    key_ring_free(&ring);
    free(answers);
    free(in[0]);
    nescio_plan_free(plan);
    nescio_circuit_free(c);
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(errors_are_the_simulated_ones)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
