/* SPDX-License-Identifier: Apache-2.0
 * Circuits and plans as pictures. */
#include "view/view_picture_internal.h"

#include <math.h>
#include <stdlib.h>

static nescio_box_kind kind_of_gate(const nescio_gate *g)
{
    switch (g->op) {
    case NESCIO_GATE_INPUT:
    case NESCIO_GATE_OUTPUT: return NESCIO_BOX_BORDER;
    case NESCIO_GATE_GATHER:
    case NESCIO_GATE_CONCAT: return NESCIO_BOX_MOVE;
    case NESCIO_GATE_LINEAR: return NESCIO_BOX_LINEAR;
    case NESCIO_GATE_CONSTANT: return NESCIO_BOX_PLAIN;
    default: return NESCIO_BOX_TABLE;
    }
}

/* Weights that are not 0, biases, entries: what the gate holds. */
static uint64_t count_weights(const nescio_int_matrix *m)
{
    uint64_t n = 0;

    if (!m->dense)
        return m->row_start[m->n_rows];
    for (size_t i = 0; i < (size_t)m->n_rows * m->n_columns; i++)
        n += m->dense[i] != 0;
    return n;
}

static void describe_gate(nescio_picture *p, nescio_box *box, const nescio_gate *g)
{
    switch (g->op) {
    case NESCIO_GATE_LINEAR:
        for (uint32_t i = 0; i < g->n_inputs; i++) {
            const nescio_int_matrix *const m = &g->linear.matrix[i];
            const uint64_t n = count_weights(m);

            box->parameters += n;
            box->bytes += n * sizeof(int32_t);
            nescio_box_line(box, nescio_picture_text(p, "%u x %u, %llu weights", m->n_rows,
                                                     m->n_columns, (unsigned long long)n));
        }
        break;
    case NESCIO_GATE_TABLE:
        box->parameters = (uint64_t)g->table.n_tables * g->table.n_entries;
        box->bytes = box->parameters * sizeof(int64_t);
        nescio_box_line(
            box, nescio_picture_text(p, "%u tables of %u", g->table.n_tables, g->table.n_entries));
        nescio_box_line(box,
                        nescio_picture_text(p, "%s%s", g->table.exact ? "exact" : "approximate",
                                            g->table.saturating ? ", saturating" : ""));
        break;
    case NESCIO_GATE_TREES:
        nescio_box_line(box, nescio_picture_text(p, "%u trees", g->trees.n_trees));
        break;
    case NESCIO_GATE_INPUT:
    case NESCIO_GATE_OUTPUT:
        nescio_box_line(box, nescio_picture_text(p, "scale %.4g%s", g->quantizer.scale[0],
                                                 g->quantizer.n > 1 ? " ..." : ""));
        break;
    default: break;
    }
}

/* "[128] 9 bits". */
static const char *label_of(nescio_picture *p, const nescio_wire *w)
{
    return nescio_picture_text(p, "[%zu] %d bits", w->count, nescio_view_bits(w->lo, w->hi));
}

nescio_status nescio_picture_of_circuit(nescio_ctx *ctx, const nescio_circuit *circuit,
                                        nescio_picture **out)
{
    nescio_picture *const p = nescio_picture_new();
    uint32_t *const at = calloc(circuit->n_wires + 1, sizeof *at);
    uint64_t lookups = 0;

    *out = NULL;
    if (!p || !at) {
        nescio_picture_free(p);
        free(at);
        return nescio_fail_nomem(ctx, circuit->n_wires * sizeof *at);
    }
    p->title = "circuit";
    for (size_t i = 0; i < circuit->n_gates; i++) {
        const nescio_gate *const g = circuit->gates[i];
        nescio_box *const box =
            nescio_picture_box(p, kind_of_gate(g), nescio_gate_op_name(g->op), g->name);

        describe_gate(p, box, g);
        box->result = nescio_picture_text(p, "[%zu] %d bits, %lld ... %lld", g->output->count,
                                          nescio_view_bits(g->output->lo, g->output->hi),
                                          (long long)g->output->lo, (long long)g->output->hi);
        at[g->output->id] = (uint32_t)i;
        lookups += g->op == NESCIO_GATE_TABLE ? g->output->count : 0;
        for (uint32_t k = 0; k < g->n_inputs; k++)
            nescio_picture_edge(p, at[g->inputs[k]->id], (uint32_t)i, g->inputs[k]->id,
                                label_of(p, g->inputs[k]));
    }
    free(at);
    nescio_picture_fact(p, "gates", nescio_picture_text(p, "%zu", circuit->n_gates));
    nescio_picture_fact(p, "look-ups a row",
                        nescio_picture_text(p, "%llu", (unsigned long long)lookups));
    return nescio_picture_finish(ctx, p, out);
}

static void add_plan_facts(nescio_picture *p, const nescio_plan *plan)
{
    const nescio_plan_report *const r = &plan->report;
    const nescio_tfhe_params *const t = &plan->params;

    nescio_picture_fact(p, "scheme", nescio_scheme_name(plan->scheme));
    nescio_picture_fact(p, "parameters",
                        nescio_picture_text(p, "%s: n=%u k=%u N=%u, %s", plan->set_name, t->lwe_dim,
                                            t->glwe_dim, t->poly_size,
                                            nescio_pbs_variant_name(t->variant)));
    nescio_picture_fact(p, "security", nescio_picture_text(p, "%.1f bits", r->security_bits));
    nescio_picture_fact(p, "bootstrappings a row",
                        nescio_picture_text(p, "%llu", (unsigned long long)r->n_pbs));
    nescio_picture_fact(p, "failure of a row", nescio_picture_text(p, "2^%.1f", r->log2_p_fail));
    nescio_picture_fact(
        p, "evaluation key",
        nescio_picture_text(p, "%.1f MB", (double)r->evaluation_key_bytes / 1048576));
    nescio_picture_fact(p, "upload a row",
                        nescio_picture_text(p, "%.1f KB", (double)r->upload_bytes / 1024));
    nescio_picture_fact(p, "download a row",
                        nescio_picture_text(p, "%.1f KB", (double)r->download_bytes / 1024));
}

