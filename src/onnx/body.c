/* SPDX-License-Identifier: Apache-2.0
 * Graphs inside nodes: bodies of If, Loop, Scan as subgraphs, or a branch read in place. */
#include "onnx/import_internal.h"

static nescio_slice text_slice(const char *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return (nescio_slice){(const uint8_t *)text, n};
}

/* The inputs of a body: types as declared, element types rather from what is passed. */
static nescio_status add_inputs(nescio_importer *im, nescio_scope *s, const nescio_onnx_graph *g,
                                nescio_value *const *types)
{
    for (size_t i = 0; i < g->n_inputs; i++) {
        const nescio_onnx_info *const info = &g->inputs[i];
        nescio_dtype dtype;
        nescio_shape shape;
        nescio_value *value;
        const char *name;
        bool taken;

        NESCIO_TRY(nescio_importer_type(im, info, &dtype, &shape));
        if (types && types[i] && types[i]->dtype != NESCIO_DTYPE_NONE)
            dtype = types[i]->dtype;
        name = nescio_arena_strndup(im->scratch, (const char *)info->name.at, info->name.bytes);
        value = name ? nescio_graph_value(s->graph, name, dtype, &shape) : NULL;
        if (!value || nescio_graph_add_input(s->graph, value) != NESCIO_OK)
            return nescio_fail_nomem(im->ctx, sizeof *value);
        NESCIO_TRY(nescio_scope_bind(im, s, info->name, value, &taken));
        if (taken)
            return nescio_fail(im->ctx, NESCIO_E_FORMAT, "a body has two inputs '%.*s'",
                               NESCIO_SLICE_ARGS(info->name));
    }
    return NESCIO_OK;
}

static nescio_status import_body(nescio_importer *im, nescio_scope *s, const nescio_onnx_graph *g,
                                 nescio_value *const *types)
{
    NESCIO_TRY(add_inputs(im, s, g, types));
    NESCIO_TRY(nescio_importer_initializers(im, s, g));
    NESCIO_TRY(nescio_importer_nodes(im, s, g->nodes, g->n_nodes));
    for (size_t i = 0; i < g->n_outputs; i++) {
        nescio_value *value;

        NESCIO_TRY(nescio_scope_find(im, s, g->outputs[i].name, &value, NULL));
        if (!value)
            return nescio_fail(im->ctx, NESCIO_E_FORMAT, "a body does not make its output '%.*s'",
                               NESCIO_SLICE_ARGS(g->outputs[i].name));
        if (nescio_graph_add_output(s->graph, value) != NESCIO_OK)
            return nescio_fail_nomem(im->ctx, sizeof(nescio_value *));
    }
    return NESCIO_OK;
}

nescio_graph *nescio_adapt_body(nescio_adapt *a, const nescio_onnx_graph *g,
                                nescio_value *const *types)
{
    nescio_scope inner = {.parent = a->scope,
                          .opsets = a->scope->opsets,
                          .n_opsets = a->scope->n_opsets,
                          .depth = a->scope->depth + 1};
    const char *name;

    if (a->st != NESCIO_OK)
        return NULL;
    if (a->scope->depth >= 48) {
        nescio_adapt_fail(a, "bodies nested deeper than 48");
        return NULL;
    }
    name = nescio_adapt_text(a, g->name.bytes ? g->name : text_slice("body"));
    if (a->st == NESCIO_OK)
        a->st = nescio_graph_new(a->ctx, a->scope->graph, name, &inner.graph);
    if (a->st == NESCIO_OK)
        a->st = import_body(a->im, &inner, g, types);
    return a->st == NESCIO_OK ? inner.graph : NULL;
}

void nescio_adapt_splice(nescio_adapt *a, const nescio_onnx_graph *g)
{
    nescio_scope inner = {.parent = a->scope,
                          .graph = a->scope->graph,
                          .opsets = a->scope->opsets,
                          .n_opsets = a->scope->n_opsets,
                          .caller = a->scope,
                          .actual_outputs = a->node->outputs,
                          .depth = a->scope->depth + 1};
    nescio_slice *formal;

    if (a->st != NESCIO_OK)
        return;
    if (g->n_inputs != 0 || g->n_outputs != a->n_out || a->scope->depth >= 48) {
        nescio_adapt_fail(a, "a branch with %zu inputs and %zu outputs", g->n_inputs, g->n_outputs);
        return;
    }
    formal = nescio_arena_array(a->im->scratch, g->n_outputs, sizeof *formal);
    if (!formal) {
        a->st = nescio_fail_nomem(a->ctx, sizeof *formal);
        return;
    }
    for (size_t i = 0; i < g->n_outputs; i++)
        formal[i] = g->outputs[i].name;
    inner.formal_outputs = formal;
    inner.n_outputs = g->n_outputs;
    a->st = nescio_importer_initializers(a->im, &inner, g);
    if (a->st == NESCIO_OK)
        a->st = nescio_importer_nodes(a->im, &inner, g->nodes, g->n_nodes);
    for (size_t i = 0; i < g->n_outputs && a->st == NESCIO_OK; i++) {
        nescio_value *value;

        a->st = nescio_scope_find(a->im, &inner, formal[i], &value, NULL);
        if (a->st == NESCIO_OK && !value)
            nescio_adapt_fail(a, "a branch does not make its output '%.*s'",
                              NESCIO_SLICE_ARGS(formal[i]));
        /* A value from outside the branch, or a constant, gets the output's name by an Identity. */
        if (a->st == NESCIO_OK && nescio_adapt_wants(a, i) &&
            (!value->producer || value->producer->graph != a->scope->graph ||
             !nescio_scope_has(&inner, formal[i])))
            value = nescio_adapt_emit(a, NESCIO_OP_IDENTITY, (int)i, 1, value);
        a->out[i] = value;
    }
}
