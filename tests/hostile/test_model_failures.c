/* SPDX-License-Identifier: Apache-2.0
 * Every failing allocation in the rooms that turn models into circuits and show them: passes,
 * quant, circuit, lower, view. One whole thing a case. */
#include "fail_at.h"
#include "lower/lower.h"
#include "params/params.h"
#include "passes/passes.h"
#include "quant/quant.h"
#include "support.h"
#include "view/view.h"
#include "view/view_picture.h"

#define HEAD "<ir_version: 10, opset_import: [\"\" : 21, \"ai.onnx.ml\" : 5]> g "

/* A scaler in front, a network with something to fold and to fuse, a softmax behind. */
static const char network[] =
    HEAD "(float[N,3] x) => (float[N,2] y) <\n"
         "  float[3] m = {0.1, 0.2, 0.3}, float[3] d = {1.0, 2.0, 0.5},\n"
         "  float[3,4] w = {0.5, -1.0, 0.25, 1.0, 0.75, -0.5, 0.1, 0.2, -0.3, 0.4, 0.6, -0.7},\n"
         "  float[4] b = {0.125, -0.25, 0.0, 0.5},\n"
         "  float[4,2] v = {1.0, -0.5, 0.25, 0.75, -1.0, 0.5, 0.3, 0.2}> {\n"
         "  c = Sub(x, m)  s = Div(c, d)  p = MatMul(s, w)  q = Add(p, b)  i = Identity(q)\n"
         "  r = Relu(i)  z = MatMul(r, v)  y = Softmax<axis = -1>(z) }";

static const char forest[] =
    HEAD "(float[N,3] x) => (float[N,2] y) { y = ai.onnx.ml.TreeEnsemble<n_targets = 2,"
         " aggregate_function = 1, nodes_splits : tensor = float[4] {0.5, -1.0, 1.5, 0.0},"
         " nodes_modes : tensor = uint8[4] {0, 0, 0, 0}, nodes_featureids = [0, 1, 2, 0],"
         " nodes_truenodeids = [1, 0, 1, 4], nodes_trueleafs = [0, 1, 1, 1],"
         " nodes_falsenodeids = [2, 2, 3, 4], nodes_falseleafs = [0, 1, 1, 1],"
         " leaf_targetids = [0, 1, 0, 1, 1],"
         " leaf_weights : tensor = float[5] {1.0, 2.0, -3.0, 4.5, 0.25}, tree_roots = [0, 3]>(x) }";

/* Everything that lower rewrites. */
static const char all_gates[] =
    "circuit 1\n%x = input [2] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
    "%k = constant [2] in 1..2 { values [1 2] }\n"
    "%m = max(%x %k) [2] in 1..3\n"
    "%c = compare(%x %k) [2] in 0..1\n"
    "%s = select(%c %m %x) [2] in 0..3\n"
    "%p = multiply(%s %x) [2] in 0..9\n"
    "%g = gather(%p) [2] in 0..9 { index [1 0] }\n"
    "%j = concat(%g %p) [4] in 0..9\n"
    "%l = linear(%j) [2] in -9..27 { dense [1 1 1 0 0 -1 1 1] bias [0 0] }\n"
    "%t = table(%l) [2] in 0..3 { exact first -9 step 1 entries 37 tables 1 values [0 0 0 0 0 0 0 0"
    " 0 1 1 1 1 1 1 1 1 2 2 2 2 2 2 2 2 3 3 3 3 3 3 3 3 3 3 3 3] }\n"
    "%y = output(%t) [2] in 0..3 { codes 0..3 scale [1] zero [0] }\n";

static nescio_ctx *calm; /* for what surrounds the cases */
static nescio_graph *network_graph, *forest_graph, *body;
static nescio_circuit *circuit;

static void expect_ok(nescio_status st)
{
    if (st != NESCIO_OK)
        fail_msg("%s: %s", nescio_status_name(st), nescio_ctx_message(calm));
}

