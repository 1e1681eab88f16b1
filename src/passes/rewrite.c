/* SPDX-License-Identifier: Apache-2.0
 * Changing a graph while the number of uses of every value stays known. */
#include "passes/passes_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

nescio_status nescio_rewrite_init(nescio_rewrite *rw, nescio_ctx *ctx, nescio_graph *graph)
{
    *rw = (nescio_rewrite){.ctx = ctx, .graph = graph, .cap_uses = graph->n_values + 64};
    rw->uses = calloc(rw->cap_uses, sizeof *rw->uses);
    if (!rw->uses)
        return nescio_fail_nomem(ctx, rw->cap_uses * sizeof *rw->uses);
    nescio_graph_count_uses(graph, rw->uses);
    return NESCIO_OK;
}

void nescio_rewrite_deinit(nescio_rewrite *rw)
{
    free(rw->uses);
    rw->uses = NULL;
}

nescio_status nescio_rewrite_nomem(const nescio_rewrite *rw)
{
    return nescio_fail_nomem(rw->ctx, sizeof(nescio_node));
}

static bool owns(const nescio_graph *graph, const nescio_value *value)
{
    return value->id < graph->n_values && graph->values[value->id] == value;
}

/* A body uses values of the graphs around it: these are not counted. */
static void count(const nescio_rewrite *rw, const nescio_value *value, bool more)
{
    if (value && owns(rw->graph, value))
        rw->uses[value->id] += more ? 1u : UINT32_MAX;
}

uint32_t nescio_rewrite_uses(const nescio_rewrite *rw, const nescio_value *value)
{
    if (!owns(rw->graph, value))
        return UINT32_MAX;
    return value->id < rw->cap_uses ? rw->uses[value->id] : 0;
}

nescio_node *nescio_rewrite_only_user(const nescio_rewrite *rw, const nescio_value *value)
{
    if (nescio_rewrite_uses(rw, value) != 1)
        return NULL;
    for (nescio_node *node = value->producer->next; node; node = node->next) {
        for (uint32_t i = 0; i < node->n_inputs; i++) {
            if (node->inputs[i] == value)
                return i == 0 ? node : NULL;
        }
    }
    return NULL;
}

bool nescio_rewrite_is_output(const nescio_rewrite *rw, const nescio_value *value)
{
    for (size_t i = 0; i < rw->graph->n_outputs; i++) {
        if (rw->graph->outputs[i] == value)
            return true;
    }
    return false;
}

/* Room for the use counts of all values. */
static bool reserve(nescio_rewrite *rw, size_t n)
{
    size_t cap = rw->cap_uses;
    uint32_t *uses;

    if (n <= cap)
        return true;
    cap = n + n / 2;
    uses = realloc(rw->uses, cap * sizeof *uses);
    if (!uses)
        return false;
    memset(uses + rw->cap_uses, 0, (cap - rw->cap_uses) * sizeof *uses);
    rw->uses = uses;
    rw->cap_uses = cap;
    return true;
}

nescio_status nescio_rewrite_recount(nescio_rewrite *rw)
{
    if (!reserve(rw, rw->graph->n_values))
        return nescio_rewrite_nomem(rw);
    nescio_graph_count_uses(rw->graph, rw->uses);
    return NESCIO_OK;
}

nescio_status nescio_rewrite_input(nescio_rewrite *rw, nescio_node *node, uint32_t i,
                                   nescio_value *value)
{
    if (!reserve(rw, rw->graph->n_values))
        return nescio_rewrite_nomem(rw);
    if (i >= node->n_inputs) {
        nescio_value **inputs = nescio_arena_array(rw->graph->arena, i + 1u, sizeof *inputs);

        if (!inputs)
            return nescio_rewrite_nomem(rw);
        if (node->n_inputs > 0)
            memcpy(inputs, node->inputs, node->n_inputs * sizeof *inputs);
        node->inputs = inputs;
        node->n_inputs = i + 1;
    }
    count(rw, node->inputs[i], false);
    count(rw, value, true);
    node->inputs[i] = value;
    rw->changed = true;
    return NESCIO_OK;
}

