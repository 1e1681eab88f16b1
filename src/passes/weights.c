/* SPDX-License-Identifier: Apache-2.0
 * Weights behind annotations. Networks trained quantized (Brevitas) compute with
 * Quant(W, scale, zero, bits), or with W -> QuantizeLinear -> Clip -> DequantizeLinear: constants
 * in effect, but bits and scales must stay readable. */
#include "passes/passes_internal.h"

#include <string.h>

static bool is_annotation(nescio_op op)
{
    return op == NESCIO_OP_QUANT || op == NESCIO_OP_BIPOLAR_QUANT ||
           op == NESCIO_OP_QUANTIZE_LINEAR || op == NESCIO_OP_DEQUANTIZE_LINEAR ||
           op == NESCIO_OP_CLIP;
}

/* A Transpose of a matrix that does exchange its axes. */
static bool exchanges_axes(const nescio_node *node)
{
    const nescio_attr *const perm = nescio_node_attr(node, "perm");

    return node->op == NESCIO_OP_TRANSPOSE && node->inputs[0]->shape.rank == 2 &&
           (!perm || (perm->count == 2 && perm->ints[0] == 1 && perm->ints[1] == 0));
}

bool nescio_weight_is_constant(const nescio_value *value)
{
    while (value && !value->constant) {
        const nescio_node *const node = value->producer;

        if (!node || (!is_annotation(node->op) && !exchanges_axes(node)))
            return false;
        for (uint32_t i = 1; i < node->n_inputs; i++) {
            if (node->inputs[i] && !node->inputs[i]->constant)
                return false;
        }
        value = node->inputs[0];
    }
    return value != NULL;
}

/* A constant of rank 2 with its axes exchanged. */
static nescio_value *transposed(nescio_rewrite *rw, const nescio_value *value)
{
    nescio_tensor view = *value->constant;

    view.dims[0] = value->constant->dims[1];
    view.dims[1] = value->constant->dims[0];
    view.stride[0] = value->constant->stride[1];
    view.stride[1] = value->constant->stride[0];
    return nescio_graph_constant(rw->graph, value->name, &view, false);
}

/* A parameter of Quant that broadcasts against a transposed matrix. NULL: no memory. */
static nescio_value *transposed_parameter(nescio_rewrite *rw, nescio_value *value)
{
    nescio_tensor column = *value->constant;

    if (nescio_tensor_count(&column) == 1)
        return value;
    if (column.rank == 2)
        return transposed(rw, value);
    column.rank = 2; /* one a column becomes one a row */
    column.dims[1] = 1;
    column.stride[1] = 1;
    return nescio_graph_constant(rw->graph, value->name, &column, false);
}

/* A node like `like` on `input`; parameters along the other axis. */
static nescio_status transpose_annotation(nescio_rewrite *rw, nescio_node *before,
                                          const nescio_node *like, nescio_value *input,
                                          nescio_value **out)
{
    const bool by_axis =
        like->op == NESCIO_OP_QUANTIZE_LINEAR || like->op == NESCIO_OP_DEQUANTIZE_LINEAR;
    nescio_value *inputs[8] = {input};
    nescio_node *node;

    for (uint32_t i = 1; i < like->n_inputs && i < 8; i++) {
        inputs[i] = like->inputs[i];
        if (inputs[i] && !by_axis && like->op != NESCIO_OP_CLIP)
            inputs[i] = transposed_parameter(rw, inputs[i]);
        if (like->inputs[i] && !inputs[i])
            return nescio_rewrite_nomem(rw);
    }
    node = nescio_rewrite_node(rw, before, like->op, like->name, like->n_inputs, inputs);
    if (!node)
        return nescio_rewrite_nomem(rw);
    for (uint32_t i = 0; i < like->n_attrs; i++) {
        const nescio_attr *const a = &like->attrs[i];
        const bool made = a->kind == NESCIO_ATTR_INT ? !!nescio_node_set_int(node, a->name, a->i)
                          : a->kind == NESCIO_ATTR_STRING
                              ? !!nescio_node_set_string(node, a->name, a->s)
                              : true; /* they have no other kinds */

        if (!made)
            return nescio_rewrite_nomem(rw);
    }
    if (by_axis) {
        const int64_t axis = nescio_node_int(like, "axis", 1);

        if (!nescio_node_set_int(node, "axis", 1 - (axis < 0 ? axis + 2 : axis)))
            return nescio_rewrite_nomem(rw);
    }
    *out = node->outputs[0];
    return NESCIO_OK;
}

/* Whether annotation parameters are per matrix, row or column: blocks cannot be transposed so. */
static bool transposable(const nescio_node *node)
{
    if (nescio_node_int(node, "block_size", 0) != 0)
        return false;
    for (uint32_t i = 1; i < node->n_inputs; i++) {
        if (node->inputs[i] && node->inputs[i]->constant->rank > 2)
            return false;
    }
    return true;
}

nescio_status nescio_weight_transpose(nescio_rewrite *rw, nescio_node *before, nescio_value *value,
                                      nescio_value **out)
{
    nescio_value *input = NULL;

    *out = NULL;
    if (value->constant) {
        if (value->constant->rank != 2)
            return NESCIO_OK;
        *out = transposed(rw, value);
        return *out ? NESCIO_OK : nescio_rewrite_nomem(rw);
    }
    if (!nescio_weight_is_constant(value) || !transposable(value->producer))
        return NESCIO_OK;
    if (value->producer->op == NESCIO_OP_TRANSPOSE) {
        *out = value->producer->inputs[0];
        return NESCIO_OK;
    }
    NESCIO_TRY(nescio_weight_transpose(rw, before, value->producer->inputs[0], &input));
    return input ? transpose_annotation(rw, before, value->producer, input, out) : NESCIO_OK;
}
