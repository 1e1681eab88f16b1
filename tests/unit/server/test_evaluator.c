/* SPDX-License-Identifier: Apache-2.0
 * The evaluator: what it answers decrypts to the circuit's exact values for every batch size, and
 * what does not belong to the model or the key is refused. */
#include "../format/toy_model.h"
#include "client/client.h"
#include "server/evaluator.h"
#include "support.h"

enum { N_ROWS = 7 };

static nescio_ctx *ctx;
static toy_model model;
static nescio_package *package;
static nescio_keypair pair;
static nescio_ciphertext rows_ct;
static int64_t wanted[N_ROWS][4];


static void expect_ok(nescio_status st)
{
    if (st != NESCIO_OK)
        fail_msg("%s: %s", nescio_status_name(st), nescio_ctx_message(ctx));
}

static void expect_mismatch(nescio_status st, const char *said)
{
    assert_int_equal(st, NESCIO_E_MISMATCH);
    if (!strstr(nescio_ctx_message(ctx), said))
        fail_msg("'%s' is not in: %s", said, nescio_ctx_message(ctx));
}

static int enter(void **state)
{
    const uint32_t counts[] = {3};
    nescio_buffer bytes;
    nescio_rows rows;

    (void)state;
    expect_ok(nescio_ctx_new(&ctx));
    model = toy_model_new(ctx);
    bytes = toy_model_bytes(ctx, &model);
    expect_ok(nescio_package_parse(ctx, bytes.data, bytes.bytes, "toy", true, true, &package));
    nescio_buffer_free(&bytes);
    expect_ok(nescio_keypair_make(ctx, package->client, &pair));
    expect_ok(nescio_rows_new(ctx, N_ROWS, 1, counts, &rows));
    for (int r = 0; r < N_ROWS; r++) {
        int64_t *const x = rows.values[0] + 3 * r, *const y = wanted[r];

        for (int i = 0; i < 3; i++)
            x[i] = (r * 5 + i * (r + 1)) % 4;
        expect_ok(nescio_circuit_eval(ctx, model.circuit, (const int64_t *const[]){x},
                                      (int64_t *const[]){y}, NULL));
    }
    expect_ok(nescio_rows_encrypt(ctx, package->client, pair.secret, &rows, &rows_ct));
    nescio_rows_free(&rows, counts);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_ciphertext_free(&rows_ct);
    nescio_keypair_free(&pair);
    nescio_package_free(package);
    toy_model_free(&model);
    nescio_ctx_free(ctx);
    return 0;
}

static void expect_answers(const nescio_ciphertext *answers)
{
    const uint32_t counts[] = {4};
    nescio_rows got;

    assert_int_equal(answers->n_rows, N_ROWS);
    assert_memory_equal(answers->key_id, pair.secret->id, sizeof answers->key_id);
    expect_ok(nescio_rows_new(ctx, N_ROWS, 1, counts, &got));
    expect_ok(nescio_rows_decrypt(ctx, package->client, pair.secret, answers, &got));
    assert_memory_equal(got.values[0], wanted, sizeof wanted);
    nescio_rows_free(&got, counts);
}

/* Batches come in order, without gaps, each at most as long as asked for. */
typedef struct batches {
    size_t rows, most, n;
} batches;

static void batch_done(size_t first, size_t rows, double seconds, double cpu_seconds, void *user)
{
    batches *b = user;

    assert_int_equal(first, b->rows);
    assert_true(rows >= 1 && rows <= b->most && seconds >= 0 && cpu_seconds >= 0);
    b->rows += rows;
    b->n++;
}

static void answers_are_the_circuits_for_every_batch_size(void **state)
{
    (void)state;
    for (size_t most = 0; most <= N_ROWS + 1; most++) {
        batches b = {.most = most ? most : 1};
        nescio_evaluator *e = NULL;
        nescio_ciphertext answers;

        expect_ok(nescio_evaluator_new(ctx, package->server, &pair.evaluation, most, &e));
        assert_true(nescio_evaluator_bytes(e) > 0);
        expect_ok(nescio_evaluator_run(ctx, e, &rows_ct, batch_done, &b, &answers));
        assert_int_equal(b.rows, N_ROWS);
        assert_int_equal(b.n, (N_ROWS + b.most - 1) / b.most);
        expect_answers(&answers);
        nescio_ciphertext_free(&answers);
        nescio_evaluator_free(e);
    }
}

