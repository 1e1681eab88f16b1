/* SPDX-License-Identifier: Apache-2.0
 * The FFT in AVX2 and FMA: the algorithm of fft_transforms_internal.h in these lanes. */
#include "kernels/lanes_avx2_internal.h"

#include "kernels/fft_transforms_internal.h"

void nescio_fft_use_avx2(nescio_fft_kernels *k)
{
    install_transforms(k);
}
