/* SPDX-License-Identifier: Apache-2.0
 * Butterflies and passes of the FFT, written once in `lanes`. Included after lanes_ISA_internal.h
 * by fft_ISA.c and rotate_ISA.c. Layout of points: lanes_internal.h; tables: fft_internal.h. */
#ifndef NESCIO_KERNELS_FFT_PASSES_INTERNAL_H
#define NESCIO_KERNELS_FFT_PASSES_INTERNAL_H
#include "kernels/fft_internal.h"
#include "kernels/lanes_internal.h"

/* So many points (16 bytes each) stay in the first-level cache while all their passes run. Fewer
 * would be slower: a pass waits for the one before it, and long passes hide that. */
enum { CACHED_POINTS = 1024 };

/* A pass evaluates blocks of 2^r points at 2^r points: X^h = w s for the block's root w and s = 1,
 * -1, i, -i, then (radix 8) z, -z, iz, -iz with z = exp(i pi/4). So point k is multiplied by w^k,
 * and what follows has no other factor than sqrt(1/2): a shorter way from load to store than a
 * product in each layer. */

typedef enum roots_kind { ONE_A_BLOCK, ONE_A_LANE } roots_kind;

/* w^k for k > 0. */
ALWAYS_INLINE points load_root(const double *roots, unsigned k, roots_kind kind)
{
    return kind == ONE_A_BLOCK ? points_set1(roots + 2 * (k - 1))
                               : points_load(roots + (size_t)2 * POINT_VECTOR * (k - 1));
}

/* (a, b) <- (a + b, a - b) */
ALWAYS_INLINE void cross(points *a, points *b)
{
    const points p = *b;

    *b = (points){a->re - p.re, a->im - p.im};
    *a = (points){a->re + p.re, a->im + p.im};
}

/* (a, b) <- (a + i b, a - i b) */
ALWAYS_INLINE void cross_i(points *a, points *b)
{
    const points p = *b;

    *b = (points){a->re + p.im, lanes_minus(a->im, p.re)};
    *a = (points){lanes_minus(a->re, p.im), a->im + p.re};
}

/* (a, b) <- (a + s b, a - s b), s = sqrt(1/2) */
ALWAYS_INLINE void cross_s(points *a, points *b)
{
    const lanes s = lanes_set1(0.70710678118654752440);
    const points p = *b, q = *a;

    *b = (points){lanes_fnma(s, p.re, q.re), lanes_fnma(s, p.im, q.im)};
    *a = (points){lanes_fma(s, p.re, q.re), lanes_fma(s, p.im, q.im)};
}

/* (1 + i) x and (1 - i) x */
ALWAYS_INLINE points turn_left(points x)
{
    return (points){lanes_minus(x.re, x.im), x.re + x.im};
}

ALWAYS_INLINE points turn_right(points x)
{
    return (points){x.re + x.im, lanes_minus(x.im, x.re)};
}

/* (a, b) <- (a + b, -i (a - b)) */
ALWAYS_INLINE void join_i(points *a, points *b)
{
    const points p = *b;

    *b = (points){lanes_minus(a->im, p.im), lanes_minus(p.re, a->re)};
    *a = (points){a->re + p.re, a->im + p.im};
}

/* Three layers of the tree on 8 blocks. */
ALWAYS_INLINE void forward8(points x[8], const double *roots, roots_kind kind)
{
    x[1] = points_multiply(x[1], load_root(roots, 1, kind));
    x[2] = points_multiply(x[2], load_root(roots, 2, kind));
    x[3] = points_multiply(x[3], load_root(roots, 3, kind));
    x[4] = points_multiply(x[4], load_root(roots, 4, kind));
    x[5] = points_multiply(x[5], load_root(roots, 5, kind));
    x[6] = points_multiply(x[6], load_root(roots, 6, kind));
    x[7] = points_multiply(x[7], load_root(roots, 7, kind));
    cross(&x[0], &x[4]);
    cross(&x[1], &x[5]);
    cross(&x[2], &x[6]);
    cross(&x[3], &x[7]);
    cross(&x[0], &x[2]);
    cross(&x[1], &x[3]);
    cross_i(&x[4], &x[6]);
    cross_i(&x[5], &x[7]);
    cross(&x[0], &x[1]);
    cross_i(&x[2], &x[3]);
    x[5] = turn_left(x[5]);
    cross_s(&x[4], &x[5]);
    x[7] = turn_right(x[7]); /* i (1 + i) = -(1 - i) */
    cross_s(&x[6], &x[7]);
    const points swap = x[6];
    x[6] = x[7];
    x[7] = swap;
}

ALWAYS_INLINE void forward4(points x[4], const double *roots, roots_kind kind)
{
    x[1] = points_multiply(x[1], load_root(roots, 1, kind));
    x[2] = points_multiply(x[2], load_root(roots, 2, kind));
    x[3] = points_multiply(x[3], load_root(roots, 3, kind));
    cross(&x[0], &x[2]);
    cross(&x[1], &x[3]);
    cross(&x[0], &x[1]);
    cross_i(&x[2], &x[3]);
}

