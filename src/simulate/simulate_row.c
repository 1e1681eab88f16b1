/* SPDX-License-Identifier: Apache-2.0
 * One row through the steps of a plan, as phases with drawn noise. */
#include "noise/noise.h"
#include "simulate/simulate_internal.h"

#include <math.h>
#include <string.h>

/** A torus word from a real number of turns, |turns| < 2^10. */
static uint64_t torus_word(double turns)
{
    const double part = turns - floor(turns);

    /* 53 bits of the fraction; the product is below 2^64 because part <= 1 - 2^-53. */
    return (uint64_t)(part * 0x1p64);
}

static uint64_t draw(const row_job *job, row_state *s, double deviation)
{
    if (job->sim->no_noise || deviation <= 0)
        return 0;
    return torus_word(deviation * nescio_stream_gaussian(&s->stream));
}

static uint64_t *slot_at(const row_job *job, const row_state *s, uint32_t slot)
{
    return s->pool + job->sim->plan->slots[slot].first;
}

static void load_inputs(const row_job *job, row_state *s, size_t i_row)
{
    const nescio_plan *plan = job->sim->plan;

    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        const nescio_plan_input *in = &plan->inputs[i];
        const int64_t *v = job->inputs[i] + i_row * in->count;

        for (uint32_t e = 0; e < in->count; e++)
            s->inputs[i][e] = (uint64_t)v[e] * in->delta + draw(job, s, job->noise->fresh[i]);
    }
}

/** out += m * in, mod 2^64. */
static void add_product(uint64_t *out, const nescio_int_matrix *m, const uint64_t *in)
{
    for (uint32_t r = 0; r < m->n_rows; r++) {
        uint64_t sum = 0;

        if (m->dense)
            for (uint32_t c = 0; c < m->n_columns; c++)
                sum += (uint64_t)(int64_t)m->dense[(size_t)r * m->n_columns + c] * in[c];
        else
            for (uint32_t i = m->row_start[r]; i < m->row_start[r + 1]; i++)
                sum += (uint64_t)(int64_t)m->weights[i] * in[m->columns[i]];
        out[r] += sum;
    }
}

static void start_sum(const nescio_step *step, uint64_t *out)
{
    for (uint32_t i = 0; i < step->count; i++)
        out[i] = step->bias ? step->bias[i] : 0;
}

static void input_linear(const row_job *job, const row_state *s, const nescio_step *step)
{
    uint64_t *out = slot_at(job, s, step->target);
    uint32_t i_matrix = 0;

    start_sum(step, out);
    for (uint32_t t = 0; t < step->n_sources; t++) {
        const uint64_t *in = s->inputs[step->sources[t]];
        const uint32_t n_packed = job->sim->plan->inputs[step->sources[t]].n_packed;

        for (uint32_t p = 0; p < n_packed; p++) {
            add_product(out, &step->matrix[i_matrix], in);
            in += step->matrix[i_matrix++].n_columns;
        }
    }
}

static void linear(const row_job *job, const row_state *s, const nescio_step *step)
{
    uint64_t *out = slot_at(job, s, step->target);

    start_sum(step, out);
    for (uint32_t t = 0; t < step->n_sources; t++)
        add_product(out, &step->matrix[t], slot_at(job, s, step->sources[t]));
}

static void gather(const row_job *job, const row_state *s, const nescio_step *step)
{
    const nescio_plan *plan = job->sim->plan;
    uint64_t *out = slot_at(job, s, step->target);

    for (uint32_t i = 0; i < step->count; i++) {
        int64_t at = step->gather[i];
        uint32_t t = 0;

        out[i] = 0;
        if (at < 0)
            continue;
        while (at >= plan->slots[step->sources[t]].count)
            at -= plan->slots[step->sources[t++]].count;
        out[i] = slot_at(job, s, step->sources[t])[at];
    }
}

/** Counts phases beyond the wire's range by more than half an integer. */
static void count_range(const row_job *job, row_state *s, uint32_t g, const uint64_t *phase,
                        uint64_t delta)
{
    const nescio_wire *wire = job->sim->circuit->gates[g]->inputs[0];
    const int64_t centre = wire->lo + (wire->hi - wire->lo) / 2;

    s->seen[g] += wire->count;
    for (size_t i = 0; i < wire->count; i++) {
        const int64_t v = nescio_phase_to_integer(phase[i], delta, centre);

        s->out_of_range[g] += v < wire->lo || v > wire->hi;
    }
}

static void look_up(const row_job *job, row_state *s, const nescio_step *step)
{
    const nescio_plan *plan = job->sim->plan;
    const nescio_plan_table *t = &step->table;
    const uint32_t poly_size = plan->params.poly_size;
    const unsigned share_log =
        nescio_share_log(nescio_plan_shared_tables(plan, (uint32_t)(step - plan->steps)));
    const uint64_t grid = ((uint64_t)1 << 63) / poly_size << share_log;
    const double switched = job->noise->switched[share_log];
    const uint64_t *in = slot_at(job, s, step->sources[0]);
    uint64_t *out = slot_at(job, s, step->target);

    count_range(job, s, step->gate, in, plan->slots[step->sources[0]].delta);
    for (uint32_t i = 0; i < step->count; i++) {
        const uint32_t p = t->which ? t->which[i] : 0;
        const uint64_t phase = in[i] + t->phase_offset + draw(job, s, switched);
        /* 0 ... 2N - 1: the sum wraps */
        const uint32_t j = (uint32_t)((phase + grid / 2) / grid) << share_log;
        const uint64_t *poly = t->polys + (size_t)p * poly_size;
        const uint64_t entry = j < poly_size ? poly[j] : 0 - poly[j - poly_size];

        out[i] = entry + t->post_add[p] + draw(job, s, job->noise->rotation);
    }
}

