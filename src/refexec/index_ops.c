/* SPDX-License-Identifier: Apache-2.0
 * Operators that pick or place elements by indices in a tensor. Negative indices count from the
 * end; every index is checked before it is used. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

/* Indices of input i as int64, each brought into [0, limit); NULL limit check is left to the caller
 * when limit < 0. */
static nescio_status read_indices(const nescio_refexec_call *call, uint32_t i, int64_t limit,
                                  const int64_t **out)
{
    const nescio_tensor *t;
    int64_t *fixed, n;

    NESCIO_TRY(nescio_call_expect(call, i, NESCIO_TYPES_INTEGER, 0, NESCIO_RANK_MAX));
    t = call->inputs[i];
    n = nescio_count(t);
    fixed = nescio_call_scratch(call, n + 1, sizeof *fixed);
    if (!fixed)
        return nescio_call_nomem(call);
    for (int64_t k = 0; k < n; k++) {
        const int64_t v = nescio_tensor_get_i64(t, (size_t)k);

        if (limit >= 0 && (v < -limit || v >= limit))
            return nescio_call_fail(call, NESCIO_E_ARG, "index %lld of %lld", (long long)v,
                                    (long long)limit);
        fixed[k] = limit >= 0 && v < 0 ? v + limit : v;
    }
    *out = fixed;
    return NESCIO_OK;
}

nescio_status nescio_run_gather(nescio_refexec_call *call)
{
    const nescio_tensor *x, *at;
    int64_t dims[2 * NESCIO_RANK_MAX], outer, n, block;
    const int64_t *index;
    int axis, rank = 0;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_axis_attr(call, 0, x->rank, &axis));
    NESCIO_TRY(read_indices(call, 1, x->dims[axis], &index));
    at = call->inputs[1];
    for (int i = 0; i < axis; i++)
        dims[rank++] = x->dims[i];
    for (int i = 0; i < at->rank; i++)
        dims[rank++] = at->dims[i];
    for (int i = axis + 1; i < x->rank; i++)
        dims[rank++] = x->dims[i];
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, rank, dims));
    outer = nescio_dims_product(x->dims, 0, axis);
    n = nescio_count(at);
    block = nescio_dims_product(x->dims, axis + 1, x->rank) * (int64_t)nescio_dtype_bytes(x->dtype);
    for (int64_t o = 0; block && o < outer; o++)
        for (int64_t k = 0; k < n; k++)
            memcpy((char *)call->outputs[0].data + (o * n + k) * block,
                   (const char *)x->data + (o * x->dims[axis] + index[k]) * block, (size_t)block);
    return NESCIO_OK;
}

/* Element offset in x, for each position of the index tensor, of GatherElements and
 * ScatterElements: the position itself with its coordinate on `axis` replaced by the index. */
static nescio_status element_offsets(const nescio_refexec_call *call, const nescio_tensor *x,
                                     int axis, const int64_t **out)
{
    const nescio_tensor *const at = nescio_call_input(call, 1);
    int64_t own[NESCIO_RANK_MAX], pos[NESCIO_RANK_MAX] = {0}, *offsets;
    const int64_t *index, n = at ? nescio_count(at) : 0;

    NESCIO_TRY(read_indices(call, 1, x->dims[axis], &index));
    if (at->rank != x->rank)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "indices have rank %d, data %d", at->rank,
                                x->rank);
    for (int i = 0; i < x->rank; i++)
        if (i != axis && at->dims[i] > x->dims[i])
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "indices are longer than the data on axis %d", i);
    offsets = nescio_call_scratch(call, n + 1, sizeof *offsets);
    if (!offsets)
        return nescio_call_nomem(call);
    nescio_row_major(x->rank, x->dims, own);
    for (int64_t k = 0; k < n; k++) {
        offsets[k] = index[k] * own[axis];
        for (int i = 0; i < x->rank; i++)
            offsets[k] += i == axis ? 0 : pos[i] * own[i];
        for (int i = x->rank - 1; i >= 0 && ++pos[i] == at->dims[i]; i--)
            pos[i] = 0;
    }
    *out = offsets;
    return NESCIO_OK;
}

