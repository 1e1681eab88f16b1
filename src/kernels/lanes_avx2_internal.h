/* SPDX-License-Identifier: Apache-2.0
 * Lanes of four doubles: AVX2 and FMA. See lanes_internal.h for what each function means. */
#ifndef NESCIO_KERNELS_LANES_AVX2_INTERNAL_H
#define NESCIO_KERNELS_LANES_AVX2_INTERNAL_H
#include <immintrin.h>
#include <stdint.h>

#define LANES 4

typedef __m256d lanes;

static inline lanes lanes_set1(double x)
{
    return _mm256_set1_pd(x);
}

static inline lanes lanes_load(const double *p)
{
    return _mm256_load_pd(p);
}

static inline void lanes_store(double *p, lanes x)
{
    _mm256_store_pd(p, x);
}

/* gcc would load the value again for each use, as a memory operand: 20 % of the products with a
 * key. */
static inline lanes lanes_keep(lanes x)
{
#if !defined(__clang__)
    __asm__("" : "+x"(x));
#endif
    return x;
}

/* On a core whose adders are apart from its multiply-add units, these share the work; the result is
 * the same. */
static inline lanes lanes_minus(lanes a, lanes b)
{
    return _mm256_fnmadd_pd(_mm256_set1_pd(1.0), b, a);
}

static inline lanes lanes_fma(lanes a, lanes b, lanes c)
{
    return _mm256_fmadd_pd(a, b, c);
}

static inline lanes lanes_fms(lanes a, lanes b, lanes c)
{
    return _mm256_fmsub_pd(a, b, c);
}

static inline lanes lanes_fnma(lanes a, lanes b, lanes c)
{
    return _mm256_fnmadd_pd(a, b, c);
}

static inline void transpose4(lanes y[4], const lanes x[4])
{
    const lanes a0 = _mm256_unpacklo_pd(x[0], x[1]), a1 = _mm256_unpackhi_pd(x[0], x[1]);
    const lanes a2 = _mm256_unpacklo_pd(x[2], x[3]), a3 = _mm256_unpackhi_pd(x[2], x[3]);

    y[0] = _mm256_permute2f128_pd(a0, a2, 0x20);
    y[1] = _mm256_permute2f128_pd(a1, a3, 0x20);
    y[2] = _mm256_permute2f128_pd(a0, a2, 0x31);
    y[3] = _mm256_permute2f128_pd(a1, a3, 0x31);
}

static inline void lanes_load_rows(lanes x[8], const double *p)
{
    const lanes low[4] = {lanes_load(p), lanes_load(p + 16), lanes_load(p + 32),
                          lanes_load(p + 48)};
    const lanes high[4] = {lanes_load(p + 4), lanes_load(p + 20), lanes_load(p + 36),
                           lanes_load(p + 52)};

    transpose4(x, low);
    transpose4(x + 4, high);
}

static inline void lanes_store_rows(double *p, const lanes x[8])
{
    lanes low[4], high[4];

    transpose4(low, x);
    transpose4(high, x + 4);
    lanes_store(p, low[0]);
    lanes_store(p + 16, low[1]);
    lanes_store(p + 32, low[2]);
    lanes_store(p + 48, low[3]);
    lanes_store(p + 4, high[0]);
    lanes_store(p + 20, high[1]);
    lanes_store(p + 36, high[2]);
    lanes_store(p + 52, high[3]);
}

static inline lanes lanes_from_i32(const int32_t *p)
{
    return _mm256_cvtepi32_pd(_mm_load_si128((const __m128i *)(const void *)p));
}

/* High half (signed) and low half through the mantissa of 2^84 and 2^52; one rounding, in the last
 * addition. */
static inline lanes lanes_from_i64(const int64_t *p)
{
    const __m256i x = _mm256_load_si256((const __m256i *)(const void *)p);
    const __m256i low_bits = _mm256_castpd_si256(_mm256_set1_pd(0x1p52));
    const __m256i high_bits = _mm256_castpd_si256(_mm256_set1_pd(0x1p84 + 0x1p63));
    const __m256i low = _mm256_blend_epi32(x, low_bits, 0xaa);
    const __m256i high = _mm256_xor_si256(_mm256_srli_epi64(x, 32), high_bits);
    const lanes h =
        _mm256_sub_pd(_mm256_castsi256_pd(high), _mm256_set1_pd(0x1p84 + 0x1p63 + 0x1p52));

    return _mm256_add_pd(h, _mm256_castsi256_pd(low));
}

static inline lanes lanes_nearest(lanes x)
{
    return _mm256_round_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline void lanes_add_to_u32(uint32_t *p, lanes x)
{
    __m128i *at = (__m128i *)(void *)p;
    const lanes turns = lanes_nearest(_mm256_mul_pd(x, _mm256_set1_pd(0x1p-32)));
    const lanes y = _mm256_fnmadd_pd(turns, _mm256_set1_pd(0x1p32), x);

    /* +2^31 converts to -2^31: the same word */
    _mm_store_si128(at, _mm_add_epi32(_mm_load_si128(at), _mm256_cvtpd_epi32(y)));
}

static inline void lanes_add_pair_to_u32(uint32_t *p, uint32_t *q, lanes x, lanes y)
{
    lanes_add_to_u32(p, x);
    lanes_add_to_u32(q, y);
}

/* There is no conversion to 64-bit integers: two halves of 32 bits, each rounded into the mantissa
 * of 1.5 * 2^52. */
static inline void lanes_add_to_u64(uint64_t *p, lanes x)
{
    __m256i *at = (__m256i *)(void *)p;
    const lanes magic = _mm256_set1_pd(0x1.8p52);
    const lanes turns = lanes_nearest(_mm256_mul_pd(x, _mm256_set1_pd(0x1p-64)));
    const lanes y = _mm256_fnmadd_pd(turns, _mm256_set1_pd(0x1p64), x);
    const lanes high = lanes_nearest(_mm256_mul_pd(y, _mm256_set1_pd(0x1p-32)));
    const lanes low = _mm256_fnmadd_pd(high, _mm256_set1_pd(0x1p32), y);
    const __m256i h = _mm256_castpd_si256(_mm256_add_pd(high, magic));
    const __m256i l = _mm256_castpd_si256(_mm256_add_pd(low, magic));
    const __m256i word =
        _mm256_add_epi64(_mm256_slli_epi64(h, 32), _mm256_sub_epi64(l, _mm256_castpd_si256(magic)));

    _mm256_store_si256(at, _mm256_add_epi64(_mm256_load_si256(at), word));
}
#endif /* NESCIO_KERNELS_LANES_AVX2_INTERNAL_H */
