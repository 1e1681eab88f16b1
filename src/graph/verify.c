/* SPDX-License-Identifier: Apache-2.0
 * The invariants of a graph, checked: what a pass or a reader must not break. */
#include "graph/graph.h"

#include "graph/graph_internal.h"

#include <stdlib.h>
#include <string.h>

/** Which values of a graph are usable at the node being checked: inputs, constants, what nodes
 * above made. */
typedef struct scope {
    const struct scope *outer;
    const nescio_graph *graph;
    bool *ready; /* by value id; owned */
} scope;

static bool usable(const scope *s, const nescio_value *value)
{
    for (; s; s = s->outer) {
        if (nescio_graph_owns(s->graph, value))
            return s->ready[value->id];
    }
    return false;
}

static nescio_status check_attr(nescio_ctx *ctx, const nescio_node *node, uint32_t i)
{
    const nescio_attr *const a = &node->attrs[i];
    const bool pointer = (a->kind == NESCIO_ATTR_TENSOR && !a->t) ||
                         (a->kind == NESCIO_ATTR_GRAPH && !a->g) ||
                         (a->kind == NESCIO_ATTR_STRING && !a->s);

    if (!a->name || !*a->name || pointer)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "%s '%s': attribute %u is empty",
                           nescio_op_name(node->op), node->name, i);
    for (uint32_t k = 0; k < i; k++) {
        if (strcmp(node->attrs[k].name, a->name) == 0)
            return nescio_fail(ctx, NESCIO_E_FORMAT, "%s '%s': has attribute '%s' twice",
                               nescio_op_name(node->op), node->name, a->name);
    }
    if (a->kind == NESCIO_ATTR_GRAPH && a->g->parent != node->graph)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "%s '%s': '%s' is the body of another graph",
                           nescio_op_name(node->op), node->name, a->name);
    return NESCIO_OK;
}

/* Input i of the operator may not be the empty name. Loop's count and condition are optional,
 * though other inputs follow. */
static bool needs_input(const nescio_op_info *info, nescio_op op, uint32_t i)
{
    if (op == NESCIO_OP_LOOP && i < 2)
        return false;
    return i < (uint32_t)info->min_inputs || info->max_inputs < 0;
}

static bool makes_something(const nescio_node *node)
{
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        if (node->outputs[i])
            return true;
    }
    return false;
}

static nescio_status check_node(nescio_ctx *ctx, const scope *s, const nescio_node *node)
{
    const nescio_op_info *const info = nescio_op_get(node->op);

    if (!nescio_op_takes(node->op, node->n_inputs, node->n_outputs))
        return nescio_fail(
            ctx, NESCIO_E_FORMAT,
            "%s '%s': has %u inputs and %u outputs; %d to %d and up to %d are allowed (-1: any)",
            info->name, node->name, node->n_inputs, node->n_outputs, info->min_inputs,
            info->max_inputs, info->max_outputs);
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const nescio_value *const in = node->inputs[i];

        if (!in && needs_input(info, node->op, i))
            return nescio_fail(ctx, NESCIO_E_FORMAT, "%s '%s': input %u is required and left out",
                               info->name, node->name, i);
        if (in && !usable(s, in))
            return nescio_fail(ctx, NESCIO_E_FORMAT,
                               "%s '%s': uses '%s', which nothing above it makes", info->name,
                               node->name, in->name);
    }
    if (!makes_something(node))
        return nescio_fail(ctx, NESCIO_E_FORMAT, "%s '%s': none of its outputs has a name",
                           info->name, node->name);
    for (uint32_t i = 0; i < node->n_attrs; i++)
        NESCIO_TRY(check_attr(ctx, node, i));
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const nescio_value *const out = node->outputs[i];

        if (!out)
            continue;
        if (!nescio_graph_owns(s->graph, out) || out->producer != node || out->i_output != i)
            return nescio_fail(ctx, NESCIO_E_FORMAT,
                               "%s '%s': output '%s' says it comes from elsewhere", info->name,
                               node->name, out->name);
        if (s->ready[out->id])
            return nescio_fail(ctx, NESCIO_E_FORMAT, "%s '%s': '%s' is made twice", info->name,
                               node->name, out->name);
    }
    return NESCIO_OK;
}

static nescio_status check_values(nescio_ctx *ctx, const nescio_graph *graph)
{
    for (size_t i = 0; i < graph->n_values; i++) {
        const nescio_value *const v = graph->values[i];

        if (v->id != i || !v->name || !*v->name || nescio_graph_find(graph, v->name) != v)
            return nescio_fail(ctx, NESCIO_E_FORMAT,
                               "graph '%s': value %zu ('%s') is not found by its name", graph->name,
                               i, v->name ? v->name : "");
        if (v->constant && (v->constant->dtype != v->dtype || v->constant->rank != v->shape.rank))
            return nescio_fail(ctx, NESCIO_E_FORMAT,
                               "constant '%s': differs from its declared type", v->name);
    }
    return NESCIO_OK;
}

static nescio_status check_graph(nescio_ctx *ctx, const scope *outer, const nescio_graph *graph);

static nescio_status check_nodes(nescio_ctx *ctx, const scope *s)
{
    const nescio_node *before = NULL;

    for (const nescio_node *node = s->graph->first; node; before = node, node = node->next) {
        if (node->prev != before || node->graph != s->graph)
            return nescio_fail(ctx, NESCIO_E_FORMAT, "%s '%s': is not linked where it stands",
                               nescio_op_name(node->op), node->name);
        NESCIO_TRY(check_node(ctx, s, node));
        for (uint32_t i = 0; i < node->n_attrs; i++) {
            if (node->attrs[i].kind == NESCIO_ATTR_GRAPH)
                NESCIO_TRY(check_graph(ctx, s, node->attrs[i].g));
        }
        for (uint32_t i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i])
                s->ready[node->outputs[i]->id] = true;
        }
    }
    for (size_t i = 0; i < s->graph->n_outputs; i++) {
        if (!s->graph->outputs[i] || !usable(s, s->graph->outputs[i]))
            return nescio_fail(ctx, NESCIO_E_FORMAT, "graph '%s': nothing makes its output '%s'",
                               s->graph->name,
                               s->graph->outputs[i] ? s->graph->outputs[i]->name : "");
    }
    return NESCIO_OK;
}

static nescio_status check_graph(nescio_ctx *ctx, const scope *outer, const nescio_graph *graph)
{
    scope s = {.outer = outer, .graph = graph};
    nescio_status st;

    NESCIO_TRY(check_values(ctx, graph));
    s.ready = calloc(graph->n_values + 1, sizeof *s.ready);
    if (!s.ready)
        return nescio_fail_nomem(ctx, graph->n_values);
    for (size_t i = 0; i < graph->n_values; i++)
        s.ready[i] = graph->values[i]->is_input ||
                     (graph->values[i]->constant && !graph->values[i]->producer);
    st = check_nodes(ctx, &s);
    free(s.ready);
    return st;
}

nescio_status nescio_graph_verify(nescio_ctx *ctx, const nescio_graph *graph)
{
    return check_graph(ctx, NULL, graph);
}
