/* SPDX-License-Identifier: Apache-2.0
 * UTF-8 in both directions. */
#include "tensor/utf8.h"

size_t nescio_utf8_encode(char *out, uint32_t code)
{
    static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    const size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(lead[n] | code);
    return n;
}

uint32_t nescio_utf8_decode(const char **s)
{
    static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000}; /* shortest form only */
    const unsigned char *p = (const unsigned char *)*s;
    const unsigned more = p[0] < 0x80   ? 0
                          : p[0] < 0xc0 ? 4
                          : p[0] < 0xe0 ? 1
                          : p[0] < 0xf0 ? 2
                          : p[0] < 0xf8 ? 3
                                        : 4;
    uint32_t code;

    if (more == 4)
        return UINT32_MAX;
    code = more ? p[0] & (0x3fu >> more) : p[0];
    for (unsigned i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) /* also the terminator */
            return UINT32_MAX;
        code = code << 6 | (p[i] & 0x3fu);
    }
    if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return UINT32_MAX;
    *s += more + 1;
    return code;
}
