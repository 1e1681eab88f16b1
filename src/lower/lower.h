/* SPDX-License-Identifier: Apache-2.0
 * Lowering: integer circuit to integer circuit, until a plan can be made of it.
 *
 * In: a verified circuit with any gates. Out: a new verified circuit of INPUT, CONSTANT, LINEAR,
 * GATHER, CONCAT, TABLE and OUTPUT that gives the same integers for every row. One pass a file; the
 * order is the table in pipeline.c, nothing calls a pass from inside another. Products, maxima,
 * comparisons and selections become linear gates and exact tables; constants, gathers and chains of
 * linear gates or of tables are folded; what no output needs is dropped. Ranges are computed anew
 * after each pass (calibrated ones stay); nescio_circuit_verify runs after each in debug builds.
 * NESCIO_E_UNSUPPORTED names the gate that cannot be lowered: decision trees, and exact tables
 * wider than one bootstrapping. Must not know: floats, ciphertexts, parameters.
 */
#ifndef NESCIO_LOWER_LOWER_H
#define NESCIO_LOWER_LOWER_H
#include "circuit/circuit.h"

/** Told of the circuit after pass `name` has run. */
typedef void (*nescio_lower_hook)(const char *name, const nescio_circuit *circuit, void *user);

typedef struct nescio_lower_options {
    int exact_bits_max; /**< widest exact table that one bootstrapping may do, 1 ... 16. Default 8
                         */
    nescio_lower_hook hook; /**< may be NULL */
    void *user;
} nescio_lower_options;

nescio_lower_options nescio_lower_options_default(void);
/** Names of the passes in order, for --dump-after; NULL beyond the last. */
const char *nescio_lower_pass_name(size_t i);
/** Returns new; `in` is not changed. */
NESCIO_MUST_CHECK nescio_status nescio_lower(nescio_ctx *ctx, const nescio_circuit *in,
                                             const nescio_lower_options *options,
                                             nescio_circuit **out);
#endif /* NESCIO_LOWER_LOWER_H */
