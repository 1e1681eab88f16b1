/* SPDX-License-Identifier: Apache-2.0
 * The bootstrapping key: a GGSW ciphertext for each key message, its masks seeded.
 *
 * Row (p, j) is a GLWE encryption of m q/B^(j+1) at polynomial p. A message added to mask p would
 * spoil the seeded mask; the same ciphertext has an unspoiled mask and -m q/B^(j+1) S_p in its
 * phase instead. So every row is <A, S> + noise + one of those. */
#include "secret/secret_internal.h"
#include "tfhe/masks.h"
#include "tfhe/packed_words.h"

#include <string.h>

typedef struct ggsw_scratch {
    nescio_stream *stream;
    uint64_t *masks; /* [k][N] */
    uint64_t *body;  /* [N] */
    void *product;
} ggsw_scratch;

static size_t round_line(size_t bytes)
{
    return nescio_size_round_up(bytes, 64);
}

size_t nescio_make_ggsw_bytes(const nescio_key_making *making)
{
    const nescio_tfhe_params *p = &making->key->params;

    return round_line(sizeof(nescio_stream)) +
           (p->glwe_dim + (size_t)1) * p->poly_size * sizeof(uint64_t) +
           round_line(nescio_glwe_secret_scratch_bytes(&making->glwe));
}

static ggsw_scratch lay_out(const nescio_key_making *making, unsigned i_worker)
{
    const nescio_tfhe_params *p = &making->key->params;
    uint8_t *at = making->scratch + i_worker * making->scratch_bytes;
    ggsw_scratch s;

    s.stream = (nescio_stream *)(void *)at;
    at += round_line(sizeof *s.stream);
    s.masks = (uint64_t *)(void *)at;
    s.body = s.masks + nescio_tfhe_big_dim(p);
    s.product = s.body + p->poly_size;
    return s;
}

/* The bit that GGSW i encrypts. */
static uint64_t message(const nescio_secret_key *key, size_t i)
{
    uint64_t s0, s1;

    if (key->params.variant != NESCIO_PBS_UNROLLED2)
        return key->lwe[i];
    s0 = key->lwe[i / 3 * 2];
    s1 = key->lwe[i / 3 * 2 + 1];
    switch (i % 3) {
    case 0: return s0 & (1 - s1);
    case 1: return (1 - s0) & s1;
    default: return s0 & s1;
    }
}

static void add_message(const nescio_secret_key *key, uint64_t *body, uint64_t bit, uint32_t poly,
                        uint32_t level)
{
    const nescio_tfhe_params *p = &key->params;
    const uint64_t gadget = bit << (64 - p->pbs_base_log * (level + 1));
    const uint32_t *s = key->glwe + (size_t)poly * p->poly_size;

    if (poly == p->glwe_dim) {
        body[0] += gadget;
        return;
    }
    for (uint32_t i = 0; i < p->poly_size; i++)
        body[i] -= gadget * s[i];
}

void nescio_make_ggsw(void *arg, size_t i_job, unsigned i_worker)
{
    const nescio_key_making *making = arg;
    const nescio_secret_key *key = making->key;
    const nescio_tfhe_params *p = &key->params;
    const ggsw_scratch s = lay_out(making, i_worker);
    const size_t i_ggsw = making->first + i_job;
    const uint64_t bit = message(key, i_ggsw);
    const uint32_t rows = (p->glwe_dim + 1) * p->pbs_levels;
    uint8_t *out = making->out->bootstrap + i_ggsw * rows * p->poly_size * 6;

    nescio_noise_stream(s.stream, making->noise_seed, NESCIO_NOISE_GGSW, i_ggsw);
    for (uint32_t row = 0; row < rows; row++) {
        nescio_mask_bootstrap(p, making->out->seed, i_ggsw, row, s.masks);
        nescio_stream_tuniform(s.stream, s.body, p->poly_size, p->glwe_noise_log);
        nescio_glwe_secret_add(&making->glwe, s.body, s.masks, s.product);
        add_message(key, s.body, bit, row / p->pbs_levels, row % p->pbs_levels);
        nescio_torus48_pack(out + (size_t)row * p->poly_size * 6, s.body, p->poly_size);
    }
    nescio_stream_wipe(s.stream);
}
