/* SPDX-License-Identifier: Apache-2.0
 * The stages in order. */
#include "compile/compile_internal.h"

#include "lower/lower.h"
#include "passes/passes.h"
#include "refexec/refexec.h"

#include <stdlib.h>
#include <string.h>

/* Everything that a compilation makes on its way. */
typedef struct pipeline {
    const nescio_compile_settings *settings;
    nescio_ctx *ctx;
    nescio_graph_split split;
    nescio_circuit *circuit, *lowered;
    nescio_plan *plan;
    nescio_quant_report quant;
    nescio_buffer head, tail;
    nescio_status dump_status; /* first failure inside a dump hook */
    bool dumped;               /* some stage had the name asked for */
} pipeline;

static bool wants(pipeline *p, const char *stage)
{
    const char *after = p->settings->dump_after;
    const bool wanted =
        after && p->settings->dump && (strcmp(after, "all") == 0 || strcmp(after, stage) == 0);

    p->dumped |= wanted;
    return wanted && p->dump_status == NESCIO_OK;
}

static void dump_text(const pipeline *p, const char *stage, const nescio_buffer *text)
{
    p->settings->dump(stage, text->data ? (const char *)text->data : "", text->bytes,
                      p->settings->dump_user);
}

static void dump_graph(const char *stage, const nescio_graph *graph, void *user)
{
    pipeline *p = user;
    nescio_buffer text = {0};

    if (!wants(p, stage))
        return;
    p->dump_status = nescio_graph_print(p->ctx, graph, 16, &text);
    if (p->dump_status == NESCIO_OK)
        dump_text(p, stage, &text);
    nescio_buffer_free(&text);
}

static void dump_circuit(const char *stage, const nescio_circuit *circuit, void *user)
{
    pipeline *p = user;
    nescio_buffer text = {0};

    if (!wants(p, stage))
        return;
    p->dump_status = nescio_circuit_print(p->ctx, circuit, 16, &text);
    if (p->dump_status == NESCIO_OK)
        dump_text(p, stage, &text);
    nescio_buffer_free(&text);
}

static void dump_plan(pipeline *p)
{
    nescio_buffer text = {0};

    if (!wants(p, "plan"))
        return;
    p->dump_status = nescio_plan_print(p->ctx, p->plan, &text);
    if (p->dump_status == NESCIO_OK)
        dump_text(p, "plan", &text);
    nescio_buffer_free(&text);
}

/* Calibration rows through the head. Caller frees the tensors and the array. */
static nescio_status run_head(pipeline *p, const nescio_tensor *calibration, nescio_tensor **out)
{
    const nescio_graph *head = p->split.head;
    nescio_refexec *exec = NULL;
    nescio_status st;

    *out = calloc(head->n_outputs + 1, sizeof **out);
    if (!*out)
        return nescio_fail_nomem(p->ctx, head->n_outputs * sizeof **out);
    st = nescio_refexec_new_border(p->ctx, head, &exec);
    if (st == NESCIO_OK)
        st = nescio_refexec_run(p->ctx, exec, calibration, head->n_inputs, *out, head->n_outputs);
    nescio_refexec_free(exec);
    return st;
}

static nescio_status quantize(pipeline *p, const nescio_tensor *calibration)
{
    const size_t n = p->split.head->n_outputs;
    const nescio_tensor **views = calloc(n + 1, sizeof *views);
    nescio_tensor *rows = NULL;
    nescio_status st =
        views ? run_head(p, calibration, &rows) : nescio_fail_nomem(p->ctx, n * sizeof *views);

    for (size_t i = 0; st == NESCIO_OK && i < n; i++)
        views[i] = &rows[i];
    if (st == NESCIO_OK)
        st = nescio_quantize_graph(p->ctx, p->split.body, views, &p->settings->quant, &p->circuit,
                                   &p->quant);
    free(views);
    for (size_t i = 0; rows && i < n; i++)
        nescio_tensor_free(&rows[i]);
    free(rows);
    return st;
}

