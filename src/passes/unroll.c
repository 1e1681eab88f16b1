/* SPDX-License-Identifier: Apache-2.0
 * Control flow that is known beforehand: an If with a constant condition becomes its branch; a Loop
 * with a constant number of turns that never stops early, and a Scan over a known length, become
 * their turns one behind the other. What is collected turn by turn becomes a Concat.
 *
 * Not unrolled: what would make more nodes than the room says (the executor runs it as a loop), and
 * turns that are none but whose collected outputs need a type. Needs constants folded and shapes;
 * leaves Identity nodes where outputs were. */
#include "passes/passes_internal.h"

#include <stdlib.h>
#include <string.h>

/* A Loop or Scan on its way. Arrays are owned. */
typedef struct turns {
    nescio_rewrite *rw;
    nescio_node *node;
    const nescio_graph *body;
    uint32_t n_carried;       /* values that go from turn to turn, the first outputs of the node */
    uint32_t n_collected;     /* the other outputs */
    uint32_t first_out;       /* body output that is carried value 0 */
    int64_t n;                /* turns */
    nescio_value **carried;   /* [n_carried] */
    nescio_value **collected; /* [n_collected][n] */
    nescio_value **args;      /* [inputs of the body] */
    nescio_value **outs;      /* [outputs of the body] */
} turns;

static size_t nodes_in(const nescio_graph *graph)
{
    size_t n = 0;

    for (const nescio_node *node = graph->first; node; node = node->next) {
        n++;
        for (uint32_t i = 0; i < node->n_attrs; i++)
            n += node->attrs[i].kind == NESCIO_ATTR_GRAPH ? nodes_in(node->attrs[i].g) : 0;
    }
    return n;
}

static nescio_graph *body_of(const nescio_node *node, const char *name)
{
    const nescio_attr *const a = nescio_node_attr(node, name);

    return a && a->kind == NESCIO_ATTR_GRAPH ? a->g : NULL;
}

/* Takes the nodes that n copies of a graph make off the room; one a turn more for what is
 * collected. */
static bool has_room(nescio_rewrite *rw, const nescio_graph *graph, int64_t n)
{
    const size_t left = rw->fold_room->nodes, one = nodes_in(graph) + graph->n_outputs + 1;

    if ((uint64_t)n > left / one)
        return false;
    rw->fold_room->nodes = left - one * (size_t)n;
    return true;
}

/* Output i of the node, if it is one, is made by an Identity of `same` from now on. */
static nescio_status hand_over(nescio_rewrite *rw, nescio_node *node, uint32_t i,
                               nescio_value *same)
{
    nescio_value *const out = node->outputs[i];
    nescio_node *identity;

    if (!out)
        return NESCIO_OK;
    identity = nescio_graph_node(rw->graph, node, NESCIO_OP_IDENTITY, node->name, 1, 1);
    if (!identity)
        return nescio_rewrite_nomem(rw);
    identity->inputs[0] = same;
    node->outputs[i] = NULL;
    nescio_node_set_output(identity, 0, out);
    return NESCIO_OK;
}

/* The node has nothing left to do; copies were made behind the back of the use counts. */
static nescio_status finish(nescio_rewrite *rw, nescio_node *node)
{
    nescio_graph_remove(node);
    rw->changed = true;
    return nescio_rewrite_recount(rw);
}

static nescio_status unroll_if(nescio_rewrite *rw, nescio_node *node)
{
    const nescio_graph *branch;
    nescio_value **outs;
    double condition;
    nescio_status st;

    if (!nescio_constant_scalar(nescio_node_input(node, 0), &condition))
        return NESCIO_OK;
    branch = body_of(node, condition != 0 ? "then_branch" : "else_branch");
    if (!branch || branch->n_inputs != 0 || branch->n_outputs != node->n_outputs ||
        !has_room(rw, branch, 1))
        return NESCIO_OK;
    outs = calloc(branch->n_outputs + 1, sizeof(nescio_value *));
    if (!outs)
        return nescio_rewrite_nomem(rw);
    st = nescio_graph_splice(rw->ctx, rw->graph, node, branch, NULL, outs);
    for (uint32_t i = 0; st == NESCIO_OK && i < node->n_outputs; i++)
        st = hand_over(rw, node, i, outs[i]);
    free(outs);
    return st == NESCIO_OK ? finish(rw, node) : st;
}

/* --- turns --------------------------------------------------------------------------------------
 */

static nescio_status turns_begin(turns *t, uint32_t first_input)
{
    const uint32_t n_collected = t->node->n_outputs - t->n_carried;

    t->n_collected = n_collected;
    t->carried = calloc(t->n_carried + 1u, sizeof(nescio_value *));
    t->collected = calloc((size_t)t->n * n_collected + 1, sizeof(nescio_value *));
    t->args = calloc(t->body->n_inputs + 1, sizeof(nescio_value *));
    t->outs = calloc(t->body->n_outputs + 1, sizeof(nescio_value *));
    if (!t->carried || !t->collected || !t->args || !t->outs)
        return nescio_rewrite_nomem(t->rw);
    for (uint32_t i = 0; i < t->n_carried; i++)
        t->carried[i] = t->node->inputs[first_input + i];
    return NESCIO_OK;
}

