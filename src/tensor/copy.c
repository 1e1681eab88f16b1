/* SPDX-License-Identifier: Apache-2.0
 * Copies between strides, row by row; where the source's rows run across the target's, tile by
 * tile, so that every cache line that is read or written is used whole. */
#include "tensor/walk.h"

#include <assert.h>
#include <string.h>

enum { TILE = 16 };

/* A matrix whose columns lie densely in the source: target[i * row + j * column] = source[i + j *
 * step]. */
typedef struct plane {
    int64_t n_rows, n_columns;
    int64_t row, column, step;
} plane;

#define COPY_ROW(T)                                                                                \
    for (int64_t i = 0; i < n; i++)                                                                \
    ((T *)to)[i * to_step] = ((const T *)from)[i * from_step]

static void copy_row(const nescio_walk *w, size_t size, char *dst, const char *src)
{
    const int64_t n = w->n, to_step = w->step[0], from_step = w->step[1];
    void *const to = dst + w->at[0] * (int64_t)size;
    const void *const from = src + w->at[1] * (int64_t)size;

    if (to_step == 1 && from_step == 1) {
        memcpy(to, from, (size_t)n * size);
        return;
    }
    switch (size) {
    case 1: COPY_ROW(uint8_t); break;
    case 2: COPY_ROW(uint16_t); break;
    case 4: COPY_ROW(uint32_t); break;
    default: COPY_ROW(uint64_t); break;
    }
}

#define COPY_TILE(T)                                                                               \
    for (int64_t i = i0; i < i1; i++)                                                              \
        for (int64_t j = j0; j < j1; j++)                                                          \
    ((T *)dst)[i * p.row + j * p.column] = ((const T *)src)[i + j * p.step]

static void copy_tile(plane p, int64_t i0, int64_t j0, size_t size, void *dst, const void *src)
{
    const int64_t i1 = i0 + TILE < p.n_rows ? i0 + TILE : p.n_rows;
    const int64_t j1 = j0 + TILE < p.n_columns ? j0 + TILE : p.n_columns;

    switch (size) {
    case 1: COPY_TILE(uint8_t); break;
    case 2: COPY_TILE(uint16_t); break;
    case 4: COPY_TILE(uint32_t); break;
    default: COPY_TILE(uint64_t); break;
    }
}

/* The axis along which the source is dense though the walk's rows are not; -1: none. */
static int crossing_axis(const nescio_walk *w)
{
    const int last = w->rank - 1;

    for (int a = 0; a < last; a++)
        if (w->stride[1][a] == 1 && w->step[1] != 1)
            return a;
    return -1;
}

static void copy_plane(plane p, size_t size, void *dst, const void *src)
{
    for (int64_t i = 0; i < p.n_rows; i += TILE)
        for (int64_t j = 0; j < p.n_columns; j += TILE)
            copy_tile(p, i, j, size, dst, src);
}

static void copy_crossing(const nescio_walk *w, int axis, size_t size, char *dst, const char *src)
{
    const int last = w->rank - 1;
    const plane p = {.n_rows = w->dims[axis],
                     .n_columns = w->dims[last],
                     .row = w->stride[0][axis],
                     .column = w->step[0],
                     .step = w->step[1]};
    nescio_walk planes = *w;

    planes.dims[axis] = planes.dims[last] = 1;
    for (bool more = nescio_walk_start(&planes); more; more = nescio_walk_next(&planes)) {
        for (int64_t i = 0; i < planes.n; i++)
            copy_plane(p, size, dst + (planes.at[0] + i * planes.step[0]) * (int64_t)size,
                       src + (planes.at[1] + i * planes.step[1]) * (int64_t)size);
    }
}

void nescio_copy_strided(size_t size, int rank, const int64_t *dims, void *dst,
                         const int64_t *dst_stride, const void *src, const int64_t *src_stride)
{
    nescio_walk w;
    int axis;

    assert(size == 1 || size == 2 || size == 4 || size == 8);
    nescio_walk_init(&w, rank, dims);
    nescio_walk_add_strides(&w, dst_stride);
    nescio_walk_add_strides(&w, src_stride);
    if (!nescio_walk_start(&w))
        return;
    axis = crossing_axis(&w);
    if (axis >= 0) {
        copy_crossing(&w, axis, size, dst, src);
        return;
    }
    do
        copy_row(&w, size, dst, src);
    while (nescio_walk_next(&w));
}
