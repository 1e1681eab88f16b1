/* SPDX-License-Identifier: Apache-2.0
 * TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble become the canonical forest
 * (forest.h), an Add of base values, and the operators of post_transform and label.
 *
 * A classifier for two labels whose leaves name one class only gives the score of the second; the
 * first gets -s, or 1 - s where no transform follows and no weight is negative: then s is a
 * probability [ONNX ai.onnx.ml is silent on signs; onnxruntime's rule]. Integer features become
 * float64, which the canonical operator takes everywhere. Needs shapes, breaks nothing. */
#include "passes/forest.h"
#include "passes/model_scores.h"

#include <stdlib.h>
#include <string.h>

static bool is_tree_op(nescio_op op)
{
    return op == NESCIO_OP_TREE_ENSEMBLE || op == NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER ||
           op == NESCIO_OP_TREE_ENSEMBLE_REGRESSOR;
}

/* Whether nescio_forest_write could have made it. */
static bool is_canonical(const nescio_node *node)
{
    const nescio_attr *const modes = nescio_node_attr(node, "nodes_modes");

    if (node->op != NESCIO_OP_TREE_ENSEMBLE_REGRESSOR || !modes ||
        modes->kind != NESCIO_ATTR_STRINGS || nescio_node_attr(node, "base_values") ||
        nescio_node_attr(node, "base_values_as_tensor") ||
        nescio_post_of(node) != NESCIO_POST_AS_IS ||
        strcmp(nescio_node_string(node, "aggregate_function", "SUM"), "AVERAGE") == 0)
        return false;
    for (size_t i = 0; i < modes->count; i++) {
        if (strcmp(modes->strings[i], "BRANCH_LEQ") != 0 && strcmp(modes->strings[i], "LEAF") != 0)
            return false;
    }
    return true;
}

/* base_values as doubles, one a target; *n 0: none. The caller frees *out. */
static nescio_status read_base(nescio_rewrite *rw, const nescio_node *node, int64_t n_targets,
                               double **out, bool *fits)
{
    const nescio_attr *a = nescio_node_attr(node, "base_values");
    nescio_tensor t = {0};
    const double *from = NULL;
    size_t n = 0;

    *out = NULL;
    if (a && a->kind == NESCIO_ATTR_FLOATS) {
        from = a->floats;
        n = a->count;
    } else {
        a = nescio_node_attr(node, "base_values_as_tensor");
        if (a && a->kind == NESCIO_ATTR_TENSOR && a->t->dtype != NESCIO_STRING) {
            NESCIO_TRY(nescio_tensor_cast(rw->ctx, &t, a->t, NESCIO_F64));
            from = t.data;
            n = nescio_tensor_count(&t);
        }
    }
    *fits = n <= 1 || (int64_t)n == n_targets;
    if (n > 0 && *fits) {
        *out = calloc((size_t)n_targets, sizeof **out);
        for (int64_t i = 0; *out && i < n_targets; i++)
            (*out)[i] = from[n == 1 ? 0 : i];
    }
    nescio_tensor_free(&t);
    return n > 0 && *fits && !*out ? nescio_rewrite_nomem(rw) : NESCIO_OK;
}

/* The only class id of a classifier's leaves; -1: there are several. */
static int64_t only_target(const nescio_forest *f)
{
    for (size_t i = 1; i < f->n_pairs; i++) {
        if (f->pairs[i].target != f->pairs[0].target)
            return -1;
    }
    return f->n_pairs ? f->pairs[0].target : -1;
}

/* Whether a single score is a probability rather than a margin around 0. */
static bool has_no_negative_weight(const nescio_forest *f)
{
    for (size_t i = 0; i < f->n_pairs; i++) {
        if (f->pairs[i].weight < 0)
            return false;
    }
    return true;
}

/* The input as the canonical operator takes it: integers as float64. NULL: no memory. */
static nescio_value *real_features(nescio_rewrite *rw, nescio_node *node)
{
    nescio_value *const x = node->inputs[0];
    nescio_node *cast;

    if (nescio_dtype_is_float(x->dtype))
        return x;
    cast = nescio_rewrite_node(rw, node, NESCIO_OP_CAST, NULL, 1, node->inputs);
    return cast && nescio_node_set_int(cast, "to", NESCIO_F64) ? cast->outputs[0] : NULL;
}

