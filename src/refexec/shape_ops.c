/* SPDX-License-Identifier: Apache-2.0
 * Operators that only change or tell the shape: the elements stay in their order, usually in their
 * place. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

nescio_status nescio_run_identity(nescio_refexec_call *call)
{
    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    return nescio_call_forward(call, 0, 0, call->inputs[0]->rank, call->inputs[0]->dims);
}

nescio_status nescio_run_flatten(nescio_refexec_call *call)
{
    const nescio_tensor *x;
    int64_t axis, dims[2];

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    axis = nescio_node_int(call->node, "axis", 1);
    if (axis < -x->rank || axis > x->rank)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "axis %lld of a tensor of rank %d",
                                (long long)axis, x->rank);
    axis += axis < 0 ? x->rank : 0;
    dims[0] = nescio_dims_product(x->dims, 0, (int)axis);
    dims[1] = nescio_dims_product(x->dims, (int)axis, x->rank);
    return nescio_call_forward(call, 0, 0, 2, dims);
}

/* 0 copies the input's dim (unless allowzero), one -1 takes what is left. */
nescio_status nescio_run_reshape(nescio_refexec_call *call)
{
    const bool allow_zero = nescio_node_int(call->node, "allowzero", 0) != 0;
    int64_t dims[NESCIO_RANK_MAX], known = 1, left;
    const nescio_tensor *x;
    int free_axis = -1;
    size_t rank, known_size = 1;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_ints(call, 1, dims, NESCIO_RANK_MAX, &rank));
    for (int i = 0; i < (int)rank; i++) {
        if (dims[i] == 0 && !allow_zero) {
            if (i >= x->rank)
                return nescio_call_fail(call, NESCIO_E_FORMAT,
                                        "dim %d is to be copied, but the input has rank %d", i,
                                        x->rank);
            dims[i] = x->dims[i];
        }
        if (dims[i] == -1 && free_axis < 0)
            free_axis = i;
        else if (dims[i] < 0 || !nescio_size_mul(&known_size, known_size, (size_t)dims[i]) ||
                 known_size > INT64_MAX)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "dim %d of the new shape is %lld", i,
                                    (long long)dims[i]);
    }
    known = (int64_t)known_size;
    left = nescio_count(x);
    if (free_axis >= 0 ? known == 0 || left % known != 0 : left != known)
        return nescio_call_fail(
            call, NESCIO_E_FORMAT,
            "%lld elements do not fit the new shape (%lld elements without the free dim)",
            (long long)left, (long long)known);
    if (free_axis >= 0)
        dims[free_axis] = left / known;
    return nescio_call_forward(call, 0, 0, (int)rank, dims);
}

nescio_status nescio_run_squeeze(nescio_refexec_call *call)
{
    int64_t axes[NESCIO_RANK_MAX], dims[NESCIO_RANK_MAX];
    bool drop[NESCIO_RANK_MAX] = {false};
    const nescio_tensor *x;
    int rank = 0, axis;
    size_t n;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_ints(call, 1, axes, NESCIO_RANK_MAX, &n));
    for (size_t i = 0; i < n; i++) {
        NESCIO_TRY(nescio_call_axis(call, axes[i], x->rank, &axis));
        if (x->dims[axis] != 1)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "axis %d has %lld elements, not one",
                                    axis, (long long)x->dims[axis]);
        drop[axis] = true;
    }
    for (int i = 0; i < x->rank; i++)
        if (nescio_call_input(call, 1) ? !drop[i] : x->dims[i] != 1)
            dims[rank++] = x->dims[i];
    return nescio_call_forward(call, 0, 0, rank, dims);
}

nescio_status nescio_run_unsqueeze(nescio_refexec_call *call)
{
    int64_t axes[NESCIO_RANK_MAX], dims[NESCIO_RANK_MAX];
    bool made[NESCIO_RANK_MAX] = {false};
    const nescio_tensor *x;
    int rank, axis, from = 0;
    size_t n;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_ints(call, 1, axes, NESCIO_RANK_MAX, &n));
    rank = x->rank + (int)n;
    if (rank > NESCIO_RANK_MAX)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "result of rank %d; at most %d is supported", rank,
                                NESCIO_RANK_MAX);
    for (size_t i = 0; i < n; i++) {
        NESCIO_TRY(nescio_call_axis(call, axes[i], rank, &axis));
        if (made[axis])
            return nescio_call_fail(call, NESCIO_E_FORMAT, "axis %d is given twice", axis);
        made[axis] = true;
    }
    for (int i = 0; i < rank; i++)
        dims[i] = made[i] ? 1 : x->dims[from++];
    return nescio_call_forward(call, 0, 0, rank, dims);
}

nescio_status nescio_run_shape(nescio_refexec_call *call)
{
    const nescio_tensor *x;
    int64_t start, end, n;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    start = nescio_node_int(call->node, "start", 0);
    end = nescio_node_int(call->node, "end", x->rank);
    start = nescio_clamp_i64(start < 0 ? start + x->rank : start, 0, x->rank);
    end = nescio_clamp_i64(end < 0 ? end + x->rank : end, 0, x->rank);
    n = end > start ? end - start : 0;
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_I64, 1, &n));
    memcpy(call->outputs[0].data, &x->dims[start], (size_t)n * sizeof n);
    return NESCIO_OK;
}

nescio_status nescio_run_size(nescio_refexec_call *call)
{
    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_I64, 0, NULL));
    *(int64_t *)call->outputs[0].data = nescio_count(call->inputs[0]);
    return NESCIO_OK;
}
