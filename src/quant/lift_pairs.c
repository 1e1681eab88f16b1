/* SPDX-License-Identifier: Apache-2.0
 * Elementwise operators whose encrypted operands have different roots, or are broadcast: sums stay
 * affine, everything else becomes sums and functions of one variable, so that each part gets its
 * own window and table: x y = ((x + y)^2 - (x - y)^2) / 4      max(x, y) = y + relu(x - y)      x <
 * y: step(y - x) c ? a : b = b + c (a - b)              and: product      or: maximum */
#include "quant/net_internal.h"

#include <string.h>

/* Operand i, encrypted or clear, broadcast to the output's shape. */
static nescio_status operand(nescio_quant_net *net, const nescio_node *node, uint32_t i,
                             const nescio_affine **out)
{
    const nescio_value *const v = node->inputs[i];
    const nescio_tensor *const like = &net->values[node->outputs[0]->id].sample;
    const size_t count = nescio_tensor_count(like);
    const nescio_affine *a;

    if (!net->values[v->id].encrypted) {
        double *array;

        NESCIO_TRY(nescio_quant_clear_array(net, node, v, like, &array));
        *out = nescio_affine_constant(net->arena, array, count);
        return *out ? NESCIO_OK : nescio_quant_nomem(net);
    }
    NESCIO_TRY(nescio_quant_affine_of(net, v, &a));
    int64_t *const index = nescio_arena_array(net->arena, count, sizeof *index);

    if (!index)
        return nescio_quant_nomem(net);
    if (!nescio_quant_broadcast(&net->values[v->id].sample, like, index))
        return nescio_fail(net->ctx, NESCIO_E_FORMAT,
                           "%s '%s': '%s' does not broadcast to the output",
                           nescio_op_name(node->op), node->name, v->name);
    bool same = count == a->count;
    for (size_t k = 0; k < count && same; k++)
        same = index[k] == (int64_t)k;
    *out = same ? a : nescio_affine_gather(net->arena, a, index, count);
    return *out ? NESCIO_OK : nescio_quant_nomem(net);
}

/* The table of a function of `in`, as an affine form of its own base. */
static nescio_status apply_function(nescio_quant_net *net, const nescio_node *node,
                                    nescio_quant_function_kind kind, const nescio_affine *in,
                                    const nescio_tensor *shape, const nescio_affine **out)
{
    const nescio_quant_function f = {kind, NULL, NULL};
    uint32_t layer;

    NESCIO_TRY(nescio_quant_net_add_layer(net, node->name, in, &f, shape, shape->rank > 2 ? 1 : -1,
                                          &layer));
    *out = nescio_affine_base(net->arena, net->layers[layer].base, in->count);
    return *out ? NESCIO_OK : nescio_quant_nomem(net);
}

/* a + sign b, NESCIO_E_NOMEM when that fails. */
static nescio_status combine(nescio_quant_net *net, const nescio_affine *a, const nescio_affine *b,
                             double sign, const nescio_affine **out)
{
    *out = nescio_affine_add(net->arena, a, b, sign);
    return *out ? NESCIO_OK : nescio_quant_nomem(net);
}

static nescio_status multiply(nescio_quant_net *net, const nescio_node *node,
                              const nescio_affine *a, const nescio_affine *b,
                              const nescio_tensor *shape, const nescio_affine **out)
{
    const nescio_affine *sum, *difference, *s, *d;

    if (a->n_terms == 0 || b->n_terms == 0) {
        const nescio_affine *const clear = a->n_terms ? b : a;

        *out = nescio_affine_scale(net->arena, a->n_terms ? a : b, clear->constant, NULL);
        return *out ? NESCIO_OK : nescio_quant_nomem(net);
    }
    NESCIO_TRY(combine(net, a, b, 1, &sum));
    NESCIO_TRY(combine(net, a, b, -1, &difference));
    NESCIO_TRY(apply_function(net, node, NESCIO_QUANT_SQUARE, sum, shape, &s));
    NESCIO_TRY(apply_function(net, node, NESCIO_QUANT_SQUARE, difference, shape, &d));
    return combine(net, s, d, -1, out);
}

nescio_status nescio_quant_max(nescio_quant_net *net, const nescio_node *node,
                               const nescio_affine *a, const nescio_affine *b,
                               const nescio_tensor *shape, const nescio_affine **out)
{
    const nescio_affine *difference, *above;

    NESCIO_TRY(combine(net, a, b, -1, &difference));
    NESCIO_TRY(apply_function(net, node, NESCIO_QUANT_RELU, difference, shape, &above));
    return combine(net, b, above, 1, out);
}

/* min(a, b) = a - relu(a - b) */
static nescio_status minimum(nescio_quant_net *net, const nescio_node *node, const nescio_affine *a,
                             const nescio_affine *b, const nescio_tensor *shape,
                             const nescio_affine **out)
{
    const nescio_affine *difference, *above;

    NESCIO_TRY(combine(net, a, b, -1, &difference));
    NESCIO_TRY(apply_function(net, node, NESCIO_QUANT_RELU, difference, shape, &above));
    return combine(net, a, above, -1, out);
}

