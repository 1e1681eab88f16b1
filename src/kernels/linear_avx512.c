/* SPDX-License-Identifier: Apache-2.0
 * Linear combinations of rows of torus words, AVX-512 (F, DQ). A tile of 4 rows x 4 vectors keeps
 * 16 sums in registers; the strip of inputs under it (256 bytes a row) stays in cache for all rows
 * of the block. */
#include "kernels/linear_internal.h"
#include "base/unroll.h"

#include <immintrin.h>

enum { LINE = 64 };

static inline size_t term(const nescio_linear_block *b, size_t i)
{
    return b->columns ? b->columns[i] : i;
}

static NESCIO_INLINE __m512i multiply(__m512i x, __m512i w, const int bits)
{
    return bits == 32 ? _mm512_mullo_epi32(x, w) : _mm512_mullo_epi64(x, w);
}

static NESCIO_INLINE __m512i add(__m512i x, __m512i y, const int bits)
{
    return bits == 32 ? _mm512_add_epi32(x, y) : _mm512_add_epi64(x, y);
}

/* Rows r ... r + rows, bytes [at, at + vectors * 64) of each. rows, vectors and bits are constants
 * at each call. */
static NESCIO_INLINE void tile(const nescio_linear_block *b, size_t r, size_t at, const int rows,
                               const int vectors, const int bits)
{
    const size_t word = (size_t)bits / 8;
    __m512i sum[16];

    NESCIO_UNROLL
    for (int i = 0; i < rows; i++) {
        NESCIO_UNROLL
        for (int v = 0; v < vectors; v++) {
            const char *o = (const char *)b->out + (r + (size_t)i) * b->out_stride * word + at +
                            (size_t)v * LINE;

            sum[i * vectors + v] = b->accumulate ? _mm512_load_si512(o) : _mm512_setzero_si512();
        }
    }
    for (size_t t = 0; t < b->n_terms; t++) {
        const char *in = (const char *)b->in + term(b, t) * b->in_stride * word + at;
        __m512i x[8];

        NESCIO_UNROLL
        for (int v = 0; v < vectors; v++)
            x[v] = _mm512_load_si512(in + v * LINE);
        NESCIO_UNROLL
        for (int i = 0; i < rows; i++) {
            const int32_t weight = b->weights[(r + (size_t)i) * b->ld + t];
            const __m512i w = bits == 32 ? _mm512_set1_epi32(weight) : _mm512_set1_epi64(weight);

            NESCIO_UNROLL
            for (int v = 0; v < vectors; v++)
                sum[i * vectors + v] = add(sum[i * vectors + v], multiply(x[v], w, bits), bits);
        }
    }
    NESCIO_UNROLL
    for (int i = 0; i < rows; i++) {
        NESCIO_UNROLL
        for (int v = 0; v < vectors; v++)
            _mm512_store_si512((char *)b->out + (r + (size_t)i) * b->out_stride * word + at +
                                   (size_t)v * LINE,
                               sum[i * vectors + v]);
    }
}

static NESCIO_INLINE void strip(const nescio_linear_block *b, size_t at, const int vectors,
                                const int bits)
{
    size_t r = 0;

    for (; r + 4 <= b->n_rows; r += 4)
        tile(b, r, at, 4, vectors, bits);
    for (; r < b->n_rows; r++)
        tile(b, r, at, 1, vectors, bits);
}

static NESCIO_INLINE void rows(const nescio_linear_block *b, const int bits)
{
    const size_t bytes = (b->width * (size_t)bits / 8 + LINE - 1) / LINE * LINE;
    size_t at = 0;

    for (; at + 4 * LINE <= bytes; at += 4 * LINE)
        strip(b, at, 4, bits);
    for (; at < bytes; at += LINE)
        strip(b, at, 1, bits);
}

static void rows32_avx512(const nescio_linear_block *b)
{
    rows(b, 32);
}

static void rows64_avx512(const nescio_linear_block *b)
{
    rows(b, 64);
}

void nescio_linear_use_avx512(nescio_linear_kernels *k)
{
    k->rows32 = rows32_avx512;
    k->rows64 = rows64_avx512;
}
