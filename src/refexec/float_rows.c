/* SPDX-License-Identifier: Apache-2.0
 * Rows of floats by vectors that every 64-bit machine has. Written out because compilers at -O2
 * leave a branch an element where rows may overlap, and data decides it: twenty times slower. */
#include "refexec/float_rows.h"

#define REAL    float
#define NAME(x) x##_f32
#include "refexec/float_row_loops.inc"
#define REAL    double
#define NAME(x) x##_f64
#include "refexec/float_row_loops.inc"

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

void nescio_row_add_scaled(nescio_dtype dtype, int64_t n, const void *factor, const void *x,
                           int64_t step, void *y)
{
    if (dtype == NESCIO_F32)
        add_f32(n, *(const float *)factor, x, step, y);
    else
        add_f64(n, *(const double *)factor, x, step, y);
}

void nescio_row_fill(nescio_dtype dtype, int64_t n, const void *value, void *y)
{
    if (dtype == NESCIO_F32)
        fill_f32(n, *(const float *)value, y);
    else
        fill_f64(n, *(const double *)value, y);
}
