/* SPDX-License-Identifier: Apache-2.0
 * Writing protobuf's wire format. Messages are written inside out: the inner one into a buffer of
 * its own, then its length and bytes into the outer one. */
#ifndef NESCIO_ONNX_WIRE_WRITE_H
#define NESCIO_ONNX_WIRE_WRITE_H
#include "tensor/tensor.h"

void nescio_wire_put_varint(nescio_buffer *b, uint64_t v);
/** Field `number` with an integer, a float, bytes, a text. */
void nescio_wire_put_int(nescio_buffer *b, uint32_t number, int64_t v);
void nescio_wire_put_float(nescio_buffer *b, uint32_t number, float v);
void nescio_wire_put_bytes(nescio_buffer *b, uint32_t number, const void *data, size_t n);
void nescio_wire_put_text(nescio_buffer *b, uint32_t number, const char *text);
/** Field `number` with the message in `inner`, which is freed. */
void nescio_wire_put_message(nescio_buffer *b, uint32_t number, nescio_buffer *inner);
/** The fields of a TensorProto: dims, type, name (unless NULL), elements row-major as raw_data or
 * string_data. */
void nescio_wire_put_tensor(nescio_buffer *b, const nescio_tensor *t, const char *name);
/** The same with the elements (no strings) at `offset` of the file `location` beside the model. */
void nescio_wire_put_external(nescio_buffer *b, const nescio_tensor *t, const char *name,
                              const char *location, size_t offset);
#endif /* NESCIO_ONNX_WIRE_WRITE_H */
