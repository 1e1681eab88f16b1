/* SPDX-License-Identifier: Apache-2.0
 * Noise by source: every element of a levelled block as a sum over the block's sources, with equal
 * sources added first.
 *
 * Sources are the elements of INPUT and TABLE gates, numbered through the circuit; they are
 * independent, but for tables of one rotation: their noise has the key's rounding in common (about
 * half of that term), so it is taken as common altogether. A levelled wire that another levelled
 * gate reads keeps its rows (sparse, over source numbers); of the others only the norms stay.
 * Coefficients are doubles: exact to 2^53, and a relative 2^-53 beyond does no harm to a variance.
 */
#include "params/params_internal.h"

#include <math.h>
#include <stdlib.h>

typedef struct rows {
    size_t *start;    /* [count + 1] */
    uint32_t *source; /* growing; NULL for a source wire: element e is source first + e */
    double *coefficient;
    size_t n, capacity;
    uint32_t first;
} rows;

typedef struct walker {
    nescio_ctx *ctx;
    analysis *a;
    rows *of_wire;      /* [n_wires] */
    bool *kept;         /* [n_wires] read by a levelled gate */
    bool *from_table;   /* [n_sources] */
    double *sum;        /* [n_sources] the row being added up */
    uint32_t *touched;  /* [n_sources] sources with a place in it */
    bool *in_row;       /* [n_sources] */
    uint32_t *rotation; /* [n_sources] a source of the rotation that it comes from */
    double *magnitude;  /* [n_sources] of the row's rotations */
    uint32_t n_touched;
    norms *element; /* [largest count] of the wire being walked */
} walker;

static void add_source(walker *w, uint32_t source, double coefficient)
{
    if (!w->in_row[source]) {
        w->in_row[source] = true;
        w->touched[w->n_touched++] = source;
    }
    w->sum[source] += coefficient;
}

/** row += weight * element `e` of `wire`. */
static void add_element(walker *w, const nescio_wire *wire, size_t e, double weight)
{
    const rows *r = &w->of_wire[wire->id];

    if (wire->producer->op == NESCIO_GATE_CONSTANT || weight == 0)
        return;
    if (!r->source) {
        add_source(w, r->first + (uint32_t)e, weight);
        return;
    }
    for (size_t i = r->start[e]; i < r->start[e + 1]; i++)
        add_source(w, r->source[i], weight * r->coefficient[i]);
}

static void add_matrix_row(walker *w, const nescio_wire *wire, const nescio_int_matrix *m,
                           uint32_t r)
{
    if (m->dense) {
        for (uint32_t c = 0; c < m->n_columns; c++)
            add_element(w, wire, c, m->dense[(size_t)r * m->n_columns + c]);
        return;
    }
    for (uint32_t i = m->row_start[r]; i < m->row_start[r + 1]; i++)
        add_element(w, wire, m->columns[i], m->weights[i]);
}

static void add_row(walker *w, const nescio_gate *gate, uint32_t r)
{
    int64_t at = r;

    if (gate->op == NESCIO_GATE_LINEAR) {
        for (uint32_t t = 0; t < gate->n_inputs; t++)
            add_matrix_row(w, gate->inputs[t], &gate->linear.matrix[t], r);
        return;
    }
    if (gate->op == NESCIO_GATE_GATHER)
        at = gate->gather[r];
    for (uint32_t t = 0; t < gate->n_inputs && at >= 0; t++) {
        const int64_t count = (int64_t)gate->inputs[t]->count;

        if (at < count)
            add_element(w, gate->inputs[t], (size_t)at, 1);
        at -= count;
    }
}

static nescio_status reserve(walker *w, rows *r, size_t more)
{
    size_t capacity = r->capacity ? r->capacity : 64;
    void *grown;

    while (capacity - r->n < more)
        capacity *= 2;
    if (capacity == r->capacity)
        return NESCIO_OK;
    grown = realloc(r->source, capacity * sizeof *r->source);
    if (!grown)
        return nescio_fail_nomem(w->ctx, capacity * sizeof *r->source);
    r->source = grown;
    grown = realloc(r->coefficient, capacity * sizeof *r->coefficient);
    if (!grown)
        return nescio_fail_nomem(w->ctx, capacity * sizeof *r->coefficient);
    r->coefficient = grown;
    r->capacity = capacity;
    return NESCIO_OK;
}

