/* SPDX-License-Identifier: Apache-2.0
 * The loop of multiply_rate.h, once for every instruction set, and the installers. A file
 * multiply_rate_ISA.c includes lanes_ISA_internal.h and then this. */
#ifndef NESCIO_KERNELS_MULTIPLY_RATE_INTERNAL_H
#define NESCIO_KERNELS_MULTIPLY_RATE_INTERNAL_H
#include "kernels/multiply_rate.h"

void nescio_multiply_rate_use_scalar(nescio_multiply_rate_kernels *k);
void nescio_multiply_rate_use_avx2(nescio_multiply_rate_kernels *k);
void nescio_multiply_rate_use_avx512(nescio_multiply_rate_kernels *k);

#ifdef LANES
#include "base/unroll.h"

enum { CHAINS = 10 };

/* x <- x a + b converges to 1 for a = 1/2 = b: no overflow, no denormal, whatever `rounds` is. */
static double run_chains(size_t rounds)
{
    const lanes half = lanes_set1(0.5);
    lanes x[CHAINS], sum = lanes_set1(0);
    double out[LANES] __attribute__((aligned(sizeof(lanes))));

    NESCIO_UNROLL
    for (unsigned i = 0; i < CHAINS; i++)
        x[i] = lanes_set1(i);
    for (size_t r = 0; r < rounds; r++) {
        NESCIO_UNROLL
        for (unsigned i = 0; i < CHAINS; i++)
            x[i] = lanes_fma(x[i], half, half);
    }
    NESCIO_UNROLL
    for (unsigned i = 0; i < CHAINS; i++)
        sum += x[i];
    lanes_store(out, sum);
    return out[0];
}

static void use_chains(nescio_multiply_rate_kernels *k)
{
    k->run = run_chains;
    k->multiply_adds = (size_t)CHAINS * LANES;
}
#endif /* LANES */
#endif /* NESCIO_KERNELS_MULTIPLY_RATE_INTERNAL_H */
