/* SPDX-License-Identifier: Apache-2.0
 * The ceiling of all f64 kernels: how many multiply-adds a core issues when nothing else happens.
 *
 * Ten chains in registers, each a multiply-add that waits for the one before; ten of them hide a
 * latency of four cycles on two units. Timing it is the caller's business: kernels read no clock.
 */
#ifndef NESCIO_KERNELS_MULTIPLY_RATE_H
#define NESCIO_KERNELS_MULTIPLY_RATE_H
#include "base/isa.h"

#include <stddef.h>

typedef struct nescio_multiply_rate_kernels {
    /** Does `rounds` rounds of multiply_adds scalar multiply-adds each; returns what came out. */
    double (*run)(size_t rounds);
    size_t multiply_adds;
} nescio_multiply_rate_kernels;

/** Fill *k for one instruction set, which nescio_isa_detect() must reach. */
void nescio_multiply_rate_kernels_for(nescio_isa isa, nescio_multiply_rate_kernels *k);
#endif /* NESCIO_KERNELS_MULTIPLY_RATE_H */
