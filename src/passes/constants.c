/* SPDX-License-Identifier: Apache-2.0
 * Constants as numbers, for passes that compute with weights. Sums and products are made in
 * double and rounded once, to the dtype of the model. */
#include "passes/passes_internal.h"

#include <string.h>

static bool is_number(const nescio_tensor *t)
{
    return nescio_dtype_is_float(t->dtype) || nescio_dtype_is_integer(t->dtype) ||
           t->dtype == NESCIO_BOOL;
}

nescio_value *nescio_rewrite_reals(nescio_rewrite *rw, const char *name, nescio_dtype dtype,
                                   int rank, const int64_t *dims, const double *elements)
{
    nescio_tensor t;
    size_t count;

    if (nescio_tensor_arena(rw->ctx, rw->graph->arena, &t, dtype, rank, dims) != NESCIO_OK)
        return NULL;
    count = nescio_tensor_count(&t);
    for (size_t i = 0; i < count; i++) {
        if (dtype == NESCIO_F64)
            ((double *)t.data)[i] = elements[i];
        else
            ((float *)t.data)[i] = (float)elements[i];
    }
    return nescio_graph_constant(rw->graph, name, &t, true);
}

nescio_value *nescio_rewrite_ints(nescio_rewrite *rw, const char *name, int64_t n,
                                  const int64_t *elements)
{
    nescio_tensor t;

    if (nescio_tensor_arena(rw->ctx, rw->graph->arena, &t, NESCIO_I64, 1, &n) != NESCIO_OK)
        return NULL;
    if (n > 0)
        memcpy(t.data, elements, (size_t)n * sizeof *elements);
    return nescio_graph_constant(rw->graph, name, &t, true);
}

nescio_status nescio_constant_reals(nescio_ctx *ctx, const nescio_value *value, nescio_tensor *out)
{
    return nescio_tensor_cast(ctx, out, value->constant, NESCIO_F64);
}

bool nescio_constant_scalar(const nescio_value *value, double *out)
{
    const nescio_tensor *const t = value ? value->constant : NULL;

    if (!t || !is_number(t) || nescio_tensor_count(t) != 1)
        return false;
    *out = nescio_tensor_get_f64(t, 0);
    return true;
}

bool nescio_constant_ints(const nescio_value *value, int64_t *out, int *n)
{
    const nescio_tensor *const t = value ? value->constant : NULL;

    if (!t || t->rank > 1 || !nescio_dtype_is_integer(t->dtype) ||
        !nescio_tensor_is_contiguous(t) || nescio_tensor_count(t) > NESCIO_RANK_MAX)
        return false;
    *n = (int)nescio_tensor_count(t);
    for (int i = 0; i < *n; i++)
        out[i] = nescio_tensor_get_i64(t, (size_t)i);
    return true;
}

bool nescio_constant_along(const nescio_value *value, int rank, int axis, int64_t count,
                           double *out)
{
    const nescio_tensor *const t = value ? value->constant : NULL;
    size_t n;

    if (!t || !is_number(t) || t->rank > rank || !nescio_tensor_is_contiguous(t))
        return false;
    n = nescio_tensor_count(t);
    for (int d = 0; d < t->rank; d++) {
        const int of = d + rank - t->rank; /* the axis it broadcasts along */

        if (t->dims[d] != 1 && (of != axis || t->dims[d] != count))
            return false;
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = nescio_tensor_get_f64(t, n == 1 ? 0 : (size_t)i);
    return true;
}
