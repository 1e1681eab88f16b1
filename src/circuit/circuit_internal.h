/* SPDX-License-Identifier: Apache-2.0
 * Shared by the files of the circuit room only. */
#ifndef NESCIO_CIRCUIT_CIRCUIT_INTERNAL_H
#define NESCIO_CIRCUIT_CIRCUIT_INTERNAL_H
#include "circuit/circuit.h"

/** An inclusive interval of integers. */
typedef struct nescio_interval {
    int64_t lo, hi;
} nescio_interval;

/** What interval arithmetic gives for the gate's output from the stated ranges of its inputs. The
 * payload's sizes have been checked. NESCIO_E_UNSUPPORTED: past NESCIO_CIRCUIT_VALUE_MAX. */
NESCIO_MUST_CHECK nescio_status nescio_gate_interval(nescio_ctx *ctx, const nescio_gate *gate,
                                                     nescio_interval *out);
/** may[id] for every wire: only saturating tables and OUTPUTs use it (and something does). Gates'
 * inputs have been checked. */
void nescio_circuit_narrowable(const nescio_circuit *circuit, bool *may);
#endif /* NESCIO_CIRCUIT_CIRCUIT_INTERNAL_H */
