/* SPDX-License-Identifier: Apache-2.0
 * Checked sizes, read cursor, write buffer. */
#include "base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool nescio_size_mul(size_t *out, size_t a, size_t b)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

bool nescio_size_add(size_t *out, size_t a, size_t b)
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

size_t nescio_size_round_up(size_t bytes, size_t to)
{
    assert(to > 0 && (to & (to - 1)) == 0 && bytes <= SIZE_MAX - (to - 1));
    return (bytes + to - 1) & ~(to - 1);
}

nescio_cursor nescio_cursor_over(const void *data, size_t bytes)
{
    return (nescio_cursor){.data = data, .at = 0, .end = bytes, .bad = false};
}

size_t nescio_cursor_left(const nescio_cursor *r)
{
    return r->bad ? 0 : r->end - r->at;
}

const uint8_t *nescio_read_bytes(nescio_cursor *r, size_t n)
{
    static const uint8_t nothing = 0; /* zero bytes of an empty cursor are not a failure */
    const uint8_t *p;

    if (r->bad || r->end - r->at < n) {
        r->bad = true;
        return NULL;
    }
    p = r->data ? r->data + r->at : &nothing;
    r->at += n;
    return p;
}

/* The next n <= 8 bytes as a little-endian number; 0 after an overrun. */
static uint64_t read_le(nescio_cursor *r, size_t n)
{
    const uint8_t *p = nescio_read_bytes(r, n);
    uint64_t v = 0;

    if (p)
        for (size_t i = 0; i < n; i++)
            v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint8_t nescio_read_u8(nescio_cursor *r)
{
    return (uint8_t)read_le(r, 1);
}

uint16_t nescio_read_u16(nescio_cursor *r)
{
    return (uint16_t)read_le(r, 2);
}

uint32_t nescio_read_u32(nescio_cursor *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t nescio_read_u64(nescio_cursor *r)
{
    return read_le(r, 8);
}

int64_t nescio_read_i64(nescio_cursor *r)
{
    const uint64_t bits = read_le(r, 8);
    int64_t v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

double nescio_read_f64(nescio_cursor *r)
{
    const uint64_t bits = read_le(r, 8);
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

void nescio_buffer_free(nescio_buffer *b)
{
    free(b->data);
    *b = (nescio_buffer){0};
}

/* Room for n more bytes; false (and bad) without memory. */
static bool reserve(nescio_buffer *b, size_t n)
{
    size_t need, capacity = b->capacity ? b->capacity : 256;
    uint8_t *data;

    if (b->bad || !nescio_size_add(&need, b->bytes, n)) {
        b->bad = true;
        return false;
    }
    if (need <= b->capacity)
        return true;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    data = realloc(b->data, capacity);
    if (!data) {
        b->bad = true;
        return false;
    }
    b->data = data;
    b->capacity = capacity;
    return true;
}

void nescio_write_bytes(nescio_buffer *b, const void *data, size_t n)
{
    if (n == 0 || !reserve(b, n))
        return;
    memcpy(b->data + b->bytes, data, n);
    b->bytes += n;
}

static void write_le(nescio_buffer *b, uint64_t v, size_t n)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
    nescio_write_bytes(b, bytes, n);
}

void nescio_write_u8(nescio_buffer *b, uint8_t v)
{
    write_le(b, v, 1);
}

void nescio_write_u16(nescio_buffer *b, uint16_t v)
{
    write_le(b, v, 2);
}

void nescio_write_u32(nescio_buffer *b, uint32_t v)
{
    write_le(b, v, 4);
}

void nescio_write_u64(nescio_buffer *b, uint64_t v)
{
    write_le(b, v, 8);
}

void nescio_write_i64(nescio_buffer *b, int64_t v)
{
    write_le(b, (uint64_t)v, 8);
}

void nescio_write_f64(nescio_buffer *b, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    write_le(b, bits, 8);
}

void nescio_write_text(nescio_buffer *b, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        b->bad = true;
        return;
    }
    if (!reserve(b, (size_t)length + 1)) /* vsnprintf wants room for a terminator */
        return;
    va_start(args, format);
    length = vsnprintf((char *)b->data + b->bytes, (size_t)length + 1, format, args);
    va_end(args);
    if (length < 0)
        b->bad = true;
    else
        b->bytes += (size_t)length;
}
