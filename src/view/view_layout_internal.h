/* SPDX-License-Identifier: Apache-2.0
 * Boxes and bends in layers: what view_layout.c makes and view_layers.c, view_place.c and
 * view_align.c put in order. */
#ifndef NESCIO_VIEW_VIEW_LAYOUT_INTERNAL_H
#define NESCIO_VIEW_VIEW_LAYOUT_INTERNAL_H
#include "view/view_picture_internal.h"

/** A box, or a bend of a long line: then w and h are 0. */
typedef struct nescio_item {
    double w, h, right; /**< size; room wanted right of the middle, label included */
    double x;           /**< middle */
    uint32_t layer, place;
} nescio_item;

/** Items and the lines between neighbouring layers. */
typedef struct nescio_layers {
    nescio_item *items; /**< boxes first */
    uint32_t n_items, n_layers;
    uint32_t *order; /**< items by layer; within a layer by place */
    uint32_t *start; /**< [n_layers + 1] in order */
    uint32_t *above, *above_start, *below, *below_start; /**< neighbours of each item */
    uint32_t widest;                                     /**< items in the fullest layer */
} nescio_layers;

/** Layer of every box. False: no memory. */
bool nescio_layers_choose(nescio_arena *arena, const nescio_picture *p, nescio_item *items);
/** Order in every layer, then x of every item; the leftmost edge is at 0. */
NESCIO_MUST_CHECK nescio_status nescio_layers_place(nescio_ctx *ctx, nescio_arena *arena,
                                                    nescio_layers *l, double gap);
/** x of every item, order settled and neighbours sorted by place; the leftmost edge is anywhere. */
NESCIO_MUST_CHECK nescio_status nescio_layers_align(nescio_ctx *ctx, nescio_arena *arena,
                                                    nescio_layers *l, double gap);
#endif /* NESCIO_VIEW_VIEW_LAYOUT_INTERNAL_H */
