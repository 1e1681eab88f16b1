/* SPDX-License-Identifier: Apache-2.0
 * Constant folding: a node that sees only constants is run by the float executor, and its outputs
 * become constants. Shape arithmetic folds too: what inference knows about the elements of an
 * integer vector (Shape of a known size, sums of it) is as good as a constant.
 *
 * Not folded: quantization of weights (Quant, QuantizeLinear, Clip of integers, DequantizeLinear),
 * which later stages read as annotations; bodies, which may run for ever; results whose size is
 * not known beforehand or over the caps below. Needs shapes, breaks nothing. */
#include "passes/passes_internal.h"

#include "refexec/refexec.h"

#include <stdlib.h>

/* A result may be this big, or as big as the largest constant it is made of: masks and position
 * tables of some thousand tokens are smaller. */
#define NESCIO_FOLD_BYTES_MAX ((int64_t)8 << 20)

static int64_t shape_bytes(const nescio_value *value)
{
    int64_t n = (int64_t)nescio_dtype_bytes(value->dtype);

    if (value->shape.rank == NESCIO_RANK_UNKNOWN || n == 0)
        return INT64_MAX;
    for (int d = 0; d < value->shape.rank; d++) {
        if (value->shape.dims[d] < 0 || __builtin_mul_overflow(n, value->shape.dims[d], &n))
            return INT64_MAX;
    }
    return n;
}

static bool is_annotation(const nescio_node *node)
{
    if (nescio_op_get(node->op)->kind == NESCIO_KIND_QUANT)
        return true;
    return node->op == NESCIO_OP_CLIP && node->inputs[0] &&
           nescio_dtype_is_integer(node->inputs[0]->dtype);
}

static bool can_fold(const nescio_fold_room *room, const nescio_node *node)
{
    int64_t largest = NESCIO_FOLD_BYTES_MAX, all = 0;

    if (is_annotation(node) || nescio_op_get(node->op)->kind == NESCIO_KIND_CONTROL ||
        !nescio_refexec_has_op(node->op))
        return false;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        int64_t bytes;

        if (!node->inputs[i])
            continue;
        if (!node->inputs[i]->constant)
            return false;
        bytes = shape_bytes(node->inputs[i]);
        largest = bytes > largest && bytes < INT64_MAX ? bytes : largest;
    }
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const int64_t bytes = node->outputs[i] ? shape_bytes(node->outputs[i]) : 0;

        if (bytes > largest)
            return false;
        all += bytes;
    }
    return (uint64_t)all <= room->bytes && room->work > 0;
}

/* Runs the node on what is left of the work that folding may cause. */
static nescio_status run(nescio_rewrite *rw, const nescio_node *node,
                         const nescio_tensor *const *inputs, nescio_tensor *outputs)
{
    const uint64_t outside = nescio_ctx_work(rw->ctx);
    const uint64_t room = rw->fold_room->work < outside ? rw->fold_room->work : outside;
    nescio_status st;

    nescio_ctx_set_work(rw->ctx, room);
    st = nescio_refexec_node(rw->ctx, node, inputs, outputs);
    rw->fold_room->work -= room - nescio_ctx_work(rw->ctx);
    nescio_ctx_set_work(rw->ctx, outside < UINT64_MAX ? outside - (room - nescio_ctx_work(rw->ctx))
                                                      : outside);
    return st;
}

/* Output i of the node becomes the constant t. A graph output keeps its value and so its name. */
static nescio_status settle(nescio_rewrite *rw, nescio_node *node, uint32_t i,
                            const nescio_tensor *t)
{
    nescio_value *const out = node->outputs[i];
    nescio_value *const constant =
        out ? nescio_graph_constant(rw->graph, out->name, t, false) : NULL;

    if (!out)
        return NESCIO_OK;
    if (!constant)
        return nescio_rewrite_nomem(rw);
    if (nescio_rewrite_is_output(rw, out)) {
        node->outputs[i] = NULL;
        out->producer = NULL;
        out->dtype = t->dtype;
        out->shape = constant->shape;
        out->constant = constant->constant;
        return NESCIO_OK;
    }
    return nescio_rewrite_replace(rw, out, constant);
}

static nescio_status fold(nescio_rewrite *rw, nescio_node *node)
{
    const nescio_tensor **const inputs = calloc(node->n_inputs + 1u, sizeof *inputs);
    nescio_tensor *const outputs = calloc(node->n_outputs + 1u, sizeof *outputs);
    nescio_status st = NESCIO_E_NOMEM;

    if (!inputs || !outputs) {
        st = nescio_rewrite_nomem(rw);
        goto out;
    }
    for (uint32_t i = 0; i < node->n_inputs; i++)
        inputs[i] = node->inputs[i] ? node->inputs[i]->constant : NULL;
    st = run(rw, node, inputs, outputs);
    /* A dtype that the executor does not run, too much work; or values that the operator does not
     * take: the run says so, if it comes to that. */
    if (st == NESCIO_E_UNSUPPORTED || st == NESCIO_E_ARG) {
        st = NESCIO_OK;
        goto out;
    }
    for (uint32_t i = 0; st == NESCIO_OK && i < node->n_outputs; i++) {
        const size_t bytes = outputs[i].owned_bytes, left = rw->fold_room->bytes;

        rw->fold_room->bytes = bytes < left ? left - bytes : 0;
        st = settle(rw, node, i, &outputs[i]);
    }
    if (st == NESCIO_OK)
        nescio_rewrite_remove(rw, node);
out:
    for (uint32_t i = 0; outputs && i < node->n_outputs; i++)
        nescio_tensor_free(&outputs[i]);
    free(outputs);
    free(inputs);
    return st;
}

/* An integer vector or scalar whose elements inference knows. */
static bool is_known(const nescio_value *value)
{
    if (!value || !value->content || value->constant || !value->producer || value->shape.rank < 0 ||
        value->shape.rank > 1)
        return false;
    for (int i = 0; i < value->content->count; i++) {
        if (!value->content->known[i])
            return false;
    }
    return value->dtype == NESCIO_I64 || value->dtype == NESCIO_I32 || value->dtype == NESCIO_BOOL;
}

static nescio_status settle_known(nescio_rewrite *rw, nescio_node *node)
{
    const nescio_value *const out = node->outputs[0];
    const int64_t n = out->content->count;
    nescio_tensor wide, t;
    nescio_status st;

    NESCIO_TRY(nescio_tensor_new(rw->ctx, &wide, NESCIO_I64, out->shape.rank, &n));
    for (int64_t i = 0; i < n; i++)
        ((int64_t *)wide.data)[i] = out->content->at[i];
    st = nescio_tensor_cast(rw->ctx, &t, &wide, out->dtype);
    nescio_tensor_free(&wide);
    NESCIO_TRY(st);
    st = settle(rw, node, 0, &t);
    nescio_tensor_free(&t);
    NESCIO_TRY(st);
    nescio_rewrite_remove(rw, node);
    return NESCIO_OK;
}

nescio_status nescio_pass_fold_constants(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        next = node->next;
        if (can_fold(rw->fold_room, node))
            NESCIO_TRY(fold(rw, node));
        else if (node->n_outputs == 1 && is_known(node->outputs[0]))
            NESCIO_TRY(settle_known(rw, node));
    }
    return NESCIO_OK;
}
