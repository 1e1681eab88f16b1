/* SPDX-License-Identifier: Apache-2.0
 * Networks with a normalization between their layers, from text to an integer circuit: what the
 * circuit computes follows the float executor. Random weights and rows of a fixed seed. */
#include "../unit/passes/passes_text.h"
#include "quant/quant.h"

typedef struct normalized {
    const char *name, *text;
    double correlation; /* at least, between the circuit's results and the float executor's */
} normalized;

static const normalized cases[] = {
    {"layer",
     "(float[N,4] x) => (float[N,2] y) <@6,4 w, @6 b, +6 s, @6 t, @2,6 v> {"
     " a = Gemm<transB = 1>(x, w, b) n = LayerNormalization(a, s, t) r = Relu(n)"
     " y = Gemm<transB = 1>(r, v) }",
     0.95},
    {"instance",
     "(float[N,2,6] x) => (float[N,3] y) <@3,2,3 w, +3 s, @3 t, @12,3 v, int64[2] p = {0, -1}> {"
     " a = Conv(x, w) n = InstanceNormalization(a, s, t) r = Relu(n) f = Reshape(r, p)"
     " y = MatMul(f, v) }",
     0.9},
    {"group",
     "(float[N,2,6] x) => (float[N,3] y) <@4,2,3 w, +4 s, @4 t, @16,3 v, int64[2] p = {0, -1}> {"
     " a = Conv(x, w) n = GroupNormalization<num_groups = 2>(a, s, t) r = Relu(n)"
     " f = Reshape(r, p) y = MatMul(f, v) }",
     0.9},
    {"length of a vector",
     "(float[N,4] x) => (float[N,2] y) <@6,4 w, @6 b, @2,6 v, int64[1] last = {-1}> {"
     " a = Gemm<transB = 1>(x, w, b) l = ReduceL2(a, last) s = Sub(a, l)"
     " y = Gemm<transB = 1>(s, v) }",
     0.95},
};

#define ROWS 300

static nescio_circuit *quantized(nescio_ctx *ctx, const nescio_graph *body,
                                 const nescio_tensor *rows)
{
    const nescio_quant_options options = nescio_quant_options_default();
    nescio_quant_report report;
    nescio_circuit *circuit = NULL;

    if (nescio_quantize_graph(ctx, body, &rows, &options, &circuit, &report) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    nescio_quant_report_free(&report);
    return circuit;
}

/* Pearson's, of all results of the circuit and of the float executor. */
static double correlation(nescio_ctx *ctx, const nescio_circuit *c, const nescio_tensor *rows,
                          const nescio_tensor *want)
{
    const nescio_gate *const in = nescio_circuit_input(c, 0), *const out =
                                                                  nescio_circuit_output(c, 0);
    const size_t n_in = nescio_tensor_count(rows) / ROWS, n_out = nescio_tensor_count(want) / ROWS;
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    const double n = (double)(ROWS * n_out);

    for (size_t r = 0; r < ROWS; r++) {
        double row[64], got[64];
        int64_t q[64], answer[64], *outs[1] = {answer};
        const int64_t *ins[1] = {q};

        assert_true(n_in <= 64 && n_out <= 64);
        for (size_t i = 0; i < n_in; i++)
            row[i] = nescio_tensor_get_f64(rows, r * n_in + i);
        nescio_quantize(&in->quantizer, row, q, n_in);
        assert_int_equal(nescio_circuit_eval(ctx, c, ins, outs, NULL), NESCIO_OK);
        nescio_dequantize(&out->quantizer, answer, got, n_out);
        for (size_t i = 0; i < n_out; i++) {
            const double b = nescio_tensor_get_f64(want, r * n_out + i);

            x += got[i] / n;
            y += b / n;
            xx += got[i] * got[i] / n;
            yy += b * b / n;
            xy += got[i] * b / n;
        }
    }
    return (xy - x * y) / sqrt((xx - x * x) * (yy - y * y));
}

static void normalizations_are_quantized(void **state)
{
    nescio_ctx *ctx = NULL;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nescio_graph *const model = test_parse(ctx, cases[i].text, 7 + i);
        nescio_graph_split parts;
        nescio_circuit *circuit;
        test_values in, want;
        uint64_t seed = 70 + i;
        double found;

        assert_int_equal(nescio_passes_clean(ctx, model, NULL, NULL), NESCIO_OK);
        assert_int_equal(nescio_passes_split(ctx, model, &parts), NESCIO_OK);
        assert_int_equal(nescio_passes_decompose(ctx, parts.body), NESCIO_OK);
        test_inputs(ctx, model, ROWS, &seed, &in);
        test_run(ctx, model, &in, &want);
        circuit = quantized(ctx, parts.body, &in.t[0]);
        found = correlation(ctx, circuit, &in.t[0], &want.t[0]);
        print_message("%s: %.4f\n", cases[i].name, found);
        if (!(found >= cases[i].correlation))
            fail_msg("%s: correlation %.4f", cases[i].name, found);
        nescio_circuit_free(circuit);
        test_values_free(&in);
        test_values_free(&want);
        nescio_graph_split_free(&parts);
        nescio_graph_free(model);
    }
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(normalizations_are_quantized)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
