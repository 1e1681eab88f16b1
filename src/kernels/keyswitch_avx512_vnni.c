/* SPDX-License-Identifier: Apache-2.0
 * The key-switch product on AVX-512 VNNI. vpdpbusd adds to each 32-bit lane the products of four
 * unsigned key bytes with four signed digits; sums wrap modulo 2^32, as they may. A tile of
 * ciphertexts x planes of one column block fills 24 registers, and the key of a block is one
 * stream: read from memory once for all tiles of a batch. */
#include "kernels/keyswitch_internal.h"
#include "base/unroll.h"

#include <immintrin.h>
#include <string.h>

enum {
    COLUMNS = NESCIO_KEYSWITCH_COLUMNS,
    PLANE = 64, /* bytes of 16 columns x 4 rows */
    SLAB =
        512 /* groups whose key (96 or 128 KB) and digits stay in the level-2 cache over a batch */
};

/* One block of 16 columns, groups [0, n), `tile` ciphertexts; `unroll` sets of accumulators hide
 * the latency where tiles are small. All three sizes are constants at each call. */
static NESCIO_INLINE void tile_block(uint32_t *out, size_t out_stride, const uint8_t *key,
                                     const int8_t *digits, size_t digit_stride, size_t n,
                                     const int tile, const int planes, const int unroll)
{
    __m512i acc[24];
    size_t g = 0;

    NESCIO_UNROLL
    for (int i = 0; i < tile * planes * unroll; i++)
        acc[i] = _mm512_setzero_si512();
    for (; g + (size_t)unroll <= n; g += (size_t)unroll)
        NESCIO_UNROLL
    for (int u = 0; u < unroll; u++) {
        const uint8_t *k = key + (g + (size_t)u) * (size_t)planes * PLANE;
        __m512i plane[4];

        NESCIO_UNROLL
        for (int p = 0; p < planes; p++)
            plane[p] = _mm512_load_si512(k + p * PLANE);
        NESCIO_UNROLL
        for (int t = 0; t < tile; t++) {
            int32_t four;
            __m512i d;

            memcpy(&four, digits + (size_t)t * digit_stride + 4 * (g + (size_t)u), sizeof four);
            d = _mm512_set1_epi32(four);
            NESCIO_UNROLL
            for (int p = 0; p < planes; p++) {
                __m512i *a = &acc[(u * tile + t) * planes + p];

                *a = _mm512_dpbusd_epi32(*a, plane[p], d);
            }
        }
    }
    for (; g < n; g++)
        NESCIO_UNROLL
    for (int t = 0; t < tile; t++)
        NESCIO_UNROLL
    for (int p = 0; p < planes; p++) {
        int32_t four;

        memcpy(&four, digits + (size_t)t * digit_stride + 4 * g, sizeof four);
        acc[t * planes + p] = _mm512_dpbusd_epi32(
            acc[t * planes + p], _mm512_load_si512(key + (g * (size_t)planes + (size_t)p) * PLANE),
            _mm512_set1_epi32(four));
    }
    NESCIO_UNROLL
    for (int t = 0; t < tile; t++) {
        uint32_t *o = out + (size_t)t * out_stride;
        __m512i sum = _mm512_load_si512(o);

        NESCIO_UNROLL
        for (int u = 0; u < unroll; u++)
            NESCIO_UNROLL
        for (int p = 0; p < planes; p++)
            sum = _mm512_add_epi32(
                sum, _mm512_slli_epi32(acc[(u * tile + t) * planes + p], 8 * (unsigned)p));
        _mm512_store_si512(o, sum);
    }
}

/* Ciphertexts in tiles of 8 (three planes) or 6 (four planes), then 4, 2, 1. */
static NESCIO_INLINE void all_tiles(uint32_t *out, size_t out_stride, const uint8_t *key,
                                    const int8_t *digits, size_t digit_stride, size_t n,
                                    size_t count, const int planes)
{
    const size_t widest = planes == 3 ? 8 : 6;

    while (count > 0) {
        size_t done;

        if (count >= widest) {
            tile_block(out, out_stride, key, digits, digit_stride, n, planes == 3 ? 8 : 6, planes,
                       1);
            done = widest;
        } else if (count >= 4) {
            tile_block(out, out_stride, key, digits, digit_stride, n, 4, planes,
                       planes == 3 ? 2 : 1);
            done = 4;
        } else if (count >= 2) {
            tile_block(out, out_stride, key, digits, digit_stride, n, 2, planes,
                       planes == 3 ? 4 : 3);
            done = 2;
        } else {
            tile_block(out, out_stride, key, digits, digit_stride, n, 1, planes,
                       planes == 3 ? 8 : 6);
            done = 1;
        }
        out += done * out_stride;
        digits += done * digit_stride;
        count -= done;
    }
}

