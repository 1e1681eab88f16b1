/* SPDX-License-Identifier: Apache-2.0
 * Matrix products of whole tensors, for the operators that are made of them. */
#ifndef NESCIO_REFEXEC_MATMUL_H
#define NESCIO_REFEXEC_MATMUL_H
#include "refexec/refexec_internal.h"

/** c[m,n] = a[m,k] b[k,n], all contiguous: F32 (on the pool's workers; NULL: the caller alone),
 * F64, or I64 (wrapping). */
void nescio_matrix_product(nescio_pool *pool, nescio_dtype dtype, int64_t m, int64_t n, int64_t k,
                           const void *a, const void *b, void *c);
/** Shape of MatMul's result. Fails when the operands do not go together. */
NESCIO_MUST_CHECK nescio_status nescio_matmul_shape(const nescio_refexec_call *call,
                                                    const nescio_tensor *a, const nescio_tensor *b,
                                                    int *rank, int64_t *dims);
/** y = MatMul(a, b) of contiguous F32, F64 or I64 tensors; y has the shape above. */
void nescio_matmul(nescio_pool *pool, const nescio_tensor *a, const nescio_tensor *b,
                   nescio_tensor *y);
#endif /* NESCIO_REFEXEC_MATMUL_H */
