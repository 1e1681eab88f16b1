/* SPDX-License-Identifier: Apache-2.0
 * Which stream gives which mask: the one place where encryption and expansion agree.
 *
 * Every mask is public and comes from the 32-byte seed of its file, by (use, index). Masks of the
 * big key have 64-bit words; those of the small and the output key are drawn natively modulo 2^24
 * or 2^32, so that they are uniform there. */
#ifndef NESCIO_TFHE_MASKS_H
#define NESCIO_TFHE_MASKS_H
#include "random/random.h"
#include "tfhe/params.h"

/** k N words: the masks of row `row` (poly * l + level) of GGSW i_ggsw. */
void nescio_mask_bootstrap(const nescio_tfhe_params *p, const uint8_t seed[NESCIO_SEED_BYTES],
                           size_t i_ggsw, uint32_t row, uint64_t *out);
/** [ks_levels][n] words below 2^ks_modulus_log: the masks that switch big coefficient
 * i_coefficient. */
void nescio_mask_keyswitch(const nescio_tfhe_params *p, const uint8_t seed[NESCIO_SEED_BYTES],
                           size_t i_coefficient, uint32_t *out);
/** [out_levels][k' N'] words: the masks that switch big coefficient i_coefficient to the output
 * key. */
void nescio_mask_output(const nescio_tfhe_params *p, const uint8_t seed[NESCIO_SEED_BYTES],
                        size_t i_coefficient, uint32_t *out);
/** k N words: the masks of packed input number `index` of a file. */
void nescio_mask_input(const nescio_tfhe_params *p, const uint8_t seed[NESCIO_SEED_BYTES],
                       uint64_t index, uint64_t *out);
#endif /* NESCIO_TFHE_MASKS_H */
