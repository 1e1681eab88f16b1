/* SPDX-License-Identifier: Apache-2.0
 * From the small LWE's modulus to 2N, with the mean of the rounding error taken out. */
#ifndef NESCIO_TFHE_MODULUS_SWITCH_H
#define NESCIO_TFHE_MODULUS_SWITCH_H
#include "tfhe/params.h"

/** exponents[i] = round(mask[i] M / 2^ks_modulus_log) mod M, times 2^share_log, for i < n and M = 2N / 2^share_log: multiples of
 * 2^share_log leave room for so many tables in one rotation. Returns the switched body, in [0, 2N) and such a multiple too: `body`
 * (units of 2^-64) less E[s] times the sum of the masks' rounding errors, rounded. The error of the phase is then
 * sum_i r_i (s_i - E[s]) + the body's rounding (Bernard, Joye, Smart, Walter; de Ruijter, D'Anvers, Verbauwhede). */
uint32_t nescio_modulus_switch(const nescio_tfhe_params *p, unsigned share_log, uint16_t *exponents,
                               const uint32_t *mask, uint64_t body);
#endif /* NESCIO_TFHE_MODULUS_SWITCH_H */
