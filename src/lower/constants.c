/* SPDX-License-Identifier: Apache-2.0
 * Pass: what is known is computed. Gates of constants become constants; constants that a linear
 * gate reads go into its bias; a product with a constant becomes linear. */
#include <string.h>

#include "lower/lower_internal.h"

static bool is_constant(const nescio_wire *wire)
{
    return wire->producer->op == NESCIO_GATE_CONSTANT;
}

static nescio_status become_constant(nescio_lowering *l, nescio_gate *gate)
{
    const int64_t **const inputs =
        nescio_arena_array(l->circuit->arena, gate->n_inputs, sizeof *inputs);
    int64_t *const values =
        nescio_arena_array(l->circuit->arena, gate->output->count, sizeof *values);

    if (!inputs || !values)
        return nescio_lower_nomem(l);
    for (uint32_t i = 0; i < gate->n_inputs; i++)
        inputs[i] = gate->inputs[i]->producer->constant;
    nescio_gate_eval(gate, inputs, values);
    gate->op = NESCIO_GATE_CONSTANT;
    gate->n_inputs = 0;
    gate->constant = values;
    l->changed = true;
    return NESCIO_OK;
}

/* The constants among a linear gate's inputs, and there is another one, move into its bias. */
static nescio_status fold_into_bias(nescio_lowering *l, nescio_gate *gate)
{
    nescio_arena *const arena = l->circuit->arena;
    nescio_int_matrix *const matrix = nescio_arena_array(arena, gate->n_inputs, sizeof *matrix);
    int64_t *const bias = nescio_arena_array(arena, gate->output->count, sizeof *bias);
    uint32_t n = 0;

    if (!matrix || !bias)
        return nescio_lower_nomem(l);
    if (gate->linear.bias)
        memcpy(bias, gate->linear.bias, gate->output->count * sizeof *bias);
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        nescio_wire *const in = gate->inputs[i];

        if (is_constant(in)) {
            /* The gate with this input alone; its sums are partial sums of the whole one, which the
             * verifier has bounded. */
            nescio_gate part = *gate;
            const int64_t *const value[1] = {in->producer->constant};
            nescio_wire *inputs[1] = {in};

            part.inputs = inputs;
            part.n_inputs = 1;
            part.linear.matrix = &gate->linear.matrix[i];
            int64_t *const copy = nescio_arena_array(arena, gate->output->count, sizeof *copy);
            if (!copy)
                return nescio_lower_nomem(l);
            memcpy(copy, bias, gate->output->count * sizeof *copy);
            part.linear.bias = copy;
            nescio_gate_eval(&part, value, bias);
        } else {
            gate->inputs[n] = in;
            matrix[n++] = gate->linear.matrix[i];
        }
    }
    gate->n_inputs = n;
    gate->linear.matrix = matrix;
    gate->linear.bias = bias;
    l->changed = true;
    return NESCIO_OK;
}

/* x * constant: a diagonal matrix, where the factors fit its 32 bits. */
static nescio_status become_scaling(nescio_lowering *l, nescio_gate *gate)
{
    nescio_arena *const arena = l->circuit->arena;
    const size_t count = gate->output->count;
    const uint32_t i_constant = is_constant(gate->inputs[0]) ? 0 : 1;
    const int64_t *const factor = gate->inputs[i_constant]->producer->constant;
    uint32_t *const start = nescio_arena_array(arena, count + 1, sizeof *start);
    uint32_t *const column = nescio_arena_array(arena, count, sizeof *column);
    int32_t *const weight = nescio_arena_array(arena, count, sizeof *weight);
    nescio_int_matrix *const matrix = nescio_arena_alloc(arena, sizeof *matrix);

    if (!start || !column || !weight || !matrix)
        return nescio_lower_nomem(l);
    for (size_t i = 0; i < count; i++) {
        if (factor[i] > INT32_MAX || factor[i] < INT32_MIN)
            return NESCIO_OK;
        start[i + 1] = (uint32_t)i + 1;
        column[i] = (uint32_t)i;
        weight[i] = (int32_t)factor[i];
    }
    *matrix = (nescio_int_matrix){(uint32_t)count, (uint32_t)count, NULL, start, column, weight};
    gate->op = NESCIO_GATE_LINEAR;
    gate->inputs[0] = gate->inputs[1 - i_constant];
    gate->n_inputs = 1;
    gate->linear.matrix = matrix;
    gate->linear.bias = NULL;
    l->changed = true;
    return NESCIO_OK;
}

nescio_status nescio_lower_constants(nescio_lowering *l, nescio_gate *gate)
{
    uint32_t known = 0;

    for (uint32_t i = 0; i < gate->n_inputs; i++)
        known += is_constant(gate->inputs[i]);
    if (known && known == gate->n_inputs && gate->op != NESCIO_GATE_OUTPUT)
        NESCIO_TRY(become_constant(l, gate));
    else if (known && gate->op == NESCIO_GATE_LINEAR)
        NESCIO_TRY(fold_into_bias(l, gate));
    else if (known && gate->op == NESCIO_GATE_MULTIPLY)
        NESCIO_TRY(become_scaling(l, gate));
    return nescio_lower_keep(l, gate);
}
