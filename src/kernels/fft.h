/* SPDX-License-Identifier: Apache-2.0
 * Products of polynomials mod X^N + 1 by a complex FFT of N/2 points in f64.
 *
 * A real polynomial folds into N/2 complex numbers z_j = a_j + i a_(j + N/2), and its product mod
 * X^N + 1 is the product of the z mod X^(N/2) - i. The forward transform evaluates at the roots of
 * X^(N/2) = i by splitting X^2h - w^2 into (X^h - w)(X^h + w): no twist pass, no bit reversal.
 * Frequencies stay in the order in which the tree leaves them, stored as [group of 64 points][8
 * registers][8 real parts | 8 imaginary parts]: the same on every instruction set, so that keys and
 * tests agree. Nothing here branches or indexes on data; scratch is the caller's, who may have to
 * wipe it. */
#ifndef NESCIO_KERNELS_FFT_H
#define NESCIO_KERNELS_FFT_H
#include "base/ctx.h"
#include "base/isa.h"

enum { NESCIO_FFT_MIN_POLY = 256, NESCIO_FFT_MAX_POLY = 65536 };

/** Error of f64 products, at most. A coefficient of sum_r a_r b_r (R products of polynomials whose
 * coefficients are independent with variances A and B), computed by forward transforms,
 * multiply-add and one backward transform, is off by a random error of variance NESCIO_FFT_ERROR_C
 * * (log2(N) - 3) * 2^-106 * R N A B, where 2^-53 is the rounding unit of f64. Kernel tests hold
 * every instruction set between 0.7 times this and this, coefficients taken at random (those whose
 * index is a multiple of a large power of two meet fewer products in the backward transform); the
 * noise model reads it. Portable C without fused multiply-add is at 0.85 to 0.97 of it, AVX2 and
 * AVX-512 at 0.72 to 0.90. */
#define NESCIO_FFT_ERROR_C 2.2

/** Tables for one N and the kernels of one instruction set. Read-only after set-up: threads share
 * it. Public data. */
typedef struct nescio_fft nescio_fft;

/** Returns new, for the instruction set in force. poly_size is a power of two, 256 ... 65536; else
 * NESCIO_E_ARG. */
NESCIO_MUST_CHECK nescio_status nescio_fft_new(nescio_ctx *ctx, uint32_t poly_size,
                                               nescio_fft **out);
/** The same for an instruction set that nescio_isa_detect() reaches. */
NESCIO_MUST_CHECK nescio_status nescio_fft_new_for(nescio_ctx *ctx, nescio_isa isa,
                                                   uint32_t poly_size, nescio_fft **out);
/** Accepts NULL. */
void nescio_fft_free(nescio_fft *fft);
uint32_t nescio_fft_poly_size(const nescio_fft *fft);
nescio_isa nescio_fft_isa(const nescio_fft *fft);

/* A transform is N doubles, 64-byte aligned. Coefficient arrays have N elements, 64-byte aligned,
 * and do not overlap it. */

/** freq = transform of signed integers. */
void nescio_fft_forward_i32(const nescio_fft *fft, double *freq, const int32_t *coef);
/** freq = scale * transform of torus words read as signed 64-bit integers, each rounded to 53 bits.
 */
void nescio_fft_forward_u64(const nescio_fft *fft, double *freq, const uint64_t *coef,
                            double scale);
/** acc += a b, pointwise. acc may be a or b. */
void nescio_fft_multiply_add(const nescio_fft *fft, double *acc, const double *a, const double *b);
/** coef = the polynomial of freq. freq is overwritten. */
void nescio_fft_backward(const nescio_fft *fft, double *coef, double *freq);
/** coef += the polynomial of freq, rounded to integers, mod 2^32 or 2^64. |coefficients| < 2^90.
 * freq is overwritten. */
void nescio_fft_backward_add_u32(const nescio_fft *fft, uint32_t *coef, double *freq);
void nescio_fft_backward_add_u64(const nescio_fft *fft, uint64_t *coef, double *freq);

/** Bytes of scratch for the exact product, 64-byte aligned. */
size_t nescio_fft_exact_scratch_bytes(const nescio_fft *fft);
/** out += small * big mod (2^64, X^N + 1), exactly. small_freq is the transform (forward_i32) of a
 * polynomial with |coefficients| <= 2^small_log, small_log <= 15; big is any words. Constant time;
 * scratch then holds values that depend on both. */
void nescio_fft_exact_multiply_add(const nescio_fft *fft, uint64_t *out, const double *small_freq,
                                   unsigned small_log, const uint64_t *big, void *scratch);
#endif /* NESCIO_KERNELS_FFT_H */
