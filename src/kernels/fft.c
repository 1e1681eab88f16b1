/* SPDX-License-Identifier: Apache-2.0
 * FFT tables, the choice of kernels, and exact products mod 2^64. */
#include "base/bytes.h"
#include "kernels/fft_internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846264338327950288L

static unsigned log2_exact(uint32_t x)
{
    return (unsigned)__builtin_ctz(x);
}

static uint32_t reverse_bits(uint32_t x, unsigned bits)
{
    uint32_t r = 0;
    for (unsigned i = 0; i < bits; i++, x >>= 1)
        r = r << 1 | (x & 1);
    return r;
}

/* Block `block` of the 2^depth blocks is the residue mod X^(2h) - exp(i t); the angle t: */
static long double block_angle(uint32_t block, unsigned depth)
{
    return (PI / 2 + 2 * PI * reverse_bits(block, depth)) / (long double)(1u << depth);
}

/* Its first child's angle when it is split into 2^radix_log blocks, times k: how far the pass turns
 * point k. */
static long double turn_angle(uint32_t block, unsigned depth, unsigned radix_log, unsigned k)
{
    return block_angle(block, depth) * k / (long double)(1u << radix_log);
}

static void plan_passes(nescio_fft *fft)
{
    unsigned layers = log2_exact(fft->n_points) - FFT_LAST_LAYERS;

    while (layers > 0) {
        const unsigned radix_log = layers == 2 || layers == 4 ? 2 : 3;
        fft->pass_log[fft->n_passes++] = radix_log;
        layers -= radix_log;
    }
}

static size_t pass_doubles(const nescio_fft *fft, unsigned q, unsigned depth)
{
    return nescio_size_round_up(fft_block_roots(fft->pass_log[q]) << depth, 8);
}

static size_t table_doubles(const nescio_fft *fft)
{
    size_t doubles = fft->n_points / 64 * FFT_GROUP_ROOTS;
    unsigned depth = 0;

    for (unsigned q = 0; q < fft->n_passes; depth += fft->pass_log[q], q++)
        doubles += pass_doubles(fft, q, depth);
    return doubles;
}

static void fill_roots(double *p, unsigned radix_log, unsigned depth)
{
    for (uint32_t b = 0; b < (uint32_t)1 << depth; b++)
        for (unsigned k = 1; k < 1u << radix_log; k++, p += 2) {
            p[0] = (double)cosl(turn_angle(b, depth, radix_log, k));
            p[1] = (double)sinl(turn_angle(b, depth, radix_log, k));
        }
}

static void fill_last_roots(double *p, uint32_t n_groups, unsigned depth)
{
    for (uint32_t group = 0; group < n_groups; group++)
        for (unsigned k = 1; k < 8; k++, p += 16)
            for (uint32_t i = 0; i < 8; i++) {
                p[i] = (double)cosl(turn_angle(group * 8 + i, depth, FFT_LAST_LAYERS, k));
                p[8 + i] = (double)sinl(turn_angle(group * 8 + i, depth, FFT_LAST_LAYERS, k));
            }
}

static void fill_tables(nescio_fft *fft)
{
    unsigned depth = 0;
    double *p = fft->tables;

    for (unsigned q = 0; q < fft->n_passes; depth += fft->pass_log[q], q++) {
        fill_roots(p, fft->pass_log[q], depth);
        fft->roots[q] = p;
        p += pass_doubles(fft, q, depth);
    }
    fill_last_roots(p, fft->n_points / 64, depth);
    fft->last_roots = p;
    assert(p + fft->n_points / 64 * FFT_GROUP_ROOTS ==
           fft->tables + fft->tables_bytes / sizeof(double));
}

static void choose_kernels(nescio_fft *fft)
{
    nescio_fft_use_scalar(&fft->kernels);
#if defined(__x86_64__)
    if (fft->isa >= NESCIO_ISA_AVX2)
        nescio_fft_use_avx2(&fft->kernels);
    if (fft->isa >= NESCIO_ISA_AVX512)
        nescio_fft_use_avx512(&fft->kernels);
#endif
}

nescio_status nescio_fft_new_for(nescio_ctx *ctx, nescio_isa isa, uint32_t poly_size,
                                 nescio_fft **out)
{
    nescio_fft *fft;

    *out = NULL;
    if (poly_size < NESCIO_FFT_MIN_POLY || poly_size > NESCIO_FFT_MAX_POLY ||
        (poly_size & (poly_size - 1)) != 0)
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "FFT: polynomial size %u is not a power of two from %d to %d", poly_size,
                           NESCIO_FFT_MIN_POLY, NESCIO_FFT_MAX_POLY);
    fft = calloc(1, sizeof *fft);
    if (!fft)
        return nescio_fail_nomem(ctx, sizeof *fft);
    fft->isa = isa;
    fft->poly_size = poly_size;
    fft->n_points = poly_size / 2;
    plan_passes(fft);
    fft->tables_bytes = table_doubles(fft) * sizeof(double);
    fft->tables = nescio_block_alloc(fft->tables_bytes);
    if (!fft->tables) {
        const size_t bytes = fft->tables_bytes;
        free(fft);
        return nescio_fail_nomem(ctx, bytes);
    }
    fill_tables(fft);
    choose_kernels(fft);
    *out = fft;
    return NESCIO_OK;
}

