/* SPDX-License-Identifier: Apache-2.0
 * Operators that move encrypted elements or are affine in them. Their maps are found by asking the
 * float executor: what moves elements is run on numbered elements; what sums them on unit vectors;
 * a convolution on one kernel element at a time with numbered pixels. So there is no second copy of
 * what an operator means. */
#include "quant/net_internal.h"

#include <stdlib.h>
#include <string.h>

#include "refexec/refexec.h"

/* Unit vectors x (inputs + outputs) that are tried at once, and products of both that are tried at
 * all. */
#define PROBE_CHUNK ((size_t)1 << 22)
#define PROBE_MAX   ((size_t)1 << 28)

/* Inputs of a probing run: samples, but for those that are replaced. */
typedef struct probe {
    const nescio_tensor **in;
    nescio_tensor *own; /* [n_inputs] replacements; dtype NONE: the sample */
    nescio_tensor *out;
    const nescio_node *node;
} probe;

static void probe_deinit(probe *p)
{
    for (uint32_t i = 0; p->own && i < p->node->n_inputs; i++)
        nescio_tensor_free(&p->own[i]);
    for (uint32_t i = 0; p->out && i < p->node->n_outputs; i++)
        nescio_tensor_free(&p->out[i]);
    free(p->in);
    free(p->own);
    free(p->out);
}

static nescio_status probe_init(const nescio_quant_net *net, const nescio_node *node, probe *p)
{
    *p = (probe){.node = node,
                 .in = calloc(node->n_inputs + 1u, sizeof *p->in),
                 .own = calloc(node->n_inputs + 1u, sizeof *p->own),
                 .out = calloc(node->n_outputs + 1u, sizeof *p->out)};
    if (p->in && p->own && p->out)
        return NESCIO_OK;
    probe_deinit(p);
    return nescio_quant_nomem(net);
}

static nescio_status probe_run(const nescio_quant_net *net, probe *p)
{
    for (uint32_t i = 0; i < p->node->n_inputs; i++) {
        const nescio_value *const v = p->node->inputs[i];
        p->in[i] = !v ? NULL : p->own[i].dtype ? &p->own[i] : &net->values[v->id].sample;
    }
    for (uint32_t i = 0; i < p->node->n_outputs; i++)
        nescio_tensor_free(&p->out[i]);
    return nescio_quant_run_node(net, p->node, p->in, p->out);
}

/* Replaces input i by a zeroed tensor. */
static nescio_status probe_replace(const nescio_quant_net *net, probe *p, uint32_t i, int rank,
                                   const int64_t *dims)
{
    nescio_tensor_free(&p->own[i]);
    return nescio_tensor_new(net->ctx, &p->own[i], NESCIO_F64, rank, dims);
}

static bool is_encrypted(const nescio_quant_net *net, const nescio_value *v)
{
    return v && net->values[v->id].encrypted;
}

/* ------------------------------------------------------------------ moves */

/* All encrypted operands laid end to end, as one affine form with a last element for each clear
 * number that appears. */
static nescio_status joined_operands(nescio_quant_net *net, const nescio_node *node,
                                     const nescio_affine **out)
{
    size_t total = 0;
    const nescio_affine *sum = NULL;

    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (is_encrypted(net, node->inputs[i]))
            total += nescio_tensor_count(&net->values[node->inputs[i]->id].sample);
    }
    size_t first = 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const nescio_affine *a;

        if (!is_encrypted(net, node->inputs[i]))
            continue;
        NESCIO_TRY(nescio_quant_affine_of(net, node->inputs[i], &a));
        int64_t *const index = nescio_arena_array(net->arena, total, sizeof *index);
        if (!index)
            return nescio_quant_nomem(net);
        for (size_t k = 0; k < total; k++)
            index[k] = k >= first && k < first + a->count ? (int64_t)(k - first) : -1;
        first += a->count;
        const nescio_affine *const placed = nescio_affine_gather(net->arena, a, index, total);
        sum = placed && sum ? nescio_affine_add(net->arena, sum, placed, 1) : placed;
        if (!sum)
            return nescio_quant_nomem(net);
    }
    *out = sum;
    return NESCIO_OK;
}

