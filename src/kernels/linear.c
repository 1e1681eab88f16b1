/* SPDX-License-Identifier: Apache-2.0
 * Chooses the linear table: scalar first, then overwrite upwards. */
#include "kernels/linear_internal.h"

void nescio_linear_kernels_for(nescio_isa isa, nescio_linear_kernels *k)
{
    nescio_linear_use_scalar(k);
#if defined(__x86_64__)
    if (isa >= NESCIO_ISA_AVX2)
        nescio_linear_use_avx2(k);
    if (isa >= NESCIO_ISA_AVX512)
        nescio_linear_use_avx512(k);
#else
    (void)isa;
#endif
}
