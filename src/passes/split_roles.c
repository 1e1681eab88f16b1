/* SPDX-License-Identifier: Apache-2.0
 * What a node could be in the clear: its role, and whether it keeps rows apart. A node that mixes
 * the rows of a batch is of the body whatever it computes: the client runs head and tail on as many
 * rows at a time as it likes. */
#include "passes/passes_internal.h"

#include "passes/split_internal.h"
#include "refexec/refexec.h"

static bool is_constant(const nescio_value *value)
{
    return value && value->constant;
}

/* An axis attribute or constant axes that leave axis 0 alone. Unknown rank: a negative axis might
 * be it. */
static bool spares_axis_0(int64_t axis, int rank)
{
    return axis > 0 || (axis < 0 && rank > 0 && axis + rank > 0);
}

static bool axes_spare_rows(const nescio_node *node, size_t i_axes)
{
    const int rank = node->inputs[0]->shape.rank;
    int64_t axes[NESCIO_RANK_MAX];
    int n;

    if (!nescio_constant_ints(nescio_node_input(node, i_axes), axes, &n) || n == 0)
        return false;
    for (int i = 0; i < n; i++) {
        if (!spares_axis_0(axes[i], rank))
            return false;
    }
    return true;
}

static bool axis_spares_rows(const nescio_node *node, int64_t otherwise)
{
    return spares_axis_0(nescio_node_int(node, "axis", otherwise), node->inputs[0]->shape.rank);
}

/* Axis 0 of the output is axis 0 of the input, as far as shapes tell. */
static bool rows_stay(const nescio_node *node)
{
    const nescio_shape *const in = &node->inputs[0]->shape, *const out = &node->outputs[0]->shape;
    int64_t target[NESCIO_RANK_MAX];
    int n;

    if (in->rank < 1 || out->rank < 1)
        return false;
    if (nescio_dim_same(in, 0, out, 0) ||
        (node->op == NESCIO_OP_FLATTEN && nescio_node_int(node, "axis", 1) == 1))
        return true;
    /* Reshape to [0, ...]; or to [-1, ...], when a row holds as many elements as before. */
    return in->dims[0] == NESCIO_DIM_UNKNOWN && out->dims[0] == NESCIO_DIM_UNKNOWN &&
           ((node->op == NESCIO_OP_RESHAPE && nescio_constant_ints(node->inputs[1], target, &n) &&
             n > 0 && target[0] == 0) ||
            (nescio_shape_row_count(in) > 0 &&
             nescio_shape_row_count(in) == nescio_shape_row_count(out)));
}

/* Elementwise: no constant adds axes in front, so axis 0 is the rows of every operand. */
static bool operands_align(const nescio_node *node)
{
    int rank = NESCIO_RANK_UNKNOWN;

    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const nescio_value *const in = node->inputs[i];

        if (!in || in->constant)
            continue;
        if (in->shape.rank < 1 || (rank >= 0 && in->shape.rank != rank))
            return false;
        rank = in->shape.rank;
    }
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const nescio_value *const in = node->inputs[i];

        if (is_constant(in) &&
            (in->shape.rank > rank || (in->shape.rank == rank && in->shape.dims[0] != 1)))
            return false;
    }
    return true;
}

static bool parameters_constant(const nescio_node *node, uint32_t first)
{
    for (uint32_t i = first; i < node->n_inputs; i++) {
        if (node->inputs[i] && !node->inputs[i]->constant)
            return false;
    }
    return true;
}

static nescio_role role_if(bool condition, nescio_role role)
{
    return condition ? role : NESCIO_ROLE_BODY;
}

static nescio_role role_of_move(const nescio_node *node)
{
    const nescio_attr *const perm = nescio_node_attr(node, "perm");

    if (node->op == NESCIO_OP_GATHER && is_constant(node->inputs[0])) /* embedding, label */
        return role_if(nescio_node_int(node, "axis", 0) == 0 && !is_constant(node->inputs[1]),
                       NESCIO_ROLE_CLIENT);
    if (node->op == NESCIO_OP_CONCAT)
        return role_if(axis_spares_rows(node, 0) && parameters_constant(node, node->n_inputs),
                       NESCIO_ROLE_MOVE);
    if (!parameters_constant(node, 1))
        return NESCIO_ROLE_BODY;
    switch (node->op) {
    case NESCIO_OP_TRANSPOSE:
        return role_if(perm && perm->count > 0 && perm->ints[0] == 0, NESCIO_ROLE_MOVE);
    case NESCIO_OP_RESHAPE:
    case NESCIO_OP_FLATTEN: return role_if(rows_stay(node), NESCIO_ROLE_MOVE);
    case NESCIO_OP_SQUEEZE:
    case NESCIO_OP_UNSQUEEZE: return role_if(axes_spare_rows(node, 1), NESCIO_ROLE_MOVE);
    case NESCIO_OP_SLICE: return role_if(axes_spare_rows(node, 3), NESCIO_ROLE_MOVE);
    case NESCIO_OP_GATHER:
    case NESCIO_OP_SPLIT: return role_if(axis_spares_rows(node, 0), NESCIO_ROLE_MOVE);
    case NESCIO_OP_ONE_HOT: return role_if(axis_spares_rows(node, -1), NESCIO_ROLE_CLIENT);
    case NESCIO_OP_DEPTH_TO_SPACE:
    case NESCIO_OP_SPACE_TO_DEPTH: return NESCIO_ROLE_MOVE;
    default: return NESCIO_ROLE_BODY;
    }
}

