/* SPDX-License-Identifier: Apache-2.0
 * Forests: making one, checking it, writing it in the canonical form. */
#include "passes/forest.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

nescio_status nescio_forest_init(nescio_ctx *ctx, nescio_forest *forest, size_t nodes, size_t pairs,
                                 size_t roots)
{
    *forest = (nescio_forest){.arena = nescio_arena_new(),
                              .cap_nodes = nodes,
                              .cap_pairs = pairs,
                              .cap_roots = roots,
                              .aggregate = "SUM"};
    if (forest->arena) {
        forest->nodes = nescio_arena_array(forest->arena, nodes, sizeof *forest->nodes);
        forest->pairs = nescio_arena_array(forest->arena, pairs, sizeof *forest->pairs);
        forest->roots = nescio_arena_array(forest->arena, roots, sizeof *forest->roots);
    }
    if (!forest->nodes || !forest->pairs || !forest->roots) {
        nescio_forest_deinit(forest);
        return nescio_fail_nomem(ctx, nodes * sizeof *forest->nodes);
    }
    return NESCIO_OK;
}

void nescio_forest_deinit(nescio_forest *forest)
{
    nescio_arena_free(forest->arena);
    *forest = (nescio_forest){0};
}

size_t nescio_forest_leaf(nescio_forest *forest)
{
    assert(forest->n_nodes < forest->cap_nodes);
    forest->nodes[forest->n_nodes] = (nescio_forest_node){.leaf = true, .first = forest->n_pairs};
    return forest->n_nodes++;
}

size_t nescio_forest_inner(nescio_forest *forest, int64_t feature, double split)
{
    assert(forest->n_nodes < forest->cap_nodes);
    forest->nodes[forest->n_nodes] = (nescio_forest_node){.feature = feature, .split = split};
    return forest->n_nodes++;
}

void nescio_forest_pair_add(nescio_forest *forest, int64_t target, double weight)
{
    assert(forest->n_pairs < forest->cap_pairs && forest->n_nodes > 0);
    forest->pairs[forest->n_pairs++] = (nescio_forest_pair){target, weight};
    forest->nodes[forest->n_nodes - 1].n++;
}

/* Marks what is reached from a root. False: something is reached twice, or is out of range. */
static bool reach(const nescio_forest *f, size_t root, int64_t n_features, bool *seen,
                  size_t *stack)
{
    size_t depth = 0;

    stack[depth++] = root;
    while (depth > 0) {
        const size_t at = stack[--depth];
        const nescio_forest_node *n;

        if (at >= f->n_nodes || seen[at])
            return false;
        seen[at] = true; /* each node is pushed once, so the stack holds no more than all */
        n = &f->nodes[at];
        if (n->leaf)
            continue;
        if (n->feature < 0 || (n_features >= 0 && n->feature >= n_features) || n->yes == n->no)
            return false;
        if (n->yes >= f->n_nodes || n->no >= f->n_nodes || seen[n->yes] || seen[n->no])
            return false;
        stack[depth++] = n->no;
        stack[depth++] = n->yes;
    }
    return true;
}

nescio_status nescio_forest_examine(nescio_ctx *ctx, const nescio_forest *forest,
                                    int64_t n_features, bool *sound)
{
    bool *const seen = calloc(forest->n_nodes + 1, sizeof *seen);
    size_t *const stack = calloc(2 * forest->n_nodes + 2, sizeof *stack);
    const bool room = seen && stack;
    bool ok = room;

    for (size_t i = 0; i < forest->n_roots && ok; i++)
        ok = reach(forest, forest->roots[i], n_features, seen, stack);
    for (size_t i = 0; i < forest->n_pairs && ok; i++)
        ok = forest->pairs[i].target >= 0 && forest->pairs[i].target < forest->n_targets;
    free(seen);
    free(stack);
    *sound = ok;
    return room ? NESCIO_OK : nescio_fail_nomem(ctx, 2 * forest->n_nodes * sizeof *stack);
}

/* The attribute lists of the canonical node, filled tree by tree. */
typedef struct lists {
    int64_t *tree, *id, *feature, *yes, *no, *missing;
    double *split;
    const char **mode;
    size_t n;
    int64_t *pair_tree, *pair_node, *pair_target;
    double *pair_weight;
    size_t n_pairs;
    int64_t *number; /* of a node in its tree, by position */
    size_t *stack;
} lists;

static bool make_room(const nescio_forest *f, lists *l)
{
    nescio_arena *const a = f->arena;
    int64_t **const of_nodes[] = {&l->tree, &l->id,      &l->feature, &l->yes,
                                  &l->no,   &l->missing, &l->number};
    int64_t **const of_pairs[] = {&l->pair_tree, &l->pair_node, &l->pair_target};
    bool ok = true;

    for (size_t i = 0; i < sizeof of_nodes / sizeof *of_nodes; i++) {
        *of_nodes[i] = nescio_arena_array(a, f->n_nodes, sizeof(int64_t));
        ok &= *of_nodes[i] != NULL;
    }
    for (size_t i = 0; i < sizeof of_pairs / sizeof *of_pairs; i++) {
        *of_pairs[i] = nescio_arena_array(a, f->n_pairs, sizeof(int64_t));
        ok &= *of_pairs[i] != NULL;
    }
    l->split = nescio_arena_array(a, f->n_nodes, sizeof *l->split);
    l->mode = nescio_arena_array(a, f->n_nodes, sizeof(char *));
    l->pair_weight = nescio_arena_array(a, f->n_pairs, sizeof *l->pair_weight);
    l->stack = nescio_arena_array(a, 2 * f->n_nodes + 2, sizeof *l->stack);
    return ok && l->split && l->mode && l->pair_weight && l->stack;
}

