/* SPDX-License-Identifier: Apache-2.0
 * What adapters build with: nodes, constants, attributes of the file. */
#include "onnx/import_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void no_memory(nescio_adapt *a)
{
    if (a->st == NESCIO_OK)
        a->st = nescio_fail_nomem(a->ctx, sizeof(nescio_value));
}

void nescio_adapt_refuse(nescio_adapt *a, const char *format, ...)
{
    char text[256];
    va_list args;

    if (a->st != NESCIO_OK)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    a->st = nescio_importer_note(a->im, a->node, a->version, text);
    if (a->st == NESCIO_OK)
        a->st = NESCIO_E_UNSUPPORTED;
}

void nescio_adapt_fail(nescio_adapt *a, const char *format, ...)
{
    char text[512];
    va_list args;

    if (a->st != NESCIO_OK)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    a->st = nescio_fail(a->ctx, NESCIO_E_FORMAT, "%.*s '%.*s': %s", NESCIO_SLICE_ARGS(a->node->op),
                        NESCIO_SLICE_ARGS(a->node->name), text);
}

nescio_value *nescio_adapt_in(const nescio_adapt *a, size_t i)
{
    return i < a->n_in ? a->in[i] : NULL;
}

bool nescio_adapt_wants(const nescio_adapt *a, size_t k)
{
    return k < a->n_out && a->node->outputs[k].bytes > 0;
}

const nescio_onnx_attr *nescio_adapt_resolve(const nescio_adapt *a, const nescio_onnx_attr *attr)
{
    if (attr->ref.bytes == 0)
        return attr;
    for (const nescio_scope *s = a->scope; s;
         s = s->parent) { /* a body sees its function's parameters */
        for (size_t k = 0; k < s->n_bindings; k++) {
            if (nescio_slice_equal(s->bindings[k].name, attr->ref))
                return &s->bindings[k];
        }
    }
    return NULL;
}

const nescio_onnx_attr *nescio_adapt_attr(const nescio_adapt *a, const char *name)
{
    for (size_t i = 0; i < a->node->n_attrs; i++) {
        if (nescio_slice_is(a->node->attrs[i].name, name))
            return nescio_adapt_resolve(a, &a->node->attrs[i]);
    }
    return NULL;
}

int64_t nescio_adapt_int(const nescio_adapt *a, const char *name, int64_t otherwise)
{
    const nescio_onnx_attr *const attr = nescio_adapt_attr(a, name);

    return attr ? attr->i : otherwise;
}

double nescio_adapt_float(const nescio_adapt *a, const char *name, double otherwise)
{
    const nescio_onnx_attr *const attr = nescio_adapt_attr(a, name);

    return attr ? (double)attr->f : otherwise;
}

bool nescio_adapt_is(const nescio_adapt *a, const char *name, const char *text,
                     const char *otherwise)
{
    const nescio_onnx_attr *const attr = nescio_adapt_attr(a, name);

    return attr ? nescio_slice_is(attr->s, text) : strcmp(text, otherwise) == 0;
}

const char *nescio_adapt_text(nescio_adapt *a, nescio_slice s)
{
    const char *text = nescio_arena_strndup(a->im->root->arena, (const char *)s.at, s.bytes);

    if (!text)
        no_memory(a);
    return text;
}

/* Names of the model's outputs are kept for them: a body or an intermediate value that came first
 * must not take one. */
static bool is_model_output(const nescio_importer *im, nescio_slice name)
{
    for (size_t i = 0; i < im->model->graph->n_outputs; i++) {
        if (nescio_slice_equal(im->model->graph->outputs[i].name, name))
            return true;
    }
    return false;
}

/* A value for output k of the node, or an intermediate one (k < 0). */
static nescio_value *new_value(nescio_adapt *a, int k)
{
    const bool is_output = k >= 0 && (size_t)k < a->n_out && a->node->outputs[k].bytes > 0;
    const nescio_slice own = a->n_out > 0 ? a->node->outputs[is_output ? k : 0] : a->node->op;
    const nescio_scope *owner = a->scope;
    nescio_slice name = nescio_scope_outer_name(a->scope, own);
    nescio_value *value;
    const char *wish;
    bool inner;

    while (owner->caller)
        owner = owner->caller;
    inner = owner->graph != a->im->root || (a->scope->caller && nescio_slice_equal(name, own));
    wish =
        nescio_arena_printf(a->im->scratch, "%.*s%s", (int)(name.bytes < 4096 ? name.bytes : 4096),
                            name.at ? (const char *)name.at : "",
                            !is_output                              ? "/part"
                            : inner && is_model_output(a->im, name) ? "/inner"
                                                                    : "");
    value = wish ? nescio_graph_value(a->scope->graph, wish, NESCIO_DTYPE_NONE, NULL) : NULL;
    if (!value)
        no_memory(a);
    else if (is_output)
        a->out[k] = value;
    return value;
}

