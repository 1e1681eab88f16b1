/* SPDX-License-Identifier: Apache-2.0
 * Keys and ciphertexts of random words: as fast and as slow as real ones, and nobody's. */
#include "measure/measure_internal.h"
#include "random/random.h"

#include <stdlib.h>
#include <string.h>

void nescio_random_fill(void *to, size_t bytes)
{
    static const uint8_t seed[NESCIO_SEED_BYTES] = {1};
    nescio_stream s;

    nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, 0);
    nescio_stream_bytes(&s, to, bytes);
}

static nescio_status allocate(nescio_ctx *ctx, random_rotation *r)
{
    const nescio_tfhe_params *p = &r->params;
    size_t set_bytes, exponents;

    NESCIO_TRY(nescio_bsk_new(ctx, p, &r->bsk));
    set_bytes = nescio_bsk_set_scratch_bytes(r->bsk);
    r->scratch_bytes = nescio_blind_rotate_scratch_bytes(r->bsk, r->tile);
    if (r->scratch_bytes < set_bytes)
        r->scratch_bytes = set_bytes;
    exponents = r->tile * p->lwe_dim;
    r->row_bytes = ((size_t)p->glwe_dim + 1) * p->poly_size * sizeof *r->row;
    r->acc_bytes = r->tile * nescio_blind_rotate_acc_stride(r->bsk) * sizeof *r->acc;
    r->row = nescio_block_alloc(r->row_bytes);
    r->scratch = nescio_block_alloc(r->scratch_bytes);
    r->acc = nescio_block_alloc(r->acc_bytes);
    r->exponents = malloc(exponents * sizeof *r->exponents);
    if (!r->row || !r->scratch || !r->acc || !r->exponents)
        return nescio_fail_nomem(ctx, r->scratch_bytes);
    return NESCIO_OK;
}

nescio_status nescio_random_rotation_new(nescio_ctx *ctx, const nescio_tfhe_params *p, size_t tile,
                                         random_rotation *out)
{
    const uint32_t rows = (p->glwe_dim + 1) * p->pbs_levels;

    *out = (random_rotation){.params = *p, .tile = tile};
    NESCIO_TRY(allocate(ctx, out));
    nescio_random_fill(out->row, out->row_bytes);
    for (size_t g = 0; g < nescio_tfhe_n_ggsw(p); g++)
        for (uint32_t r = 0; r < rows; r++)
            nescio_bsk_set_row(out->bsk, g, r, out->row, out->scratch);
    nescio_random_fill(out->acc, out->acc_bytes);
    nescio_random_fill(out->exponents, tile * p->lwe_dim * sizeof *out->exponents);
    for (size_t i = 0; i < tile * p->lwe_dim; i++)
        out->exponents[i] = (uint16_t)(out->exponents[i] & (2 * p->poly_size - 1));
    return NESCIO_OK;
}

void nescio_random_rotation_free(random_rotation *r)
{
    nescio_bsk_free(r->bsk);
    nescio_block_free(r->row, r->row_bytes);
    nescio_block_free(r->scratch, r->scratch_bytes);
    nescio_block_free(r->acc, r->acc_bytes);
    free(r->exponents);
}

void nescio_random_rotation_run(random_rotation *r, size_t tile)
{
    nescio_blind_rotate(r->bsk, r->acc, tile, r->exponents, r->params.lwe_dim, r->scratch);
}

nescio_status nescio_random_evaluation_key(nescio_ctx *ctx, const nescio_tfhe_params *p,
                                           nescio_evaluation_key *key)
{
    NESCIO_TRY(nescio_evaluation_key_sizes(ctx, p, key));
    key->bootstrap = nescio_block_alloc(key->bootstrap_bytes);
    key->keyswitch = nescio_block_alloc(key->keyswitch_bytes);
    key->output = nescio_block_alloc(key->output_bytes);
    if (!key->bootstrap || !key->keyswitch || !key->output) {
        const size_t bytes = key->bootstrap_bytes;

        nescio_evaluation_key_free(key);
        return nescio_fail_nomem(ctx, bytes);
    }
    nescio_random_fill(key->bootstrap, key->bootstrap_bytes);
    nescio_random_fill(key->keyswitch, key->keyswitch_bytes);
    nescio_random_fill(key->output, key->output_bytes);
    return NESCIO_OK;
}

nescio_status nescio_random_engine_new(nescio_ctx *ctx, const nescio_tfhe_params *p,
                                       nescio_engine **out)
{
    nescio_evaluation_key key;
    nescio_status st;

    *out = NULL;
    NESCIO_TRY(nescio_random_evaluation_key(ctx, p, &key));
    st = nescio_engine_new(ctx, &key, out);
    nescio_evaluation_key_free(&key);
    return st;
}

nescio_lwe_batch nescio_random_batch(const nescio_tfhe_params *p, size_t count, size_t *bytes)
{
    void *words;

    *bytes = nescio_lwe_batch_bytes(p, count);
    words = nescio_block_alloc(*bytes);
    if (words)
        nescio_random_fill(words, *bytes);
    return nescio_lwe_batch_over(p, words, count);
}
