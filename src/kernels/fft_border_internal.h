/* SPDX-License-Identifier: Apache-2.0
 * The first and the last pass, where integers become points and points become integers. Included
 * after fft_passes_internal.h. `source` and `sink` are constants at every call: each use is a loop
 * of its own. */
#ifndef NESCIO_KERNELS_FFT_BORDER_INTERNAL_H
#define NESCIO_KERNELS_FFT_BORDER_INTERNAL_H
#include "kernels/fft_passes_internal.h"

typedef enum source { FROM_I32, FROM_I64 } source;
typedef enum sink { TO_F64, ADD_TO_U32, ADD_TO_U64 } sink;

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

ALWAYS_INLINE void first_pass_radix(const nescio_fft *fft, double *z, const void *coef, source from,
                                    double scale, unsigned radix_log)
{
    const unsigned radix = 1u << radix_log, n_roots = radix / 2;
    const size_t n_points = fft->n_points, h = n_points >> radix_log;
    points w[4], x[8];

#pragma GCC unroll 4
    for (unsigned i = 0; i < n_roots; i++)
        w[i] = points_set1(fft->forward[0] + 2 * i);
    for (size_t v = 0; v < h; v += POINT_VECTOR)
        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            double *p = z + 2 * v + lane;
#pragma GCC unroll 8
            for (unsigned i = 0; i < radix; i++) {
                const size_t j = v + lane + i * h;
                x[i] = (points){load_source(coef, j, from, scale),
                                load_source(coef, n_points + j, from, scale)};
            }
            forward_butterflies(x, w, radix_log);
#pragma GCC unroll 8
            for (unsigned i = 0; i < radix; i++)
                points_store(p + 2 * i * h, x[i]);
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

ALWAYS_INLINE void last_pass_radix(const nescio_fft *fft, void *coef, const double *z, sink to,
                                   double scale, unsigned radix_log)
{
    const unsigned radix = 1u << radix_log, n_roots = radix / 2;
    const size_t n_points = fft->n_points, h = n_points >> radix_log;
    const double *roots = fft->backward[0];
    points w[4], x[8];

    for (size_t v = 0; v < h; v += POINT_VECTOR, roots += 2 * POINT_VECTOR * n_roots)
        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            const double *p = z + 2 * v + lane;
#pragma GCC unroll 4
            for (unsigned i = 0; i < n_roots; i++)
                w[i] = points_load(roots + 2 * POINT_VECTOR * i + lane);
#pragma GCC unroll 8
            for (unsigned i = 0; i < radix; i++)
                x[i] = points_load(p + 2 * i * h);
            backward_butterflies(x, w, radix_log);
#pragma GCC unroll 8
            for (unsigned i = 0; i < radix; i++) {
                const size_t j = v + lane + i * h;
                points y =
                    points_multiply(x[i], points_load(fft->untwist + 2 * (v + i * h) + lane));

                if (scale != 1.0)
                    y = (points){y.re * lanes_set1(scale), y.im * lanes_set1(scale)};
                store_sink(coef, j, y.re, to);
                store_sink(coef, n_points + j, y.im, to);
            }
        }
}

/* Last pass of the backward transform, untwist (the tree's X^(N/2) = i), points -> coefficients. */
ALWAYS_INLINE void last_pass(const nescio_fft *fft, void *coef, const double *z, sink to,
                             double scale)
{
    if (fft->pass_log[0] == 3)
        last_pass_radix(fft, coef, z, to, scale, 3);
    else
        last_pass_radix(fft, coef, z, to, scale, 2);
}
#endif /* NESCIO_KERNELS_FFT_BORDER_INTERNAL_H */
