/* SPDX-License-Identifier: Apache-2.0
 * Normalizations and reductions as sums and functions: the same function, and only operators that
 * the quantizer knows a way for are left. */
#include "passes_text.h"

typedef struct decompose_case {
    const char *name, *text, *left;
} decompose_case;

#define NORM "ReduceMean Sub Pow ReduceMean Add Sqrt Reciprocal Mul"

static const decompose_case cases[] = {
    {"layer",
     "(float[N,3,5] x) => (float[N,3,5] y) <@5 s, @5 b> { y = LayerNormalization(x, s, b) }",
     NORM " Mul Add"},
    {"layer over two axes, without bias",
     "(float[N,3,5] x) => (float[N,3,5] y) <@3,5 s> {"
     " y = LayerNormalization<axis = 1, epsilon = 0.01>(x, s) }",
     NORM " Mul"},
    {"layer over the rows stays",
     "(float[N,5] x) => (float[N,5] y) <@5 s> { y = LayerNormalization<axis = 0>(x, s) }",
     "LayerNormalization"},
    {"layer whose mean is asked for stays",
     "(float[N,5] x) => (float[N,5] y, float[N,1] m) <@5 s> { y, m = LayerNormalization(x, s) }",
     "LayerNormalization"},
    {"instance",
     "(float[N,3,4,2] x) => (float[N,3,4,2] y) <@3 s, @3 b> { y = InstanceNormalization(x, s, b) }",
     NORM " Mul Add"},
    {"group",
     "(float[N,6,4,2] x) => (float[N,6,4,2] y) <@6 s, @6 b> {"
     " y = GroupNormalization<num_groups = 3, epsilon = 0.1>(x, s, b) }",
     "Reshape " NORM " Reshape Mul Add"},
    {"reductions",
     "(float[N,3,4] x) => (float[N,4] a, float[N,1,1] b, float[N,3] c, float[N,3,1] d) <"
     " int64[1] one = {1}, int64[2] two = {1, 2}, int64[1] last = {-1}> {"
     " a = ReduceL1<keepdims = 0>(x, one) b = ReduceL2(x, two)"
     " c = ReduceLogSumExp<keepdims = 0>(x, last) d = ReduceSumSquare(x, last) }",
     "Abs ReduceSum Pow ReduceSum Sqrt Exp ReduceSum Log ReduceSum"},
    {"logarithm of a sum",
     "(float[N,3] x) => (float[N,1] y) <int64[1] one = {1}> { e = Exp(x)"
     " y = ReduceLogSum(e, one) }",
     "Exp ReduceSum Log"},
};

static void list_ops(const nescio_graph *graph, char *text)
{
    *text = '\0';
    for (const nescio_node *node = graph->first; node; node = node->next) {
        strcat(text, *text ? " " : "");
        strcat(text, nescio_op_name(node->op));
    }
}

static void test_cases(void **state)
{
    nescio_ctx *ctx = NULL;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nescio_graph *const g = test_parse(ctx, cases[i].text, i + 1);
        nescio_graph *parts = NULL;
        test_values in, want, got;
        uint64_t seed = 100 + i;
        char left[512];

        assert_int_equal(nescio_graph_copy(ctx, g, true, &parts), NESCIO_OK);
        if (nescio_passes_decompose(ctx, parts) != NESCIO_OK)
            fail_msg("%s: %s", cases[i].name, nescio_ctx_message(ctx));
        list_ops(parts, left);
        if (strcmp(left, cases[i].left) != 0)
            fail_msg("%s: %s is left, not %s", cases[i].name, left, cases[i].left);
        test_inputs(ctx, g, 3, &seed, &in);
        test_run(ctx, g, &in, &want);
        test_run(ctx, parts, &in, &got);
        test_same(&want, &got, 100 + i);
        test_values_free(&in);
        test_values_free(&want);
        test_values_free(&got);
        nescio_graph_free(parts);
        nescio_graph_free(g);
    }
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