/* A server part opened alone answers the same. */
static void a_server_part_alone_is_enough(void **state)
{
    nescio_package *alone = NULL;
    nescio_evaluator *e = NULL;
    nescio_ciphertext answers;
    char folder[64];

    (void)state;
    test_enter_folder(folder);
    expect_ok(nescio_package_split(ctx, package, NESCIO_FILE_SERVER, "s.nescio"));
    expect_ok(nescio_package_open(ctx, "s.nescio", false, true, &alone));
    expect_ok(nescio_evaluator_new(ctx, alone->server, &pair.evaluation, 3, &e));
    expect_ok(nescio_evaluator_run(ctx, e, &rows_ct, NULL, NULL, &answers));
    expect_answers(&answers);
    nescio_ciphertext_free(&answers);
    nescio_evaluator_free(e);
    nescio_package_free(alone);
    assert_int_equal(unlink("s.nescio"), 0);
    test_leave_folder(folder);
}

static void a_key_of_other_parameters_is_refused(void **state)
{
    nescio_client_part other = *package->client;
    nescio_evaluator *e = (nescio_evaluator *)8;
    nescio_keypair odd;

    (void)state;
    other.params.lwe_dim++;
    expect_ok(nescio_keypair_make(ctx, &other, &odd));
    expect_mismatch(nescio_evaluator_new(ctx, package->server, &odd.evaluation, 1, &e),
                    "parameters");
    assert_null(e);
    nescio_keypair_free(&odd);
}

static void rows_that_do_not_belong_are_refused(void **state)
{
    nescio_ciphertext damaged[5] = {rows_ct, rows_ct, rows_ct, rows_ct, rows_ct}, out;
    static const char *const said[] = {"key pair", "encoding", "parameters", "bytes", "bytes"};
    nescio_evaluator *e = NULL;

    (void)state;
    damaged[0].key_id[3] ^= 1;
    damaged[1].encoding_id[3] ^= 1;
    damaged[2].params_id[3] ^= 1;
    damaged[3].row_bytes--;
    damaged[4].row_bytes++;
    expect_ok(nescio_evaluator_new(ctx, package->server, &pair.evaluation, 2, &e));
    for (int i = 0; i < 5; i++) {
        expect_mismatch(nescio_evaluator_run(ctx, e, &damaged[i], NULL, NULL, &out), said[i]);
        assert_true(!out.rows && !out.owned);
    }
    nescio_evaluator_free(e);
}

static int stop(const char *stage, uint64_t done, uint64_t total, void *user)
{
    (void)stage;
    (void)total;
    (void)user;
    return done > 0;
}

static void a_cancelled_run_gives_nothing(void **state)
{
    nescio_evaluator *e = NULL;
    nescio_ciphertext out;

    (void)state;
    expect_ok(nescio_evaluator_new(ctx, package->server, &pair.evaluation, 1, &e));
    nescio_ctx_set_progress(ctx, stop, NULL);
    assert_int_equal(nescio_evaluator_run(ctx, e, &rows_ct, NULL, NULL, &out), NESCIO_E_CANCELLED);
    assert_true(!out.rows && !out.owned);
    nescio_ctx_set_progress(ctx, NULL, NULL);
    expect_ok(nescio_evaluator_run(ctx, e, &rows_ct, NULL, NULL, &out));
    expect_answers(&out);
    nescio_ciphertext_free(&out);
    nescio_evaluator_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_circuits_for_every_batch_size),
        cmocka_unit_test(a_server_part_alone_is_enough),
        cmocka_unit_test(a_key_of_other_parameters_is_refused),
        cmocka_unit_test(rows_that_do_not_belong_are_refused),
        cmocka_unit_test(a_cancelled_run_gives_nothing),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
