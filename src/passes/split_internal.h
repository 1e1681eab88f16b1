/* SPDX-License-Identifier: Apache-2.0
 * Head, body, tail: what an operator may be (split_roles.c), which node goes where
 * (split_choose.c), and cutting (split.c). */
#ifndef NESCIO_PASSES_SPLIT_INTERNAL_H
#define NESCIO_PASSES_SPLIT_INTERNAL_H
#include "passes/passes.h"

typedef enum nescio_part {
    NESCIO_PART_HEAD, /**< needs only the model's inputs and other nodes of the head */
    NESCIO_PART_BODY,
    NESCIO_PART_TAIL, /**< needs only values of the body, constants and other nodes of the tail */
} nescio_part;

/** What a node could be in the clear. */
typedef enum nescio_role {
    NESCIO_ROLE_BODY,      /**< the model itself: products, windows, trees; or it mixes rows */
    NESCIO_ROLE_POINTWISE, /**< element by element */
    NESCIO_ROLE_MOVE,      /**< takes elements elsewhere, or leaves some out */
    NESCIO_ROLE_SUM,       /**< adds up: cheap when encrypted */
    NESCIO_ROLE_CLIENT,    /**< softmax, argmax, labels, encoders: hard when encrypted */
} nescio_role;

nescio_role nescio_split_role(const nescio_node *node);
/** Whether the node, of a role other than BODY, may stand in the head: it is no annotation of
 * quantization and does not repeat elements. */
bool nescio_split_heads(const nescio_node *node);

/** parts[i] of the i-th node of the list. NESCIO_E_UNSUPPORTED: nothing is left for the body. */
NESCIO_MUST_CHECK nescio_status nescio_split_choose(nescio_ctx *ctx, const nescio_graph *graph,
                                                    nescio_part *parts);
#endif /* NESCIO_PASSES_SPLIT_INTERNAL_H */
