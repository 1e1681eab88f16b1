/* SPDX-License-Identifier: Apache-2.0
 * Several operands in step over one shape, each with strides of its own. */
#ifndef NESCIO_TENSOR_WALK_H
#define NESCIO_TENSOR_WALK_H
#include "tensor/tensor.h"

#define NESCIO_WALK_MAX 4

/** Rows of a common shape: innermost axis as (n, step), the others as an odometer. */
typedef struct nescio_walk {
    int rank, n_operands;
    int64_t dims[NESCIO_RANK_MAX];
    int64_t stride[NESCIO_WALK_MAX][NESCIO_RANK_MAX]; /**< in elements */
    int64_t index[NESCIO_RANK_MAX];
    int64_t at[NESCIO_WALK_MAX];   /**< element offset of the row in operand k */
    int64_t step[NESCIO_WALK_MAX]; /**< stride inside the row */
    int64_t n;                     /**< elements of a row */
} nescio_walk;

/** Common broadcast shape of `n` tensors (entries may be NULL). False: they do not broadcast. */
bool nescio_broadcast_shape(const nescio_tensor *const *t, size_t n, int *rank, int64_t *dims);
/** Row-major strides of dims, in elements. */
void nescio_row_major(int rank, const int64_t *dims, int64_t *stride);

void nescio_walk_init(nescio_walk *w, int rank, const int64_t *dims);
/** Adds a contiguous operand that broadcasts (right-aligned) to the walk's shape. */
void nescio_walk_add(nescio_walk *w, const nescio_tensor *t);
/** Adds an operand with strides of its own, one for each axis of the walk. */
void nescio_walk_add_strides(nescio_walk *w, const int64_t *stride);
/** Merges axes that lie one behind the other in all operands, then stands on the first row. False:
 * no element. */
bool nescio_walk_start(nescio_walk *w);
/** Next row; false after the last. */
bool nescio_walk_next(nescio_walk *w);

/** dst = src over `dims`, each through its strides; elements of `size` bytes (1, 2, 4 or 8).
 * Transposes go in tiles that fit the cache. dst and src do not overlap. */
void nescio_copy_strided(size_t size, int rank, const int64_t *dims, void *dst,
                         const int64_t *dst_stride, const void *src, const int64_t *src_stride);
#endif /* NESCIO_TENSOR_WALK_H */
