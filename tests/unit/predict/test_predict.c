/* SPDX-License-Identifier: Apache-2.0
 * The three modes agree on an exact circuit, row by row; out of range is counted; classes follow
 * the tail. */
#include "../format/toy_model.h"
#include "predict/predict.h"
#include "support.h"

enum { N_ROWS = 64, N_IN = 3, N_OUT = 4 }; /* every row that there is */

static nescio_ctx *ctx;
static nescio_package *package;
static nescio_rows in, clear;
static const uint32_t in_counts[] = {N_IN}, out_counts[] = {N_OUT};

static void expect_ok(nescio_status st)
{
    if (st != NESCIO_OK)
        fail_msg("%s: %s", nescio_status_name(st), nescio_ctx_message(ctx));
}

static int enter(void **state)
{
    toy_model m;
    nescio_buffer bytes;

    (void)state;
    expect_ok(nescio_ctx_new(&ctx));
    m = toy_model_new(ctx);
    bytes = toy_model_bytes(ctx, &m);
    expect_ok(nescio_package_parse(ctx, bytes.data, bytes.bytes, "toy", true, true, &package));
    nescio_buffer_free(&bytes);
    toy_model_free(&m);
    expect_ok(nescio_rows_new(ctx, N_ROWS, 1, in_counts, &in));
    expect_ok(nescio_rows_new(ctx, N_ROWS, 1, out_counts, &clear));
    for (int r = 0; r < N_ROWS; r++)
        for (int i = 0; i < N_IN; i++)
            in.values[0][N_IN * r + i] = r >> (2 * i) & 3;
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_rows_free(&in, in_counts);
    nescio_rows_free(&clear, out_counts);
    nescio_package_free(package);
    nescio_ctx_free(ctx);
    return 0;
}

static void disable_is_the_circuit(void **state)
{
    uint64_t out_of_range = 99;

    (void)state;
    expect_ok(nescio_rows_disable(ctx, package, &in, &clear, &out_of_range));
    assert_int_equal(out_of_range, 0);
    for (int r = 0; r < N_ROWS; r++) {
        int64_t y[N_OUT];
        const int64_t *const x[] = {in.values[0] + N_IN * r};

        expect_ok(
            nescio_circuit_eval(ctx, package->server->circuit, x, (int64_t *const[]){y}, NULL));
        assert_memory_equal(y, clear.values[0] + N_OUT * r, sizeof y);
    }
}

static void simulate_is_exact_here(void **state)
{
    const uint8_t seed[NESCIO_SEED_BYTES] = {3};
    nescio_rows out;

    (void)state;
    expect_ok(nescio_rows_new(ctx, N_ROWS, 1, out_counts, &out));
    for (uint64_t draw = 0; draw < 3; draw++) {
        memset(out.values[0], 0, N_ROWS * N_OUT * sizeof(int64_t));
        expect_ok(nescio_rows_simulate(ctx, package, seed, draw, &in, &out));
        assert_memory_equal(out.values[0], clear.values[0], N_ROWS * N_OUT * sizeof(int64_t));
    }
    nescio_rows_free(&out, out_counts);
}

static void execute_is_exact_here(void **state)
{
    nescio_evaluator *e = NULL;
    nescio_keypair keys;
    nescio_rows out;

    (void)state;
    expect_ok(nescio_keypair_make(ctx, package->client, &keys));
    expect_ok(nescio_evaluator_new(ctx, package->server, &keys.evaluation, 10, &e));
    expect_ok(nescio_rows_new(ctx, N_ROWS, 1, out_counts, &out));
    expect_ok(nescio_rows_execute(ctx, package, &keys, e, &in, &out, NULL, NULL));
    assert_memory_equal(out.values[0], clear.values[0], N_ROWS * N_OUT * sizeof(int64_t));
    nescio_rows_free(&out, out_counts);
    nescio_evaluator_free(e);
    nescio_keypair_free(&keys);
}

static void classes_are_the_largest_scores(void **state)
{
    nescio_codec *codec = NULL;
    int64_t classes[N_ROWS];

    (void)state;
    expect_ok(nescio_codec_new(ctx, package->client, &codec));
    expect_ok(nescio_rows_classes(ctx, codec, &clear, classes));
    for (int r = 0; r < N_ROWS; r++) {
        const int64_t *y = clear.values[0] + N_OUT * r;
        int best = 0;

        for (int i = 1; i < N_OUT; i++)
            best = y[i] > y[best] ? i : best;
        assert_int_equal(classes[r], best);
    }
    nescio_codec_free(codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disable_is_the_circuit),
        cmocka_unit_test(simulate_is_exact_here),
        cmocka_unit_test(execute_is_exact_here),
        cmocka_unit_test(classes_are_the_largest_scores),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