static nescio_box_kind kind_of_step(nescio_step_kind kind)
{
    switch (kind) {
    case NESCIO_STEP_TABLE: return NESCIO_BOX_TABLE;
    case NESCIO_STEP_ANSWER: return NESCIO_BOX_BORDER;
    case NESCIO_STEP_GATHER:
    case NESCIO_STEP_INPUT_EXTRACT: return NESCIO_BOX_MOVE;
    default: return NESCIO_BOX_LINEAR;
    }
}

static const char *step_title(nescio_step_kind kind)
{
    static const char *const titles[] = {
        [NESCIO_STEP_INPUT_LINEAR] = "linear on packed input",
        [NESCIO_STEP_INPUT_EXTRACT] = "extract from packed input",
        [NESCIO_STEP_LINEAR] = "linear",
        [NESCIO_STEP_GATHER] = "gather",
        [NESCIO_STEP_TABLE] = "key switch, blind rotation",
        [NESCIO_STEP_ANSWER] = "answer",
    };

    return titles[kind];
}

/* The step's box, with what its ciphertexts look like. */
static void describe_step(nescio_picture *p, const nescio_plan *plan, const nescio_step *s,
                          nescio_box *box)
{
    if (s->kind == NESCIO_STEP_ANSWER) {
        const nescio_plan_output *const o = &plan->outputs[s->target];

        box->result = nescio_picture_text(p, "%u numbers in %u answers, %u bits a word", o->count,
                                          o->n_answers, o->answer_log);
        nescio_box_line(
            box, nescio_picture_text(p, "%u numbers, %u bits a word", o->count, o->answer_log));
        nescio_box_line(box, nescio_picture_text(p, "noise %.3g of one", o->std));
        return;
    }
    box->result = nescio_picture_text(p, "%u ciphertexts, noise 2^%.1f of a turn",
                                      plan->slots[s->target].count,
                                      .5 * log2(plan->slots[s->target].variance));
    if (s->kind == NESCIO_STEP_TABLE) {
        nescio_box_line(box, s->table.full_torus ? "full torus" : "half torus");
        if (s->table.variance > 0)
            nescio_box_line(box, nescio_picture_text(p, "window is %.1f noises wide",
                                                     s->table.window / sqrt(s->table.variance)));
    }
}

static void add_step(nescio_picture *p, const nescio_plan *plan, const nescio_circuit *circuit,
                     const nescio_step *s, uint32_t *at)
{
    const bool from_input =
        s->kind == NESCIO_STEP_INPUT_LINEAR || s->kind == NESCIO_STEP_INPUT_EXTRACT;
    nescio_box *const box = nescio_picture_box(p, kind_of_step(s->kind), step_title(s->kind),
                                               circuit->gates[s->gate]->name);
    const uint32_t me = p->n_boxes ? p->n_boxes - 1 : 0;

    describe_step(p, plan, s, box);
    for (uint32_t k = 0; k < s->n_sources; k++) {
        const uint32_t source = s->sources[k];
        const uint32_t net = from_input ? source : plan->n_inputs + source;
        const char *const label =
            from_input ? nescio_picture_text(p, "%u packed", plan->inputs[source].n_packed)
                       : nescio_picture_text(p, "[%u] delta 2^%.1f", plan->slots[source].count,
                                             log2((double)plan->slots[source].delta) - 64);

        nescio_picture_edge(p, at[net], me, net, label);
    }
    if (s->kind != NESCIO_STEP_ANSWER)
        at[plan->n_inputs + s->target] = me;
}

nescio_status nescio_picture_of_plan(nescio_ctx *ctx, const nescio_plan *plan,
                                     const nescio_circuit *circuit, nescio_picture **out)
{
    nescio_picture *const p = nescio_picture_new();
    uint32_t *const at = calloc((size_t)plan->n_inputs + plan->n_slots + 1, sizeof *at);

    *out = NULL;
    if (!p || !at) {
        nescio_picture_free(p);
        free(at);
        return nescio_fail_nomem(ctx, plan->n_slots * sizeof *at);
    }
    p->title = "plan";
    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        const nescio_plan_input *const in = &plan->inputs[i];
        nescio_box *const box = nescio_picture_box(p, NESCIO_BOX_BORDER, "packed input", in->name);

        box->result = nescio_picture_text(p, "%u numbers in %u GLWE, %u bits a coefficient",
                                          in->count, in->n_packed, in->body_log);
        nescio_box_line(box,
                        nescio_picture_text(p, "%u numbers, %u bits", in->count, in->body_log));
        at[i] = i;
    }
    for (uint32_t i = 0; i < plan->n_steps; i++)
        add_step(p, plan, circuit, &plan->steps[i], at);
    free(at);
    add_plan_facts(p, plan);
    return nescio_picture_finish(ctx, p, out);
}
