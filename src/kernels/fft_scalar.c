/* SPDX-License-Identifier: Apache-2.0
 * The FFT in portable C: the algorithm of fft_transforms_internal.h in these lanes. */
#include "kernels/lanes_scalar_internal.h"

#include "kernels/fft_transforms_internal.h"

void nescio_fft_use_scalar(nescio_fft_kernels *k)
{
    install_transforms(k);
}