/** Takes the row that was added up: its norms, and itself where `r` is kept; leaves `sum` clear. */
static norms take_row(walker *w, rows *r)
{
    norms sum = {0, 0};

    for (uint32_t i = 0; i < w->n_touched; i++)
        w->magnitude[w->rotation[w->touched[i]]] += fabs(w->sum[w->touched[i]]);
    for (uint32_t i = 0; i < w->n_touched; i++) {
        const uint32_t source = w->touched[i];
        double *magnitude = &w->magnitude[w->rotation[source]];
        const double c = w->sum[source];

        *(w->from_table[source] ? &sum.table : &sum.input) += *magnitude * *magnitude;
        *magnitude = 0;
        if (r) {
            r->source[r->n] = source;
            r->coefficient[r->n++] = c;
        }
        w->sum[source] = 0;
        w->in_row[source] = false;
    }
    w->n_touched = 0;
    return sum;
}

static int by_input_descending(const void *pa, const void *pb)
{
    const norms *a = pa, *b = pb;

    if (a->input != b->input)
        return a->input < b->input ? 1 : -1;
    return (a->table < b->table) - (a->table > b->table);
}

/** Keeps of w->element the ones that no other exceeds in both norms. */
static nescio_status keep_worst(walker *w, const nescio_wire *wire)
{
    wire_facts *facts = &w->a->wires[wire->id];
    double highest = -1;
    uint32_t n = 0;

    qsort(w->element, wire->count, sizeof *w->element, by_input_descending);
    for (size_t e = 0; e < wire->count; e++)
        if (w->element[e].table > highest) {
            highest = w->element[e].table;
            w->element[n++] = w->element[e];
        }
    facts->worst = nescio_arena_array(w->a->arena, n, sizeof *facts->worst);
    if (!facts->worst)
        return nescio_fail_nomem(w->ctx, n * sizeof *facts->worst);
    for (uint32_t i = 0; i < n; i++)
        facts->worst[i] = w->element[i];
    facts->n_worst = n;
    return NESCIO_OK;
}

static nescio_status walk_levelled(walker *w, const nescio_gate *gate)
{
    const nescio_wire *wire = gate->output;
    rows *r = w->kept[wire->id] ? &w->of_wire[wire->id] : NULL;

    if (r) {
        r->start = nescio_arena_array(w->a->arena, wire->count + 1, sizeof *r->start);
        if (!r->start)
            return nescio_fail_nomem(w->ctx, (wire->count + 1) * sizeof *r->start);
        NESCIO_TRY(reserve(w, r, 1)); /* rows without sources are rows all the same */
    }
    for (uint32_t e = 0; e < wire->count; e++) {
        add_row(w, gate, e);
        if (r)
            NESCIO_TRY(reserve(w, r, w->n_touched));
        w->element[e] = take_row(w, r);
        if (r)
            r->start[e + 1] = r->n;
    }
    return keep_worst(w, wire);
}

static nescio_status walk_gate(walker *w, const nescio_gate *gate)
{
    const nescio_wire *wire = gate->output;

    if (!w->a->wires[wire->id].needed || gate->op == NESCIO_GATE_OUTPUT)
        return NESCIO_OK;
    if (gate->op == NESCIO_GATE_LINEAR || gate->op == NESCIO_GATE_GATHER ||
        gate->op == NESCIO_GATE_CONCAT)
        return walk_levelled(w, gate);
    w->element[0] = (norms){gate->op == NESCIO_GATE_INPUT, gate->op == NESCIO_GATE_TABLE};
    for (size_t e = 1; e < wire->count; e++)
        w->element[e] = w->element[0];
    return keep_worst(w, wire);
}

