/* SPDX-License-Identifier: Apache-2.0
 * Shape and dtype inference: walks the nodes in order and asks the rule of each. */
#include "graph/infer_internal.h"

#include <stdarg.h>
#include <stdio.h>

nescio_status nescio_infer_fail(nescio_ctx *ctx, const nescio_node *node, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nescio_fail(ctx, NESCIO_E_FORMAT, "%s '%s': %s", nescio_op_name(node->op), node->name,
                       text);
}

const nescio_shape *nescio_infer_shape(const nescio_node *node, size_t i)
{
    const nescio_value *value = nescio_node_input(node, i);

    return value ? &value->shape : &nescio_shape_unknown;
}

nescio_dtype nescio_infer_dtype(const nescio_node *node, size_t i)
{
    const nescio_value *value = nescio_node_input(node, i);

    return value ? value->dtype : NESCIO_DTYPE_NONE;
}

/* "[batch,10]" for messages. */
static const char *describe_shape(const nescio_shape *shape, char *buf, size_t n)
{
    size_t at = 0;

    if (shape->rank == NESCIO_RANK_UNKNOWN) {
        (void)snprintf(buf, n, "[...]");
        return buf;
    }
    buf[0] = '\0';
    for (int d = 0; d < shape->rank && at + 1 < n; d++) {
        int length;

        if (shape->dims[d] == NESCIO_DIM_UNKNOWN)
            length = snprintf(buf + at, n - at, "%s%.40s", d ? "," : "[",
                              shape->symbol[d] ? shape->symbol[d] : "?");
        else
            length = snprintf(buf + at, n - at, "%s%lld", d ? "," : "[", (long long)shape->dims[d]);
        at += length > 0 ? (size_t)length : 0;
    }
    if (at + 1 < n)
        (void)snprintf(buf + at, n - at, "%s", shape->rank ? "]" : "[]");
    return buf;
}

nescio_status nescio_infer_output(nescio_ctx *ctx, const nescio_node *node, size_t i,
                                  nescio_dtype dtype, const nescio_shape *shape)
{
    nescio_value *value = i < node->n_outputs ? node->outputs[i] : NULL;
    char found[160], known[160];

    if (!value)
        return NESCIO_OK;
    if (value->dtype == NESCIO_DTYPE_NONE)
        value->dtype = dtype;
    else if (dtype != NESCIO_DTYPE_NONE && dtype != value->dtype)
        return nescio_infer_fail(ctx, node, "output '%s' is %s, but is declared %s", value->name,
                                 nescio_dtype_name(dtype), nescio_dtype_name(value->dtype));
    if (nescio_shape_merge(&value->shape, shape))
        return NESCIO_OK;
    if (!value->shape_is_claim)
        return nescio_infer_fail(ctx, node, "output '%s' has shape %s, but is declared %s",
                                 value->name, describe_shape(shape, found, sizeof found),
                                 describe_shape(&value->shape, known, sizeof known));
    value->shape = *shape;
    value->shape_is_claim = false;
    return NESCIO_OK;
}

