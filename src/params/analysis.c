/* SPDX-License-Identifier: Apache-2.0
 * What a circuit asks of parameters: gates that matter, levelled blocks, places where wires are
 * read.
 *
 * A levelled block is a set of wires joined by LINEAR, GATHER and CONCAT gates: they share one
 * delta (phase of integer 1). Tables and inputs that feed the block take that delta, its sinks
 * (TABLE, OUTPUT) bound it. A LINEAR gate that only sinks read starts a block of its own below its
 * inputs' block, whose delta is theirs times an integer factor: so a table with a narrow window
 * fills the torus although another one, fed by the same values, has a wide window. */
#include "params/params_internal.h"

#include <math.h>

#define FACTOR_MAX 4096

static uint32_t find_root(wire_facts *w, uint32_t i)
{
    while (w[i].block != i) {
        w[i].block = w[w[i].block].block;
        i = w[i].block;
    }
    return i;
}

static void join(wire_facts *w, uint32_t a, uint32_t b)
{
    const uint32_t ra = find_root(w, a), rb = find_root(w, b);

    if (ra < rb)
        w[rb].block = ra;
    else
        w[ra].block = rb;
}

static bool is_levelled(nescio_gate_op op)
{
    return op == NESCIO_GATE_LINEAR || op == NESCIO_GATE_GATHER || op == NESCIO_GATE_CONCAT;
}

/** LINEAR gates on nothing but inputs work on packed inputs; every other use needs the elements. */
static bool reads_packed(const nescio_gate *gate)
{
    if (gate->op != NESCIO_GATE_LINEAR)
        return false;
    for (uint32_t t = 0; t < gate->n_inputs; t++)
        if (gate->inputs[t]->producer->op != NESCIO_GATE_INPUT)
            return false;
    return true;
}

static nescio_status check_op(nescio_ctx *ctx, const nescio_gate *gate)
{
    switch (gate->op) {
    case NESCIO_GATE_INPUT:
    case NESCIO_GATE_CONSTANT:
    case NESCIO_GATE_LINEAR:
    case NESCIO_GATE_GATHER:
    case NESCIO_GATE_CONCAT:
    case NESCIO_GATE_TABLE:
    case NESCIO_GATE_OUTPUT: return NESCIO_OK;
    default:
        return nescio_fail(ctx, NESCIO_E_UNSUPPORTED,
                           "gate '%s': '%s' has to be lowered to linear gates and tables first",
                           gate->name, nescio_gate_op_name(gate->op));
    }
}

/** From the outputs backwards: what is needed, how inputs are read. */
static nescio_status mark_needed(nescio_ctx *ctx, analysis *a)
{
    for (size_t g = a->circuit->n_gates; g-- > 0;) {
        const nescio_gate *gate = a->circuit->gates[g];
        wire_facts *out = &a->wires[gate->output->id];

        NESCIO_TRY(check_op(ctx, gate));
        out->needed |= gate->op == NESCIO_GATE_OUTPUT;
        if (!out->needed)
            continue;
        for (uint32_t t = 0; t < gate->n_inputs; t++) {
            wire_facts *in = &a->wires[gate->inputs[t]->id];

            in->needed = true;
            in->levelled |= is_levelled(gate->op);
            in->extracted |=
                gate->inputs[t]->producer->op == NESCIO_GATE_INPUT && !reads_packed(gate);
        }
    }
    return NESCIO_OK;
}

/** A LINEAR gate whose output only tables and outputs read. */
static bool is_last(const analysis *a, const nescio_gate *gate)
{
    return gate->op == NESCIO_GATE_LINEAR && !a->wires[gate->output->id].levelled;
}

/** A last LINEAR gate joins its inputs with each other, other levelled gates their output too. */
static void join_gate(analysis *a, const nescio_gate *gate)
{
    for (uint32_t t = 0; t < gate->n_inputs; t++)
        join(a->wires, gate->inputs[t]->id,
             is_last(a, gate) ? gate->inputs[0]->id : gate->output->id);
}