static void answer(const row_job *job, row_state *s, const nescio_step *step, size_t i_row)
{
    const nescio_plan_output *o = &job->sim->plan->outputs[step->target];
    const uint64_t *in = slot_at(job, s, step->sources[0]);
    int64_t *out;

    count_range(job, s, step->gate, in, o->delta);
    if (!job->outputs)
        return;
    out = job->outputs[step->target] + i_row * o->count;
    for (uint32_t i = 0; i < o->count; i++)
        out[i] = nescio_plan_decode(o, in[i] + draw(job, s, job->noise->answer[step->target]));
}

static void run_step(const row_job *job, row_state *s, const nescio_step *step, size_t i_row)
{
    switch (step->kind) {
    case NESCIO_STEP_INPUT_LINEAR: input_linear(job, s, step); break;
    case NESCIO_STEP_INPUT_EXTRACT:
        memcpy(slot_at(job, s, step->target), s->inputs[step->sources[0]],
               step->count * sizeof(uint64_t));
        break;
    case NESCIO_STEP_LINEAR: linear(job, s, step); break;
    case NESCIO_STEP_GATHER: gather(job, s, step); break;
    case NESCIO_STEP_TABLE: look_up(job, s, step); break;
    case NESCIO_STEP_ANSWER: answer(job, s, step, i_row); return;
    }
    if (job->watch)
        job->watch(job->watch_arg, step->target, slot_at(job, s, step->target));
}

void nescio_simulate_row(const row_job *job, row_state *s, size_t i_row)
{
    const nescio_plan *plan = job->sim->plan;

    nescio_stream_init(&s->stream, job->sim->seed, NESCIO_STREAM_SIMULATION,
                       job->sim->first_row + i_row);
    load_inputs(job, s, i_row);
    for (uint32_t i = 0; i < plan->n_steps; i++)
        run_step(job, s, &plan->steps[i], i_row);
}

nescio_status nescio_noise_levels(nescio_ctx *ctx, const nescio_simulation *sim,
                                  nescio_arena *arena, noise_levels *out)
{
    const nescio_plan *plan = sim->plan;
    const nescio_tfhe_params *p = &plan->params;
    out->fresh = nescio_arena_array(arena, plan->n_inputs, sizeof *out->fresh);
    out->answer = nescio_arena_array(arena, plan->n_outputs, sizeof *out->answer);
    if (!out->fresh || !out->answer)
        return nescio_fail_nomem(ctx, plan->n_outputs * sizeof *out->answer);
    for (uint32_t i = 0; i < plan->n_inputs; i++)
        out->fresh[i] = sqrt(nescio_noise_fresh(p, plan->inputs[i].body_log));
    for (uint32_t i = 0; i < plan->n_outputs; i++) {
        const nescio_plan_output *o = &plan->outputs[i];
        const uint32_t shared = o->count < p->out_poly_size ? o->count : p->out_poly_size;

        out->answer[i] = sqrt(nescio_noise_answer(p, shared, o->answer_log));
    }
    for (unsigned log = 0; log <= NESCIO_SHARE_LOG_MAX; log++) {
        const double grid = (double)(1u << log) / (2.0 * p->poly_size);

        /* Rounding the phase to the grid happens for real: its share is not drawn again. */
        out->switched[log] = sqrt(fmax(
            0, nescio_noise_keyswitch(p) + nescio_noise_modulus_switch(p, log) - grid * grid / 12));
    }
    out->rotation = sqrt(nescio_noise_blind_rotation(p));
    return NESCIO_OK;
}

nescio_status nescio_row_state(nescio_ctx *ctx, const nescio_simulation *sim, nescio_arena *arena,
                               row_state *out)
{
    const nescio_plan *plan = sim->plan;

    out->inputs = nescio_arena_array(arena, plan->n_inputs, sizeof *out->inputs);
    out->pool = nescio_arena_array(arena, plan->pool_ciphertexts, sizeof *out->pool);
    out->out_of_range = nescio_arena_array(arena, sim->circuit->n_gates, sizeof *out->seen);
    out->seen = nescio_arena_array(arena, sim->circuit->n_gates, sizeof *out->seen);
    if (!out->inputs || !out->pool || !out->out_of_range || !out->seen)
        return nescio_fail_nomem(ctx, plan->pool_ciphertexts * sizeof *out->pool);
    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        out->inputs[i] = nescio_arena_array(arena, plan->inputs[i].count, sizeof **out->inputs);
        if (!out->inputs[i])
            return nescio_fail_nomem(ctx, plan->inputs[i].count * sizeof **out->inputs);
    }
    return NESCIO_OK;
}
