/* SPDX-License-Identifier: Apache-2.0
 * TreeEnsemble (ai.onnx.ml 5): nodes and leaves are named by position. */
#include "refexec/ensemble.h"
#include "refexec/run_table.h"

#include <math.h>

/* Child `at` of a node: a position among the nodes, or among the leaves, which are put behind
 * the nodes. */
static int64_t child_position(const nescio_ensemble *f, int64_t n_inner, int64_t at, bool is_leaf)
{
    const int64_t limit = is_leaf ? f->n_nodes - n_inner : n_inner;

    return at < 0 || at >= limit ? -1 : is_leaf ? n_inner + at : at;
}

/* Sets of the MEMBER nodes, in order of nodes, each ended by NaN. */
static nescio_status read_members(const nescio_refexec_call *call, nescio_ensemble *f,
                                  int64_t n_inner)
{
    nescio_ml_list members;
    int64_t at = 0;

    NESCIO_TRY(nescio_ml_list_read(call, "membership_values", "membership_values", &members));
    f->members = members.at;
    for (int64_t i = 0; i < n_inner; i++) {
        nescio_ensemble_node *const n = &f->nodes[i];

        if (n->mode != NESCIO_TREE_MEMBER)
            continue;
        n->first = at;
        while (at < (int64_t)members.n && !isnan(members.at[at]))
            at++;
        n->count = at - n->first;
        if (at >= (int64_t)members.n && n->count == 0)
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "membership_values has no set for node %lld", (long long)i);
        at++;
    }
    return NESCIO_OK;
}

static nescio_status read_forest_by_position(const nescio_refexec_call *call, nescio_ensemble *f)
{
    nescio_ml_ints features, if_true, if_false, true_leafs, false_leafs, missing, targets, roots;
    nescio_ml_list splits, modes, weights;
    int64_t n;

    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_featureids", &features));
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_truenodeids", &if_true));
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_falsenodeids", &if_false));
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_trueleafs", &true_leafs));
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_falseleafs", &false_leafs));
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_missing_value_tracks_true", &missing));
    NESCIO_TRY(nescio_ml_ints_read(call, "leaf_targetids", &targets));
    NESCIO_TRY(nescio_ml_ints_read(call, "tree_roots", &roots));
    NESCIO_TRY(nescio_ml_list_read(call, "nodes_splits", "nodes_splits", &splits));
    NESCIO_TRY(nescio_ml_list_read(call, "nodes_modes", "nodes_modes", &modes));
    NESCIO_TRY(nescio_ml_list_read(call, "leaf_weights", "leaf_weights", &weights));
    n = (int64_t)features.n;
    if (n == 0 || if_true.n != features.n || if_false.n != features.n ||
        true_leafs.n != features.n || false_leafs.n != features.n || splits.n != features.n ||
        modes.n != features.n || (missing.n && missing.n != features.n) || targets.n != weights.n ||
        targets.n == 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "attributes of the nodes or leaves differ in length");
    f->n_pairs = (int64_t)targets.n;
    f->n_nodes = n + f->n_pairs;
    f->nodes = nescio_call_scratch(call, f->n_nodes, sizeof *f->nodes);
    f->targets = nescio_call_scratch(call, (int64_t)targets.n, sizeof *f->targets);
    f->roots = nescio_call_scratch(call, (int64_t)roots.n + 1, sizeof *f->roots);
    if (!f->nodes || !f->targets || !f->roots)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < n; i++) {
        const double mode = modes.at[i];

        if (!(mode >= NESCIO_TREE_LEQ && mode <= NESCIO_TREE_MEMBER))
            return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "node mode %g", mode);
        f->nodes[i] = (nescio_ensemble_node){
            .split = splits.at[i],
            .feature = features.at[i],
            .if_true = child_position(f, n, if_true.at[i], true_leafs.at[i] != 0),
            .if_false = child_position(f, n, if_false.at[i], false_leafs.at[i] != 0),
            .mode = (nescio_ensemble_mode)mode,
            .missing_true = missing.n && missing.at[i] != 0};
    }
    for (size_t k = 0; k < targets.n; k++) {
        f->nodes[n + (int64_t)k] =
            (nescio_ensemble_node){.mode = NESCIO_TREE_LEAF, .first = (int64_t)k, .count = 1};
        f->targets[k] = targets.at[k];
    }
    for (size_t k = 0; k < roots.n; k++) {
        if (roots.at[k] < 0 || roots.at[k] >= n)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "tree root %lld of %lld nodes",
                                    (long long)roots.at[k], (long long)n);
        f->roots[f->n_roots++] = roots.at[k];
    }
    f->weights = weights.at;
    return read_members(call, f, n);
}

nescio_status nescio_run_tree_ensemble(nescio_refexec_call *call)
{
    const int64_t how = nescio_node_int(call->node, "aggregate_function", NESCIO_AGGREGATE_SUM);
    const int64_t post = nescio_node_int(call->node, "post_transform", NESCIO_POST_NONE);
    nescio_ml_rows x;
    double *scores;
    nescio_ensemble f = {0};

    NESCIO_TRY(nescio_ml_rows_read(call, &x));
    f.n_targets = nescio_node_int(call->node, "n_targets", 1);
    f.how = (nescio_aggregate)how;
    if (how < NESCIO_AGGREGATE_AVERAGE || how > NESCIO_AGGREGATE_MAX || post < NESCIO_POST_NONE ||
        post > NESCIO_POST_PROBIT || f.n_targets < 1 || f.n_targets > 1 << 24)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "aggregate_function %lld, post_transform %lld, %lld targets",
                                (long long)how, (long long)post, (long long)f.n_targets);
    NESCIO_TRY(read_forest_by_position(call, &f));
    NESCIO_TRY(nescio_ensemble_check(call, &f, x.features));
    NESCIO_TRY(nescio_ensemble_scores(call, &x, f.n_targets, &scores));
    NESCIO_TRY(nescio_ensemble_run(call, &f, &x, scores));
    for (int64_t i = 0; i < x.n; i++)
        nescio_ml_post_row((nescio_ml_post)post, scores + i * f.n_targets, f.n_targets);
    return nescio_ml_output(call, 0, call->inputs[0]->dtype, x.n, f.n_targets, scores);
}