static uint32_t first_source(const walker *w, const sink *s)
{
    return w->of_wire[w->a->circuit->gates[s->gate]->output->id].first;
}

static void number_rotations(walker *w, size_t n_sources)
{
    for (uint32_t i = 0; i < n_sources; i++)
        w->rotation[i] = i;
    for (uint32_t i = 0; i < w->a->n_sinks; i++) {
        const sink *s = &w->a->sinks[i];

        for (uint32_t e = 0; s->n_shared == 0 && e < s->wire->count; e++)
            w->rotation[first_source(w, s) + e] = first_source(w, &w->a->sinks[s->leader]) + e;
    }
}

/** Numbers the sources, finds which wires levelled gates read, sizes the scratch. */
static nescio_status prepare(walker *w, nescio_arena *scratch)
{
    const nescio_circuit *c = w->a->circuit;
    size_t n_sources = 0, largest = 0;

    w->of_wire = nescio_arena_array(scratch, c->n_wires, sizeof *w->of_wire);
    w->kept = nescio_arena_array(scratch, c->n_wires, sizeof *w->kept);
    if (!w->of_wire || !w->kept)
        return nescio_fail_nomem(w->ctx, c->n_wires * sizeof *w->of_wire);
    for (size_t g = 0; g < c->n_gates; g++) {
        const nescio_gate *gate = c->gates[g];

        largest = gate->output->count > largest ? gate->output->count : largest;
        w->of_wire[gate->output->id].first = (uint32_t)n_sources;
        if (gate->op == NESCIO_GATE_INPUT || gate->op == NESCIO_GATE_TABLE)
            n_sources += gate->output->count;
        if (n_sources > UINT32_MAX)
            return nescio_fail(w->ctx, NESCIO_E_UNSUPPORTED,
                               "gate '%s': inputs and tables have over 2^32 elements", gate->name);
        if (gate->op != NESCIO_GATE_TABLE && gate->op != NESCIO_GATE_OUTPUT)
            for (uint32_t t = 0; t < gate->n_inputs; t++)
                w->kept[gate->inputs[t]->id] = true;
    }
    w->from_table = nescio_arena_array(scratch, n_sources, sizeof *w->from_table);
    w->sum = nescio_arena_array(scratch, n_sources, sizeof *w->sum);
    w->touched = nescio_arena_array(scratch, n_sources, sizeof *w->touched);
    w->in_row = nescio_arena_array(scratch, n_sources, sizeof *w->in_row);
    w->element = nescio_arena_array(scratch, largest, sizeof *w->element);
    w->rotation = nescio_arena_array(scratch, n_sources, sizeof *w->rotation);
    w->magnitude = nescio_arena_array(scratch, n_sources, sizeof *w->magnitude);
    if (!w->from_table || !w->sum || !w->touched || !w->in_row || !w->element || !w->rotation ||
        !w->magnitude)
        return nescio_fail_nomem(w->ctx, n_sources * sizeof *w->sum);
    for (size_t g = 0; g < c->n_gates; g++)
        if (c->gates[g]->op == NESCIO_GATE_TABLE)
            for (size_t e = 0; e < c->gates[g]->output->count; e++)
                w->from_table[w->of_wire[c->gates[g]->output->id].first + e] = true;
    number_rotations(w, n_sources);
    return NESCIO_OK;
}

nescio_status nescio_analysis_norms(nescio_ctx *ctx, analysis *a)
{
    walker w = {.ctx = ctx, .a = a};
    nescio_arena *scratch = nescio_arena_new();
    nescio_status st = scratch ? prepare(&w, scratch) : nescio_fail_nomem(ctx, 0);

    for (size_t g = 0; st == NESCIO_OK && g < a->circuit->n_gates; g++)
        st = walk_gate(&w, a->circuit->gates[g]);
    for (size_t i = 0; w.of_wire && i < a->circuit->n_wires; i++) {
        free(w.of_wire[i].source);
        free(w.of_wire[i].coefficient);
    }
    nescio_arena_free(scratch);
    return st;
}
