/* SPDX-License-Identifier: Apache-2.0
 * Chooses the multiply-add ceiling: scalar first, then overwrite upwards. */
#include "kernels/multiply_rate_internal.h"

void nescio_multiply_rate_kernels_for(nescio_isa isa, nescio_multiply_rate_kernels *k)
{
    nescio_multiply_rate_use_scalar(k);
#if defined(__x86_64__)
    if (isa >= NESCIO_ISA_AVX2)
        nescio_multiply_rate_use_avx2(k);
    if (isa >= NESCIO_ISA_AVX512)
        nescio_multiply_rate_use_avx512(k);
#else
    (void)isa;
#endif
}
