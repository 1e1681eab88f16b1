/* SPDX-License-Identifier: Apache-2.0
 * Element types: sizes, names, and the 16-bit floats. */
#include "tensor/tensor.h"

#include <string.h>

typedef enum dtype_kind { KIND_OTHER, KIND_FLOAT, KIND_INTEGER } dtype_kind;

static const struct dtype_row {
    const char *name;
    unsigned char bytes;
    unsigned char kind;
} rows[] = {
    [NESCIO_F32] = {"float32", 4, KIND_FLOAT},
    [NESCIO_U8] = {"uint8", 1, KIND_INTEGER},
    [NESCIO_I8] = {"int8", 1, KIND_INTEGER},
    [NESCIO_U16] = {"uint16", 2, KIND_INTEGER},
    [NESCIO_I16] = {"int16", 2, KIND_INTEGER},
    [NESCIO_I32] = {"int32", 4, KIND_INTEGER},
    [NESCIO_I64] = {"int64", 8, KIND_INTEGER},
    [NESCIO_STRING] = {"string", sizeof(const char *), KIND_OTHER},
    [NESCIO_BOOL] = {"bool", 1, KIND_OTHER},
    [NESCIO_F16] = {"float16", 2, KIND_FLOAT},
    [NESCIO_F64] = {"float64", 8, KIND_FLOAT},
    [NESCIO_U32] = {"uint32", 4, KIND_INTEGER},
    [NESCIO_U64] = {"uint64", 8, KIND_INTEGER},
    [NESCIO_BF16] = {"bfloat16", 2, KIND_FLOAT},
};

/* NULL for a number that names no type: it may come from a file. */
static const struct dtype_row *find_row(nescio_dtype t)
{
    const size_t i = (size_t)t;

    return i < sizeof rows / sizeof rows[0] && rows[i].name ? &rows[i] : NULL;
}

size_t nescio_dtype_bytes(nescio_dtype t)
{
    const struct dtype_row *row = find_row(t);

    return row ? row->bytes : 0;
}

const char *nescio_dtype_name(nescio_dtype t)
{
    const struct dtype_row *row = find_row(t);

    return row ? row->name : "?";
}

bool nescio_dtype_is_float(nescio_dtype t)
{
    const struct dtype_row *row = find_row(t);

    return row && row->kind == KIND_FLOAT;
}

bool nescio_dtype_is_integer(nescio_dtype t)
{
    const struct dtype_row *row = find_row(t);

    return row && row->kind == KIND_INTEGER;
}

static float float_from_bits(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* IEEE 754 binary16: sign, 5 exponent bits with bias 15, 10 fraction bits. Exact: binary32 holds
 * them all. */
float nescio_f16_to_f32(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t exponent = half >> 10 & 0x1fu;
    const uint32_t fraction = half & 0x3ffu;

    if (exponent == 0) { /* zero or subnormal: fraction * 2^-24 */
        const float magnitude = (float)fraction * 0x1p-24f;

        return sign ? -magnitude : magnitude;
    }
    if (exponent == 0x1f) /* infinity, NaN with its payload */
        return float_from_bits(sign | 0x7f800000u | fraction << 13);
    return float_from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

/* bfloat16 is the upper half of binary32. */
float nescio_bf16_to_f32(uint16_t half)
{
    return float_from_bits((uint32_t)half << 16);
}
