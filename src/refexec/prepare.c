/* SPDX-License-Identifier: Apache-2.0
 * From a graph to an executor: order, functions, lifetimes.
 *
 * A value dies after the last step that uses it, uses inside that step's bodies included. The order
 * of the node list is the order of execution (the graph keeps it topological). */
#include "refexec/executor_internal.h"
#include "refexec/run_table.h"

#include <stdlib.h>

unsigned nescio_dtype_class(nescio_dtype dtype)
{
    switch (dtype) {
    case NESCIO_F32:
    case NESCIO_F64: return NESCIO_TYPES_FLOAT;
    case NESCIO_I8:
    case NESCIO_I16:
    case NESCIO_I32:
    case NESCIO_I64:
    case NESCIO_U8:
    case NESCIO_U16:
    case NESCIO_U32:
    case NESCIO_U64: return NESCIO_TYPES_INTEGER;
    case NESCIO_BOOL: return NESCIO_TYPES_BOOL;
    case NESCIO_STRING: return NESCIO_TYPES_STRING;
    case NESCIO_DTYPE_NONE:
    case NESCIO_F16:
    case NESCIO_BF16: break;
    }
    return 0;
}

nescio_dtype nescio_dtype_wide(nescio_dtype dtype)
{
    switch (dtype) {
    case NESCIO_I8:
    case NESCIO_I16:
    case NESCIO_I32: return NESCIO_I64;
    case NESCIO_BOOL:
    case NESCIO_U8:
    case NESCIO_U16:
    case NESCIO_U32: return NESCIO_U64;
    default: return dtype;
    }
}

bool nescio_refexec_has_op(nescio_op op)
{
    return op < NESCIO_OP_COUNT && nescio_run_table[op] != NULL;
}

bool nescio_refexec_has_border_op(nescio_op op)
{
    return op < NESCIO_OP_COUNT && nescio_run_border[op] != NULL;
}

/* A line in `missing` for a node that has no function, or whose first input's dtype is not of the
 * operator's classes. */
static void check_runnable(const nescio_refexec_step *step, nescio_buffer *missing)
{
    const nescio_node *const node = step->node;
    const nescio_value *const first = nescio_node_input(node, 0);
    const nescio_op_info *const info = nescio_op_get(node->op);
    const char *const comma = missing->bytes ? ", " : "";

    if (!step->run)
        nescio_write_text(missing, "%s%s '%s'", comma, info->name, node->name);
    else if (first && first->dtype != NESCIO_DTYPE_NONE &&
             !(nescio_dtype_class(first->dtype) & info->types))
        nescio_write_text(missing, "%s%s '%s' of %s", comma, info->name, node->name,
                          nescio_dtype_name(first->dtype));
}

static nescio_status exec_prepare(nescio_ctx *ctx, const nescio_refexec_run_fn *table,
                                  const nescio_graph *graph, nescio_buffer *missing,
                                  nescio_refexec **out);

nescio_status nescio_step_prepare(nescio_ctx *ctx, nescio_arena *arena,
                                  const nescio_refexec_run_fn *table, const nescio_node *node,
                                  nescio_buffer *missing, nescio_refexec_step *step)
{
    uint32_t n_bodies = 0;

    *step = (nescio_refexec_step){.node = node, .run = table[node->op]};
    check_runnable(step, missing);
    for (uint32_t i = 0; i < node->n_attrs; i++)
        n_bodies += node->attrs[i].kind == NESCIO_ATTR_GRAPH;
    step->bodies = nescio_arena_array(arena, n_bodies + 1u, sizeof *step->bodies);
    if (!step->bodies)
        return nescio_fail_nomem(ctx, n_bodies * sizeof *step->bodies);
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        if (node->attrs[i].kind != NESCIO_ATTR_GRAPH)
            continue;
        NESCIO_TRY(
            exec_prepare(ctx, table, node->attrs[i].g, missing, &step->bodies[step->n_bodies]));
        step->n_bodies++;
    }
    return NESCIO_OK;
}

void nescio_step_drop(nescio_refexec_step *step)
{
    for (uint32_t i = 0; i < step->n_bodies; i++)
        nescio_refexec_free(step->bodies[i]);
    step->n_bodies = 0;
}

