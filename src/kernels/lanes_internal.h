/* SPDX-License-Identifier: Apache-2.0
 * The vocabulary in which the FFT and the blind rotation are written once for every instruction
 * set.
 *
 * A file fft_ISA.c or rotate_ISA.c includes lanes_ISA_internal.h and then the algorithm. `lanes` is
 * a vector of LANES doubles (8, 4, 2) on which + - * work; the ISA's header adds what C cannot say:
 *
 *   lanes_set1, lanes_load, lanes_store  (aligned to the vector)
 *
 *   lanes_keep  x, which will be used more than once and is loaded once
 *
 *   lanes_minus  a - b, on the multiply-add units
 *
 *   lanes_fma, lanes_fms, lanes_fnma  a b + c, a b - c, c - a b
 *
 *   lanes_load_rows(x, p)  LANES rows of 8 doubles, 16 doubles apart, transposed: lane i of x[c] is
 *   p[16 i + c]; lanes_store_rows(p, x) is the inverse
 *
 *   lanes_from_i32, lanes_from_i64  LANES integers, converted; i64 rounded once
 *
 *   lanes_add_to_u32, lanes_add_to_u64  p[i] += round(x[i]) mod 2^32 or 2^64, for |x| < 2^90
 *
 *   lanes_add_pair_to_u32  two of them for |x| < 2^63, where that is faster
 *
 * Complex points are stored as [vector of 8 points][8 real parts | 8 imaginary parts] on every
 * instruction set. */
#ifndef NESCIO_KERNELS_LANES_INTERNAL_H
#define NESCIO_KERNELS_LANES_INTERNAL_H
#ifndef LANES
#error "include lanes_ISA_internal.h first"
#endif

#include "base/unroll.h"

#include <stddef.h>

/* Radices and shapes must be constants inside: otherwise register arrays would live in memory (1.5
 * times slower). */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { POINT_VECTOR = 8, GROUP_POINTS = 64, GROUP_DOUBLES = 2 * GROUP_POINTS };

/** One complex number a lane. */
typedef struct points {
    lanes re, im;
} points;

/* p is the first of LANES real parts; the imaginary parts are POINT_VECTOR doubles on. */
ALWAYS_INLINE points points_load(const double *p)
{
    return (points){lanes_load(p), lanes_load(p + POINT_VECTOR)};
}

ALWAYS_INLINE points points_load_once(const double *p)
{
    return (points){lanes_keep(lanes_load(p)), lanes_keep(lanes_load(p + POINT_VECTOR))};
}

ALWAYS_INLINE void points_store(double *p, points x)
{
    lanes_store(p, x.re);
    lanes_store(p + POINT_VECTOR, x.im);
}

ALWAYS_INLINE points points_set1(const double *re_im)
{
    return (points){lanes_set1(re_im[0]), lanes_set1(re_im[1])};
}

ALWAYS_INLINE points points_multiply(points a, points b)
{
    return (points){lanes_fnma(a.im, b.im, a.re * b.re), lanes_fma(a.im, b.re, a.re * b.im)};
}

/** a conj(b) */
ALWAYS_INLINE points points_multiply_conj(points a, points b)
{
    return (points){lanes_fma(a.im, b.im, a.re * b.re), lanes_fms(a.im, b.re, a.re * b.im)};
}

/** acc + a b */
ALWAYS_INLINE points points_multiply_add(points acc, points a, points b)
{
    acc.re = lanes_fma(a.re, b.re, acc.re);
    acc.im = lanes_fma(a.re, b.im, acc.im);
    acc.re = lanes_fnma(a.im, b.im, acc.re);
    acc.im = lanes_fma(a.im, b.re, acc.im);
    return acc;
}
#endif /* NESCIO_KERNELS_LANES_INTERNAL_H */
