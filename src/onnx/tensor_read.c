/* SPDX-License-Identifier: Apache-2.0
 * TensorProto to elements. Which list holds which type (onnx.proto): float_data FLOAT; int32_data
 * INT32, INT16, INT8, UINT16, UINT8, BOOL and the bits of FLOAT16, BFLOAT16; int64_data INT64;
 * double_data DOUBLE; uint64_data UINT64, UINT32; string_data STRING. raw_data: any but STRING,
 * little-endian. */
#include "onnx/tensor_read.h"

#include <string.h>

enum {
    FIELD_FLOAT = 4,
    FIELD_INT32 = 5,
    FIELD_STRING = 6,
    FIELD_INT64 = 7,
    FIELD_DOUBLE = 10,
    FIELD_UINT64 = 11
};

nescio_dtype nescio_onnx_dtype(int32_t t)
{
    if (t == NESCIO_F16 || t == NESCIO_BF16)
        return NESCIO_F32;
    return t > 0 && t <= NESCIO_U64 && nescio_dtype_bytes((nescio_dtype)t) > 0 ? (nescio_dtype)t
                                                                               : NESCIO_DTYPE_NONE;
}

const char *nescio_onnx_dtype_name(int32_t t)
{
    static const char *const names[] = {
        [0] = "undefined",       [14] = "complex64",      [15] = "complex128",
        [17] = "float8e4m3fn",   [18] = "float8e4m3fnuz", [19] = "float8e5m2",
        [20] = "float8e5m2fnuz", [21] = "uint4",          [22] = "int4",
        [23] = "float4e2m1",     [24] = "float8e8m0",     [25] = "uint2",
        [26] = "int2",
    };

    if (t >= 0 && (size_t)t < sizeof names / sizeof *names && names[t])
        return names[t];
    return nescio_dtype_name((nescio_dtype)(t > 0 && t < 27 ? t : 0));
}

static nescio_status fail(const nescio_onnx_decoder *d, const nescio_onnx_tensor *t,
                          nescio_status st, const char *what)
{
    return nescio_fail(d->ctx, st, "tensor '%.*s': %s", NESCIO_SLICE_ARGS(t->name), what);
}

/* Room for `count` elements of `size` bytes, within the reader's bound. */
static nescio_status room(const nescio_onnx_decoder *d, const nescio_onnx_tensor *t, size_t count,
                          size_t size, void **out)
{
    /* Twice the external bytes: float16 there widens here. They are mapped, so below 2^62. */
    const size_t most = d->max_arena + 2 * (d->files ? nescio_onnx_files_bytes(d->files) : 0);
    size_t bytes;

    if (!nescio_size_mul(&bytes, count, size) || bytes > most ||
        nescio_arena_bytes(d->arena) > most - bytes)
        return fail(d, t, NESCIO_E_FORMAT, "needs more memory than a model of this size may");
    *out = nescio_arena_alloc(d->arena, bytes);
    return *out ? NESCIO_OK : nescio_fail_nomem(d->ctx, bytes);
}

/* dtype (as in the file) and dims, no elements. */
static nescio_status read_header(const nescio_onnx_decoder *d, const nescio_onnx_tensor *t,
                                 nescio_tensor *out)
{
    if (nescio_onnx_dtype(t->dtype) == NESCIO_DTYPE_NONE)
        return nescio_fail(d->ctx, NESCIO_E_UNSUPPORTED,
                           "tensor '%.*s': element type %s is not supported",
                           NESCIO_SLICE_ARGS(t->name), nescio_onnx_dtype_name(t->dtype));
    if (t->n_dims > NESCIO_RANK_MAX)
        return fail(d, t, NESCIO_E_UNSUPPORTED, "has more than 12 dims");
    for (size_t i = 0; i < t->n_dims; i++) {
        if (t->dims[i] < 0)
            return fail(d, t, NESCIO_E_FORMAT, "has a negative dim");
    }
    if (nescio_tensor_shape(d->ctx, out, (nescio_dtype)t->dtype, (int)t->n_dims, t->dims) !=
        NESCIO_OK)
        return fail(d, t, NESCIO_E_FORMAT, "its dims ask for more than 2^48 bytes");
    return NESCIO_OK;
}

static void swap_bytes(void *data, size_t count, size_t size)
{
    uint8_t *p = data;

    for (size_t i = 0; i < count; i++, p += size) {
        for (size_t k = 0; k < size / 2; k++) {
            const uint8_t byte = p[k];

            p[k] = p[size - 1 - k];
            p[size - 1 - k] = byte;
        }
    }
}

