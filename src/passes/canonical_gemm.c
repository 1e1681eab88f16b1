/* SPDX-License-Identifier: Apache-2.0
 * Dense layers in one form: Gemm(x, W, b) with transA=0, transB=1, alpha=1, beta=1, W[out, in]
 * constant (perhaps behind annotations), b[out] constant or left out. From MatMul of a matrix and
 * a constant, and from every other Gemm with constant weights. A bias that is computed becomes an
 * Add. Products whose weights are not constant stay as they are.
 * Needs shapes and folded constants, breaks nothing; fold_affine then brings Add into b. */
#include "passes/passes_internal.h"

#include <stdlib.h>

static nescio_status set_form(nescio_rewrite *rw, nescio_node *node)
{
    node->n_attrs = 0; /* transA=0, alpha=1, beta=1 are the defaults */
    rw->changed = true;
    return nescio_node_set_int(node, "transB", 1) ? NESCIO_OK : nescio_rewrite_nomem(rw);
}

static nescio_status from_matmul(nescio_rewrite *rw, nescio_node *node)
{
    nescio_value *weight = NULL;
    nescio_node *gemm;

    if (node->inputs[0]->shape.rank != 2 || node->inputs[1]->shape.rank != 2 ||
        nescio_weight_is_constant(node->inputs[0]) ||
        !nescio_dtype_is_float(node->inputs[0]->dtype))
        return NESCIO_OK;
    NESCIO_TRY(nescio_weight_transpose(rw, node, node->inputs[1], &weight));
    if (!weight)
        return NESCIO_OK;
    gemm = nescio_rewrite_swap(rw, node, NESCIO_OP_GEMM, 2,
                               (nescio_value *[]){node->inputs[0], weight});
    return gemm ? set_form(rw, gemm) : nescio_rewrite_nomem(rw);
}

/* factor * value, as a constant of the same shape. */
static nescio_status scaled(nescio_rewrite *rw, const nescio_value *value, double factor,
                            nescio_value **out)
{
    const nescio_tensor *const t = value->constant;
    nescio_tensor reals;
    size_t n;

    NESCIO_TRY(nescio_constant_reals(rw->ctx, value, &reals));
    n = nescio_tensor_count(&reals);
    for (size_t i = 0; i < n; i++)
        ((double *)reals.data)[i] *= factor;
    *out = nescio_rewrite_reals(rw, value->name, t->dtype, t->rank, t->dims, reals.data);
    nescio_tensor_free(&reals);
    return *out ? NESCIO_OK : nescio_rewrite_nomem(rw);
}

/* A bias that is computed, or is not one number a column, is added behind. */
static nescio_status add_behind(nescio_rewrite *rw, nescio_node *node)
{
    nescio_value *const bias = node->inputs[2];
    nescio_value *inputs[2] = {NULL, bias};
    nescio_node *product, *add;

    product = nescio_rewrite_node(rw, node, NESCIO_OP_GEMM, node->name, 2, node->inputs);
    if (!product)
        return nescio_rewrite_nomem(rw);
    product->attrs = node->attrs;
    product->n_attrs = node->n_attrs;
    inputs[0] = product->outputs[0];
    add = nescio_rewrite_swap(rw, node, NESCIO_OP_ADD, 2, inputs);
    return add ? NESCIO_OK : nescio_rewrite_nomem(rw);
}

/* Whether the node has the form already, but for its bias. */
static bool has_form(const nescio_node *node)
{
    return nescio_node_int(node, "transB", 0) == 1 && nescio_node_float(node, "alpha", 1) == 1 &&
           nescio_node_float(node, "beta", 1) == 1;
}

/* The form is there but for the bias: one number an output, or an Add. */
static nescio_status canonical_bias(nescio_rewrite *rw, nescio_node *node, int64_t n_out)
{
    const nescio_value *const bias = nescio_node_input(node, 2);
    double *elements;
    nescio_value *vector = NULL;
    bool plain;

    if (!bias ||
        (nescio_weight_is_constant(bias) && bias->shape.rank == 1 && bias->shape.dims[0] == n_out))
        return NESCIO_OK;
    elements = malloc((size_t)n_out * sizeof *elements);
    if (!elements)
        return nescio_rewrite_nomem(rw);
    plain = nescio_constant_along(bias, 2, 1, n_out, elements);
    if (plain)
        vector = nescio_rewrite_reals(rw, bias->name, bias->dtype, 1, &n_out, elements);
    free(elements);
    if (!plain)
        return add_behind(rw, node);
    return vector ? nescio_rewrite_input(rw, node, 2, vector) : nescio_rewrite_nomem(rw);
}

static nescio_status canonical(nescio_rewrite *rw, nescio_node *node)
{
    const double alpha = nescio_node_float(node, "alpha", 1);
    const bool trans = nescio_node_int(node, "transB", 0) != 0;
    nescio_value *weight = node->inputs[1];
    const int64_t n_out = weight->shape.rank == 2 ? weight->shape.dims[trans ? 0 : 1] : 0;

    if (!nescio_weight_is_constant(weight) || nescio_node_int(node, "transA", 0) != 0 ||
        n_out <= 0 || !nescio_dtype_is_float(weight->dtype) || node->inputs[0]->constant)
        return NESCIO_OK;
    if (alpha != 1 && !weight->constant)
        return NESCIO_OK;
    if (nescio_node_float(node, "beta", 1) != 1 && nescio_node_input(node, 2) &&
        !node->inputs[2]->constant)
        return NESCIO_OK;
    if (has_form(node) && !(weight->producer && weight->producer->op == NESCIO_OP_TRANSPOSE))
        return canonical_bias(rw, node, n_out);
    if (!trans)
        NESCIO_TRY(nescio_weight_transpose(rw, node, weight, &weight));
    else if (weight->producer && weight->producer->op == NESCIO_OP_TRANSPOSE)
        NESCIO_TRY(nescio_weight_transpose(rw, node, weight->producer->inputs[0], &weight));
    if (!weight)
        return NESCIO_OK;
    if (alpha != 1)
        NESCIO_TRY(scaled(rw, weight, alpha, &weight));
    if (weight != node->inputs[1])
        NESCIO_TRY(nescio_rewrite_input(rw, node, 1, weight));
    if (nescio_node_input(node, 2) && nescio_node_float(node, "beta", 1) != 1) {
        nescio_value *bias = NULL;

        NESCIO_TRY(scaled(rw, node->inputs[2], nescio_node_float(node, "beta", 1), &bias));
        NESCIO_TRY(nescio_rewrite_input(rw, node, 2, bias));
    }
    NESCIO_TRY(set_form(rw, node));
    return canonical_bias(rw, node, n_out);
}

nescio_status nescio_pass_canonical_gemm(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        next = node->next;
        if (node->op == NESCIO_OP_MATMUL)
            NESCIO_TRY(from_matmul(rw, node));
        else if (node->op == NESCIO_OP_GEMM)
            NESCIO_TRY(canonical(rw, node));
    }
    return NESCIO_OK;
}
