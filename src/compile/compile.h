/* SPDX-License-Identifier: Apache-2.0
 * The pipeline: a model file in, a package out.
 *
 * In: ONNX bytes or circuit text, calibration rows. Out: model.nescio. read -> clean -> split ->
 * quantize -> lower -> plan -> package; each stage is one call of its room, in the order that
 * compile.c lists, and each can be dumped as text. Same inputs and version, same bytes. Must not
 * know: keys.
 */
#ifndef NESCIO_COMPILE_COMPILE_H
#define NESCIO_COMPILE_COMPILE_H
#include "format/package.h"
#include "graph/graph.h"
#include "onnx/onnx.h"
#include "params/params.h"
#include "quant/quant.h"

/** Told of a stage as text: graphs after passes, circuits after lowerings, the plan. */
typedef void (*nescio_dump_fn)(const char *stage, const char *text, size_t bytes, void *user);

/** What to compile and how. Borrowed throughout. */
typedef struct nescio_compile_settings {
    nescio_quant_options quant;
    nescio_params_options params;
    nescio_results results;
    const char *dump_after; /**< stage or pass to dump; "all"; NULL: none */
    nescio_dump_fn dump;
    void *dump_user;
} nescio_compile_settings;

/** Names of the model's inputs, in order, for callers that match arrays to them. Free with
 * nescio_source_free. */
typedef struct nescio_source {
    nescio_graph *graph;     /**< of an ONNX model, as read; or NULL */
    nescio_circuit *circuit; /**< of circuit text; or NULL */
} nescio_source;

/** Reads a model: ONNX, or circuit text when its name ends in ".txt" or ".circuit". `onnx`
 * may be NULL; a circuit has no dims to bind. */
NESCIO_MUST_CHECK nescio_status nescio_source_read(nescio_ctx *ctx, const char *path,
                                                   const nescio_onnx_options *onnx,
                                                   nescio_source *out);
void nescio_source_free(nescio_source *source);

/** Compiles and writes `path`. calibration: one tensor for each input of the graph, rows on axis 0;
 * NULL for circuits. */
NESCIO_MUST_CHECK nescio_status nescio_compile_source(nescio_ctx *ctx, nescio_source *source,
                                                      const nescio_tensor *calibration,
                                                      const nescio_compile_settings *settings,
                                                      const char *path);
#endif /* NESCIO_COMPILE_COMPILE_H */
