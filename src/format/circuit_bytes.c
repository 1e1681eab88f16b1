/* SPDX-License-Identifier: Apache-2.0
 * Circuits in packages: the structure in "circuit.gates", arrays in one pool an element type, so
 * that a reader borrows them from the mapped file. Gates stand in topological order; an input is
 * named by the index of the gate that produces it. */
#include "format/package_internal.h"

#include <string.h>

/* An array in a pool: first element and count. */
static void span_write(nescio_circuit_pools *p, nescio_buffer *pool, const void *data, size_t count,
                       size_t size)
{
    nescio_write_u64(&p->gates, pool->bytes / size);
    nescio_write_u64(&p->gates, count);
    nescio_write_bytes(pool, data, count * size);
}

static void matrix_write(nescio_circuit_pools *p, const nescio_int_matrix *m)
{
    nescio_write_u32(&p->gates, m->n_rows);
    nescio_write_u32(&p->gates, m->n_columns);
    nescio_write_u8(&p->gates, m->dense != NULL);
    if (m->dense) {
        span_write(p, &p->i32, m->dense, (size_t)m->n_rows * m->n_columns, 4);
        return;
    }
    span_write(p, &p->u32, m->row_start, (size_t)m->n_rows + 1, 4);
    span_write(p, &p->u32, m->columns, m->row_start[m->n_rows], 4);
    span_write(p, &p->i32, m->weights, m->row_start[m->n_rows], 4);
}

static void table_write(nescio_circuit_pools *p, const nescio_table *t, size_t count)
{
    nescio_write_i64(&p->gates, t->first);
    nescio_write_i64(&p->gates, t->step);
    nescio_write_u32(&p->gates, t->n_entries);
    nescio_write_u32(&p->gates, t->n_tables);
    nescio_write_u8(&p->gates,
                    (uint8_t)((t->exact ? 1 : 0) | (t->saturating ? 2 : 0) | (t->which ? 4 : 0)));
    nescio_write_i64(&p->gates, t->ramp_lo);
    nescio_write_i64(&p->gates, t->ramp_hi);
    nescio_write_i64(&p->gates, t->turn);
    span_write(p, &p->i64, t->entries, (size_t)t->n_tables * t->n_entries, 8);
    if (t->which)
        span_write(p, &p->u32, t->which, count, 4);
}

static void payload_write(nescio_circuit_pools *p, const nescio_gate *g)
{
    const size_t count = g->output->count;

    switch (g->op) {
    case NESCIO_GATE_INPUT:
    case NESCIO_GATE_OUTPUT: nescio_quantizer_write(&p->gates, &g->quantizer); break;
    case NESCIO_GATE_CONSTANT: span_write(p, &p->i64, g->constant, count, 8); break;
    case NESCIO_GATE_GATHER: span_write(p, &p->i64, g->gather, count, 8); break;
    case NESCIO_GATE_TABLE: table_write(p, &g->table, count); break;
    case NESCIO_GATE_LINEAR:
        for (uint32_t i = 0; i < g->n_inputs; i++)
            matrix_write(p, &g->linear.matrix[i]);
        nescio_write_u8(&p->gates, g->linear.bias != NULL);
        if (g->linear.bias)
            span_write(p, &p->i64, g->linear.bias, count, 8);
        break;
    default:
        break; /* concat and the elementwise gates have no payload; trees are lowered before a
                  package is written */
    }
}

static uint32_t gate_index(const nescio_circuit *circuit, const nescio_gate *gate)
{
    uint32_t i = 0;

    while (i < circuit->n_gates && circuit->gates[i] != gate)
        i++;
    return i;
}

