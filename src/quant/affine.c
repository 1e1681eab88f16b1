/* SPDX-License-Identifier: Apache-2.0
 * Affine maps: composition by rows (Gustavson's sparse product), in a fixed order of summation. */
#include "quant/affine_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/** A map being made: rows are appended in order. */
typedef struct rows {
    size_t *start;
    uint32_t *column;
    double *weight;
} rows;

static bool rows_new(nescio_arena *arena, rows *r, size_t n_rows, size_t nonzero)
{
    if (nonzero > NESCIO_AFFINE_NONZERO_MAX)
        return false;
    r->start = nescio_arena_array(arena, n_rows + 1, sizeof *r->start);
    r->column = nescio_arena_array(arena, nonzero, sizeof *r->column);
    r->weight = nescio_arena_array(arena, nonzero, sizeof *r->weight);
    return r->start && r->column && r->weight;
}

static nescio_affine *affine_new(nescio_arena *arena, size_t count, uint32_t n_terms)
{
    nescio_affine *const a = nescio_arena_alloc(arena, sizeof *a);

    if (!a)
        return NULL;
    a->count = count;
    a->n_terms = n_terms;
    a->base = nescio_arena_array(arena, n_terms, sizeof *a->base);
    a->map = nescio_arena_array(arena, n_terms, sizeof *a->map);
    a->constant = nescio_arena_array(arena, count, sizeof *a->constant);
    return a->base && a->map && a->constant ? a : NULL;
}

static void set_map(nescio_affine_map *map, const rows *r, size_t n_rows, size_t n_columns)
{
    *map = (nescio_affine_map){n_rows, n_columns, r->start, r->column, r->weight};
}

nescio_affine *nescio_affine_base(nescio_arena *arena, uint32_t base, size_t count)
{
    nescio_affine *const a = affine_new(arena, count, 1);
    rows r;

    if (!a || !rows_new(arena, &r, count, count))
        return NULL;
    for (size_t i = 0; i < count; i++) {
        r.start[i + 1] = i + 1;
        r.column[i] = (uint32_t)i;
        r.weight[i] = 1;
    }
    a->base[0] = base;
    set_map(&a->map[0], &r, count, count);
    return a;
}

nescio_affine *nescio_affine_constant(nescio_arena *arena, const double *constant, size_t count)
{
    nescio_affine *const a = affine_new(arena, count, 0);

    if (a)
        memcpy(a->constant, constant, count * sizeof *constant);
    return a;
}

nescio_affine *nescio_affine_gather(nescio_arena *arena, const nescio_affine *in,
                                    const int64_t *index, size_t count)
{
    nescio_affine *const a = affine_new(arena, count, in->n_terms);

    if (!a)
        return NULL;
    for (size_t i = 0; i < count; i++)
        a->constant[i] = index[i] < 0 ? 0 : in->constant[index[i]];
    for (uint32_t t = 0; t < in->n_terms; t++) {
        const nescio_affine_map *const m = &in->map[t];
        size_t n = 0;
        rows r;

        for (size_t i = 0; i < count; i++)
            n += index[i] < 0 ? 0 : m->start[index[i] + 1] - m->start[index[i]];
        if (!rows_new(arena, &r, count, n))
            return NULL;
        n = 0;
        for (size_t i = 0; i < count; i++) {
            const size_t from = index[i] < 0 ? 0 : m->start[index[i]];
            const size_t length = index[i] < 0 ? 0 : m->start[index[i] + 1] - from;

            if (length) {
                memcpy(r.column + n, m->column + from, length * sizeof *r.column);
                memcpy(r.weight + n, m->weight + from, length * sizeof *r.weight);
            }
            n += length;
            r.start[i + 1] = n;
        }
        a->base[t] = in->base[t];
        set_map(&a->map[t], &r, count, m->n_columns);
    }
    return a;
}

