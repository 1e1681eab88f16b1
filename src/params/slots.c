/* SPDX-License-Identifier: Apache-2.0
 * Slots in the pool: first fit over the lives of the slots, so that the pool is little larger than
 * the widest moment. */
#include "params/params_internal.h"

/** Life of a slot and where it lies: live slots sorted by address. */
typedef struct placer {
    nescio_plan *plan;
    const uint32_t *last_step;
    uint32_t *live; /* [n_slots] slots, by `first` */
    uint32_t n_live;
} placer;

/** Slots whose last reader ran before step `now` make room. */
static void retire(placer *p, uint32_t now)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < p->n_live; i++)
        if (p->last_step[p->live[i]] >= now)
            p->live[n++] = p->live[i];
    p->n_live = n;
}

static void insert(placer *p, uint32_t at, uint32_t s)
{
    for (uint32_t i = p->n_live++; i > at; i--)
        p->live[i] = p->live[i - 1];
    p->live[at] = s;
}

static void take_over(placer *p, uint32_t s, uint32_t from)
{
    p->plan->slots[s].first = p->plan->slots[from].first;
    for (uint32_t i = 0; i < p->n_live; i++)
        if (p->live[i] == from)
            p->live[i] = s;
}

static void first_fit(placer *p, uint32_t s)
{
    nescio_plan_slot *slots = p->plan->slots;
    uint64_t at = 0;
    uint32_t i = 0;

    for (; i < p->n_live; i++) {
        const nescio_plan_slot *next = &slots[p->live[i]];

        if (next->first - at >= slots[s].count)
            break;
        at = next->first + next->count;
    }
    slots[s].first = at;
    insert(p, i, s);
    if (at + slots[s].count > p->plan->pool_ciphertexts)
        p->plan->pool_ciphertexts = at + slots[s].count;
}

nescio_status nescio_slots_place(nescio_ctx *ctx, nescio_plan *plan, const uint32_t *first_step,
                                 const uint32_t *last_step, const uint32_t *in_place)
{
    placer p = {.plan = plan, .last_step = last_step};

    p.live = nescio_arena_array(plan->arena, plan->n_slots, sizeof *p.live);
    if (!p.live)
        return nescio_fail_nomem(ctx, plan->n_slots * sizeof *p.live);
    for (uint32_t s = 0; s < plan->n_slots; s++) { /* slots are numbered in order of their step */
        retire(&p, first_step[s]);
        if (in_place[s] != NESCIO_NO_SLOT)
            take_over(&p, s, in_place[s]);
        else
            first_fit(&p, s);
    }
    return NESCIO_OK;
}
