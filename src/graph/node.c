/* SPDX-License-Identifier: Apache-2.0
 * Nodes, their place in the list, their attributes. */
#include "graph/graph.h"

#include "graph/graph_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void link_before(nescio_graph *graph, nescio_node *node, nescio_node *before)
{
    node->next = before;
    node->prev = before ? before->prev : graph->last;
    if (node->prev)
        node->prev->next = node;
    else
        graph->first = node;
    if (before)
        before->prev = node;
    else
        graph->last = node;
}

nescio_node *nescio_graph_node(nescio_graph *graph, nescio_node *before, nescio_op op,
                               const char *name, size_t n_inputs, size_t n_outputs)
{
    nescio_node *node = nescio_arena_alloc(graph->arena, sizeof *node);
    const size_t serial = graph->n_nodes_made++;

    if (!node || n_inputs > UINT32_MAX || n_outputs > UINT32_MAX)
        return NULL;
    node->op = op;
    node->graph = graph;
    node->n_inputs = (uint32_t)n_inputs;
    node->n_outputs = (uint32_t)n_outputs;
    node->name = name && *name
                     ? nescio_arena_strdup(graph->arena, name)
                     : nescio_arena_printf(graph->arena, "%s_%zu", nescio_op_name(op), serial);
    node->inputs = nescio_arena_array(graph->arena, n_inputs, sizeof(nescio_value *));
    node->outputs = nescio_arena_array(graph->arena, n_outputs, sizeof(nescio_value *));
    if (!node->name || !node->inputs || !node->outputs)
        return NULL;
    link_before(graph, node, before);
    return node;
}

void nescio_graph_remove(nescio_node *node)
{
    nescio_graph *const graph = node->graph;

    if (node->prev)
        node->prev->next = node->next;
    else
        graph->first = node->next;
    if (node->next)
        node->next->prev = node->prev;
    else
        graph->last = node->prev;
    node->prev = node->next = NULL;
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        if (node->outputs[i])
            node->outputs[i]->producer = NULL;
    }
}

void nescio_node_set_output(nescio_node *node, size_t i, nescio_value *value)
{
    assert(i < node->n_outputs);
    node->outputs[i] = value;
    value->producer = node;
    value->i_output = (uint32_t)i;
}

nescio_value *nescio_node_input(const nescio_node *node, size_t i)
{
    return i < node->n_inputs ? node->inputs[i] : NULL;
}

const char *nescio_node_describe(const nescio_node *node, char *buf, size_t n)
{
    (void)snprintf(buf, n, "%s '%s'", nescio_op_name(node->op), node->name);
    return buf;
}

const nescio_attr *nescio_node_attr(const nescio_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        if (strcmp(node->attrs[i].name, name) == 0)
            return &node->attrs[i];
    }
    return NULL;
}

int64_t nescio_node_int(const nescio_node *node, const char *name, int64_t otherwise)
{
    const nescio_attr *a = nescio_node_attr(node, name);

    return a && a->kind == NESCIO_ATTR_INT ? a->i : otherwise;
}

double nescio_node_float(const nescio_node *node, const char *name, double otherwise)
{
    const nescio_attr *a = nescio_node_attr(node, name);

    return a && a->kind == NESCIO_ATTR_FLOAT ? a->f : otherwise;
}

const char *nescio_node_string(const nescio_node *node, const char *name, const char *otherwise)
{
    const nescio_attr *a = nescio_node_attr(node, name);

    return a && a->kind == NESCIO_ATTR_STRING ? a->s : otherwise;
}

/* The attribute of that name, emptied, or a new one. NULL: no memory. */
static nescio_attr *fresh_attr(nescio_node *node, const char *name, nescio_attr_kind kind)
{
    nescio_arena *const arena = node->graph->arena;
    nescio_attr *attr = NULL;

    for (uint32_t i = 0; i < node->n_attrs && !attr; i++) {
        if (strcmp(node->attrs[i].name, name) == 0)
            attr = &node->attrs[i];
    }
    if (!attr) {
        const uint32_t n = node->n_attrs;

        if ((n & (n - 1)) == 0) { /* the array is full at each power of two */
            nescio_attr *longer = nescio_arena_array(arena, n ? (size_t)n * 2 : 1, sizeof *longer);

            if (!longer)
                return NULL;
            if (n > 0)
                memcpy(longer, node->attrs, n * sizeof *longer);
            node->attrs = longer;
        }
        attr = &node->attrs[n];
        attr->name = nescio_arena_strdup(arena, name);
        if (!attr->name)
            return NULL;
        node->n_attrs++;
    }
    *attr = (nescio_attr){.name = attr->name, .kind = kind, .count = 1};
    return attr;
}

