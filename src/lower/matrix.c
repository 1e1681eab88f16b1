/* SPDX-License-Identifier: Apache-2.0
 * Building integer matrices row by row, with sums of weights in 64 bits and a check that the result
 * fits 32. */
#include <stdlib.h>
#include <string.h>

#include "lower/matrix_internal.h"

void nescio_matrix_builder_init(nescio_matrix_builder *b, size_t n_rows, size_t n_columns)
{
    *b = (nescio_matrix_builder){.n_rows = n_rows, .n_columns = n_columns};
    b->sum = calloc(n_columns + 1, sizeof *b->sum);
    b->touched = calloc(n_columns + 1, sizeof *b->touched);
    b->seen = calloc(n_columns + 1, sizeof *b->seen);
    b->start = calloc(n_rows + 1, sizeof *b->start);
    b->bad = !b->sum || !b->touched || !b->seen || !b->start;
}

void nescio_matrix_builder_deinit(nescio_matrix_builder *b)
{
    free(b->sum);
    free(b->touched);
    free(b->seen);
    free(b->start);
    free(b->column);
    free(b->weight);
}

void nescio_matrix_builder_add(nescio_matrix_builder *b, uint32_t column, int64_t weight)
{
    if (b->bad || weight == 0)
        return;
    if (!b->seen[column]) {
        b->seen[column] = true;
        b->touched[b->n_touched++] = column;
        b->sum[column] = 0;
    }
    if (__builtin_add_overflow(b->sum[column], weight, &b->sum[column]))
        b->wide = true;
}

static int compare_columns(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void reserve(nescio_matrix_builder *b, size_t more)
{
    if (b->n + more <= b->capacity)
        return;
    const size_t capacity = 2 * (b->n + more);
    uint32_t *const column = realloc(b->column, capacity * sizeof *column);
    int32_t *const weight = column ? realloc(b->weight, capacity * sizeof *weight) : NULL;

    if (column)
        b->column = column;
    if (weight)
        b->weight = weight;
    b->bad = !weight || capacity > UINT32_MAX;
    b->capacity = b->bad ? 0 : capacity;
}

void nescio_matrix_builder_end_row(nescio_matrix_builder *b)
{
    if (!b->bad)
        reserve(b, b->n_touched);
    if (b->bad)
        return;
    qsort(b->touched, b->n_touched, sizeof *b->touched, compare_columns);
    for (size_t i = 0; i < b->n_touched; i++) {
        const uint32_t c = b->touched[i];

        b->seen[c] = false;
        b->wide |= b->sum[c] > INT32_MAX || b->sum[c] < INT32_MIN;
        if (b->sum[c] == 0 || b->wide)
            continue;
        b->column[b->n] = c;
        b->weight[b->n++] = (int32_t)b->sum[c];
    }
    b->n_touched = 0;
    b->start[++b->row] = (uint32_t)b->n;
}

static bool finish_dense(const nescio_matrix_builder *b, nescio_arena *arena,
                         nescio_int_matrix *out)
{
    int32_t *const dense = nescio_arena_array(arena, b->n_rows * b->n_columns, sizeof *dense);

    if (!dense)
        return false;
    for (size_t r = 0; r < b->n_rows; r++) {
        for (uint32_t k = b->start[r]; k < b->start[r + 1]; k++)
            dense[r * b->n_columns + b->column[k]] = b->weight[k];
    }
    out->dense = dense;
    return true;
}

bool nescio_matrix_builder_finish(nescio_matrix_builder *b, nescio_arena *arena,
                                  nescio_int_matrix *out)
{
    if (b->bad || b->wide)
        return false;
    *out = (nescio_int_matrix){.n_rows = (uint32_t)b->n_rows, .n_columns = (uint32_t)b->n_columns};
    if (b->n >= b->n_rows * b->n_columns / 4)
        return finish_dense(b, arena, out);
    uint32_t *const start = nescio_arena_array(arena, b->n_rows + 1, sizeof *start);
    uint32_t *const column = nescio_arena_array(arena, b->n, sizeof *column);
    int32_t *const weight = nescio_arena_array(arena, b->n, sizeof *weight);

    if (!start || !column || !weight)
        return false;
    memcpy(start, b->start, (b->n_rows + 1) * sizeof *start);
    if (b->n) {
        memcpy(column, b->column, b->n * sizeof *column);
        memcpy(weight, b->weight, b->n * sizeof *weight);
    }
    out->row_start = start;
    out->columns = column;
    out->weights = weight;
    return true;
}

size_t nescio_int_matrix_row(const nescio_int_matrix *m, size_t row, const uint32_t **columns,
                             const int32_t **weights)
{
    if (m->dense) {
        *columns = NULL;
        *weights = m->dense + row * m->n_columns;
        return m->n_columns;
    }
    *columns = m->columns + m->row_start[row];
    *weights = m->weights + m->row_start[row];
    return m->row_start[row + 1] - m->row_start[row];
}

size_t nescio_int_matrix_nonzero(const nescio_int_matrix *m)
{
    const size_t size = m->dense ? (size_t)m->n_rows * m->n_columns : m->row_start[m->n_rows];
    const int32_t *const w = m->dense ? m->dense : m->weights;
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        n += w[i] != 0;
    return n;
}
