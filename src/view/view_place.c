/* SPDX-License-Identifier: Apache-2.0
 * Order of items in layers, by barycentres (Sugiyama, Tagawa and Toda, 1981): each layer in turn is
 * sorted by the mean place of its neighbours above, then below. Their x: view_align.c. */
#include "view/view_layout_internal.h"

#include <math.h>
#include <stdlib.h>

#define ORDER_SWEEPS 4

typedef struct wish {
    double key;
    uint32_t item, place;
} wish;

static int compare_wishes(const void *a, const void *b)
{
    const wish *const x = a, *const y = b;

    if (x->key < y->key || x->key > y->key)
        return x->key < y->key ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Mean place of the neighbours above (down) or below. False: none. */
static bool mean_of(const nescio_layers *l, uint32_t item, bool down, double *out)
{
    const uint32_t *const start = down ? l->above_start : l->below_start;
    const uint32_t *const next = down ? l->above : l->below;
    double sum = 0;

    for (uint32_t k = start[item]; k < start[item + 1]; k++)
        sum += l->items[next[k]].place;
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
        (void)mean_of(l, order[i], down, &wishes[i].key);
    }
    qsort(wishes, n, sizeof *wishes, compare_wishes);
    for (uint32_t i = 0; i < n; i++) {
        order[i] = wishes[i].item;
        l->items[order[i]].place = i;
    }
}

static void sweep(nescio_layers *l, bool down, wish *wishes)
{
    for (uint32_t k = 0; k < l->n_layers; k++)
        sort_layer(l, down ? k : l->n_layers - 1 - k, down, wishes);
}

/* Neighbours of every item by place. */
static void sort_neighbours(const nescio_layers *l, const uint32_t *start, uint32_t *next,
                            wish *wishes)
{
    for (uint32_t i = 0; i < l->n_items; i++) {
        uint32_t *const list = next + start[i];
        const uint32_t n = start[i + 1] - start[i];

        for (uint32_t k = 0; k < n; k++)
            wishes[k] = (wish){l->items[list[k]].place, list[k], k};
        if (n > 1)
            qsort(wishes, n, sizeof *wishes, compare_wishes);
        for (uint32_t k = 0; k < n; k++)
            list[k] = wishes[k].item;
    }
}

/* The most wishes at a time: of a layer, or of an item's neighbours. */
static uint32_t most_wishes(const nescio_layers *l)
{
    uint32_t most = l->widest;

    for (uint32_t i = 0; i < l->n_items; i++) {
        const uint32_t above = l->above_start[i + 1] - l->above_start[i];
        const uint32_t below = l->below_start[i + 1] - l->below_start[i];

        most = above > most ? above : most;
        most = below > most ? below : most;
    }
    return most;
}

nescio_status nescio_layers_place(nescio_ctx *ctx, nescio_arena *arena, nescio_layers *l,
                                  double gap)
{
    const uint32_t n_wishes = most_wishes(l);
    wish *const wishes = nescio_arena_array(arena, n_wishes, sizeof *wishes);
    double least = 0;

    if (!wishes)
        return nescio_fail_nomem(ctx, n_wishes * sizeof *wishes);
    for (uint32_t layer = 0; layer < l->n_layers; layer++)
        for (uint32_t i = l->start[layer]; i < l->start[layer + 1]; i++)
            l->items[l->order[i]].place = i - l->start[layer];
    for (int i = 0; i < 2 * ORDER_SWEEPS; i++)
        sweep(l, i % 2 == 0, wishes);
    sort_neighbours(l, l->above_start, l->above, wishes);
    sort_neighbours(l, l->below_start, l->below, wishes);
    NESCIO_TRY(nescio_layers_align(ctx, arena, l, gap));
    for (uint32_t i = 0; i < l->n_items; i++)
        least =
            i ? fmin(least, l->items[i].x - l->items[i].w / 2) : l->items[i].x - l->items[i].w / 2;
    for (uint32_t i = 0; i < l->n_items; i++)
        l->items[i].x -= least;
    return NESCIO_OK;
}
