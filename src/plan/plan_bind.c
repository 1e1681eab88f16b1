/* SPDX-License-Identifier: Apache-2.0
 * What steps need at run time, from the circuit: matrices, biases as phases, test polynomials,
 * index maps.
 *
 * Matrices that need no factor and no cut are borrowed; everything else is made in the plan's
 * arena. */
#include "plan/plan_internal.h"

#include <string.h>

#define POLYNOMIAL_LIMIT ((size_t)1 << 32) /* bytes of all test polynomials of one step */

typedef struct binder {
    nescio_ctx *ctx;
    nescio_plan *plan;
    const nescio_circuit *circuit;
} binder;

static size_t dense_at(const nescio_int_matrix *m, uint32_t r, uint32_t c)
{
    return (size_t)r * m->n_columns + c;
}

static nescio_status scale(const binder *b, const char *gate, int32_t weight, int32_t factor,
                           int32_t *out)
{
    const int64_t product = (int64_t)weight * factor;

    if (product < INT32_MIN || product > INT32_MAX)
        return nescio_fail(b->ctx, NESCIO_E_FORMAT,
                           "linear gate '%s': weight %d times factor %d is over 32 bits", gate,
                           weight, factor);
    *out = (int32_t)product;
    return NESCIO_OK;
}

/** Columns [first, first + n) of a dense matrix, times factor. */
static nescio_status cut_dense(const binder *b, const char *gate, nescio_int_matrix *out,
                               const nescio_int_matrix *m, uint32_t first, int32_t factor)
{
    int32_t *dense;
    size_t count;

    if (!nescio_size_mul(&count, out->n_rows, out->n_columns))
        return nescio_fail_nomem(b->ctx, SIZE_MAX);
    dense = nescio_arena_array(b->plan->arena, count, sizeof *dense);
    if (!dense)
        return nescio_fail_nomem(b->ctx, count * sizeof *dense);
    for (uint32_t r = 0; r < m->n_rows; r++)
        for (uint32_t c = 0; c < out->n_columns; c++)
            NESCIO_TRY(scale(b, gate, m->dense[dense_at(m, r, first + c)], factor,
                             &dense[dense_at(out, r, c)]));
    out->dense = dense;
    return NESCIO_OK;
}

/** The same of a sparse one. */
static nescio_status cut_sparse(const binder *b, const char *gate, nescio_int_matrix *out,
                                const nescio_int_matrix *m, uint32_t first, int32_t factor)
{
    nescio_arena *arena = b->plan->arena;
    const uint32_t n_all = m->row_start[m->n_rows];
    uint32_t *row_start, *columns, n = 0;
    int32_t *weights;

    for (uint32_t e = 0; e < n_all; e++)
        n += m->columns[e] - first < out->n_columns;
    row_start = nescio_arena_array(arena, (size_t)m->n_rows + 1, sizeof *row_start);
    columns = nescio_arena_array(arena, n, sizeof *columns);
    weights = nescio_arena_array(arena, n, sizeof *weights);
    if (!row_start || !columns || !weights)
        return nescio_fail_nomem(b->ctx, n * sizeof *weights);
    n = 0;
    for (uint32_t r = 0; r < m->n_rows; r++) {
        for (uint32_t e = m->row_start[r]; e < m->row_start[r + 1]; e++) {
            if (m->columns[e] - first >= out->n_columns)
                continue;
            NESCIO_TRY(scale(b, gate, m->weights[e], factor, &weights[n]));
            columns[n++] = m->columns[e] - first;
        }
        row_start[r + 1] = n;
    }
    out->row_start = row_start;
    out->columns = columns;
    out->weights = weights;
    return NESCIO_OK;
}

/** Columns [first, first + n_columns) of m times factor: borrowed where that is m itself. */
static nescio_status cut_matrix(const binder *b, const char *gate, nescio_int_matrix *out,
                                const nescio_int_matrix *m, uint32_t first, uint32_t n_columns,
                                int32_t factor)
{
    *out = *m;
    if (factor == 1 && n_columns == m->n_columns)
        return NESCIO_OK;
    out->n_columns = n_columns;
    return m->dense ? cut_dense(b, gate, out, m, first, factor)
                    : cut_sparse(b, gate, out, m, first, factor);
}

static nescio_status bind_bias(const binder *b, nescio_step *step, const int64_t *bias)
{
    const uint64_t delta = b->plan->slots[step->target].delta;
    uint64_t *phase;

    if (!bias)
        return NESCIO_OK;
    phase = nescio_arena_array(b->plan->arena, step->count, sizeof *phase);
    if (!phase)
        return nescio_fail_nomem(b->ctx, step->count * sizeof *phase);
    for (uint32_t i = 0; i < step->count; i++)
        phase[i] = (uint64_t)bias[i] * delta;
    step->bias = phase;
    return NESCIO_OK;
}

