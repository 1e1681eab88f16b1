/* SPDX-License-Identifier: Apache-2.0
 * Reading models: opset versions, functions, bodies, names, dims, and the one list of what cannot
 * be read. */
#include "model_builder.h"

static nescio_ctx *ctx;
static const int64_t two_three[] = {2, 3}, batch[] = {-2, 3};

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

/* The nodes of a graph as one text, "Relu Neg Add". */
static const char *ops_of(const nescio_graph *g, char *text, size_t n)
{
    size_t at = 0;

    text[0] = '\0';
    for (const nescio_node *node = g->first; node; node = node->next)
        at += (size_t)snprintf(text + at, n - at, "%s%s", at ? " " : "", nescio_op_name(node->op));
    return text;
}

/* One node "op" with inputs x, z and output y at an opset becomes these canonical nodes. */
static void becomes(int64_t opset, const char *op, const char *inputs, nescio_buffer *attrs,
                    const char *ops)
{
    builder m = {.opset = opset, .opset_ml = 1};
    nescio_buffer bytes;
    nescio_graph *g;
    char text[256];

    put_node(&m.graph, 1, op, "", inputs, "y", attrs);
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
    put_info(&m.graph, 11, "z", NESCIO_F32, 2, two_three);
    put_info(&m.graph, 12, "y", NESCIO_F32, -1, NULL);
    if (read_model(ctx, &m, &bytes, &g) != NESCIO_OK)
        fail_msg("%s %d: %s", op, (int)opset, nescio_ctx_message(ctx));
    assert_string_equal(ops_of(g, text, sizeof text), ops);
    assert_string_equal(g->outputs[0]->name, "y");
    nescio_graph_free(g);
    nescio_buffer_free(&bytes);
}

static void old_versions_become_canonical(void **state)
{
    const int64_t ones[] = {1, 1, 1, 1}, axis[] = {-1};
    nescio_buffer a = {0};

    (void)state;
    becomes(7, "Dropout", "x", NULL, "Identity");
    becomes(13, "Softmax", "x", NULL, "Softmax");
    put_int_attr(&a, "axis", 0);
    becomes(11, "Softmax", "x", &a, "Flatten Softmax Shape Reshape");
    becomes(11, "Softmax", "x", NULL, "Softmax"); /* axis 1 is the last of two */
    put_float_attr(&a, "min", 0);
    becomes(6, "Clip", "x", &a, "Clip");
    put_ints_attr(&a, "pads", ones, 4);
    becomes(2, "Pad", "x", &a, "Pad");
    put_ints_attr(&a, "axes", axis, 1);
    becomes(11, "ReduceSum", "x", &a, "ReduceSum");
    put_int_attr(&a, "to", 10);
    becomes(13, "Cast", "x", &a, "Cast");
    becomes(15, "CastLike", "x z", NULL, "Cast");
    becomes(24, "Swish", "x", NULL, "Sigmoid Mul");
    becomes(3, "Concat", "x z", NULL, "Concat");
    put_int_attr(&a, "broadcast", 1);
    becomes(6, "Add", "x z", &a, "Add");
}

