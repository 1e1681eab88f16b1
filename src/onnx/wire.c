/* SPDX-License-Identifier: Apache-2.0
 * Reading protobuf's wire format in place. */
#include "onnx/wire.h"

#include <string.h>

#define VARINT_MOST 10

nescio_wire nescio_wire_over(nescio_slice bytes)
{
    return (nescio_wire){.at = bytes.at, .end = bytes.at ? bytes.at + bytes.bytes : NULL};
}

static uint64_t go_bad(nescio_wire *w, const uint8_t *where)
{
    if (!w->bad)
        w->bad = where;
    w->at = w->end;
    return 0;
}

uint64_t nescio_wire_varint(nescio_wire *w)
{
    const uint8_t *const start = w->at;
    uint64_t value = 0;

    for (unsigned i = 0; i < VARINT_MOST && w->at < w->end; i++) {
        const uint8_t byte = *w->at++;

        value |= (uint64_t)(byte & 0x7f)
                 << (7 * i); /* i == 9: only the lowest bit counts, as protobuf has it */
        if (!(byte & 0x80))
            return value;
    }
    return go_bad(w, start);
}

static size_t left(const nescio_wire *w)
{
    return (size_t)(w->end - w->at);
}

uint32_t nescio_wire_fixed32(nescio_wire *w)
{
    uint32_t value = 0;

    if (left(w) < 4)
        return (uint32_t)go_bad(w, w->at);
    for (unsigned i = 0; i < 4; i++)
        value |= (uint32_t)w->at[i] << (8 * i);
    w->at += 4;
    return value;
}

uint64_t nescio_wire_fixed64(nescio_wire *w)
{
    uint64_t value = 0;

    if (left(w) < 8)
        return go_bad(w, w->at);
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)w->at[i] << (8 * i);
    w->at += 8;
    return value;
}

bool nescio_wire_next(nescio_wire *w, nescio_field *f)
{
    const uint8_t *const start = w->at;
    const uint8_t *content;
    uint64_t tag;

    if (w->bad || w->at == w->end)
        return false;
    tag = nescio_wire_varint(w);
    content = w->at;
    if (!w->bad && (tag >> 3 == 0 || tag >> 32 != 0))
        go_bad(w, start);
    if (w->bad)
        return false;
    *f = (nescio_field){.number = (uint32_t)(tag >> 3), .type = (nescio_wire_type)(tag & 7)};
    switch (f->type) {
    case NESCIO_WIRE_VARINT: f->scalar = nescio_wire_varint(w); break;
    case NESCIO_WIRE_FIXED64: f->scalar = nescio_wire_fixed64(w); break;
    case NESCIO_WIRE_FIXED32: f->scalar = nescio_wire_fixed32(w); break;
    case NESCIO_WIRE_BYTES:
        f->scalar = nescio_wire_varint(w);
        content = w->at;
        if (!w->bad && f->scalar > left(w))
            go_bad(w, start);
        if (!w->bad)
            w->at += f->scalar;
        break;
    default: go_bad(w, start); break;
    }
    if (w->bad)
        return false;
    f->bytes = (nescio_slice){content, (size_t)(w->at - content)};
    return true;
}

bool nescio_field_count(const nescio_field *f, nescio_wire_type element, size_t *count)
{
    const size_t bytes = f->bytes.bytes;

    *count = 1;
    if (f->type == element)
        return true;
    if (f->type != NESCIO_WIRE_BYTES)
        return false;
    *count = 0;
    if (element == NESCIO_WIRE_FIXED32 || element == NESCIO_WIRE_FIXED64) {
        const size_t size = element == NESCIO_WIRE_FIXED32 ? 4 : 8;

        *count = bytes / size;
        return bytes % size == 0;
    }
    for (size_t i = 0; i < bytes; i++)
        *count += !(f->bytes.at[i] & 0x80);
    return bytes == 0 || !(f->bytes.at[bytes - 1] & 0x80);
}

float nescio_wire_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

double nescio_wire_double(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}
