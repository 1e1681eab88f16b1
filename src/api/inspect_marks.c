/* SPDX-License-Identifier: Apache-2.0
 * Marks of nodes: the split's parts, and the quantizer's ways for what is encrypted. */
#include "api/inspect_marks.h"

#include "passes/passes.h"
#include "quant/quant.h"

#include <stdlib.h>

static bool is_encrypted(const nescio_node *node, uint32_t i)
{
    const nescio_value *const value = nescio_node_input(node, i);

    return value && !value->constant;
}

static nescio_node_mark mark_affine(const nescio_node *node)
{
    if (nescio_quant_is_affine(node->op, is_encrypted(node, 0), is_encrypted(node, 1)))
        return (nescio_node_mark){NESCIO_BOX_LINEAR, "sums with clear weights"};
    return (nescio_node_mark){NESCIO_BOX_TABLE, "no clear factor or divisor: tables of sums"};
}

static nescio_node_mark mark_encrypted(const nescio_node *node)
{
    switch (nescio_quant_way_of(node->op)) {
    case NESCIO_QUANT_WAY_CLEAR:
        return (nescio_node_mark){NESCIO_BOX_CLEAR, "looks at shapes only"};
    case NESCIO_QUANT_WAY_LINEAR:
        return (nescio_node_mark){NESCIO_BOX_LINEAR, "sums with clear weights"};
    case NESCIO_QUANT_WAY_AFFINE: return mark_affine(node);
    case NESCIO_QUANT_WAY_MOVE: return (nescio_node_mark){NESCIO_BOX_MOVE, "an index map"};
    case NESCIO_QUANT_WAY_TABLE:
        return (nescio_node_mark){NESCIO_BOX_TABLE, "a function by look-up"};
    case NESCIO_QUANT_WAY_NONE: break;
    }
    if (nescio_passes_take_apart(node->op))
        return (nescio_node_mark){NESCIO_BOX_TABLE, "sums, and functions by look-up"};
    return (nescio_node_mark){NESCIO_BOX_REFUSED,
                              "linear operators with clear weights, elementwise functions and "
                              "moves of elements are computed encrypted"};
}

nescio_status nescio_inspect_marks(nescio_ctx *ctx, const nescio_graph *graph,
                                   nescio_node_mark **marks)
{
    nescio_part *parts;
    nescio_status st;
    size_t n = 0;

    *marks = NULL;
    for (const nescio_node *node = graph->first; node; node = node->next)
        n++;
    parts = calloc(n + 1, sizeof *parts);
    *marks = calloc(n + 1, sizeof **marks);
    st = parts && *marks ? nescio_split_choose(ctx, graph, parts)
                         : nescio_fail_nomem(ctx, n * sizeof **marks);
    if (st == NESCIO_E_UNSUPPORTED) { /* all of it can run in the clear */
        for (size_t i = 0; i < n; i++)
            parts[i] = NESCIO_PART_HEAD;
        st = NESCIO_OK;
    }
    n = 0;
    for (const nescio_node *node = graph->first; st == NESCIO_OK && node; node = node->next, n++)
        (*marks)[n] = parts[n] == NESCIO_PART_HEAD
                          ? (nescio_node_mark){NESCIO_BOX_CLEAR, "head: before encryption"}
                      : parts[n] == NESCIO_PART_TAIL
                          ? (nescio_node_mark){NESCIO_BOX_CLEAR, "tail: after decryption"}
                          : mark_encrypted(node);
    free(parts);
    if (st != NESCIO_OK) {
        free(*marks);
        *marks = NULL;
    }
    return st;
}
