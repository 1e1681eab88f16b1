/* SPDX-License-Identifier: Apache-2.0
 * Random circuits: grow a list of wires gate by gate; squeeze what gets wide through a table. */
#include "random_circuit.h"

#include <stdlib.h>

uint64_t test_random_word(test_random *r)
{
    r->state += 0x9e3779b97f4a7c15u; /* SplitMix64 (Steele, Lea, Flood 2014) */
    uint64_t z = r->state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int64_t test_random_between(test_random *r, int64_t lo, int64_t hi)
{
    return lo + (int64_t)(test_random_word(r) % (uint64_t)(hi - lo + 1));
}

typedef struct maker {
    nescio_ctx *ctx;
    nescio_circuit *circuit;
    test_random random;
} maker;

static int64_t pick(maker *m, int64_t lo, int64_t hi)
{
    return test_random_between(&m->random, lo, hi);
}

static int64_t *numbers(maker *m, size_t n, int64_t lo, int64_t hi)
{
    int64_t *const v = nescio_arena_array(m->circuit->arena, n, sizeof *v);

    for (size_t i = 0; i < n; i++)
        v[i] = pick(m, lo, hi);
    return v;
}

static void add_quantizer(maker *m, nescio_gate *gate, int64_t lo, int64_t hi)
{
    const size_t n = pick(m, 0, 1) ? 1 : gate->output->count;
    double *const scale = nescio_arena_array(m->circuit->arena, n, sizeof *scale);

    for (size_t i = 0; i < n; i++)
        scale[i] = (double)pick(m, 1, 1000) / 7.0;
    gate->quantizer = (nescio_quantizer){n, scale, numbers(m, n, -5, 5), lo, hi};
}

static void add_matrix(maker *m, nescio_int_matrix *matrix, size_t rows, size_t columns)
{
    matrix->n_rows = (uint32_t)rows;
    matrix->n_columns = (uint32_t)columns;
    if (pick(m, 0, 1)) {
        int32_t *const w = nescio_arena_array(m->circuit->arena, rows * columns, sizeof *w);
        for (size_t i = 0; i < rows * columns; i++)
            w[i] = (int32_t)pick(m, -3, 3);
        matrix->dense = w;
        return;
    }
    uint32_t *const starts = nescio_arena_array(m->circuit->arena, rows + 1, sizeof *starts);
    uint32_t *const at = nescio_arena_array(m->circuit->arena, rows * columns, sizeof *at);
    int32_t *const w = nescio_arena_array(m->circuit->arena, rows * columns, sizeof *w);
    uint32_t n = 0;
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            if (pick(m, 0, 2) == 0) {
                at[n] = (uint32_t)c;
                w[n++] = (int32_t)pick(m, -3, 3);
            }
        }
        starts[r + 1] = n;
    }
    matrix->row_start = starts;
    matrix->columns = at;
    matrix->weights = w;
}

static nescio_gate *add_gate(maker *m, nescio_gate_op op, nescio_wire **inputs, uint32_t n_inputs,
                             size_t count)
{
    return nescio_circuit_gate(m->circuit, op, NULL, inputs, n_inputs, count);
}

static void add_linear(maker *m, nescio_wire *const *wires)
{
    nescio_wire *in[2] = {wires[0], wires[1]};
    const uint32_t n = (uint32_t)pick(m, 1, 2);
    const size_t count = (size_t)pick(m, 1, 6);
    nescio_gate *const gate = add_gate(m, NESCIO_GATE_LINEAR, in, n, count);
    nescio_int_matrix *const matrix = nescio_arena_array(m->circuit->arena, n, sizeof *matrix);

    for (uint32_t i = 0; i < n; i++)
        add_matrix(m, &matrix[i], count, in[i]->count);
    gate->linear.matrix = matrix;
    if (pick(m, 0, 1))
        gate->linear.bias = numbers(m, count, -20, 20);
}

static void add_gather(maker *m, nescio_wire *in)
{
    const size_t count = (size_t)pick(m, 1, 8);
    nescio_gate *const gate = add_gate(m, NESCIO_GATE_GATHER, &in, 1, count);

    gate->gather = numbers(m, count, -1, (int64_t)in->count - 1);
}

