/* SPDX-License-Identifier: Apache-2.0
 * Each cleaning pass on graphs written for it: the function stays (float executor, before and
 * after, on random rows), and of the operators these are left. */
#include "passes_text.h"

typedef struct clean_case {
    const char *name, *text, *left; /* left: operators of the clean graph, in order */
} clean_case;

static const clean_case cases[] = {
    /* fold_constants, drop_noops, drop_dead */
    {"identities",
     "(float[N,4] x) => (float[N,4] y) <int64[2] s = {-1, 4}> {"
     " a = Identity(x) b = Relu(a) c = Reshape(b, s) d = Cast<to = 1>(c)"
     " e = Flatten(d) f = Identity(e) y = Identity(f) unused = Neg(x) }",
     "Relu"},
    {"weights computed",
     "(float[N,4] x) => (float[N,3] y) <@4,3 w, @3 s, int64[2] p = {3, 4}> {"
     " a = Mul(w, s) b = Transpose<perm = [1, 0]>(a) c = Reshape(b, p) d = Identity(c)"
     " y = Gemm<transB = 1>(x, d) }",
     "Gemm"},
    {"output of a constant",
     "(float[N,4] x) => (float[N,4] y, float[3] z) <@3 w, @3 v> { z = Mul(w, v) y = Relu(x) }",
     "Relu"},
    {"input as output", "(float[N,4] x) => (float[N,4] y) { y = Identity(x) }", "Identity"},
    {"neutral numbers",
     "(float[N,4] x) => (float[N,4] y) <float zero = {0}, float one = {1}> {"
     " a = Add(zero, x) b = Mul(a, one) c = Sub(b, zero) d = Div(c, one) e = Pow(d, one)"
     " f = Sub(zero, e) y = Relu(f) }",
     "Sub Relu"},
    {"pairs",
     "(float[N,4,6] x) => (float[N,6,4] y) <int64[2] s = {0, -1}, int64[3] t = {-1, 4, 6}> {"
     " a = Reshape(x, s) b = Reshape(a, t) c = Transpose<perm = [0, 2, 1]>(b)"
     " d = Transpose<perm = [0, 2, 1]>(c) e = Transpose<perm = [0, 2, 1]>(d) y = Relu(e) }",
     "Relu Transpose"},
    {"slice, concat, expand",
     "(float[N,4] x) => (float[N,4] y) <int64[1] z = {0}, int64[1] e = {2147483647}, int64[1] a = "
     "{1}, int64[2] one = {1, 4}> { p = Slice(x, z, e, a) q = Concat<axis = 1>(p) r = Expand(q, "
     "one) y = Relu(r) }",
     "Relu"},
    /* settle_targets: the chain that exporters write for x.view(x.size(0), -1) */
    {"shape chain",
     "(float[N,2,3] x) => (float[N,6] y) <int64 zero = {0}, int64[1] ax = {0}, int64[1] m = {-1}> {"
     " s = Shape(x) b = Gather<axis = 0>(s, zero) u = Unsqueeze(b, ax) t = Concat<axis = 0>(u, m)"
     " a = Reshape(x, t) y = Relu(a) }",
     "Reshape Relu"},
    /* unroll */
    {"if that is known",
     "(float[N,4] x) => (float[N,4] y, float[N,4] z) <bool[1] c = {0}> {"
     " y, z = If<then_branch = a () => (float[N,4] m, float[N,4] m) { m = Neg(x) },"
     " else_branch = b () => (float[N,4] p, float[N,4] q) { p = Relu(x) q = Sigmoid(p) }>(c) }",
     "Relu Sigmoid"},
    {"loop with a number of turns",
     "(float[N,4] x) => (float[N,4] y, float[3,N,4] z) <int64 n = {3}> {"
     " y, z = Loop<body = b (int64 i, bool c, float[N,4] v) =>"
     " (bool d, float[N,4] w, float[N,4] s) {"
     " d = Identity(c) f = Cast<to = 1>(i) w = Mul(v, f) s = Relu(w) }>(n, , x) }",
     "Mul Relu Mul Relu Unsqueeze Unsqueeze Concat"},
    {"loop without turns",
     "(float[N,4] x) => (float[N,4] y) <int64 n = {5}, bool no = {0}> {"
     " a = Loop<body = b (int64 i, bool c, float[N,4] v) => (bool c, float[N,4] w)"
     " { w = Exp(v) }>(n, no, x) y = Relu(a) }",
     "Relu"},
    {"loop in a loop",
     "(float[N,4] x) => (float[N,4] y) <int64 two = {2}, bool yes = {1}> {"
     " y = Loop<body = b (int64 i, bool c, float[N,4] v) => (bool yes, float[N,4] w) {"
     "   w = Loop<body = d (int64 j, bool e, float[N,4] u) => (bool e, float[N,4] t)"
     " { t = Add(u, x) }>(two, yes, v) }>(two, yes, x) }",
     "Add Add Add Add"},
    {"scan over a known axis, backwards",
     "(float[N,3] x, float[N] h) => (float[N] y, float[N,3] z) {"
     " y, z = Scan<num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [1],"
     " scan_output_axes = [-1], scan_output_directions = [1], body = b (float[N] s, float[N] e) =>"
     " (float[N] t, float[N] o) { t = Add(s, e) o = Relu(t) }>(h, x) }",
     "Gather Add Relu Gather Add Relu Gather Add Relu Unsqueeze Unsqueeze Unsqueeze Concat"},
    {"loop that may stop",
     "(float[N,4] x) => (float[N,4] y) <int64 n = {3}, bool yes = {1}, int64 one = {1}> {"
     " y = Loop<body = b (int64 i, bool c, float[N,4] v) => (bool d, float[N,4] w) {"
     " d = Less(i, one) w = Neg(v) }>(n, yes, x) }",
     "Loop"},
    {"loop of too many turns",
     "(float[4] x) => (float[4] y) <int64 n = {5000}> {"
     " y = Loop<body = b (int64 i, bool c, float[4] v) => (bool c, float[4] w) { w = Sin(v) }>"
     "(n, , x) }",
     "Loop"},
    /* merge_common */
    {"twice the same",
     "(float[N,4] x) => (float[N,3] y) <@3,4 w, int64[2] s = {-1, 4}, int64[2] t = {-1, 4}> {"
     " a = Gemm<transB = 1>(x, w) b = Gemm<transB = 1>(x, w) c = Sigmoid(a) d = Sigmoid(b)"
     " y = Mul(c, d) }",
     "Gemm Sigmoid Mul"},
    {"outputs keep names",
     "(float[N,4] x) => (float[N,4] y, float[N,4] z) { y = Relu(x) z = Relu(x) }", "Relu Identity"},
    /* merge_clips */
    {"clips",
     "(float[N,4] x) => (float[N,4] y) <float a = {-1}, float b = {2}, float six = {1.5}, float z "
     "= {0}> { c = Clip(x, a, b) r = Relu(c) m = Min(r, six) y = Max(m, z) }",
     "Clip"},
    {"relus",
     "(float[N,4] x) => (float[N,4] y) <float z = {0}> { a = Relu(x) b = Max(a, z) "
     "y = Relu(b) }",
     "Relu"},
    {"clips apart",
     "(float[N,4] x) => (float[N,4] y) <float a = {1}, float b = {2}, float c = {-2}, float d = "
     "{-1}> { p = Clip(x, a, b) y = Clip(p, c, d) }",
     "Clip"},
    /* canonical_gemm */
    {"matmul and add",
     "(float[N,4] x) => (float[N,3] y) <@4,3 w, @3 b> { a = MatMul(x, w) y = Add(b, a) }", "Gemm"},
    {"alpha and beta",
     "(float[N,4] x) => (float[N,3] y) <@4,3 w, @1,3 b> {"
     " y = Gemm<alpha = 0.5, beta = -2.0>(x, w, b) }",
     "Gemm"},
    {"bias computed",
     "(float[N,4] x) => (float[N,3] y) <@3,4 w> { b = Gemm<transB = 1>(x, w)"
     " y = Gemm<transB = 1, alpha = 2.0>(x, w, b) }",
     "Gemm Gemm Add"},
    /* split_batchnorm, fold_affine */
    {"batchnorm behind conv",
     "(float[N,2,5,5] x) => (float[N,3,3,3] y) <@3,2,3,3 w, @3 b, @3 g, @3 h, @3 m, +3 v> {"
     " a = Conv(x, w, b) c = BatchNormalization(a, g, h, m, v) y = Relu(c) }",
     "Conv Relu"},
    {"batchnorm behind grouped conv",
     "(float[N,4,5,5] x) => (float[N,6,3,3] y) <@6,2,3,3 w, @6 g, @6 h, @6 m, +6 v> {"
     " a = Conv<group = 2>(x, w) y = BatchNormalization(a, g, h, m, v) }",
     "Conv"},
    {"batchnorm behind transposed conv",
     "(float[N,4,3,3] x) => (float[N,6,5,5] y) <@4,3,3,3 w, @6 g, @6 h, @6 m, +6 v> {"
     " a = ConvTranspose<group = 2>(x, w) y = BatchNormalization(a, g, h, m, v) }",
     "ConvTranspose"},
    {"batchnorm before conv",
     "(float[N,2,7,7] x) => (float[N,4,3,3] y) <@4,2,3,3 v, @4,2,3,3 w, @4 g, @4 h, @4 m, +4 q> {"
     " a = Conv(x, v) r = Relu(a) c = BatchNormalization(r, g, h, m, q)"
     " y = Conv<group = 2>(c, w) }",
     "Conv Relu Conv"},
    {"shift before padded conv stays",
     "(float[N,2,5,5] x) => (float[N,2,5,5] y) <@2,2,3,3 v, @2,2,3,3 w, @2 g, @2 h, @2 m, +2 q> {"
     " a = Conv<pads = [1, 1, 1, 1]>(x, v) r = Relu(a) c = BatchNormalization(r, g, h, m, q)"
     " y = Conv<pads = [1, 1, 1, 1]>(c, w) }",
     "Conv Relu Mul Add Conv"},
    {"batchnorm before gemm",
     "(float[N,4] x) => (float[N,3] y) <@5,4 v, @3,5 w, @5 g, @5 h, @5 m, +5 q> {"
     " a = Gemm<transB = 1>(x, v) r = Relu(a) c = BatchNormalization(r, g, h, m, q)"
     " y = Gemm<transB = 1>(c, w) }",
     "Gemm Relu Gemm"},
    {"scales behind gemm",
     "(float[N,4] x) => (float[N,3] y) <@3,4 w, @3 s, @1,3 t, +3 d, float two = {2}> {"
     " a = Gemm<transB = 1>(x, w) b = Mul(s, a) c = Sub(t, b) e = Div(c, d) f = Sub(e, two)"
     " y = Neg(f) }",
     "Gemm"},
    {"scale of the input stays",
     "(float[N,4] x) => (float[N,3] y) <@3,4 w, @4 s, @4 t> { a = Sub(x, t) b = Mul(a, s)"
     " y = Gemm<transB = 1>(b, w) }",
     "Sub Mul Gemm"},
    {"used twice stays",
     "(float[N,4] x) => (float[N,3] y) <@3,4 w, @3 s> { a = Gemm<transB = 1>(x, w) b = Mul(a, s)"
     " y = Add(a, b) }",
     "Gemm Mul Add"},
    /* fold_pad */
    {"pad into conv",
     "(float[N,2,4,4] x) => (float[N,3,5,6] y) <@3,2,3,3 w, int64[8] p = {0, 0, 1, 2, 0, 0, 0, 0}>"
     " { a = Pad(x, p) y = Conv<pads = [1, 1, 1, 1]>(a, w) }",
     "Conv"},
    {"pad into average",
     "(float[N,2,4,4] x) => (float[N,2,2,2] y) <int64[8] p = {0, 0, 1, 1, 0, 0, 1, 1}>"
     " { a = Pad(x, p) y = AveragePool<kernel_shape = [3, 3], strides = [3, 3]>(a) }",
     "AveragePool"},
    {"pad of zeros behind relu into max",
     "(float[N,2,4,4] x) => (float[N,2,3,2] y) <int64[8] p = {0, 0, 1, 1, 0, 0, 1, 0}> {"
     " r = Relu(x) a = Pad(r, p) y = MaxPool<kernel_shape = [3, 3], strides = [2, 2],"
     " pads = [0, 0, 1, 1]>(a) }",
     "Relu MaxPool"},
    {"pad of minus infinities into max",
     "(float[N,2,4,4] x) => (float[N,2,2,2] y) <int64[8] p = {0, 0, 1, 1, 0, 0, 0, 0},"
     " float low = {-inf}> { a = Pad(x, p, low) y = MaxPool<kernel_shape = [2, 2],"
     " strides = [2, 2]>(a) }",
     "MaxPool"},
    {"pad of zeros among negative numbers stays",
     "(float[N,2,4,4] x) => (float[N,2,2,2] y) <int64[8] p = {0, 0, 1, 1, 0, 0, 0, 0}> {"
     " a = Pad(x, p) y = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(a) }",
     "Pad MaxPool"},
    {"pad as wide as the window stays",
     "(float[N,1,4,4] x) => (float[N,1,3,2] y) <int64[8] p = {0, 0, 2, 0, 0, 0, 0, 0}> {"
     " r = Relu(x) a = Pad(r, p) y = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(a) }",
     "Relu Pad MaxPool"},
    {"pad of ones stays",
     "(float[N,2,4,4] x) => (float[N,3,4,4] y) <@3,2,3,3 w, int64[8] p = {0, 0, 1, 1, 0, 0, 1, 1},"
     " float one = {1}> { a = Pad(x, p, one) y = Conv(a, w) }",
     "Pad Conv"},
    /* sink_transpose: channels last */
    {"channels last",
     "(float[N,5,5,2] x) => (float[N,3] y) <@3,2,3,3 v, @4,3,3,3 w, @4 b, @3,4 d, int64[2] s = {-1,"
     " 4}> {"
     " a = Transpose<perm = [0, 3, 1, 2]>(x) c = Conv(a, v) e = Transpose<perm = [0, 2, 3, 1]>(c)"
     " f = Relu(e) g = Transpose<perm = [0, 3, 1, 2]>(f) h = Conv(g, w)"
     " i = Transpose<perm = [0, 2, 3, 1]>(h) j = Add(i, b) k = Reshape(j, s)"
     " y = Gemm<transB = 1>(k, d) }",
     "Transpose Conv Relu Conv Reshape Gemm"},
    {"order of columns",
     "(float[N,2,3,4] x) => (float[N,3] y) <@3,24 d, int64[2] s = {-1, 24}> {"
     " a = Transpose<perm = [0, 2, 3, 1]>(x) r = Relu(a) k = Reshape(r, s)"
     " y = Gemm<transB = 1>(k, d) }",
     "Relu Reshape Gemm"},
    {"mean of the last axes",
     "(float[N,2,3,4] x) => (float[N,2] y) <int64[2] a = {1, 2}> {"
     " t = Transpose<perm = [0, 2, 3, 1]>(x) y = ReduceMean<keepdims = 0>(t, a) }",
     "ReduceMean"},
    {"two transposed alike",
     "(float[N,2,3] x, float[N,2,3] z) => (float[N,2,3] y) {"
     " a = Transpose<perm = [0, 2, 1]>(x) b = Transpose<perm = [0, 2, 1]>(z) c = Add(a, b)"
     " y = Transpose<perm = [0, 2, 1]>(c) }",
     "Add"},
    /* annotations of quantized training */
    {"weights stay annotated",
     "(float[N,4] x) => (float[N,3] y) <@3,4 w, +3,1 s, float z = {0}, float n = {4}, @3 g, @3 h,"
     " @3 m, +3 v> { q = qonnx.custom_op.general.Quant<signed = 1, narrow = 1, rounding_mode = "
     "\"ROUND\">(w, s, z, n) t = Transpose<perm = [1, 0]>(q) a = MatMul(x, t)"
     " y = BatchNormalization(a, g, h, m, v) }",
     "Quant Gemm Mul Add"},
    {"integer weights stay annotated",
     "(float[N,4] x) => (float[N,3] y) <int8[4,3] w = {1, -2, 3, 0, 2, 1, -3, 3, 1, 2, 0, -1}, "
     "+3 s, int8[3] z = {0, 0, 0}, @3 b> { q = DequantizeLinear<axis = 1>(w, s, z)"
     " a = MatMul(x, q) y = Add(a, b) }",
     "DequantizeLinear Gemm"},
    /* free_batch */
    {"squeeze means columns",
     "(float[N,4] x) => (float[N] y) <@1,4 w> { a = Gemm<transB = 1>(x, w) b = Squeeze(a)"
     " y = Relu(b) }",
     "Gemm Squeeze Relu"},
    {"what is found in one row is no batch",
     "(float[1,4] x) => (int64[?,2] y) <int64[3] s = {1, -1, 2}, int64[1] a = {1}>"
     " { i = NonZero(x) t = Transpose<perm = [1, 0]>(i) r = Reshape(t, s)"
     " y = ReduceSum<keepdims = 0>(r, a) }",
     "NonZero Transpose Reshape ReduceSum"},
    {"rows that a target has room for are no batch",
     "(float[N,4] x) => (float[2,N,4] y) <int64[3] s = {1, -1, 4}, int64[3] t = {2, 1, 1}>"
     " { r = Reshape(x, s) y = Tile(r, t) }",
     "Reshape Tile"},
};

