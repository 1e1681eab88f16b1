/* SPDX-License-Identifier: Apache-2.0
 * The multiply-add ceiling, AVX2 and FMA. */
#include "kernels/lanes_avx2_internal.h"

#include "kernels/multiply_rate_internal.h"

void nescio_multiply_rate_use_avx2(nescio_multiply_rate_kernels *k)
{
    use_chains(k);
}
