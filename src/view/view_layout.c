/* SPDX-License-Identifier: Apache-2.0
 * Layered layout, top to bottom: layers from view_layers.c, bends where a line passes a layer,
 * order and places from view_place.c, then boxes and lines in pixels. A value that is used further
 * down than the next layer gets one bend a layer, shared by all its uses. Time is linear in items
 * and edges but for the sorting. */
#include "view/view_layout_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bends beyond this many are not worth their lines: edges go straight then. */
#define BENDS_MAX 60000u
#define GAP_X     24.0
#define GAP_Y     (NESCIO_VIEW_STUB + 30.0)
#define WIDTH_MIN 92.0
/* Lines that leave a box with room for their labels; those of more have none. */
#define LABELS_MAX 4u

/* The value's line: from a box down to the layer above its deepest use. */
typedef struct net {
    uint32_t from, deepest; /* box; layer of the deepest use */
    uint32_t first_bend;    /* item; the k-th bend is in layer(from) + 1 + k */
    uint32_t rank, of;      /* which of the lines that leave the box */
} net;

typedef struct layouter {
    nescio_ctx *ctx;
    nescio_arena *arena; /* scratch */
    const nescio_picture *p;
    nescio_layers layers;
    net *nets; /* [n_nets] */
    bool bent; /* lines have bends */
} layouter;

static double text_width(const char *text)
{
    const double n = (double)nescio_view_columns(text);

    return NESCIO_VIEW_COLUMN * (n < NESCIO_VIEW_SHOWN ? n : NESCIO_VIEW_SHOWN);
}

static void size_box(const nescio_box *b, nescio_item *item)
{
    double w = fmax(1.06 * text_width(b->title), text_width(b->name));

    for (uint32_t i = 0; i < b->n_lines; i++)
        w = fmax(w, text_width(b->lines[i]));
    item->w = fmax(WIDTH_MIN, w + 2 * NESCIO_VIEW_PAD);
    item->h = NESCIO_VIEW_LINE * (double)(b->n_lines + (*b->name ? 2 : 1)) + 2 * NESCIO_VIEW_PAD;
    item->right = item->w / 2;
}

/* ------------------------------------------------------------------ layers */

/* Fills nets; gives the number of bends that they need. */
static uint64_t measure_nets(const layouter *l, uint32_t *leaving)
{
    const nescio_item *const items = l->layers.items;
    uint64_t bends = 0;

    for (uint32_t e = 0; e < l->p->n_edges; e++) {
        const nescio_edge *const edge = &l->p->edges[e];
        net *const n = &l->nets[edge->net];

        if (n->deepest == 0) {
            n->from = edge->from;
            n->rank = leaving[edge->from]++;
        }
        n->deepest = items[edge->to].layer > n->deepest ? items[edge->to].layer : n->deepest;
    }
    for (uint32_t i = 0; i < l->p->n_nets; i++) {
        l->nets[i].of = leaving[l->nets[i].from];
        if (l->nets[i].deepest)
            bends += l->nets[i].deepest - items[l->nets[i].from].layer - 1;
    }
    return bends;
}

/* Boxes grow to the room of the labels beside their lines. */
static void make_room_for_labels(const layouter *l)
{
    for (uint32_t e = 0; e < l->p->n_edges; e++) {
        const net *const n = &l->nets[l->p->edges[e].net];
        nescio_item *const from = &l->layers.items[n->from];
        const double wanted = text_width(l->p->edges[e].label) + 12;

        if (n->of == 1)
            from->right = fmax(from->right, wanted);
        else if (n->of <= LABELS_MAX)
            from->right = fmax(from->right, (from->w = fmax(from->w, wanted * n->of)) / 2);
    }
}

static bool make_items(layouter *l)
{
    const nescio_picture *const p = l->p;
    uint32_t *const leaving = nescio_arena_array(l->arena, p->n_boxes, sizeof *leaving);
    nescio_item *items = nescio_arena_array(l->arena, p->n_boxes, sizeof *items);
    uint64_t bends;
    uint32_t at = p->n_boxes;

    l->nets = nescio_arena_array(l->arena, p->n_nets, sizeof *l->nets);
    if (!leaving || !items || !l->nets)
        return false;
    l->layers.items = items;
    for (uint32_t i = 0; i < p->n_boxes; i++)
        size_box(&p->boxes[i], &items[i]);
    if (!nescio_layers_choose(l->arena, p, items))
        return false;
    bends = measure_nets(l, leaving);
    make_room_for_labels(l);
    l->bent = bends <= BENDS_MAX;
    l->layers.n_items = p->n_boxes + (l->bent ? (uint32_t)bends : 0);
    l->layers.items = nescio_arena_array(l->arena, l->layers.n_items, sizeof *items);
    if (!l->layers.items)
        return false;
    if (p->n_boxes)
        memcpy(l->layers.items, items, p->n_boxes * sizeof *items);
    for (uint32_t i = 0; l->bent && i < p->n_nets; i++) {
        const net *const n = &l->nets[i];

        l->nets[i].first_bend = at;
        for (uint32_t k = items[n->from].layer + 1; k < n->deepest; k++)
            l->layers.items[at++].layer = k;
    }
    return true;
}