/* An answer that has three rows whatever the batch is (votes, counted along the wrong axis): its
 * Reshape to [1, -1, 1] says what it says, whether the rows have a name or are one. */
static void test_votes_are_no_batch(void **state)
{
    static const char *const rows[] = {"N", "1"};
    nescio_ctx *ctx = NULL;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (size_t i = 0; i < 2; i++) {
        char text[512];
        nescio_graph *g, *clean;

        snprintf(text, sizeof text,
                 "(float[%s,4] x) => (float[3,?] y) <@4 a, @4 b, @4 c, int64[3] s = {1, -1, 1},"
                 " int64[1] k = {1}> { p = MatMul(x, a) q = MatMul(x, b) r = MatMul(x, c)"
                 " u = Reshape(p, s) v = Reshape(q, s) w = Reshape(r, s)"
                 " z = Concat<axis = 0>(u, v, w) y = ReduceSum<keepdims = 0>(z, k) }",
                 rows[i]);
        g = test_parse(ctx, text, 1);
        clean = test_clean_and_split(ctx, g, 1, NULL);
        assert_int_equal(clean->outputs[0]->shape.dims[0], 3);
        assert_int_equal(clean->inputs[0]->shape.dims[0], i == 0 ? NESCIO_DIM_UNKNOWN : 1);
        nescio_graph_free(clean);
        nescio_graph_free(g);
    }
    nescio_ctx_free(ctx);
}

