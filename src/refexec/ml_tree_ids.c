/* SPDX-License-Identifier: Apache-2.0
 * TreeEnsembleClassifier and TreeEnsembleRegressor: nodes are named by tree id and node id, in any
 * order. */
#include "refexec/ensemble.h"
#include "refexec/run_table.h"

#include <stdlib.h>

/* Position of a node by its ids, sorted for searching. */
typedef struct id_entry {
    int64_t tree, node, position;
} id_entry;

static int by_ids(const void *a, const void *b)
{
    const id_entry *const x = a, *const y = b;

    if (x->tree != y->tree)
        return x->tree < y->tree ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

static int64_t find_node(const id_entry *ids, int64_t n, int64_t tree, int64_t node)
{
    const id_entry key = {tree, node, 0};
    const id_entry *const found = bsearch(&key, ids, (size_t)n, sizeof *ids, by_ids);

    return found ? found->position : -1;
}

static nescio_ensemble_mode find_mode(const char *name)
{
    static const char *const names[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE",    "BRANCH_GT",
                                        "BRANCH_EQ",  "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF"};
    int mode = 0;

    while (mode < NESCIO_TREE_COUNT && strcmp(name, names[mode]) != 0)
        mode++;
    return (nescio_ensemble_mode)mode;
}

/* Attribute lists of the nodes, all of one length. */
typedef struct node_lists {
    nescio_ml_ints trees, ids, features, if_true, if_false, missing;
    nescio_ml_list splits;
    const nescio_attr *modes;
} node_lists;

static nescio_status read_node_lists(const nescio_refexec_call *call, node_lists *l)
{
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_treeids", &l->trees));
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_nodeids", &l->ids));
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_featureids", &l->features));
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_truenodeids", &l->if_true));
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_falsenodeids", &l->if_false));
    NESCIO_TRY(nescio_ml_ints_read(call, "nodes_missing_value_tracks_true", &l->missing));
    NESCIO_TRY(nescio_ml_list_read(call, "nodes_values", "nodes_values_as_tensor", &l->splits));
    l->modes = nescio_node_attr(call->node, "nodes_modes");
    if (l->trees.n == 0 || l->ids.n != l->trees.n || l->features.n != l->trees.n ||
        l->if_true.n != l->trees.n || l->if_false.n != l->trees.n || l->splits.n != l->trees.n ||
        (l->missing.n && l->missing.n != l->trees.n) || !l->modes ||
        l->modes->kind != NESCIO_ATTR_STRINGS || l->modes->count != l->trees.n)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "the nodes_ attributes differ in length");
    return NESCIO_OK;
}

/* Nodes, children and roots; *ids is the sorted index. A tree's root is the first node listed for
 * it. */
static nescio_status read_nodes_by_id(const nescio_refexec_call *call, nescio_ensemble *f,
                                      id_entry **ids)
{
    node_lists l = {0};

    NESCIO_TRY(read_node_lists(call, &l));
    f->n_nodes = (int64_t)l.trees.n;
    f->nodes = nescio_call_scratch(call, f->n_nodes, sizeof *f->nodes);
    f->roots = nescio_call_scratch(call, f->n_nodes, sizeof *f->roots);
    *ids = nescio_call_scratch(call, f->n_nodes, sizeof **ids);
    if (!f->nodes || !f->roots || !*ids)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < f->n_nodes; i++)
        (*ids)[i] = (id_entry){l.trees.at[i], l.ids.at[i], i};
    qsort(*ids, (size_t)f->n_nodes, sizeof **ids, by_ids);
    for (int64_t i = 0; i < f->n_nodes; i++) {
        nescio_ensemble_node *const n = &f->nodes[i];

        *n = (nescio_ensemble_node){.split = l.splits.at[i],
                                    .feature = l.features.at[i],
                                    .mode = find_mode(l.modes->strings[i])};
        if (n->mode == NESCIO_TREE_COUNT || n->mode == NESCIO_TREE_MEMBER)
            return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "node mode '%.40s'",
                                    l.modes->strings[i]);
        n->missing_true = l.missing.n && l.missing.at[i] != 0;
        n->if_true = find_node(*ids, f->n_nodes, l.trees.at[i], l.if_true.at[i]);
        n->if_false = find_node(*ids, f->n_nodes, l.trees.at[i], l.if_false.at[i]);
    }
    for (int64_t i = 0, first; i < f->n_nodes; i = first) { /* runs of one tree in the index */
        int64_t root = (*ids)[i].position;

        for (first = i; first < f->n_nodes && (*ids)[first].tree == (*ids)[i].tree; first++)
            root = (*ids)[first].position < root ? (*ids)[first].position : root;
        f->roots[f->n_roots++] = root;
    }
    return NESCIO_OK;
}

