/* SPDX-License-Identifier: Apache-2.0
 * The integer product of a key switch: digits (signed bytes) times a key of 24- or 32-bit words,
 * batched.
 *
 * Exact: every instruction set gives the same bits. The key's layout belongs to the table that
 * wrote it. Fast tables keep the key in byte planes, four rows a 32-bit lane, so that one u8 x s8
 * dot-product instruction does 64 products of a plane. All data are public. Kernels never allocate,
 * fail, lock or log. */
#ifndef NESCIO_KERNELS_KEYSWITCH_H
#define NESCIO_KERNELS_KEYSWITCH_H
#include "base/isa.h"

#include <stddef.h>
#include <stdint.h>

#define NESCIO_KEYSWITCH_ROWS    4  /**< rows are set in groups of four */
#define NESCIO_KEYSWITCH_COLUMNS 16 /**< outputs are padded to a multiple of this */

typedef struct nescio_keyswitch_shape {
    size_t n_rows;        /**< digits of an input; a multiple of 4 */
    size_t n_columns;     /**< words of an output */
    unsigned modulus_log; /**< 24 or 32 */
    unsigned base_log;    /**< digits lie in [-2^(base_log-1), 2^(base_log-1)); at most 7 */
} nescio_keyswitch_shape;

typedef struct nescio_keyswitch_kernels {
    /** Bytes of a key, a multiple of 64; keys are 64-byte aligned and start as zeros. */
    size_t (*key_bytes)(const nescio_keyswitch_shape *shape);
    /** Sets rows 4 i_group ... + 3 from four arrays of n_columns words. Threads may set different
     * groups. */
    void (*set_rows)(void *key, const nescio_keyswitch_shape *shape, size_t i_group,
                     const uint32_t *const rows[4]);
    /** out[t][c] = sum_r digits[t][r] key[r][c] mod 2^modulus_log, for t < count and c < n_columns;
     * columns up to the next multiple of 16 are written with values of no meaning. Rows of out are
     * out_stride words apart, of digits digit_stride bytes; out is 64-byte aligned and out_stride a
     * multiple of 16, digit_stride a multiple of 4. */
    void (*product)(uint32_t *out, size_t out_stride, const void *key,
                    const nescio_keyswitch_shape *shape, const int8_t *digits, size_t digit_stride,
                    size_t count);
    /** Balanced digits of n words (n a multiple of 16, a 64-byte aligned): each word is rounded to
     * its top levels * base_log <= 31 bits; digit of level j (0: most significant) of word i goes
     * to digits[j * n + i]. Returns the sum of (word - rounded word), each in [-half step, half
     * step), units of 2^-32. */
    int64_t (*digits)(int8_t *digits, const uint32_t *a, size_t n, unsigned levels,
                      unsigned base_log);
} nescio_keyswitch_kernels;

/** Fill *k for one instruction set, which nescio_isa_detect() must reach. */
void nescio_keyswitch_kernels_for(nescio_isa isa, nescio_keyswitch_kernels *k);
#endif /* NESCIO_KERNELS_KEYSWITCH_H */
