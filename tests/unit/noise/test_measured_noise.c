/* SPDX-License-Identifier: Apache-2.0
 * The noise model against encrypted runs, step by step: standard deviations over many ciphertexts,
 * and the failure rate of a set that is bad on purpose. With the argument `full`: ten times the
 * samples, a third of the tolerance, more sets.
 * A second argument names the tests to run. */
#include "noise/noise.h"
#include "tfhe/engine_internal.h"
#include "tfhe/modulus_switch.h"
#include "tfhe_fixture.h"

#include <stdio.h>

static bool full;
/* Predictions are means over keys. The weight of one key moves a variance by a few parts in 1 /
 * sqrt(n): nothing at real sizes, 3 % of a standard deviation at the toy sets'. */
static bool toy_keys;

static size_t samples(void)
{
    return full ? 10000 : 1000;
}

static double tolerance(void)
{
    return !full ? 0.15 : toy_keys ? 0.12 : 0.05;
}

enum { BATCH = 250 };

static nescio_stream test_stream(uint64_t index)
{
    static const uint8_t seed[NESCIO_SEED_BYTES] = {4, 2};
    nescio_stream s;

    nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, index);
    return s;
}

static void fresh(const tfhe_fixture *f)
{
    static const uint8_t seed[NESCIO_SEED_BYTES] = {3};
    const nescio_tfhe_params *p = &f->secret->params;
    const nescio_lwe_batch x = new_batch(p, p->poly_size);
    uint64_t *bodies = calloc(3 * (size_t)p->poly_size, sizeof *bodies),
             *got = bodies + p->poly_size;
    const uint64_t half = (uint64_t)1 << 47; /* bodies rounded to 16 bits */
    noise_sample s = {0};

    /* On the narrow torus the ciphertext's own 32 bits hide fresh noise: measure it with a rounded
     * body. */
    for (uint64_t i = 0; s.n < samples(); i++) {
        nescio_packed_input input = {.seed = {3}, .index = i, .body = bodies, .n = p->poly_size};
        nescio_lwe_batch out = x;

        expect_ok(f->ctx, nescio_encrypt_packed(f->ctx, f->secret, seed, i, got + p->poly_size,
                                                p->poly_size, bodies));
        for (size_t c = 0; c < p->poly_size; c++)
            bodies[c] = (bodies[c] + half) >> 48 << 48;
        nescio_engine_input_extract(f->engine, &out, &input);
        nescio_lwe_phases(f->secret, &out, got);
        for (size_t c = 0; c < p->poly_size; c++)
            sample_add(&s, got[c], 0);
        memset(got, 0, 2 * p->poly_size * sizeof *got);
    }
    expect_noise("packed input, 16 bits", &s, 1, nescio_noise_fresh(p, 16), 0, tolerance());
    free(bodies);
    free_batch(&(nescio_lwe_batch){
        .words = x.words, .count = x.count, .stride = x.stride, .torus_log = x.torus_log});
}

/* One big ciphertext through the key-switch product, opened with the small key. */
static uint64_t switched_phase(const tfhe_fixture *f, const nescio_lwe_batch *in, size_t i,
                               int8_t *digits, uint32_t *small)
{
    const nescio_tfhe_params *p = &f->secret->params;
    const nescio_switch_key *key = &f->engine->small;
    uint64_t phase =
        nescio_switch_digits(f->engine, key, in, i, digits, (uint32_t *)(void *)f->engine->scratch);

    f->engine->ks.product(small, f->engine->worker.small_stride, key->key, &key->shape, digits,
                          key->shape.n_rows, 1);
    phase += (uint64_t)small[p->lwe_dim] << (64 - p->ks_modulus_log);
    for (size_t j = 0; j < p->lwe_dim; j++)
        phase -= (uint64_t)(small[j] * f->secret->lwe[j]) << (64 - p->ks_modulus_log);
    return phase;
}

static void keyswitch(const tfhe_fixture *f)
{
    const nescio_tfhe_params *p = &f->secret->params;
    const double rows = (double)nescio_tfhe_big_dim(p) * p->ks_levels;
    const double shared = rows / 4 * nescio_noise_tuniform(p->lwe_noise_log, p->ks_modulus_log);
    nescio_lwe_batch in = new_batch(p, BATCH);
    int8_t *digits = aligned_alloc(64, f->engine->small.shape.n_rows);
    uint32_t *small = aligned_alloc(64, f->engine->worker.small_stride * sizeof *small);
    uint64_t phases[BATCH] = {0};
    noise_sample s = {0};

    while (s.n < samples()) {
        expect_ok(f->ctx, nescio_lwe_encrypt(f->ctx, f->secret, &in, phases));
        for (size_t i = 0; i < BATCH; i++)
            sample_add(&s, switched_phase(f, &in, i, digits, small), phases[i]);
    }
    expect_noise("key switch", &s, 1, nescio_noise_keyswitch(p), shared, tolerance());
    free(small);
    free(digits);
    free_batch(&in);
}

