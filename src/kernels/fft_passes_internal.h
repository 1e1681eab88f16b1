/* SPDX-License-Identifier: Apache-2.0
 * Butterflies and passes of the FFT, written once in `lanes`. Included after lanes_ISA_internal.h
 * by fft_ISA.c and rotate_ISA.c. Layout of points: lanes_internal.h; tables: fft_internal.h. */
#ifndef NESCIO_KERNELS_FFT_PASSES_INTERNAL_H
#define NESCIO_KERNELS_FFT_PASSES_INTERNAL_H
#include "kernels/fft_internal.h"
#include "kernels/lanes_internal.h"

/* Blocks up to this many points stay in the first-level cache while all their passes run. */
enum { CACHED_POINTS = 512 };

/* (a, b) <- (a + w b, a - w b): products on the multiply-add units, sums on the adders. */
ALWAYS_INLINE void butterfly(points *a, points *b, points w)
{
    const points p = points_multiply(*b, w);

    *b = (points){a->re - p.re, a->im - p.im};
    *a = (points){a->re + p.re, a->im + p.im};
}

/* The same with i w. */
ALWAYS_INLINE void butterfly_i(points *a, points *b, points w)
{
    const points p = points_multiply(*b, w);

    *b = (points){a->re + p.im, a->im - p.re};
    *a = (points){a->re - p.im, a->im + p.re};
}

/* The same with -i w. */
ALWAYS_INLINE void butterfly_minus_i(points *a, points *b, points w)
{
    const points p = points_multiply(*b, w);

    *b = (points){a->re - p.im, a->im + p.re};
    *a = (points){a->re + p.im, a->im - p.re};
}

/* Three layers of the tree on 8 blocks: w = the four roots of forward_angle() in fft.c. */
ALWAYS_INLINE void forward8(points x[8], const points w[4])
{
    butterfly(&x[0], &x[4], w[0]);
    butterfly(&x[1], &x[5], w[0]);
    butterfly(&x[2], &x[6], w[0]);
    butterfly(&x[3], &x[7], w[0]);
    butterfly(&x[0], &x[2], w[1]);
    butterfly(&x[1], &x[3], w[1]);
    butterfly_i(&x[4], &x[6], w[1]);
    butterfly_i(&x[5], &x[7], w[1]);
    butterfly(&x[0], &x[1], w[2]);
    butterfly_i(&x[2], &x[3], w[2]);
    butterfly(&x[4], &x[5], w[3]);
    butterfly_i(&x[6], &x[7], w[3]);
}

ALWAYS_INLINE void forward4(points x[4], const points w[2])
{
    butterfly(&x[0], &x[2], w[0]);
    butterfly(&x[1], &x[3], w[0]);
    butterfly(&x[0], &x[1], w[1]);
    butterfly_i(&x[2], &x[3], w[1]);
}

/* Decimation in time: joins 8 blocks in tree order; w of backward_angle(). */
ALWAYS_INLINE void backward8(points x[8], const points w[4])
{
    butterfly(&x[0], &x[1], w[0]);
    butterfly(&x[2], &x[3], w[0]);
    butterfly(&x[4], &x[5], w[0]);
    butterfly(&x[6], &x[7], w[0]);
    butterfly(&x[0], &x[2], w[1]);
    butterfly_minus_i(&x[1], &x[3], w[1]);
    butterfly(&x[4], &x[6], w[1]);
    butterfly_minus_i(&x[5], &x[7], w[1]);
    butterfly(&x[0], &x[4], w[2]);
    butterfly_minus_i(&x[2], &x[6], w[2]);
    butterfly(&x[1], &x[5], w[3]);
    butterfly_minus_i(&x[3], &x[7], w[3]);
}

ALWAYS_INLINE void backward4(points x[4], const points w[2])
{
    butterfly(&x[0], &x[1], w[0]);
    butterfly(&x[2], &x[3], w[0]);
    butterfly(&x[0], &x[2], w[1]);
    butterfly_minus_i(&x[1], &x[3], w[1]);
}

/* (a, b) <- (a + b, a - b) and (a - i b, a + i b) */
ALWAYS_INLINE void add_sub(points *a, points *b)
{
    const points p = *b;

    *b = (points){a->re - p.re, a->im - p.im};
    *a = (points){a->re + p.re, a->im + p.im};
}

