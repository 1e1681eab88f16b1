/* SPDX-License-Identifier: Apache-2.0
 * Times a short blind rotation against the cost table. */
#include "measure/measure_internal.h"
#include "params/params.h"

enum { GROUPS = 32, TILE = 8, RUNS = 5 };

static void run_tile(void *arg)
{
    nescio_random_rotation_run(arg, TILE);
}

nescio_status nescio_measure_slowness(nescio_ctx *ctx, const nescio_tfhe_params *p,
                                      double *slowness)
{
    static const clocks own = {.n = 1, .ids = {CLOCK_THREAD_CPUTIME_ID}};
    nescio_tfhe_params shorter = *p;
    random_rotation r;
    double least = 0;
    nescio_status st;

    shorter.lwe_dim = GROUPS * nescio_tfhe_group_bits(p);
    st = nescio_random_rotation_new(ctx, &shorter, TILE, &r);
    if (st == NESCIO_OK) {
        for (int run = 0; run < RUNS; run++) {
            const double each = nescio_clocks_time(&own, 1, run_tile, &r) / TILE;

            if (run == 0 || each < least)
                least = each;
        }
        *slowness = least / nescio_cost_pbs(&shorter);
    }
    nescio_random_rotation_free(&r);
    return st;
}
