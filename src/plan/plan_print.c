/* SPDX-License-Identifier: Apache-2.0
 * A plan as text: one line a step, for people. Not read back. */
#include "plan/plan.h"

#include <inttypes.h>
#include <math.h>

static const char *const kind_names[] = {
    [NESCIO_STEP_INPUT_LINEAR] = "input_linear",
    [NESCIO_STEP_INPUT_EXTRACT] = "input_extract",
    [NESCIO_STEP_LINEAR] = "linear",
    [NESCIO_STEP_GATHER] = "gather",
    [NESCIO_STEP_TABLE] = "table",
    [NESCIO_STEP_ANSWER] = "answer",
};

/** log2 of an integer's phase as a fraction of the turn. */
static double log2_turn(uint64_t delta)
{
    return log2((double)delta) - 64;
}

static void print_head(const nescio_plan *plan, nescio_buffer *out)
{
    const nescio_tfhe_params *p = &plan->params;
    const nescio_plan_report *r = &plan->report;
    const char *variant = nescio_pbs_variant_name(p->variant);

    nescio_write_text(out,
                      "plan %s, set %s: n=%" PRIu32 " k=%" PRIu32 " N=%" PRIu32 " l=%" PRIu32
                      " base 2^%" PRIu32 " %s, key switch %" PRIu32 " x 2^%" PRIu32
                      " mod 2^%" PRIu32 ", %.1f bits\n",
                      nescio_scheme_name(plan->scheme), plan->set_name, p->lwe_dim, p->glwe_dim,
                      p->poly_size, p->pbs_levels, p->pbs_base_log, variant ? variant : "?",
                      p->ks_levels, p->ks_base_log, p->ks_modulus_log, r->security_bits);
    nescio_write_text(out,
                      "%" PRIu64 " bootstrappings, %s, log2 p_fail %.1f, pool %" PRIu64
                      " ciphertexts, key %.1f MB, up %.1f KB, down %.1f KB\n",
                      r->n_pbs, r->approximate ? "approximate" : "exact", r->log2_p_fail,
                      plan->pool_ciphertexts, (double)r->evaluation_key_bytes / 1048576.0,
                      (double)r->upload_bytes / 1024.0, (double)r->download_bytes / 1024.0);
}

static void print_borders(const nescio_plan *plan, nescio_buffer *out)
{
    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        const nescio_plan_input *in = &plan->inputs[i];

        nescio_write_text(out,
                          "input %" PRIu32 " '%s': %" PRIu32 " elements in %" PRIu32
                          " GLWE, %" PRIu32 " bits a body, delta 2^%.2f\n",
                          i, in->name, in->count, in->n_packed, in->body_log, log2_turn(in->delta));
    }
    for (uint32_t i = 0; i < plan->n_outputs; i++) {
        const nescio_plan_output *o = &plan->outputs[i];

        nescio_write_text(out,
                          "output %" PRIu32 " '%s': %" PRIu32 " numbers in %" PRIu32
                          " answers, %" PRIu32 " bits a word, range %" PRId64 " to %" PRId64
                          ", delta 2^%.2f, std %.3g\n",
                          i, o->name, o->count, o->n_answers, o->answer_log, o->lo, o->hi,
                          log2_turn(o->delta), o->std);
    }
}

static void print_sources(const nescio_step *step, nescio_buffer *out)
{
    const bool from_input =
        step->kind == NESCIO_STEP_INPUT_LINEAR || step->kind == NESCIO_STEP_INPUT_EXTRACT;

    for (uint32_t t = 0; t < step->n_sources; t++) {
        nescio_write_text(out, "%s%s%" PRIu32, t ? ", " : "", from_input ? "input " : "s",
                          step->sources[t]);
        if (step->factor && step->factor[t] != 1)
            nescio_write_text(out, " x %" PRId32, step->factor[t]);
    }
}

static void print_step(const nescio_plan *plan, uint32_t i, nescio_buffer *out)
{
    const nescio_step *step = &plan->steps[i];
    const nescio_plan_slot *slot;

    nescio_write_text(out, "%4" PRIu32 " %-13s gate %-4" PRIu32 " ", i, kind_names[step->kind],
                      step->gate);
    print_sources(step, out);
    if (step->kind == NESCIO_STEP_ANSWER) {
        nescio_write_text(out, " -> output %" PRIu32 "\n", step->target);
        return;
    }
    slot = &plan->slots[step->target];
    nescio_write_text(out, " -> s%" PRIu32 " [%" PRIu32 " at %" PRIu64 "] delta 2^%.2f std 2^%.2f",
                      step->target, slot->count, slot->first, log2_turn(slot->delta),
                      slot->variance > 0 ? log2(slot->variance) / 2 : -64.0);
    if (step->kind == NESCIO_STEP_TABLE)
        nescio_write_text(out,
                          "; %s torus, window %.3f, switched std 2^%.2f, resolution %.0f, "
                          "log2 fail %.1f",
                          step->table.full_torus ? "full" : "half", step->table.window,
                          log2(step->table.variance) / 2,
                          step->table.window / sqrt(step->table.variance), step->table.log2_fail);
    if (step->kind == NESCIO_STEP_TABLE && step->table.n_shared != 1)
        nescio_write_text(out, "; one of %" PRIu32 " tables of %s",
                          nescio_plan_shared_tables(plan, i),
                          step->table.n_shared ? "this rotation" : "the rotation above");
    nescio_write_text(out, "\n");
}

nescio_status nescio_plan_print(nescio_ctx *ctx, const nescio_plan *plan, nescio_buffer *out)
{
    print_head(plan, out);
    print_borders(plan, out);
    for (uint32_t i = 0; i < plan->n_steps; i++)
        print_step(plan, i, out);
    return out->bad ? nescio_fail_nomem(ctx, out->bytes) : NESCIO_OK;
}
