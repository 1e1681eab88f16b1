/* SPDX-License-Identifier: Apache-2.0
 * Parameter sets, keys and helpers that tests of the encrypted side share. Toy sets are small and
 * insecure. */
#ifndef NESCIO_TESTS_TFHE_FIXTURE_H
#define NESCIO_TESTS_TFHE_FIXTURE_H
#include "secret/secret.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Small, insecure, with the noise of real sets. */
static const nescio_tfhe_params toy = {
    .lwe_dim = 24,
    .glwe_dim = 1,
    .poly_size = 256,
    .pbs_levels = 1,
    .pbs_base_log = 23,
    .ks_levels = 4,
    .ks_base_log = 4,
    .ks_modulus_log = 24,
    .lwe_noise_log = 5,
    .glwe_noise_log = 17,
    .torus_log = 32,
    .variant = NESCIO_PBS_CLASSICAL,
    .out_glwe_dim = 4,
    .out_poly_size = 16,
    .out_levels = 5,
    .out_base_log = 4,
    .out_noise_log = 40,
};

/* 128-bit sets. */
static const nescio_tfhe_params real_k2 = {
    .lwe_dim = 880,
    .glwe_dim = 2,
    .poly_size = 1024,
    .pbs_levels = 1,
    .pbs_base_log = 23,
    .ks_levels = 8,
    .ks_base_log = 2,
    .ks_modulus_log = 24,
    .lwe_noise_log = 6,
    .glwe_noise_log = 17,
    .torus_log = 32,
    .variant = NESCIO_PBS_UNROLLED2,
    .out_glwe_dim = 64,
    .out_poly_size = 16,
    .out_levels = 6,
    .out_base_log = 3,
    .out_noise_log = 43,
};

static inline nescio_tfhe_params toy_variant(uint32_t variant, uint32_t torus_log, uint32_t k)
{
    nescio_tfhe_params p = toy;

    p.variant = variant;
    p.torus_log = torus_log;
    p.glwe_dim = k;
    if (torus_log == 64) {
        p.pbs_levels = 2;
        p.pbs_base_log = 15;
        p.ks_modulus_log = 32;
        p.lwe_noise_log = 13;
    }
    return p;
}

/* A context, a key pair and an engine; everything checked. */
typedef struct tfhe_fixture {
    nescio_ctx *ctx;
    nescio_secret_key *secret;
    nescio_evaluation_key evaluation;
    nescio_engine *engine;
    struct nescio_pool *pool;
} tfhe_fixture;

static inline void expect_ok(nescio_ctx *ctx, nescio_status st)
{
    if (st != NESCIO_OK)
        fail_msg("%s: %s", nescio_status_name(st), nescio_ctx_message(ctx));
}

static inline tfhe_fixture open_fixture(const nescio_tfhe_params *p, unsigned threads)
{
    tfhe_fixture f = {0};

    assert_int_equal(nescio_ctx_new(&f.ctx), NESCIO_OK);
    expect_ok(f.ctx, nescio_ctx_set_threads(f.ctx, threads));
    f.pool = nescio_ctx_pool(f.ctx);
    expect_ok(f.ctx, nescio_secret_key_new(f.ctx, p, &f.secret));
    expect_ok(f.ctx, nescio_evaluation_key_make(f.ctx, f.secret, &f.evaluation));
    expect_ok(f.ctx, nescio_engine_new(f.ctx, &f.evaluation, &f.engine));
    return f;
}

static inline void close_fixture(tfhe_fixture *f)
{
    nescio_engine_free(f->engine);
    nescio_evaluation_key_free(&f->evaluation);
    nescio_secret_key_free(f->secret);
    nescio_ctx_free(f->ctx);
}

static inline nescio_lwe_batch new_batch(const nescio_tfhe_params *p, size_t count)
{
    void *words = nescio_block_alloc(nescio_lwe_batch_bytes(p, count));

    assert_non_null(words);
    return nescio_lwe_batch_over(p, words, count);
}

static inline void free_batch(nescio_lwe_batch *b)
{
    nescio_block_free(b->words, b->count * b->stride * (b->torus_log / 8));
}

/* A torus phase as a fraction in [-1/2, 1/2). */
static inline double as_fraction(uint64_t phase)
{
    return (double)(int64_t)phase * 0x1p-64;
}

static inline uint64_t as_phase(double fraction)
{
    return (uint64_t)(int64_t)llrint(ldexp(fraction - floor(fraction + 0.5), 62)) << 2;
}

/* Sums of squares of errors, to compare with a predicted variance. */
typedef struct noise_sample {
    double sum, squares;
    size_t n;
} noise_sample;

static inline void sample_add(noise_sample *s, uint64_t got, uint64_t wanted)
{
    const double e = as_fraction(got - wanted);

    s->sum += e;
    s->squares += e * e;
    s->n++;
}

/* Errors of one key in groups with a mean each: the standard deviation about the means within
 * `tolerance` of the prediction, and every mean within 5 of its own. `shared`: the part of
 * `variance` that is one draw a key: balanced digits have the mean -1/2, so a sum over key rows has
 * the mean of minus half the sum of their noise. */
static inline void expect_noise(const char *what, const noise_sample *s, size_t n_groups,
                                double variance, double shared, double tolerance)
{
    const double own = variance - shared, predicted = sqrt(own);
    double n = 0, squares = 0, worst = 0, measured;

    for (size_t g = 0; g < n_groups; g++) {
        const double size = (double)s[g].n, mean = s[g].sum / size;

        n += size;
        squares += s[g].squares - size * mean * mean;
        worst = fmax(worst, fabs(mean) / sqrt(own / size + shared));
    }
    measured = sqrt(squares / (n - (double)n_groups));
    print_message("%-24s n = %6.0f  std 2^%.3f  predicted 2^%.3f  ratio %.3f  worst mean %.2f\n",
                  what, n, log2(measured), log2(predicted), measured / predicted, worst);
    if (fabs(measured / predicted - 1) > tolerance)
        fail_msg("%s: measured / predicted = %.3f", what, measured / predicted);
    if (worst > 5)
        fail_msg("%s: a mean is %.2f of its standard deviations", what, worst);
}
#endif /* NESCIO_TESTS_TFHE_FIXTURE_H */
