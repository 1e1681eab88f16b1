/* SPDX-License-Identifier: Apache-2.0
 * The verifier: everything that the evaluator, the passes and the plan take for granted about a
 * circuit.
 *
 * Structure first (so that later checks may follow pointers), then payload sizes, then ranges. What
 * comes from a file goes through here before anything else reads it. */
#include "circuit/circuit_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BAD(...) return nescio_fail(ctx, NESCIO_E_FORMAT, __VA_ARGS__)

static bool too_large(int64_t v)
{
    return v < -NESCIO_CIRCUIT_VALUE_MAX || v > NESCIO_CIRCUIT_VALUE_MAX;
}

static nescio_status check_wire(nescio_ctx *ctx, const nescio_circuit *circuit,
                                const nescio_gate *gate)
{
    const nescio_wire *const wire = gate->output;

    if (!wire || wire->producer != gate)
        BAD("gate '%s': its output wire is missing or names another producer", gate->name);
    if (wire->id >= circuit->n_wires || circuit->wires[wire->id] != wire)
        BAD("gate '%s': output wire has id %u, which is not its place", gate->name, wire->id);
    if (!wire->name || !*wire->name)
        BAD("gate '%s': output wire has no name", gate->name);
    if (wire->rank < 0 || wire->rank > NESCIO_RANK_MAX)
        BAD("wire '%s': rank %d is outside 0 to %d", wire->name, wire->rank, NESCIO_RANK_MAX);
    size_t count = 1;
    for (int i = 0; i < wire->rank; i++) {
        if (wire->dims[i] < 1 || !nescio_size_mul(&count, count, (size_t)wire->dims[i]) ||
            count > NESCIO_CIRCUIT_COUNT_MAX)
            BAD("wire '%s': dimension %d is %lld; elements must number 1 to %zu", wire->name, i,
                (long long)wire->dims[i], NESCIO_CIRCUIT_COUNT_MAX);
    }
    if (count != wire->count)
        BAD("wire '%s': %zu elements, but its shape has %zu", wire->name, wire->count, count);
    return NESCIO_OK;
}

/* Arity, inputs made above, the encrypted flag. seen[id]: the wire's producer is above. */
static nescio_status check_structure(nescio_ctx *ctx, const nescio_circuit *circuit,
                                     const nescio_gate *gate, bool *seen)
{
    static const struct {
        int lo, hi;
    } arity[] = {
#define X(id, name, lo, hi) [NESCIO_GATE_##id] = {lo, hi},
        NESCIO_GATES(X)
#undef X
    };
    bool encrypted = false;

    if ((unsigned)gate->op >= NESCIO_GATE_COUNT)
        BAD("gate '%s': unknown operator %d", gate->name, (int)gate->op);
    if (gate->n_inputs < (uint32_t)arity[gate->op].lo ||
        (arity[gate->op].hi >= 0 && gate->n_inputs > (uint32_t)arity[gate->op].hi))
        BAD("gate '%s' (%s): %u inputs", gate->name, nescio_gate_op_name(gate->op), gate->n_inputs);
    NESCIO_TRY(check_wire(ctx, circuit, gate));
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        const nescio_wire *const in = gate->inputs[i];

        if (!in || in->id >= circuit->n_wires || circuit->wires[in->id] != in || !seen[in->id])
            BAD("gate '%s' (%s): input %u is not made above it", gate->name,
                nescio_gate_op_name(gate->op), i);
        if (in->producer->op == NESCIO_GATE_OUTPUT)
            BAD("gate '%s' (%s): input %u is an output of the circuit", gate->name,
                nescio_gate_op_name(gate->op), i);
        encrypted |= in->encrypted;
    }
    if (gate->op != NESCIO_GATE_INPUT && gate->output->encrypted != encrypted)
        BAD("wire '%s': said to be %s, but its inputs are not", gate->output->name,
            gate->output->encrypted ? "encrypted" : "clear");
    if (seen[gate->output->id])
        BAD("wire '%s': two producers", gate->output->name);
    seen[gate->output->id] = true;
    return NESCIO_OK;
}

