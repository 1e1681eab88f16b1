/* SPDX-License-Identifier: Apache-2.0
 * Geometry of sliding windows: what convolutions and pools have in common. */
#ifndef NESCIO_REFEXEC_SLIDE_H
#define NESCIO_REFEXEC_SLIDE_H
#include "refexec/refexec_internal.h"

/** Window positions along each spatial axis: output o, kernel element k look at input o * stride -
 * begin + k * dilation. */
typedef struct nescio_slide {
    int rank; /**< spatial axes, at least 1 */
    int64_t in[NESCIO_RANK_MAX], out[NESCIO_RANK_MAX], kernel[NESCIO_RANK_MAX];
    int64_t stride[NESCIO_RANK_MAX], dilation[NESCIO_RANK_MAX];
    int64_t begin[NESCIO_RANK_MAX], end[NESCIO_RANK_MAX]; /**< padding, >= 0 */
    int64_t n_in, n_out, n_kernel;                        /**< products over the axes */
} nescio_slide;

/** Reads strides, dilations, pads and auto_pad of a window of `kernel` over the spatial axes of x
 * [N, C, ...]; out as ONNX defines it. Every size is checked: sums and products of them cannot
 * overflow. */
NESCIO_MUST_CHECK nescio_status nescio_slide_read(const nescio_refexec_call *call,
                                                  const nescio_tensor *x, const int64_t *kernel,
                                                  bool ceil_mode, nescio_slide *w);
/** Only strides, dilations and pads (auto_pad is left to the caller), into a window whose rank and
 * kernel are set. */
NESCIO_MUST_CHECK nescio_status nescio_slide_read_attrs(const nescio_refexec_call *call,
                                                        nescio_slide *w);
/** Outputs [lo, hi) along `axis` for which kernel element k falls inside the input. */
void nescio_slide_valid(const nescio_slide *w, int axis, int64_t k, int64_t *lo, int64_t *hi);
/** Unfolds (im2col) n planes x[n][n_in]: matrix row (plane, kernel element) has what that element
 * sees at the outputs of the first axis in [first, last), 0 in the padding. Elements of `size`
 * bytes, 4 or 8. */
void nescio_slide_unfold(const nescio_slide *w, size_t size, int64_t n, int64_t first, int64_t last,
                         const void *x, void *matrix);
/** y[o] += sum over kernel elements k, in order, of weights[k] * what k sees at output o of a
 * plane, for outputs of the first axis in [first, last); y is the plane's first output. dtype F32
 * or F64.
 */
void nescio_slide_filter(const nescio_slide *w, nescio_dtype dtype, const void *weights,
                         int64_t first, int64_t last, const void *x, void *y);
/** The transpose: adds row[] (all outputs) into the plane x[n_in]. dtype F32 or F64. */
void nescio_slide_fold(const nescio_slide *w, nescio_dtype dtype, int64_t k, const void *row,
                       void *x);
#endif /* NESCIO_REFEXEC_SLIDE_H */
