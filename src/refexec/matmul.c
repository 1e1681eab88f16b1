/* SPDX-License-Identifier: Apache-2.0
 * MatMul and Gemm. Floats go through linalg; integers are multiplied as 64-bit words that wrap. */
#include "refexec/matmul.h"
#include "refexec/run_table.h"

#include <math.h>

static void integer_product(int64_t m, int64_t n, int64_t k, const uint64_t *a, const uint64_t *b,
                            uint64_t *c)
{
    for (int64_t i = 0; i < m; i++) {
        memset(c + i * n, 0, (size_t)n * sizeof *c);
        for (int64_t p = 0; p < k; p++)
            for (int64_t j = 0; j < n; j++)
                c[i * n + j] += a[i * k + p] * b[p * n + j];
    }
}

void nescio_matrix_product(nescio_pool *pool, nescio_dtype dtype, int64_t m, int64_t n, int64_t k,
                           const void *a, const void *b, void *c)
{
    if (m == 0 || n == 0)
        return;
    if (dtype == NESCIO_I64)
        integer_product(m, n, k, a, b, c);
    else
        nescio_call_gemm(pool, dtype, false, false, m, n, k, 1, a, k > 0 ? k : 1, b, n, 0, c, n);
}

/* Rows and columns of an operand; a vector is a row on the left and a column on the right. */
static void matrix_dims(const nescio_tensor *t, bool left, int64_t *rows, int64_t *columns)
{
    *rows = t->rank > 1 ? t->dims[t->rank - 2] : left ? 1 : t->dims[0];
    *columns = t->rank > 1 ? t->dims[t->rank - 1] : left ? t->dims[0] : 1;
}

/* The axes in front of the matrix as a tensor of their own. */
static nescio_tensor batch_of(const nescio_tensor *t)
{
    nescio_tensor batch = *t;

    batch.rank = t->rank > 2 ? t->rank - 2 : 0;
    return batch;
}

nescio_status nescio_matmul_shape(const nescio_refexec_call *call, const nescio_tensor *a,
                                  const nescio_tensor *b, int *rank, int64_t *dims)
{
    const nescio_tensor batch_a = batch_of(a), batch_b = batch_of(b);
    const nescio_tensor *const batches[2] = {&batch_a, &batch_b};
    int64_t m, k, k_b, n, n_matrices = 1;
    char text_a[96], text_b[96];

    if (a->rank == 0 || b->rank == 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "a scalar is no matrix");
    matrix_dims(a, true, &m, &k);
    matrix_dims(b, false, &k_b, &n);
    if (k != k_b || !nescio_broadcast_shape(batches, 2, rank, dims))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%s and %s cannot be multiplied",
                                nescio_tensor_describe(a, text_a, sizeof text_a),
                                nescio_tensor_describe(b, text_b, sizeof text_b));
    for (int i = 0; i < *rank; i++)
        if (__builtin_mul_overflow(n_matrices, dims[i], &n_matrices))
            n_matrices = INT64_MAX;
    NESCIO_TRY(nescio_call_spend(call, n_matrices, m, n * k));
    if (a->rank > 1)
        dims[(*rank)++] = m;
    if (b->rank > 1)
        dims[(*rank)++] = n;
    return NESCIO_OK;
}

void nescio_matmul(nescio_pool *pool, const nescio_tensor *a, const nescio_tensor *b,
                   nescio_tensor *y)
{
    const size_t size = nescio_dtype_bytes(a->dtype);
    const nescio_tensor batch_a = batch_of(a),
                        batch_b = batch_of(b), *const batches[2] = {&batch_a, &batch_b};
    int64_t m, k, n, dims[NESCIO_RANK_MAX], at = 0;
    nescio_walk w;
    int rank;

    matrix_dims(a, true, &m, &k);
    matrix_dims(b, false, &k, &n);
    if (b->rank <= 2) { /* one matrix on the right: all rows of the left at once */
        m *= nescio_dims_product(a->dims, 0, batch_a.rank);
        nescio_matrix_product(pool, a->dtype, m, n, k, a->data, b->data, y->data);
        return;
    }
    (void)nescio_broadcast_shape(batches, 2, &rank, dims); /* was checked with the shape */
    nescio_walk_init(&w, rank, dims);
    nescio_walk_add(&w, &batch_a);
    nescio_walk_add(&w, &batch_b);
    for (bool more = nescio_walk_start(&w); more; more = nescio_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++, at += m * n)
            nescio_matrix_product(
                pool, a->dtype, m, n, k,
                (const char *)a->data + (size_t)((w.at[0] + i * w.step[0]) * m * k) * size,
                (const char *)b->data + (size_t)((w.at[1] + i * w.step[1]) * k * n) * size,
                (char *)y->data + (size_t)at * size);
}

