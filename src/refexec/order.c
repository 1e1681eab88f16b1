/* SPDX-License-Identifier: Apache-2.0
 * Where the largest and smallest elements are: ArgMax, ArgMin, TopK, Unique, Hardmax.
 *
 * Elements of every type are compared through one unsigned key: order of keys = order of numbers,
 * NaN above all. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <math.h>
#include <stdlib.h>

/* Two's complement to unsigned order: the sign bit flips. */
#define SIGN_BIT ((uint64_t)1 << 63)

static uint64_t float_key(double v)
{
    uint64_t bits;

    if (isnan(v))
        return UINT64_MAX;
    v += 0.0; /* -0 and 0 are equal */
    memcpy(&bits, &v, sizeof bits);
    return bits & SIGN_BIT ? ~bits : bits | SIGN_BIT;
}

static uint64_t order_key(const nescio_tensor *t, int64_t i)
{
    switch (t->dtype) {
    case NESCIO_F32: return float_key((double)((const float *)t->data)[i]);
    case NESCIO_F64: return float_key(((const double *)t->data)[i]);
    case NESCIO_U64: return ((const uint64_t *)t->data)[i];
    default: return (uint64_t)nescio_tensor_get_i64(t, (size_t)i) ^ SIGN_BIT;
    }
}

/* A tensor seen along one axis. */
typedef struct lanes {
    int64_t outer, n, inner;
} lanes;

static lanes lanes_along(const nescio_tensor *t, int axis)
{
    return (lanes){nescio_dims_product(t->dims, 0, axis), t->dims[axis],
                   nescio_dims_product(t->dims, axis + 1, t->rank)};
}

/* Position of the extreme element of the lane that starts at `at`. */
static int64_t find_extreme(const nescio_tensor *t, const lanes *l, int64_t at, bool largest,
                            bool last)
{
    uint64_t best = order_key(t, at);
    int64_t where = 0;

    for (int64_t k = 1; k < l->n; k++) {
        const uint64_t key = order_key(t, at + k * l->inner);

        if (largest ? key > best : key < best) {
            best = key;
            where = k;
        } else if (last && key == best) {
            where = k;
        }
    }
    return where;
}

nescio_status nescio_run_arg_extreme(nescio_refexec_call *call)
{
    const bool largest = call->node->op == NESCIO_OP_ARG_MAX;
    const bool last = nescio_node_int(call->node, "select_last_index", 0) != 0;
    const bool keep = nescio_node_int(call->node, "keepdims", 1) != 0;
    int64_t dims[NESCIO_RANK_MAX], *y;
    const nescio_tensor *x;
    int axis, rank = 0;
    lanes l;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_axis_attr(call, 0, x->rank, &axis));
    l = lanes_along(x, axis);
    if (l.n == 0)
        return nescio_call_fail(call, NESCIO_E_ARG, "axis %d has no element", axis);
    for (int i = 0; i < x->rank; i++)
        if (i != axis || keep)
            dims[rank++] = i == axis ? 1 : x->dims[i];
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_I64, rank, dims));
    y = call->outputs[0].data;
    for (int64_t o = 0; o < l.outer; o++)
        for (int64_t i = 0; i < l.inner; i++)
            y[o * l.inner + i] = find_extreme(x, &l, o * l.n * l.inner + i, largest, last);
    return NESCIO_OK;
}

#define HARDMAX(dt, T, ...)                                                                        \
    case dt: ((T *)call->outputs[0].data)[at] = 1; break;

nescio_status nescio_run_hardmax(nescio_refexec_call *call)
{
    const nescio_tensor *x;
    int axis;
    lanes l;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_axis_attr(call, -1, x->rank, &axis));
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, x->dims));
    l = lanes_along(x, axis);
    for (int64_t o = 0; l.n && o < l.outer; o++)
        for (int64_t i = 0; i < l.inner; i++) {
            const int64_t start = o * l.n * l.inner + i;
            const int64_t at = start + find_extreme(x, &l, start, true, false) * l.inner;

            switch (x->dtype) {
                NESCIO_CASES_FLOAT(HARDMAX, 0)
            default: break;
            }
        }
    return NESCIO_OK;
}

typedef struct ranked {
    uint64_t key;
    int64_t index;
} ranked;

static int by_key(const void *a, const void *b)
{
    const ranked *const x = a, *const y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void copy_element(nescio_tensor *to, int64_t at, const nescio_tensor *from, int64_t from_at)
{
    const size_t size = nescio_dtype_bytes(from->dtype);

    memcpy((char *)to->data + (size_t)at * size, (const char *)from->data + (size_t)from_at * size,
           size);
}

/* Equal elements come in order of their positions, for the smallest and the largest alike. */
nescio_status nescio_run_top_k(nescio_refexec_call *call)
{
    const bool largest = nescio_node_int(call->node, "largest", 1) != 0;
    int64_t dims[NESCIO_RANK_MAX], k;
    const nescio_tensor *x;
    ranked *order;
    size_t n_k;
    lanes l;
    int axis;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_axis_attr(call, -1, x->rank, &axis));
    NESCIO_TRY(nescio_call_ints(call, 1, &k, 1, &n_k));
    if (n_k != 1 || k < 0 || k > x->dims[axis])
        return nescio_call_fail(call, NESCIO_E_ARG, "K should be one number from 0 to %lld",
                                (long long)x->dims[axis]);
    memcpy(dims, x->dims, sizeof dims);
    dims[axis] = k;
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, dims));
    NESCIO_TRY(nescio_call_output(call, 1, NESCIO_I64, x->rank, dims));
    l = lanes_along(x, axis);
    order = nescio_call_scratch(call, l.n, sizeof *order);
    if (!order)
        return nescio_call_nomem(call);
    for (int64_t lane = 0; lane < l.outer * l.inner; lane++) {
        const int64_t o = lane / l.inner, i = lane % l.inner;

        for (int64_t j = 0; j < l.n; j++) {
            const uint64_t key = order_key(x, (o * l.n + j) * l.inner + i);

            order[j] = (ranked){largest ? ~key : key, j};
        }
        qsort(order, (size_t)l.n, sizeof *order, by_key);
        for (int64_t j = 0; j < k; j++) {
            const int64_t at = (o * k + j) * l.inner + i;

            copy_element(&call->outputs[0], at, x, (o * l.n + order[j].index) * l.inner + i);
            ((int64_t *)call->outputs[1].data)[at] = order[j].index;
        }
    }
    return NESCIO_OK;
}

