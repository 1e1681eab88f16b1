/* SPDX-License-Identifier: Apache-2.0
 * The text form: print(parse(text)) == text, parse of damaged text, limits. */
#include "graph/graph.h"
#include "support.h"

#include <math.h>

static nescio_ctx *ctx;

static int new_ctx(void **state)
{
    (void)state;
    return nescio_ctx_new(&ctx) != NESCIO_OK;
}

static int free_ctx(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    return 0;
}

#define HEADER "<ir_version: 10, opset_import: [\"\" : 21]>\n"

/* As the printer writes it. */
static const char *const canonical[] = {
    HEADER "g (float[2] x) => (float[2] y) <\n"
           "    float[2] w = {0.1, -inf},\n"
           "    double d = {0.1},\n"
           "    double[1] e = {0.30000000000000004},\n"
           "    int8[2] i = {-128, 127},\n"
           "    uint64[1] u = {18446744073709551615},\n"
           "    bool[2] b = {1, 0},\n"
           "    string[2] s = {\"a\\\"\\\\\\x0a\", \"\"},\n"
           "    float[0,3] none = {}> {\n"
           "    [\"a/b.1\"] y = Add (x, w)\n"
           "}\n",
    HEADER "\"torch jit\" (float[?,\"2*s0\"] \"input.1\") => (float[?,\"2*s0\"] \"7\") {\n"
           "    [\"/f/f.0\"] \"onnx::x\" = Relu (\"input.1\")\n"
           "    [Neg_1] \"7\" = Neg (\"onnx::x\")\n"
           "}\n",
    HEADER "g (float[1,1,2,2] x, float[T,B,3] q, float[1,8,3] w, float[1,8,2] r) => "
           "(float[1,1,4,4] y, float[1,B,2] c) <\n"
           "    int64[4] s = {1, 1, 4, 4}> {\n"
           "    [r] y = Resize <none: ints = [], mode = \"nearest\"> (x, , , s)\n"
           "    [l] , , c = LSTM <activation_alpha = [0.5, 1.0], activations = [\"Sigmoid\"], clip "
           "= 3.0, hidden_size = 2> (q, w, r)\n"
           "}\n",
    HEADER "g (bool c, float[2] x) => (float[2] y) {\n"
           "    [if1] y = If <then_branch = a () => (float[2] p) <\n"
           "            float k = {1.0}> {\n"
           "            [add] p = Add (x, k)\n"
           "        }, else_branch = b () => (float[2] q) {\n"
           "            [neg] q = Neg (x)\n"
           "        }> (c)\n"
           "}\n",
    "<ir_version: 10, opset_import: [\"\" : 21, \"ai.onnx.ml\" : 3, \"qonnx.custom_op.general\" : "
    "2]>\n"
    "g (float[N,2] x, int64[3] n) => (float[N,2] y) <\n"
    "    float s = {0.5}> {\n"
    "    [scale] t = ai.onnx.ml.Scaler <offset = [1.0, 2.0], scale = [1.0, 1e+20]> (x)\n"
    "    [c] v = ConstantOfShape <value = int32[1] {7}> (n)\n"
    "    [q] y = qonnx.custom_op.general.Quant (t, s, s, s)\n"
    "}\n",
};

static void texts_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof canonical / sizeof *canonical; i++) {
        nescio_buffer b = {0};
        nescio_graph *g;

        if (nescio_graph_parse(ctx, canonical[i], strlen(canonical[i]), &g) != NESCIO_OK)
            fail_msg("text %zu: %s", i, nescio_ctx_message(ctx));
        assert_int_equal(nescio_graph_print(ctx, g, 0, &b), NESCIO_OK);
        nescio_write_u8(&b, 0);
        assert_string_equal((char *)b.data, canonical[i]);
        nescio_buffer_free(&b);
        nescio_graph_free(g);
    }
}

static void elements_are_exact(void **state)
{
    nescio_graph *g;
    const nescio_tensor *t;

    (void)state;
    assert_int_equal(nescio_graph_parse(ctx, canonical[0], strlen(canonical[0]), &g), NESCIO_OK);
    t = nescio_graph_find(g, "w")->constant;
    assert_true(((float *)t->data)[0] == 0.1f && isinf(((float *)t->data)[1]));
    assert_true(*(double *)nescio_graph_find(g, "e")->constant->data == 0.1 + 0.2);
    assert_true(*(uint64_t *)nescio_graph_find(g, "u")->constant->data == UINT64_MAX);
    assert_string_equal(((const char **)nescio_graph_find(g, "s")->constant->data)[0], "a\"\\\n");
    nescio_graph_free(g);
}

