/* SPDX-License-Identifier: Apache-2.0
 * Random lowered circuits: gates are drawn, wide wires squeezed through a table. */
#include "lowered_circuit.h"

#include "../support.h"

#include <math.h>

typedef struct maker {
    nescio_ctx *ctx;
    nescio_circuit *c;
    uint64_t random;
    lowered_kind kind;
} maker;

static void *array(maker *m, size_t n, size_t size)
{
    void *p = nescio_arena_array(m->c->arena, n, size);

    assert_non_null(p);
    return p;
}

static nescio_gate *add_gate(maker *m, nescio_gate_op op, nescio_wire **in, uint32_t n,
                             size_t count)
{
    nescio_gate *gate = nescio_circuit_gate(m->c, op, NULL, in, n, count);

    assert_non_null(gate);
    return gate;
}

static void add_quantizer(maker *m, nescio_gate *gate, int64_t lo, int64_t hi)
{
    double *scale = array(m, 1, sizeof *scale);
    int64_t *zero = array(m, 1, sizeof *zero);

    *scale = 1;
    gate->quantizer = (nescio_quantizer){1, scale, zero, lo, hi};
}

static void add_matrix(maker *m, nescio_int_matrix *out, size_t n_rows, size_t n_columns,
                       int64_t most)
{
    const bool sparse = test_range(&m->random, 0, 1);
    int32_t *w = array(m, n_rows * n_columns, sizeof *w);
    uint32_t *columns = array(m, n_rows * n_columns, sizeof *columns);
    uint32_t *start = array(m, n_rows + 1, sizeof *start);
    uint32_t n = 0;

    *out = (nescio_int_matrix){.n_rows = (uint32_t)n_rows, .n_columns = (uint32_t)n_columns};
    for (size_t r = 0; r < n_rows; r++) {
        for (size_t c = 0; c < n_columns; c++) {
            if (sparse && test_range(&m->random, 0, 2) == 0)
                continue;
            columns[n] = (uint32_t)c;
            w[n++] = (int32_t)test_range(&m->random, -most, most);
        }
        start[r + 1] = n;
    }
    if (!sparse) {
        out->dense = w;
        return;
    }
    out->row_start = start;
    out->columns = columns;
    out->weights = w;
}

static nescio_wire *add_linear(maker *m, nescio_wire **in, uint32_t n, size_t count, int64_t most)
{
    nescio_gate *gate = add_gate(m, NESCIO_GATE_LINEAR, in, n, count);
    nescio_int_matrix *matrix = array(m, n, sizeof *matrix);
    int64_t *bias = array(m, count, sizeof *bias);

    for (uint32_t i = 0; i < n; i++)
        add_matrix(m, &matrix[i], count, in[i]->count, most);
    for (size_t i = 0; i < count; i++)
        bias[i] = test_range(&m->random, -3, 3);
    gate->linear.matrix = matrix;
    if (test_range(&m->random, 0, 1))
        gate->linear.bias = bias;
    return gate->output;
}

static void settle(maker *m)
{
    if (nescio_circuit_ranges(m->ctx, m->c) != NESCIO_OK)
        fail_msg("ranges: %s", nescio_ctx_message(m->ctx));
}

/** A table over the wire's whole range with entries 0 ... most; saturating ones rise in the middle
 * half. */
static nescio_wire *add_table(maker *m, nescio_wire *in, int64_t most, bool saturating)
{
    nescio_gate *gate = add_gate(m, NESCIO_GATE_TABLE, &in, 1, in->count);
    nescio_table *t = &gate->table;
    const int64_t width = in->hi - in->lo + 1;
    uint32_t *which = array(m, in->count, sizeof *which);
    int64_t *entries;

    t->exact = m->kind == LOWERED_EXACT;
    t->first = in->lo;
    t->step = t->exact ? 1 : (width + 511) / 512;
    t->n_entries = (uint32_t)((width + t->step - 1) / t->step);
    t->n_tables = (uint32_t)test_range(&m->random, 1, 3);
    t->entries = entries = array(m, (size_t)t->n_tables * t->n_entries, sizeof *entries);
    for (size_t i = 0; i < in->count; i++)
        which[i] = (uint32_t)test_range(&m->random, 0, t->n_tables - 1);
    t->which = t->n_tables > 1 ? which : NULL;
    t->saturating = saturating && t->n_entries >= 8;
    for (uint32_t k = 0; k < t->n_tables; k++)
        for (uint32_t i = 0; i < t->n_entries; i++) {
            const double at = fmin(fmax(2.0 * i / t->n_entries - 0.5, 0), 1);
            int64_t *e = &entries[(size_t)k * t->n_entries + i];

            *e = t->saturating || m->kind == LOWERED_NETWORK ? llrint(at * (double)(most - k % 2))
                                                             : test_range(&m->random, 0, most);
        }
    if (t->saturating) {
        t->ramp_lo = t->first + (int64_t)(t->n_entries / 4) * t->step;
        t->ramp_hi = t->first + (int64_t)(3 * t->n_entries / 4 + 1) * t->step;
    }
    settle(m);
    return gate->output;
}

