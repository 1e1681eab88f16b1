/* SPDX-License-Identifier: Apache-2.0
 * Products with the key, one group of 64 points at a time. Included by rotate_ISA.c after
 * fft_border_internal.h. */
#ifndef NESCIO_KERNELS_ROTATE_PRODUCTS_INTERNAL_H
#define NESCIO_KERNELS_ROTATE_PRODUCTS_INTERNAL_H
#include "kernels/fft_border_internal.h"
#include "kernels/rotate_internal.h"

enum { KEY_DOUBLES = 2 * POINT_VECTOR };
enum { KEY_AHEAD_BYTES = 2048 }; /* a group's key has 4 KB at least */

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

/* Products of one register, LANES points of it, for n_parts accumulators: each vector of the key is
 * loaded once for all of them. `at` is where those points are in a group; `key` points to the first
 * of them. n_columns and n_parts are constants in every call, so that sums stay in registers. */

ALWAYS_INLINE void clear_sums(points sum[][NESCIO_ROTATE_MAX_COLUMNS], unsigned n_columns,
                              unsigned n_parts)
{
    NESCIO_UNROLL
    for (unsigned t = 0; t < n_parts; t++)
        NESCIO_UNROLL
    for (unsigned c = 0; c < n_columns; c++)
        sum[t][c] = (points){lanes_set1(0), lanes_set1(0)};
}

/* sum[t][column] += factor[t] key[column] */
ALWAYS_INLINE void add_products(points sum[][NESCIO_ROTATE_MAX_COLUMNS], const points *factor,
                                const double *key, unsigned n_columns, unsigned n_parts)
{
    NESCIO_UNROLL
    for (unsigned c = 0; c < n_columns; c++) {
        const points k = points_load_once(key + KEY_DOUBLES * c);

        NESCIO_UNROLL
        for (unsigned t = 0; t < n_parts; t++)
            sum[t][c] = points_multiply_add(sum[t][c], factor[t], k);
    }
}

ALWAYS_INLINE void store_sums(const rotate_part *part, size_t at,
                              points sum[][NESCIO_ROTATE_MAX_COLUMNS], unsigned n_columns,
                              unsigned n_parts)
{
    NESCIO_UNROLL
    for (unsigned t = 0; t < n_parts; t++) {
        double *to = part[t].product_points + at;

        NESCIO_UNROLL
        for (unsigned c = 0; c < n_columns; c++)
            points_store(to + (size_t)GROUP_DOUBLES * c, sum[t][c]);
    }
}

/* product[column] = sum_row digits[row] key[row][column] */
ALWAYS_INLINE void multiply_classical(const rotate_step *step, const double *key, size_t at,
                                      unsigned n_columns, unsigned n_parts)
{
    const unsigned n_rows = step->rotation->n_rows;
    const double *from[NESCIO_ROTATE_TOGETHER];
    points sum[NESCIO_ROTATE_TOGETHER][NESCIO_ROTATE_MAX_COLUMNS], d[NESCIO_ROTATE_TOGETHER];

    NESCIO_UNROLL
    for (unsigned t = 0; t < n_parts; t++)
        from[t] = step->part[t].row_points + at;
    clear_sums(sum, n_columns, n_parts);
    for (unsigned row = 0; row < n_rows; row++, key += KEY_DOUBLES * n_columns) {
        NESCIO_UNROLL
        for (unsigned t = 0; t < n_parts; t++)
            d[t] = points_load(from[t] + (size_t)GROUP_DOUBLES * row);
        add_products(sum, d, key, n_columns, n_parts);
    }
    store_sums(step->part, at, sum, n_columns, n_parts);
}

