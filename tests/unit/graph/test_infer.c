/* SPDX-License-Identifier: Apache-2.0
 * Inference: each line is a graph's inputs, constants, nodes, and what its output y must become. */
#include "graph/graph.h"
#include "support.h"

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

static nescio_status parse(const char *inputs, const char *constants, const char *nodes,
                           nescio_graph **out)
{
    char text[2048];

    snprintf(
        text, sizeof text,
        "<opset_import: [\"\" : 21, \"ai.onnx.ml\" : 3]> g (%s) => (undefined[] y) <%s> { %s }",
        inputs, constants, nodes);
    return nescio_graph_parse(ctx, text, strlen(text), out);
}

/* "float[N,3]" as the printer writes the type of y. */
static void type_of(const nescio_graph *g, char *text, size_t n)
{
    nescio_buffer b = {0};
    const char *from, *to;

    assert_int_equal(nescio_graph_print(ctx, g, 1, &b), NESCIO_OK);
    nescio_write_u8(&b, 0);
    from = strstr((char *)b.data, " => (") + 5;
    to = strstr(from, " y)");
    snprintf(text, n, "%.*s", (int)(to - from), from);
    nescio_buffer_free(&b);
}

static const struct {
    const char *inputs, *constants, *nodes, *type;
} known[] = {
    {"float[N,3] x", "", "y = Relu(x)", "float[N,3]"},
    {"float[N,3] x", "float[1,3] w = {1,2,3}", "y = Add(x, w)", "float[N,3]"},
    {"float[2,1] x, float[7] z", "", "y = Less(x, z)", "bool[2,7]"},
    {"float[2,3] x", "", "y = Cast <to = 7> (x)", "int64[2,3]"},
    {"float[N,4] x, float[4,5] w", "", "y = MatMul(x, w)", "float[N,5]"},
    {"float[7,1,2,4] x, float[3,4,5] w", "", "y = MatMul(x, w)", "float[7,3,2,5]"},
    {"float[4] x, float[4] w", "", "y = MatMul(x, w)", "float"},
    {"float[N,4] x, float[5,4] w", "", "y = Gemm <transB = 1> (x, w)", "float[N,5]"},
    {"float[N,3,32,30] x, float[8,3,3,3] w", "",
     "y = Conv <strides = [2,2], pads = [1,1,1,1]> (x, w)", "float[N,8,16,15]"},
    {"float[1,4,5,5] x, float[4,2,3,3] w", "",
     "y = ConvTranspose <group = 2, strides = [2,2]> (x, w)", "float[1,4,11,11]"},
    {"float[1,1,4] x", "", "y = MaxPool <kernel_shape = [3], strides = [2], ceil_mode = 1> (x)",
     "float[1,1,2]"},
    {"float[1,1,5] x", "",
     "y = AveragePool <kernel_shape = [3], strides = [2], auto_pad = \"SAME_UPPER\"> (x)",
     "float[1,1,3]"},
    {"float[N,3,4] x", "int64[1] a = {-1}", "y = ReduceMean <keepdims = 0> (x, a)", "float[N,3]"},
    {"float[N,3,4] x", "", "y = ReduceSum(x)", "float[1,1,1]"},
    {"float[N,3,4] x", "", "y = ArgMax <axis = 1, keepdims = 0> (x)", "int64[N,4]"},
    {"float[N,8] x", "int64[1] k = {3}", "y, i = TopK(x, k)", "float[N,3]"},
    {"float[N,3,4] x", "int64[2] s = {0, -1}", "y = Reshape(x, s)", "float[N,12]"},
    {"float[N,3,4] x", "", "y = Flatten(x)", "float[N,12]"},
    {"float[N,3,4] x", "int64[1] m = {-1}, int64 z = {0}, int64[1] a = {0}",
     "s = Shape(x) n = Gather(s, z) u = Unsqueeze(n, a) t = Concat <axis = 0> (u, m) y = "
     "Reshape(x, t)",
     "float[N,12]"},
    {"float[2,3,4] x", "", "y = Transpose <perm = [2,0,1]> (x)", "float[4,2,3]"},
    {"float[1,3,1] x", "", "y = Squeeze(x)", "float[3]"},
    {"float[N,3] x, float[N,5] z", "", "y = Concat <axis = -1> (x, z)", "float[N,8]"},
    {"float[7] x", "", "a, b, y = Split <num_outputs = 3> (x)", "float[1]"},
    {"float[7] x", "int64[1] b = {-2}, int64[1] e = {-100}, int64[1] a = {0}, int64[1] t = {-2}",
     "y = Slice(x, b, e, a, t)", "float[3]"},
    {"float[2,3] x", "int64[4] p = {0,1,0,-1}", "y = Pad(x, p)", "float[2,3]"},
    {"float[3,1] x", "int64[3] s = {2,1,6}", "y = Expand(x, s)", "float[2,3,6]"},
    {"int64[2] x", "int64 d = {5}, float[2] v = {0,1}", "y = OneHot(x, d, v)", "float[2,5]"},
    {"float[5,6,7] x, int64[2,2] i", "", "y = Gather <axis = 1> (x, i)", "float[5,2,2,7]"},
    {"float[5,6,7] x, int64[4,2] i", "", "y = GatherND(x, i)", "float[4,7]"},
    {"float[1,1,2,4] x", "float[4] s = {1,1,2.5,0.6}", "y = Resize(x, , s)", "float[1,1,5,2]"},
    {"float[N,2,6,7] x, float[N,3,5,2] g", "", "y = GridSample(x, g)", "float[N,2,3,5]"},
    {"float[N,2,6,7] x, float[4,3,5,2] g", "", "y = GridSample(x, g)", "float[4,2,3,5]"},
    {"float[1,2,3] x", "int64[4] s = {1,3,-5,4}", "y = AffineGrid(x, s)", "float[1,?,4,2]"},
    {"float[N,2,3] x", "int64[4] s = {2,3,5,4}", "y = AffineGrid(x, s)", "float[2,5,4,2]"},
    {"float[2,3,6,7] x, float[R,4] b, int64[R] i", "",
     "y = RoiAlign <output_height = 2, output_width = 5> (x, b, i)", "float[R,3,2,5]"},
    {"float[1,9,4] x, float[1,2,9] s", "", "y = NonMaxSuppression(x, s)", "int64[?,3]"},
    {"float[N,12,4] x", "int64[2] s = {3,3}, int64[2] k = {2,2}", "y = Col2Im(x, s, k)",
     "float[N,3,3,3]"},
    {"float[b,i,j] x, float[b,j,k] w", "", "y = Einsum <equation = \"bij,bjk->bik\"> (x, w)",
     "float[?,?,?]"},
    {"float[2,3,4] x, float[2,4,5] w", "", "y = Einsum <equation = \"...ij,...jk\"> (x, w)",
     "float[2,3,5]"},
    {"", "int64 a = {2}, int64 b = {11}, int64 d = {3}", "y = Range(a, b, d)", "int64[3]"},
    {"float[T,B,6] x, float[1,20,6] w, float[1,20,5] r", "", "y = LSTM <hidden_size = 5> (x, w, r)",
     "float[T,1,B,5]"},
    {"float[N,4] x", "",
     "l, y = ai.onnx.ml.LinearClassifier <classlabels_ints = [3,5,7], coefficients = [1.0]> (x)",
     "float[N,3]"},
    {"float[3,2] x", "", "y = QuantizeLinear <output_dtype = 3> (x, x)", "int8[3,2]"},
    {"int64 n, bool c, float[2] x", "",
     "y, z = Loop <body = b (int64 i, bool k, float[] v) => (bool[] o, float[] u, float[] s) { o = "
     "Identity(k) u = Add(v, v) s = Neg(v) }> (n, c, x)",
     "float[2]"},
    {"int64 n, bool c, float[2] x", "",
     "y = Loop <body = b (int64 i, bool k, float[] v) => (bool[] o, float[] u) { o = Identity(k) u "
     "= Concat <axis = 0> (v, v) }> (n, c, x)",
     "float[?]"},
    {"bool c, float[2,3] x", "",
     "y = If <then_branch = a () => (float[] p) { p = Neg(x) }, else_branch = b () => (float[] q) "
     "{ q = ReduceSum <keepdims = 1> (x) }> (c)",
     "float[?,?]"},
    {"float[9,2] x, float[2] h", "",
     "z, y = Scan <num_scan_inputs = 1, body = b (float[] s, float[] e) => (float[] t, float[] o) "
     "{ t = Add(s, e) o = Neg(t) }> (h, x)",
     "float[9,2]"},
};

