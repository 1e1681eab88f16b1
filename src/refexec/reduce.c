/* SPDX-License-Identifier: Apache-2.0
 * Reductions. The reduced axes are brought to the end (a copy, unless they are there already), then
 * every operator is one loop over a row. Float sums run in double; integers are computed as 64-bit
 * words and narrowed afterwards. Empty rows give the neutral element. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <math.h>

/* rows x n elements in, rows elements out. */
typedef struct rows {
    nescio_dtype dtype;  /* of x and y */
    nescio_dtype origin; /* of what was widened to it: its limits are an empty row's extremes */
    int64_t rows, n;
    const void *x;
    void *y;
} rows;

typedef void (*rows_fn)(const rows *r);

/* For every row: acc of type A from start, `step` for each element v, then the result `finish`. */
#define FOLD(dt, T, A, start, step, finish)                                                        \
    case dt:                                                                                       \
        for (int64_t i = 0; i < r->rows; i++) {                                                    \
            const T *const x = (const T *)r->x + i * r->n;                                         \
            A acc = (A)(start);                                                                    \
            for (int64_t j = 0; j < r->n; j++) {                                                   \
                const T v = x[j];                                                                  \
                step;                                                                              \
            }                                                                                      \
            ((T *)r->y)[i] = (T)(finish);                                                          \
        }                                                                                          \
        break;

/* The last three arguments are for integers, in uint64_t. */
#define REDUCTION(name, start, step, finish, int_step, int_finish)                                 \
    static void name(const rows *r)                                                                \
    {                                                                                              \
        switch (r->dtype) {                                                                        \
            NESCIO_CASES_FLOAT(FOLD, double, start, step, finish)                                  \
            NESCIO_CASES_WIDE(FOLD, uint64_t, start, int_step, int_finish)                         \
        default: break;                                                                            \
        }                                                                                          \
    }

/* Real results that an integer tensor has to hold: toward zero, infinities as the extremes. */
static int64_t to_integer(double v)
{
    return isnan(v) ? 0 : v <= -9.2e18 ? INT64_MIN : v >= 9.2e18 ? INT64_MAX : (int64_t)v;
}

static int64_t mean_of(uint64_t sum, int64_t n)
{
    return n ? (int64_t)sum / n : 0;
}

/* Modulo 2^64, as all integer sums. */
static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0u - (uint64_t)v : (uint64_t)v;
}

REDUCTION(sum_rows, 0, acc += v, acc, acc += (uint64_t)v, acc)
REDUCTION(mean_rows, 0, acc += v, acc / (double)r->n, acc += (uint64_t)v, mean_of(acc, r->n))
REDUCTION(prod_rows, 1, acc *= v, acc, acc *= (uint64_t)v, acc)
REDUCTION(l1_rows, 0, acc += fabs((double)v), acc, acc += magnitude((int64_t)v), acc)
REDUCTION(l2_rows, 0, acc += (double)v * v, sqrt(acc), acc += (uint64_t)v * (uint64_t)v,
          to_integer(sqrt((double)acc)))
REDUCTION(sum_square_rows, 0, acc += (double)v * v, acc, acc += (uint64_t)v * (uint64_t)v, acc)
REDUCTION(log_sum_rows, 0, acc += v, log(acc), acc += (uint64_t)v,
          to_integer(log((double)(int64_t)acc)))

/* Shifted by the largest element, so that nothing overflows. */
#define LOG_SUM_EXP(dt, T, convert)                                                                \
    case dt:                                                                                       \
        for (int64_t i = 0; i < r->rows; i++) {                                                    \
            const T *const x = (const T *)r->x + i * r->n;                                         \
            double top = -INFINITY, sum = 0, shift;                                                \
            for (int64_t j = 0; j < r->n; j++)                                                     \
                top = (double)x[j] > top ? (double)x[j] : top;                                     \
            shift = isinf(top) ? 0 : top;                                                          \
            for (int64_t j = 0; j < r->n; j++)                                                     \
                sum += exp((double)x[j] - shift);                                                  \
            ((T *)r->y)[i] = (T)convert(log(sum) + shift);                                         \
        }                                                                                          \
        break;

static void log_sum_exp_rows(const rows *r)
{
    switch (r->dtype) {
        NESCIO_CASES_FLOAT(LOG_SUM_EXP, (double))
        NESCIO_CASES_WIDE(LOG_SUM_EXP, to_integer)
    default: break;
    }
}