nescio_affine *nescio_affine_scale(nescio_arena *arena, const nescio_affine *in,
                                   const double *factor, const double *offset)
{
    nescio_affine *const a = affine_new(arena, in->count, in->n_terms);

    if (!a)
        return NULL;
    for (size_t i = 0; i < in->count; i++)
        a->constant[i] = (factor ? factor[i] : 1) * in->constant[i] + (offset ? offset[i] : 0);
    for (uint32_t t = 0; t < in->n_terms; t++) {
        a->base[t] = in->base[t];
        a->map[t] = in->map[t];
        if (!factor)
            continue;
        const nescio_affine_map *const m = &in->map[t];
        double *const weight = nescio_arena_array(arena, m->start[m->n_rows], sizeof *weight);

        if (!weight)
            return NULL;
        for (size_t i = 0; i < in->count; i++) {
            for (size_t k = m->start[i]; k < m->start[i + 1]; k++)
                weight[k] = factor[i] * m->weight[k];
        }
        a->map[t].weight = weight;
    }
    return a;
}

/* a + sign * b of two maps of the same shape: rows merged. */
static bool add_maps(nescio_arena *arena, const nescio_affine_map *a, const nescio_affine_map *b,
                     double sign, nescio_affine_map *out)
{
    size_t n = 0;
    rows r;

    if (!rows_new(arena, &r, a->n_rows, a->start[a->n_rows] + b->start[b->n_rows]))
        return false;
    for (size_t i = 0; i < a->n_rows; i++) {
        size_t p = a->start[i], q = b->start[i];

        while (p < a->start[i + 1] || q < b->start[i + 1]) {
            const uint32_t ca = p < a->start[i + 1] ? a->column[p] : UINT32_MAX;
            const uint32_t cb = q < b->start[i + 1] ? b->column[q] : UINT32_MAX;

            r.column[n] = ca < cb ? ca : cb;
            r.weight[n] = (ca <= cb ? a->weight[p++] : 0) + (cb <= ca ? sign * b->weight[q++] : 0);
            n += r.weight[n] != 0;
        }
        r.start[i + 1] = n;
    }
    set_map(out, &r, a->n_rows, a->n_columns);
    return true;
}

static bool negate_map(nescio_arena *arena, const nescio_affine_map *in, double sign,
                       nescio_affine_map *out)
{
    double *const weight = nescio_arena_array(arena, in->start[in->n_rows], sizeof *weight);

    if (!weight)
        return false;
    for (size_t k = 0; k < in->start[in->n_rows]; k++)
        weight[k] = sign * in->weight[k];
    *out = *in;
    out->weight = weight;
    return true;
}

nescio_affine *nescio_affine_add(nescio_arena *arena, const nescio_affine *a,
                                 const nescio_affine *b, double sign)
{
    assert(a->count == b->count);
    nescio_affine *const sum = affine_new(arena, a->count, a->n_terms + b->n_terms);
    uint32_t n = 0, p = 0, q = 0;

    if (!sum)
        return NULL;
    for (size_t i = 0; i < a->count; i++)
        sum->constant[i] = a->constant[i] + sign * b->constant[i];
    for (; p < a->n_terms || q < b->n_terms; n++) {
        const uint32_t ba = p < a->n_terms ? a->base[p] : UINT32_MAX,
                       bb = q < b->n_terms ? b->base[q] : UINT32_MAX;

        sum->base[n] = ba < bb ? ba : bb;
        if (ba < bb)
            sum->map[n] = a->map[p++];
        else if (bb < ba) {
            if (!negate_map(arena, &b->map[q++], sign, &sum->map[n]))
                return NULL;
        } else if (!add_maps(arena, &a->map[p++], &b->map[q++], sign, &sum->map[n])) {
            return NULL;
        }
    }
    sum->n_terms = n;
    return sum;
}

static int compare_columns(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/** Dense accumulator of one product row, with the columns that it has touched. */
typedef struct accumulator {
    double *sum;
    uint32_t *touched;
    bool *seen;
    size_t n;
} accumulator;

/* Nonzeros that the product may have, from above. */
static size_t product_bound(const nescio_affine_map *a, const nescio_affine_map *b)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n_rows && n <= NESCIO_AFFINE_NONZERO_MAX; i++) {
        size_t row = 0;

        for (size_t k = a->start[i]; k < a->start[i + 1]; k++)
            row += b->start[a->column[k] + 1] - b->start[a->column[k]];
        n += row < b->n_columns ? row : b->n_columns;
    }
    return n;
}

