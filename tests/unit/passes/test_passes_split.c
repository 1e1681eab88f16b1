/* SPDX-License-Identifier: Apache-2.0
 * The cut: what goes to the client before and behind, what stays with the server; and random
 * graphs, cleaned and cut, against themselves as they were. */
#include "passes_text.h"

typedef struct split_case {
    const char *name, *text, *head, *body, *tail;
} split_case;

static const split_case cases[] = {
    {"no head, no tail", "(float[N,4] x) => (float[N,3] y) <@3,4 w> { y = Gemm<transB = 1>(x, w) }",
     "", "Gemm", ""},
    {"sigmoid at the end",
     "(float[N,4] x) => (float[N,1] y) <@1,4 w> { a = Gemm<transB = 1>(x, w) y = Sigmoid(a) }", "",
     "Gemm", "Sigmoid"},
    {"softmax made by hand",
     "(float[N,4] x) => (float[N,3] y) <@3,4 w, int64[1] ax = {1}> { a = Gemm<transB = 1>(x, w)"
     " b = Exp(a) c = ReduceSum(b, ax) y = Div(b, c) }",
     "", "Gemm", "Exp ReduceSum Div"},
    {"a mean shrinks the answer",
     "(float[N,1,6,6] x) => (float[N,4] y) <@4,1,3,3 w, int64[2] ax = {2, 3}> { a = Conv(x, w)"
     " b = Relu(a) y = ReduceMean<keepdims = 0>(b, ax) }",
     "", "Conv Relu ReduceMean", ""},
    {"a sum of two shrinks the answer",
     "(float[N,4] x) => (float[N,3] y) <@3,4 v, @3,4 w> { a = Gemm<transB = 1>(x, v)"
     " b = Gemm<transB = 1>(x, w) c = Add(a, b) y = Softmax(c) }",
     "", "Gemm Gemm Add", "Softmax"},
    {"a selection behind a softmax does not",
     "(float[N,4] x) => (float[N,1] y) <@3,4 w, int64[1] c = {1}> { a = Gemm<transB = 1>(x, w)"
     " b = Softmax(a) y = Gather<axis = 1>(b, c) }",
     "", "Gemm", "Softmax Gather"},
    {"a selection of scores does",
     "(float[N,4] x) => (float[N,1] y) <@3,4 w, int64[1] c = {1}> { a = Gemm<transB = 1>(x, w)"
     " y = Gather<axis = 1>(a, c) }",
     "", "Gemm Gather", ""},
    {"hidden outputs",
     "(float[N,4] x) => (float[N,5] h, float[N,3] y) <@5,4 v, @3,5 w> {"
     " a = Gemm<transB = 1>(x, v) h = Relu(a) y = Gemm<transB = 1>(h, w) }",
     "", "Gemm Relu Gemm", ""},
    {"the tail takes nothing from the head",
     "(float[N,4] x) => (float[N,4] y) <@4,4 w, @4 s> { b = Mul(x, s) a = Gemm<transB = 1>(b, w)"
     " y = Add(a, b) }",
     "Mul", "Gemm Add", ""},
    {"embedding in front",
     "(int64[N,3] x) => (float[N,2] y) <@5,4 e, @2,12 w, int64[2] s = {-1, 12}> {"
     " a = Gather<axis = 0>(e, x) b = Reshape(a, s) y = Gemm<transB = 1>(b, w) }",
     "Gather Reshape", "Gemm", ""},
    {"two inputs",
     "(float[N,2] x, int64[N,2] z) => (float[N,2] y) <@2,4 w, @2 m> { a = Cast<to = 1>(z)"
     " b = Sub(x, m) c = Concat<axis = 1>(b, a) y = Gemm<transB = 1>(c, w) }",
     "Cast Sub Concat", "Gemm", ""},
    {"input quantizer stays",
     "(float[N,4] x) => (float[N,3] y) <@3,4 w, float s = {0.25}, float z = {0}, float n = {4}> {"
     " a = qonnx.custom_op.general.Quant<signed = 1, narrow = 0, rounding_mode = \"ROUND\">(x, s,"
     " z, n) b = Gemm<transB = 1>(a, w) y = qonnx.custom_op.general.Quant<signed = 1, narrow = 0,"
     " rounding_mode = \"ROUND\">(b, s, z, n) }",
     "", "Quant Gemm", "Quant"},
    {"rows that are mixed stay",
     "(float[N,4] x) => (float[N,3] y) <@3,4 w> { a = Gemm<transB = 1>(x, w)"
     " y = Softmax<axis = 0>(a) }",
     "", "Gemm Softmax", ""},
};

static void test_cases(void **state)
{
    nescio_ctx *ctx = NULL;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nescio_graph *const g = test_parse(ctx, cases[i].text, 1);
        nescio_graph_split parts;
        nescio_graph *const clean = test_clean_and_split(ctx, g, 1, &parts);
        char head[512], body[512], tail[512];

        test_operators(parts.head, head, sizeof head);
        test_operators(parts.body, body, sizeof body);
        test_operators(parts.tail, tail, sizeof tail);
        if (strcmp(head, cases[i].head) || strcmp(body, cases[i].body) ||
            strcmp(tail, cases[i].tail))
            fail_msg("%s: head [%s], body [%s], tail [%s]", cases[i].name, head, body, tail);
        nescio_graph_split_free(&parts);
        nescio_graph_free(clean);
        nescio_graph_free(g);
    }
    nescio_ctx_free(ctx);
}

