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

static void run_linear(const nescio_gate *gate, int64_t *const *values, int64_t *out)
{
    const size_t count = gate->output->count;

    for (size_t r = 0; r < count; r++)
        out[r] = gate->linear.bias ? gate->linear.bias[r] : 0;
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        const nescio_int_matrix *const m = &gate->linear.matrix[i];
        const int64_t *const x = values[gate->inputs[i]->id];

        for (size_t r = 0; r < count; r++) {
            if (m->dense)
                out[r] += dot_dense(m->dense + r * m->n_columns, x, m->n_columns);
            else
                out[r] += dot_sparse(m->weights + m->row_start[r], m->columns + m->row_start[r], x,
                                     m->row_start[r + 1] - m->row_start[r]);
        }
    }
}

static void run_concat(const nescio_gate *gate, int64_t *const *values, int64_t *out)
{
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        const nescio_wire *const in = gate->inputs[i];

        memcpy(out, values[in->id], in->count * sizeof *out);
        out += in->count;
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
static void run_elementwise(const nescio_gate *gate, int64_t *const *values, int64_t *out)
{
    const size_t count = gate->output->count;
    const int64_t *const a = values[gate->inputs[0]->id], *const b = values[gate->inputs[1]->id];
    const int64_t *const c = gate->n_inputs > 2 ? values[gate->inputs[2]->id] : NULL;

    for (size_t i = 0; i < count; i++) {
        switch (gate->op) {
        case NESCIO_GATE_MULTIPLY: out[i] = a[i] * b[i]; break;
        case NESCIO_GATE_MAX: out[i] = a[i] > b[i] ? a[i] : b[i]; break;
        case NESCIO_GATE_COMPARE: out[i] = a[i] < b[i]; break;
        default: out[i] = a[i] != 0 ? b[i] : c[i]; break;
        }
    }
}

static void run_gate(const nescio_gate *gate, int64_t *const *values)
{
    int64_t *const out = values[gate->output->id];
    const int64_t *const in = gate->n_inputs ? values[gate->inputs[0]->id] : NULL;
    const size_t count = gate->output->count;

    switch (gate->op) {
    case NESCIO_GATE_INPUT: break; /* set before */
    case NESCIO_GATE_CONSTANT: memcpy(out, gate->constant, count * sizeof *out); break;
    case NESCIO_GATE_LINEAR: run_linear(gate, values, out); break;
    case NESCIO_GATE_GATHER:
        for (size_t i = 0; i < count; i++)
            out[i] = gate->gather[i] < 0 ? 0 : in[gate->gather[i]];
        break;
    case NESCIO_GATE_CONCAT: run_concat(gate, values, out); break;
    case NESCIO_GATE_TABLE:
        for (size_t i = 0; i < count; i++)
            out[i] = nescio_table_look_up(&gate->table,
                                          gate->table.which ? gate->table.which[i] : 0, in[i]);
        break;
    case NESCIO_GATE_TREES: run_trees(gate, in, out); break;
    case NESCIO_GATE_OUTPUT: memcpy(out, in, count * sizeof *out); break;
    default: run_elementwise(gate, values, out); break;
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

/* One block: the pointers to each wire's values, then the values. *values: NULL when there is no
 * memory. */
static nescio_status allocate_values(nescio_ctx *ctx, const nescio_circuit *circuit,
                                     int64_t ***values)
{
    size_t words = 0, bytes;

    *values = NULL;
    for (size_t i = 0; i < circuit->n_wires; i++) {
        if (!nescio_size_add(&words, words, circuit->wires[i]->count))
            return nescio_fail_nomem(ctx, SIZE_MAX);
    }
    if (!nescio_size_add(&words, words, circuit->n_wires) ||
        !nescio_size_mul(&bytes, words, sizeof(int64_t)))
        return nescio_fail_nomem(ctx, SIZE_MAX);
    int64_t **const table = malloc(bytes + 1);

    if (!table)
        return nescio_fail_nomem(ctx, bytes);
    int64_t *next = (int64_t *)(void *)(table + circuit->n_wires);
    for (size_t i = 0; i < circuit->n_wires; i++) {
        table[i] = next;
        next += circuit->wires[i]->count;
    }
    *values = table;
    return NESCIO_OK;
}

nescio_status nescio_circuit_eval(nescio_ctx *ctx, const nescio_circuit *circuit,
                                  const int64_t *const *inputs, int64_t *const *outputs,
                                  nescio_eval_stats *stats)
{
    int64_t **values;
    size_t i_input = 0, i_output = 0;

    NESCIO_TRY(check_inputs(ctx, circuit, inputs));
    NESCIO_TRY(allocate_values(ctx, circuit, &values));
    for (size_t g = 0; g < circuit->n_gates; g++) {
        const nescio_gate *const gate = circuit->gates[g];

        if (gate->op == NESCIO_GATE_INPUT)
            memcpy(values[gate->output->id], inputs[i_input++],
                   gate->output->count * sizeof **values);
        run_gate(gate, values);
        if (stats && (gate->op == NESCIO_GATE_TABLE || gate->op == NESCIO_GATE_OUTPUT))
            count_events(gate, g, values[gate->inputs[0]->id], stats);
        if (gate->op == NESCIO_GATE_OUTPUT)
            memcpy(outputs[i_output++], values[gate->output->id],
                   gate->output->count * sizeof **values);
    }
    free(values);
    return NESCIO_OK;
}
