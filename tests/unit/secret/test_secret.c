/* SPDX-License-Identifier: Apache-2.0
 * The secret side alone: key distributions, locked memory, encryptions opened with plain schoolbook
 * products, refusals. */
#include "secret/secret.h"
#include "tfhe/masks.h"
#include "tfhe/packed_words.h"
#include "tfhe_fixture.h"

static nescio_ctx *ctx;

static int setup(void **state)
{
    (void)state;
    return nescio_ctx_new(&ctx) == NESCIO_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    return 0;
}

/* Coefficient c of a S mod X^n + 1. */
static uint64_t schoolbook(const uint64_t *a, const uint32_t *s, size_t n, size_t c)
{
    uint64_t sum = 0;

    for (size_t j = 0; j < n; j++)
        sum += j <= c ? a[j] * s[c - j] : 0 - a[j] * s[n + c - j];
    return sum;
}

static void memory_is_aligned_and_zeroed(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 5000; bytes += 37) {
        uint8_t *m = nescio_secret_alloc(bytes);

        assert_non_null(m);
        assert_int_equal((uintptr_t)m % 64, 0);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(m[i], 0);
        memset(m, 0xff, bytes);
        nescio_secret_wipe(m, bytes);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(m[i], 0);
        nescio_secret_free(m);
    }
    nescio_secret_free(NULL);
    assert_null(nescio_secret_alloc(SIZE_MAX));
    assert_null(nescio_secret_alloc(SIZE_MAX / 2));
}

static void check_bits(const char *what, const uint32_t *bits, size_t n)
{
    size_t ones = 0;

    for (size_t i = 0; i < n; i++) {
        assert_in_range(bits[i], 0, 1);
        ones += bits[i];
    }
    if (fabs((double)ones - (double)n / 2) > 5 * sqrt((double)n) / 2)
        fail_msg("%s: %zu ones of %zu", what, ones, n);
}

static void uniform_keys_are_uniform(void **state)
{
    nescio_tfhe_params p = real_k2;
    nescio_secret_key *a, *b;

    (void)state;
    expect_ok(ctx, nescio_secret_key_new(ctx, &p, &a));
    expect_ok(ctx, nescio_secret_key_new(ctx, &p, &b));
    check_bits("lwe", a->lwe, p.lwe_dim);
    check_bits("glwe", a->glwe, nescio_tfhe_big_dim(&p));
    check_bits("out", a->out, 1024);
    assert_memory_not_equal(a->id, b->id, sizeof a->id);
    assert_memory_not_equal(a->lwe, b->lwe, p.lwe_dim * sizeof *a->lwe);
    assert_memory_not_equal(a->glwe, b->glwe, p.poly_size * sizeof *a->glwe);
    nescio_secret_key_free(a);
    nescio_secret_key_free(b);
}

/* Every one of the l + 1 choices about as often. */
static void block_keys_have_at_most_one_bit_a_block(void **state)
{
    static const uint32_t lengths[] = {2, 3, 4, 8};

    (void)state;
    for (size_t v = 0; v < 4; v++) {
        const uint32_t length = lengths[v];
        nescio_tfhe_params p = toy_variant(length, 32, 1);
        size_t seen[9] = {0};
        nescio_secret_key *key;
        double expected;

        p.lwe_dim = 8184;
        expect_ok(ctx, nescio_secret_key_new(ctx, &p, &key));
        for (size_t i = 0; i < p.lwe_dim; i += length) {
            size_t ones = 0, choice = length;

            for (uint32_t j = 0; j < length; j++) {
                ones += key->lwe[i + j];
                choice = key->lwe[i + j] ? j : choice;
            }
            assert_in_range(ones, 0, 1);
            seen[choice]++;
        }
        expected = (double)p.lwe_dim / length / (length + 1);
        for (size_t c = 0; c <= length; c++)
            if (fabs((double)seen[c] - expected) > 5 * sqrt(expected))
                fail_msg("block %u: choice %zu came %zu times, not %.0f", length, c, seen[c],
                         expected);
        nescio_secret_key_free(key);
    }
}

static void packed_inputs_open(void **state)
{
    static const uint8_t seed[NESCIO_SEED_BYTES] = {1, 2, 3};
    const nescio_tfhe_params p = toy_variant(NESCIO_PBS_CLASSICAL, 64, 2);
    const size_t n = p.poly_size;
    uint64_t phases[200], bodies[200];
    nescio_secret_key *key;
    uint64_t *masks = nescio_block_alloc(2 * n * sizeof *masks);

    (void)state;
    assert_non_null(masks);
    for (size_t i = 0; i < 200; i++)
        phases[i] = i * 0x123456789abcdefu;
    expect_ok(ctx, nescio_secret_key_new(ctx, &p, &key));
    expect_ok(ctx, nescio_encrypt_packed(ctx, key, seed, 5, phases, 200, bodies));
    nescio_mask_input(&p, seed, 5, masks);
    for (size_t c = 0; c < 200; c++) {
        const uint64_t product =
            schoolbook(masks, key->glwe, n, c) + schoolbook(masks + n, key->glwe + n, n, c);
        const int64_t noise = (int64_t)(bodies[c] - product - phases[c]);

        assert_true(noise >= -(1 << 17) &&
                    noise <= 1 << 17); /* TUniform(17), and the product is exact */
    }
    assert_int_equal(nescio_encrypt_packed(ctx, key, seed, 5, phases, 257, bodies), NESCIO_E_ARG);
    nescio_block_free(masks, 2 * n * sizeof *masks);
    nescio_secret_key_free(key);
}

