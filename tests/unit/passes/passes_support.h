/* SPDX-License-Identifier: Apache-2.0
 * What the tests of passes share: random inputs for a graph, running it, comparing two runs. The
 * definition of "the same function" is the float executor on the graph as it was before. */
#ifndef NESCIO_TESTS_PASSES_SUPPORT_H
#define NESCIO_TESTS_PASSES_SUPPORT_H
#include "support.h"

#include "passes/passes.h"
#include "refexec/refexec.h"

#include <math.h>

#define TEST_VALUES_MAX 16

typedef struct test_values {
    nescio_tensor t[TEST_VALUES_MAX];
    size_t n;
} test_values;

static inline void test_values_free(test_values *v)
{
    for (size_t i = 0; i < v->n; i++)
        nescio_tensor_free(&v->t[i]);
    v->n = 0;
}

/* Floats in [-3, 3], integers in [0, 2]; unknown dims: `rows` on axis 0, else 4. */
static inline void test_inputs(nescio_ctx *ctx, const nescio_graph *graph, int64_t rows,
                               uint64_t *seed, test_values *out)
{
    out->n = graph->n_inputs;
    assert_true(out->n <= TEST_VALUES_MAX);
    for (size_t i = 0; i < out->n; i++) {
        const nescio_value *const v = graph->inputs[i];
        int64_t dims[NESCIO_RANK_MAX];
        size_t count;

        assert_true(v->shape.rank >= 0);
        for (int d = 0; d < v->shape.rank; d++)
            dims[d] = v->shape.dims[d] >= 0 ? v->shape.dims[d] : d == 0 ? rows : 4;
        assert_int_equal(nescio_tensor_new(ctx, &out->t[i], v->dtype, v->shape.rank, dims), 0);
        count = nescio_tensor_count(&out->t[i]);
        for (size_t k = 0; k < count; k++) {
            const double real = (double)test_range(seed, -3000, 3000) / 1000;

            switch (v->dtype) {
            case NESCIO_F32: ((float *)out->t[i].data)[k] = (float)real; break;
            case NESCIO_F64: ((double *)out->t[i].data)[k] = real; break;
            case NESCIO_I64: ((int64_t *)out->t[i].data)[k] = test_range(seed, 0, 2); break;
            default: fail_msg("no random %s", nescio_dtype_name(v->dtype));
            }
        }
    }
}

static inline void test_run(nescio_ctx *ctx, const nescio_graph *graph, const test_values *in,
                            test_values *out)
{
    nescio_refexec *exec = NULL;

    assert_int_equal(in->n, graph->n_inputs);
    assert_true(graph->n_outputs <= TEST_VALUES_MAX);
    if (nescio_refexec_new(ctx, graph, &exec) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    out->n = graph->n_outputs;
    if (nescio_refexec_run(ctx, exec, in->t, in->n, out->t, out->n) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    nescio_refexec_free(exec);
}

/* Same dtypes, same shapes, numbers within 1e-4 of their size; strings and integers exactly. */
static inline void test_same(const test_values *want, const test_values *got, uint64_t seed)
{
    assert_int_equal(want->n, got->n);
    for (size_t i = 0; i < want->n; i++) {
        const nescio_tensor *const a = &want->t[i], *const b = &got->t[i];
        const size_t count = nescio_tensor_count(a);

        assert_int_equal(a->dtype, b->dtype);
        assert_int_equal(a->rank, b->rank);
        for (int d = 0; d < a->rank; d++)
            assert_int_equal(a->dims[d], b->dims[d]);
        for (size_t k = 0; k < count; k++) {
            double x, y;

            if (a->dtype == NESCIO_STRING) {
                assert_string_equal(((char **)a->data)[k], ((char **)b->data)[k]);
                continue;
            }
            x = nescio_tensor_get_f64(a, k);
            y = nescio_tensor_get_f64(b, k);
            if (!(fabs(x - y) <= (nescio_dtype_is_float(a->dtype) ? 1e-4 * (1 + fabs(x)) : 0)) &&
                !(isnan(x) && isnan(y)) && x != y)
                fail_msg("output %zu, element %zu: %.9g before, %.9g after (seed %llu)", i, k, x, y,
                         (unsigned long long)seed);
        }
    }
}

/* Cleans a copy, runs both, cuts the clean one, runs the parts. Returns the clean graph, and its
 * parts in *parts; the caller frees. */
static inline nescio_graph *test_clean_and_split(nescio_ctx *ctx, const nescio_graph *graph,
                                                 uint64_t seed, nescio_graph_split *parts)
{
    test_values in, want, got, middle, answer;
    nescio_graph *clean = NULL;
    uint64_t state = seed;

    assert_int_equal(nescio_graph_copy(ctx, graph, true, &clean), NESCIO_OK);
    if (nescio_passes_clean(ctx, clean, NULL, NULL) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    test_inputs(ctx, graph, 3, &state, &in);
    test_run(ctx, graph, &in, &want);
    test_run(ctx, clean, &in, &got);
    test_same(&want, &got, seed);
    test_values_free(&got);
    if (parts) {
        if (nescio_passes_split(ctx, clean, parts) != NESCIO_OK)
            fail_msg("%s", nescio_ctx_message(ctx));
        test_run(ctx, parts->head, &in, &middle);
        test_run(ctx, parts->body, &middle, &answer);
        test_run(ctx, parts->tail, &answer, &got);
        test_same(&want, &got, seed);
        test_values_free(&middle);
        test_values_free(&answer);
        test_values_free(&got);
    }
    test_values_free(&in);
    test_values_free(&want);
    return clean;
}

/* Number of nodes of that operator. */
static inline size_t test_count(const nescio_graph *graph, nescio_op op)
{
    size_t n = 0;

    for (const nescio_node *node = graph->first; node; node = node->next)
        n += node->op == op;
    return n;
}

static inline size_t test_count_all(const nescio_graph *graph)
{
    size_t n = 0;

    for (const nescio_node *node = graph->first; node; node = node->next)
        n++;
    return n;
}
#endif /* NESCIO_TESTS_PASSES_SUPPORT_H */