/* Numbers the elements of all encrypted operands 1, 2 ... times factor. */
static nescio_status number_operands(const nescio_quant_net *net, probe *p, double factor)
{
    size_t next = 1;

    for (uint32_t i = 0; i < p->node->n_inputs; i++) {
        if (!is_encrypted(net, p->node->inputs[i]))
            continue;
        const nescio_tensor *const sample = &net->values[p->node->inputs[i]->id].sample;
        NESCIO_TRY(probe_replace(net, p, i, sample->rank, sample->dims));
        const size_t count = nescio_tensor_count(sample);
        for (size_t k = 0; k < count; k++)
            ((double *)p->own[i].data)[k] = factor * (double)next++;
    }
    return NESCIO_OK;
}

/* Where each output element comes from: elements that double when the numbers double are moved
 * ones, the others are clear. */
static nescio_status move(nescio_quant_net *net, const nescio_node *node, uint32_t i_output,
                          const nescio_affine **out)
{
    const size_t count = nescio_tensor_count(&net->values[node->outputs[i_output]->id].sample);
    int64_t *const index = nescio_arena_array(net->arena, count, sizeof *index);
    double *const once = nescio_arena_array(net->arena, count, sizeof *once);
    double *const constant = nescio_arena_array(net->arena, count, sizeof *constant);
    const nescio_affine *joined = NULL, *moved;
    nescio_status st;
    probe p;

    if (!index || !once || !constant)
        return nescio_quant_nomem(net);
    NESCIO_TRY(joined_operands(net, node, &joined));
    NESCIO_TRY(probe_init(net, node, &p));
    st = number_operands(net, &p, 1);
    if (st == NESCIO_OK)
        st = probe_run(net, &p);
    for (size_t i = 0; st == NESCIO_OK && i < count; i++)
        once[i] = nescio_tensor_get_f64(&p.out[i_output], i);
    if (st == NESCIO_OK)
        st = number_operands(net, &p, 2);
    if (st == NESCIO_OK)
        st = probe_run(net, &p);
    for (size_t i = 0; st == NESCIO_OK && i < count; i++) {
        const double twice = nescio_tensor_get_f64(&p.out[i_output], i);
        const bool is_moved = once[i] != 0 && twice == 2 * once[i];

        index[i] = is_moved ? (int64_t)once[i] - 1 : -1;
        constant[i] = is_moved ? 0 : once[i];
        if (!is_moved && twice != once[i])
            st =
                nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED, "%s '%s': does more than move elements",
                            nescio_op_name(node->op), node->name);
    }
    probe_deinit(&p);
    if (st != NESCIO_OK)
        return st;
    moved = nescio_affine_gather(net->arena, joined, index, count);
    *out = moved ? nescio_affine_scale(net->arena, moved, NULL, constant) : NULL;
    return *out ? NESCIO_OK : nescio_quant_nomem(net);
}

/* ------------------------------------------------------------------ sums, by unit vectors */

/** A dense map being probed: column by column, [n_out][n_in]. */
typedef struct dense_map {
    double *weight, *offset;
    size_t n_in, n_out;
} dense_map;

/* Unit vectors first ... first + n - 1, one a row of the batch, minus what the zero vector gives.
 */
static nescio_status probe_units(const nescio_quant_net *net, probe *p, uint32_t i_input,
                                 size_t first, size_t n, dense_map *m)
{
    const nescio_tensor *const sample = &net->values[p->node->inputs[i_input]->id].sample;
    int64_t dims[NESCIO_RANK_MAX];

    memcpy(dims, sample->dims, sizeof dims);
    dims[0] *= (int64_t)n;
    NESCIO_TRY(probe_replace(net, p, i_input, sample->rank, dims));
    for (size_t k = 0; k < n && first + k < m->n_in; k++)
        ((double *)p->own[i_input].data)[k * m->n_in + first + k] = 1;
    NESCIO_TRY(probe_run(net, p));
    if (nescio_tensor_count(&p->out[0]) != n * m->n_out)
        return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED, "%s '%s': mixes the rows of a batch",
                           nescio_op_name(p->node->op), p->node->name);
    const double *const y = p->out[0].data;
    for (size_t k = 0; k < n; k++) {
        for (size_t r = 0; r < m->n_out; r++) {
            if (first + k < m->n_in)
                m->weight[r * m->n_in + first + k] = y[k * m->n_out + r] - m->offset[r];
            else
                m->offset[r] = y[k * m->n_out + r];
        }
    }
    return NESCIO_OK;
}

