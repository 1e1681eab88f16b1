/* SPDX-License-Identifier: Apache-2.0
 * A batch of one, baked in by an exporter that was shown one row, becomes any number of rows:
 * inputs [1, ...] become [batch, ...], Reshape to [1, ...] of a tensor of rows becomes Reshape to
 * [0, ...] ("as the input has it"), and Squeeze without axes names the axes that it means. Shapes
 * are inferred anew; where that ends in a contradiction, a node computes across rows, or an answer
 * does not have the rows on its first axis (or had another number than one there), everything is
 * put back. Needs shapes, breaks no function of one row. */
#include "passes/passes_internal.h"

#include <stdlib.h>
#include <string.h>

/* What a trial changes, to be put back. */
typedef struct trial {
    nescio_rewrite *rw;
    nescio_value *saved;       /* [n_values] as they were */
    size_t n_values;           /* before the trial */
    nescio_value **old_target; /* by node position: input 1 as it was */
    bool *replaced;            /* by node position: input 1 is new */
    size_t n_nodes;
    bool rewrote;
} trial;

static bool is_one_row(const nescio_shape *shape)
{
    return shape->rank > 0 && shape->dims[0] == 1;
}

/* Reshape to [1, ...] whose input has an unknown number of rows. A full target has to be as big as
 * a row: it fits no other number of rows than one. A target with room (-1) fits any number and
 * means what it says, [n, 4] to [1, -1, 4], but where the file has room for one row only: where
 * the first axis had one element before the trial (`before`; NULL: there is none yet). */
static bool bakes_batch(const nescio_node *node, const nescio_value *before, size_t n_before)
{
    const nescio_value *const x = node->inputs[0];
    const int64_t row = nescio_shape_row_count(&x->shape);
    int64_t target[NESCIO_RANK_MAX], product = 1;
    bool open = false;
    int n;

    if (x->shape.rank < 1 || x->shape.dims[0] != NESCIO_DIM_UNKNOWN ||
        !nescio_constant_ints(nescio_node_input(node, 1), target, &n) || n < 1 || target[0] != 1)
        return false;
    for (int d = 1; d < n; d++) {
        if (target[d] == 0)
            return false;
        open |= target[d] == -1;
        if (target[d] > 0 && __builtin_mul_overflow(product, target[d], &product))
            return false;
    }
    if (row >= 0 && !open)
        return row == product;
    return (row < 0 || row % product == 0) && before && x->id < n_before &&
           is_one_row(&before[x->id].shape);
}

static nescio_status free_reshape(trial *t, nescio_node *node, size_t i_node)
{
    int64_t target[NESCIO_RANK_MAX];
    nescio_value *value;
    int n;

    if (!nescio_constant_ints(node->inputs[1], target, &n))
        return NESCIO_OK;
    target[0] = 0;
    value = nescio_rewrite_ints(t->rw, node->inputs[1]->name, n, target);
    if (!value)
        return nescio_rewrite_nomem(t->rw);
    t->old_target[i_node] = node->inputs[1];
    t->replaced[i_node] = t->rewrote = true;
    nescio_node_unset(node, "allowzero"); /* no other zero is in the target */
    return nescio_rewrite_input(t->rw, node, 1, value);
}

/* Squeeze of every axis of size 1 never means the rows. */
static nescio_status free_squeeze(trial *t, nescio_node *node, size_t i_node)
{
    const nescio_shape *const in = &node->inputs[0]->shape;
    int64_t axes[NESCIO_RANK_MAX];
    nescio_value *value;
    int n = 0;

    if (nescio_node_input(node, 1) || in->rank < 1 || in->dims[0] != NESCIO_DIM_UNKNOWN)
        return NESCIO_OK;
    for (int d = 1; d < in->rank; d++) {
        if (in->dims[d] == NESCIO_DIM_UNKNOWN)
            return NESCIO_OK;
        if (in->dims[d] == 1)
            axes[n++] = d;
    }
    value = nescio_rewrite_ints(t->rw, "axes", n, axes);
    if (!value)
        return nescio_rewrite_nomem(t->rw);
    t->replaced[i_node] = t->rewrote = true;
    return nescio_rewrite_input(t->rw, node, 1, value);
}

static bool is_row_axis(int64_t axis, const nescio_shape *x)
{
    return axis == 0 || axis == -x->rank;
}

/* Whether axis 0 is among the axes of input 1, or may be. */
static bool axes_have_rows(const nescio_node *node)
{
    int64_t axes[NESCIO_RANK_MAX];
    int n;

    if (!nescio_constant_ints(nescio_node_input(node, 1), axes, &n) || n == 0)
        return true;
    for (int i = 0; i < n; i++)
        if (is_row_axis(axes[i], &node->inputs[0]->shape))
            return true;
    return false;
}

/* Whether a node would compute across rows, where it stayed within the one row before, or take
 * their axis away. */
static bool mixes_rows(const nescio_node *node)
{
    const nescio_value *const x = nescio_node_input(node, 0);
    const nescio_attr *axes;

    if (!x || (x->shape.rank > 0 && x->shape.dims[0] != NESCIO_DIM_UNKNOWN))
        return false;
    switch (node->op) {
    case NESCIO_OP_ARG_MAX:
    case NESCIO_OP_ARG_MIN: return is_row_axis(nescio_node_int(node, "axis", 0), &x->shape);
    case NESCIO_OP_TOP_K:
    case NESCIO_OP_HARDMAX:
    case NESCIO_OP_LOG_SOFTMAX:
    case NESCIO_OP_SOFTMAX:
    case NESCIO_OP_LP_NORMALIZATION:
        return is_row_axis(nescio_node_int(node, "axis", -1), &x->shape);
    case NESCIO_OP_MEAN_VARIANCE_NORMALIZATION: /* over [0, 2, 3] without axes */
        axes = nescio_node_attr(node, "axes");
        for (size_t i = 0; axes && i < axes->count; i++)
            if (is_row_axis(axes->ints[i], &x->shape))
                return true;
        return !axes;
    case NESCIO_OP_SQUEEZE: return axes_have_rows(node);
    default: return nescio_op_get(node->op)->kind == NESCIO_KIND_REDUCE && axes_have_rows(node);
    }
}

