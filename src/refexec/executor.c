/* SPDX-License-Identifier: Apache-2.0
 * Running a prepared graph: a slot a value, filled by its producer, emptied after its last use. */
#include "refexec/executor_internal.h"
#include "refexec/run_table.h"

#include <math.h>
#include <stdlib.h>

#define NODE_WORK                                                                                  \
    1000 /* units that running a node takes beside its elements: about a microsecond */

nescio_status nescio_tensor_own(nescio_ctx *ctx, nescio_tensor *out, const nescio_tensor *in)
{
    const size_t n = nescio_tensor_count(in);
    const char *const *text;
    size_t bytes = 0, at;
    nescio_tensor block;

    if (in->dtype != NESCIO_STRING)
        return nescio_tensor_cast(ctx, out, in, in->dtype);
    text = in->data;
    for (size_t i = 0; i < n; i++)
        bytes += strlen(text[i]) + 1;
    NESCIO_TRY(nescio_tensor_new(ctx, &block, NESCIO_U8, 1,
                                 &(int64_t){(int64_t)(n * sizeof *text + bytes)}));
    at = n * sizeof *text;
    for (size_t i = 0; i < n; i++) {
        const size_t length = strlen(text[i]) + 1;
        char *const copy = (char *)block.data + at;

        memcpy(copy, text[i], length);
        ((const char **)block.data)[i] = copy;
        at += length;
    }
    *out = *in;
    out->data = block.data;
    out->owned_bytes = block.owned_bytes;
    return NESCIO_OK;
}

/* An output that borrows, or whose text lies in the call's arena, gets elements of its own. */
static nescio_status settle_output(nescio_ctx *ctx, nescio_tensor *t)
{
    nescio_tensor own;

    if (t->owned_bytes && t->dtype != NESCIO_STRING)
        return NESCIO_OK;
    NESCIO_TRY(nescio_tensor_own(ctx, &own, t));
    nescio_tensor_free(t);
    *t = own;
    return NESCIO_OK;
}

/* Every operator looks at its inputs; NODE_WORK keeps a loop without any from being free. */
static nescio_status spend_on_inputs(const nescio_refexec_call *call)
{
    int64_t n = NODE_WORK;

    for (uint32_t i = 0; i < call->node->n_inputs; i++)
        n += call->inputs[i] ? (int64_t)nescio_tensor_count(call->inputs[i]) : 0;
    return nescio_call_spend(call, n, 1, 1);
}

nescio_status nescio_step_run(const nescio_refexec_step *step, nescio_refexec_call *call)
{
    const nescio_node *const node = step->node;
    nescio_status st;

    NESCIO_TRY(spend_on_inputs(call));
    call->bodies = step->bodies;
    call->arena = nescio_arena_new();
    if (!call->arena)
        return nescio_fail_nomem(call->ctx, 0);
    st = step->run(call);
    for (uint32_t i = 0; st == NESCIO_OK && i < node->n_outputs; i++) {
        if (call->outputs[i].dtype != NESCIO_DTYPE_NONE)
            st = settle_output(call->ctx, &call->outputs[i]);
        else if (node->outputs[i])
            st = nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "output %u is not computed", i);
    }
    for (uint32_t i = st == NESCIO_OK ? node->n_outputs : 0;
         i < node->n_outputs + NESCIO_SPARE_OUTPUTS; i++)
        nescio_tensor_free(&call->outputs[i]);
    nescio_arena_free(call->arena);
    return st;
}

static const nescio_tensor *find_value(const nescio_refexec_frame *frame, const nescio_value *v)
{
    for (; frame; frame = frame->parent) {
        const nescio_refexec *const exec = frame->exec;

        if (v->id >= exec->graph->n_values || exec->graph->values[v->id] != v)
            continue;
        if (frame->slots[v->id].dtype != NESCIO_DTYPE_NONE)
            return &frame->slots[v->id];
        if (exec->fixed && exec->fixed[v->id].dtype != NESCIO_DTYPE_NONE)
            return &exec->fixed[v->id];
        break;
    }
    return v->constant;
}

