/* SPDX-License-Identifier: Apache-2.0
 * Secret keys: the three keys of a pair in one locked block. Big and output key have uniform bits;
 * the small key too, or, by variant, blocks with at most one 1, uniform over the l + 1 choices. */
#include "secret/secret.h"

#include <stdlib.h>
#include <string.h>

typedef struct key_source {
    uint8_t seed[NESCIO_SEED_BYTES];
    nescio_stream stream;
} key_source;

enum { STREAM_LWE = 0, STREAM_GLWE = 1, STREAM_OUT = 2 };

static size_t out_dim(const nescio_tfhe_params *p)
{
    return (size_t)p->out_glwe_dim * p->out_poly_size;
}

nescio_status nescio_secret_key_blank(nescio_ctx *ctx, const nescio_tfhe_params *p,
                                      nescio_secret_key **out)
{
    nescio_secret_key *key;
    size_t words;

    *out = NULL;
    NESCIO_TRY(nescio_tfhe_params_check(ctx, p));
    words = p->lwe_dim + (size_t)nescio_tfhe_big_dim(p) + out_dim(p);
    key = calloc(1, sizeof *key);
    if (!key)
        return nescio_fail_nomem(ctx, sizeof *key);
    key->glwe =
        nescio_secret_alloc(words * sizeof *key->glwe); /* first: products want it aligned */
    if (!key->glwe) {
        free(key);
        return nescio_fail_nomem(ctx, words * sizeof *key->glwe);
    }
    key->params = *p;
    key->out = key->glwe + nescio_tfhe_big_dim(p);
    key->lwe = key->out + out_dim(p);
    *out = key;
    return NESCIO_OK;
}

/* choice uniform on 0 ... l from 64 uniform bits (bias below 2^-60); bit j of the block is [choice
 * == j]. No branch, no index. */
static void fill_blocks(nescio_stream *s, uint32_t *bits, size_t n, uint32_t length)
{
    for (size_t i = 0; i < n; i += length) {
        const uint64_t draw = nescio_stream_u64(s) >> 4;
        const uint64_t choice = draw * (length + 1) >> 60 & 15;

        for (uint32_t j = 0; j < length; j++)
            bits[i + j] = (uint32_t)(((choice ^ j) - 1) >> 63);
    }
}

static void fill_key(nescio_secret_key *key, key_source *source)
{
    const nescio_tfhe_params *p = &key->params;
    nescio_stream *s = &source->stream;

    nescio_stream_init(s, source->seed, NESCIO_STREAM_SECRET, STREAM_LWE);
    if (p->variant >= NESCIO_PBS_BLOCK2)
        fill_blocks(s, key->lwe, p->lwe_dim, nescio_tfhe_group_bits(p));
    else
        nescio_stream_bits(s, key->lwe, p->lwe_dim);
    nescio_stream_init(s, source->seed, NESCIO_STREAM_SECRET, STREAM_GLWE);
    nescio_stream_bits(s, key->glwe, nescio_tfhe_big_dim(p));
    nescio_stream_init(s, source->seed, NESCIO_STREAM_SECRET, STREAM_OUT);
    nescio_stream_bits(s, key->out, out_dim(p));
    nescio_stream_wipe(s);
}

nescio_status nescio_secret_key_new(nescio_ctx *ctx, const nescio_tfhe_params *p,
                                    nescio_secret_key **out)
{
    nescio_secret_key *key;
    key_source *source;
    nescio_status st;

    NESCIO_TRY(nescio_secret_key_blank(ctx, p, out));
    key = *out;
    *out = NULL;
    source = nescio_secret_alloc(sizeof *source);
    st = source ? NESCIO_OK : nescio_fail_nomem(ctx, sizeof *source);
    if (st == NESCIO_OK)
        st = nescio_random_bytes(ctx, key->id, sizeof key->id);
    if (st == NESCIO_OK)
        st = nescio_random_bytes(ctx, source->seed, sizeof source->seed);
    if (st == NESCIO_OK)
        fill_key(key, source);
    nescio_secret_free(source);
    if (st != NESCIO_OK) {
        nescio_secret_key_free(key);
        return st;
    }
    *out = key;
    return NESCIO_OK;
}

void nescio_secret_key_free(nescio_secret_key *key)
{
    if (!key)
        return;
    nescio_secret_free(key->glwe);
    free(key);
}