static void turns_end(turns *t)
{
    free(t->carried);
    free(t->collected);
    free(t->args);
    free(t->outs);
}

/* One turn: args beside the carried values are in place. */
static nescio_status turn(turns *t, int64_t k, uint32_t first_arg)
{
    for (uint32_t i = 0; i < t->n_carried; i++)
        t->args[first_arg + i] = t->carried[i];
    NESCIO_TRY(nescio_graph_splice(t->rw->ctx, t->rw->graph, t->node, t->body, t->args, t->outs));
    for (uint32_t i = 0; i < t->n_carried; i++)
        t->carried[i] = t->outs[t->first_out + i];
    for (uint32_t i = 0; i < t->n_collected; i++)
        t->collected[i * t->n + k] = t->outs[t->first_out + t->n_carried + i];
    return NESCIO_OK;
}

/* Collected output i: the values of all turns along a new axis, first turn last when reversed. */
static nescio_status stack(turns *t, uint32_t i, int64_t axis, bool reversed)
{
    nescio_value **const parts = &t->collected[i * t->n];
    nescio_value *const axes = nescio_rewrite_ints(t->rw, "axes", 1, &axis);
    nescio_value **const rows = calloc((size_t)t->n, sizeof(nescio_value *));
    nescio_node *node = NULL;
    nescio_status st = NESCIO_E_NOMEM;

    for (int64_t k = 0; axes && rows && k < t->n; k++) {
        nescio_value *const inputs[] = {parts[reversed ? t->n - 1 - k : k], axes};

        node = nescio_rewrite_node(t->rw, t->node, NESCIO_OP_UNSQUEEZE, t->node->name, 2, inputs);
        if (!node)
            goto out;
        rows[k] = node->outputs[0];
    }
    if (node)
        node = nescio_rewrite_node(t->rw, t->node, NESCIO_OP_CONCAT, t->node->name, (uint32_t)t->n,
                                   rows);
    if (node && nescio_node_set_int(node, "axis", axis))
        st = hand_over(t->rw, t->node, t->n_carried + i, node->outputs[0]);
out:
    free(rows);
    return st == NESCIO_E_NOMEM ? nescio_rewrite_nomem(t->rw) : st;
}

/* axes and reversed may be NULL: 0 and false. */
static nescio_status hand_over_all(turns *t, const nescio_attr *axes, const nescio_attr *reversed)
{
    for (uint32_t i = 0; i < t->n_carried; i++)
        NESCIO_TRY(hand_over(t->rw, t->node, i, t->carried[i]));
    for (uint32_t i = 0; i < t->n_collected; i++) {
        if (!t->node->outputs[t->n_carried + i])
            continue;
        NESCIO_TRY(stack(t, i, axes && i < axes->count ? axes->ints[i] : 0,
                         reversed && i < reversed->count && reversed->ints[i] != 0));
    }
    return finish(t->rw, t->node);
}

static bool collects(const nescio_node *node, uint32_t n_carried)
{
    for (uint32_t i = n_carried; i < node->n_outputs; i++)
        if (node->outputs[i])
            return true;
    return false;
}

/* A scalar of one int64 or bool. */
static nescio_value *scalar(nescio_rewrite *rw, const char *name, nescio_dtype dtype, int64_t v)
{
    const uint8_t flag = v != 0;
    nescio_tensor t;

    if (nescio_tensor_shape(rw->ctx, &t, dtype, 0, NULL) != NESCIO_OK)
        return NULL;
    t.data = nescio_arena_alloc(rw->graph->arena, sizeof v);
    if (!t.data)
        return NULL;
    memcpy(t.data, dtype == NESCIO_BOOL ? (const void *)&flag : &v, nescio_dtype_bytes(dtype));
    return nescio_graph_constant(rw->graph, name, &t, true);
}

/* Whether the body always says that the loop should go on, once it was told so. */
static bool goes_on(const nescio_graph *body)
{
    const nescio_value *v = body->outputs[0];
    double flag;

    while (v->producer && v->producer->op == NESCIO_OP_IDENTITY)
        v = v->producer->inputs[0];
    return v == body->inputs[1] || (nescio_constant_scalar(v, &flag) && flag != 0);
}

