/* SPDX-License-Identifier: Apache-2.0
 * A graph as text, in ONNX's own text syntax (docs/Syntax.md of ONNX; onnx.parser reads it where
 * names are identifiers). Names that are not are quoted: "conv.1/Relu". Node names stand in
 * brackets. */
#include "graph/graph_internal.h"
#include "graph/text_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct printer {
    nescio_buffer *out;
    size_t max_elements; /* of a tensor; 0: all */
} printer;

static void print_graph(const printer *p, const nescio_graph *g, int indent);

static void print_indent(const printer *p, int indent)
{
    for (int i = 0; i < indent; i++)
        nescio_write_text(p->out, "    ");
}

static void print_string(const printer *p, const char *s)
{
    nescio_write_u8(p->out, '"');
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;

        if (c == '"' || c == '\\')
            nescio_write_text(p->out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            nescio_write_text(p->out, "\\x%02x", c);
        else
            nescio_write_u8(p->out, c);
    }
    nescio_write_u8(p->out, '"');
}

static void print_name(const printer *p, const char *name)
{
    if (nescio_text_is_identifier(name))
        nescio_write_text(p->out, "%s", name);
    else
        print_string(p, name);
}

typedef enum real_kind { REAL_F32, REAL_F64, REAL_ATTRIBUTE } real_kind;

static bool reads_back(const char *text, double v, real_kind kind)
{
    switch (kind) {
    case REAL_F32: return (float)nescio_text_double(text) == (float)v;
    case REAL_F64: return nescio_text_double(text) == v;
    default: return nescio_text_attribute(text) == v;
    }
}

/* Shortest of few forms that reads back the same; always recognisable as a float. */
static void print_float(const printer *p, double v, real_kind kind)
{
    char text[40];
    int digits;

    if (isnan(v)) {
        nescio_write_text(p->out, "nan");
        return;
    }
    if (isinf(v)) {
        nescio_write_text(p->out, v > 0 ? "inf" : "-inf");
        return;
    }
    for (digits = 6; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, v);
        if (reads_back(text, v, kind))
            break;
    }
    if (digits > 17) /* an attribute like 16777217: so many zeros that it is no float32 */
        (void)snprintf(text, sizeof text, "%#.17g", v);
    for (char *c = text; *c; c++) { /* whatever the locale writes for the point */
        if (!strchr("+-0123456789e", *c))
            *c = '.';
    }
    nescio_write_text(p->out, strpbrk(text, ".e") ? "%s" : "%s.0", text);
}

static void print_type(const printer *p, nescio_dtype dtype, const nescio_shape *shape)
{
    nescio_write_text(p->out, "%s", nescio_text_type_name(dtype));
    if (shape->rank == 0)
        return;
    nescio_write_u8(p->out, '[');
    for (int d = 0; d < shape->rank; d++) {
        nescio_write_text(p->out, d ? "," : "");
        if (shape->dims[d] != NESCIO_DIM_UNKNOWN)
            nescio_write_text(p->out, "%" PRId64, shape->dims[d]);
        else if (shape->symbol[d])
            print_name(p, shape->symbol[d]);
        else
            nescio_write_u8(p->out, '?');
    }
    nescio_write_u8(p->out, ']');
}

static void print_element(const printer *p, const nescio_tensor *t, size_t i)
{
    if (t->dtype == NESCIO_STRING)
        print_string(p, ((const char *const *)t->data)[i]);
    else if (nescio_dtype_is_float(t->dtype))
        print_float(p, nescio_tensor_get_f64(t, i), t->dtype == NESCIO_F64 ? REAL_F64 : REAL_F32);
    else if (t->dtype == NESCIO_U64)
        nescio_write_text(p->out, "%" PRIu64, ((const uint64_t *)t->data)[i]);
    else
        nescio_write_text(p->out, "%" PRId64, nescio_tensor_get_i64(t, i));
}

/* {1, 2, 3}: elements row-major (constants of a graph are contiguous). */
static void print_elements(const printer *p, const nescio_tensor *t)
{
    const size_t count = nescio_tensor_count(t);

    if (p->max_elements > 0 && count > p->max_elements) {
        nescio_write_text(p->out, "{...}");
        return;
    }
    nescio_write_u8(p->out, '{');
    for (size_t i = 0; i < count; i++) {
        nescio_write_text(p->out, i ? ", " : "");
        print_element(p, t, i);
    }
    nescio_write_u8(p->out, '}');
}

static void print_tensor(const printer *p, const nescio_tensor *t, const char *name)
{
    nescio_shape shape = {.rank = t->rank};

    memcpy(shape.dims, t->dims, sizeof shape.dims);
    print_type(p, t->dtype, &shape);
    nescio_write_u8(p->out, ' ');
    if (name) {
        print_name(p, name);
        nescio_write_text(p->out, " = ");
    }
    print_elements(p, t);
}

