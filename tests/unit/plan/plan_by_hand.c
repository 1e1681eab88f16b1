/* SPDX-License-Identifier: Apache-2.0
 * The plan written down by hand, and a second reading of what bound steps mean. */
#include "plan_by_hand.h"

#include "../support.h"

#define DELTA_X ((uint64_t)1 << 58)
#define DELTA_A (2 * DELTA_X) /* 16 boxes on the half torus */
#define DELTA_T ((uint64_t)1 << 57)
#define DELTA_L (3 * DELTA_T)

nescio_tfhe_params params_by_hand(void)
{
    return (nescio_tfhe_params){.lwe_dim = 16,
                                .glwe_dim = 1,
                                .poly_size = 256,
                                .pbs_levels = 2,
                                .pbs_base_log = 10,
                                .ks_levels = 5,
                                .ks_base_log = 4,
                                .ks_modulus_log = 24,
                                .lwe_noise_log = 3,
                                .glwe_noise_log = 10,
                                .torus_log = 32,
                                .variant = NESCIO_PBS_CLASSICAL,
                                .out_glwe_dim = 8,
                                .out_poly_size = 2,
                                .out_levels = 5,
                                .out_base_log = 4,
                                .out_noise_log = 36};
}

nescio_circuit *circuit_by_hand(nescio_ctx *ctx)
{
    static const char text[] =
        "circuit 1\n"
        "%x = input [3] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
        "%a = linear(%x) [2] in -3..10 { sparse starts [0 2 4] columns [0 1 1 2] weights [1 2 1 "
        "-1] "
        "bias [1 0] }\n"
        "%t = table(%a) [2] in 0..7 { exact first -3 step 1 entries 14 tables 2 which [1 0] values "
        "[0 1 2 3 4 5 6 7 6 5 4 3 2 1 7 0 7 0 3 3 3 1 5 2 6 0 1 4] }\n"
        "%g = gather(%t) [3] in 0..7 { index [1 -1 0] }\n"
        "%k = constant [1] in 4..4 { values [4] }\n"
        "%c = concat(%g %k) [4] in 0..7\n"
        "%l = linear(%c %c) [4] in -2..33 { dense [1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1] "
        "dense [0 1 0 0 0 0 2 0 0 0 0 3 1 0 0 0] bias [0 -2 5 0] }\n"
        "%y = output(%l) [4] in -2..33 { codes -2..33 scale [1] zero [0] }\n";
    nescio_circuit *c = NULL;

    if (nescio_circuit_parse(ctx, text, sizeof text - 1, &c) != NESCIO_OK ||
        nescio_circuit_ranges(ctx, c) != NESCIO_OK || nescio_circuit_verify(ctx, c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    return c;
}

static nescio_plan *new_plan(nescio_ctx *ctx, uint32_t n_slots, uint32_t n_steps)
{
    nescio_plan *plan;

    assert_int_equal(nescio_plan_new(ctx, &plan), NESCIO_OK);
    plan->params = params_by_hand();
    plan->set_name = "by hand";
    plan->n_inputs = plan->n_outputs = 1;
    plan->n_slots = n_slots;
    plan->n_steps = n_steps;
    plan->inputs = nescio_arena_array(plan->arena, 1, sizeof *plan->inputs);
    plan->outputs = nescio_arena_array(plan->arena, 1, sizeof *plan->outputs);
    plan->slots = nescio_arena_array(plan->arena, n_slots, sizeof *plan->slots);
    plan->steps = nescio_arena_array(plan->arena, n_steps, sizeof *plan->steps);
    assert_true(plan->inputs && plan->outputs && plan->slots && plan->steps);
    return plan;
}

static void put_step(nescio_plan *plan, uint32_t i, nescio_step_kind kind, uint32_t gate,
                     uint32_t target, uint32_t n_sources, const uint32_t *sources, int32_t factor)
{
    nescio_step *step = &plan->steps[i];

    step->kind = kind;
    step->gate = gate;
    step->target = target;
    step->n_sources = n_sources;
    step->sources = nescio_arena_array(plan->arena, n_sources, sizeof *step->sources);
    step->factor = nescio_arena_array(plan->arena, n_sources, sizeof *step->factor);
    assert_true(step->sources && step->factor);
    for (uint32_t t = 0; t < n_sources; t++) {
        step->sources[t] = sources[t];
        step->factor[t] = factor;
    }
}

static void put_slot(nescio_plan *plan, uint32_t s, uint32_t count, uint64_t first, uint64_t delta)
{
    plan->slots[s] =
        (nescio_plan_slot){.count = count, .first = first, .delta = delta, .variance = 1e-9};
    if (first + count > plan->pool_ciphertexts)
        plan->pool_ciphertexts = first + count;
}

nescio_plan *plan_by_hand(nescio_ctx *ctx, const nescio_circuit *c)
{
    nescio_plan *plan = new_plan(ctx, 6, HAND_STEPS);

    plan->inputs[0] = (nescio_plan_input){"x", 0, 3, 1, 32, DELTA_X};
    plan->outputs[0] = (nescio_plan_output){.name = "y",
                                            .gate = 7,
                                            .count = 4,
                                            .n_answers = 2,
                                            .answer_log = 16,
                                            .delta = DELTA_L,
                                            .lo = c->wires[6]->lo,
                                            .hi = c->wires[6]->hi};
    put_slot(plan, 0, 2, 0, DELTA_A);
    put_slot(plan, 1, 2, 0, DELTA_T); /* in place */
    put_slot(plan, 2, 3, 2, DELTA_T);
    put_slot(plan, 3, 1, 5, DELTA_T);
    put_slot(plan, 4, 4, 6, DELTA_T);
    put_slot(plan, 5, 4, 0, DELTA_L);
    put_step(plan, HAND_INPUT, NESCIO_STEP_INPUT_LINEAR, 1, 0, 1, (const uint32_t[]){0}, 2);
    put_step(plan, HAND_TABLE, NESCIO_STEP_TABLE, 2, 1, 1, (const uint32_t[]){0}, 1);
    plan->steps[HAND_TABLE].table.n_shared = 1;
    plan->steps[HAND_TABLE].table.phase_offset =
        3 * DELTA_A + DELTA_A / 2 - ((uint64_t)1 << 62) / plan->params.poly_size;
    plan->steps[HAND_TABLE].table.variance = 1e-8;
    put_step(plan, HAND_GATHER, NESCIO_STEP_GATHER, 3, 2, 1, (const uint32_t[]){1}, 1);
    put_step(plan, HAND_CONSTANT, NESCIO_STEP_LINEAR, 4, 3, 0, NULL, 1);
    put_step(plan, HAND_CONCAT, NESCIO_STEP_GATHER, 5, 4, 2, (const uint32_t[]){2, 3}, 1);
    put_step(plan, HAND_LINEAR, NESCIO_STEP_LINEAR, 6, 5, 2, (const uint32_t[]){4, 4}, 3);
    put_step(plan, HAND_ANSWER, NESCIO_STEP_ANSWER, 7, 0, 1, (const uint32_t[]){5}, 1);
    return plan;
}

nescio_plan *plan_of_one_table(nescio_ctx *ctx, const nescio_circuit *c, uint64_t delta_in,
                               uint64_t delta_out, bool full_torus)
{
    nescio_plan *plan = new_plan(ctx, 2, 3);
    const uint32_t count = (uint32_t)c->wires[0]->count;
    const int64_t middle = c->wires[0]->lo + (c->wires[0]->hi - c->wires[0]->lo) / 2;

    plan->inputs[0] = (nescio_plan_input){"x", 0, count, 1, 32, delta_in};
    plan->outputs[0] = (nescio_plan_output){.name = "y",
                                            .gate = 2,
                                            .count = count,
                                            .n_answers = (count + 1) / 2,
                                            .answer_log = 16,
                                            .delta = delta_out,
                                            .lo = c->wires[1]->lo,
                                            .hi = c->wires[1]->hi};
    put_slot(plan, 0, count, 0, delta_in);
    put_slot(plan, 1, count, 0, delta_out);
    put_step(plan, 0, NESCIO_STEP_INPUT_EXTRACT, 0, 0, 1, (const uint32_t[]){0}, 1);
    put_step(plan, 1, NESCIO_STEP_TABLE, 1, 1, 1, (const uint32_t[]){0}, 1);
    put_step(plan, 2, NESCIO_STEP_ANSWER, 2, 0, 1, (const uint32_t[]){1}, 1);
    plan->steps[1].table.full_torus = full_torus;
    plan->steps[1].table.variance = 1e-8;
    plan->steps[1].table.n_shared = 1;
    plan->steps[1].table.phase_offset = ((uint64_t)1 << 62) - (uint64_t)middle * delta_in -
                                        ((uint64_t)1 << 62) / plan->params.poly_size;
    return plan;
}

nescio_plan *plan_of_wide_input(nescio_ctx *ctx, const nescio_int_matrix *m, int32_t factor,
                                nescio_circuit **c)
{
    static const double scale = 1;
    static const int64_t zero = 0;
    const nescio_quantizer codes = {1, &scale, &zero, -3, 3};
    const uint32_t n_packed = (m->n_columns + 255) / 256;
    nescio_plan *plan = new_plan(ctx, 1, 2);
    nescio_gate *gate;

    assert_int_equal(nescio_circuit_new(ctx, c), NESCIO_OK);
    gate = nescio_circuit_gate(*c, NESCIO_GATE_INPUT, "x", NULL, 0, m->n_columns);
    gate->quantizer = codes;
    gate = nescio_circuit_gate(*c, NESCIO_GATE_LINEAR, "a", &gate->output, 1, m->n_rows);
    gate->linear.matrix = m;
    gate = nescio_circuit_gate(*c, NESCIO_GATE_OUTPUT, "y", &gate->output, 1, m->n_rows);
    gate->quantizer = codes;
    assert_int_equal(nescio_circuit_ranges(ctx, *c), NESCIO_OK);
    plan->inputs[0] = (nescio_plan_input){"x", 0, m->n_columns, n_packed, 32, 1000};
    plan->outputs[0] = (nescio_plan_output){.name = "y",
                                            .gate = 2,
                                            .count = m->n_rows,
                                            .n_answers = (m->n_rows + 1) / 2,
                                            .answer_log = 16,
                                            .delta = 1000 * (uint64_t)factor};
    put_slot(plan, 0, m->n_rows, 0, 1000 * (uint64_t)factor);
    put_step(plan, 0, NESCIO_STEP_INPUT_LINEAR, 1, 0, 1, (const uint32_t[]){0}, factor);
    put_step(plan, 1, NESCIO_STEP_ANSWER, 2, 0, 1, (const uint32_t[]){0}, 1);
    if (nescio_plan_bind(ctx, plan, *c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    return plan;
}

int32_t matrix_entry(const nescio_int_matrix *m, uint32_t row, uint32_t column)
{
    if (m->dense)
        return m->dense[row * m->n_columns + column];
    for (uint32_t e = m->row_start[row]; e < m->row_start[row + 1]; e++)
        if (m->columns[e] == column)
            return m->weights[e];
    return 0;
}

/** out += m * in. */
static void multiply(uint64_t *out, const nescio_int_matrix *m, const uint64_t *in)
{
    for (uint32_t r = 0; r < m->n_rows; r++)
        for (uint32_t c = 0; c < m->n_columns; c++)
            out[r] += (uint64_t)(int64_t)matrix_entry(m, r, c) * in[c];
}

static void look_up(const nescio_plan *plan, const nescio_step *step, const uint64_t *in,
                    uint64_t *out)
{
    const uint64_t n = plan->params.poly_size;

    for (uint32_t i = 0; i < step->count; i++) {
        const uint64_t phase = in[i] + step->table.phase_offset;
        const uint64_t j =
            (uint64_t)(((long double)phase / 0x1p64L) * (2.0L * (long double)n) + 0.5L) % (2 * n);
        const uint64_t *poly = step->table.polys + step->table.which[i] * n;

        out[i] = (j < n ? poly[j] : 0 - poly[j - n]) + step->table.post_add[step->table.which[i]];
    }
}

void run_by_hand(const nescio_plan *plan, const int64_t *x, int64_t *y)
{
    const nescio_step *s = plan->steps;
    uint64_t in[3], a[2] = {0}, t[2], c[4], l[4];

    for (int i = 0; i < 3; i++)
        in[i] = (uint64_t)x[i] * plan->inputs[0].delta;
    multiply(a, &s[HAND_INPUT].matrix[0], in);
    for (int i = 0; i < 2; i++)
        a[i] += s[HAND_INPUT].bias[i];
    look_up(plan, &s[HAND_TABLE], a, t);
    for (int i = 0; i < 3; i++)
        c[i] = s[HAND_GATHER].gather[i] < 0 ? 0 : t[s[HAND_GATHER].gather[i]];
    c[3] = s[HAND_CONSTANT].bias[0];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(s[HAND_CONCAT].gather[i], i);
        l[i] = s[HAND_LINEAR].bias[i];
    }
    multiply(l, &s[HAND_LINEAR].matrix[0], c);
    multiply(l, &s[HAND_LINEAR].matrix[1], c);
    for (int i = 0; i < 4; i++)
        y[i] = nescio_plan_decode(&plan->outputs[0], l[i]);
}
