/* SPDX-License-Identifier: Apache-2.0
 * The clear evaluator: one row through a verified circuit, in exact integers. It is what the
 * encrypted run is compared with.
 *
 * The verifier has bounded every value and partial sum by 2^61, so nothing here can overflow, even
 * where a value leaves a calibrated range (the bound holds for the computed one). */
#include "circuit/circuit.h"

#include <stdlib.h>
#include <string.h>

int64_t nescio_table_look_up(const nescio_table *t, uint32_t i_table, int64_t v)
{
    const int64_t *const e = t->entries + (size_t)i_table * t->n_entries;

    if (v < t->first)
        return e[0];
    const uint64_t cell = (uint64_t)(v - t->first) / (uint64_t)t->step;
    return e[cell < t->n_entries ? cell : t->n_entries - 1];
}

/* Plain sums: the compiler vectorises them. */
static int64_t dot_dense(const int32_t *restrict w, const int64_t *restrict x, size_t n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += w[i] * x[i];
    return sum;
}

static int64_t dot_sparse(const int32_t *w, const uint32_t *column, const int64_t *x, size_t n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += w[i] * x[column[i]];
    return sum;
}

static void run_linear(const nescio_gate *gate, const int64_t *const *inputs, int64_t *out)
{
    const size_t count = gate->output->count;

    for (size_t r = 0; r < count; r++)
        out[r] = gate->linear.bias ? gate->linear.bias[r] : 0;
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        const nescio_int_matrix *const m = &gate->linear.matrix[i];
        const int64_t *const x = inputs[i];

        for (size_t r = 0; r < count; r++) {
            if (m->dense)
                out[r] += dot_dense(m->dense + r * m->n_columns, x, m->n_columns);
            else
                out[r] += dot_sparse(m->weights + m->row_start[r], m->columns + m->row_start[r], x,
                                     m->row_start[r + 1] - m->row_start[r]);
        }
    }
}

static void run_concat(const nescio_gate *gate, const int64_t *const *inputs, int64_t *out)
{
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        memcpy(out, inputs[i], gate->inputs[i]->count * sizeof *out);
        out += gate->inputs[i]->count;
    }
}

static void run_trees(const nescio_gate *gate, const int64_t *x, int64_t *out)
{
    const uint32_t n_targets = gate->trees.n_targets;

    memset(out, 0, n_targets * sizeof *out);
    for (uint32_t i = 0; i < gate->trees.n_trees; i++) {
        const nescio_tree *const t = &gate->trees.tree[i];
        int32_t node = t->n_nodes ? 0 : -1;

        while (node >= 0)
            node = x[t->feature[node]] <= t->threshold[node] ? t->yes[node] : t->no[node];
        for (uint32_t k = 0; k < n_targets; k++)
            out[k] += t->leaves[(size_t)(-1 - node) * n_targets + k];
    }
}

/* Gates of two or three operands, element by element. */
static void run_elementwise(const nescio_gate *gate, const int64_t *const *inputs, int64_t *out)
{
    const size_t count = gate->output->count;
    const int64_t *const a = inputs[0], *const b = inputs[1];
    const int64_t *const c = gate->n_inputs > 2 ? inputs[2] : NULL;

    for (size_t i = 0; i < count; i++) {
        switch (gate->op) {
        case NESCIO_GATE_MULTIPLY: out[i] = a[i] * b[i]; break;
        case NESCIO_GATE_MAX: out[i] = a[i] > b[i] ? a[i] : b[i]; break;
        case NESCIO_GATE_COMPARE: out[i] = a[i] < b[i]; break;
        default: out[i] = a[i] != 0 ? b[i] : c[i]; break;
        }
    }
}

void nescio_gate_eval(const nescio_gate *gate, const int64_t *const *inputs, int64_t *out)
{
    const int64_t *const in = gate->n_inputs ? inputs[0] : NULL;
    const size_t count = gate->output->count;

    switch (gate->op) {
    case NESCIO_GATE_INPUT: break; /* set by the caller */
    case NESCIO_GATE_CONSTANT: memcpy(out, gate->constant, count * sizeof *out); break;
    case NESCIO_GATE_LINEAR: run_linear(gate, inputs, out); break;
    case NESCIO_GATE_GATHER:
        for (size_t i = 0; i < count; i++)
            out[i] = gate->gather[i] < 0 ? 0 : in[gate->gather[i]];
        break;
    case NESCIO_GATE_CONCAT: run_concat(gate, inputs, out); break;
    case NESCIO_GATE_TABLE:
        for (size_t i = 0; i < count; i++)
            out[i] = nescio_table_look_up(&gate->table,
                                          gate->table.which ? gate->table.which[i] : 0, in[i]);
        break;
    case NESCIO_GATE_TREES: run_trees(gate, in, out); break;
    case NESCIO_GATE_OUTPUT: memcpy(out, in, count * sizeof *out); break;
    default: run_elementwise(gate, inputs, out); break;
    }
}

