/* SPDX-License-Identifier: Apache-2.0
 * The message tree: every list is counted first, then filled, so an array is exactly as long as the
 * file says and never longer than its bytes. */
#include "onnx/message.h"

#include <string.h>

typedef struct reader {
    nescio_ctx *ctx;
    nescio_arena *arena;
    size_t max_arena;
    const uint8_t *file; /* for offsets in messages */
    int depth;
} reader;

typedef nescio_status (*parse_fn)(reader *r, nescio_slice bytes, void *out);

bool nescio_slice_is(nescio_slice s, const char *text)
{
    return s.bytes == strlen(text) && (s.bytes == 0 || memcmp(s.at, text, s.bytes) == 0);
}

bool nescio_slice_equal(nescio_slice a, nescio_slice b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.at, b.at, a.bytes) == 0);
}

static nescio_status fail_at(const reader *r, const uint8_t *where, const char *what)
{
    return nescio_fail(r->ctx, NESCIO_E_FORMAT, "byte %zu: %s",
                       where ? (size_t)(where - r->file) : 0, what);
}

static nescio_status fail_wire(const reader *r, const nescio_wire *w)
{
    return fail_at(r, w->bad, "cut off or not protobuf");
}

/* Zeroed array in the arena, within the bound. */
static nescio_status new_array(const reader *r, size_t count, size_t size, void *out)
{
    void *array;

    if (count > r->max_arena / size || nescio_arena_bytes(r->arena) > r->max_arena - count * size)
        return nescio_fail(r->ctx, NESCIO_E_FORMAT,
                           "needs more than %zu bytes of memory for its size", r->max_arena);
    array = nescio_arena_array(r->arena, count, size);
    if (!array)
        return nescio_fail_nomem(r->ctx, count * size);
    memcpy(out, &array, sizeof array);
    return NESCIO_OK;
}

static nescio_status need_bytes(const reader *r, const nescio_field *f)
{
    return f->type == NESCIO_WIRE_BYTES
               ? NESCIO_OK
               : fail_at(r, f->bytes.at, "a number where bytes are expected");
}

/* A string field. Names with a NUL byte would be cut by C; none is legal ONNX. */
static nescio_status read_text(const reader *r, const nescio_field *f, nescio_slice *out)
{
    NESCIO_TRY(need_bytes(r, f));
    if (f->bytes.bytes > 0 && memchr(f->bytes.at, 0, f->bytes.bytes))
        return fail_at(r, f->bytes.at, "a text with a zero byte");
    *out = f->bytes;
    return NESCIO_OK;
}

static nescio_status read_integer(const reader *r, const nescio_field *f, int64_t *out)
{
    if (f->type != NESCIO_WIRE_VARINT)
        return fail_at(r, f->bytes.at, "bytes where a number is expected");
    *out = (int64_t)f->scalar;
    return NESCIO_OK;
}

static nescio_status read_enum(const reader *r, const nescio_field *f, int32_t *out)
{
    int64_t wide = 0;

    NESCIO_TRY(read_integer(r, f, &wide));
    if (wide < 0 || wide > INT32_MAX)
        return fail_at(r, f->bytes.at, "an enum value out of range");
    *out = (int32_t)wide;
    return NESCIO_OK;
}

/* How many fields of that number the message has. */
static nescio_status count_fields(const reader *r, nescio_slice bytes, uint32_t number,
                                  size_t *count)
{
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    *count = 0;
    while (nescio_wire_next(&w, &f))
        *count += f.number == number;
    return w.bad ? fail_wire(r, &w) : NESCIO_OK;
}

