/* SPDX-License-Identifier: Apache-2.0
 * From TensorProto to nescio_tensor: raw bytes, typed lists, external files, sparse tensors. */
#ifndef NESCIO_ONNX_TENSOR_READ_H
#define NESCIO_ONNX_TENSOR_READ_H
#include "onnx/message.h"
#include "tensor/tensor.h"

/** Files that hold external data: opened once each, mapped, closed with the arena. */
typedef struct nescio_onnx_files nescio_onnx_files;

/** Returns new, in `arena`, which closes the files when it is freed. folder NULL: external data is
 * refused. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_files_new(nescio_ctx *ctx, nescio_arena *arena,
                                                      const char *folder, nescio_onnx_files **out);
/** Bytes of all files mapped so far. */
size_t nescio_onnx_files_bytes(const nescio_onnx_files *files);
/** The bytes [offset, offset + length) of the file of t (length absent: to its end), checked. Only
 * regular files with one name, inside the folder, reached without symbolic links. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_files_get(nescio_ctx *ctx, nescio_onnx_files *files,
                                                      const nescio_onnx_tensor *t,
                                                      nescio_slice *out);

/** Where decoded elements go. */
typedef struct nescio_onnx_decoder {
    nescio_ctx *ctx;
    nescio_arena *arena; /**< elements that cannot be borrowed */
    size_t max_arena; /**< bytes in it, more by what external files hold; NESCIO_E_FORMAT beyond */
    nescio_onnx_files *files; /**< NULL refuses external data */
} nescio_onnx_decoder;

/** *out: contiguous, elements in the arena or borrowed from the file (aligned raw bytes of a type
 * that needs no conversion). float16 and bfloat16 become float32. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_tensor_decode(const nescio_onnx_decoder *d,
                                                          const nescio_onnx_tensor *t,
                                                          nescio_tensor *out);
/** A sparse tensor made dense. */
NESCIO_MUST_CHECK nescio_status nescio_onnx_sparse_decode(const nescio_onnx_decoder *d,
                                                          const nescio_onnx_sparse *s,
                                                          nescio_tensor *out);
/** The dtype that elements of TensorProto.DataType t have in a graph (float32 for float16 and
 * bfloat16); NONE: not supported. */
nescio_dtype nescio_onnx_dtype(int32_t t);
/** "float8e4m3fn" ...: for messages about the others. Never NULL. */
const char *nescio_onnx_dtype_name(int32_t t);
#endif /* NESCIO_ONNX_TENSOR_READ_H */
