/* SPDX-License-Identifier: Apache-2.0
 * Every failure of memory, randomness and files at the borders: packages, keys, encryption,
 * evaluation, decryption. Nothing leaks, and no file is left that was not finished. */
#include "../unit/format/toy_model.h"
#include "fail_at.h"
#include "predict/predict.h"
#include "support.h"

enum { N_ROWS = 2 };

static char folder[64];
static nescio_ctx *calm; /* for what surrounds the cases */
static toy_model model;
static nescio_package *package;
static const float rows_in[N_ROWS][3] = {{0, 1, 2}, {3, 2, 1}};

static void expect_ok(nescio_status st)
{
    if (st != NESCIO_OK)
        fail_msg("%s: %s", nescio_status_name(st), nescio_ctx_message(calm));
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static nescio_tensor input(void)
{
    const int64_t dims[] = {N_ROWS, 3};
    nescio_tensor t;

    expect_ok(nescio_tensor_shape(NULL, &t, NESCIO_F32, 2, dims));
    t.data = (void *)(uintptr_t)rows_in;
    return t;
}

static nescio_status write_package(nescio_ctx *ctx, void *arg)
{
    const nescio_status st = nescio_package_write(ctx, &model.source, "m2.nescio");

    (void)arg;
    fail_at_rest();
    assert_int_equal(st == NESCIO_OK, exists("m2.nescio"));
    unlink("m2.nescio");
    return st;
}

static nescio_status read_package(nescio_ctx *ctx, void *arg)
{
    nescio_package *p = (nescio_package *)8;
    const nescio_status st = nescio_package_open(ctx, "m.nescio", true, true, &p);

    (void)arg;
    if (st != NESCIO_OK)
        assert_null(p);
    nescio_package_free(p);
    return st;
}

static nescio_status split_package(nescio_ctx *ctx, void *arg)
{
    const nescio_status st = nescio_package_split(ctx, package, arg, "part.nescio");

    fail_at_rest();
    assert_int_equal(st == NESCIO_OK, exists("part.nescio"));
    unlink("part.nescio");
    return st;
}

static nescio_status make_keys(nescio_ctx *ctx, void *arg)
{
    const nescio_status st = nescio_keys_generate(ctx, package->client, "s2.key", "e2.key", NULL);

    (void)arg;
    fail_at_rest();
    assert_int_equal(st == NESCIO_OK, exists("s2.key"));
    assert_int_equal(st == NESCIO_OK, exists("e2.key"));
    unlink("s2.key");
    unlink("e2.key");
    return st;
}

static nescio_status encode_and_encrypt(nescio_ctx *ctx, nescio_codec *codec,
                                        const nescio_secret_key *key)
{
    const nescio_tensor t = input();
    nescio_rows rows = {0};
    nescio_ciphertext ct = {0};
    nescio_status st = nescio_codec_encode(ctx, codec, &t, 1, &rows);

    if (st == NESCIO_OK)
        st = nescio_rows_encrypt(ctx, package->client, key, &rows, &ct);
    if (st == NESCIO_OK)
        st = nescio_ciphertext_write(ctx, &ct, NESCIO_FILE_INPUT, "x2.ct");
    nescio_ciphertext_free(&ct);
    nescio_codec_rows_in_free(codec, &rows);
    return st;
}

static nescio_status encrypt(nescio_ctx *ctx, void *arg)
{
    nescio_secret_key *key = NULL;
    nescio_codec *codec = NULL;
    nescio_status st = nescio_secret_key_read(ctx, "s.key", NULL, &key);

    (void)arg;
    if (st == NESCIO_OK)
        st = nescio_codec_new(ctx, package->client, &codec);
    if (st == NESCIO_OK)
        st = encode_and_encrypt(ctx, codec, key);
    nescio_codec_free(codec);
    nescio_secret_key_free(key);
    fail_at_rest();
    assert_int_equal(st == NESCIO_OK, exists("x2.ct"));
    unlink("x2.ct");
    return st;
}

static nescio_status evaluate(nescio_ctx *ctx, void *arg)
{
    nescio_evaluation_key key = {0};
    nescio_evaluator *e = NULL;
    nescio_ciphertext in = {0}, out = {0};
    nescio_status st = nescio_evaluation_key_read(ctx, "e.key", &key);

    (void)arg;
    if (st == NESCIO_OK)
        st = nescio_evaluator_new(ctx, package->server, &key, 1, &e);
    if (st == NESCIO_OK)
        st = nescio_ciphertext_read(ctx, "x.ct", NESCIO_FILE_INPUT, &in);
    if (st == NESCIO_OK)
        st = nescio_evaluator_run(ctx, e, &in, NULL, NULL, &out);
    if (st == NESCIO_OK)
        st = nescio_ciphertext_write(ctx, &out, NESCIO_FILE_ANSWER, "y2.ct");
    nescio_ciphertext_free(&in);
    nescio_ciphertext_free(&out);
    nescio_evaluator_free(e);
    nescio_evaluation_key_free(&key);
    fail_at_rest();
    assert_int_equal(st == NESCIO_OK, exists("y2.ct"));
    unlink("y2.ct");
    return st;
}

static nescio_status decrypt_with(nescio_ctx *ctx, const nescio_secret_key *key,
                                  nescio_codec *codec)
{
    nescio_ciphertext ct = {0};
    nescio_rows rows = {0};
    nescio_tensor out = {0};
    nescio_status st = nescio_ciphertext_read(ctx, "y.ct", NESCIO_FILE_ANSWER, &ct);

    if (st == NESCIO_OK)
        st = nescio_codec_rows_out(ctx, codec, (size_t)ct.n_rows, &rows);
    if (st == NESCIO_OK)
        st = nescio_rows_decrypt(ctx, package->client, key, &ct, &rows);
    if (st == NESCIO_OK)
        st = nescio_codec_decode(ctx, codec, &rows, &out);
    nescio_tensor_free(&out);
    nescio_codec_rows_out_free(codec, &rows);
    nescio_ciphertext_free(&ct);
    return st;
}

static nescio_status decrypt(nescio_ctx *ctx, void *arg)
{
    nescio_secret_key *key = NULL;
    nescio_codec *codec = NULL;
    nescio_status st = nescio_secret_key_read(ctx, "s.key", NULL, &key);

    (void)arg;
    if (st == NESCIO_OK)
        st = nescio_codec_new(ctx, package->client, &codec);
    if (st == NESCIO_OK)
        st = decrypt_with(ctx, key, codec);
    nescio_codec_free(codec);
    nescio_secret_key_free(key);
    return st;
}

static nescio_status simulate(nescio_ctx *ctx, void *arg)
{
    const uint8_t seed[NESCIO_SEED_BYTES] = {1};
    const uint32_t in_counts[] = {3}, out_counts[] = {4};
    nescio_rows in = {0}, out = {0};
    nescio_status st = nescio_rows_new(ctx, N_ROWS, 1, in_counts, &in);

    (void)arg;
    if (st == NESCIO_OK)
        st = nescio_rows_new(ctx, N_ROWS, 1, out_counts, &out);
    if (st == NESCIO_OK)
        st = nescio_rows_disable(ctx, package, &in, &out, NULL);
    if (st == NESCIO_OK)
        st = nescio_rows_simulate(ctx, package, seed, 0, &in, &out);
    nescio_rows_free(&in, in_counts);
    nescio_rows_free(&out, out_counts);
    return st;
}

/* Answers of the rows, made in peace. */
static void make_answers(void)
{
    nescio_codec *codec = NULL;
    nescio_evaluator *e = NULL;
    nescio_ciphertext in, out;
    nescio_keypair pair;

    expect_ok(nescio_codec_new(calm, package->client, &codec));
    expect_ok(nescio_keys_generate(calm, package->client, "s.key", "e.key", NULL));
    expect_ok(nescio_keypair_read(calm, package->client, "s.key", "e.key", NULL, &pair));
    expect_ok(encode_and_encrypt(calm, codec, pair.secret));
    assert_int_equal(rename("x2.ct", "x.ct"), 0);
    expect_ok(nescio_ciphertext_read(calm, "x.ct", NESCIO_FILE_INPUT, &in));
    expect_ok(nescio_evaluator_new(calm, package->server, &pair.evaluation, 1, &e));
    expect_ok(nescio_evaluator_run(calm, e, &in, NULL, NULL, &out));
    expect_ok(nescio_ciphertext_write(calm, &out, NESCIO_FILE_ANSWER, "y.ct"));
    nescio_ciphertext_free(&in);
    nescio_ciphertext_free(&out);
    nescio_evaluator_free(e);
    nescio_keypair_free(&pair);
    nescio_codec_free(codec);
}

static int enter(void **state)
{
    (void)state;
    test_enter_folder(folder);
    expect_ok(nescio_ctx_new(&calm));
    model = toy_model_new(calm);
    expect_ok(nescio_package_write(calm, &model.source, "m.nescio"));
    expect_ok(nescio_package_open(calm, "m.nescio", true, true, &package));
    make_answers();
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_package_free(package);
    toy_model_free(&model);
    nescio_ctx_free(calm);
    assert_int_equal(unlink("m.nescio") | unlink("s.key") | unlink("e.key") | unlink("x.ct") |
                         unlink("y.ct"),
                     0);
    test_leave_folder(folder); /* fails when anything else is left */
    return 0;
}

/* After a write the folder's own open, fsync and close are best effort; after a read, the close. */
enum { WRITE = 3, READ = 1 };
/* A pool that cannot start leaves the work to the caller. */
enum { POOL = 1 };

static void packages(void **state)
{
    char client[] = NESCIO_FILE_CLIENT, server[] = NESCIO_FILE_SERVER;

    (void)state;
    fail_at_every(FAIL_ALLOC, 0, write_package, NULL);
    fail_at_every(FAIL_FILE, WRITE, write_package, NULL);
    fail_at_every(FAIL_ALLOC, 0, read_package, NULL);
    fail_at_every(FAIL_FILE, READ, read_package, NULL);
    fail_at_every(FAIL_FILE, WRITE, split_package, client);
    fail_at_every(FAIL_ALLOC, 0, split_package, server);
}

static void keys(void **state)
{
    (void)state;
    fail_at_every(FAIL_ALLOC, POOL, make_keys, NULL);
    fail_at_every(FAIL_RANDOM, 0, make_keys, NULL);
    fail_at_every(FAIL_FILE, 2 * WRITE, make_keys, NULL);
}

static void rows(void **state)
{
    (void)state;
    fail_at_every(FAIL_ALLOC, 0, encrypt, NULL);
    fail_at_every(FAIL_RANDOM, 0, encrypt, NULL);
    fail_at_every(FAIL_FILE, READ + WRITE, encrypt, NULL);
    fail_at_every(FAIL_ALLOC, POOL, evaluate, NULL);
    fail_at_every(FAIL_FILE, 2 * READ + WRITE, evaluate, NULL);
    fail_at_every(FAIL_ALLOC, 0, decrypt, NULL);
    fail_at_every(FAIL_FILE, 2 * READ, decrypt, NULL);
    fail_at_every(FAIL_ALLOC, POOL, simulate, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(packages), cmocka_unit_test(keys),
                                       cmocka_unit_test(rows)};

    return cmocka_run_group_tests(tests, enter, leave);
}
