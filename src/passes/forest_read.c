/* SPDX-License-Identifier: Apache-2.0
 * Forests out of the three tree operators of ai.onnx.ml. Every question becomes x <= split:
 *   x < v    is  x <= the number before v
 *   x >= v   is  not (x < v),   x > v  is  not (x <= v)
 * "The number before" is that of the type that x is compared in: float32 features are float32.
 * What is inconsistent is left as it is; the executor says what is wrong with it. */
#include "passes/forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct reals {
    const double *at;
    size_t n;
    nescio_tensor cast; /* owns the elements of a tensor attribute */
} reals;

typedef struct ints {
    const int64_t *at;
    size_t n;
} ints;

static ints read_ints(const nescio_node *node, const char *name)
{
    const nescio_attr *const a = nescio_node_attr(node, name);

    return a && a->kind == NESCIO_ATTR_INTS ? (ints){a->ints, a->count} : (ints){0};
}

static nescio_status read_reals(nescio_ctx *ctx, const nescio_node *node, const char *name,
                                const char *tensor_name, reals *out)
{
    const nescio_attr *a = nescio_node_attr(node, name);

    *out = (reals){0};
    if (a && a->kind == NESCIO_ATTR_FLOATS) {
        out->at = a->floats;
        out->n = a->count;
        return NESCIO_OK;
    }
    a = nescio_node_attr(node, tensor_name);
    if (!a || a->kind != NESCIO_ATTR_TENSOR || a->t->dtype == NESCIO_STRING)
        return NESCIO_OK;
    NESCIO_TRY(nescio_tensor_cast(ctx, &out->cast, a->t, NESCIO_F64));
    out->at = out->cast.data;
    out->n = nescio_tensor_count(&out->cast);
    return NESCIO_OK;
}

/* Modes numbered as TreeEnsemble does. */
enum { LEQ, LT, GTE, GT, LEAF, OTHER };

static int mode_of(const char *name)
{
    static const char *const names[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT",
                                        "LEAF"};

    for (int i = 0; i < OTHER; i++) {
        if (strcmp(name, names[i]) == 0)
            return i;
    }
    return OTHER;
}

/* The largest number below v that a feature of that type can be. */
static double before(double v, nescio_dtype dtype)
{
    float f;

    if (dtype != NESCIO_F32)
        return nextafter(v, -INFINITY);
    f = (float)v;
    return (double)f < v ? f : nextafterf(f, -INFINITY);
}

/* x MODE split ? yes : no, missing as said, put as a question of the canonical kind. */
static void ask(nescio_forest_node *n, int mode, nescio_dtype dtype, bool missing)
{
    const bool turned = mode == GTE || mode == GT;

    n->missing_yes = missing;
    if (mode == LT || mode == GTE)
        n->split = before(n->split, dtype);
    if (turned) {
        const size_t yes = n->yes;

        n->yes = n->no;
        n->no = yes;
        n->missing_yes = !missing;
    }
}

void nescio_forest_make_strict(nescio_forest *forest, nescio_dtype dtype)
{
    for (size_t i = 0; i < forest->n_nodes; i++) {
        if (!forest->nodes[i].leaf)
            forest->nodes[i].split = before(forest->nodes[i].split, dtype);
    }
}

/* --- nodes by tree and node number ---------------------------------------------------------- */

typedef struct id_entry {
    int64_t tree, node;
    size_t position;
} id_entry;

