/* SPDX-License-Identifier: Apache-2.0
 * The bootstrapping key in streaming order, and tiles of accumulators over it.
 *
 * The outer loop is over key groups, the inner one over the tile's ciphertexts: a group's block of
 * the key (64 KB to some 100 KB) comes from memory once a tile, and from the second-level cache
 * once for as many ciphertexts as take a step together. While one block is in use, each step
 * prefetches its share of the next. */
#include "tfhe/blind_rotation.h"
#include "kernels/rotate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Measured on Zen 5: 5 KB to 12 KB ahead differ by 3 %, 2 KB or 16 KB cost 10 %. */
enum { AHEAD_BYTES = 8192 };

struct nescio_bsk {
    nescio_tfhe_params params;
    nescio_fft *fft;
    nescio_rotation *rotation;
    size_t n_groups, block_doubles;
    double *blocks; /* owns */
    size_t bytes;
};

static nescio_rotation_shape shape_of(const nescio_tfhe_params *p)
{
    return (nescio_rotation_shape){
        .n_columns = p->glwe_dim + 1,
        .levels = p->pbs_levels,
        .base_log = p->pbs_base_log,
        .torus_log = p->torus_log,
        .keys = nescio_tfhe_group_keys(p),
        .classical = p->variant == NESCIO_PBS_CLASSICAL,
    };
}

/* (k+1) l rows of k+1 polynomials of N doubles, for each GGSW. */
size_t nescio_bsk_bytes(const nescio_tfhe_params *p)
{
    const size_t columns = (size_t)p->glwe_dim + 1;
    return nescio_tfhe_n_ggsw(p) * columns * p->pbs_levels * columns * p->poly_size *
           sizeof(double);
}

nescio_status nescio_bsk_new(nescio_ctx *ctx, const nescio_tfhe_params *p, nescio_bsk **out)
{
    nescio_bsk *bsk;
    nescio_status st;

    *out = NULL;
    NESCIO_TRY(nescio_tfhe_params_check(ctx, p));
    bsk = calloc(1, sizeof *bsk);
    if (!bsk)
        return nescio_fail_nomem(ctx, sizeof *bsk);
    bsk->params = *p;
    bsk->bytes = nescio_bsk_bytes(p);
    st = nescio_fft_new(ctx, p->poly_size, &bsk->fft);
    if (st != NESCIO_OK)
        goto fail;
    st = nescio_rotation_new(ctx, bsk->fft, shape_of(p), &bsk->rotation);
    if (st != NESCIO_OK)
        goto fail;
    bsk->block_doubles = nescio_rotation_block_doubles(bsk->rotation);
    bsk->n_groups = nescio_tfhe_n_ggsw(p) / nescio_tfhe_group_keys(p);
    assert(bsk->bytes == bsk->n_groups * bsk->block_doubles * sizeof(double));
    bsk->blocks = nescio_block_alloc(bsk->bytes);
    if (!bsk->blocks) {
        st = nescio_fail_nomem(ctx, bsk->bytes);
        goto fail;
    }
    *out = bsk;
    return NESCIO_OK;
fail:
    nescio_bsk_free(bsk);
    return st;
}

void nescio_bsk_free(nescio_bsk *bsk)
{
    if (!bsk)
        return;
    nescio_block_free(bsk->blocks, bsk->bytes);
    nescio_rotation_free(bsk->rotation);
    nescio_fft_free(bsk->fft);
    free(bsk);
}

size_t nescio_bsk_set_scratch_bytes(const nescio_bsk *bsk)
{
    return bsk->params.poly_size * sizeof(double);
}

void nescio_bsk_set_row(nescio_bsk *bsk, size_t i_ggsw, uint32_t row, const uint64_t *glwe,
                        void *scratch)
{
    const size_t keys = nescio_tfhe_group_keys(&bsk->params);
    double *block = bsk->blocks + i_ggsw / keys * bsk->block_doubles;

    assert(i_ggsw < bsk->n_groups * keys);
    nescio_rotation_pack_row(bsk->rotation, block, (uint32_t)(i_ggsw % keys), row, glwe, scratch);
}

size_t nescio_blind_rotate_scratch_bytes(const nescio_bsk *bsk, size_t tile)
{
    return nescio_rotation_scratch_bytes(bsk->rotation) +
           tile * nescio_rotation_acc_bytes(bsk->rotation);
}