static void lwe_encryptions_open(void **state)
{
    (void)state;
    for (uint32_t torus = 32; torus <= 64; torus += 32) {
        const nescio_tfhe_params p = toy_variant(NESCIO_PBS_CLASSICAL, torus, 1);
        nescio_lwe_batch b = new_batch(&p, 9);
        uint64_t in[9], out[9];
        nescio_secret_key *key;

        expect_ok(ctx, nescio_secret_key_new(ctx, &p, &key));
        for (size_t i = 0; i < 9; i++)
            in[i] = i << 61;
        expect_ok(ctx, nescio_lwe_encrypt(ctx, key, &b, in));
        nescio_lwe_phases(key, &b, out);
        for (size_t i = 0; i < 9; i++)
            assert_true(fabs(as_fraction(out[i] - in[i])) < (torus == 32 ? 0x1p-31 : 0x1p-46));
        nescio_lwe_add_phase(&b, in);
        nescio_lwe_phases(key, &b, out);
        for (size_t i = 0; i < 9; i++)
            assert_true(fabs(as_fraction(out[i] - 2 * in[i])) < 0x1p-30);
        nescio_lwe_clear(&b);
        nescio_lwe_phases(key, &b, out);
        for (size_t i = 0; i < 9; i++)
            assert_true(out[i] == 0);
        free_batch(&b);
        nescio_secret_key_free(key);
    }
}

/* The key message of GGSW i, from the definition. */
static uint64_t ggsw_message(const nescio_secret_key *key, size_t i)
{
    if (key->params.variant != NESCIO_PBS_UNROLLED2)
        return key->lwe[i];
    const uint64_t s0 = key->lwe[i / 3 * 2], s1 = key->lwe[i / 3 * 2 + 1];

    return i % 3 == 0 ? s0 && !s1 : i % 3 == 1 ? !s0 && s1 : s0 && s1;
}

/* Every row of every GGSW decrypts to its message by schoolbook products, within its noise and its
 * 48 bits. */
static void check_bootstrap_rows(const nescio_secret_key *key, const nescio_evaluation_key *e)
{
    const nescio_tfhe_params *p = &key->params;
    const size_t n = p->poly_size, k = p->glwe_dim;
    const uint32_t rows = (uint32_t)(k + 1) * p->pbs_levels;
    uint64_t *masks = nescio_block_alloc(k * n * 8), body[256];

    for (size_t g = 0; g < nescio_tfhe_n_ggsw(p); g += 5)
        for (uint32_t row = 0; row < rows; row++) {
            const uint64_t gadget = ggsw_message(key, g)
                                    << (64 - p->pbs_base_log * (row % p->pbs_levels + 1));
            const size_t poly = row / p->pbs_levels;

            nescio_mask_bootstrap(p, e->seed, g, row, masks);
            nescio_torus48_unpack(body, e->bootstrap + (g * rows + row) * n * 6, n);
            for (size_t c = 0; c < n; c += 51) {
                uint64_t phase = body[c];
                int64_t noise;

                for (size_t q = 0; q < k; q++)
                    phase -= schoolbook(masks + q * n, key->glwe + q * n, n, c);
                phase -= poly == k ? (c == 0 ? gadget : 0) : 0 - gadget * key->glwe[poly * n + c];
                noise = (int64_t)phase;
                assert_true(noise >= -(1 << 17) - 0x8000 && noise <= (1 << 17) + 0x8000);
            }
        }
    nescio_block_free(masks, k * n * 8);
}

static void check_switch_rows(const nescio_secret_key *key, const nescio_evaluation_key *e)
{
    const nescio_tfhe_params *p = &key->params;
    const unsigned w = p->ks_modulus_log;
    uint32_t masks[8 * 24], bodies[8];

    for (size_t i = 0; i < nescio_tfhe_big_dim(p); i++) {
        nescio_mask_keyswitch(p, e->seed, i, masks);
        nescio_narrow_unpack(bodies, e->keyswitch + i * p->ks_levels * w / 8, p->ks_levels, w);
        for (uint32_t j = 0; j < p->ks_levels; j++) {
            uint32_t phase = bodies[j] - (key->glwe[i] << (w - p->ks_base_log * (j + 1)));

            for (uint32_t c = 0; c < p->lwe_dim; c++)
                phase -= masks[j * p->lwe_dim + c] * key->lwe[c];
            const int32_t noise = (int32_t)(phase << (32 - w)) >> (32 - w);

            assert_true(noise >= -(1 << p->lwe_noise_log) && noise <= 1 << p->lwe_noise_log);
        }
    }
}

