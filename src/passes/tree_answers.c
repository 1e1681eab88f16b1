/* SPDX-License-Identifier: Apache-2.0
 * Which answer each tree's leaves add to, found by running what stands behind the trees (Reshape,
 * Squeeze, Transpose, ReduceSum) on unit vectors: row n of a probe holds 1 at place n. So every
 * version of the exporter is understood that computes the same. */
#include "passes/tree_answers.h"

#include "refexec/refexec.h"

#include <stdlib.h>
#include <string.h>

#define NESCIO_CHAIN_MAX 16
/* Rows of one probe: what is probed at once stays small. At least 2, so that no size is 1 by
 * accident. */
#define NESCIO_PROBE_ROWS 256

static bool is_sum_or_move(const nescio_node *node)
{
    for (uint32_t i = 1; i < node->n_inputs; i++) {
        if (node->inputs[i] && !node->inputs[i]->constant)
            return false;
    }
    return node->op == NESCIO_OP_RESHAPE || node->op == NESCIO_OP_SQUEEZE ||
           node->op == NESCIO_OP_TRANSPOSE || node->op == NESCIO_OP_REDUCE_SUM ||
           node->op == NESCIO_OP_FLATTEN || node->op == NESCIO_OP_IDENTITY;
}

/* nodes[0] = last, then what follows; the number of nodes up to the last that can be answers. */
static size_t follow(const nescio_rewrite *rw, nescio_node *last, nescio_node **nodes)
{
    size_t n = 0, n_good = 0;
    bool summed = false;

    for (nescio_node *node = last; node && n < NESCIO_CHAIN_MAX;
         node = nescio_rewrite_only_user(rw, node->outputs[0])) {
        const nescio_shape *const shape = &node->outputs[0]->shape;

        if (n > 0 && !is_sum_or_move(node))
            break;
        nodes[n++] = node;
        summed |= node->op == NESCIO_OP_REDUCE_SUM;
        if (shape->rank == 2 && shape->dims[0] == NESCIO_DIM_UNKNOWN && shape->dims[1] > 0 &&
            summed)
            n_good = n;
    }
    return n_good;
}

/* The value behind the nodes [1, n) for `in`; *out owned. */
static nescio_status run_chain(nescio_ctx *ctx, nescio_node *const *nodes, size_t n,
                               nescio_tensor *in, nescio_tensor *out)
{
    nescio_tensor now = *in;

    *in = (nescio_tensor){0};
    for (size_t i = 1; i < n; i++) {
        const nescio_tensor *inputs[8] = {&now};
        nescio_tensor next[1] = {0};
        nescio_status st;

        for (uint32_t k = 1; k < nodes[i]->n_inputs && k < 8; k++)
            inputs[k] = nodes[i]->inputs[k] ? nodes[i]->inputs[k]->constant : NULL;
        st = nescio_refexec_node(ctx, nodes[i], inputs, next);
        nescio_tensor_free(&now);
        NESCIO_TRY(st);
        now = next[0];
    }
    *out = now;
    return NESCIO_OK;
}

/* A probe: rows [first, first + n) of the unit matrix of n_places, n >= 2 (zeros beyond). */
static nescio_status make_probe(nescio_ctx *ctx, int rank, const int64_t *dims, int64_t n_places,
                                int64_t first, int64_t n, nescio_tensor *probe)
{
    int64_t full[NESCIO_RANK_MAX], row_stride = 1;
    int row_axis = 0;

    for (int d = 0; d < rank; d++) {
        full[d] = dims[d] == NESCIO_DIM_UNKNOWN ? n : dims[d];
        row_axis = dims[d] == NESCIO_DIM_UNKNOWN ? d : row_axis;
    }
    NESCIO_TRY(nescio_tensor_new(ctx, probe, NESCIO_F32, rank, full));
    for (int d = row_axis + 1; d < rank; d++)
        row_stride *= full[d];
    for (int64_t i = 0; i < n && first + i < n_places; i++) {
        const int64_t place = first + i;
        /* Dims before the rows are the high part of the place's number, those behind the low. */
        const int64_t high = place / row_stride, low = place % row_stride;

        ((float *)probe->data)[(high * n + i) * row_stride + low] = 1;
    }
    return NESCIO_OK;
}

/* answer[place], each place in exactly one answer. */
static bool read_answers(const nescio_tensor *out, int64_t first, int64_t n, int64_t n_places,
                         int64_t n_answers, int64_t *answer)
{
    if (out->dtype != NESCIO_F32 || out->rank != 2 || out->dims[0] != n ||
        out->dims[1] != n_answers)
        return false;
    for (int64_t i = 0; i < n && first + i < n_places; i++) {
        const float *const row = (const float *)out->data + i * n_answers;
        int64_t found = -1;

        for (int64_t k = 0; k < n_answers; k++) {
            if (row[k] == 0)
                continue;
            if (row[k] != 1 || found >= 0)
                return false;
            found = k;
        }
        if (found < 0)
            return false;
        answer[first + i] = found;
    }
    return true;
}

static nescio_status find_answers(nescio_ctx *ctx, nescio_node *const *nodes, size_t n_nodes,
                                  int rank, const int64_t *dims, int64_t n_places, int64_t *answer,
                                  bool *ok)
{
    const int64_t n_answers = nodes[n_nodes - 1]->outputs[0]->shape.dims[1];
    int64_t n = n_places < NESCIO_PROBE_ROWS ? n_places : NESCIO_PROBE_ROWS;

    n = n < 2 ? 2 : n;
    *ok = true;
    for (int64_t first = 0; first < n_places && *ok; first += n) {
        nescio_tensor probe = {0}, out = {0};
        nescio_status st;

        NESCIO_TRY(make_probe(ctx, rank, dims, n_places, first, n, &probe));
        st = run_chain(ctx, nodes, n_nodes, &probe, &out);
        if (st == NESCIO_E_NOMEM)
            return st;
        *ok = st == NESCIO_OK && read_answers(&out, first, n, n_places, n_answers, answer);
        nescio_tensor_free(&out);
    }
    return NESCIO_OK;
}

nescio_status nescio_tree_answers_replace(nescio_rewrite *rw, nescio_node *last, nescio_value *x,
                                          nescio_forest *f, int rank, const int64_t *dims)
{
    nescio_node *nodes[NESCIO_CHAIN_MAX], *trees;
    const size_t n = follow(rw, last, nodes);
    int64_t *answer;
    bool ok = false;
    nescio_status st;

    if (n == 0)
        return NESCIO_OK;
    NESCIO_TRY(nescio_forest_examine(rw->ctx, f, x->shape.rank == 2 ? x->shape.dims[1] : -1, &ok));
    if (!ok)
        return NESCIO_OK;
    ok = false;
    answer = calloc((size_t)f->n_targets, sizeof *answer);
    if (!answer)
        return nescio_rewrite_nomem(rw);
    st = find_answers(rw->ctx, nodes, n, rank, dims, f->n_targets, answer, &ok);
    for (size_t i = 0; ok && i < f->n_pairs; i++)
        f->pairs[i].target = answer[f->pairs[i].target];
    free(answer);
    if (st != NESCIO_OK || !ok)
        return st;
    f->n_targets = nodes[n - 1]->outputs[0]->shape.dims[1];
    trees = nescio_forest_write(rw, f, last, last->name, x);
    return trees ? nescio_rewrite_alias(rw, nodes[n - 1], trees->outputs[0])
                 : nescio_rewrite_nomem(rw);
}