size_t nescio_blind_rotate_acc_stride(const nescio_bsk *bsk)
{
    const size_t line_words = 512 / bsk->params.torus_log;
    return ((size_t)bsk->params.glwe_dim + 1) * bsk->params.poly_size + line_words;
}

/* The exponents of one group's keys; false: the step multiplies by 1. Key bits s0, s1 of UNROLLED2
 * have the keys s0 (1 - s1), (1 - s0) s1, s0 s1, so X^(e0 s0 + e1 s1) = 1 + sum_j (X^(exponent_j) -
 * 1) key_j with e0, e1, e0 + e1. */
static bool group_exponents(const nescio_tfhe_params *p, const uint16_t *e,
                            uint32_t exponents[NESCIO_ROTATE_MAX_KEYS])
{
    const uint32_t bits = nescio_tfhe_group_bits(p);
    uint32_t any = 0;

    for (uint32_t i = 0; i < bits; i++) {
        exponents[i] = e[i];
        any |= e[i];
    }
    if (p->variant == NESCIO_PBS_UNROLLED2)
        exponents[2] = (exponents[0] + exponents[1]) & (2 * p->poly_size - 1);
    return any != 0;
}

/* What the ciphertexts before number `end` of a tile, from `first` on, ask for during their step:
 * their share of the next block, into the second-level cache. A tile of one has no time to lose: it
 * asks for the block in use, a little ahead of its own reading. */
static nescio_prefetch prefetch_of(const nescio_bsk *bsk, size_t i_group, size_t first, size_t end,
                                   size_t tile)
{
    const size_t bytes = bsk->block_doubles * sizeof(double), share = bytes / tile;
    const char *block = (const char *)(bsk->blocks + i_group * bsk->block_doubles);

    if (i_group + 1 == bsk->n_groups)
        return (nescio_prefetch){.next = NULL};
    if (tile == 1)
        return (nescio_prefetch){.next = block + AHEAD_BYTES, .bytes = bytes, .soon = true};
    return (nescio_prefetch){.next = block + bytes + first * share, .bytes = (end - first) * share};
}

/* One group of key bits for the whole tile, as many accumulators a step as it takes. */
static void rotate_group(const nescio_bsk *bsk, size_t i_group, char *padded, size_t tile,
                         const uint16_t *exponents, size_t exp_stride, void *scratch)
{
    const unsigned together = nescio_rotation_together(bsk->rotation);
    const size_t padded_bytes = nescio_rotation_acc_bytes(bsk->rotation);
    nescio_rotation_part parts[NESCIO_ROTATE_TOGETHER];
    unsigned n_parts = 0;
    size_t first = 0;

    for (size_t t = 0; t < tile; t++) {
        if (group_exponents(&bsk->params, exponents + t * exp_stride, parts[n_parts].exponents))
            parts[n_parts++].padded = padded + t * padded_bytes;
        if (n_parts == together || (n_parts > 0 && t + 1 == tile)) {
            nescio_rotation_step(bsk->rotation, parts, n_parts,
                                 bsk->blocks + i_group * bsk->block_doubles,
                                 prefetch_of(bsk, i_group, first, t + 1, tile), scratch);
            n_parts = 0;
            first = t + 1;
        }
    }
}

void nescio_blind_rotate(const nescio_bsk *bsk, void *acc, size_t tile, const uint16_t *exponents,
                         size_t exp_stride, void *scratch)
{
    const uint32_t bits = nescio_tfhe_group_bits(&bsk->params);
    const size_t acc_bytes = nescio_blind_rotate_acc_stride(bsk) * (bsk->params.torus_log / 8);
    const size_t padded_bytes = nescio_rotation_acc_bytes(bsk->rotation);
    char *padded = (char *)scratch + nescio_rotation_scratch_bytes(bsk->rotation);

    for (size_t t = 0; t < tile; t++)
        nescio_rotation_acc_load(bsk->rotation, padded + t * padded_bytes,
                                 (const char *)acc + t * acc_bytes);
    for (size_t i = 0; i < bsk->n_groups; i++)
        rotate_group(bsk, i, padded, tile, exponents + i * bits, exp_stride, scratch);
    for (size_t t = 0; t < tile; t++)
        nescio_rotation_acc_store(bsk->rotation, (char *)acc + t * acc_bytes,
                                  padded + t * padded_bytes);
}
