/* SPDX-License-Identifier: Apache-2.0
 * One step of blind rotation: external product, fused from the accumulator's words and back.
 *
 * A step multiplies a GLWE accumulator of k+1 polynomials by X^(sum of exponents times key bits)
 * for one group of key bits. Classical (one key bit s, exponent e):    acc += GGSW(s) x (X^e - 1)
 * acc Otherwise (`keys` GGSW, exponents e_j):   acc += sum_j (X^(e_j) - 1) GGSW_j x acc, where x is
 * the external product: digits of the accumulator in base 2^b (l levels, balanced), forward
 * transforms, products with the key, backward transforms. The second form decomposes once for all
 * keys and multiplies by X^e - 1 in the frequency domain.
 *
 * The key of a group is one block in the order of consumption [group of 64
 * points][register][row][key][column][re 8|im 8], row = polynomial * l + level: the step reads it
 * once from end to end. */
#ifndef NESCIO_KERNELS_ROTATE_H
#define NESCIO_KERNELS_ROTATE_H
#include "kernels/fft.h"

enum {
    NESCIO_ROTATE_MAX_COLUMNS = 7,
    NESCIO_ROTATE_MAX_LEVELS = 4,
    NESCIO_ROTATE_MAX_KEYS = 8,
    NESCIO_ROTATE_TOGETHER = 2, /* accumulators in a step, at most */
};

typedef struct nescio_rotation_shape {
    uint32_t n_columns; /**< k + 1, 2 ... 7 */
    uint32_t levels;    /**< l, 1 ... 4 */
    uint32_t base_log;  /**< b; l b <= torus_log, b <= 31 */
    uint32_t torus_log; /**< 32 or 64: word of accumulators */
    uint32_t keys;      /**< GGSW in a group, 1 ... 8 */
    bool classical;     /**< the first form; keys = 1 */
} nescio_rotation_shape;

/** Tables and kernels for one shape. Borrows the FFT. Read-only after set-up: threads share it. */
typedef struct nescio_rotation nescio_rotation;

/** Returns new, for the FFT's instruction set and N. NESCIO_E_ARG for a shape outside the limits
 * above. */
NESCIO_MUST_CHECK nescio_status nescio_rotation_new(nescio_ctx *ctx, const nescio_fft *fft,
                                                    nescio_rotation_shape shape,
                                                    nescio_rotation **out);
/** Accepts NULL. */
void nescio_rotation_free(nescio_rotation *rotation);

/** Doubles of one group's key block. */
size_t nescio_rotation_block_doubles(const nescio_rotation *rotation);
/** Fills row `row` of GGSW `key` of a block from its k+1 polynomials, torus words of 64 bits.
 * scratch: N doubles. */
void nescio_rotation_pack_row(const nescio_rotation *rotation, double *block, uint32_t key,
                              uint32_t row, const uint64_t *glwe, double *scratch);

/** Bytes of a padded accumulator, and the copies between it and k+1 polynomials of N words. */
size_t nescio_rotation_acc_bytes(const nescio_rotation *rotation);
void nescio_rotation_acc_load(const nescio_rotation *rotation, void *padded, const void *acc);
void nescio_rotation_acc_store(const nescio_rotation *rotation, void *acc, const void *padded);

/** Bytes of scratch of a step, 64-byte aligned. */
size_t nescio_rotation_scratch_bytes(const nescio_rotation *rotation);
/** Memory that the caller will read next: a step prefetches it between its products. */
typedef struct nescio_prefetch {
    const void *next; /**< or NULL */
    size_t bytes;
    bool soon; /**< within this very step: into the first-level cache, not the second */
} nescio_prefetch;

/** One accumulator's part in a step. */
typedef struct nescio_rotation_part {
    void *padded;
    uint32_t exponents[NESCIO_ROTATE_MAX_KEYS]; /**< of the group's keys, in [0, 2N) */
} nescio_rotation_part;

/** How many accumulators a step takes at best, 1 or 2: they share each vector of the key that is
 * loaded. */
unsigned nescio_rotation_together(const nescio_rotation *rotation);
/** One step in place, of 1 to nescio_rotation_together() accumulators; the result does not depend
 * on the company. Time depends on exponents, which are public. */
void nescio_rotation_step(const nescio_rotation *rotation, const nescio_rotation_part *parts,
                          unsigned n_parts, const double *block, nescio_prefetch prefetch,
                          void *scratch);
#endif /* NESCIO_KERNELS_ROTATE_H */
