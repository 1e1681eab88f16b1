/* SPDX-License-Identifier: Apache-2.0
 * The plan of a chosen trial: borders, steps in the circuit's order, slots by liveness, the report.
 */
#include "params/params_internal.h"

#include <math.h>
#include <string.h>

typedef struct builder {
    nescio_ctx *ctx;
    const analysis *a;
    const trial *t;
    nescio_plan *plan;
    uint32_t *gate_of_wire;                      /* [n_wires] */
    uint32_t *slot_of_wire;                      /* [n_wires] */
    uint32_t *input_of_gate;                     /* [n_gates] */
    uint32_t *first_step, *last_step, *in_place; /* [n_gates] by slot */
    const sink_verdict **verdict;                /* [n_gates] */
    const uint32_t **answer_log;                 /* [n_gates] */
    const sink **sink_of;                        /* [n_gates] TABLE and OUTPUT */
} builder;

static uint32_t ceil_div(size_t a, uint32_t b)
{
    return (uint32_t)((a + b - 1) / b);
}

static uint64_t delta_of(const builder *b, const nescio_wire *wire)
{
    return b->t->delta[b->a->wires[wire->id].block];
}

/** What a gate's weights are multiplied by, to bring its inputs' delta to its output's. */
static int32_t factor_of(const builder *b, uint32_t g)
{
    const nescio_gate *gate = b->a->circuit->gates[g];
    const bool joins = gate->op == NESCIO_GATE_LINEAR && b->a->wires[gate->inputs[0]->id].block !=
                                                             b->a->wires[gate->output->id].block;

    return joins ? b->t->factor[b->a->wires[gate->output->id].block] : 1;
}

static nescio_status make_scratch(builder *b)
{
    const nescio_circuit *c = b->a->circuit;
    nescio_arena *arena = b->a->arena;

    b->gate_of_wire = nescio_arena_array(arena, c->n_wires, sizeof *b->gate_of_wire);
    b->slot_of_wire = nescio_arena_array(arena, c->n_wires, sizeof *b->slot_of_wire);
    b->input_of_gate = nescio_arena_array(arena, c->n_gates, sizeof *b->input_of_gate);
    b->first_step = nescio_arena_array(arena, c->n_gates, sizeof *b->first_step);
    b->last_step = nescio_arena_array(arena, c->n_gates, sizeof *b->last_step);
    b->in_place = nescio_arena_array(arena, c->n_gates, sizeof *b->in_place);
    b->verdict = nescio_arena_array(arena, c->n_gates, sizeof *b->verdict);
    b->answer_log = nescio_arena_array(arena, c->n_gates, sizeof *b->answer_log);
    b->sink_of = nescio_arena_array(arena, c->n_gates, sizeof *b->sink_of);
    if (!b->gate_of_wire || !b->slot_of_wire || !b->input_of_gate || !b->first_step ||
        !b->last_step || !b->in_place || !b->verdict || !b->answer_log || !b->sink_of)
        return nescio_fail_nomem(b->ctx, c->n_gates * sizeof *b->verdict);
    for (uint32_t g = 0; g < c->n_gates; g++)
        b->gate_of_wire[c->gates[g]->output->id] = g;
    for (uint32_t i = 0; i < b->a->n_sinks; i++) {
        b->verdict[b->a->sinks[i].gate] = &b->t->verdict[i];
        b->answer_log[b->a->sinks[i].gate] = &b->t->answer_log[i];
        b->sink_of[b->a->sinks[i].gate] = &b->a->sinks[i];
    }
    return NESCIO_OK;
}

static nescio_status make_plan_arrays(builder *b)
{
    const nescio_circuit *c = b->a->circuit;
    nescio_plan *plan = b->plan;
    nescio_arena *arena = plan->arena;

    plan->n_inputs = (uint32_t)nescio_circuit_n_inputs(c);
    plan->n_outputs = (uint32_t)nescio_circuit_n_outputs(c);
    plan->inputs = nescio_arena_array(arena, plan->n_inputs, sizeof *plan->inputs);
    plan->outputs = nescio_arena_array(arena, plan->n_outputs, sizeof *plan->outputs);
    plan->slots = nescio_arena_array(arena, c->n_gates, sizeof *plan->slots);
    plan->steps = nescio_arena_array(arena, c->n_gates, sizeof *plan->steps);
    plan->set_name = nescio_arena_strdup(arena, b->t->set_name);
    if (!plan->inputs || !plan->outputs || !plan->slots || !plan->steps || !plan->set_name)
        return nescio_fail_nomem(b->ctx, c->n_gates * sizeof *plan->steps);
    plan->params = b->t->params;
    return NESCIO_OK;
}

