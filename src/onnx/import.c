/* SPDX-License-Identifier: Apache-2.0
 * Nodes of the file, in order, to the graph: names resolved, functions inlined, adapters called. */
#include "onnx/import_internal.h"

#include <stdio.h>
#include <string.h>

#define NESTING_MAX 48 /* inlined functions and bodies inside each other */

nescio_status nescio_importer_spend(nescio_importer *im)
{
    const size_t external = im->decoder.files ? 2 * nescio_onnx_files_bytes(im->decoder.files) : 0;

    if (im->budget == 0)
        return nescio_fail(im->ctx, NESCIO_E_FORMAT,
                           "functions call each other too often to be inlined");
    im->budget--;
    if (nescio_arena_bytes(im->root->arena) > im->decoder.max_arena + external ||
        nescio_arena_bytes(im->scratch) > im->max_scratch)
        return nescio_fail(im->ctx, NESCIO_E_FORMAT,
                           "needs more memory than a model of this size may");
    return NESCIO_OK;
}

nescio_status nescio_importer_initializers(nescio_importer *im, nescio_scope *s,
                                           const nescio_onnx_graph *g)
{
    for (size_t i = 0; i < g->n_initializers; i++)
        NESCIO_TRY(
            nescio_scope_bind_tensor(im, s, g->initializers[i].name, &g->initializers[i], NULL));
    for (size_t i = 0; i < g->n_sparse; i++)
        NESCIO_TRY(nescio_scope_bind_tensor(im, s, g->sparse[i].values->name, NULL, &g->sparse[i]));
    return NESCIO_OK;
}

/* The size that an option gives to a symbol; NESCIO_DIM_UNKNOWN: none. */
static int64_t bound_dim(nescio_importer *im, nescio_slice symbol)
{
    for (size_t i = 0; im->options && i < im->options->n_dims; i++) {
        if (nescio_slice_is(symbol, im->options->dims[i].name)) {
            im->dims_seen |= i < 32 ? 1u << i : 0;
            return im->options->dims[i].size;
        }
    }
    return NESCIO_DIM_UNKNOWN;
}

nescio_status nescio_importer_type(nescio_importer *im, const nescio_onnx_info *info,
                                   nescio_dtype *dtype, nescio_shape *shape)
{
    *dtype =
        info->kind == NESCIO_ONNX_TYPE_TENSOR ? nescio_onnx_dtype(info->dtype) : NESCIO_DTYPE_NONE;
    *shape = (nescio_shape){.rank = NESCIO_RANK_UNKNOWN};
    if (info->kind != NESCIO_ONNX_TYPE_TENSOR || !info->has_shape)
        return NESCIO_OK;
    if (info->n_dims > NESCIO_RANK_MAX)
        return nescio_fail(im->ctx, NESCIO_E_UNSUPPORTED, "'%.*s' has %zu dims (at most %d)",
                           NESCIO_SLICE_ARGS(info->name), info->n_dims, NESCIO_RANK_MAX);
    shape->rank = (int)info->n_dims;
    for (size_t i = 0; i < info->n_dims; i++) {
        const nescio_onnx_dimension *const d = &info->dims[i];

        shape->dims[i] = d->has_value && d->value >= 0 ? d->value : NESCIO_DIM_UNKNOWN;
        if (d->has_value || d->param.bytes == 0)
            continue;
        shape->dims[i] = bound_dim(im, d->param);
        if (shape->dims[i] != NESCIO_DIM_UNKNOWN)
            continue;
        shape->symbol[i] =
            nescio_arena_strndup(im->root->arena, (const char *)d->param.at, d->param.bytes);
        if (!shape->symbol[i])
            return nescio_fail_nomem(im->ctx, d->param.bytes);
    }
    return NESCIO_OK;
}

static bool is_standard(nescio_slice domain)
{
    return domain.bytes == 0 || nescio_slice_is(domain, "ai.onnx");
}

static bool same_domain(nescio_slice a, nescio_slice b)
{
    return nescio_slice_equal(a, b) || (is_standard(a) && is_standard(b));
}

/* Imported version of a domain; 0: not imported. */
static int64_t opset_of(const nescio_scope *s, nescio_slice domain)
{
    for (size_t i = 0; i < s->n_opsets; i++) {
        if (same_domain(s->opsets[i].domain, domain))
            return s->opsets[i].version;
    }
    return 0;
}

static const nescio_onnx_function *find_function(const nescio_importer *im,
                                                 const nescio_onnx_node *node)
{
    for (size_t i = 0; i < im->model->n_functions; i++) {
        const nescio_onnx_function *const fn = &im->model->functions[i];

        if (nescio_slice_equal(fn->name, node->op) && same_domain(fn->domain, node->domain) &&
            nescio_slice_equal(fn->overload, node->overload))
            return fn;
    }
    return NULL;
}