static nescio_status divide(nescio_quant_net *net, const nescio_node *node, const nescio_affine *a,
                            const nescio_affine *b, const nescio_affine **out)
{
    if (b->n_terms)
        return nescio_quant_refuse(net, node, "a clear divisor is accepted");
    double *const factor = nescio_arena_array(net->arena, b->count, sizeof *factor);

    for (size_t i = 0; factor && i < b->count; i++) {
        if (b->constant[i] == 0)
            return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED, "Div '%s': divides by a constant 0",
                               node->name);
        factor[i] = 1 / b->constant[i];
    }
    *out = factor ? nescio_affine_scale(net->arena, a, factor, NULL) : NULL;
    return *out ? NESCIO_OK : nescio_quant_nomem(net);
}

/* b + c (a - b) */
static nescio_status where(nescio_quant_net *net, const nescio_node *node,
                           const nescio_tensor *shape, const nescio_affine **out)
{
    const nescio_affine *c, *a, *b, *difference, *product;

    NESCIO_TRY(operand(net, node, 0, &c));
    NESCIO_TRY(operand(net, node, 1, &a));
    NESCIO_TRY(operand(net, node, 2, &b));
    NESCIO_TRY(combine(net, a, b, -1, &difference));
    NESCIO_TRY(multiply(net, node, c, difference, shape, &product));
    return combine(net, b, product, 1, out);
}

/* step(a - b), or of b - a */
static nescio_status compare(nescio_quant_net *net, const nescio_node *node, const nescio_affine *a,
                             const nescio_affine *b, const nescio_tensor *shape,
                             const nescio_affine **out)
{
    const bool less = node->op == NESCIO_OP_LESS || node->op == NESCIO_OP_LESS_OR_EQUAL;
    const bool equal =
        node->op == NESCIO_OP_LESS_OR_EQUAL || node->op == NESCIO_OP_GREATER_OR_EQUAL;
    const nescio_affine *difference;

    NESCIO_TRY(combine(net, less ? b : a, less ? a : b, -1, &difference));
    return apply_function(net, node, equal ? NESCIO_QUANT_STEP_OR_EQUAL : NESCIO_QUANT_STEP,
                          difference, shape, out);
}

static nescio_status pair(nescio_quant_net *net, const nescio_node *node, const nescio_affine *a,
                          const nescio_affine *b, const nescio_tensor *shape,
                          const nescio_affine **out)
{
    switch (node->op) {
    case NESCIO_OP_ADD:
    case NESCIO_OP_SUM:
    case NESCIO_OP_MEAN: return combine(net, a, b, 1, out);
    case NESCIO_OP_SUB: return combine(net, a, b, -1, out);
    case NESCIO_OP_AND:
    case NESCIO_OP_MUL: return multiply(net, node, a, b, shape, out);
    case NESCIO_OP_DIV: return divide(net, node, a, b, out);
    case NESCIO_OP_OR:
    case NESCIO_OP_MAX: return nescio_quant_max(net, node, a, b, shape, out);
    case NESCIO_OP_MIN: return minimum(net, node, a, b, shape, out);
    default: return compare(net, node, a, b, shape, out);
    }
}

static bool has_pair(nescio_op op)
{
    switch (op) {
    case NESCIO_OP_ADD:
    case NESCIO_OP_SUM:
    case NESCIO_OP_MEAN:
    case NESCIO_OP_SUB:
    case NESCIO_OP_AND:
    case NESCIO_OP_MUL:
    case NESCIO_OP_DIV:
    case NESCIO_OP_OR:
    case NESCIO_OP_MAX:
    case NESCIO_OP_MIN:
    case NESCIO_OP_GREATER:
    case NESCIO_OP_GREATER_OR_EQUAL:
    case NESCIO_OP_LESS:
    case NESCIO_OP_LESS_OR_EQUAL:
    case NESCIO_OP_WHERE: return true;
    default: return false;
    }
}

nescio_status nescio_quant_lift_pairs(nescio_quant_net *net, const nescio_node *node,
                                      const nescio_affine **out)
{
    const nescio_tensor *const shape = &net->values[node->outputs[0]->id].sample;
    const nescio_affine *sum, *next;

    *out = NULL;
    if (!has_pair(node->op))
        return nescio_quant_refuse(net, node,
                                   "operands that follow from one encrypted tensor are accepted");
    if (shape->dtype != NESCIO_F64 && shape->dtype != NESCIO_BOOL)
        return nescio_quant_refuse(net, node, "floats and truth values are accepted");
    if (node->op == NESCIO_OP_WHERE)
        return where(net, node, shape, out);
    NESCIO_TRY(operand(net, node, 0, &sum));
    for (uint32_t i = 1; i < node->n_inputs && sum; i++) {
        NESCIO_TRY(operand(net, node, i, &next));
        const nescio_affine *const so_far = sum;
        sum = NULL;
        NESCIO_TRY(pair(net, node, so_far, next, shape, &sum));
    }
    if (sum && node->op == NESCIO_OP_MEAN) {
        double *const share = nescio_arena_array(net->arena, sum->count, sizeof *share);

        for (size_t i = 0; share && i < sum->count; i++)
            share[i] = 1.0 / node->n_inputs;
        sum = share ? nescio_affine_scale(net->arena, sum, share, NULL) : NULL;
        if (!sum)
            return nescio_quant_nomem(net);
    }
    *out = sum;
    return NESCIO_OK;
}
