/* SPDX-License-Identifier: Apache-2.0
 * A model file to a graph: the frame around message.c and import.c. */
#include "onnx/foreign.h"
#include "onnx/import_internal.h"

#include <stdlib.h>
#include <string.h>

#define OPSET_NEWEST    27
#define OPSET_ML_NEWEST 5
#define IR_NEWEST       13
#define MEMORY_FACTOR                                                                              \
    ((size_t)8) /* for each of the two arenas: 16 x file size + 64 MB together                     \
                 */
#define MEMORY_BASE ((size_t)32 << 20)
#define VISITS_BASE ((uint64_t)1 << 20)

static bool domain_is_ml(nescio_slice domain)
{
    return nescio_slice_is(domain, "ai.onnx.ml");
}

static nescio_status check_opsets(nescio_ctx *ctx, const nescio_onnx_opset *opsets, size_t n_opsets)
{
    for (size_t i = 0; i < n_opsets; i++) {
        const nescio_onnx_opset *const o = &opsets[i];
        const bool standard = o->domain.bytes == 0 || nescio_slice_is(o->domain, "ai.onnx");
        const int64_t newest = standard                  ? OPSET_NEWEST
                               : domain_is_ml(o->domain) ? OPSET_ML_NEWEST
                                                         : INT32_MAX;

        if (o->version < 1 || o->version > newest)
            return nescio_fail(ctx, NESCIO_E_UNSUPPORTED,
                               "imports %s%.*s opset %lld; 1 to %lld are known",
                               standard ? "ai.onnx" : "",
                               (int)(standard                ? 0
                                     : o->domain.bytes < 200 ? o->domain.bytes
                                                             : 200),
                               o->domain.at ? (const char *)o->domain.at : "",
                               (long long)o->version, (long long)newest);
    }
    return NESCIO_OK;
}

static nescio_status check_model(nescio_ctx *ctx, const nescio_onnx_model *m)
{
    if (!m->graph)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "has no graph: not an ONNX model");
    if (m->ir_version < 1 || m->ir_version > IR_NEWEST)
        return nescio_fail(ctx, m->ir_version > IR_NEWEST ? NESCIO_E_UNSUPPORTED : NESCIO_E_FORMAT,
                           "is of IR version %lld; 1 to %d are known", (long long)m->ir_version,
                           IR_NEWEST);
    NESCIO_TRY(check_opsets(ctx, m->opsets, m->n_opsets));
    for (size_t i = 0; i < m->n_functions; i++)
        NESCIO_TRY(check_opsets(ctx, m->functions[i].opsets, m->functions[i].n_opsets));
    return NESCIO_OK;
}

static nescio_status add_input(nescio_importer *im, nescio_scope *s, const nescio_onnx_info *info)
{
    nescio_dtype dtype;
    nescio_shape shape;
    nescio_value *value;
    const char *name;
    bool taken;

    if (info->kind == NESCIO_ONNX_TYPE_OTHER)
        return nescio_fail(im->ctx, NESCIO_E_UNSUPPORTED,
                           "input '%.*s' is a sequence, an optional or a sparse tensor; only "
                           "tensors are supported",
                           NESCIO_SLICE_ARGS(info->name));
    if (info->name.bytes == 0)
        return nescio_fail(im->ctx, NESCIO_E_FORMAT, "an input has no name");
    NESCIO_TRY(nescio_importer_type(im, info, &dtype, &shape));
    if (info->kind == NESCIO_ONNX_TYPE_TENSOR && dtype == NESCIO_DTYPE_NONE)
        return nescio_fail(im->ctx, NESCIO_E_UNSUPPORTED,
                           "input '%.*s' holds %s, which is not supported",
                           NESCIO_SLICE_ARGS(info->name), nescio_onnx_dtype_name(info->dtype));
    name = nescio_arena_strndup(im->scratch, (const char *)info->name.at, info->name.bytes);
    value = name ? nescio_graph_value(im->root, name, dtype, &shape) : NULL;
    if (!value || nescio_graph_add_input(im->root, value) != NESCIO_OK)
        return nescio_fail_nomem(im->ctx, sizeof *value);
    NESCIO_TRY(nescio_scope_bind(im, s, info->name, value, &taken));
    return taken ? nescio_fail(im->ctx, NESCIO_E_FORMAT, "two inputs '%.*s'",
                               NESCIO_SLICE_ARGS(info->name))
                 : NESCIO_OK;
}