/* All embedded messages of field `number` into an array of structs of `size` bytes. */
static nescio_status read_messages(reader *r, nescio_slice bytes, uint32_t number, size_t size,
                                   parse_fn parse, void *out_array, size_t *out_count)
{
    nescio_wire w = nescio_wire_over(bytes);
    char *array = NULL;
    size_t count, i = 0;
    nescio_field f;

    NESCIO_TRY(count_fields(r, bytes, number, &count));
    NESCIO_TRY(new_array(r, count, size, &array));
    if (r->depth >= NESCIO_ONNX_DEPTH_MAX)
        return fail_at(r, bytes.at, "messages nested deeper than 64");
    r->depth++;
    while (nescio_wire_next(&w, &f)) {
        if (f.number != number)
            continue;
        NESCIO_TRY(need_bytes(r, &f));
        NESCIO_TRY(parse(r, f.bytes, array + size * i++));
    }
    r->depth--;
    memcpy(out_array, &array, sizeof array);
    *out_count = count;
    return NESCIO_OK;
}

/* At most one embedded message; *out is NULL when there is none. */
static nescio_status read_message(reader *r, nescio_slice bytes, uint32_t number, size_t size,
                                  parse_fn parse, void *out_pointer)
{
    char *array = NULL;
    size_t count = 0;

    NESCIO_TRY(count_fields(r, bytes, number, &count));
    if (count > 1)
        return fail_at(r, bytes.at, "a message that may occur once occurs twice");
    if (count == 1)
        NESCIO_TRY(read_messages(r, bytes, number, size, parse, &array, &count));
    memcpy(out_pointer, &array, sizeof array);
    return NESCIO_OK;
}

static nescio_status read_texts(const reader *r, nescio_slice bytes, uint32_t number, bool is_bytes,
                                const nescio_slice **out, size_t *out_count)
{
    nescio_wire w = nescio_wire_over(bytes);
    nescio_slice *array = NULL;
    size_t count, i = 0;
    nescio_field f;

    NESCIO_TRY(count_fields(r, bytes, number, &count));
    NESCIO_TRY(new_array(r, count, sizeof *array, &array));
    while (nescio_wire_next(&w, &f)) {
        if (f.number != number)
            continue;
        NESCIO_TRY(is_bytes ? need_bytes(r, &f) : NESCIO_OK);
        if (is_bytes)
            array[i++] = f.bytes;
        else
            NESCIO_TRY(read_text(r, &f, &array[i++]));
    }
    *out = array;
    *out_count = count;
    return NESCIO_OK;
}

/* Sum of the element counts of a repeated number, packed or not, in any mix. */
static nescio_status count_numbers(const reader *r, nescio_slice bytes, uint32_t number,
                                   nescio_wire_type element, size_t *count)
{
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;
    size_t n;

    *count = 0;
    while (nescio_wire_next(&w, &f)) {
        if (f.number != number)
            continue;
        if (!nescio_field_count(&f, element, &n))
            return fail_at(r, f.bytes.at, "a list of numbers is torn");
        *count += n; /* at most the bytes of the file */
    }
    return w.bad ? fail_wire(r, &w) : NESCIO_OK;
}

static nescio_status read_int64s(const reader *r, nescio_slice bytes, uint32_t number,
                                 const int64_t **out, size_t *out_count)
{
    nescio_wire w = nescio_wire_over(bytes);
    int64_t *array = NULL;
    size_t count, i = 0;
    nescio_field f;

    NESCIO_TRY(count_numbers(r, bytes, number, NESCIO_WIRE_VARINT, &count));
    NESCIO_TRY(new_array(r, count, sizeof *array, &array));
    while (nescio_wire_next(&w, &f)) {
        nescio_wire list = nescio_wire_over(f.bytes);

        if (f.number != number)
            continue;
        while (list.at < list.end && i < count)
            array[i++] = (int64_t)nescio_wire_varint(&list);
        if (list.bad)
            return fail_at(r, list.bad, "a number longer than 10 bytes");
    }
    *out = array;
    *out_count = count;
    return NESCIO_OK;
}

