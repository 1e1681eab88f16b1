/* SPDX-License-Identifier: Apache-2.0
 * Matrix products without a library: see gemm_tile.inc. Vectors of 16 bytes are what every 64-bit
 * machine has, so the bits do not depend on the machine. */
#include "linalg/linalg.h"

#define TILE_ROWS 4
#define BLOCK_ROWS                                                                                 \
    128           /* 128 x 256 elements of A stay in L2; packing costs 1/128 of the products       \
                   */
#define DEPTH 256 /* 256 x 8 floats of B (8 KB) stay in L1 */

#define REAL    float
#define NAME(x) x##_f32
#define COLUMNS 8
#include "linalg/gemm_tile.inc"
#undef REAL
#undef NAME
#undef COLUMNS

#define REAL    double
#define NAME(x) x##_f64
#define COLUMNS 4
#include "linalg/gemm_tile.inc"
