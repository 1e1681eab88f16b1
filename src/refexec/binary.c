/* SPDX-License-Identifier: Apache-2.0
 * Operators on elements of two or more tensors that broadcast. One line says what an operator
 * computes from x and z. Integers are computed as 64-bit words and narrowed afterwards, which is
 * how they wrap. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <math.h>
#include <tgmath.h>

/* One row of the walk. y may be a or b. Steps are 0 where the operand is broadcast along the row.
 */
typedef struct row {
    nescio_dtype dtype; /* of a and b */
    int64_t n;
    const void *a, *b;
    void *y;
    int64_t step_a, step_b;
    int mode; /* operator's own: fmod of Mod, direction of BitShift */
} row;

typedef void (*row_fn)(const row *r);

/* The three usual rows are loops that a compiler can turn into vector code. */
#define ROW(dt, T, Y, expr)                                                                        \
    case dt: {                                                                                     \
        const T *const a = r->a, *const b = r->b;                                                  \
        Y *const y = r->y;                                                                         \
        if (r->step_a == 1 && r->step_b == 1) {                                                    \
            for (int64_t i = 0; i < r->n; i++) {                                                   \
                const T x = a[i], z = b[i];                                                        \
                y[i] = (Y)(expr);                                                                  \
            }                                                                                      \
        } else if (r->step_a == 1 && r->step_b == 0) {                                             \
            const T z = b[0];                                                                      \
            for (int64_t i = 0; i < r->n; i++) {                                                   \
                const T x = a[i];                                                                  \
                y[i] = (Y)(expr);                                                                  \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = 0; i < r->n; i++) {                                                   \
                const T x = a[i * r->step_a], z = b[i * r->step_b];                                \
                y[i] = (Y)(expr);                                                                  \
            }                                                                                      \
        }                                                                                          \
    } break;
#define ROW_BY_STEPS(dt, T, Y, expr)                                                               \
    case dt: {                                                                                     \
        const T *const a = r->a, *const b = r->b;                                                  \
        Y *const y = r->y;                                                                         \
        for (int64_t i = 0; i < r->n; i++) {                                                       \
            const T x = a[i * r->step_a], z = b[i * r->step_b];                                    \
            y[i] = (Y)(expr);                                                                      \
        }                                                                                          \
    } break;
#define SAME(dt, T, expr)          ROW(dt, T, T, expr)
#define SAME_BY_STEPS(dt, T, expr) ROW_BY_STEPS(dt, T, T, expr)
#define TEST(dt, T, expr)          ROW_BY_STEPS(dt, T, uint8_t, expr)

#define ARITHMETIC(name, float_expr, integer_expr)                                                 \
    static void name(const row *r)                                                                 \
    {                                                                                              \
        switch (r->dtype) {                                                                        \
            NESCIO_CASES_FLOAT(SAME, float_expr)                                                   \
            NESCIO_CASES_WIDE(SAME_BY_STEPS, integer_expr)                                         \
        default: break;                                                                            \
        }                                                                                          \
    }
#define INTEGER_ROW(name, expr)                                                                    \
    static void name(const row *r)                                                                 \
    {                                                                                              \
        switch (r->dtype) {                                                                        \
            NESCIO_CASES_WIDE(SAME_BY_STEPS, expr)                                                 \
        default: break;                                                                            \
        }                                                                                          \
    }
#define COMPARISON(name, expr)                                                                     \
    static void name(const row *r)                                                                 \
    {                                                                                              \
        switch (r->dtype) {                                                                        \
            NESCIO_CASES_FLOAT(TEST, expr)                                                         \
            NESCIO_CASES_WIDE(TEST, expr)                                                          \
        default: break;                                                                            \
        }                                                                                          \
    }

