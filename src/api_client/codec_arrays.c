/* SPDX-License-Identifier: Apache-2.0
 * Lists of arrays to and from the client's clear side. */
#include "api_client/arrays.h"

#include <stdlib.h>

nescio_status nescio_arrays_for_codec(nescio_ctx *ctx, const nescio_codec *codec,
                                      const nescio_arrays *inputs, nescio_tensor **out)
{
    const size_t n = nescio_codec_n_inputs(codec);
    const char **names = calloc(n + 1, sizeof *names);
    nescio_status st;

    *out = calloc(n + 1, sizeof **out);
    for (size_t i = 0; names && i < n; i++)
        names[i] = nescio_codec_input(codec, i)->name;
    st = names && *out ? nescio_arrays_match(ctx, inputs, names, n, *out)
                       : nescio_fail_nomem(ctx, n * sizeof **out);
    free(names);
    return st;
}

nescio_status nescio_arrays_from_codec(nescio_ctx *ctx, const nescio_codec *codec,
                                       const nescio_rows *rows, nescio_arrays **out)
{
    const size_t n = nescio_codec_n_outputs(codec);
    nescio_tensor *tensors = calloc(n + 1, sizeof *tensors);
    nescio_status st =
        tensors ? nescio_arrays_new(ctx, out) : nescio_fail_nomem(ctx, n * sizeof *tensors);

    if (st == NESCIO_OK)
        st = nescio_codec_decode(ctx, codec, rows, tensors);
    for (size_t i = 0; st == NESCIO_OK && i < n; i++)
        st = nescio_arrays_take(ctx, *out, nescio_codec_output(codec, i)->name, &tensors[i]);
    for (size_t i = 0; tensors && i < n; i++)
        nescio_tensor_free(&tensors[i]);
    free(tensors);
    if (st != NESCIO_OK) {
        nescio_arrays_free(*out);
        *out = NULL;
    }
    return st;
}