/* Whether output i has one row for each row of the inputs. What was three rows for one row of the
 * inputs, or for any number of them, is something else. */
static bool answers_by_row(const trial *t, size_t i)
{
    const nescio_value *const out = t->rw->graph->outputs[i];
    const nescio_shape *const before = out->id < t->n_values ? &t->saved[out->id].shape : NULL;

    if (out->constant || out->shape.rank < 0)
        return true;
    if (before && before->rank > 0 && before->dims[0] != 1 && before->dims[0] != NESCIO_DIM_UNKNOWN)
        return false;
    return out->shape.rank > 0 && out->shape.dims[0] == NESCIO_DIM_UNKNOWN;
}

static void forget_shapes(nescio_graph *graph)
{
    for (nescio_node *node = graph->first; node; node = node->next) {
        for (uint32_t i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i]) {
                node->outputs[i]->shape.rank = NESCIO_RANK_UNKNOWN;
                node->outputs[i]->content = NULL;
            }
        }
    }
}

/* Walks the graph with the new shapes. *fits: they hold together. */
static nescio_status try_shapes(trial *t, bool *fits)
{
    nescio_ctx *const ctx = t->rw->ctx;
    size_t i_node = 0;

    *fits = false;
    for (nescio_node *node = t->rw->graph->first; node; node = node->next, i_node++) {
        nescio_status st;

        if (node->op == NESCIO_OP_RESHAPE && bakes_batch(node, t->saved, t->n_values))
            NESCIO_TRY(free_reshape(t, node, i_node));
        if (node->op == NESCIO_OP_SQUEEZE)
            NESCIO_TRY(free_squeeze(t, node, i_node));
        if (mixes_rows(node))
            return NESCIO_OK;
        st = nescio_node_infer(ctx, node);
        if (st == NESCIO_E_FORMAT)
            return NESCIO_OK;
        NESCIO_TRY(st);
    }
    for (size_t i = 0; i < t->rw->graph->n_outputs; i++) {
        if (!answers_by_row(t, i))
            return NESCIO_OK;
    }
    *fits = true;
    return NESCIO_OK;
}

static nescio_status put_back(trial *t)
{
    size_t i_node = 0;

    for (nescio_node *node = t->rw->graph->first; node; node = node->next, i_node++) {
        if (t->replaced[i_node])
            NESCIO_TRY(nescio_rewrite_input(t->rw, node, 1, t->old_target[i_node]));
    }
    for (size_t i = 0; i < t->n_values; i++) {
        nescio_value *const value = t->rw->graph->values[i];

        value->shape = t->saved[i].shape;
        value->dtype = t->saved[i].dtype;
        value->content = t->saved[i].content;
    }
    return NESCIO_OK;
}

static bool wants_freeing(const nescio_graph *graph)
{
    for (size_t i = 0; i < graph->n_inputs; i++) {
        const nescio_shape *const shape = &graph->inputs[i]->shape;

        if (shape->rank == 0 ||
            (shape->rank > 0 && shape->dims[0] != 1 && shape->dims[0] != NESCIO_DIM_UNKNOWN))
            return false;
    }
    for (size_t i = 0; i < graph->n_inputs; i++) {
        if (is_one_row(&graph->inputs[i]->shape))
            return true;
    }
    for (const nescio_node *node = graph->first; node; node = node->next) {
        if ((node->op == NESCIO_OP_RESHAPE && bakes_batch(node, NULL, 0)) ||
            (node->op == NESCIO_OP_SQUEEZE && !nescio_node_input(node, 1)))
            return true;
    }
    return false;
}

static nescio_status free_batch(trial *t)
{
    nescio_graph *const graph = t->rw->graph;
    const bool changed = t->rw->changed;
    bool fits = false;

    for (size_t i = 0; i < t->n_values; i++)
        t->saved[i] = *graph->values[i];
    for (size_t i = 0; i < graph->n_inputs; i++) {
        nescio_shape *const shape = &graph->inputs[i]->shape;

        if (is_one_row(shape)) {
            shape->dims[0] = NESCIO_DIM_UNKNOWN;
            shape->symbol[0] = nescio_arena_strdup(graph->arena, "batch");
            t->rewrote = true;
        }
    }
    forget_shapes(graph);
    NESCIO_TRY(try_shapes(t, &fits));
    if (!fits)
        NESCIO_TRY(put_back(t));
    t->rw->changed = changed || (fits && t->rewrote);
    return NESCIO_OK;
}

nescio_status nescio_pass_free_batch(nescio_rewrite *rw)
{
    trial t = {.rw = rw, .n_values = rw->graph->n_values};
    nescio_status st;

    if (!wants_freeing(rw->graph))
        return NESCIO_OK;
    for (const nescio_node *node = rw->graph->first; node; node = node->next)
        t.n_nodes++;
    t.saved = calloc(t.n_values + 1, sizeof *t.saved);
    t.old_target = calloc(t.n_nodes + 1, sizeof(nescio_value *));
    t.replaced = calloc(t.n_nodes + 1, sizeof *t.replaced);
    st = t.saved && t.old_target && t.replaced ? free_batch(&t) : nescio_rewrite_nomem(rw);
    free(t.saved);
    free(t.old_target);
    free(t.replaced);
    return st;
}