/* The forest, its features as numbers, plus base values. NULL: no memory. */
static nescio_value *raw_scores(nescio_rewrite *rw, nescio_node *node, const nescio_forest *f,
                                const double *base)
{
    nescio_value *const x = real_features(rw, node);
    nescio_node *const trees = x ? nescio_forest_write(rw, f, node, node->name, x) : NULL;
    nescio_value *constant;
    nescio_node *sum;

    if (!trees || !base)
        return trees ? trees->outputs[0] : NULL;
    constant = nescio_rewrite_reals(rw, "base_values", NESCIO_F32, 1, &f->n_targets, base);
    if (!constant)
        return NULL;
    sum = nescio_rewrite_node(rw, node, NESCIO_OP_ADD, NULL, 2,
                              (nescio_value *[]){trees->outputs[0], constant});
    return sum ? sum->outputs[0] : NULL;
}

static nescio_status rewrite_classifier(nescio_rewrite *rw, nescio_node *node, nescio_forest *f,
                                        double *base)
{
    const int64_t only = f->n_targets == 2 ? only_target(f) : -1;
    const nescio_post post = nescio_post_of(node);
    nescio_value *const labels = nescio_labels_of(rw, node); /* some: n_targets counts them */
    nescio_value *scores;

    if (!labels)
        return nescio_rewrite_nomem(rw);
    if (only >= 0) {
        for (size_t i = 0; i < f->n_pairs; i++)
            f->pairs[i].target = 0;
        f->n_targets = 1;
        if (base)
            base[0] = base[only];
    }
    scores = raw_scores(rw, node, f, base);
    if (scores && only >= 0)
        scores = nescio_scores_mirror(rw, node, scores,
                                      post == NESCIO_POST_AS_IS && has_no_negative_weight(f));
    if (!scores)
        return nescio_rewrite_nomem(rw);
    return nescio_scores_finish(rw, node, scores, post, 1, labels);
}

static nescio_status rewrite_regressor(nescio_rewrite *rw, nescio_node *node,
                                       const nescio_forest *f, const double *base)
{
    nescio_value *scores = raw_scores(rw, node, f, base);
    const nescio_post post = nescio_post_of(node);

    if (scores && node->op == NESCIO_OP_TREE_ENSEMBLE && node->inputs[0]->dtype == NESCIO_F64) {
        nescio_node *const cast = nescio_rewrite_node(rw, node, NESCIO_OP_CAST, NULL, 1, &scores);

        if (!cast || !nescio_node_set_int(cast, "to", NESCIO_F64))
            return nescio_rewrite_nomem(rw);
        scores = cast->outputs[0];
    }
    return scores ? nescio_scores_finish(rw, node, scores, post, 0, NULL)
                  : nescio_rewrite_nomem(rw);
}

static nescio_status canonical(nescio_rewrite *rw, nescio_node *node)
{
    const bool classifier = node->op == NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER;
    nescio_forest f;
    double *base = NULL;
    bool ok = false, fits = true;
    nescio_status st = nescio_forest_read(rw->ctx, node, &f, &ok);

    /* One label, or a vector for input, mean special things that nobody exports. */
    ok &= node->inputs[0]->shape.rank == 2 && !(classifier && f.n_targets < 2);
    if (st == NESCIO_OK && ok)
        st = read_base(rw, node, f.n_targets, &base, &fits);
    if (st == NESCIO_OK && ok && fits)
        st = classifier ? rewrite_classifier(rw, node, &f, base)
                        : rewrite_regressor(rw, node, &f, base);
    free(base);
    nescio_forest_deinit(&f);
    return st;
}

nescio_status nescio_pass_canonical_trees(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        next = node->next;
        if (is_tree_op(node->op) && !is_canonical(node) && !node->inputs[0]->constant &&
            nescio_post_of(node) != NESCIO_POST_OTHER)
            NESCIO_TRY(canonical(rw, node));
    }
    return NESCIO_OK;
}
