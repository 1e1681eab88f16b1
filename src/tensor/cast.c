/* SPDX-License-Identifier: Apache-2.0
 * Conversion between element types.
 *
 * Elements pass in chunks through one of three wide types that hold the source exactly: double for
 * floats, int64_t for integers and bool, uint64_t for uint64. So there are as many loops as types,
 * not their square. */
#include "tensor/walk.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define CHUNK 256

typedef enum wide_type { WIDE_F64, WIDE_I64, WIDE_U64 } wide_type;

typedef union wide_chunk {
    double f[CHUNK];
    int64_t i[CHUNK];
    uint64_t u[CHUNK];
} wide_chunk;

static wide_type wide_type_of(nescio_dtype t)
{
    return nescio_dtype_is_float(t) ? WIDE_F64 : t == NESCIO_U64 ? WIDE_U64 : WIDE_I64;
}

/* n <= CHUNK elements, `stride` elements apart. */
static void load(wide_chunk *out, nescio_dtype t, const void *data, int64_t stride, size_t n)
{
#define LOAD(type, member, convert)                                                                \
    for (size_t k = 0; k < n; k++)                                                                 \
        out->member[k] = convert(((const type *)data)[(int64_t)k * stride]);                       \
    break
#define SAME(x)    (x)
#define NONZERO(x) ((x) != 0)
    switch (t) {
    case NESCIO_F32: LOAD(float, f, (double));
    case NESCIO_F64: LOAD(double, f, SAME);
    case NESCIO_F16: LOAD(uint16_t, f, (double)nescio_f16_to_f32);
    case NESCIO_BF16: LOAD(uint16_t, f, (double)nescio_bf16_to_f32);
    case NESCIO_U8: LOAD(uint8_t, i, SAME);
    case NESCIO_I8: LOAD(int8_t, i, SAME);
    case NESCIO_U16: LOAD(uint16_t, i, SAME);
    case NESCIO_I16: LOAD(int16_t, i, SAME);
    case NESCIO_I32: LOAD(int32_t, i, SAME);
    case NESCIO_U32: LOAD(uint32_t, i, SAME);
    case NESCIO_I64: LOAD(int64_t, i, SAME);
    case NESCIO_U64: LOAD(uint64_t, u, SAME);
    case NESCIO_BOOL: LOAD(uint8_t, i, NONZERO);
    default: assert(0 && "not a number"); memset(out, 0, sizeof *out);
    }
#undef LOAD
}

/* Toward zero, saturating at [lo, hi]; NaN gives 0. hi as a double may round up to hi + 1, which no
 * int64_t holds: hence >=. */
static int64_t truncate_signed(double x, int64_t lo, int64_t hi)
{
    if (isnan(x))
        return 0;
    if (x <= (double)lo)
        return lo;
    return x >= (double)hi ? hi : (int64_t)x;
}

static uint64_t truncate_unsigned(double x, uint64_t hi)
{
    if (!(x > 0)) /* NaN too */
        return 0;
    return x >= (double)hi ? hi : (uint64_t)x;
}

static void store_from_f64(void *data, nescio_dtype t, const double *in, size_t n)
{
#define STORE(type, expression)                                                                    \
    for (size_t k = 0; k < n; k++)                                                                 \
        ((type *)data)[k] = (type)(expression);                                                    \
    break
    switch (t) {
    case NESCIO_F32: STORE(float, in[k]);
    case NESCIO_F64: STORE(double, in[k]);
    case NESCIO_U8: STORE(uint8_t, truncate_unsigned(in[k], UINT8_MAX));
    case NESCIO_U16: STORE(uint16_t, truncate_unsigned(in[k], UINT16_MAX));
    case NESCIO_U32: STORE(uint32_t, truncate_unsigned(in[k], UINT32_MAX));
    case NESCIO_U64: STORE(uint64_t, truncate_unsigned(in[k], UINT64_MAX));
    case NESCIO_I8: STORE(int8_t, truncate_signed(in[k], INT8_MIN, INT8_MAX));
    case NESCIO_I16: STORE(int16_t, truncate_signed(in[k], INT16_MIN, INT16_MAX));
    case NESCIO_I32: STORE(int32_t, truncate_signed(in[k], INT32_MIN, INT32_MAX));
    case NESCIO_I64: STORE(int64_t, truncate_signed(in[k], INT64_MIN, INT64_MAX));
    case NESCIO_BOOL: STORE(uint8_t, in[k] != 0);
    default: assert(0 && "not a type to convert to");
    }
}

/* Bits of integers: to narrower integers the low ones are kept (ONNX Cast; two's complement).
 * `is_signed` only matters where the target is a float. */