nescio_status nescio_run_gather_elements(nescio_refexec_call *call)
{
    const nescio_tensor *x, *at;
    const int64_t *offsets;
    size_t size;
    int64_t n;
    int axis;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 1, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_INTEGER, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    at = call->inputs[1];
    NESCIO_TRY(nescio_call_axis_attr(call, 0, x->rank, &axis));
    NESCIO_TRY(element_offsets(call, x, axis, &offsets));
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, at->rank, at->dims));
    size = nescio_dtype_bytes(x->dtype);
    n = nescio_count(at);
    for (int64_t k = 0; k < n; k++)
        memcpy((char *)call->outputs[0].data + (size_t)k * size,
               (const char *)x->data + (size_t)offsets[k] * size, size);
    return NESCIO_OK;
}

/* For GatherND and ScatterND: the last axis of the indices holds coordinates of x from axis `batch`
 * on. Gives the offset of each indexed block of x; *inner: elements of a block. */
static nescio_status block_offsets(const nescio_refexec_call *call, const nescio_tensor *x,
                                   int batch, const int64_t **out, int64_t *n_blocks,
                                   int64_t *inner)
{
    const nescio_tensor *at;
    const int64_t *index = NULL;
    int64_t own[NESCIO_RANK_MAX], depth, *offsets, per_batch;

    NESCIO_TRY(read_indices(call, 1, -1, &index));
    at = call->inputs[1];
    if (at->rank < 1 || batch >= at->rank || batch > x->rank)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "batch_dims %d of indices of rank %d", batch,
                                at->rank);
    depth = at->dims[at->rank - 1];
    if (depth > x->rank - batch)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%lld coordinates for rank %d",
                                (long long)depth, x->rank - batch);
    for (int i = 0; i < batch; i++)
        if (at->dims[i] != x->dims[i])
            return nescio_call_fail(call, NESCIO_E_FORMAT, "batch axis %d differs", i);
    nescio_row_major(x->rank, x->dims, own);
    *n_blocks = nescio_dims_product(at->dims, 0, at->rank - 1);
    *inner = nescio_dims_product(x->dims, batch + (int)depth, x->rank);
    per_batch = nescio_dims_product(at->dims, batch, at->rank - 1);
    offsets = nescio_call_scratch(call, *n_blocks + 1, sizeof *offsets);
    if (!offsets)
        return nescio_call_nomem(call);
    for (int64_t k = 0; k < *n_blocks; k++) {
        offsets[k] = batch ? k / per_batch * nescio_dims_product(x->dims, batch, x->rank) : 0;
        for (int64_t i = 0; i < depth; i++) {
            const int64_t dim = x->dims[batch + i], v = index[k * depth + i];

            if (v < -dim || v >= dim)
                return nescio_call_fail(call, NESCIO_E_ARG, "index %lld of %lld", (long long)v,
                                        (long long)dim);
            offsets[k] += (v < 0 ? v + dim : v) * own[batch + i];
        }
    }
    *out = offsets;
    return NESCIO_OK;
}

nescio_status nescio_run_gather_nd(nescio_refexec_call *call)
{
    const int64_t batch = nescio_node_int(call->node, "batch_dims", 0);
    int64_t dims[2 * NESCIO_RANK_MAX], n = 0, inner = 0;
    const nescio_tensor *x, *at;
    const int64_t *offsets = NULL;
    int rank = 0;
    size_t size;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 1, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_INTEGER, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    at = call->inputs[1];
    if (batch < 0 || batch >= at->rank)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "batch_dims %lld of indices of rank %d",
                                (long long)batch, at->rank);
    NESCIO_TRY(block_offsets(call, x, (int)batch, &offsets, &n, &inner));
    for (int i = 0; i < at->rank - 1; i++)
        dims[rank++] = at->dims[i];
    for (int i = (int)(batch + at->dims[at->rank - 1]); i < x->rank; i++)
        dims[rank++] = x->dims[i];
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, rank, dims));
    size = nescio_dtype_bytes(x->dtype);
    for (int64_t k = 0; inner && k < n; k++)
        memcpy((char *)call->outputs[0].data + (size_t)(k * inner) * size,
               (const char *)x->data + (size_t)offsets[k] * size, (size_t)inner * size);
    return NESCIO_OK;
}

typedef enum combine {
    COMBINE_SET,
    COMBINE_ADD,
    COMBINE_MUL,
    COMBINE_MAX,
    COMBINE_MIN,
    COMBINE_COUNT
} combine;

