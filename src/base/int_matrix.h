/* SPDX-License-Identifier: Apache-2.0
 * A clear integer matrix: weights of a linear step. The integer circuit writes it, the server multiplies by it. */
#ifndef NESCIO_BASE_INT_MATRIX_H
#define NESCIO_BASE_INT_MATRIX_H
#include <stddef.h>
#include <stdint.h>

/** A row-sparse or dense integer matrix, public. Exactly one of dense and columns is set. */
typedef struct nescio_int_matrix {
    uint32_t n_rows, n_columns;
    const int32_t *dense;      /**< [n_rows][n_columns], or NULL */
    const uint32_t *row_start; /**< [n_rows + 1], sparse */
    const uint32_t *columns;   /**< [row_start[n_rows]], increasing in a row */
    const int32_t *weights;    /**< likewise */
} nescio_int_matrix;
#endif /* NESCIO_BASE_INT_MATRIX_H */
