/* SPDX-License-Identifier: Apache-2.0
 * The pipeline from a file to a package: the same bytes each time, stages told in order, and
 * nothing written when it fails. */
#include "compile/compile.h"
#include "support.h"

#define MODEL                                                                                      \
    "<ir_version: 10, opset_import: [\"\" : 21]>\n"                                                \
    "g (float[rows,2] x) => (float[rows,2] y) <\n"                                                 \
    "    float[2,2] w = {1.0, -1.0, 0.5, 2.0}> {\n"                                                \
    "    [\"product\"] h = MatMul (x, w)\n"                                                        \
    "    [\"relu\"] r = Relu (h)\n"                                                                \
    "    [\"again\"] y = MatMul (r, w)\n"                                                          \
    "}\n"
#define CIRCUIT                                                                                    \
    "circuit 1\n%x = input [1] in 0..3 { codes 0..3 scale [1] zero [0] }\n"                        \
    "%t = table(%x) [1] in 0..3 { exact first 0 step 1 entries 4 tables 1 values [3 1 0 2] }\n"    \
    "%y = output(%t) [1] in 0..3 { codes 0..3 scale [1] zero [0] }\n"

static char folder[64];
static nescio_ctx *ctx;

static void expect_ok(nescio_status st)
{
    if (st != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
}

static int enter(void **state)
{
    nescio_graph *graph = NULL;
    FILE *f;

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    expect_ok(nescio_graph_parse(ctx, MODEL, sizeof MODEL - 1, &graph));
    expect_ok(nescio_onnx_write(ctx, graph, "model.onnx"));
    nescio_graph_free(graph);
    f = fopen("table.circuit", "wb");
    assert_true(f && fwrite(CIRCUIT, 1, sizeof CIRCUIT - 1, f) == sizeof CIRCUIT - 1);
    assert_int_equal(fclose(f), 0);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    assert_int_equal(unlink("model.onnx"), 0);
    assert_int_equal(unlink("table.circuit"), 0);
    test_leave_folder(folder);
    return 0;
}

/* Stages as they were told, each behind a '>'. */
static void note_stage(const char *stage, const char *text, size_t bytes, void *user)
{
    char *const told = user;

    assert_true(bytes > 0 && !memchr(text, '\0', bytes));
    assert_true(strlen(told) + strlen(stage) + 2 < 4096);
    strcat(strcat(told, ">"), stage);
}

/* Compiles `path` into out.nescio; stages go to `told` when it is given. */
static nescio_status compile(const char *path, const char *dump_after, char *told)
{
    float rows[8] = {0.0f, 1.0f, -1.0f, 0.5f, 2.0f, -0.25f, 0.75f, -2.0f};
    nescio_compile_settings settings = {.quant = nescio_quant_options_default(),
                                        .dump_after = dump_after,
                                        .dump = told ? note_stage : NULL,
                                        .dump_user = told};
    nescio_source source = {0};
    nescio_tensor calibration;
    nescio_status st = nescio_source_read(ctx, path, NULL, &source);

    expect_ok(nescio_tensor_shape(ctx, &calibration, NESCIO_F32, 2, (int64_t[]){4, 2}));
    calibration.data = rows;
    if (st == NESCIO_OK)
        st = nescio_compile_source(ctx, &source, source.graph ? &calibration : NULL, &settings,
                                   "out.nescio");
    nescio_source_free(&source);
    return st;
}

static nescio_file read_out(void)
{
    nescio_file file = {0};

    expect_ok(nescio_file_open(ctx, &file, "out.nescio"));
    assert_int_equal(unlink("out.nescio"), 0); /* stays mapped */
    return file;
}

static void same_bytes(void **state)
{
    static const char *const paths[] = {"model.onnx", "table.circuit"};
    char told[4096] = "";

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        nescio_file a, b;

        expect_ok(compile(paths[i], NULL, NULL));
        a = read_out();
        expect_ok(compile(paths[i], "all", told)); /* looking changes nothing */
        b = read_out();
        assert_int_equal(a.bytes, b.bytes);
        assert_memory_equal(a.data, b.data, a.bytes);
        nescio_file_close(&a);
        nescio_file_close(&b);
    }
}

/* That `told` has these stages in this order, others between them. */
static void expect_stages(const char *told, const char *const *stages, size_t n)
{
    const char *at = told;

    for (size_t i = 0; i < n; i++) {
        const char *const found = strstr(at, stages[i]);

        if (!found)
            fail_msg("no %s after the stages before it: %s", stages[i], told);
        at = found + 1;
    }
}

static void stages_in_order(void **state)
{
    static const char *const model[] = {">import", ">clean",    ">head", ">body",
                                        ">tail",   ">quantize", ">plan"};
    static const char *const circuit[] = {">plan"};
    char told[4096] = "";

    (void)state;
    expect_ok(compile("model.onnx", "all", told));
    expect_stages(told, model, sizeof model / sizeof *model);
    assert_int_equal(unlink("out.nescio"), 0);
    *told = 0;
    expect_ok(compile("table.circuit", "all", told));
    expect_stages(told, circuit, 1);
    assert_null(strstr(told, ">import"));
    assert_int_equal(unlink("out.nescio"), 0);
    *told = 0;
    expect_ok(compile("model.onnx", "quantize", told));
    assert_string_equal(told, ">quantize");
    assert_int_equal(unlink("out.nescio"), 0);
}

static void expect_refused(nescio_status st, nescio_status code, const char *words)
{
    assert_int_equal(st, code);
    if (!strstr(nescio_ctx_message(ctx), words))
        fail_msg("'%s' does not say '%s'", nescio_ctx_message(ctx), words);
    assert_int_not_equal(access("out.nescio", F_OK), 0);
}

static void refusals(void **state)
{
    const nescio_onnx_dim dim = {"rows", 3};
    const nescio_onnx_options dims = {&dim, 1};
    const nescio_compile_settings settings = {.quant = nescio_quant_options_default()};
    nescio_source source = {0};
    char told[4096] = "";

    (void)state;
    expect_refused(compile("model.onnx", "quantise", told), NESCIO_E_ARG, "no stage 'quantise'");
    expect_refused(compile("table.circuit", "clean", told), NESCIO_E_ARG, "no stage 'clean'");
    expect_refused(compile("missing.onnx", NULL, NULL), NESCIO_E_IO, "missing.onnx");
    expect_refused(compile("missing.circuit", NULL, NULL), NESCIO_E_IO, "missing.circuit");
    expect_refused(nescio_source_read(ctx, "table.circuit", &dims, &source), NESCIO_E_ARG,
                   "'rows'");
    expect_ok(nescio_source_read(ctx, "model.onnx", NULL, &source));
    expect_refused(nescio_compile_source(ctx, &source, NULL, &settings, "out.nescio"), NESCIO_E_ARG,
                   "calibration");
    nescio_source_free(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bytes),
                                       cmocka_unit_test(stages_in_order),
                                       cmocka_unit_test(refusals)};

    return cmocka_run_group_tests(tests, enter, leave);
}