/* Refuses a bound dim that is in no input; says which there are. */
static nescio_status fail_dim(const nescio_importer *im, const char *name)
{
    nescio_buffer known = {0};
    nescio_status st;

    for (size_t i = 0; i < im->root->n_inputs; i++) {
        const nescio_shape *const s = &im->root->inputs[i]->shape;

        for (int d = 0; d < s->rank; d++)
            if (s->dims[d] == NESCIO_DIM_UNKNOWN && s->symbol[d] && known.bytes < 200)
                nescio_write_text(&known, "%s'%.60s'", known.bytes ? ", " : "", s->symbol[d]);
    }
    nescio_write_u8(&known, 0);
    st = known.bad
             ? nescio_fail_nomem(im->ctx, known.bytes)
             : nescio_fail(im->ctx, NESCIO_E_ARG, "no input has a dim named '%s'; %s%s", name,
                           known.bytes > 1 ? "inputs have " : "none has a free dim with a name",
                           (const char *)known.data);
    nescio_buffer_free(&known);
    return st;
}

/* Inputs that no initializer gives a value. (An initializer that is also an input is a constant.)
 */
static nescio_status add_inputs(nescio_importer *im, nescio_scope *s)
{
    const nescio_onnx_graph *const g = im->model->graph;

    for (size_t i = 0; i < g->n_inputs; i++) {
        if (!nescio_scope_has_tensor(s, g->inputs[i].name))
            NESCIO_TRY(add_input(im, s, &g->inputs[i]));
    }
    for (size_t i = 0; im->options && i < im->options->n_dims && i < 32; i++) {
        if (!(im->dims_seen & (1u << i)))
            return fail_dim(im, im->options->dims[i].name);
    }
    return NESCIO_OK;
}

/* Where inference cannot tell the rank of an output (its shape is an input, say), the file's word
 * counts; of dims only their names, as files often bake in those of the example that they were
 * traced with. */
static nescio_status declare_rank(nescio_importer *im, const nescio_onnx_info *info,
                                  nescio_value *value)
{
    nescio_dtype dtype;
    nescio_shape shape;

    if (!value->producer || value->shape.rank != NESCIO_RANK_UNKNOWN)
        return NESCIO_OK;
    NESCIO_TRY(nescio_importer_type(im, info, &dtype, &shape));
    for (int d = 0; d < shape.rank; d++)
        shape.dims[d] = NESCIO_DIM_UNKNOWN;
    value->shape = shape;
    value->shape_is_claim = true;
    return NESCIO_OK;
}

static nescio_status add_outputs(nescio_importer *im, nescio_scope *s)
{
    const nescio_onnx_graph *const g = im->model->graph;

    if (g->n_outputs == 0)
        return nescio_fail(im->ctx, NESCIO_E_FORMAT, "the graph has no outputs");
    for (size_t i = 0; i < g->n_outputs; i++) {
        nescio_value *value;

        NESCIO_TRY(nescio_scope_find(im, s, g->outputs[i].name, &value, NULL));
        if (!value)
            return nescio_fail(im->ctx, NESCIO_E_FORMAT, "nothing makes the output '%.*s'",
                               NESCIO_SLICE_ARGS(g->outputs[i].name));
        NESCIO_TRY(declare_rank(im, &g->outputs[i], value));
        if (nescio_graph_add_output(im->root, value) != NESCIO_OK)
            return nescio_fail_nomem(im->ctx, sizeof(nescio_value *));
    }
    return NESCIO_OK;
}

static nescio_status import_model(nescio_importer *im)
{
    nescio_scope s = {
        .graph = im->root, .opsets = im->model->opsets, .n_opsets = im->model->n_opsets};
    const nescio_onnx_graph *const g = im->model->graph;

    /* Files before opset imports (IR 1 and 2) are of opset 1. */
    static const nescio_onnx_opset first = {.version = 1};

    if (im->model->ir_version < 3 && s.n_opsets == 0) {
        s.opsets = &first;
        s.n_opsets = 1;
    }
    NESCIO_TRY(nescio_importer_initializers(im, &s, g));
    NESCIO_TRY(add_inputs(im, &s));
    NESCIO_TRY(nescio_importer_nodes(im, &s, g->nodes, g->n_nodes));
    NESCIO_TRY(nescio_importer_report(im));
    NESCIO_TRY(add_outputs(im, &s));
    return nescio_graph_verify(im->ctx, im->root);
}