static int by_ids(const void *a, const void *b)
{
    const id_entry *const x = a, *const y = b;

    if (x->tree != y->tree)
        return x->tree < y->tree ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

typedef struct by_id {
    ints trees, nodes, features, yes, no, missing, pair_trees, pair_nodes, pair_targets;
    reals splits, weights;
    const nescio_attr *modes;
    id_entry *ids; /* sorted; in the forest's arena */
    nescio_dtype dtype;
} by_id;

/* SIZE_MAX: none. */
static size_t find(const by_id *b, int64_t tree, int64_t node)
{
    const id_entry key = {tree, node, 0};
    const id_entry *const found = bsearch(&key, b->ids, b->trees.n, sizeof key, by_ids);

    return found ? found->position : SIZE_MAX;
}

static bool lists_agree(const by_id *b)
{
    const size_t n = b->trees.n, n_pairs = b->pair_trees.n;

    return n > 0 && b->nodes.n == n && b->features.n == n && b->yes.n == n && b->no.n == n &&
           b->splits.n == n && (b->missing.n == 0 || b->missing.n == n) && b->modes &&
           b->modes->kind == NESCIO_ATTR_STRINGS && b->modes->count == n && n_pairs > 0 &&
           b->pair_nodes.n == n_pairs && b->pair_targets.n == n_pairs && b->weights.n == n_pairs;
}

/* Trees in order of their ids; the root of each is its node listed first. */
static void find_roots(const by_id *b, nescio_forest *f)
{
    for (size_t i = 0, end; i < b->trees.n; i = end) {
        size_t root = b->ids[i].position;

        for (end = i; end < b->trees.n && b->ids[end].tree == b->ids[i].tree; end++)
            root = b->ids[end].position < root ? b->ids[end].position : root;
        f->roots[f->n_roots++] = root;
    }
}

static bool fill_nodes(const by_id *b, nescio_forest *f)
{
    for (size_t i = 0; i < b->trees.n; i++) {
        nescio_forest_node *const n = &f->nodes[i];
        const int mode = mode_of(b->modes->strings[i]);

        if (mode == OTHER)
            return false;
        *n = (nescio_forest_node){.leaf = mode == LEAF};
        if (mode == LEAF)
            continue;
        n->feature = b->features.at[i];
        n->split = b->splits.at[i];
        n->yes = find(b, b->trees.at[i], b->yes.at[i]);
        n->no = find(b, b->trees.at[i], b->no.at[i]);
        ask(n, mode, b->dtype, b->missing.n > 0 && b->missing.at[i] != 0);
    }
    f->n_nodes = b->trees.n;
    find_roots(b, f);
    return true;
}

/* Pairs come in any order: counted by leaf, then put in place. With one target the first of a leaf
 * is its weight, as in the executor. */
static bool fill_pairs(const by_id *b, nescio_forest *f)
{
    size_t at = 0;

    for (size_t k = 0; k < b->pair_trees.n; k++) {
        const size_t leaf = find(b, b->pair_trees.at[k], b->pair_nodes.at[k]);

        if (leaf == SIZE_MAX || !f->nodes[leaf].leaf)
            return false;
        if (f->nodes[leaf].n == 0 || f->n_targets != 1)
            f->nodes[leaf].n++;
    }
    for (size_t i = 0; i < f->n_nodes; i++) {
        f->nodes[i].first = at;
        at += f->nodes[i].n;
        f->nodes[i].n = 0;
    }
    for (size_t k = 0; k < b->pair_trees.n; k++) {
        nescio_forest_node *const leaf =
            &f->nodes[find(b, b->pair_trees.at[k], b->pair_nodes.at[k])];

        if (leaf->n > 0 && f->n_targets == 1)
            continue;
        f->pairs[leaf->first + leaf->n++] =
            (nescio_forest_pair){b->pair_targets.at[k], b->weights.at[k]};
    }
    f->n_pairs = at;
    return true;
}

static nescio_status read_lists(nescio_ctx *ctx, const nescio_node *node, by_id *b)
{
    const bool classifier = node->op == NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER;

    b->trees = read_ints(node, "nodes_treeids");
    b->nodes = read_ints(node, "nodes_nodeids");
    b->features = read_ints(node, "nodes_featureids");
    b->yes = read_ints(node, "nodes_truenodeids");
    b->no = read_ints(node, "nodes_falsenodeids");
    b->missing = read_ints(node, "nodes_missing_value_tracks_true");
    b->modes = nescio_node_attr(node, "nodes_modes");
    b->pair_trees = read_ints(node, classifier ? "class_treeids" : "target_treeids");
    b->pair_nodes = read_ints(node, classifier ? "class_nodeids" : "target_nodeids");
    b->pair_targets = read_ints(node, classifier ? "class_ids" : "target_ids");
    b->dtype = node->inputs[0]->dtype;
    NESCIO_TRY(read_reals(ctx, node, "nodes_values", "nodes_values_as_tensor", &b->splits));
    return read_reals(ctx, node, classifier ? "class_weights" : "target_weights",
                      classifier ? "class_weights_as_tensor" : "target_weights_as_tensor",
                      &b->weights);
}

/* Targets, or classes; 0: no class has a label. */
static int64_t count_targets(const nescio_node *node)
{
    const nescio_attr *labels;

    if (node->op != NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER)
        return nescio_node_int(node, "n_targets", 1);
    labels = nescio_node_attr(node, "classlabels_int64s");
    if (!labels || labels->count == 0)
        labels = nescio_node_attr(node, "classlabels_strings");
    return labels ? (int64_t)labels->count : 0;
}

static nescio_status read_by_id(nescio_ctx *ctx, const nescio_node *node, nescio_forest *f,
                                bool *ok)
{
    by_id b = {0};
    nescio_status st = read_lists(ctx, node, &b);

    if (st == NESCIO_OK && lists_agree(&b)) {
        st = nescio_forest_init(ctx, f, b.trees.n, b.pair_trees.n, b.trees.n);
        f->n_targets = count_targets(node);
        b.ids = st == NESCIO_OK ? nescio_arena_array(f->arena, b.trees.n, sizeof *b.ids) : NULL;
        if (st == NESCIO_OK && !b.ids)
            st = nescio_fail_nomem(ctx, b.trees.n * sizeof *b.ids);
        for (size_t i = 0; st == NESCIO_OK && i < b.trees.n; i++)
            b.ids[i] = (id_entry){b.trees.at[i], b.nodes.at[i], i};
        if (st == NESCIO_OK) {
            qsort(b.ids, b.trees.n, sizeof *b.ids, by_ids);
            *ok = fill_nodes(&b, f) && fill_pairs(&b, f);
        }
    }
    nescio_tensor_free(&b.splits.cast);
    nescio_tensor_free(&b.weights.cast);
    return st;
}

/* --- nodes by position (TreeEnsemble) --------------------------------------------------------- */

typedef struct by_position {
    ints features, yes, no, yes_leaf, no_leaf, missing, targets, roots;
    reals splits, modes, weights;
    nescio_dtype dtype;
} by_position;

static bool positions_agree(const by_position *b)
{
    const size_t n = b->features.n;

    return n > 0 && b->yes.n == n && b->no.n == n && b->yes_leaf.n == n && b->no_leaf.n == n &&
           b->splits.n == n && b->modes.n == n && (b->missing.n == 0 || b->missing.n == n) &&
           b->targets.n == b->weights.n && b->targets.n > 0 && b->roots.n > 0;
}

/* A leaf of its own for each place that names one. SIZE_MAX: no such child. */
static size_t child(const by_position *b, nescio_forest *f, int64_t at, bool leaf)
{
    size_t position;

    if (at < 0 || (size_t)at >= (leaf ? b->targets.n : b->features.n))
        return SIZE_MAX;
    if (!leaf)
        return (size_t)at;
    position = nescio_forest_leaf(f);
    nescio_forest_pair_add(f, b->targets.at[at], b->weights.at[at]);
    return position;
}

static bool fill_by_position(const by_position *b, nescio_forest *f)
{
    f->n_nodes = b->features.n; /* inner nodes keep their positions; leaves come behind */
    for (size_t i = 0; i < b->features.n; i++) {
        nescio_forest_node *const n = &f->nodes[i];
        const double mode = b->modes.at[i];

        if (b->yes_leaf.at[i] && b->no_leaf.at[i] && b->yes.at[i] == b->no.at[i]) {
            /* How the format writes a tree that is one leaf. */
            const size_t leaf = child(b, f, b->yes.at[i], true);

            if (leaf == SIZE_MAX)
                return false;
            *n = f->nodes[leaf];
            continue;
        }
        if (!(mode >= LEQ && mode <= GT))
            return false;
        *n = (nescio_forest_node){.feature = b->features.at[i], .split = b->splits.at[i]};
        n->yes = child(b, f, b->yes.at[i], b->yes_leaf.at[i] != 0);
        n->no = child(b, f, b->no.at[i], b->no_leaf.at[i] != 0);
        ask(n, (int)mode, b->dtype, b->missing.n > 0 && b->missing.at[i] != 0);
    }
    for (size_t i = 0; i < b->roots.n; i++) {
        if (b->roots.at[i] < 0 || (size_t)b->roots.at[i] >= b->features.n)
            return false;
        f->roots[f->n_roots++] = (size_t)b->roots.at[i];
    }
    return true;
}

static nescio_status read_by_position(nescio_ctx *ctx, const nescio_node *node, nescio_forest *f,
                                      bool *ok)
{
    by_position b = {.features = read_ints(node, "nodes_featureids"),
                     .yes = read_ints(node, "nodes_truenodeids"),
                     .no = read_ints(node, "nodes_falsenodeids"),
                     .yes_leaf = read_ints(node, "nodes_trueleafs"),
                     .no_leaf = read_ints(node, "nodes_falseleafs"),
                     .missing = read_ints(node, "nodes_missing_value_tracks_true"),
                     .targets = read_ints(node, "leaf_targetids"),
                     .roots = read_ints(node, "tree_roots"),
                     .dtype = node->inputs[0]->dtype};
    nescio_status st = read_reals(ctx, node, "nodes_splits", "nodes_splits", &b.splits);

    if (st == NESCIO_OK)
        st = read_reals(ctx, node, "nodes_modes", "nodes_modes", &b.modes);
    if (st == NESCIO_OK)
        st = read_reals(ctx, node, "leaf_weights", "leaf_weights", &b.weights);
    if (st == NESCIO_OK && positions_agree(&b)) {
        const size_t n = b.features.n;

        st = nescio_forest_init(ctx, f, 3 * n, 2 * n, b.roots.n);
        if (st == NESCIO_OK)
            *ok = fill_by_position(&b, f);
    }
    nescio_tensor_free(&b.splits.cast);
    nescio_tensor_free(&b.modes.cast);
    nescio_tensor_free(&b.weights.cast);
    return st;
}

/* SUM, MIN or MAX; AVERAGE is a sum of weights divided by the number of trees. */
static bool settle_aggregate(const nescio_node *node, nescio_forest *f)
{
    static const char *const names[] = {"AVERAGE", "SUM", "MIN", "MAX"};
    int64_t how = 0;

    if (node->op == NESCIO_OP_TREE_ENSEMBLE) {
        how = nescio_node_int(node, "aggregate_function", 1);
    } else {
        const char *const name = nescio_node_string(node, "aggregate_function", "SUM");

        while (how < 4 && strcmp(name, names[how]) != 0)
            how++;
    }
    if (how < 0 || how > 3)
        return false;
    f->aggregate = how == 0 ? "SUM" : names[how];
    for (size_t i = 0; how == 0 && i < f->n_pairs; i++)
        f->pairs[i].weight /= (double)f->n_roots;
    return true;
}

nescio_status nescio_forest_read(nescio_ctx *ctx, const nescio_node *node, nescio_forest *forest,
                                 bool *ok)
{
    const nescio_shape *const x = &node->inputs[0]->shape;

    *ok = false;
    *forest = (nescio_forest){0};
    NESCIO_TRY(node->op == NESCIO_OP_TREE_ENSEMBLE ? read_by_position(ctx, node, forest, ok)
                                                   : read_by_id(ctx, node, forest, ok));
    if (!*ok)
        return NESCIO_OK;
    forest->n_targets = count_targets(node);
    *ok = settle_aggregate(node, forest);
    return *ok ? nescio_forest_examine(ctx, forest, x->rank == 2 ? x->dims[1] : -1, ok) : NESCIO_OK;
}