ALWAYS_INLINE void add_sub_minus_i(points *a, points *b)
{
    const points p = *b;

    *b = (points){a->re - p.im, a->im + p.re};
    *a = (points){a->re + p.im, a->im - p.re};
}

/* backward8 for blocks of one point, where every root is a power of exp(-i pi/4): those two are s(1
 * - i), s(-1 - i). */
ALWAYS_INLINE void backward8_first(points x[8])
{
    const lanes s = lanes_set1(0.70710678118654752440);
    points p, q;

    add_sub(&x[0], &x[1]);
    add_sub(&x[2], &x[3]);
    add_sub(&x[4], &x[5]);
    add_sub(&x[6], &x[7]);
    add_sub(&x[0], &x[2]);
    add_sub_minus_i(&x[1], &x[3]);
    add_sub(&x[4], &x[6]);
    add_sub_minus_i(&x[5], &x[7]);
    add_sub(&x[0], &x[4]);
    add_sub_minus_i(&x[2], &x[6]);
    p = (points){x[5].re + x[5].im, x[5].im - x[5].re};
    q = (points){x[7].re - x[7].im, x[7].re + x[7].im};
    x[5] = (points){lanes_fnma(s, p.re, x[1].re), lanes_fnma(s, p.im, x[1].im)};
    x[1] = (points){lanes_fma(s, p.re, x[1].re), lanes_fma(s, p.im, x[1].im)};
    x[7] = (points){lanes_fma(s, q.re, x[3].re), lanes_fma(s, q.im, x[3].im)};
    x[3] = (points){lanes_fnma(s, q.re, x[3].re), lanes_fnma(s, q.im, x[3].im)};
}

ALWAYS_INLINE void forward_butterflies(points *x, const points *w, unsigned radix_log)
{
    if (radix_log == 3)
        forward8(x, w);
    else
        forward4(x, w);
}

ALWAYS_INLINE void backward_butterflies(points *x, const points *w, unsigned radix_log)
{
    if (radix_log == 3)
        backward8(x, w);
    else
        backward4(x, w);
}

/* Splits one block of h << radix_log points in place. roots: scalars (cos, sin). */
ALWAYS_INLINE void forward_pass(double *z, size_t h, const double *roots, unsigned radix_log)
{
    const unsigned radix = 1u << radix_log, n_roots = radix / 2;
    points w[4], x[8];

#pragma GCC unroll 4
    for (unsigned i = 0; i < n_roots; i++)
        w[i] = points_set1(roots + 2 * i);
    for (size_t v = 0; v < h; v += POINT_VECTOR)
        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            double *p = z + 2 * v + lane;
#pragma GCC unroll 8
            for (unsigned i = 0; i < radix; i++)
                x[i] = points_load(p + 2 * i * h);
            forward_butterflies(x, w, radix_log);
#pragma GCC unroll 8
            for (unsigned i = 0; i < radix; i++)
                points_store(p + 2 * i * h, x[i]);
        }
}

/* Joins 2^radix_log blocks of h points in place. roots: [vector of positions][root][8 cos | 8 sin].
 */
ALWAYS_INLINE void backward_pass(double *z, size_t h, const double *roots, unsigned radix_log)
{
    const unsigned radix = 1u << radix_log, n_roots = radix / 2;
    points w[4], x[8];

    for (size_t v = 0; v < h; v += POINT_VECTOR, roots += 2 * POINT_VECTOR * n_roots)
        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            double *p = z + 2 * v + lane;
#pragma GCC unroll 4
            for (unsigned i = 0; i < n_roots; i++)
                w[i] = points_load(roots + 2 * POINT_VECTOR * i + lane);
#pragma GCC unroll 8
            for (unsigned i = 0; i < radix; i++)
                x[i] = points_load(p + 2 * i * h);
            backward_butterflies(x, w, radix_log);
#pragma GCC unroll 8
            for (unsigned i = 0; i < radix; i++)
                points_store(p + 2 * i * h, x[i]);
        }
}

