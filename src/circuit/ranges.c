/* SPDX-License-Identifier: Apache-2.0
 * Interval arithmetic: what every wire can hold, from what its inputs can hold.
 *
 * Sound for every gate but not relational: x - x has the range of two independent values. Bounds
 * stay below 2^61, so that neither the evaluator nor an interval can overflow int64. */
#include "circuit/circuit_internal.h"

#include <stdlib.h>

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static nescio_interval hull(nescio_interval a, nescio_interval b)
{
    return (nescio_interval){min64(a.lo, b.lo), max64(a.hi, b.hi)};
}

static bool fits(int64_t v)
{
    return v >= -NESCIO_CIRCUIT_VALUE_MAX && v <= NESCIO_CIRCUIT_VALUE_MAX;
}

static nescio_status too_wide(nescio_ctx *ctx, const nescio_gate *gate)
{
    return nescio_fail(ctx, NESCIO_E_UNSUPPORTED,
                       "gate '%s' (%s): values or partial sums may pass 2^61; fewer bits or "
                       "smaller weights are needed",
                       gate->name, nescio_gate_op_name(gate->op));
}

/* *acc += a * b; false when it leaves +-2^61. */
static bool add_product(int64_t *acc, int64_t a, int64_t b)
{
    int64_t product;

    return !__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(*acc, product, acc) &&
           fits(*acc);
}

/* Sums of a row's positive weights and of its negative ones, the latter as a positive number. Both
 * stay below 2^58. */
static void weight_sums(const nescio_int_matrix *m, uint32_t row, int64_t *positive,
                        int64_t *negative)
{
    const int32_t *const w =
        m->dense ? m->dense + (size_t)row * m->n_columns : m->weights + m->row_start[row];
    const uint32_t n = m->dense ? m->n_columns : m->row_start[row + 1] - m->row_start[row];
    int64_t plus = 0, minus = 0;

    for (uint32_t i = 0; i < n; i++) {
        plus += w[i] > 0 ? w[i] : 0;
        minus += w[i] < 0 ? -(int64_t)w[i] : 0;
    }
    *positive = plus;
    *negative = minus;
}

/* The row's interval, and false when some order of summing could leave +-2^61. */
static bool row_interval(const nescio_gate *gate, uint32_t row, nescio_interval *out)
{
    const int64_t bias = gate->linear.bias ? gate->linear.bias[row] : 0;
    int64_t lo = bias, hi = bias, reach = 0;

    if (!fits(bias))
        return false;
    reach = bias < 0 ? -bias : bias;
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        const nescio_wire *const in = gate->inputs[i];
        int64_t plus, minus;

        weight_sums(&gate->linear.matrix[i], row, &plus, &minus);
        /* |partial sum| <= |bias| + sum of |w| max |v|, whatever the order of the terms. */
        if (!add_product(&reach, plus + minus,
                         max64(in->hi < 0 ? -in->hi : in->hi, in->lo < 0 ? -in->lo : in->lo)) ||
            !add_product(&lo, plus, in->lo) || !add_product(&lo, -minus, in->hi) ||
            !add_product(&hi, plus, in->hi) || !add_product(&hi, -minus, in->lo))
            return false;
    }
    *out = (nescio_interval){lo, hi};
    return true;
}

static bool linear_interval(const nescio_gate *gate, nescio_interval *out)
{
    for (uint32_t row = 0; row < gate->output->count; row++) {
        nescio_interval r;

        if (!row_interval(gate, row, &r))
            return false;
        *out = row ? hull(*out, r) : r;
    }
    return true;
}

static nescio_interval array_interval(const int64_t *v, size_t n)
{
    nescio_interval r = {v[0], v[0]};

    for (size_t i = 1; i < n; i++)
        r = hull(r, (nescio_interval){v[i], v[i]});
    return r;
}

/* Entries of the cells that [lo, hi] touches. A saturating table's input may leave its stated
 * range, so there all of them. */
static nescio_interval table_interval(const nescio_table *t, int64_t lo, int64_t hi)
{
    size_t first = 0, last = t->n_entries - 1;

    if (!t->saturating) {
        first = (size_t)(lo <= t->first ? 0 : min64((lo - t->first) / t->step, t->n_entries - 1));
        last = (size_t)(hi <= t->first ? 0 : min64((hi - t->first) / t->step, t->n_entries - 1));
    }
    nescio_interval r = array_interval(t->entries + first, last - first + 1);

    for (uint32_t i = 1; i < t->n_tables; i++)
        r = hull(r,
                 array_interval(t->entries + (size_t)i * t->n_entries + first, last - first + 1));
    return r;
}

static nescio_interval gather_interval(const nescio_gate *gate)
{
    nescio_interval r = {gate->inputs[0]->lo, gate->inputs[0]->hi};

    for (size_t i = 0; i < gate->output->count; i++) {
        if (gate->gather[i] < 0)
            return hull(r, (nescio_interval){0, 0});
    }
    return r;
}

