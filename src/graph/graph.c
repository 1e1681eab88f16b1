/* SPDX-License-Identifier: Apache-2.0
 * Graphs and their values: making them, finding them by name, rewiring their uses. */
#include "graph/graph.h"

#include "graph/graph_internal.h"
#include "tensor/walk.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

nescio_status nescio_graph_new(nescio_ctx *ctx, nescio_graph *parent, const char *name,
                               nescio_graph **out)
{
    nescio_arena *arena = parent ? parent->arena : nescio_arena_new();
    nescio_graph *graph = arena ? nescio_arena_alloc(arena, sizeof *graph) : NULL;

    *out = NULL;
    if (graph) {
        graph->arena = arena;
        graph->parent = parent;
        graph->name = nescio_arena_strdup(arena, name && *name ? name : "graph");
        graph->names = parent ? parent->names : nescio_names_new(arena);
    }
    if (!graph || !graph->name || !graph->names) {
        if (!parent)
            nescio_arena_free(arena);
        return nescio_fail_nomem(ctx, sizeof *graph);
    }
    *out = graph;
    return NESCIO_OK;
}

void nescio_graph_free(nescio_graph *graph)
{
    if (!graph)
        return;
    assert(!graph->parent);
    nescio_arena_free(graph->arena);
}

/* Room for one more value; the array doubles. */
static bool reserve_value(nescio_graph *graph)
{
    const size_t capacity = graph->cap_values ? graph->cap_values * 2 : 32;
    nescio_value **values;

    if (graph->n_values < graph->cap_values)
        return true;
    if (capacity > UINT32_MAX)
        return false;
    values = nescio_arena_array(graph->arena, capacity, sizeof(nescio_value *));
    if (!values)
        return false;
    if (graph->n_values > 0)
        memcpy(values, graph->values, graph->n_values * sizeof(nescio_value *));
    graph->values = values;
    graph->cap_values = capacity;
    return true;
}

nescio_value *nescio_graph_value(nescio_graph *graph, const char *name, nescio_dtype dtype,
                                 const nescio_shape *shape)
{
    nescio_value *value = nescio_arena_alloc(graph->arena, sizeof *value);

    if (!value || !reserve_value(graph))
        return NULL;
    value->name = nescio_names_fresh(graph->names, name && *name ? name : "value");
    if (!value->name || !nescio_names_add(graph->names, value->name, graph, value))
        return NULL;
    value->dtype = dtype;
    value->shape.rank = NESCIO_RANK_UNKNOWN;
    if (shape)
        value->shape = *shape;
    value->id = (uint32_t)graph->n_values;
    graph->values[graph->n_values++] = value;
    return value;
}

/* The texts of `data` copied into the arena. False: no memory. */
static bool copy_texts(nescio_arena *arena, const char **data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        data[i] = nescio_arena_strdup(arena, data[i]);
        if (!data[i])
            return false;
    }
    return true;
}

const nescio_tensor *nescio_graph_keep_tensor(nescio_arena *arena, const nescio_tensor *t,
                                              bool borrow)
{
    nescio_tensor *kept = nescio_arena_alloc(arena, sizeof *kept);
    const size_t count = nescio_tensor_count(t), size = nescio_dtype_bytes(t->dtype);

    if (!kept)
        return NULL;
    *kept = *t;
    kept->owned_bytes = 0;
    if (borrow)
        return kept;
    kept->data = nescio_arena_array(arena, count, size);
    if (!kept->data)
        return NULL;
    nescio_row_major(t->rank, t->dims, kept->stride);
    nescio_copy_strided(size, t->rank, t->dims, kept->data, kept->stride, t->data, t->stride);
    return t->dtype != NESCIO_STRING || copy_texts(arena, kept->data, count) ? kept : NULL;
}

nescio_value *nescio_graph_constant(nescio_graph *graph, const char *name, const nescio_tensor *t,
                                    bool borrow)
{
    nescio_shape shape = {.rank = t->rank};
    nescio_value *value;

    memcpy(shape.dims, t->dims, (size_t)t->rank * sizeof *t->dims);
    value = nescio_graph_value(graph, name ? name : "constant", t->dtype, &shape);
    if (!value)
        return NULL;
    value->constant = nescio_graph_keep_tensor(graph->arena, t, borrow);
    return value->constant ? value : NULL;
}

nescio_value *nescio_graph_find(const nescio_graph *graph, const char *name)
{
    const nescio_graph *home = NULL;
    nescio_value *value = nescio_names_find(graph->names, name, &home);

    for (const nescio_graph *g = graph; value && g; g = g->parent) {
        if (g == home)
            return value;
    }
    return NULL;
}

