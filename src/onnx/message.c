/* SPDX-License-Identifier: Apache-2.0
 * The message tree, from its root down: which fields each message has. */
#include "onnx/message.h"

#include "onnx/message_fields.h"

#include <string.h>

bool nescio_slice_is(nescio_slice s, const char *text)
{
    return s.bytes == strlen(text) && (s.bytes == 0 || memcmp(s.at, text, s.bytes) == 0);
}

bool nescio_slice_equal(nescio_slice a, nescio_slice b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.at, b.at, a.bytes) == 0);
}

/* StringStringEntryProto of external_data: key(1), value(2). */
static nescio_status read_external_entry(const nescio_reader *r, nescio_slice bytes,
                                         nescio_onnx_tensor *t)
{
    nescio_wire w = nescio_wire_over(bytes);
    nescio_slice key = {0}, value = {0};
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1)
            NESCIO_TRY(nescio_reader_text(r, &f, &key));
        else if (f.number == 2)
            NESCIO_TRY(nescio_reader_text(r, &f, &value));
    }
    if (w.bad)
        return nescio_reader_fail_wire(r, &w);
    if (!value.at)
        value.at = bytes.at; /* present, empty */
    if (nescio_slice_is(key, "location"))
        t->location = value;
    else if (nescio_slice_is(key, "offset"))
        t->offset = value;
    else if (nescio_slice_is(key, "length"))
        t->length = value;
    return NESCIO_OK;
}

static nescio_status parse_tensor(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_tensor *const t = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;
    int32_t where = 0;

    *t = (nescio_onnx_tensor){.whole = bytes};
    while (nescio_wire_next(&w, &f)) {
        switch (f.number) {
        case 2: NESCIO_TRY(nescio_reader_enum(r, &f, &t->dtype)); break;
        case 3: return nescio_reader_fail(r, f.bytes.at, "a tensor in segments");
        case 8: NESCIO_TRY(nescio_reader_text(r, &f, &t->name)); break;
        case 9:
            NESCIO_TRY(nescio_reader_need_bytes(r, &f));
            t->raw = f.bytes;
            t->has_raw = true;
            break;
        case 13:
            NESCIO_TRY(nescio_reader_need_bytes(r, &f));
            NESCIO_TRY(read_external_entry(r, f.bytes, t));
            break;
        case 14: NESCIO_TRY(nescio_reader_enum(r, &f, &where)); break;
        default: break;
        }
    }
    if (w.bad)
        return nescio_reader_fail_wire(r, &w);
    t->is_external = where == 1;
    return nescio_reader_int64s(r, bytes, 1, &t->dims, &t->n_dims);
}

static nescio_status parse_sparse(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_sparse *const s = out;

    NESCIO_TRY(
        nescio_reader_message(r, bytes, 1, sizeof(nescio_onnx_tensor), parse_tensor, &s->values));
    NESCIO_TRY(
        nescio_reader_message(r, bytes, 2, sizeof(nescio_onnx_tensor), parse_tensor, &s->indices));
    NESCIO_TRY(nescio_reader_int64s(r, bytes, 3, &s->dims, &s->n_dims));
    return s->values && s->indices
               ? NESCIO_OK
               : nescio_reader_fail(r, bytes.at, "a sparse tensor without values or indices");
}

static nescio_status parse_dimension(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_dimension *const d = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1) {
            NESCIO_TRY(nescio_reader_integer(r, &f, &d->value));
            d->has_value = true;
        } else if (f.number == 2) {
            NESCIO_TRY(nescio_reader_text(r, &f, &d->param));
            d->has_value = false; /* the two are alternatives: the last counts */
        }
    }
    return w.bad ? nescio_reader_fail_wire(r, &w) : NESCIO_OK;
}

static nescio_status parse_shape(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_info *const info = out;

    return nescio_reader_messages(r, bytes, 1, sizeof(nescio_onnx_dimension), parse_dimension,
                                  &info->dims, &info->n_dims);
}

/* TypeProto.Tensor: elem_type(1), shape(2). */
static nescio_status parse_tensor_type(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_info *const info = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_onnx_info *shape = NULL;
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1)
            NESCIO_TRY(nescio_reader_enum(r, &f, &info->dtype));
    }
    if (w.bad)
        return nescio_reader_fail_wire(r, &w);
    NESCIO_TRY(nescio_reader_message(r, bytes, 2, sizeof *shape, parse_shape, &shape));
    if (shape) {
        info->has_shape = true;
        info->dims = shape->dims;
        info->n_dims = shape->n_dims;
    }
    return NESCIO_OK;
}

