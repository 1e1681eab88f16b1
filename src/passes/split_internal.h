/* SPDX-License-Identifier: Apache-2.0
 * Head, body, tail: what an operator may be (split_roles.c), which node goes where
 * (split_choose.c), and cutting (split.c). */
#ifndef NESCIO_PASSES_SPLIT_INTERNAL_H
#define NESCIO_PASSES_SPLIT_INTERNAL_H
#include "passes/passes.h"

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

#endif /* NESCIO_PASSES_SPLIT_INTERNAL_H */
