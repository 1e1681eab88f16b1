/* SPDX-License-Identifier: Apache-2.0
 * Writing: what is written reads back as the same graph. */
#include "model_builder.h"
#include "sample_graphs.h"

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
        cmocka_unit_test(graphs_round_trip),
        cmocka_unit_test(files_are_owned_by_graphs),
        cmocka_unit_test(trees_of_two_ages_do_not_mix),
    };

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
