/* SPDX-License-Identifier: Apache-2.0
 * Lifting of elementwise operators whose encrypted operands share a root: they stay functions of
 * it, affine ones where every step is affine. */
#include "quant/net_internal.h"

#include <math.h>
#include <string.h>

static bool is_clear(const nescio_quant_net *net, const nescio_value *v)
{
    return !v || !net->values[v->id].encrypted;
}

/* Elementwise in the encrypted operands: none of them is broadcast. */
static bool is_elementwise(const nescio_quant_net *net, const nescio_node *node)
{
    const nescio_op_info *const info = nescio_op_get(node->op);
    const nescio_tensor *const out = &net->values[node->outputs[0]->id].sample;

    const nescio_quant_way way = nescio_quant_way_of(node->op);

    if (way != NESCIO_QUANT_WAY_AFFINE && way != NESCIO_QUANT_WAY_TABLE)
        return false;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (is_clear(net, node->inputs[i])) {
            /* Scales along an axis would need that axis to survive; one scale is the same
             * everywhere. */
            if (info->kind == NESCIO_KIND_QUANT && node->inputs[i] &&
                nescio_tensor_count(&net->values[node->inputs[i]->id].sample) != 1)
                return false;
            continue;
        }
        const nescio_tensor *const in = &net->values[node->inputs[i]->id].sample;
        if (in->rank != out->rank ||
            memcmp(in->dims, out->dims, (size_t)in->rank * sizeof *in->dims) != 0)
            return false;
    }
    return true;
}

/* The root that all encrypted operands share; NULL: they differ. */
static const nescio_value *common_root(const nescio_quant_net *net, const nescio_node *node)
{
    const nescio_value *root = NULL;

    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (is_clear(net, node->inputs[i]))
            continue;
        const nescio_value *const r = net->values[node->inputs[i]->id].root;
        if (root && r != root)
            return NULL;
        root = r;
    }
    return root;
}

static bool operands_linear(const nescio_quant_net *net, const nescio_node *node)
{
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (!is_clear(net, node->inputs[i]) && !net->values[node->inputs[i]->id].linear)
            return false;
    }
    return true;
}

/* Whether the elementwise node is affine in its encrypted operands. */
static bool is_affine(const nescio_quant_net *net, const nescio_node *node)
{
    const nescio_dtype to = net->values[node->outputs[0]->id].sample.dtype;

    if (nescio_quant_way_of(node->op) != NESCIO_QUANT_WAY_AFFINE)
        return false;
    switch (node->op) {
    case NESCIO_OP_CAST: {
        const nescio_dtype from = net->values[node->inputs[0]->id].sample.dtype;
        return to == NESCIO_F64 || from == to || (from == NESCIO_BOOL && to != NESCIO_STRING);
    }
    case NESCIO_OP_DIV:
        if (to != NESCIO_F64)
            return false;
        break;
    default: break;
    }
    return nescio_quant_is_affine(node->op, !is_clear(net, nescio_node_input(node, 0)),
                                  !is_clear(net, nescio_node_input(node, 1)));
}

/* x * scale / sqrt(variance + epsilon) + rest, by channel (axis 1). */
static nescio_status batch_normalization(nescio_quant_net *net, const nescio_node *node,
                                         const nescio_affine **out)
{
    const nescio_tensor *const x = &net->values[node->inputs[0]->id].sample;
    const nescio_tensor *const p[4] = {
        &net->values[node->inputs[1]->id].sample, &net->values[node->inputs[2]->id].sample,
        &net->values[node->inputs[3]->id].sample, &net->values[node->inputs[4]->id].sample};
    const size_t count = nescio_tensor_count(x);
    const size_t channels = x->rank > 1 ? (size_t)x->dims[1] : 1;
    double *const factor = nescio_arena_array(net->arena, count, sizeof *factor);
    double *const offset = nescio_arena_array(net->arena, count, sizeof *offset);
    const double epsilon = nescio_node_float(node, "epsilon", 1e-5);
    size_t inner = 1;

    if (!factor || !offset)
        return nescio_quant_nomem(net);
    for (int i = 2; i < x->rank; i++)
        inner *= (size_t)x->dims[i];
    for (size_t i = 0; i < count; i++) {
        const size_t c = i / inner % channels;

        factor[i] = nescio_tensor_get_f64(p[0], c) / sqrt(nescio_tensor_get_f64(p[3], c) + epsilon);
        offset[i] = nescio_tensor_get_f64(p[1], c) - factor[i] * nescio_tensor_get_f64(p[2], c);
    }
    *out = nescio_affine_scale(net->arena, net->values[node->inputs[0]->id].affine, factor, offset);
    return *out ? NESCIO_OK : nescio_quant_nomem(net);
}

