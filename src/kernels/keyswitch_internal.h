/* SPDX-License-Identifier: Apache-2.0
 * Installers: each overwrites the entries that its instruction set has; the layout of byte planes.
 */
#ifndef NESCIO_KERNELS_KEYSWITCH_INTERNAL_H
#define NESCIO_KERNELS_KEYSWITCH_INTERNAL_H
#include "kernels/keyswitch.h"

/* Byte planes: [block of 16 columns][group of 4 rows][plane][column][row], so that for one block
 * the key is one stream. Both functions are in keyswitch.c, compiled for no instruction set in
 * particular. */
size_t nescio_keyswitch_planes_bytes(const nescio_keyswitch_shape *shape);
void nescio_keyswitch_planes_set(void *key, const nescio_keyswitch_shape *shape, size_t i_group,
                                 const uint32_t *const rows[4]);

void nescio_keyswitch_use_scalar(nescio_keyswitch_kernels *k);
void nescio_keyswitch_use_avx2(nescio_keyswitch_kernels *k);
void nescio_keyswitch_use_avx512_vnni(nescio_keyswitch_kernels *k);
#endif
