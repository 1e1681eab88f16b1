/* SPDX-License-Identifier: Apache-2.0
 * Inference of operators that change the shape: Reshape, Transpose, Concat, Split, Slice, Pad. */
#include "graph/infer_internal.h"

#include <string.h>

/* Product of dims [from, to); unknown when one is (or when it overflows, which the executor
 * refuses). */
static int64_t dims_product(const nescio_shape *x, int from, int to)
{
    int64_t product = 1;

    for (int d = from; d < to; d++) {
        if (x->dims[d] < 0 || __builtin_mul_overflow(product, x->dims[d], &product))
            return NESCIO_DIM_UNKNOWN;
    }
    return product;
}

/* The one -1 of a reshape: what is left of x's elements. Works as well when x has unknown dims that
 * the target copies: those (the same symbol, or both unknown at a copied place) cancel. */
static int64_t left_over(const nescio_shape *x, const nescio_shape *out, int hole,
                         const bool *copied)
{
    int64_t have = 1, take = 1;

    for (int d = 0; d < x->rank; d++) {
        if (d < out->rank && copied[d])
            continue;
        if (x->dims[d] < 0 || __builtin_mul_overflow(have, x->dims[d], &have))
            return NESCIO_DIM_UNKNOWN;
    }
    for (int d = 0; d < out->rank; d++) {
        if (d == hole || (d < x->rank && copied[d]))
            continue;
        if (out->dims[d] < 0 || __builtin_mul_overflow(take, out->dims[d], &take))
            return NESCIO_DIM_UNKNOWN;
    }
    return take > 0 && have % take == 0 ? have / take : NESCIO_DIM_UNKNOWN;
}