static void count_events(const nescio_gate *gate, size_t g, const int64_t *in,
                         nescio_eval_stats *stats)
{
    const nescio_wire *const wire = gate->inputs[0];
    uint64_t outside = 0;

    for (size_t i = 0; i < wire->count; i++)
        outside += in[i] < wire->lo || in[i] > wire->hi;
    if (stats->out_of_range)
        stats->out_of_range[g] += outside;
    if (stats->seen)
        stats->seen[g] += wire->count;
}

static nescio_status check_inputs(nescio_ctx *ctx, const nescio_circuit *circuit,
                                  const int64_t *const *inputs)
{
    size_t i = 0;

    for (size_t g = 0; g < circuit->n_gates; g++) {
        const nescio_gate *const gate = circuit->gates[g];

        for (size_t j = 0; gate->op == NESCIO_GATE_INPUT && j < gate->output->count; j++) {
            if (inputs[i][j] < gate->quantizer.lo || inputs[i][j] > gate->quantizer.hi)
                return nescio_fail(ctx, NESCIO_E_ARG,
                                   "input '%s': element %zu is %lld, outside %lld..%lld",
                                   gate->output->name, j, (long long)inputs[i][j],
                                   (long long)gate->quantizer.lo, (long long)gate->quantizer.hi);
        }
        i += gate->op == NESCIO_GATE_INPUT;
    }
    return NESCIO_OK;
}

/** Where a row's values lie: one block, pointers first. */
typedef struct row_values {
    int64_t **wire;        /* [n_wires] */
    const int64_t **input; /* [most inputs of a gate] */
    void *block;           /* owned */
} row_values;

static nescio_status allocate_values(nescio_ctx *ctx, const nescio_circuit *circuit, row_values *v)
{
    size_t words = circuit->n_wires, most_inputs = 0, bytes;
    bool fits = true;

    for (size_t i = 0; i < circuit->n_wires; i++)
        fits = fits && nescio_size_add(&words, words, circuit->wires[i]->count);
    for (size_t g = 0; g < circuit->n_gates; g++) {
        const size_t n = circuit->gates[g]->n_inputs;
        most_inputs = n > most_inputs ? n : most_inputs;
    }
    fits = fits && nescio_size_add(&words, words, most_inputs) &&
           nescio_size_mul(&bytes, words, sizeof(int64_t));
    v->block = fits ? malloc(bytes + 1) : NULL;
    if (!v->block)
        return nescio_fail_nomem(ctx, fits ? bytes : SIZE_MAX);
    v->wire = v->block;
    v->input = (const int64_t **)(void *)(v->wire + circuit->n_wires);
    int64_t *next = (int64_t *)(void *)(v->input + most_inputs);
    for (size_t i = 0; i < circuit->n_wires; i++) {
        v->wire[i] = next;
        next += circuit->wires[i]->count;
    }
    return NESCIO_OK;
}

nescio_status nescio_circuit_eval(nescio_ctx *ctx, const nescio_circuit *circuit,
                                  const int64_t *const *inputs, int64_t *const *outputs,
                                  nescio_eval_stats *stats)
{
    row_values v = {0};
    size_t i_input = 0, i_output = 0;

    NESCIO_TRY(check_inputs(ctx, circuit, inputs));
    NESCIO_TRY(allocate_values(ctx, circuit, &v));
    for (size_t g = 0; g < circuit->n_gates; g++) {
        const nescio_gate *const gate = circuit->gates[g];
        int64_t *const out = v.wire[gate->output->id];

        for (uint32_t i = 0; i < gate->n_inputs; i++)
            v.input[i] = v.wire[gate->inputs[i]->id];
        if (gate->op == NESCIO_GATE_INPUT)
            memcpy(out, inputs[i_input++], gate->output->count * sizeof *out);
        nescio_gate_eval(gate, v.input, out);
        if (stats && (gate->op == NESCIO_GATE_TABLE || gate->op == NESCIO_GATE_OUTPUT))
            count_events(gate, g, v.input[0], stats);
        if (gate->op == NESCIO_GATE_OUTPUT)
            memcpy(outputs[i_output++], out, gate->output->count * sizeof *out);
    }
    free(v.block);
    return NESCIO_OK;
}
