/* SPDX-License-Identifier: Apache-2.0
 * Tree ensembles: TreeEnsembleClassifier and -Regressor (nodes by tree and node id), TreeEnsemble
 * (nodes by position). All three become one array of nodes, in which children are positions and
 * leaves carry a range of (target, weight) pairs. A walk that takes more steps than there are nodes
 * has met a cycle: refused. */
#include "refexec/ml_common.h"
#include "refexec/run_table.h"

#include <math.h>
#include <stdlib.h>

typedef enum node_mode {
    MODE_LEQ,
    MODE_LT,
    MODE_GTE,
    MODE_GT,
    MODE_EQ,
    MODE_NEQ,
    MODE_MEMBER,
    MODE_LEAF,
    MODE_COUNT
} node_mode;

typedef struct tree_node {
    double split;
    int64_t feature, if_true, if_false; /* children: positions */
    int64_t first, count;               /* leaf: its pairs; MODE_MEMBER: its set in `members` */
    node_mode mode;
    bool missing_true; /* where NaN goes */
} tree_node;

typedef enum aggregate { AGGREGATE_AVERAGE, AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX } aggregate;

typedef struct forest {
    tree_node *nodes;
    int64_t n_nodes, n_pairs;
    int64_t *roots, n_roots;
    int64_t *targets; /* of each pair */
    const double *weights;
    const double *members;
    int64_t n_targets;
    aggregate how;
    nescio_ml_list base; /* added to each target; may be empty */
} forest;

static bool goes_true(const forest *f, const tree_node *n, double v)
{
    if (isnan(v) && n->missing_true)
        return true;
    switch (n->mode) {
    case MODE_LEQ: return v <= n->split;
    case MODE_LT: return v < n->split;
    case MODE_GTE: return v >= n->split;
    case MODE_GT: return v > n->split;
    case MODE_EQ: return v == n->split;
    case MODE_NEQ: return v != n->split;
    default:
        for (int64_t i = 0; i < n->count; i++)
            if (f->members[n->first + i] == v)
                return true;
        return false;
    }
}

/* The leaf that a row ends in; NULL: a cycle. */
static const tree_node *find_leaf(const forest *f, int64_t root, const double *row)
{
    const tree_node *n = &f->nodes[root];

    for (int64_t steps = 0; n->mode != MODE_LEAF; steps++) {
        if (steps > f->n_nodes)
            return NULL;
        n = &f->nodes[goes_true(f, n, row[n->feature]) ? n->if_true : n->if_false];
    }
    return n;
}

static void add_leaf(const forest *f, const tree_node *leaf, double *scores, bool *touched)
{
    for (int64_t i = leaf->first; i < leaf->first + leaf->count; i++) {
        const int64_t t = f->targets[i];
        const double w = f->weights[i];

        if (f->how == AGGREGATE_MIN)
            scores[t] = touched[t] ? fmin(scores[t], w) : w;
        else if (f->how == AGGREGATE_MAX)
            scores[t] = touched[t] ? fmax(scores[t], w) : w;
        else
            scores[t] += w;
        touched[t] = true;
    }
}

/* scores[rows, n_targets] of all rows. */
static nescio_status run_forest(const nescio_refexec_call *call, const forest *f,
                                const nescio_ml_rows *x, double *scores)
{
    bool *const touched = nescio_call_scratch(call, f->n_targets + 1, sizeof *touched);

    if (!touched)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < x->n; i++) {
        double *const row = scores + i * f->n_targets;

        memset(touched, 0, (size_t)f->n_targets * sizeof *touched);
        for (int64_t r = 0; r < f->n_roots; r++) {
            const tree_node *const leaf = find_leaf(f, f->roots[r], x->at + i * x->features);

            if (!leaf)
                return nescio_call_fail(call, NESCIO_E_FORMAT, "tree %lld has a cycle",
                                        (long long)r);
            add_leaf(f, leaf, row, touched);
        }
        for (int64_t t = 0; t < f->n_targets; t++) {
            if (f->how == AGGREGATE_AVERAGE && f->n_roots)
                row[t] /= (double)f->n_roots;
            if (f->base.n)
                row[t] += f->base.at[f->base.n == 1 ? 0 : t];
        }
    }
    return NESCIO_OK;
}

static nescio_status check_forest(const nescio_refexec_call *call, const forest *f,
                                  int64_t features)
{
    for (int64_t i = 0; i < f->n_nodes; i++) {
        const tree_node *const n = &f->nodes[i];

        if (n->mode != MODE_LEAF &&
            (n->feature < 0 || n->feature >= features || n->if_true < 0 ||
             n->if_true >= f->n_nodes || n->if_false < 0 || n->if_false >= f->n_nodes))
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "tree node %lld asks for feature %lld of %lld, or has no child",
                                    (long long)i, (long long)n->feature, (long long)features);
    }
    for (int64_t i = 0; i < f->n_pairs; i++)
        if (f->targets[i] < 0 || f->targets[i] >= f->n_targets)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "a leaf adds to target %lld of %lld",
                                    (long long)f->targets[i], (long long)f->n_targets);
    if (f->base.n > 1 && (int64_t)f->base.n != f->n_targets)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu base values for %lld targets",
                                f->base.n, (long long)f->n_targets);
    return NESCIO_OK;
}

