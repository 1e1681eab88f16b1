/* SPDX-License-Identifier: Apache-2.0
 * Models made by hand, field by field, as exporters of all times would write them. Field numbers
 * from onnx.proto. */
#ifndef NESCIO_TESTS_MODEL_BUILDER_H
#define NESCIO_TESTS_MODEL_BUILDER_H
#include "onnx/onnx.h"
#include "onnx/wire_write.h"
#include "support.h"

/** A graph being written; its fields in the order of the calls. */
typedef struct builder {
    nescio_buffer graph, functions;
    int64_t ir, opset, opset_ml; /**< 0: no import */
} builder;

static inline void put_text_list(nescio_buffer *b, uint32_t number, const char *list)
{
    /* "a b  c": one space apart; two spaces stand around an empty name */
    for (const char *p = list; *p;) {
        const size_t n = strcspn(p, " ");

        nescio_wire_put_bytes(b, number, p, n);
        p += n + (p[n] == ' ');
    }
}

static inline void put_int_attr(nescio_buffer *node, const char *name, int64_t v)
{
    nescio_buffer a = {0};

    nescio_wire_put_text(&a, 1, name);
    nescio_wire_put_int(&a, 3, v);
    nescio_wire_put_int(&a, 20, 2);
    nescio_wire_put_message(node, 5, &a);
}

static inline void put_float_attr(nescio_buffer *node, const char *name, float v)
{
    nescio_buffer a = {0};

    nescio_wire_put_text(&a, 1, name);
    nescio_wire_put_float(&a, 2, v);
    nescio_wire_put_int(&a, 20, 1);
    nescio_wire_put_message(node, 5, &a);
}

static inline void put_string_attr(nescio_buffer *node, const char *name, const char *v)
{
    nescio_buffer a = {0};

    nescio_wire_put_text(&a, 1, name);
    nescio_wire_put_text(&a, 4, v);
    nescio_wire_put_int(&a, 20, 3);
    nescio_wire_put_message(node, 5, &a);
}

static inline void put_ints_attr(nescio_buffer *node, const char *name, const int64_t *v, size_t n)
{
    nescio_buffer a = {0};

    nescio_wire_put_text(&a, 1, name);
    for (size_t i = 0; i < n; i++) /* unpacked, as proto2 writers do */
        nescio_wire_put_int(&a, 8, v[i]);
    nescio_wire_put_int(&a, 20, 7);
    nescio_wire_put_message(node, 5, &a);
}

static inline void put_graph_attr(nescio_buffer *node, const char *name, nescio_buffer *graph)
{
    nescio_buffer a = {0};

    nescio_wire_put_text(&a, 1, name);
    nescio_wire_put_message(&a, 6, graph);
    nescio_wire_put_int(&a, 20, 5);
    nescio_wire_put_message(node, 5, &a);
}

/** An attribute that takes its value from the function call. */
static inline void put_ref_attr(nescio_buffer *node, const char *name, const char *ref,
                                int64_t type)
{
    nescio_buffer a = {0};

    nescio_wire_put_text(&a, 1, name);
    nescio_wire_put_int(&a, 20, type);
    nescio_wire_put_text(&a, 21, ref);
    nescio_wire_put_message(node, 5, &a);
}

/** A node into `graph` (field 1); `attrs`, which may be NULL, holds attribute fields and is freed.
 */
static inline void put_node(nescio_buffer *graph, uint32_t number, const char *op,
                            const char *domain, const char *inputs, const char *outputs,
                            nescio_buffer *attrs)
{
    nescio_buffer node = {0};

    put_text_list(&node, 1, inputs);
    put_text_list(&node, 2, outputs);
    nescio_wire_put_text(&node, 4, op);
    if (*domain)
        nescio_wire_put_text(&node, 7, domain);
    if (attrs) {
        nescio_write_bytes(&node, attrs->data, attrs->bytes);
        nescio_buffer_free(attrs);
    }
    nescio_wire_put_message(graph, number, &node);
}

/** An input (11) or output (12): dims >= 0, -1 unset, -2 the symbol "N". rank -1: no shape. */
static inline void put_info(nescio_buffer *graph, uint32_t number, const char *name, int64_t dtype,
                            int rank, const int64_t *dims)
{
    nescio_buffer info = {0}, type = {0}, tensor = {0}, shape = {0};

    nescio_wire_put_text(&info, 1, name);
    nescio_wire_put_int(&tensor, 1, dtype);
    for (int i = 0; i < rank; i++) {
        nescio_buffer dim = {0};

        if (dims[i] >= 0)
            nescio_wire_put_int(&dim, 1, dims[i]);
        else if (dims[i] == -2)
            nescio_wire_put_text(&dim, 2, "N");
        nescio_wire_put_message(&shape, 1, &dim);
    }
    if (rank >= 0)
        nescio_wire_put_message(&tensor, 2, &shape);
    nescio_wire_put_message(&type, 1, &tensor);
    nescio_wire_put_message(&info, 2, &type);
    nescio_wire_put_message(graph, number, &info);
}

/** A float initializer with raw data. */
static inline void put_floats(nescio_buffer *graph, const char *name, const float *v, int64_t n)
{
    nescio_buffer t = {0};

    nescio_wire_put_int(&t, 1, n);
    nescio_wire_put_int(&t, 2, NESCIO_F32);
    nescio_wire_put_text(&t, 8, name);
    nescio_wire_put_bytes(&t, 9, v, (size_t)n * sizeof *v);
    nescio_wire_put_message(graph, 5, &t);
}

/** The model's bytes into *out; frees the builder. */
static inline void finish_model(builder *m, nescio_buffer *out)
{
    nescio_buffer o = {0};

    *out = (nescio_buffer){0};
    nescio_wire_put_int(out, 1, m->ir ? m->ir : 8);
    if (m->opset) {
        nescio_wire_put_int(&o, 2, m->opset);
        nescio_wire_put_message(out, 8, &o);
    }
    if (m->opset_ml) {
        nescio_wire_put_text(&o, 1, "ai.onnx.ml");
        nescio_wire_put_int(&o, 2, m->opset_ml);
        nescio_wire_put_message(out, 8, &o);
    }
    nescio_wire_put_message(out, 7, &m->graph);
    nescio_write_bytes(out, m->functions.data, m->functions.bytes);
    nescio_buffer_free(&m->functions);
    assert_false(out->bad);
}

/** Reads the model and frees its bytes only afterwards (*bytes: what the graph borrows from). */
static inline nescio_status read_model(nescio_ctx *ctx, builder *m, nescio_buffer *bytes,
                                       nescio_graph **g)
{
    finish_model(m, bytes);
    return nescio_onnx_parse(ctx, bytes->data, bytes->bytes, NULL, NULL, g);
}
#endif /* NESCIO_TESTS_MODEL_BUILDER_H */
