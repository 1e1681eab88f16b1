/* SPDX-License-Identifier: Apache-2.0
 * ONNX files: bytes <-> graph.
 *
 * In: a model file (IR 3 to 13, ai.onnx opsets 1 to 27, ai.onnx.ml 1 to 5, QONNX and com.microsoft
 * operators), with its external data; or a TensorProto file. Out: a verified, inferred graph in
 * canonical operators (graph/op_table.h), whose constants borrow from the mapped file where form
 * and alignment allow; the graph owns the mapping.
 *
 * What the reader does: one wire cursor over the mapped bytes (depth at most 64, groups refused,
 * sizes checked, unknown fields skipped); functions inlined; each version of an operator adapted to
 * the canonical one; initializers that are also inputs are constants; float16 and bfloat16 become
 * float32; ZipMap and map inputs stripped; an If with a known condition becomes its branch.
 * Operators outside the table are listed all at once in one NESCIO_E_UNSUPPORTED. Bytes that are no
 * model are NESCIO_E_FORMAT naming offset, node or tensor. Memory beyond 16 x file size + 64 MB is
 * refused. Must not know: passes, execution, quantization.
 */
#ifndef NESCIO_ONNX_ONNX_H
#define NESCIO_ONNX_ONNX_H
#include "graph/graph.h"

/** `--dim NAME=N`: dims of that symbol in the model's inputs become N. */
typedef struct nescio_onnx_dim {
    const char *name;
    int64_t size; /**< >= 0 */
} nescio_onnx_dim;

typedef struct nescio_onnx_options {
    const nescio_onnx_dim *dims; /**< borrowed */
    size_t n_dims;
} nescio_onnx_options;

/** Reads a model file. options may be NULL. *out is owned by the caller (nescio_graph_free) and
 * keeps the file mapped. NESCIO_E_IO, NESCIO_E_FORMAT, NESCIO_E_UNSUPPORTED; NESCIO_E_ARG when a
 * bound dim does not occur. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_read(nescio_ctx *ctx, const char *path,
                                                 const nescio_onnx_options *options,
                                                 nescio_graph **out);
/** The same from bytes, which must outlive *out. folder: where external data lies; NULL refuses
 * external data. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_parse(nescio_ctx *ctx, const void *data, size_t bytes,
                                                  const char *folder,
                                                  const nescio_onnx_options *options,
                                                  nescio_graph **out);

/** An operator that can be read. */
typedef struct nescio_onnx_operator {
    const char *domain, *name; /**< domain "": ai.onnx */
    int first, last;           /**< opsets of the domain; INT32_MAX: all later ones */
    nescio_op becomes;         /**< in the graph, or the chief of what it becomes */
    bool several;              /**< it becomes several nodes */
} nescio_onnx_operator;
/** The i-th of them, by domain and name; false beyond the last. */
bool nescio_onnx_operator_at(size_t i, nescio_onnx_operator *out);

/** Weights beyond this many bytes go into a file of their own: a protobuf message ends at 2 GB, and
 * holding one takes a few times its size. */
#define NESCIO_ONNX_INSIDE_MAX ((size_t)1 << 30)

/** Writes the graph as ONNX, atomically: IR 10, canonical opsets, no metadata. Weights lie inside
 * up to NESCIO_ONNX_INSIDE_MAX; else nescio_onnx_write_apart. To "-" (stdout) always one file, and
 * over 2 GB is NESCIO_E_UNSUPPORTED, as in a buffer. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_write(nescio_ctx *ctx, const nescio_graph *graph,
                                                  const char *path);
/** Tensors of 1 KB or more as external data in "`path`.data", which is written first: both files
 * are replaced atomically, one after the other. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_write_apart(nescio_ctx *ctx, const nescio_graph *graph,
                                                        const char *path);
NESCIO_MUST_CHECK nescio_status nescio_onnx_write_buffer(nescio_ctx *ctx, const nescio_graph *graph,
                                                         nescio_buffer *out);

/** Reads a file that holds one TensorProto (test vectors, inputs). float16 and bfloat16 become
 * float32. Owned; strings lie in the tensor's block. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_tensor_read(nescio_ctx *ctx, nescio_tensor *out,
                                                        const char *path);
NESCIO_MUST_CHECK nescio_status nescio_onnx_tensor_parse(nescio_ctx *ctx, nescio_tensor *out,
                                                         const void *data, size_t bytes,
                                                         const char *name);
/** Writes one TensorProto, atomically. `name` may be NULL. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_tensor_write(nescio_ctx *ctx, const nescio_tensor *t,
                                                         const char *name, const char *path);
#endif /* NESCIO_ONNX_ONNX_H */
