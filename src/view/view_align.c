/* SPDX-License-Identifier: Apache-2.0
 * x of items whose order in every layer is settled (Brandes and Koepf, Fast and Simple Horizontal
 * Coordinate Assignment, 2001).
 *
 * Each item wants to stand under the median of its neighbours above. Those that may, together with
 * that neighbour, make a block with one x; blocks are then pushed together as far as order and gaps
 * allow, by longest paths (as in the graph of blocks, not the paper's classes). The same with
 * neighbours below, and both from right to left: four placements, of which each item takes the
 * median. Every one keeps order and gaps, so does the result. Time is linear in
 * items and lines. */
#include "view/view_layout_internal.h"

#include <math.h>
#include <stdlib.h>

/* Of items with more neighbours no line is looked up: it counts as crossing nothing. */
#define LOOKED_UP 64u
/* A placement so many times as wide as the narrowest is no good one. */
#define TOO_WIDE 3.0

typedef struct aligner {
    nescio_layers *l;
    bool *crossed;         /* by index in above: this line crosses one between two bends */
    uint32_t *root, *next; /* by item: first item of its block; the following one, cyclic */
    uint32_t *waiting;     /* by root: left neighbours of the block that are not placed yet */
    uint32_t *queue;       /* roots in the order that they are placed */
    double *x;             /* by root */
    bool down, mirrored;   /* neighbours above count; from right to left */
    double gap;
} aligner;

static bool is_bend(const nescio_item *item)
{
    return !(item->w > 0);
}

/* The k-th item of a layer from the side where the placement begins. */
static uint32_t item_at(const aligner *a, uint32_t layer, uint32_t k)
{
    const nescio_layers *const l = a->l;

    return l->order[a->mirrored ? l->start[layer + 1] - 1 - k : l->start[layer] + k];
}

/* Its neighbour away from that side; UINT32_MAX: none. */
static uint32_t item_after(const aligner *a, uint32_t item)
{
    const nescio_item *const at = &a->l->items[item];
    const uint32_t n = a->l->start[at->layer + 1] - a->l->start[at->layer];
    const uint32_t k = a->mirrored ? n - 1 - at->place : at->place;

    return k + 1 < n ? item_at(a, at->layer, k + 1) : UINT32_MAX;
}

/* From the middle of an item to that of the item after it. */
static double distance(const aligner *a, uint32_t item, uint32_t after)
{
    const nescio_item *const left = &a->l->items[a->mirrored ? after : item];
    const nescio_item *const right = &a->l->items[a->mirrored ? item : after];

    return left->right + a->gap + right->w / 2;
}

/* ------------------------------------------------------------------ lines that give way */

/* Lines between bends are to be straight: those that cross one are crossed, first item of `above`
 * in [from, to) of the layer to last, unless they end between places k0 and k1 of the layer above.
 */
static void mark_between(aligner *a, uint32_t from, uint32_t to, uint32_t k0, uint32_t k1)
{
    const nescio_layers *const l = a->l;

    for (uint32_t i = from; i < to; i++)
        for (uint32_t e = l->above_start[l->order[i]]; e < l->above_start[l->order[i] + 1]; e++) {
            const uint32_t place = l->items[l->above[e]].place;

            a->crossed[e] = place < k0 || place > k1;
        }
}

static void mark_crossed(aligner *a)
{
    const nescio_layers *const l = a->l;

    for (uint32_t layer = 1; layer < l->n_layers; layer++) {
        const uint32_t end = l->start[layer + 1];
        uint32_t from = l->start[layer], k0 = 0;

        for (uint32_t i = from; i < end; i++) {
            const uint32_t item = l->order[i];
            const uint32_t up = l->above[l->above_start[item]];

            if (!is_bend(&l->items[item]) || !is_bend(&l->items[up]))
                continue;
            mark_between(a, from, i + 1, k0, l->items[up].place);
            k0 = l->items[up].place;
            from = i + 1;
        }
        mark_between(a, from, end, k0, UINT32_MAX);
    }
}

static bool is_crossed(const aligner *a, uint32_t upper, uint32_t lower)
{
    const nescio_layers *const l = a->l;
    const uint32_t first = l->above_start[lower], end = l->above_start[lower + 1];

    for (uint32_t e = first; e < end && end - first <= LOOKED_UP; e++)
        if (l->above[e] == upper)
            return a->crossed[e];
    return false;
}

/* ------------------------------------------------------------------ blocks */

/* Joins the item to the block of its median neighbour, if that lies behind place *taken. */
static void join_block(aligner *a, uint32_t item, int64_t *taken)
{
    const nescio_layers *const l = a->l;
    const uint32_t *const start = a->down ? l->above_start : l->below_start;
    const uint32_t *const near = (a->down ? l->above : l->below) + start[item];
    const uint32_t n = start[item + 1] - start[item];

    for (uint32_t k = 0; k < 2 && n; k++) {
        const uint32_t m = a->mirrored ? n - 1 - (n - 1 + k) / 2 : (n - 1 + k) / 2;
        const uint32_t u = near[m];
        const int64_t place = a->mirrored ? -(int64_t)l->items[u].place : l->items[u].place;

        if (a->next[item] != item || place <= *taken ||
            is_crossed(a, a->down ? u : item, a->down ? item : u))
            continue;
        a->next[u] = item;
        a->root[item] = a->root[u];
        a->next[item] = a->root[u];
        *taken = place;
    }
}

