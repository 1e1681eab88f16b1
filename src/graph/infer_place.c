/* SPDX-License-Identifier: Apache-2.0
 * Inference of operators that pick, place or spread elements: Gather, Scatter, OneHot, Resize,
 * DepthToSpace ... */
#include "graph/infer_internal.h"

#include <math.h>
#include <string.h>

/* x[..., indices, ...]: the axis is replaced by the shape of the indices. */
static nescio_status infer_gather(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0), *const at =
                                                                   nescio_infer_shape(node, 1);
    int64_t axis = nescio_node_int(node, "axis", 0);
    nescio_shape out = {0};

    if (x->rank == NESCIO_RANK_UNKNOWN || at->rank == NESCIO_RANK_UNKNOWN)
        return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0),
                                   &nescio_shape_unknown);
    NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axis));
    if (x->rank - 1 + at->rank > NESCIO_RANK_MAX)
        return nescio_infer_fail(ctx, node, "makes a tensor of rank %d (at most %d)",
                                 x->rank - 1 + at->rank, NESCIO_RANK_MAX);
    for (int d = 0; d < axis; d++)
        nescio_shape_take(&out, out.rank++, x, d);
    for (int d = 0; d < at->rank; d++)
        nescio_shape_take(&out, out.rank++, at, d);
    for (int d = (int)axis + 1; d < x->rank; d++)
        nescio_shape_take(&out, out.rank++, x, d);
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_gather_nd(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0), *const at =
                                                                   nescio_infer_shape(node, 1);
    const int64_t batch = nescio_node_int(node, "batch_dims", 0);
    nescio_shape out = {0};
    int64_t depth;

    if (x->rank == NESCIO_RANK_UNKNOWN || at->rank == NESCIO_RANK_UNKNOWN || at->rank == 0 ||
        at->dims[at->rank - 1] == NESCIO_DIM_UNKNOWN)
        return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0),
                                   &nescio_shape_unknown);
    depth = at->dims[at->rank - 1];
    if (batch < 0 || batch >= at->rank || depth > x->rank - batch ||
        at->rank - 1 + x->rank - batch - depth > NESCIO_RANK_MAX)
        return nescio_infer_fail(ctx, node, "its indices do not fit a tensor of rank %d", x->rank);
    for (int d = 0; d < at->rank - 1; d++)
        nescio_shape_take(&out, out.rank++, at, d);
    for (int d = (int)(batch + depth); d < x->rank; d++)
        nescio_shape_take(&out, out.rank++, x, d);
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_one_hot(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const at = nescio_infer_shape(node, 0);
    const nescio_tensor *const depth = node->inputs[1] ? node->inputs[1]->constant : NULL;
    int64_t axis = nescio_node_int(node, "axis", -1);
    nescio_shape out = {0};

    if (at->rank == NESCIO_RANK_UNKNOWN || at->rank == NESCIO_RANK_MAX)
        return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 2),
                                   &nescio_shape_unknown);
    NESCIO_TRY(nescio_infer_axis(ctx, node, at->rank + 1, &axis));
    out = nescio_shape_of_rank(at->rank + 1);
    for (int d = 0; d < at->rank; d++)
        nescio_shape_take(&out, d < axis ? d : d + 1, at, d);
    if (depth && nescio_tensor_count(depth) == 1 && nescio_tensor_get_i64(depth, 0) >= 0)
        nescio_shape_set(&out, (int)axis, nescio_tensor_get_i64(depth, 0));
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 2), &out);
}

/* Sizes as asked for, or floor(size * scale); aspect-ratio policies are left to the executor. */
static nescio_status infer_resize(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    const nescio_attr *const axes = nescio_node_attr(node, "axes");
    const nescio_value *const scales = nescio_node_input(node, 2), *const sizes =
                                                                       nescio_node_input(node, 3);
    const nescio_value *const by = sizes ? sizes : scales;
    const bool stretch =
        strcmp(nescio_node_string(node, "keep_aspect_ratio_policy", "stretch"), "stretch") == 0;
    nescio_shape out = *x;
    size_t n;

    if (x->rank == NESCIO_RANK_UNKNOWN)
        return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), x);
    if (!by)
        return nescio_infer_fail(ctx, node, "has neither scales nor sizes");
    n = axes ? axes->count : (size_t)x->rank;
    if (by->constant && (nescio_tensor_count(by->constant) != n || n > (size_t)x->rank))
        return nescio_infer_fail(ctx, node, "'%s' must have %zu elements", by->name, n);
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes ? axes->ints[i] : (int64_t)i;
        double size;

        NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axis));
        if (!by->constant || !stretch || (!sizes && x->dims[axis] < 0)) {
            nescio_shape_set(&out, (int)axis, NESCIO_DIM_UNKNOWN);
            continue;
        }
        size = nescio_tensor_get_f64(by->constant, i);
        /* The factor is a float32; its product with the size is rounded down in single precision.
         */
        size = sizes ? size : floor((double)((float)x->dims[axis] * (float)size));
        if (!(size >= 0 && size < 0x1p53))
            return nescio_infer_fail(ctx, node, "asks for %g elements along axis %lld", size,
                                     (long long)axis);
        nescio_shape_set(&out, (int)axis, (int64_t)size);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

