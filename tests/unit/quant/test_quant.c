/* SPDX-License-Identifier: Apache-2.0
 * Quantization against the float executor: models of every kind with fine integers must come close,
 * with default ones near; what cannot be computed is named; the same input gives the same bytes. */
#include "quant_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nescio_ctx *ctx;

#define FINE_ERROR .004 /* allowed with fine integers, of the outputs' standard deviation */

static const struct {
    const char *name;
    double coarse; /* error allowed with default integers */
    size_t tables; /* TABLE gates */
    const char *text;
} models[] = {
    {"relu network", .15, 2,
     "g (float[N,8] x) => (float[N,3] y) < @w1[8,12]*0.7, @b1[12]*0.5, @w2[12,9]*0.5, @b2[9]*0.3, "
     "@w3[9,3]*0.6 > {\n"
     " [fc1] a = Gemm (x, w1, b1)\n [relu1] b = Relu (a)\n [fc2] c = Gemm (b, w2, b2)\n [relu2] d "
     "= Relu (c)\n"
     " [fc3] y = MatMul (d, w3)\n}"},
    {"chain of functions and constants", .15, 1,
     "g (float[N,6] x) => (float[N,3] y) < @w1[6,10]*1, @b1[10]*0.5, @s[10]*2, @t[1,10]*1, "
     "@w2[10,3]*0.6 > {\n"
     " [fc1] a = Gemm (x, w1, b1)\n [sig] b = Sigmoid (a)\n [mul] c = Mul (s, b)\n [add] d = Add "
     "(c, t)\n"
     " [tanh] e = Tanh (d)\n [fc2] y = MatMul (e, w2)\n}"},
    {"branches that join: silu, shifted", .2, 1,
     "g (float[N,6] x) => (float[N,3] y) < @w1[6,10]*1.2, float k = {0.25}, @w2[10,3]*0.6 > {\n"
     " [fc1] a = MatMul (x, w1)\n [shift] b = Add (a, k)\n [sig] c = Sigmoid (b)\n [gate] d = Mul "
     "(a, c)\n"
     " [fc2] y = MatMul (d, w2)\n}"},
    {"selection by a constant", .2, 1,
     "g (float[N,6] x) => (float[N,3] y) < @w1[6,10]*1.2, float k = {0}, float h = {0.1}, "
     "@w2[10,3]*0.6 > {\n"
     " [fc1] a = MatMul (x, w1)\n [gt] b = Greater (a, k)\n [small] c = Mul (a, h)\n [where] d = "
     "Where (b, a, c)\n"
     " [fc2] y = MatMul (d, w2)\n}"},
    {"convolutions", .2, 1,
     "g (float[N,2,6,6] x) => (float[N,4] y) < @k[3,2,3,3]*0.4, @b[3]*0.3, @w[27,4]*0.4 > {\n"
     " [conv] a = Conv <pads = [1, 1, 1, 1]> (x, k, b)\n [relu] r = Relu (a)\n"
     " [pool] p = AveragePool <kernel_shape = [2, 2], strides = [2, 2]> (r)\n [flat] f = Flatten "
     "(p)\n"
     " [fc] y = MatMul (f, w)\n}"},
    {"groups, strides, dilations, batch normalization", .2, 1,
     "g (float[N,4,7,7] x) => (float[N,4,1,1] y) < @k[4,2,2,2]*0.7, float[4] s = {1, 0.5, -2, "
     "1.5}, @b[4]*0.3, @m[4]*0.2,\n"
     "   float[4] v = {1, 2, 0.5, 1}, float[4,1,1] h = {1, 2, 3, 4} > {\n"
     " [conv] a = Conv <group = 2, strides = [2, 1], dilations = [1, 2]> (x, k)\n"
     " [bn] n = BatchNormalization (a, s, b, m, v)\n [relu] r = Relu (n)\n [scale] q = Mul (r, h)\n"
     " [pool] y = GlobalAveragePool (q)\n}"},
    {"residual", .25, 2,
     "g (float[N,6] x) => (float[N,3] y) < @w1[6,6]*0.8, @w2[6,6]*0.6, @w3[6,3]*0.6 > {\n"
     " [fc1] a = MatMul (x, w1)\n [relu1] b = Relu (a)\n [fc2] c = MatMul (b, w2)\n [join] d = Add "
     "(c, a)\n"
     " [relu2] e = Relu (d)\n [fc3] y = MatMul (e, w3)\n}"},
    {"product of two encrypted tensors", .3, 2,
     "g (float[N,5] x) => (float[N,4] y) < @w1[5,4]*0.8, @w2[5,4]*0.8 > {\n"
     " [fc1] a = MatMul (x, w1)\n [fc2] b = MatMul (x, w2)\n [mul] y = Mul (a, b)\n}"},
    {"maximum and minimum", .3, 2,
     "g (float[N,5] x) => (float[N,4] y) < @w1[5,4]*0.8, @w2[5,4]*0.8, @w3[5,4]*0.8 > {\n"
     " [fc1] a = MatMul (x, w1)\n [fc2] b = MatMul (x, w2)\n [fc3] c = MatMul (x, w3)\n [max] d = "
     "Max (a, b)\n [min] y = Min (d, c)\n}"},
    {"moves of elements", .05, 0,
     "g (float[N,3,4] x, float[N,5] z) => (float[N,8] y) < int64[3] s = {1, 4, 3}, int64[1] one = "
     "{1}, int64[1] four = {4},\n"
     "   int64[2] i = {2, 0}, int64[2] f = {1, -1}, int64[4] p = {0, 0, 0, 2}, float k = {2.5}, "
     "@w[15,8]*0.5 > {\n"
     " [tr] a = Transpose <perm = [0, 2, 1]> (x)\n [sl] b = Slice (a, one, four, one)\n [ga] c = "
     "Gather <axis = 2> (b, i)\n"
     " [re] d = Flatten (c)\n [pad] o = Pad (d, p, k)\n [cat] e = Concat <axis = 1> (o, z)\n [neg] "
     "h = Neg (e)\n"
     " [red] r = ReduceSum <keepdims = 1> (z, one)\n [sq] q = Squeeze (r, one)\n [un] u = "
     "Unsqueeze (q, one)\n"
     " [mean] v = ReduceMean <keepdims = 1> (d, one)\n [all] m = Concat <axis = 1> (h, u, v)\n "
     "[fc] y = MatMul (m, w)\n}"},
    {"linear", .02, 0,
     "g (float[N,12] x) => (float[N,4] y) < @w[4,12]*0.8, @b[4]*3 > {\n"
     " [fc] y = Gemm <transB = 1, alpha = 0.5, beta = 2.0> (x, w, b)\n}"},
    {"a function as answer", .15, 1,
     "g (float[N,6] x) => (float[N,3] y, float[N,3] z) < @w[6,3]*1.5 > {\n"
     " [fc] a = MatMul (x, w)\n [sig] y = Sigmoid (a)\n [abs] z = Identity (a)\n}"},
    {"no plateau", .3, 1,
     "g (float[N,6] x) => (float[N,3] y) < @w1[6,10]*1.2, @w2[10,3]*0.6 > {\n"
     " [fc1] a = MatMul (x, w1)\n [sq] b = Mul (a, a)\n [fc2] y = MatMul (b, w2)\n}"},
    {"a function of the input itself", .2, 1,
     "g (float[N,6] x) => (float[N,3] y) < float lo = {-0.5}, float hi = {0.5}, @w[6,3]*0.6 > {\n"
     " [clip] a = Clip (x, lo, hi)\n [fc] y = MatMul (a, w)\n}"},
};

