/* SPDX-License-Identifier: Apache-2.0
 * Helpers that operators call: outputs, attributes, checked inputs, bodies. */
#include "refexec/executor_internal.h"

#include "linalg/linalg.h"

#include <stdarg.h>
#include <stdio.h>

nescio_status nescio_call_fail(const nescio_refexec_call *call, nescio_status st,
                               const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nescio_fail(call->ctx, st, "%s '%s': %s", nescio_op_name(call->node->op),
                       call->node->name, text);
}

nescio_status nescio_call_spend(const nescio_refexec_call *call, int64_t a, int64_t b, int64_t c)
{
    uint64_t n;

    if (__builtin_mul_overflow((uint64_t)a, (uint64_t)b, &n) ||
        __builtin_mul_overflow(n, (uint64_t)c, &n))
        n = UINT64_MAX - 1;
    if (nescio_spend(call->ctx, n) == NESCIO_OK)
        return NESCIO_OK;
    return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "needs more work than it may cause here");
}

nescio_status nescio_call_nomem(const nescio_refexec_call *call)
{
    if (nescio_ctx_work(call->ctx) == 0) /* refused, not failed */
        return nescio_call_spend(call, 1, 1, 1);
    return nescio_call_fail(call, NESCIO_E_NOMEM, "out of memory");
}

nescio_status nescio_call_output(nescio_refexec_call *call, uint32_t i, nescio_dtype dtype,
                                 int rank, const int64_t *dims)
{
    if (rank > NESCIO_RANK_MAX)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "result of rank %d; at most %d is supported", rank,
                                NESCIO_RANK_MAX);
    return nescio_tensor_new(call->ctx, &call->outputs[i], dtype, rank, dims);
}

nescio_status nescio_call_output_over(nescio_refexec_call *call, uint32_t i, uint32_t from,
                                      nescio_dtype dtype, int rank, const int64_t *dims)
{
    nescio_tensor *const in = call->dying[from];
    nescio_tensor shaped;

    if (!in || !in->owned_bytes || in->dtype == NESCIO_STRING ||
        nescio_dtype_bytes(dtype) != nescio_dtype_bytes(in->dtype))
        return nescio_call_output(call, i, dtype, rank, dims);
    NESCIO_TRY(nescio_tensor_shape(call->ctx, &shaped, dtype, rank, dims));
    if (nescio_tensor_count(&shaped) != nescio_tensor_count(in))
        return nescio_call_output(call, i, dtype, rank, dims);
    shaped.data = in->data;
    shaped.owned_bytes = in->owned_bytes;
    in->owned_bytes =
        0; /* the slot keeps a borrowed view: the operator goes on reading its input */
    call->outputs[i] = shaped;
    return NESCIO_OK;
}

nescio_status nescio_call_forward(nescio_refexec_call *call, uint32_t i, uint32_t from, int rank,
                                  const int64_t *dims)
{
    const nescio_tensor *const in = call->inputs[from];

    NESCIO_TRY(nescio_call_output_over(call, i, from, in->dtype, rank, dims));
    if (call->outputs[i].data != in->data) {
        const size_t n = nescio_tensor_count(&call->outputs[i]);

        if (n != nescio_tensor_count(in))
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "%zu elements do not fill a shape of %zu",
                                    nescio_tensor_count(in), n);
        memcpy(call->outputs[i].data, in->data, n * nescio_dtype_bytes(in->dtype));
    }
    return NESCIO_OK;
}

nescio_status nescio_call_expect(const nescio_refexec_call *call, uint32_t i, unsigned types,
                                 int min_rank, int max_rank)
{
    const nescio_tensor *const t = nescio_call_input(call, i);
    char found[96];

    if (!t)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "input %u is missing", i);
    if (!(nescio_dtype_class(t->dtype) & types))
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "input %u is %s, a type it does not take", i,
                                nescio_dtype_name(t->dtype));
    if (t->rank < min_rank || t->rank > max_rank)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "input %u is %s; rank %d to %d is accepted",
                                i, nescio_tensor_describe(t, found, sizeof found), min_rank,
                                max_rank);
    return NESCIO_OK;
}

nescio_status nescio_call_axis(const nescio_refexec_call *call, int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "axis %lld of a tensor of rank %d",
                                (long long)axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return NESCIO_OK;
}

nescio_status nescio_call_axis_attr(const nescio_refexec_call *call, int64_t otherwise, int rank,
                                    int *out)
{
    return nescio_call_axis(call, nescio_node_int(call->node, "axis", otherwise), rank, out);
}

nescio_status nescio_call_ints(const nescio_refexec_call *call, uint32_t i, int64_t *out,
                               size_t max, size_t *n)
{
    const nescio_tensor *const t = nescio_call_input(call, i);

    *n = 0;
    if (!t)
        return NESCIO_OK;
    NESCIO_TRY(nescio_call_expect(call, i, NESCIO_TYPES_INTEGER, 0, 1));
    if (nescio_tensor_count(t) > max)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "input %u has %zu elements; at most %zu make sense", i,
                                nescio_tensor_count(t), max);
    *n = nescio_tensor_count(t);
    for (size_t k = 0; k < *n; k++)
        out[k] = nescio_tensor_get_i64(t, k);
    return NESCIO_OK;
}

