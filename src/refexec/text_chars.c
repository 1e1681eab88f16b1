/* SPDX-License-Identifier: Apache-2.0
 * UTF-8 by character; capital and small letters as ranges that differ by a constant. */
#include "refexec/text_chars.h"

#define REPLACEMENT 0xFFFDu

uint32_t nescio_char_next(const char **at, const char *end)
{
    const unsigned char *const s = (const unsigned char *)*at;
    const size_t left = (size_t)(end - *at);
    const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    uint32_t c = n <= 1 ? s[0] : s[0] & (0xFFu >> (n + 1));

    for (size_t i = 1; i < n && i < left; i++) {
        if ((s[i] & 0xC0u) != 0x80)
            break;
        c = c << 6 | (s[i] & 0x3Fu);
        if (i + 1 == n) {
            *at += n;
            return c > 0x10FFFF ? REPLACEMENT : c;
        }
    }
    (*at)++;
    return n == 1 ? c : REPLACEMENT;
}

size_t nescio_char_put(char out[4], uint32_t c)
{
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};

    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (char)(lead[n] | c);
    return n;
}

/* Capitals first, first + step, ... last; their small letters are `delta` further. */
typedef struct letters {
    uint32_t first, last, step, delta;
} letters;

static const letters cases[] = {
    {'A', 'Z', 1, 32},       {0xC0, 0xD6, 1, 32},     {0xD8, 0xDE, 1, 32},
    {0x100, 0x12E, 2, 1},    {0x132, 0x136, 2, 1},    {0x139, 0x147, 2, 1},
    {0x14A, 0x176, 2, 1},    {0x179, 0x17D, 2, 1},    {0x1CD, 0x1DB, 2, 1},
    {0x1DE, 0x1EE, 2, 1},    {0x1F8, 0x21E, 2, 1},    {0x222, 0x232, 2, 1},
    {0x246, 0x24E, 2, 1},    {0x386, 0x386, 1, 38},   {0x388, 0x38A, 1, 37},
    {0x38C, 0x38C, 1, 64},   {0x38E, 0x38F, 1, 63},   {0x391, 0x3A1, 1, 32},
    {0x3A3, 0x3AB, 1, 32},   {0x3D8, 0x3EE, 2, 1},    {0x400, 0x40F, 1, 80},
    {0x410, 0x42F, 1, 32},   {0x460, 0x480, 2, 1},    {0x48A, 0x4BE, 2, 1},
    {0x4C0, 0x4C0, 1, 15},   {0x4C1, 0x4CD, 2, 1},    {0x4D0, 0x52E, 2, 1},
    {0x531, 0x556, 1, 48},   {0x1E00, 0x1E94, 2, 1},  {0x1EA0, 0x1EFE, 2, 1},
    {0x2160, 0x216F, 1, 16}, {0x24B6, 0x24CF, 1, 26}, {0xFF21, 0xFF3A, 1, 32},
};

uint32_t nescio_char_lower(uint32_t c)
{
    if (c == 0x178) /* Y with diaeresis: the small letter is in Latin-1 */
        return 0xFF;
    if (c == 0x1E9E) /* sharp S */
        return 0xDF;
    if (c == 0x130) /* I with dot */
        return 'i';
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const letters *const l = &cases[i];

        if (c >= l->first && c <= l->last)
            return (c - l->first) % l->step == 0 ? c + l->delta : c;
    }
    return c;
}

uint32_t nescio_char_upper(uint32_t c)
{
    switch (c) {
    case 0xB5: return 0x39C; /* micro sign */
    case 0xFF: return 0x178;
    case 0x131: return 'I';   /* dotless i */
    case 0x17F: return 'S';   /* long s */
    case 0x3C2: return 0x3A3; /* final sigma */
    default: break;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const letters *const l = &cases[i];

        if (c >= l->first + l->delta && c <= l->last + l->delta &&
            (c - l->first - l->delta) % l->step == 0)
            return c - l->delta;
    }
    return c;
}
