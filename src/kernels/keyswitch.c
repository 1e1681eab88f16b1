/* SPDX-License-Identifier: Apache-2.0
 * Chooses the keyswitch table, scalar first, then overwrite upwards; writes the byte planes that
 * fast tables read. */
#include "kernels/keyswitch_internal.h"

#include <string.h>

#define PLANE_BYTES 64 /* 16 columns x 4 rows */

static size_t blocks_of(const nescio_keyswitch_shape *shape)
{
    return (shape->n_columns + NESCIO_KEYSWITCH_COLUMNS - 1) / NESCIO_KEYSWITCH_COLUMNS;
}

size_t nescio_keyswitch_planes_bytes(const nescio_keyswitch_shape *shape)
{
    const size_t planes = shape->modulus_log / 8;

    return blocks_of(shape) * (shape->n_rows / NESCIO_KEYSWITCH_ROWS) * planes * PLANE_BYTES;
}

/* Plane p of 16 columns: byte p of four rows' words, side by side in a lane of 32 bits. (Who reads
 * planes is little-endian.) */
static void set_plane(uint8_t *at, uint32_t rows[4][NESCIO_KEYSWITCH_COLUMNS], unsigned p)
{
    uint32_t plane[NESCIO_KEYSWITCH_COLUMNS];

    for (size_t c = 0; c < NESCIO_KEYSWITCH_COLUMNS; c++)
        plane[c] = (rows[0][c] >> 8 * p & 255) | (rows[1][c] >> 8 * p & 255) << 8 |
                   (rows[2][c] >> 8 * p & 255) << 16 | (rows[3][c] >> 8 * p & 255) << 24;
    memcpy(at, plane, sizeof plane);
}

void nescio_keyswitch_planes_set(void *key, const nescio_keyswitch_shape *shape, size_t i_group,
                                 const uint32_t *const rows[4])
{
    const size_t n_groups = shape->n_rows / NESCIO_KEYSWITCH_ROWS;
    const unsigned planes = shape->modulus_log / 8;
    uint32_t words[NESCIO_KEYSWITCH_ROWS][NESCIO_KEYSWITCH_COLUMNS] = {{0}};

    for (size_t block = 0; block < blocks_of(shape); block++) {
        uint8_t *at = (uint8_t *)key + (block * n_groups + i_group) * planes * PLANE_BYTES;
        const size_t first = block * NESCIO_KEYSWITCH_COLUMNS;
        const size_t left = shape->n_columns - first;
        const size_t n = left < NESCIO_KEYSWITCH_COLUMNS ? left : NESCIO_KEYSWITCH_COLUMNS;

        for (size_t r = 0; r < NESCIO_KEYSWITCH_ROWS; r++)
            memcpy(words[r], rows[r] + first, n * sizeof(uint32_t));
        for (unsigned p = 0; p < planes; p++)
            set_plane(at + p * PLANE_BYTES, words, p);
    }
}

void nescio_keyswitch_kernels_for(nescio_isa isa, nescio_keyswitch_kernels *k)
{
    nescio_keyswitch_use_scalar(k);
#if defined(__x86_64__)
    if (isa >= NESCIO_ISA_AVX2)
        nescio_keyswitch_use_avx2(k);
    if (isa >= NESCIO_ISA_AVX512_VNNI)
        nescio_keyswitch_use_avx512_vnni(k);
#else
    (void)isa;
#endif
}