/* --- nodes by tree and node id
 * --------------------------------------------------------------------------------- */

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

static node_mode find_mode(const char *name)
{
    static const char *const names[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE",    "BRANCH_GT",
                                        "BRANCH_EQ",  "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF"};
    int mode = 0;

    while (mode < MODE_COUNT && strcmp(name, names[mode]) != 0)
        mode++;
    return (node_mode)mode;
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
static nescio_status read_nodes_by_id(const nescio_refexec_call *call, forest *f, id_entry **ids)
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
        tree_node *const n = &f->nodes[i];

        *n = (tree_node){.split = l.splits.at[i],
                         .feature = l.features.at[i],
                         .mode = find_mode(l.modes->strings[i])};
        if (n->mode == MODE_COUNT || n->mode == MODE_MEMBER)
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

/* Pair k belongs to leaf owner[k]: groups the pairs by leaf. */
static nescio_status group_pairs(const nescio_refexec_call *call, forest *f, const int64_t *owner,
                                 const int64_t *targets, const double *weights, int64_t n)
{
    double *const grouped = nescio_call_scratch(call, n + 1, sizeof *grouped);
    int64_t at = 0;

    f->targets = nescio_call_scratch(call, n + 1, sizeof *f->targets);
    if (!grouped || !f->targets)
        return nescio_call_nomem(call);
    for (int64_t k = 0; k < n; k++)
        f->nodes[owner[k]].count++;
    for (int64_t i = 0; i < f->n_nodes; i++) {
        f->nodes[i].first = at;
        at += f->nodes[i].count;
        f->nodes[i].count = 0;
    }
    for (int64_t k = 0; k < n; k++) {
        tree_node *const leaf = &f->nodes[owner[k]];

        f->targets[leaf->first + leaf->count] = targets[k];
        grouped[leaf->first + leaf->count] = weights[k];
        leaf->count++;
    }
    f->weights = grouped;
    return NESCIO_OK;
}

/* A forest whose pairs are in the attributes `names`: tree ids, node ids, targets, weights, weights
 * as a tensor. */
static nescio_status read_forest_by_id(const nescio_refexec_call *call, const char *const names[5],
                                       int64_t features, forest *f)
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
    f->n_pairs = (int64_t)trees.n;
    return check_forest(call, f, features);
}

static nescio_status new_scores(const nescio_refexec_call *call, const nescio_ml_rows *x, int64_t n,
                                double **scores)
{
    size_t count;

    if (!nescio_size_mul(&count, (size_t)x->n, (size_t)n) || count >> 45)
        return nescio_call_nomem(call);
    *scores = nescio_call_scratch(call, (int64_t)count + 1, sizeof **scores);
    return *scores ? NESCIO_OK : nescio_call_nomem(call);
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
    forest f = {0};
    int k = 0;

    NESCIO_TRY(nescio_ml_rows_read(call, &x));
    NESCIO_TRY(nescio_ml_post_read(call, &post));
    f.n_targets = nescio_node_int(call->node, "n_targets", 1);
    while (k < 4 && strcmp(how, aggregates[k]) != 0)
        k++;
    f.how = (aggregate)k;
    if (k == 4 || f.n_targets < 1 || f.n_targets > 1 << 24)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "aggregate_function '%.20s' of %lld targets", how,
                                (long long)f.n_targets);
    NESCIO_TRY(read_forest_by_id(call, names, x.features, &f));
    NESCIO_TRY(new_scores(call, &x, f.n_targets, &scores));
    NESCIO_TRY(run_forest(call, &f, &x, scores));
    for (int64_t i = 0; i < x.n; i++)
        nescio_ml_post_row(post, scores + i * f.n_targets, f.n_targets);
    return nescio_ml_output(call, 0, NESCIO_F32, x.n, f.n_targets, scores);
}

/* Where only one class id occurs, its score is that of the second class and the first gets the
 * complement: 1 - s, or -s before transforms that want signs. */
static void complete_binary(nescio_ml_post post, const double *in, int64_t i_class, double *both)
{
    const double s = in[i_class];

    both[1] = s;
    both[0] = post == NESCIO_POST_NONE || post == NESCIO_POST_PROBIT ? 1 - s : -s;
}

