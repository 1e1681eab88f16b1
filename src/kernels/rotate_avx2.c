/* SPDX-License-Identifier: Apache-2.0
 * Blind rotation in AVX2 and FMA: the algorithm of rotate_step_internal.h in these lanes. */
#include "kernels/lanes_avx2_internal.h"

#include "kernels/rotate_step_internal.h"

void nescio_rotate_use_avx2(nescio_rotate_kernels *k)
{
    install_rotation(k);
}
