/* SPDX-License-Identifier: Apache-2.0
 * Every failure of memory and randomness while keys are made, used and expanded, with one worker
 * and with two. */
#include "fail_at.h"
#include "tfhe_fixture.h"

static nescio_secret_key *secret; /* made in peace */
static nescio_evaluation_key evaluation;
static nescio_ctx *calm;

static int enter(void **state)
{
    (void)state;
    assert_int_equal(nescio_ctx_new(&calm), NESCIO_OK);
    expect_ok(calm, nescio_secret_key_new(calm, &toy, &secret));
    expect_ok(calm, nescio_evaluation_key_make(calm, secret, &evaluation));
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_evaluation_key_free(&evaluation);
    nescio_secret_key_free(secret);
    nescio_ctx_free(calm);
    return 0;
}

static nescio_status make_secret(nescio_ctx *ctx, void *arg)
{
    nescio_secret_key *key;
    const nescio_status st = nescio_secret_key_new(ctx, arg, &key);

    if (st != NESCIO_OK)
        assert_null(key);
    nescio_secret_key_free(key);
    return st;
}

static nescio_status make_evaluation(nescio_ctx *ctx, void *arg)
{
    nescio_evaluation_key key;
    nescio_status st;

    NESCIO_TRY(nescio_ctx_set_threads(ctx, *(const unsigned *)arg));
    st = nescio_evaluation_key_make(ctx, secret, &key);
    if (st != NESCIO_OK) {
        assert_null(key.bootstrap);
        assert_null(key.keyswitch);
        assert_null(key.output);
    }
    nescio_evaluation_key_free(&key);
    return st;
}

static nescio_status make_engine(nescio_ctx *ctx, void *arg)
{
    nescio_engine *engine;
    nescio_status st;

    NESCIO_TRY(nescio_ctx_set_threads(ctx, *(const unsigned *)arg));
    st = nescio_engine_new(ctx, &evaluation, &engine);
    if (st != NESCIO_OK)
        assert_null(engine);
    nescio_engine_free(engine);
    return st;
}

static nescio_status encrypt(nescio_ctx *ctx, void *arg)
{
    static const uint8_t seed[NESCIO_SEED_BYTES];
    uint64_t phases[4] = {0}, bodies[4] = {1, 2, 3, 4};
    const nescio_status st = nescio_encrypt_packed(ctx, secret, seed, 0, phases, 4, bodies);

    (void)arg;
    if (st != NESCIO_OK) /* untouched */
        assert_true(bodies[0] == 1 && bodies[1] == 2 && bodies[2] == 3 && bodies[3] == 4);
    return st;
}

static nescio_status encrypt_lwe(nescio_ctx *ctx, void *arg)
{
    uint64_t phases[2] = {0};

    return nescio_lwe_encrypt(ctx, secret, arg, phases);
}

static nescio_status decrypt(nescio_ctx *ctx, void *arg)
{
    uint64_t phase;

    return nescio_decrypt_answer(ctx, secret, arg, nescio_answer_bytes(&toy, 1, 16), 1, 16, &phase);
}

static void keys_survive(void **state)
{
    nescio_tfhe_params p = toy;

    (void)state;
    fail_at_every(FAIL_ALLOC, 0, make_secret, &p);
    fail_at_every(FAIL_RANDOM, 0, make_secret, &p);
    for (unsigned threads = 1; threads <= 2; threads++) {
        /* A pool that cannot start leaves the work to the caller: its block, and its thread, may
         * fail. */
        const unsigned harmless = threads;

        fail_at_every(FAIL_ALLOC, harmless, make_evaluation, &threads);
        fail_at_every(FAIL_ALLOC, harmless, make_engine, &threads);
        fail_at_every(FAIL_RANDOM, 0, make_evaluation, &threads);
    }
}

static void ciphertexts_survive(void **state)
{
    nescio_lwe_batch b = new_batch(&toy, 2);
    uint8_t answer[200] = {0};

    (void)state;
    fail_at_every(FAIL_ALLOC, 0, encrypt, NULL);
    fail_at_every(FAIL_RANDOM, 0, encrypt, NULL);
    fail_at_every(FAIL_ALLOC, 0, encrypt_lwe, &b);
    fail_at_every(FAIL_RANDOM, 0, encrypt_lwe, &b);
    fail_at_every(FAIL_ALLOC, 0, decrypt, answer);
    free_batch(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_survive),
        cmocka_unit_test(ciphertexts_survive),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
