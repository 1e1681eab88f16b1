/* SPDX-License-Identifier: Apache-2.0
 * Tensors in the clear: dtype, shape, strided views; .npy and .csv files.
 *
 * A tensor borrows or owns its elements and never changes rank. The executor, the codec and the
 * readers speak this type. Knows no model.
 */
#ifndef NESCIO_TENSOR_TENSOR_H
#define NESCIO_TENSOR_TENSOR_H
#include "base/base.h"

#define NESCIO_RANK_MAX 12

/** Element types, numbered as ONNX's TensorProto.DataType. */
typedef enum nescio_dtype {
    NESCIO_DTYPE_NONE = 0,
    NESCIO_F32 = 1,
    NESCIO_U8 = 2,
    NESCIO_I8 = 3,
    NESCIO_U16 = 4,
    NESCIO_I16 = 5,
    NESCIO_I32 = 6,
    NESCIO_I64 = 7,
    NESCIO_STRING = 8, /**< elements are `const char *`, owned by whoever owns the tensor's data */
    NESCIO_BOOL = 9,   /**< one byte, 0 or 1 */
    NESCIO_F16 = 10,   /**< only while reading: converted to F32 */
    NESCIO_F64 = 11,
    NESCIO_U32 = 12,
    NESCIO_U64 = 13,
    NESCIO_BF16 = 16, /**< only while reading: converted to F32 */
} nescio_dtype;

/** Bytes of one element; 0 for an unknown type. */
size_t nescio_dtype_bytes(nescio_dtype t);
/** "float32", "int64", "bool", "string"; "?" for an unknown type. Never NULL. */
const char *nescio_dtype_name(nescio_dtype t);
bool nescio_dtype_is_float(nescio_dtype t);
bool nescio_dtype_is_integer(nescio_dtype t); /* signed or unsigned, not bool */

/** Exact values of IEEE binary16 and of bfloat16, from their bits. */
float nescio_f16_to_f32(uint16_t half);
float nescio_bf16_to_f32(uint16_t half);

/** Row-major unless strides say otherwise. rank 0 is a scalar: one element. A dim may be 0. */
typedef struct nescio_tensor {
    nescio_dtype dtype;
    int rank;                        /**< 0 ... NESCIO_RANK_MAX */
    int64_t dims[NESCIO_RANK_MAX];   /**< >= 0 */
    int64_t stride[NESCIO_RANK_MAX]; /**< in elements; 0 where broadcast */
    void *data;                      /**< first element; 64-byte aligned when owned */
    size_t owned_bytes; /**< 0: borrowed. Else the size of the block that data starts */
} nescio_tensor;

/** Number of elements; dims have been checked, so it cannot overflow. */
size_t nescio_tensor_count(const nescio_tensor *t);
/** Row-major without gaps. */
bool nescio_tensor_is_contiguous(const nescio_tensor *t);
/** Sets dtype, dims, row-major strides; data stays NULL. NESCIO_E_ARG: rank, a negative dim, or
 * over 2^48 bytes. */
NESCIO_MUST_CHECK nescio_status nescio_tensor_shape(nescio_ctx *ctx, nescio_tensor *t,
                                                    nescio_dtype dtype, int rank,
                                                    const int64_t *dims);
/** Owns zeroed elements. */
NESCIO_MUST_CHECK nescio_status nescio_tensor_new(nescio_ctx *ctx, nescio_tensor *t,
                                                  nescio_dtype dtype, int rank,
                                                  const int64_t *dims);
/** Elements from an arena (owned_bytes stays 0). */
NESCIO_MUST_CHECK nescio_status nescio_tensor_arena(nescio_ctx *ctx, nescio_arena *arena,
                                                    nescio_tensor *t, nescio_dtype dtype, int rank,
                                                    const int64_t *dims);
/** Frees owned elements and zeroes the struct. */
void nescio_tensor_free(nescio_tensor *t);
/** Contiguous copy of `in` as dtype `to` into *out (owned). Float to integer truncates toward zero
 * and saturates (NaN gives 0); integer to narrower integer keeps the low bits, as ONNX Cast;
 * anything to bool is != 0; strings only to strings; nothing to F16 or BF16 (NESCIO_E_ARG
 * otherwise). */
NESCIO_MUST_CHECK nescio_status nescio_tensor_cast(nescio_ctx *ctx, nescio_tensor *out,
                                                   const nescio_tensor *in, nescio_dtype to);
/** Element i of a contiguous numeric tensor, converted as by nescio_tensor_cast. */
double nescio_tensor_get_f64(const nescio_tensor *t, size_t i);
int64_t nescio_tensor_get_i64(const nescio_tensor *t, size_t i);
/** "float32[10,784]" into buf (cut to n >= 1 bytes); returns buf. */
const char *nescio_tensor_describe(const nescio_tensor *t, char *buf, size_t n);
/** Rows [first, first + n) along axis 0, borrowed. rank >= 1. */
nescio_tensor nescio_tensor_rows(const nescio_tensor *t, int64_t first, int64_t n);

/** Reads .npy 1.0-3.0: little- or big-endian, C or Fortran order, the dtypes above (f2 becomes
 * f32); anything else is NESCIO_E_FORMAT or NESCIO_E_UNSUPPORTED with the file's name. Owned.
 * Trailing bytes are refused. */
NESCIO_MUST_CHECK nescio_status nescio_npy_read(nescio_ctx *ctx, nescio_tensor *out,
                                                const char *path);
NESCIO_MUST_CHECK nescio_status nescio_npy_parse(nescio_ctx *ctx, nescio_tensor *out,
                                                 const void *data, size_t bytes, const char *name);
/** Writes .npy 1.0, atomically, any strides. Strings (UTF-8) as fixed-width unicode; BF16 is
 * NESCIO_E_UNSUPPORTED. */
NESCIO_MUST_CHECK nescio_status nescio_npy_write(nescio_ctx *ctx, const nescio_tensor *t,
                                                 const char *path);
/** Reads comma-separated numbers (inf and nan too) as float64 [rows, columns]; a first line with a
 * non-number or an empty first field is a header; quotes, CRLF, a byte order mark and empty last
 * lines allowed; ragged rows and fields that are no number are NESCIO_E_FORMAT and name line and
 * column. No locale matters. Owned. */
NESCIO_MUST_CHECK nescio_status nescio_csv_read(nescio_ctx *ctx, nescio_tensor *out,
                                                const char *path);
NESCIO_MUST_CHECK nescio_status nescio_csv_parse(nescio_ctx *ctx, nescio_tensor *out,
                                                 const void *data, size_t bytes, const char *name);
#endif /* NESCIO_TENSOR_TENSOR_H */