/* DepthToSpace and SpaceToDepth: block^2 channels for a block x block square, or back. */
static nescio_status infer_blocks(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    const int64_t block = nescio_node_int(node, "blocksize", 0);
    const bool to_space = node->op == NESCIO_OP_DEPTH_TO_SPACE;
    nescio_shape out = *x;

    if (block < 1 || block > 1 << 15 || (x->rank != NESCIO_RANK_UNKNOWN && x->rank != 4))
        return nescio_infer_fail(ctx, node, "needs a blocksize and a tensor of rank 4");
    for (int d = 1; d < x->rank; d++) {
        const int64_t factor = d == 1 ? block * block : block;
        const bool shrinks = (d == 1) == to_space;
        int64_t size = x->dims[d];

        if (size < 0)
            continue;
        if (shrinks && size % factor != 0)
            return nescio_infer_fail(ctx, node, "axis %d has %lld elements, no multiple of %lld", d,
                                     (long long)size, (long long)factor);
        if (!shrinks && __builtin_mul_overflow(size, factor, &size))
            return nescio_infer_fail(ctx, node, "axis %d grows beyond all bounds", d);
        nescio_shape_set(&out, d, shrinks ? size / factor : size);
    }
    for (int d = 1; d < x->rank; d++)
        out.symbol[d] = block == 1 ? x->symbol[d] : NULL;
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_unique(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape vector = nescio_shape_of_rank(1);
    const bool along = nescio_node_attr(node, "axis") != NULL;
    int64_t axis = nescio_node_int(node, "axis", 0);
    nescio_shape out = *nescio_infer_shape(node, 0);

    if (along && out.rank != NESCIO_RANK_UNKNOWN) {
        NESCIO_TRY(nescio_infer_axis(ctx, node, out.rank, &axis));
        nescio_shape_set(&out, (int)axis, NESCIO_DIM_UNKNOWN);
    }
    NESCIO_TRY(
        nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), along ? &out : &vector));
    for (size_t i = 1; i < node->n_outputs; i++)
        NESCIO_TRY(nescio_infer_output(ctx, node, i, NESCIO_I64, &vector));
    return NESCIO_OK;
}

static nescio_status infer_compress(nescio_ctx *ctx, const nescio_node *node)
{
    nescio_shape out = *nescio_infer_shape(node, 0);
    int64_t axis = nescio_node_int(node, "axis", 0);

    if (!nescio_node_attr(node, "axis"))
        out = nescio_shape_of_rank(1);
    else if (out.rank != NESCIO_RANK_UNKNOWN) {
        NESCIO_TRY(nescio_infer_axis(ctx, node, out.rank, &axis));
        nescio_shape_set(&out, (int)axis, NESCIO_DIM_UNKNOWN);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

nescio_status nescio_infer_place(nescio_ctx *ctx, nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    nescio_dtype dtype = nescio_infer_dtype(node, 0);
    nescio_shape out;

    switch (node->op) {
    case NESCIO_OP_GATHER: return infer_gather(ctx, node);
    case NESCIO_OP_GATHER_ND: return infer_gather_nd(ctx, node);
    case NESCIO_OP_GATHER_ELEMENTS:
        return nescio_infer_output(ctx, node, 0, dtype, nescio_infer_shape(node, 1));
    case NESCIO_OP_ONE_HOT: return infer_one_hot(ctx, node);
    case NESCIO_OP_RESIZE: return infer_resize(ctx, node);
    case NESCIO_OP_DEPTH_TO_SPACE:
    case NESCIO_OP_SPACE_TO_DEPTH: return infer_blocks(ctx, node);
    case NESCIO_OP_UNIQUE: return infer_unique(ctx, node);
    case NESCIO_OP_COMPRESS: return infer_compress(ctx, node);
    case NESCIO_OP_NON_ZERO:
        out = nescio_shape_of_rank(2);
        if (x->rank != NESCIO_RANK_UNKNOWN)
            nescio_shape_set(&out, 0, x->rank);
        return nescio_infer_output(ctx, node, 0, NESCIO_I64, &out);
    case NESCIO_OP_EYE_LIKE:
        dtype = (nescio_dtype)nescio_node_int(node, "dtype", dtype);
        if (x->rank != NESCIO_RANK_UNKNOWN && x->rank != 2)
            return nescio_infer_fail(ctx, node, "needs a tensor of rank 2");
        if (dtype != NESCIO_DTYPE_NONE && nescio_dtype_bytes(dtype) == 0)
            return nescio_infer_fail(ctx, node, "cannot make element type %d", (int)dtype);
        break;
    default: break; /* ReverseSequence, ScatterElements, ScatterND, Trilu keep the shape */
    }
    return nescio_infer_output(ctx, node, 0, dtype, x);
}
