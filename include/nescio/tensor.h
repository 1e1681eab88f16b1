/* SPDX-License-Identifier: Apache-2.0
 * Named arrays in the clear: what models take and give, and the files that hold them. */
#ifndef NESCIO_TENSOR_H
#define NESCIO_TENSOR_H
#include "nescio/context.h"

#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
/** Element types, numbered as ONNX numbers them. */
typedef enum nescio_type {
    NESCIO_TYPE_FLOAT32 = 1,
    NESCIO_TYPE_UINT8 = 2,
    NESCIO_TYPE_INT8 = 3,
    NESCIO_TYPE_UINT16 = 4,
    NESCIO_TYPE_INT16 = 5,
    NESCIO_TYPE_INT32 = 6,
    NESCIO_TYPE_INT64 = 7,
    NESCIO_TYPE_STRING = 8, /**< elements are `const char *` */
    NESCIO_TYPE_BOOL = 9,
    NESCIO_TYPE_FLOAT64 = 11,
    NESCIO_TYPE_UINT32 = 12,
    NESCIO_TYPE_UINT64 = 13,
} nescio_type;

#define NESCIO_MAX_RANK 12

/** One array: row-major, without gaps. A model's rows are on axis 0. */
typedef struct nescio_array {
    const char *name;
    int type; /**< nescio_type */
    int rank; /**< 0 ... NESCIO_MAX_RANK */
    int64_t dims[NESCIO_MAX_RANK];
    const void *data;
} nescio_array;

/** A list of named arrays that owns its elements. */
typedef struct nescio_arrays nescio_arrays;

/** Returns new, empty. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_arrays_new(nescio_ctx *ctx, nescio_arrays **out);
/** Accepts NULL. */
NESCIO_API void nescio_arrays_free(nescio_arrays *arrays);
/** Adds a copy. name NULL or "": taken by position when the list is given to a model. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_arrays_add(nescio_ctx *ctx, nescio_arrays *arrays,
                                                             const nescio_array *array);
/** Adds the contents of a .npy, .csv or .pb (ONNX TensorProto) file; "-" reads .npy from standard
 * input. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_arrays_add_file(nescio_ctx *ctx,
                                                                  nescio_arrays *arrays,
                                                                  const char *name,
                                                                  const char *path);
NESCIO_API size_t nescio_arrays_count(const nescio_arrays *arrays);
/** Array i, borrowed from the list; i < count. */
NESCIO_API const nescio_array *nescio_arrays_at(const nescio_arrays *arrays, size_t i);
/** Keeps rows [first, first + n) of every array (n cut to what is there). */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_arrays_rows(nescio_ctx *ctx,
                                                              nescio_arrays *arrays, size_t first,
                                                              size_t n);
/** Writes as .npy: `path` itself when it ends in ".npy" and there is one array, else one file an
 * array in the folder `path` (made when missing; '/' in names becomes '_'). "-" writes one array to
 * standard output. All files are written or none; each is replaced atomically. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_arrays_write(nescio_ctx *ctx,
                                                               const nescio_arrays *arrays,
                                                               const char *path);
/** Share of rows whose class (largest score, or label) is the one in `labels` (one array of
 * integers, one a row). */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_accuracy(nescio_ctx *ctx,
                                                           const nescio_arrays *outputs,
                                                           const nescio_arrays *labels,
                                                           double *accuracy);
/** Class of each row of a model's outputs into classes[n]; n must be their number of rows. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_array_classes(nescio_ctx *ctx,
                                                                const nescio_arrays *outputs,
                                                                int64_t *classes, size_t n);
#ifdef __cplusplus
}
#endif
#endif /* NESCIO_TENSOR_H */
