/* SPDX-License-Identifier: Apache-2.0
 * GLWE encryption under the big key: exact products of uniform masks with the key, and packed
 * inputs. */
#include "secret/secret_internal.h"
#include "tfhe/masks.h"

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

/* Locked: one encryption's noise seed and stream, masks, body, and the product's scratch behind
 * them. */
typedef struct packed_scratch {
    uint8_t noise_seed[NESCIO_SEED_BYTES];
    nescio_stream stream;
} packed_scratch;

nescio_status nescio_encrypt_packed(nescio_ctx *ctx, const nescio_secret_key *key,
                                    const uint8_t seed[NESCIO_SEED_BYTES], uint64_t index,
                                    const uint64_t *phases, uint32_t n, uint64_t *bodies)
{
    const nescio_tfhe_params *p = &key->params;
    const size_t head = nescio_size_round_up(sizeof(packed_scratch), 64);
    const size_t words = (size_t)nescio_tfhe_big_dim(p) + p->poly_size;
    nescio_glwe_secret secret;
    packed_scratch *s;
    uint64_t *masks, *body;
    nescio_status st;

    if (n > p->poly_size)
        return nescio_fail(ctx, NESCIO_E_ARG, "a packed input holds at most %u numbers, not %u",
                           p->poly_size, n);
    NESCIO_TRY(nescio_glwe_secret_init(ctx, &secret, key));
    s = nescio_secret_alloc(head + words * sizeof *masks +
                            nescio_glwe_secret_scratch_bytes(&secret));
    st = s ? nescio_random_bytes(ctx, s->noise_seed, sizeof s->noise_seed)
           : nescio_fail_nomem(ctx, head + words * sizeof *masks);
    if (st == NESCIO_OK) {
        masks = (uint64_t *)(void *)((uint8_t *)s + head);
        body = masks + nescio_tfhe_big_dim(p);
        nescio_noise_stream(&s->stream, s->noise_seed, NESCIO_NOISE_FRESH, 0);
        nescio_mask_input(p, seed, index, masks);
        nescio_stream_tuniform(&s->stream, body, p->poly_size, p->glwe_noise_log);
        nescio_glwe_secret_add(&secret, body, masks, body + p->poly_size);
        for (uint32_t i = 0; i < n; i++)
            bodies[i] = body[i] + phases[i];
    }
    nescio_secret_free(s);
    nescio_glwe_secret_deinit(&secret);
    return st;
}