static nescio_status fail_node(nescio_importer *im, const nescio_onnx_node *node, const char *what,
                               nescio_slice name)
{
    return nescio_fail(im->ctx, NESCIO_E_FORMAT, "%.*s '%.*s': %s '%.*s'",
                       NESCIO_SLICE_ARGS(node->op), NESCIO_SLICE_ARGS(node->name), what,
                       NESCIO_SLICE_ARGS(name));
}

static nescio_status resolve_inputs(nescio_importer *im, nescio_scope *s,
                                    const nescio_onnx_node *node, nescio_value ***out)
{
    nescio_value **in = nescio_arena_array(im->scratch, node->n_inputs, sizeof(nescio_value *));

    if (!in)
        return nescio_fail_nomem(im->ctx, node->n_inputs * sizeof(nescio_value *));
    for (size_t i = 0; i < node->n_inputs; i++) {
        bool known;

        if (node->inputs[i].bytes == 0)
            continue;
        NESCIO_TRY(nescio_scope_find(im, s, node->inputs[i], &in[i], &known));
        if (!known)
            return fail_node(im, node, "nothing above makes its input", node->inputs[i]);
    }
    *out = in;
    return NESCIO_OK;
}

/* The values of the node's outputs into the scope; what the adapter left out (it was refused, or
 * knows no such output) becomes a value of unknown type, so that reading can go on to the next
 * complaint. */
static nescio_status bind_outputs(nescio_importer *im, nescio_scope *s,
                                  const nescio_onnx_node *node, nescio_value *const *out)
{
    for (size_t i = 0; i < node->n_outputs; i++) {
        nescio_value *value = out[i];
        bool taken;

        if (node->outputs[i].bytes == 0)
            continue;
        if (!value)
            value = nescio_graph_value(s->graph, "unknown", NESCIO_DTYPE_NONE, NULL);
        if (!value)
            return nescio_fail_nomem(im->ctx, sizeof *value);
        NESCIO_TRY(nescio_scope_bind(im, s, node->outputs[i], value, &taken));
        if (taken)
            return fail_node(im, node, "something above already makes its output",
                             node->outputs[i]);
    }
    return NESCIO_OK;
}

/* The attributes of a call, its own parameters replaced by those of the call around it, then the
 * defaults. */
static nescio_status bind_attributes(nescio_importer *im, nescio_scope *s,
                                     const nescio_onnx_node *node, const nescio_onnx_function *fn,
                                     nescio_scope *inner)
{
    nescio_onnx_attr *bindings =
        nescio_arena_array(im->scratch, node->n_attrs + fn->n_defaults, sizeof *bindings);
    const nescio_adapt a = {.im = im, .ctx = im->ctx, .scope = s, .node = node};

    if (!bindings)
        return nescio_fail_nomem(im->ctx, sizeof *bindings);
    for (size_t i = 0; i < node->n_attrs; i++) {
        const nescio_onnx_attr *const actual = nescio_adapt_resolve(&a, &node->attrs[i]);

        if (!actual)
            continue;
        bindings[inner->n_bindings] = *actual;
        bindings[inner->n_bindings++].name = node->attrs[i].name;
    }
    for (size_t i = 0; i < fn->n_defaults;
         i++) /* found only when the call has none: the first of a name counts */
        bindings[inner->n_bindings++] = fn->defaults[i];
    inner->bindings = bindings;
    return NESCIO_OK;
}

/* A function call: its nodes in place, in a scope of their own. */
static nescio_status inline_function(nescio_importer *im, nescio_scope *s,
                                     const nescio_onnx_node *node, const nescio_onnx_function *fn,
                                     nescio_value *const *in, nescio_value **out)
{
    nescio_scope inner = {.graph = s->graph,
                          .opsets = fn->opsets,
                          .n_opsets = fn->n_opsets,
                          .caller = s,
                          .formal_outputs = fn->outputs,
                          .actual_outputs = node->outputs,
                          .depth = s->depth + 1};
    bool taken;

    if (s->depth >= NESTING_MAX)
        return fail_node(im, node, "functions call each other deeper than 48, at", fn->name);
    if (node->n_inputs > fn->n_inputs || node->n_outputs > fn->n_outputs)
        return fail_node(im, node, "has more inputs or outputs than the function", fn->name);
    inner.n_outputs = node->n_outputs;
    NESCIO_TRY(bind_attributes(im, s, node, fn, &inner));
    for (size_t i = 0; i < fn->n_inputs; i++) {
        NESCIO_TRY(nescio_scope_bind(im, &inner, fn->inputs[i], i < node->n_inputs ? in[i] : NULL,
                                     &taken));
        if (taken)
            return fail_node(im, node, "a function has two inputs", fn->inputs[i]);
    }
    NESCIO_TRY(nescio_importer_nodes(im, &inner, fn->nodes, fn->n_nodes));
    for (size_t i = 0; i < node->n_outputs; i++) {
        NESCIO_TRY(nescio_scope_find(im, &inner, fn->outputs[i], &out[i], NULL));
        if (!out[i])
            return fail_node(im, node, "its function does not make", fn->outputs[i]);
    }
    return NESCIO_OK;
}

