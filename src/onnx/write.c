/* SPDX-License-Identifier: Apache-2.0
 * Graph to ONNX bytes, at the canonical opsets. Names and values only: no metadata, no paths. */
#include "onnx/onnx.h"
#include "onnx/weights_file.h"
#include "onnx/wire_write.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IR_WRITTEN 10

static void put_graph(nescio_buffer *b, const nescio_graph *g, nescio_weights_file *apart);

static void put_ints(nescio_buffer *b, uint32_t number, const int64_t *v, size_t n)
{
    nescio_buffer list = {0};

    for (size_t i = 0; i < n; i++)
        nescio_wire_put_varint(&list, (uint64_t)v[i]);
    nescio_wire_put_message(b, number, &list);
}

static void put_floats(nescio_buffer *b, uint32_t number, const double *v, size_t n)
{
    nescio_buffer list = {0};

    for (size_t i = 0; i < n; i++) {
        const float f = (float)v[i];
        uint32_t bits;

        memcpy(&bits, &f, sizeof bits);
        nescio_write_u32(&list, bits);
    }
    nescio_wire_put_message(b, number, &list);
}

/* AttributeProto: name 1, f 2, i 3, s 4, t 5, g 6, floats 7, ints 8, strings 9, type 20. */
static void put_attr(nescio_buffer *b, const nescio_attr *a, nescio_weights_file *apart)
{
    static const int types[] = {
        [NESCIO_ATTR_INT] = 2,    [NESCIO_ATTR_FLOAT] = 1,   [NESCIO_ATTR_STRING] = 3,
        [NESCIO_ATTR_TENSOR] = 4, [NESCIO_ATTR_GRAPH] = 5,   [NESCIO_ATTR_INTS] = 7,
        [NESCIO_ATTR_FLOATS] = 6, [NESCIO_ATTR_STRINGS] = 8,
    };
    nescio_buffer attr = {0}, inner = {0};

    nescio_wire_put_text(&attr, 1, a->name);
    switch (a->kind) {
    case NESCIO_ATTR_INT: nescio_wire_put_int(&attr, 3, a->i); break;
    case NESCIO_ATTR_FLOAT: nescio_wire_put_float(&attr, 2, (float)a->f); break;
    case NESCIO_ATTR_STRING: nescio_wire_put_text(&attr, 4, a->s); break;
    case NESCIO_ATTR_TENSOR:
        nescio_wire_put_tensor(&inner, a->t, NULL);
        nescio_wire_put_message(&attr, 5, &inner);
        break;
    case NESCIO_ATTR_GRAPH:
        put_graph(&inner, a->g, apart);
        nescio_wire_put_message(&attr, 6, &inner);
        break;
    case NESCIO_ATTR_INTS: put_ints(&attr, 8, a->ints, a->count); break;
    case NESCIO_ATTR_FLOATS: put_floats(&attr, 7, a->floats, a->count); break;
    case NESCIO_ATTR_STRINGS:
        for (size_t i = 0; i < a->count; i++)
            nescio_wire_put_text(&attr, 9, a->strings[i]);
        break;
    }
    nescio_wire_put_int(&attr, 20, types[a->kind]);
    nescio_wire_put_message(b, 5, &attr);
}

/* NodeProto: input 1, output 2, name 3, op_type 4, attribute 5, domain 7. */
static void put_node(nescio_buffer *b, const nescio_node *node, bool named,
                     nescio_weights_file *apart)
{
    nescio_buffer n = {0};

    for (uint32_t i = 0; i < node->n_inputs; i++)
        nescio_wire_put_text(&n, 1, node->inputs[i] ? node->inputs[i]->name : "");
    for (uint32_t i = 0; i < node->n_outputs; i++)
        nescio_wire_put_text(&n, 2, node->outputs[i] ? node->outputs[i]->name : "");
    if (named)
        nescio_wire_put_text(&n, 3, node->name);
    nescio_wire_put_text(&n, 4, nescio_op_name(node->op));
    for (uint32_t i = 0; i < node->n_attrs; i++)
        put_attr(&n, &node->attrs[i], apart);
    if (*nescio_op_domain(node->op))
        nescio_wire_put_text(&n, 7, nescio_op_domain(node->op));
    nescio_wire_put_message(b, 1, &n);
}

/* ValueInfoProto: name 1, type 2 { tensor_type 1 { elem_type 1, shape 2 { dim 1 { dim_value 1 |
 * dim_param 2 } } } }. */