static nescio_status parse_type(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_info *const info = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_onnx_info *tensor = NULL;
    nescio_field f;

    NESCIO_TRY(nescio_reader_message(r, bytes, 1, sizeof *tensor, parse_tensor_type, &tensor));
    if (tensor) {
        *info = *tensor;
        info->kind = NESCIO_ONNX_TYPE_TENSOR;
    }
    while (nescio_wire_next(&w, &f)) {
        if (f.number == 5)
            info->kind = NESCIO_ONNX_TYPE_MAP;
        else if (f.number == 4 || (f.number >= 7 && f.number <= 9))
            info->kind = NESCIO_ONNX_TYPE_OTHER;
    }
    return w.bad ? nescio_reader_fail_wire(r, &w) : NESCIO_OK;
}

static nescio_status parse_info(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_info *const info = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_onnx_info *type = NULL;
    nescio_field f;

    NESCIO_TRY(nescio_reader_message(r, bytes, 2, sizeof *type, parse_type, &type));
    if (type)
        *info = *type;
    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1)
            NESCIO_TRY(nescio_reader_text(r, &f, &info->name));
    }
    return w.bad ? nescio_reader_fail_wire(r, &w) : NESCIO_OK;
}

static nescio_status parse_graph(nescio_reader *r, nescio_slice bytes, void *out);

/* Files of IR 1 and 2 carry no type: the field that is set tells it. */
static int32_t found_type(const nescio_onnx_attr *a, bool has_f, bool has_i, bool has_s)
{
    if (has_f)
        return NESCIO_ONNX_FLOAT;
    if (has_i)
        return NESCIO_ONNX_INT;
    if (has_s)
        return NESCIO_ONNX_STRING;
    if (a->t)
        return NESCIO_ONNX_TENSOR;
    if (a->g)
        return NESCIO_ONNX_GRAPH;
    if (a->n_floats)
        return NESCIO_ONNX_FLOATS;
    return a->n_strings ? NESCIO_ONNX_STRINGS : NESCIO_ONNX_INTS;
}

static nescio_status parse_attr(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_attr *const a = out;
    nescio_wire w = nescio_wire_over(bytes);
    bool has_f = false, has_i = false, has_s = false;
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        switch (f.number) {
        case 1: NESCIO_TRY(nescio_reader_text(r, &f, &a->name)); break;
        case 2:
            if (f.type != NESCIO_WIRE_FIXED32)
                return nescio_reader_fail(r, f.bytes.at,
                                          "an attribute's float has another wire type");
            a->f = nescio_wire_float((uint32_t)f.scalar);
            has_f = true;
            break;
        case 3:
            NESCIO_TRY(nescio_reader_integer(r, &f, &a->i));
            has_i = true;
            break;
        case 4:
            NESCIO_TRY(nescio_reader_need_bytes(r, &f));
            a->s = f.bytes;
            has_s = true;
            break;
        case 20: NESCIO_TRY(nescio_reader_enum(r, &f, &a->type)); break;
        case 21: NESCIO_TRY(nescio_reader_text(r, &f, &a->ref)); break;
        default: break;
        }
    }
    if (w.bad)
        return nescio_reader_fail_wire(r, &w);
    NESCIO_TRY(nescio_reader_message(r, bytes, 5, sizeof(nescio_onnx_tensor), parse_tensor, &a->t));
    NESCIO_TRY(nescio_reader_message(r, bytes, 6, sizeof(nescio_onnx_graph), parse_graph, &a->g));
    NESCIO_TRY(
        nescio_reader_message(r, bytes, 22, sizeof(nescio_onnx_sparse), parse_sparse, &a->sparse));
    NESCIO_TRY(nescio_reader_floats(r, bytes, 7, &a->floats, &a->n_floats));
    NESCIO_TRY(nescio_reader_int64s(r, bytes, 8, &a->ints, &a->n_ints));
    NESCIO_TRY(nescio_reader_texts(r, bytes, 9, true, &a->strings, &a->n_strings));
    if (a->type == 0 && a->ref.bytes == 0)
        a->type = found_type(a, has_f, has_i, has_s);
    if ((a->type == NESCIO_ONNX_TENSOR && !a->t) || (a->type == NESCIO_ONNX_GRAPH && !a->g) ||
        (a->type == NESCIO_ONNX_SPARSE && !a->sparse))
        return a->ref.bytes ? NESCIO_OK
                            : nescio_reader_fail(
                                  r, bytes.at, "an attribute without the value its type promises");
    return NESCIO_OK;
}

