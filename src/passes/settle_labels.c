/* SPDX-License-Identifier: Apache-2.0
 * ArrayFeatureExtractor(labels, numbers) followed by Reshape to a vector, as scikit-learn's
 * exporter looks up labels: [1, N] on the way, so rows stand on the wrong axis. It becomes Gather,
 * which keeps rows where they are; a Cast may stand in between. Needs shapes, breaks nothing. */
#include "passes/passes_internal.h"

/* Whether what is made of the value comes to a vector of all its elements anyway. */
static bool ends_in_vector(const nescio_rewrite *rw, const nescio_value *value)
{
    const nescio_node *node = nescio_rewrite_only_user(rw, value);
    int64_t target[NESCIO_RANK_MAX];
    int n;

    while (node && node->op == NESCIO_OP_CAST)
        node = nescio_rewrite_only_user(rw, node->outputs[0]);
    return node && node->op == NESCIO_OP_RESHAPE &&
           nescio_constant_ints(node->inputs[1], target, &n) && n == 1 && target[0] == -1;
}

nescio_status nescio_pass_settle_labels(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        nescio_node *gather;

        next = node->next;
        if (node->op != NESCIO_OP_ARRAY_FEATURE_EXTRACTOR || !node->inputs[0]->constant ||
            node->inputs[0]->constant->rank != 1 || node->inputs[1]->constant ||
            !ends_in_vector(rw, node->outputs[0]))
            continue;
        /* The shapes on the way to the vector are no longer [1, N]. */
        for (const nescio_node *n = node; n->op != NESCIO_OP_RESHAPE;
             n = nescio_rewrite_only_user(rw, n->outputs[0]))
            n->outputs[0]->shape.rank = NESCIO_RANK_UNKNOWN;
        gather = nescio_rewrite_swap(rw, node, NESCIO_OP_GATHER, 2, node->inputs);
        if (!gather || !nescio_node_set_int(gather, "axis", 0))
            return nescio_rewrite_nomem(rw);
    }
    return NESCIO_OK;
}
