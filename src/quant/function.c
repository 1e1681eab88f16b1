/* SPDX-License-Identifier: Apache-2.0
 * Functions of one variable: a chain of elementwise nodes run by the float executor, or one that
 * pairs of operands need. A channel's function is run on one number for the channel where no clear
 * operand tells its elements apart. */
#include "quant/net_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "refexec/refexec.h"

/* Numbers that go through the nodes at once. */
#define CHUNK ((size_t)1 << 18)

/** The chain's nodes in order. */
typedef struct chain {
    const nescio_node **nodes;
    size_t n;
    nescio_tensor *values; /* by value id: what has been computed; clear values stay empty */
    size_t n_values;
} chain;

static void chain_deinit(chain *c)
{
    for (size_t i = 0; c->values && i < c->n_values; i++)
        nescio_tensor_free(&c->values[i]);
    free(c->values);
    free(c->nodes);
}

/* Nodes between root and result, found backwards along the graph's list, then put in order. */
static nescio_status chain_init(const nescio_quant_net *net, const nescio_quant_function *f,
                                chain *c)
{
    bool *const needed = calloc(net->graph->n_values + 1, sizeof *needed);
    size_t n_all = 0;

    for (const nescio_node *node = net->graph->first; node; node = node->next)
        n_all++;
    *c = (chain){.n_values = net->graph->n_values};
    c->nodes = calloc(n_all + 1, sizeof *c->nodes);
    c->values = calloc(c->n_values + 1, sizeof *c->values);
    if (!needed || !c->nodes || !c->values) {
        free(needed);
        chain_deinit(c);
        return nescio_quant_nomem(net);
    }
    needed[f->result->id] = true;
    for (const nescio_node *node = f->result->producer; node && node != f->root->producer;
         node = node->prev) {
        if (!node->outputs[0] || !needed[node->outputs[0]->id] || node->outputs[0] == f->root)
            continue;
        c->nodes[c->n++] = node;
        for (uint32_t i = 0; i < node->n_inputs; i++) {
            const nescio_value *const in = node->inputs[i];
            if (in && in != f->root && net->values[in->id].encrypted)
                needed[in->id] = true;
        }
    }
    for (size_t i = 0; i < c->n / 2; i++) {
        const nescio_node *const swap = c->nodes[i];
        c->nodes[i] = c->nodes[c->n - 1 - i];
        c->nodes[c->n - 1 - i] = swap;
    }
    free(needed);
    return NESCIO_OK;
}

bool nescio_quant_function_is_uniform(const nescio_quant_net *net, const nescio_quant_function *f,
                                      int channel_axis, int rank)
{
    bool uniform = true;
    chain c;

    if (f->kind != NESCIO_QUANT_CHAIN)
        return true;
    if (chain_init(net, f, &c) != NESCIO_OK)
        return false;
    for (size_t k = 0; k < c.n; k++) {
        if (c.nodes[k]->op == NESCIO_OP_BATCH_NORMALIZATION) {
            uniform &= channel_axis == 1;
            continue;
        }
        for (uint32_t i = 0; i < c.nodes[k]->n_inputs; i++) {
            const nescio_value *const in = c.nodes[k]->inputs[i];

            if (!in || net->values[in->id].encrypted)
                continue;
            const nescio_tensor *const t = &net->values[in->id].sample;
            for (int d = 0; d < t->rank; d++)
                uniform &= t->dims[d] == 1 || d + rank - t->rank == channel_axis;
        }
    }
    chain_deinit(&c);
    return uniform;
}

const char *nescio_quant_function_name(const nescio_quant_net *net, const nescio_quant_function *f)
{
    static const char *const names[] = {[NESCIO_QUANT_SQUARE] = "square",
                                        [NESCIO_QUANT_RELU] = "relu",
                                        [NESCIO_QUANT_STEP] = "step",
                                        [NESCIO_QUANT_STEP_OR_EQUAL] = "step"};
    const char *text = "";
    chain c;

    if (f->kind != NESCIO_QUANT_CHAIN)
        return names[f->kind];
    if (chain_init(net, f, &c) != NESCIO_OK)
        return NULL;
    for (size_t i = 0; i < c.n && text; i++)
        text = nescio_arena_printf(net->arena, "%s%s%s", text, i ? " > " : "",
                                   nescio_op_name(c.nodes[i]->op));
    chain_deinit(&c);
    return text && !*text ? "Identity" : text;
}

/* A tensor of the root's shape, n for the batch, other axes but the channels' cut to 1 when
 * by_channel. */