nescio_status nescio_call_ints_attr(const nescio_refexec_call *call, const char *name, int64_t *out,
                                    size_t max, size_t *n)
{
    const nescio_attr *const a = nescio_node_attr(call->node, name);

    *n = 0;
    if (!a)
        return NESCIO_OK;
    if (a->kind != NESCIO_ATTR_INTS || a->count > max)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "attribute '%s' should be at most %zu integers", name, max);
    *n = a->count;
    if (a->count)
        memcpy(out, a->ints, a->count * sizeof *out);
    return NESCIO_OK;
}

nescio_status nescio_call_scalar(const nescio_refexec_call *call, uint32_t i, double otherwise,
                                 double *out)
{
    const nescio_tensor *const t = nescio_call_input(call, i);

    *out = otherwise;
    if (!t)
        return NESCIO_OK;
    NESCIO_TRY(nescio_call_expect(call, i, NESCIO_TYPES_FIXED, 0, NESCIO_RANK_MAX));
    if (nescio_tensor_count(t) != 1)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "input %u has %zu elements instead of one",
                                i, nescio_tensor_count(t));
    *out = nescio_tensor_get_f64(t, 0);
    return NESCIO_OK;
}

void *nescio_call_scratch(const nescio_refexec_call *call, int64_t count, size_t size)
{
    if (count < 0 || nescio_call_spend(call, count, (int64_t)size, 1) != NESCIO_OK)
        return NULL;
    return nescio_arena_array(call->arena, (size_t)count, size);
}

nescio_status nescio_call_cast_input(const nescio_refexec_call *call, uint32_t i, nescio_dtype to,
                                     const nescio_tensor **out)
{
    const nescio_tensor *const in = nescio_call_input(call, i);
    nescio_tensor converted, *kept;

    *out = in;
    if (!in || in->dtype == to)
        return NESCIO_OK;
    NESCIO_TRY(nescio_call_expect(call, i, NESCIO_TYPES_FIXED, 0, NESCIO_RANK_MAX));
    kept = nescio_call_scratch(call, 1, sizeof *kept);
    if (!kept)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, kept, to, in->rank, in->dims));
    NESCIO_TRY(nescio_tensor_cast(call->ctx, &converted, in, to));
    memcpy(kept->data, converted.data, nescio_tensor_count(in) * nescio_dtype_bytes(to));
    nescio_tensor_free(&converted);
    *out = kept;
    return NESCIO_OK;
}

nescio_status nescio_call_wide_input(const nescio_refexec_call *call, uint32_t i,
                                     const nescio_tensor **out)
{
    const nescio_tensor *const in = nescio_call_input(call, i);

    *out = in;
    return in ? nescio_call_cast_input(call, i, nescio_dtype_wide(in->dtype), out) : NESCIO_OK;
}

static const nescio_refexec *find_body(const nescio_refexec_call *call, const char *name)
{
    uint32_t i_body = 0;

    for (uint32_t i = 0; i < call->node->n_attrs; i++) {
        if (call->node->attrs[i].kind != NESCIO_ATTR_GRAPH)
            continue;
        if (strcmp(call->node->attrs[i].name, name) == 0)
            return call->bodies[i_body];
        i_body++;
    }
    return NULL;
}

const nescio_graph *nescio_call_body_graph(const nescio_refexec_call *call, const char *name)
{
    const nescio_refexec *const body = find_body(call, name);

    return body ? body->graph : NULL;
}

nescio_status nescio_call_body(nescio_refexec_call *call, const char *name,
                               const nescio_tensor *inputs, size_t n_inputs, nescio_tensor *outputs,
                               size_t n_outputs)
{
    const nescio_refexec *const body = find_body(call, name);

    if (!body || body->graph->n_inputs != n_inputs || body->graph->n_outputs != n_outputs)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "body '%s' should have %zu inputs and %zu outputs", name, n_inputs,
                                n_outputs);
    memset(outputs, 0, n_outputs * sizeof *outputs);
    return nescio_frame_run(call->ctx, body, call->frame, inputs, outputs, NULL, NULL);
}

nescio_pool *nescio_call_pool(const nescio_refexec_call *call)
{
    return nescio_ctx_threads(call->ctx) > 1 ? nescio_ctx_pool(call->ctx) : NULL;
}

void nescio_call_gemm(nescio_pool *pool, nescio_dtype dtype, bool trans_a, bool trans_b, int64_t m,
                      int64_t n, int64_t k, double alpha, const void *a, int64_t lda, const void *b,
                      int64_t ldb, double beta, void *c, int64_t ldc)
{
    if (dtype == NESCIO_F32)
        nescio_gemm_f32_parallel(pool, trans_a, trans_b, (size_t)m, (size_t)n, (size_t)k,
                                 (float)alpha, a, (size_t)lda, b, (size_t)ldb, (float)beta, c,
                                 (size_t)ldc);
    else
        nescio_gemm_f64(trans_a, trans_b, (size_t)m, (size_t)n, (size_t)k, alpha, a, (size_t)lda, b,
                        (size_t)ldb, beta, c, (size_t)ldc);
}
