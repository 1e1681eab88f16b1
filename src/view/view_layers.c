/* SPDX-License-Identifier: Apache-2.0
 * The layer of each box: the longest path from the top, then boxes sink towards their uses where
 * that makes lines shorter. Edges come in the order of their targets and every edge goes from an
 * earlier box to a later one, so one pass in each direction is enough. */
#include "view/view_layout_internal.h"

#include <string.h>

#define NONE UINT32_MAX
/* A value with more uses than this is a crowd: its users, and what follows each of them alone, sink
 * even if lines stay as long, so that they do not stand side by side in one endless layer. */
#define CROWD 8u

typedef struct layerer {
    const nescio_picture *p;
    nescio_item *items;
    uint32_t *into,
        *out_of;       /* [n_boxes + 1]: first edge of each box, by target; in leaving, by source */
    uint32_t *leaving; /* edges by source */
    uint32_t *deepest, *users; /* by net: layer of the deepest use; how many uses */
    uint32_t *counted;         /* by net: 1 + the box that counted it last */
    bool *crowded;             /* by box: it belongs to a crowd */
} layerer;

/* A box without anything above it stands right over its first use. */
static void take_longest_paths(const layerer *l)
{
    const nescio_picture *const p = l->p;
    nescio_item *const items = l->items;

    for (uint32_t e = 0; e < p->n_edges; e++)
        if (items[p->edges[e].to].layer <= items[p->edges[e].from].layer)
            items[p->edges[e].to].layer = items[p->edges[e].from].layer + 1;
    for (uint32_t i = 0; i < p->n_boxes; i++) {
        uint32_t first = NONE;

        if (l->into[i] != l->into[i + 1])
            continue;
        for (uint32_t k = l->out_of[i]; k < l->out_of[i + 1]; k++) {
            const uint32_t layer = items[p->edges[l->leaving[k]].to].layer;

            first = layer < first ? layer : first;
        }
        items[i].layer = first == NONE ? 0 : first - 1;
    }
}

/* Nets that leave the box; *floor: the layer right over the first use. */
static uint32_t count_leaving(const layerer *l, uint32_t box, uint32_t *floor)
{
    uint32_t n = 0;

    *floor = NONE;
    for (uint32_t k = l->out_of[box]; k < l->out_of[box + 1]; k++) {
        const nescio_edge *const e = &l->p->edges[l->leaving[k]];
        const uint32_t layer = l->items[e->to].layer - 1;

        n += l->counted[e->net] != box + 1;
        l->counted[e->net] = box + 1;
        *floor = layer < *floor ? layer : *floor;
    }
    return n;
}

/* Nets into the box that would grow if it stood in that layer. */
static uint32_t count_growing(const layerer *l, uint32_t box, uint32_t layer)
{
    uint32_t n = 0;

    for (uint32_t e = l->into[box]; e < l->into[box + 1]; e++) {
        const uint32_t net = l->p->edges[e].net;

        n += l->counted[net] != box + 1 && l->deepest[net] < layer;
        l->counted[net] = box + 1;
    }
    return n;
}

static void measure_nets(const layerer *l)
{
    const nescio_picture *const p = l->p;

    for (uint32_t e = 0; e < p->n_edges; e++) {
        const uint32_t net = p->edges[e].net, layer = l->items[p->edges[e].to].layer;

        l->deepest[net] = layer > l->deepest[net] ? layer : l->deepest[net];
        l->users[net]++;
    }
    for (uint32_t e = 0; e < p->n_edges; e++) {
        const nescio_edge *const edge = &p->edges[e];
        const uint32_t users = l->users[edge->net];

        l->crowded[edge->to] |= users > CROWD || (users == 1 && l->crowded[edge->from]);
    }
}

static void sink(const layerer *l)
{
    const nescio_picture *const p = l->p;

    for (uint32_t box = p->n_boxes; box-- > 0;) {
        uint32_t floor, n_leaving = count_leaving(l, box, &floor), n_growing;

        if (n_leaving == 0 || floor <= l->items[box].layer || l->into[box] == l->into[box + 1])
            continue;
        n_growing = count_growing(l, box, floor);
        if (n_growing > n_leaving || (n_growing == n_leaving && !l->crowded[box]))
            continue;
        l->items[box].layer = floor;
        for (uint32_t e = l->into[box]; e < l->into[box + 1]; e++) {
            uint32_t *const deepest = &l->deepest[p->edges[e].net];

            *deepest = floor > *deepest ? floor : *deepest;
        }
    }
}

/* Fills into, out_of, leaving by counting. */
static void index_edges(const layerer *l)
{
    const nescio_picture *const p = l->p;
    uint32_t at = 0;

    for (uint32_t e = 0; e < p->n_edges; e++) {
        l->into[p->edges[e].to + 1]++;
        l->out_of[p->edges[e].from + 1]++;
    }
    for (uint32_t i = 0; i < p->n_boxes; i++) {
        l->into[i + 1] += l->into[i];
        at += l->out_of[i + 1];
        l->out_of[i + 1] = at;
    }
    for (uint32_t e = p->n_edges; e-- > 0;)
        l->leaving[--l->out_of[p->edges[e].from + 1]] = e;
    memmove(l->out_of, l->out_of + 1, p->n_boxes * sizeof *l->out_of);
    l->out_of[p->n_boxes] = p->n_edges;
}

bool nescio_layers_choose(nescio_arena *arena, const nescio_picture *p, nescio_item *items)
{
    layerer l = {.p = p, .items = items};

    l.into = nescio_arena_array(arena, p->n_boxes + 1u, sizeof *l.into);
    l.out_of = nescio_arena_array(arena, p->n_boxes + 1u, sizeof *l.out_of);
    l.leaving = nescio_arena_array(arena, p->n_edges, sizeof *l.leaving);
    l.deepest = nescio_arena_array(arena, p->n_nets, sizeof *l.deepest);
    l.users = nescio_arena_array(arena, p->n_nets, sizeof *l.users);
    l.counted = nescio_arena_array(arena, p->n_nets, sizeof *l.counted);
    l.crowded = nescio_arena_array(arena, p->n_boxes, sizeof *l.crowded);
    if (!l.into || !l.out_of || !l.leaving || !l.deepest || !l.users || !l.counted || !l.crowded)
        return false;
    index_edges(&l);
    take_longest_paths(&l);
    measure_nets(&l);
    sink(&l);
    return true;
}
