/* SPDX-License-Identifier: Apache-2.0
 * Protobuf's wire format, read in place: fields one after the other, nothing copied.
 *
 * Wire types 0 (varint), 1 (8 bytes), 2 (length and bytes), 5 (4 bytes); groups (3, 4) do not occur
 * in ONNX and are refused. A cursor goes bad once, keeps the offset of what was wrong, and then
 * ends. */
#ifndef NESCIO_ONNX_WIRE_H
#define NESCIO_ONNX_WIRE_H
#include "base/base.h"

/** Bytes inside the file. */
typedef struct nescio_slice {
    const uint8_t *at; /**< borrowed; may be NULL when bytes == 0 */
    size_t bytes;
} nescio_slice;

/** The arguments of "%.*s" for a slice, cut at 200 bytes. */
#define NESCIO_SLICE_ARGS(s)                                                                       \
    (int)((s).bytes < 200 ? (s).bytes : 200), (s).at ? (const char *)(s).at : ""

typedef enum nescio_wire_type {
    NESCIO_WIRE_VARINT = 0,
    NESCIO_WIRE_FIXED64 = 1,
    NESCIO_WIRE_BYTES = 2,
    NESCIO_WIRE_FIXED32 = 5,
} nescio_wire_type;

typedef struct nescio_wire {
    const uint8_t *at, *end; /**< borrowed */
    const uint8_t *bad;      /**< where the first fault is; NULL: none */
} nescio_wire;

/** One field. */
typedef struct nescio_field {
    uint32_t number; /**< 1 ... 2^29 - 1 */
    nescio_wire_type type;
    uint64_t scalar;    /**< of the numeric types, as read */
    nescio_slice bytes; /**< of NESCIO_WIRE_BYTES; for numeric types where the number lies */
} nescio_field;

nescio_wire nescio_wire_over(nescio_slice bytes);
/** The next field into *f. False: the end, or w->bad. */
bool nescio_wire_next(nescio_wire *w, nescio_field *f);
/** A varint: up to 10 bytes, value modulo 2^64. 0 and bad when cut off or too long. */
uint64_t nescio_wire_varint(nescio_wire *w);
uint32_t nescio_wire_fixed32(nescio_wire *w);
uint64_t nescio_wire_fixed64(nescio_wire *w);
/** Number of elements in a field of repeated numbers: packed (the count of whole elements in its
 * bytes) or one alone. A packed varint list counts its final bytes. False: not of `element` type,
 * or torn. */
bool nescio_field_count(const nescio_field *f, nescio_wire_type element, size_t *count);
/** The float of a FIXED32 field, the double of a FIXED64 one. */
float nescio_wire_float(uint32_t bits);
double nescio_wire_double(uint64_t bits);
#endif /* NESCIO_ONNX_WIRE_H */
