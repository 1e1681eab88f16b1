/* SPDX-License-Identifier: Apache-2.0
 * TfIdfVectorizer: counts n-grams of words or numbers along the last axis; each known n-gram has
 * its column. In an n-gram with skips all neighbours are equally far apart. */
#include "refexec/ml_common.h"
#include "refexec/run_table.h"

#include <stdlib.h>

#define COMPARISONS 16 /* of an n-gram with known ones, about */

/* Items as they are compared: text, or numbers. */
typedef struct items {
    const char *const *text; /* NULL: numbers */
    const int64_t *number;
    int64_t n;
} items;

/* A known n-gram: n items that lie `step` apart. */
typedef struct gram {
    const items *from;
    int64_t first, step, n, column;
} gram;

typedef enum weighting { COUNT, PRESENCE, WEIGHTED } weighting;

typedef struct vectorizer {
    items pool;
    gram *grams; /* sorted by length, then by items */
    int64_t n_grams, columns;
    int64_t shortest, longest, skips;
    nescio_ml_list weights;
    weighting mode;
} vectorizer;

static int compare_items(const items *a, int64_t i, const items *b, int64_t j)
{
    if (a->text)
        return strcmp(a->text[i], b->text[j]);
    return a->number[i] < b->number[j] ? -1 : a->number[i] > b->number[j];
}

static int compare_grams(const void *left, const void *right)
{
    const gram *const a = left, *const b = right;

    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (int64_t k = 0; k < a->n; k++) {
        const int c =
            compare_items(a->from, a->first + k * a->step, b->from, b->first + k * b->step);

        if (c)
            return c;
    }
    return 0;
}

static nescio_status read_pool(const nescio_refexec_call *call, vectorizer *v)
{
    const nescio_attr *const words = nescio_node_attr(call->node, "pool_strings");
    nescio_ml_ints numbers;

    NESCIO_TRY(nescio_ml_ints_read(call, "pool_int64s", &numbers));
    if (words && words->kind == NESCIO_ATTR_STRINGS && words->count > 0)
        v->pool = (items){.text = words->strings, .n = (int64_t)words->count};
    else
        v->pool = (items){.number = numbers.at, .n = (int64_t)numbers.n};
    if ((v->pool.text != NULL) != (call->inputs[0]->dtype == NESCIO_STRING) || v->pool.n == 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "the pool does not hold %s",
                                nescio_dtype_name(call->inputs[0]->dtype));
    return NESCIO_OK;
}

/* counts[k] is where the n-grams of k + 1 items begin in the pool. Their columns are in order of
 * the pool. */
static nescio_status read_grams(const nescio_refexec_call *call, vectorizer *v)
{
    nescio_ml_ints counts, columns;
    int64_t seen = 0;

    NESCIO_TRY(nescio_ml_ints_read(call, "ngram_counts", &counts));
    NESCIO_TRY(nescio_ml_ints_read(call, "ngram_indexes", &columns));
    if (v->longest > (int64_t)counts.n) /* longer ones are not known */
        v->longest = (int64_t)counts.n;
    v->grams = nescio_call_scratch(call, (int64_t)columns.n + 1, sizeof *v->grams);
    if (!v->grams)
        return nescio_call_nomem(call);
    for (size_t i = 0; i < columns.n; i++) {
        if (columns.at[i] < 0 || columns.at[i] >= INT32_MAX)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "ngram_indexes has %lld",
                                    (long long)columns.at[i]);
        v->columns = columns.at[i] >= v->columns ? columns.at[i] + 1 : v->columns;
    }
    for (size_t k = 0; k < counts.n; k++) {
        const int64_t end = k + 1 < counts.n ? counts.at[k + 1] : v->pool.n;
        const int64_t size = (int64_t)k + 1;

        if (counts.at[k] < 0 || end < counts.at[k] || end > v->pool.n ||
            (end - counts.at[k]) % size != 0)
            return nescio_call_fail(
                call, NESCIO_E_FORMAT, "ngram_counts: %lld to %lld of %lld are no %lld-grams",
                (long long)counts.at[k], (long long)end, (long long)v->pool.n, (long long)size);
        for (int64_t at = counts.at[k]; at < end; at += size, seen++) {
            if (seen >= (int64_t)columns.n)
                return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu columns for more n-grams",
                                        columns.n);
            if (size >= v->shortest && size <= v->longest)
                v->grams[v->n_grams++] = (gram){&v->pool, at, 1, size, columns.at[seen]};
        }
    }
    qsort(v->grams, (size_t)v->n_grams, sizeof *v->grams, compare_grams);
    return NESCIO_OK;
}

