/* SPDX-License-Identifier: Apache-2.0
 * Targets of Reshape and Expand that are computed from the number of rows, and so never become
 * constant, need not be computed: Reshape can say "as the input has it" (0) and "what is left"
 * (-1), Expand "as it is" (1). The chain of Shape, Gather and Concat above is then dead.
 * Needs shapes, with the contents of shape arithmetic; breaks nothing. */
#include "passes/passes_internal.h"

#include <string.h>

static bool same_symbol(const char *a, const nescio_shape *shape, int d)
{
    return a && d < shape->rank && shape->dims[d] == NESCIO_DIM_UNKNOWN && shape->symbol[d] &&
           strcmp(a, shape->symbol[d]) == 0;
}

/* The target in words that need no arithmetic. False: there are none. */
static bool settle_reshape(const nescio_node *node, const nescio_content *c, int64_t *target)
{
    const nescio_shape *const in = &node->inputs[0]->shape;
    int n_open = 0;

    for (int d = 0; d < c->count; d++) {
        if (c->known[d]) {
            target[d] = c->at[d];
            n_open += target[d] == -1;
            if (target[d] == 0)
                return false;
        } else if (same_symbol(c->symbol[d], in, d)) {
            target[d] = 0;
        } else {
            target[d] = -1;
            n_open++;
        }
    }
    return n_open <= 1;
}

/* Expand never makes a dim smaller: what is known to be the input's own size may be 1. */
static bool settle_expand(const nescio_node *node, const nescio_content *c, int64_t *target)
{
    const nescio_shape *const in = &node->inputs[0]->shape;

    if (in->rank == NESCIO_RANK_UNKNOWN)
        return false;
    for (int d = 0; d < c->count; d++) {
        const int of = d + in->rank - c->count;

        if (c->known[d])
            target[d] = c->at[d];
        else if (of >= 0 && same_symbol(c->symbol[d], in, of))
            target[d] = 1;
        else
            return false;
    }
    return true;
}

nescio_status nescio_pass_settle_targets(nescio_rewrite *rw)
{
    for (nescio_node *node = rw->graph->first; node; node = node->next) {
        const bool reshape = node->op == NESCIO_OP_RESHAPE;
        nescio_value *const target = nescio_node_input(node, 1), *settled;
        int64_t ints[NESCIO_RANK_MAX];

        if ((!reshape && node->op != NESCIO_OP_EXPAND) || target->constant || !target->content ||
            (reshape && nescio_node_int(node, "allowzero", 0)))
            continue;
        if (!(reshape ? settle_reshape(node, target->content, ints)
                      : settle_expand(node, target->content, ints)))
            continue;
        settled = nescio_rewrite_ints(rw, target->name, target->content->count, ints);
        if (!settled)
            return nescio_rewrite_nomem(rw);
        NESCIO_TRY(nescio_rewrite_input(rw, node, 1, settled));
    }
    return NESCIO_OK;
}