/* Undo forward8 and forward4, but for a factor of 8 and 4. */
ALWAYS_INLINE void backward8(points x[8], const double *roots, roots_kind kind)
{
    cross(&x[0], &x[1]);
    join_i(&x[2], &x[3]);
    cross(&x[4], &x[5]);
    x[5] = turn_right(x[5]); /* sqrt(1/2) of it, from here to the last layer */
    cross(&x[7], &x[6]);     /* i (1 - i) = 1 + i */
    const points sum = x[7];
    x[7] = turn_left(x[6]);
    x[6] = sum;
    cross(&x[0], &x[2]);
    cross(&x[1], &x[3]);
    join_i(&x[4], &x[6]);
    join_i(&x[5], &x[7]);
    cross(&x[0], &x[4]);
    cross_s(&x[1], &x[5]);
    cross(&x[2], &x[6]);
    cross_s(&x[3], &x[7]);
    x[1] = points_multiply_conj(x[1], load_root(roots, 1, kind));
    x[2] = points_multiply_conj(x[2], load_root(roots, 2, kind));
    x[3] = points_multiply_conj(x[3], load_root(roots, 3, kind));
    x[4] = points_multiply_conj(x[4], load_root(roots, 4, kind));
    x[5] = points_multiply_conj(x[5], load_root(roots, 5, kind));
    x[6] = points_multiply_conj(x[6], load_root(roots, 6, kind));
    x[7] = points_multiply_conj(x[7], load_root(roots, 7, kind));
}

ALWAYS_INLINE void backward4(points x[4], const double *roots, roots_kind kind)
{
    cross(&x[0], &x[1]);
    join_i(&x[2], &x[3]);
    cross(&x[0], &x[2]);
    cross(&x[1], &x[3]);
    x[1] = points_multiply_conj(x[1], load_root(roots, 1, kind));
    x[2] = points_multiply_conj(x[2], load_root(roots, 2, kind));
    x[3] = points_multiply_conj(x[3], load_root(roots, 3, kind));
}

ALWAYS_INLINE void forward_butterflies(points *x, const double *roots, unsigned radix_log)
{
    if (radix_log == 3)
        forward8(x, roots, ONE_A_BLOCK);
    else
        forward4(x, roots, ONE_A_BLOCK);
}

ALWAYS_INLINE void backward_butterflies(points *x, const double *roots, unsigned radix_log)
{
    if (radix_log == 3)
        backward8(x, roots, ONE_A_BLOCK);
    else
        backward4(x, roots, ONE_A_BLOCK);
}

/* The 8 or 4 operands of a butterfly, `stride` doubles apart; spelt out, so that they live in
 * registers with every compiler. */
ALWAYS_INLINE void load_operands(points *x, const double *p, size_t stride, unsigned radix_log)
{
    x[0] = points_load_once(p);
    x[1] = points_load_once(p + stride);
    x[2] = points_load_once(p + 2 * stride);
    x[3] = points_load_once(p + 3 * stride);
    if (radix_log < 3)
        return;
    x[4] = points_load_once(p + 4 * stride);
    x[5] = points_load_once(p + 5 * stride);
    x[6] = points_load_once(p + 6 * stride);
    x[7] = points_load_once(p + 7 * stride);
}

ALWAYS_INLINE void store_operands(double *p, size_t stride, const points *x, unsigned radix_log)
{
    points_store(p, x[0]);
    points_store(p + stride, x[1]);
    points_store(p + 2 * stride, x[2]);
    points_store(p + 3 * stride, x[3]);
    if (radix_log < 3)
        return;
    points_store(p + 4 * stride, x[4]);
    points_store(p + 5 * stride, x[5]);
    points_store(p + 6 * stride, x[6]);
    points_store(p + 7 * stride, x[7]);
}

/* Splits `count` blocks of h << radix_log points each, in place. roots: scalars (cos, sin), block
 * after block. */
ALWAYS_INLINE void forward_pass_radix(double *z, size_t count, size_t h, const double *roots,
                                      unsigned radix_log)
{
    points x[8];

    for (size_t b = 0; b < count;
         b++, z += 2 * h << radix_log, roots += fft_block_roots(radix_log)) {
        for (size_t v = 0; v < h; v += POINT_VECTOR)
            for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
                double *p = z + 2 * v + lane;
                load_operands(x, p, 2 * h, radix_log);
                forward_butterflies(x, roots, radix_log);
                store_operands(p, 2 * h, x, radix_log);
            }
    }
}

/* Undoes forward_pass_radix but for a factor of the radix. */
ALWAYS_INLINE void backward_pass_radix(double *z, size_t count, size_t h, const double *roots,
                                       unsigned radix_log)
{
    points x[8];

    for (size_t b = 0; b < count;
         b++, z += 2 * h << radix_log, roots += fft_block_roots(radix_log)) {
        for (size_t v = 0; v < h; v += POINT_VECTOR)
            for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
                double *p = z + 2 * v + lane;
                load_operands(x, p, 2 * h, radix_log);
                backward_butterflies(x, roots, radix_log);
                store_operands(p, 2 * h, x, radix_log);
            }
    }
}