static bool belongs(const nescio_graph *graph, const nescio_value *v)
{
    return v && !v->constant && v->id < graph->n_values && graph->values[v->id] == v;
}

static void mark_use(nescio_refexec *exec, const nescio_value *v, uint32_t i_step)
{
    if (belongs(exec->graph, v))
        exec->last_use[v->id] = i_step;
}

/* Uses of exec's values anywhere inside a body. */
static void mark_body_uses(nescio_refexec *exec, const nescio_graph *body, uint32_t i_step)
{
    for (const nescio_node *node = body->first; node; node = node->next) {
        for (uint32_t i = 0; i < node->n_inputs; i++)
            mark_use(exec, node->inputs[i], i_step);
        for (uint32_t i = 0; i < node->n_attrs; i++)
            if (node->attrs[i].kind == NESCIO_ATTR_GRAPH)
                mark_body_uses(exec, node->attrs[i].g, i_step);
    }
    for (size_t i = 0; i < body->n_outputs; i++)
        mark_use(exec, body->outputs[i], i_step);
}

static void find_last_uses(nescio_refexec *exec)
{
    for (uint32_t s = 0; s < exec->n_steps; s++) {
        const nescio_node *const node = exec->steps[s].node;

        for (uint32_t i = 0; i < node->n_outputs; i++)
            mark_use(exec, node->outputs[i], s);
        for (uint32_t i = 0; i < node->n_inputs; i++)
            mark_use(exec, node->inputs[i], s);
        for (uint32_t i = 0; i < node->n_attrs; i++)
            if (node->attrs[i].kind == NESCIO_ATTR_GRAPH)
                mark_body_uses(exec, node->attrs[i].g, s);
    }
    for (size_t i = 0; i < exec->graph->n_outputs; i++)
        mark_use(exec, exec->graph->outputs[i], NESCIO_STEP_NEVER);
}

/* Buckets value ids by their last step: one count pass, one fill pass. */
static nescio_status bucket_dying(nescio_ctx *ctx, nescio_refexec *exec)
{
    const nescio_graph *const g = exec->graph;
    uint32_t *const list = nescio_arena_array(exec->arena, g->n_values + 1, sizeof *list);
    uint32_t *const fill = nescio_arena_array(exec->arena, exec->n_steps + 1u, sizeof *fill);
    uint32_t at = 0;

    if (!list || !fill)
        return nescio_fail_nomem(ctx, g->n_values * sizeof *list);
    for (size_t id = 0; id < g->n_values; id++)
        if (exec->last_use[id] < exec->n_steps && belongs(g, g->values[id]))
            exec->steps[exec->last_use[id]].n_dying++;
    for (uint32_t s = 0; s < exec->n_steps; s++) {
        exec->steps[s].dying = &list[at];
        fill[s] = at;
        at += exec->steps[s].n_dying;
    }
    for (size_t id = 0; id < g->n_values; id++)
        if (exec->last_use[id] < exec->n_steps && belongs(g, g->values[id]))
            list[fill[exec->last_use[id]]++] = (uint32_t)id;
    return NESCIO_OK;
}

static bool usable_in_place(const nescio_tensor *t)
{
    const size_t size = nescio_dtype_bytes(t->dtype);

    return nescio_tensor_is_contiguous(t) && (size == 0 || (uintptr_t)t->data % size == 0);
}

/* Constants that borrow from a mapped file may start at any byte: these are copied once, here. */
static nescio_status align_constants(nescio_ctx *ctx, nescio_refexec *exec)
{
    const nescio_graph *const g = exec->graph;
    nescio_tensor *fixed = NULL;

    for (size_t id = 0; id < g->n_values; id++) {
        const nescio_tensor *const c = g->values[id]->constant;
        nescio_tensor bytes;

        if (!c || usable_in_place(c))
            continue;
        if (!fixed)
            exec->fixed = fixed = nescio_arena_array(exec->arena, g->n_values, sizeof *fixed);
        if (!fixed)
            return nescio_fail_nomem(ctx, g->n_values * sizeof *fixed);
        NESCIO_TRY(nescio_tensor_arena(ctx, exec->arena, &fixed[id], c->dtype, c->rank, c->dims));
        if (!nescio_tensor_is_contiguous(c)) {
            NESCIO_TRY(nescio_tensor_cast(ctx, &bytes, c, c->dtype));
            memcpy(fixed[id].data, bytes.data,
                   nescio_tensor_count(c) * nescio_dtype_bytes(c->dtype));
            nescio_tensor_free(&bytes);
        } else {
            memcpy(fixed[id].data, c->data, nescio_tensor_count(c) * nescio_dtype_bytes(c->dtype));
        }
    }
    return NESCIO_OK;
}

