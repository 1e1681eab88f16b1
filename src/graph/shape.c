/* SPDX-License-Identifier: Apache-2.0
 * Partly known shapes: merge, broadcast, relax. */
#include "graph/infer_internal.h"

#include <string.h>

const nescio_shape nescio_shape_unknown = {.rank = NESCIO_RANK_UNKNOWN};
const nescio_shape nescio_shape_scalar = {.rank = 0};

nescio_shape nescio_shape_of_rank(int rank)
{
    nescio_shape shape = {.rank = rank};

    for (int d = 0; d < rank; d++)
        shape.dims[d] = NESCIO_DIM_UNKNOWN;
    return shape;
}

void nescio_shape_set(nescio_shape *shape, int d, int64_t dim)
{
    shape->dims[d] = dim;
    shape->symbol[d] = NULL;
}

void nescio_shape_take(nescio_shape *shape, int d, const nescio_shape *from, int d_from)
{
    shape->dims[d] = from->dims[d_from];
    shape->symbol[d] = from->symbol[d_from];
}

static bool same_symbol(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

bool nescio_shape_broadcast(nescio_shape *shape, const nescio_shape *other)
{
    nescio_shape wide;

    if (shape->rank == NESCIO_RANK_UNKNOWN || other->rank == NESCIO_RANK_UNKNOWN) {
        *shape = nescio_shape_unknown;
        return true;
    }
    wide = shape->rank >= other->rank ? *shape : *other;
    other = shape->rank >= other->rank ? other : shape;
    for (int d = 0; d < other->rank; d++) {
        const int w = wide.rank - other->rank + d;
        const int64_t a = wide.dims[w], b = other->dims[d];

        if (a == b && (a != NESCIO_DIM_UNKNOWN || same_symbol(wide.symbol[w], other->symbol[d])))
            continue;
        if (b == 1 || (a != NESCIO_DIM_UNKNOWN && a != 1 && b == NESCIO_DIM_UNKNOWN))
            continue;
        if (a == 1 || (a == NESCIO_DIM_UNKNOWN && b != NESCIO_DIM_UNKNOWN))
            nescio_shape_take(&wide, w, other, d);
        else if (a == NESCIO_DIM_UNKNOWN) /* two unknown sizes that may differ */
            wide.symbol[w] = NULL;
        else
            return false;
    }
    *shape = wide;
    return true;
}

bool nescio_shape_merge(nescio_shape *shape, const nescio_shape *other)
{
    if (other->rank == NESCIO_RANK_UNKNOWN)
        return true;
    if (shape->rank == NESCIO_RANK_UNKNOWN) {
        *shape = *other;
        return true;
    }
    if (shape->rank != other->rank)
        return false;
    for (int d = 0; d < shape->rank; d++) {
        if (other->dims[d] == NESCIO_DIM_UNKNOWN) {
            if (shape->dims[d] == NESCIO_DIM_UNKNOWN && !shape->symbol[d])
                shape->symbol[d] = other->symbol[d];
        } else if (shape->dims[d] == NESCIO_DIM_UNKNOWN) {
            nescio_shape_take(shape, d, other, d);
        } else if (shape->dims[d] != other->dims[d]) {
            return false;
        }
    }
    return true;
}

void nescio_shape_relax(nescio_shape *shape, const nescio_shape *other)
{
    if (shape->rank != other->rank || shape->rank == NESCIO_RANK_UNKNOWN) {
        *shape = nescio_shape_unknown;
        return;
    }
    for (int d = 0; d < shape->rank; d++) {
        if (shape->dims[d] == other->dims[d] && (shape->dims[d] != NESCIO_DIM_UNKNOWN ||
                                                 same_symbol(shape->symbol[d], other->symbol[d])))
            continue;
        shape->dims[d] = NESCIO_DIM_UNKNOWN;
        shape->symbol[d] = NULL;
    }
}
