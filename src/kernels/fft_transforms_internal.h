/* SPDX-License-Identifier: Apache-2.0
 * Whole transforms in `lanes`. Included by fft_ISA.c, which hands the functions to the kernel
 * table. */
#ifndef NESCIO_KERNELS_FFT_TRANSFORMS_INTERNAL_H
#define NESCIO_KERNELS_FFT_TRANSFORMS_INTERNAL_H
#include "kernels/fft_border_internal.h"

#include <string.h>

/* Everything after the first pass. */
static void forward_rest(const nescio_fft *fft, double *freq)
{
    _Alignas(64) double group[GROUP_DOUBLES];
    const size_t n_blocks = (size_t)1 << fft->pass_log[0];

    forward_blocks(fft, freq, 1, 0, n_blocks, fft->n_points / n_blocks);
    for (size_t g = 0; g < fft->n_points / GROUP_POINTS; g++) {
        memcpy(group, freq + g * GROUP_DOUBLES, sizeof group);
        forward_group(freq + g * GROUP_DOUBLES, group, fft->last_roots + g * FFT_GROUP_ROOTS);
    }
}

/* Everything before the last pass. */
static void backward_rest(const nescio_fft *fft, double *freq)
{
    _Alignas(64) double group[GROUP_DOUBLES];
    const size_t n_blocks = (size_t)1 << fft->pass_log[0];

    for (size_t g = 0; g < fft->n_points / GROUP_POINTS; g++) {
        memcpy(group, freq + g * GROUP_DOUBLES, sizeof group);
        backward_group(freq + g * GROUP_DOUBLES, group, fft->last_roots + g * FFT_GROUP_ROOTS);
    }
    backward_blocks(fft, freq, 1, 0, n_blocks, fft->n_points / n_blocks);
}

static void forward_i32(const nescio_fft *fft, double *freq, const int32_t *coef)
{
    first_pass(fft, freq, coef, FROM_I32, 1.0);
    forward_rest(fft, freq);
}

static void forward_i64(const nescio_fft *fft, double *freq, const int64_t *coef, double scale)
{
    first_pass(fft, freq, coef, FROM_I64, scale);
    forward_rest(fft, freq);
}

static void multiply_add(const nescio_fft *fft, double *acc, const double *a, const double *b)
{
    for (size_t v = 0; v < 2 * (size_t)fft->n_points; v += 2 * POINT_VECTOR)
        for (size_t lane = 0; lane < POINT_VECTOR; lane += LANES) {
            const size_t at = v + lane;
            points_store(acc + at, points_multiply_add(points_load(acc + at), points_load(a + at),
                                                       points_load(b + at)));
        }
}

static void backward(const nescio_fft *fft, double *coef, double *freq)
{
    backward_rest(fft, freq);
    last_pass(fft, coef, freq, TO_F64, 1.0 / fft->n_points);
}

static void backward_add_u32(const nescio_fft *fft, uint32_t *coef, double *freq)
{
    backward_rest(fft, freq);
    last_pass(fft, coef, freq, ADD_TO_U32, 1.0 / fft->n_points);
}

static void backward_add_u64(const nescio_fft *fft, uint64_t *coef, double *freq)
{
    backward_rest(fft, freq);
    last_pass(fft, coef, freq, ADD_TO_U64, 1.0 / fft->n_points);
}

static inline void install_transforms(nescio_fft_kernels *k)
{
    k->forward_i32 = forward_i32;
    k->forward_i64 = forward_i64;
    k->multiply_add = multiply_add;
    k->backward = backward;
    k->backward_add_u32 = backward_add_u32;
    k->backward_add_u64 = backward_add_u64;
}
#endif /* NESCIO_KERNELS_FFT_TRANSFORMS_INTERNAL_H */