/* NaN wins over everything. */
#define EXTREME(dt, T, start, better)                                                              \
    case dt:                                                                                       \
        for (int64_t i = 0; i < r->rows; i++) {                                                    \
            const T *const x = (const T *)r->x + i * r->n;                                         \
            T best = r->n ? x[0] : (T)(start);                                                     \
            for (int64_t j = 1; j < r->n; j++) {                                                   \
                const T v = x[j];                                                                  \
                if (better)                                                                        \
                    best = v;                                                                      \
            }                                                                                      \
            ((T *)r->y)[i] = best;                                                                 \
        }                                                                                          \
        break;

/* Bits of the smallest (or largest) integer of a dtype. */
static uint64_t integer_limit(nescio_dtype dtype, bool largest)
{
    const unsigned bits = 8 * (unsigned)nescio_dtype_bytes(dtype);
    const bool is_signed =
        dtype == NESCIO_I8 || dtype == NESCIO_I16 || dtype == NESCIO_I32 || dtype == NESCIO_I64;
    const uint64_t all = UINT64_MAX >> (64 - bits);

    if (dtype == NESCIO_BOOL)
        return largest;
    if (largest)
        return is_signed ? all >> 1 : all;
    return is_signed ? ~(all >> 1) : 0;
}

static void max_rows(const rows *r)
{
    switch (r->dtype) {
        NESCIO_CASES_FLOAT(EXTREME, -INFINITY, v > best || isnan(v))
        NESCIO_CASES_WIDE(EXTREME, integer_limit(r->origin, false), v > best)
    default: break;
    }
}

static void min_rows(const rows *r)
{
    switch (r->dtype) {
        NESCIO_CASES_FLOAT(EXTREME, INFINITY, v < best || isnan(v))
        NESCIO_CASES_WIDE(EXTREME, integer_limit(r->origin, true), v < best)
    default: break;
    }
}

static rows_fn find_rows(nescio_op op)
{
    switch (op) {
    case NESCIO_OP_REDUCE_L1: return l1_rows;
    case NESCIO_OP_REDUCE_L2: return l2_rows;
    case NESCIO_OP_REDUCE_LOG_SUM: return log_sum_rows;
    case NESCIO_OP_REDUCE_LOG_SUM_EXP: return log_sum_exp_rows;
    case NESCIO_OP_REDUCE_MAX: return max_rows;
    case NESCIO_OP_REDUCE_MEAN: return mean_rows;
    case NESCIO_OP_REDUCE_MIN: return min_rows;
    case NESCIO_OP_REDUCE_PROD: return prod_rows;
    case NESCIO_OP_REDUCE_SUM: return sum_rows;
    default: return sum_square_rows;
    }
}

/* reduced[i]: whether axis i goes. No axes given: all of them. */
static nescio_status read_axes(const nescio_refexec_call *call, int rank, bool *reduced)
{
    int64_t axes[NESCIO_RANK_MAX];
    size_t n;
    int axis;

    NESCIO_TRY(nescio_call_ints(call, 1, axes, NESCIO_RANK_MAX, &n));
    for (int i = 0; i < rank; i++)
        reduced[i] = n == 0;
    for (size_t i = 0; i < n; i++) {
        NESCIO_TRY(nescio_call_axis(call, axes[i], rank, &axis));
        reduced[axis] = true;
    }
    return NESCIO_OK;
}

/* Elements of t with the marked axes last, rows x n: t's own, or a copy in the call's arena. */
static nescio_status bring_last(const nescio_refexec_call *call, const nescio_tensor *t,
                                const bool *reduced, const void **data)
{
    int64_t own[NESCIO_RANK_MAX], dims[NESCIO_RANK_MAX], from[NESCIO_RANK_MAX], to[NESCIO_RANK_MAX];
    const size_t size = nescio_dtype_bytes(t->dtype);
    bool in_order = true, seen = false;
    void *copy;
    int n = 0;

    nescio_row_major(t->rank, t->dims, own);
    for (int part = 0; part < 2; part++)
        for (int i = 0; i < t->rank; i++)
            if (reduced[i] == (part == 1)) {
                dims[n] = t->dims[i];
                from[n++] = own[i];
            }
    for (int i = 0; i < t->rank; i++) {
        if (t->dims[i] != 1 && seen && !reduced[i])
            in_order = false;
        seen |= reduced[i] && t->dims[i] != 1;
    }
    *data = t->data;
    if (in_order)
        return NESCIO_OK;
    copy = nescio_call_scratch(call, nescio_count(t), size);
    if (!copy)
        return nescio_call_nomem(call);
    nescio_row_major(t->rank, dims, to);
    nescio_copy_strided(size, t->rank, dims, copy, to, t->data, from);
    *data = copy;
    return NESCIO_OK;
}

