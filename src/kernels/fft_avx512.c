/* SPDX-License-Identifier: Apache-2.0
 * The FFT in AVX-512: the algorithm of fft_transforms_internal.h in these lanes. */
#include "kernels/lanes_avx512_internal.h"

#include "kernels/fft_transforms_internal.h"

void nescio_fft_use_avx512(nescio_fft_kernels *k)
{
    install_transforms(k);
}