static void test_cases(void **state)
{
    nescio_ctx *ctx = NULL;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char left[1024];

        for (uint64_t seed = 1; seed <= 3; seed++) {
            nescio_graph *const g = test_parse(ctx, cases[i].text, seed);
            nescio_graph *const clean = test_clean_and_split(ctx, g, seed, NULL);

            if (strcmp(test_operators(clean, left, sizeof left), cases[i].left) != 0)
                fail_msg("%s: %s is left, not %s", cases[i].name, left, cases[i].left);
            assert_int_equal(clean->n_outputs, g->n_outputs);
            for (size_t k = 0; k < g->n_outputs; k++)
                assert_string_equal(clean->outputs[k]->name, g->outputs[k]->name);
            nescio_graph_free(clean);
            nescio_graph_free(g);
        }
    }
    nescio_ctx_free(ctx);
}

/* A model exported with one row: cleaned it takes three, and gives for each what one row gave. */
static void test_batch_of_one(void **state)
{
    static const char text[] =
        "(float[1,2,3] x) => (float[1,4] y) <@4,6 w, int64[2] s = {1, 6}, int64[3] t = {1, -1, 2},"
        " int64[2] u = {1, 4}> { a = Reshape(x, s) b = Gemm<transB = 1>(a, w) c = Reshape(b, t)"
        " d = Relu(c) y = Reshape(d, u) }";
    test_values rows, row, all, one;
    uint64_t seed = 5;
    nescio_ctx *ctx = NULL;
    nescio_graph *g, *clean = NULL;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    g = test_parse(ctx, text, seed);
    assert_int_equal(nescio_graph_copy(ctx, g, true, &clean), NESCIO_OK);
    assert_int_equal(nescio_passes_clean(ctx, clean, NULL, NULL), NESCIO_OK);
    assert_int_equal(clean->inputs[0]->shape.dims[0], NESCIO_DIM_UNKNOWN);
    assert_int_equal(clean->outputs[0]->shape.dims[0], NESCIO_DIM_UNKNOWN);
    test_inputs(ctx, clean, 3, &seed, &rows);
    test_run(ctx, clean, &rows, &all);
    row.n = 1;
    for (int64_t i = 0; i < 3; i++) {
        nescio_tensor want = nescio_tensor_rows(&all.t[0], i, 1);

        row.t[0] = nescio_tensor_rows(&rows.t[0], i, 1);
        test_run(ctx, g, &row, &one);
        for (size_t k = 0; k < 4; k++)
            assert_true(
                fabs(nescio_tensor_get_f64(&want, k) - nescio_tensor_get_f64(&one.t[0], k)) < 1e-5);
        test_values_free(&one);
    }
    test_values_free(&rows);
    test_values_free(&all);
    nescio_graph_free(clean);
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
}