static size_t count_tables(const nescio_circuit *c)
{
    size_t n = 0;

    for (size_t g = 0; g < c->n_gates; g++)
        n += c->gates[g]->op == NESCIO_GATE_TABLE;
    return n;
}

static nescio_status quantize(const nescio_graph *graph, const nescio_tensor *rows,
                              const nescio_quant_options *o, nescio_circuit **c,
                              nescio_quant_report *report)
{
    const nescio_tensor *in[8];

    for (size_t i = 0; i < graph->n_inputs; i++)
        in[i] = &rows[i];
    return nescio_quantize_graph(ctx, graph, in, o, c, report);
}

static double error_of(size_t i, uint64_t seed, const nescio_quant_options *o, bool fine)
{
    nescio_graph *const graph = quant_model(ctx, models[i].text, seed);
    nescio_tensor *const calibration = quant_rows(ctx, graph, 300, seed + 1), *const rows =
                                                                                  quant_rows(
                                                                                      ctx, graph,
                                                                                      100,
                                                                                      seed + 2);
    nescio_quant_report report;
    nescio_buffer text = {0};
    nescio_circuit *c;

    if (quantize(graph, calibration, o, &c, &report) != NESCIO_OK)
        fail_msg("%s, seed %llu: %s", models[i].name, (unsigned long long)seed,
                 nescio_ctx_message(ctx));
    assert_int_equal(nescio_circuit_verify(ctx, c), NESCIO_OK);
    if (count_tables(c) != models[i].tables)
        fail_msg("%s: %zu tables, not %zu", models[i].name, count_tables(c), models[i].tables);
    assert_int_equal(nescio_quant_report_print(ctx, &report, &text), NESCIO_OK);
    for (size_t k = 0; k < report.n_layers; k++)
        assert_true(report.layers[k].out_of_range < 0.02 && report.layers[k].norm_max > 0);
    nescio_buffer_free(&text);
    nescio_quant_report_free(&report);
    /* Fine integers are asked for what calibration saw, where nothing is clipped; default ones for
     * rows that it did not. */
    const double error = quant_error(ctx, graph, c, fine ? calibration : rows);
    nescio_circuit_free(c);
    quant_rows_free(calibration, graph);
    quant_rows_free(rows, graph);
    nescio_graph_free(graph);
    return error;
}