/* Of any bits, a float32 widened, or a whole number; never NaN. */
static double random_double(uint64_t *seed, int i)
{
    const uint64_t bits = test_random(seed);
    double d;
    float f;

    memcpy(&f, &bits, sizeof f);
    memcpy(&d, &bits, sizeof d);
    switch (i % 3) {
    case 0: return isnan(d) ? 0.1 : d;
    case 1: return isnan(f) ? (double)0.1f : (double)f;
    default: return (double)((int64_t)bits >> (i % 60));
    }
}

/* Attributes are float32 in ONNX, float64 in a graph: they print short, and lose nothing. */
static void attributes_round_trip(void **state)
{
    static const char text[] = "<opset_import: [\"\" : 21]> g (float x) => (float y) {"
                               " y = LeakyRelu<alpha = 0.1> (x) }";
    uint64_t seed = 6;
    nescio_graph *g, *h;

    (void)state;
    assert_int_equal(nescio_graph_parse(ctx, text, strlen(text), &g), NESCIO_OK);
    assert_true(nescio_node_float(g->first, "alpha", 0) == (double)0.1f);
    for (int i = 0; i < 3000; i++) {
        const double d = random_double(&seed, i);
        nescio_buffer b = {0};

        assert_non_null(nescio_node_set_float(g->first, "alpha", d));
        assert_int_equal(nescio_graph_print(ctx, g, 0, &b), NESCIO_OK);
        assert_int_equal(nescio_graph_parse(ctx, (char *)b.data, b.bytes, &h), NESCIO_OK);
        if (nescio_node_float(h->first, "alpha", 0) != d)
            fail_msg("seed 6, turn %d: %.17g became %.17g", i, d,
                     nescio_node_float(h->first, "alpha", 0));
        nescio_buffer_free(&b);
        nescio_graph_free(h);
    }
    nescio_graph_free(g);
}

/* Any float prints so that it reads back the same bits. */
static void floats_round_trip(void **state)
{
    uint64_t seed = 5;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        const double d = random_double(&seed, i);
        const float f = (float)random_double(&seed, i);
        nescio_graph *g, *h;
        nescio_buffer b = {0};
        nescio_tensor t;
        nescio_value *v;

        assert_int_equal(nescio_graph_new(ctx, NULL, "g", &g), NESCIO_OK);
        assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_F32, 0, NULL), NESCIO_OK);
        *(float *)t.data = f;
        v = nescio_graph_constant(g, "f", &t, false);
        assert_int_equal(nescio_graph_add_output(g, v), NESCIO_OK);
        nescio_tensor_free(&t);
        assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_F64, 0, NULL), NESCIO_OK);
        *(double *)t.data = d;
        assert_non_null(nescio_graph_constant(g, "d", &t, false));
        nescio_tensor_free(&t);
        assert_int_equal(nescio_graph_print(ctx, g, 0, &b), NESCIO_OK);
        if (nescio_graph_parse(ctx, (char *)b.data, b.bytes, &h) != NESCIO_OK)
            fail_msg("seed 5, turn %d: %s", i, nescio_ctx_message(ctx));
        assert_memory_equal(nescio_graph_find(h, "f")->constant->data, &f, sizeof f);
        assert_memory_equal(nescio_graph_find(h, "d")->constant->data, &d, sizeof d);
        nescio_buffer_free(&b);
        nescio_graph_free(g);
        nescio_graph_free(h);
    }
}

static void weights_are_cut_on_request(void **state)
{
    nescio_graph *g;
    nescio_buffer b = {0};

    (void)state;
    assert_int_equal(nescio_graph_parse(ctx, canonical[0], strlen(canonical[0]), &g), NESCIO_OK);
    assert_int_equal(nescio_graph_print(ctx, g, 1, &b), NESCIO_OK);
    nescio_write_u8(&b, 0);
    assert_non_null(strstr((char *)b.data, "float[2] w = {...}"));
    assert_non_null(strstr((char *)b.data, "double d = {0.1}"));
    nescio_buffer_free(&b);
    nescio_graph_free(g);
}