static void product_row(const nescio_affine_map *a, const nescio_affine_map *b, size_t i,
                        accumulator *acc)
{
    acc->n = 0;
    for (size_t k = a->start[i]; k < a->start[i + 1]; k++) {
        for (size_t j = b->start[a->column[k]]; j < b->start[a->column[k] + 1]; j++) {
            const uint32_t c = b->column[j];

            if (!acc->seen[c]) {
                acc->seen[c] = true;
                acc->touched[acc->n++] = c;
                acc->sum[c] = 0;
            }
            acc->sum[c] += a->weight[k] * b->weight[j];
        }
    }
    qsort(acc->touched, acc->n, sizeof *acc->touched, compare_columns);
}

static bool product(nescio_arena *arena, const nescio_affine_map *a, const nescio_affine_map *b,
                    nescio_affine_map *out)
{
    accumulator acc = {calloc(b->n_columns + 1, sizeof(double)),
                       calloc(b->n_columns + 1, sizeof(uint32_t)), calloc(b->n_columns + 1, 1), 0};
    rows r;
    const bool ok =
        acc.sum && acc.touched && acc.seen && rows_new(arena, &r, a->n_rows, product_bound(a, b));
    size_t n = 0;

    for (size_t i = 0; ok && i < a->n_rows; i++) {
        product_row(a, b, i, &acc);
        for (size_t k = 0; k < acc.n; k++) {
            const uint32_t c = acc.touched[k];

            acc.seen[c] = false;
            if (acc.sum[c] == 0)
                continue;
            r.column[n] = c;
            r.weight[n++] = acc.sum[c];
        }
        r.start[i + 1] = n;
    }
    if (ok)
        set_map(out, &r, a->n_rows, b->n_columns);
    free(acc.sum);
    free(acc.touched);
    free(acc.seen);
    return ok;
}

nescio_affine *nescio_affine_apply(nescio_arena *arena, const nescio_affine_map *map,
                                   const nescio_affine *in, const double *offset)
{
    assert(map->n_columns == in->count);
    nescio_affine *const a = affine_new(arena, map->n_rows, in->n_terms);

    if (!a)
        return NULL;
    for (size_t i = 0; i < map->n_rows; i++) {
        double sum = offset ? offset[i] : 0;

        for (size_t k = map->start[i]; k < map->start[i + 1]; k++)
            sum += map->weight[k] * in->constant[map->column[k]];
        a->constant[i] = sum;
    }
    for (uint32_t t = 0; t < in->n_terms; t++) {
        a->base[t] = in->base[t];
        if (!product(arena, map, &in->map[t], &a->map[t]))
            return NULL;
    }
    return a;
}

bool nescio_affine_map_dense(nescio_arena *arena, const double *dense, size_t n_rows,
                             size_t n_columns, nescio_affine_map *out)
{
    size_t n = 0;
    rows r;

    for (size_t i = 0; i < n_rows * n_columns; i++)
        n += dense[i] != 0;
    if (!rows_new(arena, &r, n_rows, n))
        return false;
    n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < n_columns; j++) {
            if (dense[i * n_columns + j] == 0)
                continue;
            r.column[n] = (uint32_t)j;
            r.weight[n++] = dense[i * n_columns + j];
        }
        r.start[i + 1] = n;
    }
    set_map(out, &r, n_rows, n_columns);
    return true;
}

void nescio_affine_eval(const nescio_affine *a, const double *const *values, double *out)
{
    memcpy(out, a->constant, a->count * sizeof *out);
    for (uint32_t t = 0; t < a->n_terms; t++) {
        const nescio_affine_map *const m = &a->map[t];
        const double *const x = values[a->base[t]];

        for (size_t i = 0; i < a->count; i++) {
            double sum = 0;

            for (size_t k = m->start[i]; k < m->start[i + 1]; k++)
                sum += m->weight[k] * x[m->column[k]];
            out[i] += sum;
        }
    }
}
