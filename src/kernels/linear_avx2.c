/* SPDX-License-Identifier: Apache-2.0
 * Linear combinations of rows of torus words, AVX2. A tile of 2 rows x 4 vectors keeps 8 sums in
 * registers. There is no 64-bit multiplication: with w = w_lo - 2^32 [w < 0], x w = x_lo w_lo +
 * 2^32 (x_hi w_lo - x [w < 0]). */
#include "kernels/linear_internal.h"
#include "base/unroll.h"

#include <immintrin.h>

enum { HALF_LINE = 32, LINE = 64 };

static inline size_t term(const nescio_linear_block *b, size_t i)
{
    return b->columns ? b->columns[i] : i;
}

static NESCIO_INLINE __m256i multiply64(__m256i x, __m256i w, __m256i negative)
{
    const __m256i high = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), w);
    const __m256i cross = _mm256_sub_epi64(high, _mm256_and_si256(x, negative));

    return _mm256_add_epi64(_mm256_mul_epu32(x, w), _mm256_slli_epi64(cross, 32));
}

/* As in linear_avx512.c, with vectors of 32 bytes. */
static NESCIO_INLINE void tile(const nescio_linear_block *b, size_t r, size_t at, const int rows,
                               const int vectors, const int bits)
{
    const size_t word = (size_t)bits / 8;
    __m256i sum[8];

    NESCIO_UNROLL
    for (int i = 0; i < rows * vectors; i++) {
        const size_t row = r + (size_t)(i / vectors), v = (size_t)(i % vectors);
        const char *o = (const char *)b->out + row * b->out_stride * word + at + v * HALF_LINE;

        sum[i] = b->accumulate ? _mm256_load_si256((const __m256i *)(const void *)o)
                               : _mm256_setzero_si256();
    }
    for (size_t t = 0; t < b->n_terms; t++) {
        const char *in = (const char *)b->in + term(b, t) * b->in_stride * word + at;

        NESCIO_UNROLL
        for (int i = 0; i < rows * vectors; i++) {
            const int32_t weight = b->weights[(r + (size_t)(i / vectors)) * b->ld + t];
            const char *from = in + (i % vectors) * HALF_LINE;
            const __m256i x = _mm256_load_si256((const __m256i *)(const void *)from);

            if (bits == 32)
                sum[i] = _mm256_add_epi32(sum[i], _mm256_mullo_epi32(x, _mm256_set1_epi32(weight)));
            else
                sum[i] =
                    _mm256_add_epi64(sum[i], multiply64(x, _mm256_set1_epi64x((uint32_t)weight),
                                                        _mm256_set1_epi64x(weight < 0 ? -1 : 0)));
        }
    }
    NESCIO_UNROLL
    for (int i = 0; i < rows * vectors; i++) {
        const size_t row = r + (size_t)(i / vectors), v = (size_t)(i % vectors);
        char *o = (char *)b->out + row * b->out_stride * word + at + v * HALF_LINE;

        _mm256_store_si256((__m256i *)(void *)o, sum[i]);
    }
}

static NESCIO_INLINE void strip(const nescio_linear_block *b, size_t at, const int vectors,
                                const int bits)
{
    size_t r = 0;

    for (; r + 2 <= b->n_rows; r += 2)
        tile(b, r, at, 2, vectors, bits);
    for (; r < b->n_rows; r++)
        tile(b, r, at, 1, vectors, bits);
}

static NESCIO_INLINE void rows(const nescio_linear_block *b, const int bits)
{
    const size_t bytes = (b->width * (size_t)bits / 8 + LINE - 1) / LINE * LINE;
    size_t at = 0;

    for (; at + 4 * HALF_LINE <= bytes; at += 4 * HALF_LINE)
        strip(b, at, 4, bits);
    for (; at < bytes; at += LINE)
        strip(b, at, 2, bits);
}

static void rows32_avx2(const nescio_linear_block *b)
{
    rows(b, 32);
}

static void rows64_avx2(const nescio_linear_block *b)
{
    rows(b, 64);
}

void nescio_linear_use_avx2(nescio_linear_kernels *k)
{
    k->rows32 = rows32_avx2;
    k->rows64 = rows64_avx2;
}
