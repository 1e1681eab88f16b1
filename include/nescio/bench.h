/* SPDX-License-Identifier: Apache-2.0
 * How fast this machine is: timings of kernels and of bootstrapping. Choices never depend on them.
 */
#ifndef NESCIO_BENCH_H
#define NESCIO_BENCH_H
#include "nescio/context.h"

#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
/** One measurement. The letters are the papers'; numbers that do not apply are 0. */
typedef struct nescio_bench_row {
    const char *what; /**< "pbs" (key switch to extraction), "blind_rotation", "keyswitch", "fft",
                         "linear", "input_linear", "input_extract", "answer". Static */
    const char *variant; /**< "classical", "unrolled2", "block3"; of kernels: which. Static */
    const char *isa;     /**< instruction set in force, as $NESCIO_ISA names it. Static */
    uint32_t n, k, N, level, base_log; /**< n of "linear" and "input_linear": terms of a sum */
    uint32_t batch;                    /**< ciphertexts at once */
    uint32_t threads;
    double min_ms, median_ms; /**< CPU time of the busiest thread, a ciphertext */
    double bound_ms; /**< what its f64 multiply-adds would take if nothing else had to be done; 0:
                        it does not consist of them */
} nescio_bench_row;

/** Takes a row, valid during the call. Returns non-zero to stop, with NESCIO_E_CANCELLED. */
typedef int (*nescio_bench_fn)(const nescio_bench_row *row, void *user);

/** Zero-initialised: all of the short list. */
typedef struct nescio_bench_options {
    const char *variant; /**< of blind rotation: only this; NULL: all */
    uint32_t batch;      /**< only batches of so many ciphertexts, at most 4096; 0: 1, 16, 64 */
    int full;            /**< every shape, more runs: minutes */
} nescio_bench_options;

/** Transforms, key switch, linear maps, packed inputs and answers; on one thread, and on the
 * context's where it has more. `options` may be NULL. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_bench_kernels(nescio_ctx *ctx,
                                                                const nescio_bench_options *options,
                                                                nescio_bench_fn fn, void *user);
/** Bootstrapping by variant and shape, with a key of random words: likewise. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_bench_pbs(nescio_ctx *ctx,
                                                            const nescio_bench_options *options,
                                                            nescio_bench_fn fn, void *user);
#ifdef __cplusplus
}
#endif
#endif /* NESCIO_BENCH_H */