nescio_node *nescio_adapt_node(nescio_adapt *a, nescio_op op, nescio_value *const *in, size_t n_in,
                               const int *ks, size_t n_out)
{
    const char *name =
        nescio_arena_strndup(a->im->scratch, (const char *)a->node->name.at, a->node->name.bytes);
    nescio_node *node;

    if (a->st != NESCIO_OK)
        return NULL;
    while (n_in > 0 && !in[n_in - 1]) /* left out at the end: as if not there */
        n_in--;
    if (!nescio_op_takes(op, n_in, n_out)) {
        nescio_adapt_fail(a, "has %zu inputs and %zu outputs, which %s does not take", n_in, n_out,
                          nescio_op_name(op));
        return NULL;
    }
    node = name ? nescio_graph_node(a->scope->graph, NULL, op, name, n_in, n_out) : NULL;
    if (!node) {
        no_memory(a);
        return NULL;
    }
    for (size_t i = 0; i < n_in; i++)
        node->inputs[i] = in[i];
    for (size_t i = 0; i < n_out; i++) {
        nescio_value *value;

        if (ks[i] >= 0 && !nescio_adapt_wants(a, (size_t)ks[i]))
            continue;
        value = new_value(a, ks[i]);
        if (!value)
            return NULL;
        nescio_node_set_output(node, i, value);
    }
    return node;
}

nescio_value *nescio_adapt_emit(nescio_adapt *a, nescio_op op, int k, size_t n_in, ...)
{
    nescio_value *in[8] = {NULL};
    nescio_node *node;
    va_list args;

    va_start(args, n_in);
    for (size_t i = 0; i < n_in && i < 8; i++)
        in[i] = va_arg(args, nescio_value *);
    va_end(args);
    if (k >= 0 && !nescio_adapt_wants(a, (size_t)k))
        k = -1;
    node = nescio_adapt_node(a, op, in, n_in, &k, 1);
    return node ? node->outputs[0] : NULL;
}

void nescio_adapt_set_int(nescio_adapt *a, nescio_value *value, const char *name, int64_t v)
{
    if (a->st == NESCIO_OK && value && !nescio_node_set_int(value->producer, name, v))
        no_memory(a);
}

void nescio_adapt_set_float(nescio_adapt *a, nescio_value *value, const char *name, double v)
{
    if (a->st == NESCIO_OK && value && !nescio_node_set_float(value->producer, name, v))
        no_memory(a);
}

void nescio_adapt_set_string(nescio_adapt *a, nescio_value *value, const char *name, const char *v)
{
    if (a->st == NESCIO_OK && value && !nescio_node_set_string(value->producer, name, v))
        no_memory(a);
}

static const void *copy_floats(nescio_adapt *a, nescio_node *node, const char *name,
                               const nescio_onnx_attr *attr)
{
    double *wide = nescio_arena_array(a->im->scratch, attr->n_floats, sizeof *wide);

    if (!wide)
        return NULL;
    for (size_t i = 0; i < attr->n_floats; i++)
        wide[i] = (double)attr->floats[i];
    return nescio_node_set_floats(node, name, wide, attr->n_floats);
}

static const void *copy_strings(nescio_adapt *a, nescio_node *node, const char *name,
                                const nescio_onnx_attr *attr)
{
    const char **texts = nescio_arena_array(a->im->scratch, attr->n_strings, sizeof *texts);

    for (size_t i = 0; texts && i < attr->n_strings; i++) {
        texts[i] = nescio_arena_strndup(a->im->scratch, (const char *)attr->strings[i].at,
                                        attr->strings[i].bytes);
        if (!texts[i])
            return NULL;
    }
    return texts ? nescio_node_set_strings(node, name, texts, attr->n_strings) : NULL;
}

static const void *copy_tensor(nescio_adapt *a, nescio_node *node, const char *name,
                               const nescio_onnx_attr *attr)
{
    nescio_tensor t;

    a->st = nescio_onnx_tensor_decode(&a->im->decoder, attr->t, &t);
    return a->st == NESCIO_OK ? nescio_node_set_tensor(node, name, &t, true) : NULL;
}

