/* SPDX-License-Identifier: Apache-2.0
 * Rows of floats by vectors that every 64-bit machine has. Written out because compilers at -O2
 * leave a branch an element where rows may overlap, and data decides it: twenty times slower. */
#include "refexec/float_rows.h"

/* clang-format off */
#define REAL float
#define GATHER(x, step) {(x)[0], (x)[step], (x)[2 * (step)], (x)[3 * (step)]}
#define NAME(x) x##_f32
#include "refexec/float_row_loops.inc"
#define REAL double
#define GATHER(x, step) {(x)[0], (x)[step]}
#define NAME(x) x##_f64
#include "refexec/float_row_loops.inc"
/* clang-format on */

void nescio_row_clip(nescio_dtype dtype, int64_t n, const void *x, double low, double high, void *y)
{
    if (dtype == NESCIO_F32)
        clip_f32(n, x, (float)low, (float)high, y);
    else
        clip_f64(n, x, low, high, y);
}

void nescio_row_max(nescio_dtype dtype, int64_t n, const void *x, int64_t step, void *y)
{
    if (dtype == NESCIO_F32)
        max_f32(n, x, step, y);
    else
        max_f64(n, x, step, y);
}

void nescio_row_add_taps(nescio_dtype dtype, int64_t n, const void *taps, int64_t n_taps,
                         const void *x, int64_t step, int64_t spread, void *y)
{
    if (dtype == NESCIO_F32)
        add_taps_f32(n, taps, n_taps, x, step, spread, y);
    else
        add_taps_f64(n, taps, n_taps, x, step, spread, y);
}

void nescio_row_fill(nescio_dtype dtype, int64_t n, const void *value, void *y)
{
    if (dtype == NESCIO_F32)
        fill_f32(n, *(const float *)value, y);
    else
        fill_f64(n, *(const double *)value, y);
}