/* Gathers a step's inputs; dying[i] where input i may be written over. */
static nescio_status gather_inputs(nescio_ctx *ctx, const nescio_refexec_frame *frame,
                                   uint32_t i_step, const nescio_tensor **inputs,
                                   nescio_tensor **dying)
{
    const nescio_refexec *const exec = frame->exec;
    const nescio_node *const node = exec->steps[i_step].node;

    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const nescio_value *const v = node->inputs[i];

        if (!v)
            continue;
        inputs[i] = find_value(frame, v);
        if (!inputs[i])
            return nescio_fail(ctx, NESCIO_E_FORMAT, "%s '%s': nothing computes its input '%s'",
                               nescio_op_name(node->op), node->name, v->name);
        if (v->id < exec->graph->n_values && inputs[i] == &frame->slots[v->id] &&
            exec->last_use[v->id] == i_step)
            dying[i] = &frame->slots[v->id];
    }
    return NESCIO_OK;
}

/* Moves the outputs of a call into their slots; those that nobody names are freed. */
static void store_outputs(const nescio_refexec_frame *frame, const nescio_node *node,
                          nescio_tensor *outputs)
{
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        if (node->outputs[i])
            frame->slots[node->outputs[i]->id] = outputs[i];
        else
            nescio_tensor_free(&outputs[i]);
    }
}

static nescio_status run_step(nescio_ctx *ctx, const nescio_refexec_frame *frame, uint32_t i_step,
                              nescio_refexec_observe_fn observe, void *user)
{
    const nescio_refexec_step *const step = &frame->exec->steps[i_step];
    const nescio_node *const node = step->node;
    const nescio_tensor **const inputs = calloc(node->n_inputs + 1u, sizeof *inputs);
    nescio_tensor **const dying = calloc(node->n_inputs + 1u, sizeof *dying);
    nescio_tensor *const outputs = calloc(node->n_outputs + NESCIO_SPARE_OUTPUTS, sizeof *outputs);
    nescio_refexec_call call = {.ctx = ctx,
                                .node = node,
                                .inputs = inputs,
                                .dying = dying,
                                .outputs = outputs,
                                .frame = frame};
    nescio_status st = NESCIO_E_NOMEM;

    if (!inputs || !dying || !outputs) {
        st = nescio_fail_nomem(ctx, node->n_inputs * sizeof *inputs);
        goto out;
    }
    st = gather_inputs(ctx, frame, i_step, inputs, dying);
    if (st == NESCIO_OK)
        st = nescio_step_run(step, &call);
    if (st != NESCIO_OK)
        goto out;
    store_outputs(frame, node, outputs);
    if (observe)
        for (uint32_t i = 0; i < node->n_outputs; i++)
            if (node->outputs[i])
                observe(node->outputs[i], &frame->slots[node->outputs[i]->id], user);
    for (uint32_t i = 0; i < step->n_dying; i++)
        nescio_tensor_free(&frame->slots[step->dying[i]]);
out:
    free(inputs);
    free(dying);
    free(outputs);
    return st;
}

/* Output i of the graph leaves its slot, or is copied when it is a constant, an input, or leaves
 * twice. */
static nescio_status take_output(nescio_ctx *ctx, const nescio_refexec_frame *frame, size_t i,
                                 nescio_tensor *out)
{
    const nescio_graph *const g = frame->exec->graph;
    const nescio_value *const v = g->outputs[i];
    const nescio_tensor *const t = find_value(frame, v);
    bool again = false;

    if (!t)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "nothing computes output '%s'", v->name);
    for (size_t k = i + 1; k < g->n_outputs; k++)
        again |= g->outputs[k] == v;
    if (again || t->owned_bytes == 0 || v->id >= g->n_values || t != &frame->slots[v->id])
        return nescio_tensor_own(ctx, out, t);
    *out = *t;
    frame->slots[v->id].owned_bytes = 0;
    return NESCIO_OK;
}