/* Computes output 0, of shape dims, and narrows it to where the rows came from. */
static nescio_status reduce_rows(nescio_refexec_call *call, rows *r, int rank, const int64_t *dims)
{
    nescio_tensor wide;

    if (r->dtype == r->origin) {
        NESCIO_TRY(nescio_call_output(call, 0, r->dtype, rank, dims));
        r->y = call->outputs[0].data;
        find_rows(call->node->op)(r);
        return NESCIO_OK;
    }
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, r->dtype, rank, dims));
    r->y = wide.data;
    find_rows(call->node->op)(r);
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, r->origin);
}

nescio_status nescio_run_reduce(nescio_refexec_call *call)
{
    const nescio_tensor *const axes = nescio_call_input(call, 1);
    const bool keep = nescio_node_int(call->node, "keepdims", 1) != 0;
    bool reduced[NESCIO_RANK_MAX];
    int64_t dims[NESCIO_RANK_MAX];
    const nescio_tensor *x;
    rows r = {.rows = 1, .n = 1};
    int rank = 0;

    NESCIO_TRY(
        nescio_call_expect(call, 0, nescio_op_get(call->node->op)->types, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    if ((!axes || nescio_count(axes) == 0) &&
        nescio_node_int(call->node, "noop_with_empty_axes", 0))
        return nescio_call_forward(call, 0, 0, x->rank, x->dims);
    NESCIO_TRY(read_axes(call, x->rank, reduced));
    for (int i = 0; i < x->rank; i++) {
        if (reduced[i])
            r.n *= x->dims[i];
        else
            r.rows *= x->dims[i];
        if (keep || !reduced[i])
            dims[rank++] = reduced[i] ? 1 : x->dims[i];
    }
    r.origin = x->dtype;
    NESCIO_TRY(nescio_call_wide_input(call, 0, &x));
    NESCIO_TRY(bring_last(call, x, reduced, &r.x));
    r.dtype = x->dtype;
    return reduce_rows(call, &r, rank, dims);
}

#define CUM_SUM(dt, T, A)                                                                          \
    case dt:                                                                                       \
        for (int64_t o = 0; o < outer; o++)                                                        \
            for (int64_t i = 0; i < inner; i++) {                                                  \
                const T *const a = (const T *)x->data + o * n * inner + i;                         \
                T *const b = (T *)y->data + o * n * inner + i;                                     \
                A acc = 0;                                                                         \
                for (int64_t k = 0; k < n; k++) {                                                  \
                    const int64_t at = (reverse ? n - 1 - k : k) * inner;                          \
                    const T v = a[at];                                                             \
                    if (exclusive)                                                                 \
                        b[at] = (T)acc;                                                            \
                    acc += (A)v;                                                                   \
                    if (!exclusive)                                                                \
                        b[at] = (T)acc;                                                            \
                }                                                                                  \
            }                                                                                      \
        break;

/* Running sums along `axis`, x and y of one wide dtype; y may be x. */
static void cum_sum(const nescio_tensor *x, int axis, bool exclusive, bool reverse,
                    nescio_tensor *y)
{
    const int64_t outer = nescio_dims_product(x->dims, 0, axis), n = x->dims[axis];
    const int64_t inner = nescio_dims_product(x->dims, axis + 1, x->rank);

    switch (x->dtype) {
        NESCIO_CASES_FLOAT(CUM_SUM, double)
        NESCIO_CASES_WIDE(CUM_SUM, uint64_t)
    default: break;
    }
}

nescio_status nescio_run_cum_sum(nescio_refexec_call *call)
{
    const bool exclusive = nescio_node_int(call->node, "exclusive", 0) != 0;
    const bool reverse = nescio_node_int(call->node, "reverse", 0) != 0;
    const nescio_tensor *x;
    nescio_dtype origin;
    nescio_tensor wide;
    double given;
    int axis;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 1, NESCIO_RANK_MAX));
    origin = call->inputs[0]->dtype;
    NESCIO_TRY(nescio_call_wide_input(call, 0, &x));
    NESCIO_TRY(nescio_call_scalar(call, 1, 0, &given));
    NESCIO_TRY(nescio_call_axis(call, to_integer(given), x->rank, &axis));
    if (x->dtype == origin) {
        NESCIO_TRY(nescio_call_output_over(call, 0, 0, x->dtype, x->rank, x->dims));
        cum_sum(x, axis, exclusive, reverse, &call->outputs[0]);
        return NESCIO_OK;
    }
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, x->dtype, x->rank, x->dims));
    cum_sum(x, axis, exclusive, reverse, &wide);
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, origin);
}
