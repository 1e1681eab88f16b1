/* SPDX-License-Identifier: Apache-2.0
 * Pass: a linear gate that reads a linear gate becomes one, and inputs that occur twice are added.
 *
 * Nothing is bootstrapped between the two, so the merged gate's noise is the same: rows of the
 * product have the norm that the two gates together have. What can grow is work and the size of
 * weights. The rule: merge when the product has at most as many nonzero weights as both gates had
 * and all of them fit 32 bits; when others read the inner gate too (it stays then), at most as many
 * as the outer gate had alone. */
#include "lower/lower_internal.h"
#include "lower/matrix_internal.h"

/* outer * inner */
static nescio_status product(nescio_lowering *l, const nescio_int_matrix *outer,
                             const nescio_int_matrix *inner, nescio_int_matrix *out, bool *done)
{
    nescio_matrix_builder b;

    nescio_matrix_builder_init(&b, outer->n_rows, inner->n_columns);
    for (size_t r = 0; r < outer->n_rows && !b.bad && !b.wide; r++) {
        const uint32_t *column, *inner_column;
        const int32_t *weight, *inner_weight;
        const size_t n = nescio_int_matrix_row(outer, r, &column, &weight);

        for (size_t k = 0; k < n; k++) {
            const size_t row = column ? column[k] : k;
            const size_t m =
                weight[k] ? nescio_int_matrix_row(inner, row, &inner_column, &inner_weight) : 0;

            for (size_t j = 0; j < m; j++)
                nescio_matrix_builder_add(&b, inner_column ? inner_column[j] : (uint32_t)j,
                                          (int64_t)weight[k] * inner_weight[j]);
        }
        nescio_matrix_builder_end_row(&b);
    }
    *done = nescio_matrix_builder_finish(&b, l->circuit->arena, out);
    const bool wide = b.wide;
    nescio_matrix_builder_deinit(&b);
    return *done || wide ? NESCIO_OK : nescio_lower_nomem(l);
}

/* bias of the merged gate: outer bias + outer matrix * inner bias. False: past 2^61. */
static bool merge_bias(const nescio_gate *gate, const nescio_int_matrix *outer,
                       const int64_t *inner_bias, int64_t *bias)
{
    for (size_t r = 0; r < gate->output->count; r++) {
        const uint32_t *column;
        const int32_t *weight;
        const size_t n = nescio_int_matrix_row(outer, r, &column, &weight);

        bias[r] = gate->linear.bias ? gate->linear.bias[r] : 0;
        for (size_t k = 0; inner_bias && k < n; k++) {
            int64_t term;

            if (__builtin_mul_overflow((int64_t)weight[k], inner_bias[column ? column[k] : k],
                                       &term) ||
                __builtin_add_overflow(bias[r], term, &bias[r]) ||
                bias[r] > NESCIO_CIRCUIT_VALUE_MAX || bias[r] < -NESCIO_CIRCUIT_VALUE_MAX)
                return false;
        }
    }
    return true;
}

static size_t nonzero(const nescio_gate *gate)
{
    size_t n = 0;

    for (uint32_t t = 0; t < gate->n_inputs; t++)
        n += nescio_int_matrix_nonzero(&gate->linear.matrix[t]);
    return n;
}