/** The largest factor that keeps a gate's weights in 32 bits, at most FACTOR_MAX. */
static int32_t most_factor(const nescio_gate *gate)
{
    int64_t largest = INT32_MAX / FACTOR_MAX;

    for (uint32_t t = 0; t < gate->n_inputs; t++) {
        const nescio_int_matrix *m = &gate->linear.matrix[t];
        const int32_t *w = m->dense ? m->dense : m->weights;
        const size_t n = m->dense ? (size_t)m->n_rows * m->n_columns : m->row_start[m->n_rows];

        for (size_t i = 0; i < n; i++) {
            const int64_t magnitude = w[i] < 0 ? -(int64_t)w[i] : w[i];

            largest = magnitude > largest ? magnitude : largest;
        }
    }
    return largest < INT32_MAX ? (int32_t)(INT32_MAX / largest) : 1;
}

/** Blocks below others: what their factor may be. */
static void find_parents(analysis *a)
{
    for (uint32_t b = 0; b < a->n_blocks; b++) {
        a->parent[b] = b;
        a->most_factor[b] = 1;
    }
    for (size_t g = 0; g < a->circuit->n_gates; g++) {
        const nescio_gate *gate = a->circuit->gates[g];
        const uint32_t b = a->wires[gate->output->id].block;

        if (!a->wires[gate->output->id].needed || !is_last(a, gate))
            continue;
        a->parent[b] = a->wires[gate->inputs[0]->id].block;
        a->most_factor[b] = most_factor(gate);
    }
}

/** Blocks numbered in order of their first wire. */
static nescio_status make_blocks(nescio_ctx *ctx, analysis *a)
{
    const size_t n = a->circuit->n_wires;
    uint32_t *number = nescio_arena_array(a->arena, n, sizeof *number);

    a->parent = nescio_arena_array(a->arena, n, sizeof *a->parent);
    a->most_factor = nescio_arena_array(a->arena, n, sizeof *a->most_factor);
    if (!number || !a->parent || !a->most_factor)
        return nescio_fail_nomem(ctx, n * sizeof *number);
    for (uint32_t i = 0; i < n; i++)
        a->wires[i].block = i;
    for (size_t g = 0; g < a->circuit->n_gates; g++) {
        const nescio_gate *gate = a->circuit->gates[g];

        if (a->wires[gate->output->id].needed &&
            (is_levelled(gate->op) || gate->op == NESCIO_GATE_OUTPUT))
            join_gate(a, gate);
    }
    for (uint32_t i = 0; i < n; i++)
        if (find_root(a->wires, i) == i)
            number[i] = a->n_blocks++;
    for (uint32_t i = 0; i < n; i++)
        number[i] = number[find_root(a->wires, i)];
    for (uint32_t i = 0; i < n; i++)
        a->wires[i].block = number[i];
    find_parents(a);
    return NESCIO_OK;
}

/** Saturating: one turn holds the ramp, its image half a turn away, and the wire's range between
 * them. */
static void full_torus_sink(sink *s, const nescio_table *t)
{
    const double ramp = (double)(t->ramp_hi - t->ramp_lo);
    const double centre = ((double)t->ramp_lo + (double)t->ramp_hi) / 2;
    const double reach = fmax((double)s->wire->hi - centre, centre - (double)s->wire->lo);

    s->full_torus = true;
    s->centre = centre;
    s->window = ramp;
    s->turn = fmax(2 * reach + ramp, ramp / 0.45);
    if (t->turn > 0) {
        s->turn = (double)t->turn;
        s->window = 0;
        for (uint32_t i = 0; i < t->n_tables; i++) {
            double lo, hi;

            nescio_table_ramp(t, i, &lo, &hi);
            s->window = fmax(s->window, hi - lo);
        }
    }
    s->turn = fmax(s->turn, 2.0); /* a delta is under half a turn */
}

