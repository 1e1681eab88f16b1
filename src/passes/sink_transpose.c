/* SPDX-License-Identifier: Apache-2.0
 * Transposes move down: past functions of one element, past sums and products with constants or
 * with a tensor transposed the same way, past sums and means along axes; until two meet and cancel
 * (drop_noops merges them), or a dense layer takes one into the order of its weights. Networks
 * exported from channels-last frameworks have one around every convolution.
 * Needs shapes, folded constants, canonical layers; breaks nothing. */
#include "passes/passes_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct permutation {
    int64_t axis[NESCIO_RANK_MAX]; /* output axis d is input axis axis[d] */
    int rank;
} permutation;

/* The Transpose that makes the value for one user only; NULL: none. */
static nescio_node *transpose_of(const nescio_rewrite *rw, const nescio_value *value,
                                 permutation *p)
{
    nescio_node *const node = value ? value->producer : NULL;
    const nescio_attr *const perm = node ? nescio_node_attr(node, "perm") : NULL;

    if (!node || node->graph != rw->graph || node->op != NESCIO_OP_TRANSPOSE || !perm ||
        perm->count > NESCIO_RANK_MAX || nescio_rewrite_uses(rw, value) != 1)
        return NULL;
    p->rank = (int)perm->count;
    memcpy(p->axis, perm->ints, perm->count * sizeof *p->axis);
    for (int d = 0; d < p->rank; d++) {
        if (p->axis[d] < 0 || p->axis[d] >= p->rank)
            return NULL;
    }
    return node;
}

/* `node` computes on untransposed inputs from now on; what it made comes out of a new Transpose. */
static nescio_status transpose_behind(nescio_rewrite *rw, nescio_node *node, const permutation *p)
{
    nescio_value *const out = node->outputs[0];
    nescio_value *const plain = nescio_graph_value(rw->graph, out->name, out->dtype, NULL);
    nescio_node *transpose;

    if (!plain)
        return nescio_rewrite_nomem(rw);
    out->producer = NULL;
    nescio_node_set_output(node, 0, plain);
    transpose = nescio_rewrite_node(rw, node->next, NESCIO_OP_TRANSPOSE, NULL, 1, &plain);
    if (!transpose || !nescio_node_set_ints(transpose, "perm", p->axis, (size_t)p->rank))
        return nescio_rewrite_nomem(rw);
    transpose->outputs[0]->producer = NULL;
    nescio_node_set_output(transpose, 0, out);
    return NESCIO_OK;
}

static nescio_status past_unary(nescio_rewrite *rw, nescio_node *node)
{
    permutation p;
    const nescio_node *const transpose = transpose_of(rw, node->inputs[0], &p);

    if (!transpose)
        return NESCIO_OK;
    NESCIO_TRY(nescio_rewrite_input(rw, node, 0, transpose->inputs[0]));
    return transpose_behind(rw, node, &p);
}

/* The constant as the untransposed tensor sees it: inverse-permuted. *out NULL: does not fit. */
static nescio_status untransposed(nescio_rewrite *rw, nescio_value *value, const permutation *p,
                                  nescio_value **out)
{
    const nescio_tensor *const t = value->constant;
    nescio_tensor view = {.dtype = t->dtype, .rank = p->rank, .data = t->data};
    const int extra = p->rank - t->rank;

    *out = value;
    if (nescio_tensor_count(t) == 1 && t->rank <= p->rank)
        return NESCIO_OK;
    *out = NULL;
    if (extra < 0)
        return NESCIO_OK;
    for (int d = 0; d < p->rank; d++) {
        const int64_t to = p->axis[d];

        view.dims[to] = d < extra ? 1 : t->dims[d - extra];
        view.stride[to] = d < extra ? 0 : t->stride[d - extra];
    }
    *out = nescio_graph_constant(rw->graph, value->name, &view, false);
    return *out ? NESCIO_OK : nescio_rewrite_nomem(rw);
}

static bool same_permutation(const permutation *a, const permutation *b)
{
    return a->rank == b->rank && memcmp(a->axis, b->axis, (size_t)a->rank * sizeof a->axis[0]) == 0;
}

/* Every input is a constant, or transposed in the same way. */
static nescio_status past_elementwise(nescio_rewrite *rw, nescio_node *node)
{
    permutation p = {.rank = -1}, q;
    nescio_value *plain[3] = {NULL};

    if (node->n_inputs > 3 || nescio_rewrite_is_output(rw, node->outputs[0]))
        return NESCIO_OK;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (!node->inputs[i])
            return NESCIO_OK;
        if (node->inputs[i]->constant)
            continue;
        if (!transpose_of(rw, node->inputs[i], &q) || (p.rank >= 0 && !same_permutation(&p, &q)))
            return NESCIO_OK;
        p = q;
        plain[i] = node->inputs[i]->producer->inputs[0];
    }
    if (p.rank < 0)
        return NESCIO_OK;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (!plain[i])
            NESCIO_TRY(untransposed(rw, node->inputs[i], &p, &plain[i]));
        if (!plain[i])
            return NESCIO_OK;
    }
    for (uint32_t i = 0; i < node->n_inputs; i++)
        NESCIO_TRY(nescio_rewrite_input(rw, node, i, plain[i]));
    return transpose_behind(rw, node, &p);
}