/* The map of a node from one encrypted operand to output 0. */
static nescio_status probe_map(const nescio_quant_net *net, const nescio_node *node,
                               uint32_t i_input, dense_map *m)
{
    const nescio_tensor *const sample = &net->values[node->inputs[i_input]->id].sample;
    const size_t chunk = PROBE_CHUNK / (m->n_in + m->n_out) + 1;
    const bool batched = sample->rank > 0 && sample->dims[0] == 1;
    nescio_status st;
    probe p;

    NESCIO_TRY(probe_init(net, node, &p));
    st = probe_units(net, &p, i_input, m->n_in, 1, m); /* no unit at all: the offset */
    for (size_t i = 0, n; i < m->n_in && st == NESCIO_OK; i += n) {
        n = !batched ? 1 : m->n_in - i < chunk ? m->n_in - i : chunk;
        st = probe_units(net, &p, i_input, i, n, m);
    }
    probe_deinit(&p);
    return st;
}

static nescio_status sums(nescio_quant_net *net, const nescio_node *node, const nescio_affine **out)
{
    uint32_t i_input = UINT32_MAX;
    const nescio_affine *a;
    nescio_affine_map map;

    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (!is_encrypted(net, node->inputs[i]))
            continue;
        if (i_input != UINT32_MAX)
            return nescio_quant_refuse(net, node, "one encrypted operand is accepted");
        i_input = i;
    }
    dense_map m = {.n_in = nescio_tensor_count(&net->values[node->inputs[i_input]->id].sample),
                   .n_out = nescio_tensor_count(&net->values[node->outputs[0]->id].sample)};
    if (m.n_in > PROBE_MAX / m.n_out)
        return nescio_quant_refuse(net, node,
                                   "up to 2^28 products of input and output elements are accepted");
    NESCIO_TRY(nescio_quant_affine_of(net, node->inputs[i_input], &a));
    m.weight = calloc(m.n_in * m.n_out, sizeof *m.weight);
    m.offset = calloc(m.n_out, sizeof *m.offset);
    nescio_status st =
        m.weight && m.offset ? probe_map(net, node, i_input, &m) : nescio_quant_nomem(net);

    if (st == NESCIO_OK) {
        *out = nescio_affine_map_dense(net->arena, m.weight, m.n_out, m.n_in, &map)
                   ? nescio_affine_apply(net->arena, &map, a, m.offset)
                   : NULL;
        st = *out ? NESCIO_OK : nescio_quant_nomem(net);
    }
    free(m.weight);
    free(m.offset);
    return st;
}

nescio_status nescio_quant_lift_linear(nescio_quant_net *net, const nescio_node *node, uint32_t i,
                                       const nescio_affine **out)
{
    *out = NULL;
    switch (nescio_quant_way_of(node->op)) {
    case NESCIO_QUANT_WAY_MOVE: return move(net, node, i, out);
    case NESCIO_QUANT_WAY_LINEAR:
        return node->op == NESCIO_OP_CONV ? nescio_quant_lift_conv(net, node, out)
                                          : sums(net, node, out);
    default: break;
    }
    if (node->op == NESCIO_OP_MAX_POOL || node->op == NESCIO_OP_GLOBAL_MAX_POOL ||
        node->op == NESCIO_OP_REDUCE_MAX)
        return nescio_quant_refuse(net, node, "averages are accepted in place of maxima");
    return nescio_quant_refuse(net, node,
                               "linear operators with clear weights, elementwise functions and "
                               "moves of elements are accepted");
}
