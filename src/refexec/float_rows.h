/* SPDX-License-Identifier: Apache-2.0
 * The inner loops that networks spend their time in beside matrix products, on rows of F32 or F64.
 */
#ifndef NESCIO_REFEXEC_FLOAT_ROWS_H
#define NESCIO_REFEXEC_FLOAT_ROWS_H
#include "tensor/tensor.h"

/** y[i] = min(max(x[i], low), high), i < n; NaN stays. Bounds are numbers of the dtype. y may be x.
 */
void nescio_row_clip(nescio_dtype dtype, int64_t n, const void *x, double low, double high,
                     void *y);
/** y[i] = max(y[i], x[i * step]); NaN wins. */
void nescio_row_max(nescio_dtype dtype, int64_t n, const void *x, int64_t step, void *y);
/** y[i] += taps[0] * x[i * step] + taps[1] * x[i * step + spread] + ..., summed in this order. */
void nescio_row_add_taps(nescio_dtype dtype, int64_t n, const void *taps, int64_t n_taps,
                         const void *x, int64_t step, int64_t spread, void *y);
/** y[i] = *value. */
void nescio_row_fill(nescio_dtype dtype, int64_t n, const void *value, void *y);
#endif /* NESCIO_REFEXEC_FLOAT_ROWS_H */