static void check_output_rows(const nescio_secret_key *key, const nescio_evaluation_key *e)
{
    const nescio_tfhe_params *p = &key->params;
    const size_t n = p->out_poly_size, dim = p->out_glwe_dim * n;
    uint32_t masks[8 * 64], bodies[8 * 16];

    for (size_t i = 0; i < nescio_tfhe_big_dim(p); i++) {
        nescio_mask_output(p, e->seed, i, masks);
        nescio_narrow_unpack(bodies, e->output + i * p->out_levels * n * 4, p->out_levels * n, 32);
        for (uint32_t j = 0; j < p->out_levels; j++)
            for (size_t c = 0; c < n; c++) {
                uint32_t phase = bodies[j * n + c];

                for (size_t q = 0; q < dim; q += n)
                    for (size_t t = 0; t < n; t++) {
                        const uint32_t a = masks[j * dim + q + t];

                        phase -=
                            t <= c ? a * key->out[q + c - t] : 0u - a * key->out[q + n + c - t];
                    }
                phase -= c == 0 ? key->glwe[i] << (32 - p->out_base_log * (j + 1)) : 0;
                assert_in_range((int32_t)phase + (1 << (p->out_noise_log - 32)), 0,
                                2 << (p->out_noise_log - 32));
            }
    }
}

static void evaluation_keys_open(void **state)
{
    static const struct {
        uint32_t variant, torus, k;
    } cases[] = {{0, 32, 1}, {1, 32, 2}, {1, 64, 1}, {3, 32, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const nescio_tfhe_params p = toy_variant(cases[i].variant, cases[i].torus, cases[i].k);
        nescio_evaluation_key e;
        nescio_secret_key *key;

        expect_ok(ctx, nescio_secret_key_new(ctx, &p, &key));
        expect_ok(ctx, nescio_evaluation_key_make(ctx, key, &e));
        assert_memory_equal(e.id, key->id, sizeof e.id);
        check_bootstrap_rows(key, &e);
        check_switch_rows(key, &e);
        check_output_rows(key, &e);
        nescio_evaluation_key_free(&e);
        nescio_secret_key_free(key);
    }
}

static int stop_at_half(const char *stage, uint64_t done, uint64_t total, void *user)
{
    (void)stage;
    *(uint64_t *)user = total;
    return done > total / 2;
}

static void making_keys_reports_and_stops(void **state)
{
    nescio_evaluation_key e;
    nescio_secret_key *key;
    uint64_t total = 0;

    (void)state;
    expect_ok(ctx, nescio_secret_key_new(ctx, &toy, &key));
    nescio_ctx_set_progress(ctx, stop_at_half, &total);
    assert_int_equal(nescio_evaluation_key_make(ctx, key, &e), NESCIO_E_CANCELLED);
    nescio_ctx_set_progress(ctx, NULL, NULL);
    assert_int_equal(total, nescio_tfhe_n_ggsw(&toy) + 2 * 256);
    assert_null(e.bootstrap);
    assert_int_equal(e.bootstrap_bytes, 0);
    nescio_secret_key_free(key);
}

static void bad_parameters_and_answers_are_refused(void **state)
{
    nescio_tfhe_params p = toy;
    nescio_secret_key *key;
    uint64_t phases[16];
    uint8_t answer[200] = {0};

    (void)state;
    p.poly_size = 100;
    assert_int_equal(nescio_secret_key_new(ctx, &p, &key), NESCIO_E_ARG);
    assert_null(key);
    expect_ok(ctx, nescio_secret_key_blank(ctx, &toy, &key));
    assert_int_equal(nescio_decrypt_answer(ctx, key, answer, 10, 2, 16, phases), NESCIO_E_FORMAT);
    assert_int_equal(nescio_decrypt_answer(ctx, key, answer, (64 + 17) * 2, 17, 16, phases),
                     NESCIO_E_ARG);
    assert_int_equal(nescio_decrypt_answer(ctx, key, answer, 64, 2, 11, phases), NESCIO_E_ARG);
    assert_int_equal(nescio_decrypt_answer(ctx, key, answer, 64, 2, 25, phases), NESCIO_E_ARG);
    expect_ok(ctx, nescio_decrypt_answer(ctx, key, answer, (64 + 2) * 2, 2, 16, phases));
    nescio_secret_key_free(key);
    nescio_secret_key_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_zeroed),
        cmocka_unit_test(uniform_keys_are_uniform),
        cmocka_unit_test(block_keys_have_at_most_one_bit_a_block),
        cmocka_unit_test(packed_inputs_open),
        cmocka_unit_test(lwe_encryptions_open),
        cmocka_unit_test(evaluation_keys_open),
        cmocka_unit_test(making_keys_reports_and_stops),
        cmocka_unit_test(bad_parameters_and_answers_are_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