static void fine_integers_come_close(void **state)
{
    nescio_quant_options o = nescio_quant_options_default();

    (void)state;
    o.input_bits = 12;
    o.weight_bits = 12;
    o.clip = 1;
    o.cover = 1;
    o.cells = 16384;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            const double error = error_of(i, seed, &o, true);
            if (!(error < FINE_ERROR))
                fail_msg("%s, seed %llu: error %.4f, at most %.4f", models[i].name,
                         (unsigned long long)seed, error, FINE_ERROR);
        }
    }
}

static void default_integers_come_near(void **state)
{
    const nescio_quant_options o = nescio_quant_options_default();

    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            const double error = error_of(i, seed, &o, false);
            if (!(error < models[i].coarse))
                fail_msg("%s, seed %llu: error %.4f, at most %.4f", models[i].name,
                         (unsigned long long)seed, error, models[i].coarse);
        }
    }
}

/* Exact rounding: tables on every integer of a proven range. */
static void exact_tables_cover_their_range(void **state)
{
    nescio_graph *const graph =
        quant_model(ctx,
                    "g (float[N,3] x) => (float[N,2] y) < @w1[3,4]*0.8, @w2[4,2]*0.6 > {\n"
                    " [fc1] a = MatMul (x, w1)\n [relu] b = Relu (a)\n [fc2] y = MatMul (b, w2)\n}",
                    5);
    nescio_tensor *const rows = quant_rows(ctx, graph, 200, 6);
    nescio_quant_options o = nescio_quant_options_default();
    nescio_circuit *c;

    (void)state;
    o.rounding = NESCIO_ROUNDING_EXACT;
    o.input_bits = 4;
    o.weight_bits = 4;
    o.activation_bits = 4;
    if (quantize(graph, rows, &o, &c, NULL) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    for (size_t g = 0; g < c->n_gates; g++) {
        const nescio_gate *const gate = c->gates[g];
        if (gate->op != NESCIO_GATE_TABLE)
            continue;
        assert_true(gate->table.exact && gate->table.step == 1 && !gate->table.saturating);
        assert_true(gate->table.first <= gate->inputs[0]->lo);
        assert_true(gate->table.first + gate->table.n_entries > gate->inputs[0]->hi);
    }
    assert_true(quant_error(ctx, graph, c, rows) < .35);
    nescio_circuit_free(c);
    o.input_bits = o.weight_bits = 16;
    assert_int_equal(quantize(graph, rows, &o, &c, NULL), NESCIO_E_UNSUPPORTED);
    assert_non_null(strstr(nescio_ctx_message(ctx), "'fc1': exact rounding needs"));
    quant_rows_free(rows, graph);
    nescio_graph_free(graph);
}

/* Linear models have no table and finer weights; layers that read the same tensor share their turn.
 */
static void weights_and_turns_follow_the_rules(void **state)
{
    const nescio_quant_options o = nescio_quant_options_default();
    nescio_quant_report report;
    nescio_circuit *c;

    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        nescio_graph *const graph = quant_model(ctx, models[i].text, 9);
        nescio_tensor *const rows = quant_rows(ctx, graph, 100, 10);

        assert_int_equal(quantize(graph, rows, &o, &c, &report), NESCIO_OK);
        for (size_t k = 0; k < report.n_layers; k++)
            assert_int_equal(report.layers[k].weight_bits, models[i].tables ? 5 : 8);
        if (strcmp(models[i].name, "residual") == 0) {
            assert_int_equal(report.n_layers, 3);
            assert_int_equal(report.layers[0].turn, report.layers[1].turn);
        }
        nescio_quant_report_free(&report);
        nescio_circuit_free(c);
        quant_rows_free(rows, graph);
        nescio_graph_free(graph);
    }
}

