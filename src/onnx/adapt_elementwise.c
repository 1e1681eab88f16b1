/* SPDX-License-Identifier: Apache-2.0
 * Adapters of elementwise operators, constants, casts. */
#include "onnx/import_internal.h"

#include <string.h>

/* Before opset 7 broadcasting was asked for: b of lower rank, its dims beginning at `axis` of a
 * (absent: at the end, as numpy aligns them). Trailing dims of 1 bring it into numpy's form. */
static nescio_value *align(nescio_adapt *a, nescio_value *b, int rank, int64_t axis)
{
    int64_t axes[NESCIO_RANK_MAX];
    int n = 0;

    if (b->shape.rank < 0 || rank < 0) {
        nescio_adapt_refuse(a, "broadcast along an axis of tensors of unknown rank");
        return NULL;
    }
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis + b->shape.rank > rank) {
        nescio_adapt_fail(a, "cannot broadcast rank %d to rank %d at axis %lld", b->shape.rank,
                          rank, (long long)axis);
        return NULL;
    }
    for (; axis + b->shape.rank + n < rank; n++)
        axes[n] = b->shape.rank + n;
    return n == 0 ? b
                  : nescio_adapt_emit(a, NESCIO_OP_UNSQUEEZE, -1, 2, b,
                                      nescio_adapt_ints(a, axes, (size_t)n));
}

void nescio_adapt_binary(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0), *y = nescio_adapt_in(a, 1);

    if (!x || !y || a->n_in != 2)
        nescio_adapt_fail(a, "has %zu inputs, not 2", a->n_in);
    else if (a->version < 7 && nescio_adapt_int(a, "broadcast", 0) && nescio_adapt_attr(a, "axis"))
        y = align(a, y, x->shape.rank, nescio_adapt_int(a, "axis", 0));
    nescio_adapt_emit(a, a->rule->op, 0, 2, x, y);
}

/* Before opset 7 the slope is one number, or one for each channel (axis 1). */
void nescio_adapt_prelu(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0), *slope = nescio_adapt_in(a, 1);

    if (!x || !slope)
        nescio_adapt_fail(a, "has no slope");
    else if (a->version < 7 && slope->shape.rank == 1 && slope->shape.dims[0] != 1)
        slope = align(a, slope, x->shape.rank, 1);
    nescio_adapt_emit(a, NESCIO_OP_PRELU, 0, 2, x, slope);
}

/* Opset 1 names types by text. */
static int32_t dtype_of_text(nescio_slice text)
{
    static const char *const names[] = {NULL,      "FLOAT",  "UINT8",  "INT8",   "UINT16",
                                        "INT16",   "INT32",  "INT64",  "STRING", "BOOL",
                                        "FLOAT16", "DOUBLE", "UINT32", "UINT64"};

    for (int32_t i = 1; i < (int32_t)(sizeof names / sizeof *names); i++) {
        if (nescio_slice_is(text, names[i]))
            return i;
    }
    return 0;
}

static void cast_to(nescio_adapt *a, nescio_dtype dtype)
{
    nescio_value *const y = nescio_adapt_emit(a, NESCIO_OP_CAST, 0, 1, nescio_adapt_in(a, 0));

    nescio_adapt_set_int(a, y, "to", dtype);
}

void nescio_adapt_cast(nescio_adapt *a)
{
    const nescio_onnx_attr *const to = nescio_adapt_attr(a, "to");
    int64_t type = 0;

    if (to)
        type = to->type == NESCIO_ONNX_STRING ? dtype_of_text(to->s) : to->i;
    if (type <= 0 || type > INT32_MAX)
        nescio_adapt_fail(a, "has no type to convert to");
    else if (nescio_onnx_dtype((int32_t)type) == NESCIO_DTYPE_NONE)
        nescio_adapt_refuse(a, "conversion to %s", nescio_onnx_dtype_name((int32_t)type));
    else
        cast_to(a, nescio_onnx_dtype((int32_t)type));
}

void nescio_adapt_cast_like(nescio_adapt *a)
{
    const nescio_value *const like = nescio_adapt_in(a, 1);

    if (!like || like->dtype == NESCIO_DTYPE_NONE)
        nescio_adapt_refuse(a, "conversion to an unknown type");
    else
        cast_to(a, like->dtype);
}

void nescio_adapt_eye_like(nescio_adapt *a)
{
    const int64_t type = nescio_adapt_int(a, "dtype", 0);
    nescio_value *const y = nescio_adapt_emit(a, NESCIO_OP_EYE_LIKE, 0, 1, nescio_adapt_in(a, 0));

    nescio_adapt_copy(a, y, "k");
    if (type > 0 && type < INT32_MAX && nescio_onnx_dtype((int32_t)type) != NESCIO_DTYPE_NONE)
        nescio_adapt_set_int(a, y, "dtype", nescio_onnx_dtype((int32_t)type));
    else if (type != 0)
        nescio_adapt_refuse(a, "type %s",
                            nescio_onnx_dtype_name(type < INT32_MAX ? (int32_t)type : 0));
}

void nescio_adapt_clip(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0);
    nescio_value *low = nescio_adapt_in(a, 1), *high = nescio_adapt_in(a, 2);

    if (!x) {
        nescio_adapt_fail(a, "has no input");
        return;
    }
    if (a->version < 11) {
        const nescio_dtype dtype = x->dtype == NESCIO_F64 ? NESCIO_F64 : NESCIO_F32;

        low = nescio_adapt_attr(a, "min")
                  ? nescio_adapt_scalar(a, dtype, nescio_adapt_float(a, "min", 0))
                  : NULL;
        high = nescio_adapt_attr(a, "max")
                   ? nescio_adapt_scalar(a, dtype, nescio_adapt_float(a, "max", 0))
                   : NULL;
    }
    nescio_adapt_emit(a, NESCIO_OP_CLIP, 0, 3, x, low, high);
}

