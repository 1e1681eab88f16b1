/* SPDX-License-Identifier: Apache-2.0
 * Reading the fields of a message by number: texts, numbers, lists, messages inside it. Failures
 * are NESCIO_E_FORMAT with the byte's offset in the file. */
#ifndef NESCIO_ONNX_MESSAGE_FIELDS_H
#define NESCIO_ONNX_MESSAGE_FIELDS_H
#include "onnx/message.h"

typedef struct nescio_reader {
    nescio_ctx *ctx;
    nescio_arena *arena; /**< of all arrays */
    size_t max_arena;    /**< it grows no further */
    const uint8_t *file; /**< for offsets in messages */
    int depth;           /**< messages inside messages, at most NESCIO_ONNX_DEPTH_MAX */
} nescio_reader;

/** Fills the struct at `out` from a message. */
typedef nescio_status (*nescio_message_fn)(nescio_reader *r, nescio_slice bytes, void *out);

/** "byte N: what"; where NULL: byte 0. */
nescio_status nescio_reader_fail(const nescio_reader *r, const uint8_t *where, const char *what);
/** For a cursor that went bad. */
nescio_status nescio_reader_fail_wire(const nescio_reader *r, const nescio_wire *w);
/** The field is no number. */
NESCIO_MUST_CHECK nescio_status nescio_reader_need_bytes(const nescio_reader *r,
                                                         const nescio_field *f);
/** A text; one with a zero byte, which C would cut and ONNX does not have, is refused. */
NESCIO_MUST_CHECK nescio_status nescio_reader_text(const nescio_reader *r, const nescio_field *f,
                                                   nescio_slice *out);
NESCIO_MUST_CHECK nescio_status nescio_reader_integer(const nescio_reader *r, const nescio_field *f,
                                                      int64_t *out);
/** An integer in [0, INT32_MAX]. */
NESCIO_MUST_CHECK nescio_status nescio_reader_enum(const nescio_reader *r, const nescio_field *f,
                                                   int32_t *out);
/** All messages of field `number`, into an array of structs of `size` bytes. */
NESCIO_MUST_CHECK nescio_status nescio_reader_messages(nescio_reader *r, nescio_slice bytes,
                                                       uint32_t number, size_t size,
                                                       nescio_message_fn parse, void *out_array,
                                                       size_t *out_count);
/** At most one message; *out_pointer is NULL when there is none. */
NESCIO_MUST_CHECK nescio_status nescio_reader_message(nescio_reader *r, nescio_slice bytes,
                                                      uint32_t number, size_t size,
                                                      nescio_message_fn parse, void *out_pointer);
/** All texts of field `number`; is_bytes: any bytes. */
NESCIO_MUST_CHECK nescio_status nescio_reader_texts(const nescio_reader *r, nescio_slice bytes,
                                                    uint32_t number, bool is_bytes,
                                                    const nescio_slice **out, size_t *out_count);
/** All numbers of field `number`, packed or not, in any mix. */
NESCIO_MUST_CHECK nescio_status nescio_reader_int64s(const nescio_reader *r, nescio_slice bytes,
                                                     uint32_t number, const int64_t **out,
                                                     size_t *out_count);
NESCIO_MUST_CHECK nescio_status nescio_reader_floats(const nescio_reader *r, nescio_slice bytes,
                                                     uint32_t number, const float **out,
                                                     size_t *out_count);
#endif /* NESCIO_ONNX_MESSAGE_FIELDS_H */
