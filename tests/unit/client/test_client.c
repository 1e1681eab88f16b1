/* SPDX-License-Identifier: Apache-2.0
 * Keys, rows and answers of a client part, against the engine and the secret room by themselves. */
#include "../format/toy_model.h"
#include "client/client.h"
#include "support.h"

static nescio_ctx *ctx;
static toy_model model;
static nescio_package *package;
static const nescio_client_part *client;
static char folder[64];

static int enter(void **state)
{
    nescio_buffer bytes;

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    model = toy_model_new(ctx);
    bytes = toy_model_bytes(ctx, &model);
    assert_int_equal(
        nescio_package_parse(ctx, bytes.data, bytes.bytes, "toy", true, true, &package), NESCIO_OK);
    nescio_buffer_free(&bytes);
    client = package->client;
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_package_free(package);
    toy_model_free(&model);
    nescio_ctx_free(ctx);
    test_leave_folder(folder);
    return 0;
}

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

static void a_pair_goes_to_files_and_back(void **state)
{
    nescio_client_part other = *client;
    nescio_keypair pair;

    (void)state;
    expect_ok(nescio_keys_generate(ctx, client, "s.key", "e.key", NULL));
    expect_ok(nescio_keypair_read(ctx, client, "s.key", "e.key", NULL, &pair));
    assert_memory_equal(pair.secret->id, pair.evaluation.id, sizeof pair.evaluation.id);
    nescio_keypair_free(&pair);
    assert_null(pair.secret);

    other.params.lwe_dim++;
    expect_mismatch(nescio_keypair_read(ctx, &other, "s.key", "e.key", NULL, &pair), "s.key");
    assert_true(!pair.secret && !pair.evaluation.bootstrap);
    expect_ok(nescio_keys_generate(ctx, client, "s.key", "e2.key", NULL));
    expect_mismatch(nescio_keypair_read(ctx, client, "s.key", "e.key", NULL, &pair), "e.key");
    assert_true(!pair.secret && !pair.evaluation.bootstrap);
    assert_int_equal(unlink("s.key") | unlink("e.key") | unlink("e2.key"), 0);
}

/* A secret key whose partner could not be written is of no use and is not left behind. */
static void half_a_pair_is_not_left(void **state)
{
    (void)state;
    assert_int_equal(nescio_keys_generate(ctx, client, "s.key", "no/such/folder", NULL),
                     NESCIO_E_IO);
    assert_non_null(strstr(nescio_ctx_message(ctx), "no/such/folder"));
    assert_int_equal(access("s.key", F_OK), -1);
    assert_int_equal(nescio_keys_generate(ctx, client, "no/such/folder", "e.key", NULL),
                     NESCIO_E_IO);
    assert_int_equal(access("e.key", F_OK), -1);
}

/* Rows of x in 0..3. */
static nescio_rows some_rows(size_t n_rows)
{
    const uint32_t counts[] = {client->inputs[0].plan.count};
    nescio_rows rows;

    expect_ok(nescio_rows_new(ctx, n_rows, 1, counts, &rows));
    for (size_t i = 0; i < n_rows * counts[0]; i++)
        rows.values[0][i] = (int64_t)(i * i % 4);
    return rows;
}

static void rows_free(nescio_rows *rows)
{
    const uint32_t counts[] = {client->inputs[0].plan.count};

    nescio_rows_free(rows, counts);
}

/* Nearest integer to a phase in units of delta. */
static int64_t nearest(uint64_t phase, uint64_t delta)
{
    return (int64_t)((phase + delta / 2) / delta);
}

static void rows_are_encrypted_for_the_engine(void **state)
{
    enum { N_ROWS = 5 };
    const uint32_t n = client->inputs[0].plan.count;
    const nescio_plan_input *in = &client->inputs[0].plan;
    nescio_rows rows = some_rows(N_ROWS);
    nescio_ciphertext ct, again;
    nescio_engine *engine = NULL;
    nescio_keypair pair;
    uint64_t body[256], phases[8];
    nescio_lwe_batch lwe;

    (void)state;
    expect_ok(nescio_keypair_make(ctx, client, &pair));
    expect_ok(nescio_engine_new(ctx, &pair.evaluation, &engine));
    expect_ok(nescio_rows_encrypt(ctx, client, pair.secret, &rows, &ct));
    expect_ok(nescio_rows_encrypt(ctx, client, pair.secret, &rows, &again));
    assert_memory_not_equal(ct.seed, again.seed, sizeof ct.seed);
    assert_memory_not_equal(ct.rows, again.rows, ct.row_bytes);
    assert_memory_not_equal(ct.rows, ct.rows + ct.row_bytes, ct.row_bytes);
    assert_int_equal(ct.row_bytes, nescio_plan_upload_bytes(package->server->plan));
    assert_memory_equal(ct.key_id, pair.secret->id, sizeof ct.key_id);
    lwe = nescio_lwe_batch_over(&client->params,
                                nescio_block_alloc(nescio_lwe_batch_bytes(&client->params, n)), n);
    assert_non_null(lwe.words);
    for (size_t r = 0; r < N_ROWS; r++) {
        nescio_packed_input packed = {.index = r, .body = body, .n = n};

        memcpy(packed.seed, ct.seed, sizeof packed.seed);
        nescio_bodies_unpack(body, ct.rows + r * ct.row_bytes, n, in->body_log);
        nescio_engine_input_extract(engine, &lwe, &packed);
        nescio_lwe_phases(pair.secret, &lwe, phases);
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(nearest(phases[i], in->delta), rows.values[0][r * n + i]);
    }
    nescio_block_free(lwe.words, nescio_lwe_batch_bytes(&client->params, n));
    nescio_ciphertext_free(&ct);
    nescio_ciphertext_free(&again);
    nescio_engine_free(engine);
    nescio_keypair_free(&pair);
    rows_free(&rows);
}