static void product_avx512_vnni(uint32_t *out, size_t out_stride, const void *key,
                                const nescio_keyswitch_shape *shape, const int8_t *digits,
                                size_t digit_stride, size_t count)
{
    const size_t n_groups = shape->n_rows / NESCIO_KEYSWITCH_ROWS;
    const size_t planes = shape->modulus_log / 8;
    const size_t blocks = (shape->n_columns + COLUMNS - 1) / COLUMNS;
    const __m512i mask =
        _mm512_set1_epi32(shape->modulus_log == 32 ? -1 : (1 << shape->modulus_log) - 1);
    const uint8_t *at = key;

    for (size_t block = 0; block < blocks; block++) {
        uint32_t *o = out + block * COLUMNS;

        for (size_t t = 0; t < count; t++)
            _mm512_store_si512(o + t * out_stride, _mm512_setzero_si512());
        for (size_t g = 0; g < n_groups; g += SLAB) {
            const size_t n = n_groups - g < SLAB ? n_groups - g : SLAB;

            if (planes == 3)
                all_tiles(o, out_stride, at, digits + 4 * g, digit_stride, n, count, 3);
            else
                all_tiles(o, out_stride, at, digits + 4 * g, digit_stride, n, count, 4);
            at += n * planes * PLANE;
        }
        for (size_t t = 0; t < count; t++)
            _mm512_store_si512(o + t * out_stride,
                               _mm512_and_si512(mask, _mm512_load_si512(o + t * out_stride)));
    }
}

/* As digits_scalar, 16 words at a time. */
static int64_t digits_avx512(int8_t *digits, const uint32_t *a, size_t n, unsigned levels,
                             unsigned base_log)
{
    const unsigned shift = 32 - levels * base_log;
    const uint32_t half_step = 1u << (shift - 1);
    const uint32_t half_base = 1u << (base_log - 1);
    const __m512i step_mask = _mm512_set1_epi32((int)((1u << shift) - 1));
    const __m512i base_mask = _mm512_set1_epi32((1 << base_log) - 1);
    uint32_t offset = half_step;
    __m512i rest = _mm512_setzero_si512();

    for (unsigned j = 0; j < levels; j++)
        offset += half_base << (32 - (j + 1) * base_log);
    for (size_t i = 0; i < n; i += 16) {
        const __m512i x = _mm512_load_si512(a + i);
        const __m512i low =
            _mm512_and_si512(_mm512_add_epi32(x, _mm512_set1_epi32((int)half_step)), step_mask);
        const __m512i y = _mm512_add_epi32(x, _mm512_set1_epi32((int)offset));

        rest = _mm512_add_epi64(rest, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(low)));
        rest = _mm512_add_epi64(rest, _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(low, 1)));
        for (unsigned j = 0; j < levels; j++) {
            const __m128i at = _mm_cvtsi32_si128((int)(32 - (j + 1) * base_log));
            const __m512i u = _mm512_and_si512(_mm512_srl_epi32(y, at), base_mask);
            const __m512i d = _mm512_sub_epi32(u, _mm512_set1_epi32((int)half_base));

            _mm_storeu_si128((__m128i *)(void *)(digits + j * n + i), _mm512_cvtepi32_epi8(d));
        }
    }
    return _mm512_reduce_add_epi64(rest) - (int64_t)n * half_step;
}

void nescio_keyswitch_use_avx512_vnni(nescio_keyswitch_kernels *k)
{
    k->key_bytes = nescio_keyswitch_planes_bytes;
    k->set_rows = nescio_keyswitch_planes_set;
    k->product = product_avx512_vnni;
    k->digits = digits_avx512;
}
