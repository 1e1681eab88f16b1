/* SPDX-License-Identifier: Apache-2.0
 * Pass: a table of a table is one table, so one bootstrapping instead of two. Cells, ramp, turn and
 * exactness are the inner one's; where the inner function is constant so is the composed one. */
#include <stdlib.h>
#include <string.h>

#include "lower/lower_internal.h"

/** Pairs (inner table, outer table) that elements use, numbered as they appear. */
typedef struct pairs {
    uint32_t *which; /* [count], in the arena */
    uint64_t *pair;  /* [n] inner << 32 | outer; owned */
    uint32_t n;
} pairs;

static int compare_pairs(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t pair_of(const nescio_table *inner, const nescio_table *outer, size_t i)
{
    return (uint64_t)(inner->which ? inner->which[i] : 0) << 32 |
           (outer->which ? outer->which[i] : 0);
}

/* Distinct pairs in increasing order, and the one of each element. */
static bool number_pairs(nescio_arena *arena, const nescio_table *inner, const nescio_table *outer,
                         size_t count, pairs *p)
{
    p->pair = calloc(count + 1, sizeof *p->pair);
    p->which = nescio_arena_array(arena, count, sizeof *p->which);
    p->n = 0;
    if (!p->pair || !p->which)
        return false;
    for (size_t i = 0; i < count; i++)
        p->pair[i] = pair_of(inner, outer, i);
    qsort(p->pair, count, sizeof *p->pair, compare_pairs);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || p->pair[i] != p->pair[i - 1])
            p->pair[p->n++] = p->pair[i]; /* p->n <= i: nothing unread is overwritten */
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t mine = pair_of(inner, outer, i);
        const uint64_t *const found = bsearch(&mine, p->pair, p->n, sizeof mine, compare_pairs);

        p->which[i] = (uint32_t)(found - p->pair);
    }
    return true;
}

static nescio_status compose(nescio_lowering *l, nescio_gate *gate)
{
    nescio_arena *const arena = l->circuit->arena;
    const nescio_table *const inner = &gate->inputs[0]->producer->table, *const outer =
                                                                             &gate->table;
    nescio_table composed = *inner;
    pairs p = {0};
    size_t n;

    if (!number_pairs(arena, inner, outer, gate->output->count, &p) ||
        !nescio_size_mul(&n, p.n, inner->n_entries)) {
        free(p.pair);
        return nescio_lower_nomem(l);
    }
    int64_t *const entries = nescio_arena_array(arena, n, sizeof *entries);
    for (uint32_t t = 0; entries && t < p.n; t++) {
        const uint32_t i_inner = (uint32_t)(p.pair[t] >> 32), i_outer = (uint32_t)p.pair[t];

        for (uint32_t e = 0; e < inner->n_entries; e++)
            entries[(size_t)t * inner->n_entries + e] = nescio_table_look_up(
                outer, i_outer, inner->entries[(size_t)i_inner * inner->n_entries + e]);
    }
    composed.entries = entries;
    composed.n_tables = p.n;
    composed.which = p.n > 1 ? p.which : NULL;
    free(p.pair);
    if (!entries)
        return nescio_lower_nomem(l);
    gate->inputs[0] = gate->inputs[0]->producer->inputs[0];
    gate->table = composed;
    l->changed = true;
    return NESCIO_OK;
}

nescio_status nescio_lower_merge_tables(nescio_lowering *l, nescio_gate *gate)
{
    if (gate->op == NESCIO_GATE_TABLE && gate->inputs[0]->producer->op == NESCIO_GATE_TABLE)
        NESCIO_TRY(compose(l, gate));
    return nescio_lower_keep(l, gate);
}
