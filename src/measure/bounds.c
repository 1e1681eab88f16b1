/* SPDX-License-Identifier: Apache-2.0
 * What no blind rotation can beat: its f64 multiply-adds at the rate at which the core issues them.
 *
 * m = N/2 complex points, R = (k+1) l digit polynomials. A group of key bits has R + k + 1
 * transforms of 3 m log2 m multiply-adds (six a butterfly of radix two), and products with the key,
 * four a complex product: R (k+1) m of them when the group has one key; with more, each row of keys
 * is first combined with the monomials, R (k+1) m for each key and once more for the product.
 * Digits, rotation, conversion and loads come on top: the bound is out of reach by design. */
#include "kernels/multiply_rate.h"
#include "measure/measure_internal.h"

#include <math.h>

enum { RUNS = 20 };

typedef struct rate_run {
    nescio_multiply_rate_kernels kernels;
    size_t rounds;
    volatile double sink; /* the result counts: nothing is optimised away */
} rate_run;

static void run_rounds(void *arg)
{
    rate_run *r = arg;

    r->sink = r->kernels.run(r->rounds);
}

double nescio_multiply_add_rate(nescio_isa isa)
{
    static const clocks own = {.n = 1, .ids = {CLOCK_THREAD_CPUTIME_ID}};
    rate_run r = {.rounds = 200000};
    double best = 0;

    nescio_multiply_rate_kernels_for(isa, &r.kernels);
    for (int i = 0; i < RUNS; i++) {
        const double took = nescio_clocks_time(&own, 1, run_rounds, &r);
        const double rate = (double)(r.rounds * r.kernels.multiply_adds) / took;

        best = rate > best ? rate : best;
    }
    return best;
}

double nescio_multiply_adds_transform(uint32_t poly_size)
{
    const double m = poly_size / 2.0;

    return 3 * m * log2(m);
}

double nescio_multiply_adds_rotation(const nescio_tfhe_params *p)
{
    const double m = p->poly_size / 2.0, columns = p->glwe_dim + 1.0;
    const double rows = columns * p->pbs_levels;
    const double keys = nescio_tfhe_group_keys(p);
    const double products = p->variant == NESCIO_PBS_CLASSICAL ? 1 : keys + 1;
    const double groups = (double)p->lwe_dim / nescio_tfhe_group_bits(p);

    return groups * ((rows + columns) * nescio_multiply_adds_transform(p->poly_size) +
                     4 * rows * columns * m * products);
}