static nescio_graph *parsed(const char *text, size_t bytes)
{
    nescio_graph *graph = NULL;

    expect_ok(nescio_graph_parse(calm, text, bytes, &graph));
    expect_ok(nescio_graph_infer(calm, graph));
    return graph;
}

/* What quant takes: the middle of the clean network. */
static nescio_graph *network_body(void)
{
    nescio_graph *clean = parsed(network, sizeof network - 1);
    nescio_graph_split split;
    nescio_graph *middle;

    expect_ok(nescio_passes_clean(calm, clean, NULL, NULL));
    expect_ok(nescio_passes_split(calm, clean, &split));
    middle = split.body;
    split.body = NULL;
    nescio_graph_split_free(&split);
    nescio_graph_free(clean);
    return middle;
}

static int enter(void **state)
{
    (void)state;
    expect_ok(nescio_ctx_new(&calm));
    network_graph = parsed(network, sizeof network - 1);
    forest_graph = parsed(forest, sizeof forest - 1);
    body = network_body();
    expect_ok(nescio_circuit_parse(calm, all_gates, sizeof all_gates - 1, &circuit));
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_circuit_free(circuit);
    nescio_graph_free(body);
    nescio_graph_free(forest_graph);
    nescio_graph_free(network_graph);
    nescio_ctx_free(calm);
    return 0;
}

static nescio_status clean_and_split(nescio_ctx *ctx, void *text)
{
    nescio_graph_split split = {0};
    nescio_graph *graph = NULL;
    nescio_status st = nescio_graph_parse(ctx, text, strlen(text), &graph);

    if (st == NESCIO_OK)
        st = nescio_graph_infer(ctx, graph);
    if (st == NESCIO_OK)
        st = nescio_passes_clean(ctx, graph, NULL, NULL);
    if (st == NESCIO_OK)
        st = nescio_passes_split(ctx, graph, &split);
    nescio_graph_split_free(&split);
    nescio_graph_free(graph);
    return st;
}

static nescio_status trees_to_tensors(nescio_ctx *ctx, void *text)
{
    nescio_graph *graph = NULL;
    nescio_status st = nescio_graph_parse(ctx, text, strlen(text), &graph);

    if (st == NESCIO_OK)
        st = nescio_graph_infer(ctx, graph);
    if (st == NESCIO_OK)
        st = nescio_passes_clean(ctx, graph, NULL, NULL);
    if (st == NESCIO_OK)
        st = nescio_passes_trees_to_tensors(ctx, graph);
    nescio_graph_free(graph);
    return st;
}

static nescio_status quantize(nescio_ctx *ctx, void *arg)
{
    static const float rows[5][3] = {
        {0, 0, 0}, {1, 1, 1}, {1, 0, 1}, {0, 1, 0.5f}, {-1, -0.5f, 0.25f}};
    const nescio_quant_options options = nescio_quant_options_default();
    const int64_t dims[] = {5, 3};
    const nescio_tensor *inputs[1];
    nescio_quant_report report = {0};
    nescio_buffer out = {0};
    nescio_circuit *made = NULL;
    nescio_tensor x;
    nescio_status st;

    (void)arg;
    expect_ok(nescio_tensor_shape(NULL, &x, NESCIO_F32, 2, dims));
    x.data = (void *)(uintptr_t)rows;
    inputs[0] = &x;
    st = nescio_quantize_graph(ctx, body, inputs, &options, &made, &report);
    if (st == NESCIO_OK)
        st = nescio_quant_report_print(ctx, &report, &out);
    nescio_buffer_free(&out);
    nescio_quant_report_free(&report);
    nescio_circuit_free(made);
    return st;
}

