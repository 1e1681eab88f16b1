/* SPDX-License-Identifier: Apache-2.0
 * This machine's speed: for `estimate` and `bench`, never for choices.
 *
 * In: parameters, wishes. Out: seconds as minima and medians of many runs on random keys (time
 * depends on no value). The clock is CPU time of threads: on one thread its own; on several that of
 * the busiest, which is the wall clock of a machine that has nothing else to do. Nothing that a
 * compiled model contains depends on a measurement. Must not know: plans, models, secrets. */
#ifndef NESCIO_MEASURE_MEASURE_H
#define NESCIO_MEASURE_MEASURE_H
#include "tfhe/params.h"

/** How much slower (above 1) or faster this machine's core bootstraps than the reference core of
 * the committed cost table: a blind rotation over the first 32 key groups, batched, minimum of 5
 * runs. Takes under 0.1 s. */
NESCIO_MUST_CHECK nescio_status nescio_measure_slowness(nescio_ctx *ctx,
                                                        const nescio_tfhe_params *p,
                                                        double *slowness);

/** One measurement. Numbers that do not apply are 0. */
typedef struct nescio_measure_row {
    const char *what;    /**< "pbs", "blind_rotation", "keyswitch", "fft", "modulus_switch",
                            "sample_extract", "key_expansion", "linear", "input_linear",
                            "input_extract", "answer". Static */
    const char *variant; /**< of blind rotation ("unrolled2"), or of the kernel. Static */
    const char *isa;     /**< in force. Static */
    uint32_t n, k, poly_size, levels, base_log; /**< n: "linear": terms of a sum */
    uint32_t batch, threads;
    double min_ms, median_ms; /**< a ciphertext (transform, sum, number) */
    double
        bound_ms; /**< what its f64 multiply-adds alone would take; 0: does not consist of them */
} nescio_measure_row;

/** Takes a row; non-zero stops with NESCIO_E_CANCELLED. */
typedef int (*nescio_measure_fn)(const nescio_measure_row *row, void *user);

/** Zero-initialised: all of the short list. */
typedef struct nescio_measure_options {
    const uint32_t *variant; /**< only this nescio_pbs_variant; NULL: all */
    uint32_t batch;          /**< only batches of so many ciphertexts, at most
                                NESCIO_MEASURE_MAX_BATCH; 0: 1, 16, 64 */
    bool full;               /**< every shape, more runs */
} nescio_measure_options;

#define NESCIO_MEASURE_MAX_BATCH 4096

/** Transforms, the parts of a bootstrapping but rotation, linear and border kernels; on one thread,
 * and on the context's where it has more. Under 30 s when short. */
NESCIO_MUST_CHECK nescio_status nescio_measure_kernels(nescio_ctx *ctx,
                                                       const nescio_measure_options *options,
                                                       nescio_measure_fn fn, void *user);
/** Blind rotation alone, and key switch to extraction as the engine does it, by variant and shape.
 * Under 60 s when short. */
NESCIO_MUST_CHECK nescio_status nescio_measure_pbs(nescio_ctx *ctx,
                                                   const nescio_measure_options *options,
                                                   nescio_measure_fn fn, void *user);
#endif /* NESCIO_MEASURE_MEASURE_H */
