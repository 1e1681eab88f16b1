/* SPDX-License-Identifier: Apache-2.0
 * The end of Hummingbird's three tensor forms: what the trees say, tree by tree, and the sums that
 * make answers of it. */
#ifndef NESCIO_PASSES_TREE_ANSWERS_H
#define NESCIO_PASSES_TREE_ANSWERS_H
#include "passes/forest.h"

/** `last` makes what the trees say, in a tensor of `rank` dims: the places of n_targets (tree by
 * tree, row-major over the known dims) and, at the dim NESCIO_DIM_UNKNOWN, the rows. `f` is the
 * forest on x with one target for each place. Follows the sums behind `last` to answers [N, K],
 * makes the forest give these, and lets it take their place. Nothing changes where what follows is
 * not a sum of each place into one answer. */
NESCIO_MUST_CHECK nescio_status nescio_tree_answers_replace(nescio_rewrite *rw, nescio_node *last,
                                                            nescio_value *x, nescio_forest *f,
                                                            int rank, const int64_t *dims);
#endif /* NESCIO_PASSES_TREE_ANSWERS_H */