static combine find_combine(const char *name)
{
    static const char *const names[COMBINE_COUNT] = {"none", "add", "mul", "max", "min"};
    int how = 0;

    while (how < COMBINE_COUNT && strcmp(name, names[how]) != 0)
        how++;
    return (combine)how;
}

/* Sums and products of integers wrap: computed as `wide`, uint64_t for them. */
#define COMBINE(dt, T, wide)                                                                       \
    case dt: {                                                                                     \
        T *const y = (T *)dst + at;                                                                \
        const T *const v = (const T *)src + from;                                                  \
        for (int64_t i = 0; i < n; i++)                                                            \
            switch (how) {                                                                         \
            case COMBINE_ADD: y[i] = (T)((wide)y[i] + (wide)v[i]); break;                          \
            case COMBINE_MUL: y[i] = (T)((wide)y[i] * (wide)v[i]); break;                          \
            case COMBINE_MAX: y[i] = v[i] > y[i] ? v[i] : y[i]; break;                             \
            case COMBINE_MIN: y[i] = v[i] < y[i] ? v[i] : y[i]; break;                             \
            default: y[i] = v[i]; break;                                                           \
            }                                                                                      \
    } break;

/* n elements of src from `from` into dst at `at`. */
static void combine_run(nescio_dtype dtype, combine how, void *dst, int64_t at, const void *src,
                        int64_t from, int64_t n)
{
    const int64_t size = (int64_t)nescio_dtype_bytes(dtype);

    if (how == COMBINE_SET) {
        memcpy((char *)dst + at * size, (const char *)src + from * size, (size_t)(n * size));
        return;
    }
    switch (dtype) {
        NESCIO_CASES_FLOAT(COMBINE, double)
        NESCIO_CASES_INTEGER(COMBINE, uint64_t)
    default: break;
    }
}

/* Checks what both scatters share, and starts from a copy of the data. */
static nescio_status start_scatter(nescio_refexec_call *call, combine *how)
{
    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 1, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_INTEGER, 1, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 2, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    *how = find_combine(nescio_node_string(call->node, "reduction", "none"));
    if (*how == COMBINE_COUNT ||
        (*how != COMBINE_SET &&
         !(nescio_dtype_class(call->inputs[0]->dtype) & NESCIO_TYPES_NUMBER)))
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "reduction '%s' of %s",
                                nescio_node_string(call->node, "reduction", ""),
                                nescio_dtype_name(call->inputs[0]->dtype));
    if (call->inputs[2]->dtype != call->inputs[0]->dtype)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "data and updates differ in type");
    return nescio_call_forward(call, 0, 0, call->inputs[0]->rank, call->inputs[0]->dims);
}

nescio_status nescio_run_scatter_elements(nescio_refexec_call *call)
{
    const nescio_tensor *x, *updates;
    const int64_t *offsets;
    combine how;
    int64_t n;
    int axis;

    NESCIO_TRY(start_scatter(call, &how));
    x = call->inputs[0];
    updates = call->inputs[2];
    NESCIO_TRY(nescio_call_axis_attr(call, 0, x->rank, &axis));
    if (!nescio_same_shape(updates, call->inputs[1]))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "indices and updates differ in shape");
    NESCIO_TRY(element_offsets(call, x, axis, &offsets));
    n = nescio_count(updates);
    for (int64_t k = 0; k < n; k++)
        combine_run(x->dtype, how, call->outputs[0].data, offsets[k], updates->data, k, 1);
    return NESCIO_OK;
}

nescio_status nescio_run_scatter_nd(nescio_refexec_call *call)
{
    const nescio_tensor *x, *updates;
    const int64_t *offsets = NULL;
    int64_t n = 0, inner = 0;
    combine how;

    NESCIO_TRY(start_scatter(call, &how));
    x = call->inputs[0];
    updates = call->inputs[2];
    NESCIO_TRY(block_offsets(call, x, 0, &offsets, &n, &inner));
    if (nescio_count(updates) != n * inner)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%lld updates for %lld places",
                                (long long)nescio_count(updates), (long long)(n * inner));
    for (int64_t k = 0; k < n; k++)
        combine_run(x->dtype, how, call->outputs[0].data, offsets[k], updates->data, k * inner,
                    inner);
    return NESCIO_OK;
}