static nescio_status check_matrix(nescio_ctx *ctx, const nescio_gate *gate, uint32_t i)
{
    const nescio_int_matrix *const m = &gate->linear.matrix[i];

    if (m->n_rows != gate->output->count || m->n_columns != gate->inputs[i]->count)
        BAD("gate '%s': matrix %u is %u x %u, not %zu x %zu", gate->name, i, m->n_rows,
            m->n_columns, gate->output->count, gate->inputs[i]->count);
    if (m->dense)
        return m->row_start || m->columns || m->weights
                   ? nescio_fail(ctx, NESCIO_E_FORMAT,
                                 "gate '%s': matrix %u is both dense and sparse", gate->name, i)
                   : NESCIO_OK;
    if (!m->row_start || !m->columns || !m->weights || m->row_start[0] != 0)
        BAD("gate '%s': matrix %u has no elements", gate->name, i);
    for (uint32_t r = 0; r < m->n_rows; r++) {
        if (m->row_start[r] > m->row_start[r + 1])
            BAD("gate '%s': matrix %u, row %u ends before it starts", gate->name, i, r);
    }
    for (uint32_t r = 0; r < m->n_rows; r++) {
        for (uint32_t k = m->row_start[r]; k < m->row_start[r + 1]; k++) {
            if (m->columns[k] >= m->n_columns ||
                (k > m->row_start[r] && m->columns[k] <= m->columns[k - 1]))
                BAD("gate '%s': matrix %u, row %u: column %u is out of order or beyond %u",
                    gate->name, i, r, m->columns[k], m->n_columns);
        }
    }
    return NESCIO_OK;
}

static nescio_status check_linear(nescio_ctx *ctx, const nescio_gate *gate)
{
    if (!gate->linear.matrix)
        BAD("gate '%s': no matrices", gate->name);
    for (uint32_t i = 0; i < gate->n_inputs; i++)
        NESCIO_TRY(check_matrix(ctx, gate, i));
    return NESCIO_OK;
}

static nescio_status check_indices(nescio_ctx *ctx, const nescio_gate *gate)
{
    const size_t count = gate->output->count;

    if (gate->op == NESCIO_GATE_CONCAT) {
        size_t sum = 0;
        for (uint32_t i = 0; i < gate->n_inputs; i++)
            sum += gate->inputs[i]->count; /* at most 2^32 inputs of 2^26 elements */
        if (sum != count)
            BAD("gate '%s': %zu elements from inputs that have %zu", gate->name, count, sum);
        return NESCIO_OK;
    }
    if (!gate->gather)
        BAD("gate '%s': no indices", gate->name);
    for (size_t i = 0; i < count; i++) {
        if (gate->gather[i] < -1 || gate->gather[i] >= (int64_t)gate->inputs[0]->count)
            BAD("gate '%s': index %zu is %lld; -1 to %zu fit", gate->name, i,
                (long long)gate->gather[i], gate->inputs[0]->count - 1);
    }
    return NESCIO_OK;
}

/* The cell of v, clamped. */
static size_t cell_of(const nescio_table *t, int64_t v)
{
    if (v < t->first)
        return 0;
    const uint64_t cell = (uint64_t)(v - t->first) / (uint64_t)t->step;
    return cell < t->n_entries ? (size_t)cell : t->n_entries - 1;
}

/* Constant at and below ramp_lo, at and above ramp_hi. */
static nescio_status check_ramp(nescio_ctx *ctx, const nescio_gate *gate)
{
    const nescio_table *const t = &gate->table;

    if (too_large(t->ramp_lo) || too_large(t->ramp_hi) || t->ramp_lo > t->ramp_hi)
        BAD("gate '%s': ramp %lld..%lld is empty or too large", gate->name, (long long)t->ramp_lo,
            (long long)t->ramp_hi);
    const size_t below = cell_of(t, t->ramp_lo), above = cell_of(t, t->ramp_hi);

    for (uint32_t k = 0; k < t->n_tables; k++) {
        const int64_t *const e = t->entries + (size_t)k * t->n_entries;

        for (size_t i = 0; i < t->n_entries; i++) {
            if ((i <= below && e[i] != e[0]) || (i >= above && e[i] != e[t->n_entries - 1]))
                BAD("gate '%s': table %u is not constant outside its ramp (entry %zu)", gate->name,
                    k, i);
        }
    }
    return NESCIO_OK;
}

