/* SPDX-License-Identifier: Apache-2.0
 * Inference of operators that are told a shape (Expand, Tile, ConstantOfShape, Range) or tell one
 * (Shape, Size). */
#include "graph/infer_internal.h"

/* A shape whose dims are the elements of input i; false: a dim is negative. */
static bool shape_of_content(const nescio_content *c, nescio_shape *out)
{
    *out = nescio_shape_of_rank(c->count);
    for (int d = 0; d < c->count; d++) {
        if (c->known[d] && c->at[d] < 0)
            return false;
        out->dims[d] = c->known[d] ? c->at[d] : NESCIO_DIM_UNKNOWN;
        out->symbol[d] = c->known[d] ? NULL : c->symbol[d];
    }
    return true;
}

static nescio_status infer_expand(nescio_ctx *ctx, const nescio_node *node)
{
    nescio_shape out = *nescio_infer_shape(node, 0), target;
    nescio_content c;

    if (!nescio_infer_content(node, 1, &c))
        return nescio_infer_unknown(ctx, node, -1);
    if (!shape_of_content(&c, &target) || !nescio_shape_broadcast(&out, &target))
        return nescio_infer_fail(ctx, node, "its input does not broadcast to the shape asked for");
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_tile(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    nescio_shape out = *x;
    nescio_content c;

    if (x->rank == NESCIO_RANK_UNKNOWN || !nescio_infer_content(node, 1, &c))
        return nescio_infer_unknown(ctx, node, x->rank);
    if (c.count != x->rank)
        return nescio_infer_fail(ctx, node, "repeats has %d elements for a tensor of rank %d",
                                 c.count, x->rank);
    for (int d = 0; d < x->rank; d++) {
        int64_t size = NESCIO_DIM_UNKNOWN;

        if (c.known[d] && (c.at[d] < 0 ||
                           (x->dims[d] >= 0 && __builtin_mul_overflow(c.at[d], x->dims[d], &size))))
            return nescio_infer_fail(ctx, node, "repeats axis %d %lld times", d,
                                     (long long)c.at[d]);
        if (!c.known[d] || c.at[d] != 1)
            nescio_shape_set(&out, d, c.known[d] ? size : NESCIO_DIM_UNKNOWN);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_constant_of_shape(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_attr *const value = nescio_node_attr(node, "value");
    const nescio_dtype dtype =
        value && value->kind == NESCIO_ATTR_TENSOR ? value->t->dtype : NESCIO_F32;
    const int rank = nescio_infer_length(node, 0);
    nescio_shape out = rank < 0 ? nescio_shape_unknown : nescio_shape_of_rank(rank);
    nescio_content c;

    if (value && (value->kind != NESCIO_ATTR_TENSOR || nescio_tensor_count(value->t) != 1))
        return nescio_infer_fail(ctx, node, "value must be one element");
    if (nescio_infer_content(node, 0, &c) && !shape_of_content(&c, &out))
        return nescio_infer_fail(ctx, node, "its shape has a negative dim");
    return nescio_infer_output(ctx, node, 0, dtype, &out);
}

static nescio_status infer_range(nescio_ctx *ctx, const nescio_node *node)
{
    nescio_shape out = nescio_shape_of_rank(1);
    int64_t at[3][NESCIO_RANK_MAX];
    int n;

    if (nescio_infer_ints(node, 0, at[0], &n) && n == 1 && nescio_infer_ints(node, 1, at[1], &n) &&
        n == 1 && nescio_infer_ints(node, 2, at[2], &n) && n == 1) {
        const nescio_wide span = (nescio_wide)at[1][0] - at[0][0], step = at[2][0];

        if (step == 0)
            return nescio_infer_fail(ctx, node, "its step is 0");
        if ((span > 0) != (step > 0) || span == 0)
            nescio_shape_set(&out, 0, 0);
        else if (span / step + (span % step != 0) <= INT64_MAX)
            nescio_shape_set(&out, 0, (int64_t)(span / step + (span % step != 0)));
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_shape_of(nescio_ctx *ctx, const nescio_node *node)
{
    const int rank = nescio_infer_shape(node, 0)->rank;
    nescio_shape out = nescio_shape_of_rank(1);

    if (rank != NESCIO_RANK_UNKNOWN) {
        int64_t start = nescio_node_int(node, "start", 0), end = nescio_node_int(node, "end", rank);

        start = start < -rank ? 0 : start < 0 ? start + rank : start > rank ? rank : start;
        end = end < -rank ? 0 : end < 0 ? end + rank : end > rank ? rank : end;
        nescio_shape_set(&out, 0, end > start ? end - start : 0);
    }
    return nescio_infer_output(ctx, node, 0, NESCIO_I64, &out);
}

nescio_status nescio_infer_sized(nescio_ctx *ctx, nescio_node *node)
{
    switch (node->op) {
    case NESCIO_OP_EXPAND: return infer_expand(ctx, node);
    case NESCIO_OP_TILE: return infer_tile(ctx, node);
    case NESCIO_OP_CONSTANT_OF_SHAPE: return infer_constant_of_shape(ctx, node);
    case NESCIO_OP_RANGE: return infer_range(ctx, node);
    case NESCIO_OP_SHAPE: return infer_shape_of(ctx, node);
    case NESCIO_OP_SIZE: return nescio_infer_output(ctx, node, 0, NESCIO_I64, &nescio_shape_scalar);
    default: return nescio_infer_place(ctx, node);
    }
}