void nescio_circuit_write(nescio_circuit_pools *p, const nescio_circuit *circuit)
{
    nescio_write_u32(&p->gates, (uint32_t)circuit->n_gates);
    for (size_t i = 0; i < circuit->n_gates; i++) {
        const nescio_gate *g = circuit->gates[i];
        const nescio_wire *w = g->output;
        nescio_write_u8(&p->gates, (uint8_t)g->op);
        nescio_text_write(&p->gates, g->name);
        nescio_text_write(&p->gates, w->name);
        nescio_write_u32(&p->gates, g->n_inputs);
        for (uint32_t j = 0; j < g->n_inputs; j++)
            nescio_write_u32(&p->gates, gate_index(circuit, g->inputs[j]->producer));
        nescio_shape_write(&p->gates, w->rank, w->dims);
        nescio_write_i64(&p->gates, w->lo);
        nescio_write_i64(&p->gates, w->hi);
        nescio_write_u8(&p->gates, w->encrypted);
        payload_write(p, g);
    }
}

/* Where a circuit is read from. Reading gives arrays of the right lengths; what they hold is
 * checked by nescio_circuit_verify before anybody sees the circuit. */
typedef struct source {
    nescio_cursor r;
    const nescio_entry *i64, *i32, *u32;
    nescio_circuit *circuit;
} source;

/* Borrowed array of exactly `count` elements; NULL (and bad) when the span does not fit its pool.
 */
static const void *span_read(source *s, const nescio_entry *pool, size_t count, size_t size)
{
    const uint64_t first = nescio_read_u64(&s->r), n = nescio_read_u64(&s->r);

    if (s->r.bad || n != count || first > pool->count || n > pool->count - first) {
        s->r.bad = true;
        return NULL;
    }
    return pool->data + first * size;
}

static bool matrix_read(source *s, nescio_int_matrix *m, size_t rows, size_t columns)
{
    size_t cells;
    bool dense;

    m->n_rows = nescio_read_u32(&s->r);
    m->n_columns = nescio_read_u32(&s->r);
    dense = nescio_read_u8(&s->r) != 0;
    if (s->r.bad || m->n_rows != rows || m->n_columns != columns ||
        !nescio_size_mul(&cells, rows, columns))
        return false;
    if (dense) {
        m->dense = span_read(s, s->i32, cells, 4);
        return m->dense != NULL;
    }
    m->row_start = span_read(s, s->u32, rows + 1, 4);
    if (!m->row_start)
        return false;
    m->columns = span_read(s, s->u32, m->row_start[rows], 4);
    m->weights = span_read(s, s->i32, m->row_start[rows], 4);
    return m->columns && m->weights;
}

static bool linear_read(source *s, nescio_gate *g)
{
    nescio_int_matrix *m = nescio_arena_array(s->circuit->arena, g->n_inputs, sizeof *m);

    if (!m)
        return false;
    for (uint32_t i = 0; i < g->n_inputs; i++)
        if (!matrix_read(s, &m[i], g->output->count, g->inputs[i]->count))
            return false;
    g->linear.matrix = m;
    if (nescio_read_u8(&s->r))
        g->linear.bias = span_read(s, s->i64, g->output->count, 8);
    return !s->r.bad;
}

static bool table_read(source *s, nescio_table *t, size_t count)
{
    uint8_t flags;
    size_t cells;

    t->first = nescio_read_i64(&s->r);
    t->step = nescio_read_i64(&s->r);
    t->n_entries = nescio_read_u32(&s->r);
    t->n_tables = nescio_read_u32(&s->r);
    flags = nescio_read_u8(&s->r);
    t->exact = flags & 1;
    t->saturating = flags & 2;
    t->ramp_lo = nescio_read_i64(&s->r);
    t->ramp_hi = nescio_read_i64(&s->r);
    t->turn = nescio_read_i64(&s->r);
    if (s->r.bad || flags > 7 || !nescio_size_mul(&cells, t->n_tables, t->n_entries) || cells == 0)
        return false;
    t->entries = span_read(s, s->i64, cells, 8);
    if (flags & 4)
        t->which = span_read(s, s->u32, count, 4);
    return !s->r.bad;
}

