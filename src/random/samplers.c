/* SPDX-License-Identifier: Apache-2.0
 * Samplers on a stream. What they read of it depends on n and b alone, never on the values drawn,
 * and copies of key stream that may be secret are wiped. */
#include "random/random.h"

#include <sodium.h>

#include <assert.h>
#include <math.h>

#define CHUNK_WORDS 256

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t load64(const uint8_t *p)
{
    return (uint64_t)load32(p) | (uint64_t)load32(p + 4) << 32;
}

/* In place: the bytes of a word are read before the word is written. */
void nescio_stream_fill_u64(nescio_stream *s, uint64_t *out, size_t n)
{
    nescio_stream_bytes(s, out, n * sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = load64((const uint8_t *)&out[i]);
}

void nescio_stream_fill_u32(nescio_stream *s, uint32_t *out, size_t n)
{
    nescio_stream_bytes(s, out, n * sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = load32((const uint8_t *)&out[i]);
}

void nescio_stream_fill_u24(nescio_stream *s, uint32_t *out, size_t n)
{
    uint8_t bytes[3 * CHUNK_WORDS];

    while (n > 0) {
        const size_t m = n < CHUNK_WORDS ? n : CHUNK_WORDS;

        nescio_stream_bytes(s, bytes, 3 * m);
        for (size_t i = 0; i < m; i++)
            out[i] = (uint32_t)bytes[3 * i] | (uint32_t)bytes[3 * i + 1] << 8 |
                     (uint32_t)bytes[3 * i + 2] << 16;
        out += m;
        n -= m;
    }
    sodium_memzero(bytes, sizeof bytes);
}

void nescio_stream_bits(nescio_stream *s, uint32_t *out, size_t n)
{
    uint8_t bytes[CHUNK_WORDS];

    while (n > 0) {
        const size_t m = n < 8 * sizeof bytes ? n : 8 * sizeof bytes;

        nescio_stream_bytes(s, bytes, (m + 7) / 8);
        for (size_t i = 0; i < m; i++)
            out[i] = (uint32_t)bytes[i / 8] >> (i % 8) & 1;
        out += m;
        n -= m;
    }
    sodium_memzero(bytes, sizeof bytes);
}

/* u uniform on [0, 2^(b+2)): ceil(u / 2) takes 0 and 2^(b+1) once and each value between them
 * twice. One 32-bit word a sample while b + 2 bits fit, else one of 64; the bits above are not
 * used. */
void nescio_stream_tuniform(nescio_stream *s, uint64_t *out, size_t n, unsigned b)
{
    const unsigned bits = b + 2;
    const uint64_t middle = (uint64_t)1 << b;
    uint32_t words[CHUNK_WORDS];

    assert(b <= 61);
    if (bits > 32) {
        nescio_stream_fill_u64(s, out, n);
        for (size_t i = 0; i < n; i++) {
            const uint64_t u = out[i] & (((uint64_t)1 << bits) - 1);

            out[i] = (u + 1) / 2 - middle;
        }
        return;
    }
    while (n > 0) {
        const size_t m = n < CHUNK_WORDS ? n : CHUNK_WORDS;

        nescio_stream_fill_u32(s, words, m);
        for (size_t i = 0; i < m; i++) {
            const uint64_t u = words[i] & (((uint64_t)1 << bits) - 1);

            out[i] = (u + 1) / 2 - middle;
        }
        out += m;
        n -= m;
    }
    sodium_memzero(words, sizeof words);
}

double nescio_stream_uniform(nescio_stream *s)
{
    return (double)(nescio_stream_u64(s) >> 11) * 0x1p-53;
}

double nescio_stream_gaussian(nescio_stream *s)
{
    const double u = 1.0 - nescio_stream_uniform(s); /* in (0, 1]: the logarithm is finite */
    const double v = nescio_stream_uniform(s);

    return sqrt(-2.0 * log(u)) * cos(6.283185307179586476925286766559 * v);
}
