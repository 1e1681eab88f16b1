/* SPDX-License-Identifier: Apache-2.0
 * Small graphs that between them use every part of the file format: for writing, reading back, and
 * damaging. */
#ifndef NESCIO_TESTS_SAMPLE_GRAPHS_H
#define NESCIO_TESTS_SAMPLE_GRAPHS_H

static const char *const sample_graphs[] = {
    "<opset_import: [\"\" : 21]> mlp (float[N,3] x) => (float[N,2] y) <float[3,2] w = "
    "{1,-2,3,0.5,0,7}, float[2] b = {0.1,-0.1}> {"
    "  h = Gemm <alpha = 0.5> (x, w, b)  y = Softmax <axis = -1> (h) }",
    "<opset_import: [\"\" : 21]> cnn (float[1,1,6,6] x) => (float[1,2] y) <float[2,1,3,3] w = "
    "{1,2,3,4,5,6,7,8,9,9,8,7,6,5,4,3,2,1}, int64[2] s = {1,2}> {"
    "  c = Conv <pads = [1,1,1,1], strides = [2,2]> (x, w)  r = Relu(c)  p = GlobalAveragePool(r)  "
    "y = Reshape(p, s) }",
    "<opset_import: [\"\" : 21]> branch (float[2] x, bool c) => (float[2] y) <float k = {2}> {"
    "  y = If <then_branch = a () => (float[2] p) <float q = {1}> { p = Add(x, q) }, else_branch = "
    "b () => (float[2] n) { n = Mul(x, k) }> (c) }",
    "<opset_import: [\"\" : 21]> loop (float[2] x, int64 n, bool c) => (float[2] y, float[?,2] z) {"
    "  y, z = Loop <body = b (int64 i, bool k, float[2] v) => (bool o, float[2] u, float[2] t) { o "
    "= Identity(k)  u = Add(v, v)  t = Neg(u) }> (n, c, x) }",
    "<opset_import: [\"\" : 21, \"ai.onnx.ml\" : 3]> words (int64[N] x) => (string[N] y, string[2] "
    "z) <string[2] z = {\"a\", \"b\"}> {"
    "  y = ai.onnx.ml.LabelEncoder <keys_int64s = [1, 2], values_strings = [\"one\", \"two\"], "
    "default_string = \"?\"> (x) }",
    "<opset_import: [\"\" : 21, \"qonnx.custom_op.general\" : 2]> qat (float[N,2] x) => "
    "(float[N,2] y) <float s = {0.25}, float z = {0}, float b = {4}> {"
    "  y = qonnx.custom_op.general.Quant <signed = 1, narrow = 0, rounding_mode = \"ROUND\"> (x, "
    "s, z, b) }",
    "<opset_import: [\"\" : 21]> types (bool[2] x) => (double[2] y) <double[2] a = {0.1,1e300}, "
    "double[2] b = {-1,0}, int8[1] c = {-3}> {"
    "  y = Where(x, a, b)  e = Shape(x)  d = ConstantOfShape <value = int32[1] {7}> (e) }",
};
#endif /* NESCIO_TESTS_SAMPLE_GRAPHS_H */
