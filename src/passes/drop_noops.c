/* SPDX-License-Identifier: Apache-2.0
 * Nodes that hand on what they get: Identity, Cast to the same type, Reshape to the same shape,
 * Transpose in order, Pad by nothing, Concat of one, Slice of everything, + 0, * 1; and pairs of
 * which one is enough (Reshape of Reshape, Transpose of Transpose). Needs shapes, breaks nothing.
 */
#include "passes/passes_internal.h"

#include <string.h>

static bool same_value_shape(const nescio_node *node)
{
    return nescio_shape_same(&node->inputs[0]->shape, &node->outputs[0]->shape);
}

static bool is_identity_transpose(const nescio_node *node)
{
    const nescio_attr *const perm = nescio_node_attr(node, "perm");

    if (!perm)
        return node->inputs[0]->shape.rank == 0 || node->inputs[0]->shape.rank == 1;
    for (size_t i = 0; i < perm->count; i++) {
        if (perm->ints[i] != (int64_t)i)
            return false;
    }
    return true;
}

static bool all_zero(const nescio_value *value)
{
    const nescio_tensor *const t = value ? value->constant : NULL;
    const size_t n = t ? nescio_tensor_count(t) : 0;

    if (!t || !nescio_dtype_is_integer(t->dtype) || !nescio_tensor_is_contiguous(t))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (nescio_tensor_get_i64(t, i) != 0)
            return false;
    }
    return true;
}

/* Every axis that is cut keeps all its elements, in order. */
static bool is_full_slice(const nescio_node *node)
{
    const nescio_shape *const shape = &node->inputs[0]->shape;
    int64_t starts[NESCIO_RANK_MAX], ends[NESCIO_RANK_MAX], axes[NESCIO_RANK_MAX],
        steps[NESCIO_RANK_MAX];
    int n, n_ends, n_axes, n_steps;

    if (!nescio_constant_ints(nescio_node_input(node, 1), starts, &n) ||
        !nescio_constant_ints(nescio_node_input(node, 2), ends, &n_ends) || n != n_ends)
        return false;
    for (int i = 0; i < n; i++) {
        axes[i] = i;
        steps[i] = 1;
    }
    if (nescio_node_input(node, 3) &&
        (!nescio_constant_ints(node->inputs[3], axes, &n_axes) || n_axes != n))
        return false;
    if (nescio_node_input(node, 4) &&
        (!nescio_constant_ints(node->inputs[4], steps, &n_steps) || n_steps != n))
        return false;
    for (int i = 0; i < n; i++) {
        const int64_t axis = axes[i] < 0 ? axes[i] + shape->rank : axes[i];
        const bool known = shape->rank > 0 && axis >= 0 && axis < shape->rank &&
                           shape->dims[axis] != NESCIO_DIM_UNKNOWN;

        /* Exporters write "to the end" as the largest int32 or int64. */
        if (starts[i] != 0 || steps[i] != 1 || ends[i] < (known ? shape->dims[axis] : INT32_MAX))
            return false;
    }
    return true;
}

/* x + 0, x - 0, x * 1, x / 1, x ^ 1 where the constant does not widen x. *keep: which input. */
static bool is_neutral(const nescio_node *node, uint32_t *keep)
{
    const bool commutes = node->op == NESCIO_OP_ADD || node->op == NESCIO_OP_MUL;
    const double neutral = node->op == NESCIO_OP_ADD || node->op == NESCIO_OP_SUB ? 0 : 1;

    for (uint32_t i = 0; i < 2; i++) {
        const nescio_value *const c = node->inputs[i], *const x = node->inputs[1 - i];
        double element;

        if (i == 0 && !commutes)
            continue;
        if (nescio_constant_scalar(c, &element) && element == neutral &&
            x->shape.rank >= c->shape.rank && x->dtype == node->outputs[0]->dtype) {
            *keep = 1 - i;
            return true;
        }
    }
    return false;
}