static bool one_class_id(const forest *f)
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
    forest f = {.how = AGGREGATE_SUM};
    bool binary;
    int64_t n;

    NESCIO_TRY(nescio_ml_rows_read(call, &x));
    NESCIO_TRY(nescio_ml_post_read(call, &post));
    NESCIO_TRY(nescio_ml_labels_read(call, &labels));
    f.n_targets = labels.n ? (int64_t)labels.n : 1;
    NESCIO_TRY(read_forest_by_id(call, names, x.features, &f));
    binary = f.n_targets <= 2 && one_class_id(&f);
    n = binary ? 2 : f.n_targets;
    NESCIO_TRY(new_scores(call, &x, f.n_targets, &scores));
    NESCIO_TRY(new_scores(call, &x, n, &final));
    NESCIO_TRY(run_forest(call, &f, &x, scores));
    NESCIO_TRY(nescio_ml_labels_begin(call, &labels, x.n));
    for (int64_t i = 0; i < x.n; i++) {
        double *const row = final + i * n;
        int64_t best;

        if (binary)
            complete_binary(post, scores + i * f.n_targets, f.targets[0], row);
        else
            memcpy(row, scores + i * n, (size_t)n * sizeof *row);
        nescio_ml_post_row(post, row, n);
        best = nescio_ml_argmax(row, n);
        if (labels.n == 1) /* a single label is that of the positive class; the other is 0 or "" */
            best = best == 1 ? 0 : -1;
        nescio_ml_labels_set(call, &labels, i, best);
    }
    return nescio_ml_output(call, 1, NESCIO_F32, x.n, n, final);
}

/* --- nodes by position
 * ----------------------------------------------------------------------------------------- */

/* Child `at` of a node: a position among the nodes, or among the leaves, which are put behind the
 * nodes. */
static int64_t child_position(const forest *f, int64_t n_inner, int64_t at, bool is_leaf)
{
    const int64_t limit = is_leaf ? f->n_nodes - n_inner : n_inner;

    return at < 0 || at >= limit ? -1 : is_leaf ? n_inner + at : at;
}

/* Sets of the MEMBER nodes, in order of nodes, each ended by NaN. */
static nescio_status read_members(const nescio_refexec_call *call, forest *f, int64_t n_inner)
{
    nescio_ml_list members;
    int64_t at = 0;

    NESCIO_TRY(nescio_ml_list_read(call, "membership_values", "membership_values", &members));
    f->members = members.at;
    for (int64_t i = 0; i < n_inner; i++) {
        tree_node *const n = &f->nodes[i];

        if (n->mode != MODE_MEMBER)
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

static nescio_status read_forest_by_position(const nescio_refexec_call *call, forest *f)
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

        if (!(mode >= MODE_LEQ && mode <= MODE_MEMBER))
            return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "node mode %g", mode);
        f->nodes[i] =
            (tree_node){.split = splits.at[i],
                        .feature = features.at[i],
                        .if_true = child_position(f, n, if_true.at[i], true_leafs.at[i] != 0),
                        .if_false = child_position(f, n, if_false.at[i], false_leafs.at[i] != 0),
                        .mode = (node_mode)mode,
                        .missing_true = missing.n && missing.at[i] != 0};
    }
    for (size_t k = 0; k < targets.n; k++) {
        f->nodes[n + (int64_t)k] = (tree_node){.mode = MODE_LEAF, .first = (int64_t)k, .count = 1};
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
    const int64_t how = nescio_node_int(call->node, "aggregate_function", AGGREGATE_SUM);
    const int64_t post = nescio_node_int(call->node, "post_transform", NESCIO_POST_NONE);
    nescio_ml_rows x;
    double *scores;
    forest f = {0};

    NESCIO_TRY(nescio_ml_rows_read(call, &x));
    f.n_targets = nescio_node_int(call->node, "n_targets", 1);
    f.how = (aggregate)how;
    if (how < AGGREGATE_AVERAGE || how > AGGREGATE_MAX || post < NESCIO_POST_NONE ||
        post > NESCIO_POST_PROBIT || f.n_targets < 1 || f.n_targets > 1 << 24)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "aggregate_function %lld, post_transform %lld, %lld targets",
                                (long long)how, (long long)post, (long long)f.n_targets);
    NESCIO_TRY(read_forest_by_position(call, &f));
    NESCIO_TRY(check_forest(call, &f, x.features));
    NESCIO_TRY(new_scores(call, &x, f.n_targets, &scores));
    NESCIO_TRY(run_forest(call, &f, &x, scores));
    for (int64_t i = 0; i < x.n; i++)
        nescio_ml_post_row((nescio_ml_post)post, scores + i * f.n_targets, f.n_targets);
    return nescio_ml_output(call, 0, call->inputs[0]->dtype, x.n, f.n_targets, scores);
}