static nescio_role role_of_reduce(const nescio_node *node)
{
    switch (node->op) {
    case NESCIO_OP_ARG_MAX:
    case NESCIO_OP_ARG_MIN: return role_if(axis_spares_rows(node, 0), NESCIO_ROLE_CLIENT);
    case NESCIO_OP_TOP_K:
        return role_if(axis_spares_rows(node, -1) && is_constant(node->inputs[1]),
                       NESCIO_ROLE_CLIENT);
    case NESCIO_OP_CUM_SUM: return role_if(axes_spare_rows(node, 1), NESCIO_ROLE_CLIENT);
    case NESCIO_OP_REDUCE_SUM:
    case NESCIO_OP_REDUCE_MEAN: return role_if(axes_spare_rows(node, 1), NESCIO_ROLE_SUM);
    default: return role_if(axes_spare_rows(node, 1), NESCIO_ROLE_CLIENT);
    }
}

static nescio_role role_of_norm(const nescio_node *node)
{
    switch (node->op) {
    case NESCIO_OP_SOFTMAX:
    case NESCIO_OP_LOG_SOFTMAX:
    case NESCIO_OP_HARDMAX:
    case NESCIO_OP_LP_NORMALIZATION:
    case NESCIO_OP_LAYER_NORMALIZATION:
        return role_if(axis_spares_rows(node, -1) && parameters_constant(node, 1),
                       NESCIO_ROLE_CLIENT);
    default: return NESCIO_ROLE_BODY;
    }
}

static nescio_role role_of_model(const nescio_node *node)
{
    switch (node->op) {
    case NESCIO_OP_SCALER:
    case NESCIO_OP_IMPUTER:
    case NESCIO_OP_BINARIZER: return NESCIO_ROLE_POINTWISE;
    case NESCIO_OP_LABEL_ENCODER:
    case NESCIO_OP_CATEGORY_MAPPER:
    case NESCIO_OP_FEATURE_VECTORIZER:
    case NESCIO_OP_ONE_HOT_ENCODER:
    case NESCIO_OP_TOKENIZER: return NESCIO_ROLE_CLIENT;
    case NESCIO_OP_STRING_NORMALIZER: /* stop words take rows away */
        return role_if(node->inputs[0]->shape.rank == 1 && !nescio_node_attr(node, "stopwords"),
                       NESCIO_ROLE_CLIENT);
    case NESCIO_OP_TF_IDF_VECTORIZER:
        return role_if(node->inputs[0]->shape.rank > 1, NESCIO_ROLE_CLIENT);
    case NESCIO_OP_NORMALIZER: return role_if(node->inputs[0]->shape.rank > 1, NESCIO_ROLE_CLIENT);
    case NESCIO_OP_ARRAY_FEATURE_EXTRACTOR:
        if (is_constant(node->inputs[0])) /* labels by number */
            return NESCIO_ROLE_CLIENT;
        return role_if(node->inputs[0]->shape.rank > 1 && is_constant(node->inputs[1]),
                       NESCIO_ROLE_MOVE);
    default: return NESCIO_ROLE_BODY;
    }
}

static nescio_role role_of_quant(const nescio_node *node)
{
    switch (node->op) {
    case NESCIO_OP_QUANT:
    case NESCIO_OP_BIPOLAR_QUANT:
    case NESCIO_OP_TRUNC:
    case NESCIO_OP_QUANTIZE_LINEAR:
    case NESCIO_OP_DEQUANTIZE_LINEAR:
        return role_if(parameters_constant(node, 1), NESCIO_ROLE_POINTWISE);
    default: return NESCIO_ROLE_BODY;
    }
}

nescio_role nescio_split_role(const nescio_node *node)
{
    if (node->n_inputs == 0 || !node->inputs[0] || node->n_outputs == 0 || !node->outputs[0] ||
        !nescio_refexec_has_border_op(node->op))
        return NESCIO_ROLE_BODY;
    switch (nescio_op_get(node->op)->kind) {
    case NESCIO_KIND_UNARY:
    case NESCIO_KIND_BINARY: return role_if(operands_align(node), NESCIO_ROLE_POINTWISE);
    case NESCIO_KIND_REDUCE: return role_of_reduce(node);
    case NESCIO_KIND_NORM: return role_of_norm(node);
    case NESCIO_KIND_MOVE: return role_of_move(node);
    case NESCIO_KIND_QUANT: return role_of_quant(node);
    case NESCIO_KIND_MODEL: return role_of_model(node);
    default: return NESCIO_ROLE_BODY;
    }
}

bool nescio_split_heads(const nescio_node *node)
{
    return nescio_op_get(node->op)->kind != NESCIO_KIND_QUANT;
}
