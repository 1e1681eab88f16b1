/* SPDX-License-Identifier: Apache-2.0
 * Normalizations and reductions that are sums with functions around them, as these: what is
 * computed encrypted is sums (linear) and functions of one number (tables), and products of two
 * encrypted numbers (tables of sums).
 *
 *   d = x - mean(x); y = d * (mean(d^2) + epsilon)^(-1/2) * scale + bias, over the axes of
 *   LayerNormalization (Ba, Kiros, Hinton, arXiv:1607.06450), InstanceNormalization
 *   (arXiv:1607.08022) and, after cutting channels into groups, GroupNormalization
 *   (arXiv:1803.08494); ReduceL1, ReduceL2, ReduceSumSquare, ReduceLogSum, ReduceLogSumExp.
 *
 * For the part that the server computes only: in the clear the whole operator is better. Needs
 * shapes and folded constants, breaks nothing. */
#include "passes/passes_internal.h"

/* A new node with one output before `before`; NULL stays NULL. */
static nescio_value *emit(nescio_rewrite *rw, nescio_node *before, nescio_op op, nescio_value *a,
                          nescio_value *b)
{
    nescio_value *const inputs[] = {a, b};
    nescio_node *const node =
        a ? nescio_rewrite_node(rw, before, op, before->name, b ? 2 : 1, inputs) : NULL;

    return node ? node->outputs[0] : NULL;
}

static nescio_value *number(nescio_rewrite *rw, nescio_dtype dtype, double v)
{
    return nescio_rewrite_reals(rw, "number", dtype, 0, NULL, &v);
}

/* The last node takes the place of `node`. */
static nescio_status put(nescio_rewrite *rw, nescio_node *node, nescio_op op, nescio_value *a,
                         nescio_value *b)
{
    nescio_value *const inputs[] = {a, b};

    if (!a || !nescio_rewrite_swap(rw, node, op, b ? 2 : 1, inputs))
        return nescio_rewrite_nomem(rw);
    return NESCIO_OK;
}

/* (x - mean) / deviation over axes [first, rank). */
static nescio_value *standardize(nescio_rewrite *rw, nescio_node *node, nescio_value *x,
                                 nescio_dtype dtype, int first, int rank)
{
    const double epsilon = nescio_node_float(node, "epsilon", 1e-5);
    int64_t list[NESCIO_RANK_MAX];
    nescio_value *axes, *centered, *variance, *two;

    for (int d = first; d < rank; d++)
        list[d - first] = d;
    axes = nescio_rewrite_ints(rw, "axes", rank - first, list);
    two = number(rw, dtype, 2);
    if (!axes || !two)
        return NULL;
    centered = emit(rw, node, NESCIO_OP_REDUCE_MEAN, x, axes);
    centered = centered ? emit(rw, node, NESCIO_OP_SUB, x, centered) : NULL;
    variance = emit(rw, node, NESCIO_OP_POW, centered, two);
    variance = emit(rw, node, NESCIO_OP_REDUCE_MEAN, variance, axes);
    variance = emit(rw, node, NESCIO_OP_ADD, variance, number(rw, dtype, epsilon));
    variance = emit(rw, node, NESCIO_OP_SQRT, variance, NULL);
    variance = emit(rw, node, NESCIO_OP_RECIPROCAL, variance, NULL);
    return variance ? emit(rw, node, NESCIO_OP_MUL, centered, variance) : NULL;
}

static bool is_real(const nescio_value *x)
{
    return x->shape.rank > 0 && (x->dtype == NESCIO_F32 || x->dtype == NESCIO_F64);
}

static nescio_status layer_norm(nescio_rewrite *rw, nescio_node *node)
{
    nescio_value *const x = node->inputs[0], *const bias = nescio_node_input(node, 2);
    int64_t axis = nescio_node_int(node, "axis", -1);
    nescio_value *y;

    axis += axis < 0 ? x->shape.rank : 0;
    if (!is_real(x) || axis < 1 || axis >= x->shape.rank ||
        (node->n_outputs > 1 && node->outputs[1]) || (node->n_outputs > 2 && node->outputs[2]))
        return NESCIO_OK;
    y = standardize(rw, node, x, x->dtype, (int)axis, x->shape.rank);
    if (!bias)
        return put(rw, node, NESCIO_OP_MUL, y, node->inputs[1]);
    return put(rw, node, NESCIO_OP_ADD, emit(rw, node, NESCIO_OP_MUL, y, node->inputs[1]), bias);
}

/* Input i, a constant of one number a channel, as [C, 1, ... 1] for an x of rank `rank`. */
static nescio_value *per_channel(nescio_rewrite *rw, const nescio_node *node, uint32_t i, int rank)
{
    int64_t dims[NESCIO_RANK_MAX];
    nescio_value *made;
    nescio_tensor t;

    if (nescio_constant_reals(rw->ctx, node->inputs[i], &t) != NESCIO_OK)
        return NULL;
    dims[0] = t.dims[0];
    for (int d = 1; d < rank - 1; d++)
        dims[d] = 1;
    made = nescio_rewrite_reals(rw, node->inputs[i]->name, node->inputs[0]->dtype, rank - 1, dims,
                                t.data);
    nescio_tensor_free(&t);
    return made;
}

static bool has_channels(const nescio_node *node)
{
    const nescio_shape *const x = &node->inputs[0]->shape;

    if (!is_real(node->inputs[0]) || x->rank < 3 || x->dims[1] < 1)
        return false;
    for (uint32_t i = 1; i < 3; i++) {
        const nescio_value *const v = nescio_node_input(node, i);

        if (!v || !v->constant || v->constant->rank != 1 || v->constant->dims[0] != x->dims[1])
            return false;
    }
    return true;
}

