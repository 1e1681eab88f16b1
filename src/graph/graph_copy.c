/* SPDX-License-Identifier: Apache-2.0
 * Copying nodes: a whole graph into an arena of its own, or a body into the graph around it.
 *
 * A map from old to new values follows the nesting: each level of subgraph copied has one, linked
 * to that of the level around it. A value of no level (a body uses what lies outside of all that is
 * copied) stays itself. */
#include "graph/graph.h"

#include "graph/graph_internal.h"

#include <assert.h>
#include <string.h>

typedef struct value_map {
    const struct value_map *outer;
    const nescio_graph *from;
    nescio_value **to; /* by id in `from`; NULL: not copied (yet) */
} value_map;

typedef struct copier {
    nescio_ctx *ctx;
    nescio_arena *arena;
    bool borrow;
} copier;

static nescio_status copy_body(const copier *c, const value_map *outer, const nescio_graph *from,
                               nescio_graph *to);

static nescio_value *mapped(const value_map *map, nescio_value *value)
{
    for (; map; map = map->outer) {
        if (nescio_graph_owns(map->from, value))
            return map->to[value->id];
    }
    return value;
}

static nescio_status no_memory(const copier *c)
{
    return nescio_fail_nomem(c->ctx, sizeof(nescio_value));
}

/* Symbols point into the old arena. */
static bool copy_symbols(const copier *c, nescio_shape *shape)
{
    for (int d = 0; d < shape->rank; d++) {
        if (shape->symbol[d]) {
            shape->symbol[d] = nescio_arena_strdup(c->arena, shape->symbol[d]);
            if (!shape->symbol[d])
                return false;
        }
    }
    return true;
}

static nescio_value *copy_value(const copier *c, nescio_graph *to, const nescio_value *value)
{
    nescio_value *copy = nescio_graph_value(to, value->name, value->dtype, &value->shape);

    if (!copy || !copy_symbols(c, &copy->shape))
        return NULL;
    copy->shape_is_claim = value->shape_is_claim;
    if (value->constant) {
        copy->constant = nescio_graph_keep_tensor(c->arena, value->constant, c->borrow);
        if (!copy->constant)
            return NULL;
    }
    if (value->content) {
        nescio_content *content = nescio_arena_alloc(c->arena, sizeof *content);

        if (!content)
            return NULL;
        *content = *value->content;
        for (int i = 0; i < content->count; i++) {
            if (content->symbol[i]) {
                content->symbol[i] = nescio_arena_strdup(c->arena, content->symbol[i]);
                if (!content->symbol[i])
                    return NULL;
            }
        }
        copy->content = content;
    }
    return copy;
}

static nescio_status copy_attr(const copier *c, const value_map *map, nescio_node *node,
                               const nescio_attr *attr)
{
    const nescio_attr *made = NULL;
    nescio_graph *body = NULL;

    switch (attr->kind) {
    case NESCIO_ATTR_INT: made = nescio_node_set_int(node, attr->name, attr->i); break;
    case NESCIO_ATTR_FLOAT: made = nescio_node_set_float(node, attr->name, attr->f); break;
    case NESCIO_ATTR_STRING: made = nescio_node_set_string(node, attr->name, attr->s); break;
    case NESCIO_ATTR_TENSOR:
        made = nescio_node_set_tensor(node, attr->name, attr->t, c->borrow);
        break;
    case NESCIO_ATTR_INTS:
        made = nescio_node_set_ints(node, attr->name, attr->ints, attr->count);
        break;
    case NESCIO_ATTR_FLOATS:
        made = nescio_node_set_floats(node, attr->name, attr->floats, attr->count);
        break;
    case NESCIO_ATTR_STRINGS:
        made = nescio_node_set_strings(node, attr->name, attr->strings, attr->count);
        break;
    case NESCIO_ATTR_GRAPH:
        NESCIO_TRY(nescio_graph_new(c->ctx, node->graph, attr->g->name, &body));
        NESCIO_TRY(copy_body(c, map, attr->g, body));
        made = nescio_node_set_graph(node, attr->name, body);
        break;
    }
    return made ? NESCIO_OK : no_memory(c);
}