static void copy_attr(nescio_adapt *a, nescio_node *node, const char *name,
                      const nescio_onnx_attr *attr)
{
    const void *made = NULL;
    const char *text;

    if (a->st != NESCIO_OK)
        return;
    switch (attr->type) {
    case NESCIO_ONNX_INT: made = nescio_node_set_int(node, name, attr->i); break;
    case NESCIO_ONNX_FLOAT: made = nescio_node_set_float(node, name, (double)attr->f); break;
    case NESCIO_ONNX_STRING:
        text = nescio_adapt_text(a, attr->s);
        made = text ? nescio_node_set_string(node, name, text) : NULL;
        break;
    case NESCIO_ONNX_INTS: made = nescio_node_set_ints(node, name, attr->ints, attr->n_ints); break;
    case NESCIO_ONNX_FLOATS: made = copy_floats(a, node, name, attr); break;
    case NESCIO_ONNX_STRINGS: made = copy_strings(a, node, name, attr); break;
    case NESCIO_ONNX_TENSOR: made = copy_tensor(a, node, name, attr); break;
    default: nescio_adapt_fail(a, "attribute '%s' has a type that cannot be kept", name); return;
    }
    if (!made)
        no_memory(a);
}

void nescio_adapt_copy(nescio_adapt *a, nescio_value *value, const char *name)
{
    const nescio_onnx_attr *const attr = nescio_adapt_attr(a, name);

    if (attr && a->st == NESCIO_OK)
        copy_attr(a, value->producer, name, attr);
}

void nescio_adapt_copy_all(nescio_adapt *a, nescio_node *node)
{
    char name[64];

    for (const char *p = a->rule->attrs; *p && a->st == NESCIO_OK;) {
        const char *const start = *p == '-' ? p + 1 : p;
        const size_t n = strcspn(start, ":");
        const nescio_onnx_attr *attr;

        (void)snprintf(name, sizeof name, "%.*s", (int)n, start);
        attr = nescio_adapt_attr(a, name);
        if (attr && *p != '-')
            copy_attr(a, node, name, attr);
        p = start + n + 2;
        p += *p == ' ';
    }
}

nescio_value *nescio_adapt_tensor(nescio_adapt *a, const nescio_tensor *t, int k)
{
    nescio_tensor *kept;
    nescio_value *value;

    if (a->st != NESCIO_OK)
        return NULL;
    value = new_value(a, k);
    if (!value)
        return NULL;
    value->dtype = t->dtype;
    value->shape = (nescio_shape){.rank = t->rank};
    memcpy(value->shape.dims, t->dims, sizeof value->shape.dims);
    kept = nescio_arena_alloc(a->im->root->arena, sizeof *kept);
    if (!kept) {
        no_memory(a);
        return NULL;
    }
    *kept = *t;
    value->constant = kept;
    return value;
}

nescio_value *nescio_adapt_ints(nescio_adapt *a, const int64_t *v, size_t n)
{
    const int64_t dims[1] = {(int64_t)n};
    nescio_tensor t;

    if (a->st != NESCIO_OK)
        return NULL;
    a->st = nescio_tensor_arena(a->ctx, a->im->root->arena, &t, NESCIO_I64, 1, dims);
    if (a->st != NESCIO_OK)
        return NULL;
    if (n > 0)
        memcpy(t.data, v, n * sizeof *v);
    return nescio_adapt_tensor(a, &t, -1);
}

nescio_value *nescio_adapt_scalar(nescio_adapt *a, nescio_dtype dtype, double v)
{
    nescio_tensor t;

    if (a->st != NESCIO_OK)
        return NULL;
    if (nescio_dtype_bytes(dtype) == 0) {
        nescio_adapt_refuse(a, "needs a constant of unknown type");
        return NULL;
    }
    a->st = nescio_tensor_arena(a->ctx, a->im->root->arena, &t, dtype, 0, NULL);
    if (a->st != NESCIO_OK)
        return NULL;
    switch (dtype) {
    case NESCIO_F32: *(float *)t.data = (float)v; break;
    case NESCIO_F64: *(double *)t.data = v; break;
    case NESCIO_I64: *(int64_t *)t.data = (int64_t)v; break;
    case NESCIO_I32: *(int32_t *)t.data = (int32_t)v; break;
    case NESCIO_BOOL: *(uint8_t *)t.data = v != 0; break;
    default:
        nescio_adapt_refuse(a, "needs a constant of %s", nescio_dtype_name(dtype));
        return NULL;
    }
    return nescio_adapt_tensor(a, &t, -1);
}

void nescio_adapt_settle(nescio_adapt *a)
{
    nescio_node *node = a->inferred ? a->inferred->next : a->scope->graph->first;

    for (; node && a->st == NESCIO_OK; node = node->next) {
        a->st = nescio_node_infer(a->ctx, node);
        a->inferred = node;
    }
}
