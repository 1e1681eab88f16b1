/* SPDX-License-Identifier: Apache-2.0
 * Fields of messages: every list is counted first, then filled, so an array is exactly as long as
 * the file says and never longer than its bytes. */
#include "onnx/message_fields.h"

#include <string.h>

nescio_status nescio_reader_fail(const nescio_reader *r, const uint8_t *where, const char *what)
{
    return nescio_fail(r->ctx, NESCIO_E_FORMAT, "byte %zu: %s",
                       where ? (size_t)(where - r->file) : 0, what);
}

nescio_status nescio_reader_fail_wire(const nescio_reader *r, const nescio_wire *w)
{
    return nescio_reader_fail(r, w->bad, "cut off or not protobuf");
}

/* Zeroed array in the arena, within the bound. */
static nescio_status new_array(const nescio_reader *r, size_t count, size_t size, void *out)
{
    void *array;

    if (count > r->max_arena / size || nescio_arena_bytes(r->arena) > r->max_arena - count * size)
        return nescio_fail(r->ctx, NESCIO_E_FORMAT,
                           "needs more than %zu bytes of memory for its size", r->max_arena);
    array = nescio_arena_array(r->arena, count, size);
    if (!array)
        return nescio_fail_nomem(r->ctx, count * size);
    memcpy(out, &array, sizeof array);
    return NESCIO_OK;
}

nescio_status nescio_reader_need_bytes(const nescio_reader *r, const nescio_field *f)
{
    return f->type == NESCIO_WIRE_BYTES
               ? NESCIO_OK
               : nescio_reader_fail(r, f->bytes.at, "a number where bytes are expected");
}

/* A string field. Names with a NUL byte would be cut by C; none is legal ONNX. */
nescio_status nescio_reader_text(const nescio_reader *r, const nescio_field *f, nescio_slice *out)
{
    NESCIO_TRY(nescio_reader_need_bytes(r, f));
    if (f->bytes.bytes > 0 && memchr(f->bytes.at, 0, f->bytes.bytes))
        return nescio_reader_fail(r, f->bytes.at, "a text with a zero byte");
    *out = f->bytes;
    return NESCIO_OK;
}

nescio_status nescio_reader_integer(const nescio_reader *r, const nescio_field *f, int64_t *out)
{
    if (f->type != NESCIO_WIRE_VARINT)
        return nescio_reader_fail(r, f->bytes.at, "bytes where a number is expected");
    *out = (int64_t)f->scalar;
    return NESCIO_OK;
}

nescio_status nescio_reader_enum(const nescio_reader *r, const nescio_field *f, int32_t *out)
{
    int64_t wide = 0;

    NESCIO_TRY(nescio_reader_integer(r, f, &wide));
    if (wide < 0 || wide > INT32_MAX)
        return nescio_reader_fail(r, f->bytes.at, "an enum value out of range");
    *out = (int32_t)wide;
    return NESCIO_OK;
}

/* How many fields of that number the message has. */
static nescio_status count_fields(const nescio_reader *r, nescio_slice bytes, uint32_t number,
                                  size_t *count)
{
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    *count = 0;
    while (nescio_wire_next(&w, &f))
        *count += f.number == number;
    return w.bad ? nescio_reader_fail_wire(r, &w) : NESCIO_OK;
}

/* All embedded messages of field `number` into an array of structs of `size` bytes. */
nescio_status nescio_reader_messages(nescio_reader *r, nescio_slice bytes, uint32_t number,
                                     size_t size, nescio_message_fn parse, void *out_array,
                                     size_t *out_count)
{
    nescio_wire w = nescio_wire_over(bytes);
    char *array = NULL;
    size_t count, i = 0;
    nescio_field f;

    NESCIO_TRY(count_fields(r, bytes, number, &count));
    NESCIO_TRY(new_array(r, count, size, &array));
    if (r->depth >= NESCIO_ONNX_DEPTH_MAX)
        return nescio_reader_fail(r, bytes.at, "messages nested deeper than 64");
    r->depth++;
    while (nescio_wire_next(&w, &f)) {
        if (f.number != number)
            continue;
        NESCIO_TRY(nescio_reader_need_bytes(r, &f));
        NESCIO_TRY(parse(r, f.bytes, array + size * i++));
    }
    r->depth--;
    memcpy(out_array, &array, sizeof array);
    *out_count = count;
    return NESCIO_OK;
}