static nescio_status prepare_steps(nescio_ctx *ctx, const nescio_refexec_run_fn *table,
                                   nescio_refexec *exec, nescio_buffer *missing)
{
    uint32_t n = 0;

    for (const nescio_node *node = exec->graph->first; node; node = node->next)
        n++;
    exec->steps = nescio_arena_array(exec->arena, n + 1u, sizeof *exec->steps);
    exec->last_use =
        nescio_arena_array(exec->arena, exec->graph->n_values + 1, sizeof *exec->last_use);
    if (!exec->steps || !exec->last_use)
        return nescio_fail_nomem(ctx, n * sizeof *exec->steps);
    memset(exec->last_use, 0xff, (exec->graph->n_values + 1) * sizeof *exec->last_use);
    for (const nescio_node *node = exec->graph->first; node; node = node->next) {
        const nescio_status st = nescio_step_prepare(ctx, exec->arena, table, node, missing,
                                                     &exec->steps[exec->n_steps]);

        exec->n_steps++; /* also on failure: its bodies are to be freed */
        NESCIO_TRY(st);
    }
    return NESCIO_OK;
}

static nescio_status exec_prepare(nescio_ctx *ctx, const nescio_refexec_run_fn *table,
                                  const nescio_graph *graph, nescio_buffer *missing,
                                  nescio_refexec **out)
{
    nescio_refexec *const exec = calloc(1, sizeof *exec);
    nescio_status st;

    if (!exec)
        return nescio_fail_nomem(ctx, sizeof *exec);
    exec->graph = graph;
    exec->arena = nescio_arena_new();
    st = exec->arena ? prepare_steps(ctx, table, exec, missing)
                     : nescio_fail_nomem(ctx, sizeof *exec);
    if (st == NESCIO_OK) {
        find_last_uses(exec);
        st = bucket_dying(ctx, exec);
    }
    if (st == NESCIO_OK)
        st = align_constants(ctx, exec);
    if (st != NESCIO_OK) {
        nescio_refexec_free(exec);
        return st;
    }
    *out = exec;
    return NESCIO_OK;
}

static nescio_status exec_new(nescio_ctx *ctx, const nescio_refexec_run_fn *table,
                              const nescio_graph *graph, nescio_refexec **out)
{
    nescio_buffer missing = {0};
    nescio_refexec *exec = NULL;
    nescio_status st;

    *out = NULL;
    st = exec_prepare(ctx, table, graph, &missing, &exec);
    if (st == NESCIO_OK && missing.bad)
        st = nescio_fail_nomem(ctx, missing.bytes);
    if (st == NESCIO_OK && missing.bytes)
        st = nescio_fail(ctx, NESCIO_E_UNSUPPORTED, "cannot run: %.*s", (int)missing.bytes,
                         (const char *)missing.data);
    nescio_buffer_free(&missing);
    if (st != NESCIO_OK) {
        nescio_refexec_free(exec);
        return st;
    }
    *out = exec;
    return NESCIO_OK;
}

nescio_status nescio_refexec_new(nescio_ctx *ctx, const nescio_graph *graph, nescio_refexec **out)
{
    return exec_new(ctx, nescio_run_table, graph, out);
}

nescio_status nescio_refexec_new_border(nescio_ctx *ctx, const nescio_graph *graph,
                                        nescio_refexec **out)
{
    return exec_new(ctx, nescio_run_border, graph, out);
}

void nescio_refexec_free(nescio_refexec *exec)
{
    if (!exec)
        return;
    for (uint32_t s = 0; s < exec->n_steps; s++)
        nescio_step_drop(&exec->steps[s]);
    nescio_arena_free(exec->arena);
    free(exec);
}