/* Graph to circuit. */
static nescio_status front_end(pipeline *p, nescio_graph *graph, const nescio_tensor *calibration)
{
    dump_graph("import", graph, p);
    NESCIO_TRY(nescio_passes_clean(p->ctx, graph, dump_graph, p));
    dump_graph("clean", graph, p);
    NESCIO_TRY(nescio_passes_split(p->ctx, graph, &p->split));
    NESCIO_TRY(nescio_passes_decompose(p->ctx, p->split.body));
    dump_graph("head", p->split.head, p);
    dump_graph("body", p->split.body, p);
    dump_graph("tail", p->split.tail, p);
    NESCIO_TRY(quantize(p, calibration));
    dump_circuit("quantize", p->circuit, p);
    return NESCIO_OK;
}

/* Share of calibration rows that leave some layer's window, layers taken as independent. */
static double range_rate(const nescio_quant_report *report)
{
    double inside = 1;

    for (size_t i = 0; i < report->n_layers; i++)
        inside *= 1 - report->layers[i].rows_out_of_range;
    return 1 - inside;
}

/* Circuit to package. `circuit` is p->circuit or the caller's. */
static nescio_status back_end(pipeline *p, const nescio_circuit *circuit, const char *path)
{
    nescio_lower_options lower = nescio_lower_options_default();
    nescio_package_source source = {.results = p->settings->results};
    nescio_params_options params = p->settings->params;

    lower.hook = dump_circuit;
    lower.user = p;
    NESCIO_TRY(nescio_lower(p->ctx, circuit, &lower, &p->lowered));
    params.range_rate = range_rate(&p->quant);
    NESCIO_TRY(nescio_params_plan(p->ctx, p->lowered, &params, &p->plan));
    dump_plan(p);
    NESCIO_TRY(p->dump_status);
    if (p->settings->dump_after && p->settings->dump && !p->dumped)
        return nescio_fail(p->ctx, NESCIO_E_ARG,
                           "no stage '%s' on the way of this model; \"all\" shows every one",
                           p->settings->dump_after);
    if (p->plan->report.approximate && source.results == NESCIO_RESULTS_SHARED)
        return nescio_fail(p->ctx, NESCIO_E_UNSUPPORTED,
                           "results may not be shared: approximate tables leave results that "
                           "depend on noise (IND-CPA "
                           "only); use --results private or --rounding exact");
    NESCIO_TRY(nescio_graph_print(p->ctx, p->split.head, 0, &p->head));
    NESCIO_TRY(nescio_graph_print(p->ctx, p->split.tail, 0, &p->tail));
    source.circuit = p->lowered;
    source.plan = p->plan;
    source.head = (const char *)p->head.data;
    source.head_bytes = p->head.bytes;
    source.tail = (const char *)p->tail.data;
    source.tail_bytes = p->tail.bytes;
    return nescio_package_write(p->ctx, &source, path);
}

static void pipeline_free(pipeline *p)
{
    nescio_graph_split_free(&p->split);
    nescio_circuit_free(p->circuit);
    nescio_plan_free(p->plan);
    nescio_circuit_free(p->lowered);
    nescio_quant_report_free(&p->quant);
    nescio_buffer_free(&p->head);
    nescio_buffer_free(&p->tail);
}

nescio_status nescio_compile_source(nescio_ctx *ctx, nescio_source *source,
                                    const nescio_tensor *calibration,
                                    const nescio_compile_settings *settings, const char *path)
{
    pipeline p = {.settings = settings, .ctx = ctx};
    nescio_status st;

    if (source->circuit) {
        st = nescio_clear_graph_for(ctx, source->circuit, true, &p.split.head);
        if (st == NESCIO_OK)
            st = nescio_clear_graph_for(ctx, source->circuit, false, &p.split.tail);
    } else if (!calibration) {
        st = nescio_fail(
            ctx, NESCIO_E_ARG,
            "compiling a model needs calibration rows: typical data for each of its inputs");
    } else {
        st = front_end(&p, source->graph, calibration);
    }
    if (st == NESCIO_OK)
        st = back_end(&p, source->circuit ? source->circuit : p.circuit, path);
    pipeline_free(&p);
    return st;
}