static void test_refused(void **state)
{
    nescio_ctx *ctx = NULL;
    nescio_graph *g;
    nescio_graph_split parts;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    g = test_parse(ctx, "(float x) => (float y) { y = Relu(x) }", 1);
    assert_int_equal(nescio_passes_split(ctx, g, &parts), NESCIO_E_UNSUPPORTED);
    assert_non_null(strstr(nescio_ctx_message(ctx), "'x'"));
    nescio_graph_free(g);
    g = test_parse(ctx, "(float[N,4] x) => (float[N,4] y) { y = Sigmoid(x) }", 1);
    assert_int_equal(nescio_passes_split(ctx, g, &parts), NESCIO_E_UNSUPPORTED);
    assert_non_null(strstr(nescio_ctx_message(ctx), "nothing to encrypt"));
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
}

/* --- random graphs: values of width 4, so that everything fits with everything -----------------
 */

typedef struct builder {
    char text[16384], weights[8192];
    size_t used, used_weights;
    int n_values, n_weights;
} builder;

static const char *weight(builder *b, const char *dims, bool positive)
{
    static char name[8][16];
    static int turn;
    char *const out = name[turn++ % 8];

    snprintf(out, 16, "w%d", b->n_weights++);
    b->used_weights +=
        (size_t)snprintf(b->weights + b->used_weights, sizeof b->weights - b->used_weights,
                         ", %c%s %s", positive ? '+' : '@', dims, out);
    return out;
}

#define EMIT(...)                                                                                  \
    (b->used += (size_t)snprintf(b->text + b->used, sizeof b->text - b->used, __VA_ARGS__))

static void grow(builder *b, uint64_t *seed)
{
    const int out = b->n_values++, last = out - 1, other = (int)test_range(seed, 0, last);

    switch (test_range(seed, 0, 16)) {
    case 0: EMIT(" v%d = Relu(v%d)", out, last); break;
    case 1: EMIT(" v%d = Gemm<transB = 1>(v%d, %s)", out, last, weight(b, "4,4", false)); break;
    case 2: EMIT(" v%d = MatMul(v%d, %s)", out, last, weight(b, "4,4", false)); break;
    case 3: EMIT(" v%d = Add(%s, v%d)", out, weight(b, "4", false), last); break;
    case 4: EMIT(" v%d = Mul(v%d, %s)", out, last, weight(b, "1,4", false)); break;
    case 5: EMIT(" v%d = Sub(%s, v%d)", out, weight(b, "1", false), last); break;
    case 6: EMIT(" v%d = Div(v%d, %s)", out, last, weight(b, "4", true)); break;
    case 7: EMIT(" v%d = Neg(v%d)", out, last); break;
    case 8: EMIT(" v%d = Add(v%d, v%d)", out, last, other); break;
    case 9: EMIT(" v%d = Identity(v%d)", out, last); break;
    case 10: EMIT(" v%d = Reshape(v%d, flat)", out, last); break;
    case 11: EMIT(" v%d = Clip(v%d, lo, hi)", out, last); break;
    case 12: EMIT(" v%d = Sigmoid(v%d)", out, last); break;
    case 13:
        EMIT(" v%d = BatchNormalization(v%d, %s, %s, %s, %s)", out, last, weight(b, "4", false),
             weight(b, "4", false), weight(b, "4", false), weight(b, "4", true));
        break;
    case 14: EMIT(" v%d = Softmax(v%d)", out, last); break;
    case 15:
        EMIT(" v%d = Gemm<alpha = 0.5, beta = 2.0>(v%d, %s, %s)", out, last,
             weight(b, "4,4", false), weight(b, "4", false));
        break;
    default: EMIT(" v%d = Max(v%d, lo)", out, last); break;
    }
}

static void test_random_graphs(void **state)
{
    builder *const b = malloc(sizeof *b);
    char *const text = malloc(TEST_TEXT_BYTES);
    nescio_ctx *ctx = NULL;
    int n_cut = 0;

    (void)state;
    assert_non_null(b);
    assert_non_null(text);
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t random = seed;
        const int n = (int)test_range(&random, 2, 14), second = (int)test_range(&random, 1, n);
        nescio_graph_split parts;
        nescio_graph *g, *clean;

        *b = (builder){.n_values = 1};
        for (int i = 0; i < n; i++)
            grow(b, &random);
        snprintf(text, TEST_TEXT_BYTES,
                 "(float[N,4] v0) => (float[N,4] v%d%s%.0d) <int64[2] flat = {-1, 4}, float lo ="
                 " {-0.5}, float hi = {1.5}%s> {%s }",
                 n, second < n ? ", float[N,4] v" : "", second < n ? second : 0, b->weights,
                 b->text);
        g = test_parse(ctx, text, seed);
        clean = test_clean_and_split(ctx, g, seed, NULL);
        if (nescio_passes_split(ctx, clean, &parts) == NESCIO_OK) {
            nescio_graph_split_free(&parts);
            nescio_graph_free(clean);
            clean = test_clean_and_split(ctx, g, seed, &parts);
            nescio_graph_split_free(&parts);
            n_cut++;
        } else if (!strstr(nescio_ctx_message(ctx), "nothing to encrypt")) {
            fail_msg("%s (seed %llu)", nescio_ctx_message(ctx), (unsigned long long)seed);
        }
        nescio_graph_free(clean);
        nescio_graph_free(g);
    }
    assert_true(n_cut > 100);
    free(b);
    free(text);
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_random_graphs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
