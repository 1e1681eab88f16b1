/* SPDX-License-Identifier: Apache-2.0
 * Convolution of tensors, for the operators that are made of it. */
#ifndef NESCIO_REFEXEC_CONV_H
#define NESCIO_REFEXEC_CONV_H
#include "refexec/slide.h"

/** Checks x [N, C, ...], weights [M, C/group, ...], bias [M] or NULL against each other and the
 * node's attributes. */
NESCIO_MUST_CHECK nescio_status nescio_conv_plan(const nescio_refexec_call *call,
                                                 const nescio_tensor *x,
                                                 const nescio_tensor *weights,
                                                 const nescio_tensor *bias, nescio_slide *w,
                                                 int64_t *group, int64_t *out_dims);
/** y = conv(x, weights) + bias, dtype F32 or F64, y of shape out_dims. */
NESCIO_MUST_CHECK nescio_status nescio_conv(const nescio_refexec_call *call, const nescio_slide *w,
                                            int64_t group, const nescio_tensor *x,
                                            const nescio_tensor *weights, const nescio_tensor *bias,
                                            nescio_tensor *y);
#endif /* NESCIO_REFEXEC_CONV_H */
