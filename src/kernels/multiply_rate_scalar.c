/* SPDX-License-Identifier: Apache-2.0
 * The multiply-add ceiling, portable C. */
#include "kernels/lanes_scalar_internal.h"

#include "kernels/multiply_rate_internal.h"

void nescio_multiply_rate_use_scalar(nescio_multiply_rate_kernels *k)
{
    use_chains(k);
}
