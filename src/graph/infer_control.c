/* SPDX-License-Identifier: Apache-2.0
 * Inference of If, Loop, Scan: dtypes and shapes flow into the bodies and out again.
 *
 * What a loop carries may change shape from turn to turn. The first guess is the shape it starts
 * with; where the body gives back another, both are relaxed to what they share and the body is
 * inferred anew. Two relaxations at most, then nothing is assumed; deep nests assume nothing at
 * once (each level multiplies the work). */
#include "graph/infer_internal.h"

#include <stdio.h>
#include <string.h>

#define GUESS_DEPTH 4

static const nescio_attr *body_of(const nescio_node *node, const char *name)
{
    const nescio_attr *const a = nescio_node_attr(node, name);

    return a && a->kind == NESCIO_ATTR_GRAPH ? a : NULL;
}

static nescio_status infer_if(nescio_ctx *ctx, nescio_node *node)
{
    const nescio_attr *const yes = body_of(node, "then_branch"), *const no =
                                                                     body_of(node, "else_branch");

    if (!yes || !no || yes->g->n_outputs != node->n_outputs || no->g->n_outputs != node->n_outputs)
        return nescio_infer_fail(ctx, node, "needs two branches with %u outputs each",
                                 node->n_outputs);
    if (yes->g->n_inputs != 0 || no->g->n_inputs != 0)
        return nescio_infer_fail(ctx, node, "its branches must have no inputs");
    NESCIO_TRY(nescio_infer_body(ctx, yes->g));
    NESCIO_TRY(nescio_infer_body(ctx, no->g));
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const nescio_value *const a = yes->g->outputs[i], *const b = no->g->outputs[i];
        nescio_shape shape = a->shape;

        if (a->dtype != b->dtype && a->dtype != NESCIO_DTYPE_NONE && b->dtype != NESCIO_DTYPE_NONE)
            return nescio_infer_fail(ctx, node, "its branches give %s and %s",
                                     nescio_dtype_name(a->dtype), nescio_dtype_name(b->dtype));
        nescio_shape_relax(&shape, &b->shape);
        NESCIO_TRY(nescio_infer_output(ctx, node, i, a->dtype ? a->dtype : b->dtype, &shape));
    }
    return NESCIO_OK;
}

static int depth_of(const nescio_graph *graph)
{
    int depth = 0;

    for (; graph->parent; graph = graph->parent)
        depth++;
    return depth;
}

static bool same_shape(const nescio_shape *a, const nescio_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int d = 0; d < a->rank; d++) {
        const char *const p = a->symbol[d], *const q = b->symbol[d];

        if (a->dims[d] != b->dims[d] || !p != !q || (p && strcmp(p, q) != 0))
            return false; /* a dim of another name is another size */
    }
    return true;
}

/* Inputs [first, first + n) of the body carry `start[i]` in and body output first_out + i back. */
static nescio_status settle_carried(nescio_ctx *ctx, const nescio_node *node, nescio_graph *body,
                                    size_t first, size_t first_out, nescio_value *const *start,
                                    size_t n)
{
    const int guesses = depth_of(body) > GUESS_DEPTH ? 0 : 2;

    for (size_t i = 0; i < n; i++) {
        body->inputs[first + i]->dtype = start[i] ? start[i]->dtype : NESCIO_DTYPE_NONE;
        body->inputs[first + i]->shape =
            guesses && start[i] ? start[i]->shape : nescio_shape_unknown;
    }
    for (int turn = 1;; turn++) {
        bool stable = true;

        nescio_infer_forget(body);
        NESCIO_TRY(nescio_infer_body(ctx, body));
        for (size_t i = 0; i < n; i++) {
            nescio_value *const in = body->inputs[first + i];
            const nescio_value *const back = body->outputs[first_out + i];
            nescio_shape shape = in->shape;

            if (back->dtype != in->dtype && back->dtype != NESCIO_DTYPE_NONE &&
                in->dtype != NESCIO_DTYPE_NONE)
                return nescio_infer_fail(ctx, node, "carries '%s' in as %s and back as %s",
                                         in->name, nescio_dtype_name(in->dtype),
                                         nescio_dtype_name(back->dtype));
            nescio_shape_relax(&shape, &back->shape);
            stable = stable && same_shape(&shape, &in->shape);
            in->shape = shape;
        }
        if (stable)
            return NESCIO_OK;
        for (size_t i = 0; i < n && turn >= guesses; i++)
            body->inputs[first + i]->shape = nescio_shape_unknown;
    }
}