static nescio_status take_raw(const nescio_onnx_decoder *d, const nescio_onnx_tensor *t,
                              nescio_slice raw, nescio_tensor *out)
{
    const size_t size = nescio_dtype_bytes(out->dtype), count = nescio_tensor_count(out);
    union {
        const uint8_t *from;
        void *to;
    } borrowed = {
        .from = raw.at}; /* a tensor's data is writable by type; constants are never written */

    if (out->dtype == NESCIO_STRING)
        return fail(d, t, NESCIO_E_FORMAT, "strings in raw data");
    if (raw.bytes != count * size)
        return nescio_fail(d->ctx, NESCIO_E_FORMAT,
                           "tensor '%.*s': has %zu bytes of data, its type and dims ask for %zu",
                           NESCIO_SLICE_ARGS(t->name), raw.bytes, count * size);
    if (NESCIO_FILE_ORDER_IS_OURS && out->dtype != NESCIO_BOOL && raw.at &&
        (uintptr_t)raw.at % size == 0) {
        out->data = borrowed.to;
        return NESCIO_OK;
    }
    NESCIO_TRY(room(d, t, count, size, &out->data));
    if (count > 0)
        memcpy(out->data, raw.at, raw.bytes);
    if (!NESCIO_FILE_ORDER_IS_OURS)
        swap_bytes(out->data, count, size);
    for (size_t i = 0; out->dtype == NESCIO_BOOL && i < count; i++)
        ((uint8_t *)out->data)[i] = ((uint8_t *)out->data)[i] != 0;
    return NESCIO_OK;
}

/* The list that a dtype's elements are in, and how they are on the wire. */
static uint32_t list_field(nescio_dtype t, nescio_wire_type *element)
{
    *element = NESCIO_WIRE_VARINT;
    switch (t) {
    case NESCIO_F32: *element = NESCIO_WIRE_FIXED32; return FIELD_FLOAT;
    case NESCIO_F64: *element = NESCIO_WIRE_FIXED64; return FIELD_DOUBLE;
    case NESCIO_I64: return FIELD_INT64;
    case NESCIO_U32:
    case NESCIO_U64: return FIELD_UINT64;
    case NESCIO_STRING: *element = NESCIO_WIRE_BYTES; return FIELD_STRING;
    default: return FIELD_INT32;
    }
}

/* One number of the wire as element i; integers keep their low bits, as the writers of ONNX store
 * them. */
static void put_number(nescio_tensor *out, size_t i, nescio_wire *list)
{
    uint64_t bits;

    switch (out->dtype) {
    case NESCIO_F32: ((float *)out->data)[i] = nescio_wire_float(nescio_wire_fixed32(list)); return;
    case NESCIO_F64:
        ((double *)out->data)[i] = nescio_wire_double(nescio_wire_fixed64(list));
        return;
    default: bits = nescio_wire_varint(list); break;
    }
    switch (nescio_dtype_bytes(out->dtype)) {
    case 1:
        ((uint8_t *)out->data)[i] = out->dtype == NESCIO_BOOL ? bits != 0 : (uint8_t)bits;
        break;
    case 2: ((uint16_t *)out->data)[i] = (uint16_t)bits; break;
    case 4: ((uint32_t *)out->data)[i] = (uint32_t)bits; break;
    default: ((uint64_t *)out->data)[i] = bits; break;
    }
}

static nescio_status put_string(const nescio_onnx_decoder *d, const nescio_onnx_tensor *t,
                                nescio_tensor *out, size_t i, nescio_slice text)
{
    void *copy;

    if (text.bytes > 0 && memchr(text.at, 0, text.bytes))
        return fail(d, t, NESCIO_E_FORMAT, "a string with a zero byte");
    NESCIO_TRY(room(d, t, text.bytes + 1, 1, &copy));
    if (text.bytes > 0)
        memcpy(copy, text.at, text.bytes);
    ((const char **)out->data)[i] = copy;
    return NESCIO_OK;
}

/* Number of elements that the fields of one list have together. */
static nescio_status count_list(const nescio_onnx_decoder *d, const nescio_onnx_tensor *t,
                                uint32_t field, nescio_wire_type element, size_t *count)
{
    nescio_wire w = nescio_wire_over(t->whole);
    nescio_field f;

    *count = 0;
    while (nescio_wire_next(&w, &f)) {
        size_t n = 1;

        if (f.number != field)
            continue;
        if (element == NESCIO_WIRE_BYTES ? f.type != NESCIO_WIRE_BYTES
                                         : !nescio_field_count(&f, element, &n))
            return fail(d, t, NESCIO_E_FORMAT, "its list of elements is torn");
        *count += n;
    }
    return NESCIO_OK;
}