/* Axes that stay after a reduction, in the order they have in the output, renumbered. */
static void remaining(const permutation *p, const bool *reduced, permutation *out)
{
    int64_t new_index[NESCIO_RANK_MAX];
    int n = 0;

    for (int a = 0; a < p->rank; a++) { /* a: axis of the untransposed tensor */
        if (!reduced[a])
            new_index[a] = n++;
    }
    out->rank = 0;
    for (int d = 0; d < p->rank; d++) {
        if (!reduced[p->axis[d]])
            out->axis[out->rank++] = new_index[p->axis[d]];
    }
}

static nescio_status past_reduce(nescio_rewrite *rw, nescio_node *node)
{
    permutation p, rest;
    const nescio_node *const transpose = transpose_of(rw, node->inputs[0], &p);
    int64_t axes[NESCIO_RANK_MAX];
    bool reduced[NESCIO_RANK_MAX] = {false};
    nescio_value *value;
    int n;

    if (!transpose || !nescio_constant_ints(nescio_node_input(node, 1), axes, &n) || n == 0)
        return NESCIO_OK;
    for (int i = 0; i < n; i++) {
        const int64_t axis = axes[i] < 0 ? axes[i] + p.rank : axes[i];

        if (axis < 0 || axis >= p.rank)
            return NESCIO_OK;
        axes[i] = p.axis[axis];
        reduced[axes[i]] = true;
    }
    value = nescio_rewrite_ints(rw, node->inputs[1]->name, n, axes);
    if (!value)
        return nescio_rewrite_nomem(rw);
    NESCIO_TRY(nescio_rewrite_input(rw, node, 0, transpose->inputs[0]));
    NESCIO_TRY(nescio_rewrite_input(rw, node, 1, value));
    if (nescio_node_int(node, "keepdims", 1))
        return transpose_behind(rw, node, &p);
    remaining(&p, reduced, &rest);
    return transpose_behind(rw, node, &rest);
}

/* Weights of a dense layer behind Flatten or Reshape of a transposed tensor, in the order of the
 * tensor itself: column (transposed place) -> column (place). */
static nescio_status permute_columns(nescio_rewrite *rw, nescio_node *gemm, const permutation *p,
                                     const nescio_shape *shape)
{
    const nescio_value *const weight = gemm->inputs[1];
    nescio_tensor view = *weight->constant, columns;
    nescio_value *value;
    int64_t stride = weight->constant->stride[1];

    /* W[out, transposed dims] seen through the permutation is W[out, dims]. */
    view.rank = p->rank;
    for (int d = p->rank - 1; d > 0; d--) {
        view.dims[p->axis[d]] = shape->dims[p->axis[d]];
        view.stride[p->axis[d]] = stride;
        stride *= shape->dims[p->axis[d]];
    }
    view.dims[0] = weight->constant->dims[0];
    view.stride[0] = weight->constant->stride[0];
    value = nescio_graph_constant(rw->graph, weight->name, &view, false);
    if (!value)
        return nescio_rewrite_nomem(rw);
    columns = *value->constant; /* contiguous: the same elements as a matrix */
    columns.rank = 2;
    columns.dims[1] = weight->constant->dims[1];
    columns.stride[0] = weight->constant->dims[1];
    columns.stride[1] = 1;
    value = nescio_graph_constant(rw->graph, weight->name, &columns, true);
    return value ? nescio_rewrite_input(rw, gemm, 1, value) : nescio_rewrite_nomem(rw);
}

static nescio_status into_gemm(nescio_rewrite *rw, nescio_node *gemm)
{
    nescio_node *const flat = gemm->inputs[0]->producer;
    const nescio_node *transpose;
    const nescio_shape *shape;
    permutation p;
    int64_t row;

    if (!flat || flat->graph != rw->graph || nescio_rewrite_uses(rw, gemm->inputs[0]) != 1 ||
        (flat->op != NESCIO_OP_RESHAPE && flat->op != NESCIO_OP_FLATTEN) ||
        !gemm->inputs[1]->constant || nescio_node_int(gemm, "transB", 0) != 1)
        return NESCIO_OK;
    transpose = transpose_of(rw, flat->inputs[0], &p);
    if (!transpose || p.axis[0] != 0)
        return NESCIO_OK;
    shape = &transpose->inputs[0]->shape;
    row = nescio_shape_row_count(shape);
    if (shape->rank != p.rank || row <= 0 || gemm->inputs[1]->constant->rank != 2 ||
        gemm->inputs[1]->constant->dims[1] != row)
        return NESCIO_OK;
    NESCIO_TRY(permute_columns(rw, gemm, &p, shape));
    return nescio_rewrite_input(rw, flat, 0, transpose->inputs[0]);
}

static bool is_reduction(nescio_op op)
{
    return op == NESCIO_OP_REDUCE_SUM || op == NESCIO_OP_REDUCE_MEAN || op == NESCIO_OP_REDUCE_MAX;
}

nescio_status nescio_pass_sink_transpose(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        const nescio_op_kind kind = nescio_op_get(node->op)->kind;

        next = node->next;
        if (node->n_outputs != 1 || !node->outputs[0] || node->n_inputs == 0 || !node->inputs[0])
            continue;
        if (kind == NESCIO_KIND_UNARY && node->op != NESCIO_OP_IDENTITY)
            NESCIO_TRY(past_unary(rw, node));
        else if (kind == NESCIO_KIND_BINARY)
            NESCIO_TRY(past_elementwise(rw, node));
        else if (is_reduction(node->op))
            NESCIO_TRY(past_reduce(rw, node));
        else if (node->op == NESCIO_OP_GEMM)
            NESCIO_TRY(into_gemm(rw, node));
    }
    return NESCIO_OK;
}