/* Target by target: the sum over trees of the least and greatest leaf. */
static bool trees_interval(const nescio_gate *gate, nescio_interval *out)
{
    const uint32_t n_targets = gate->trees.n_targets;

    for (uint32_t target = 0; target < n_targets; target++) {
        nescio_interval sum = {0, 0};
        int64_t reach = 0;

        for (uint32_t i = 0; i < gate->trees.n_trees; i++) {
            const nescio_tree *const t = &gate->trees.tree[i];
            nescio_interval leaf = {t->leaves[target], t->leaves[target]};

            for (uint32_t j = 1; j < t->n_leaves; j++) {
                const int64_t v = t->leaves[(size_t)j * n_targets + target];
                leaf = hull(leaf, (nescio_interval){v, v});
            }
            if (!fits(leaf.lo) || !fits(leaf.hi) ||
                !add_product(
                    &reach, 1,
                    max64(leaf.hi < 0 ? -leaf.hi : leaf.hi, leaf.lo < 0 ? -leaf.lo : leaf.lo)))
                return false;
            sum.lo += leaf.lo;
            sum.hi += leaf.hi;
        }
        *out = target ? hull(*out, sum) : sum;
    }
    return true;
}

static bool multiply_interval(const nescio_gate *gate, nescio_interval *out)
{
    const nescio_wire *const a = gate->inputs[0], *const b = gate->inputs[1];
    const int64_t x[2] = {a->lo, a->hi}, y[2] = {b->lo, b->hi};
    int64_t corners[4];

    for (int i = 0; i < 4; i++) {
        corners[i] = 0;
        if (!add_product(&corners[i], x[i / 2], y[i % 2]))
            return false;
    }
    *out = array_interval(corners, 4);
    return true;
}

nescio_status nescio_gate_interval(nescio_ctx *ctx, const nescio_gate *gate, nescio_interval *out)
{
    nescio_interval in[3] = {{0, 0}, {0, 0}, {0, 0}};
    bool ok = true;

    for (uint32_t i = 0; i < gate->n_inputs && i < 3; i++)
        in[i] = (nescio_interval){gate->inputs[i]->lo, gate->inputs[i]->hi};
    switch (gate->op) {
    case NESCIO_GATE_INPUT: *out = (nescio_interval){gate->quantizer.lo, gate->quantizer.hi}; break;
    case NESCIO_GATE_CONSTANT: *out = array_interval(gate->constant, gate->output->count); break;
    case NESCIO_GATE_LINEAR: ok = linear_interval(gate, out); break;
    case NESCIO_GATE_GATHER: *out = gather_interval(gate); break;
    case NESCIO_GATE_CONCAT:
        *out = in[0];
        for (uint32_t i = 1; i < gate->n_inputs; i++)
            *out = hull(*out, (nescio_interval){gate->inputs[i]->lo, gate->inputs[i]->hi});
        break;
    case NESCIO_GATE_TABLE: *out = table_interval(&gate->table, in[0].lo, in[0].hi); break;
    case NESCIO_GATE_MULTIPLY: ok = multiply_interval(gate, out); break;
    case NESCIO_GATE_MAX:
        *out = (nescio_interval){max64(in[0].lo, in[1].lo), max64(in[0].hi, in[1].hi)};
        break;
    case NESCIO_GATE_COMPARE: *out = (nescio_interval){0, 1}; break;
    case NESCIO_GATE_SELECT: *out = hull(in[1], in[2]); break;
    case NESCIO_GATE_TREES: ok = trees_interval(gate, out); break;
    case NESCIO_GATE_OUTPUT: *out = in[0]; break;
    case NESCIO_GATE_COUNT: ok = false; break;
    }
    if (!ok || !fits(out->lo) || !fits(out->hi))
        return too_wide(ctx, gate);
    return NESCIO_OK;
}

void nescio_circuit_narrowable(const nescio_circuit *circuit, bool *may)
{
    /* First pass: used at all; second: used by something that needs the proven range. */
    for (size_t i = 0; i < circuit->n_wires; i++)
        may[i] = false;
    for (size_t g = 0; g < circuit->n_gates; g++) {
        for (uint32_t i = 0; i < circuit->gates[g]->n_inputs; i++)
            may[circuit->gates[g]->inputs[i]->id] = true;
    }
    for (size_t g = 0; g < circuit->n_gates; g++) {
        const nescio_gate *const gate = circuit->gates[g];

        if (gate->op == NESCIO_GATE_OUTPUT ||
            (gate->op == NESCIO_GATE_TABLE && gate->table.saturating))
            continue;
        for (uint32_t i = 0; i < gate->n_inputs; i++)
            may[gate->inputs[i]->id] = false;
    }
}

nescio_status nescio_circuit_ranges(nescio_ctx *ctx, nescio_circuit *circuit)
{
    bool *const may = malloc(circuit->n_wires + 1);
    nescio_status st = NESCIO_OK;

    if (!may)
        return nescio_fail_nomem(ctx, circuit->n_wires + 1);
    nescio_circuit_narrowable(circuit, may);
    for (size_t g = 0; g < circuit->n_gates && st == NESCIO_OK; g++) {
        nescio_wire *const wire = circuit->gates[g]->output;
        nescio_interval r;

        st = nescio_gate_interval(ctx, circuit->gates[g], &r);
        if (st != NESCIO_OK)
            break;
        const bool set = (wire->lo != 0 || wire->hi != 0) && wire->lo <= wire->hi &&
                         wire->lo >= r.lo && wire->hi <= r.hi;

        if (!may[wire->id] || !set || circuit->gates[g]->op == NESCIO_GATE_INPUT) {
            wire->lo = r.lo;
            wire->hi = r.hi;
        }
    }
    free(may);
    return st;
}