static nescio_status read_floats(const reader *r, nescio_slice bytes, uint32_t number,
                                 const float **out, size_t *out_count)
{
    nescio_wire w = nescio_wire_over(bytes);
    float *array = NULL;
    size_t count, i = 0;
    nescio_field f;

    NESCIO_TRY(count_numbers(r, bytes, number, NESCIO_WIRE_FIXED32, &count));
    NESCIO_TRY(new_array(r, count, sizeof *array, &array));
    while (nescio_wire_next(&w, &f)) {
        nescio_wire list = nescio_wire_over(f.bytes);

        if (f.number != number)
            continue;
        while (list.at < list.end && i < count)
            array[i++] = nescio_wire_float(nescio_wire_fixed32(&list));
    }
    *out = array;
    *out_count = count;
    return NESCIO_OK;
}

/* StringStringEntryProto of external_data: key(1), value(2). */
static nescio_status read_external_entry(const reader *r, nescio_slice bytes, nescio_onnx_tensor *t)
{
    nescio_wire w = nescio_wire_over(bytes);
    nescio_slice key = {0}, value = {0};
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1)
            NESCIO_TRY(read_text(r, &f, &key));
        else if (f.number == 2)
            NESCIO_TRY(read_text(r, &f, &value));
    }
    if (w.bad)
        return fail_wire(r, &w);
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

static nescio_status parse_tensor(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_tensor *const t = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;
    int32_t where = 0;

    *t = (nescio_onnx_tensor){.whole = bytes};
    while (nescio_wire_next(&w, &f)) {
        switch (f.number) {
        case 2: NESCIO_TRY(read_enum(r, &f, &t->dtype)); break;
        case 3: return fail_at(r, f.bytes.at, "a tensor in segments");
        case 8: NESCIO_TRY(read_text(r, &f, &t->name)); break;
        case 9:
            NESCIO_TRY(need_bytes(r, &f));
            t->raw = f.bytes;
            t->has_raw = true;
            break;
        case 13:
            NESCIO_TRY(need_bytes(r, &f));
            NESCIO_TRY(read_external_entry(r, f.bytes, t));
            break;
        case 14: NESCIO_TRY(read_enum(r, &f, &where)); break;
        default: break;
        }
    }
    if (w.bad)
        return fail_wire(r, &w);
    t->is_external = where == 1;
    return read_int64s(r, bytes, 1, &t->dims, &t->n_dims);
}

static nescio_status parse_sparse(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_sparse *const s = out;

    NESCIO_TRY(read_message(r, bytes, 1, sizeof(nescio_onnx_tensor), parse_tensor, &s->values));
    NESCIO_TRY(read_message(r, bytes, 2, sizeof(nescio_onnx_tensor), parse_tensor, &s->indices));
    NESCIO_TRY(read_int64s(r, bytes, 3, &s->dims, &s->n_dims));
    return s->values && s->indices
               ? NESCIO_OK
               : fail_at(r, bytes.at, "a sparse tensor without values or indices");
}

static nescio_status parse_dimension(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_dimension *const d = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1) {
            NESCIO_TRY(read_integer(r, &f, &d->value));
            d->has_value = true;
        } else if (f.number == 2) {
            NESCIO_TRY(read_text(r, &f, &d->param));
            d->has_value = false; /* the two are alternatives: the last counts */
        }
    }
    return w.bad ? fail_wire(r, &w) : NESCIO_OK;
}

static nescio_status parse_shape(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_info *const info = out;

    return read_messages(r, bytes, 1, sizeof(nescio_onnx_dimension), parse_dimension, &info->dims,
                         &info->n_dims);
}

/* TypeProto.Tensor: elem_type(1), shape(2). */
static nescio_status parse_tensor_type(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_info *const info = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_onnx_info *shape = NULL;
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1)
            NESCIO_TRY(read_enum(r, &f, &info->dtype));
    }
    if (w.bad)
        return fail_wire(r, &w);
    NESCIO_TRY(read_message(r, bytes, 2, sizeof *shape, parse_shape, &shape));
    if (shape) {
        info->has_shape = true;
        info->dims = shape->dims;
        info->n_dims = shape->n_dims;
    }
    return NESCIO_OK;
}

static nescio_status parse_type(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_info *const info = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_onnx_info *tensor = NULL;
    nescio_field f;

    NESCIO_TRY(read_message(r, bytes, 1, sizeof *tensor, parse_tensor_type, &tensor));
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
    return w.bad ? fail_wire(r, &w) : NESCIO_OK;
}