static nescio_status check_table(nescio_ctx *ctx, const nescio_gate *gate)
{
    const nescio_table *const t = &gate->table;
    int64_t span;

    if (t->n_entries < 1 || t->n_tables < 1 || !t->entries)
        BAD("gate '%s': no table entries", gate->name);
    if (t->step < 1 || too_large(t->first) || too_large(t->step) ||
        __builtin_mul_overflow((int64_t)t->n_entries, t->step, &span) || too_large(span))
        BAD("gate '%s': cells from %lld in steps of %lld; steps are at least 1 and cells within "
            "2^61",
            gate->name, (long long)t->first, (long long)t->step);
    if (t->exact && t->step != 1)
        BAD("gate '%s': an exact table has steps of 1, not %lld", gate->name, (long long)t->step);
    if (t->n_tables > 1 && !t->which)
        BAD("gate '%s': %u tables, but no element says which", gate->name, t->n_tables);
    for (size_t i = 0; t->which && i < gate->output->count; i++) {
        if (t->which[i] >= t->n_tables)
            BAD("gate '%s': element %zu uses table %u of %u", gate->name, i, t->which[i],
                t->n_tables);
    }
    for (size_t i = 0; i < (size_t)t->n_tables * t->n_entries; i++) {
        if (too_large(t->entries[i]))
            BAD("gate '%s': entry %zu is beyond 2^61", gate->name, i);
    }
    if (t->turn < 0 || too_large(t->turn) || (t->turn && !t->saturating))
        BAD("gate '%s': turn %lld; it is 0, or positive on a saturating table", gate->name,
            (long long)t->turn);
    return t->saturating ? check_ramp(ctx, gate) : NESCIO_OK;
}

static nescio_status check_tree(nescio_ctx *ctx, const nescio_gate *gate, uint32_t i)
{
    const nescio_tree *const t = &gate->trees.tree[i];

    if (t->n_leaves < 1 || !t->leaves ||
        (t->n_nodes && (!t->feature || !t->threshold || !t->yes || !t->no)))
        BAD("gate '%s': tree %u is not complete", gate->name, i);
    for (uint32_t n = 0; n < t->n_nodes; n++) {
        const int32_t child[2] = {t->yes[n], t->no[n]};

        if (t->feature[n] >= gate->inputs[0]->count)
            BAD("gate '%s': tree %u, node %u asks for feature %u of %zu", gate->name, i, n,
                t->feature[n], gate->inputs[0]->count);
        for (int c = 0; c < 2; c++) {
            /* A child comes after its parent, so that a walk ends. */
            if (child[c] >= 0 ? child[c] <= (int64_t)n || (uint32_t)child[c] >= t->n_nodes
                              : (uint32_t)(-1 - child[c]) >= t->n_leaves)
                BAD("gate '%s': tree %u, node %u has child %d", gate->name, i, n, child[c]);
        }
    }
    return NESCIO_OK;
}

static nescio_status check_trees(nescio_ctx *ctx, const nescio_gate *gate)
{
    if (gate->trees.n_trees < 1 || gate->trees.n_targets != gate->output->count ||
        !gate->trees.tree)
        BAD("gate '%s': %u trees for %u targets, %zu elements", gate->name, gate->trees.n_trees,
            gate->trees.n_targets, gate->output->count);
    for (uint32_t i = 0; i < gate->trees.n_trees; i++)
        NESCIO_TRY(check_tree(ctx, gate, i));
    return NESCIO_OK;
}

static nescio_status check_quantizer(nescio_ctx *ctx, const nescio_gate *gate)
{
    const nescio_quantizer *const q = &gate->quantizer;

    if ((q->n != 1 && q->n != gate->output->count) || !q->scale || !q->zero_point)
        BAD("gate '%s': %zu scales for %zu elements", gate->name, q->n, gate->output->count);
    if (q->lo > q->hi || too_large(q->lo) || too_large(q->hi))
        BAD("gate '%s': quantizer range %lld..%lld is empty or too large", gate->name,
            (long long)q->lo, (long long)q->hi);
    for (size_t i = 0; i < q->n; i++) {
        if (!isfinite(q->scale[i]) || q->scale[i] <= 0 || too_large(q->zero_point[i]))
            BAD("gate '%s': quantizer %zu has scale %g and zero point %lld", gate->name, i,
                q->scale[i], (long long)q->zero_point[i]);
    }
    return NESCIO_OK;
}

/* Elementwise gates: every input as long as the output. */
static nescio_status check_counts(nescio_ctx *ctx, const nescio_gate *gate)
{
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        if (gate->inputs[i]->count != gate->output->count)
            BAD("gate '%s' (%s): input %u has %zu elements, the output %zu", gate->name,
                nescio_gate_op_name(gate->op), i, gate->inputs[i]->count, gate->output->count);
    }
    return NESCIO_OK;
}

