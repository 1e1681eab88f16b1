/* SPDX-License-Identifier: Apache-2.0
 * Copies in which every axis has its own index map. */
#ifndef NESCIO_REFEXEC_MAP_OPS_H
#define NESCIO_REFEXEC_MAP_OPS_H
#include "refexec/refexec_internal.h"

/** y[i0, i1, ...] = x[maps[0][i0], maps[1][i1], ...], or *fill where a map gives -1. Same dtype and
 * rank. */
void nescio_copy_mapped(const nescio_tensor *x, nescio_tensor *y, int64_t *const *maps,
                        const void *fill);
/** Scratch for one map an axis of output shape `dims`. */
NESCIO_MUST_CHECK nescio_status nescio_call_maps(const nescio_refexec_call *call, int rank,
                                                 const int64_t *dims, int64_t **maps);
#endif /* NESCIO_REFEXEC_MAP_OPS_H */