/* Answers as a server would make them, from ciphertexts of known integers. */
static nescio_ciphertext answers_of(const nescio_keypair *pair, const int64_t *values,
                                    size_t n_rows)
{
    const nescio_plan_output *out = &client->outputs[0].plan;
    const uint32_t n = out->count, chunk = client->params.out_poly_size;
    nescio_ciphertext ct = {.n_rows = n_rows,
                            .row_bytes = nescio_answer_row_bytes(out, 1, &client->params)};
    nescio_engine *engine = NULL;

    expect_ok(nescio_engine_new(ctx, &pair->evaluation, &engine));
    ct.rows = ct.owned = calloc(n_rows, ct.row_bytes);
    assert_non_null(ct.owned);
    for (size_t r = 0; r < n_rows; r++)
        for (size_t i = 0; i < out->n_answers; i++) {
            const nescio_answer_place at = nescio_answer_at(out, 1, &client->params, i);
            const size_t bytes = nescio_lwe_batch_bytes(&client->params, at.n);
            nescio_lwe_batch lwe =
                nescio_lwe_batch_over(&client->params, nescio_block_alloc(bytes), at.n);
            uint64_t phases[16];

            assert_true(lwe.words && at.n <= chunk && chunk <= 16);
            for (uint32_t j = 0; j < at.n; j++)
                phases[j] = (uint64_t)values[r * n + at.first + j] * out->delta;
            expect_ok(nescio_lwe_encrypt(ctx, pair->secret, &lwe, phases));
            nescio_engine_answer(engine, nescio_ctx_pool(ctx), ct.owned + r * ct.row_bytes + at.at,
                                 &lwe, at.log);
            nescio_block_free(lwe.words, bytes);
        }
    memcpy(ct.params_id, client->params_id, sizeof ct.params_id);
    memcpy(ct.encoding_id, client->encoding_id, sizeof ct.encoding_id);
    memcpy(ct.key_id, pair->secret->id, sizeof ct.key_id);
    nescio_engine_free(engine);
    return ct;
}

static void answers_are_decrypted(void **state)
{
    enum { N_ROWS = 4 };
    const nescio_plan_output *out = &client->outputs[0].plan;
    const uint32_t counts[] = {out->count};
    int64_t values[N_ROWS * 4];
    nescio_client_part other = *client;
    nescio_keypair pair, stranger;
    nescio_ciphertext ct;
    nescio_rows got;

    (void)state;
    assert_int_equal(out->count, 4);
    for (int i = 0; i < N_ROWS * 4; i++)
        values[i] = out->lo + i * (out->hi - out->lo) / (N_ROWS * 4 - 1); /* both ends, too */
    expect_ok(nescio_keypair_make(ctx, client, &pair));
    ct = answers_of(&pair, values, N_ROWS);
    expect_ok(nescio_rows_new(ctx, N_ROWS, 1, counts, &got));
    expect_ok(nescio_rows_decrypt(ctx, client, pair.secret, &ct, &got));
    assert_memory_equal(got.values[0], values, sizeof values);

    expect_ok(nescio_keypair_make(ctx, client, &stranger));
    expect_mismatch(nescio_rows_decrypt(ctx, client, stranger.secret, &ct, &got), "key pair");
    other.encoding_id[0] ^= 1;
    expect_mismatch(nescio_rows_decrypt(ctx, &other, pair.secret, &ct, &got), "encoding");
    ct.row_bytes--;
    expect_mismatch(nescio_rows_decrypt(ctx, client, pair.secret, &ct, &got), "bytes");
    other.params.lwe_dim++;
    expect_mismatch(nescio_rows_decrypt(ctx, &other, pair.secret, &ct, &got), "parameters");
    nescio_rows_free(&got, counts);
    nescio_ciphertext_free(&ct);
    nescio_keypair_free(&pair);
    nescio_keypair_free(&stranger);
}

static void a_key_of_other_parameters_encrypts_nothing(void **state)
{
    nescio_client_part other = *client;
    nescio_rows rows = some_rows(1);
    nescio_ciphertext ct;
    nescio_keypair pair;

    (void)state;
    other.params.lwe_dim++;
    expect_ok(nescio_keypair_make(ctx, &other, &pair));
    expect_mismatch(nescio_rows_encrypt(ctx, client, pair.secret, &rows, &ct), "parameters");
    assert_true(!ct.rows && !ct.owned);
    nescio_keypair_free(&pair);
    rows_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_goes_to_files_and_back),
        cmocka_unit_test(half_a_pair_is_not_left),
        cmocka_unit_test(rows_are_encrypted_for_the_engine),
        cmocka_unit_test(answers_are_decrypted),
        cmocka_unit_test(a_key_of_other_parameters_encrypts_nothing),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
