/* SPDX-License-Identifier: Apache-2.0
 * Plans as data: their arena, the sizes of what travels, and the way from a phase back to an
 * integer. */
#include "plan/plan.h"

#include <assert.h>

const char *nescio_scheme_name(nescio_scheme s)
{
    return s == NESCIO_SCHEME_TFHE ? "tfhe" : "unknown";
}

nescio_status nescio_plan_new(nescio_ctx *ctx, nescio_plan **out)
{
    nescio_arena *arena = nescio_arena_new();
    nescio_plan *plan = arena ? nescio_arena_alloc(arena, sizeof *plan) : NULL;

    *out = NULL;
    if (!plan) {
        nescio_arena_free(arena);
        return nescio_fail_nomem(ctx, sizeof *plan);
    }
    plan->arena = arena;
    plan->set_name = "";
    *out = plan;
    return NESCIO_OK;
}

void nescio_plan_free(nescio_plan *plan)
{
    if (plan)
        nescio_arena_free(plan->arena);
}

size_t nescio_plan_upload_bytes(const nescio_plan *plan)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        const nescio_plan_input *in = &plan->inputs[i];

        bytes += ((size_t)in->count * in->body_log + 7) / 8;
    }
    return bytes;
}

size_t nescio_plan_answer_bytes(const nescio_plan *plan, const nescio_plan_output *out)
{
    const uint32_t at_once = plan->params.out_poly_size;
    size_t bytes = 0;

    for (uint32_t first = 0; first < out->count; first += at_once) {
        const uint32_t left = out->count - first;

        bytes +=
            nescio_answer_bytes(&plan->params, left < at_once ? left : at_once, out->answer_log);
    }
    return bytes;
}

size_t nescio_plan_download_bytes(const nescio_plan *plan)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < plan->n_outputs; i++)
        bytes += nescio_plan_answer_bytes(plan, &plan->outputs[i]);
    return bytes;
}

int64_t nescio_phase_to_integer(uint64_t phase, uint64_t delta, int64_t centre)
{
    const int64_t unit = (int64_t)delta;
    int64_t distance, steps, rest;

    assert(unit > 0);
    distance = (int64_t)(phase - (uint64_t)centre * delta);
    steps = distance / unit;
    rest = distance - steps * unit; /* |rest| < unit, sign of distance */
    if (rest >= 0 && rest >= unit - rest)
        steps++;
    else if (rest < 0 && rest < -unit - rest)
        steps--;
    return (int64_t)((uint64_t)centre + (uint64_t)steps); /* deltas of a few units may wrap it */
}

int64_t nescio_plan_decode(const nescio_plan_output *out, uint64_t phase)
{
    return nescio_phase_to_integer(phase, out->delta, out->lo + (out->hi - out->lo) / 2);
}

uint64_t nescio_plan_n_pbs(const nescio_plan *plan)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].kind == NESCIO_STEP_TABLE && plan->steps[i].table.n_shared > 0)
            n += plan->slots[plan->steps[i].target].count;
    return n;
}

uint32_t nescio_plan_shared_tables(const nescio_plan *plan, uint32_t i_step)
{
    while (plan->steps[i_step].table.n_shared == 0)
        i_step--;
    return plan->steps[i_step].table.n_shared;
}