static nescio_wire *add_gather(maker *m, nescio_wire *in)
{
    const size_t count = (size_t)test_range(&m->random, 1, 6);
    nescio_gate *gate = add_gate(m, NESCIO_GATE_GATHER, &in, 1, count);
    int64_t *index = array(m, count, sizeof *index);

    for (size_t i = 0; i < count; i++)
        index[i] = test_range(&m->random, -1, (int64_t)in->count - 1);
    gate->gather = index;
    return gate->output;
}

static nescio_wire *add_constant(maker *m)
{
    nescio_gate *gate = add_gate(m, NESCIO_GATE_CONSTANT, NULL, 0, 2);
    int64_t *v = array(m, 2, sizeof *v);

    v[0] = test_range(&m->random, -2, 2);
    v[1] = test_range(&m->random, 0, 2);
    gate->constant = v;
    return gate->output;
}

static nescio_wire *any_wire(maker *m)
{
    const int64_t n = (int64_t)m->c->n_wires;

    return m->c->wires[test_range(&m->random, n > 5 ? n - 5 : 0, n - 1)];
}

static void add_random_gate(maker *m)
{
    nescio_wire *in[2] = {any_wire(m), any_wire(m)};
    const int64_t widest = m->kind == LOWERED_EXACT ? 15 : 4000;
    nescio_wire *last;

    switch (test_range(&m->random, 0, 6)) {
    case 0: last = add_gather(m, in[0]); break;
    case 1:
        last = add_gate(m, NESCIO_GATE_CONCAT, in, 2, in[0]->count + in[1]->count)->output;
        break;
    case 2: last = add_constant(m); break;
    case 3:
        last = m->kind == LOWERED_LEVELLED ? add_gather(m, in[0]) : add_table(m, in[0], 3, true);
        break;
    default:
        last = add_linear(m, in, (uint32_t)test_range(&m->random, 1, 2),
                          (size_t)test_range(&m->random, 1, 5), m->kind == LOWERED_NETWORK ? 7 : 1);
        break;
    }
    settle(m);
    /* A linear map too wide for its tables goes: squeezing needs its whole range too. */
    if (last->hi - last->lo > widest && m->kind != LOWERED_LEVELLED)
        m->c->n_gates--, m->c->n_wires--;
}

static void add_output(maker *m, nescio_wire *wire)
{
    nescio_gate *gate = add_gate(m, NESCIO_GATE_OUTPUT, &wire, 1, wire->count);

    add_quantizer(m, gate, -1000000, 1000000);
    settle(m);
}

static nescio_circuit *finish(maker *m)
{
    if (nescio_circuit_verify(m->ctx, m->c) == NESCIO_OK)
        return m->c;
    nescio_circuit_free(m->c);
    return NULL;
}

nescio_circuit *lowered_circuit(nescio_ctx *ctx, uint64_t seed, lowered_kind kind)
{
    maker m = {.ctx = ctx, .random = seed, .kind = kind};
    const int64_t n_inputs = test_range(&m.random, 1, 2), n_gates = test_range(&m.random, 4, 12);

    if (nescio_circuit_new(ctx, &m.c) != NESCIO_OK)
        return NULL;
    for (int64_t i = 0; i < n_inputs; i++)
        add_quantizer(&m,
                      add_gate(&m, NESCIO_GATE_INPUT, NULL, 0, (size_t)test_range(&m.random, 1, 4)),
                      test_range(&m.random, -2, 0), test_range(&m.random, 1, 3));
    settle(&m);
    for (int64_t i = 0; i < n_gates; i++)
        add_random_gate(&m);
    if (kind != LOWERED_LEVELLED)
        add_table(&m, m.c->wires[m.c->n_wires - 1], 7, test_range(&m.random, 0, 1));
    add_output(&m, m.c->wires[m.c->n_wires - 1]);
    if (test_range(&m.random, 0, 1))
        add_output(&m, m.c->wires[test_range(&m.random, 0, (int64_t)m.c->n_wires - 2)]);
    return finish(&m);
}