/* Sums and products are taken modulo 2^64, which signed overflow would leave undefined. */
ARITHMETIC(add_row, x + z, (uint64_t)x + (uint64_t)z)
ARITHMETIC(sub_row, x - z, (uint64_t)x - (uint64_t)z)
ARITHMETIC(mul_row, x *z, (uint64_t)x *(uint64_t)z)
ARITHMETIC(max_row, x > z || isnan(x) ? x : z, x > z ? x : z)
ARITHMETIC(min_row, x < z || isnan(x) ? x : z, x < z ? x : z)
INTEGER_ROW(bitwise_and_row, x &z)
INTEGER_ROW(bitwise_or_row, x | z)
INTEGER_ROW(bitwise_xor_row, x ^ z)
INTEGER_ROW(shift_row, (uint64_t)z >= 64 ? 0 : r->mode ? (uint64_t)x << z : (uint64_t)x >> z)
COMPARISON(equal_row, x == z)
COMPARISON(greater_row, x > z)
COMPARISON(greater_equal_row, x >= z)
COMPARISON(less_row, x < z)
COMPARISON(less_equal_row, x <= z)
COMPARISON(and_row, (x != 0) & (z != 0))
COMPARISON(or_row, (x != 0) | (z != 0))
COMPARISON(xor_row, (x != 0) ^ (z != 0))

/* Toward zero; divisors of 0 were refused. x / -1 wraps at the most negative x. */
static void div_row(const row *r)
{
    switch (r->dtype) {
        NESCIO_CASES_FLOAT(SAME, x / z)
        NESCIO_CASES_WIDE_SIGNED(SAME_BY_STEPS, z == -1 ? 0u - (uint64_t)x : (uint64_t)(x / z))
        NESCIO_CASES_WIDE_UNSIGNED(SAME_BY_STEPS, x / z)
    default: break;
    }
}

static void prelu_row(const row *r)
{
    switch (r->dtype) {
        NESCIO_CASES_FLOAT(SAME, x < 0 ? x * z : x)
        NESCIO_CASES_WIDE_SIGNED(SAME_BY_STEPS, x < 0 ? (uint64_t)x * (uint64_t)z : (uint64_t)x)
        NESCIO_CASES_WIDE_UNSIGNED(SAME_BY_STEPS, x + 0 * z) /* never negative */
    default: break;
    }
}

/* fmod: sign of x. Else sign of z, as in Python. */
static void mod_row(const row *r)
{
    const bool c_like = r->mode != 0;

    switch (r->dtype) {
        NESCIO_CASES_FLOAT(SAME_BY_STEPS, c_like ? fmod(x, z) : x - z * floor(x / z))
        NESCIO_CASES_WIDE_SIGNED(SAME_BY_STEPS, z == -1 ? 0
                                                : !c_like && x % z != 0 && (x < 0) != (z < 0)
                                                    ? x % z + z
                                                    : x % z)
        NESCIO_CASES_WIDE_UNSIGNED(SAME_BY_STEPS, x % z)
    default: break;
    }
}

static void equal_string_row(const row *r)
{
    const char *const *const a = r->a, *const *const b = r->b;
    uint8_t *const y = r->y;

    for (int64_t i = 0; i < r->n; i++)
        y[i] = strcmp(a[i * r->step_a], b[i * r->step_b]) == 0;
}

static row_fn find_row(nescio_op op)
{
    static const row_fn rows[NESCIO_OP_COUNT] = {
        [NESCIO_OP_ADD] = add_row,
        [NESCIO_OP_AND] = and_row,
        [NESCIO_OP_BIT_SHIFT] = shift_row,
        [NESCIO_OP_BITWISE_AND] = bitwise_and_row,
        [NESCIO_OP_BITWISE_OR] = bitwise_or_row,
        [NESCIO_OP_BITWISE_XOR] = bitwise_xor_row,
        [NESCIO_OP_DIV] = div_row,
        [NESCIO_OP_EQUAL] = equal_row,
        [NESCIO_OP_GREATER] = greater_row,
        [NESCIO_OP_GREATER_OR_EQUAL] = greater_equal_row,
        [NESCIO_OP_LESS] = less_row,
        [NESCIO_OP_LESS_OR_EQUAL] = less_equal_row,
        [NESCIO_OP_MAX] = max_row,
        [NESCIO_OP_MEAN] = add_row,
        [NESCIO_OP_MIN] = min_row,
        [NESCIO_OP_MOD] = mod_row,
        [NESCIO_OP_MUL] = mul_row,
        [NESCIO_OP_OR] = or_row,
        [NESCIO_OP_PRELU] = prelu_row,
        [NESCIO_OP_SUB] = sub_row,
        [NESCIO_OP_SUM] = add_row,
        [NESCIO_OP_XOR] = xor_row,
    };
    return rows[op];
}