static nescio_status parse_info(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_info *const info = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_onnx_info *type = NULL;
    nescio_field f;

    NESCIO_TRY(read_message(r, bytes, 2, sizeof *type, parse_type, &type));
    if (type)
        *info = *type;
    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1)
            NESCIO_TRY(read_text(r, &f, &info->name));
    }
    return w.bad ? fail_wire(r, &w) : NESCIO_OK;
}

static nescio_status parse_graph(reader *r, nescio_slice bytes, void *out);

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

static nescio_status parse_attr(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_attr *const a = out;
    nescio_wire w = nescio_wire_over(bytes);
    bool has_f = false, has_i = false, has_s = false;
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        switch (f.number) {
        case 1: NESCIO_TRY(read_text(r, &f, &a->name)); break;
        case 2:
            if (f.type != NESCIO_WIRE_FIXED32)
                return fail_at(r, f.bytes.at, "an attribute's float has another wire type");
            a->f = nescio_wire_float((uint32_t)f.scalar);
            has_f = true;
            break;
        case 3:
            NESCIO_TRY(read_integer(r, &f, &a->i));
            has_i = true;
            break;
        case 4:
            NESCIO_TRY(need_bytes(r, &f));
            a->s = f.bytes;
            has_s = true;
            break;
        case 20: NESCIO_TRY(read_enum(r, &f, &a->type)); break;
        case 21: NESCIO_TRY(read_text(r, &f, &a->ref)); break;
        default: break;
        }
    }
    if (w.bad)
        return fail_wire(r, &w);
    NESCIO_TRY(read_message(r, bytes, 5, sizeof(nescio_onnx_tensor), parse_tensor, &a->t));
    NESCIO_TRY(read_message(r, bytes, 6, sizeof(nescio_onnx_graph), parse_graph, &a->g));
    NESCIO_TRY(read_message(r, bytes, 22, sizeof(nescio_onnx_sparse), parse_sparse, &a->sparse));
    NESCIO_TRY(read_floats(r, bytes, 7, &a->floats, &a->n_floats));
    NESCIO_TRY(read_int64s(r, bytes, 8, &a->ints, &a->n_ints));
    NESCIO_TRY(read_texts(r, bytes, 9, true, &a->strings, &a->n_strings));
    if (a->type == 0 && a->ref.bytes == 0)
        a->type = found_type(a, has_f, has_i, has_s);
    if ((a->type == NESCIO_ONNX_TENSOR && !a->t) || (a->type == NESCIO_ONNX_GRAPH && !a->g) ||
        (a->type == NESCIO_ONNX_SPARSE && !a->sparse))
        return a->ref.bytes
                   ? NESCIO_OK
                   : fail_at(r, bytes.at, "an attribute without the value its type promises");
    return NESCIO_OK;
}

static nescio_status parse_node(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_node *const n = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        switch (f.number) {
        case 3: NESCIO_TRY(read_text(r, &f, &n->name)); break;
        case 4: NESCIO_TRY(read_text(r, &f, &n->op)); break;
        case 7: NESCIO_TRY(read_text(r, &f, &n->domain)); break;
        case 8: NESCIO_TRY(read_text(r, &f, &n->overload)); break;
        default: break;
        }
    }
    if (w.bad)
        return fail_wire(r, &w);
    if (n->op.bytes == 0)
        return fail_at(r, bytes.at, "a node without an operator");
    NESCIO_TRY(read_texts(r, bytes, 1, false, &n->inputs, &n->n_inputs));
    NESCIO_TRY(read_texts(r, bytes, 2, false, &n->outputs, &n->n_outputs));
    return read_messages(r, bytes, 5, sizeof(nescio_onnx_attr), parse_attr, &n->attrs, &n->n_attrs);
}

