/* SPDX-License-Identifier: Apache-2.0
 * Lifting: walks the graph once and says of every value what it is.
 *
 * Clear values (constants and what is computed from them) are run. An encrypted value has a root,
 * the last value above it that is not elementwise in encrypted data; along elementwise operators
 * the root stays, so that a whole chain of them, branches that join again included (x *
 * sigmoid(x)), is one function of the root. A value that is affine in its root has its affine form
 * in the bases at once; any other becomes a table when something asks for its affine form. Every
 * value's shape is that of one row: the graph is run on the first calibration row on the way. */
#include "quant/net_internal.h"

#include <stdlib.h>

#include "refexec/refexec.h"

/* ------------------------------------------------------------------ running nodes in double */

/* Float elements become F64 in place. */
static nescio_status widen(nescio_ctx *ctx, nescio_tensor *t)
{
    nescio_tensor wide;

    if (t->dtype != NESCIO_F32)
        return NESCIO_OK;
    NESCIO_TRY(nescio_tensor_cast(ctx, &wide, t, NESCIO_F64));
    nescio_tensor_free(t);
    *t = wide;
    return NESCIO_OK;
}

nescio_status nescio_quant_run_node(const nescio_quant_net *net, const nescio_node *node,
                                    const nescio_tensor *const *inputs, nescio_tensor *outputs)
{
    NESCIO_TRY(nescio_refexec_node(net->ctx, node, inputs, outputs));
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        if (outputs[i].data || outputs[i].dtype)
            NESCIO_TRY(widen(net->ctx, &outputs[i]));
    }
    return NESCIO_OK;
}

/* Runs the node on the samples of its inputs. */
static nescio_status run_sample(nescio_quant_net *net, const nescio_node *node)
{
    const nescio_tensor **const in = calloc(node->n_inputs + 1u, sizeof *in);
    nescio_tensor *const out = calloc(node->n_outputs + 1u, sizeof *out);
    nescio_status st = NESCIO_E_NOMEM;

    if (in && out) {
        for (uint32_t i = 0; i < node->n_inputs; i++)
            in[i] = node->inputs[i] ? &net->values[node->inputs[i]->id].sample : NULL;
        st = nescio_quant_run_node(net, node, in, out);
    } else {
        st = nescio_quant_nomem(net);
    }
    for (uint32_t i = 0; out && i < node->n_outputs; i++) {
        if (st == NESCIO_OK && node->outputs[i])
            net->values[node->outputs[i]->id].sample = out[i];
        else
            nescio_tensor_free(&out[i]);
    }
    free(out);
    free(in);
    return st;
}

/* ------------------------------------------------------------------ broadcasting */

bool nescio_quant_broadcast(const nescio_tensor *from, const nescio_tensor *like, int64_t *index)
{
    int64_t stride[NESCIO_RANK_MAX] = {0}, at[NESCIO_RANK_MAX] = {0}, step = 1;
    const size_t count = nescio_tensor_count(like);

    if (from->rank > like->rank)
        return false;
    for (int i = from->rank - 1, j = like->rank - 1; i >= 0; i--, j--) {
        if (from->dims[i] != 1 && from->dims[i] != like->dims[j])
            return false;
        stride[j] = from->dims[i] == 1 ? 0 : step;
        step *= from->dims[i];
    }
    for (size_t e = 0; e < count; e++) {
        int64_t k = 0;

        for (int j = 0; j < like->rank; j++)
            k += at[j] * stride[j];
        index[e] = k;
        for (int j = like->rank - 1; j >= 0 && ++at[j] == like->dims[j]; j--)
            at[j] = 0;
    }
    return true;
}