/* y = f(a, b) over y's shape. */
static void run_rows(row_fn fn, const nescio_tensor *a, const nescio_tensor *b, nescio_tensor *y,
                     int mode)
{
    const int64_t size_in = (int64_t)nescio_dtype_bytes(a->dtype),
                  size_out = (int64_t)nescio_dtype_bytes(y->dtype);
    nescio_walk w;

    nescio_walk_init(&w, y->rank, y->dims);
    nescio_walk_add(&w, y);
    nescio_walk_add(&w, a);
    nescio_walk_add(&w, b);
    for (bool more = nescio_walk_start(&w); more; more = nescio_walk_next(&w)) {
        const row r = {a->dtype,
                       w.n,
                       (const char *)a->data + w.at[1] * size_in,
                       (const char *)b->data + w.at[2] * size_in,
                       (char *)y->data + w.at[0] * size_out,
                       w.step[1],
                       w.step[2],
                       mode};
        fn(&r);
    }
}

/* Inputs 0 and 1 have one dtype and broadcast to (rank, dims). */
static nescio_status check_pair(const nescio_refexec_call *call, int *rank, int64_t *dims)
{
    const nescio_tensor *pair[2];
    char a[96], b[96];

    NESCIO_TRY(
        nescio_call_expect(call, 0, nescio_op_get(call->node->op)->types, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    pair[0] = call->inputs[0];
    pair[1] = call->inputs[1];
    if (pair[0]->dtype != pair[1]->dtype && call->node->op != NESCIO_OP_POW)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "inputs are %s and %s; one type is needed",
                                nescio_dtype_name(pair[0]->dtype),
                                nescio_dtype_name(pair[1]->dtype));
    if (!nescio_broadcast_shape(pair, 2, rank, dims))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%s and %s do not broadcast",
                                nescio_tensor_describe(pair[0], a, sizeof a),
                                nescio_tensor_describe(pair[1], b, sizeof b));
    return NESCIO_OK;
}

static nescio_status refuse_zero_divisors(const nescio_refexec_call *call, const nescio_tensor *z)
{
    const int64_t n = nescio_count(z);

    if (nescio_dtype_is_float(z->dtype))
        return NESCIO_OK;
    for (int64_t i = 0; i < n; i++)
        if (nescio_tensor_get_i64(z, (size_t)i) == 0)
            return nescio_call_fail(call, NESCIO_E_ARG, "integer division by zero");
    return NESCIO_OK;
}

/* Writes over whichever input has the result's size and dies here. */
static nescio_status make_output(nescio_refexec_call *call, nescio_dtype dtype, int rank,
                                 const int64_t *dims)
{
    const nescio_tensor *const a = call->dying[0];

    if (a && a->owned_bytes && nescio_count(a) == nescio_dims_product(dims, 0, rank))
        return nescio_call_output_over(call, 0, 0, dtype, rank, dims);
    return nescio_call_output_over(call, 0, 1, dtype, rank, dims);
}

/* Computes in the wide dtype of a and b, and narrows to the first input's. */
static nescio_status run_wide(nescio_refexec_call *call, row_fn fn, const nescio_tensor *a,
                              const nescio_tensor *b, int mode, int rank, const int64_t *dims)
{
    nescio_tensor wide;

    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, a->dtype, rank, dims));
    run_rows(fn, a, b, &wide, mode);
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, call->inputs[0]->dtype);
}

