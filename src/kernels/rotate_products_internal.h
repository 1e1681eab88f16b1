/* SPDX-License-Identifier: Apache-2.0
 * Products with the key, one group of 64 points at a time. Included by rotate_ISA.c after
 * fft_border_internal.h.
 *
 * n_columns is a constant in every call, so that sums stay in registers. */
#ifndef NESCIO_KERNELS_ROTATE_PRODUCTS_INTERNAL_H
#define NESCIO_KERNELS_ROTATE_PRODUCTS_INTERNAL_H
#include "kernels/fft_border_internal.h"
#include "kernels/rotate_internal.h"

enum { KEY_DOUBLES = 2 * POINT_VECTOR };

/* to[column] = sum_row from[row] key[row][column] */
ALWAYS_INLINE const double *products_classical(double *to, const double *from, const double *key,
                                               unsigned n_rows, unsigned n_columns)
{
    points sum[NESCIO_ROTATE_MAX_COLUMNS];

    for (unsigned r = 0; r < 8; r++, key += (size_t)KEY_DOUBLES * n_rows * n_columns)
        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            const double *k = key + lane;

#pragma GCC unroll 7
            for (unsigned c = 0; c < n_columns; c++)
                sum[c] = (points){lanes_set1(0), lanes_set1(0)};
            for (unsigned row = 0; row < n_rows; row++) {
                const points d =
                    points_load(from + (size_t)GROUP_DOUBLES * row + KEY_DOUBLES * r + lane);
#pragma GCC unroll 7
                for (unsigned c = 0; c < n_columns; c++, k += KEY_DOUBLES)
                    sum[c] = points_multiply_add(sum[c], d, points_load(k));
            }
#pragma GCC unroll 7
            for (unsigned c = 0; c < n_columns; c++)
                points_store(to + (size_t)GROUP_DOUBLES * c + KEY_DOUBLES * r + lane, sum[c]);
        }
    return key;
}

/* monomials[key][q] = exp(i pi q/4) t - 1, where t exp(i pi/4 (e rev3(r) mod 8)) is X^e in register
 * r of group g. */
ALWAYS_INLINE void monomials_of_group(const rotate_step *step, size_t g)
{
    const nescio_rotation *r = step->rotation;
    const lanes one = lanes_set1(1.0), s = lanes_set1(0.70710678118654752440);
    const uint32_t turn_mask = 2 * r->fft->poly_size - 1;

    for (unsigned key = 0; key < r->shape.keys; key++) {
        const uint32_t e = step->exponents[key];
        const points group =
            points_set1(r->group_roots + 2 * (size_t)((e * r->group_turns[g]) & turn_mask));
        const double *lane_roots = r->lane_roots + (size_t)KEY_DOUBLES * (e & 63);

        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            double *to = step->monomials + (size_t)8 * KEY_DOUBLES * key + lane;
            const points t = points_multiply(group, points_load(lane_roots + lane));
            const lanes sum = s * (t.re + t.im), difference = s * (t.re - t.im);

            points_store(to, (points){t.re - one, t.im});
            points_store(to + 1 * KEY_DOUBLES, (points){difference - one, sum});
            points_store(to + 2 * KEY_DOUBLES, (points){-t.im - one, t.re});
            points_store(to + 3 * KEY_DOUBLES, (points){-sum - one, difference});
            points_store(to + 4 * KEY_DOUBLES, (points){-t.re - one, -t.im});
            points_store(to + 5 * KEY_DOUBLES, (points){-difference - one, -sum});
            points_store(to + 6 * KEY_DOUBLES, (points){t.im - one, -t.re});
            points_store(to + 7 * KEY_DOUBLES, (points){sum - one, -difference});
        }
    }
}

/* to[column] = sum_row from[row] (sum_key (X^e - 1) key[row][key][column]) */
ALWAYS_INLINE const double *products_keyed(const rotate_step *step, double *to, const double *from,
                                           const double *key, unsigned n_rows, unsigned n_columns)
{
    static const uint8_t rev3[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    const unsigned n_keys = step->rotation->shape.keys;
    points sum[NESCIO_ROTATE_MAX_COLUMNS], combined[NESCIO_ROTATE_MAX_COLUMNS];
    const double *monomials[NESCIO_ROTATE_MAX_KEYS];

    for (unsigned r = 0; r < 8; r++, key += (size_t)KEY_DOUBLES * n_rows * n_keys * n_columns) {
        for (unsigned j = 0; j < n_keys; j++)
            monomials[j] = step->monomials +
                           (size_t)KEY_DOUBLES * (8 * j + (step->exponents[j] * rev3[r] & 7));
        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            const double *k = key + lane;

#pragma GCC unroll 7
            for (unsigned c = 0; c < n_columns; c++)
                sum[c] = (points){lanes_set1(0), lanes_set1(0)};
            for (unsigned row = 0; row < n_rows; row++) {
                const points d =
                    points_load(from + (size_t)GROUP_DOUBLES * row + KEY_DOUBLES * r + lane);
#pragma GCC unroll 7
                for (unsigned c = 0; c < n_columns; c++)
                    combined[c] = (points){lanes_set1(0), lanes_set1(0)};
                for (unsigned j = 0; j < n_keys; j++) {
                    const points w = points_load(monomials[j] + lane);
#pragma GCC unroll 7
                    for (unsigned c = 0; c < n_columns; c++, k += KEY_DOUBLES)
                        combined[c] = points_multiply_add(combined[c], w, points_load(k));
                }
#pragma GCC unroll 7
                for (unsigned c = 0; c < n_columns; c++)
                    sum[c] = points_multiply_add(sum[c], d, combined[c]);
            }
#pragma GCC unroll 7
            for (unsigned c = 0; c < n_columns; c++)
                points_store(to + (size_t)GROUP_DOUBLES * c + KEY_DOUBLES * r + lane, sum[c]);
        }
    }
    return key;
}

/* Groups first ... first + count - 1: last forward pass of every row, products, first backward pass
 * of every column. */
ALWAYS_INLINE void product_groups(const rotate_step *step, size_t first, size_t count,
                                  unsigned n_rows, unsigned n_columns, bool classical)
{
    const nescio_rotation *r = step->rotation;
    const nescio_fft *fft = r->fft;
    const double *key = step->key + first * GROUP_DOUBLES * n_rows * n_columns * r->shape.keys;

    for (size_t g = first; g < first + count; g++) {
        if (step->next)
            for (size_t byte = 0; byte < step->next_per_group; byte += 64)
                __builtin_prefetch(step->next + g * step->next_per_group + byte, 0, 2);
        for (unsigned row = 0; row < n_rows; row++)
            forward_group(step->row_points + (size_t)GROUP_DOUBLES * row,
                          step->rows + row * r->row_stride + g * GROUP_DOUBLES,
                          fft->forward_last + g * GROUP_POINTS);
        if (classical)
            key =
                products_classical(step->product_points, step->row_points, key, n_rows, n_columns);
        else {
            monomials_of_group(step, g);
            key = products_keyed(step, step->product_points, step->row_points, key, n_rows,
                                 n_columns);
        }
        for (unsigned c = 0; c < n_columns; c++)
            backward_group(step->rows + c * r->row_stride + g * GROUP_DOUBLES,
                           step->product_points + (size_t)GROUP_DOUBLES * c);
    }
}
#endif /* NESCIO_KERNELS_ROTATE_PRODUCTS_INTERNAL_H */