/* Pair k belongs to leaf owner[k]: groups the pairs by leaf. With one target a leaf has one weight,
 * the first that is listed, as in onnxruntime: exporters of leaf numbers list it once a class. */
static nescio_status group_pairs(const nescio_refexec_call *call, nescio_ensemble *f,
                                 const int64_t *owner, const int64_t *targets,
                                 const double *weights, int64_t n)
{
    double *const grouped = nescio_call_scratch(call, n + 1, sizeof *grouped);
    int64_t at = 0;

    f->targets = nescio_call_scratch(call, n + 1, sizeof *f->targets);
    if (!grouped || !f->targets)
        return nescio_call_nomem(call);
    for (int64_t k = 0; k < n; k++)
        if (f->nodes[owner[k]].count == 0 || f->n_targets != 1)
            f->nodes[owner[k]].count++;
    for (int64_t i = 0; i < f->n_nodes; i++) {
        f->nodes[i].first = at;
        at += f->nodes[i].count;
        f->nodes[i].count = 0;
    }
    for (int64_t k = 0; k < n; k++) {
        nescio_ensemble_node *const leaf = &f->nodes[owner[k]];

        if (leaf->count > 0 && f->n_targets == 1)
            continue;
        f->targets[leaf->first + leaf->count] = targets[k];
        grouped[leaf->first + leaf->count] = weights[k];
        leaf->count++;
    }
    f->weights = grouped;
    f->n_pairs = at;
    return NESCIO_OK;
}

/* A forest whose pairs are in the attributes `names`: tree ids, node ids, targets, weights, weights
 * as a tensor. */
static nescio_status read_forest_by_id(const nescio_refexec_call *call, const char *const names[5],
                                       int64_t features, nescio_ensemble *f)
{
    nescio_ml_ints trees, nodes, targets;
    nescio_ml_list weights;
    id_entry *ids;
    int64_t *owner;

    NESCIO_TRY(read_nodes_by_id(call, f, &ids));
    NESCIO_TRY(nescio_ml_ints_read(call, names[0], &trees));
    NESCIO_TRY(nescio_ml_ints_read(call, names[1], &nodes));
    NESCIO_TRY(nescio_ml_ints_read(call, names[2], &targets));
    NESCIO_TRY(nescio_ml_list_read(call, names[3], names[4], &weights));
    NESCIO_TRY(nescio_ml_list_read(call, "base_values", "base_values_as_tensor", &f->base));
    if (nodes.n != trees.n || targets.n != trees.n || weights.n != trees.n)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "attributes of the leaves differ in length");
    owner = nescio_call_scratch(call, (int64_t)trees.n + 1, sizeof *owner);
    if (!owner)
        return nescio_call_nomem(call);
    for (size_t k = 0; k < trees.n; k++) {
        owner[k] = find_node(ids, f->n_nodes, trees.at[k], nodes.at[k]);
        if (owner[k] < 0)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "tree %lld has no node %lld",
                                    (long long)trees.at[k], (long long)nodes.at[k]);
    }
    NESCIO_TRY(group_pairs(call, f, owner, targets.at, weights.at, (int64_t)trees.n));
    return nescio_ensemble_check(call, f, features);
}