nescio_status nescio_run_binary(nescio_refexec_call *call)
{
    const nescio_op op = call->node->op;
    row_fn fn = find_row(op);
    int64_t dims[NESCIO_RANK_MAX];
    const nescio_tensor *a, *b;
    int rank, mode = 0;

    NESCIO_TRY(check_pair(call, &rank, dims));
    if (op == NESCIO_OP_MOD || op == NESCIO_OP_DIV)
        NESCIO_TRY(refuse_zero_divisors(call, call->inputs[1]));
    if (op == NESCIO_OP_MOD)
        mode = nescio_node_int(call->node, "fmod", 0) != 0;
    if (op == NESCIO_OP_BIT_SHIFT)
        mode = strcmp(nescio_node_string(call->node, "direction", "LEFT"), "LEFT") == 0;
    NESCIO_TRY(nescio_call_wide_input(call, 0, &a));
    NESCIO_TRY(nescio_call_wide_input(call, 1, &b));
    if (a->dtype != call->inputs[0]->dtype)
        return run_wide(call, fn, a, b, mode, rank, dims);
    NESCIO_TRY(make_output(call, a->dtype, rank, dims));
    run_rows(fn, a, b, &call->outputs[0], mode);
    return NESCIO_OK;
}

nescio_status nescio_run_compare(nescio_refexec_call *call)
{
    row_fn fn = find_row(call->node->op);
    int64_t dims[NESCIO_RANK_MAX];
    const nescio_tensor *a, *b;
    int rank;

    NESCIO_TRY(check_pair(call, &rank, dims));
    if (call->inputs[0]->dtype == NESCIO_STRING)
        fn = equal_string_row;
    NESCIO_TRY(nescio_call_wide_input(call, 0, &a));
    NESCIO_TRY(nescio_call_wide_input(call, 1, &b));
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_BOOL, rank, dims));
    run_rows(fn, a, b, &call->outputs[0], 0);
    return NESCIO_OK;
}

#define DIVIDE(dt, T, ...)                                                                         \
    case dt:                                                                                       \
        for (int64_t i = 0; i < n; i++)                                                            \
            ((T *)y->data)[i] /= (T)divisor;                                                       \
        break;

static void divide_all(nescio_tensor *y, uint32_t divisor)
{
    const int64_t n = nescio_count(y);

    switch (y->dtype) {
        NESCIO_CASES_FLOAT(DIVIDE, 0)
    default: break;
    }
}

/* y := x, broadcast to y's shape. */
static void spread(const nescio_tensor *x, nescio_tensor *y)
{
    nescio_walk w;

    nescio_walk_init(&w, y->rank, y->dims);
    nescio_walk_add(&w, x);
    nescio_copy_strided(nescio_dtype_bytes(x->dtype), y->rank, y->dims, y->data, y->stride, x->data,
                        w.stride[0]);
}

/* Max, Min, Sum, Mean of any number of tensors: folded into the result one by one. */
nescio_status nescio_run_variadic(nescio_refexec_call *call)
{
    const nescio_node *const node = call->node;
    int64_t dims[NESCIO_RANK_MAX];
    nescio_tensor wide, *acc = &wide;
    const nescio_tensor *next;
    int rank;

    for (uint32_t i = 0; i < node->n_inputs; i++) {
        NESCIO_TRY(nescio_call_expect(call, i, nescio_op_get(node->op)->types, 0, NESCIO_RANK_MAX));
        if (call->inputs[i]->dtype != call->inputs[0]->dtype)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "inputs differ in type");
    }
    if (!nescio_broadcast_shape(call->inputs, node->n_inputs, &rank, dims))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "inputs do not broadcast");
    NESCIO_TRY(nescio_call_wide_input(call, 0, &next));
    if (next->dtype == call->inputs[0]->dtype) {
        NESCIO_TRY(nescio_call_output(call, 0, next->dtype, rank, dims));
        acc = &call->outputs[0];
    } else {
        NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, next->dtype, rank, dims));
    }
    spread(next, acc);
    for (uint32_t i = 1; i < node->n_inputs; i++) {
        NESCIO_TRY(nescio_call_wide_input(call, i, &next));
        run_rows(find_row(node->op), acc, next, acc, 0);
    }
    if (node->op == NESCIO_OP_MEAN)
        divide_all(acc, node->n_inputs);
    return acc == &wide
               ? nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, call->inputs[0]->dtype)
               : NESCIO_OK;
}

/* x^n modulo 2^64; negative exponents give the integer part of the quotient: 0, or 1 and -1 for
 * those bases. */
