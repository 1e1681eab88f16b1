/* SPDX-License-Identifier: Apache-2.0
 * Writing protobuf's wire format. */
#include "onnx/wire_write.h"

#include "tensor/walk.h"

#include <stdio.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

void nescio_wire_put_varint(nescio_buffer *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        nescio_write_u8(b, (uint8_t)(v | 0x80));
    nescio_write_u8(b, (uint8_t)v);
}

static void put_tag(nescio_buffer *b, uint32_t number, unsigned type)
{
    nescio_wire_put_varint(b, (uint64_t)number << 3 | type);
}

void nescio_wire_put_int(nescio_buffer *b, uint32_t number, int64_t v)
{
    put_tag(b, number, WIRE_VARINT);
    nescio_wire_put_varint(b, (uint64_t)v);
}

void nescio_wire_put_float(nescio_buffer *b, uint32_t number, float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    put_tag(b, number, WIRE_FIXED32);
    nescio_write_u32(b, bits);
}

void nescio_wire_put_bytes(nescio_buffer *b, uint32_t number, const void *data, size_t n)
{
    put_tag(b, number, WIRE_BYTES);
    nescio_wire_put_varint(b, n);
    nescio_write_bytes(b, data, n);
}

void nescio_wire_put_text(nescio_buffer *b, uint32_t number, const char *text)
{
    nescio_wire_put_bytes(b, number, text, strlen(text));
}

void nescio_wire_put_message(nescio_buffer *b, uint32_t number, nescio_buffer *inner)
{
    nescio_wire_put_bytes(b, number, inner->data, inner->bytes);
    b->bad = b->bad || inner->bad;
    nescio_buffer_free(inner);
}

/* One element, little-endian. */
static void put_element(nescio_buffer *b, nescio_dtype dtype, const void *element)
{
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (nescio_dtype_bytes(dtype)) {
    case 1: nescio_write_u8(b, *(const uint8_t *)element); break;
    case 2:
        memcpy(&u16, element, sizeof u16);
        nescio_write_u16(b, u16);
        break;
    case 4:
        memcpy(&u32, element, sizeof u32);
        nescio_write_u32(b, u32);
        break;
    default:
        memcpy(&u64, element, sizeof u64);
        nescio_write_u64(b, u64);
        break;
    }
}

/* Weights are many: contiguous ones go at once. */
static void put_elements(nescio_buffer *b, const nescio_tensor *t)
{
    const size_t size = nescio_dtype_bytes(t->dtype), count = nescio_tensor_count(t);
    nescio_walk w;

    if (t->dtype != NESCIO_STRING) {
        put_tag(b, 9, WIRE_BYTES);
        nescio_wire_put_varint(b, count * size);
        if (NESCIO_FILE_ORDER_IS_OURS && nescio_tensor_is_contiguous(t)) {
            nescio_write_bytes(b, t->data, count * size);
            return;
        }
    }
    nescio_walk_init(&w, t->rank, t->dims);
    nescio_walk_add_strides(&w, t->stride);
    for (bool more = nescio_walk_start(&w); more; more = nescio_walk_next(&w)) {
        for (int64_t i = 0; i < w.n; i++) {
            const void *const element =
                (const char *)t->data + (w.at[0] + i * w.step[0]) * (int64_t)size;

            if (t->dtype == NESCIO_STRING)
                nescio_wire_put_text(b, 6, *(const char *const *)element);
            else
                put_element(b, t->dtype, element);
        }
    }
}

static void put_header(nescio_buffer *b, const nescio_tensor *t, const char *name)
{
    for (int d = 0; d < t->rank; d++)
        nescio_wire_put_int(b, 1, t->dims[d]);
    nescio_wire_put_int(b, 2, t->dtype);
    if (name)
        nescio_wire_put_text(b, 8, name);
}

void nescio_wire_put_tensor(nescio_buffer *b, const nescio_tensor *t, const char *name)
{
    put_header(b, t, name);
    put_elements(b, t);
}

/* StringStringEntryProto: key 1, value 2. */
static void put_entry(nescio_buffer *b, const char *key, const char *value)
{
    nescio_buffer entry = {0};

    nescio_wire_put_text(&entry, 1, key);
    nescio_wire_put_text(&entry, 2, value);
    nescio_wire_put_message(b, 13, &entry);
}

void nescio_wire_put_external(nescio_buffer *b, const nescio_tensor *t, const char *name,
                              const char *location, size_t offset)
{
    char number[32];

    put_header(b, t, name);
    put_entry(b, "location", location);
    (void)snprintf(number, sizeof number, "%zu", offset);
    put_entry(b, "offset", number);
    (void)snprintf(number, sizeof number, "%zu",
                   nescio_tensor_count(t) * nescio_dtype_bytes(t->dtype));
    put_entry(b, "length", number);
    nescio_wire_put_int(b, 14, 1); /* data_location: EXTERNAL */
}