static nescio_status root_tensor(const nescio_quant_net *net, const nescio_quant_layer_work *layer,
                                 bool by_channel, const double *in, size_t n, nescio_tensor *out)
{
    const nescio_dtype dtype = net->values[layer->function.root->id].sample.dtype;
    int64_t dims[NESCIO_RANK_MAX];
    nescio_tensor t;

    memcpy(dims, layer->dims, sizeof dims);
    for (int i = 1; i < layer->rank; i++)
        dims[i] = by_channel && layer->channel_axis >= 0 && i != layer->channel_axis ? 1 : dims[i];
    dims[0] = (int64_t)n;
    NESCIO_TRY(nescio_tensor_new(net->ctx, &t, NESCIO_F64, layer->rank, dims));
    const size_t count = nescio_tensor_count(&t);
    double *const to = t.data;
    /* An integer or truth value upstream is rounded before the cast, which would cut. */
    for (size_t i = 0; i < count; i++)
        to[i] = dtype == NESCIO_F64 ? in[i] : nearbyint(in[i]);
    if (dtype == NESCIO_F64) {
        *out = t;
        return NESCIO_OK;
    }
    const nescio_status st = nescio_tensor_cast(net->ctx, out, &t, dtype);
    nescio_tensor_free(&t);
    return st;
}

static nescio_status run_chain_node(const nescio_quant_net *net, chain *c, const nescio_node *node)
{
    const nescio_tensor **const in = calloc(node->n_inputs + 1u, sizeof *in);
    nescio_tensor *const out = calloc(node->n_outputs + 1u, sizeof *out);
    nescio_status st = NESCIO_E_NOMEM;

    if (!in || !out) {
        st = nescio_quant_nomem(net);
        goto out;
    }
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const nescio_value *const v = node->inputs[i];
        in[i] = !v ? NULL : c->values[v->id].dtype ? &c->values[v->id] : &net->values[v->id].sample;
    }
    st = nescio_quant_run_node(net, node, in, out);
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        if (st == NESCIO_OK && node->outputs[i]) {
            nescio_tensor_free(&c->values[node->outputs[i]->id]);
            c->values[node->outputs[i]->id] = out[i];
        } else {
            nescio_tensor_free(&out[i]);
        }
    }
out:
    free(out);
    free(in);
    return st;
}

/* in and out [n][width]. */
static nescio_status run_chain(const nescio_quant_net *net, const nescio_quant_layer_work *layer,
                               chain *c, bool by_channel, const double *in, double *out, size_t n,
                               size_t width)
{
    const nescio_quant_function *const f = &layer->function;

    nescio_tensor_free(&c->values[f->root->id]);
    NESCIO_TRY(root_tensor(net, layer, by_channel, in, n, &c->values[f->root->id]));
    for (size_t k = 0; k < c->n; k++)
        NESCIO_TRY(run_chain_node(net, c, c->nodes[k]));
    const nescio_tensor *const result = &c->values[f->result->id];
    if (nescio_tensor_count(result) != n * width)
        return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED,
                           "'%s': its shape depends on more than the batch", f->result->name);
    for (size_t i = 0; i < n * width; i++)
        out[i] = nescio_tensor_get_f64(result, i);
    return NESCIO_OK;
}

static double run_builtin(nescio_quant_function_kind kind, double x)
{
    switch (kind) {
    case NESCIO_QUANT_SQUARE: return x * x / 4;
    case NESCIO_QUANT_RELU: return x > 0 ? x : 0;
    case NESCIO_QUANT_STEP: return x > 0;
    default: return x >= 0;
    }
}

nescio_status nescio_quant_function_run(const nescio_quant_net *net,
                                        const nescio_quant_layer_work *layer, bool by_channel,
                                        const double *in, double *out, size_t n)
{
    const size_t width = by_channel ? layer->n_channels : layer->count;
    const size_t step = width < CHUNK ? CHUNK / width : 1;
    nescio_status st = NESCIO_OK;
    chain c;

    if (layer->function.kind != NESCIO_QUANT_CHAIN) {
        for (size_t i = 0; i < n * width; i++)
            out[i] = run_builtin(layer->function.kind, in[i]);
        return NESCIO_OK;
    }
    NESCIO_TRY(chain_init(net, &layer->function, &c));
    for (size_t i = 0; i < n && st == NESCIO_OK; i += step)
        st = run_chain(net, layer, &c, by_channel, in + i * width, out + i * width,
                       n - i < step ? n - i : step, width);
    chain_deinit(&c);
    return st;
}