static nescio_status take_list(const nescio_onnx_decoder *d, const nescio_onnx_tensor *t,
                               nescio_tensor *out)
{
    nescio_wire_type element;
    const uint32_t field = list_field(out->dtype, &element);
    const size_t count = nescio_tensor_count(out);
    nescio_wire w = nescio_wire_over(t->whole);
    size_t found, i = 0;
    nescio_field f;

    NESCIO_TRY(count_list(d, t, field, element, &found));
    if (found != count)
        return nescio_fail(d->ctx, NESCIO_E_FORMAT,
                           "tensor '%.*s': has %zu elements of its type, its dims ask for %zu",
                           NESCIO_SLICE_ARGS(t->name), found, count);
    NESCIO_TRY(room(d, t, count, nescio_dtype_bytes(out->dtype), &out->data));
    while (nescio_wire_next(&w, &f)) {
        nescio_wire list = nescio_wire_over(f.bytes);

        if (f.number != field)
            continue;
        if (element == NESCIO_WIRE_BYTES) {
            NESCIO_TRY(put_string(d, t, out, i++, f.bytes));
            continue;
        }
        while (list.at < list.end && i < count)
            put_number(out, i++, &list);
        if (list.bad)
            return fail(d, t, NESCIO_E_FORMAT, "a number longer than 10 bytes");
    }
    return NESCIO_OK;
}

/* float16 and bfloat16 widen to float32, exactly. */
static nescio_status widen_half(const nescio_onnx_decoder *d, const nescio_onnx_tensor *t,
                                nescio_tensor *x)
{
    const size_t count = nescio_tensor_count(x);
    nescio_tensor wide = *x;

    if (x->dtype != NESCIO_F16 && x->dtype != NESCIO_BF16)
        return NESCIO_OK;
    wide.dtype = NESCIO_F32;
    NESCIO_TRY(room(d, t, count, sizeof(float), &wide.data));
    for (size_t i = 0; i < count; i++)
        ((float *)wide.data)[i] = (float)nescio_tensor_get_f64(x, i);
    *x = wide;
    return NESCIO_OK;
}

nescio_status nescio_onnx_tensor_decode(const nescio_onnx_decoder *d, const nescio_onnx_tensor *t,
                                        nescio_tensor *out)
{
    nescio_slice raw = t->raw;

    NESCIO_TRY(read_header(d, t, out));
    if (t->is_external) {
        if (!d->files)
            return fail(d, t, NESCIO_E_UNSUPPORTED,
                        "its data is in another file, which cannot be read from here");
        NESCIO_TRY(nescio_onnx_files_get(d->ctx, d->files, t, &raw));
        NESCIO_TRY(take_raw(d, t, raw, out));
    } else if (t->has_raw && (raw.bytes > 0 || nescio_tensor_count(out) == 0)) {
        NESCIO_TRY(take_raw(d, t, raw, out));
    } else {
        NESCIO_TRY(take_list(d, t, out));
    }
    return widen_half(d, t, out);
}

/* Row-major place of element i of a sparse tensor; -1: outside. Indices are [n] (linear) or [n,
 * rank]. */
static int64_t sparse_place(const nescio_tensor *indices, const nescio_tensor *dense, size_t i)
{
    int64_t at = 0;

    if (indices->rank == 1) {
        at = ((const int64_t *)indices->data)[i];
        return at >= 0 && (uint64_t)at < nescio_tensor_count(dense) ? at : -1;
    }
    for (int k = 0; k < dense->rank; k++) {
        const int64_t index = ((const int64_t *)indices->data)[i * (size_t)dense->rank + (size_t)k];

        if (index < 0 || index >= dense->dims[k])
            return -1;
        at += index * dense->stride[k];
    }
    return at;
}

nescio_status nescio_onnx_sparse_decode(const nescio_onnx_decoder *d, const nescio_onnx_sparse *s,
                                        nescio_tensor *out)
{
    nescio_onnx_tensor header = *s->values;
    nescio_tensor values, indices;
    size_t n, size;

    NESCIO_TRY(nescio_onnx_tensor_decode(d, s->values, &values));
    NESCIO_TRY(nescio_onnx_tensor_decode(d, s->indices, &indices));
    header.dims = s->dims;
    header.n_dims = s->n_dims;
    header.dtype = (int32_t)values.dtype;
    NESCIO_TRY(read_header(d, &header, out));
    n = nescio_tensor_count(&values);
    size = nescio_dtype_bytes(values.dtype);
    if (values.dtype == NESCIO_STRING || values.rank != 1 || indices.dtype != NESCIO_I64 ||
        !((indices.rank == 1 && indices.dims[0] == values.dims[0]) ||
          (indices.rank == 2 && indices.dims[0] == values.dims[0] && indices.dims[1] == out->rank)))
        return fail(d, s->values, NESCIO_E_FORMAT,
                    "values and indices of a sparse tensor do not fit");
    NESCIO_TRY(room(d, s->values, nescio_tensor_count(out), size, &out->data));
    for (size_t i = 0; i < n; i++) {
        const int64_t at = sparse_place(&indices, out, i);

        if (at < 0)
            return fail(d, s->values, NESCIO_E_FORMAT, "an index of a sparse tensor lies outside");
        memcpy((char *)out->data + (size_t)at * size, (const char *)values.data + i * size, size);
    }
    return NESCIO_OK;
}
