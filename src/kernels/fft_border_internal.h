/* SPDX-License-Identifier: Apache-2.0
 * The first and the last pass, where integers become points and points become integers. Included
 * after fft_passes_internal.h. `source` and `sink` are constants at every call: each use is a loop
 * of its own. */
#ifndef NESCIO_KERNELS_FFT_BORDER_INTERNAL_H
#define NESCIO_KERNELS_FFT_BORDER_INTERNAL_H
#include "kernels/fft_passes_internal.h"

/* Points of each block between last_pass_stretches' two loops. */
enum { STRETCH = 128 };

typedef enum source { FROM_I32, FROM_I64 } source;
/* ADD_TO_U32_NEAR: for |values| < 2^63 */
typedef enum sink { TO_F64, ADD_TO_U32, ADD_TO_U32_NEAR, ADD_TO_U64 } sink;

ALWAYS_INLINE lanes load_source(const void *coef, size_t j, source from, double scale)
{
    if (from == FROM_I32)
        return lanes_from_i32((const int32_t *)coef + j);
    return lanes_from_i64((const int64_t *)coef + j) * lanes_set1(scale);
}

ALWAYS_INLINE void store_sink(void *coef, size_t j, lanes x, sink to)
{
    if (to == TO_F64)
        lanes_store((double *)coef + j, x);
    else if (to == ADD_TO_U32)
        lanes_add_to_u32((uint32_t *)coef + j, x);
    else
        lanes_add_to_u64((uint64_t *)coef + j, x);
}

/* Points j ... j + LANES - 1. */
ALWAYS_INLINE points load_point(const void *coef, size_t j, size_t n_points, source from,
                                double scale)
{
    return (points){load_source(coef, j, from, scale),
                    load_source(coef, n_points + j, from, scale)};
}

ALWAYS_INLINE void first_pass_radix(const nescio_fft *fft, double *z, const void *coef, source from,
                                    double scale, unsigned radix_log)
{
    const size_t n_points = fft->n_points, h = n_points >> radix_log;
    points x[8];

    for (size_t v = 0; v < h; v += POINT_VECTOR)
        for (size_t j = v; j < v + POINT_VECTOR; j += LANES) {
            x[0] = load_point(coef, j, n_points, from, scale);
            x[1] = load_point(coef, j + h, n_points, from, scale);
            x[2] = load_point(coef, j + 2 * h, n_points, from, scale);
            x[3] = load_point(coef, j + 3 * h, n_points, from, scale);
            if (radix_log == 3) {
                x[4] = load_point(coef, j + 4 * h, n_points, from, scale);
                x[5] = load_point(coef, j + 5 * h, n_points, from, scale);
                x[6] = load_point(coef, j + 6 * h, n_points, from, scale);
                x[7] = load_point(coef, j + 7 * h, n_points, from, scale);
            }
            forward_butterflies(x, fft->roots[0], radix_log);
            store_operands(z + v + j, 2 * h, x, radix_log);
        }
}

/* Integers -> points, folded; first pass of the tree. */
ALWAYS_INLINE void first_pass(const nescio_fft *fft, double *z, const void *coef, source from,
                              double scale)
{
    if (fft->pass_log[0] == 3)
        first_pass_radix(fft, z, coef, from, scale, 3);
    else
        first_pass_radix(fft, z, coef, from, scale, 2);
}

ALWAYS_INLINE void store_point(void *coef, size_t j, size_t n_points, points x, sink to,
                               double scale)
{
    if (scale != 1.0)
        x = (points){x.re * lanes_set1(scale), x.im * lanes_set1(scale)};
    if (to == ADD_TO_U32_NEAR) {
        lanes_add_pair_to_u32((uint32_t *)coef + j, (uint32_t *)coef + n_points + j, x.re, x.im);
        return;
    }
    store_sink(coef, j, x.re, to);
    store_sink(coef, n_points + j, x.im, to);
}

ALWAYS_INLINE void last_pass_radix(const nescio_fft *fft, void *coef, const double *z, sink to,
                                   double scale, unsigned radix_log)
{
    const size_t n_points = fft->n_points, h = n_points >> radix_log;
    points x[8];

    for (size_t v = 0; v < h; v += POINT_VECTOR)
        for (size_t j = v; j < v + POINT_VECTOR; j += LANES) {
            load_operands(x, z + v + j, 2 * h, radix_log);
            backward_butterflies(x, fft->roots[0], radix_log);
            store_point(coef, j, n_points, x[0], to, scale);
            store_point(coef, j + h, n_points, x[1], to, scale);
            store_point(coef, j + 2 * h, n_points, x[2], to, scale);
            store_point(coef, j + 3 * h, n_points, x[3], to, scale);
            if (radix_log < 3)
                continue;
            store_point(coef, j + 4 * h, n_points, x[4], to, scale);
            store_point(coef, j + 5 * h, n_points, x[5], to, scale);
            store_point(coef, j + 6 * h, n_points, x[6], to, scale);
            store_point(coef, j + 7 * h, n_points, x[7], to, scale);
        }
}

/* The same for words of 64 bits. The 16 lines that one butterfly's words lie in may be of one set
 * of the cache (N = 8192: 2.5 times slower): so butterflies of a stretch first, in place, then its
 * words run after run. */
ALWAYS_INLINE void last_pass_stretches(const nescio_fft *fft, uint64_t *coef, double *z,
                                       double scale, unsigned radix_log)
{
    const size_t n_points = fft->n_points, h = n_points >> radix_log;
    const size_t stretch = h < STRETCH ? h : STRETCH;
    points x[8];

    for (size_t v = 0; v < h; v += stretch) {
        for (size_t j = v; j < v + stretch; j += POINT_VECTOR)
            for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
                load_operands(x, z + 2 * j + lane, 2 * h, radix_log);
                backward_butterflies(x, fft->roots[0], radix_log);
                store_operands(z + 2 * j + lane, 2 * h, x, radix_log);
            }
        for (size_t run = v; run < n_points; run += h)
            for (size_t j = run; j < run + stretch; j += POINT_VECTOR)
                for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES)
                    store_point(coef, j + lane, n_points, points_load(z + 2 * j + lane), ADD_TO_U64,
                                scale);
    }
}

/* Last pass of the backward transform; points -> coefficients, unfolded. May overwrite the points.
 */
ALWAYS_INLINE void last_pass(const nescio_fft *fft, void *coef, double *z, sink to, double scale)
{
    if (to == ADD_TO_U64 && fft->pass_log[0] == 3)
        last_pass_stretches(fft, coef, z, scale, 3);
    else if (to == ADD_TO_U64)
        last_pass_stretches(fft, coef, z, scale, 2);
    else if (fft->pass_log[0] == 3)
        last_pass_radix(fft, coef, z, to, scale, 3);
    else
        last_pass_radix(fft, coef, z, to, scale, 2);
}
#endif /* NESCIO_KERNELS_FFT_BORDER_INTERNAL_H */