/* Text in, ranges, a copy, a row, text out. */
static nescio_status circuit_through(nescio_ctx *ctx, void *arg)
{
    const int64_t x[2] = {1, 3}, *in[1] = {x};
    int64_t y[2], *out[1] = {y};
    nescio_circuit *c = NULL, *copy = NULL;
    nescio_buffer text = {0};
    nescio_status st = nescio_circuit_parse(ctx, all_gates, sizeof all_gates - 1, &c);

    (void)arg;
    if (st == NESCIO_OK)
        st = nescio_circuit_ranges(ctx, c);
    if (st == NESCIO_OK)
        st = nescio_circuit_copy(ctx, c, &copy);
    if (st == NESCIO_OK)
        st = nescio_circuit_verify(ctx, copy);
    if (st == NESCIO_OK)
        st = nescio_circuit_eval(ctx, copy, in, out, NULL);
    if (st == NESCIO_OK)
        st = nescio_circuit_print(ctx, copy, 1000, &text);
    nescio_buffer_free(&text);
    nescio_circuit_free(copy);
    nescio_circuit_free(c);
    return st;
}

static nescio_status lower(nescio_ctx *ctx, void *arg)
{
    const nescio_lower_options options = nescio_lower_options_default();
    nescio_circuit *lowered = NULL;
    const nescio_status st = nescio_lower(ctx, circuit, &options, &lowered);

    (void)arg;
    nescio_circuit_free(lowered);
    return st;
}

static nescio_status view_texts(nescio_ctx *ctx, void *arg)
{
    nescio_buffer graph = {0}, gates = {0};
    nescio_status st = nescio_view_graph(ctx, network_graph, 1000, &graph);

    (void)arg;
    if (st == NESCIO_OK)
        st = nescio_view_circuit(ctx, circuit, 1000, &gates);
    nescio_buffer_free(&gates);
    nescio_buffer_free(&graph);
    return st;
}

static nescio_status view_picture(nescio_ctx *ctx, nescio_picture *picture)
{
    static const char *const formats[] = {"json", "dot", "svg", "html"};
    nescio_status st = NESCIO_OK;

    for (size_t i = 0; i < 4 && st == NESCIO_OK; i++) {
        nescio_buffer out = {0};

        st = nescio_picture_write(ctx, picture, formats[i], &out);
        nescio_buffer_free(&out);
    }
    nescio_picture_free(picture);
    return st;
}

static nescio_status view_graph_picture(nescio_ctx *ctx, void *arg)
{
    nescio_picture *picture = NULL;

    NESCIO_TRY(nescio_picture_of_graph(ctx, arg, NULL, &picture));
    return view_picture(ctx, picture);
}

static nescio_status view_circuit_picture(nescio_ctx *ctx, void *arg)
{
    nescio_picture *picture = NULL;

    NESCIO_TRY(nescio_picture_of_circuit(ctx, arg, &picture));
    return view_picture(ctx, picture);
}

static void passes_survive(void **state)
{
    char text[sizeof network], trees[sizeof forest];

    (void)state;
    memcpy(text, network, sizeof text);
    memcpy(trees, forest, sizeof trees);
    fail_at_every(FAIL_ALLOC, 0, clean_and_split, text);
    fail_at_every(FAIL_ALLOC, 0, trees_to_tensors, trees);
}

static void quant_survives(void **state)
{
    (void)state;
    fail_at_every(FAIL_ALLOC, 0, quantize, NULL);
}

static void circuits_survive(void **state)
{
    (void)state;
    fail_at_every(FAIL_ALLOC, 0, circuit_through, NULL);
}

static void lowering_survives(void **state)
{
    (void)state;
    fail_at_every(FAIL_ALLOC, 0, lower, NULL);
}

static void views_survive(void **state)
{
    (void)state;
    fail_at_every(FAIL_ALLOC, 0, view_texts, NULL);
    fail_at_every(FAIL_ALLOC, 0, view_graph_picture, network_graph);
    fail_at_every(FAIL_ALLOC, 0, view_circuit_picture, circuit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_survive),   cmocka_unit_test(quant_survives),
        cmocka_unit_test(circuits_survive), cmocka_unit_test(lowering_survives),
        cmocka_unit_test(views_survive),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