/* Slices along an axis (or single elements) of x, to be compared with each other. */
typedef struct slices {
    const nescio_tensor *x;
    lanes l;
} slices;

static int compare_slices(const slices *s, int64_t a, int64_t b)
{
    for (int64_t o = 0; o < s->l.outer; o++)
        for (int64_t i = 0; i < s->l.inner; i++) {
            const int64_t at_a = (o * s->l.n + a) * s->l.inner + i,
                          at_b = (o * s->l.n + b) * s->l.inner + i;
            int c;

            if (s->x->dtype == NESCIO_STRING) {
                c = strcmp(((const char *const *)s->x->data)[at_a],
                           ((const char *const *)s->x->data)[at_b]);
            } else {
                const uint64_t key_a = order_key(s->x, at_a), key_b = order_key(s->x, at_b);

                c = key_a < key_b ? -1 : key_a > key_b;
            }
            if (c)
                return c;
        }
    return 0;
}

static int by_slice(const void *a, const void *b, void *arg)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    const int c = compare_slices(arg, x, y);

    return c ? c : x < y ? -1 : x > y;
}

static int by_first(const void *a, const void *b, void *arg)
{
    const int64_t *const first = arg;
    const int64_t x = first[*(const int64_t *)a], y = first[*(const int64_t *)b];

    return x < y ? -1 : x > y;
}

/* Groups of equal slices, numbered in the order of the result. */
typedef struct groups {
    int64_t n;
    int64_t *first, *count; /* by group */
    int64_t *of;            /* group of each slice */
} groups;

static nescio_status group_slices(const nescio_refexec_call *call, slices *s, bool sorted,
                                  groups *g)
{
    int64_t *const order = nescio_call_scratch(call, s->l.n, sizeof *order);
    int64_t *const rank = nescio_call_scratch(call, s->l.n, sizeof *rank);
    int64_t *const first = nescio_call_scratch(call, s->l.n, sizeof *first);
    int64_t *const count = nescio_call_scratch(call, s->l.n, sizeof *count);

    g->first = nescio_call_scratch(call, s->l.n, sizeof *g->first);
    g->count = nescio_call_scratch(call, s->l.n, sizeof *g->count);
    g->of = nescio_call_scratch(call, s->l.n, sizeof *g->of);
    if (!order || !rank || !first || !count || !g->first || !g->count || !g->of)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < s->l.n; i++)
        order[i] = i;
    qsort_r(order, (size_t)s->l.n, sizeof *order, by_slice, s);
    g->n = 0;
    for (int64_t i = 0; i < s->l.n; i++) {
        if (i == 0 || compare_slices(s, order[i - 1], order[i]) != 0)
            first[g->n++] = order[i];
        count[g->n - 1]++;
        g->of[order[i]] = g->n - 1;
    }
    for (int64_t i = 0; i < g->n; i++)
        order[i] = i;
    if (!sorted)
        qsort_r(order, (size_t)g->n, sizeof *order, by_first, first);
    for (int64_t i = 0; i < g->n; i++) {
        g->first[i] = first[order[i]];
        g->count[i] = count[order[i]];
        rank[order[i]] = i;
    }
    for (int64_t i = 0; i < s->l.n; i++)
        g->of[i] = rank[g->of[i]];
    return NESCIO_OK;
}

nescio_status nescio_run_unique(nescio_refexec_call *call)
{
    const nescio_attr *const given = nescio_node_attr(call->node, "axis");
    int64_t dims[NESCIO_RANK_MAX], *lists[3];
    nescio_tensor flat;
    slices s;
    groups g;
    int axis = 0;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    flat = *call->inputs[0];
    if (given) {
        NESCIO_TRY(nescio_call_axis(call, given->i, flat.rank, &axis));
    } else {
        flat.dims[0] = nescio_count(&flat);
        flat.rank = 1;
    }
    s = (slices){&flat, lanes_along(&flat, axis)};
    NESCIO_TRY(group_slices(call, &s, nescio_node_int(call->node, "sorted", 1) != 0, &g));
    memcpy(dims, flat.dims, sizeof dims);
    dims[axis] = g.n;
    NESCIO_TRY(nescio_call_output(call, 0, flat.dtype, flat.rank, dims));
    for (uint32_t i = 0; i < 3; i++) {
        NESCIO_TRY(nescio_call_output(call, 1 + i, NESCIO_I64, 1, i == 1 ? &s.l.n : &g.n));
        lists[i] = call->outputs[1 + i].data;
    }
    for (int64_t k = 0; k < g.n; k++) {
        lists[0][k] = g.first[k];
        lists[2][k] = g.count[k];
        for (int64_t o = 0; o < s.l.outer; o++)
            for (int64_t i = 0; i < s.l.inner; i++)
                copy_element(&call->outputs[0], (o * g.n + k) * s.l.inner + i, &flat,
                             (o * s.l.n + g.first[k]) * s.l.inner + i);
    }
    for (int64_t i = 0; i < s.l.n; i++)
        lists[1][i] = g.of[i];
    return NESCIO_OK;
}