/* Operand i in affine form, broadcast to the output's shape. */
static nescio_status operand(nescio_quant_net *net, const nescio_node *node, uint32_t i,
                             const nescio_affine **out)
{
    const nescio_value *const v = node->inputs[i];
    const nescio_tensor *const like = &net->values[node->outputs[0]->id].sample;
    double *array;

    if (!is_clear(net, v)) {
        *out = net->values[v->id].affine;
        return NESCIO_OK;
    }
    NESCIO_TRY(nescio_quant_clear_array(net, node, v, like, &array));
    *out = nescio_affine_constant(net->arena, array, nescio_tensor_count(like));
    return *out ? NESCIO_OK : nescio_quant_nomem(net);
}

static nescio_status affine_sum(nescio_quant_net *net, const nescio_node *node,
                                const nescio_affine **out)
{
    const double sign = node->op == NESCIO_OP_SUB ? -1 : 1;
    const nescio_affine *sum, *next;

    NESCIO_TRY(operand(net, node, 0, &sum));
    for (uint32_t i = 1; i < node->n_inputs && sum; i++) {
        NESCIO_TRY(operand(net, node, i, &next));
        sum = nescio_affine_add(net->arena, sum, next, sign);
    }
    if (sum && node->op == NESCIO_OP_MEAN) {
        double *const share = nescio_arena_array(net->arena, sum->count, sizeof *share);

        for (size_t i = 0; share && i < sum->count; i++)
            share[i] = 1.0 / node->n_inputs;
        sum = share ? nescio_affine_scale(net->arena, sum, share, NULL) : NULL;
    }
    *out = sum;
    return sum ? NESCIO_OK : nescio_quant_nomem(net);
}

/* The affine form of an elementwise node that is affine in operands that are. */
static nescio_status affine_of_node(nescio_quant_net *net, const nescio_node *node,
                                    const nescio_affine **out)
{
    const nescio_tensor *const like = &net->values[node->outputs[0]->id].sample;
    const size_t count = nescio_tensor_count(like);
    double *factor = NULL;
    uint32_t i_encrypted = 0;

    switch (node->op) {
    case NESCIO_OP_BATCH_NORMALIZATION: return batch_normalization(net, node, out);
    case NESCIO_OP_ADD:
    case NESCIO_OP_SUB:
    case NESCIO_OP_SUM:
    case NESCIO_OP_MEAN: return affine_sum(net, node, out);
    case NESCIO_OP_MUL:
        i_encrypted = is_clear(net, node->inputs[0]) ? 1 : 0;
        NESCIO_TRY(
            nescio_quant_clear_array(net, node, node->inputs[1 - i_encrypted], like, &factor));
        break;
    case NESCIO_OP_DIV:
        NESCIO_TRY(nescio_quant_clear_array(net, node, node->inputs[1], like, &factor));
        for (size_t i = 0; i < count; i++) {
            if (factor[i] == 0)
                return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED,
                                   "Div '%s': divides by a constant 0", node->name);
            factor[i] = 1 / factor[i];
        }
        break;
    case NESCIO_OP_NEG:
        factor = nescio_arena_array(net->arena, count, sizeof *factor);
        for (size_t i = 0; factor && i < count; i++)
            factor[i] = -1;
        break;
    default: /* Identity, Cast */ *out = net->values[node->inputs[0]->id].affine; return NESCIO_OK;
    }
    *out = factor ? nescio_affine_scale(
                        net->arena, net->values[node->inputs[i_encrypted]->id].affine, factor, NULL)
                  : NULL;
    return *out ? NESCIO_OK : nescio_quant_nomem(net);
}

bool nescio_quant_lift_elementwise(nescio_quant_net *net, const nescio_node *node,
                                   nescio_status *st)
{
    const nescio_value *const root = is_elementwise(net, node) ? common_root(net, node) : NULL;
    nescio_lifted *const v = &net->values[node->outputs[0]->id];

    *st = NESCIO_OK;
    if (!root)
        return false;
    v->encrypted = true;
    v->root = root;
    v->linear = is_affine(net, node) && operands_linear(net, node);
    if (v->linear)
        *st = affine_of_node(net, node, &v->affine);
    return true;
}
