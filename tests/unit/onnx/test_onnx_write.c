/* SPDX-License-Identifier: Apache-2.0
 * Writing: what is written reads back as the same graph. */
#include "model_builder.h"
#include "sample_graphs.h"

#include <sys/stat.h>

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

static nescio_graph *parse(const char *text)
{
    nescio_graph *g;

    if (nescio_graph_parse(ctx, text, strlen(text), &g) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    return g;
}

/* onnxruntime refuses a file with two nodes of one name; passes make such graphs. */
static void names_of_nodes_do_not_repeat(void **state)
{
    static const char *const names[3] = {"twin", "other", "twin"};
    const nescio_shape shape = {.rank = 1, .dims = {3}};
    nescio_graph *g = NULL, *back = NULL;
    nescio_buffer file = {0};
    nescio_value *v;

    (void)state;
    assert_int_equal(nescio_graph_new(ctx, NULL, "twins", &g), NESCIO_OK);
    v = nescio_graph_value(g, "x", NESCIO_F32, &shape);
    assert_int_equal(nescio_graph_add_input(g, v), NESCIO_OK);
    for (int i = 0; i < 3; i++) {
        nescio_node *node = nescio_graph_node(g, NULL, NESCIO_OP_RELU, names[i], 1, 1);

        node->inputs[0] = v;
        v = nescio_graph_value(g, "y", NESCIO_F32, &shape);
        nescio_node_set_output(node, 0, v);
    }
    assert_int_equal(nescio_graph_add_output(g, v), NESCIO_OK);
    assert_int_equal(nescio_onnx_write_buffer(ctx, g, &file), NESCIO_OK);
    assert_int_equal(nescio_onnx_parse(ctx, file.data, file.bytes, NULL, NULL, &back), NESCIO_OK);
    assert_string_equal(back->first->name, "twin");
    assert_string_equal(back->first->next->name, "other");
    assert_string_not_equal(back->last->name, "twin");
    assert_ptr_equal(back->last, back->first->next->next);
    nescio_buffer_free(&file);
    nescio_graph_free(back);
    nescio_graph_free(g);
}

/* Constants are in the order of their use after reading, so texts are compared after one turn
 * through a file. */
static void graphs_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sample_graphs / sizeof *sample_graphs; i++) {
        nescio_graph *g = parse(sample_graphs[i]);
        nescio_buffer files[2], texts[2] = {{0}};

        for (int turn = 0; turn < 2; turn++) {
            nescio_graph *back;

            assert_int_equal(nescio_onnx_write_buffer(ctx, g, &files[turn]), NESCIO_OK);
            if (nescio_onnx_parse(ctx, files[turn].data, files[turn].bytes, NULL, NULL, &back) !=
                NESCIO_OK)
                fail_msg("sample %zu: %s", i, nescio_ctx_message(ctx));
            assert_int_equal(back->n_inputs, g->n_inputs);
            assert_int_equal(back->n_outputs, g->n_outputs);
            nescio_graph_free(g);
            g = back;
            assert_int_equal(nescio_graph_print(ctx, g, 0, &texts[turn]), NESCIO_OK);
            nescio_write_u8(&texts[turn], 0);
        }
        assert_string_equal((char *)texts[0].data, (char *)texts[1].data);
        nescio_graph_free(g);
        for (int turn = 0; turn < 2; turn++) {
            nescio_buffer_free(&files[turn]);
            nescio_buffer_free(&texts[turn]);
        }
    }
}

static void files_are_owned_by_graphs(void **state)
{
    char folder[64];
    nescio_graph *g = parse(sample_graphs[0]), *back;

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_onnx_write(ctx, g, "m.onnx"), NESCIO_OK);
    assert_int_equal(nescio_onnx_read(ctx, "m.onnx", NULL, &back), NESCIO_OK);
    assert_int_equal(unlink("m.onnx"), 0); /* the mapping stays */
    assert_memory_equal(nescio_graph_find(back, "w")->constant->data,
                        nescio_graph_find(g, "w")->constant->data, 24);
    nescio_graph_free(back);
    assert_int_equal(nescio_onnx_write(ctx, g, "absent/m.onnx"), NESCIO_E_IO);
    nescio_graph_free(g);
    test_leave_folder(folder);
}

