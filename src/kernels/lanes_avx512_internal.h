/* SPDX-License-Identifier: Apache-2.0
 * Lanes of eight doubles: AVX-512 F, DQ. See lanes_internal.h for what each function means. */
#ifndef NESCIO_KERNELS_LANES_AVX512_INTERNAL_H
#define NESCIO_KERNELS_LANES_AVX512_INTERNAL_H
#include <immintrin.h>
#include <stdint.h>

#define LANES 8

typedef __m512d lanes;

static inline lanes lanes_set1(double x)
{
    return _mm512_set1_pd(x);
}

static inline lanes lanes_load(const double *p)
{
    return _mm512_load_pd(p);
}

static inline void lanes_store(double *p, lanes x)
{
    _mm512_store_pd(p, x);
}

/* gcc would load the value again for each use, as a memory operand: 20 % of the products with a
 * key. */
static inline lanes lanes_keep(lanes x)
{
#if !defined(__clang__)
    __asm__("" : "+v"(x));
#endif
    return x;
}

/* On a core whose adders are apart from its multiply-add units, these share the work; the result is
 * the same. */
static inline lanes lanes_minus(lanes a, lanes b)
{
    return _mm512_fnmadd_pd(_mm512_set1_pd(1.0), b, a);
}

static inline lanes lanes_fma(lanes a, lanes b, lanes c)
{
    return _mm512_fmadd_pd(a, b, c);
}

static inline lanes lanes_fms(lanes a, lanes b, lanes c)
{
    return _mm512_fmsub_pd(a, b, c);
}

static inline lanes lanes_fnma(lanes a, lanes b, lanes c)
{
    return _mm512_fnmadd_pd(a, b, c);
}

/* 8 x 8 transpose: pairs inside 128 bits, then 128-bit blocks twice. */
static inline void transpose(lanes y[8], const lanes x[8])
{
    const lanes a0 = _mm512_unpacklo_pd(x[0], x[1]), a1 = _mm512_unpackhi_pd(x[0], x[1]);
    const lanes a2 = _mm512_unpacklo_pd(x[2], x[3]), a3 = _mm512_unpackhi_pd(x[2], x[3]);
    const lanes a4 = _mm512_unpacklo_pd(x[4], x[5]), a5 = _mm512_unpackhi_pd(x[4], x[5]);
    const lanes a6 = _mm512_unpacklo_pd(x[6], x[7]), a7 = _mm512_unpackhi_pd(x[6], x[7]);
    const lanes b0 = _mm512_shuffle_f64x2(a0, a2, 0x88), b2 = _mm512_shuffle_f64x2(a0, a2, 0xdd);
    const lanes b1 = _mm512_shuffle_f64x2(a1, a3, 0x88), b3 = _mm512_shuffle_f64x2(a1, a3, 0xdd);
    const lanes b4 = _mm512_shuffle_f64x2(a4, a6, 0x88), b6 = _mm512_shuffle_f64x2(a4, a6, 0xdd);
    const lanes b5 = _mm512_shuffle_f64x2(a5, a7, 0x88), b7 = _mm512_shuffle_f64x2(a5, a7, 0xdd);

    y[0] = _mm512_shuffle_f64x2(b0, b4, 0x88);
    y[1] = _mm512_shuffle_f64x2(b1, b5, 0x88);
    y[2] = _mm512_shuffle_f64x2(b2, b6, 0x88);
    y[3] = _mm512_shuffle_f64x2(b3, b7, 0x88);
    y[4] = _mm512_shuffle_f64x2(b0, b4, 0xdd);
    y[5] = _mm512_shuffle_f64x2(b1, b5, 0xdd);
    y[6] = _mm512_shuffle_f64x2(b2, b6, 0xdd);
    y[7] = _mm512_shuffle_f64x2(b3, b7, 0xdd);
}

static inline void lanes_load_rows(lanes x[8], const double *p)
{
    const lanes rows[8] = {lanes_load(p),      lanes_load(p + 16), lanes_load(p + 32),
                           lanes_load(p + 48), lanes_load(p + 64), lanes_load(p + 80),
                           lanes_load(p + 96), lanes_load(p + 112)};
    transpose(x, rows);
}

static inline void lanes_store_rows(double *p, const lanes x[8])
{
    lanes rows[8];
    transpose(rows, x);
    lanes_store(p, rows[0]);
    lanes_store(p + 16, rows[1]);
    lanes_store(p + 32, rows[2]);
    lanes_store(p + 48, rows[3]);
    lanes_store(p + 64, rows[4]);
    lanes_store(p + 80, rows[5]);
    lanes_store(p + 96, rows[6]);
    lanes_store(p + 112, rows[7]);
}

static inline lanes lanes_from_i32(const int32_t *p)
{
    return _mm512_cvtepi32_pd(_mm256_load_si256((const __m256i *)(const void *)p));
}

static inline lanes lanes_from_i64(const int64_t *p)
{
    return _mm512_cvtepi64_pd(_mm512_load_si512(p));
}

/* Reduced into one turn first: a sum of many products may pass 2^63 turns of 2^-32. */
static inline void lanes_add_to_u32(uint32_t *p, lanes x)
{
    __m256i *at = (__m256i *)(void *)p;
    const lanes turns = _mm512_roundscale_pd(_mm512_mul_pd(x, _mm512_set1_pd(0x1p-32)), 8);
    const lanes y = _mm512_fnmadd_pd(turns, _mm512_set1_pd(0x1p32), x);

    /* +2^31 converts to -2^31: the same word */
    _mm256_store_si256(at, _mm256_add_epi32(_mm256_load_si256(at), _mm512_cvtpd_epi32(y)));
}

/* Both conversions to 64 bits, then the 16 low halves side by side. */
static inline void lanes_add_pair_to_u32(uint32_t *p, uint32_t *q, lanes x, lanes y)
{
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i words =
        _mm512_permutex2var_epi32(_mm512_cvtpd_epi64(x), even, _mm512_cvtpd_epi64(y));
    __m256i *first = (__m256i *)(void *)p, *second = (__m256i *)(void *)q;

    _mm256_store_si256(first,
                       _mm256_add_epi32(_mm256_load_si256(first), _mm512_castsi512_si256(words)));
    _mm256_store_si256(
        second, _mm256_add_epi32(_mm256_load_si256(second), _mm512_extracti64x4_epi64(words, 1)));
}

static inline void lanes_add_to_u64(uint64_t *p, lanes x)
{
    const lanes turns = _mm512_roundscale_pd(_mm512_mul_pd(x, _mm512_set1_pd(0x1p-64)), 8);
    const lanes y = _mm512_fnmadd_pd(turns, _mm512_set1_pd(0x1p64), x);

    /* +2^63 converts to -2^63: the same word */
    _mm512_store_si512(p, _mm512_add_epi64(_mm512_load_si512(p), _mm512_cvtpd_epi64(y)));
}
#endif /* NESCIO_KERNELS_LANES_AVX512_INTERNAL_H */