/* y * scale + bias by channel, in the place of the node. */
static nescio_status scale_channels(nescio_rewrite *rw, nescio_node *node, nescio_value *y)
{
    const int rank = node->inputs[0]->shape.rank;
    nescio_value *const scale = per_channel(rw, node, 1, rank);
    nescio_value *const bias = per_channel(rw, node, 2, rank);

    y = scale && bias ? emit(rw, node, NESCIO_OP_MUL, y, scale) : NULL;
    return put(rw, node, NESCIO_OP_ADD, y, bias);
}

static nescio_status instance_norm(nescio_rewrite *rw, nescio_node *node)
{
    nescio_value *const x = node->inputs[0];

    if (!has_channels(node))
        return NESCIO_OK;
    return scale_channels(rw, node, standardize(rw, node, x, x->dtype, 2, x->shape.rank));
}

/* [N, C, ...] as [N, groups, the rest] and back. */
static nescio_status group_norm(nescio_rewrite *rw, nescio_node *node)
{
    nescio_value *const x = node->inputs[0];
    const int64_t groups = nescio_node_int(node, "num_groups", 0), cut[] = {0, groups, -1};
    int64_t back[NESCIO_RANK_MAX] = {0};
    nescio_value *y, *target;

    if (!has_channels(node) || groups < 1 || x->shape.dims[1] % groups != 0)
        return NESCIO_OK;
    for (int d = 1; d < x->shape.rank; d++) {
        back[d] = x->shape.dims[d];
        if (back[d] < 1)
            return NESCIO_OK;
    }
    target = nescio_rewrite_ints(rw, "groups", 3, cut);
    y = target ? emit(rw, node, NESCIO_OP_RESHAPE, x, target) : NULL;
    y = y ? standardize(rw, node, y, x->dtype, 2, 3) : NULL;
    target = nescio_rewrite_ints(rw, "channels", x->shape.rank, back);
    y = target ? emit(rw, node, NESCIO_OP_RESHAPE, y, target) : NULL;
    return scale_channels(rw, node, y);
}

/* outer(ReduceSum(inner(x))); IDENTITY: no such function. The sum takes the node's axes. */
static nescio_status reduction(nescio_rewrite *rw, nescio_node *node, nescio_op inner,
                               nescio_op outer)
{
    nescio_value *const x = node->inputs[0], *const axes = nescio_node_input(node, 1);
    nescio_value *y = x, *two = NULL;
    nescio_node *sum;

    if (!is_real(x) || !axes)
        return NESCIO_OK;
    if (inner == NESCIO_OP_POW) {
        two = number(rw, x->dtype, 2);
        y = two ? y : NULL;
    }
    if (inner != NESCIO_OP_IDENTITY)
        y = emit(rw, node, inner, y, two);
    y = emit(rw, node, NESCIO_OP_REDUCE_SUM, y, axes);
    sum = y ? y->producer : NULL;
    if (!sum || !nescio_node_set_int(sum, "keepdims", nescio_node_int(node, "keepdims", 1)))
        return nescio_rewrite_nomem(rw);
    return put(rw, node, outer, y, NULL);
}

static nescio_status reduce_l1(nescio_rewrite *rw, nescio_node *node)
{
    return reduction(rw, node, NESCIO_OP_ABS, NESCIO_OP_IDENTITY);
}

static nescio_status reduce_l2(nescio_rewrite *rw, nescio_node *node)
{
    return reduction(rw, node, NESCIO_OP_POW, NESCIO_OP_SQRT);
}

static nescio_status reduce_sum_square(nescio_rewrite *rw, nescio_node *node)
{
    return reduction(rw, node, NESCIO_OP_POW, NESCIO_OP_IDENTITY);
}

static nescio_status reduce_log_sum(nescio_rewrite *rw, nescio_node *node)
{
    return reduction(rw, node, NESCIO_OP_IDENTITY, NESCIO_OP_LOG);
}

static nescio_status reduce_log_sum_exp(nescio_rewrite *rw, nescio_node *node)
{
    return reduction(rw, node, NESCIO_OP_EXP, NESCIO_OP_LOG);
}

typedef nescio_status (*rule)(nescio_rewrite *rw, nescio_node *node);

/* NULL: stays as it is. */
static rule rule_of(nescio_op op)
{
    switch (op) {
    case NESCIO_OP_LAYER_NORMALIZATION: return layer_norm;
    case NESCIO_OP_INSTANCE_NORMALIZATION: return instance_norm;
    case NESCIO_OP_GROUP_NORMALIZATION: return group_norm;
    case NESCIO_OP_REDUCE_L1: return reduce_l1;
    case NESCIO_OP_REDUCE_L2: return reduce_l2;
    case NESCIO_OP_REDUCE_SUM_SQUARE: return reduce_sum_square;
    case NESCIO_OP_REDUCE_LOG_SUM: return reduce_log_sum;
    case NESCIO_OP_REDUCE_LOG_SUM_EXP: return reduce_log_sum_exp;
    default: return NULL;
    }
}

bool nescio_passes_take_apart(nescio_op op)
{
    return rule_of(op) != NULL;
}

nescio_status nescio_pass_decompose(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        const rule apart = rule_of(node->op);

        next = node->next;
        NESCIO_TRY(apart ? apart(rw, node) : NESCIO_OK);
    }
    return NESCIO_OK;
}
