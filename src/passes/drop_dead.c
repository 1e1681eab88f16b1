/* SPDX-License-Identifier: Apache-2.0
 * Dead code: nodes none of whose outputs anybody uses, last first, so that a chain goes at once.
 * Also leaves out outputs of living nodes that nobody uses, and forgets constants and other values
 * that are left over. Needs nothing, breaks nothing. */
#include "passes/passes_internal.h"

static bool is_dead(const nescio_rewrite *rw, const nescio_node *node)
{
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        if (node->outputs[i] && nescio_rewrite_uses(rw, node->outputs[i]) > 0)
            return false;
    }
    return true;
}

/* Operators whose further outputs are optional. A left-out first output would shift nothing, but
 * few executors expect it; Split and bodies need all of theirs. */
static bool outputs_optional(nescio_op op)
{
    switch (op) {
    case NESCIO_OP_MAX_POOL:
    case NESCIO_OP_LAYER_NORMALIZATION:
    case NESCIO_OP_UNIQUE:
    case NESCIO_OP_GRU:
    case NESCIO_OP_LSTM:
    case NESCIO_OP_RNN: return true;
    default: return false;
    }
}

static void leave_out_outputs(nescio_rewrite *rw, nescio_node *node)
{
    for (uint32_t i = 1; i < node->n_outputs; i++) {
        if (node->outputs[i] && nescio_rewrite_uses(rw, node->outputs[i]) == 0) {
            node->outputs[i]->producer = NULL;
            node->outputs[i] = NULL;
            rw->changed = true;
        }
    }
    while (node->n_outputs > 1 && !node->outputs[node->n_outputs - 1])
        node->n_outputs--;
}

nescio_status nescio_pass_drop_dead(nescio_rewrite *rw)
{
    nescio_node *before;

    for (nescio_node *node = rw->graph->last; node; node = before) {
        before = node->prev;
        if (is_dead(rw, node))
            nescio_rewrite_remove(rw, node);
        else if (outputs_optional(node->op))
            leave_out_outputs(rw, node);
    }
    nescio_graph_drop_unused(rw->graph, rw->uses); /* no counts from here on */
    return NESCIO_OK;
}