static void shapes_are_inferred(void **state)
{
    char type[256];

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        nescio_graph *g;

        if (parse(known[i].inputs, known[i].constants, known[i].nodes, &g) != NESCIO_OK)
            fail_msg("%s: %s", known[i].nodes, nescio_ctx_message(ctx));
        type_of(g, type, sizeof type);
        if (strcmp(type, known[i].type) != 0)
            fail_msg("%s: y is %s, not %s", known[i].nodes, type, known[i].type);
        nescio_graph_free(g);
    }
}

static const struct {
    const char *inputs, *constants, *nodes, *words;
} wrong[] = {
    {"float[2,3] x, float[4] z", "", "y = Add(x, z)", "does not broadcast"},
    {"float[2] x, double[2] z", "", "y = Add(x, z)", "float32 and float64"},
    {"string[2] x", "", "y = Relu(x)", "does not take string"},
    {"float[2,3] x, float[4,5] w", "", "y = MatMul(x, w)", "inner sizes 3 and 4"},
    {"float[1,3,8,8] x, float[8,4,3,3] w", "", "y = Conv(x, w)", "3 input channels"},
    {"float[1,3,2,2] x, float[8,3,3,3] w", "", "y = Conv(x, w)", "does not fit"},
    {"float[1,3,8,8] x, float[8,3,3,3] w", "", "y = Conv <strides = [0,1]> (x, w)", "strides"},
    {"float[2,3] x", "int64[2] s = {4,2}", "y = Reshape(x, s)", "6 elements cannot become 8"},
    {"float[2,3] x", "int64[2] s = {-1,-1}", "y = Reshape(x, s)", "more than one -1"},
    {"float[2,3] x", "int64[2] s = {-1,4}", "y = Reshape(x, s)", "do not split"},
    {"float[1,2,6,7] x, float[1,3,2] g", "", "y = GridSample(x, g)", "grid of 3"},
    {"float[1,2,6,7] x, float[2,3,5,2] g", "", "y = GridSample(x, g)", "1 images with 2 grids"},
    {"float[1,3,6] x, float[2,4] b, int64[2] i", "", "y = RoiAlign(x, b, i)", "images of rank 4"},
    {"float[9,4] x, float[1,2,9] s", "", "y = NonMaxSuppression(x, s)", "rank 3"},
    {"float[1,2,3] x", "int64[2] s = {2,3}", "y = AffineGrid(x, s)", "2 elements"},
    {"float[1,9,4] x", "int64[2] s = {3,3}, int64[2] k = {2,2}", "y = Col2Im(x, s, k)",
     "no whole blocks"},
    {"float[2,3] x", "", "y = Transpose <perm = [0,0]> (x)", "twice"},
    {"float[2,3] x", "", "y = Softmax <axis = 2> (x)", "axis 2"},
    {"float[2,3] x", "int64[1] a = {1}", "y = Squeeze(x, a)", "3 elements, not 1"},
    {"float[2] x", "int64[2] s = {1,2}", "y, z = Split(x, s)", "its input 2"},
    {"float[2] x", "int64[1] k = {5}", "y, z = TopK(x, k)", "k must be"},
    {"float[2] x", "", "y = Cast <to = 99> (x)", "99"},
    {"float[2,3] x", "", "y = Einsum <equation = \"ijk\"> (x)", "does not fit"},
};