static uint64_t integer_power(int64_t x, int64_t n)
{
    uint64_t result = 1, base = (uint64_t)x;

    if (n < 0)
        return x == 1 ? 1 : x == -1 ? (n % 2 ? UINT64_MAX : 1) : 0;
    for (; n; n >>= 1) {
        if (n & 1)
            result *= base;
        base *= base;
    }
    return result;
}

static int64_t saturate(double v)
{
    return v >= 9.2e18 ? INT64_MAX : v <= -9.2e18 ? INT64_MIN : isnan(v) ? 0 : (int64_t)v;
}

static void pow_row(const row *r)
{
    switch (r->dtype) {
        NESCIO_CASES_FLOAT(SAME_BY_STEPS, z == 2 ? x * x : pow(x, z))
        NESCIO_CASES_WIDE(SAME_BY_STEPS, integer_power((int64_t)x, (int64_t)z))
    default: break;
    }
}

/* Base and exponent may differ in type; the result has the base's. An integer to a float power goes
 * through double. */
nescio_status nescio_run_pow(nescio_refexec_call *call)
{
    const nescio_tensor *x, *z;
    const nescio_tensor *base, *exponent;
    int64_t dims[NESCIO_RANK_MAX], n;
    nescio_tensor wide;
    int rank;

    NESCIO_TRY(check_pair(call, &rank, dims));
    x = call->inputs[0];
    z = call->inputs[1];
    if (nescio_dtype_is_float(x->dtype) || !nescio_dtype_is_float(z->dtype)) {
        NESCIO_TRY(nescio_call_wide_input(call, 0, &base));
        NESCIO_TRY(nescio_call_cast_input(call, 1, base->dtype, &exponent));
        return run_wide(call, pow_row, base, exponent, 0, rank, dims);
    }
    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F64, &base));
    NESCIO_TRY(nescio_call_cast_input(call, 1, NESCIO_F64, &exponent));
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_F64, rank, dims));
    run_rows(pow_row, base, exponent, &wide, 0);
    n = nescio_count(&wide);
    for (int64_t i = 0; i < n; i++) /* truncated, then narrowed by the cast below */
        ((double *)wide.data)[i] = (double)saturate(((double *)wide.data)[i]);
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, x->dtype);
}

#define SELECT(T)                                                                                  \
    for (int64_t i = 0; i < w.n; i++)                                                              \
        ((T *)y)[i] =                                                                              \
            cond[i * w.step[1]] ? ((const T *)a)[i * w.step[2]] : ((const T *)b)[i * w.step[3]];

nescio_status nescio_run_where(nescio_refexec_call *call)
{
    const nescio_tensor *a_tensor, *b_tensor;
    int64_t dims[NESCIO_RANK_MAX], size;
    nescio_walk w;
    int rank;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_BOOL, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 2, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    a_tensor = call->inputs[1];
    b_tensor = call->inputs[2];
    if (a_tensor->dtype != b_tensor->dtype || !nescio_broadcast_shape(call->inputs, 3, &rank, dims))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "inputs differ in type or do not broadcast");
    NESCIO_TRY(nescio_call_output(call, 0, a_tensor->dtype, rank, dims));
    size = (int64_t)nescio_dtype_bytes(a_tensor->dtype);
    nescio_walk_init(&w, rank, dims);
    nescio_walk_add(&w, &call->outputs[0]);
    for (int k = 0; k < 3; k++)
        nescio_walk_add(&w, call->inputs[k]);
    for (bool more = nescio_walk_start(&w); more; more = nescio_walk_next(&w)) {
        const uint8_t *const cond = (const uint8_t *)call->inputs[0]->data + w.at[1];
        const void *const a = (const char *)a_tensor->data + w.at[2] * size;
        const void *const b = (const char *)b_tensor->data + w.at[3] * size;
        void *const y = (char *)call->outputs[0].data + w.at[0] * size;

        switch (size) {
        case 1: SELECT(uint8_t) break;
        case 2: SELECT(uint16_t) break;
        case 4: SELECT(uint32_t) break;
        default: SELECT(uint64_t) break;
        }
    }
    return NESCIO_OK;
}