nescio_attr *nescio_node_set_int(nescio_node *node, const char *name, int64_t v)
{
    nescio_attr *attr = fresh_attr(node, name, NESCIO_ATTR_INT);

    if (attr)
        attr->i = v;
    return attr;
}

nescio_attr *nescio_node_set_float(nescio_node *node, const char *name, double v)
{
    nescio_attr *attr = fresh_attr(node, name, NESCIO_ATTR_FLOAT);

    if (attr)
        attr->f = v;
    return attr;
}

nescio_attr *nescio_node_set_ints(nescio_node *node, const char *name, const int64_t *v, size_t n)
{
    int64_t *copy = nescio_arena_array(node->graph->arena, n, sizeof *copy);
    nescio_attr *attr = copy ? fresh_attr(node, name, NESCIO_ATTR_INTS) : NULL;

    if (!attr)
        return NULL;
    if (n > 0)
        memcpy(copy, v, n * sizeof *copy);
    attr->ints = copy;
    attr->count = n;
    return attr;
}

nescio_attr *nescio_node_set_floats(nescio_node *node, const char *name, const double *v, size_t n)
{
    double *copy = nescio_arena_array(node->graph->arena, n, sizeof *copy);
    nescio_attr *attr = copy ? fresh_attr(node, name, NESCIO_ATTR_FLOATS) : NULL;

    if (!attr)
        return NULL;
    if (n > 0)
        memcpy(copy, v, n * sizeof *copy);
    attr->floats = copy;
    attr->count = n;
    return attr;
}

nescio_attr *nescio_node_set_string(nescio_node *node, const char *name, const char *v)
{
    const char *copy = nescio_arena_strdup(node->graph->arena, v);
    nescio_attr *attr = copy ? fresh_attr(node, name, NESCIO_ATTR_STRING) : NULL;

    if (!attr)
        return NULL;
    attr->s = copy;
    attr->count = strlen(copy);
    return attr;
}

nescio_attr *nescio_node_set_strings(nescio_node *node, const char *name, const char *const *v,
                                     size_t n)
{
    nescio_arena *const arena = node->graph->arena;
    const char **copy = nescio_arena_array(arena, n, sizeof *copy);
    nescio_attr *attr;

    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = nescio_arena_strdup(arena, v[i]);
        if (!copy[i])
            return NULL;
    }
    attr = copy ? fresh_attr(node, name, NESCIO_ATTR_STRINGS) : NULL;
    if (!attr)
        return NULL;
    attr->strings = copy;
    attr->count = n;
    return attr;
}

nescio_attr *nescio_node_set_tensor(nescio_node *node, const char *name, const nescio_tensor *t,
                                    bool borrow)
{
    const nescio_tensor *kept = nescio_graph_keep_tensor(node->graph->arena, t, borrow);
    nescio_attr *attr = kept ? fresh_attr(node, name, NESCIO_ATTR_TENSOR) : NULL;

    if (attr)
        attr->t = kept;
    return attr;
}

nescio_attr *nescio_node_set_graph(nescio_node *node, const char *name, nescio_graph *g)
{
    nescio_attr *attr = fresh_attr(node, name, NESCIO_ATTR_GRAPH);

    assert(g->parent == node->graph);
    if (attr)
        attr->g = g;
    return attr;
}

void nescio_node_unset(nescio_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        if (strcmp(node->attrs[i].name, name) == 0) {
            /* The count may fall to a power of two, at which the next addition makes a new array.
             */
            memmove(&node->attrs[i], &node->attrs[i + 1],
                    (node->n_attrs - i - 1) * sizeof *node->attrs);
            node->n_attrs--;
            return;
        }
    }
}
