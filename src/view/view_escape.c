/* SPDX-License-Identifier: Apache-2.0
 * Hostile names in XML, JSON and DOT. */
#include "tensor/utf8.h"
#include "view/view_picture_internal.h"

#include <string.h>

/* Bytes of the UTF-8 character at s; 0: s starts none (overlong, surrogate, cut off, beyond). */
static size_t utf8_bytes(const char *s, uint32_t *code)
{
    const char *next = s;

    *code = nescio_utf8_decode(&next);
    return (size_t)(next - s);
}

/* Controls, and characters that XML 1.0 has not. */
static bool is_odd(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xfffe || code == 0xffff;
}

/* Characters that turn the direction of the text behind them. */
static bool turns_text(uint32_t code)
{
    return code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* The next character of *text: its bytes (or U+FFFD's) and how many; advances. */
static const char *next_character(const char **text, size_t *n)
{
    const char *const at = *text;
    uint32_t code = 0;
    const size_t bytes = utf8_bytes(at, &code);

    *text += bytes ? bytes : 1;
    *n = bytes;
    if (bytes && !is_odd(code))
        return at;
    *n = 3;
    return "\xef\xbf\xbd";
}

/* The same for people to read. */
static const char *next_shown(const char **text, size_t *n)
{
    const char *const c = next_character(text, n);
    uint32_t code = 0;

    if (utf8_bytes(c, &code) == 0 || !turns_text(code))
        return c;
    *n = 3;
    return "\xef\xbf\xbd";
}

static size_t columns_of(size_t bytes)
{
    return bytes >= 3 ? 2 : 1;
}

void nescio_view_xml(nescio_buffer *out, const char *text, size_t max)
{
    const bool cut = max && nescio_view_columns(text) > max;
    size_t columns = 0;

    while (*text) {
        size_t n;
        const char *const c = next_shown(&text, &n);

        columns += columns_of(n);
        if (cut && columns >= max) /* the ellipsis takes one */
            break;

        switch (*c) {
        case '<': nescio_write_text(out, "&lt;"); break;
        case '>': nescio_write_text(out, "&gt;"); break;
        case '&': nescio_write_text(out, "&amp;"); break;
        case '"': nescio_write_text(out, "&quot;"); break;
        case '\'': nescio_write_text(out, "&#39;"); break;
        default: nescio_write_bytes(out, c, n);
        }
    }
    if (cut)
        nescio_write_text(out, "\xe2\x80\xa6");
}

void nescio_view_json_string(nescio_buffer *out, const char *text)
{
    nescio_write_u8(out, '"');
    while (*text) {
        const unsigned char first = (unsigned char)*text;
        size_t n;
        const char *const c = next_character(&text, &n);

        if (first < 0x20)
            nescio_write_text(out, "\\u%04x", first);
        else if (*c == '"' || *c == '\\')
            nescio_write_text(out, "\\%c", *c);
        else
            nescio_write_bytes(out, c, n);
    }
    nescio_write_u8(out, '"');
}

void nescio_view_plain(nescio_buffer *out, const char *text)
{
    while (*text) {
        size_t n;
        const char *const c = next_shown(&text, &n);

        nescio_write_bytes(out, c, n);
    }
}

void nescio_view_dot_string(nescio_buffer *out, const char *text)
{
    nescio_write_u8(out, '"');
    while (*text) {
        size_t n;
        const char *const c = next_shown(&text, &n);

        if (*c == '"' || *c == '\\')
            nescio_write_u8(out, '\\');
        nescio_write_bytes(out, c, n);
    }
    nescio_write_u8(out, '"');
}

size_t nescio_view_columns(const char *text)
{
    size_t columns = 0;

    while (*text) {
        size_t n;

        (void)next_character(&text, &n);
        columns += columns_of(n);
    }
    return columns;
}