/* Where rows cannot be told apart, or would be mixed, the batch of one stays and so does every
 * target. */
static void test_batch_of_one_stays(void **state)
{
    static const char *const texts[] = {
        "(float[1,2,3] x) => (float[3,2] y) <int64[1] a = {0}> {"
        " b = Squeeze(x, a) y = Transpose<perm = [1, 0]>(b) }",
        "(float[1,4] x) => (float[1,4] y) <int64[1] a = {0}> {"
        " m = ReduceMean(x, a) y = Sub(x, m) }",
        "(float[1,4] x) => (float[1,4] y) { m = ReduceMax(x) y = Sub(x, m) }",
        "(float[1,4] x) => (float[1,4] y) { y = Softmax<axis = -2>(x) }",
        "(float[1,4] x) => (float[1,4] y) <int64 a = {0}> { y = CumSum(x, a) }",
        "(float[1,2,3,3] x) => (float[1,2,3,3] y) { y = MeanVarianceNormalization(x) }",
    };
    nescio_ctx *ctx = NULL;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        nescio_graph *const g = test_parse(ctx, texts[i], 1);
        nescio_graph *const clean = test_clean_and_split(ctx, g, 1, NULL);

        if (clean->inputs[0]->shape.dims[0] != 1)
            fail_msg("rows are free in %s", texts[i]);
        nescio_graph_free(clean);
        nescio_graph_free(g);
    }
    nescio_ctx_free(ctx);
}