static void same_input_same_bytes(void **state)
{
    const nescio_quant_options o = nescio_quant_options_default();
    nescio_buffer text[2] = {{0}};

    (void)state;
    for (int k = 0; k < 2; k++) {
        nescio_graph *const graph = quant_model(ctx, models[4].text, 3);
        nescio_tensor *const rows = quant_rows(ctx, graph, 64, 4);
        nescio_circuit *c;

        assert_int_equal(quantize(graph, rows, &o, &c, NULL), NESCIO_OK);
        assert_int_equal(nescio_circuit_print(ctx, c, 0, &text[k]), NESCIO_OK);
        nescio_circuit_free(c);
        quant_rows_free(rows, graph);
        nescio_graph_free(graph);
    }
    assert_int_equal(text[0].bytes, text[1].bytes);
    assert_memory_equal(text[0].data, text[1].data, text[0].bytes);
    nescio_buffer_free(&text[0]);
    nescio_buffer_free(&text[1]);
}

static void refuses(const char *model, const nescio_quant_options *o, nescio_status expected,
                    const char *words)
{
    nescio_graph *const graph = quant_model(ctx, model, 1);
    nescio_tensor *const rows = quant_rows(ctx, graph, 20, 2);
    nescio_circuit *c;
    const nescio_status st = quantize(graph, rows, o, &c, NULL);

    if (st != expected || !strstr(nescio_ctx_message(ctx), words))
        fail_msg("%d \"%s\", expected %d \"%s\"", (int)st, nescio_ctx_message(ctx), (int)expected,
                 words);
    assert_null(c);
    quant_rows_free(rows, graph);
    nescio_graph_free(graph);
}

#define TINY "g (float[N,4] x) => (float[N,2] y) < @w[4,2]*1 > { [fc] y = MatMul (x, w) }"

