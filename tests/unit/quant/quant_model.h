/* SPDX-License-Identifier: Apache-2.0
 * Small float models with random weights, from text, and rows for them. */
#ifndef NESCIO_TESTS_QUANT_MODEL_H
#define NESCIO_TESTS_QUANT_MODEL_H
#include "quant/quant.h"

/** Parses `text` with random weights put in: "@w[3,4]*0.5" becomes "float[3,4] w = {...}", uniform
 * in +-0.5. A failure ends the test. */
nescio_graph *quant_model(nescio_ctx *ctx, const char *text, uint64_t seed);
/** Uniform rows in [-1, 1] for every input; array and tensors are freed by quant_rows_free. */
nescio_tensor *quant_rows(nescio_ctx *ctx, const nescio_graph *graph, int64_t n_rows,
                          uint64_t seed);
void quant_rows_free(nescio_tensor *rows, const nescio_graph *graph);
/** Root mean square of (circuit - float executor) over all outputs and rows, as a share of the
 * float outputs' standard deviation. */
double quant_error(nescio_ctx *ctx, const nescio_graph *graph, const nescio_circuit *circuit,
                   const nescio_tensor *rows);
#endif /* NESCIO_TESTS_QUANT_MODEL_H */