/* Names of modes that newer opsets have no more; "": the attribute as it was before it existed. */
static void old_modes_become_new(void **state)
{
    static const struct {
        const char *op;
        int64_t opset;
        const char *inputs, *attr, *was, *is;
        int rank;
    } cases[] = {
        {"GridSample", 16, "x z", "mode", "bilinear", "linear", 4},
        {"GridSample", 16, "x z", "mode", "bicubic", "cubic", 4},
        {"GridSample", 20, "x z", "mode", "", "linear", 4},
        {"GridSample", 20, "x z", "mode", "nearest", "nearest", 4},
        {"RoiAlign", 10, "x b i", "coordinate_transformation_mode", "", "output_half_pixel", 4},
        {"RoiAlign", 16, "x b i", "coordinate_transformation_mode", "", "half_pixel", 4},
        {"Resize", 11, "x  s", "nearest_mode", "floor", "round_prefer_ceil", 3},
        {"Resize", 11, "x  s", "nearest_mode", "round_prefer_floor", "ceil", 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const int64_t dims[4] = {1, 2, 2, 2}, boxes[2] = {3, 4}, n[1] = {3};
        static const float scales[3] = {1, 1, 2};
        builder m = {.opset = cases[i].opset};
        nescio_buffer a = {0}, bytes;
        const bool resize = cases[i].rank == 3;
        nescio_graph *g;

        if (resize)
            put_string_attr(&a, "coordinate_transformation_mode", "tf_half_pixel_for_nn");
        if (cases[i].was[0])
            put_string_attr(&a, cases[i].attr, cases[i].was);
        put_node(&m.graph, 1, cases[i].op, "", cases[i].inputs, "y", &a);
        put_floats(&m.graph, "s", scales, 3);
        put_info(&m.graph, 11, "x", NESCIO_F32, cases[i].rank, dims);
        put_info(&m.graph, 11, "z", NESCIO_F32, 4, dims);
        put_info(&m.graph, 11, "b", NESCIO_F32, 2, boxes);
        put_info(&m.graph, 11, "i", NESCIO_I64, 1, n);
        put_info(&m.graph, 12, "y", NESCIO_F32, -1, NULL);
        if (read_model(ctx, &m, &bytes, &g) != NESCIO_OK)
            fail_msg("%s: %s", cases[i].op, nescio_ctx_message(ctx));
        assert_string_equal(nescio_node_string(g->first, cases[i].attr, "?"), cases[i].is);
        if (resize)
            assert_string_equal(nescio_node_string(g->first, "coordinate_transformation_mode", "?"),
                                "half_pixel");
        nescio_graph_free(g);
        nescio_buffer_free(&bytes);
    }
}

/* The attribute of an old Clip is the constant input of the new one. */
static void attributes_become_inputs(void **state)
{
    builder m = {.opset = 6};
    nescio_buffer a = {0}, bytes;
    nescio_graph *g;

    (void)state;
    put_float_attr(&a, "max", 6);
    put_node(&m.graph, 1, "Clip", "", "x", "y", &a);
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
    put_info(&m.graph, 12, "y", NESCIO_F32, 2, two_three);
    assert_int_equal(read_model(ctx, &m, &bytes, &g), NESCIO_OK);
    assert_int_equal(g->first->n_inputs, 3);
    assert_null(g->first->inputs[1]);
    assert_true(*(const float *)g->first->inputs[2]->constant->data == 6);
    nescio_graph_free(g);
    nescio_buffer_free(&bytes);
}

static void initializers_win_over_inputs(void **state)
{
    const float w[] = {1, 2, 3};
    const int64_t three[] = {3};
    builder m = {.ir = 3, .opset = 9};
    nescio_buffer bytes;
    nescio_graph *g;

    (void)state;
    put_node(&m.graph, 1, "Identity", "", "w", "alias", NULL); /* torch's shared parameters */
    put_node(&m.graph, 1, "Add", "", "x alias", "y", NULL);
    put_floats(&m.graph, "w", w, 3);
    put_floats(&m.graph, "unused", w, 3);
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, batch);
    put_info(&m.graph, 11, "w", NESCIO_F32, 1, three);
    put_info(&m.graph, 12, "y", NESCIO_F32, 2, batch);
    assert_int_equal(read_model(ctx, &m, &bytes, &g), NESCIO_OK);
    assert_int_equal(g->n_inputs, 1);
    assert_null(nescio_graph_find(g, "unused"));
    assert_memory_equal(nescio_graph_find(g, "w")->constant->data, w, sizeof w);
    assert_string_equal(g->outputs[0]->shape.symbol[0], "N");
    nescio_graph_free(g);
    nescio_buffer_free(&bytes);
}

static void dims_are_bound(void **state)
{
    const nescio_onnx_dim seven = {"N", 7}, unknown = {"M", 7};
    nescio_onnx_options options = {&seven, 1};
    builder m = {.opset = 13};
    nescio_buffer bytes;
    nescio_graph *g;

    (void)state;
    put_node(&m.graph, 1, "Relu", "", "x", "y", NULL);
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, batch);
    put_info(&m.graph, 12, "y", NESCIO_F32, 2, batch);
    finish_model(&m, &bytes);
    assert_int_equal(nescio_onnx_parse(ctx, bytes.data, bytes.bytes, NULL, &options, &g),
                     NESCIO_OK);
    assert_int_equal(g->outputs[0]->shape.dims[0], 7);
    nescio_graph_free(g);
    options.dims = &unknown;
    assert_int_equal(nescio_onnx_parse(ctx, bytes.data, bytes.bytes, NULL, &options, &g),
                     NESCIO_E_ARG);
    assert_non_null(strstr(nescio_ctx_message(ctx), "'M'"));
    nescio_buffer_free(&bytes);
}

