/* SPDX-License-Identifier: Apache-2.0
 * Operators that move elements by a rule of the axes: everything is a strided copy. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

nescio_status nescio_run_transpose(nescio_refexec_call *call)
{
    int64_t perm[NESCIO_RANK_MAX], dims[NESCIO_RANK_MAX], own[NESCIO_RANK_MAX],
        from[NESCIO_RANK_MAX];
    bool seen[NESCIO_RANK_MAX] = {false};
    const nescio_tensor *x;
    size_t n;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_ints_attr(call, "perm", perm, NESCIO_RANK_MAX, &n));
    if (!nescio_node_attr(call->node, "perm"))
        for (int i = 0; i < x->rank; i++)
            perm[n++] = x->rank - 1 - i;
    if ((int)n != x->rank)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "perm has %zu entries for rank %d", n,
                                x->rank);
    nescio_row_major(x->rank, x->dims, own);
    for (int i = 0; i < x->rank; i++) {
        if (perm[i] < 0 || perm[i] >= x->rank || seen[perm[i]])
            return nescio_call_fail(call, NESCIO_E_FORMAT, "perm is not a permutation of the axes");
        seen[perm[i]] = true;
        dims[i] = x->dims[perm[i]];
        from[i] = own[perm[i]];
    }
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, dims));
    nescio_copy_strided(nescio_dtype_bytes(x->dtype), x->rank, dims, call->outputs[0].data,
                        call->outputs[0].stride, x->data, from);
    return NESCIO_OK;
}

/* Copies `outer` blocks of `bytes`, block k from src + k * src_step to dst + k * dst_step. */
static void copy_blocks(char *dst, int64_t dst_step, const char *src, int64_t src_step,
                        int64_t outer, int64_t bytes)
{
    for (int64_t k = 0; bytes && k < outer; k++)
        memcpy(dst + k * dst_step, src + k * src_step, (size_t)bytes);
}

nescio_status nescio_run_concat(nescio_refexec_call *call)
{
    const uint32_t n = call->node->n_inputs;
    const nescio_tensor *first;
    int64_t dims[NESCIO_RANK_MAX], outer, inner, at = 0;
    int axis;

    for (uint32_t k = 0; k < n; k++)
        NESCIO_TRY(nescio_call_expect(call, k, NESCIO_TYPES_ANY, 1, NESCIO_RANK_MAX));
    first = call->inputs[0];
    NESCIO_TRY(nescio_call_axis_attr(call, 0, first->rank, &axis));
    memcpy(dims, first->dims, sizeof dims);
    dims[axis] = 0;
    for (uint32_t k = 0; k < n; k++) {
        const nescio_tensor *const t = call->inputs[k];

        for (int i = 0; i < first->rank; i++)
            if (t->rank != first->rank || t->dtype != first->dtype ||
                (i != axis && t->dims[i] != first->dims[i]))
                return nescio_call_fail(call, NESCIO_E_FORMAT,
                                        "input %u differs from input 0 in type, rank or dim %d", k,
                                        i);
        dims[axis] += t->dims[axis];
    }
    NESCIO_TRY(nescio_call_output(call, 0, first->dtype, first->rank, dims));
    outer = nescio_dims_product(dims, 0, axis);
    inner = nescio_dims_product(dims, axis + 1, first->rank) *
            (int64_t)nescio_dtype_bytes(first->dtype);
    for (uint32_t k = 0; k < n; k++) {
        const int64_t bytes = call->inputs[k]->dims[axis] * inner;

        copy_blocks((char *)call->outputs[0].data + at, dims[axis] * inner, call->inputs[k]->data,
                    bytes, outer, bytes);
        at += bytes;
    }
    return NESCIO_OK;
}

/* Sizes of the parts: given, or as even as can be with the smaller ones last. */
static nescio_status split_sizes(const nescio_refexec_call *call, int64_t total, int64_t *sizes)
{
    const nescio_tensor *const given = nescio_call_input(call, 1);
    const int64_t n = call->node->n_outputs, share = (total + n - 1) / n;
    int64_t left = total;

    if (given && (nescio_count(given) != n || !nescio_dtype_is_integer(given->dtype)))
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "split should be %lld integers, one an output", (long long)n);
    for (int64_t k = 0; k < n; k++) {
        sizes[k] = given ? nescio_tensor_get_i64(given, (size_t)k) : share < left ? share : left;
        if (sizes[k] < 0 || sizes[k] > left)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "parts do not add up to %lld",
                                    (long long)total);
        left -= sizes[k];
    }
    if (left)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "parts do not add up to %lld",
                                (long long)total);
    return NESCIO_OK;
}

