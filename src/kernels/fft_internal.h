/* SPDX-License-Identifier: Apache-2.0
 * The tables of an FFT, and the table of its kernels. */
#ifndef NESCIO_KERNELS_FFT_INTERNAL_H
#define NESCIO_KERNELS_FFT_INTERNAL_H
#include "kernels/fft.h"

/* log2 of N/2 is at most 15: three layers in the last pass, 12 in passes of radix 8 or 4. */
enum { FFT_MAX_PASSES = 4, FFT_LAST_LAYERS = 3 };

typedef struct nescio_fft_kernels {
    void (*forward_i32)(const nescio_fft *fft, double *freq, const int32_t *coef);
    void (*forward_i64)(const nescio_fft *fft, double *freq, const int64_t *coef, double scale);
    void (*multiply_add)(const nescio_fft *fft, double *acc, const double *a, const double *b);
    void (*backward)(const nescio_fft *fft, double *coef, double *freq);
    void (*backward_add_u32)(const nescio_fft *fft, uint32_t *coef, double *freq);
    void (*backward_add_u64)(const nescio_fft *fft, uint64_t *coef, double *freq);
} nescio_fft_kernels;

void nescio_fft_use_scalar(nescio_fft_kernels *k);
void nescio_fft_use_avx2(nescio_fft_kernels *k);
void nescio_fft_use_avx512(nescio_fft_kernels *k);

/* Pass q of the forward transform splits each of its blocks into 2^pass_log[q] blocks; after the
 * passes blocks have 8 points, which the last pass (fused with a transpose) splits to single
 * points, 8 blocks at a time. The backward transform undoes the passes in reverse order with the
 * same roots, conjugated. */
struct nescio_fft {
    nescio_isa isa;
    uint32_t poly_size;
    uint32_t n_points; /**< N/2 complex points */
    unsigned n_passes;
    unsigned pass_log[FFT_MAX_PASSES];
    /** Pass q, block b with root w: (cos, sin) of w^1, w^2 ... at roots[q] + b * fft_block_roots().
     */
    const double *roots[FFT_MAX_PASSES];
    const double
        *last_roots; /**< a group of 64 points: w^1 ... w^7 of 8 blocks, [7][8 cos | 8 sin] */
    nescio_fft_kernels kernels;
    double *tables; /**< owns all of the above */
    size_t tables_bytes;
};

enum { FFT_GROUP_ROOTS = 7 * 16 };

/* Doubles of a block's roots: none for its first point. */
static inline size_t fft_block_roots(unsigned radix_log)
{
    return 2 * (((size_t)1 << radix_log) - 1);
}
#endif /* NESCIO_KERNELS_FFT_INTERNAL_H */
