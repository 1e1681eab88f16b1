/* SPDX-License-Identifier: Apache-2.0
 * Cutting a graph in three. Each part starts as a copy that shares the constants; foreign nodes go,
 * the values at the cut become its inputs and outputs, and what is then of use is copied for good.
 */
#include "passes/split_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct cutter {
    nescio_ctx *ctx;
    const nescio_graph *graph;
    nescio_part *parts;  /* by position in the node list */
    nescio_part *made;   /* by value id: the part that makes it; HEAD for inputs */
    bool *needed_beyond; /* by value id: used by a later part than the one that makes it */
    bool *needed_tail;   /* by value id: used by the tail or by the model's caller */
} cutter;

static bool crosses(const nescio_graph *graph, const nescio_value *value)
{
    return value->id < graph->n_values && graph->values[value->id] == value && !value->constant;
}

/* Uses of outer values by a body belong to the node that has the body. */
static void note_uses(cutter *c, const nescio_graph *inner, nescio_part part);

static void note_use(cutter *c, const nescio_value *value, nescio_part part)
{
    if (!value || !crosses(c->graph, value))
        return;
    if (c->made[value->id] != part)
        c->needed_beyond[value->id] = true;
    if (part == NESCIO_PART_TAIL)
        c->needed_tail[value->id] = true;
}

static void note_node(cutter *c, const nescio_node *node, nescio_part part)
{
    for (uint32_t i = 0; i < node->n_inputs; i++)
        note_use(c, node->inputs[i], part);
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        if (node->attrs[i].kind == NESCIO_ATTR_GRAPH)
            note_uses(c, node->attrs[i].g, part);
    }
}

static void note_uses(cutter *c, const nescio_graph *inner, nescio_part part)
{
    for (const nescio_node *node = inner->first; node; node = node->next)
        note_node(c, node, part);
    for (size_t i = 0; i < inner->n_outputs; i++)
        note_use(c, inner->outputs[i], part);
}

/* What each part makes, and who needs it. */
static void note_cut(cutter *c)
{
    size_t i_node = 0;

    for (const nescio_node *node = c->graph->first; node; node = node->next, i_node++) {
        for (uint32_t i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i])
                c->made[node->outputs[i]->id] = c->parts[i_node];
        }
    }
    i_node = 0;
    for (const nescio_node *node = c->graph->first; node; node = node->next)
        note_node(c, node, c->parts[i_node++]);
    for (size_t i = 0; i < c->graph->n_outputs; i++)
        note_use(c, c->graph->outputs[i], NESCIO_PART_TAIL);
}

/* Whether the value is handed over at the first cut (head | body) or at the second. */
static bool at_cut(const cutter *c, const nescio_value *value, nescio_part after)
{
    if (!crosses(c->graph, value))
        return false;
    if (after == NESCIO_PART_BODY)
        return c->made[value->id] == NESCIO_PART_HEAD && c->needed_beyond[value->id];
    return c->made[value->id] != NESCIO_PART_TAIL && c->needed_tail[value->id];
}

static nescio_status drop_foreign_nodes(const cutter *c, nescio_graph *copy, nescio_part part)
{
    size_t i_node = 0;
    nescio_node *next;

    for (nescio_node *node = copy->first; node; node = next) {
        next = node->next;
        if (c->parts[i_node++] != part)
            nescio_graph_remove(node);
    }
    return NESCIO_OK;
}

/* The values at a cut, in the order of the values of the graph, as inputs or outputs of the copy.
 */
static nescio_status set_border(const cutter *c, nescio_graph *copy, nescio_part after, bool inputs)
{
    size_t *const count = inputs ? &copy->n_inputs : &copy->n_outputs;

    for (size_t i = 0; inputs && i < copy->n_inputs; i++)
        copy->inputs[i]->is_input = false;
    *count = 0;
    for (size_t i = 0; i < c->graph->n_values; i++) {
        nescio_value *value;
        nescio_status st;

        if (!at_cut(c, c->graph->values[i], after))
            continue;
        value = nescio_graph_find(copy, c->graph->values[i]->name);
        assert(value);
        st = inputs ? nescio_graph_add_input(copy, value) : nescio_graph_add_output(copy, value);
        if (st != NESCIO_OK)
            return nescio_fail_nomem(c->ctx, sizeof value);
    }
    return NESCIO_OK;
}