nescio_status nescio_fft_new(nescio_ctx *ctx, uint32_t poly_size, nescio_fft **out)
{
    nescio_isa isa;

    *out = NULL;
    if (nescio_isa_in_force(&isa) != NESCIO_OK)
        return nescio_fail(
            ctx, NESCIO_E_ARG,
            "NESCIO_ISA names no instruction set (scalar, avx2, avx512, avx512_vnni)");
    return nescio_fft_new_for(ctx, isa, poly_size, out);
}

void nescio_fft_free(nescio_fft *fft)
{
    if (!fft)
        return;
    nescio_block_free(fft->tables, fft->tables_bytes);
    free(fft);
}

uint32_t nescio_fft_poly_size(const nescio_fft *fft)
{
    return fft->poly_size;
}

nescio_isa nescio_fft_isa(const nescio_fft *fft)
{
    return fft->isa;
}

void nescio_fft_forward_i32(const nescio_fft *fft, double *freq, const int32_t *coef)
{
    fft->kernels.forward_i32(fft, freq, coef);
}

void nescio_fft_forward_u64(const nescio_fft *fft, double *freq, const uint64_t *coef, double scale)
{
    fft->kernels.forward_i64(fft, freq, (const int64_t *)coef, scale);
}

void nescio_fft_multiply_add(const nescio_fft *fft, double *acc, const double *a, const double *b)
{
    fft->kernels.multiply_add(fft, acc, a, b);
}

void nescio_fft_backward(const nescio_fft *fft, double *coef, double *freq)
{
    fft->kernels.backward(fft, coef, freq);
}

void nescio_fft_backward_add_u32(const nescio_fft *fft, uint32_t *coef, double *freq)
{
    fft->kernels.backward_add_u32(fft, coef, freq);
}

void nescio_fft_backward_add_u64(const nescio_fft *fft, uint64_t *coef, double *freq)
{
    fft->kernels.backward_add_u64(fft, coef, freq);
}

/* Bits of a piece of `big`, so that the product with each signed piece p rounds to the right
 * integer.
 *
 * With u = 2^-53 and L = log2 N layers, a computed butterfly is off by at most 8u (|a| + |b|) (two
 * products, two sums, the root's own rounding). Adding up over the layers, and bounding sums over
 * frequencies by Cauchy-Schwarz and Parseval, the error of a coefficient of small * p is at most 8u
 * (3 L + 2) ||small|| ||p||, with
 * ||small|| ||p|| <= N 2^small_log 2^(bits - 1). It must stay below 1/2; 3 L + 2 <= 50 < 2^6 for N
 * <= 65536: 3 + 6 - 53 + log2 N + small_log + bits - 1 <= -1. Smaller N allow no more than 32 bits
 * here. */
static unsigned exact_piece_bits(uint32_t poly_size, unsigned small_log)
{
    const unsigned bits = 44 - log2_exact(poly_size) - small_log;
    return bits < 32 ? bits : 32;
}

size_t nescio_fft_exact_scratch_bytes(const nescio_fft *fft)
{
    return 3 * (size_t)fft->poly_size * sizeof(double);
}

/* pieces[j] = bits shift ... shift + bits - 1 of word j as a signed number, in balanced form: with
 * `half` added at every piece, each digit minus half sums to the word mod 2^64. */
static void take_piece(int32_t *piece, const uint64_t *big, size_t n, unsigned shift, unsigned bits)
{
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    const int64_t half = (int64_t)1 << (bits - 1);
    uint64_t offset = 0;

    for (unsigned at = 0; at < 64; at += bits)
        offset += (uint64_t)half << at;
    for (size_t j = 0; j < n; j++)
        piece[j] = (int32_t)((int64_t)(((big[j] + offset) >> shift) & mask) - half);
}

/* out[j] += round(x[j]) << shift, for |x| < 2^51: the low mantissa bits of x + 1.5 * 2^52 are the
 * integer. */
static void add_rounded(uint64_t *out, const double *x, size_t n, unsigned shift)
{
    const double magic = 0x1.8p52;
    uint64_t zero_point;

    memcpy(&zero_point, &magic, sizeof zero_point);
    for (size_t j = 0; j < n; j++) {
        const double y = x[j] + magic;
        uint64_t word;
        memcpy(&word, &y, sizeof word);
        out[j] += (word - zero_point) << shift;
    }
}

void nescio_fft_exact_multiply_add(const nescio_fft *fft, uint64_t *out, const double *small_freq,
                                   unsigned small_log, const uint64_t *big, void *scratch)
{
    const size_t n = fft->poly_size;
    const unsigned bits = exact_piece_bits(fft->poly_size, small_log);
    double *freq = scratch, *product = freq + n, *coef = product + n;

    assert(small_log <= 15);
    for (unsigned shift = 0; shift < 64; shift += bits) {
        take_piece((int32_t *)(void *)coef, big, n, shift, bits);
        fft->kernels.forward_i32(fft, freq, (const int32_t *)(const void *)coef);
        memset(product, 0, n * sizeof *product);
        fft->kernels.multiply_add(fft, product, freq, small_freq);
        fft->kernels.backward(fft, coef, product);
        add_rounded(out, coef, n, shift);
    }
}