nescio_status nescio_run_matmul(nescio_refexec_call *call)
{
    const nescio_tensor *a, *b;
    int64_t dims[2 * NESCIO_RANK_MAX];
    nescio_tensor wide;
    int rank;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 1, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_NUMBER, 1, NESCIO_RANK_MAX));
    a = call->inputs[0];
    b = call->inputs[1];
    if (a->dtype != b->dtype)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "inputs differ in type");
    NESCIO_TRY(nescio_matmul_shape(call, a, b, &rank, dims));
    if (nescio_dtype_is_float(a->dtype)) {
        NESCIO_TRY(nescio_call_output(call, 0, a->dtype, rank, dims));
        nescio_matmul(nescio_call_pool(call), a, b, &call->outputs[0]);
        return NESCIO_OK;
    }
    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_I64, &a));
    NESCIO_TRY(nescio_call_cast_input(call, 1, NESCIO_I64, &b));
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_I64, rank, dims));
    nescio_matmul(NULL, a, b, &wide);
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, call->inputs[0]->dtype);
}

/* y := c broadcast to y's shape. */
static nescio_status spread_bias(const nescio_refexec_call *call, const nescio_tensor *c,
                                 nescio_tensor *y)
{
    const nescio_tensor *const pair[2] = {y, c};
    int64_t dims[NESCIO_RANK_MAX];
    nescio_walk w;
    int rank;

    if (c->dtype != y->dtype || !nescio_broadcast_shape(pair, 2, &rank, dims) || rank != 2 ||
        memcmp(dims, y->dims, 2 * sizeof *dims) != 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "C does not broadcast to [%lld,%lld] of %s",
                                (long long)y->dims[0], (long long)y->dims[1],
                                nescio_dtype_name(y->dtype));
    nescio_walk_init(&w, 2, y->dims);
    nescio_walk_add(&w, c);
    nescio_copy_strided(nescio_dtype_bytes(c->dtype), 2, y->dims, y->data, y->stride, c->data,
                        w.stride[0]);
    return NESCIO_OK;
}

/* Integers: in double, exact while sums stay below 2^53; scales of integer Gemms are whole numbers
 * in practice. */
static nescio_status integer_gemm(nescio_refexec_call *call, bool trans_a, bool trans_b, int64_t m,
                                  int64_t n, int64_t k)
{
    const nescio_tensor *a, *b, *c;
    nescio_tensor y;

    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F64, &a));
    NESCIO_TRY(nescio_call_cast_input(call, 1, NESCIO_F64, &b));
    NESCIO_TRY(nescio_call_cast_input(call, 2, NESCIO_F64, &c));
    NESCIO_TRY(
        nescio_tensor_arena(call->ctx, call->arena, &y, NESCIO_F64, 2, (const int64_t[]){m, n}));
    if (c)
        NESCIO_TRY(spread_bias(call, c, &y));
    nescio_call_gemm(NULL, NESCIO_F64, trans_a, trans_b, m, n, k,
                     nescio_node_float(call->node, "alpha", 1), a->data, a->dims[1], b->data,
                     b->dims[1], c ? nescio_node_float(call->node, "beta", 1) : 0, y.data, n);
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &y, call->inputs[0]->dtype);
}

nescio_status nescio_run_gemm(nescio_refexec_call *call)
{
    const bool trans_a = nescio_node_int(call->node, "transA", 0) != 0;
    const bool trans_b = nescio_node_int(call->node, "transB", 0) != 0;
    const nescio_tensor *const c = nescio_call_input(call, 2);
    const nescio_tensor *a, *b;
    int64_t m, n, k;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 2, 2));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_NUMBER, 2, 2));
    a = call->inputs[0];
    b = call->inputs[1];
    m = a->dims[trans_a];
    k = a->dims[!trans_a];
    n = b->dims[!trans_b];
    if (a->dtype != b->dtype || k != b->dims[trans_b])
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "[%lld,%lld] and [%lld,%lld] cannot be multiplied",
                                (long long)a->dims[0], (long long)a->dims[1], (long long)b->dims[0],
                                (long long)b->dims[1]);
    NESCIO_TRY(nescio_call_spend(call, m, n, k));
    if (!nescio_dtype_is_float(a->dtype))
        return integer_gemm(call, trans_a, trans_b, m, n, k);
    NESCIO_TRY(nescio_call_output(call, 0, a->dtype, 2, (const int64_t[]){m, n}));
    if (c)
        NESCIO_TRY(spread_bias(call, c, &call->outputs[0]));
    if (m && n)
        nescio_call_gemm(nescio_call_pool(call), a->dtype, trans_a, trans_b, m, n, k,
                         nescio_node_float(call->node, "alpha", 1), a->data,
                         a->dims[1] ? a->dims[1] : 1, b->data, b->dims[1] ? b->dims[1] : 1,
                         c ? nescio_node_float(call->node, "beta", 1) : 0, call->outputs[0].data,
                         n);
    return NESCIO_OK;
}
