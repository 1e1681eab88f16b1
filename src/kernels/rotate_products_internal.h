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

/* Asks for one eighth of group g's share of the memory that the caller will read next: little by
 * little, because only so many requests can be under way. */
ALWAYS_INLINE void prefetch_share(const rotate_step *step, size_t g, unsigned eighth)
{
    const size_t share = step->next_per_group;
    const char *p = step->next + g * share + share * eighth / 8;
    const char *end = step->next + g * share + share * (eighth + 1) / 8;

    if (step->next_is_soon)
        for (; p < end; p += 64)
            __builtin_prefetch(p, 0, 3); /* first-level cache */
    else
        for (; p < end; p += 64)
            __builtin_prefetch(p, 0, 2);
}

/* Register r of the products, LANES points of it: to[column] = sum_row from[row] key[row][column].
 * `from`, `to` and `key` point to the first of those points. */
ALWAYS_INLINE void multiply_classical(double *to, const double *from, const double *key,
                                      unsigned n_rows, unsigned n_columns)
{
    points sum[NESCIO_ROTATE_MAX_COLUMNS];

    NESCIO_UNROLL
    for (unsigned c = 0; c < n_columns; c++)
        sum[c] = (points){lanes_set1(0), lanes_set1(0)};
    for (unsigned row = 0; row < n_rows;
         row++, from += GROUP_DOUBLES, key += KEY_DOUBLES * n_columns) {
        const points d = points_load(from);

        NESCIO_UNROLL
        for (unsigned c = 0; c < n_columns; c++)
            sum[c] = points_multiply_add(sum[c], d, points_load_once(key + KEY_DOUBLES * c));
    }
    NESCIO_UNROLL
    for (unsigned c = 0; c < n_columns; c++)
        points_store(to + (size_t)GROUP_DOUBLES * c, sum[c]);
}

/* to[column] = sum_row from[row] (sum_j monomial_j key[row][j][column]) */
ALWAYS_INLINE void multiply_keyed(double *to, const double *from, const double *key, size_t lane,
                                  const double *const *monomials, unsigned n_keys, unsigned n_rows,
                                  unsigned n_columns)
{
    points sum[NESCIO_ROTATE_MAX_COLUMNS], combined[NESCIO_ROTATE_MAX_COLUMNS];

    NESCIO_UNROLL
    for (unsigned c = 0; c < n_columns; c++)
        sum[c] = (points){lanes_set1(0), lanes_set1(0)};
    for (unsigned row = 0; row < n_rows; row++, from += GROUP_DOUBLES) {
        const points d = points_load(from);

        NESCIO_UNROLL
        for (unsigned c = 0; c < n_columns; c++)
            combined[c] = (points){lanes_set1(0), lanes_set1(0)};
        for (unsigned j = 0; j < n_keys; j++, key += KEY_DOUBLES * n_columns) {
            const points w = points_load(monomials[j] + lane);

            NESCIO_UNROLL
            for (unsigned c = 0; c < n_columns; c++)
                combined[c] =
                    points_multiply_add(combined[c], w, points_load_once(key + KEY_DOUBLES * c));
        }
        NESCIO_UNROLL
        for (unsigned c = 0; c < n_columns; c++)
            sum[c] = points_multiply_add(sum[c], d, combined[c]);
    }
    NESCIO_UNROLL
    for (unsigned c = 0; c < n_columns; c++)
        points_store(to + (size_t)GROUP_DOUBLES * c, sum[c]);
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

/* All registers of group g, whose key starts at `key`. n_keys = 0: classical. */
ALWAYS_INLINE void multiply_group(const rotate_step *step, size_t g, const double *key,
                                  unsigned n_keys, unsigned n_rows, unsigned n_columns)
{
    const size_t key_doubles = (size_t)KEY_DOUBLES * n_rows * n_columns * (n_keys ? n_keys : 1);

    for (unsigned r = 0; r < 8; r++, key += key_doubles) {
        if (step->next)
            prefetch_share(step, g, r);
        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            const size_t at = (size_t)KEY_DOUBLES * r + lane;

            if (n_keys == 0) {
                multiply_classical(step->product_points + at, step->row_points + at, key + lane,
                                   n_rows, n_columns);
                continue;
            }
            multiply_keyed(step->product_points + at, step->row_points + at, key + lane, lane,
                           step->monomial_at[r], n_keys, n_rows, n_columns);
        }
    }
}

ALWAYS_INLINE void forward_row(const rotate_step *step, unsigned row, size_t g)
{
    const nescio_rotation *r = step->rotation;

    forward_group(step->row_points + (size_t)GROUP_DOUBLES * row,
                  step->rows + row * r->row_stride + g * GROUP_DOUBLES,
                  r->fft->last_roots + g * GROUP_POINTS);
}

/* Groups first ... first + count - 1: last forward pass of every row, products, first backward pass
 * of every column. While group g goes backward, group g + 1 goes forward: neighbours in the
 * instruction stream do not wait for each other. */
ALWAYS_INLINE void product_groups(const rotate_step *step, size_t first, size_t count,
                                  unsigned n_keys, unsigned n_rows, unsigned n_columns)
{
    const nescio_rotation *r = step->rotation;
    const double *roots = r->fft->last_roots;

    for (unsigned row = 0; row < n_rows; row++)
        forward_row(step, row, first);
    for (size_t g = first; g < first + count; g++) {
        const bool more = g + 1 < first + count;

        if (n_keys > 0)
            monomials_of_group(step, g);
        multiply_group(step, g, step->key + g * GROUP_DOUBLES * n_rows * n_columns * r->shape.keys,
                       n_keys, n_rows, n_columns);
        for (unsigned c = 0; c < n_columns; c++) {
            if (more)
                forward_row(step, c, g + 1);
            backward_group(step->rows + c * r->row_stride + g * GROUP_DOUBLES,
                           step->product_points + (size_t)GROUP_DOUBLES * c,
                           roots + g * GROUP_POINTS);
        }
        for (unsigned row = n_columns; more && row < n_rows; row++)
            forward_row(step, row, g + 1);
    }
}
#endif /* NESCIO_KERNELS_ROTATE_PRODUCTS_INTERNAL_H */