/* A list attribute as a tensor of rank 1, a single one as a scalar. */
static void constant_numbers(nescio_adapt *a, nescio_dtype dtype, const nescio_onnx_attr *attr,
                             size_t n, int rank)
{
    const int64_t dims[1] = {(int64_t)n};
    nescio_tensor t;

    a->st = nescio_tensor_arena(a->ctx, a->im->root->arena, &t, dtype, rank, dims);
    for (size_t i = 0; i < n && a->st == NESCIO_OK; i++) {
        if (dtype == NESCIO_F32)
            ((float *)t.data)[i] = rank ? attr->floats[i] : attr->f;
        else if (dtype == NESCIO_I64)
            ((int64_t *)t.data)[i] = rank ? attr->ints[i] : attr->i;
        else
            ((const char **)t.data)[i] = nescio_adapt_text(a, rank ? attr->strings[i] : attr->s);
    }
    nescio_adapt_tensor(a, &t, 0);
}

void nescio_adapt_constant(nescio_adapt *a)
{
    const nescio_onnx_attr *const attr =
        a->node->n_attrs == 1 ? nescio_adapt_resolve(a, &a->node->attrs[0]) : NULL;
    nescio_tensor t;

    if (!attr || !nescio_adapt_wants(a, 0)) {
        nescio_adapt_fail(a, "must have one value and one output");
        return;
    }
    switch (attr->type) {
    case NESCIO_ONNX_TENSOR:
        a->st = nescio_onnx_tensor_decode(&a->im->decoder, attr->t, &t);
        nescio_adapt_tensor(a, &t, 0);
        break;
    case NESCIO_ONNX_SPARSE:
        a->st = nescio_onnx_sparse_decode(&a->im->decoder, attr->sparse, &t);
        nescio_adapt_tensor(a, &t, 0);
        break;
    case NESCIO_ONNX_FLOAT: constant_numbers(a, NESCIO_F32, attr, 1, 0); break;
    case NESCIO_ONNX_FLOATS: constant_numbers(a, NESCIO_F32, attr, attr->n_floats, 1); break;
    case NESCIO_ONNX_INT: constant_numbers(a, NESCIO_I64, attr, 1, 0); break;
    case NESCIO_ONNX_INTS: constant_numbers(a, NESCIO_I64, attr, attr->n_ints, 1); break;
    case NESCIO_ONNX_STRING: constant_numbers(a, NESCIO_STRING, attr, 1, 0); break;
    default: constant_numbers(a, NESCIO_STRING, attr, attr->n_strings, 1); break;
    }
}

/* Whether a scalar input is known to be zero (or is left out). */
static bool is_zero(const nescio_value *v)
{
    return !v ||
           (v->constant && nescio_tensor_count(v->constant) == 1 &&
            v->constant->dtype != NESCIO_STRING && nescio_tensor_get_f64(v->constant, 0) == 0);
}

/* Inference: the input itself and a mask of ones. In training mode only with a ratio of 0. */
void nescio_adapt_dropout(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0);
    const uint8_t yes = 1;
    const float one = 1;
    nescio_tensor ones = {.rank = 1, .dims = {1}, .stride = {1}};
    nescio_value *mask, *shape;

    if (a->version >= 12 && !is_zero(nescio_adapt_in(a, 2)) &&
        !(nescio_adapt_in(a, 1) && is_zero(nescio_adapt_in(a, 1)))) {
        nescio_adapt_refuse(a, "training mode");
        return;
    }
    nescio_adapt_emit(a, NESCIO_OP_IDENTITY, 0, 1, x);
    if (!nescio_adapt_wants(a, 1))
        return;
    shape = nescio_adapt_emit(a, NESCIO_OP_SHAPE, -1, 1, x);
    mask = nescio_adapt_emit(a, NESCIO_OP_CONSTANT_OF_SHAPE, 1, 1, shape);
    ones.dtype = a->version < 10 ? NESCIO_F32 : NESCIO_BOOL;
    ones.data = nescio_arena_alloc(a->im->scratch, sizeof one);
    if (!ones.data || !mask) {
        a->st = a->st == NESCIO_OK ? nescio_fail_nomem(a->ctx, sizeof one) : a->st;
        return;
    }
    memcpy(ones.data, a->version < 10 ? (const void *)&one : (const void *)&yes,
           nescio_dtype_bytes(ones.dtype));
    if (!nescio_node_set_tensor(mask->producer, "value", &ones, false))
        a->st = nescio_fail_nomem(a->ctx, sizeof one);
}

/* x * sigmoid(alpha * x). */
void nescio_adapt_swish(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0);
    const double alpha = nescio_adapt_float(a, "alpha", 1);
    nescio_value *scaled = x;

    if (!x) {
        nescio_adapt_fail(a, "has no input");
        return;
    }
    if (alpha != 1)
        scaled =
            nescio_adapt_emit(a, NESCIO_OP_MUL, -1, 2, x, nescio_adapt_scalar(a, x->dtype, alpha));
    nescio_adapt_emit(a, NESCIO_OP_MUL, 0, 2, x,
                      nescio_adapt_emit(a, NESCIO_OP_SIGMOID, -1, 1, scaled));
}
