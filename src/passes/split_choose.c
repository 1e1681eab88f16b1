/* SPDX-License-Identifier: Apache-2.0
 * Which node goes to the head, the body, the tail.
 *
 * Head: the largest set at the start whose nodes have a role in the clear. Tail: the largest such
 * set at the end, that needs nothing of inputs or head; then sums and selections return to the
 * body, with what is above them, where fewer values are returned for it: what shrinks an answer
 * for nothing is the server's. A model that is all head and tail has nothing to encrypt. */
#include "passes/passes_internal.h"

#include "passes/split_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct chooser {
    const nescio_graph *graph;
    nescio_part *parts;
    nescio_node **nodes; /* [n_nodes] in order */
    nescio_role *roles;  /* [n_nodes] */
    size_t n_nodes;
    size_t *maker; /* by value id: index of the node that makes it; n_nodes: an input */
    bool *mark;    /* by value id: scratch */
    bool *moving;  /* by node: scratch */
} chooser;

/* A value of this graph that is computed or given, not constant. */
static bool matters(const chooser *c, const nescio_value *value)
{
    return value && value->id < c->graph->n_values && c->graph->values[value->id] == value &&
           !value->constant;
}

/* Calls visit for every such value that a node uses, through its bodies too. */
typedef void (*visit_fn)(chooser *c, const nescio_value *value, void *user);

static void visit_uses(chooser *c, const nescio_node *node, visit_fn visit, void *user)
{
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (matters(c, node->inputs[i]))
            visit(c, node->inputs[i], user);
    }
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        const nescio_graph *const body =
            node->attrs[i].kind == NESCIO_ATTR_GRAPH ? node->attrs[i].g : NULL;

        for (const nescio_node *inner = body ? body->first : NULL; inner; inner = inner->next)
            visit_uses(c, inner, visit, user);
        for (size_t k = 0; body && k < body->n_outputs; k++) {
            if (matters(c, body->outputs[k]))
                visit(c, body->outputs[k], user);
        }
    }
}

static void mark_value(chooser *c, const nescio_value *value, void *user)
{
    (void)user;
    c->mark[value->id] = true;
}

static void unless_head(chooser *c, const nescio_value *value, void *user)
{
    const size_t maker = c->maker[value->id];

    if (maker < c->n_nodes && c->parts[maker] != NESCIO_PART_HEAD)
        *(bool *)user = false;
}

static void if_head(chooser *c, const nescio_value *value, void *user)
{
    const size_t maker = c->maker[value->id];

    if (maker == c->n_nodes || c->parts[maker] == NESCIO_PART_HEAD)
        *(bool *)user = true;
}

static void choose_head(chooser *c)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        bool head = c->roles[i] != NESCIO_ROLE_BODY && nescio_split_heads(c->nodes[i]);

        c->parts[i] = NESCIO_PART_BODY;
        visit_uses(c, c->nodes[i], unless_head, &head);
        if (head)
            c->parts[i] = NESCIO_PART_HEAD;
    }
}

static bool makes_marked(const chooser *c, const nescio_node *node)
{
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        if (node->outputs[i] && c->mark[node->outputs[i]->id])
            return true;
    }
    return false;
}

/* mark: values that the body (or head) uses. */
static void choose_tail(chooser *c)
{
    memset(c->mark, 0, c->graph->n_values * sizeof *c->mark);
    for (size_t i = c->n_nodes; i-- > 0;) {
        if (c->parts[i] == NESCIO_PART_BODY && c->roles[i] != NESCIO_ROLE_BODY &&
            !makes_marked(c, c->nodes[i]))
            c->parts[i] = NESCIO_PART_TAIL;
        else
            visit_uses(c, c->nodes[i], mark_value, NULL);
    }
}

/* moving: node `at` and every node of the tail that it needs. *plain: none of them is of the kind
 * that only a client should compute; *linear: nor nonlinear. */
static void collect_above(chooser *c, size_t at, bool *plain, bool *linear)
{
    memset(c->mark, 0, c->graph->n_values * sizeof *c->mark);
    memset(c->moving, 0, c->n_nodes * sizeof *c->moving);
    *plain = *linear = true;
    for (size_t i = at + 1; i-- > 0;) {
        if (i != at && !(c->parts[i] == NESCIO_PART_TAIL && makes_marked(c, c->nodes[i])))
            continue;
        c->moving[i] = true;
        visit_uses(c, c->nodes[i], mark_value, NULL);
        *plain &= c->roles[i] != NESCIO_ROLE_CLIENT;
        *linear &= c->roles[i] == NESCIO_ROLE_MOVE || c->roles[i] == NESCIO_ROLE_SUM ||
                   c->nodes[i]->op == NESCIO_OP_ADD || c->nodes[i]->op == NESCIO_OP_SUB ||
                   c->nodes[i]->op == NESCIO_OP_NEG || c->nodes[i]->op == NESCIO_OP_SUM ||
                   c->nodes[i]->op == NESCIO_OP_MEAN;
    }
}

static void move_to_body(chooser *c)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        if (c->moving[i])
            c->parts[i] = NESCIO_PART_BODY;
    }
}

/* Tail nodes that need an input or a value of the head go back to the body. */
static void free_tail_of_head(chooser *c)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        bool needs_head = false, plain, linear;

        if (c->parts[i] != NESCIO_PART_TAIL)
            continue;
        visit_uses(c, c->nodes[i], if_head, &needs_head);
        if (needs_head) {
            collect_above(c, i, &plain, &linear);
            move_to_body(c);
        }
    }
}

