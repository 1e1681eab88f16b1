/* SPDX-License-Identifier: Apache-2.0
 * From the raw scores of a classical model to what it gives: base values, post_transform, label. */
#ifndef NESCIO_PASSES_MODEL_SCORES_H
#define NESCIO_PASSES_MODEL_SCORES_H
#include "passes/passes_internal.h"

typedef enum nescio_post {
    NESCIO_POST_AS_IS,
    NESCIO_POST_SOFTMAX_ROWS,
    NESCIO_POST_LOGISTIC_EACH,
    NESCIO_POST_OTHER, /**< no chain of operators here computes it */
} nescio_post;

/** post_transform, a name or (TreeEnsemble) a number. */
nescio_post nescio_post_of(const nescio_node *node);
/** How many labels a classifier states. */
size_t nescio_labels_count(const nescio_node *node);
/** The labels, of which there are some, as a constant vector; NULL: no memory. */
nescio_value *nescio_labels_of(nescio_rewrite *rw, const nescio_node *node);
/** scores [N, 1] of the second of two classes become [N, 2]: first is -s, or 1 - s. NULL: no
 * memory. */
nescio_value *nescio_scores_mirror(nescio_rewrite *rw, nescio_node *before, nescio_value *scores,
                                   bool complement);
/** Output i of `old` becomes `value`, made by a node of its own; nothing when nobody uses it. */
NESCIO_MUST_CHECK nescio_status nescio_scores_deliver(nescio_rewrite *rw, nescio_node *old,
                                                      uint32_t i, nescio_value *value);
/** Adds what turns raw `scores` into outputs of `old` and removes it: output i_scores transformed,
 * output 0 (when labels are given) the label of the largest raw score. */
NESCIO_MUST_CHECK nescio_status nescio_scores_finish(nescio_rewrite *rw, nescio_node *old,
                                                     nescio_value *scores, nescio_post post,
                                                     uint32_t i_scores, nescio_value *labels);
#endif /* NESCIO_PASSES_MODEL_SCORES_H */