/* Whether the rule's list has an attribute of that name and type. */
static bool rule_takes(const nescio_adapt_rule *rule, nescio_slice name, int32_t type)
{
    static const char letters[] = {0, 'f', 'i', 's', 't', 'g', 'F', 'I', 'S', 0, 0, 'p'};
    const char letter = type > 0 && type < (int)sizeof letters ? letters[type] : 0;

    for (const char *p = rule->attrs; *p;) {
        const char *const start = *p == '-' ? p + 1 : p;
        const size_t n = strcspn(start, ":");

        if (name.bytes == n && memcmp(name.at, start, n) == 0 && start[n + 1] == letter)
            return true;
        p = start + n + 2;
        p += *p == ' ';
    }
    return false;
}

static nescio_status check_attributes(nescio_adapt *a)
{
    for (size_t i = 0; i < a->node->n_attrs; i++) {
        const nescio_onnx_attr *const attr = &a->node->attrs[i];
        const nescio_onnx_attr *const actual = nescio_adapt_resolve(a, attr);

        if (actual && !rule_takes(a->rule, attr->name, actual->type))
            nescio_adapt_refuse(a, "attribute '%.*s'", NESCIO_SLICE_ARGS(attr->name));
        for (size_t k = 0; k < i; k++) {
            if (nescio_slice_equal(a->node->attrs[k].name, attr->name))
                nescio_adapt_fail(a, "has attribute '%.*s' twice", NESCIO_SLICE_ARGS(attr->name));
        }
    }
    return a->st;
}

static nescio_status adapt_node(nescio_importer *im, nescio_scope *s, const nescio_onnx_node *node,
                                nescio_value **in, nescio_value **out)
{
    const nescio_adapt_rule *const rule = nescio_adapt_find(node->domain, node->op);
    const int64_t imported = opset_of(s, node->domain);
    /* A domain that is used without being imported is read as the newest version whose meaning is
     * kept. */
    const int64_t version = imported > 0 ? imported
                            : rule       ? (rule->last < 21 ? rule->last : 21)
                                         : 0;
    nescio_adapt a = {.im = im,
                      .ctx = im->ctx,
                      .scope = s,
                      .node = node,
                      .rule = rule,
                      .version = version,
                      .in = in,
                      .n_in = node->n_inputs,
                      .out = out,
                      .n_out = node->n_outputs,
                      .inferred = s->graph->last};

    if (!rule || version < rule->first)
        return nescio_importer_note(im, node, version, rule ? "not in this opset" : NULL);
    if (version > rule->last)
        return nescio_importer_note(im, node, version, "opset newer than is known");
    if (check_attributes(&a) == NESCIO_OK) {
        rule->adapt(&a);
        nescio_adapt_settle(&a);
    }
    for (size_t i = 0; i < node->n_outputs && a.st == NESCIO_OK; i++) {
        if (node->outputs[i].bytes > 0 && !out[i])
            nescio_adapt_refuse(&a, "output %zu", i);
    }
    if (a.st == NESCIO_E_UNSUPPORTED && im->n_unsupported > 0)
        return NESCIO_OK; /* on the list */
    if (a.st == NESCIO_E_FORMAT && im->n_unsupported > 0)
        return NESCIO_OK; /* maybe only for want of what could not be read: the list says what is
                             missing */
    return a.st;
}

nescio_status nescio_importer_nodes(nescio_importer *im, nescio_scope *s,
                                    const nescio_onnx_node *nodes, size_t n_nodes)
{
    for (size_t i = 0; i < n_nodes; i++) {
        const nescio_onnx_function *const fn = find_function(im, &nodes[i]);
        nescio_value **in = NULL;
        nescio_value **out =
            nescio_arena_array(im->scratch, nodes[i].n_outputs, sizeof(nescio_value *));

        if (!out)
            return nescio_fail_nomem(im->ctx, nodes[i].n_outputs * sizeof(nescio_value *));
        NESCIO_TRY(nescio_importer_spend(im));
        NESCIO_TRY(resolve_inputs(im, s, &nodes[i], &in));
        if (fn)
            NESCIO_TRY(inline_function(im, s, &nodes[i], fn, in, out));
        else
            NESCIO_TRY(adapt_node(im, s, &nodes[i], in, out));
        NESCIO_TRY(bind_outputs(im, s, &nodes[i], out));
    }
    return NESCIO_OK;
}