/* Elements a row that the server returns if the nodes `moving` are its own; -1: unknown. */
static int64_t count_returned(chooser *c)
{
    int64_t total = 0;

    memset(c->mark, 0, c->graph->n_values * sizeof *c->mark);
    for (size_t i = 0; i < c->n_nodes; i++) {
        if (c->parts[i] == NESCIO_PART_TAIL && !c->moving[i])
            visit_uses(c, c->nodes[i], mark_value, NULL);
    }
    for (size_t i = 0; i < c->graph->n_outputs; i++)
        c->mark[c->graph->outputs[i]->id] = true;
    for (size_t id = 0; id < c->graph->n_values; id++) {
        const size_t maker = c->maker[id];
        int64_t count;

        if (!c->mark[id] || maker >= c->n_nodes ||
            (c->parts[maker] == NESCIO_PART_TAIL && !c->moving[maker]))
            continue;
        count = nescio_shape_row_count(&c->graph->values[id]->shape);
        if (count < 0 || __builtin_add_overflow(total, count, &total))
            return -1;
    }
    return total;
}

static bool is_sum(const chooser *c, size_t i)
{
    const nescio_op op = c->nodes[i]->op;

    return c->roles[i] == NESCIO_ROLE_SUM || op == NESCIO_OP_ADD || op == NESCIO_OP_SUB ||
           op == NESCIO_OP_SUM || op == NESCIO_OP_MEAN;
}

/* A sum may pull the tables above it into the body, a selection only what is linear. */
static bool give_back(chooser *c, size_t i)
{
    int64_t before, after;
    bool plain, linear;

    if (c->parts[i] != NESCIO_PART_TAIL || (!is_sum(c, i) && c->roles[i] != NESCIO_ROLE_MOVE))
        return false;
    memset(c->moving, 0, c->n_nodes * sizeof *c->moving);
    before = count_returned(c);
    collect_above(c, i, &plain, &linear);
    if (!plain || !(linear || is_sum(c, i)))
        return false;
    after = count_returned(c);
    if (before < 0 || after < 0 || after >= before)
        return false;
    move_to_body(c);
    return true;
}

/* A value of the head that the model's caller wants would have to pass through the body; the node
 * that makes it and those that use it are the body's. */
static void free_head_of_outputs(chooser *c)
{
    for (size_t i = 0; i < c->graph->n_outputs; i++) {
        const nescio_value *const out = c->graph->outputs[i];

        if (matters(c, out) && c->maker[out->id] < c->n_nodes &&
            c->parts[c->maker[out->id]] == NESCIO_PART_HEAD)
            c->parts[c->maker[out->id]] = NESCIO_PART_BODY;
    }
    for (size_t i = 0; i < c->n_nodes; i++) {
        bool head = true;

        visit_uses(c, c->nodes[i], unless_head, &head);
        if (c->parts[i] == NESCIO_PART_HEAD && !head)
            c->parts[i] = NESCIO_PART_BODY;
    }
}

static bool has_body(const chooser *c)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        if (c->parts[i] == NESCIO_PART_BODY)
            return true;
    }
    return false;
}

static nescio_status choose(nescio_ctx *ctx, chooser *c)
{
    bool again = true;

    choose_head(c);
    choose_tail(c);
    if (!has_body(c))
        return nescio_fail(ctx, NESCIO_E_UNSUPPORTED,
                           "graph '%s': nothing to encrypt: all its operators are preprocessing or "
                           "postprocessing, which the client runs in the clear",
                           c->graph->name);
    free_head_of_outputs(c);
    free_tail_of_head(c);
    while (again) { /* each round moves nodes out of the tail for good */
        again = false;
        for (size_t i = 0; i < c->n_nodes; i++)
            again |= give_back(c, i);
    }
    return NESCIO_OK;
}

nescio_status nescio_split_choose(nescio_ctx *ctx, const nescio_graph *graph, nescio_part *parts)
{
    chooser c = {.graph = graph, .parts = parts};
    nescio_status st;
    size_t at = 0;

    for (nescio_node *node = graph->first; node; node = node->next)
        c.n_nodes++;
    c.nodes = calloc(c.n_nodes + 1, sizeof *c.nodes);
    c.roles = calloc(c.n_nodes + 1, sizeof *c.roles);
    c.moving = calloc(c.n_nodes + 1, sizeof *c.moving);
    c.maker = calloc(graph->n_values + 1, sizeof *c.maker);
    c.mark = calloc(graph->n_values + 1, sizeof *c.mark);
    if (!c.nodes || !c.roles || !c.moving || !c.maker || !c.mark) {
        st = nescio_fail_nomem(ctx, c.n_nodes + graph->n_values);
        goto out;
    }
    for (size_t id = 0; id < graph->n_values; id++)
        c.maker[id] = c.n_nodes;
    for (nescio_node *node = graph->first; node; node = node->next, at++) {
        c.nodes[at] = node;
        c.roles[at] = nescio_split_role(node);
        for (uint32_t i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i])
                c.maker[node->outputs[i]->id] = at;
        }
    }
    st = choose(ctx, &c);
out:
    free(c.nodes);
    free(c.roles);
    free(c.moving);
    free(c.maker);
    free(c.mark);
    return st;
}