nescio_status nescio_frame_run(nescio_ctx *ctx, const nescio_refexec *exec,
                               const nescio_refexec_frame *parent, const nescio_tensor *inputs,
                               nescio_tensor *outputs, nescio_refexec_observe_fn observe,
                               void *user)
{
    const nescio_graph *const g = exec->graph;
    const nescio_refexec_frame frame = {exec, parent,
                                        calloc(g->n_values + 1, sizeof(nescio_tensor))};
    nescio_status st = NESCIO_OK;

    if (!frame.slots)
        return nescio_fail_nomem(ctx, g->n_values * sizeof *frame.slots);
    for (size_t i = 0; i < g->n_inputs; i++) {
        frame.slots[g->inputs[i]->id] = inputs[i];
        frame.slots[g->inputs[i]->id].owned_bytes = 0;
    }
    for (uint32_t s = 0; st == NESCIO_OK && s < exec->n_steps; s++)
        st = run_step(ctx, &frame, s, observe, user);
    for (size_t i = 0; st == NESCIO_OK && outputs && i < g->n_outputs; i++)
        st = take_output(ctx, &frame, i, &outputs[i]);
    if (st != NESCIO_OK && outputs)
        for (size_t i = 0; i < g->n_outputs; i++)
            nescio_tensor_free(&outputs[i]);
    for (size_t id = 0; id < g->n_values; id++)
        nescio_tensor_free(&frame.slots[id]);
    free(frame.slots);
    return st;
}

static nescio_status check_input_shape(nescio_ctx *ctx, const nescio_value *v,
                                       const nescio_tensor *t)
{
    char found[96];

    if (v->shape.rank == NESCIO_RANK_UNKNOWN)
        return NESCIO_OK;
    if (t->rank != v->shape.rank)
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "input '%s' is %s; the model wants rank %d",
                           v->name, nescio_tensor_describe(t, found, sizeof found), v->shape.rank);
    for (int i = 0; i < t->rank; i++)
        if (v->shape.dims[i] != NESCIO_DIM_UNKNOWN && v->shape.dims[i] != t->dims[i])
            return nescio_fail(ctx, NESCIO_E_MISMATCH,
                               "input '%s' is %s; the model wants %lld at axis %d", v->name,
                               nescio_tensor_describe(t, found, sizeof found),
                               (long long)v->shape.dims[i], i);
    return NESCIO_OK;
}

/* Whether a converted tensor holds the same numbers. float64 -> float32 may round: that is what the
 * caller asked for. */
static bool nothing_lost(const nescio_tensor *from, const nescio_tensor *to)
{
    const size_t n = nescio_tensor_count(from);

    if (nescio_dtype_is_float(from->dtype) && nescio_dtype_is_float(to->dtype))
        return true;
    for (size_t i = 0; i < n; i++) {
        const double a = nescio_tensor_get_f64(from, i), b = nescio_tensor_get_f64(to, i);

        if (a != b || fabs(a) > 9007199254740992.0)
            return false;
    }
    return true;
}

/* *out borrows from `in`, or owns a contiguous copy of the dtype that the graph wants. */
static nescio_status accept_input(nescio_ctx *ctx, const nescio_value *v, const nescio_tensor *in,
                                  nescio_tensor *out)
{
    const bool same = v->dtype == NESCIO_DTYPE_NONE || v->dtype == in->dtype;
    nescio_tensor flat = *in;
    nescio_status st = NESCIO_OK;

    NESCIO_TRY(check_input_shape(ctx, v, in));
    if (!same && (in->dtype == NESCIO_STRING || v->dtype == NESCIO_STRING))
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "input '%s' is %s; the model wants %s", v->name,
                           nescio_dtype_name(in->dtype), nescio_dtype_name(v->dtype));
    flat.owned_bytes = 0;
    if (!nescio_tensor_is_contiguous(in))
        NESCIO_TRY(nescio_tensor_cast(ctx, &flat, in, in->dtype));
    if (same) {
        *out = flat;
        return NESCIO_OK;
    }
    st = nescio_tensor_cast(ctx, out, &flat, v->dtype);
    if (st == NESCIO_OK && !nothing_lost(&flat, out)) {
        nescio_tensor_free(out);
        st = nescio_fail(ctx, NESCIO_E_MISMATCH,
                         "input '%s' is %s; the model wants %s, which cannot hold all its values",
                         v->name, nescio_dtype_name(in->dtype), nescio_dtype_name(v->dtype));
    }
    nescio_tensor_free(&flat);
    return st;
}