nescio_status nescio_run_tree_regressor(nescio_refexec_call *call)
{
    static const char *const names[5] = {"target_treeids", "target_nodeids", "target_ids",
                                         "target_weights", "target_weights_as_tensor"};
    static const char *const aggregates[4] = {"AVERAGE", "SUM", "MIN", "MAX"};
    const char *const how = nescio_node_string(call->node, "aggregate_function", "SUM");
    nescio_ml_post post;
    nescio_ml_rows x;
    double *scores;
    nescio_ensemble f = {0};
    int k = 0;

    NESCIO_TRY(nescio_ml_rows_read(call, &x));
    NESCIO_TRY(nescio_ml_post_read(call, &post));
    f.n_targets = nescio_node_int(call->node, "n_targets", 1);
    while (k < 4 && strcmp(how, aggregates[k]) != 0)
        k++;
    f.how = (nescio_aggregate)k;
    if (k == 4 || f.n_targets < 1 || f.n_targets > 1 << 24)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "aggregate_function '%.20s' of %lld targets", how,
                                (long long)f.n_targets);
    NESCIO_TRY(read_forest_by_id(call, names, x.features, &f));
    NESCIO_TRY(nescio_ensemble_scores(call, &x, f.n_targets, &scores));
    NESCIO_TRY(nescio_ensemble_run(call, &f, &x, scores));
    for (int64_t i = 0; i < x.n; i++)
        nescio_ml_post_row(post, scores + i * f.n_targets, f.n_targets);
    return nescio_ml_output(call, 0, NESCIO_F32, x.n, f.n_targets, scores);
}

/* Whether the score s of a single class is a probability, so that the other class has 1 - s; a
 * margin otherwise: -s. ONNX says nothing of signs, onnxruntime goes by those of the weights. */
static bool is_probability(nescio_ml_post post, const nescio_ensemble *f)
{
    if (post != NESCIO_POST_NONE)
        return post == NESCIO_POST_PROBIT;
    for (int64_t i = 0; i < f->n_pairs; i++)
        if (f->weights[i] < 0)
            return false;
    return true;
}

/* Scores of features that are no doubles are float32: classes with the same share of the trees tie,
 * however their weights were rounded, and the first of them wins. */
static void round_scores(double *scores, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        scores[i] = (float)scores[i];
}

static bool one_class_id(const nescio_ensemble *f)
{
    for (int64_t i = 1; i < f->n_pairs; i++)
        if (f->targets[i] != f->targets[0])
            return false;
    return f->n_pairs > 0;
}

nescio_status nescio_run_tree_classifier(nescio_refexec_call *call)
{
    static const char *const names[5] = {"class_treeids", "class_nodeids", "class_ids",
                                         "class_weights", "class_weights_as_tensor"};
    nescio_ml_labels labels;
    nescio_ml_post post;
    nescio_ml_rows x;
    double *scores, *final;
    nescio_ensemble f = {.how = NESCIO_AGGREGATE_SUM};
    bool binary, probability;
    int64_t n;

    NESCIO_TRY(nescio_ml_rows_read(call, &x));
    NESCIO_TRY(nescio_ml_post_read(call, &post));
    NESCIO_TRY(nescio_ml_labels_read(call, &labels));
    f.n_targets = labels.n ? (int64_t)labels.n : 1;
    NESCIO_TRY(read_forest_by_id(call, names, x.features, &f));
    binary = f.n_targets <= 2 && one_class_id(&f);
    probability = is_probability(post, &f);
    n = binary ? 2 : f.n_targets;
    NESCIO_TRY(nescio_ensemble_scores(call, &x, f.n_targets, &scores));
    NESCIO_TRY(nescio_ensemble_scores(call, &x, n, &final));
    NESCIO_TRY(nescio_ensemble_run(call, &f, &x, scores));
    NESCIO_TRY(nescio_ml_labels_begin(call, &labels, x.n));
    for (int64_t i = 0; i < x.n; i++) {
        double *const row = final + i * n;
        int64_t best;

        if (binary) {
            row[1] = scores[i * f.n_targets + f.targets[0]];
            row[0] = probability ? 1 - row[1] : -row[1];
        } else {
            memcpy(row, scores + i * n, (size_t)n * sizeof *row);
        }
        if (call->inputs[0]->dtype != NESCIO_F64)
            round_scores(row, n);
        nescio_ml_post_row(post, row, n);
        best = nescio_ml_argmax(row, n);
        if (labels.n == 1) /* a single label is that of the positive class; the other is 0 or "" */
            best = best == 1 ? 0 : -1;
        nescio_ml_labels_set(call, &labels, i, best);
    }
    return nescio_ml_output(call, 1, NESCIO_F32, x.n, n, final);
}