static void put_info(nescio_buffer *b, uint32_t number, const nescio_value *v)
{
    nescio_buffer info = {0}, type = {0}, tensor = {0}, shape = {0};

    nescio_wire_put_text(&info, 1, v->name);
    if (v->dtype != NESCIO_DTYPE_NONE) {
        nescio_wire_put_int(&tensor, 1, v->dtype);
        for (int d = 0; d < v->shape.rank; d++) {
            nescio_buffer dim = {0};

            if (v->shape.dims[d] != NESCIO_DIM_UNKNOWN)
                nescio_wire_put_int(&dim, 1, v->shape.dims[d]);
            else if (v->shape.symbol[d])
                nescio_wire_put_text(&dim, 2, v->shape.symbol[d]);
            nescio_wire_put_message(&shape, 1, &dim);
        }
        if (v->shape.rank != NESCIO_RANK_UNKNOWN)
            nescio_wire_put_message(&tensor, 2, &shape);
        nescio_wire_put_message(&type, 1, &tensor);
        nescio_wire_put_message(&info, 2, &type);
    }
    nescio_wire_put_message(b, number, &info);
}

typedef struct named_node {
    const char *name;
    size_t i; /* in the graph's list */
} named_node;

static int by_name(const void *a, const void *b)
{
    const named_node *const x = a, *const y = b;
    const int order = strcmp(x->name, y->name);

    return order ? order : x->i < y->i ? -1 : x->i > y->i;
}

/* A flag for each node: an earlier node of the graph has its name. New, for free(); NULL: no
 * memory. */
static bool *find_repeated_names(const nescio_graph *g)
{
    size_t n = 0;
    named_node *nodes;
    bool *repeated;

    for (const nescio_node *node = g->first; node; node = node->next)
        n++;
    nodes = calloc(n + 1, sizeof *nodes);
    repeated = calloc(n + 1, sizeof *repeated);
    if (!nodes || !repeated) {
        free(nodes);
        free(repeated);
        return NULL;
    }
    n = 0;
    for (const nescio_node *node = g->first; node; node = node->next, n++)
        nodes[n] = (named_node){node->name, n};
    qsort(nodes, n, sizeof *nodes, by_name);
    for (size_t i = 1; i < n; i++)
        repeated[nodes[i].i] = strcmp(nodes[i].name, nodes[i - 1].name) == 0;
    free(nodes);
    return repeated;
}

/* The names of nodes are optional in ONNX but may not repeat, and a decomposed operator leaves its
 * name to several nodes: all but the first go without. */
static void put_nodes(nescio_buffer *b, const nescio_graph *g, nescio_weights_file *apart)
{
    bool *const repeated = find_repeated_names(g);
    size_t i = 0;

    if (!repeated) {
        b->bad = true;
        return;
    }
    for (const nescio_node *node = g->first; node; node = node->next)
        put_node(b, node, !repeated[i++], apart);
    free(repeated);
}

static bool is_initializer(const nescio_value *v)
{
    return v->constant && !v->producer && !v->is_input;
}

/* GraphProto: node 1, name 2, initializer 5, input 11, output 12. Weights go into `apart` where
 * that is not NULL. */
static void put_graph(nescio_buffer *b, const nescio_graph *g, nescio_weights_file *apart)
{
    put_nodes(b, g, apart);
    nescio_wire_put_text(b, 2, g->name);
    for (size_t i = 0; i < g->n_values; i++) {
        const nescio_value *const v = g->values[i];
        nescio_buffer tensor = {0};

        if (!is_initializer(v))
            continue;
        if (apart && nescio_weights_file_takes(v->constant))
            nescio_wire_put_external(&tensor, v->constant, v->name, apart->location,
                                     nescio_weights_file_add(apart, v->constant));
        else
            nescio_wire_put_tensor(&tensor, v->constant, v->name);
        nescio_wire_put_message(b, 5, &tensor);
    }
    for (size_t i = 0; i < g->n_inputs; i++)
        put_info(b, 11, g->inputs[i]);
    for (size_t i = 0; i < g->n_outputs; i++)
        put_info(b, 12, g->outputs[i]);
}

/* Operators that ai.onnx.ml 5 deprecates. */
static bool has_old_trees(const nescio_graph *g)
{
    for (const nescio_node *node = g->first; node; node = node->next) {
        if (node->op == NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER ||
            node->op == NESCIO_OP_TREE_ENSEMBLE_REGRESSOR)
            return true;
        for (uint32_t i = 0; i < node->n_attrs; i++) {
            if (node->attrs[i].kind == NESCIO_ATTR_GRAPH && has_old_trees(node->attrs[i].g))
                return true;
        }
    }
    return false;
}

/* OperatorSetIdProto: domain 1, version 2. */
static void put_import(nescio_buffer *b, const nescio_opset *o)
{
    nescio_buffer opset = {0};

    nescio_wire_put_text(&opset, 1, o->domain);
    nescio_wire_put_int(&opset, 2, o->version);
    nescio_wire_put_message(b, 8, &opset);
}

