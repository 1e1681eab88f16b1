/* SPDX-License-Identifier: Apache-2.0
 * "NAME=N" texts of the public options. */
#include "api/import_dims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The reader marks which were used in a word of 32 bits. */
#define NESCIO_DIMS_MAX 32

static nescio_status parse_dim(nescio_ctx *ctx, char *text, nescio_onnx_dim *out)
{
    char *const equals = strrchr(text, '='), *end = NULL;

    errno = 0;
    if (equals && equals != text && equals[1] >= '0' && equals[1] <= '9')
        out->size = strtoll(equals + 1, &end, 10);
    if (!end || *end || errno)
        return nescio_fail(ctx, NESCIO_E_ARG, "dim '%s': NAME=N is accepted, such as batch=1",
                           text);
    *equals = 0;
    out->name = text;
    return NESCIO_OK;
}

nescio_status nescio_import_dims_init(nescio_ctx *ctx, const nescio_import_options *options,
                                      nescio_import_dims *out)
{
    size_t bytes = 0;
    char *at;

    memset(out, 0, sizeof *out);
    if (!options || options->n_dims == 0)
        return NESCIO_OK;
    if (options->n_dims > NESCIO_DIMS_MAX)
        return nescio_fail(ctx, NESCIO_E_ARG, "%zu dims are given, at most %d are accepted",
                           options->n_dims, NESCIO_DIMS_MAX);
    for (size_t i = 0; i < options->n_dims; i++)
        bytes += strlen(options->dims[i]) + 1;
    out->dims = calloc(options->n_dims, sizeof *out->dims);
    out->text = at = malloc(bytes);
    if (!out->dims || !out->text)
        return nescio_fail_nomem(ctx, bytes);
    for (size_t i = 0; i < options->n_dims; i++) {
        const size_t n = strlen(options->dims[i]) + 1;

        memcpy(at, options->dims[i], n);
        NESCIO_TRY(parse_dim(ctx, at, &out->dims[i]));
        at += n;
    }
    out->options = (nescio_onnx_options){out->dims, options->n_dims};
    return NESCIO_OK;
}

void nescio_import_dims_free(nescio_import_dims *dims)
{
    free(dims->dims);
    free(dims->text);
    memset(dims, 0, sizeof *dims);
}

nescio_status nescio_import_read(nescio_ctx *ctx, const char *path,
                                 const nescio_import_options *options, nescio_graph **out)
{
    nescio_import_dims dims;
    nescio_status st = nescio_import_dims_init(ctx, options, &dims);

    *out = NULL;
    if (st == NESCIO_OK)
        st = nescio_onnx_read(ctx, path, &dims.options, out);
    nescio_import_dims_free(&dims);
    return st;
}
