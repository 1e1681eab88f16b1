/* SPDX-License-Identifier: Apache-2.0
 * Big LWE ciphertexts one by one: fresh encryptions and phases, for tests and noise measurements.
 */
#include "secret/secret_internal.h"

typedef struct lwe_scratch {
    uint8_t noise_seed[NESCIO_SEED_BYTES];
    nescio_stream noise, mask;
    uint64_t sample;
} lwe_scratch;

/* <a, s> in units of 2^-64. */
static uint64_t inner_product(const nescio_secret_key *key, const nescio_lwe_batch *batch, size_t i)
{
    uint64_t sum = 0;

    for (size_t j = 0; j < batch->dim; j++) {
        const size_t at = i * batch->stride + j;
        const uint64_t word = batch->torus_log == 32
                                  ? (uint64_t)((const uint32_t *)batch->words)[at] << 32
                                  : ((const uint64_t *)batch->words)[at];

        sum += word * key->glwe[j];
    }
    return sum;
}

void nescio_lwe_phases(const nescio_secret_key *key, const nescio_lwe_batch *in, uint64_t *phases)
{
    for (size_t i = 0; i < in->count; i++) {
        const size_t at = i * in->stride + in->dim;
        const uint64_t body = in->torus_log == 32
                                  ? (uint64_t)((const uint32_t *)in->words)[at] << 32
                                  : ((const uint64_t *)in->words)[at];

        phases[i] = body - inner_product(key, in, i);
    }
}

static void encrypt_one(const nescio_secret_key *key, const nescio_lwe_batch *out, size_t i,
                        uint64_t phase, lwe_scratch *s)
{
    uint64_t body;

    nescio_stream_tuniform(&s->noise, &s->sample, 1, key->params.glwe_noise_log);
    if (out->torus_log == 32) {
        uint32_t *words = (uint32_t *)out->words + i * out->stride;

        nescio_stream_fill_u32(&s->mask, words, out->dim);
        body = inner_product(key, out, i) + phase + s->sample;
        words[out->dim] = (uint32_t)((body + 0x80000000u) >> 32);
    } else {
        uint64_t *words = (uint64_t *)out->words + i * out->stride;

        nescio_stream_fill_u64(&s->mask, words, out->dim);
        words[out->dim] = inner_product(key, out, i) + phase + s->sample;
    }
}

nescio_status nescio_lwe_encrypt(nescio_ctx *ctx, const nescio_secret_key *key,
                                 const nescio_lwe_batch *out, const uint64_t *phases)
{
    lwe_scratch *s = nescio_secret_alloc(sizeof *s);
    uint8_t mask_seed[NESCIO_SEED_BYTES];
    nescio_status st;

    if (!s)
        return nescio_fail_nomem(ctx, sizeof *s);
    st = nescio_random_bytes(ctx, s->noise_seed, sizeof s->noise_seed);
    if (st == NESCIO_OK)
        st = nescio_random_bytes(ctx, mask_seed, sizeof mask_seed);
    if (st == NESCIO_OK) {
        nescio_noise_stream(&s->noise, s->noise_seed, NESCIO_NOISE_FRESH, 1);
        nescio_stream_init(&s->mask, mask_seed, NESCIO_STREAM_MASK_INPUT, 0);
        for (size_t i = 0; i < out->count; i++)
            encrypt_one(key, out, i, phases[i], s);
    }
    nescio_secret_free(s);
    return st;
}
