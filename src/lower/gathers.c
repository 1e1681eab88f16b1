/* SPDX-License-Identifier: Apache-2.0
 * Pass: moves of elements disappear into the linear gates around them.
 *
 * A linear gate that reads a GATHER or a CONCAT reads what those read, its columns moved; a GATHER
 * of a linear gate that nobody else reads becomes that gate with its rows moved; a GATHER of a
 * GATHER is one; moves that change nothing go. */
#include <string.h>

#include "lower/lower_internal.h"
#include "lower/matrix_internal.h"

/* Whether the gate gives its input's elements in order. */
static bool is_identity(const nescio_gate *gate)
{
    if (gate->op == NESCIO_GATE_CONCAT)
        return gate->n_inputs == 1;
    if (gate->op != NESCIO_GATE_GATHER || gate->output->count != gate->inputs[0]->count)
        return false;
    for (size_t i = 0; i < gate->output->count; i++) {
        if (gate->gather[i] != (int64_t)i)
            return false;
    }
    return true;
}

/* m after the gather: column index[j] gets what column j had. */
static nescio_status move_columns(nescio_lowering *l, const nescio_int_matrix *m,
                                  const int64_t *index, size_t n_columns, nescio_int_matrix *out,
                                  bool *done)
{
    nescio_matrix_builder b;

    nescio_matrix_builder_init(&b, m->n_rows, n_columns);
    for (size_t r = 0; r < m->n_rows; r++) {
        const uint32_t *column;
        const int32_t *weight;
        const size_t n = nescio_int_matrix_row(m, r, &column, &weight);

        for (size_t k = 0; k < n; k++) {
            const int64_t to = index[column ? column[k] : k];
            if (to >= 0)
                nescio_matrix_builder_add(&b, (uint32_t)to, weight[k]);
        }
        nescio_matrix_builder_end_row(&b);
    }
    *done = nescio_matrix_builder_finish(&b, l->circuit->arena, out);
    const bool wide = b.wide;
    nescio_matrix_builder_deinit(&b);
    return *done || wide ? NESCIO_OK : nescio_lower_nomem(l);
}

/* Columns [first, first + n) of m. */
static nescio_status cut_columns(nescio_lowering *l, const nescio_int_matrix *m, size_t first,
                                 size_t n_columns, nescio_int_matrix *out)
{
    int64_t *const index = nescio_arena_array(l->circuit->arena, m->n_columns, sizeof *index);
    bool done;

    if (!index)
        return nescio_lower_nomem(l);
    for (size_t i = 0; i < m->n_columns; i++)
        index[i] = i >= first && i < first + n_columns ? (int64_t)(i - first) : -1;
    return move_columns(l, m, index, n_columns, out, &done);
}

/* The linear gate reads what the concat in its input t reads. */
static nescio_status fold_concat(nescio_lowering *l, nescio_gate *gate, uint32_t t)
{
    nescio_arena *const arena = l->circuit->arena;
    const nescio_gate *const concat = gate->inputs[t]->producer;
    const uint32_t n = gate->n_inputs - 1 + concat->n_inputs;
    nescio_wire **const inputs = nescio_arena_array(arena, n, sizeof(nescio_wire *));
    nescio_int_matrix *const matrix = nescio_arena_array(arena, n, sizeof *matrix);
    uint32_t k = 0;

    if (!inputs || !matrix)
        return nescio_lower_nomem(l);
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        size_t first = 0;

        for (uint32_t j = 0; i == t && j < concat->n_inputs; j++, k++) {
            inputs[k] = concat->inputs[j];
            NESCIO_TRY(
                cut_columns(l, &gate->linear.matrix[t], first, inputs[k]->count, &matrix[k]));
            first += inputs[k]->count;
        }
        if (i != t) {
            inputs[k] = gate->inputs[i];
            matrix[k++] = gate->linear.matrix[i];
        }
    }
    gate->inputs = inputs;
    gate->n_inputs = n;
    gate->linear.matrix = matrix;
    l->changed = true;
    return NESCIO_OK;
}

static nescio_status fold_gather(nescio_lowering *l, nescio_gate *gate, uint32_t t)
{
    const nescio_gate *const gather = gate->inputs[t]->producer;
    nescio_int_matrix *const matrix =
        nescio_arena_array(l->circuit->arena, gate->n_inputs, sizeof *matrix);
    nescio_int_matrix moved;
    bool done;

    if (!matrix)
        return nescio_lower_nomem(l);
    NESCIO_TRY(move_columns(l, &gate->linear.matrix[t], gather->gather, gather->inputs[0]->count,
                            &moved, &done));
    if (!done)
        return NESCIO_OK; /* sums of weights pass 32 bits: the gather stays */
    for (uint32_t i = 0; i < gate->n_inputs; i++)
        matrix[i] = i == t ? moved : gate->linear.matrix[i];
    gate->linear.matrix = matrix;
    gate->inputs[t] = gather->inputs[0];
    l->changed = true;
    return NESCIO_OK;
}