/* The second factor of a graph's first node becomes a constant of some bytes. */
static void set_weight(nescio_graph *g, nescio_dtype dtype, int64_t n, uint8_t step)
{
    nescio_tensor t;

    assert_int_equal(nescio_tensor_new(ctx, &t, dtype, 1, &n), NESCIO_OK);
    for (size_t k = 0; k < (size_t)n * nescio_dtype_bytes(dtype); k++)
        ((uint8_t *)t.data)[k] = (uint8_t)(step * k);
    g->first->inputs[1] = nescio_graph_constant(g, "w", &t, false);
    assert_non_null(g->first->inputs[1]);
    nescio_tensor_free(&t);
}

static nescio_graph *body_of(const nescio_graph *g)
{
    return nescio_node_attr(g->last, "then_branch")->g;
}

/* Weights of 2400 and, in a body, 1032 bytes, and a small one. */
static nescio_graph *parse_with_weights(void)
{
    nescio_graph *const g = parse(
        "<opset_import: [\"\" : 21]> g (float[N,20] x, bool c) => (float[N,20] y) <float k = {2},"
        " double z = {0.5}> { unused = Mul (k, k)  y = If <then_branch = a () => (float[N,20] p)"
        " { q = Mul (z, z)  p = Mul (x, k) }, else_branch = b () => (float[N,20] n)"
        " { n = Neg (x) }> (c) }");

    set_weight(g, NESCIO_F32, 600, 31);
    set_weight(body_of(g), NESCIO_F64, 129, 7);
    return g;
}

static const void *weight_of(const nescio_graph *g)
{
    return g->first->inputs[1]->constant->data;
}

static size_t file_bytes(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return (size_t)info.st_size;
}

static void weights_apart_read_back(void **state)
{
    char folder[64];
    nescio_graph *const g = parse_with_weights();
    nescio_graph *back;

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_onnx_write_apart(ctx, g, "./m.onnx"), NESCIO_OK);
    assert_true(file_bytes("m.onnx") < 1024);
    /* The body's, then the graph's from the next multiple of 64. */
    assert_int_equal(file_bytes("m.onnx.data"), 1032 + 56 + 2400);
    assert_int_equal(nescio_onnx_read(ctx, "m.onnx", NULL, &back), NESCIO_OK);
    assert_memory_equal(weight_of(back), weight_of(g), 2400);
    assert_memory_equal(weight_of(body_of(back)), weight_of(body_of(g)), 1032);
    assert_true(*(float *)nescio_graph_find(back, "k")->constant->data == 2);
    nescio_graph_free(back);
    assert_int_equal(unlink("m.onnx.data"), 0);
    assert_int_equal(nescio_onnx_read(ctx, "m.onnx", NULL, &back), NESCIO_E_IO);
    assert_int_equal(unlink("m.onnx"), 0);
    assert_int_equal(nescio_onnx_write_apart(ctx, g, "absent/m.onnx"), NESCIO_E_IO);
    nescio_graph_free(g);
    test_leave_folder(folder);
}

static void trees_of_two_ages_do_not_mix(void **state)
{
    nescio_graph *const g =
        parse("<opset_import: [\"\" : 21, \"ai.onnx.ml\" : 5]> g (float[N,2] x) => (float[N,1] y) {"
              " t = ai.onnx.ml.TreeEnsemble (x)  y = ai.onnx.ml.TreeEnsembleRegressor (t) }");
    nescio_buffer b;

    (void)state;
    assert_int_equal(nescio_onnx_write_buffer(ctx, g, &b), NESCIO_E_UNSUPPORTED);
    assert_null(b.data);
    nescio_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_nodes_do_not_repeat), cmocka_unit_test(graphs_round_trip),
        cmocka_unit_test(files_are_owned_by_graphs),    cmocka_unit_test(weights_apart_read_back),
        cmocka_unit_test(trees_of_two_ages_do_not_mix),
    };

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