static const struct {
    const char *text, *words;
    nescio_status st;
} wrong[] = {
    {"", "line 1, column 1", NESCIO_E_FORMAT},
    {"g () => (float y) {}", "'<' expected", NESCIO_E_FORMAT},
    {"<ir_version: 10> g () => (float y) {}", "opset_import is missing", NESCIO_E_FORMAT},
    {"<opset_import: [\"\" : 17]> g () => (float y) {}", "opset 17 of 'ai.onnx'",
     NESCIO_E_UNSUPPORTED},
    {"<opset_import: [\"org\" : 1]> g () => (float y) {}", "'org'", NESCIO_E_UNSUPPORTED},
    {HEADER "g (float x) => (float y) {\n  y = Foo(x)\n}", "line 3, column 10: no operator Foo",
     NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) { y = Relu(z) }", "nothing above makes 'z'", NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) { x = Relu(x) }", "'x' is defined twice", NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) { z = Relu(x) }", "nothing makes the output 'y'",
     NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) { y = Relu(x, x) }", "does not take 2 inputs",
     NESCIO_E_FORMAT},
    {HEADER "g (float[2] x) => (float[3] y) { y = Relu(x) }", "is declared [3]", NESCIO_E_FORMAT},
    {HEADER "g (float x) => (int64 y) { y = Relu(x) }", "is declared int64", NESCIO_E_FORMAT},
    {HEADER "g (half x) => (float y) {}", "an element type expected", NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) <float[2] w = {1}> {}", "',' expected", NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) <float[9999999999] w = {1}> {}",
     "more than the text can hold", NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) <float[2] w = {...}> {}", "left out", NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) <int8 w = {128}> {}", "128 does not fit int8",
     NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) <int64 w = {9223372036854775808}> {}", "64 bits",
     NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) { y = Elu <alpha = 1.0, alpha = 2.0> (x) }", "twice",
     NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) { y = Relu(x) } extra", "text after", NESCIO_E_FORMAT},
    {HEADER "g (float x) => (float y) { y = Relu(x) } \"open", "does not end", NESCIO_E_FORMAT},
    {HEADER "g (float[1,1,1,1,1,1,1,1,1,1,1,1,1] x) => (float y) {}", "more than 12 dims",
     NESCIO_E_FORMAT},
    {HEADER "g () => () {}", "no outputs", NESCIO_E_FORMAT},
};

static void errors_say_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        nescio_graph *g;

        if (nescio_graph_parse(ctx, wrong[i].text, strlen(wrong[i].text), &g) != wrong[i].st || g)
            fail_msg("'%s' was not refused as it must be", wrong[i].text);
        if (!strstr(nescio_ctx_message(ctx), wrong[i].words))
            fail_msg("%s: '%s' lacks '%s'", wrong[i].text, nescio_ctx_message(ctx), wrong[i].words);
    }
}

/* Every cut and every changed byte: parsed or refused, never worse. Text is its own length, so a
 * buffer of exactly that size catches reads beyond it. */
static void damage_is_refused_or_read(void **state)
{
    uint64_t seed = 99;

    (void)state;
    for (size_t i = 0; i < sizeof canonical / sizeof *canonical; i++) {
        const size_t n = strlen(canonical[i]);
        nescio_graph *g;

        for (size_t cut = 0; cut + 1 < n; cut++) {
            char *text = malloc(cut ? cut : 1);

            memcpy(text, canonical[i], cut);
            if (nescio_graph_parse(ctx, text, cut, &g) == NESCIO_OK || g)
                fail_msg("text %zu cut at %zu was read", i, cut);
            free(text);
        }
        for (int k = 0; k < 3000; k++) {
            char *text = malloc(n);

            memcpy(text, canonical[i], n);
            text[test_range(&seed, 0, (int64_t)n - 1)] = (char)test_range(&seed, 1, 126);
            if (nescio_graph_parse(ctx, text, n, &g) == NESCIO_OK)
                nescio_graph_free(g);
            free(text);
        }
    }
}

/* then_branch inside then_branch ... */
static void deep_nests_are_refused(void **state)
{
    nescio_buffer b = {0};
    nescio_graph *g;

    (void)state;
    nescio_write_text(&b, HEADER "g (bool c) => (float y) {");
    for (int i = 0; i < 100000; i++)
        nescio_write_text(&b, "y%d = If <then_branch = b%d () => (float z%d) {", i, i, i);
    assert_int_equal(nescio_graph_parse(ctx, (char *)b.data, b.bytes, &g), NESCIO_E_FORMAT);
    assert_non_null(strstr(nescio_ctx_message(ctx), "nested deeper"));
    nescio_buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_round_trip),       cmocka_unit_test(elements_are_exact),
        cmocka_unit_test(floats_round_trip),      cmocka_unit_test(weights_are_cut_on_request),
        cmocka_unit_test(errors_say_where),       cmocka_unit_test(damage_is_refused_or_read),
        cmocka_unit_test(deep_nests_are_refused), cmocka_unit_test(attributes_round_trip),
    };

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
