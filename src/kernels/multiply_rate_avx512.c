/* SPDX-License-Identifier: Apache-2.0
 * The multiply-add ceiling, AVX-512. */
#include "kernels/lanes_avx512_internal.h"

#include "kernels/multiply_rate_internal.h"

void nescio_multiply_rate_use_avx512(nescio_multiply_rate_kernels *k)
{
    use_chains(k);
}