/* Lists of no elements do not show their kind, so they carry it. */
static void print_attr(const printer *p, const nescio_attr *a, int indent)
{
    const char *const kinds[] = {[NESCIO_ATTR_INTS] = "ints",
                                 [NESCIO_ATTR_FLOATS] = "floats",
                                 [NESCIO_ATTR_STRINGS] = "strings"};

    print_name(p, a->name);
    if (a->count == 0 && a->kind >= NESCIO_ATTR_INTS)
        nescio_write_text(p->out, ": %s", kinds[a->kind]);
    nescio_write_text(p->out, " = ");
    switch (a->kind) {
    case NESCIO_ATTR_INT: nescio_write_text(p->out, "%" PRId64, a->i); return;
    case NESCIO_ATTR_FLOAT: print_float(p, a->f, REAL_ATTRIBUTE); return;
    case NESCIO_ATTR_STRING: print_string(p, a->s); return;
    case NESCIO_ATTR_TENSOR: print_tensor(p, a->t, NULL); return;
    case NESCIO_ATTR_GRAPH: print_graph(p, a->g, indent + 1); return;
    default: break;
    }
    nescio_write_u8(p->out, '[');
    for (size_t i = 0; i < a->count; i++) {
        nescio_write_text(p->out, i ? ", " : "");
        if (a->kind == NESCIO_ATTR_INTS)
            nescio_write_text(p->out, "%" PRId64, a->ints[i]);
        else if (a->kind == NESCIO_ATTR_FLOATS)
            print_float(p, a->floats[i], REAL_ATTRIBUTE);
        else
            print_string(p, a->strings[i]);
    }
    nescio_write_u8(p->out, ']');
}

static void print_node(const printer *p, const nescio_node *node, int indent)
{
    const char *const domain = nescio_op_domain(node->op);

    print_indent(p, indent);
    nescio_write_u8(p->out, '[');
    print_name(p, node->name);
    nescio_write_text(p->out, "] ");
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        nescio_write_text(p->out, i ? ", " : "");
        if (node->outputs[i])
            print_name(p, node->outputs[i]->name);
    }
    nescio_write_text(p->out, " = %s%s%s", domain, *domain ? "." : "", nescio_op_name(node->op));
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        nescio_write_text(p->out, i ? ", " : " <");
        print_attr(p, &node->attrs[i], indent);
    }
    nescio_write_text(p->out, node->n_attrs ? "> (" : " (");
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        nescio_write_text(p->out, i ? ", " : "");
        if (node->inputs[i])
            print_name(p, node->inputs[i]->name);
    }
    nescio_write_text(p->out, ")\n");
}

static void print_declarations(const printer *p, nescio_value *const *values, size_t n)
{
    nescio_write_u8(p->out, '(');
    for (size_t i = 0; i < n; i++) {
        nescio_write_text(p->out, i ? ", " : "");
        print_type(p, values[i]->dtype, &values[i]->shape);
        nescio_write_u8(p->out, ' ');
        print_name(p, values[i]->name);
    }
    nescio_write_u8(p->out, ')');
}

/* Constants that the graph itself holds; those that a node's output is known to be are the node's.
 */
static void print_constants(const printer *p, const nescio_graph *g, int indent)
{
    bool any = false;

    for (size_t i = 0; i < g->n_values; i++) {
        const nescio_value *const v = g->values[i];

        if (!v->constant || v->producer || v->is_input)
            continue;
        nescio_write_text(p->out, any ? ",\n" : " <\n");
        any = true;
        print_indent(p, indent + 1);
        print_tensor(p, v->constant, v->name);
    }
    nescio_write_text(p->out, any ? ">" : "");
}

static void print_graph(const printer *p, const nescio_graph *g, int indent)
{
    print_name(p, g->name);
    nescio_write_u8(p->out, ' ');
    print_declarations(p, g->inputs, g->n_inputs);
    nescio_write_text(p->out, " => ");
    print_declarations(p, g->outputs, g->n_outputs);
    print_constants(p, g, indent);
    nescio_write_text(p->out, " {\n");
    for (const nescio_node *node = g->first; node; node = node->next)
        print_node(p, node, indent + 1);
    print_indent(p, indent);
    nescio_write_text(p->out, "}");
}

nescio_status nescio_graph_print(nescio_ctx *ctx, const nescio_graph *graph, size_t max_elements,
                                 nescio_buffer *out)
{
    const printer p = {.out = out, .max_elements = max_elements};
    nescio_opset opsets[NESCIO_OPSETS_MAX];
    const size_t n = nescio_graph_opsets(graph, opsets);

    nescio_write_text(out, "<ir_version: 10, opset_import: [");
    for (size_t i = 0; i < n; i++)
        nescio_write_text(out, "%s\"%s\" : %d", i ? ", " : "", opsets[i].domain, opsets[i].version);
    nescio_write_text(out, "]>\n");
    print_graph(&p, graph, 0);
    nescio_write_text(out, "\n");
    return out->bad ? nescio_fail_nomem(ctx, out->bytes) : NESCIO_OK;
}
