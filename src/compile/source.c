/* SPDX-License-Identifier: Apache-2.0
 * Reads what can be compiled, and makes the clear graphs of a bare circuit. */
#include "compile/compile_internal.h"

#include <string.h>

static bool ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

static nescio_status read_circuit(nescio_ctx *ctx, const char *path, nescio_circuit **out)
{
    nescio_file file = {0};
    nescio_status st;

    NESCIO_TRY(nescio_file_open(ctx, &file, path));
    st = nescio_circuit_parse(ctx, (const char *)file.data, file.bytes, out);
    nescio_file_close(&file);
    if (st == NESCIO_OK)
        st = nescio_circuit_ranges(ctx, *out);
    if (st == NESCIO_OK)
        st = nescio_circuit_verify(ctx, *out);
    return st;
}

nescio_status nescio_source_read(nescio_ctx *ctx, const char *path, const nescio_onnx_options *onnx,
                                 nescio_source *out)
{
    const bool is_circuit = ends_with(path, ".txt") || ends_with(path, ".circuit");
    nescio_status st;

    memset(out, 0, sizeof *out);
    if (is_circuit && onnx && onnx->n_dims)
        return nescio_fail(ctx, NESCIO_E_ARG, "%s is a circuit: it has no dim '%s'", path,
                           onnx->dims[0].name);
    if (is_circuit)
        st = read_circuit(ctx, path, &out->circuit);
    else
        st = nescio_onnx_read(ctx, path, onnx, &out->graph);
    if (st != NESCIO_OK)
        nescio_source_free(out);
    return st;
}

void nescio_source_free(nescio_source *source)
{
    nescio_graph_free(source->graph);
    nescio_circuit_free(source->circuit);
    memset(source, 0, sizeof *source);
}

/* One tensor of rows that passes through unchanged: in -> Identity -> out, shape [?, dims of the
 * wire]. */
static nescio_status pass_through(nescio_ctx *ctx, nescio_graph *g, const nescio_gate *gate)
{
    const nescio_wire *w = gate->output;
    nescio_shape shape = {.rank = w->rank + 1};
    nescio_value *in, *out;
    nescio_node *node;

    if (w->rank + 1 > NESCIO_RANK_MAX)
        return nescio_fail(ctx, NESCIO_E_UNSUPPORTED, "gate '%s': rank %d, at most %d are accepted",
                           gate->name, w->rank, NESCIO_RANK_MAX - 1);
    shape.dims[0] = NESCIO_DIM_UNKNOWN;
    shape.symbol[0] = "rows";
    memcpy(shape.dims + 1, w->dims, (size_t)w->rank * sizeof *w->dims);
    in = nescio_graph_value(g, gate->name, NESCIO_F32, &shape);
    out = nescio_graph_value(g, gate->name, NESCIO_F32, &shape);
    node = nescio_graph_node(g, NULL, NESCIO_OP_IDENTITY, gate->name, 1, 1);
    if (!in || !out || !node)
        return nescio_fail_nomem(ctx, sizeof *node);
    node->inputs[0] = in;
    nescio_node_set_output(node, 0, out);
    NESCIO_TRY(nescio_graph_add_input(g, in));
    return nescio_graph_add_output(g, out);
}

nescio_status nescio_clear_graph_for(nescio_ctx *ctx, const nescio_circuit *circuit, bool inputs,
                                     nescio_graph **out)
{
    const size_t n = inputs ? nescio_circuit_n_inputs(circuit) : nescio_circuit_n_outputs(circuit);
    nescio_graph *g = NULL;
    nescio_status st;

    *out = NULL;
    NESCIO_TRY(nescio_graph_new(ctx, NULL, inputs ? "head" : "tail", &g));
    st = NESCIO_OK;
    for (size_t i = 0; st == NESCIO_OK && i < n; i++)
        st = pass_through(
            ctx, g, inputs ? nescio_circuit_input(circuit, i) : nescio_circuit_output(circuit, i));
    if (st != NESCIO_OK) {
        nescio_graph_free(g);
        return st;
    }
    *out = g;
    return NESCIO_OK;
}