static nescio_status infer_reshape(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    const bool allow_zero = nescio_node_int(node, "allowzero", 0) != 0;
    bool copied[NESCIO_RANK_MAX] = {false};
    nescio_content target;
    nescio_shape out;
    int hole = -1;

    if (!nescio_infer_content(node, 1, &target))
        return nescio_infer_unknown(ctx, node, nescio_infer_length(node, 1));
    out = nescio_shape_of_rank(target.count);
    for (int d = 0; d < target.count; d++) {
        if (!target.known[d]) {
            out.symbol[d] = target.symbol[d];
            copied[d] = target.symbol[d] && d < x->rank && x->symbol[d] &&
                        strcmp(x->symbol[d], target.symbol[d]) == 0;
        } else if (target.at[d] == -1) {
            if (hole >= 0)
                return nescio_infer_fail(ctx, node, "its shape has more than one -1");
            hole = d;
        } else if (target.at[d] == 0 && !allow_zero) {
            if (x->rank != NESCIO_RANK_UNKNOWN && d >= x->rank)
                return nescio_infer_fail(ctx, node, "its shape copies a dim that the input lacks");
            if (x->rank != NESCIO_RANK_UNKNOWN) {
                nescio_shape_take(&out, d, x, d);
                copied[d] = true;
            }
        } else if (target.at[d] < 0) {
            return nescio_infer_fail(ctx, node, "its shape has a dim of %lld",
                                     (long long)target.at[d]);
        } else {
            nescio_shape_set(&out, d, target.at[d]);
        }
    }
    if (x->rank != NESCIO_RANK_UNKNOWN && hole >= 0)
        nescio_shape_set(&out, hole, left_over(x, &out, hole, copied));
    if (x->rank != NESCIO_RANK_UNKNOWN) {
        const int64_t from = dims_product(x, 0, x->rank), to = dims_product(&out, 0, out.rank);

        if (from >= 0 && hole >= 0 && out.dims[hole] < 0 && dims_product(&out, 0, hole) > 0 &&
            dims_product(&out, hole + 1, out.rank) > 0)
            return nescio_infer_fail(ctx, node, "%lld elements do not split as its shape says",
                                     (long long)from);
        if (from >= 0 && to >= 0 && from != to)
            return nescio_infer_fail(ctx, node, "%lld elements cannot become %lld", (long long)from,
                                     (long long)to);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_flatten(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    int64_t axis = nescio_node_int(node, "axis", 1);
    nescio_shape out = nescio_shape_of_rank(2);

    if (x->rank != NESCIO_RANK_UNKNOWN) {
        if (axis < -x->rank || axis > x->rank)
            return nescio_infer_fail(ctx, node, "axis %lld is outside a tensor of rank %d",
                                     (long long)axis, x->rank);
        axis += axis < 0 ? x->rank : 0;
        nescio_shape_set(&out, 0, dims_product(x, 0, (int)axis));
        nescio_shape_set(&out, 1, dims_product(x, (int)axis, x->rank));
        if (axis == 1)
            nescio_shape_take(&out, 0, x, 0);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_transpose(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    const nescio_attr *const perm = nescio_node_attr(node, "perm");
    nescio_shape out = {.rank = x->rank};
    unsigned seen = 0;

    if (x->rank == NESCIO_RANK_UNKNOWN)
        return nescio_infer_unknown(ctx, node,
                                    perm && perm->count <= NESCIO_RANK_MAX ? (int)perm->count : -1);
    if (perm && (perm->kind != NESCIO_ATTR_INTS || perm->count != (size_t)x->rank))
        return nescio_infer_fail(ctx, node, "perm has %zu axes, the input %d", perm->count,
                                 x->rank);
    for (int d = 0; d < x->rank; d++) {
        int64_t from = perm ? perm->ints[d] : x->rank - 1 - d;

        NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &from));
        if (seen & (1u << from))
            return nescio_infer_fail(ctx, node, "perm names axis %lld twice", (long long)from);
        seen |= 1u << from;
        nescio_shape_take(&out, d, x, (int)from);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_squeeze(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    int64_t axes[NESCIO_RANK_MAX];
    unsigned drop = 0;
    nescio_shape out = {0};
    int n_axes = 0;

    if (x->rank == NESCIO_RANK_UNKNOWN)
        return nescio_infer_unknown(ctx, node, -1);
    if (nescio_node_input(node, 1)) {
        if (!nescio_infer_ints(node, 1, axes, &n_axes)) {
            const int n = nescio_infer_length(node, 1);

            return nescio_infer_unknown(ctx, node, n >= 0 && n <= x->rank ? x->rank - n : -1);
        }
        for (int i = 0; i < n_axes; i++) {
            NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axes[i]));
            if (x->dims[axes[i]] >= 0 && x->dims[axes[i]] != 1)
                return nescio_infer_fail(ctx, node, "axis %lld has %lld elements, not 1",
                                         (long long)axes[i], (long long)x->dims[axes[i]]);
            drop |= 1u << axes[i];
        }
    } else {
        for (int d = 0; d < x->rank; d++) {
            if (x->dims[d] < 0)
                return nescio_infer_unknown(ctx, node, -1);
            drop |= x->dims[d] == 1 ? 1u << d : 0;
        }
    }
    for (int d = 0; d < x->rank; d++) {
        if (!(drop & (1u << d)))
            nescio_shape_take(&out, out.rank++, x, d);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_unsqueeze(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    int64_t axes[NESCIO_RANK_MAX];
    unsigned added = 0;
    nescio_shape out;
    int n_axes = 0, from = 0;

    if (x->rank == NESCIO_RANK_UNKNOWN || !nescio_infer_ints(node, 1, axes, &n_axes)) {
        const int n = nescio_infer_length(node, 1);

        return nescio_infer_unknown(
            ctx, node, x->rank >= 0 && n >= 0 && x->rank + n <= NESCIO_RANK_MAX ? x->rank + n : -1);
    }
    if (x->rank + n_axes > NESCIO_RANK_MAX)
        return nescio_infer_fail(ctx, node, "makes a tensor of rank %d (at most %d)",
                                 x->rank + n_axes, NESCIO_RANK_MAX);
    out = nescio_shape_of_rank(x->rank + n_axes);
    for (int i = 0; i < n_axes; i++) {
        NESCIO_TRY(nescio_infer_axis(ctx, node, out.rank, &axes[i]));
        if (added & (1u << axes[i]))
            return nescio_infer_fail(ctx, node, "axes names %lld twice", (long long)axes[i]);
        added |= 1u << axes[i];
    }
    for (int d = 0; d < out.rank; d++) {
        if (added & (1u << d))
            nescio_shape_set(&out, d, 1);
        else
            nescio_shape_take(&out, d, x, from++);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_concat(nescio_ctx *ctx, const nescio_node *node)
{
    nescio_shape out = nescio_shape_unknown;
    int64_t axis = nescio_node_int(node, "axis", 0), total = 0;

    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const nescio_shape *const x = nescio_infer_shape(node, i);

        if (nescio_infer_dtype(node, i) != nescio_infer_dtype(node, 0) &&
            nescio_infer_dtype(node, i) != NESCIO_DTYPE_NONE &&
            nescio_infer_dtype(node, 0) != NESCIO_DTYPE_NONE)
            return nescio_infer_fail(ctx, node, "joins %s and %s",
                                     nescio_dtype_name(nescio_infer_dtype(node, 0)),
                                     nescio_dtype_name(nescio_infer_dtype(node, i)));
        if (x->rank == NESCIO_RANK_UNKNOWN) {
            total = NESCIO_DIM_UNKNOWN;
            continue;
        }
        if (out.rank == NESCIO_RANK_UNKNOWN) {
            NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axis));
            out = *x;
        }
        if (x->rank != out.rank)
            return nescio_infer_fail(ctx, node, "joins tensors of rank %d and %d", out.rank,
                                     x->rank);
        for (int d = 0; d < x->rank; d++) {
            if (d == axis)
                continue;
            if (out.dims[d] >= 0 && x->dims[d] >= 0 && out.dims[d] != x->dims[d])
                return nescio_infer_fail(ctx, node, "'%s' differs from the first along axis %d",
                                         node->inputs[i]->name, d);
            if (out.dims[d] < 0)
                nescio_shape_take(&out, d, x, d);
        }
        if (total >= 0 &&
            (x->dims[axis] < 0 || __builtin_add_overflow(total, x->dims[axis], &total)))
            total = NESCIO_DIM_UNKNOWN;
    }
    if (out.rank != NESCIO_RANK_UNKNOWN && node->n_inputs > 1)
        nescio_shape_set(&out, (int)axis, total);
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

/* Size of part i: as the split input says, or equal parts of ceil(size / n) with a smaller last
 * one. */
static int64_t part_size(const nescio_node *node, int64_t size, uint32_t i)
{
    const nescio_value *const split = nescio_node_input(node, 1);
    const int64_t n = (int64_t)node->n_outputs;
    int64_t chunk;

    if (split)
        return split->constant && nescio_tensor_count(split->constant) == (size_t)n
                   ? nescio_tensor_get_i64(split->constant, i)
                   : NESCIO_DIM_UNKNOWN;
    if (size < 0)
        return NESCIO_DIM_UNKNOWN;
    chunk = size / n + (size % n != 0);
    if (chunk * i >= size)
        return 0;
    return size - chunk * i < chunk ? size - chunk * i : chunk;
}

static nescio_status infer_split(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    const nescio_value *const split = nescio_node_input(node, 1);
    int64_t axis = nescio_node_int(node, "axis", 0), total = 0;

    if (x->rank != NESCIO_RANK_UNKNOWN)
        NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axis));
    if (split && split->constant &&
        (split->constant->rank != 1 || nescio_tensor_count(split->constant) != node->n_outputs))
        return nescio_infer_fail(ctx, node, "splits into %zu parts, but has %u outputs",
                                 nescio_tensor_count(split->constant), node->n_outputs);
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        nescio_shape out = *x;

        if (x->rank != NESCIO_RANK_UNKNOWN) {
            const int64_t size = part_size(node, x->dims[axis], i);

            if (split && split->constant &&
                (size < 0 || __builtin_add_overflow(total, size, &total)))
                return nescio_infer_fail(ctx, node, "has a part of %lld elements", (long long)size);
            nescio_shape_set(&out, (int)axis, size);
        }
        NESCIO_TRY(nescio_infer_output(ctx, node, i, nescio_infer_dtype(node, 0), &out));
    }
    if (split && split->constant && x->rank != NESCIO_RANK_UNKNOWN && x->dims[axis] >= 0 &&
        total != x->dims[axis])
        return nescio_infer_fail(ctx, node, "its parts have %lld elements, its input %lld",
                                 (long long)total, (long long)x->dims[axis]);
    return NESCIO_OK;
}

/* Elements that start:end:step takes out of `size`, with ONNX's clamping: start into [0, size] or,
 * for negative steps, [0, size - 1]; end into [0, size] or [-1, size - 1]. */
static int64_t slice_size(int64_t size, int64_t start, int64_t end, int64_t step)
{
    const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;

    if (start < 0)
        start = start < -size ? 0 : start + size;
    if (end < 0)
        end = end < -size ? low : end + size;
    start = start > high ? high : start;
    end = end < low ? low : end > high ? high : end;
    if (step > 0)
        return end > start ? (end - start - 1) / step + 1 : 0;
    return start > end ? (int64_t)(((uint64_t)(start - end) - 1) / (0 - (uint64_t)step)) + 1 : 0;
}

static nescio_status infer_slice(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    int64_t axes[NESCIO_RANK_MAX], steps[NESCIO_RANK_MAX];
    nescio_content starts, ends;
    nescio_shape out = *x;
    int n_axes = 0, n_steps = 0;

    if (x->rank == NESCIO_RANK_UNKNOWN || !nescio_infer_content(node, 1, &starts) ||
        !nescio_infer_content(node, 2, &ends))
        return nescio_infer_unknown(ctx, node, x->rank);
    if ((nescio_node_input(node, 3) && !nescio_infer_ints(node, 3, axes, &n_axes)) ||
        (nescio_node_input(node, 4) && !nescio_infer_ints(node, 4, steps, &n_steps)))
        return nescio_infer_unknown(ctx, node, x->rank);
    if (starts.count != ends.count || starts.count > x->rank ||
        (nescio_node_input(node, 3) && n_axes != starts.count) ||
        (nescio_node_input(node, 4) && n_steps != starts.count))
        return nescio_infer_fail(ctx, node, "starts, ends, axes and steps differ in length");
    for (int i = 0; i < starts.count; i++) {
        int64_t axis = nescio_node_input(node, 3) ? axes[i] : i;
        const int64_t step = nescio_node_input(node, 4) ? steps[i] : 1;
        const bool whole = starts.known[i] && starts.at[i] == 0 && step == 1 && ends.known[i] &&
                           ends.at[i] >= INT32_MAX;

        NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axis));
        if (step == 0)
            return nescio_infer_fail(ctx, node, "a step is 0");
        if (whole && x->dims[axis] < 0)
            continue;
        nescio_shape_set(&out, (int)axis,
                         x->dims[axis] >= 0 && starts.known[i] && ends.known[i]
                             ? slice_size(x->dims[axis], starts.at[i], ends.at[i], step)
                             : NESCIO_DIM_UNKNOWN);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_pad(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    const nescio_value *const pads = nescio_node_input(node, 1);
    const nescio_tensor *const t = pads ? pads->constant : NULL;
    int64_t axes[NESCIO_RANK_MAX];
    nescio_shape out = *x;
    int n_axes = x->rank;

    if (x->rank == NESCIO_RANK_UNKNOWN || !t ||
        (nescio_node_input(node, 3) && !nescio_infer_ints(node, 3, axes, &n_axes)))
        return nescio_infer_unknown(ctx, node, x->rank);
    if (!nescio_dtype_is_integer(t->dtype) || nescio_tensor_count(t) != 2 * (size_t)n_axes)
        return nescio_infer_fail(ctx, node, "pads must be %d integers", 2 * n_axes);
    for (int i = 0; i < n_axes; i++) {
        int64_t axis = nescio_node_input(node, 3) ? axes[i] : i;
        nescio_wide size;

        NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axis));
        size = (nescio_wide)x->dims[axis] + nescio_tensor_get_i64(t, (size_t)i) +
               nescio_tensor_get_i64(t, (size_t)(i + n_axes));
        if (x->dims[axis] < 0)
            nescio_shape_set(&out, (int)axis, NESCIO_DIM_UNKNOWN);
        else if (size < 0 || size > INT64_MAX)
            return nescio_infer_fail(ctx, node, "leaves no valid size along axis %lld",
                                     (long long)axis);
        else
            nescio_shape_set(&out, (int)axis, (int64_t)size);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

nescio_status nescio_infer_move(nescio_ctx *ctx, nescio_node *node)
{
    switch (node->op) {
    case NESCIO_OP_RESHAPE: return infer_reshape(ctx, node);
    case NESCIO_OP_FLATTEN: return infer_flatten(ctx, node);
    case NESCIO_OP_TRANSPOSE: return infer_transpose(ctx, node);
    case NESCIO_OP_SQUEEZE: return infer_squeeze(ctx, node);
    case NESCIO_OP_UNSQUEEZE: return infer_unsqueeze(ctx, node);
    case NESCIO_OP_CONCAT: return infer_concat(ctx, node);
    case NESCIO_OP_SPLIT: return infer_split(ctx, node);
    case NESCIO_OP_SLICE: return infer_slice(ctx, node);
    case NESCIO_OP_PAD: return infer_pad(ctx, node);
    default: return nescio_infer_sized(ctx, node);
    }
}