static nescio_status parse_node(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_node *const n = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        switch (f.number) {
        case 3: NESCIO_TRY(nescio_reader_text(r, &f, &n->name)); break;
        case 4: NESCIO_TRY(nescio_reader_text(r, &f, &n->op)); break;
        case 7: NESCIO_TRY(nescio_reader_text(r, &f, &n->domain)); break;
        case 8: NESCIO_TRY(nescio_reader_text(r, &f, &n->overload)); break;
        default: break;
        }
    }
    if (w.bad)
        return nescio_reader_fail_wire(r, &w);
    if (n->op.bytes == 0)
        return nescio_reader_fail(r, bytes.at, "a node without an operator");
    NESCIO_TRY(nescio_reader_texts(r, bytes, 1, false, &n->inputs, &n->n_inputs));
    NESCIO_TRY(nescio_reader_texts(r, bytes, 2, false, &n->outputs, &n->n_outputs));
    return nescio_reader_messages(r, bytes, 5, sizeof(nescio_onnx_attr), parse_attr, &n->attrs,
                                  &n->n_attrs);
}

static nescio_status parse_graph(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_graph *const g = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        if (f.number == 2)
            NESCIO_TRY(nescio_reader_text(r, &f, &g->name));
    }
    if (w.bad)
        return nescio_reader_fail_wire(r, &w);
    NESCIO_TRY(nescio_reader_messages(r, bytes, 1, sizeof(nescio_onnx_node), parse_node, &g->nodes,
                                      &g->n_nodes));
    NESCIO_TRY(nescio_reader_messages(r, bytes, 5, sizeof(nescio_onnx_tensor), parse_tensor,
                                      &g->initializers, &g->n_initializers));
    NESCIO_TRY(nescio_reader_messages(r, bytes, 11, sizeof(nescio_onnx_info), parse_info,
                                      &g->inputs, &g->n_inputs));
    NESCIO_TRY(nescio_reader_messages(r, bytes, 12, sizeof(nescio_onnx_info), parse_info,
                                      &g->outputs, &g->n_outputs));
    return nescio_reader_messages(r, bytes, 15, sizeof(nescio_onnx_sparse), parse_sparse,
                                  &g->sparse, &g->n_sparse);
}

static nescio_status parse_opset(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_opset *const o = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1)
            NESCIO_TRY(nescio_reader_text(r, &f, &o->domain));
        else if (f.number == 2)
            NESCIO_TRY(nescio_reader_integer(r, &f, &o->version));
    }
    return w.bad ? nescio_reader_fail_wire(r, &w) : NESCIO_OK;
}

static nescio_status parse_function(nescio_reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_function *const fn = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        switch (f.number) {
        case 1: NESCIO_TRY(nescio_reader_text(r, &f, &fn->name)); break;
        case 10: NESCIO_TRY(nescio_reader_text(r, &f, &fn->domain)); break;
        case 13: NESCIO_TRY(nescio_reader_text(r, &f, &fn->overload)); break;
        default: break;
        }
    }
    if (w.bad)
        return nescio_reader_fail_wire(r, &w);
    NESCIO_TRY(nescio_reader_texts(r, bytes, 4, false, &fn->inputs, &fn->n_inputs));
    NESCIO_TRY(nescio_reader_texts(r, bytes, 5, false, &fn->outputs, &fn->n_outputs));
    NESCIO_TRY(nescio_reader_messages(r, bytes, 7, sizeof(nescio_onnx_node), parse_node, &fn->nodes,
                                      &fn->n_nodes));
    NESCIO_TRY(nescio_reader_messages(r, bytes, 9, sizeof(nescio_onnx_opset), parse_opset,
                                      &fn->opsets, &fn->n_opsets));
    return nescio_reader_messages(r, bytes, 11, sizeof(nescio_onnx_attr), parse_attr, &fn->defaults,
                                  &fn->n_defaults);
}

nescio_status nescio_onnx_model_parse(nescio_ctx *ctx, nescio_arena *arena, size_t max_arena,
                                      nescio_slice file, nescio_onnx_model *out)
{
    nescio_reader r = {.ctx = ctx, .arena = arena, .max_arena = max_arena, .file = file.at};
    nescio_wire w = nescio_wire_over(file);
    nescio_field f;

    *out = (nescio_onnx_model){0};
    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1)
            NESCIO_TRY(nescio_reader_integer(&r, &f, &out->ir_version));
    }
    if (w.bad)
        return nescio_reader_fail_wire(&r, &w);
    NESCIO_TRY(nescio_reader_messages(&r, file, 8, sizeof(nescio_onnx_opset), parse_opset,
                                      &out->opsets, &out->n_opsets));
    NESCIO_TRY(
        nescio_reader_message(&r, file, 7, sizeof(nescio_onnx_graph), parse_graph, &out->graph));
    return nescio_reader_messages(&r, file, 25, sizeof(nescio_onnx_function), parse_function,
                                  &out->functions, &out->n_functions);
}

nescio_status nescio_onnx_tensor_message(nescio_ctx *ctx, nescio_arena *arena, size_t max_arena,
                                         nescio_slice file, nescio_onnx_tensor *out)
{
    nescio_reader r = {.ctx = ctx, .arena = arena, .max_arena = max_arena, .file = file.at};

    return parse_tensor(&r, file, out);
}