/* Pass q on `count` blocks from number `first` on, each of n_points; z is where the first starts.
 */
static void forward_pass(const nescio_fft *fft, double *z, unsigned q, size_t first, size_t count,
                         size_t n_points)
{
    if (fft->pass_log[q] == 3)
        forward_pass_radix(z, count, n_points >> 3, fft->roots[q] + fft_block_roots(3) * first, 3);
    else
        forward_pass_radix(z, count, n_points >> 2, fft->roots[q] + fft_block_roots(2) * first, 2);
}

static void backward_pass(const nescio_fft *fft, double *z, unsigned q, size_t first, size_t count,
                          size_t n_points)
{
    if (fft->pass_log[q] == 3)
        backward_pass_radix(z, count, n_points >> 3, fft->roots[q] + fft_block_roots(3) * first, 3);
    else
        backward_pass_radix(z, count, n_points >> 2, fft->roots[q] + fft_block_roots(2) * first, 2);
}

/* Passes q, q + 1 ... on `count` blocks from number `first` on, each of n_points: block by block
 * and depth first while they are more than the cache holds, then pass by pass. */
static void forward_blocks(const nescio_fft *fft, double *z, unsigned q, size_t first, size_t count,
                           size_t n_points)
{
    if (q >= fft->n_passes || q >= FFT_MAX_PASSES) /* the second: for the compiler */
        return;
    const unsigned radix_log = fft->pass_log[q];

    if (count * n_points <= CACHED_POINTS) {
        forward_pass(fft, z, q, first, count, n_points);
        forward_blocks(fft, z, q + 1, first << radix_log, count << radix_log,
                       n_points >> radix_log);
        return;
    }
    for (size_t b = 0; b < count; b++, z += 2 * n_points) {
        forward_pass(fft, z, q, first + b, 1, n_points);
        forward_blocks(fft, z, q + 1, (first + b) << radix_log, (size_t)1 << radix_log,
                       n_points >> radix_log);
    }
}

/* Undoes forward_blocks but for a factor: passes ... q + 1, q. */
static void backward_blocks(const nescio_fft *fft, double *z, unsigned q, size_t first,
                            size_t count, size_t n_points)
{
    if (q >= fft->n_passes || q >= FFT_MAX_PASSES) /* the second: for the compiler */
        return;
    const unsigned radix_log = fft->pass_log[q];

    if (count * n_points <= CACHED_POINTS) {
        backward_blocks(fft, z, q + 1, first << radix_log, count << radix_log,
                        n_points >> radix_log);
        backward_pass(fft, z, q, first, count, n_points);
        return;
    }
    for (size_t b = 0; b < count; b++, z += 2 * n_points) {
        backward_blocks(fft, z, q + 1, (first + b) << radix_log, (size_t)1 << radix_log,
                        n_points >> radix_log);
        backward_pass(fft, z, q, first + b, 1, n_points);
    }
}

/* The last three layers of one group of 64 points: 8 blocks of 8 points, transposed so that
 * register r of the group holds point r of each block. `to` does not overlap `from`. */
ALWAYS_INLINE void forward_group(double *to, const double *from, const double *roots)
{
    lanes re[8], im[8];

    for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
        lanes_load_rows(re, from + 2 * POINT_VECTOR * lane);
        lanes_load_rows(im, from + 2 * POINT_VECTOR * lane + POINT_VECTOR);
        points x[8] = {{re[0], im[0]}, {re[1], im[1]}, {re[2], im[2]}, {re[3], im[3]},
                       {re[4], im[4]}, {re[5], im[5]}, {re[6], im[6]}, {re[7], im[7]}};
        forward8(x, roots + lane, ONE_A_LANE);
        store_operands(to + lane, 2 * POINT_VECTOR, x, 3);
    }
}

/* Undoes forward_group, but for a factor of 8. */
ALWAYS_INLINE void backward_group(double *to, const double *from, const double *roots)
{
    points x[8];

    for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
        load_operands(x, from + lane, 2 * POINT_VECTOR, 3);
        backward8(x, roots + lane, ONE_A_LANE);
        const lanes re[8] = {x[0].re, x[1].re, x[2].re, x[3].re,
                             x[4].re, x[5].re, x[6].re, x[7].re};
        const lanes im[8] = {x[0].im, x[1].im, x[2].im, x[3].im,
                             x[4].im, x[5].im, x[6].im, x[7].im};
        lanes_store_rows(to + 2 * POINT_VECTOR * lane, re);
        lanes_store_rows(to + 2 * POINT_VECTOR * lane + POINT_VECTOR, im);
    }
}
#endif /* NESCIO_KERNELS_FFT_PASSES_INTERNAL_H */
