/* SPDX-License-Identifier: Apache-2.0
 * Rows of the simulator on the worker pool. */
#include "simulate/simulate_internal.h"

#include <string.h>

#define ROWS_BETWEEN_REPORTS 256

typedef struct batch {
    row_job job;
    row_state *states;        /* [workers of pool] */
    struct nescio_pool *pool; /* NULL: this thread alone */
    size_t first;
} batch;

static void run_row(void *arg, size_t i_job, unsigned i_worker)
{
    const batch *b = arg;

    nescio_simulate_row(&b->job, &b->states[i_worker], b->first + i_job);
}

static nescio_status check_inputs(nescio_ctx *ctx, const nescio_simulation *sim,
                                  const int64_t *const *inputs, size_t n_rows)
{
    for (uint32_t i = 0; i < sim->plan->n_inputs; i++) {
        const nescio_quantizer *q = &nescio_circuit_input(sim->circuit, i)->quantizer;
        const size_t n = n_rows * sim->plan->inputs[i].count;

        for (size_t e = 0; e < n; e++)
            if (inputs[i][e] < q->lo || inputs[i][e] > q->hi)
                return nescio_fail(ctx, NESCIO_E_ARG,
                                   "input '%s': integer %lld is outside %lld to %lld",
                                   sim->plan->inputs[i].name, (long long)inputs[i][e],
                                   (long long)q->lo, (long long)q->hi);
    }
    return NESCIO_OK;
}

static void add_stats(const nescio_simulation *sim, const row_state *states, unsigned n_workers,
                      nescio_simulation_stats *stats)
{
    for (unsigned w = 0; stats && w < n_workers; w++)
        for (size_t g = 0; g < sim->circuit->n_gates; g++) {
            if (stats->out_of_range)
                stats->out_of_range[g] += states[w].out_of_range[g];
            if (stats->seen)
                stats->seen[g] += states[w].seen[g];
        }
}

static nescio_status prepare(nescio_ctx *ctx, const nescio_simulation *sim, nescio_arena *arena,
                             noise_levels *noise, row_state *states, unsigned n_states)
{
    NESCIO_TRY(nescio_noise_levels(ctx, sim, arena, noise));
    for (unsigned w = 0; w < n_states; w++)
        NESCIO_TRY(nescio_row_state(ctx, sim, arena, &states[w]));
    return NESCIO_OK;
}

static nescio_status run_rows(nescio_ctx *ctx, batch *b, size_t n_rows)
{
    for (b->first = 0; b->first < n_rows; b->first += ROWS_BETWEEN_REPORTS) {
        const size_t left = n_rows - b->first;

        NESCIO_TRY(nescio_progress(ctx, "simulate", b->first, n_rows));
        nescio_pool_run(b->pool, left < ROWS_BETWEEN_REPORTS ? left : ROWS_BETWEEN_REPORTS, run_row,
                        b);
    }
    return nescio_progress(ctx, "simulate", n_rows, n_rows);
}

nescio_status nescio_simulate(nescio_ctx *ctx, const nescio_simulation *sim,
                              const int64_t *const *inputs, int64_t *const *outputs, size_t n_rows,
                              nescio_simulation_stats *stats)
{
    struct nescio_pool *pool = nescio_ctx_pool(ctx);
    const unsigned n_workers = pool ? nescio_pool_workers(pool) : 1;
    noise_levels noise;
    nescio_arena *arena;
    row_state *states;
    nescio_status st;

    if (!sim->plan->bound)
        return nescio_fail(ctx, NESCIO_E_ARG, "simulate: the plan is not bound to its circuit");
    NESCIO_TRY(check_inputs(ctx, sim, inputs, n_rows));
    arena = nescio_arena_new();
    states = arena ? nescio_arena_array(arena, n_workers, sizeof *states) : NULL;
    st = states ? prepare(ctx, sim, arena, &noise, states, n_workers)
                : nescio_fail_nomem(ctx, n_workers * sizeof *states);
    if (st == NESCIO_OK) {
        batch b = {.job = {.sim = sim, .noise = &noise, .inputs = inputs, .outputs = outputs},
                   .states = states,
                   .pool = pool};

        st = run_rows(ctx, &b, n_rows);
        add_stats(sim, states, n_workers, stats);
    }
    nescio_arena_free(arena);
    return st;
}

typedef struct copy_request {
    uint32_t slot;
    size_t count;
    uint64_t *phases;
} copy_request;

static void copy_slot(void *arg, uint32_t slot, const uint64_t *phases)
{
    const copy_request *c = arg;

    if (slot == c->slot)
        memcpy(c->phases, phases, c->count * sizeof *phases);
}

nescio_status nescio_simulate_slot(nescio_ctx *ctx, const nescio_simulation *sim,
                                   const int64_t *const *inputs, uint32_t slot, uint64_t *phases)
{
    copy_request request = {.slot = slot, .phases = phases};
    noise_levels noise;
    row_state state;
    nescio_arena *arena;
    nescio_status st;

    if (!sim->plan->bound || slot >= sim->plan->n_slots)
        return nescio_fail(ctx, NESCIO_E_ARG, "simulate: plan not bound, or no slot %u", slot);
    NESCIO_TRY(check_inputs(ctx, sim, inputs, 1));
    request.count = sim->plan->slots[slot].count;
    arena = nescio_arena_new();
    st = arena ? prepare(ctx, sim, arena, &noise, &state, 1) : nescio_fail_nomem(ctx, 0);
    if (st == NESCIO_OK) {
        const row_job job = {.sim = sim,
                             .noise = &noise,
                             .inputs = inputs,
                             .watch = copy_slot,
                             .watch_arg = &request};

        nescio_simulate_row(&job, &state, 0);
    }
    nescio_arena_free(arena);
    return st;
}
