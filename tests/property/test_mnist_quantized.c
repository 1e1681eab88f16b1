/* SPDX-License-Identifier: Apache-2.0
 * The committed MNIST classifier, from its ONNX file to a lowered circuit: accuracy on the
 * committed test images against the float executor, and the figures of its layers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lower/lower.h"
#include "onnx/onnx.h"
#include "passes/passes.h"
#include "quant/quant.h"
#include "refexec/refexec.h"

static nescio_ctx *ctx;
static const char *folder;

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != NESCIO_OK)                                                                   \
            fail_msg("%s: %s", #call, nescio_ctx_message(ctx));                                    \
    } while (0)

static void read_npy(nescio_tensor *out, const char *name)
{
    char path[1024];

    assert_true(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
    OK(nescio_npy_read(ctx, out, path));
}

static size_t largest(const double *v, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

/* Ten scores of one image by the circuit. */
static void classify(const nescio_circuit *c, const double *image, double *scores)
{
    const nescio_gate *const in = nescio_circuit_input(c, 0), *const out =
                                                                  nescio_circuit_output(c, 0);
    int64_t q[784], s[10], *outs[1] = {s};
    const int64_t *ins[1] = {q};

    nescio_quantize(&in->quantizer, image, q, 784);
    OK(nescio_circuit_eval(ctx, c, ins, outs, NULL));
    nescio_dequantize(&out->quantizer, s, scores, 10);
}

static void accuracy_is_kept(const nescio_graph *model, const nescio_circuit *c)
{
    nescio_tensor images, wide, labels, logits = {0};
    nescio_refexec *exec;
    size_t right = 0, right_float = 0, agree = 0;

    read_npy(&images, "test_images.npy");
    read_npy(&labels, "test_labels.npy");
    OK(nescio_tensor_cast(ctx, &wide, &images, NESCIO_F64));
    OK(nescio_refexec_new(ctx, model, &exec));
    OK(nescio_refexec_run(ctx, exec, &images, 1, &logits, 1));
    const size_t n = (size_t)images.dims[0];
    for (size_t r = 0; r < n; r++) {
        double scores[10], reals[10];

        classify(c, (const double *)wide.data + r * 784, scores);
        for (size_t k = 0; k < 10; k++)
            reals[k] = nescio_tensor_get_f64(&logits, r * 10 + k);
        const size_t label = (size_t)nescio_tensor_get_i64(&labels, r);
        right += largest(scores, 10) == label;
        right_float += largest(reals, 10) == label;
        agree += largest(scores, 10) == largest(reals, 10);
    }
    print_message("%zu images: float %zu, quantized %zu, agree %zu\n", n, right_float, right,
                  agree);
    assert_int_equal(n, 1000);
    assert_true(right + 5 >= right_float);
    assert_true(agree >= 990);
    nescio_refexec_free(exec);
    nescio_tensor_free(&images);
    nescio_tensor_free(&wide);
    nescio_tensor_free(&labels);
    nescio_tensor_free(&logits);
}

/* The layers' figures by the rules of quantization, computed apart from this code on the same
 * files. */
static void layers_are_as_expected(const nescio_quant_report *report)
{
    static const int64_t turn[3] = {178176, 581632, 285091}, step[3] = {87, 284, 0};
    static const double gamma[3] = {.50, .55, .90};

    assert_int_equal(report->n_layers, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(report->layers[i].turn, turn[i]);
        assert_int_equal(report->layers[i].step, step[i]);
        assert_float_equal(report->layers[i].clip_factor, gamma[i], 1e-9);
        assert_true(report->layers[i].out_of_range < 1e-4);
    }
    assert_int_equal(report->layers[2].lo, -714081);
    assert_int_equal(report->layers[2].hi, 618052);
}

static void mnist_is_quantized(void **state)
{
    const nescio_quant_options options = nescio_quant_options_default();
    const nescio_lower_options lowering = nescio_lower_options_default();
    const nescio_onnx_options reading = {0};
    nescio_graph *model;
    nescio_graph_split parts;
    nescio_tensor calibration;
    const nescio_tensor *rows[1] = {&calibration};
    nescio_circuit *circuit, *low;
    nescio_quant_report report;
    char path[1024];

    (void)state;
    assert_true(snprintf(path, sizeof path, "%s/mnist_mlp.onnx", folder) < (int)sizeof path);
    OK(nescio_onnx_read(ctx, path, &reading, &model));
    OK(nescio_passes_clean(ctx, model, NULL, NULL));
    OK(nescio_passes_split(ctx, model, &parts));
    read_npy(&calibration, "calibration.npy");
    OK(nescio_quantize_graph(ctx, parts.body, rows, &options, &circuit, &report));
    layers_are_as_expected(&report);
    OK(nescio_lower(ctx, circuit, &lowering, &low));
    assert_int_equal(low->n_gates,
                     7); /* input, three linear, two tables, output: nothing to lower */
    accuracy_is_kept(model, circuit);
    accuracy_is_kept(model, low);
    nescio_quant_report_free(&report);
    nescio_circuit_free(circuit);
    nescio_circuit_free(low);
    nescio_tensor_free(&calibration);
    nescio_graph_split_free(&parts);
    nescio_graph_free(model);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mnist_is_quantized)};

    if (argc != 2 || nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    folder = argv[1];
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
