/* SPDX-License-Identifier: Apache-2.0
 * Trees in the one form that all three tree operators become: children are positions, leaves carry
 * ranges of (target, weight) pairs. */
#ifndef NESCIO_REFEXEC_ENSEMBLE_H
#define NESCIO_REFEXEC_ENSEMBLE_H
#include "refexec/ml_common.h"

/** Numbered as in TreeEnsemble's nodes_modes; a leaf is ours. */
typedef enum nescio_ensemble_mode {
    NESCIO_TREE_LEQ,
    NESCIO_TREE_LT,
    NESCIO_TREE_GTE,
    NESCIO_TREE_GT,
    NESCIO_TREE_EQ,
    NESCIO_TREE_NEQ,
    NESCIO_TREE_MEMBER,
    NESCIO_TREE_LEAF,
    NESCIO_TREE_COUNT
} nescio_ensemble_mode;

typedef struct nescio_ensemble_node {
    double split;
    int64_t feature, if_true, if_false; /* children: positions */
    int64_t first, count; /* leaf: its pairs; NESCIO_TREE_MEMBER: its set in `members` */
    nescio_ensemble_mode mode;
    bool missing_true; /* where NaN goes */
} nescio_ensemble_node;

typedef enum nescio_aggregate {
    NESCIO_AGGREGATE_AVERAGE,
    NESCIO_AGGREGATE_SUM,
    NESCIO_AGGREGATE_MIN,
    NESCIO_AGGREGATE_MAX
} nescio_aggregate;

typedef struct nescio_ensemble {
    nescio_ensemble_node *nodes;
    int64_t n_nodes, n_pairs;
    int64_t *roots, n_roots;
    int64_t *targets; /* of each pair */
    const double *weights;
    const double *members;
    int64_t n_targets;
    nescio_aggregate how;
    nescio_ml_list base; /* added to each target; may be empty */
} nescio_ensemble;

/** Every child, feature and target is in range. */
NESCIO_MUST_CHECK nescio_status nescio_ensemble_check(const nescio_refexec_call *call,
                                                      const nescio_ensemble *f, int64_t features);
/** Zeroed scratch for n scores a row. */
NESCIO_MUST_CHECK nescio_status nescio_ensemble_scores(const nescio_refexec_call *call,
                                                       const nescio_ml_rows *x, int64_t n,
                                                       double **scores);
/** scores[rows, n_targets], zeroed before, become the aggregated weights plus base values. A cycle
 * is refused. */
NESCIO_MUST_CHECK nescio_status nescio_ensemble_run(const nescio_refexec_call *call,
                                                    const nescio_ensemble *f,
                                                    const nescio_ml_rows *x, double *scores);
#endif /* NESCIO_REFEXEC_ENSEMBLE_H */
