/* SPDX-License-Identifier: Apache-2.0
 * The public import options in the form that the reader takes. */
#ifndef NESCIO_API_IMPORT_DIMS_H
#define NESCIO_API_IMPORT_DIMS_H
#include "nescio/model.h"

#include "onnx/onnx.h"

/** Bound dims: names and numbers apart. */
typedef struct nescio_import_dims {
    nescio_onnx_options options; /**< borrows `dims` */
    nescio_onnx_dim *dims;       /**< owned; names point into `text` */
    char *text;                  /**< owned */
} nescio_import_dims;

/** Splits "NAME=N" texts; options NULL: none. NESCIO_E_ARG: one of another form, or too many. Freed
 * by nescio_import_dims_free in either case. */
NESCIO_MUST_CHECK nescio_status nescio_import_dims_init(nescio_ctx *ctx,
                                                        const nescio_import_options *options,
                                                        nescio_import_dims *out);
void nescio_import_dims_free(nescio_import_dims *dims);
/** nescio_onnx_read with public options. */
NESCIO_MUST_CHECK nescio_status nescio_import_read(nescio_ctx *ctx, const char *path,
                                                   const nescio_import_options *options,
                                                   nescio_graph **out);
#endif /* NESCIO_API_IMPORT_DIMS_H */