static void refusals_name_their_object(void **state)
{
    const nescio_quant_options good = nescio_quant_options_default();
    nescio_quant_options o;

    (void)state;
    /* every node that cannot be computed, once */
    refuses("g (float[N,4] x) => (float[N,4] y, float[N,4] z) {\n [soft] y = Softmax (x)\n [abs] a "
            "= Abs (y)\n [sort] z = CumSum (x, a)\n}",
            &good, NESCIO_E_UNSUPPORTED, "cannot be computed encrypted: Softmax 'soft' (");
    refuses("g (float[N,4] x) => (float[N,1] y, float[N,4,4] z) < int64[1] one = {1} > {\n [norm] "
            "y = ReduceL2 (x, one)\n"
            " [a] a = Unsqueeze (x, one)\n [t] t = Transpose <perm = [0, 2, 1]> (a)\n [outer] z = "
            "MatMul (t, a)\n}",
            &good, NESCIO_E_UNSUPPORTED, "ReduceL2 'norm'");
    refuses("g (float[N,4] x) => (float[N,1] y, float[N,4,4] z) < int64[1] one = {1} > {\n [norm] "
            "y = ReduceL2 (x, one)\n"
            " [a] a = Unsqueeze (x, one)\n [t] t = Transpose <perm = [0, 2, 1]> (a)\n [outer] z = "
            "MatMul (t, a)\n}",
            &good, NESCIO_E_UNSUPPORTED, "; MatMul 'outer' (one encrypted operand is accepted)");
    refuses("g (float[N,4] x) => (float[N,2] y) < float[4,2] w = {0, 0, 0, 0, 0, 0, 0, 0} > {\n "
            "[fc] a = MatMul (x, w)\n"
            " [relu] y = Relu (a)\n}",
            &good, NESCIO_E_UNSUPPORTED, "'fc' is constant on the calibration rows");
    refuses("g (float[N,4] x) => (float[N,4] y) {\n [log] y = Log (x)\n}", &good,
            NESCIO_E_UNSUPPORTED, "not finite");
    refuses("g (float[N,4] x) => (float[N,4] y) < float z = {0} > {\n [div] y = Div (x, z)\n}",
            &good, NESCIO_E_UNSUPPORTED, "'div': divides by a constant 0");
    o = good, o.input_bits = 1;
    refuses(TINY, &o, NESCIO_E_ARG, "1 input, 0 weight, 0 activation bits");
    o = good, o.clip = 0.4;
    refuses(TINY, &o, NESCIO_E_ARG, "clip 0.4");
    o = good, o.margin = -1;
    refuses(TINY, &o, NESCIO_E_ARG, "margin -1");
    o = good, o.ramp_max = 0.5;
    refuses(TINY, &o, NESCIO_E_ARG, "ramp 0.5");
    o = good, o.cells = 1000;
    refuses(TINY, &o, NESCIO_E_ARG, "1000 cells");
}

static void calibration_must_fit(void **state)
{
    nescio_graph *const graph = quant_model(ctx, TINY, 1);
    const nescio_quant_options o = nescio_quant_options_default();
    const int64_t dims[4][2] = {{5, 3}, {0, 4}, {20, 1}, {5, 4}};
    nescio_circuit *c;
    nescio_tensor t;

    (void)state;
    for (int k = 0; k < 3; k++) {
        assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_F32, k == 2 ? 1 : 2, dims[k]),
                         NESCIO_OK);
        assert_int_equal(quantize(graph, &t, &o, &c, NULL), NESCIO_E_MISMATCH);
        assert_non_null(strstr(nescio_ctx_message(ctx), "calibration of input 'x' is float32["));
        nescio_tensor_free(&t);
    }
    assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_BOOL, 2, dims[3]), NESCIO_OK);
    assert_int_equal(quantize(graph, &t, &o, &c, NULL), NESCIO_E_MISMATCH);
    nescio_tensor_free(&t);
    assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_F64, 2, dims[3]), NESCIO_OK);
    ((double *)t.data)[7] = 1.0 / 0.0;
    assert_int_equal(quantize(graph, &t, &o, &c, NULL), NESCIO_E_ARG);
    assert_non_null(strstr(nescio_ctx_message(ctx), "row 1 is not finite"));
    nescio_tensor_free(&t);
    nescio_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fine_integers_come_close),
        cmocka_unit_test(default_integers_come_near),
        cmocka_unit_test(exact_tables_cover_their_range),
        cmocka_unit_test(weights_and_turns_follow_the_rules),
        cmocka_unit_test(same_input_same_bytes),
        cmocka_unit_test(refusals_name_their_object),
        cmocka_unit_test(calibration_must_fit),
    };

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