static nescio_status write_model(nescio_ctx *ctx, const nescio_graph *graph,
                                 nescio_weights_file *apart, nescio_buffer *out)
{
    nescio_opset opsets[NESCIO_OPSETS_MAX];
    const size_t n_opsets = nescio_graph_opsets(graph, opsets);
    nescio_buffer body = {0};
    bool short_of_memory;

    *out = (nescio_buffer){0};
    for (size_t i = 0; i < n_opsets; i++) {
        if (strcmp(opsets[i].domain, "ai.onnx.ml") == 0 && opsets[i].version == 5 &&
            has_old_trees(graph))
            return nescio_fail(ctx, NESCIO_E_UNSUPPORTED,
                               "graph '%s': TreeEnsemble and TreeEnsembleClassifier or -Regressor "
                               "cannot be in one ONNX file: no opset of ai.onnx.ml has both",
                               graph->name);
    }
    nescio_wire_put_int(out, 1, IR_WRITTEN);
    nescio_wire_put_text(out, 2, "nescio");
    for (size_t i = 0; i < n_opsets; i++)
        put_import(out, &opsets[i]);
    put_graph(&body, graph, apart);
    nescio_wire_put_message(out, 7, &body);
    if (!out->bad && out->bytes <= INT_MAX)
        return NESCIO_OK;
    short_of_memory = out->bad;
    nescio_buffer_free(out);
    return short_of_memory ? nescio_fail_nomem(ctx, body.bytes)
                           : nescio_fail(ctx, NESCIO_E_UNSUPPORTED,
                                         "graph '%s': more than 2 GB, which no ONNX file can hold",
                                         graph->name);
}

nescio_status nescio_onnx_write_buffer(nescio_ctx *ctx, const nescio_graph *graph,
                                       nescio_buffer *out)
{
    return write_model(ctx, graph, NULL, out);
}

static nescio_status write_one(nescio_ctx *ctx, const nescio_graph *graph, const char *path)
{
    nescio_buffer b;
    nescio_piece piece;
    nescio_status st;

    NESCIO_TRY(nescio_onnx_write_buffer(ctx, graph, &b));
    piece = (nescio_piece){b.data, b.bytes};
    st = nescio_file_write(ctx, path, 0644, &piece, 1);
    nescio_buffer_free(&b);
    return st;
}

nescio_status nescio_onnx_write_apart(nescio_ctx *ctx, const nescio_graph *graph, const char *path)
{
    const char *const slash = strrchr(path, '/'), *const name = slash ? slash + 1 : path;
    const size_t bytes = strlen(path) + sizeof ".data";
    char *const data_path = malloc(bytes);
    nescio_weights_file apart = {0};
    nescio_buffer b = {0};
    nescio_piece piece;
    nescio_status st;

    if (!data_path)
        return nescio_fail_nomem(ctx, bytes);
    (void)snprintf(data_path, bytes, "%s.data", path);
    apart.location = data_path + (name - path);
    st = write_model(ctx, graph, &apart, &b);
    if (st == NESCIO_OK && apart.bad)
        st = nescio_fail_nomem(ctx, apart.capacity * sizeof *apart.pieces);
    piece = (nescio_piece){b.data, b.bytes};
    if (st == NESCIO_OK) /* first: a model without its weights would be of no use */
        st = nescio_file_write(ctx, data_path, 0644, apart.pieces, apart.n_pieces);
    if (st == NESCIO_OK)
        st = nescio_file_write(ctx, path, 0644, &piece, 1);
    nescio_buffer_free(&b);
    nescio_weights_file_free(&apart);
    free(data_path);
    return st;
}

/* Bytes of the weights, those of bodies too. */
static size_t weight_bytes(const nescio_graph *g)
{
    size_t bytes = 0;

    for (size_t i = 0; i < g->n_values; i++) {
        if (is_initializer(g->values[i]))
            bytes += nescio_tensor_count(g->values[i]->constant) *
                     nescio_dtype_bytes(g->values[i]->constant->dtype);
    }
    for (const nescio_node *node = g->first; node; node = node->next) {
        for (uint32_t i = 0; i < node->n_attrs; i++)
            bytes += node->attrs[i].kind == NESCIO_ATTR_GRAPH ? weight_bytes(node->attrs[i].g) : 0;
    }
    return bytes;
}

nescio_status nescio_onnx_write(nescio_ctx *ctx, const nescio_graph *graph, const char *path)
{
    return weight_bytes(graph) <= NESCIO_ONNX_INSIDE_MAX || strcmp(path, "-") == 0
               ? write_one(ctx, graph, path)
               : nescio_onnx_write_apart(ctx, graph, path);
}