nescio_status nescio_rewrite_replace(nescio_rewrite *rw, nescio_value *from, nescio_value *to)
{
    assert(from != to);
    if (!reserve(rw, rw->graph->n_values))
        return nescio_rewrite_nomem(rw);
    nescio_graph_replace(rw->graph, from, to);
    assert(owns(rw->graph, from));
    if (owns(rw->graph, to))
        rw->uses[to->id] += rw->uses[from->id];
    rw->uses[from->id] = 0;
    rw->changed = true;
    return NESCIO_OK;
}

/* Uses that a body makes of this graph's values end too. */
static void forget_body(nescio_rewrite *rw, const nescio_graph *body)
{
    for (const nescio_node *node = body->first; node; node = node->next) {
        for (uint32_t i = 0; i < node->n_inputs; i++)
            count(rw, node->inputs[i], false);
        for (uint32_t i = 0; i < node->n_attrs; i++) {
            if (node->attrs[i].kind == NESCIO_ATTR_GRAPH)
                forget_body(rw, node->attrs[i].g);
        }
    }
    for (size_t i = 0; i < body->n_outputs; i++)
        count(rw, body->outputs[i], false);
}

void nescio_rewrite_remove(nescio_rewrite *rw, nescio_node *node)
{
    for (uint32_t i = 0; i < node->n_inputs; i++)
        count(rw, node->inputs[i], false);
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        if (node->attrs[i].kind == NESCIO_ATTR_GRAPH)
            forget_body(rw, node->attrs[i].g);
    }
    nescio_graph_remove(node);
    rw->changed = true;
}

static nescio_status become_identity(nescio_rewrite *rw, nescio_node *node, nescio_value *same)
{
    if (node->op == NESCIO_OP_IDENTITY && node->inputs[0] == same)
        return NESCIO_OK;
    NESCIO_TRY(nescio_rewrite_input(rw, node, 0, same));
    for (uint32_t i = 1; i < node->n_inputs; i++)
        NESCIO_TRY(nescio_rewrite_input(rw, node, i, NULL));
    node->n_inputs = 1;
    node->n_outputs = 1;
    node->n_attrs = 0;
    node->op = NESCIO_OP_IDENTITY;
    return NESCIO_OK;
}

nescio_status nescio_rewrite_alias(nescio_rewrite *rw, nescio_node *node, nescio_value *same)
{
    nescio_value *const out = node->outputs[0];
    nescio_node *maker;

    if (!nescio_rewrite_is_output(rw, out)) {
        NESCIO_TRY(nescio_rewrite_replace(rw, out, same));
        nescio_rewrite_remove(rw, node);
        return NESCIO_OK;
    }
    maker = same->producer;
    if (!maker || !owns(rw->graph, same) || nescio_rewrite_is_output(rw, same))
        return become_identity(rw, node, same);
    nescio_rewrite_remove(rw, node);
    NESCIO_TRY(nescio_rewrite_replace(rw, same, out)); /* `out` is made where `same` was */
    same->producer = NULL;
    nescio_node_set_output(maker, same->i_output, out);
    return NESCIO_OK;
}

nescio_node *nescio_rewrite_node(nescio_rewrite *rw, nescio_node *before, nescio_op op,
                                 const char *name, uint32_t n_inputs, nescio_value *const *inputs)
{
    nescio_node *const node = nescio_graph_node(rw->graph, before, op, name, n_inputs, 1);
    nescio_value *const out =
        node ? nescio_graph_value(rw->graph, node->name, NESCIO_DTYPE_NONE, NULL) : NULL;

    if (!out || !reserve(rw, rw->graph->n_values))
        return NULL;
    nescio_node_set_output(node, 0, out);
    for (uint32_t i = 0; i < n_inputs; i++) {
        node->inputs[i] = inputs[i];
        count(rw, inputs[i], true);
    }
    rw->changed = true;
    return node;
}

nescio_node *nescio_rewrite_swap(nescio_rewrite *rw, nescio_node *old, nescio_op op,
                                 uint32_t n_inputs, nescio_value *const *inputs)
{
    nescio_node *const node = nescio_graph_node(rw->graph, old, op, old->name, n_inputs, 1);
    nescio_value *const out = old->outputs[0];

    if (!node || !reserve(rw, rw->graph->n_values))
        return NULL;
    for (uint32_t i = 0; i < n_inputs; i++) {
        node->inputs[i] = inputs[i];
        count(rw, inputs[i], true);
    }
    old->outputs[0] = NULL;
    nescio_rewrite_remove(rw, old);
    nescio_node_set_output(node, 0, out);
    return node;
}