/* product[column] = sum_row digits[row] (sum_j monomial_j key[row][j][column]): keys first. */
ALWAYS_INLINE void multiply_keyed(const rotate_step *step, const double *key, size_t at, unsigned r,
                                  unsigned n_columns, unsigned n_parts)
{
    const unsigned n_rows = step->rotation->n_rows, n_keys = step->rotation->shape.keys;
    const size_t lane = at % POINT_VECTOR;
    points sum[NESCIO_ROTATE_TOGETHER][NESCIO_ROTATE_MAX_COLUMNS];
    points combined[NESCIO_ROTATE_TOGETHER][NESCIO_ROTATE_MAX_COLUMNS];
    points w[NESCIO_ROTATE_TOGETHER];

    clear_sums(sum, n_columns, n_parts);
    for (unsigned row = 0; row < n_rows; row++) {
        clear_sums(combined, n_columns, n_parts);
        for (unsigned j = 0; j < n_keys; j++, key += KEY_DOUBLES * n_columns) {
            NESCIO_UNROLL
            for (unsigned t = 0; t < n_parts; t++)
                w[t] = points_load(step->part[t].monomial_at[r][j] + lane);
            add_products(combined, w, key, n_columns, n_parts);
        }
        NESCIO_UNROLL
        for (unsigned t = 0; t < n_parts; t++) {
            const points d =
                points_load(step->part[t].row_points + (size_t)GROUP_DOUBLES * row + at);

            NESCIO_UNROLL
            for (unsigned c = 0; c < n_columns; c++)
                sum[t][c] = points_multiply_add(sum[t][c], d, combined[t][c]);
        }
    }
    store_sums(step->part, at, sum, n_columns, n_parts);
}

/* product[column] = sum_row sum_j (digits[row] monomial_j) key[row][j][column]: fewer registers
 * and, from four columns on, fewer multiply-adds. */
ALWAYS_INLINE void multiply_keyed_wide(const rotate_step *step, const double *key, size_t at,
                                       unsigned r, unsigned n_columns, unsigned n_parts)
{
    const unsigned n_rows = step->rotation->n_rows, n_keys = step->rotation->shape.keys;
    const size_t lane = at % POINT_VECTOR;
    points sum[NESCIO_ROTATE_TOGETHER][NESCIO_ROTATE_MAX_COLUMNS], e[NESCIO_ROTATE_TOGETHER];

    clear_sums(sum, n_columns, n_parts);
    for (unsigned row = 0; row < n_rows; row++)
        for (unsigned j = 0; j < n_keys; j++, key += KEY_DOUBLES * n_columns) {
            NESCIO_UNROLL
            for (unsigned t = 0; t < n_parts; t++)
                e[t] = points_multiply(
                    points_load(step->part[t].row_points + (size_t)GROUP_DOUBLES * row + at),
                    points_load(step->part[t].monomial_at[r][j] + lane));
            add_products(sum, e, key, n_columns, n_parts);
        }
    store_sums(step->part, at, sum, n_columns, n_parts);
}

/* monomials[key][q] = exp(i pi q/4) t - 1, where t exp(i pi/4 (e rev3(r) mod 8)) is X^e in register
 * r of group g. */