bool nescio_graph_owns(const nescio_graph *graph, const nescio_value *value)
{
    return value->id < graph->n_values && graph->values[value->id] == value;
}

static nescio_status append_value(nescio_arena *arena, nescio_value ***list, size_t *count,
                                  nescio_value *value)
{
    nescio_value **longer = *list;

    /* Grows at powers of two, so the arena holds at most twice the list. */
    if ((*count & (*count - 1)) == 0) {
        longer = nescio_arena_array(arena, *count ? *count * 2 : 1, sizeof(nescio_value *));
        if (!longer)
            return NESCIO_E_NOMEM;
        if (*count > 0)
            memcpy(longer, *list, *count * sizeof(nescio_value *));
    }
    longer[(*count)++] = value;
    *list = longer;
    return NESCIO_OK;
}

nescio_status nescio_graph_add_input(nescio_graph *graph, nescio_value *value)
{
    value->is_input = true;
    return append_value(graph->arena, &graph->inputs, &graph->n_inputs, value);
}

nescio_status nescio_graph_add_output(nescio_graph *graph, nescio_value *value)
{
    return append_value(graph->arena, &graph->outputs, &graph->n_outputs, value);
}

void nescio_graph_replace(nescio_graph *graph, const nescio_value *from, nescio_value *to)
{
    for (nescio_node *node = graph->first; node; node = node->next) {
        for (uint32_t i = 0; i < node->n_inputs; i++) {
            if (node->inputs[i] == from)
                node->inputs[i] = to;
        }
        for (uint32_t i = 0; i < node->n_attrs; i++) {
            if (node->attrs[i].kind == NESCIO_ATTR_GRAPH)
                nescio_graph_replace(node->attrs[i].g, from, to);
        }
    }
    for (size_t i = 0; i < graph->n_outputs; i++) {
        if (graph->outputs[i] == from)
            graph->outputs[i] = to;
    }
}

/* Uses in `graph` and below of values that `home` owns. */
static void count_in(const nescio_graph *home, const nescio_graph *graph, uint32_t *counts)
{
    for (const nescio_node *node = graph->first; node; node = node->next) {
        for (uint32_t i = 0; i < node->n_inputs; i++) {
            if (node->inputs[i] && nescio_graph_owns(home, node->inputs[i]))
                counts[node->inputs[i]->id]++;
        }
        for (uint32_t i = 0; i < node->n_attrs; i++) {
            if (node->attrs[i].kind == NESCIO_ATTR_GRAPH)
                count_in(home, node->attrs[i].g, counts);
        }
    }
    for (size_t i = 0; i < graph->n_outputs; i++) {
        if (nescio_graph_owns(home, graph->outputs[i]))
            counts[graph->outputs[i]->id]++;
    }
}

void nescio_graph_count_uses(const nescio_graph *graph, uint32_t *counts)
{
    if (graph->n_values > 0)
        memset(counts, 0, graph->n_values * sizeof *counts);
    count_in(graph, graph, counts);
}

void nescio_graph_drop_unused(nescio_graph *graph, const uint32_t *counts)
{
    size_t n = 0;

    for (size_t i = 0; i < graph->n_values; i++) {
        nescio_value *const value = graph->values[i];

        if (counts[i] == 0 && !value->is_input && !value->producer)
            continue;
        value->id = (uint32_t)n;
        graph->values[n++] = value;
    }
    graph->n_values = n;
}

static void add_opsets(const nescio_graph *graph, nescio_opset *out, size_t *n)
{
    for (const nescio_node *node = graph->first; node; node = node->next) {
        const nescio_op_info *const op = nescio_op_get(node->op);
        size_t i = 0;

        while (i < *n && strcmp(out[i].domain, op->domain) != 0)
            i++;
        assert(i < NESCIO_OPSETS_MAX);
        if (i == *n)
            out[(*n)++] = (nescio_opset){op->domain, op->version};
        if (out[i].version < op->version)
            out[i].version = op->version;
        for (uint32_t k = 0; k < node->n_attrs; k++) {
            if (node->attrs[k].kind == NESCIO_ATTR_GRAPH)
                add_opsets(node->attrs[k].g, out, n);
        }
    }
}

size_t nescio_graph_opsets(const nescio_graph *graph, nescio_opset out[NESCIO_OPSETS_MAX])
{
    size_t n = 1;

    out[0] = (nescio_opset){"", nescio_op_get(NESCIO_OP_ADD)->version};
    add_opsets(graph, out, &n);
    return n;
}
