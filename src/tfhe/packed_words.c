/* SPDX-License-Identifier: Apache-2.0
 * Packed little-endian words. Constant time: bodies that are being encrypted pass through here. */
#include "tfhe/packed_words.h"

void nescio_torus48_pack(uint8_t *bytes, const uint64_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t w = (words[i] + 0x8000) >> 16;

        for (unsigned j = 0; j < 6; j++)
            bytes[6 * i + j] = (uint8_t)(w >> (8 * j));
    }
}

void nescio_torus48_unpack(uint64_t *words, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t w = 0;

        for (unsigned j = 0; j < 6; j++)
            w |= (uint64_t)bytes[6 * i + j] << (8 * j);
        words[i] = w << 16;
    }
}

void nescio_narrow_pack(uint8_t *bytes, const uint32_t *words, size_t n, unsigned modulus_log)
{
    const unsigned width = modulus_log / 8;

    for (size_t i = 0; i < n; i++)
        for (unsigned j = 0; j < width; j++)
            bytes[width * i + j] = (uint8_t)(words[i] >> (8 * j));
}

/* width is a constant in every call: one load instead of a loop. */
static inline void unpack_width(uint32_t *words, const uint8_t *bytes, size_t n, unsigned width)
{
    for (size_t i = 0; i < n; i++, bytes += width) {
        words[i] = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
        if (width == 4)
            words[i] |= (uint32_t)bytes[3] << 24;
    }
}

void nescio_narrow_unpack(uint32_t *words, const uint8_t *bytes, size_t n, unsigned modulus_log)
{
    if (modulus_log == 24)
        unpack_width(words, bytes, n, 3);
    else
        unpack_width(words, bytes, n, 4);
}

void nescio_bits_pack(uint8_t *bytes, size_t first, const uint32_t *words, size_t n, unsigned bits)
{
    for (size_t i = 0; i < n; i++)
        for (unsigned j = 0; j < bits; j++) {
            const size_t at = first + i * bits + j;

            bytes[at / 8] |= (uint8_t)((words[i] >> j & 1) << (at % 8));
        }
}

void nescio_bits_unpack(uint32_t *words, const uint8_t *bytes, size_t first, size_t n,
                        unsigned bits)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t w = 0;

        for (unsigned j = 0; j < bits; j++) {
            const size_t at = first + i * bits + j;

            w |= (uint32_t)(bytes[at / 8] >> (at % 8) & 1) << j;
        }
        words[i] = w;
    }
}