/* This key's sum of (s_i - E[s])^2 over its mean: exactly 1 for uniform bits, off by several
 * percent for a short block key. */
static double key_weight(const nescio_secret_key *key)
{
    const double choices = key->params.variant >= NESCIO_PBS_BLOCK2 ? key->params.variant + 1.0 : 2;
    const double mean = 1 / choices;
    double sum = 0;

    for (uint32_t i = 0; i < key->params.lwe_dim; i++)
        sum += (key->lwe[i] - mean) * (key->lwe[i] - mean);
    return sum / (key->params.lwe_dim * mean * (1 - mean));
}

static void modulus_switch(const tfhe_fixture *f)
{
    const nescio_tfhe_params *p = &f->secret->params;
    const unsigned up = 64 - p->ks_modulus_log;
    uint32_t *mask = calloc(p->lwe_dim, sizeof *mask);
    uint16_t *exponents = calloc(p->lwe_dim, sizeof *exponents);
    nescio_stream stream = test_stream(1);
    noise_sample s = {0};

    while (s.n < samples()) {
        const uint64_t body = nescio_stream_u64(&stream);
        uint64_t before = body, after;

        nescio_stream_fill_u32(&stream, mask, p->lwe_dim);
        for (size_t i = 0; i < p->lwe_dim; i++) {
            mask[i] &= UINT32_MAX >> (32 - p->ks_modulus_log);
            before -= (uint64_t)mask[i] * f->secret->lwe[i] << up;
        }
        after = nescio_modulus_switch(p, exponents, mask, body);
        for (size_t i = 0; i < p->lwe_dim; i++)
            after -= (uint64_t)exponents[i] * f->secret->lwe[i];
        sample_add(&s, after * (UINT64_MAX / (2 * p->poly_size) + 1), before);
    }
    expect_noise("modulus switch", &s, 1, key_weight(f->secret) * nescio_noise_modulus_switch(p), 0,
                 tolerance());
    free(exponents);
    free(mask);
}

/* A constant polynomial: whatever the switches do, the output is the constant plus the noise of
 * blind rotation. */
static void blind_rotation(const tfhe_fixture *f)
{
    const nescio_tfhe_params *p = &f->secret->params;
    const uint64_t constant = (uint64_t)1 << 61, zero = 0;
    nescio_lwe_batch in = new_batch(p, BATCH), out = new_batch(p, BATCH);
    uint64_t *poly = calloc(p->poly_size, sizeof *poly), phases[BATCH], got[BATCH];
    const nescio_table_batch tables = {
        .count = BATCH, .polys = poly, .post_add = &zero, .n_polys = 1};
    noise_sample s = {0};
    char what[40];

    for (size_t i = 0; i < p->poly_size; i++)
        poly[i] = constant;
    for (size_t i = 0; i < BATCH; i++)
        phases[i] = (uint64_t)1 << 62;
    while (s.n < samples()) {
        expect_ok(f->ctx, nescio_lwe_encrypt(f->ctx, f->secret, &in, phases));
        nescio_engine_tables(f->engine, f->pool, &out, &in, &tables, NULL);
        nescio_lwe_phases(f->secret, &out, got);
        for (size_t i = 0; i < BATCH; i++)
            sample_add(&s, got[i], constant);
    }
    snprintf(what, sizeof what, "rotation %s k=%u", nescio_pbs_variant_name(p->variant),
             p->glwe_dim);
    expect_noise(what, &s, 1, nescio_noise_blind_rotation(p), 0, tolerance());
    free(poly);
    free_batch(&in);
    free_batch(&out);
}

/* Every coefficient has a mean of its own. */
static void answer(const tfhe_fixture *f, unsigned answer_log)
{
    const nescio_tfhe_params *p = &f->secret->params;
    const size_t count = p->out_poly_size, bytes = nescio_answer_bytes(p, count, answer_log);
    const double rows = (double)nescio_tfhe_big_dim(p) * p->out_levels * (double)count;
    const double shared = rows / 4 * nescio_noise_tuniform(p->out_noise_log, 64);
    nescio_lwe_batch in = new_batch(p, count);
    uint64_t phases[16] = {0}, got[16];
    noise_sample s[16] = {{0}};
    uint8_t *packed = malloc(bytes);
    char what[40];

    assert_int_equal(count, 16);
    while (s[0].n < samples() / count) {
        expect_ok(f->ctx, nescio_lwe_encrypt(f->ctx, f->secret, &in, phases));
        nescio_engine_answer(f->engine, f->pool, packed, &in, answer_log);
        expect_ok(f->ctx,
                  nescio_decrypt_answer(f->ctx, f->secret, packed, bytes, count, answer_log, got));
        for (size_t i = 0; i < count; i++)
            sample_add(&s[i], got[i], phases[i]);
    }
    snprintf(what, sizeof what, "answer, %u bits", answer_log);
    expect_noise(what, s, count, nescio_noise_answer(p, count, answer_log), shared, tolerance());
    free(packed);
    free_batch(&in);
}

