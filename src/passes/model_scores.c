/* SPDX-License-Identifier: Apache-2.0
 * From raw scores to answers: operators that the split then gives to the client. Softmax and
 * logistic keep order, so the label is taken of the raw scores. */
#include "passes/model_scores.h"

#include <string.h>

nescio_post nescio_post_of(const nescio_node *node)
{
    static const char *const names[] = {"NONE", "SOFTMAX", "LOGISTIC"};
    const nescio_attr *const a = nescio_node_attr(node, "post_transform");

    if (!a)
        return NESCIO_POST_AS_IS;
    if (a->kind == NESCIO_ATTR_INT)
        return a->i >= 0 && a->i <= 2 ? (nescio_post)a->i : NESCIO_POST_OTHER;
    for (int i = 0; a->kind == NESCIO_ATTR_STRING && i < 3; i++) {
        if (strcmp(a->s, names[i]) == 0)
            return (nescio_post)i;
    }
    return NESCIO_POST_OTHER;
}

static const nescio_attr *labels_attr(const nescio_node *node)
{
    static const char *const names[] = {"classlabels_int64s", "classlabels_ints",
                                        "classlabels_strings"};

    for (int i = 0; i < 3; i++) {
        const nescio_attr *const a = nescio_node_attr(node, names[i]);

        if (a && a->count > 0)
            return a;
    }
    return NULL;
}

size_t nescio_labels_count(const nescio_node *node)
{
    const nescio_attr *const a = labels_attr(node);

    return a ? a->count : 0;
}

nescio_value *nescio_labels_of(nescio_rewrite *rw, const nescio_node *node)
{
    const nescio_attr *const a = labels_attr(node);
    nescio_tensor t = {.rank = 1, .stride = {1}};

    t.dims[0] = (int64_t)a->count;
    t.dtype = a->kind == NESCIO_ATTR_STRINGS ? NESCIO_STRING : NESCIO_I64;
    /* Only read: the constant gets copies. */
    t.data = (void *)(uintptr_t)(a->kind == NESCIO_ATTR_STRINGS ? (const void *)a->strings
                                                                : (const void *)a->ints);
    return nescio_graph_constant(rw->graph, "labels", &t, false);
}

nescio_value *nescio_scores_mirror(nescio_rewrite *rw, nescio_node *before, nescio_value *scores,
                                   bool complement)
{
    const double one = 1;
    nescio_value *inputs[2] = {scores, NULL};
    nescio_node *other, *both;

    if (complement) {
        inputs[1] = scores;
        inputs[0] = nescio_rewrite_reals(rw, "one", NESCIO_F32, 0, NULL, &one);
        if (!inputs[0])
            return NULL;
    }
    other = nescio_rewrite_node(rw, before, complement ? NESCIO_OP_SUB : NESCIO_OP_NEG, NULL,
                                complement ? 2 : 1, inputs);
    if (!other)
        return NULL;
    inputs[0] = other->outputs[0];
    inputs[1] = scores;
    both = nescio_rewrite_node(rw, before, NESCIO_OP_CONCAT, NULL, 2, inputs);
    return both && nescio_node_set_int(both, "axis", 1) ? both->outputs[0] : NULL;
}

nescio_status nescio_scores_deliver(nescio_rewrite *rw, nescio_node *old, uint32_t i,
                                    nescio_value *value)
{
    nescio_value *const out = i < old->n_outputs ? old->outputs[i] : NULL;
    nescio_node *same;

    if (!out || nescio_rewrite_uses(rw, out) == 0)
        return NESCIO_OK;
    same = nescio_rewrite_node(rw, old, NESCIO_OP_IDENTITY, NULL, 1, &value);
    if (!same)
        return nescio_rewrite_nomem(rw);
    same->outputs[0]->producer = NULL;
    old->outputs[i] = NULL;
    nescio_node_set_output(same, 0, out); /* drop_noops gives `out` to the node above */
    return NESCIO_OK;
}

static nescio_status deliver_label(nescio_rewrite *rw, nescio_node *old, nescio_value *scores,
                                   nescio_value *labels)
{
    nescio_node *best = nescio_rewrite_node(rw, old, NESCIO_OP_ARG_MAX, NULL, 1, &scores);
    nescio_node *label;

    if (!best || !nescio_node_set_int(best, "axis", 1) || !nescio_node_set_int(best, "keepdims", 0))
        return nescio_rewrite_nomem(rw);
    label = nescio_rewrite_node(rw, old, NESCIO_OP_GATHER, NULL, 2,
                                (nescio_value *[]){labels, best->outputs[0]});
    if (!label || !nescio_node_set_int(label, "axis", 0))
        return nescio_rewrite_nomem(rw);
    return nescio_scores_deliver(rw, old, 0, label->outputs[0]);
}

nescio_status nescio_scores_finish(nescio_rewrite *rw, nescio_node *old, nescio_value *scores,
                                   nescio_post post, uint32_t i_scores, nescio_value *labels)
{
    nescio_value *final = scores;

    if (post == NESCIO_POST_SOFTMAX_ROWS || post == NESCIO_POST_LOGISTIC_EACH) {
        const bool softmax = post == NESCIO_POST_SOFTMAX_ROWS;
        nescio_node *const node = nescio_rewrite_node(
            rw, old, softmax ? NESCIO_OP_SOFTMAX : NESCIO_OP_SIGMOID, NULL, 1, &scores);

        if (!node || (softmax && !nescio_node_set_int(node, "axis", 1)))
            return nescio_rewrite_nomem(rw);
        final = node->outputs[0];
    }
    NESCIO_TRY(nescio_scores_deliver(rw, old, i_scores, final));
    if (labels)
        NESCIO_TRY(deliver_label(rw, old, scores, labels));
    nescio_rewrite_remove(rw, old);
    return NESCIO_OK;
}