static nescio_status fold_into_linear(nescio_lowering *l, nescio_gate *gate)
{
    for (uint32_t t = 0; t < gate->n_inputs; t++) {
        const nescio_gate *const from = gate->inputs[t]->producer;

        if (from->op == NESCIO_GATE_CONCAT)
            return fold_concat(l, gate, t); /* the rest in the next round */
        if (from->op == NESCIO_GATE_GATHER)
            NESCIO_TRY(fold_gather(l, gate, t));
    }
    return NESCIO_OK;
}

/* Row index[i] of m as row i. */
static nescio_status move_rows(nescio_lowering *l, const nescio_int_matrix *m, const int64_t *index,
                               size_t n_rows, nescio_int_matrix *out)
{
    nescio_matrix_builder b;

    nescio_matrix_builder_init(&b, n_rows, m->n_columns);
    for (size_t r = 0; r < n_rows; r++) {
        const uint32_t *column;
        const int32_t *weight;
        const size_t n =
            index[r] < 0 ? 0 : nescio_int_matrix_row(m, (size_t)index[r], &column, &weight);

        for (size_t k = 0; k < n; k++)
            nescio_matrix_builder_add(&b, column ? column[k] : (uint32_t)k, weight[k]);
        nescio_matrix_builder_end_row(&b);
    }
    const bool done = nescio_matrix_builder_finish(&b, l->circuit->arena, out);
    nescio_matrix_builder_deinit(&b);
    return done ? NESCIO_OK : nescio_lower_nomem(l);
}

/* The gather becomes its linear input with rows moved. */
static nescio_status become_linear(nescio_lowering *l, nescio_gate *gate)
{
    nescio_arena *const arena = l->circuit->arena;
    const nescio_gate *const linear = gate->inputs[0]->producer;
    const size_t count = gate->output->count;
    const int64_t *const index = gate->gather;
    nescio_int_matrix *const matrix = nescio_arena_array(arena, linear->n_inputs, sizeof *matrix);
    int64_t *const bias = nescio_arena_array(arena, count, sizeof *bias);
    nescio_wire **const inputs = nescio_arena_array(arena, linear->n_inputs, sizeof(nescio_wire *));

    if (!matrix || !bias || !inputs)
        return nescio_lower_nomem(l);
    memcpy(inputs, linear->inputs, linear->n_inputs * sizeof(nescio_wire *));
    for (uint32_t t = 0; t < linear->n_inputs; t++)
        NESCIO_TRY(move_rows(l, &linear->linear.matrix[t], index, count, &matrix[t]));
    for (size_t i = 0; i < count; i++)
        bias[i] = index[i] < 0 || !linear->linear.bias ? 0 : linear->linear.bias[index[i]];
    gate->op = NESCIO_GATE_LINEAR;
    gate->inputs = inputs;
    gate->n_inputs = linear->n_inputs;
    gate->linear.matrix = matrix;
    gate->linear.bias = bias;
    l->changed = true;
    return NESCIO_OK;
}

static nescio_status compose_gathers(nescio_lowering *l, nescio_gate *gate)
{
    const nescio_gate *const inner = gate->inputs[0]->producer;
    int64_t *const index =
        nescio_arena_array(l->circuit->arena, gate->output->count, sizeof *index);

    if (!index)
        return nescio_lower_nomem(l);
    for (size_t i = 0; i < gate->output->count; i++)
        index[i] = gate->gather[i] < 0 ? -1 : inner->gather[gate->gather[i]];
    gate->gather = index;
    gate->inputs[0] = inner->inputs[0];
    l->changed = true;
    return NESCIO_OK;
}

nescio_status nescio_lower_gathers(nescio_lowering *l, nescio_gate *gate)
{
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        while (is_identity(gate->inputs[i]->producer)) {
            gate->inputs[i] = gate->inputs[i]->producer->inputs[0];
            l->changed = true;
        }
    }
    if (gate->op == NESCIO_GATE_LINEAR)
        NESCIO_TRY(fold_into_linear(l, gate));
    if (gate->op == NESCIO_GATE_GATHER && gate->inputs[0]->producer->op == NESCIO_GATE_GATHER)
        NESCIO_TRY(compose_gathers(l, gate));
    if (gate->op == NESCIO_GATE_GATHER && gate->inputs[0]->producer->op == NESCIO_GATE_LINEAR &&
        l->uses[gate->inputs[0]->id] == 1)
        NESCIO_TRY(become_linear(l, gate));
    return nescio_lower_keep(l, gate);
}
