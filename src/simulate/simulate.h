/* SPDX-License-Identifier: Apache-2.0
 * The simulator: a plan in the clear, with the noise that encryption would add.
 *
 * In: a bound plan, its circuit, rows of integers, a seed. Out: the integers that a client would
 * decode, and how often values left their windows. Follows the plan step by step on torus words:
 * phases are what ciphertexts would hold, the noise of each operation is drawn from a seeded stream
 * with the variance that the room noise states, modulus switch and table look-up happen on the real
 * grid of 2N points with the real test polynomials. A row depends on seed and number alone, never
 * on threads. Must not know: params (that its predictions and these samples agree is a test), keys,
 * ciphertexts.
 */
#ifndef NESCIO_SIMULATE_SIMULATE_H
#define NESCIO_SIMULATE_SIMULATE_H
#include "plan/plan.h"
#include "random/random.h"

/** Events of all rows, by gate of the circuit. Add over calls; zero-initialise. Arrays may be NULL:
 * not counted. */
typedef struct nescio_simulation_stats {
    uint64_t *out_of_range; /**< [n_gates]: phases at a table or output outside its wire's range by
                             * over half an integer. A value over half a turn beyond is not seen:
                             * mode `disable` counts those */
    uint64_t *seen;         /**< [n_gates]: values looked up or answered */
} nescio_simulation_stats;

/** What is simulated. */
typedef struct nescio_simulation {
    const nescio_plan *plan;       /**< bound; borrowed */
    const nescio_circuit *circuit; /**< of the plan; borrowed */
    uint8_t seed[NESCIO_SEED_BYTES];
    uint64_t first_row; /**< number of the first row: rows of one seed under different numbers have
                           their own noise */
    bool no_noise;      /**< draw nothing: what the grid and the tables alone do */
} nescio_simulation;

/** inputs[i]: [n_rows][count] integers of the i-th INPUT; outputs[i]: [n_rows][count] decoded ones
 * of the i-th OUTPUT. Rows run on the pool of ctx; reports progress. Inputs outside their
 * quantizer's range are NESCIO_E_ARG. `stats` may be NULL. */
NESCIO_MUST_CHECK nescio_status nescio_simulate(nescio_ctx *ctx, const nescio_simulation *sim,
                                                const int64_t *const *inputs,
                                                int64_t *const *outputs, size_t n_rows,
                                                nescio_simulation_stats *stats);

/** One row, and the phase of every ciphertext that the plan's slot `slot` holds when its step is
 * done: for tests that compare variances. phases: [count of the slot]. */
NESCIO_MUST_CHECK nescio_status nescio_simulate_slot(nescio_ctx *ctx, const nescio_simulation *sim,
                                                     const int64_t *const *inputs, uint32_t slot,
                                                     uint64_t *phases);
#endif /* NESCIO_SIMULATE_SIMULATE_H */