/* Items by layer. */
static bool sort_by_layer(nescio_layers *s, nescio_arena *arena)
{
    s->n_layers = 1;
    for (uint32_t i = 0; i < s->n_items; i++)
        s->n_layers = s->items[i].layer >= s->n_layers ? s->items[i].layer + 1 : s->n_layers;
    s->start = nescio_arena_array(arena, s->n_layers + 2u, sizeof *s->start);
    s->order = nescio_arena_array(arena, s->n_items, sizeof *s->order);
    if (!s->start || !s->order)
        return false;
    for (uint32_t i = 0; i < s->n_items; i++)
        s->start[s->items[i].layer + 2]++;
    for (uint32_t k = 0; k < s->n_layers; k++) {
        s->widest = s->start[k + 2] > s->widest ? s->start[k + 2] : s->widest;
        s->start[k + 2] += s->start[k + 1];
    }
    for (uint32_t i = 0; i < s->n_items; i++)
        s->order[s->start[s->items[i].layer + 1]++] = i;
    return true;
}

/* ------------------------------------------------------------------ lines */

/* The item of the edge's line in the layer above its target. */
static uint32_t last_item(const layouter *l, const nescio_edge *e)
{
    const uint32_t top = l->layers.items[e->from].layer, end = l->layers.items[e->to].layer;

    return !l->bent || end <= top + 1 ? e->from : l->nets[e->net].first_bend + end - top - 2;
}

typedef void (*line_fn)(layouter *l, uint32_t upper, uint32_t lower);

static void each_line(layouter *l, line_fn visit)
{
    for (uint32_t i = 0; l->bent && i < l->p->n_nets; i++) {
        const net *const n = &l->nets[i];
        const uint32_t top = l->layers.items[n->from].layer;

        for (uint32_t k = top + 1; k < n->deepest; k++) {
            const uint32_t bend = n->first_bend + k - top - 1;

            visit(l, k == top + 1 ? n->from : bend - 1, bend);
        }
    }
    for (uint32_t e = 0; e < l->p->n_edges; e++)
        visit(l, last_item(l, &l->p->edges[e]), l->p->edges[e].to);
}

static void count_line(layouter *l, uint32_t upper, uint32_t lower)
{
    l->layers.below_start[upper + 2]++;
    l->layers.above_start[lower + 2]++;
}

static void add_line(layouter *l, uint32_t upper, uint32_t lower)
{
    l->layers.below[l->layers.below_start[upper + 1]++] = lower;
    l->layers.above[l->layers.above_start[lower + 1]++] = upper;
}

static bool make_lines(layouter *l)
{
    nescio_layers *const s = &l->layers;
    const size_t n_lines = (size_t)l->p->n_edges + s->n_items;

    s->below_start = nescio_arena_array(l->arena, s->n_items + 2u, sizeof *s->below_start);
    s->above_start = nescio_arena_array(l->arena, s->n_items + 2u, sizeof *s->above_start);
    s->below = nescio_arena_array(l->arena, n_lines, sizeof *s->below);
    s->above = nescio_arena_array(l->arena, n_lines, sizeof *s->above);
    if (!s->below_start || !s->above_start || !s->below || !s->above)
        return false;
    each_line(l, count_line);
    for (uint32_t i = 0; i < s->n_items; i++) {
        s->below_start[i + 2] += s->below_start[i + 1];
        s->above_start[i + 2] += s->above_start[i + 1];
    }
    each_line(l, add_line);
    return true;
}

/* ------------------------------------------------------------------ pixels */

/* top[k]: y of layer k; top[n_layers]: the end of the last. */
static void choose_heights(const nescio_layers *s, double *top, double *height)
{
    for (uint32_t k = 0; k < s->n_layers; k++) {
        for (uint32_t i = s->start[k]; i < s->start[k + 1]; i++)
            height[k] = fmax(height[k], s->items[s->order[i]].h);
        top[k + 1] = top[k] + height[k] + (k + 1 < s->n_layers ? GAP_Y : 0);
    }
}

