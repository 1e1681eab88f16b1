/* SPDX-License-Identifier: Apache-2.0
 * Inference of operators along axes (reductions, running sums, TopK) and of normalizations. */
#include "graph/infer_internal.h"

#include <string.h>

/* Shape of x with the marked axes reduced. */
static nescio_shape reduced(const nescio_shape *x, const bool *axes, bool keep)
{
    nescio_shape out = {0};

    for (int d = 0; d < x->rank; d++) {
        if (!axes[d])
            nescio_shape_take(&out, out.rank++, x, d);
        else if (keep)
            nescio_shape_set(&out, out.rank++, 1);
    }
    return out;
}

static nescio_status infer_reduction(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    const nescio_dtype dtype = nescio_infer_dtype(node, 0);
    const bool keep = nescio_node_int(node, "keepdims", 1) != 0;
    bool reduce[NESCIO_RANK_MAX] = {false};
    int64_t axes[NESCIO_RANK_MAX];
    nescio_shape out;
    int n_axes = 0;

    if (nescio_node_input(node, 1) && !nescio_infer_ints(node, 1, axes, &n_axes)) {
        out = keep && x->rank != NESCIO_RANK_UNKNOWN ? nescio_shape_of_rank(x->rank)
                                                     : nescio_shape_unknown;
        return nescio_infer_output(ctx, node, 0, dtype, &out);
    }
    if (x->rank == NESCIO_RANK_UNKNOWN)
        return nescio_infer_output(ctx, node, 0, dtype, &nescio_shape_unknown);
    for (int i = 0; i < n_axes; i++) {
        NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axes[i]));
        reduce[axes[i]] = true;
    }
    if (n_axes == 0 && !nescio_node_int(node, "noop_with_empty_axes", 0))
        memset(reduce, true, sizeof reduce);
    out = reduced(x, reduce, keep);
    return nescio_infer_output(ctx, node, 0, dtype, &out);
}

static nescio_status infer_arg(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    int64_t axis = nescio_node_int(node, "axis", 0);
    bool reduce[NESCIO_RANK_MAX] = {false};
    nescio_shape out;

    if (x->rank == NESCIO_RANK_UNKNOWN)
        return nescio_infer_output(ctx, node, 0, NESCIO_I64, x);
    NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axis));
    reduce[axis] = true;
    out = reduced(x, reduce, nescio_node_int(node, "keepdims", 1) != 0);
    return nescio_infer_output(ctx, node, 0, NESCIO_I64, &out);
}

static nescio_status infer_top_k(nescio_ctx *ctx, const nescio_node *node)
{
    nescio_shape out = *nescio_infer_shape(node, 0);
    int64_t axis = nescio_node_int(node, "axis", -1);
    int64_t k[NESCIO_RANK_MAX];
    int n_k;

    if (out.rank != NESCIO_RANK_UNKNOWN) {
        NESCIO_TRY(nescio_infer_axis(ctx, node, out.rank, &axis));
        if (!nescio_infer_ints(node, 1, k, &n_k)) {
            nescio_shape_set(&out, (int)axis, NESCIO_DIM_UNKNOWN);
        } else {
            if (n_k != 1 || k[0] < 0 ||
                (out.dims[axis] != NESCIO_DIM_UNKNOWN && k[0] > out.dims[axis]))
                return nescio_infer_fail(
                    ctx, node, "k must be one number in 0 ... size of axis %lld", (long long)axis);
            nescio_shape_set(&out, (int)axis, k[0]);
        }
    }
    NESCIO_TRY(nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out));
    return nescio_infer_output(ctx, node, 1, NESCIO_I64, &out);
}

nescio_status nescio_infer_reduce(nescio_ctx *ctx, nescio_node *node)
{
    switch (node->op) {
    case NESCIO_OP_ARG_MAX:
    case NESCIO_OP_ARG_MIN: return infer_arg(ctx, node);
    case NESCIO_OP_TOP_K: return infer_top_k(ctx, node);
    case NESCIO_OP_CUM_SUM:
        return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0),
                                   nescio_infer_shape(node, 0));
    default: return infer_reduction(ctx, node);
    }
}

/* Mean and inverse standard deviation: 1 along the normalized axes. */
static nescio_status infer_layer_norm(nescio_ctx *ctx, const nescio_node *node)
{
    nescio_shape stat = *nescio_infer_shape(node, 0);
    int64_t axis = nescio_node_int(node, "axis", -1);

    NESCIO_TRY(nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &stat));
    if (stat.rank != NESCIO_RANK_UNKNOWN) {
        NESCIO_TRY(nescio_infer_axis(ctx, node, stat.rank, &axis));
        for (int d = (int)axis; d < stat.rank; d++)
            nescio_shape_set(&stat, d, 1);
    }
    NESCIO_TRY(nescio_infer_output(ctx, node, 1, NESCIO_F32, &stat));
    return nescio_infer_output(ctx, node, 2, NESCIO_F32, &stat);
}

/* Parameters of one element a channel (axis 1 of x). */
static nescio_status check_channels(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);

    if (x->rank == NESCIO_RANK_UNKNOWN || x->rank < 2)
        return NESCIO_OK;
    for (size_t i = 1; i < node->n_inputs; i++) {
        const nescio_shape *const p = nescio_infer_shape(node, i);

        if (p->rank != NESCIO_RANK_UNKNOWN &&
            (p->rank != 1 || (x->dims[1] >= 0 && p->dims[0] >= 0 && p->dims[0] != x->dims[1])))
            return nescio_infer_fail(ctx, node, "'%s' must have one element a channel",
                                     node->inputs[i]->name);
    }
    return NESCIO_OK;
}

nescio_status nescio_infer_norm(nescio_ctx *ctx, nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    int64_t axis = nescio_node_int(node, "axis", -1);

    switch (node->op) {
    case NESCIO_OP_LAYER_NORMALIZATION: return infer_layer_norm(ctx, node);
    case NESCIO_OP_BATCH_NORMALIZATION:
    case NESCIO_OP_GROUP_NORMALIZATION:
    case NESCIO_OP_INSTANCE_NORMALIZATION: NESCIO_TRY(check_channels(ctx, node)); break;
    case NESCIO_OP_SOFTMAX:
    case NESCIO_OP_LOG_SOFTMAX:
    case NESCIO_OP_HARDMAX:
        if (x->rank > 0)
            NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axis));
        break;
    default: break;
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), x);
}