/* A chain of nodes on constants that a small file blows up is folded only as far as the room goes.
 */
static void test_folding_has_room(void **state)
{
    enum { NEGATIONS = 40 };
    char text[4096] = "(float[N] x) => (float[N] y) <int64[1] s = {500000}, int64[1] k = {7}> {"
                      " a0 = ConstantOfShape(s)";
    nescio_ctx *ctx = NULL;
    nescio_graph *g, *clean;
    size_t used = strlen(text), before;

    (void)state;
    for (int i = 0; i < NEGATIONS; i++) /* 2 MB each */
        used += (size_t)sprintf(text + used, " a%d = %s(a%d)", i + 1, i % 2 ? "Cos" : "Exp", i);
    sprintf(text + used, " e = Gather(a%d, k) y = Add(x, e) }", NEGATIONS);
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    g = test_parse(ctx, text, 1);
    before = nescio_arena_bytes(g->arena);
    clean = test_clean_and_split(ctx, g, 1, NULL);
    assert_true(clean->first != clean->last); /* some of the chain is left */
    assert_true(nescio_arena_bytes(clean->arena) < before + ((size_t)20 << 20));
    nescio_graph_free(clean);
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
}

/* What is known inside a body that stays a body is cleaned there, also where it uses values from
 * outside. */