/** Sets the window that random rows fill: 4 standard deviations of a sum of independent inputs. */
static void calibrate(nescio_wire *wire, const nescio_int_matrix *matrix, double input_deviation,
                      int64_t *centre)
{
    double most = 0;

    for (uint32_t r = 0; r < matrix->n_rows; r++) {
        double sum = 0;

        for (uint32_t c = 0; c < matrix->n_columns; c++)
            sum += pow(matrix->dense[(size_t)r * matrix->n_columns + c], 2);
        most = fmax(most, sqrt(sum) * input_deviation);
    }
    wire->lo = -llrint(4 * most);
    wire->hi = llrint(4 * most);
    *centre = 0;
}

/** A layer of weights -15 ... 15 whose rows have nearly zero sum, so that accumulators stay around
 * zero. */
static nescio_wire *dense_layer(maker *m, nescio_wire *in, size_t count)
{
    nescio_gate *gate = add_gate(m, NESCIO_GATE_LINEAR, &in, 1, count);
    nescio_int_matrix *matrix = array(m, 1, sizeof *matrix);
    int32_t *w = array(m, count * in->count, sizeof *w);

    for (size_t r = 0; r < count; r++)
        for (size_t c = 0; c < in->count; c++)
            w[r * in->count + c] = (int32_t)test_range(&m->random, -15, 15);
    for (size_t r = 0; r < count; r++)
        for (size_t c = 1; c < in->count; c += 2)
            w[r * in->count + c] = -w[r * in->count + c - 1];
    *matrix = (nescio_int_matrix){(uint32_t)count, (uint32_t)in->count, w, NULL, NULL, NULL};
    gate->linear.matrix = matrix;
    return gate->output;
}

/** A ramp 0 ... 15 over the middle of the window. */
static nescio_wire *clipped_ramp(maker *m, nescio_wire *in)
{
    nescio_gate *gate = add_gate(m, NESCIO_GATE_TABLE, &in, 1, in->count);
    nescio_table *t = &gate->table;
    const int64_t half = in->hi / 2 > 8 ? in->hi / 2 : 8;
    int64_t *entries;

    t->first = -half - 1;
    t->step = 1;
    t->n_entries = (uint32_t)(2 * half + 3);
    t->n_tables = 1;
    t->entries = entries = array(m, t->n_entries, sizeof *entries);
    for (uint32_t i = 0; i < t->n_entries; i++)
        entries[i] =
            llrint(15.0 * fmin(fmax((double)i - 1, 0), 2.0 * (double)half) / (2.0 * (double)half));
    t->saturating = true;
    t->ramp_lo = -half;
    t->ramp_hi = half + 1;
    return gate->output;
}

nescio_circuit *lowered_network(nescio_ctx *ctx, uint64_t seed, const size_t *widths,
                                size_t n_widths)
{
    maker m = {.ctx = ctx, .random = seed, .kind = LOWERED_NETWORK};
    double deviation = 4.6; /* of uniform 0 ... 15 */
    nescio_wire *wire;

    if (nescio_circuit_new(ctx, &m.c) != NESCIO_OK)
        return NULL;
    add_quantizer(&m, add_gate(&m, NESCIO_GATE_INPUT, NULL, 0, widths[0]), 0, 15);
    settle(&m);
    wire = m.c->wires[0];
    for (size_t i = 1; i < n_widths; i++) {
        int64_t centre;

        wire = dense_layer(&m, wire, widths[i]);
        calibrate(wire, &wire->producer->linear.matrix[0], deviation, &centre);
        if (i + 1 < n_widths)
            wire = clipped_ramp(&m, wire);
        deviation = 5.5;
    }
    add_output(&m, wire);
    return finish(&m);
}

int64_t *lowered_inputs(const nescio_circuit *c, size_t i, size_t n_rows, uint64_t *random)
{
    const nescio_gate *gate = nescio_circuit_input(c, i);
    int64_t *v = calloc(n_rows * gate->output->count, sizeof *v);

    assert_non_null(v);
    for (size_t e = 0; e < n_rows * gate->output->count; e++)
        v[e] = test_range(random, gate->quantizer.lo, gate->quantizer.hi);
    return v;
}