static nescio_status parse_graph(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_graph *const g = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        if (f.number == 2)
            NESCIO_TRY(read_text(r, &f, &g->name));
    }
    if (w.bad)
        return fail_wire(r, &w);
    NESCIO_TRY(
        read_messages(r, bytes, 1, sizeof(nescio_onnx_node), parse_node, &g->nodes, &g->n_nodes));
    NESCIO_TRY(read_messages(r, bytes, 5, sizeof(nescio_onnx_tensor), parse_tensor,
                             &g->initializers, &g->n_initializers));
    NESCIO_TRY(read_messages(r, bytes, 11, sizeof(nescio_onnx_info), parse_info, &g->inputs,
                             &g->n_inputs));
    NESCIO_TRY(read_messages(r, bytes, 12, sizeof(nescio_onnx_info), parse_info, &g->outputs,
                             &g->n_outputs));
    return read_messages(r, bytes, 15, sizeof(nescio_onnx_sparse), parse_sparse, &g->sparse,
                         &g->n_sparse);
}

static nescio_status parse_opset(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_opset *const o = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1)
            NESCIO_TRY(read_text(r, &f, &o->domain));
        else if (f.number == 2)
            NESCIO_TRY(read_integer(r, &f, &o->version));
    }
    return w.bad ? fail_wire(r, &w) : NESCIO_OK;
}

static nescio_status parse_function(reader *r, nescio_slice bytes, void *out)
{
    nescio_onnx_function *const fn = out;
    nescio_wire w = nescio_wire_over(bytes);
    nescio_field f;

    while (nescio_wire_next(&w, &f)) {
        switch (f.number) {
        case 1: NESCIO_TRY(read_text(r, &f, &fn->name)); break;
        case 10: NESCIO_TRY(read_text(r, &f, &fn->domain)); break;
        case 13: NESCIO_TRY(read_text(r, &f, &fn->overload)); break;
        default: break;
        }
    }
    if (w.bad)
        return fail_wire(r, &w);
    NESCIO_TRY(read_texts(r, bytes, 4, false, &fn->inputs, &fn->n_inputs));
    NESCIO_TRY(read_texts(r, bytes, 5, false, &fn->outputs, &fn->n_outputs));
    NESCIO_TRY(
        read_messages(r, bytes, 7, sizeof(nescio_onnx_node), parse_node, &fn->nodes, &fn->n_nodes));
    NESCIO_TRY(read_messages(r, bytes, 9, sizeof(nescio_onnx_opset), parse_opset, &fn->opsets,
                             &fn->n_opsets));
    return read_messages(r, bytes, 11, sizeof(nescio_onnx_attr), parse_attr, &fn->defaults,
                         &fn->n_defaults);
}

nescio_status nescio_onnx_model_parse(nescio_ctx *ctx, nescio_arena *arena, size_t max_arena,
                                      nescio_slice file, nescio_onnx_model *out)
{
    reader r = {.ctx = ctx, .arena = arena, .max_arena = max_arena, .file = file.at};
    nescio_wire w = nescio_wire_over(file);
    nescio_field f;

    *out = (nescio_onnx_model){0};
    while (nescio_wire_next(&w, &f)) {
        if (f.number == 1)
            NESCIO_TRY(read_integer(&r, &f, &out->ir_version));
    }
    if (w.bad)
        return fail_wire(&r, &w);
    NESCIO_TRY(read_messages(&r, file, 8, sizeof(nescio_onnx_opset), parse_opset, &out->opsets,
                             &out->n_opsets));
    NESCIO_TRY(read_message(&r, file, 7, sizeof(nescio_onnx_graph), parse_graph, &out->graph));
    return read_messages(&r, file, 25, sizeof(nescio_onnx_function), parse_function,
                         &out->functions, &out->n_functions);
}

nescio_status nescio_onnx_tensor_message(nescio_ctx *ctx, nescio_arena *arena, size_t max_arena,
                                         nescio_slice file, nescio_onnx_tensor *out)
{
    reader r = {.ctx = ctx, .arena = arena, .max_arena = max_arena, .file = file.at};

    return parse_tensor(&r, file, out);
}
