/* SPDX-License-Identifier: Apache-2.0
 * Installers: each overwrites the entries that its instruction set has. */
#ifndef NESCIO_KERNELS_LINEAR_INTERNAL_H
#define NESCIO_KERNELS_LINEAR_INTERNAL_H
#include "kernels/linear.h"
void nescio_linear_use_scalar(nescio_linear_kernels *k);
void nescio_linear_use_avx2(nescio_linear_kernels *k);
void nescio_linear_use_avx512(nescio_linear_kernels *k);
#endif
