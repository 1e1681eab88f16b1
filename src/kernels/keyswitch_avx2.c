/* SPDX-License-Identifier: Apache-2.0
 * The key-switch product on AVX2. vpmaddubsw adds two u8 x s8 products in a 16-bit lane and
 * saturates: with |digit| <= 2^(b-1), a lane holds the sum of floor(32767 / (510 * 2^(b-1))) of
 * them (1 at b = 7, 8 at b = 4, 32 at b = 2), and only then vpmaddwd widens to 32 bits, where sums
 * wrap modulo 2^32 as they may. */
#include "kernels/keyswitch_internal.h"
#include "base/unroll.h"

#include <immintrin.h>
#include <string.h>

enum {
    COLUMNS = NESCIO_KEYSWITCH_COLUMNS,
    PLANE = 64, /* bytes of 16 columns x 4 rows */
    SLAB = 512  /* groups whose key and digits stay in the level-2 cache over a batch */
};

static __m256i load(const void *p)
{
    return _mm256_load_si256(p);
}

/* Half a block (8 columns), groups [0, n), `tile` ciphertexts; `run` groups a widening. */
static NESCIO_INLINE void tile_half(uint32_t *out, size_t out_stride, const uint8_t *key,
                                    const int8_t *digits, size_t digit_stride, size_t n, size_t run,
                                    const int tile, const int planes)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i wide[12], narrow[12];

    NESCIO_UNROLL
    for (int i = 0; i < tile * planes; i++)
        wide[i] = _mm256_setzero_si256();
    for (size_t g = 0; g < n;) {
        const size_t end = n - g < run ? n : g + run;

        NESCIO_UNROLL
        for (int i = 0; i < tile * planes; i++)
            narrow[i] = _mm256_setzero_si256();
        for (; g < end; g++)
            NESCIO_UNROLL
        for (int t = 0; t < tile; t++) {
            int32_t four;
            __m256i d;

            memcpy(&four, digits + (size_t)t * digit_stride + 4 * g, sizeof four);
            d = _mm256_set1_epi32(four);
            NESCIO_UNROLL
            for (int p = 0; p < planes; p++) {
                const __m256i k = load(key + (g * (size_t)planes + (size_t)p) * PLANE);
                __m256i *a = &narrow[t * planes + p];

                *a = _mm256_add_epi16(*a, _mm256_maddubs_epi16(k, d));
            }
        }
        NESCIO_UNROLL
        for (int i = 0; i < tile * planes; i++)
            wide[i] = _mm256_add_epi32(wide[i], _mm256_madd_epi16(narrow[i], ones));
    }
    NESCIO_UNROLL
    for (int t = 0; t < tile; t++) {
        __m256i *o = (__m256i *)(void *)(out + (size_t)t * out_stride);
        __m256i sum = _mm256_load_si256(o);

        NESCIO_UNROLL
        for (int p = 0; p < planes; p++)
            sum = _mm256_add_epi32(sum, _mm256_slli_epi32(wide[t * planes + p], 8 * p));
        _mm256_store_si256(o, sum);
    }
}

static NESCIO_INLINE void all_tiles(uint32_t *out, size_t out_stride, const uint8_t *key,
                                    const int8_t *digits, size_t digit_stride, size_t n, size_t run,
                                    size_t count, const int planes)
{
    const size_t widest = planes == 3 ? 4 : 3;

    while (count > 0) {
        const size_t done = count >= widest ? widest : 1;

        for (size_t half = 0; half < 2; half++) {
            uint32_t *o = out + 8 * half;

            if (done > 1)
                tile_half(o, out_stride, key + 32 * half, digits, digit_stride, n, run,
                          planes == 3 ? 4 : 3, planes);
            else
                tile_half(o, out_stride, key + 32 * half, digits, digit_stride, n, run, 1, planes);
        }
        out += done * out_stride;
        digits += done * digit_stride;
        count -= done;
    }
}

static void product_avx2(uint32_t *out, size_t out_stride, const void *key,
                         const nescio_keyswitch_shape *shape, const int8_t *digits,
                         size_t digit_stride, size_t count)
{
    const size_t n_groups = shape->n_rows / NESCIO_KEYSWITCH_ROWS;
    const size_t planes = shape->modulus_log / 8;
    const size_t blocks = (shape->n_columns + COLUMNS - 1) / COLUMNS;
    const size_t run = 32767 / (510u << (shape->base_log - 1));
    const uint32_t mask = shape->modulus_log == 32 ? UINT32_MAX : (1u << shape->modulus_log) - 1;
    const uint8_t *at = key;

    for (size_t block = 0; block < blocks; block++) {
        uint32_t *o = out + block * COLUMNS;

        for (size_t t = 0; t < count; t++)
            memset(o + t * out_stride, 0, COLUMNS * sizeof *o);
        for (size_t g = 0; g < n_groups; g += SLAB) {
            const size_t n = n_groups - g < SLAB ? n_groups - g : SLAB;

            if (planes == 3)
                all_tiles(o, out_stride, at, digits + 4 * g, digit_stride, n, run, count, 3);
            else
                all_tiles(o, out_stride, at, digits + 4 * g, digit_stride, n, run, count, 4);
            at += n * planes * PLANE;
        }
        for (size_t t = 0; t < count; t++)
            for (size_t c = 0; c < COLUMNS; c++)
                o[t * out_stride + c] &= mask;
    }
}

void nescio_keyswitch_use_avx2(nescio_keyswitch_kernels *k)
{
    k->key_bytes = nescio_keyswitch_planes_bytes;
    k->set_rows = nescio_keyswitch_planes_set;
    k->product = product_avx2;
}
