/* SPDX-License-Identifier: Apache-2.0
 * The plan against its circuit: what a reader of files must know before it believes an index.
 *
 * Walks the steps in order and keeps, for each ciphertext of the pool, the slot that was written
 * there last; a step whose source was overwritten, was never written, or holds another wire than
 * the gate reads is refused. After this, binding and running check nothing. */
#include "plan/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct checker {
    nescio_ctx *ctx;
    const nescio_plan *plan;
    const nescio_circuit *circuit;
    uint32_t *gate_of_wire; /* [n_wires] */
    uint32_t *slot_gate; /* [n_slots] gate whose output it holds; NESCIO_NO_SLOT: not written yet */
    uint32_t *owner;     /* [pool] slot written last */
    bool *answered;      /* [n_outputs] */
    uint32_t i_step;
} checker;

static nescio_status bad(const checker *c, const char *format, ...) NESCIO_PRINTF(2, 3);

static nescio_status bad(const checker *c, const char *format, ...)
{
    char what[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return nescio_fail(c->ctx, NESCIO_E_FORMAT, "plan step %u of %u: %s", c->i_step,
                       c->plan->n_steps, what);
}

static bool delta_ok(uint64_t delta)
{
    return delta > 0 && delta < (uint64_t)1 << 63;
}

static uint32_t ceil_div(uint32_t a, uint32_t b)
{
    return a / b + (a % b != 0);
}

static nescio_status check_inputs(const checker *c)
{
    const nescio_plan *p = c->plan;

    if (p->n_inputs != nescio_circuit_n_inputs(c->circuit))
        return nescio_fail(c->ctx, NESCIO_E_FORMAT, "plan: %u inputs, the circuit has %zu",
                           p->n_inputs, nescio_circuit_n_inputs(c->circuit));
    for (uint32_t i = 0; i < p->n_inputs; i++) {
        const nescio_plan_input *in = &p->inputs[i];
        const nescio_gate *gate = nescio_circuit_input(c->circuit, i);

        if (in->gate >= c->circuit->n_gates || c->circuit->gates[in->gate] != gate)
            return nescio_fail(c->ctx, NESCIO_E_FORMAT, "plan input %u: gate %u is not input '%s'",
                               i, in->gate, gate->name);
        if (in->count != gate->output->count ||
            in->n_packed != ceil_div(in->count, p->params.poly_size))
            return nescio_fail(
                c->ctx, NESCIO_E_FORMAT,
                "plan input '%s': %u elements in %u ciphertexts, the circuit has %zu", gate->name,
                in->count, in->n_packed, gate->output->count);
        if (in->body_log < 16 || in->body_log > 64 || !delta_ok(in->delta))
            return nescio_fail(c->ctx, NESCIO_E_FORMAT,
                               "plan input '%s': %u bits a body (16 to 64), delta %llu", gate->name,
                               in->body_log, (unsigned long long)in->delta);
    }
    return NESCIO_OK;
}

static nescio_status check_outputs(const checker *c)
{
    const nescio_plan *p = c->plan;

    if (p->n_outputs != nescio_circuit_n_outputs(c->circuit))
        return nescio_fail(c->ctx, NESCIO_E_FORMAT, "plan: %u outputs, the circuit has %zu",
                           p->n_outputs, nescio_circuit_n_outputs(c->circuit));
    for (uint32_t i = 0; i < p->n_outputs; i++) {
        const nescio_plan_output *out = &p->outputs[i];
        const nescio_gate *gate = nescio_circuit_output(c->circuit, i);

        if (out->gate >= c->circuit->n_gates || c->circuit->gates[out->gate] != gate)
            return nescio_fail(c->ctx, NESCIO_E_FORMAT,
                               "plan output %u: gate %u is not output '%s'", i, out->gate,
                               gate->name);
        if (out->count != gate->output->count ||
            out->n_answers != ceil_div(out->count, p->params.out_poly_size))
            return nescio_fail(c->ctx, NESCIO_E_FORMAT,
                               "plan output '%s': %u numbers in %u answers, the circuit has %zu",
                               gate->name, out->count, out->n_answers, gate->output->count);
        if (out->answer_log < 12 || out->answer_log > 24 || !delta_ok(out->delta) ||
            out->lo > out->hi || out->lo < -INT64_MAX / 4 || out->hi > INT64_MAX / 4)
            return nescio_fail(c->ctx, NESCIO_E_FORMAT,
                               "plan output '%s': %u bits a word (12 to 24), range %lld to %lld",
                               gate->name, out->answer_log, (long long)out->lo, (long long)out->hi);
    }
    return NESCIO_OK;
}

static nescio_status check_slots(const checker *c)
{
    const nescio_plan *p = c->plan;

    for (uint32_t s = 0; s < p->n_slots; s++) {
        const nescio_plan_slot *slot = &p->slots[s];

        if (slot->count == 0 || slot->first > p->pool_ciphertexts ||
            slot->count > p->pool_ciphertexts - slot->first || !delta_ok(slot->delta))
            return nescio_fail(c->ctx, NESCIO_E_FORMAT,
                               "plan slot %u: %u ciphertexts from %llu, the pool has %llu", s,
                               slot->count, (unsigned long long)slot->first,
                               (unsigned long long)p->pool_ciphertexts);
    }
    return NESCIO_OK;
}

/** Source slot s holds the output of `wire`'s producer, intact. */
static nescio_status check_source(const checker *c, uint32_t s, const nescio_wire *wire)
{
    const nescio_plan_slot *slot;

    if (s >= c->plan->n_slots || c->slot_gate[s] != c->gate_of_wire[wire->id])
        return bad(c, "slot %u does not hold '%s'", s, wire->name);
    slot = &c->plan->slots[s];
    for (uint64_t i = slot->first; i < slot->first + slot->count; i++)
        if (c->owner[i] != s)
            return bad(c, "slot %u of '%s' was overwritten by slot %u", s, wire->name, c->owner[i]);
    return NESCIO_OK;
}

static bool overlap(const nescio_plan_slot *a, const nescio_plan_slot *b)
{
    return a->first < b->first + b->count && b->first < a->first + a->count;
}

/** The step writes its target: `count` ciphertexts, once. */
static nescio_status check_target(const checker *c, const nescio_step *step, size_t count)
{
    const nescio_plan *p = c->plan;
    const nescio_plan_slot *slot;

    if (step->target >= p->n_slots || c->slot_gate[step->target] != NESCIO_NO_SLOT)
        return bad(c, "target slot %u is out of range or written twice", step->target);
    slot = &p->slots[step->target];
    if (slot->count != count)
        return bad(c, "target slot %u has %u ciphertexts, the gate %zu", step->target, slot->count,
                   count);
    c->slot_gate[step->target] = step->gate;
    for (uint64_t i = slot->first; i < slot->first + slot->count; i++)
        c->owner[i] = step->target;
    return NESCIO_OK;
}

static nescio_status check_scale(const checker *c, uint64_t target, int32_t factor, uint64_t source)
{
    if (factor < 1 || (uint64_t)factor * source != target)
        return bad(c, "factor %d does not bring delta %llu to %llu", factor,
                   (unsigned long long)source, (unsigned long long)target);
    return NESCIO_OK;
}

/** INPUT_LINEAR and INPUT_EXTRACT: sources are inputs of the plan. */
static nescio_status check_input_step(const checker *c, const nescio_step *step,
                                      const nescio_gate *gate)
{
    const nescio_plan *p = c->plan;
    const bool linear = step->kind == NESCIO_STEP_INPUT_LINEAR;

    if (gate->op != (linear ? NESCIO_GATE_LINEAR : NESCIO_GATE_INPUT) ||
        step->n_sources != (linear ? gate->n_inputs : 1) || step->target >= p->n_slots)
        return bad(c, "gate '%s' is no match for its kind", gate->name);
    for (uint32_t t = 0; t < step->n_sources; t++) {
        const uint32_t i = step->sources[t];
        const uint32_t wanted = linear ? c->gate_of_wire[gate->inputs[t]->id] : step->gate;

        if (i >= p->n_inputs || p->inputs[i].gate != wanted)
            return bad(c, "source %u is not what '%s' reads", i, gate->name);
        NESCIO_TRY(check_scale(c, p->slots[step->target].delta, linear ? step->factor[t] : 1,
                               p->inputs[i].delta));
    }
    return NESCIO_OK;
}

static nescio_status check_linear(const checker *c, const nescio_step *step,
                                  const nescio_gate *gate)
{
    const nescio_plan *p = c->plan;
    const bool constant = gate->op == NESCIO_GATE_CONSTANT;

    if ((gate->op != NESCIO_GATE_LINEAR && !constant) || step->n_sources != gate->n_inputs ||
        step->target >= p->n_slots)
        return bad(c, "gate '%s' is no match for its kind", gate->name);
    for (uint32_t t = 0; t < step->n_sources; t++) {
        NESCIO_TRY(check_source(c, step->sources[t], gate->inputs[t]));
        NESCIO_TRY(check_scale(c, p->slots[step->target].delta, step->factor[t],
                               p->slots[step->sources[t]].delta));
        if (overlap(&p->slots[step->sources[t]], &p->slots[step->target]))
            return bad(c, "source and target of '%s' overlap", gate->name);
    }
    return NESCIO_OK;
}

static nescio_status check_gather(const checker *c, const nescio_step *step,
                                  const nescio_gate *gate)
{
    const nescio_plan *p = c->plan;

    if ((gate->op != NESCIO_GATE_GATHER && gate->op != NESCIO_GATE_CONCAT) ||
        step->n_sources != gate->n_inputs || step->target >= p->n_slots)
        return bad(c, "gate '%s' is no match for its kind", gate->name);
    for (uint32_t t = 0; t < step->n_sources; t++) {
        NESCIO_TRY(check_source(c, step->sources[t], gate->inputs[t]));
        NESCIO_TRY(
            check_scale(c, p->slots[step->target].delta, 1, p->slots[step->sources[t]].delta));
        if (overlap(&p->slots[step->sources[t]], &p->slots[step->target]))
            return bad(c, "source and target of '%s' overlap", gate->name);
    }
    return NESCIO_OK;
}

/** A table that runs with the step before: the same source and place, another target. */
static nescio_status check_shared(const checker *c, const nescio_step *step, const char *gate)
{
    const nescio_plan *p = c->plan;
    const nescio_step *first = step;

    while (first > p->steps && first->kind == NESCIO_STEP_TABLE && first->table.n_shared == 0)
        first--;
    if (first->kind != NESCIO_STEP_TABLE || first->table.n_shared > NESCIO_SHARED_TABLES_MAX ||
        (size_t)(step - first) >= first->table.n_shared || first->sources[0] != step->sources[0] ||
        first->table.phase_offset != step->table.phase_offset)
        return bad(c, "table '%s' is not of the rotation of the steps before it", gate);
    for (; first < step; first++)
        if (overlap(&p->slots[first->target], &p->slots[step->target]))
            return bad(c, "table '%s' overwrites another of its rotation", gate);
    return NESCIO_OK;
}

/** All the tables that a step says run with it are there. */
static bool shares_with(const nescio_plan *p, uint32_t i_step)
{
    const uint32_t n_shared = p->steps[i_step].table.n_shared;

    if (n_shared > p->n_steps - i_step)
        return false;
    for (uint32_t t = 1; t < n_shared; t++)
        if (p->steps[i_step + t].kind != NESCIO_STEP_TABLE ||
            p->steps[i_step + t].table.n_shared != 0)
            return false;
    return true;
}

static nescio_status check_table(const checker *c, const nescio_step *step, const nescio_gate *gate)
{
    const nescio_plan *p = c->plan;
    const nescio_plan_slot *from, *to;

    if (gate->op != NESCIO_GATE_TABLE || step->n_sources != 1 || step->target >= p->n_slots)
        return bad(c, "gate '%s' is no match for its kind", gate->name);
    NESCIO_TRY(check_source(c, step->sources[0], gate->inputs[0]));
    if (step->table.full_torus && !gate->table.saturating)
        return bad(c, "table '%s' does not saturate: it cannot fill the torus", gate->name);
    from = &p->slots[step->sources[0]];
    to = &p->slots[step->target];
    if (from->first != to->first && overlap(from, to))
        return bad(c, "source and target of '%s' overlap in part", gate->name);
    if (!shares_with(p, c->i_step))
        return bad(c, "table '%s' shares its rotation with steps that are none", gate->name);
    return check_shared(c, step, gate->name);
}

static nescio_status check_answer(const checker *c, const nescio_step *step,
                                  const nescio_gate *gate)
{
    const nescio_plan *p = c->plan;

    if (gate->op != NESCIO_GATE_OUTPUT || step->n_sources != 1 || step->target >= p->n_outputs ||
        p->outputs[step->target].gate != step->gate || c->answered[step->target])
        return bad(c, "answer %u is not output '%s', or comes twice", step->target, gate->name);
    NESCIO_TRY(check_source(c, step->sources[0], gate->inputs[0]));
    c->answered[step->target] = true;
    return check_scale(c, p->outputs[step->target].delta, 1, p->slots[step->sources[0]].delta);
}

static nescio_status check_step(const checker *c)
{
    const nescio_step *step = &c->plan->steps[c->i_step];
    const nescio_gate *gate;

    if (step->gate >= c->circuit->n_gates)
        return bad(c, "gate %u, the circuit has %zu", step->gate, c->circuit->n_gates);
    gate = c->circuit->gates[step->gate];
    switch (step->kind) {
    case NESCIO_STEP_INPUT_LINEAR:
    case NESCIO_STEP_INPUT_EXTRACT: NESCIO_TRY(check_input_step(c, step, gate)); break;
    case NESCIO_STEP_LINEAR: NESCIO_TRY(check_linear(c, step, gate)); break;
    case NESCIO_STEP_GATHER: NESCIO_TRY(check_gather(c, step, gate)); break;
    case NESCIO_STEP_TABLE: NESCIO_TRY(check_table(c, step, gate)); break;
    case NESCIO_STEP_ANSWER: return check_answer(c, step, gate);
    default: return bad(c, "unknown kind %d", (int)step->kind);
    }
    return check_target(c, step, gate->output->count);
}

/* A pool with room for the output of every gate at once, and no more: a small file asks for little
 * memory. */
static nescio_status check_pool(const checker *c)
{
    const uint64_t pool = c->plan->pool_ciphertexts;
    uint64_t written = 0;

    for (size_t g = 0; g < c->circuit->n_gates && written < pool; g++)
        if (c->circuit->gates[g]->op != NESCIO_GATE_OUTPUT)
            written += c->circuit->gates[g]->output->count;
    if (pool > written)
        return nescio_fail(c->ctx, NESCIO_E_FORMAT,
                           "plan: a pool of %llu ciphertexts, the gates give %llu",
                           (unsigned long long)pool, (unsigned long long)written);
    return NESCIO_OK;
}

static nescio_status check_head(const checker *c)
{
    const nescio_plan *p = c->plan;
    nescio_status st = NESCIO_OK;
    char why[256];

    if (p->scheme != NESCIO_SCHEME_TFHE)
        return nescio_fail(c->ctx, NESCIO_E_FORMAT, "plan: unknown scheme %d", (int)p->scheme);
    st = nescio_tfhe_params_check(c->ctx, &p->params);
    if (st != NESCIO_OK) {
        (void)snprintf(why, sizeof why, "%s", nescio_ctx_message(c->ctx));
        return nescio_fail(c->ctx, NESCIO_E_FORMAT, "plan: %s", why);
    }
    return check_pool(c);
}

static nescio_status check_all(checker *c)
{
    NESCIO_TRY(check_inputs(c));
    NESCIO_TRY(check_outputs(c));
    NESCIO_TRY(check_slots(c));
    for (size_t g = 0; g < c->circuit->n_gates; g++)
        c->gate_of_wire[c->circuit->gates[g]->output->id] = (uint32_t)g;
    for (uint32_t s = 0; s < c->plan->n_slots; s++)
        c->slot_gate[s] = NESCIO_NO_SLOT;
    for (c->i_step = 0; c->i_step < c->plan->n_steps; c->i_step++)
        NESCIO_TRY(check_step(c));
    for (uint32_t i = 0; i < c->plan->n_outputs; i++)
        if (!c->answered[i])
            return nescio_fail(c->ctx, NESCIO_E_FORMAT, "plan: no step answers output '%s'",
                               c->plan->outputs[i].name);
    return NESCIO_OK;
}

nescio_status nescio_plan_verify(nescio_ctx *ctx, const nescio_plan *plan,
                                 const nescio_circuit *circuit)
{
    checker c = {.ctx = ctx, .plan = plan, .circuit = circuit};
    nescio_arena *arena;
    nescio_status st = check_head(&c);

    if (st != NESCIO_OK)
        return st;
    arena = nescio_arena_new();
    if (!arena)
        return nescio_fail_nomem(ctx, 0);
    c.gate_of_wire = nescio_arena_array(arena, circuit->n_wires, sizeof *c.gate_of_wire);
    c.slot_gate = nescio_arena_array(arena, plan->n_slots, sizeof *c.slot_gate);
    c.owner = nescio_arena_array(arena, plan->pool_ciphertexts, sizeof *c.owner);
    c.answered = nescio_arena_array(arena, plan->n_outputs, sizeof *c.answered);
    if (c.gate_of_wire && c.slot_gate && c.owner && c.answered)
        st = check_all(&c);
    else
        st = nescio_fail_nomem(ctx, plan->pool_ciphertexts * sizeof *c.owner);
    nescio_arena_free(arena);
    return st;
}
