/* SPDX-License-Identifier: Apache-2.0
 * ONNX's messages as structs: the shape of onnx.proto, strings and weights still in the file.
 *
 * Field numbers from onnx.proto (IR 13). Lists of nodes, attributes ... are arrays in the arena of
 * the reader. A singular message field that occurs twice is refused (protobuf would merge the two);
 * of other singular fields the last counts. */
#ifndef NESCIO_ONNX_MESSAGE_H
#define NESCIO_ONNX_MESSAGE_H
#include "onnx/wire.h"

#define NESCIO_ONNX_DEPTH_MAX 64 /**< messages inside messages */

typedef struct nescio_onnx_graph nescio_onnx_graph;

typedef struct nescio_onnx_tensor {
    nescio_slice name;
    nescio_slice whole; /**< the message: typed data is read from it */
    int32_t dtype;      /**< TensorProto.DataType as in the file */
    const int64_t *dims;
    size_t n_dims;
    nescio_slice raw;
    bool has_raw, is_external;
    nescio_slice location, offset, length; /**< of external data; at == NULL: absent */
} nescio_onnx_tensor;

typedef struct nescio_onnx_sparse {
    const nescio_onnx_tensor *values, *indices;
    const int64_t *dims;
    size_t n_dims;
} nescio_onnx_sparse;

typedef struct nescio_onnx_dimension {
    bool has_value;
    int64_t value;
    nescio_slice param; /**< bytes == 0: none */
} nescio_onnx_dimension;

typedef enum nescio_onnx_type_kind {
    NESCIO_ONNX_TYPE_NONE,
    NESCIO_ONNX_TYPE_TENSOR,
    NESCIO_ONNX_TYPE_MAP,
    NESCIO_ONNX_TYPE_OTHER, /**< sequence, optional, sparse, opaque */
} nescio_onnx_type_kind;

/** A graph input, output or intermediate with its declared type. */
typedef struct nescio_onnx_info {
    nescio_slice name;
    nescio_onnx_type_kind kind;
    int32_t dtype; /**< of TENSOR */
    bool has_shape;
    const nescio_onnx_dimension *dims;
    size_t n_dims;
} nescio_onnx_info;

/** AttributeProto.AttributeType. */
typedef enum nescio_onnx_attr_type {
    NESCIO_ONNX_FLOAT = 1,
    NESCIO_ONNX_INT = 2,
    NESCIO_ONNX_STRING = 3,
    NESCIO_ONNX_TENSOR = 4,
    NESCIO_ONNX_GRAPH = 5,
    NESCIO_ONNX_FLOATS = 6,
    NESCIO_ONNX_INTS = 7,
    NESCIO_ONNX_STRINGS = 8,
    NESCIO_ONNX_TENSORS = 9,
    NESCIO_ONNX_GRAPHS = 10,
    NESCIO_ONNX_SPARSE = 11,
} nescio_onnx_attr_type;

typedef struct nescio_onnx_attr {
    nescio_slice name, ref; /**< ref: name of the function's attribute whose value this one has;
                               bytes == 0: none */
    int32_t type; /**< as in the file, or found from the field that is set when the file has none */
    float f;
    int64_t i;
    nescio_slice s;
    const nescio_onnx_tensor *t;
    const nescio_onnx_graph *g;
    const nescio_onnx_sparse *sparse;
    const float *floats;
    const int64_t *ints;
    const nescio_slice *strings;
    size_t n_floats, n_ints, n_strings;
} nescio_onnx_attr;

typedef struct nescio_onnx_node {
    nescio_slice name, op, domain, overload;
    const nescio_slice *inputs, *outputs; /**< empty: left out */
    size_t n_inputs, n_outputs;
    const nescio_onnx_attr *attrs;
    size_t n_attrs;
} nescio_onnx_node;

struct nescio_onnx_graph {
    nescio_slice name;
    const nescio_onnx_node *nodes;
    const nescio_onnx_tensor *initializers;
    const nescio_onnx_sparse *sparse;
    const nescio_onnx_info *inputs, *outputs;
    size_t n_nodes, n_initializers, n_sparse, n_inputs, n_outputs;
};

typedef struct nescio_onnx_opset {
    nescio_slice domain;
    int64_t version;
} nescio_onnx_opset;

typedef struct nescio_onnx_function {
    nescio_slice name, domain, overload;
    const nescio_slice *inputs, *outputs;
    size_t n_inputs, n_outputs;
    const nescio_onnx_attr *defaults;
    size_t n_defaults;
    const nescio_onnx_node *nodes;
    size_t n_nodes;
    const nescio_onnx_opset *opsets;
    size_t n_opsets;
} nescio_onnx_function;

typedef struct nescio_onnx_model {
    int64_t ir_version;
    const nescio_onnx_graph *graph; /**< NULL: none */
    const nescio_onnx_opset *opsets;
    size_t n_opsets;
    const nescio_onnx_function *functions;
    size_t n_functions;
} nescio_onnx_model;

/** Reads the message tree. Structs in `arena`, at most max_arena bytes; what they point to in the
 * file. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_model_parse(nescio_ctx *ctx, nescio_arena *arena,
                                                        size_t max_arena, nescio_slice file,
                                                        nescio_onnx_model *out);
/** One TensorProto. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_tensor_message(nescio_ctx *ctx, nescio_arena *arena,
                                                           size_t max_arena, nescio_slice file,
                                                           nescio_onnx_tensor *out);
/** Whether a slice is that text. */
bool nescio_slice_is(nescio_slice s, const char *text);
bool nescio_slice_equal(nescio_slice a, nescio_slice b);
#endif /* NESCIO_ONNX_MESSAGE_H */