static nescio_status copy_node(const copier *c, value_map *map, const nescio_node *node,
                               nescio_graph *to, nescio_node *before)
{
    nescio_node *copy =
        nescio_graph_node(to, before, node->op, node->name, node->n_inputs, node->n_outputs);

    if (!copy)
        return no_memory(c);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        copy->inputs[i] = node->inputs[i] ? mapped(map, node->inputs[i]) : NULL;
    for (uint32_t i = 0; i < node->n_attrs; i++)
        NESCIO_TRY(copy_attr(c, map, copy, &node->attrs[i]));
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        nescio_value *value;

        if (!node->outputs[i])
            continue;
        value = copy_value(c, to, node->outputs[i]);
        if (!value)
            return no_memory(c);
        nescio_node_set_output(copy, i, value);
        map->to[node->outputs[i]->id] = value;
    }
    return NESCIO_OK;
}

/* Constants and other values without producer, then the nodes; `map` has what the caller decided
 * already. */
static nescio_status copy_content(const copier *c, value_map *map, nescio_graph *to,
                                  nescio_node *before)
{
    const nescio_graph *const from = map->from;

    for (size_t i = 0; i < from->n_values; i++) {
        const nescio_value *value = from->values[i];

        if (value->producer || value->is_input || map->to[i])
            continue;
        if (value->constant) {
            map->to[i] = copy_value(c, to, value);
            if (!map->to[i])
                return no_memory(c);
        }
    }
    for (const nescio_node *node = from->first; node; node = node->next)
        NESCIO_TRY(copy_node(c, map, node, to, before));
    return NESCIO_OK;
}

static nescio_status copy_body(const copier *c, const value_map *outer, const nescio_graph *from,
                               nescio_graph *to)
{
    value_map map = {.outer = outer, .from = from};

    map.to = nescio_arena_array(c->arena, from->n_values, sizeof(nescio_value *));
    if (!map.to)
        return no_memory(c);
    for (size_t i = 0; i < from->n_inputs; i++) {
        nescio_value *input = copy_value(c, to, from->inputs[i]);

        if (!input)
            return no_memory(c);
        map.to[from->inputs[i]->id] = input;
        if (nescio_graph_add_input(to, input) != NESCIO_OK)
            return no_memory(c);
    }
    NESCIO_TRY(copy_content(c, &map, to, NULL));
    for (size_t i = 0; i < from->n_outputs; i++) {
        if (nescio_graph_add_output(to, mapped(&map, from->outputs[i])) != NESCIO_OK)
            return no_memory(c);
    }
    return NESCIO_OK;
}

nescio_status nescio_graph_copy(nescio_ctx *ctx, const nescio_graph *in, bool borrow,
                                nescio_graph **out)
{
    nescio_graph *copy = NULL;
    copier c = {.ctx = ctx, .borrow = borrow};
    nescio_status st;

    assert(!in->parent);
    *out = NULL;
    NESCIO_TRY(nescio_graph_new(ctx, NULL, in->name, &copy));
    c.arena = copy->arena;
    copy->source_bytes = in->source_bytes;
    st = copy_body(&c, NULL, in, copy);
    if (st != NESCIO_OK) {
        nescio_graph_free(copy);
        return st;
    }
    *out = copy;
    return NESCIO_OK;
}

nescio_status nescio_graph_splice(nescio_ctx *ctx, nescio_graph *graph, nescio_node *before,
                                  const nescio_graph *body, nescio_value *const *args,
                                  nescio_value **outs)
{
    const copier c = {.ctx = ctx, .arena = graph->arena, .borrow = true};
    value_map map = {.from = body};

    map.to = nescio_arena_array(graph->arena, body->n_values, sizeof(nescio_value *));
    if (!map.to)
        return no_memory(&c);
    for (size_t i = 0; i < body->n_inputs; i++)
        map.to[body->inputs[i]->id] = args[i];
    NESCIO_TRY(copy_content(&c, &map, graph, before));
    for (size_t i = 0; i < body->n_outputs; i++)
        outs[i] = mapped(&map, body->outputs[i]);
    return NESCIO_OK;
}