nescio_status nescio_refexec_trace(nescio_ctx *ctx, const nescio_refexec *exec,
                                   const nescio_tensor *inputs, size_t n_inputs,
                                   nescio_tensor *outputs, size_t n_outputs,
                                   nescio_refexec_observe_fn observe, void *user)
{
    const nescio_graph *const g = exec->graph;
    nescio_tensor *accepted;
    nescio_status st = NESCIO_OK;

    if (n_inputs != g->n_inputs)
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "%zu inputs given; the model has %zu", n_inputs,
                           g->n_inputs);
    if (n_outputs != g->n_outputs && (outputs || n_outputs))
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "%zu outputs asked for; the model has %zu",
                           n_outputs, g->n_outputs);
    if (outputs)
        memset(outputs, 0, n_outputs * sizeof *outputs);
    accepted = calloc(n_inputs + 1, sizeof *accepted);
    if (!accepted)
        return nescio_fail_nomem(ctx, n_inputs * sizeof *accepted);
    for (size_t i = 0; st == NESCIO_OK && i < n_inputs; i++)
        st = accept_input(ctx, g->inputs[i], &inputs[i], &accepted[i]);
    if (st == NESCIO_OK)
        st = nescio_frame_run(ctx, exec, NULL, accepted, outputs, observe, user);
    for (size_t i = 0; i < n_inputs; i++)
        nescio_tensor_free(&accepted[i]);
    free(accepted);
    return st;
}

nescio_status nescio_refexec_run(nescio_ctx *ctx, const nescio_refexec *exec,
                                 const nescio_tensor *inputs, size_t n_inputs,
                                 nescio_tensor *outputs, size_t n_outputs)
{
    return nescio_refexec_trace(ctx, exec, inputs, n_inputs, outputs, n_outputs, NULL, NULL);
}

nescio_status nescio_refexec_node(nescio_ctx *ctx, const nescio_node *node,
                                  const nescio_tensor *const *inputs, nescio_tensor *outputs)
{
    const nescio_tensor **const own_inputs = calloc(node->n_inputs + 1u, sizeof *own_inputs);
    nescio_tensor **const dying = calloc(node->n_inputs + 1u, sizeof *dying);
    nescio_tensor *const made = calloc(node->n_outputs + NESCIO_SPARE_OUTPUTS, sizeof *made);
    nescio_arena *const arena = nescio_arena_new();
    nescio_refexec_call call = {
        .ctx = ctx, .node = node, .inputs = own_inputs, .dying = dying, .outputs = made};
    nescio_buffer missing = {0};
    nescio_refexec_step step = {0};
    nescio_status st = NESCIO_E_NOMEM;

    memset(outputs, 0, node->n_outputs * sizeof *outputs);
    if (!own_inputs || !dying || !made || !arena) {
        st = nescio_fail_nomem(ctx, node->n_inputs * sizeof *own_inputs);
        goto out;
    }
    memcpy(own_inputs, inputs, node->n_inputs * sizeof *inputs);
    st = nescio_step_prepare(ctx, arena, nescio_run_table, node, &missing, &step);
    if (st == NESCIO_OK && (missing.bytes || missing.bad))
        st = nescio_fail(ctx, NESCIO_E_UNSUPPORTED, "cannot run: %.*s", (int)missing.bytes,
                         (const char *)missing.data);
    if (st == NESCIO_OK)
        st = nescio_step_run(&step, &call);
    if (st == NESCIO_OK)
        memcpy(outputs, made, node->n_outputs * sizeof *made);
out:
    free(made);
    nescio_step_drop(&step);
    nescio_buffer_free(&missing);
    nescio_arena_free(arena);
    free(dying);
    free(own_inputs);
    return st;
}