static nescio_status bind_linear(const binder *b, nescio_step *step, const nescio_gate *gate)
{
    nescio_int_matrix *m = nescio_arena_array(b->plan->arena, step->n_sources, sizeof *m);

    if (!m)
        return nescio_fail_nomem(b->ctx, step->n_sources * sizeof *m);
    for (uint32_t t = 0; t < step->n_sources; t++)
        NESCIO_TRY(cut_matrix(b, gate->name, &m[t], &gate->linear.matrix[t], 0,
                              gate->linear.matrix[t].n_columns, step->factor[t]));
    step->matrix = m;
    step->n_matrices = step->n_sources;
    return bind_bias(b, step, gate->linear.bias);
}

static nescio_status bind_input_linear(const binder *b, nescio_step *step, const nescio_gate *gate)
{
    const uint32_t poly_size = b->plan->params.poly_size;
    nescio_int_matrix *m;
    uint32_t n = 0, i = 0;

    for (uint32_t t = 0; t < step->n_sources; t++)
        n += b->plan->inputs[step->sources[t]].n_packed;
    m = nescio_arena_array(b->plan->arena, n, sizeof *m);
    if (!m)
        return nescio_fail_nomem(b->ctx, n * sizeof *m);
    for (uint32_t t = 0; t < step->n_sources; t++) {
        const uint32_t count = b->plan->inputs[step->sources[t]].count;

        for (uint32_t first = 0; first < count; first += poly_size)
            NESCIO_TRY(cut_matrix(b, gate->name, &m[i++], &gate->linear.matrix[t], first,
                                  count - first < poly_size ? count - first : poly_size,
                                  step->factor[t]));
    }
    step->matrix = m;
    step->n_matrices = n;
    return bind_bias(b, step, gate->linear.bias);
}

/** CONCAT is the identity over its inputs laid end to end. */
static nescio_status bind_gather(const binder *b, nescio_step *step, const nescio_gate *gate)
{
    int64_t *index;

    step->gather = gate->gather;
    if (gate->op == NESCIO_GATE_GATHER)
        return NESCIO_OK;
    index = nescio_arena_array(b->plan->arena, step->count, sizeof *index);
    if (!index)
        return nescio_fail_nomem(b->ctx, step->count * sizeof *index);
    for (uint32_t i = 0; i < step->count; i++)
        index[i] = i;
    step->gather = index;
    return NESCIO_OK;
}

static nescio_status bind_table(const binder *b, nescio_step *step, const nescio_gate *gate)
{
    const nescio_plan *plan = b->plan;
    const nescio_table *t = &gate->table;
    const table_place place = {.table = t,
                               .input = gate->inputs[0],
                               .phase_offset = step->table.phase_offset,
                               .delta_in = plan->slots[step->sources[0]].delta,
                               .delta_out = plan->slots[step->target].delta,
                               .full_torus = step->table.full_torus,
                               .poly_size = plan->params.poly_size};
    uint64_t *polys, *post_add;
    size_t words, bytes;

    if (!nescio_size_mul(&words, t->n_tables, place.poly_size) ||
        !nescio_size_mul(&bytes, words, sizeof *polys) || bytes > POLYNOMIAL_LIMIT)
        return nescio_fail(b->ctx, NESCIO_E_FORMAT,
                           "table '%s': %u polynomials of %u words are over the limit of 4 GB",
                           gate->name, t->n_tables, place.poly_size);
    polys = nescio_arena_array(plan->arena, words, sizeof *polys);
    post_add = nescio_arena_array(plan->arena, t->n_tables, sizeof *post_add);
    if (!polys || !post_add)
        return nescio_fail_nomem(b->ctx, bytes);
    for (uint32_t i = 0; i < t->n_tables; i++)
        nescio_plan_test_polynomial(&place, i, polys + (size_t)i * place.poly_size, &post_add[i]);
    step->table.polys = polys;
    step->table.post_add = post_add;
    step->table.which = t->which;
    step->table.n_polys = t->n_tables;
    return NESCIO_OK;
}

static nescio_status bind_step(const binder *b, nescio_step *step)
{
    const nescio_gate *gate = b->circuit->gates[step->gate];

    step->count = (uint32_t)gate->output->count;
    switch (step->kind) {
    case NESCIO_STEP_INPUT_LINEAR: return bind_input_linear(b, step, gate);
    case NESCIO_STEP_LINEAR:
        return gate->op == NESCIO_GATE_CONSTANT ? bind_bias(b, step, gate->constant)
                                                : bind_linear(b, step, gate);
    case NESCIO_STEP_GATHER: return bind_gather(b, step, gate);
    case NESCIO_STEP_TABLE: return bind_table(b, step, gate);
    case NESCIO_STEP_INPUT_EXTRACT:
    case NESCIO_STEP_ANSWER: break;
    }
    return NESCIO_OK;
}

nescio_status nescio_plan_bind(nescio_ctx *ctx, nescio_plan *plan, const nescio_circuit *circuit)
{
    const binder b = {.ctx = ctx, .plan = plan, .circuit = circuit};

    if (plan->bound)
        return nescio_fail(ctx, NESCIO_E_ARG, "plan: bound to a circuit already");
    NESCIO_TRY(nescio_plan_verify(ctx, plan, circuit));
    for (uint32_t i = 0; i < plan->n_steps; i++)
        NESCIO_TRY(bind_step(&b, &plan->steps[i]));
    plan->bound = true;
    return NESCIO_OK;
}
