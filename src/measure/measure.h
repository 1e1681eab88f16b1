/* SPDX-License-Identifier: Apache-2.0
 * This machine's speed: for `estimate` and `bench`, never for choices.
 *
 * In: parameters. Out: seconds of thread CPU time, as minima of several runs on random keys.
 * Nothing that a compiled model contains depends on a measurement. Must not know: plans, models.
 */
#ifndef NESCIO_MEASURE_MEASURE_H
#define NESCIO_MEASURE_MEASURE_H
#include "tfhe/params.h"

/** How much slower (above 1) or faster this machine's core bootstraps than the reference core of
 * the committed cost table: a blind rotation over the first 32 key groups, batched, minimum of 5
 * runs. Takes under 0.1 s. */
NESCIO_MUST_CHECK nescio_status nescio_measure_slowness(nescio_ctx *ctx,
                                                        const nescio_tfhe_params *p,
                                                        double *slowness);
#endif /* NESCIO_MEASURE_MEASURE_H */
