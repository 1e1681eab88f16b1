/* SPDX-License-Identifier: Apache-2.0
 * Every failure of memory and files while a circuit and a small network are compiled: the right
 * status, nothing leaks, no package is left that was not finished. */
#include "../unit/plan/plan_by_hand.h"
#include "compile/compile.h"
#include "fail_at.h"
#include "onnx/onnx.h"
#include "support.h"

static char folder[64];
static nescio_ctx *calm; /* for what surrounds the cases */
static nescio_tfhe_params toy;

static void expect_ok(nescio_status st)
{
    if (st != NESCIO_OK)
        fail_msg("%s: %s", nescio_status_name(st), nescio_ctx_message(calm));
}

static const char circuit_text[] =
    "circuit 1\n"
    "%x = input [3] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
    "%a = linear(%x) [2] in 0..12 { dense [1 2 1 0 1 1] bias [0 0] }\n"
    "%y = output(%a) [2] in 0..12 { codes 0..12 scale [1] zero [0] }\n";

static const char network_text[] =
    "<ir_version: 10, opset_import: [\"\" : 21]>\n"
    "net (float[rows,3] x) => (float[rows,2] y) <\n"
    "  float[2,3] w = {0.5, -1.0, 0.25, 1.0, 0.75, -0.5}, float[2] b = {0.125, -0.25}> {\n"
    "  h = Gemm <transB = 1> (x, w, b)\n"
    "  y = Softmax <axis = -1> (h)\n"
    "}\n";

static void write_inputs(void)
{
    const nescio_piece text = {circuit_text, sizeof circuit_text - 1};
    nescio_graph *graph = NULL;

    expect_ok(nescio_file_write(calm, "c.txt", 0644, &text, 1));
    expect_ok(nescio_graph_parse(calm, network_text, sizeof network_text - 1, &graph));
    expect_ok(nescio_graph_infer(calm, graph));
    expect_ok(nescio_onnx_write(calm, graph, "n.onnx"));
    nescio_graph_free(graph);
}

static int enter(void **state)
{
    (void)state;
    test_enter_folder(folder);
    expect_ok(nescio_ctx_new(&calm));
    toy = params_by_hand();
    toy.glwe_noise_log = 17;
    write_inputs();
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_ctx_free(calm);
    assert_int_equal(unlink("c.txt") | unlink("n.onnx"), 0);
    test_leave_folder(folder);
    return 0;
}

static nescio_status compile(nescio_ctx *ctx, void *path)
{
    static const float calibration[4][3] = {{0, 0, 0}, {1, 1, 1}, {1, 0, 1}, {0, 1, 0.5f}};
    const nescio_compile_settings settings = {.quant = nescio_quant_options_default(),
                                              .params = {.params = &toy, .toy = true}};
    const int64_t dims[] = {4, 3};
    nescio_tensor rows;
    nescio_source source;
    nescio_status st;

    expect_ok(nescio_tensor_shape(NULL, &rows, NESCIO_F32, 2, dims));
    rows.data = (void *)(uintptr_t)calibration;
    st = nescio_source_read(ctx, path, NULL, &source);
    if (st == NESCIO_OK)
        st = nescio_compile_source(ctx, &source, &rows, &settings, "m.nescio");
    nescio_source_free(&source);
    fail_at_rest();
    assert_int_equal(st == NESCIO_OK, access("m.nescio", F_OK) == 0);
    unlink("m.nescio");
    return st;
}

/* Reading: the close. Writing: the folder's open, fsync and close are best effort. */
enum { READ_AND_WRITE = 1 + 3 };

static void circuits(void **state)
{
    char path[] = "c.txt";

    (void)state;
    fail_at_every(FAIL_ALLOC, 0, compile, path);
    fail_at_every(FAIL_FILE, READ_AND_WRITE, compile, path);
}

static void networks(void **state)
{
    char path[] = "n.onnx";

    (void)state;
    fail_at_every(FAIL_ALLOC, 0, compile, path);
    fail_at_every(FAIL_FILE, READ_AND_WRITE, compile, path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(circuits), cmocka_unit_test(networks)};

    return cmocka_run_group_tests(tests, enter, leave);
}