static void contradictions_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        nescio_graph *g;

        assert_int_equal(parse(wrong[i].inputs, wrong[i].constants, wrong[i].nodes, &g),
                         NESCIO_E_FORMAT);
        assert_null(g);
        if (!strstr(nescio_ctx_message(ctx), wrong[i].words))
            fail_msg("%s: '%s' lacks '%s'", wrong[i].nodes, nescio_ctx_message(ctx),
                     wrong[i].words);
    }
}

/* A window as the standard defines it, counted: places start + k * stride at which the dilated
 * kernel fits. */
/* Exporters write wrong ranks for outputs that they cannot infer themselves. */
static void claims_are_overruled(void **state)
{
    (void)state;
    for (int claim = 0; claim < 2; claim++) {
        nescio_graph *g, *copy;
        nescio_shape *shape;

        assert_int_equal(parse("float[N,3] x", "", "y = Relu(x)", &g), NESCIO_OK);
        shape = &g->outputs[0]->shape;
        *shape = (nescio_shape){
            .rank = 3, .dims = {NESCIO_DIM_UNKNOWN, NESCIO_DIM_UNKNOWN, NESCIO_DIM_UNKNOWN}};
        g->outputs[0]->shape_is_claim = claim;
        assert_int_equal(nescio_graph_copy(ctx, g, true, &copy), NESCIO_OK);
        assert_int_equal(nescio_graph_infer(ctx, copy), claim ? NESCIO_OK : NESCIO_E_FORMAT);
        assert_int_equal(nescio_graph_infer(ctx, g), claim ? NESCIO_OK : NESCIO_E_FORMAT);
        assert_int_equal(shape->rank, claim ? 2 : 3);
        nescio_graph_free(copy);
        nescio_graph_free(g);
    }
}

