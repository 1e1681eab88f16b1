/* SPDX-License-Identifier: Apache-2.0
 * Float matrix products behind one door.
 *
 * In: row-major matrices. Out: C := alpha * op(A) op(B) + beta * C. Two implementations, chosen at
 * link time by the build option `blas`: our own blocked loops (the default), for the widest vectors
 * that the machine has and $NESCIO_ISA allows, or any CBLAS with its own threads off. Neither
 * allocates or fails.
 *
 * Our own gives each element of C the same bits on every machine, with every instruction set, for
 * every number of threads and however rows are cut into calls: products are summed in the order of
 * k, in runs of 256, without fused multiply-add, and each run is scaled by alpha and added. Files
 * made from calibration data are reproducible because of that. CBLAS promises no bits.
 *
 * Knows no tensor and no model.
 */
#ifndef NESCIO_LINALG_LINALG_H
#define NESCIO_LINALG_LINALG_H
#include "base/base.h"

/** C := alpha * op(A) op(B) + beta * C with op(A) m x k, op(B) k x n, C m x n; op transposes where
 * asked. lda, ldb, ldc: elements from one stored row to the next, at least the stored row's length.
 * C overlaps neither A nor B. With beta 0, C is written without being read; with m or n 0 nothing
 * happens; k may be 0. Sizes below 2^31. */
void nescio_gemm_f32(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, float alpha,
                     const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c,
                     size_t ldc);
void nescio_gemm_f64(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, double alpha,
                     const double *a, size_t lda, const double *b, size_t ldb, double beta,
                     double *c, size_t ldc);

/** The same on the workers of a pool (NULL: the caller alone), which take blocks of C. */
void nescio_gemm_f32_parallel(nescio_pool *pool, bool trans_a, bool trans_b, size_t m, size_t n,
                              size_t k, float alpha, const float *a, size_t lda, const float *b,
                              size_t ldb, float beta, float *c, size_t ldc);
#endif /* NESCIO_LINALG_LINALG_H */
