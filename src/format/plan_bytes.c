/* SPDX-License-Identifier: Apache-2.0
 * Plans as bytes: the tensor "plan". Run-time fields are not stored: nescio_plan_bind makes them
 * again. */
#include "format/package_internal.h"

static void slot_write(nescio_buffer *b, const nescio_plan_slot *s)
{
    nescio_write_u32(b, s->count);
    nescio_write_u64(b, s->delta);
    nescio_write_u64(b, s->first);
    nescio_write_f64(b, s->variance);
}

static void step_write(nescio_buffer *b, const nescio_step *s)
{
    nescio_write_u8(b, (uint8_t)s->kind);
    nescio_write_u32(b, s->gate);
    nescio_write_u32(b, s->n_sources);
    nescio_write_u8(b, s->factor != NULL);
    for (uint32_t i = 0; i < s->n_sources; i++) {
        nescio_write_u32(b, s->sources[i]);
        if (s->factor)
            nescio_write_u32(b, (uint32_t)s->factor[i]);
    }
    nescio_write_u32(b, s->target);
    if (s->kind == NESCIO_STEP_TABLE) {
        nescio_write_u64(b, s->table.phase_offset);
        nescio_write_u8(b, (uint8_t)s->table.n_shared);
        nescio_write_u8(b, s->table.full_torus);
        nescio_write_f64(b, s->table.variance);
        nescio_write_f64(b, s->table.window);
        nescio_write_f64(b, s->table.log2_fail);
    }
}

void nescio_plan_write(nescio_buffer *b, const nescio_plan *plan)
{
    nescio_write_u8(b, (uint8_t)plan->scheme);
    nescio_params_write(b, &plan->params);
    nescio_text_write(b, plan->set_name);
    nescio_report_write(b, &plan->report);
    nescio_write_u64(b, plan->pool_ciphertexts);
    nescio_write_u32(b, plan->n_inputs);
    nescio_write_u32(b, plan->n_outputs);
    nescio_write_u32(b, plan->n_slots);
    nescio_write_u32(b, plan->n_steps);
    for (uint32_t i = 0; i < plan->n_inputs; i++)
        nescio_plan_input_write(b, &plan->inputs[i]);
    for (uint32_t i = 0; i < plan->n_outputs; i++)
        nescio_plan_output_write(b, &plan->outputs[i]);
    for (uint32_t i = 0; i < plan->n_slots; i++)
        slot_write(b, &plan->slots[i]);
    for (uint32_t i = 0; i < plan->n_steps; i++)
        step_write(b, &plan->steps[i]);
}

static void slot_read(nescio_cursor *r, nescio_plan_slot *s)
{
    s->count = nescio_read_u32(r);
    s->delta = nescio_read_u64(r);
    s->first = nescio_read_u64(r);
    s->variance = nescio_read_f64(r);
}

static bool step_read(nescio_cursor *r, nescio_arena *arena, nescio_step *s)
{
    const uint8_t kind = nescio_read_u8(r);
    bool factors;

    s->kind = (nescio_step_kind)kind;
    s->gate = nescio_read_u32(r);
    s->n_sources = nescio_read_u32(r);
    factors = nescio_read_u8(r) != 0;
    if (r->bad || kind > NESCIO_STEP_ANSWER || s->n_sources > nescio_cursor_left(r) / 4 ||
        (!factors && (kind == NESCIO_STEP_INPUT_LINEAR || kind == NESCIO_STEP_LINEAR)))
        return false;
    s->sources = nescio_arena_array(arena, s->n_sources, sizeof *s->sources);
    s->factor = factors ? nescio_arena_array(arena, s->n_sources, sizeof *s->factor) : NULL;
    if (!s->sources || (factors && !s->factor))
        return false;
    for (uint32_t i = 0; i < s->n_sources; i++) {
        s->sources[i] = nescio_read_u32(r);
        if (factors)
            s->factor[i] = (int32_t)nescio_read_u32(r);
    }
    s->target = nescio_read_u32(r);
    if (kind == NESCIO_STEP_TABLE) {
        s->table.phase_offset = nescio_read_u64(r);
        s->table.n_shared = nescio_read_u8(r);
        s->table.full_torus = nescio_read_u8(r) != 0;
        s->table.variance = nescio_read_f64(r);
        s->table.window = nescio_read_f64(r);
        s->table.log2_fail = nescio_read_f64(r);
    }
    return !r->bad;
}

static bool arrays_new(nescio_cursor *r, nescio_plan *plan)
{
    const size_t left = nescio_cursor_left(r);

    plan->n_inputs = nescio_read_u32(r);
    plan->n_outputs = nescio_read_u32(r);
    plan->n_slots = nescio_read_u32(r);
    plan->n_steps = nescio_read_u32(r);
    /* Each element takes at least 14 bytes, so hostile counts stay below the file's own size. */
    if (r->bad || plan->n_inputs > left / 14 || plan->n_outputs > left / 14 ||
        plan->n_slots > left / 14 || plan->n_steps > left / 14)
        return false;
    plan->inputs = nescio_arena_array(plan->arena, plan->n_inputs, sizeof *plan->inputs);
    plan->outputs = nescio_arena_array(plan->arena, plan->n_outputs, sizeof *plan->outputs);
    plan->slots = nescio_arena_array(plan->arena, plan->n_slots, sizeof *plan->slots);
    plan->steps = nescio_arena_array(plan->arena, plan->n_steps, sizeof *plan->steps);
    return plan->inputs && plan->outputs && plan->slots && plan->steps;
}

static bool body_read(nescio_cursor *r, nescio_plan *plan)
{
    const uint8_t scheme = nescio_read_u8(r);

    plan->scheme = NESCIO_SCHEME_TFHE;
    nescio_params_read(r, &plan->params);
    plan->set_name = nescio_text_read(r, plan->arena);
    nescio_report_read(r, &plan->report);
    plan->pool_ciphertexts = nescio_read_u64(r);
    if (r->bad || scheme != NESCIO_SCHEME_TFHE || !arrays_new(r, plan))
        return false;
    for (uint32_t i = 0; i < plan->n_inputs; i++)
        nescio_plan_input_read(r, plan->arena, &plan->inputs[i]);
    for (uint32_t i = 0; i < plan->n_outputs; i++)
        nescio_plan_output_read(r, plan->arena, &plan->outputs[i]);
    for (uint32_t i = 0; i < plan->n_slots; i++)
        slot_read(r, &plan->slots[i]);
    for (uint32_t i = 0; i < plan->n_steps; i++)
        if (!step_read(r, plan->arena, &plan->steps[i]))
            return false;
    return !r->bad && nescio_cursor_left(r) == 0;
}

nescio_status nescio_plan_read(nescio_ctx *ctx, const char *file, const nescio_entry *entry,
                               nescio_plan **out)
{
    nescio_cursor r = nescio_cursor_over(entry->data, entry->bytes);
    nescio_plan *plan = NULL;
    nescio_status st;

    *out = NULL;
    NESCIO_TRY(nescio_plan_new(ctx, &plan));
    if (body_read(&r, plan))
        st = nescio_blame_file(ctx, file, nescio_tfhe_params_check(ctx, &plan->params));
    else
        st = nescio_fail_malformed(ctx, plan->arena, file, "the plan", r.at);
    if (st != NESCIO_OK) {
        nescio_plan_free(plan);
        return st;
    }
    *out = plan;
    return NESCIO_OK;
}
