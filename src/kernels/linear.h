/* SPDX-License-Identifier: Apache-2.0
 * Integer combinations of rows of torus words: what a linear layer does to LWE ciphertexts.
 *
 * out[r][w] (+)= sum_i weights[r * ld + i] * in[i'][w] mod 2^32 or 2^64, for r < n_rows, w < width,
 * where i' = columns[i], or i when columns is NULL; n_terms terms a row. width is rounded up to a
 * multiple of 64 bytes (words of padding are written); rows of in and out are stride words apart,
 * 64-byte aligned, and do not overlap. Exact: every instruction set gives the same bits. */
#ifndef NESCIO_KERNELS_LINEAR_H
#define NESCIO_KERNELS_LINEAR_H
#include "base/isa.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Shape and pointers of one call. */
typedef struct nescio_linear_block {
    void *out;      /**< uint32_t or uint64_t */
    const void *in; /**< likewise */
    size_t out_stride, in_stride;
    size_t width;  /**< words of a row */
    size_t n_rows; /**< rows of out; 1 where columns are given */
    const int32_t *weights;
    size_t ld; /**< weights between rows */
    const uint32_t *columns;
    size_t n_terms;
    bool accumulate; /**< adds to out; else writes */
} nescio_linear_block;

typedef struct nescio_linear_kernels {
    void (*rows32)(const nescio_linear_block *b);
    void (*rows64)(const nescio_linear_block *b);
} nescio_linear_kernels;

/** Fill *k for one instruction set, which nescio_isa_detect() must reach. */
void nescio_linear_kernels_for(nescio_isa isa, nescio_linear_kernels *k);
#endif /* NESCIO_KERNELS_LINEAR_H */