static void test_bodies_are_cleaned(void **state)
{
    static const char text[] =
        "(float[N,4] x, int64 n) => (float[N,4] y, float[N,4] r) <float one = {1}, float two = {2}>"
        " { o = Relu(x) y = Loop<body = b (int64 i, bool c, float[N,4] v) => (bool d, float[N,4] "
        "w) {"
        " d = Identity(c) k = Add(one, two) a = Mul(v, one) e = Identity(o) b = Mul(a, k)"
        " f = Relu(x) g = Add(b, e) h = Sub(g, f) s = Shape(h) w = Reshape(h, s) }>(n, , x)"
        " r = Neg(o) }";
    nescio_ctx *ctx = NULL;
    nescio_graph *g, *clean;
    const nescio_node *loop = NULL;
    char ops[128] = "";

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    g = test_parse(ctx, text, 1);
    for (uint64_t seed = 1; seed < 9; seed++) {
        clean = test_clean_and_split(ctx, g, seed, NULL);
        if (seed < 8)
            nescio_graph_free(clean);
    }
    for (const nescio_node *node = clean->first; node; node = node->next)
        loop = node->op == NESCIO_OP_LOOP ? node : loop;
    assert_non_null(loop);
    for (const nescio_node *node = nescio_node_attr(loop, "body")->g->first; node;
         node = node->next) {
        strcat(ops, *ops ? " " : "");
        strcat(ops, nescio_op_name(node->op));
    }
    assert_string_equal(ops, "Identity Mul Relu Add Sub"); /* an input that is an output */
    nescio_graph_free(clean);
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
}

static void count_pass(const char *name, const nescio_graph *graph, void *user)
{
    size_t *const told = user;

    assert_non_null(graph);
    for (size_t i = 0; nescio_pass_name(i); i++)
        told[i] += strcmp(nescio_pass_name(i), name) == 0;
}

static void test_hook_is_told(void **state)
{
    size_t told[64] = {0};
    nescio_ctx *ctx = NULL;
    nescio_graph *g;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    g = test_parse(ctx, cases[0].text, 1);
    assert_int_equal(nescio_passes_clean(ctx, g, count_pass, told), NESCIO_OK);
    for (size_t i = 0; nescio_pass_name(i); i++)
        assert_true(told[i] >= 1);
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_votes_are_no_batch),
        cmocka_unit_test(test_batch_of_one),
        cmocka_unit_test(test_batch_of_one_stays),
        cmocka_unit_test(test_folding_has_room),
        cmocka_unit_test(test_bodies_are_cleaned),
        cmocka_unit_test(test_hook_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