/* Twice 8 x bytes + 32 MB; no overflow for sizes that a machine can map. */
static size_t memory_limit(size_t bytes)
{
    return bytes > SIZE_MAX / (4 * MEMORY_FACTOR) ? SIZE_MAX / 2
                                                  : bytes * MEMORY_FACTOR + MEMORY_BASE;
}

static nescio_status read_into(nescio_ctx *ctx, nescio_arena *scratch, nescio_graph *root,
                               nescio_slice file, const char *folder,
                               const nescio_onnx_options *options)
{
    const size_t limit = memory_limit(file.bytes);
    nescio_importer im = {.ctx = ctx,
                          .options = options,
                          .scratch = scratch,
                          .root = root,
                          .max_scratch = limit,
                          .budget = VISITS_BASE + file.bytes,
                          .decoder = {.ctx = ctx, .arena = root->arena, .max_arena = limit}};
    nescio_onnx_model model;

    im.model = &model;
    NESCIO_TRY(nescio_onnx_model_parse(ctx, scratch, limit, file, &model));
    NESCIO_TRY(check_model(ctx, &model));
    if (folder)
        NESCIO_TRY(nescio_onnx_files_new(ctx, root->arena, folder, &im.decoder.files));
    if (model.graph->name.bytes > 0)
        root->name = nescio_arena_strndup(root->arena, (const char *)model.graph->name.at,
                                          model.graph->name.bytes);
    if (!root->name)
        return nescio_fail_nomem(ctx, model.graph->name.bytes);
    NESCIO_TRY(import_model(&im));
    root->source_bytes = file.bytes + (folder ? nescio_onnx_files_bytes(im.decoder.files) : 0);
    return NESCIO_OK;
}

nescio_status nescio_onnx_parse(nescio_ctx *ctx, const void *data, size_t bytes, const char *folder,
                                const nescio_onnx_options *options, nescio_graph **out)
{
    nescio_arena *scratch = nescio_arena_new();
    nescio_graph *root = NULL;
    nescio_status st;

    *out = NULL;
    if (!scratch)
        return nescio_fail_nomem(ctx, bytes);
    st = nescio_graph_new(ctx, NULL, NULL, &root);
    if (st == NESCIO_OK)
        st = read_into(ctx, scratch, root, (nescio_slice){data, bytes}, folder, options);
    nescio_arena_free(scratch);
    if (st != NESCIO_OK) {
        nescio_graph_free(root);
        return st;
    }
    *out = root;
    return NESCIO_OK;
}

static void close_file(void *arg)
{
    nescio_file_close(arg);
}

/* The folder part of a path, "." when it has none; on the heap. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

nescio_status nescio_onnx_read(nescio_ctx *ctx, const char *path,
                               const nescio_onnx_options *options, nescio_graph **out)
{
    nescio_file file, *kept;
    nescio_graph *graph = NULL;
    char *folder;
    nescio_status st;

    *out = NULL;
    NESCIO_TRY(nescio_file_open(ctx, &file, path));
    folder = folder_of(path);
    st = folder ? nescio_onnx_parse(ctx, file.data, file.bytes, folder, options, &graph)
                : nescio_fail_nomem(ctx, strlen(path));
    free(folder);
    if (st != NESCIO_OK) {
        const char *const foreign =
            st == NESCIO_E_FORMAT ? nescio_onnx_foreign(file.data, file.bytes) : NULL;

        if (foreign)
            st = nescio_fail(ctx, st, "is %s", foreign);
        nescio_file_close(&file);
        return st == NESCIO_E_ARG || st == NESCIO_E_NOMEM ? st : nescio_fail_in(ctx, st, path);
    }
    kept = nescio_arena_alloc(graph->arena, sizeof *kept);
    if (kept)
        *kept = file;
    if (!kept || !nescio_arena_on_free(graph->arena, close_file, kept)) {
        nescio_graph_free(graph);
        nescio_file_close(&file);
        return nescio_fail_nomem(ctx, sizeof file);
    }
    *out = graph;
    return NESCIO_OK;
}