static nescio_status fill_borders(builder *b)
{
    const nescio_circuit *c = b->a->circuit;
    nescio_plan *plan = b->plan;

    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        const nescio_gate *gate = nescio_circuit_input(c, i);
        const uint32_t g = b->gate_of_wire[gate->output->id];

        b->input_of_gate[g] = i;
        plan->inputs[i] =
            (nescio_plan_input){.name = nescio_arena_strdup(plan->arena, gate->name),
                                .gate = g,
                                .count = (uint32_t)gate->output->count,
                                .n_packed = ceil_div(gate->output->count, plan->params.poly_size),
                                .body_log = b->t->body_log,
                                .delta = delta_of(b, gate->output)};
        if (!plan->inputs[i].name)
            return nescio_fail_nomem(b->ctx, strlen(gate->name));
    }
    for (uint32_t i = 0; i < plan->n_outputs; i++) {
        const nescio_gate *gate = nescio_circuit_output(c, i);
        const nescio_wire *wire = gate->inputs[0];
        const uint32_t g = b->gate_of_wire[gate->output->id];
        const uint64_t delta = delta_of(b, wire);

        plan->outputs[i] =
            (nescio_plan_output){.name = nescio_arena_strdup(plan->arena, gate->name),
                                 .gate = g,
                                 .count = (uint32_t)wire->count,
                                 .n_answers = ceil_div(wire->count, plan->params.out_poly_size),
                                 .answer_log = *b->answer_log[g],
                                 .delta = delta,
                                 .lo = wire->lo,
                                 .hi = wire->hi,
                                 .std = sqrt(b->verdict[g]->variance) * 0x1p64 / (double)delta};
        if (!plan->outputs[i].name)
            return nescio_fail_nomem(b->ctx, strlen(gate->name));
    }
    return NESCIO_OK;
}

/** A new slot, written by the step about to be added. */
static uint32_t new_slot(builder *b, const nescio_wire *wire)
{
    const uint32_t s = b->plan->n_slots++;

    b->plan->slots[s] = (nescio_plan_slot){.count = (uint32_t)wire->count,
                                           .delta = delta_of(b, wire),
                                           .variance = nescio_trial_variance(b->a, b->t, wire)};
    b->first_step[s] = b->last_step[s] = b->plan->n_steps;
    b->in_place[s] = NESCIO_NO_SLOT;
    b->slot_of_wire[wire->id] = s;
    return s;
}

static nescio_status new_step(builder *b, nescio_step_kind kind, uint32_t g, uint32_t n_sources,
                              nescio_step **out)
{
    nescio_step *step = &b->plan->steps[b->plan->n_steps];

    step->kind = kind;
    step->gate = g;
    step->n_sources = n_sources;
    step->sources = nescio_arena_array(b->plan->arena, n_sources, sizeof *step->sources);
    step->factor = nescio_arena_array(b->plan->arena, n_sources, sizeof *step->factor);
    if (!step->sources || !step->factor)
        return nescio_fail_nomem(b->ctx, n_sources * sizeof *step->sources);
    for (uint32_t t = 0; t < n_sources; t++)
        step->factor[t] = factor_of(b, g);
    *out = step;
    return NESCIO_OK;
}

/** Reads the gate's inputs from their slots. */
static void read_slots(builder *b, nescio_step *step, const nescio_gate *gate)
{
    for (uint32_t t = 0; t < step->n_sources; t++) {
        step->sources[t] = b->slot_of_wire[gate->inputs[t]->id];
        b->last_step[step->sources[t]] = b->plan->n_steps;
    }
}

static bool all_inputs(const nescio_gate *gate)
{
    for (uint32_t t = 0; t < gate->n_inputs; t++)
        if (gate->inputs[t]->producer->op != NESCIO_GATE_INPUT)
            return false;
    return true;
}

static nescio_status add_input_step(builder *b, nescio_step_kind kind, uint32_t g)
{
    const nescio_gate *gate = b->a->circuit->gates[g];
    const bool linear = kind == NESCIO_STEP_INPUT_LINEAR;
    nescio_step *step = NULL;

    NESCIO_TRY(new_step(b, kind, g, linear ? gate->n_inputs : 1, &step));
    for (uint32_t t = 0; t < step->n_sources; t++)
        step->sources[t] = b->input_of_gate[linear ? b->gate_of_wire[gate->inputs[t]->id] : g];
    step->target = new_slot(b, gate->output);
    b->plan->n_steps++;
    return NESCIO_OK;
}

static nescio_status add_slot_step(builder *b, nescio_step_kind kind, uint32_t g)
{
    const nescio_gate *gate = b->a->circuit->gates[g];
    nescio_step *step = NULL;

    NESCIO_TRY(new_step(b, kind, g, gate->n_inputs, &step));
    read_slots(b, step, gate);
    step->target = new_slot(b, gate->output);
    b->plan->n_steps++;
    return NESCIO_OK;
}

static nescio_status add_table_step(builder *b, uint32_t g)
{
    const sink_verdict *v = b->verdict[g];
    nescio_step *step = NULL;

    NESCIO_TRY(add_slot_step(b, NESCIO_STEP_TABLE, g));
    step = &b->plan->steps[b->plan->n_steps - 1];
    step->table = (nescio_plan_table){.phase_offset = v->phase_offset,
                                      .n_shared = b->sink_of[g]->n_shared,
                                      .full_torus = b->a->circuit->gates[g]->table.saturating,
                                      .variance = v->variance,
                                      .window = v->window,
                                      .log2_fail = v->log2_fail};
    return NESCIO_OK;
}