/* f(a, b) = Elu<alpha = slope>(a) + b, called with slope given and with its default. */
static void functions_are_inlined(void **state)
{
    builder m = {.opset = 18};
    nescio_buffer f = {0}, o = {0}, a = {0}, d = {0}, bytes;
    nescio_graph *g;
    char text[64];

    (void)state;
    nescio_wire_put_text(&f, 1, "F");
    put_text_list(&f, 4, "a b");
    put_text_list(&f, 5, "c");
    nescio_wire_put_text(&f, 10, "my");
    put_ref_attr(&a, "alpha", "slope", 1);
    put_node(&f, 7, "Elu", "", "a", "e", &a);
    put_node(&f, 7, "Add", "", "e b", "c", NULL);
    nescio_wire_put_int(&o, 2, 13);
    nescio_wire_put_message(&f, 9, &o);
    nescio_wire_put_text(&d, 1, "slope");
    nescio_wire_put_float(&d, 2, 0.25f);
    nescio_wire_put_int(&d, 20, 1);
    nescio_wire_put_message(&f, 11, &d);
    nescio_wire_put_message(&m.functions, 25, &f);
    put_float_attr(&a, "slope", 0.5f);
    put_node(&m.graph, 1, "F", "my", "x x", "e", &a);
    put_node(&m.graph, 1, "F", "my", "e x", "y", NULL);
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
    put_info(&m.graph, 12, "y", NESCIO_F32, 2, two_three);
    if (read_model(ctx, &m, &bytes, &g) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    assert_string_equal(ops_of(g, text, sizeof text), "Elu Add Elu Add");
    assert_true(nescio_node_float(g->first, "alpha", 0) == 0.5);
    assert_true(nescio_node_float(g->first->next->next, "alpha", 0) == 0.25);
    assert_string_equal(g->outputs[0]->name, "y");
    nescio_graph_free(g);
    nescio_buffer_free(&bytes);
}

/* A function that calls itself, and one that calls two of the next, thirty deep. */
static void runaway_functions_are_refused(void **state)
{
    builder m = {.opset = 18};
    nescio_buffer bytes;
    nescio_graph *g;

    (void)state;
    for (int i = 0; i < 31; i++) {
        nescio_buffer f = {0}, o = {0};
        char name[16], next[16];

        snprintf(name, sizeof name, "F%d", i);
        snprintf(next, sizeof next, "F%d", i + 1);
        nescio_wire_put_text(&f, 1, name);
        put_text_list(&f, 4, "a");
        put_text_list(&f, 5, "c");
        nescio_wire_put_text(&f, 10, "my");
        put_node(&f, 7, i < 30 ? next : "Identity", i < 30 ? "my" : "", "a", "b", NULL);
        put_node(&f, 7, i < 30 ? next : "Identity", i < 30 ? "my" : "", "b", "c", NULL);
        nescio_wire_put_int(&o, 2, 13);
        nescio_wire_put_message(&f, 9, &o);
        nescio_wire_put_message(&m.functions, 25, &f);
    }
    put_node(&m.graph, 1, "F0", "my", "x", "y", NULL);
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
    put_info(&m.graph, 12, "y", NESCIO_F32, 2, two_three);
    assert_int_equal(read_model(ctx, &m, &bytes, &g), NESCIO_E_FORMAT);
    nescio_buffer_free(&bytes);

    m = (builder){.opset = 18};
    {
        nescio_buffer f = {0};

        nescio_wire_put_text(&f, 1, "F");
        put_text_list(&f, 4, "a");
        put_text_list(&f, 5, "c");
        put_node(&f, 7, "F", "", "a", "c", NULL);
        nescio_wire_put_message(&m.functions, 25, &f);
    }
    put_node(&m.graph, 1, "F", "", "x", "y", NULL);
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
    put_info(&m.graph, 12, "y", NESCIO_F32, 2, two_three);
    assert_int_equal(read_model(ctx, &m, &bytes, &g), NESCIO_E_FORMAT);
    assert_non_null(strstr(nescio_ctx_message(ctx), "deeper than 48"));
    nescio_buffer_free(&bytes);
}

/* y = c ? -x : relu(x), the branches using one name for different things. */
static void put_branches(nescio_buffer *graph, const char *condition)
{
    nescio_buffer yes = {0}, no = {0}, a = {0};

    put_node(&yes, 1, "Neg", "", "x", "out", NULL);
    put_info(&yes, 12, "out", NESCIO_F32, -1, NULL);
    put_node(&no, 1, "Relu", "", "x", "out", NULL);
    put_info(&no, 12, "out", NESCIO_F32, -1, NULL);
    put_graph_attr(&a, "then_branch", &yes);
    put_graph_attr(&a, "else_branch", &no);
    put_node(graph, 1, "If", "", condition, "y", &a);
}

static void branches_are_kept_or_taken(void **state)
{
    for (int constant = 0; constant < 2; constant++) {
        builder m = {.opset = 16};
        nescio_buffer bytes, a = {0};
        nescio_graph *g;
        char text[64];

        (void)state;
        if (constant) {
            put_int_attr(&a, "value_int", 1);
            put_node(&m.graph, 1, "Constant", "", "", "one", &a);
            put_int_attr(&a, "to", NESCIO_BOOL);
            put_node(&m.graph, 1, "Cast", "", "one", "c", &a);
        }
        put_branches(&m.graph, "c");
        put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
        if (!constant)
            put_info(&m.graph, 11, "c", NESCIO_BOOL, 0, NULL);
        put_info(&m.graph, 12, "y", NESCIO_F32, 2, two_three);
        if (read_model(ctx, &m, &bytes, &g) != NESCIO_OK)
            fail_msg("%s", nescio_ctx_message(ctx));
        assert_string_equal(ops_of(g, text, sizeof text), constant ? "Cast Neg" : "If");
        assert_string_equal(g->outputs[0]->name, "y");
        assert_true(g->outputs[0]->shape.rank == 2 && g->outputs[0]->shape.dims[1] == 3);
        nescio_graph_free(g);
        nescio_buffer_free(&bytes);
    }
}

/* XGBoost's files import only ai.onnx.ml; skl2onnx ends in a ZipMap. */
static void classical_models_are_read(void **state)
{
    const int64_t labels[] = {4, 9};
    builder m = {.opset_ml = 1};
    nescio_buffer bytes, a = {0}, f = {0};
    nescio_graph *g;

    (void)state;
    put_ints_attr(&a, "classlabels_ints", labels, 2);
    nescio_wire_put_text(&f, 1, "coefficients");
    for (int i = 0; i < 6; i++)
        nescio_wire_put_float(&f, 7, (float)i);
    nescio_wire_put_int(&f, 20, 6);
    nescio_wire_put_message(&a, 5, &f);
    put_node(&m.graph, 1, "LinearClassifier", "ai.onnx.ml", "x", "label scores", &a);
    put_node(&m.graph, 1, "ZipMap", "ai.onnx.ml", "scores", "probabilities", NULL);
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, batch);
    put_info(&m.graph, 12, "label", NESCIO_I64, -1, NULL);
    put_info(&m.graph, 12, "probabilities", NESCIO_F32, -1, NULL);
    if (read_model(ctx, &m, &bytes, &g) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    assert_string_equal(g->outputs[1]->name, "probabilities");
    assert_int_equal(g->outputs[1]->shape.dims[1], 2);
    assert_int_equal(g->outputs[0]->dtype, NESCIO_I64);
    nescio_graph_free(g);
    nescio_buffer_free(&bytes);
}

static void unknown_operators_are_listed(void **state)
{
    builder m = {.opset = 13};
    nescio_buffer bytes, a = {0};
    nescio_graph *g;

    (void)state;
    put_node(&m.graph, 1, "Frobnicate", "", "x", "a", NULL);
    put_node(&m.graph, 1, "Relu", "", "a", "b", NULL);
    put_node(&m.graph, 1, "Blur", "org.example", "b", "c", NULL);
    for (int i = 0; i < 5; i++) {
        char out[16];

        snprintf(out, sizeof out, "f%d", i);
        put_node(&m.graph, 1, "Frobnicate", "", "c", out, NULL);
    }
    put_int_attr(&a, "fancy", 1);
    put_node(&m.graph, 1, "Relu", "", "c", "d", &a);
    put_node(&m.graph, 1, "Gelu", "", "c", "e", NULL); /* came with opset 20 */
    put_int_attr(&a, "training_mode", 1);
    put_node(&m.graph, 1, "BatchNormalization", "", "x x x x x", "y", &a);
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
    put_info(&m.graph, 12, "y", NESCIO_F32, 2, two_three);
    assert_int_equal(read_model(ctx, &m, &bytes, &g), NESCIO_E_UNSUPPORTED);
    assert_null(g);
    assert_string_equal(
        nescio_ctx_message(ctx),
        "10 unsupported nodes: Frobnicate (ai.onnx 13): 'a', 'f0', 'f1' and 3 more; "
        "Blur (org.example): 'c'; Relu (ai.onnx 13; attribute 'fancy'): 'd'; "
        "Gelu (ai.onnx 13; not in this opset): 'e'; "
        "BatchNormalization (ai.onnx 13; training mode): 'y'");
    nescio_buffer_free(&bytes);
}

/* The model must be refused with these words. */
static void refuses(builder *m, nescio_status st, const char *words)
{
    nescio_buffer bytes;
    nescio_graph *g;

    assert_int_equal(read_model(ctx, m, &bytes, &g), st);
    assert_null(g);
    if (!strstr(nescio_ctx_message(ctx), words))
        fail_msg("'%s' lacks '%s'", nescio_ctx_message(ctx), words);
    nescio_buffer_free(&bytes);
    *m = (builder){0};
}

static void wrong_models_are_refused(void **state)
{
    builder m = {.opset = 28};
    nescio_graph *g;

    (void)state;
    refuses(&m, NESCIO_E_UNSUPPORTED, "opset 28; 1 to 27");
    m = (builder){.opset = 13, .ir = 99};
    refuses(&m, NESCIO_E_UNSUPPORTED, "IR version 99");
    m = (builder){.opset = 13};
    refuses(&m, NESCIO_E_FORMAT, "no outputs");
    m = (builder){.opset = 13};
    put_node(&m.graph, 1, "Relu", "", "z", "y", NULL);
    refuses(&m, NESCIO_E_FORMAT, "nothing above makes its input 'z'");
    m = (builder){.opset = 13};
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
    put_node(&m.graph, 1, "Relu", "", "x", "x", NULL);
    refuses(&m, NESCIO_E_FORMAT, "already makes its output 'x'");
    m = (builder){.opset = 13};
    put_info(&m.graph, 11, "x", 17, 2, two_three);
    refuses(&m, NESCIO_E_UNSUPPORTED, "float8e4m3fn");
    m = (builder){.opset = 13};
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
    refuses(&m, NESCIO_E_FORMAT, "two inputs 'x'");
    m = (builder){.opset = 13};
    put_info(&m.graph, 11, "x", NESCIO_F32, 2, two_three);
    put_node(&m.graph, 1, "Relu", "", "x x", "y", NULL);
    refuses(&m, NESCIO_E_FORMAT, "2 inputs");
    assert_int_equal(nescio_onnx_parse(ctx, "", 0, NULL, NULL, &g), NESCIO_E_FORMAT);
    assert_int_equal(nescio_onnx_read(ctx, "/nonexistent/m.onnx", NULL, &g), NESCIO_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_versions_become_canonical),
        cmocka_unit_test(old_modes_become_new),
        cmocka_unit_test(attributes_become_inputs),
        cmocka_unit_test(initializers_win_over_inputs),
        cmocka_unit_test(dims_are_bound),
        cmocka_unit_test(functions_are_inlined),
        cmocka_unit_test(runaway_functions_are_refused),
        cmocka_unit_test(branches_are_kept_or_taken),
        cmocka_unit_test(classical_models_are_read),
        cmocka_unit_test(unknown_operators_are_listed),
        cmocka_unit_test(wrong_models_are_refused),
    };

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
