/* SPDX-License-Identifier: Apache-2.0
 * Keys and helpers that tests of the encrypted side share. */
#ifndef NESCIO_TESTS_TFHE_FIXTURE_H
#define NESCIO_TESTS_TFHE_FIXTURE_H
#include "secret/secret.h"
#include "tfhe_sets.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
