/* SPDX-License-Identifier: Apache-2.0
 * BatchNormalization at inference is a * x + b with a = scale / sqrt(variance + epsilon) and
 * b = bias - a * mean, one of each a channel (Ioffe and Szegedy, arXiv:1502.03167): a Mul and an
 * Add by constants, which fold_affine brings into a neighbouring layer where there is one.
 * Needs shapes (the rank of x) and folded constants, breaks nothing. */
#include "passes/passes_internal.h"

#include <math.h>
#include <stdlib.h>

enum { SCALE, BIAS, MEAN, VARIANCE, N_PARAMETERS };

/* Constants [C, 1, ... 1] of a and b for an x of rank `rank`. */
static nescio_status make_factors(nescio_rewrite *rw, const nescio_node *node, int rank,
                                  const nescio_tensor *t, nescio_value **a, nescio_value **b)
{
    const double epsilon = nescio_node_float(node, "epsilon", 1e-5);
    const nescio_dtype dtype = node->inputs[0]->dtype;
    const size_t n = nescio_tensor_count(&t[SCALE]);
    int64_t dims[NESCIO_RANK_MAX];
    double *factors = malloc((2 * n + 1) * sizeof *factors);

    *a = *b = NULL;
    if (!factors)
        return nescio_rewrite_nomem(rw);
    for (size_t i = 0; i < n; i++) {
        const double variance = ((const double *)t[VARIANCE].data)[i];

        factors[i] = ((const double *)t[SCALE].data)[i] / sqrt(variance + epsilon);
        factors[n + i] =
            ((const double *)t[BIAS].data)[i] - factors[i] * ((const double *)t[MEAN].data)[i];
    }
    dims[0] = (int64_t)n;
    for (int d = 1; d < rank - 1; d++)
        dims[d] = 1;
    *a = nescio_rewrite_reals(rw, node->inputs[1]->name, dtype, rank - 1, dims, factors);
    *b = nescio_rewrite_reals(rw, node->inputs[2]->name, dtype, rank - 1, dims, factors + n);
    free(factors);
    return *a && *b ? NESCIO_OK : nescio_rewrite_nomem(rw);
}

static bool can_split(const nescio_node *node)
{
    const nescio_value *const x = node->inputs[0];

    if (x->shape.rank < 2 || (x->dtype != NESCIO_F32 && x->dtype != NESCIO_F64))
        return false;
    for (uint32_t i = 1; i <= N_PARAMETERS; i++) {
        const nescio_value *const v = node->inputs[i];

        if (!v || !v->constant || v->constant->rank != 1 ||
            v->constant->dims[0] != node->inputs[1]->constant->dims[0])
            return false;
    }
    return true;
}

static nescio_status split(nescio_rewrite *rw, nescio_node *node)
{
    nescio_tensor t[N_PARAMETERS] = {0};
    nescio_value *a = NULL, *b = NULL;
    nescio_node *mul;
    nescio_status st = NESCIO_OK;

    for (uint32_t i = 0; i < N_PARAMETERS && st == NESCIO_OK; i++)
        st = nescio_constant_reals(rw->ctx, node->inputs[i + 1], &t[i]);
    if (st == NESCIO_OK)
        st = make_factors(rw, node, node->inputs[0]->shape.rank, t, &a, &b);
    for (uint32_t i = 0; i < N_PARAMETERS; i++)
        nescio_tensor_free(&t[i]);
    NESCIO_TRY(st);
    mul = nescio_rewrite_node(rw, node, NESCIO_OP_MUL, node->name, 2,
                              (nescio_value *[]){node->inputs[0], a});
    if (!mul ||
        !nescio_rewrite_swap(rw, node, NESCIO_OP_ADD, 2, (nescio_value *[]){mul->outputs[0], b}))
        return nescio_rewrite_nomem(rw);
    return NESCIO_OK;
}

nescio_status nescio_pass_split_batchnorm(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        next = node->next;
        if (node->op == NESCIO_OP_BATCH_NORMALIZATION && can_split(node))
            NESCIO_TRY(split(rw, node));
    }
    return NESCIO_OK;
}
