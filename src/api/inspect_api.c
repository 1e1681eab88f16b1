/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/model.h: inspect. Tells what a file is by its first bytes and shows the stage
 * asked for. */
#include "api/import_dims.h"

#include "api/inspect_marks.h"
#include "api/inspect_page.h"
#include "base/base.h"
#include "format/format.h"
#include "passes/passes.h"
#include "view/view.h"

#include <stdlib.h>
#include <string.h>

void nescio_inspect_options_default(nescio_inspect_options *options)
{
    memset(options, 0, sizeof *options);
    options->format = "text";
    options->max_elements = 16;
}

nescio_status nescio_text_save(nescio_ctx *ctx, const char *path, const char *text, size_t bytes)
{
    const nescio_piece piece = {text, bytes};

    return nescio_file_write(ctx, path, 0644, &piece, 1);
}

void nescio_text_free(char *text)
{
    free(text);
}

static bool is_stage(const nescio_inspect_options *o, const char *name)
{
    return o->stage && strcmp(o->stage, name) == 0;
}

static bool is_text(const nescio_inspect_options *o)
{
    return !o->format || strcmp(o->format, "text") == 0;
}

/* Pictures are of the clean graph unless another stage is asked for: they show what is encrypted.
 */
static bool is_clean(const nescio_inspect_options *o)
{
    return o->stage ? is_stage(o, "clean") : !is_text(o);
}

/* Writes the picture in the format asked for, and frees it. */
static nescio_status show_picture(nescio_ctx *ctx, nescio_picture *picture,
                                  const nescio_inspect_options *o, nescio_buffer *out)
{
    const nescio_status st = nescio_picture_write(ctx, picture, o->format, out);

    nescio_picture_free(picture);
    return st;
}

/* Clean graphs are shown with what is encrypted. */
static nescio_status draw_graph(nescio_ctx *ctx, const nescio_graph *graph,
                                const nescio_inspect_options *o, nescio_buffer *out)
{
    nescio_node_mark *marks = NULL;
    nescio_picture *picture = NULL;
    nescio_status st = is_clean(o) ? nescio_inspect_marks(ctx, graph, &marks) : NESCIO_OK;

    if (st == NESCIO_OK)
        st = nescio_picture_of_graph(ctx, graph, marks, &picture);
    free(marks);
    NESCIO_TRY(st);
    return show_picture(ctx, picture, o, out);
}

static nescio_status show_graph(nescio_ctx *ctx, const char *path, const nescio_inspect_options *o,
                                nescio_buffer *out)
{
    nescio_graph *graph = NULL;
    nescio_status st;

    if (o->stage && !is_stage(o, "import") && !is_stage(o, "clean"))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "%s is an ONNX model: its stages are import and clean, not '%s'", path,
                           o->stage);
    NESCIO_TRY(nescio_import_read(ctx, path, o->onnx, &graph));
    st = is_clean(o) ? nescio_passes_clean(ctx, graph, NULL, NULL) : nescio_graph_infer(ctx, graph);
    if (st == NESCIO_OK)
        st = is_text(o) ? nescio_view_graph(ctx, graph, o->max_elements, out)
                        : draw_graph(ctx, graph, o, out);
    nescio_graph_free(graph);
    return st;
}

static void show_border(const nescio_client_part *c, nescio_buffer *out)
{
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        const nescio_border_input *in = &c->inputs[i];
        nescio_write_text(
            out, "encrypts    %s: %u numbers, %lld ... %lld, scale %g%s; %u bits a coefficient\n",
            in->plan.name, in->plan.count, (long long)in->quantizer.lo, (long long)in->quantizer.hi,
            in->quantizer.scale[0], in->quantizer.n > 1 ? " (first of one an element)" : "",
            in->plan.body_log);
    }
    for (uint32_t i = 0; i < c->n_outputs; i++) {
        const nescio_border_output *o = &c->outputs[i];
        nescio_write_text(
            out, "decrypts    %s: %u numbers, %lld ... %lld, noise %.3g of one; %u bits a word\n",
            o->plan.name, o->plan.count, (long long)o->plan.lo, (long long)o->plan.hi, o->plan.std,
            o->plan.answer_log);
    }
}

/* What a client part shows: also what a client learns of the model. */
static void show_client(const nescio_client_part *c, nescio_buffer *out)
{
    char id[NESCIO_ID_TEXT];

    nescio_write_text(out, "scheme      %s\n", nescio_scheme_name(c->scheme));
    nescio_view_params(&c->params, c->set_name, out);
    nescio_hex(id, c->params_id, NESCIO_ID_BYTES);
    nescio_write_text(out, "ids         parameters %s", id);
    nescio_hex(id, c->encoding_id, NESCIO_ID_BYTES);
    nescio_write_text(out, ", encoding %s\n", id);
    nescio_view_report(&c->report, out);
    nescio_write_text(out, "results     %s\n",
                      c->results == NESCIO_RESULTS_SHARED ? "shared" : "private");
    show_border(c, out);
    nescio_write_text(out,
                      "\n# a client learns all of the above, and the graphs that run in the "
                      "clear:\n# head\n%.*s\n# tail\n%.*s\n",
                      (int)c->head_bytes, c->head, (int)c->tail_bytes, c->tail);
}