/* Input t of the gate is a linear gate; reads what that reads when the rule allows. */
static nescio_status merge_input(nescio_lowering *l, nescio_gate *gate, uint32_t t, bool *merged)
{
    nescio_arena *const arena = l->circuit->arena;
    const nescio_gate *const inner = gate->inputs[t]->producer;
    const nescio_int_matrix *const outer = &gate->linear.matrix[t];
    const uint32_t n = gate->n_inputs - 1 + inner->n_inputs;
    nescio_wire **const inputs = nescio_arena_array(arena, n, sizeof(nescio_wire *));
    nescio_int_matrix *const matrix = nescio_arena_array(arena, n, sizeof *matrix);
    int64_t *const bias = nescio_arena_array(arena, gate->output->count, sizeof *bias);
    size_t weights = 0;
    uint32_t k = 0;

    if (!inputs || !matrix || !bias)
        return nescio_lower_nomem(l);
    const size_t limit =
        nescio_int_matrix_nonzero(outer) + (l->uses[gate->inputs[t]->id] == 1 ? nonzero(inner) : 0);
    for (; k < inner->n_inputs; k++) {
        bool done;

        NESCIO_TRY(product(l, outer, &inner->linear.matrix[k], &matrix[k], &done));
        if (!done)
            return NESCIO_OK;
        inputs[k] = inner->inputs[k];
        weights += nescio_int_matrix_nonzero(&matrix[k]);
    }
    if (weights > limit || !merge_bias(gate, outer, inner->linear.bias, bias))
        return NESCIO_OK;
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        if (i != t) {
            inputs[k] = gate->inputs[i];
            matrix[k++] = gate->linear.matrix[i];
        }
    }
    gate->inputs = inputs;
    gate->n_inputs = n;
    gate->linear.matrix = matrix;
    gate->linear.bias = bias;
    *merged = l->changed = true;
    return NESCIO_OK;
}

static nescio_status add_matrices(nescio_lowering *l, const nescio_int_matrix *x,
                                  const nescio_int_matrix *y, nescio_int_matrix *out, bool *done)
{
    const nescio_int_matrix *const terms[2] = {x, y};
    nescio_matrix_builder b;

    nescio_matrix_builder_init(&b, x->n_rows, x->n_columns);
    for (size_t r = 0; r < x->n_rows; r++) {
        for (int i = 0; i < 2; i++) {
            const uint32_t *column;
            const int32_t *weight;
            const size_t n = nescio_int_matrix_row(terms[i], r, &column, &weight);

            for (size_t k = 0; k < n; k++)
                nescio_matrix_builder_add(&b, column ? column[k] : (uint32_t)k, weight[k]);
        }
        nescio_matrix_builder_end_row(&b);
    }
    *done = nescio_matrix_builder_finish(&b, l->circuit->arena, out);
    const bool wide = b.wide;
    nescio_matrix_builder_deinit(&b);
    return *done || wide ? NESCIO_OK : nescio_lower_nomem(l);
}

/* One pair of equal inputs becomes one input. */
static nescio_status add_equal_inputs(nescio_lowering *l, nescio_gate *gate, uint32_t a, uint32_t b)
{
    nescio_int_matrix *const matrix =
        nescio_arena_array(l->circuit->arena, gate->n_inputs, sizeof *matrix);
    nescio_int_matrix sum;
    bool done;

    if (!matrix)
        return nescio_lower_nomem(l);
    NESCIO_TRY(add_matrices(l, &gate->linear.matrix[a], &gate->linear.matrix[b], &sum, &done));
    if (!done)
        return NESCIO_OK;
    for (uint32_t i = 0, k = 0; i < gate->n_inputs; i++) {
        if (i == b)
            continue;
        gate->inputs[k] = gate->inputs[i];
        matrix[k++] = i == a ? sum : gate->linear.matrix[i];
    }
    gate->n_inputs--;
    gate->linear.matrix = matrix;
    l->changed = true;
    return NESCIO_OK;
}

nescio_status nescio_lower_merge_linear(nescio_lowering *l, nescio_gate *gate)
{
    if (gate->op != NESCIO_GATE_LINEAR)
        return nescio_lower_keep(l, gate);
    bool merged = false;

    for (uint32_t t = 0; t < gate->n_inputs && !merged;
         t++) { /* one a round: uses are counted between rounds */
        if (gate->inputs[t]->producer->op == NESCIO_GATE_LINEAR)
            NESCIO_TRY(merge_input(l, gate, t, &merged));
    }
    for (uint32_t a = 0; a < gate->n_inputs; a++) {
        for (uint32_t b = a + 1; b < gate->n_inputs; b++) {
            if (gate->inputs[a] == gate->inputs[b]) {
                NESCIO_TRY(add_equal_inputs(l, gate, a, b));
                return nescio_lower_keep(l, gate);
            }
        }
    }
    return nescio_lower_keep(l, gate);
}