static void list_leaf(const nescio_forest *f, const nescio_forest_node *n, int64_t tree, int64_t id,
                      lists *l)
{
    for (size_t k = n->first; k < n->first + n->n; k++) {
        l->pair_tree[l->n_pairs] = tree;
        l->pair_node[l->n_pairs] = id;
        l->pair_target[l->n_pairs] = f->pairs[k].target;
        l->pair_weight[l->n_pairs++] = f->pairs[k].weight;
    }
}

/* Nodes of a tree in order of visit, children after parents, yes first. */
static void list_tree(const nescio_forest *f, int64_t tree, lists *l)
{
    const size_t begin = l->n;
    size_t depth = 0;

    l->stack[depth++] = f->roots[tree];
    while (depth > 0) {
        const size_t at = l->stack[--depth], k = l->n++;
        const nescio_forest_node *const n = &f->nodes[at];

        l->tree[k] = tree;
        l->id[k] = l->number[at] = (int64_t)(k - begin);
        l->mode[k] = n->leaf ? "LEAF" : "BRANCH_LEQ";
        /* The children's positions for now: their numbers are not known yet. */
        l->yes[k] = n->leaf ? -1 : (int64_t)n->yes;
        l->no[k] = n->leaf ? -1 : (int64_t)n->no;
        if (n->leaf) {
            list_leaf(f, n, tree, l->id[k], l);
            continue;
        }
        l->feature[k] = n->feature;
        l->split[k] = n->split;
        l->missing[k] = n->missing_yes;
        l->stack[depth++] = n->no;
        l->stack[depth++] = n->yes;
    }
    for (size_t k = begin; k < l->n; k++) {
        l->yes[k] = l->yes[k] < 0 ? 0 : l->number[l->yes[k]];
        l->no[k] = l->no[k] < 0 ? 0 : l->number[l->no[k]];
    }
}

/* FLOATS holds float32 in a file: what does not fit goes into a float64 tensor. */
static bool set_reals(nescio_node *node, const char *name, const char *tensor_name,
                      const double *values, size_t n)
{
    nescio_tensor t = {.dtype = NESCIO_F64, .rank = 1, .dims = {(int64_t)n}, .stride = {1}};

    for (size_t i = 0; i < n; i++) {
        if ((double)(float)values[i] != values[i] && !isnan(values[i])) {
            t.data = (void *)(uintptr_t)values; /* only read */
            return nescio_node_set_tensor(node, tensor_name, &t, false) != NULL;
        }
    }
    return nescio_node_set_floats(node, name, values, n) != NULL;
}

static bool set_attributes(nescio_node *node, const nescio_forest *f, const lists *l)
{
    bool missing = false;

    for (size_t i = 0; i < l->n; i++)
        missing |= l->missing[i] != 0;
    if (missing && !nescio_node_set_ints(node, "nodes_missing_value_tracks_true", l->missing, l->n))
        return false;
    if (strcmp(f->aggregate, "SUM") != 0 &&
        !nescio_node_set_string(node, "aggregate_function", f->aggregate))
        return false;
    return nescio_node_set_int(node, "n_targets", f->n_targets) &&
           nescio_node_set_ints(node, "nodes_treeids", l->tree, l->n) &&
           nescio_node_set_ints(node, "nodes_nodeids", l->id, l->n) &&
           nescio_node_set_ints(node, "nodes_featureids", l->feature, l->n) &&
           nescio_node_set_strings(node, "nodes_modes", l->mode, l->n) &&
           nescio_node_set_ints(node, "nodes_truenodeids", l->yes, l->n) &&
           nescio_node_set_ints(node, "nodes_falsenodeids", l->no, l->n) &&
           set_reals(node, "nodes_values", "nodes_values_as_tensor", l->split, l->n) &&
           nescio_node_set_ints(node, "target_treeids", l->pair_tree, l->n_pairs) &&
           nescio_node_set_ints(node, "target_nodeids", l->pair_node, l->n_pairs) &&
           nescio_node_set_ints(node, "target_ids", l->pair_target, l->n_pairs) &&
           set_reals(node, "target_weights", "target_weights_as_tensor", l->pair_weight,
                     l->n_pairs);
}

nescio_node *nescio_forest_write(nescio_rewrite *rw, const nescio_forest *forest,
                                 nescio_node *before, const char *name, nescio_value *x)
{
    nescio_node *const node =
        nescio_rewrite_node(rw, before, NESCIO_OP_TREE_ENSEMBLE_REGRESSOR, name, 1, &x);
    lists l = {0};

    if (!node || !make_room(forest, &l))
        return NULL;
    for (size_t i = 0; i < forest->n_roots; i++)
        list_tree(forest, (int64_t)i, &l);
    return set_attributes(node, forest, &l) ? node : NULL;
}