static void windows_are_counted(void **state)
{
    uint64_t seed = 17;

    (void)state;
    for (int i = 0; i < 300; i++) {
        const int64_t size = test_range(&seed, 1, 30), kernel = test_range(&seed, 1, 5),
                      stride = test_range(&seed, 1, 4);
        const int64_t dilation = test_range(&seed, 1, 3), begin = test_range(&seed, 0, 3),
                      end = test_range(&seed, 0, 3);
        const int64_t reach = (kernel - 1) * dilation;
        char inputs[64], nodes[200], type[64], expected[64];
        nescio_graph *g;
        int64_t n = 0;

        for (int64_t at = -begin; at + reach < size + end; at += stride)
            n++;
        snprintf(inputs, sizeof inputs, "float[1,1,%d] x", (int)size);
        snprintf(nodes, sizeof nodes,
                 "y = MaxPool <kernel_shape = [%d], strides = [%d], dilations = [%d], pads = "
                 "[%d,%d]> (x)",
                 (int)kernel, (int)stride, (int)dilation, (int)begin, (int)end);
        snprintf(expected, sizeof expected, "float[1,1,%d]", (int)n);
        if (n == 0) {
            assert_int_equal(parse(inputs, "", nodes, &g), NESCIO_E_FORMAT);
            continue;
        }
        if (parse(inputs, "", nodes, &g) != NESCIO_OK)
            fail_msg("case %d of seed 17: %s", i, nescio_ctx_message(ctx));
        type_of(g, type, sizeof type);
        assert_string_equal(type, expected);
        nescio_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_inferred),
        cmocka_unit_test(contradictions_are_named),
        cmocka_unit_test(windows_are_counted),
        cmocka_unit_test(claims_are_overruled),
    };

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
