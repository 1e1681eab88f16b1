/* SPDX-License-Identifier: Apache-2.0
 * Centered-mean modulus switch, coefficient by coefficient in every variant: for the unrolled one,
 * switching the sum of two coefficients instead would cost n/32 where this costs n/48 (units of
 * (2N)^-2). */
#include "tfhe/modulus_switch.h"

static unsigned log2_of(uint32_t power_of_two)
{
    unsigned log = 0;

    while (power_of_two >>= 1)
        log++;
    return log;
}

uint32_t nescio_modulus_switch(const nescio_tfhe_params *p, unsigned share_log, uint16_t *exponents,
                               const uint32_t *mask, uint64_t body)
{
    const unsigned switched_log = log2_of(p->poly_size) + 1 - share_log;
    const unsigned shift = p->ks_modulus_log - switched_log; /* 8 ... 26 */
    const uint32_t half = 1u << (shift - 1);
    const uint32_t low = (1u << shift) - 1;
    const int64_t choices = p->variant >= NESCIO_PBS_BLOCK2 ? (int64_t)p->variant + 1 : 2;
    int64_t rest = 0;

    for (uint32_t i = 0; i < p->lwe_dim; i++) {
        const uint32_t x = mask[i] + half; /* may wrap at 2^32: that is the torus */

        exponents[i] = (uint16_t)((x >> shift << share_log) & (2 * p->poly_size - 1));
        rest += (int64_t)(x & low) - (int64_t)half;
    }
    /* |rest| <= n 2^(shift - 1) <= 2^38: 16 more bits before the division leave room and lose
     * nothing that matters. */
    const uint64_t mean = (uint64_t)(rest * 65536 / choices) << (48 - p->ks_modulus_log);

    return (uint32_t)((body - mean + ((uint64_t)1 << (63 - switched_log))) >> (64 - switched_log))
           << share_log;
}
