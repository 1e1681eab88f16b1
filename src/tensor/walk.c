/* SPDX-License-Identifier: Apache-2.0
 * Broadcasting by strides: a shape is walked row by row, every operand keeps a running offset, so
 * the elements' loop has neither division nor modulo. Axes that are contiguous in all operands are
 * merged first: equal shapes become one row. */
#include "tensor/walk.h"

#include <assert.h>
#include <string.h>

bool nescio_broadcast_shape(const nescio_tensor *const *t, size_t n, int *rank, int64_t *dims)
{
    *rank = 0;
    for (size_t k = 0; k < n; k++)
        if (t[k] && t[k]->rank > *rank)
            *rank = t[k]->rank;
    for (int i = 0; i < *rank; i++)
        dims[i] = 1;
    for (size_t k = 0; k < n; k++) {
        if (!t[k])
            continue;
        for (int i = 0; i < t[k]->rank; i++) {
            int64_t *const d = &dims[*rank - t[k]->rank + i];
            const int64_t e = t[k]->dims[i];

            if (*d == 1)
                *d = e;
            else if (e != 1 && e != *d)
                return false;
        }
    }
    return true;
}

void nescio_row_major(int rank, const int64_t *dims, int64_t *stride)
{
    int64_t step = 1;

    for (int i = rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= dims[i];
    }
}

void nescio_walk_init(nescio_walk *w, int rank, const int64_t *dims)
{
    *w = (nescio_walk){.rank = rank};
    memcpy(w->dims, dims, (size_t)rank * sizeof *dims);
}

void nescio_walk_add(nescio_walk *w, const nescio_tensor *t)
{
    int64_t own[NESCIO_RANK_MAX] = {0}, stride[NESCIO_RANK_MAX] = {0};

    nescio_row_major(t->rank, t->dims, own);
    for (int i = 0; i < t->rank; i++)
        stride[w->rank - t->rank + i] = t->dims[i] == 1 ? 0 : own[i];
    nescio_walk_add_strides(w, stride);
}

void nescio_walk_add_strides(nescio_walk *w, const int64_t *stride)
{
    assert(w->n_operands < NESCIO_WALK_MAX);
    memcpy(w->stride[w->n_operands], stride, (size_t)w->rank * sizeof *stride);
    w->n_operands++;
}

/* Axis `outer` directly followed by `inner` is one longer axis for every operand. */
static bool mergeable(const nescio_walk *w, int outer, int inner)
{
    for (int k = 0; k < w->n_operands; k++)
        if (w->stride[k][outer] != w->stride[k][inner] * w->dims[inner])
            return false;
    return true;
}

static void merge_axes(nescio_walk *w)
{
    int last = -1; /* axes [0, last] are the merged ones */

    for (int i = 0; i < w->rank; i++) {
        if (w->dims[i] == 1)
            continue;
        if (last >= 0 && mergeable(w, last, i)) {
            w->dims[last] *= w->dims[i];
        } else {
            last++;
            w->dims[last] = w->dims[i];
        }
        for (int k = 0; k < w->n_operands; k++)
            w->stride[k][last] = w->stride[k][i];
    }
    w->rank = last + 1;
}

bool nescio_walk_start(nescio_walk *w)
{
    for (int i = 0; i < w->rank; i++)
        if (w->dims[i] == 0)
            return false;
    merge_axes(w);
    w->n = w->rank ? w->dims[w->rank - 1] : 1;
    for (int k = 0; k < w->n_operands; k++) {
        w->at[k] = 0;
        w->step[k] = w->rank ? w->stride[k][w->rank - 1] : 0;
    }
    memset(w->index, 0, sizeof w->index);
    return true;
}

bool nescio_walk_next(nescio_walk *w)
{
    for (int i = w->rank - 2; i >= 0; i--) {
        w->index[i]++;
        for (int k = 0; k < w->n_operands; k++)
            w->at[k] += w->stride[k][i];
        if (w->index[i] < w->dims[i])
            return true;
        for (int k = 0; k < w->n_operands; k++)
            w->at[k] -= w->stride[k][i] * w->dims[i];
        w->index[i] = 0;
    }
    return false;
}