static nescio_status check_payload(nescio_ctx *ctx, const nescio_gate *gate)
{
    switch (gate->op) {
    case NESCIO_GATE_INPUT: return check_quantizer(ctx, gate);
    case NESCIO_GATE_CONSTANT:
        if (!gate->constant)
            BAD("gate '%s': no values", gate->name);
        return NESCIO_OK;
    case NESCIO_GATE_LINEAR: return check_linear(ctx, gate);
    case NESCIO_GATE_GATHER:
    case NESCIO_GATE_CONCAT: return check_indices(ctx, gate);
    case NESCIO_GATE_TABLE: NESCIO_TRY(check_counts(ctx, gate)); return check_table(ctx, gate);
    case NESCIO_GATE_TREES: return check_trees(ctx, gate);
    case NESCIO_GATE_OUTPUT: NESCIO_TRY(check_counts(ctx, gate)); return check_quantizer(ctx, gate);
    default: return check_counts(ctx, gate);
    }
}

static nescio_status check_range(nescio_ctx *ctx, const nescio_gate *gate, bool may_narrow)
{
    const nescio_wire *const wire = gate->output;
    nescio_interval r;

    NESCIO_TRY(nescio_gate_interval(ctx, gate, &r));
    if (wire->lo == r.lo && wire->hi == r.hi)
        return NESCIO_OK;
    if (wire->lo > wire->hi || wire->lo < r.lo || wire->hi > r.hi)
        BAD("wire '%s': range %lld..%lld is not inside the computed %lld..%lld", wire->name,
            (long long)wire->lo, (long long)wire->hi, (long long)r.lo, (long long)r.hi);
    if (!may_narrow || gate->op == NESCIO_GATE_INPUT)
        BAD("wire '%s': range %lld..%lld is narrower than the computed %lld..%lld, and not only "
            "saturating tables and "
            "outputs use it",
            wire->name, (long long)wire->lo, (long long)wire->hi, (long long)r.lo, (long long)r.hi);
    if (gate->op == NESCIO_GATE_COMPARE)
        BAD("wire '%s': a comparison is 0..1", wire->name);
    return NESCIO_OK;
}

/* select's condition must be a truth value: only the range can say so. */
static nescio_status check_condition(nescio_ctx *ctx, const nescio_gate *gate)
{
    if (gate->op == NESCIO_GATE_SELECT && (gate->inputs[0]->lo < 0 || gate->inputs[0]->hi > 1))
        BAD("gate '%s': the condition has range %lld..%lld, not 0..1", gate->name,
            (long long)gate->inputs[0]->lo, (long long)gate->inputs[0]->hi);
    return NESCIO_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static nescio_status check_names(nescio_ctx *ctx, const nescio_circuit *circuit)
{
    const char **const names = calloc(circuit->n_gates + 1, sizeof *names);
    const char *twice = NULL;

    if (!names)
        return nescio_fail_nomem(ctx, circuit->n_gates * sizeof *names);
    for (size_t g = 0; g < circuit->n_gates; g++)
        names[g] = circuit->gates[g]->output->name;
    qsort(names, circuit->n_gates, sizeof *names, compare_names);
    for (size_t g = 1; g < circuit->n_gates && !twice; g++)
        twice = strcmp(names[g - 1], names[g]) == 0 ? names[g] : NULL;
    free(names);
    if (twice)
        BAD("two wires have the name '%s'", twice);
    return NESCIO_OK;
}

static nescio_status check_gates(nescio_ctx *ctx, const nescio_circuit *circuit, bool *flags)
{
    for (size_t g = 0; g < circuit->n_gates; g++) {
        const nescio_gate *const gate = circuit->gates[g];

        if (!gate || !gate->name || (gate->n_inputs && !gate->inputs))
            BAD("gate %zu is not complete", g);
        NESCIO_TRY(check_structure(ctx, circuit, gate, flags));
        NESCIO_TRY(check_payload(ctx, gate));
    }
    NESCIO_TRY(check_names(ctx, circuit));
    nescio_circuit_narrowable(circuit, flags);
    for (size_t g = 0; g < circuit->n_gates; g++) {
        NESCIO_TRY(check_range(ctx, circuit->gates[g], flags[circuit->gates[g]->output->id]));
        NESCIO_TRY(check_condition(ctx, circuit->gates[g]));
    }
    return NESCIO_OK;
}

nescio_status nescio_circuit_verify(nescio_ctx *ctx, const nescio_circuit *circuit)
{
    bool *const flags = calloc(circuit->n_wires + 1, sizeof *flags);
    nescio_status st;

    if (!flags)
        return nescio_fail_nomem(ctx, circuit->n_wires + 1);
    st = check_gates(ctx, circuit, flags);
    free(flags);
    return st;
}