nescio_status nescio_quant_clear_array(nescio_quant_net *net, const nescio_node *node,
                                       const nescio_value *value, const nescio_tensor *like,
                                       double **out)
{
    const size_t count = nescio_tensor_count(like);
    const nescio_tensor *const t = &net->values[value->id].sample;
    int64_t *const index = nescio_arena_array(net->arena, count, sizeof *index);

    *out = nescio_arena_array(net->arena, count, sizeof **out);
    if (!index || !*out)
        return nescio_quant_nomem(net);
    if (!nescio_quant_broadcast(t, like, index))
        return nescio_fail(net->ctx, NESCIO_E_FORMAT,
                           "%s '%s': '%s' does not broadcast to the output",
                           nescio_op_name(node->op), node->name, value->name);
    for (size_t i = 0; i < count; i++)
        (*out)[i] = nescio_tensor_get_f64(t, (size_t)index[i]);
    return NESCIO_OK;
}

/* ------------------------------------------------------------------ refusals */

nescio_status nescio_quant_refuse(nescio_quant_net *net, const nescio_node *node,
                                  const char *accepted)
{
    nescio_write_text(&net->refused, "%s%s '%s' (%s)", net->n_refused++ ? "; " : "",
                      nescio_op_name(node->op), node->name, accepted);
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        if (node->outputs[i])
            net->values[node->outputs[i]->id].refused =
                net->values[node->outputs[i]->id].encrypted = true;
    }
    return net->refused.bad ? nescio_quant_nomem(net) : NESCIO_OK;
}

/* ------------------------------------------------------------------ tables on demand */

int nescio_quant_channel_axis(const nescio_quant_net *net, const nescio_value *value)
{
    const nescio_tensor *const t = &net->values[value->id].sample;
    const nescio_op op = value->producer ? value->producer->op : NESCIO_OP_IDENTITY;

    if (t->rank < 3)
        return -1;
    return op == NESCIO_OP_MATMUL || op == NESCIO_OP_GEMM ? t->rank - 1 : 1;
}

nescio_status nescio_quant_affine_of(nescio_quant_net *net, const nescio_value *value,
                                     const nescio_affine **out)
{
    nescio_lifted *const v = &net->values[value->id];

    if (!v->affine) {
        const nescio_value *const root = v->root;
        const nescio_quant_function f = {NESCIO_QUANT_CHAIN, root, value};
        const nescio_tensor *const shape = &net->values[root->id].sample;
        int axis = nescio_quant_channel_axis(net, root);
        uint32_t layer;

        if (shape->rank < 1 || shape->dims[0] != 1)
            return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED,
                               "'%s': a function of it is taken, but axis 0 is not the batch",
                               root->name);
        if (axis >= 0 && !nescio_quant_function_is_uniform(net, &f, axis, shape->rank))
            axis = -1;
        NESCIO_TRY(
            nescio_quant_net_add_layer(net, root->producer ? root->producer->name : root->name,
                                       net->values[root->id].affine, &f, shape, axis, &layer));
        v->affine =
            nescio_affine_base(net->arena, net->layers[layer].base, net->layers[layer].count);
        if (!v->affine)
            return nescio_quant_nomem(net);
    }
    *out = v->affine;
    return NESCIO_OK;
}

/* ------------------------------------------------------------------ the walk */

static void become_root(nescio_quant_net *net, const nescio_value *value,
                        const nescio_affine *affine)
{
    nescio_lifted *const v = &net->values[value->id];

    v->encrypted = v->linear = true;
    v->root = value;
    v->affine = affine;
}

static nescio_status lift_encrypted(nescio_quant_net *net, const nescio_node *node)
{
    const nescio_op_kind kind = nescio_op_get(node->op)->kind;
    nescio_status st;

    if (nescio_quant_lift_elementwise(net, node, &st))
        return st;
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const nescio_affine *affine = NULL;

        if (!node->outputs[i])
            continue;
        if (kind == NESCIO_KIND_BINARY)
            NESCIO_TRY(nescio_quant_lift_pairs(net, node, &affine));
        else
            NESCIO_TRY(nescio_quant_lift_linear(net, node, i, &affine));
        if (!affine)
            return NESCIO_OK; /* refused */
        become_root(net, node->outputs[i], affine);
    }
    return NESCIO_OK;
}