nescio_status nescio_run_compress(nescio_refexec_call *call)
{
    const nescio_attr *const given = nescio_node_attr(call->node, "axis");
    int64_t dims[NESCIO_RANK_MAX], outer, n, block, kept = 0, at = 0;
    const uint8_t *keep;
    nescio_tensor x;
    int axis = 0;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 1, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_BOOL, 1, 1));
    x = *call->inputs[0];
    if (given) {
        NESCIO_TRY(nescio_call_axis(call, given->i, x.rank, &axis));
    } else {
        x.dims[0] = nescio_count(&x);
        x.rank = 1;
    }
    keep = call->inputs[1]->data;
    n = call->inputs[1]->dims[0];
    n = n < x.dims[axis] ? n : x.dims[axis];
    for (int64_t k = 0; k < n; k++)
        kept += keep[k] != 0;
    memcpy(dims, x.dims, sizeof dims);
    dims[axis] = kept;
    NESCIO_TRY(nescio_call_output(call, 0, x.dtype, x.rank, dims));
    outer = nescio_dims_product(x.dims, 0, axis);
    block = nescio_dims_product(x.dims, axis + 1, x.rank) * (int64_t)nescio_dtype_bytes(x.dtype);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t k = 0; k < n; k++)
            if (keep[k]) {
                memcpy((char *)call->outputs[0].data + at,
                       (const char *)x.data + (o * x.dims[axis] + k) * block, (size_t)block);
                at += block;
            }
    return NESCIO_OK;
}

static bool is_nonzero(const nescio_tensor *t, int64_t i)
{
    return nescio_tensor_get_f64(t, (size_t)i) != 0;
}

/* Coordinates of the non-zero elements, one column each. */
nescio_status nescio_run_non_zero(nescio_refexec_call *call)
{
    int64_t pos[NESCIO_RANK_MAX] = {0}, n, found = 0, at = 0, *y;
    const nescio_tensor *x;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FIXED, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    n = nescio_count(x);
    for (int64_t i = 0; i < n; i++)
        found += is_nonzero(x, i);
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_I64, 2, (const int64_t[]){x->rank, found}));
    y = call->outputs[0].data;
    for (int64_t i = 0; i < n; i++) {
        if (is_nonzero(x, i)) {
            for (int k = 0; k < x->rank; k++)
                y[k * found + at] = pos[k];
            at++;
        }
        for (int k = x->rank - 1; k >= 0 && ++pos[k] == x->dims[k]; k--)
            pos[k] = 0;
    }
    return NESCIO_OK;
}

/* Indices beyond depth leave the whole lane "off". */
nescio_status nescio_run_one_hot(nescio_refexec_call *call)
{
    const nescio_tensor *at, *values;
    int64_t dims[NESCIO_RANK_MAX + 1], outer, inner, depth, size;
    double given;
    int axis;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 0, NESCIO_RANK_MAX - 1));
    NESCIO_TRY(nescio_call_expect(call, 2, NESCIO_TYPES_ANY, 1, 1));
    at = call->inputs[0];
    values = call->inputs[2];
    NESCIO_TRY(nescio_call_scalar(call, 1, 0, &given));
    if (values->dims[0] != 2 || !(given >= 0 && given < 0x1p48))
        return nescio_call_fail(call, NESCIO_E_ARG,
                                "depth %g, %lld values; a size and two values are needed", given,
                                (long long)values->dims[0]);
    depth = (int64_t)given;
    NESCIO_TRY(nescio_call_axis_attr(call, -1, at->rank + 1, &axis));
    for (int i = 0; i <= at->rank; i++)
        dims[i] = i < axis ? at->dims[i] : i == axis ? depth : at->dims[i - 1];
    NESCIO_TRY(nescio_call_output(call, 0, values->dtype, at->rank + 1, dims));
    outer = nescio_dims_product(dims, 0, axis);
    inner = nescio_dims_product(dims, axis + 1, at->rank + 1);
    size = (int64_t)nescio_dtype_bytes(values->dtype);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            const double v = nescio_tensor_get_f64(at, (size_t)(o * inner + i));
            const double hot = v < 0 ? v + (double)depth : v;

            for (int64_t k = 0; k < depth; k++)
                memcpy((char *)call->outputs[0].data + ((o * depth + k) * inner + i) * size,
                       (const char *)values->data + ((double)k == hot ? size : 0), (size_t)size);
        }
    return NESCIO_OK;
}