/* Covers the wire's range, or saturates in the middle of it. */
static void add_table(maker *m, nescio_wire *in, int64_t reach)
{
    nescio_gate *const gate = add_gate(m, NESCIO_GATE_TABLE, &in, 1, in->count);
    nescio_table *const t = &gate->table;

    t->exact = in->hi - in->lo < 2000 && pick(m, 0, 1);
    t->step = t->exact ? 1 : pick(m, 1, 5) + (in->hi - in->lo) / 1000;
    t->first = in->lo;
    t->n_entries = (uint32_t)((in->hi - in->lo) / t->step + 1);
    t->n_tables = (uint32_t)pick(m, 1, 2);
    int64_t *const e = numbers(m, (size_t)t->n_tables * t->n_entries, -reach, reach);
    t->entries = e;
    if (t->n_tables > 1 || pick(m, 0, 1)) {
        uint32_t *const which = nescio_arena_array(m->circuit->arena, in->count, sizeof *which);
        for (size_t i = 0; i < in->count; i++)
            which[i] = (uint32_t)pick(m, 0, t->n_tables - 1);
        t->which = which;
    }
    if (t->n_entries >= 8 && pick(m, 0, 1)) {
        const uint32_t cut = t->n_entries / 4;
        t->saturating = true;
        t->ramp_lo = t->first + cut * t->step;
        t->ramp_hi = t->first + (t->n_entries - cut) * t->step;
        for (uint32_t k = 0; k < t->n_tables; k++) {
            int64_t *const row = e + (size_t)k * t->n_entries;
            for (uint32_t i = 0; i <= cut; i++) {
                row[i] = row[0];
                row[t->n_entries - 1 - i] = row[t->n_entries - 1];
            }
        }
    }
}

static void add_trees(maker *m, nescio_wire *in)
{
    const size_t targets = (size_t)pick(m, 1, 3);
    nescio_gate *const gate = add_gate(m, NESCIO_GATE_TREES, &in, 1, targets);
    const uint32_t n = (uint32_t)pick(m, 1, 4);
    nescio_tree *const trees = nescio_arena_array(m->circuit->arena, n, sizeof *trees);

    for (uint32_t i = 0; i < n; i++) {
        nescio_tree *const t = &trees[i];
        t->n_nodes = (uint32_t)pick(m, 0, 5);
        t->n_leaves = t->n_nodes + 1;
        uint32_t *const feature =
            nescio_arena_array(m->circuit->arena, t->n_nodes, sizeof *feature);
        int32_t *const yes = nescio_arena_array(m->circuit->arena, t->n_nodes, sizeof *yes);
        int32_t *const no = nescio_arena_array(m->circuit->arena, t->n_nodes, sizeof *no);
        for (uint32_t k = 0; k < t->n_nodes; k++) { /* a vine: one leaf a node, the rest below */
            feature[k] = (uint32_t)pick(m, 0, (int64_t)in->count - 1);
            yes[k] = -1 - (int32_t)k;
            no[k] = k + 1 < t->n_nodes ? (int32_t)k + 1 : -1 - (int32_t)(k + 1);
        }
        t->feature = feature;
        t->yes = yes;
        t->no = no;
        t->threshold = numbers(m, t->n_nodes, in->lo, in->hi);
        t->leaves = numbers(m, t->n_leaves * targets, -9, 9);
    }
    gate->trees.n_trees = n;
    gate->trees.n_targets = (uint32_t)targets;
    gate->trees.tree = trees;
}

/* Two wires of equal length from two of any length. */
static void level(maker *m, nescio_wire **a, nescio_wire **b)
{
    if ((*a)->count == (*b)->count)
        return;
    nescio_wire **const longer = (*a)->count > (*b)->count ? a : b;
    const size_t count = (*a)->count < (*b)->count ? (*a)->count : (*b)->count;
    nescio_gate *const gate = add_gate(m, NESCIO_GATE_GATHER, longer, 1, count);

    gate->gather = numbers(m, count, 0, (int64_t)(*longer)->count - 1);
    *longer = gate->output;
}

static bool add_binary(maker *m, nescio_gate_op op, nescio_wire *a, nescio_wire *b)
{
    level(m, &a, &b);
    nescio_wire *in[3] = {a, b, b};

    if (op == NESCIO_GATE_SELECT) {
        nescio_gate *const condition = add_gate(m, NESCIO_GATE_COMPARE, in, 2, a->count);
        in[0] = condition->output;
        in[1] = a;
    }
    return add_gate(m, op, in, op == NESCIO_GATE_SELECT ? 3 : 2, a->count);
}

static void add_constant(maker *m)
{
    const size_t count = (size_t)pick(m, 1, 4);
    nescio_gate *const gate = add_gate(m, NESCIO_GATE_CONSTANT, NULL, 0, count);

    gate->constant = numbers(m, count, -30, 30);
}

