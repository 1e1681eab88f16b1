/* SPDX-License-Identifier: Apache-2.0
 * LinearRegressor and LinearClassifier become Gemm and the operators of post_transform and label.
 * One row of coefficients for two labels is the score of the second; the first gets its negative
 * [ONNX ai.onnx.ml]. Needs shapes, breaks nothing. */
#include "passes/model_scores.h"

#include <stdlib.h>

/* Output columns: targets, or rows of coefficients. 0: the attributes do not fit together. */
static int64_t columns(const nescio_node *node, int64_t n_features)
{
    const nescio_attr *const w = nescio_node_attr(node, "coefficients");
    const nescio_attr *const b = nescio_node_attr(node, "intercepts");
    int64_t n;

    if (!w || w->kind != NESCIO_ATTR_FLOATS || n_features < 1 ||
        (int64_t)w->count % n_features != 0)
        return 0;
    n = (int64_t)w->count / n_features;
    if (node->op == NESCIO_OP_LINEAR_REGRESSOR && nescio_node_int(node, "targets", 1) != n)
        return 0;
    return b && b->count && (b->kind != NESCIO_ATTR_FLOATS || (int64_t)b->count != n) ? 0 : n;
}

/* The input as float32, as these operators compute. NULL: no memory. */
static nescio_value *as_float(nescio_rewrite *rw, nescio_node *node)
{
    nescio_node *cast;

    if (node->inputs[0]->dtype == NESCIO_F32)
        return node->inputs[0];
    cast = nescio_rewrite_node(rw, node, NESCIO_OP_CAST, NULL, 1, node->inputs);
    return cast && nescio_node_set_int(cast, "to", NESCIO_F32) ? cast->outputs[0] : NULL;
}

static nescio_value *product(nescio_rewrite *rw, nescio_node *node, int64_t n, int64_t n_features)
{
    const nescio_attr *const w = nescio_node_attr(node, "coefficients");
    const nescio_attr *const b = nescio_node_attr(node, "intercepts");
    nescio_value *inputs[3] = {as_float(rw, node), NULL, NULL};
    nescio_node *gemm;

    inputs[1] = nescio_rewrite_reals(rw, "coefficients", NESCIO_F32, 2, (int64_t[]){n, n_features},
                                     w->floats);
    if (b && b->count)
        inputs[2] = nescio_rewrite_reals(rw, "intercepts", NESCIO_F32, 1, &n, b->floats);
    if (!inputs[0] || !inputs[1] || (b && b->count && !inputs[2]))
        return NULL;
    gemm = nescio_rewrite_node(rw, node, NESCIO_OP_GEMM, node->name, inputs[2] ? 3 : 2, inputs);
    return gemm && nescio_node_set_int(gemm, "transB", 1) ? gemm->outputs[0] : NULL;
}

static nescio_status canonical(nescio_rewrite *rw, nescio_node *node)
{
    const nescio_shape *const x = &node->inputs[0]->shape;
    const int64_t n_features = x->rank == 2 ? x->dims[1] : 0, n = columns(node, n_features);
    const bool classifier = node->op == NESCIO_OP_LINEAR_CLASSIFIER;
    nescio_value *labels = NULL, *scores;

    if (n < 1)
        return NESCIO_OK;
    if (classifier) {
        const size_t n_labels = nescio_labels_count(node);

        if (n_labels < 2 || n_labels != (size_t)(n == 1 ? 2 : n))
            return NESCIO_OK;
        labels = nescio_labels_of(rw, node);
        if (!labels)
            return nescio_rewrite_nomem(rw);
    }
    scores = product(rw, node, n, n_features);
    if (scores && classifier && n == 1)
        scores = nescio_scores_mirror(rw, node, scores, false);
    if (!scores)
        return nescio_rewrite_nomem(rw);
    return nescio_scores_finish(rw, node, scores, nescio_post_of(node), classifier ? 1 : 0, labels);
}

nescio_status nescio_pass_canonical_linear_models(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        next = node->next;
        if ((node->op == NESCIO_OP_LINEAR_CLASSIFIER || node->op == NESCIO_OP_LINEAR_REGRESSOR) &&
            !node->inputs[0]->constant && nescio_post_of(node) != NESCIO_POST_OTHER)
            NESCIO_TRY(canonical(rw, node));
    }
    return NESCIO_OK;
}
