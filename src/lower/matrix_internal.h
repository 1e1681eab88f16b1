/* SPDX-License-Identifier: Apache-2.0
 * Integer matrices built row by row: what folding gathers and merging linear gates are made of. */
#ifndef NESCIO_LOWER_MATRIX_INTERNAL_H
#define NESCIO_LOWER_MATRIX_INTERNAL_H
#include "base/base.h"
#include "base/int_matrix.h"

/** A matrix in the making. Zero-initialise through nescio_matrix_builder_init. */
typedef struct nescio_matrix_builder {
    size_t n_rows, n_columns, row; /**< rows so far */
    int64_t *sum;                  /**< [n_columns] of the row being made */
    uint32_t *touched;             /**< columns of it */
    bool *seen;
    size_t n_touched;
    uint32_t *start; /**< [n_rows + 1] */
    uint32_t *column;
    int32_t *weight;
    size_t n, capacity;
    bool bad;  /**< no memory */
    bool wide; /**< a weight does not fit 32 bits */
} nescio_matrix_builder;

/** bad is set when there is no memory; deinit in any case. */
void nescio_matrix_builder_init(nescio_matrix_builder *b, size_t n_rows, size_t n_columns);
void nescio_matrix_builder_deinit(nescio_matrix_builder *b);
/** Adds to the current row. */
void nescio_matrix_builder_add(nescio_matrix_builder *b, uint32_t column, int64_t weight);
void nescio_matrix_builder_end_row(nescio_matrix_builder *b);
/** Into the arena, dense where a quarter of it is set. False: bad or wide. */
bool nescio_matrix_builder_finish(nescio_matrix_builder *b, nescio_arena *arena,
                                  nescio_int_matrix *out);

/** Entries of a row: n columns and weights; columns is NULL when they are 0 ... n - 1. */
size_t nescio_int_matrix_row(const nescio_int_matrix *m, size_t row, const uint32_t **columns,
                             const int32_t **weights);
/** Nonzero weights. */
size_t nescio_int_matrix_nonzero(const nescio_int_matrix *m);
#endif /* NESCIO_LOWER_MATRIX_INTERNAL_H */