static void make_blocks(aligner *a)
{
    const nescio_layers *const l = a->l;

    for (uint32_t i = 0; i < l->n_items; i++)
        a->root[i] = a->next[i] = i;
    for (uint32_t i = 0; i < l->n_layers; i++) {
        const uint32_t layer = a->down ? i : l->n_layers - 1 - i;
        int64_t taken = INT64_MIN;

        for (uint32_t k = 0; k < l->start[layer + 1] - l->start[layer]; k++)
            join_block(a, item_at(a, layer, k), &taken);
    }
}

/* Every block as near to the beginning as it can be; roots in queue, a block behind all that stand
 * before it. */
static void push_together(aligner *a)
{
    const uint32_t n = a->l->n_items;
    uint32_t head = 0, tail = 0;

    for (uint32_t i = 0; i < n; i++)
        a->waiting[i] = 0, a->x[i] = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t after = item_after(a, i);

        if (after != UINT32_MAX)
            a->waiting[a->root[after]]++;
    }
    for (uint32_t i = 0; i < n; i++)
        if (a->root[i] == i && a->waiting[i] == 0)
            a->queue[tail++] = i;
    while (head < tail) {
        const uint32_t root = a->queue[head++];
        uint32_t item = root;

        do {
            const uint32_t after = item_after(a, item);
            const uint32_t other = after == UINT32_MAX ? 0 : a->root[after];

            if (after != UINT32_MAX) {
                a->x[other] = fmax(a->x[other], a->x[root] + distance(a, item, after));
                if (--a->waiting[other] == 0)
                    a->queue[tail++] = other;
            }
            item = a->next[item];
        } while (item != root);
    }
    /* Back again: a block that others do not need to stand there moves up to them. */
    while (tail > 0) {
        const uint32_t root = a->queue[--tail];
        uint32_t item = root;
        double limit = INFINITY;

        do {
            const uint32_t after = item_after(a, item);

            if (after != UINT32_MAX)
                limit = fmin(limit, a->x[a->root[after]] - distance(a, item, after));
            item = a->next[item];
        } while (item != root);
        if (isfinite(limit))
            a->x[root] = fmax(a->x[root], limit);
    }
}

/* ------------------------------------------------------------------ four placements */

static void place_one(aligner *a, double *x, double *from, double *to)
{
    const nescio_layers *const l = a->l;

    make_blocks(a);
    push_together(a);
    *from = INFINITY, *to = -INFINITY;
    for (uint32_t i = 0; i < l->n_items; i++) {
        x[i] = a->mirrored ? -a->x[a->root[i]] : a->x[a->root[i]];
        *from = fmin(*from, x[i] - l->items[i].w / 2);
        *to = fmax(*to, x[i] + l->items[i].right);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* The narrowest placement stands still; much wider ones are left out (a chain that leans to one
 * side leans only in some of them); those from the left share its left edge, the others its right
 * one. */
static void take_means(nescio_layers *l, double *const x[4], double from[4], double to[4])
{
    int narrow = 0, n = 0;
    double shift[4];
    int used[4];

    for (int k = 1; k < 4; k++)
        narrow = to[k] - from[k] < to[narrow] - from[narrow] ? k : narrow;
    for (int k = 0; k < 4; k++) {
        if (to[k] - from[k] <= TOO_WIDE * (to[narrow] - from[narrow]))
            used[n++] = k;
        shift[k] = k % 2 ? to[narrow] - to[k] : from[narrow] - from[k];
    }
    for (uint32_t i = 0; i < l->n_items; i++) {
        double at[4];

        for (int k = 0; k < n; k++)
            at[k] = x[used[k]][i] + shift[used[k]];
        qsort(at, (size_t)n, sizeof *at, compare_doubles);
        l->items[i].x = (at[(n - 1) / 2] + at[n / 2]) / 2;
    }
}

nescio_status nescio_layers_align(nescio_ctx *ctx, nescio_arena *arena, nescio_layers *l,
                                  double gap)
{
    const size_t n = l->n_items, n_lines = l->above_start[n];
    aligner a = {.l = l, .gap = gap};
    double *x[4], from[4], to[4];
    bool ok = true;

    a.crossed = nescio_arena_array(arena, n_lines + 1, sizeof *a.crossed);
    a.root = nescio_arena_array(arena, n + 1, sizeof *a.root);
    a.next = nescio_arena_array(arena, n + 1, sizeof *a.next);
    a.waiting = nescio_arena_array(arena, n + 1, sizeof *a.waiting);
    a.queue = nescio_arena_array(arena, n + 1, sizeof *a.queue);
    a.x = nescio_arena_array(arena, n + 1, sizeof *a.x);
    for (int k = 0; k < 4; k++)
        ok &= (x[k] = nescio_arena_array(arena, n + 1, sizeof **x)) != NULL;
    if (!ok || !a.crossed || !a.root || !a.next || !a.waiting || !a.queue || !a.x)
        return nescio_fail_nomem(ctx, n * sizeof **x);
    mark_crossed(&a);
    for (int k = 0; k < 4; k++) {
        a.down = k < 2;
        a.mirrored = k % 2;
        place_one(&a, x[k], &from[k], &to[k]);
    }
    take_means(l, x, from, to);
    return NESCIO_OK;
}