/* Passes q, q + 1 ... on block number `block` of depth-q blocks, which starts at z and has
 * `n_points`. Depth first while the block is larger than the cache, then pass by pass. */
static void forward_block(const nescio_fft *fft, double *z, unsigned q, size_t block,
                          size_t n_points)
{
    size_t n_blocks = 1;

    if (q < fft->n_passes && n_points > CACHED_POINTS) {
        const unsigned radix_log = fft->pass_log[q];
        const size_t h = n_points >> radix_log;
        const double *roots = fft->forward[q] + block * 2 * fft_roots(radix_log);

        if (radix_log == 3)
            forward_pass(z, h, roots, 3);
        else
            forward_pass(z, h, roots, 2);
        for (size_t child = 0; child < (size_t)1 << radix_log; child++)
            forward_block(fft, z + 2 * child * h, q + 1, (block << radix_log) + child, h);
        return;
    }
    for (; q < fft->n_passes; q++) {
        const unsigned radix_log = fft->pass_log[q];
        const size_t h = (n_points / n_blocks) >> radix_log;
        const double *roots = fft->forward[q] + block * 2 * fft_roots(radix_log);

        if (radix_log == 3)
            for (size_t b = 0; b < n_blocks; b++)
                forward_pass(z + (2 * b * h << 3), h, roots + 8 * b, 3);
        else
            for (size_t b = 0; b < n_blocks; b++)
                forward_pass(z + (2 * b * h << 2), h, roots + 4 * b, 2);
        n_blocks <<= radix_log;
        block <<= radix_log;
    }
}

/* Undoes forward_block (but for a factor): passes ... q + 1, q. */
static void backward_block(const nescio_fft *fft, double *z, unsigned q, size_t n_points)
{
    if (q >= fft->n_passes)
        return;
    if (n_points > CACHED_POINTS) {
        const unsigned radix_log = fft->pass_log[q];
        const size_t h = n_points >> radix_log;

        for (size_t child = 0; child < (size_t)1 << radix_log; child++)
            backward_block(fft, z + 2 * child * h, q + 1, h);
        if (radix_log == 3)
            backward_pass(z, h, fft->backward[q], 3);
        else
            backward_pass(z, h, fft->backward[q], 2);
        return;
    }
    size_t h = POINT_VECTOR;
    for (unsigned pass = fft->n_passes; pass-- > q;) {
        const unsigned radix_log = fft->pass_log[pass];

        if (radix_log == 3)
            for (size_t b = 0; b < n_points; b += h << 3)
                backward_pass(z + 2 * b, h, fft->backward[pass], 3);
        else
            for (size_t b = 0; b < n_points; b += h << 2)
                backward_pass(z + 2 * b, h, fft->backward[pass], 2);
        h <<= radix_log;
    }
}

/* The last three layers of one group of 64 points: 8 blocks of 8 points, transposed so that
 * register r of the group holds point r of each block. `to` does not overlap `from`. */
ALWAYS_INLINE void forward_group(double *to, const double *from, const double *roots)
{
    lanes re[8], im[8];
    points x[8], w[4];

    for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
        lanes_load_rows(re, from + 2 * POINT_VECTOR * lane);
        lanes_load_rows(im, from + 2 * POINT_VECTOR * lane + POINT_VECTOR);
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++)
            w[i] = points_load(roots + 2 * POINT_VECTOR * i + lane);
#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++)
            x[i] = (points){re[i], im[i]};
        forward8(x, w);
#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++)
            points_store(to + 2 * POINT_VECTOR * i + lane, x[i]);
    }
}

/* The inverse, but for a factor of 8. */
ALWAYS_INLINE void backward_group(double *to, const double *from)
{
    lanes re[8], im[8];
    points x[8];

    for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++)
            x[i] = points_load(from + 2 * POINT_VECTOR * i + lane);
        backward8_first(x);
#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++) {
            re[i] = x[i].re;
            im[i] = x[i].im;
        }
        lanes_store_rows(to + 2 * POINT_VECTOR * lane, re);
        lanes_store_rows(to + 2 * POINT_VECTOR * lane + POINT_VECTOR, im);
    }
}
#endif /* NESCIO_KERNELS_FFT_PASSES_INTERNAL_H */