/* The circuit or the plan of a server part. */
static nescio_status show_server(nescio_ctx *ctx, const nescio_server_part *server,
                                 const nescio_inspect_options *o, nescio_buffer *out)
{
    const bool plan = is_stage(o, "plan");
    nescio_picture *picture = NULL;

    if (is_text(o))
        return plan ? nescio_plan_print(ctx, server->plan, out)
                    : nescio_view_circuit(ctx, server->circuit, o->max_elements, out);
    if (plan)
        NESCIO_TRY(nescio_picture_of_plan(ctx, server->plan, server->circuit, &picture));
    else
        NESCIO_TRY(nescio_picture_of_circuit(ctx, server->circuit, &picture));
    return show_picture(ctx, picture, o, out);
}

static nescio_status show_package(nescio_ctx *ctx, const char *path,
                                  const nescio_inspect_options *o, nescio_buffer *out)
{
    nescio_package *p = NULL;
    nescio_status st = NESCIO_OK;

    NESCIO_TRY(nescio_package_open(ctx, path, false, false, &p));
    if (!o->stage && strcmp(o->format ? o->format : "", "html") == 0) {
        st = nescio_inspect_page(ctx, path, p, out);
    } else if (is_stage(o, "circuit") || is_stage(o, "plan") || (!o->stage && !is_text(o))) {
        if (!p->server)
            st = nescio_fail(ctx, NESCIO_E_MISMATCH, "%s is a client part: it has no %s", path,
                             o->stage ? o->stage : "circuit");
        else
            st = show_server(ctx, p->server, o, out);
    } else if (o->stage) {
        st = nescio_fail(ctx, NESCIO_E_ARG,
                         "%s is a package: its stages are circuit and plan, not '%s'", path,
                         o->stage);
    } else {
        nescio_write_text(out, "%s: %s\n", path, nescio_container_kind(p->file));
        if (p->client)
            show_client(p->client, out);
        if (p->server && st == NESCIO_OK)
            st = nescio_plan_print(ctx, p->server->plan, out);
    }
    nescio_package_free(p);
    return st;
}

/* Any container: metadata and tensors. For keys and ciphertexts; never contents. */
static void show_container(const nescio_container *c, const char *path, nescio_buffer *out)
{
    static const char *const keys[] = {"nescio.version", "nescio.scheme", "nescio.params",
                                       "nescio.key", "nescio.encoding"};

    nescio_write_text(out, "%s: %s, %zu bytes\n", path, nescio_container_kind(c),
                      nescio_container_bytes(c));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (nescio_container_meta(c, keys[i]))
            nescio_write_text(out, "%-16s %s\n", keys[i], nescio_container_meta(c, keys[i]));
    for (size_t i = 0; i < nescio_container_count(c); i++) {
        const nescio_entry *e = nescio_container_at(c, i);
        nescio_write_text(out, "tensor           %-12s %s[%zu]\n", e->name,
                          nescio_dtype_name(e->dtype), e->count);
    }
}

static nescio_status show_file(nescio_ctx *ctx, const char *path, const nescio_inspect_options *o,
                               nescio_buffer *out)
{
    static const char *const kinds[] = {
        NESCIO_FILE_MODEL, NESCIO_FILE_CLIENT, NESCIO_FILE_SERVER, NESCIO_FILE_EVALUATION,
        "secret",          NESCIO_FILE_INPUT,  NESCIO_FILE_ANSWER, NULL};
    nescio_container *c = NULL;
    nescio_status st = NESCIO_OK;
    bool package;

    NESCIO_TRY(nescio_container_open(ctx, path, kinds, &c));
    package = nescio_container_find(c, "client") || nescio_container_find(c, "plan");
    if (!package && !is_text(o))
        st = nescio_fail(ctx, NESCIO_E_UNSUPPORTED, "%s: a %s has no picture, only text", path,
                         nescio_container_kind(c));
    else if (!package)
        show_container(c, path, out);
    nescio_container_free(c);
    return package ? show_package(ctx, path, o, out) : st;
}

/* A container's ninth byte opens its JSON header; an ONNX file starts with a protobuf field. */
static nescio_status is_container(nescio_ctx *ctx, const char *path, bool *container)
{
    nescio_file file = {0};

    NESCIO_TRY(nescio_file_open(ctx, &file, path));
    *container = file.bytes > 8 && file.data[8] == '{';
    nescio_file_close(&file);
    return NESCIO_OK;
}

nescio_status nescio_inspect(nescio_ctx *ctx, const char *path,
                             const nescio_inspect_options *options, char **text, size_t *bytes)
{
    nescio_buffer out = {0};
    bool container = false;
    nescio_status st;

    *text = NULL;
    *bytes = 0;
    if (!is_text(options) && !nescio_picture_has_format(options->format))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "format '%s': text, json, dot, svg and html are accepted",
                           options->format);
    st = is_container(ctx, path, &container);
    if (st == NESCIO_OK)
        st = container ? show_file(ctx, path, options, &out) : show_graph(ctx, path, options, &out);
    nescio_write_u8(&out, 0);
    if (st == NESCIO_OK && out.bad)
        st = nescio_fail_nomem(ctx, out.bytes);
    if (st != NESCIO_OK) {
        nescio_buffer_free(&out);
        return st;
    }
    *text = (char *)out.data;
    *bytes = out.bytes - 1;
    return NESCIO_OK;
}
