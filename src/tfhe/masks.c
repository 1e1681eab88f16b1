/* SPDX-License-Identifier: Apache-2.0
 * Masks from seeds: a stream of its own for each GGSW row, switched coefficient and packed input,
 * so that workers expand any of them in any order. */
#include "tfhe/masks.h"

void nescio_mask_bootstrap(const nescio_tfhe_params *p, const uint8_t seed[NESCIO_SEED_BYTES],
                           size_t i_ggsw, uint32_t row, uint64_t *out)
{
    const uint64_t rows = (uint64_t)(p->glwe_dim + 1) * p->pbs_levels;
    nescio_stream s;

    nescio_stream_init(&s, seed, NESCIO_STREAM_MASK_BOOTSTRAP, i_ggsw * rows + row);
    nescio_stream_fill_u64(&s, out, nescio_tfhe_big_dim(p));
}

void nescio_mask_keyswitch(const nescio_tfhe_params *p, const uint8_t seed[NESCIO_SEED_BYTES],
                           size_t i_coefficient, uint32_t *out)
{
    const size_t n = (size_t)p->ks_levels * p->lwe_dim;
    nescio_stream s;

    nescio_stream_init(&s, seed, NESCIO_STREAM_MASK_KEYSWITCH, i_coefficient);
    if (p->ks_modulus_log == 24)
        nescio_stream_fill_u24(&s, out, n);
    else
        nescio_stream_fill_u32(&s, out, n);
}

void nescio_mask_output(const nescio_tfhe_params *p, const uint8_t seed[NESCIO_SEED_BYTES],
                        size_t i_coefficient, uint32_t *out)
{
    nescio_stream s;

    nescio_stream_init(&s, seed, NESCIO_STREAM_MASK_OUTPUT, i_coefficient);
    nescio_stream_fill_u32(&s, out, (size_t)p->out_levels * p->out_glwe_dim * p->out_poly_size);
}

void nescio_mask_input(const nescio_tfhe_params *p, const uint8_t seed[NESCIO_SEED_BYTES],
                       uint64_t index, uint64_t *out)
{
    nescio_stream s;

    nescio_stream_init(&s, seed, NESCIO_STREAM_MASK_INPUT, index);
    nescio_stream_fill_u64(&s, out, nescio_tfhe_big_dim(p));
}
