/* SPDX-License-Identifier: Apache-2.0
 * Random lowered circuits for tests of plan, params, simulate and runtime. */
#ifndef NESCIO_TESTS_LOWERED_CIRCUIT_H
#define NESCIO_TESTS_LOWERED_CIRCUIT_H
#include "circuit/circuit.h"

/** What kind of tables a circuit has. */
typedef enum lowered_kind {
    LOWERED_LEVELLED, /**< none */
    LOWERED_EXACT,    /**< exact ones, at most 16 values each, some saturating */
    LOWERED_NETWORK,  /**< approximate ones: saturating and not */
} lowered_kind;

/** Returns new, verified, with every lowered operator now and then. NULL: a failure, told on ctx.
 */
nescio_circuit *lowered_circuit(nescio_ctx *ctx, uint64_t seed, lowered_kind kind);
/** 784-128-64-10-like networks: dense layers of random weights, each followed by a clipped ramp
 * that fills a calibrated window. */
nescio_circuit *lowered_network(nescio_ctx *ctx, uint64_t seed, const size_t *widths,
                                size_t n_widths);
/** Random integers for input i, from its quantizer: [n_rows][count] from malloc. */
int64_t *lowered_inputs(const nescio_circuit *c, size_t i, size_t n_rows, uint64_t *random);
#endif /* NESCIO_TESTS_LOWERED_CIRCUIT_H */