static void every_step(const nescio_tfhe_params *p)
{
    tfhe_fixture f = open_fixture(p, 2);

    print_message("n=%u k=%u N=%u l=%u b=%u %s\n", p->lwe_dim, p->glwe_dim, p->poly_size,
                  p->pbs_levels, p->pbs_base_log, nescio_pbs_variant_name(p->variant));
    fresh(&f);
    keyswitch(&f);
    modulus_switch(&f);
    blind_rotation(&f);
    answer(&f, 16);
    answer(&f, 24);
    close_fixture(&f);
}

static void a_128_bit_set(void **state)
{
    (void)state;
    toy_keys = false;
    every_step(&real_k2);
}

static void every_variant(void **state)
{
    static const uint32_t variants[] = {0, 1, 2, 3, 4, 8};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        nescio_tfhe_params p = toy_variant(variants[i], 32, 1 + (uint32_t)i % 2);

        p.lwe_dim = 240;
        toy_keys = true;
        every_step(&p);
    }
}

static void the_wide_torus(void **state)
{
    nescio_tfhe_params p = toy_variant(NESCIO_PBS_UNROLLED2, 64, 1);

    (void)state;
    p.lwe_dim = 240;
    toy_keys = true;
    every_step(&p);
}

static void more_128_bit_sets(void **state)
{
    nescio_tfhe_params p = real_k2;

    (void)state;
    if (!full)
        skip();
    toy_keys = false;
    p.lwe_dim = 918;
    p.glwe_dim = 1;
    p.poly_size = 2048;
    p.ks_levels = 4;
    p.ks_base_log = 4;
    p.lwe_noise_log = 5;
    p.variant = NESCIO_PBS_CLASSICAL;
    every_step(&p);
    p.variant = NESCIO_PBS_UNROLLED2;
    every_step(&p);
    p.variant = NESCIO_PBS_BLOCK3;
    every_step(&p);
}

/* Four bits under a padding bit at N = 256: about one look-up in fifty lands in a neighbour's box,
 * as predicted. */
static void failures_come_at_the_predicted_rate(void **state)
{
    enum { BITS = 4 };
    nescio_tfhe_params p = toy_variant(NESCIO_PBS_CLASSICAL, 32, 1);
    const size_t rounds = full ? 80 : 16;
    const uint64_t zero = 0;
    uint64_t *poly = calloc(p.poly_size, sizeof *poly), phases[BATCH], got[BATCH];
    nescio_lwe_batch in = new_batch(&p, BATCH), out = new_batch(&p, BATCH);
    const nescio_table_batch tables = {.count = BATCH,
                                       .phase_offset = (uint64_t)1 << (62 - BITS),
                                       .polys = poly,
                                       .post_add = &zero,
                                       .n_polys = 1};
    double expected, failures = 0;
    tfhe_fixture f;

    (void)state;
    p.lwe_dim = 500;
    f = open_fixture(&p, 2);
    for (uint32_t j = 0; j < p.poly_size; j++)
        poly[j] = (uint64_t)(j / (p.poly_size >> BITS)) << (63 - BITS);
    for (size_t i = 0; i < BATCH; i++)
        phases[i] = (uint64_t)(i % 16) << (63 - BITS);
    for (size_t r = 0; r < rounds; r++) {
        expect_ok(f.ctx, nescio_lwe_encrypt(f.ctx, f.secret, &in, phases));
        nescio_engine_tables(f.engine, f.pool, &out, &in, &tables, NULL);
        nescio_lwe_phases(f.secret, &out, got);
        for (size_t i = 0; i < BATCH; i++)
            failures += fabs(as_fraction(got[i] - phases[i])) > 0x1p-6;
    }
    /* The switched phase is an integer: half a step of 1/2N belongs to each side of the box. */
    expected = (double)(rounds * BATCH) *
               exp2(nescio_noise_log2_fail(nescio_noise_fresh(&p, 32) + nescio_noise_keyswitch(&p) +
                                               nescio_noise_modulus_switch(&p),
                                           1.0 / 64));
    print_message("failures: %.0f of %zu, %.1f predicted\n", failures, rounds * BATCH, expected);
    assert_true(expected > 50);
    if (fabs(failures - expected) > 4.5 * sqrt(expected))
        fail_msg("%.0f failures; %.1f were predicted", failures, expected);
    free(poly);
    free_batch(&in);
    free_batch(&out);
    close_fixture(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_128_bit_set),
        cmocka_unit_test(every_variant),
        cmocka_unit_test(the_wide_torus),
        cmocka_unit_test(more_128_bit_sets),
        cmocka_unit_test(failures_come_at_the_predicted_rate),
    };

    full = argc > 1 && strcmp(argv[1], "full") == 0;
    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
