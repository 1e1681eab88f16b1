/* SPDX-License-Identifier: Apache-2.0
 * One row of the simulator. */
#ifndef NESCIO_SIMULATE_INTERNAL_H
#define NESCIO_SIMULATE_INTERNAL_H
#include "simulate/simulate.h"

/** Standard deviations that a plan's parameters imply, on the torus. */
typedef struct noise_levels {
    double *fresh;  /**< [n_inputs] */
    double *answer; /**< [n_outputs] of a full answer; the last, shorter one has less */
    /** Key switch and modulus switch, without the grid; by nescio_share_log(). */
    double switched[NESCIO_SHARE_LOG_MAX + 1];
    double rotation;
} noise_levels;

/** Scratch of one worker: phases of the inputs and of the pool. */
typedef struct row_state {
    uint64_t **inputs;             /**< [n_inputs][count] */
    uint64_t *pool;                /**< [pool_ciphertexts] */
    uint64_t *out_of_range, *seen; /**< [n_gates] */
    nescio_stream stream;
} row_state;

/** Called after each step that writes a slot. */
typedef void (*step_watch)(void *arg, uint32_t slot, const uint64_t *phases);

typedef struct row_job {
    const nescio_simulation *sim;
    const noise_levels *noise;
    const int64_t *const *inputs;
    int64_t *const *outputs; /**< NULL: not decoded */
    step_watch watch;        /**< NULL: none */
    void *watch_arg;
} row_job;

nescio_status nescio_noise_levels(nescio_ctx *ctx, const nescio_simulation *sim,
                                  nescio_arena *arena, noise_levels *out);
nescio_status nescio_row_state(nescio_ctx *ctx, const nescio_simulation *sim, nescio_arena *arena,
                               row_state *out);
/** Row i of the job's arrays. */
void nescio_simulate_row(const row_job *job, row_state *state, size_t i_row);
#endif /* NESCIO_SIMULATE_INTERNAL_H */