static void add_random_gate(maker *m, bool with_trees)
{
    nescio_circuit *const c = m->circuit;
    nescio_wire *in[2];

    for (int i = 0; i < 2; i++)
        in[i] = c->wires[pick(m, c->n_wires > 6 ? (int64_t)c->n_wires - 6 : 0,
                              (int64_t)c->n_wires - 1)];
    switch (pick(m, 0, with_trees ? 9 : 8)) {
    case 0: add_gather(m, in[0]); break;
    case 1: add_gate(m, NESCIO_GATE_CONCAT, in, 2, in[0]->count + in[1]->count); break;
    case 2: add_table(m, in[0], 40); break;
    case 3: add_binary(m, NESCIO_GATE_MULTIPLY, in[0], in[1]); break;
    case 4: add_binary(m, NESCIO_GATE_MAX, in[0], in[1]); break;
    case 5: add_binary(m, NESCIO_GATE_COMPARE, in[0], in[1]); break;
    case 6: add_binary(m, NESCIO_GATE_SELECT, in[0], in[1]); break;
    case 7: add_constant(m); break;
    case 9: add_trees(m, in[0]); break;
    default: add_linear(m, in); break;
    }
}

/* Squeezes the newest wire when it is wide, so that products stay small. */
static nescio_status settle(maker *m)
{
    NESCIO_TRY(nescio_circuit_ranges(m->ctx, m->circuit));
    nescio_wire *const last = m->circuit->wires[m->circuit->n_wires - 1];

    if (last->hi - last->lo > 600) {
        add_table(m, last, 15);
        return nescio_circuit_ranges(m->ctx, m->circuit);
    }
    return NESCIO_OK;
}

static nescio_status make(maker *m, bool with_trees)
{
    const int64_t n_inputs = pick(m, 1, 2), n_gates = pick(m, 2, 14), n_outputs = pick(m, 1, 2);

    for (int64_t i = 0; i < n_inputs; i++) {
        nescio_gate *const gate = add_gate(m, NESCIO_GATE_INPUT, NULL, 0, (size_t)pick(m, 1, 5));
        add_quantizer(m, gate, pick(m, -16, 0), pick(m, 1, 16));
    }
    NESCIO_TRY(settle(m));
    for (int64_t i = 0; i < n_gates; i++) {
        add_random_gate(m, with_trees);
        NESCIO_TRY(settle(m));
    }
    nescio_wire *const ends[2] = {m->circuit->wires[m->circuit->n_wires - 1],
                                  m->circuit->wires[pick(m, 0, (int64_t)m->circuit->n_wires - 1)]};
    for (int64_t i = 0; i < n_outputs; i++) {
        nescio_wire *end = ends[i];
        nescio_gate *const gate = add_gate(m, NESCIO_GATE_OUTPUT, &end, 1, end->count);
        add_quantizer(m, gate, -100000, 100000);
    }
    NESCIO_TRY(nescio_circuit_ranges(m->ctx, m->circuit));
    return nescio_circuit_verify(m->ctx, m->circuit);
}

nescio_circuit *test_random_circuit(nescio_ctx *ctx, uint64_t seed, bool with_trees)
{
    maker m = {ctx, NULL, {seed}};

    if (nescio_circuit_new(ctx, &m.circuit) != NESCIO_OK)
        return NULL;
    if (make(&m, with_trees) != NESCIO_OK) {
        nescio_circuit_free(m.circuit);
        return NULL;
    }
    return m.circuit;
}

int64_t **test_random_inputs(const nescio_circuit *circuit, test_random *r)
{
    int64_t **const arrays = calloc(nescio_circuit_n_inputs(circuit) + 1, sizeof *arrays);

    for (size_t i = 0; i < nescio_circuit_n_inputs(circuit); i++) {
        const nescio_gate *const gate = nescio_circuit_input(circuit, i);

        arrays[i] = calloc(gate->output->count, sizeof **arrays);
        for (size_t j = 0; j < gate->output->count; j++)
            arrays[i][j] = test_random_between(r, gate->quantizer.lo, gate->quantizer.hi);
    }
    return arrays;
}

int64_t **test_output_arrays(const nescio_circuit *circuit)
{
    int64_t **const arrays = calloc(nescio_circuit_n_outputs(circuit) + 1, sizeof *arrays);

    for (size_t i = 0; i < nescio_circuit_n_outputs(circuit); i++)
        arrays[i] = calloc(nescio_circuit_output(circuit, i)->output->count, sizeof **arrays);
    return arrays;
}

void test_arrays_free(int64_t **arrays, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(arrays[i]);
    free(arrays);
}