static nescio_status read_vectorizer(const nescio_refexec_call *call, vectorizer *v)
{
    static const char *const modes[] = {"TF", "IDF", "TFIDF"};
    const char *const mode = nescio_node_string(call->node, "mode", "TF");
    int k = 0;

    *v = (vectorizer){.shortest = nescio_node_int(call->node, "min_gram_length", 1),
                      .longest = nescio_node_int(call->node, "max_gram_length", 1),
                      .skips = nescio_node_int(call->node, "max_skip_count", 0)};
    while (k < 3 && strcmp(mode, modes[k]) != 0)
        k++;
    if (k == 3 || v->shortest < 1 || v->longest < v->shortest || v->skips < 0)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "mode '%.20s', n-grams of %lld to %lld, %lld skips", mode,
                                (long long)v->shortest, (long long)v->longest, (long long)v->skips);
    v->mode = (weighting)k;
    NESCIO_TRY(read_pool(call, v));
    NESCIO_TRY(read_grams(call, v));
    NESCIO_TRY(nescio_ml_list_read(call, "weights", NULL, &v->weights));
    if (v->weights.n && (int64_t)v->weights.n < v->columns)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu weights for %lld columns", v->weights.n,
                                (long long)v->columns);
    return NESCIO_OK;
}

/* Counts the n-grams that begin at item `at` of a row that ends before `end`. None is longer than
 * the pool's longest, so no product here overflows. */
static void count_from(const vectorizer *v, const items *x, int64_t at, int64_t end, int64_t step,
                       int64_t shortest, float *row)
{
    for (int64_t n = shortest; n <= v->longest && (n - 1) * step < end - at; n++) {
        const gram wanted = {x, at, step, n, 0};
        const gram *const found =
            bsearch(&wanted, v->grams, (size_t)v->n_grams, sizeof wanted, compare_grams);

        if (found)
            row[found->column]++;
    }
}

/* Single items have no neighbours, so they count in the first round only. */
static nescio_status count_row(const nescio_refexec_call *call, const vectorizer *v, const items *x,
                               int64_t at, int64_t end, float *row)
{
    int64_t shortest = v->shortest;

    for (int64_t step = 1; step - 1 <= v->skips && step <= end - at && shortest <= v->longest;
         step++) {
        const int64_t room = (end - at - 1) / step + 1,
                      longest = v->longest < room ? v->longest : room;

        if (longest < shortest)
            break;
        NESCIO_TRY(
            nescio_call_spend(call, end - at, longest - shortest + 1, longest * COMPARISONS));
        for (int64_t i = at; i < end; i++)
            count_from(v, x, i, end, step, shortest, row);
        shortest += shortest == 1;
    }
    return NESCIO_OK;
}

static void weigh(const vectorizer *v, float *row)
{
    for (int64_t i = 0; v->mode != COUNT && i < v->columns; i++) {
        const double w = v->weights.n ? v->weights.at[i] : 1;

        row[i] = (float)(v->mode == WEIGHTED ? w * (double)row[i] : row[i] > 0 ? w : 0);
    }
}

nescio_status nescio_run_tf_idf_vectorizer(nescio_refexec_call *call)
{
    const nescio_tensor *x;
    int64_t rows, width, dims[2];
    vectorizer v;
    items given;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_INTEGER | NESCIO_TYPES_STRING, 1, 2));
    NESCIO_TRY(read_vectorizer(call, &v));
    x = call->inputs[0];
    if (x->dtype != NESCIO_STRING)
        NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_I64, &x));
    given = x->dtype == NESCIO_STRING ? (items){.text = x->data, .n = nescio_count(x)}
                                      : (items){.number = x->data, .n = nescio_count(x)};
    rows = x->rank == 2 ? x->dims[0] : 1;
    width = x->dims[x->rank - 1];
    dims[0] = x->rank == 2 ? rows : v.columns;
    dims[1] = v.columns;
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_F32, x->rank, dims));
    for (int64_t i = 0; i < rows && v.columns > 0;
         i++) { /* without columns there may be 2^45 rows */
        float *const row = (float *)call->outputs[0].data + i * v.columns;

        NESCIO_TRY(count_row(call, &v, &given, i * width, (i + 1) * width, row));
        weigh(&v, row);
    }
    return NESCIO_OK;
}