/* Whether output 0 is input *keep. */
static bool is_noop(const nescio_node *node, uint32_t *keep)
{
    *keep = 0;
    switch (node->op) {
    case NESCIO_OP_IDENTITY: return true;
    case NESCIO_OP_CAST:
        return node->inputs[0]->dtype != NESCIO_DTYPE_NONE &&
               nescio_node_int(node, "to", 0) == (int64_t)node->inputs[0]->dtype;
    case NESCIO_OP_RESHAPE:
    case NESCIO_OP_FLATTEN:
    case NESCIO_OP_SQUEEZE:
    case NESCIO_OP_UNSQUEEZE:
        return nescio_shape_same_count(&node->inputs[0]->shape, &node->outputs[0]->shape);
    case NESCIO_OP_EXPAND:
    case NESCIO_OP_TILE: return same_value_shape(node);
    case NESCIO_OP_TRANSPOSE: return is_identity_transpose(node);
    case NESCIO_OP_PAD: return all_zero(node->inputs[1]);
    case NESCIO_OP_CONCAT:
    case NESCIO_OP_SUM:
    case NESCIO_OP_MEAN:
    case NESCIO_OP_MAX:
    case NESCIO_OP_MIN: return node->n_inputs == 1;
    case NESCIO_OP_SPLIT: return node->n_outputs == 1;
    case NESCIO_OP_SLICE: return is_full_slice(node);
    case NESCIO_OP_CLIP: return !nescio_node_input(node, 1) && !nescio_node_input(node, 2);
    case NESCIO_OP_ADD:
    case NESCIO_OP_SUB:
    case NESCIO_OP_MUL:
    case NESCIO_OP_DIV:
    case NESCIO_OP_POW: return is_neutral(node, keep);
    default: return false;
    }
}

static bool moves_no_element(nescio_op op)
{
    return op == NESCIO_OP_RESHAPE || op == NESCIO_OP_FLATTEN || op == NESCIO_OP_SQUEEZE ||
           op == NESCIO_OP_UNSQUEEZE;
}

/* Reshape(Reshape(x)) is Reshape(x), if no 0 ("as the input has it") means another size then. */
static nescio_status merge_reshape(nescio_rewrite *rw, nescio_node *node)
{
    const nescio_node *const first = node->inputs[0]->producer;
    int64_t target[NESCIO_RANK_MAX];
    int n;

    if (!first || first->graph != rw->graph || !moves_no_element(first->op) ||
        !nescio_constant_ints(node->inputs[1], target, &n))
        return NESCIO_OK;
    for (int d = 0; d < n && !nescio_node_int(node, "allowzero", 0); d++) {
        const nescio_shape *const now = &node->inputs[0]->shape, *const then =
                                                                     &first->inputs[0]->shape;

        if (target[d] == 0 &&
            (d >= now->rank || d >= then->rank || !nescio_dim_same(now, d, then, d)))
            return NESCIO_OK;
    }
    return nescio_rewrite_input(rw, node, 0, first->inputs[0]);
}

/* perm of the node; reversed axes when it has none. False: rank unknown. */
static bool read_perm(const nescio_node *node, int64_t *perm, int *rank)
{
    const nescio_attr *const a = nescio_node_attr(node, "perm");

    *rank = a ? (int)a->count : node->inputs[0]->shape.rank;
    if (*rank < 0 || *rank > NESCIO_RANK_MAX)
        return false;
    for (int d = 0; d < *rank; d++) {
        perm[d] = a ? a->ints[d] : *rank - 1 - d;
        if (perm[d] < 0 || perm[d] >= *rank)
            return false;
    }
    return true;
}

static nescio_status merge_transpose(nescio_rewrite *rw, nescio_node *node)
{
    const nescio_node *const first = node->inputs[0]->producer;
    int64_t outer[NESCIO_RANK_MAX], inner[NESCIO_RANK_MAX], both[NESCIO_RANK_MAX];
    int rank, inner_rank;

    if (!first || first->graph != rw->graph || first->op != NESCIO_OP_TRANSPOSE ||
        !read_perm(node, outer, &rank) || !read_perm(first, inner, &inner_rank) ||
        rank != inner_rank)
        return NESCIO_OK;
    for (int d = 0; d < rank; d++)
        both[d] = inner[outer[d]];
    if (!nescio_node_set_ints(node, "perm", both, (size_t)rank))
        return nescio_rewrite_nomem(rw);
    return nescio_rewrite_input(rw, node, 0, first->inputs[0]);
}

nescio_status nescio_pass_drop_noops(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        uint32_t keep = 0;

        next = node->next;
        if (node->n_inputs == 0 || !node->inputs[0] || node->n_outputs == 0 || !node->outputs[0])
            continue;
        if (node->op == NESCIO_OP_RESHAPE)
            NESCIO_TRY(merge_reshape(rw, node));
        else if (node->op == NESCIO_OP_TRANSPOSE)
            NESCIO_TRY(merge_transpose(rw, node));
        if (is_noop(node, &keep) && node->inputs[keep])
            NESCIO_TRY(nescio_rewrite_alias(rw, node, node->inputs[keep]));
    }
    return NESCIO_OK;
}