static void monomials_of_group(const nescio_rotation *r, const rotate_part *part, size_t g)
{
    const lanes one = lanes_set1(1.0), s = lanes_set1(0.70710678118654752440);
    const uint32_t turn_mask = 2 * r->fft->poly_size - 1;

    for (unsigned key = 0; key < r->shape.keys; key++) {
        const uint32_t e = part->exponents[key];
        const points group =
            points_set1(r->group_roots + 2 * (size_t)((e * r->group_turns[g]) & turn_mask));
        const double *lane_roots = r->lane_roots + (size_t)KEY_DOUBLES * (e & 63);

        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            double *to = part->monomials + (size_t)8 * KEY_DOUBLES * key + lane;
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

/* All registers of group g. */
ALWAYS_INLINE void multiply_group(const rotate_step *step, size_t g, unsigned n_columns,
                                  unsigned n_parts)
{
    const nescio_rotation *rotation = step->rotation;
    const size_t key_doubles =
        (size_t)KEY_DOUBLES * rotation->n_rows * rotation->shape.keys * n_columns;
    const double *key = step->key + 8 * g * key_doubles;

    for (unsigned r = 0; r < 8; r++, key += key_doubles) {
        if (step->next)
            prefetch_share(step, g, r);
        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            const size_t at = (size_t)KEY_DOUBLES * r + lane;

            if (rotation->shape.classical)
                multiply_classical(step, key + lane, at, n_columns, n_parts);
            else if (n_columns <= 3)
                multiply_keyed(step, key + lane, at, r, n_columns, n_parts);
            else
                multiply_keyed_wide(step, key + lane, at, r, n_columns, n_parts);
        }
    }
}

static void multiply_one(const rotate_step *step, size_t g)
{
    switch (step->rotation->shape.n_columns) {
    case 2: multiply_group(step, g, 2, 1); break;
    case 3: multiply_group(step, g, 3, 1); break;
    case 4: multiply_group(step, g, 4, 1); break;
    case 5: multiply_group(step, g, 5, 1); break;
    case 6: multiply_group(step, g, 6, 1); break;
    default: multiply_group(step, g, 7, 1); break;
    }
}

static void multiply_two(const rotate_step *step, size_t g)
{
    switch (step->rotation->shape.n_columns) {
    case 2: multiply_group(step, g, 2, 2); break;
    case 3: multiply_group(step, g, 3, 2); break;
    default: multiply_group(step, g, 4, 2); break;
    }
}

static __attribute__((noinline)) void forward_row(const nescio_rotation *r, const rotate_part *part,
                                                  unsigned row, size_t g)
{
    forward_group(part->row_points + (size_t)GROUP_DOUBLES * row,
                  part->rows + row * r->row_stride + g * GROUP_DOUBLES,
                  r->fft->last_roots + g * FFT_GROUP_ROOTS);
}

static __attribute__((noinline)) void backward_column(const nescio_rotation *r,
                                                      const rotate_part *part, unsigned c, size_t g)
{
    backward_group(part->rows + c * r->row_stride + g * GROUP_DOUBLES,
                   part->product_points + (size_t)GROUP_DOUBLES * c,
                   r->fft->last_roots + g * FFT_GROUP_ROOTS);
}

/* The beginning of group g's key, into the first-level cache: its products start at once. */
static void prefetch_key(const rotate_step *step, size_t g)
{
    const nescio_rotation *r = step->rotation;
    const double *key =
        step->key + g * GROUP_DOUBLES * r->n_rows * r->shape.keys * r->shape.n_columns;

    for (size_t at = 0; at < KEY_AHEAD_BYTES; at += 64)
        __builtin_prefetch((const char *)key + at, 0, 3);
}

/* Groups first ... first + count - 1: last forward pass of every row, products, first backward pass
 * of every column. While group g goes backward, group g + 1 goes forward: neighbours in the
 * instruction stream do not wait for each other. */
static void product_groups(const rotate_step *step, size_t first, size_t count)
{
    const nescio_rotation *r = step->rotation;
    const rotate_part *end = step->part + step->n_parts;

    for (unsigned row = 0; row < r->n_rows; row++)
        for (const rotate_part *part = step->part; part < end; part++)
            forward_row(r, part, row, first);
    for (size_t g = first; g < first + count; g++) {
        const bool more = g + 1 < first + count;

        for (const rotate_part *part = step->part; part < end && !r->shape.classical; part++)
            monomials_of_group(r, part, g);
        if (step->n_parts == 2)
            multiply_two(step, g);
        else
            multiply_one(step, g);
        if (more)
            prefetch_key(step, g + 1);
        for (unsigned row = 0; row < r->n_rows; row++)
            for (const rotate_part *part = step->part; part < end; part++) {
                if (more)
                    forward_row(r, part, row, g + 1);
                if (row < r->shape.n_columns)
                    backward_column(r, part, row, g);
            }
    }
}
#endif /* NESCIO_KERNELS_ROTATE_PRODUCTS_INTERNAL_H */