static bool payload_read(source *s, nescio_gate *g)
{
    const size_t count = g->output->count;

    switch (g->op) {
    case NESCIO_GATE_INPUT:
    case NESCIO_GATE_OUTPUT:
        return nescio_quantizer_read(&s->r, s->circuit->arena, count, &g->quantizer);
    case NESCIO_GATE_CONSTANT: return (g->constant = span_read(s, s->i64, count, 8)) != NULL;
    case NESCIO_GATE_GATHER: return (g->gather = span_read(s, s->i64, count, 8)) != NULL;
    case NESCIO_GATE_TABLE: return table_read(s, &g->table, count);
    case NESCIO_GATE_LINEAR: return linear_read(s, g);
    case NESCIO_GATE_TREES: return false;
    default: return true;
    }
}

static bool gate_read(source *s)
{
    nescio_arena *arena = s->circuit->arena;
    const uint8_t op = nescio_read_u8(&s->r);
    const char *name = nescio_text_read(&s->r, arena), *wire = nescio_text_read(&s->r, arena);
    const uint32_t n_inputs = nescio_read_u32(&s->r);
    int64_t dims[NESCIO_RANK_MAX];
    nescio_wire **inputs;
    nescio_gate *g;
    size_t count;
    int rank;

    if (s->r.bad || op >= NESCIO_GATE_COUNT || n_inputs > nescio_cursor_left(&s->r) / 4)
        return false;
    inputs = nescio_arena_array(arena, n_inputs, sizeof *inputs);
    for (uint32_t i = 0; inputs && i < n_inputs; i++) {
        const uint32_t from = nescio_read_u32(&s->r);
        if (from >= s->circuit->n_gates)
            return false;
        inputs[i] = s->circuit->gates[from]->output;
    }
    count = nescio_shape_read(&s->r, &rank, dims);
    g = inputs && count
            ? nescio_circuit_gate(s->circuit, (nescio_gate_op)op, name, inputs, n_inputs, count)
            : NULL;
    if (!g)
        return false;
    g->output->name = wire;
    g->output->rank = rank;
    memcpy(g->output->dims, dims, sizeof dims);
    g->output->lo = nescio_read_i64(&s->r);
    g->output->hi = nescio_read_i64(&s->r);
    g->output->encrypted = nescio_read_u8(&s->r) != 0;
    return !s->r.bad && payload_read(s, g);
}

/* All gates, and nothing behind them. */
static bool gates_read(source *s)
{
    const uint32_t n_gates = nescio_read_u32(&s->r);

    for (uint32_t i = 0; i < n_gates; i++)
        if (!gate_read(s))
            return false;
    return !s->r.bad && nescio_cursor_left(&s->r) == 0;
}

nescio_status nescio_circuit_read(nescio_ctx *ctx, const nescio_container *c, nescio_circuit **out)
{
    const char *file = nescio_container_name(c);
    const nescio_entry *gates = NULL;
    source s = {0};
    nescio_status st;

    *out = NULL;
    NESCIO_TRY(nescio_container_need(ctx, c, "circuit.gates", NESCIO_U8, &gates));
    NESCIO_TRY(nescio_container_need(ctx, c, "circuit.i64", NESCIO_I64, &s.i64));
    NESCIO_TRY(nescio_container_need(ctx, c, "circuit.i32", NESCIO_I32, &s.i32));
    NESCIO_TRY(nescio_container_need(ctx, c, "circuit.u32", NESCIO_U32, &s.u32));
    NESCIO_TRY(nescio_circuit_new(ctx, &s.circuit));
    s.r = nescio_cursor_over(gates->data, gates->bytes);
    if (gates_read(&s))
        st = nescio_blame_file(ctx, file, nescio_circuit_verify(ctx, s.circuit));
    else
        st = nescio_fail_malformed(ctx, s.circuit->arena, file, "the circuit", s.r.at);
    if (st != NESCIO_OK) {
        nescio_circuit_free(s.circuit);
        return st;
    }
    *out = s.circuit;
    return NESCIO_OK;
}
