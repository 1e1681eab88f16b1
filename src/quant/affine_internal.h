/* SPDX-License-Identifier: Apache-2.0
 * Affine maps in floats: what an accumulator is, before it has integer weights. Immutable, in an
 * arena. */
#ifndef NESCIO_QUANT_AFFINE_INTERNAL_H
#define NESCIO_QUANT_AFFINE_INTERNAL_H
#include "base/base.h"

/** Nonzeros of one map at most: 1.5 GB. */
#define NESCIO_AFFINE_NONZERO_MAX ((size_t)1 << 27)

/** A row-sparse matrix of doubles; columns increase in a row. */
typedef struct nescio_affine_map {
    size_t n_rows, n_columns;
    const size_t *start;    /**< [n_rows + 1] */
    const uint32_t *column; /**< [start[n_rows]] */
    const double *weight;   /**< likewise */
} nescio_affine_map;

/** constant + sum over terms t of map[t] * base[t]; `count` elements. A base is a tensor known by
 * its number. */
typedef struct nescio_affine {
    size_t count;
    uint32_t n_terms;
    uint32_t *base; /**< increasing */
    nescio_affine_map *map;
    double *constant; /**< [count] */
} nescio_affine;

/* Each returns new; NULL: no memory, or over NESCIO_AFFINE_NONZERO_MAX. */

/** The base itself. */
nescio_affine *nescio_affine_base(nescio_arena *arena, uint32_t base, size_t count);
/** No terms. Copies. */
nescio_affine *nescio_affine_constant(nescio_arena *arena, const double *constant, size_t count);
/** out[i] = index[i] < 0 ? 0 : in[index[i]] */
nescio_affine *nescio_affine_gather(nescio_arena *arena, const nescio_affine *in,
                                    const int64_t *index, size_t count);
/** factor[i] * in[i] + offset[i]; NULL arrays stand for 1 and 0. */
nescio_affine *nescio_affine_scale(nescio_arena *arena, const nescio_affine *in,
                                   const double *factor, const double *offset);
/** a + sign * b */
nescio_affine *nescio_affine_add(nescio_arena *arena, const nescio_affine *a,
                                 const nescio_affine *b, double sign);
/** map * in + offset (NULL: 0). Exact zeros are dropped. */
nescio_affine *nescio_affine_apply(nescio_arena *arena, const nescio_affine_map *map,
                                   const nescio_affine *in, const double *offset);
/** The map of a dense row-major matrix [rows][columns]; zeros are dropped. False: no memory. */
bool nescio_affine_map_dense(nescio_arena *arena, const double *dense, size_t rows, size_t columns,
                             nescio_affine_map *out);
/** out[i] of one row of data: values[base] are the bases' elements. */
void nescio_affine_eval(const nescio_affine *a, const double *const *values, double *out);
#endif /* NESCIO_QUANT_AFFINE_INTERNAL_H */