static nescio_status lift_node(nescio_quant_net *net, const nescio_node *node)
{
    bool encrypted = false, refused = false;

    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (node->inputs[i]) {
            encrypted |= net->values[node->inputs[i]->id].encrypted;
            refused |= net->values[node->inputs[i]->id].refused;
        }
    }
    if (refused) { /* the node above has been named */
        for (uint32_t i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i])
                net->values[node->outputs[i]->id].refused =
                    net->values[node->outputs[i]->id].encrypted = true;
        }
        return NESCIO_OK;
    }
    if (!nescio_refexec_has_op(node->op))
        return nescio_quant_refuse(net, node, "not an operator of the float executor");
    NESCIO_TRY(run_sample(net, node));
    if (!encrypted || nescio_quant_way_of(node->op) == NESCIO_QUANT_WAY_CLEAR)
        return NESCIO_OK;
    return lift_encrypted(net, node);
}

/* Row 0 of every input is its sample; every input is a base. */
static nescio_status lift_inputs(nescio_quant_net *net, const nescio_tensor *const *calibration)
{
    for (size_t i = 0; i < net->graph->n_inputs; i++) {
        const nescio_value *const value = net->graph->inputs[i];
        const nescio_tensor row = nescio_tensor_rows(calibration[i], 0, 1);
        uint32_t base;

        NESCIO_TRY(nescio_tensor_cast(net->ctx, &net->values[value->id].sample, &row, NESCIO_F64));
        const size_t count = nescio_tensor_count(&row);
        NESCIO_TRY(nescio_quant_net_add_base(net, true, (uint32_t)i, count, &base));
        const nescio_affine *const affine = nescio_affine_base(net->arena, base, count);
        if (!affine)
            return nescio_quant_nomem(net);
        become_root(net, value, affine);
    }
    return NESCIO_OK;
}

static nescio_status lift_constants(nescio_quant_net *net)
{
    for (size_t i = 0; i < net->graph->n_values; i++) {
        const nescio_value *const value = net->graph->values[i];

        if (value->constant) {
            const nescio_dtype t = value->constant->dtype;
            NESCIO_TRY(nescio_tensor_cast(net->ctx, &net->values[i].sample, value->constant,
                                          t == NESCIO_F32 ? NESCIO_F64 : t));
        }
    }
    return NESCIO_OK;
}

/* The value's affine form is a base as it is. */
static bool is_bare_base(const nescio_affine *a)
{
    if (a->n_terms != 1)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->constant[i] != 0 || a->map[0].start[i + 1] != i + 1 || a->map[0].column[i] != i ||
            a->map[0].weight[i] != 1)
            return false;
    }
    return a->map[0].n_columns == a->count;
}

static nescio_status lift_outputs(nescio_quant_net *net)
{
    for (size_t i = 0; i < net->graph->n_outputs; i++) {
        const nescio_value *const value = net->graph->outputs[i];
        const nescio_affine *affine;

        net->answers[i].value = value;
        net->answers[i].layer = UINT32_MAX;
        if (!net->values[value->id].encrypted)
            return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED,
                               "output '%s' does not depend on an encrypted input", value->name);
        NESCIO_TRY(nescio_quant_affine_of(net, value, &affine));
        if (affine->n_terms == 0)
            return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED,
                               "output '%s' is the same for every input", value->name);
        if (is_bare_base(affine)) {
            net->answers[i].base = affine->base[0];
            continue;
        }
        NESCIO_TRY(nescio_quant_net_add_layer(
            net, value->producer ? value->producer->name : value->name, affine, NULL,
            &net->values[value->id].sample, -1, &net->answers[i].layer));
    }
    return NESCIO_OK;
}

nescio_status nescio_quant_lift(nescio_quant_net *net, const nescio_tensor *const *calibration)
{
    NESCIO_TRY(lift_constants(net));
    NESCIO_TRY(lift_inputs(net, calibration));
    for (const nescio_node *node = net->graph->first; node; node = node->next)
        NESCIO_TRY(lift_node(net, node));
    if (net->n_refused)
        return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED, "cannot be computed encrypted: %.*s",
                           (int)net->refused.bytes, (const char *)net->refused.data);
    return lift_outputs(net);
}
