/* SPDX-License-Identifier: Apache-2.0
 * The operators of the canonical opset: one line each, every table comes from it. */
#ifndef NESCIO_GRAPH_OP_TABLE_H
#define NESCIO_GRAPH_OP_TABLE_H

/** X(ID, "OnnxName", DOMAIN, min inputs, max inputs (-1: any), max outputs (-1: any)) */
#define NESCIO_OPS(X)                        \
    X(ADD, "Add", ONNX, 2, 2, 1)             \
    X(GEMM, "Gemm", ONNX, 2, 3, 1)           \
    X(RELU, "Relu", ONNX, 1, 1, 1)

typedef enum nescio_op {
#define X(id, name, domain, min_in, max_in, max_out) NESCIO_OP_##id,
    NESCIO_OPS(X)
#undef X
    NESCIO_OP_COUNT
} nescio_op;
#endif /* NESCIO_GRAPH_OP_TABLE_H */