/* Where a line enters its target: lines side by side, in the order that they come from. */
static double entry(const layouter *l, const nescio_edge *e)
{
    const nescio_item *const to = &l->layers.items[e->to];
    const uint32_t first = l->layers.above_start[e->to], end = l->layers.above_start[e->to + 1];
    const double from = l->layers.items[last_item(l, e)].x;
    const double step = fmin(to->w / (end - first + 1), 18);
    uint32_t before = 0, level = 0;

    if (end - first > 64) /* a crowd: no order is readable */
        return to->x;
    for (uint32_t k = first; k < end; k++) {
        const double other = l->layers.items[l->layers.above[k]].x;

        before += other < from;
        level += !(other < from) && !(other > from);
    }
    return to->x + step * (before + .5 * (level - 1) - .5 * (end - first - 1));
}

static bool draw_edge(const layouter *l, uint32_t i_edge, const double *top, const double *height,
                      nescio_arena *arena, nescio_route *route)
{
    const nescio_edge *const e = &l->p->edges[i_edge];
    const net *const n = &l->nets[e->net];
    const nescio_item *const items = l->layers.items;
    const uint32_t from = items[e->from].layer, to = items[e->to].layer;
    double x = items[e->from].x + items[e->from].w * ((n->rank + .5) / n->of - .5);

    route->n = 0;
    route->labelled = n->of <= LABELS_MAX;
    route->points = nescio_arena_array(arena, l->bent ? 2 * (to - from) : 2, sizeof(nescio_point));
    if (!route->points)
        return false;
    for (uint32_t k = from; k < to; k++) {
        const bool last = k + 1 == to || !l->bent;

        route->points[route->n++] = (nescio_point){x, top[k] + height[k]};
        x = last ? entry(l, e) : items[n->first_bend + k - from].x;
        route->points[route->n++] = (nescio_point){x, top[last ? to : k + 1]};
        if (last)
            break;
    }
    return true;
}

static bool draw(const layouter *l, nescio_layout *out)
{
    const nescio_layers *const s = &l->layers;
    double *const top = nescio_arena_array(l->arena, s->n_layers + 1u, sizeof *top);
    double *const height = nescio_arena_array(l->arena, s->n_layers, sizeof *height);

    out->boxes = nescio_arena_array(out->arena, l->p->n_boxes, sizeof *out->boxes);
    out->edges = nescio_arena_array(out->arena, l->p->n_edges, sizeof *out->edges);
    if (!top || !height || !out->boxes || !out->edges)
        return false;
    choose_heights(s, top, height);
    for (uint32_t i = 0; i < s->n_items; i++)
        out->width = fmax(out->width, s->items[i].x + s->items[i].right);
    for (uint32_t i = 0; i < l->p->n_boxes; i++) {
        const nescio_item *const item = &s->items[i];

        out->boxes[i] = (nescio_place){item->x - item->w / 2,
                                       top[item->layer] + (height[item->layer] - item->h) / 2,
                                       item->w, item->h};
    }
    out->height = top[s->n_layers];
    for (uint32_t e = 0; e < l->p->n_edges; e++)
        if (!draw_edge(l, e, top, height, out->arena, &out->edges[e]))
            return false;
    return true;
}

nescio_status nescio_layout_of(nescio_ctx *ctx, const nescio_picture *p, nescio_layout *out)
{
    layouter l = {.ctx = ctx, .arena = nescio_arena_new(), .p = p};
    nescio_status st = NESCIO_OK;
    bool ok;

    memset(out, 0, sizeof *out);
    out->arena = nescio_arena_new();
    ok = l.arena && out->arena && make_items(&l) && sort_by_layer(&l.layers, l.arena) &&
         make_lines(&l);
    if (ok)
        st = nescio_layers_place(ctx, l.arena, &l.layers, GAP_X);
    if (!ok || (st == NESCIO_OK && !draw(&l, out)))
        st = nescio_fail_nomem(ctx, p->n_boxes * sizeof *out->boxes);
    nescio_arena_free(l.arena);
    if (st != NESCIO_OK)
        nescio_layout_free(out);
    return st;
}

void nescio_layout_free(nescio_layout *layout)
{
    nescio_arena_free(layout->arena);
    memset(layout, 0, sizeof *layout);
}
