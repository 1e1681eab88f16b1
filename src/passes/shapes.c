/* SPDX-License-Identifier: Apache-2.0
 * What can be said of two shapes whose sizes are partly unknown. */
#include "passes/passes_internal.h"

#include <string.h>

bool nescio_dim_same(const nescio_shape *a, int i, const nescio_shape *b, int j)
{
    if (a->dims[i] != NESCIO_DIM_UNKNOWN || b->dims[j] != NESCIO_DIM_UNKNOWN)
        return a->dims[i] == b->dims[j];
    return a->symbol[i] && b->symbol[j] && strcmp(a->symbol[i], b->symbol[j]) == 0;
}

/* Number of dims that are not surely the same; -1: different ranks, or a known difference. */
static int doubtful_dims(const nescio_shape *a, const nescio_shape *b)
{
    int doubts = 0;

    if (a->rank == NESCIO_RANK_UNKNOWN || a->rank != b->rank)
        return -1;
    for (int d = 0; d < a->rank; d++) {
        if (nescio_dim_same(a, d, b, d))
            continue;
        if (a->dims[d] != NESCIO_DIM_UNKNOWN && b->dims[d] != NESCIO_DIM_UNKNOWN)
            return -1;
        doubts++;
    }
    return doubts;
}

bool nescio_shape_same(const nescio_shape *a, const nescio_shape *b)
{
    return doubtful_dims(a, b) == 0;
}

bool nescio_shape_same_count(const nescio_shape *a, const nescio_shape *b)
{
    const int doubts = doubtful_dims(a, b);

    if (doubts != 1)
        return doubts == 0;
    for (int d = 0; d < a->rank; d++) {
        if (a->dims[d] == 0) /* 0 elements say nothing about the other dims */
            return false;
    }
    return true;
}

int64_t nescio_shape_row_count(const nescio_shape *shape)
{
    int64_t n = 1;

    if (shape->rank == NESCIO_RANK_UNKNOWN)
        return -1;
    for (int d = 1; d < shape->rank; d++) {
        if (shape->dims[d] < 0 || __builtin_mul_overflow(n, shape->dims[d], &n))
            return -1;
    }
    return n;
}
