/* SPDX-License-Identifier: Apache-2.0
 * What a step of blind rotation works with. */
#ifndef NESCIO_KERNELS_ROTATE_INTERNAL_H
#define NESCIO_KERNELS_ROTATE_INTERNAL_H
#include "kernels/fft_internal.h"
#include "kernels/rotate.h"

/* A polynomial of an accumulator is followed by 64 bytes that hold its first coefficients negated:
 * X^N = -1, so a rotated polynomial can be read by unaligned loads that run over the end. */
enum { ROTATE_PAD_BYTES = 64 };
/* Doubles between the transforms of two rows beyond 2 N/2: keeps them out of the same cache sets.
 */
enum { ROTATE_ROW_PAD = 32 };
/* Two accumulators go together up to so many columns: the sums of more would not fit in registers.
 */
enum { ROTATE_TOGETHER_COLUMNS = 4 };

/* One accumulator's part in a step: its arguments and its scratch, cut up. */
typedef struct rotate_part {
    void *acc; /**< padded */
    const uint32_t *exponents;
    double *rows;       /**< transforms, row_stride apart; the first k+1 are also the products */
    double *row_points; /**< [row][128]: one group of every row */
    double *product_points; /**< [column][128] */
    double *monomials; /**< [key][8 rotations][16]: X^e - 1 at the points of a group, times powers
                          of exp(i pi/4) */
    /** [register][key]: which of a key's 8 rotations stands for X^e in that register. */
    const double *monomial_at[8][NESCIO_ROTATE_MAX_KEYS];
} rotate_part;

typedef struct rotate_step {
    const nescio_rotation *rotation;
    const double *key;
    bool next_is_soon;
    const char *next;      /**< to prefetch, or NULL */
    size_t next_per_group; /**< bytes of it for each group of 64 points */
    int32_t *digits;       /**< [level][N] of one polynomial */
    unsigned n_parts;
    rotate_part part[NESCIO_ROTATE_TOGETHER];
} rotate_step;

typedef struct nescio_rotate_kernels {
    void (*step)(const rotate_step *step);
    unsigned together; /**< accumulators that a step takes at most */
} nescio_rotate_kernels;

void nescio_rotate_use_scalar(nescio_rotate_kernels *k);
void nescio_rotate_use_avx2(nescio_rotate_kernels *k);
void nescio_rotate_use_avx512(nescio_rotate_kernels *k);

struct nescio_rotation {
    const nescio_fft *fft; /**< borrowed */
    nescio_rotation_shape shape;
    uint32_t n_rows;    /**< (k+1) l */
    bool near_words;    /**< products stay below 2^63 units of 2^-32 */
    size_t row_stride;  /**< doubles */
    size_t poly_stride; /**< words of a padded polynomial */
    nescio_rotate_kernels kernels;
    /* X^e at point (group g, register r, lane i) = group_roots[e (1 + 4 rev(g)) mod 2N] *
     * lane_roots[e mod 64][i] * exp(i pi/4 * (e rev3(r) mod 8)), rev = bit reversal. */
    const double *group_roots;   /**< [2N]: (cos, sin) of pi e / N */
    const double *lane_roots;    /**< [64][8 cos | 8 sin] of 2 pi e rev3(i) / 64 */
    const uint32_t *group_turns; /**< [N/128]: 1 + 4 rev(g) */
    void *tables;                /**< owns them */
    size_t tables_bytes;
};

#endif /* NESCIO_KERNELS_ROTATE_INTERNAL_H */
