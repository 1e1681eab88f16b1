/* SPDX-License-Identifier: Apache-2.0
 * Pad by zeros becomes the padding of the Conv or AveragePool behind it (which then counts the
 * padding, as the Pad did); Pad by minus infinity that of a MaxPool, and so does Pad by zeros where
 * nothing is below zero and every window sees more than padding. Only rows and channels that are
 * not padded; explicit padding only. Needs constants folded, breaks nothing. */
#include "passes/passes_internal.h"

#include <math.h>
#include <string.h>

/* Padding of every axis: begin[rank], end[rank], by *value. False: not constant, or a crop. */
static bool read_pad(const nescio_node *pad, int64_t *begin, int64_t *end, int *rank, double *value)
{
    int64_t pads[2 * NESCIO_RANK_MAX], axes[NESCIO_RANK_MAX];
    const nescio_tensor *const t = pad->inputs[1] ? pad->inputs[1]->constant : NULL;
    int n;

    *value = 0;
    *rank = pad->inputs[0]->shape.rank;
    if (strcmp(nescio_node_string(pad, "mode", "constant"), "constant") != 0 || *rank < 3 || !t ||
        t->dtype != NESCIO_I64 || !nescio_tensor_is_contiguous(t) ||
        nescio_tensor_count(t) > 2 * NESCIO_RANK_MAX ||
        (nescio_node_input(pad, 2) && !nescio_constant_scalar(pad->inputs[2], value)))
        return false;
    n = (int)nescio_tensor_count(t) / 2;
    memcpy(pads, t->data, nescio_tensor_count(t) * sizeof *pads);
    for (int i = 0; i < n; i++)
        axes[i] = i;
    if (nescio_node_input(pad, 3)) {
        int n_axes;

        if (!nescio_constant_ints(pad->inputs[3], axes, &n_axes) || n_axes != n)
            return false;
    } else if (n != *rank) {
        return false;
    }
    memset(begin, 0, (size_t)*rank * sizeof *begin);
    memset(end, 0, (size_t)*rank * sizeof *end);
    for (int i = 0; i < n; i++) {
        const int64_t axis = axes[i] < 0 ? axes[i] + *rank : axes[i];

        if (axis < 0 || axis >= *rank || pads[i] < 0 || pads[i + n] < 0)
            return false;
        begin[axis] = pads[i];
        end[axis] = pads[i + n];
    }
    return begin[0] == 0 && end[0] == 0 && begin[1] == 0 && end[1] == 0;
}

/* Whether the node's own padding is explicit, and (for a pool) counted or absent. */
static bool takes_padding(const nescio_node *node)
{
    const char *const automatic = nescio_node_string(node, "auto_pad", "NOTSET");
    const nescio_attr *const pads = nescio_node_attr(node, "pads");
    bool padded = false;

    for (size_t i = 0; pads && i < pads->count; i++)
        padded |= pads->ints[i] != 0;
    if (strcmp(automatic, "NOTSET") != 0 && strcmp(automatic, "VALID") != 0)
        return false;
    if (node->op == NESCIO_OP_CONV)
        return true;
    if (node->op == NESCIO_OP_MAX_POOL) /* places count from the unpadded start */
        return nescio_node_int(node, "ceil_mode", 0) == 0 &&
               (node->n_outputs < 2 || !node->outputs[1]);
    /* A partial window at the end counts only what is padded, so ceil_mode would count less. */
    return node->op == NESCIO_OP_AVERAGE_POOL && nescio_node_int(node, "ceil_mode", 0) == 0 &&
           (!padded || nescio_node_int(node, "count_include_pad", 0) != 0);
}

/* Nothing that comes out is below zero. */
static bool is_at_least_zero(const nescio_value *value)
{
    const nescio_node *const node = value->producer;
    double low;

    if (!node)
        return false;
    switch (node->op) {
    case NESCIO_OP_RELU:
    case NESCIO_OP_SIGMOID:
    case NESCIO_OP_EXP:
    case NESCIO_OP_ABS:
    case NESCIO_OP_SOFTPLUS:
    case NESCIO_OP_SOFTMAX: return true;
    case NESCIO_OP_CLIP:
        return nescio_constant_scalar(nescio_node_input(node, 1), &low) && low >= 0;
    default: return false;
    }
}

/* Whether a MaxPool, whose own padding is of minus infinities, sees the same with pads[2 * n] in
 * all. Every window must then reach something else: padding less than the kernel, no holes in it.
 */
static bool max_is_same(const nescio_node *node, const nescio_node *pad, double value,
                        const int64_t *pads, int n)
{
    const nescio_attr *const kernel = nescio_node_attr(node, "kernel_shape");
    const nescio_attr *const holes = nescio_node_attr(node, "dilations");

    if (!kernel || kernel->count != (size_t)n)
        return false;
    for (size_t i = 0; holes && i < holes->count; i++)
        if (holes->ints[i] != 1)
            return false;
    for (int i = 0; i < n; i++)
        if (pads[i] >= kernel->ints[i] || pads[i + n] >= kernel->ints[i])
            return false;
    return value == -INFINITY || (value == 0 && is_at_least_zero(pad->inputs[0]));
}

static nescio_status fold(nescio_rewrite *rw, nescio_node *node, const nescio_node *pad)
{
    const nescio_attr *const own = nescio_node_attr(node, "pads");
    int64_t begin[NESCIO_RANK_MAX], end[NESCIO_RANK_MAX], pads[2 * NESCIO_RANK_MAX];
    double value;
    int rank, n;

    if (!read_pad(pad, begin, end, &rank, &value) || (node->op != NESCIO_OP_MAX_POOL && value != 0))
        return NESCIO_OK;
    n = rank - 2;
    if (own && own->count != (size_t)(2 * n))
        return NESCIO_OK;
    for (int i = 0; i < n; i++) {
        pads[i] = begin[i + 2] + (own ? own->ints[i] : 0);
        pads[i + n] = end[i + 2] + (own ? own->ints[i + n] : 0);
    }
    if (node->op == NESCIO_OP_MAX_POOL && !max_is_same(node, pad, value, pads, n))
        return NESCIO_OK;
    if (!nescio_node_set_ints(node, "pads", pads, (size_t)(2 * n)))
        return nescio_rewrite_nomem(rw);
    nescio_node_unset(node, "auto_pad");
    if (node->op == NESCIO_OP_AVERAGE_POOL && !nescio_node_set_int(node, "count_include_pad", 1))
        return nescio_rewrite_nomem(rw);
    return nescio_rewrite_input(rw, node, 0, pad->inputs[0]);
}

nescio_status nescio_pass_fold_pad(nescio_rewrite *rw)
{
    for (nescio_node *node = rw->graph->first; node; node = node->next) {
        const nescio_node *pad;

        if (node->op != NESCIO_OP_CONV && node->op != NESCIO_OP_AVERAGE_POOL &&
            node->op != NESCIO_OP_MAX_POOL)
            continue;
        pad = node->inputs[0]->producer;
        if (pad && pad->op == NESCIO_OP_PAD && pad->graph == rw->graph && takes_padding(node))
            NESCIO_TRY(fold(rw, node, pad));
    }
    return NESCIO_OK;
}