/* Constants that the part does not use would be copied with it: weights into the client's part. */
static nescio_status forget_unused_constants(const cutter *c, nescio_graph *copy)
{
    uint32_t *const uses = calloc(copy->n_values + 1, sizeof *uses);

    if (!uses)
        return nescio_fail_nomem(c->ctx, copy->n_values * sizeof *uses);
    nescio_graph_count_uses(copy, uses);
    for (size_t i = 0; i < copy->n_values; i++) {
        if (uses[i] == 0)
            copy->values[i]->constant = NULL;
    }
    free(uses);
    return NESCIO_OK;
}

static nescio_status cut_part(const cutter *c, nescio_part part, nescio_graph **out)
{
    nescio_graph *sketch = NULL;
    nescio_status st;

    *out = NULL;
    NESCIO_TRY(nescio_graph_copy(c->ctx, c->graph, true, &sketch));
    st = drop_foreign_nodes(c, sketch, part);
    if (st == NESCIO_OK && part != NESCIO_PART_HEAD)
        st = set_border(c, sketch, part, true);
    if (st == NESCIO_OK && part != NESCIO_PART_TAIL)
        st = set_border(c, sketch, part == NESCIO_PART_HEAD ? NESCIO_PART_BODY : NESCIO_PART_TAIL,
                        false);
    if (st == NESCIO_OK)
        st = forget_unused_constants(c, sketch);
    if (st == NESCIO_OK)
        st = nescio_graph_copy(c->ctx, sketch, false, out);
    nescio_graph_free(sketch);
    if (st == NESCIO_OK)
        st = nescio_graph_infer(c->ctx, *out);
    return st == NESCIO_OK ? nescio_graph_verify(c->ctx, *out) : st;
}

static nescio_status check_rows(nescio_ctx *ctx, const nescio_graph *graph)
{
    for (size_t i = 0; i < graph->n_inputs; i++) {
        if (graph->inputs[i]->shape.rank == 0)
            return nescio_fail(
                ctx, NESCIO_E_UNSUPPORTED,
                "input '%s' is a single number; inputs need rows on their first axis",
                graph->inputs[i]->name);
    }
    return NESCIO_OK;
}

static size_t count_nodes(const nescio_graph *graph)
{
    size_t n = 0;

    for (const nescio_node *node = graph->first; node; node = node->next)
        n++;
    return n;
}

nescio_status nescio_passes_split(nescio_ctx *ctx, const nescio_graph *graph,
                                  nescio_graph_split *out)
{
    const size_t n = graph->n_values + 1;
    cutter c = {.ctx = ctx, .graph = graph};
    nescio_status st = NESCIO_E_NOMEM;

    *out = (nescio_graph_split){0};
    NESCIO_TRY(check_rows(ctx, graph));
    c.parts = calloc(count_nodes(graph) + 1, sizeof *c.parts);
    c.made = calloc(n, sizeof *c.made);
    c.needed_beyond = calloc(n, 1);
    c.needed_tail = calloc(n, 1);
    if (!c.parts || !c.made || !c.needed_beyond || !c.needed_tail) {
        st = nescio_fail_nomem(ctx, n);
        goto out;
    }
    st = nescio_split_choose(ctx, graph, c.parts);
    if (st != NESCIO_OK)
        goto out;
    note_cut(&c);
    st = cut_part(&c, NESCIO_PART_HEAD, &out->head);
    if (st == NESCIO_OK)
        st = cut_part(&c, NESCIO_PART_BODY, &out->body);
    if (st == NESCIO_OK)
        st = cut_part(&c, NESCIO_PART_TAIL, &out->tail);
    if (st != NESCIO_OK)
        nescio_graph_split_free(out);
out:
    free(c.parts);
    free(c.made);
    free(c.needed_beyond);
    free(c.needed_tail);
    return st;
}

void nescio_graph_split_free(nescio_graph_split *split)
{
    nescio_graph_free(split->head);
    nescio_graph_free(split->body);
    nescio_graph_free(split->tail);
    *split = (nescio_graph_split){0};
}