static void add_sink(analysis *a, uint32_t g)
{
    const nescio_gate *gate = a->circuit->gates[g];
    const nescio_wire *wire = gate->inputs[0];
    sink *s = &a->sinks[a->n_sinks++];

    *s = (sink){.gate = g, .wire = wire, .n_shared = 1, .leader = a->n_sinks - 1};
    s->centre = ((double)wire->lo + (double)wire->hi) / 2;
    s->window = (double)wire->hi - (double)wire->lo;
    a->n_events += (double)wire->count;
    if (gate->op == NESCIO_GATE_OUTPUT) {
        a->n_answers += (double)wire->count;
        return;
    }
    a->any_table = true;
    a->exact &= gate->table.exact;
    a->n_pbs += (double)wire->count;
    if (gate->table.saturating)
        full_torus_sink(s, &gate->table);
}

static bool may_share(const analysis *a, const sink *first, const sink *s)
{
    return s->n_shared == 1 && a->circuit->gates[s->gate]->op == NESCIO_GATE_TABLE &&
           s->wire == first->wire && s->full_torus == first->full_torus &&
           s->centre == first->centre && first->n_shared < NESCIO_SHARED_TABLES_MAX;
}

/** Tables that can take one rotation together do. */
static void share_rotations(analysis *a)
{
    for (uint32_t i = 0; i < a->n_sinks; i++) {
        sink *first = &a->sinks[i];

        if (first->n_shared != 1 || a->circuit->gates[first->gate]->op != NESCIO_GATE_TABLE)
            continue;
        for (uint32_t j = i + 1; j < a->n_sinks; j++)
            if (may_share(a, first, &a->sinks[j])) {
                a->sinks[j].n_shared = 0;
                a->sinks[j].leader = i;
                first->n_shared++;
                a->n_pbs -= (double)first->wire->count;
                a->shares = true;
            }
    }
    for (uint32_t i = 0; i < a->n_sinks; i++)
        a->sinks[i].share_log = nescio_share_log(a->sinks[a->sinks[i].leader].n_shared);
}

static double n_weights(const nescio_int_matrix *m)
{
    return m->dense ? (double)m->n_rows * m->n_columns : (double)m->row_start[m->n_rows];
}

static void count_work(analysis *a, const nescio_gate *gate)
{
    if (gate->op != NESCIO_GATE_LINEAR)
        return;
    for (uint32_t t = 0; t < gate->n_inputs; t++)
        if (reads_packed(gate))
            a->n_input_rows += (double)gate->output->count;
        else
            a->n_weights += n_weights(&gate->linear.matrix[t]);
}

static nescio_status analyse(nescio_ctx *ctx, analysis *a, bool share)
{
    const nescio_circuit *c = a->circuit;

    a->wires = nescio_arena_array(a->arena, c->n_wires, sizeof *a->wires);
    a->sinks = nescio_arena_array(a->arena, c->n_gates, sizeof *a->sinks);
    if (!a->wires || !a->sinks)
        return nescio_fail_nomem(ctx, c->n_wires * sizeof *a->wires);
    NESCIO_TRY(mark_needed(ctx, a));
    NESCIO_TRY(make_blocks(ctx, a));
    for (uint32_t g = 0; g < c->n_gates; g++) {
        const nescio_gate *gate = c->gates[g];

        if (!a->wires[gate->output->id].needed)
            continue;
        count_work(a, gate);
        if (gate->op == NESCIO_GATE_TABLE || gate->op == NESCIO_GATE_OUTPUT)
            add_sink(a, g);
    }
    if (share)
        share_rotations(a);
    if (share && !a->shares)
        return NESCIO_OK; /* the same as without sharing: not looked at further */
    return nescio_analysis_norms(ctx, a);
}

nescio_status nescio_analysis_new(nescio_ctx *ctx, const nescio_circuit *circuit, bool share,
                                  analysis **out)
{
    nescio_arena *arena = nescio_arena_new();
    analysis *a = arena ? nescio_arena_alloc(arena, sizeof *a) : NULL;
    nescio_status st;

    *out = NULL;
    if (!a) {
        nescio_arena_free(arena);
        return nescio_fail_nomem(ctx, sizeof *a);
    }
    a->arena = arena;
    a->circuit = circuit;
    a->exact = true;
    st = analyse(ctx, a, share);
    if (st == NESCIO_OK)
        *out = a;
    else
        nescio_arena_free(arena);
    return st;
}

void nescio_analysis_free(analysis *a)
{
    if (a)
        nescio_arena_free(a->arena);
}