/** The table and those that share its rotation. All of them write when the first one runs. */
static nescio_status add_rotation(builder *b, uint32_t g)
{
    const sink *first = b->sink_of[g];
    const uint32_t leader = (uint32_t)(first - b->a->sinks), i_step = b->plan->n_steps;

    if (first->n_shared == 0)
        return NESCIO_OK;
    for (uint32_t i = leader; i < b->a->n_sinks; i++)
        if (b->a->sinks[i].leader == leader) {
            NESCIO_TRY(add_table_step(b, b->a->sinks[i].gate));
            b->first_step[b->plan->steps[b->plan->n_steps - 1].target] = i_step;
        }
    return NESCIO_OK;
}

static nescio_status add_answer_step(builder *b, uint32_t g)
{
    const nescio_gate *gate = b->a->circuit->gates[g];
    nescio_step *step = NULL;

    NESCIO_TRY(new_step(b, NESCIO_STEP_ANSWER, g, 1, &step));
    read_slots(b, step, gate);
    for (uint32_t i = 0; i < b->plan->n_outputs; i++)
        if (b->plan->outputs[i].gate == g)
            step->target = i;
    b->plan->n_steps++;
    return NESCIO_OK;
}

static nescio_status add_gate(builder *b, uint32_t g)
{
    const nescio_gate *gate = b->a->circuit->gates[g];

    if (!b->a->wires[gate->output->id].needed)
        return NESCIO_OK;
    switch (gate->op) {
    case NESCIO_GATE_INPUT:
        return b->a->wires[gate->output->id].extracted
                   ? add_input_step(b, NESCIO_STEP_INPUT_EXTRACT, g)
                   : NESCIO_OK;
    case NESCIO_GATE_LINEAR:
        return all_inputs(gate) ? add_input_step(b, NESCIO_STEP_INPUT_LINEAR, g)
                                : add_slot_step(b, NESCIO_STEP_LINEAR, g);
    case NESCIO_GATE_CONSTANT: return add_slot_step(b, NESCIO_STEP_LINEAR, g);
    case NESCIO_GATE_GATHER:
    case NESCIO_GATE_CONCAT: return add_slot_step(b, NESCIO_STEP_GATHER, g);
    case NESCIO_GATE_TABLE: return add_rotation(b, g);
    default: return add_answer_step(b, g);
    }
}

/** A table whose input nobody reads again works in place. */
static void find_in_place(builder *b)
{
    for (uint32_t i = 0; i < b->plan->n_steps; i++) {
        const nescio_step *step = &b->plan->steps[i];

        if (step->kind == NESCIO_STEP_TABLE && b->last_step[step->sources[0]] == i)
            b->in_place[step->target] = step->sources[0];
    }
}

static nescio_status fill_report(builder *b, double range_rate)
{
    nescio_plan *plan = b->plan;
    nescio_plan_report *r = &plan->report;
    nescio_evaluation_key key = {0};
    size_t polys = 0;

    NESCIO_TRY(nescio_evaluation_key_sizes(b->ctx, &plan->params, &key));
    for (uint32_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].kind == NESCIO_STEP_TABLE)
            polys += b->a->circuit->gates[plan->steps[i].gate]->table.n_tables;
    *r = (nescio_plan_report){
        .n_pbs = nescio_plan_n_pbs(plan),
        .log2_p_fail = b->t->log2_p_fail,
        .range_rate = range_rate,
        .approximate = b->t->approximate,
        .security_bits = nescio_params_security(&plan->params),
        .evaluation_key_bytes = nescio_evaluation_key_bytes(&key),
        .upload_bytes = nescio_plan_upload_bytes(plan),
        .download_bytes = nescio_plan_download_bytes(plan),
        .memory_bytes = nescio_engine_bytes_for(&plan->params, 1) +
                        nescio_lwe_batch_bytes(&plan->params, plan->pool_ciphertexts) +
                        polys * plan->params.poly_size * sizeof(uint64_t),
        .cost = b->t->cost};
    return NESCIO_OK;
}

static nescio_status build(builder *b, double range_rate)
{
    NESCIO_TRY(make_scratch(b));
    NESCIO_TRY(make_plan_arrays(b));
    NESCIO_TRY(fill_borders(b));
    for (uint32_t g = 0; g < b->a->circuit->n_gates; g++)
        NESCIO_TRY(add_gate(b, g));
    find_in_place(b);
    NESCIO_TRY(nescio_slots_place(b->ctx, b->plan, b->first_step, b->last_step, b->in_place));
    return fill_report(b, range_rate);
}

nescio_status nescio_params_build(nescio_ctx *ctx, const trial *t, double range_rate,
                                  nescio_plan **out)
{
    builder b = {.ctx = ctx, .a = t->a, .t = t};
    nescio_status st = nescio_plan_new(ctx, out);

    if (st != NESCIO_OK)
        return st;
    b.plan = *out;
    st = build(&b, range_rate);
    if (st != NESCIO_OK) {
        nescio_plan_free(*out);
        *out = NULL;
    }
    return st;
}
