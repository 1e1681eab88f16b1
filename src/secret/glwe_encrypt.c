/* SPDX-License-Identifier: Apache-2.0
 * GLWE encryption under the big key: exact products of uniform masks with the key, and packed
 * inputs. */
#include "secret/secret_internal.h"
#include "tfhe/masks.h"

#include <stdlib.h>
#include <string.h>

void nescio_noise_stream(nescio_stream *stream, const uint8_t seed[NESCIO_SEED_BYTES],
                         unsigned operation, uint64_t i)
{
    nescio_stream_init(stream, seed, NESCIO_STREAM_NOISE, (uint64_t)operation << 48 | i);
}

nescio_status nescio_glwe_secret_init(nescio_ctx *ctx, nescio_glwe_secret *secret,
                                      const nescio_secret_key *key)
{
    const nescio_tfhe_params *p = &key->params;
    const size_t bytes = (size_t)nescio_tfhe_big_dim(p) * sizeof(double);

    *secret = (nescio_glwe_secret){.k = p->glwe_dim, .n = p->poly_size};
    NESCIO_TRY(nescio_fft_new(ctx, p->poly_size, &secret->fft));
    secret->freq = nescio_secret_alloc(bytes);
    if (!secret->freq) {
        nescio_glwe_secret_deinit(secret);
        return nescio_fail_nomem(ctx, bytes);
    }
    for (size_t i = 0; i < p->glwe_dim; i++)
        nescio_fft_forward_i32(secret->fft, secret->freq + i * secret->n,
                               (const int32_t *)key->glwe +
                                   i * secret->n); /* bits: the same in both types */
    return NESCIO_OK;
}

void nescio_glwe_secret_deinit(nescio_glwe_secret *secret)
{
    nescio_secret_free(secret->freq);
    nescio_fft_free(secret->fft);
    memset(secret, 0, sizeof *secret);
}

size_t nescio_glwe_secret_scratch_bytes(const nescio_glwe_secret *secret)
{
    return nescio_fft_exact_scratch_bytes(secret->fft);
}

void nescio_glwe_secret_add(const nescio_glwe_secret *secret, uint64_t *body, const uint64_t *masks,
                            void *scratch)
{
    for (size_t i = 0; i < secret->k; i++)
        nescio_fft_exact_multiply_add(secret->fft, body, secret->freq + i * secret->n, 1,
                                      masks + i * secret->n, scratch);
}

/* Locked: one encryption's noise seed and stream. */
typedef struct noise_source {
    uint8_t seed[NESCIO_SEED_BYTES];
    nescio_stream stream;
} noise_source;

struct nescio_packer {
    const nescio_secret_key *key; /* borrowed */
    nescio_glwe_secret secret;
    noise_source *noise;    /* owned, locked; masks and body lie behind it */
    uint64_t *masks, *body; /* [k][N], [N], the product's scratch behind them */
};

nescio_status nescio_packer_new(nescio_ctx *ctx, const nescio_secret_key *key, nescio_packer **out)
{
    const size_t head = nescio_size_round_up(sizeof(noise_source), 64);
    const size_t words = (size_t)nescio_tfhe_big_dim(&key->params) + key->params.poly_size;
    nescio_packer *p = calloc(1, sizeof *p);
    nescio_status st;

    *out = NULL;
    if (!p)
        return nescio_fail_nomem(ctx, sizeof *p);
    p->key = key;
    st = nescio_glwe_secret_init(ctx, &p->secret, key);
    if (st == NESCIO_OK) {
        p->noise = nescio_secret_alloc(head + words * sizeof *p->masks +
                                       nescio_glwe_secret_scratch_bytes(&p->secret));
        st = p->noise ? NESCIO_OK : nescio_fail_nomem(ctx, head + words * sizeof *p->masks);
    }
    if (st != NESCIO_OK) {
        nescio_packer_free(p);
        return st;
    }
    p->masks = (uint64_t *)(void *)((uint8_t *)p->noise + head);
    p->body = p->masks + nescio_tfhe_big_dim(&key->params);
    *out = p;
    return NESCIO_OK;
}

void nescio_packer_free(nescio_packer *packer)
{
    if (!packer)
        return;
    nescio_secret_free(packer->noise);
    nescio_glwe_secret_deinit(&packer->secret);
    free(packer);
}

nescio_status nescio_packer_encrypt(nescio_ctx *ctx, nescio_packer *packer,
                                    const uint8_t seed[NESCIO_SEED_BYTES], uint64_t index,
                                    const uint64_t *phases, uint32_t n, uint64_t *bodies)
{
    const nescio_tfhe_params *p = &packer->key->params;
    noise_source *const noise = packer->noise;

    if (n > p->poly_size)
        return nescio_fail(ctx, NESCIO_E_ARG, "a packed input holds at most %u numbers, not %u",
                           p->poly_size, n);
    NESCIO_TRY(nescio_random_bytes(ctx, noise->seed, sizeof noise->seed));
    nescio_noise_stream(&noise->stream, noise->seed, NESCIO_NOISE_FRESH, 0);
    nescio_mask_input(p, seed, index, packer->masks);
    nescio_stream_tuniform(&noise->stream, packer->body, p->poly_size, p->glwe_noise_log);
    nescio_glwe_secret_add(&packer->secret, packer->body, packer->masks,
                           packer->body + p->poly_size);
    for (uint32_t i = 0; i < n; i++)
        bodies[i] = packer->body[i] + phases[i];
    return NESCIO_OK;
}

nescio_status nescio_encrypt_packed(nescio_ctx *ctx, const nescio_secret_key *key,
                                    const uint8_t seed[NESCIO_SEED_BYTES], uint64_t index,
                                    const uint64_t *phases, uint32_t n, uint64_t *bodies)
{
    nescio_packer *packer = NULL;
    nescio_status st;

    NESCIO_TRY(nescio_packer_new(ctx, key, &packer));
    st = nescio_packer_encrypt(ctx, packer, seed, index, phases, n, bodies);
    nescio_packer_free(packer);
    return st;
}
