/* SPDX-License-Identifier: Apache-2.0
 * Order and x of items in layers.
 *
 * Order by barycentres (Sugiyama, Tagawa and Toda, 1981): each layer in turn is sorted by the mean
 * place of its neighbours above, then below. Then each layer asks every item for the mean x of its
 * neighbours; the places nearest to that which keep order and gaps are an isotonic regression,
 * found by pooling adjacent violators. */
#include "view/view_layout_internal.h"

#include <math.h>
#include <stdlib.h>

#define ORDER_SWEEPS 4
#define PLACE_SWEEPS 8
/* Lines want to be straight more than boxes want to be in the middle. */
#define BEND_WEIGHT 4.0

typedef struct wish {
    double key;
    uint32_t item, place;
} wish;

/* Items whose wishes collide, moved together. */
typedef struct block {
    double sum, weight;
    uint32_t n;
} block;

static int compare_wishes(const void *a, const void *b)
{
    const wish *const x = a, *const y = b;

    if (x->key < y->key || x->key > y->key)
        return x->key < y->key ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Mean over neighbours above (down) or below: of their places, or of their x. False: none. */
static bool mean_of(const nescio_layers *l, uint32_t item, bool down, bool of_x, double *out)
{
    const uint32_t *const start = down ? l->above_start : l->below_start;
    const uint32_t *const next = down ? l->above : l->below;
    double sum = 0;

    for (uint32_t k = start[item]; k < start[item + 1]; k++)
        sum += of_x ? l->items[next[k]].x : (double)l->items[next[k]].place;
    if (start[item] == start[item + 1])
        return false;
    *out = sum / (start[item + 1] - start[item]);
    return true;
}

static void sort_layer(nescio_layers *l, uint32_t layer, bool down, wish *wishes)
{
    uint32_t *const order = l->order + l->start[layer];
    const uint32_t n = l->start[layer + 1] - l->start[layer];

    for (uint32_t i = 0; i < n; i++) {
        wishes[i] = (wish){i, order[i], i};
        (void)mean_of(l, order[i], down, false, &wishes[i].key);
    }
    qsort(wishes, n, sizeof *wishes, compare_wishes);
    for (uint32_t i = 0; i < n; i++) {
        order[i] = wishes[i].item;
        l->items[order[i]].place = i;
    }
}

static double left_of(const nescio_item *item)
{
    return item->w / 2;
}

/* x of the layer's items: nearest to their wishes, in order, not overlapping. */
static void place_layer(nescio_layers *l, uint32_t layer, bool down, double gap, block *blocks)
{
    const uint32_t *const order = l->order + l->start[layer];
    const uint32_t n = l->start[layer + 1] - l->start[layer];
    uint32_t n_blocks = 0, i = 0;
    double offset = 0; /* of item i from the first one when packed */

    for (uint32_t k = 0; k < n; k++) {
        const nescio_item *const item = &l->items[order[k]];
        const double weight = item->w > 0 ? 1 : BEND_WEIGHT;
        double wanted = item->x;

        if (k)
            offset += l->items[order[k - 1]].right + gap + left_of(item);
        (void)mean_of(l, order[k], down, true, &wanted);
        blocks[n_blocks++] = (block){weight * (wanted - offset), weight, 1};
        while (n_blocks > 1 && blocks[n_blocks - 2].sum * blocks[n_blocks - 1].weight >
                                   blocks[n_blocks - 1].sum * blocks[n_blocks - 2].weight) {
            n_blocks--;
            blocks[n_blocks - 1].sum += blocks[n_blocks].sum;
            blocks[n_blocks - 1].weight += blocks[n_blocks].weight;
            blocks[n_blocks - 1].n += blocks[n_blocks].n;
        }
    }
    offset = 0;
    for (uint32_t b = 0; b < n_blocks; b++)
        for (uint32_t k = 0; k < blocks[b].n; k++, i++) {
            if (i)
                offset += l->items[order[i - 1]].right + gap + left_of(&l->items[order[i]]);
            l->items[order[i]].x = blocks[b].sum / blocks[b].weight + offset;
        }
}

static void sweep(nescio_layers *l, bool down, double gap, wish *wishes, block *blocks)
{
    for (uint32_t k = 0; k < l->n_layers; k++) {
        const uint32_t layer = down ? k : l->n_layers - 1 - k;

        if (wishes)
            sort_layer(l, layer, down, wishes);
        else
            place_layer(l, layer, down, gap, blocks);
    }
}

nescio_status nescio_layers_place(nescio_ctx *ctx, nescio_arena *arena, nescio_layers *l,
                                  double gap)
{
    wish *const wishes = nescio_arena_array(arena, l->widest, sizeof *wishes);
    block *const blocks = nescio_arena_array(arena, l->widest, sizeof *blocks);
    double least = 0;

    if (!wishes || !blocks)
        return nescio_fail_nomem(ctx, l->widest * sizeof *wishes);
    for (uint32_t layer = 0; layer < l->n_layers; layer++)
        for (uint32_t i = l->start[layer]; i < l->start[layer + 1]; i++)
            l->items[l->order[i]].place = i - l->start[layer];
    for (int i = 0; i < 2 * ORDER_SWEEPS; i++)
        sweep(l, i % 2 == 0, gap, wishes, blocks);
    for (int i = 0; i < 2 * PLACE_SWEEPS; i++)
        sweep(l, i % 2 == 0, gap, NULL, blocks);
    for (uint32_t i = 0; i < l->n_items; i++)
        least = fmin(least, l->items[i].x - left_of(&l->items[i]));
    for (uint32_t i = 0; i < l->n_items; i++)
        l->items[i].x -= least;
    return NESCIO_OK;
}