/* An output collected turn by turn: a new axis of `length` at `axis`. */
static nescio_status stack_output(nescio_ctx *ctx, const nescio_node *node, size_t i,
                                  const nescio_value *part, int64_t axis, int64_t length)
{
    nescio_shape out;

    if (part->shape.rank == NESCIO_RANK_UNKNOWN)
        return nescio_infer_output(ctx, node, i, part->dtype, &nescio_shape_unknown);
    if (part->shape.rank + 1 > NESCIO_RANK_MAX)
        return nescio_infer_fail(ctx, node, "collects a tensor of rank %d", part->shape.rank + 1);
    out = nescio_shape_of_rank(part->shape.rank + 1);
    NESCIO_TRY(nescio_infer_axis(ctx, node, out.rank, &axis));
    for (int d = 0; d < part->shape.rank; d++)
        nescio_shape_take(&out, d < axis ? d : d + 1, &part->shape, d);
    nescio_shape_set(&out, (int)axis, length);
    return nescio_infer_output(ctx, node, i, part->dtype, &out);
}

/* Loop(trips?, condition?, carried...) with body(turn, condition, carried...) -> (condition,
 * carried..., collected...). */
static nescio_status infer_loop(nescio_ctx *ctx, nescio_node *node)
{
    const nescio_attr *const attr = body_of(node, "body");
    const size_t n_carried = node->n_inputs >= 2 ? node->n_inputs - 2 : 0;
    nescio_graph *body;

    if (!attr || attr->g->n_inputs != n_carried + 2 || attr->g->n_outputs != node->n_outputs + 1 ||
        node->n_outputs < n_carried)
        return nescio_infer_fail(ctx, node, "its body does not fit its inputs and outputs");
    body = attr->g;
    body->inputs[0]->dtype = NESCIO_I64;
    body->inputs[0]->shape = nescio_shape_scalar;
    body->inputs[1]->dtype = NESCIO_BOOL;
    body->inputs[1]->shape = nescio_shape_scalar;
    NESCIO_TRY(settle_carried(ctx, node, body, 2, 1, node->inputs + 2, n_carried));
    for (size_t i = 0; i < n_carried; i++) {
        const nescio_value *const back = body->outputs[1 + i];
        nescio_shape shape = back->shape;

        nescio_shape_relax(&shape, &body->inputs[2 + i]->shape); /* no turn at all: as it came */
        NESCIO_TRY(nescio_infer_output(
            ctx, node, i, body->inputs[2 + i]->dtype ? body->inputs[2 + i]->dtype : back->dtype,
            &shape));
    }
    for (size_t i = n_carried; i < node->n_outputs; i++)
        NESCIO_TRY(stack_output(ctx, node, i, body->outputs[1 + i], 0, NESCIO_DIM_UNKNOWN));
    return NESCIO_OK;
}

static int64_t list_at(const nescio_node *node, const char *name, size_t i)
{
    const nescio_attr *const a = nescio_node_attr(node, name);

    return a && a->kind == NESCIO_ATTR_INTS && i < a->count ? a->ints[i] : 0;
}

