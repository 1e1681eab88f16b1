/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/model.h: convert. */
#include "api/import_dims.h"

#include "passes/passes.h"

#include <string.h>

void nescio_convert_options_default(nescio_convert_options *options)
{
    memset(options, 0, sizeof *options);
}

nescio_status nescio_convert(nescio_ctx *ctx, const char *onnx_path,
                             const nescio_convert_options *options, const char *out_path)
{
    nescio_graph *graph = NULL;
    nescio_status st;

    NESCIO_TRY(nescio_import_read(ctx, onnx_path, options->onnx, &graph));
    st = nescio_passes_clean(ctx, graph, NULL, NULL);
    if (st == NESCIO_OK && options->trees_as_tensors)
        st = nescio_passes_trees_to_tensors(ctx, graph);
    if (st == NESCIO_OK)
        st = nescio_onnx_write(ctx, graph, out_path);
    nescio_graph_free(graph);
    return st;
}
