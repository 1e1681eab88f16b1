/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/model.h: run and compile. */
#include "api/import_dims.h"

#include "api_client/arrays.h"
#include "compile/compile.h"
#include "passes/passes.h"
#include "refexec/refexec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The list's arrays in the order of a graph's inputs, as borrowed tensors in a new array. */
static nescio_status match_graph(nescio_ctx *ctx, const nescio_graph *graph,
                                 const nescio_arrays *inputs, nescio_tensor **out)
{
    const char **names = calloc(graph->n_inputs + 1, sizeof *names);
    nescio_status st;

    *out = calloc(graph->n_inputs + 1, sizeof **out);
    for (size_t i = 0; names && i < graph->n_inputs; i++)
        names[i] = graph->inputs[i]->name;
    st = names && *out ? nescio_arrays_match(ctx, inputs, names, graph->n_inputs, *out)
                       : nescio_fail_nomem(ctx, graph->n_inputs * sizeof **out);
    free(names);
    return st;
}

static nescio_status run_once(nescio_ctx *ctx, const nescio_graph *graph,
                              const nescio_tensor *inputs, nescio_tensor *outputs)
{
    nescio_refexec *exec = NULL;
    nescio_status st = nescio_refexec_new(ctx, graph, &exec);

    if (st == NESCIO_OK)
        st = nescio_refexec_run(ctx, exec, inputs, graph->n_inputs, outputs, graph->n_outputs);
    nescio_refexec_free(exec);
    return st;
}

/* Runs the model as it is. One that refuses these shapes and has a batch of one baked in is run
 * once more with its batch freed; the message stays that of the first run unless this one works. */
static nescio_status run_rows(nescio_ctx *ctx, nescio_graph *graph, const nescio_tensor *inputs,
                              nescio_tensor *outputs)
{
    const nescio_status st = run_once(ctx, graph, inputs, outputs);
    char message[1024];
    bool freed = false;

    if (st != NESCIO_E_MISMATCH && st != NESCIO_E_FORMAT)
        return st;
    snprintf(message, sizeof message, "%s", nescio_ctx_message(ctx));
    if (nescio_passes_free_batch(ctx, graph, &freed) == NESCIO_OK && freed &&
        run_once(ctx, graph, inputs, outputs) == NESCIO_OK)
        return NESCIO_OK;
    return nescio_fail(ctx, st, "%s", message);
}

/* Runs a read graph on matched inputs into a new list. */
static nescio_status run_graph(nescio_ctx *ctx, nescio_graph *graph, const nescio_tensor *inputs,
                               nescio_arrays **outputs)
{
    nescio_tensor *tensors = calloc(graph->n_outputs + 1, sizeof *tensors);
    nescio_status st =
        tensors ? NESCIO_OK : nescio_fail_nomem(ctx, graph->n_outputs * sizeof *tensors);

    if (st == NESCIO_OK)
        st = run_rows(ctx, graph, inputs, tensors);
    if (st == NESCIO_OK)
        st = nescio_arrays_new(ctx, outputs);
    for (size_t i = 0; st == NESCIO_OK && i < graph->n_outputs; i++)
        st = nescio_arrays_take(ctx, *outputs, graph->outputs[i]->name, &tensors[i]);
    for (size_t i = 0; tensors && i < graph->n_outputs; i++)
        nescio_tensor_free(&tensors[i]);
    free(tensors);
    if (st != NESCIO_OK) {
        nescio_arrays_free(*outputs);
        *outputs = NULL;
    }
    return st;
}

nescio_status nescio_run(nescio_ctx *ctx, const char *onnx_path, const nescio_import_options *onnx,
                         const nescio_arrays *inputs, nescio_arrays **outputs)
{
    nescio_graph *graph = NULL;
    nescio_tensor *tensors = NULL;
    nescio_status st;

    *outputs = NULL;
    NESCIO_TRY(nescio_import_read(ctx, onnx_path, onnx, &graph));
    st = match_graph(ctx, graph, inputs, &tensors);
    if (st == NESCIO_OK)
        st = run_graph(ctx, graph, tensors, outputs);
    free(tensors);
    nescio_graph_free(graph);
    return st;
}

void nescio_compile_options_default(nescio_compile_options *o)
{
    const nescio_quant_options quant = nescio_quant_options_default();

    memset(o, 0, sizeof *o);
    o->input_bits = (unsigned)quant.input_bits;
    o->weight_bits = (unsigned)quant.weight_bits;
    o->margin = quant.margin;
}

static nescio_status settings_from(nescio_ctx *ctx, const nescio_compile_options *o,
                                   nescio_compile_settings *s)
{
    uint32_t variant;

    memset(s, 0, sizeof *s);
    s->quant = nescio_quant_options_default();
    s->quant.input_bits = (int)o->input_bits;
    s->quant.weight_bits = (int)o->weight_bits;
    s->quant.margin = o->margin;
    s->quant.rounding = (nescio_rounding)o->rounding;
    s->params.log2_p_fail = o->log2_p_fail;
    if (o->log2_p_fail > 0)
        return nescio_fail(ctx, NESCIO_E_ARG, "failure probability 2^%g is above 1",
                           o->log2_p_fail);
    if (o->variant) {
        if (!nescio_pbs_variant_find(o->variant, &variant))
            return nescio_fail(ctx, NESCIO_E_ARG,
                               "variant '%s': classical, unrolled2, block2, block3, block4 and "
                               "block8 are accepted",
                               o->variant);
        s->params.variants = 1u << variant;
    }
    s->results = o->shared_results ? NESCIO_RESULTS_SHARED : NESCIO_RESULTS_PRIVATE;
    s->dump_after = o->dump_after;
    s->dump = o->dump;
    s->dump_user = o->dump_user;
    return NESCIO_OK;
}

nescio_status nescio_compile(nescio_ctx *ctx, const char *model_path,
                             const nescio_arrays *calibration,
                             const nescio_compile_options *options, const char *out_path)
{
    nescio_compile_settings settings;
    nescio_import_dims dims;
    nescio_source source;
    nescio_tensor *rows = NULL;
    nescio_status st;

    NESCIO_TRY(settings_from(ctx, options, &settings));
    st = nescio_import_dims_init(ctx, options->onnx, &dims);
    if (st == NESCIO_OK)
        st = nescio_source_read(ctx, model_path, &dims.options, &source);
    nescio_import_dims_free(&dims);
    NESCIO_TRY(st);
    st = calibration && source.graph ? match_graph(ctx, source.graph, calibration, &rows)
                                     : NESCIO_OK;
    if (st == NESCIO_OK)
        st = nescio_compile_source(ctx, &source, rows, &settings, out_path);
    free(rows);
    nescio_source_free(&source);
    return st;
}