nescio_status nescio_run_split(nescio_refexec_call *call)
{
    const uint32_t n = call->node->n_outputs;
    int64_t *const sizes = nescio_call_scratch(call, (int64_t)n + 1, sizeof *sizes);
    int64_t dims[NESCIO_RANK_MAX], outer, inner, at = 0;
    const nescio_tensor *x;
    int axis;

    if (!sizes)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_axis_attr(call, 0, x->rank, &axis));
    NESCIO_TRY(split_sizes(call, x->dims[axis], sizes));
    memcpy(dims, x->dims, sizeof dims);
    outer = nescio_dims_product(dims, 0, axis);
    inner = nescio_dims_product(dims, axis + 1, x->rank) * (int64_t)nescio_dtype_bytes(x->dtype);
    for (uint32_t k = 0; k < n; k++) {
        dims[axis] = sizes[k];
        NESCIO_TRY(nescio_call_output(call, k, x->dtype, x->rank, dims));
        copy_blocks(call->outputs[k].data, sizes[k] * inner, (const char *)x->data + at,
                    x->dims[axis] * inner, outer, sizes[k] * inner);
        at += sizes[k] * inner;
    }
    return NESCIO_OK;
}

/* One axis of a slice: first index, number of elements, step between them. */
static int64_t slice_axis(int64_t dim, int64_t start, int64_t end, int64_t step, int64_t *first)
{
    const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - 1;
    const int64_t far = (int64_t)1 << 50; /* beyond every dim; sums with it do not overflow */

    if (dim == 0)
        return 0;
    start = nescio_clamp_i64(start, -far, far);
    end = nescio_clamp_i64(end, -far, far);
    start += start < 0 ? dim : 0;
    end += end < 0 ? dim : 0;
    start = nescio_clamp_i64(start, 0, high); /* unlike Python's, never before the first */
    end = nescio_clamp_i64(end, low, high);
    *first = start;
    if (step > 0)
        return end > start ? (end - start - 1) / step + 1 : 0;
    step = step < -far ? far : -step;
    return start > end ? (start - end - 1) / step + 1 : 0;
}

/* starts, ends, axes, steps of a Slice; absent axes are 0, 1, ...; absent steps are 1. */
typedef struct slice_spec {
    int64_t starts[NESCIO_RANK_MAX], ends[NESCIO_RANK_MAX], axes[NESCIO_RANK_MAX],
        steps[NESCIO_RANK_MAX];
    size_t n;
} slice_spec;

static nescio_status read_slice(const nescio_refexec_call *call, slice_spec *s)
{
    size_t n_ends, n_axes, n_steps;

    NESCIO_TRY(nescio_call_ints(call, 1, s->starts, NESCIO_RANK_MAX, &s->n));
    NESCIO_TRY(nescio_call_ints(call, 2, s->ends, NESCIO_RANK_MAX, &n_ends));
    NESCIO_TRY(nescio_call_ints(call, 3, s->axes, NESCIO_RANK_MAX, &n_axes));
    NESCIO_TRY(nescio_call_ints(call, 4, s->steps, NESCIO_RANK_MAX, &n_steps));
    if (n_ends != s->n || (nescio_call_input(call, 3) && n_axes != s->n) ||
        (nescio_call_input(call, 4) && n_steps != s->n))
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "starts, ends, axes and steps differ in length");
    for (size_t i = 0; i < s->n; i++) {
        if (!nescio_call_input(call, 3))
            s->axes[i] = (int64_t)i;
        if (!nescio_call_input(call, 4))
            s->steps[i] = 1;
        if (s->steps[i] == 0)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "step of 0");
    }
    return NESCIO_OK;
}

nescio_status nescio_run_slice(nescio_refexec_call *call)
{
    int64_t dims[NESCIO_RANK_MAX], from[NESCIO_RANK_MAX], offset = 0;
    const nescio_tensor *x;
    size_t size;
    slice_spec s;
    int axis;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(read_slice(call, &s));
    memcpy(dims, x->dims, sizeof dims);
    nescio_row_major(x->rank, x->dims, from);
    for (size_t i = 0; i < s.n; i++) {
        int64_t first;

        NESCIO_TRY(nescio_call_axis(call, s.axes[i], x->rank, &axis));
        for (size_t k = 0; k < i; k++)
            if (s.axes[k] == s.axes[i])
                return nescio_call_fail(call, NESCIO_E_FORMAT, "axis %d is given twice", axis);
        dims[axis] = slice_axis(x->dims[axis], s.starts[i], s.ends[i], s.steps[i], &first);
        if (dims[axis] > 0)
            offset += first * from[axis];
        from[axis] = dims[axis] > 1 ? from[axis] * s.steps[i] : 0;
    }
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, dims));
    if (nescio_count(&call->outputs[0]) == 0)
        return NESCIO_OK;
    size = nescio_dtype_bytes(x->dtype);
    nescio_copy_strided(size, x->rank, dims, call->outputs[0].data, call->outputs[0].stride,
                        (const char *)x->data + offset * (int64_t)size, from);
    return NESCIO_OK;
}

