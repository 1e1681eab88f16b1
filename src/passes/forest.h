/* SPDX-License-Identifier: Apache-2.0
 * A forest of decision trees between the forms that it has in graphs: TreeEnsembleClassifier,
 * TreeEnsembleRegressor, TreeEnsemble, Hummingbird's tensors.
 *
 * Inner nodes ask x[feature] <= split; leaves add numbers to targets. In graphs the one canonical
 * form is TreeEnsembleRegressor with BRANCH_LEQ only, trees and nodes numbered from 0 (a tree's
 * root is its node 0), no base values, no post_transform, SUM unless it is MIN or MAX. */
#ifndef NESCIO_PASSES_FOREST_H
#define NESCIO_PASSES_FOREST_H
#include "passes/passes_internal.h"

typedef struct nescio_forest_node {
    bool leaf;
    bool missing_yes; /**< NaN goes to yes */
    int64_t feature;  /**< inner */
    double split;     /**< inner */
    size_t yes, no;   /**< inner: positions */
    size_t first, n;  /**< leaf: its pairs */
} nescio_forest_node;

typedef struct nescio_forest_pair {
    int64_t target;
    double weight;
} nescio_forest_pair;

/** Everything in `arena`, owned. */
typedef struct nescio_forest {
    nescio_arena *arena;
    nescio_forest_node *nodes;
    nescio_forest_pair *pairs;
    size_t *roots;
    size_t n_nodes, n_pairs, n_roots;
    size_t cap_nodes, cap_pairs, cap_roots;
    int64_t n_targets;
    const char *aggregate; /**< "SUM", "MIN", "MAX" */
} nescio_forest;

/** Room for that many; NESCIO_E_NOMEM. */
NESCIO_MUST_CHECK nescio_status nescio_forest_init(nescio_ctx *ctx, nescio_forest *forest,
                                                   size_t nodes, size_t pairs, size_t roots);
void nescio_forest_deinit(nescio_forest *forest);
/** Appends a leaf with no pairs, or an inner node; its position. Within the room. */
size_t nescio_forest_leaf(nescio_forest *forest);
size_t nescio_forest_inner(nescio_forest *forest, int64_t feature, double split);
/** Appends a pair to the leaf made last. */
void nescio_forest_pair_add(nescio_forest *forest, int64_t target, double weight);

/** The forest's splits were meant as x < split, for features of that type. */
void nescio_forest_make_strict(nescio_forest *forest, nescio_dtype dtype);
/** Whether every node is reached from its root once at most, features are in [0, n_features) and
 * targets in [0, n_targets): *sound. n_features < 0: unknown. */
NESCIO_MUST_CHECK nescio_status nescio_forest_examine(nescio_ctx *ctx, const nescio_forest *forest,
                                                      int64_t n_features, bool *sound);
/** Reads a tree node of any of the three operators. *ok: it has the canonical questions or ones
 * that can be turned into them (not ==, !=, membership). AVERAGE is divided into the weights. */
NESCIO_MUST_CHECK nescio_status nescio_forest_read(nescio_ctx *ctx, const nescio_node *node,
                                                   nescio_forest *forest, bool *ok);
/** New canonical node on x before `before`. NULL: no memory. */
nescio_node *nescio_forest_write(nescio_rewrite *rw, const nescio_forest *forest,
                                 nescio_node *before, const char *name, nescio_value *x);
#endif /* NESCIO_PASSES_FOREST_H */