static nescio_status unroll_loop(nescio_rewrite *rw, nescio_node *node)
{
    turns t = {.rw = rw, .node = node, .body = body_of(node, "body"), .first_out = 1};
    const nescio_value *const condition = nescio_node_input(node, 1);
    double limit = 0, flag = 1;
    nescio_status st;

    if (!t.body || node->n_inputs < 2 ||
        !nescio_constant_scalar(nescio_node_input(node, 0), &limit) ||
        (condition && !nescio_constant_scalar(condition, &flag)))
        return NESCIO_OK;
    t.n_carried = node->n_inputs - 2;
    t.n = flag == 0 || limit < 1 ? 0 : limit < INT32_MAX ? (int64_t)limit : INT32_MAX;
    if (t.body->n_inputs != node->n_inputs || t.body->n_outputs != node->n_outputs + 1u ||
        node->n_outputs < t.n_carried || (t.n == 0 && collects(node, t.n_carried)) ||
        (t.n > 1 && !goes_on(t.body)) || !has_room(rw, t.body, t.n))
        return NESCIO_OK;
    st = turns_begin(&t, 2);
    for (int64_t k = 0; st == NESCIO_OK && k < t.n; k++) {
        t.args[0] = scalar(rw, "turn", NESCIO_I64, k);
        t.args[1] = scalar(rw, "condition", NESCIO_BOOL, 1);
        st = t.args[0] && t.args[1] ? turn(&t, k, 2) : nescio_rewrite_nomem(rw);
    }
    if (st == NESCIO_OK)
        st = hand_over_all(&t, NULL, NULL);
    turns_end(&t);
    return st;
}

/* Elements that a Scan walks over, the same for all its sequences; -1: not known. */
static int64_t scan_length(const nescio_node *node, uint32_t n_states, const nescio_attr *axes)
{
    int64_t length = -1;

    for (uint32_t i = n_states; i < node->n_inputs; i++) {
        const nescio_shape *const s = node->inputs[i] ? &node->inputs[i]->shape : NULL;
        int64_t axis = axes && i - n_states < axes->count ? axes->ints[i - n_states] : 0;

        axis += s && axis < 0 ? s->rank : 0;
        if (!s || axis < 0 || axis >= s->rank || s->dims[axis] < 0 ||
            (length >= 0 && s->dims[axis] != length))
            return -1;
        length = s->dims[axis];
    }
    return length;
}

/* Element k of each sequence into args. */
static nescio_status slice_sequences(turns *t, int64_t k, const nescio_attr *axes,
                                     const nescio_attr *reversed)
{
    for (uint32_t i = t->n_carried; i < t->node->n_inputs; i++) {
        const uint32_t s = i - t->n_carried;
        const bool last_first = reversed && s < reversed->count && reversed->ints[s] != 0;
        nescio_value *const at = scalar(t->rw, "turn", NESCIO_I64, last_first ? t->n - 1 - k : k);
        nescio_value *const inputs[] = {t->node->inputs[i], at};
        nescio_node *const gather =
            at ? nescio_rewrite_node(t->rw, t->node, NESCIO_OP_GATHER, t->node->name, 2, inputs)
               : NULL;

        if (!gather ||
            !nescio_node_set_int(gather, "axis", axes && s < axes->count ? axes->ints[s] : 0))
            return nescio_rewrite_nomem(t->rw);
        t->args[i] = gather->outputs[0];
    }
    return NESCIO_OK;
}

static nescio_status unroll_scan(nescio_rewrite *rw, nescio_node *node)
{
    turns t = {.rw = rw, .node = node, .body = body_of(node, "body")};
    const nescio_attr *const axes = nescio_node_attr(node, "scan_input_axes");
    const nescio_attr *const directions = nescio_node_attr(node, "scan_input_directions");
    const int64_t n_scanned = nescio_node_int(node, "num_scan_inputs", 0);
    nescio_status st;

    if (!t.body || n_scanned < 1 || n_scanned > (int64_t)node->n_inputs)
        return NESCIO_OK;
    t.n_carried = node->n_inputs - (uint32_t)n_scanned;
    t.n = scan_length(node, t.n_carried, axes);
    if (t.body->n_inputs != node->n_inputs || t.body->n_outputs != node->n_outputs ||
        node->n_outputs < t.n_carried || t.n < 1 || !has_room(rw, t.body, t.n))
        return NESCIO_OK;
    st = turns_begin(&t, 0);
    for (int64_t k = 0; st == NESCIO_OK && k < t.n; k++) {
        st = slice_sequences(&t, k, axes, directions);
        if (st == NESCIO_OK)
            st = turn(&t, k, 0);
    }
    if (st == NESCIO_OK)
        st = hand_over_all(&t, nescio_node_attr(node, "scan_output_axes"),
                           nescio_node_attr(node, "scan_output_directions"));
    turns_end(&t);
    return st;
}

nescio_status nescio_pass_unroll(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        next = node->next;
        if (node->op == NESCIO_OP_IF)
            NESCIO_TRY(unroll_if(rw, node));
        else if (node->op == NESCIO_OP_LOOP)
            NESCIO_TRY(unroll_loop(rw, node));
        else if (node->op == NESCIO_OP_SCAN)
            NESCIO_TRY(unroll_scan(rw, node));
    }
    return NESCIO_OK;
}