static void store_from_bits(void *data, nescio_dtype t, const uint64_t *in, bool is_signed,
                            size_t n)
{
    switch (t) {
    case NESCIO_F32: STORE(float, is_signed ? (float)(int64_t)in[k] : (float)in[k]);
    case NESCIO_F64: STORE(double, is_signed ? (double)(int64_t)in[k] : (double)in[k]);
    case NESCIO_U8:
    case NESCIO_I8: STORE(uint8_t, in[k]);
    case NESCIO_U16:
    case NESCIO_I16: STORE(uint16_t, in[k]);
    case NESCIO_U32:
    case NESCIO_I32: STORE(uint32_t, in[k]);
    case NESCIO_U64:
    case NESCIO_I64: STORE(uint64_t, in[k]);
    case NESCIO_BOOL: STORE(uint8_t, in[k] != 0);
    default: assert(0 && "not a type to convert to");
    }
#undef STORE
}

/* `n` elements, `stride` apart, to contiguous ones of type `to`. */
static void convert_run(void *out, nescio_dtype to, const void *in, nescio_dtype from,
                        int64_t stride, size_t n)
{
    const wide_type wide = wide_type_of(from);
    const int64_t in_bytes = (int64_t)nescio_dtype_bytes(from);
    const size_t out_bytes = nescio_dtype_bytes(to);
    const char *source = in;
    char *target = out;
    wide_chunk chunk;

    for (size_t k = 0; k < n; k += CHUNK) {
        const size_t m = n - k < CHUNK ? n - k : CHUNK;

        load(&chunk, from, source + (int64_t)k * stride * in_bytes, stride, m);
        if (wide == WIDE_F64)
            store_from_f64(target + k * out_bytes, to, chunk.f, m);
        else
            store_from_bits(target + k * out_bytes, to, chunk.u, wide == WIDE_I64, m);
    }
}

/* Element k in row-major order, whatever the strides. */
static const char *string_at(const nescio_tensor *t, size_t k)
{
    int64_t offset = 0;
    const char *s;

    for (int i = t->rank - 1; i >= 0; i--) {
        offset += (int64_t)(k % (size_t)t->dims[i]) * t->stride[i];
        k /= (size_t)t->dims[i];
    }
    s = ((const char *const *)t->data)[offset];
    return s ? s : "";
}

/* One block: the pointers, then the texts. */
static nescio_status copy_strings(nescio_ctx *ctx, nescio_tensor *out, const nescio_tensor *in)
{
    const size_t count = nescio_tensor_count(in);
    size_t bytes = count * sizeof(const char *);
    nescio_tensor made;
    char *text;

    for (size_t k = 0; k < count; k++)
        if (!nescio_size_add(&bytes, bytes, strlen(string_at(in, k)) + 1))
            return nescio_fail_nomem(ctx, SIZE_MAX);
    NESCIO_TRY(nescio_tensor_shape(ctx, &made, NESCIO_STRING, in->rank, in->dims));
    NESCIO_TRY(nescio_spend(ctx, bytes));
    made.owned_bytes = bytes ? bytes : 1;
    made.data = nescio_block_alloc(made.owned_bytes);
    if (!made.data)
        return nescio_fail_nomem(ctx, bytes);
    text = (char *)made.data + count * sizeof(const char *);
    for (size_t k = 0; k < count; k++) {
        const char *s = string_at(in, k);
        const size_t n = strlen(s) + 1;

        ((const char **)made.data)[k] = memcpy(text, s, n);
        text += n;
    }
    *out = made;
    return NESCIO_OK;
}

nescio_status nescio_tensor_cast(nescio_ctx *ctx, nescio_tensor *out, const nescio_tensor *in,
                                 nescio_dtype to)
{
    const size_t in_bytes = nescio_dtype_bytes(in->dtype), out_bytes = nescio_dtype_bytes(to);
    nescio_tensor made;
    nescio_walk w;
    char *row;

    *out = (nescio_tensor){0};
    if (in->dtype == NESCIO_STRING && to == NESCIO_STRING)
        return copy_strings(ctx, out, in);
    if (in->dtype == NESCIO_STRING || to == NESCIO_STRING || to == NESCIO_F16 || to == NESCIO_BF16)
        return nescio_fail(ctx, NESCIO_E_ARG, "tensor: no conversion from %s to %s",
                           nescio_dtype_name(in->dtype), nescio_dtype_name(to));
    NESCIO_TRY(nescio_tensor_new(ctx, &made, to, in->rank, in->dims));
    nescio_walk_init(&w, in->rank, in->dims);
    nescio_walk_add_strides(&w, in->stride);
    row = made.data;
    for (bool more = nescio_walk_start(&w); more; more = nescio_walk_next(&w)) {
        convert_run(row, to, (const char *)in->data + w.at[0] * (int64_t)in_bytes, in->dtype,
                    w.step[0], (size_t)w.n);
        row += (size_t)w.n * out_bytes;
    }
    *out = made;
    return NESCIO_OK;
}

double nescio_tensor_get_f64(const nescio_tensor *t, size_t i)
{
    double v;

    convert_run(&v, NESCIO_F64, (const char *)t->data + i * nescio_dtype_bytes(t->dtype), t->dtype,
                1, 1);
    return v;
}

int64_t nescio_tensor_get_i64(const nescio_tensor *t, size_t i)
{
    int64_t v;

    convert_run(&v, NESCIO_I64, (const char *)t->data + i * nescio_dtype_bytes(t->dtype), t->dtype,
                1, 1);
    return v;
}
