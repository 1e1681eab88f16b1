/* SPDX-License-Identifier: Apache-2.0
 * The client's clear side: real rows to integers, and integers to what the original model gives.
 *
 * In: a client part and tensors as the original model takes them. Out: integers of each encrypted
 * input (head graph, then quantizers); the model's outputs from integers of each encrypted output
 * (dequantizers, then tail graph); classes and accuracy. The head and the tail run in the clear on
 * the client, in canonical operators. Invariants: rows are independent and on axis 0. Must not
 * know: keys, ciphertexts.
 */
#ifndef NESCIO_CODEC_CODEC_H
#define NESCIO_CODEC_CODEC_H
#include "format/package.h"
#include "graph/graph.h"

typedef struct nescio_codec nescio_codec;

/** Parses head and tail and prepares their executors. Borrows `client`. Returns new. */
NESCIO_MUST_CHECK nescio_status nescio_codec_new(nescio_ctx *ctx, const nescio_client_part *client,
                                                 nescio_codec **out);
void nescio_codec_free(nescio_codec *codec);

/** What the original model takes and gives: name, dtype, shape. Borrowed. */
size_t nescio_codec_n_inputs(const nescio_codec *codec);
size_t nescio_codec_n_outputs(const nescio_codec *codec);
const nescio_value *nescio_codec_input(const nescio_codec *codec, size_t i);
const nescio_value *nescio_codec_output(const nescio_codec *codec, size_t i);

/** Integers of rows: one block of [n_rows][count] for each encrypted tensor. Owned by the caller
 * (nescio_rows_free). */
typedef struct nescio_rows {
    size_t n_rows;
    uint32_t n_tensors;
    int64_t **values;  /**< [n_tensors], each [n_rows][count] */
    uint64_t *clamped; /**< [n_tensors] values that the quantizer clamped on the way in; zero on the
                          way out */
} nescio_rows;

/** Zeroed blocks of the given element counts. */
NESCIO_MUST_CHECK nescio_status nescio_rows_new(nescio_ctx *ctx, size_t n_rows, uint32_t n_tensors,
                                                const uint32_t *counts, nescio_rows *out);
/** Wipes, since rows may hold what was encrypted. Accepts a zeroed struct. `counts` as in
 * nescio_rows_new. */
void nescio_rows_free(nescio_rows *rows, const uint32_t *counts);
/** Zeroed blocks for a codec's encrypted inputs or outputs. */
NESCIO_MUST_CHECK nescio_status nescio_codec_rows_in(nescio_ctx *ctx, const nescio_codec *codec,
                                                     size_t n_rows, nescio_rows *out);
NESCIO_MUST_CHECK nescio_status nescio_codec_rows_out(nescio_ctx *ctx, const nescio_codec *codec,
                                                      size_t n_rows, nescio_rows *out);
void nescio_codec_rows_in_free(const nescio_codec *codec, nescio_rows *rows);
void nescio_codec_rows_out_free(const nescio_codec *codec, nescio_rows *rows);

/** Head graph, then quantizers. inputs in the model's order; all have the same number of rows. */
NESCIO_MUST_CHECK nescio_status nescio_codec_encode(nescio_ctx *ctx, const nescio_codec *codec,
                                                    const nescio_tensor *inputs, size_t n_inputs,
                                                    nescio_rows *out);
/** Dequantizers, then tail graph. outputs[nescio_codec_n_outputs] are overwritten and owned by the
 * caller. */
NESCIO_MUST_CHECK nescio_status nescio_codec_decode(nescio_ctx *ctx, const nescio_codec *codec,
                                                    const nescio_rows *rows,
                                                    nescio_tensor *outputs);

/** Class of each row of a model's outputs: an integer output of one element a row is the class;
 * else the largest element (first of equals) of the first floating output, or whether its single
 * element is above 0.5 (values all in [0, 1]) or 0. classes[n_rows]. NESCIO_E_MISMATCH: no output
 * says a class. */
NESCIO_MUST_CHECK nescio_status nescio_classes(nescio_ctx *ctx, const nescio_tensor *outputs,
                                               size_t n_outputs, int64_t *classes, size_t n_rows);
#endif /* NESCIO_CODEC_CODEC_H */