/* At most one embedded message; *out is NULL when there is none. */
nescio_status nescio_reader_message(nescio_reader *r, nescio_slice bytes, uint32_t number,
                                    size_t size, nescio_message_fn parse, void *out_pointer)
{
    char *array = NULL;
    size_t count = 0;

    NESCIO_TRY(count_fields(r, bytes, number, &count));
    if (count > 1)
        return nescio_reader_fail(r, bytes.at, "a message that may occur once occurs twice");
    if (count == 1)
        NESCIO_TRY(nescio_reader_messages(r, bytes, number, size, parse, &array, &count));
    memcpy(out_pointer, &array, sizeof array);
    return NESCIO_OK;
}

nescio_status nescio_reader_texts(const nescio_reader *r, nescio_slice bytes, uint32_t number,
                                  bool is_bytes, const nescio_slice **out, size_t *out_count)
{
    nescio_wire w = nescio_wire_over(bytes);
    nescio_slice *array = NULL;
    size_t count, i = 0;
    nescio_field f;

    NESCIO_TRY(count_fields(r, bytes, number, &count));
    NESCIO_TRY(new_array(r, count, sizeof *array, &array));
    while (nescio_wire_next(&w, &f)) {
        if (f.number != number)
            continue;
        NESCIO_TRY(is_bytes ? nescio_reader_need_bytes(r, &f) : NESCIO_OK);
        if (is_bytes)
            array[i++] = f.bytes;
        else
            NESCIO_TRY(nescio_reader_text(r, &f, &array[i++]));
    }
    *out = array;
    *out_count = count;
    return NESCIO_OK;
}

/* Sum of the element counts of a repeated number, packed or not, in any mix. */
static nescio_status count_numbers(const nescio_reader *r, nescio_slice bytes, uint32_t number,
                                   nescio_wire_type element, size_t *count)
{
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;
    size_t n;

    *count = 0;
    while (nescio_wire_next(&w, &f)) {
        if (f.number != number)
            continue;
        if (!nescio_field_count(&f, element, &n))
            return nescio_reader_fail(r, f.bytes.at, "a list of numbers is torn");
        *count += n; /* at most the bytes of the file */
    }
    return w.bad ? nescio_reader_fail_wire(r, &w) : NESCIO_OK;
}

/* How the elements of a repeated number lie in a message and in memory. */
typedef struct number_kind {
    nescio_wire_type element;
    size_t size;
    void (*take)(nescio_wire *list, void *array, size_t i); /**< array[i] = the next of the list */
} number_kind;

static void take_int64(nescio_wire *list, void *array, size_t i)
{
    ((int64_t *)array)[i] = (int64_t)nescio_wire_varint(list);
}

static void take_float(nescio_wire *list, void *array, size_t i)
{
    ((float *)array)[i] = nescio_wire_float(nescio_wire_fixed32(list));
}

static nescio_status read_numbers(const nescio_reader *r, nescio_slice bytes, uint32_t number,
                                  const number_kind *kind, void *out_array, size_t *out_count)
{
    nescio_wire w = nescio_wire_over(bytes);
    void *array = NULL;
    size_t count, i = 0;
    nescio_field f;

    NESCIO_TRY(count_numbers(r, bytes, number, kind->element, &count));
    NESCIO_TRY(new_array(r, count, kind->size, &array));
    while (nescio_wire_next(&w, &f)) {
        nescio_wire list = nescio_wire_over(f.bytes);

        if (f.number != number)
            continue;
        while (list.at < list.end && i < count)
            kind->take(&list, array, i++);
        if (list.bad)
            return nescio_reader_fail(r, list.bad, "a number longer than 10 bytes");
    }
    memcpy(out_array, &array, sizeof array);
    *out_count = count;
    return NESCIO_OK;
}

nescio_status nescio_reader_int64s(const nescio_reader *r, nescio_slice bytes, uint32_t number,
                                   const int64_t **out, size_t *out_count)
{
    static const number_kind kind = {NESCIO_WIRE_VARINT, sizeof(int64_t), take_int64};

    return read_numbers(r, bytes, number, &kind, out, out_count);
}

nescio_status nescio_reader_floats(const nescio_reader *r, nescio_slice bytes, uint32_t number,
                                   const float **out, size_t *out_count)
{
    static const number_kind kind = {NESCIO_WIRE_FIXED32, sizeof(float), take_float};

    return read_numbers(r, bytes, number, &kind, out, out_count);
}