nescio_status nescio_infer_unknown(nescio_ctx *ctx, const nescio_node *node, int rank)
{
    const nescio_shape out = rank < 0 ? nescio_shape_unknown : nescio_shape_of_rank(rank);

    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

int nescio_infer_length(const nescio_node *node, size_t i)
{
    const nescio_shape *const s = nescio_infer_shape(node, i);

    return s->rank == 1 && s->dims[0] >= 0 && s->dims[0] <= NESCIO_RANK_MAX ? (int)s->dims[0] : -1;
}

nescio_status nescio_infer_axis(nescio_ctx *ctx, const nescio_node *node, int rank, int64_t *axis)
{
    if (*axis < -rank || *axis >= rank)
        return nescio_infer_fail(ctx, node, "axis %lld is outside a tensor of rank %d",
                                 (long long)*axis, rank);
    if (*axis < 0)
        *axis += rank;
    return NESCIO_OK;
}

bool nescio_infer_content(const nescio_node *node, size_t i, nescio_content *out)
{
    const nescio_value *value = nescio_node_input(node, i);
    const nescio_tensor *t = value ? value->constant : NULL;

    if (!value)
        return false;
    if (!t) {
        if (!value->content)
            return false;
        *out = *value->content;
        return true;
    }
    if (t->rank > 1 || nescio_tensor_count(t) > NESCIO_RANK_MAX ||
        !nescio_tensor_is_contiguous(t) ||
        (!nescio_dtype_is_integer(t->dtype) && t->dtype != NESCIO_BOOL))
        return false;
    *out = (nescio_content){.count = (int)nescio_tensor_count(t)};
    for (int k = 0; k < out->count; k++) {
        out->known[k] = true;
        out->at[k] = nescio_tensor_get_i64(t, (size_t)k);
    }
    return true;
}

bool nescio_infer_ints(const nescio_node *node, size_t i, int64_t *ints, int *count)
{
    nescio_content c;

    if (!nescio_infer_content(node, i, &c))
        return false;
    for (int k = 0; k < c.count; k++) {
        if (!c.known[k])
            return false;
        ints[k] = c.at[k];
    }
    *count = c.count;
    return true;
}

/* The first input must hold what the operator takes (op_table.h). */
static nescio_status check_types(nescio_ctx *ctx, const nescio_node *node)
{
    const unsigned types = nescio_op_get(node->op)->types;
    const nescio_dtype t = nescio_infer_dtype(node, 0);
    const bool taken = t == NESCIO_DTYPE_NONE ||
                       (nescio_dtype_is_float(t) && (types & NESCIO_TYPES_FLOAT)) ||
                       (nescio_dtype_is_integer(t) && (types & NESCIO_TYPES_INTEGER)) ||
                       (t == NESCIO_BOOL && (types & NESCIO_TYPES_BOOL)) ||
                       (t == NESCIO_STRING && (types & NESCIO_TYPES_STRING));

    return taken ? NESCIO_OK
                 : nescio_infer_fail(ctx, node, "does not take %s ('%s')", nescio_dtype_name(t),
                                     node->inputs[0]->name);
}

nescio_status nescio_node_infer(nescio_ctx *ctx, nescio_node *node)
{
    static nescio_status (*const rules[])(nescio_ctx *, nescio_node *) = {
        [NESCIO_KIND_UNARY] = nescio_infer_unary,
        [NESCIO_KIND_BINARY] = nescio_infer_binary,
        [NESCIO_KIND_REDUCE] = nescio_infer_reduce,
        [NESCIO_KIND_NORM] = nescio_infer_norm,
        [NESCIO_KIND_LINEAR] = nescio_infer_linear,
        [NESCIO_KIND_WINDOW] = nescio_infer_window,
        [NESCIO_KIND_SAMPLE] = nescio_infer_sample,
        [NESCIO_KIND_MOVE] = nescio_infer_move,
        [NESCIO_KIND_QUANT] = nescio_infer_quant,
        [NESCIO_KIND_CONTROL] = nescio_infer_control,
        [NESCIO_KIND_RECURRENT] = nescio_infer_recurrent,
        [NESCIO_KIND_MODEL] = nescio_infer_model,
    };

    NESCIO_TRY(check_types(ctx, node));
    NESCIO_TRY(rules[nescio_op_get(node->op)->kind](ctx, node));
    return nescio_infer_data(ctx, node);
}

nescio_status nescio_infer_body(nescio_ctx *ctx, nescio_graph *body)
{
    for (nescio_node *node = body->first; node; node = node->next)
        NESCIO_TRY(nescio_node_infer(ctx, node));
    return NESCIO_OK;
}

nescio_status nescio_graph_infer(nescio_ctx *ctx, nescio_graph *graph)
{
    return nescio_infer_body(ctx, graph);
}

void nescio_infer_forget(nescio_graph *body)
{
    for (nescio_node *node = body->first; node; node = node->next) {
        for (uint32_t i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i]) {
                node->outputs[i]->shape = nescio_shape_unknown;
                node->outputs[i]->dtype = NESCIO_DTYPE_NONE;
                node->outputs[i]->content = NULL;
            }
        }
        for (uint32_t i = 0; i < node->n_attrs; i++) {
            if (node->attrs[i].kind == NESCIO_ATTR_GRAPH)
                nescio_infer_forget(node->attrs[i].g);
        }
    }
}