/* Scan(state..., sequences...) with body(state..., elements...) -> (state..., collected...). */
static nescio_status infer_scan(nescio_ctx *ctx, nescio_node *node)
{
    const nescio_attr *const attr = body_of(node, "body");
    const int64_t n_scanned = nescio_node_int(node, "num_scan_inputs", 0);
    const size_t n_state =
        node->n_inputs -
        (size_t)(n_scanned > 0 && n_scanned <= (int64_t)node->n_inputs ? n_scanned : 0);
    int64_t length = NESCIO_DIM_UNKNOWN;
    nescio_graph *body;

    if (!attr || n_scanned < 1 || n_scanned > (int64_t)node->n_inputs ||
        attr->g->n_inputs != node->n_inputs || attr->g->n_outputs != node->n_outputs ||
        node->n_outputs < n_state)
        return nescio_infer_fail(ctx, node, "its body does not fit its inputs and outputs");
    body = attr->g;
    for (size_t i = n_state; i < node->n_inputs; i++) {
        const nescio_shape *const x = nescio_infer_shape(node, i);
        int64_t axis = list_at(node, "scan_input_axes", i - n_state);
        nescio_shape part = {0};

        body->inputs[i]->dtype = nescio_infer_dtype(node, i);
        body->inputs[i]->shape = nescio_shape_unknown;
        if (x->rank == NESCIO_RANK_UNKNOWN)
            continue;
        NESCIO_TRY(nescio_infer_axis(ctx, node, x->rank, &axis));
        if (length >= 0 && x->dims[axis] >= 0 && length != x->dims[axis])
            return nescio_infer_fail(ctx, node, "its sequences have %lld and %lld elements",
                                     (long long)length, (long long)x->dims[axis]);
        length = x->dims[axis] >= 0 ? x->dims[axis] : length;
        for (int d = 0; d < x->rank; d++) {
            if (d != axis)
                nescio_shape_take(&part, part.rank++, x, d);
        }
        body->inputs[i]->shape = part;
    }
    NESCIO_TRY(settle_carried(ctx, node, body, 0, 0, node->inputs, n_state));
    for (size_t i = 0; i < n_state; i++)
        NESCIO_TRY(
            nescio_infer_output(ctx, node, i, body->inputs[i]->dtype, &body->inputs[i]->shape));
    for (size_t i = n_state; i < node->n_outputs; i++)
        NESCIO_TRY(stack_output(ctx, node, i, body->outputs[i],
                                list_at(node, "scan_output_axes", i - n_state), length));
    return NESCIO_OK;
}

nescio_status nescio_infer_control(nescio_ctx *ctx, nescio_node *node)
{
    switch (node->op) {
    case NESCIO_OP_IF: return infer_if(ctx, node);
    case NESCIO_OP_LOOP: return infer_loop(ctx, node);
    default: return infer_scan(ctx, node);
    }
}

/* X [seq, batch, features], Y [seq, dirs, batch, hidden], Y_h and Y_c [dirs, batch, hidden]; with
 * layout=1 the batch axis comes first: [batch, seq, features], [batch, seq, dirs, hidden], [batch,
 * dirs, hidden]. */
nescio_status nescio_infer_recurrent(nescio_ctx *ctx, nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0), *const r =
                                                                   nescio_infer_shape(node, 2);
    const bool batch_first = nescio_node_int(node, "layout", 0) != 0;
    const bool both =
        strcmp(nescio_node_string(node, "direction", "forward"), "bidirectional") == 0;
    const nescio_dtype dtype = nescio_infer_dtype(node, 0);
    const int64_t asked = nescio_node_int(node, "hidden_size", 0);
    nescio_shape all = nescio_shape_of_rank(4), last = nescio_shape_of_rank(3);

    if ((x->rank != NESCIO_RANK_UNKNOWN && x->rank != 3) ||
        (r->rank != NESCIO_RANK_UNKNOWN && r->rank != 3))
        return nescio_infer_fail(ctx, node, "X and R must have rank 3");
    if (x->rank == 3) {
        nescio_shape_take(&all, 0, x, 0);
        nescio_shape_take(&all, batch_first ? 1 : 2, x, 1);
        nescio_shape_take(&last, batch_first ? 0 : 1, x, batch_first ? 0 : 1);
    }
    nescio_shape_set(&all, batch_first ? 2 : 1, both ? 2 : 1);
    nescio_shape_set(&last, batch_first ? 1 : 0, both ? 2 : 1);
    if (r->rank == 3 || asked > 0) {
        const int64_t hidden = asked > 0 ? asked : r->dims[2];

        if (asked > 0 && r->rank == 3 && r->dims[2] >= 0 && r->dims[2] != asked)
            return nescio_infer_fail(ctx, node, "hidden_size is %lld, but R has %lld columns",
                                     (long long)asked, (long long)r->dims[2]);
        nescio_shape_set(&all, 3, hidden);
        nescio_shape_set(&last, 2, hidden);
    }
    NESCIO_TRY(nescio_infer_output(ctx, node, 0, dtype, &all));
    NESCIO_TRY(nescio_infer_output(ctx, node, 1, dtype, &last));
    return nescio_infer_output(ctx, node, 2, dtype, &last);
}