nescio_status nescio_run_expand(nescio_refexec_call *call)
{
    int64_t dims[NESCIO_RANK_MAX];
    nescio_tensor shape = {0};
    const nescio_tensor *x, *pair[2];
    nescio_walk w;
    size_t n;
    int rank;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_ints(call, 1, shape.dims, NESCIO_RANK_MAX, &n));
    shape.rank = (int)n;
    pair[0] = x;
    pair[1] = &shape;
    if (!nescio_broadcast_shape(pair, 2, &rank, dims))
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "the shape does not broadcast with the input's");
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, rank, dims));
    nescio_walk_init(&w, rank, dims);
    nescio_walk_add(&w, x);
    nescio_copy_strided(nescio_dtype_bytes(x->dtype), rank, dims, call->outputs[0].data,
                        call->outputs[0].stride, x->data, w.stride[0]);
    return NESCIO_OK;
}

/* [N, C, H, W] in blocks of b x b: both directions are one copy over six axes (n, c, b, b, h, w in
 * some order). */
nescio_status nescio_run_depth_space(nescio_refexec_call *call)
{
    const bool to_space = call->node->op == NESCIO_OP_DEPTH_TO_SPACE;
    const bool crd = strcmp(nescio_node_string(call->node, "mode", "DCR"), "CRD") == 0;
    const int64_t b = nescio_node_int(call->node, "blocksize", 0);
    const nescio_tensor *x;
    int64_t c, h, w;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FIXED, 4, 4));
    x = call->inputs[0];
    if (b < 1 || b > 1 << 15 ||
        (to_space ? x->dims[1] % (b * b) : x->dims[2] % b || x->dims[3] % b))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "blocksize %lld does not divide the input",
                                (long long)b);
    c = to_space ? x->dims[1] / (b * b) : x->dims[1];
    h = to_space ? x->dims[2] : x->dims[2] / b;
    w = to_space ? x->dims[3] : x->dims[3] / b;
    {
        /* Axes n, c, block row, block column, h, w; strides in the deep tensor and in the spatial
         * one. */
        const int64_t dims[6] = {x->dims[0], c, b, b, h, w}, plane = h * w;
        const int64_t deep[6] = {c * b * b * plane,
                                 (crd ? b * b : 1) * plane,
                                 (crd ? b : b * c) * plane,
                                 (crd ? 1 : c) * plane,
                                 w,
                                 1};
        const int64_t flat[6] = {c * b * b * plane, b * b * plane, b * w, 1, b * b * w, b};
        const int64_t shape[4] = {x->dims[0], to_space ? c : c * b * b, to_space ? h * b : h,
                                  to_space ? w * b : w};

        NESCIO_TRY(nescio_call_output(call, 0, x->dtype, 4, shape));
        nescio_copy_strided(nescio_dtype_bytes(x->dtype), 6, dims, call->outputs[0].data,
                            to_space ? flat : deep, x->data, to_space ? deep : flat);
    }
    return NESCIO_OK;
}

/* Along time_axis the first lens[batch] steps come in reverse. */
nescio_status nescio_run_reverse_sequence(nescio_refexec_call *call)
{
    const int64_t batch_axis = nescio_node_int(call->node, "batch_axis", 1);
    const int64_t time_axis = nescio_node_int(call->node, "time_axis", 0);
    const nescio_tensor *x, *lens;
    int64_t steps, batches, inner, size;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 2, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_INTEGER, 1, 1));
    x = call->inputs[0];
    lens = call->inputs[1];
    if (batch_axis + time_axis != 1 || batch_axis < 0 || batch_axis > 1 ||
        lens->dims[0] != x->dims[batch_axis])
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "axes should be 0 and 1, with one length a batch entry");
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, x->dims));
    steps = x->dims[time_axis];
    batches = x->dims[batch_axis];
    size = (int64_t)nescio_dtype_bytes(x->dtype);
    inner = nescio_dims_product(x->dims, 2, x->rank) * size;
    for (int64_t b = 0; b < batches; b++) {
        const int64_t n = nescio_tensor_get_i64(lens, (size_t)b);
        const int64_t time_step = time_axis == 0 ? batches * inner : inner;
        const int64_t batch_step = time_axis == 0 ? inner : steps * inner;

        if (n < 0 || n > steps)
            return nescio_call_fail(call, NESCIO_E_ARG, "length %lld of %lld steps", (long long)n,
                                    (long long)steps);
        for (int64_t t = 0; t < steps; t++)
            memcpy((char *)call->outputs[0].data + b * batch_step + t * time_step,
                   (const char *)x->data + b * batch_step + (t < n ? n - 1 - t : t) * time_step,
                   (size_t)inner);
    }
    return NESCIO_OK;
}
