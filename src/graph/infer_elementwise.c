/* SPDX-License-Identifier: Apache-2.0
 * Inference of elementwise operators: UNARY keeps the shape, BINARY broadcasts. */
#include "graph/infer_internal.h"

nescio_status nescio_infer_unary(nescio_ctx *ctx, nescio_node *node)
{
    nescio_dtype dtype = nescio_infer_dtype(node, 0);

    if (node->op == NESCIO_OP_CAST) {
        const int64_t to = nescio_node_int(node, "to", 0);

        dtype = (nescio_dtype)to;
        if (to <= 0 || to > NESCIO_BF16 || nescio_dtype_bytes(dtype) == 0)
            return nescio_infer_fail(ctx, node, "cannot convert to element type %lld",
                                     (long long)to);
    } else if (node->op == NESCIO_OP_IS_INF || node->op == NESCIO_OP_IS_NAN) {
        dtype = NESCIO_BOOL;
    } else if (node->op == NESCIO_OP_CLIP) {
        for (size_t i = 1; i < node->n_inputs; i++) {
            const nescio_dtype bound = nescio_infer_dtype(node, i);

            if (bound != NESCIO_DTYPE_NONE && dtype != NESCIO_DTYPE_NONE && bound != dtype)
                return nescio_infer_fail(ctx, node, "clips %s by a bound of %s",
                                         nescio_dtype_name(dtype), nescio_dtype_name(bound));
        }
    }
    return nescio_infer_output(ctx, node, 0, dtype, nescio_infer_shape(node, 0));
}

/* ONNX promotes nothing: the inputs from `first` on must agree. *out: their dtype. */
static nescio_status common_dtype(nescio_ctx *ctx, const nescio_node *node, size_t first,
                                  nescio_dtype *out)
{
    *out = NESCIO_DTYPE_NONE;
    for (size_t i = first; i < node->n_inputs; i++) {
        const nescio_dtype t = nescio_infer_dtype(node, i);

        if (*out == NESCIO_DTYPE_NONE)
            *out = t;
        else if (t != NESCIO_DTYPE_NONE && t != *out)
            return nescio_infer_fail(ctx, node, "has inputs of %s and %s; they must be the same",
                                     nescio_dtype_name(*out), nescio_dtype_name(t));
    }
    return NESCIO_OK;
}

static bool is_comparison(nescio_op op)
{
    return op == NESCIO_OP_EQUAL || op == NESCIO_OP_GREATER || op == NESCIO_OP_GREATER_OR_EQUAL ||
           op == NESCIO_OP_LESS || op == NESCIO_OP_LESS_OR_EQUAL;
}

nescio_status nescio_infer_binary(nescio_ctx *ctx, nescio_node *node)
{
    nescio_shape shape = *nescio_infer_shape(node, 0);
    nescio_dtype dtype = nescio_infer_dtype(node, 0);

    for (size_t i = 0; i < node->n_inputs; i++) {
        if (!node->inputs[i])
            return nescio_infer_fail(ctx, node, "input %zu is left out", i);
    }
    if (node->op != NESCIO_OP_POW)
        NESCIO_TRY(common_dtype(ctx, node, node->op == NESCIO_OP_WHERE ? 1 : 0, &dtype));
    if (node->op == NESCIO_OP_WHERE && nescio_infer_dtype(node, 0) != NESCIO_BOOL &&
        nescio_infer_dtype(node, 0) != NESCIO_DTYPE_NONE)
        return nescio_infer_fail(ctx, node, "has a condition of %s; it must be bool",
                                 nescio_dtype_name(nescio_infer_dtype(node, 0)));
    if (is_comparison(node->op))
        dtype = NESCIO_BOOL;
    for (size_t i = 1; i < node->n_inputs; i++) {
        nescio_shape wide = shape;

        if (!nescio_shape_broadcast(&wide, nescio_infer_shape(node, i)))
            return nescio_infer_fail(ctx, node, "'%s' does not broadcast with '%s'",
                                     node->inputs[i]->name, node->inputs[0]->name);
        if (node->op != NESCIO_OP_PRELU) /* its slope broadcasts to x, never x to it */
            shape = wide;
    }
    return nescio_infer_output(ctx, node, 0, dtype, &shape);
}
