/* SPDX-License-Identifier: Apache-2.0
 * The shipped parameter sets, filled from sets.def: what is not in a line there follows from it. */
#include "params/params_internal.h"

#include <string.h>

#define OUT_GLWE_DIM  64 /* times 16 numbers an answer: dimension 1024, TUniform(43) */
#define OUT_POLY_SIZE 16
#define OUT_LEVELS                                                                                 \
    6 /* of 2^3: for ten numbers 2^-12 of the torus, under the noise of any sum of table outputs   \
       */
#define OUT_BASE_LOG 3

/* Bounds that nescio_params_noise_bound() gives, as constants: a test compares them. ceil() of the
 * curve's line. */
#define LINE(dim, modulus)  (4.10067100000001 - 0.025167785 * (dim) + (modulus))
#define CEIL(x)             ((uint32_t)(x) + ((x) > (uint32_t)(x)))
#define BOUND(dim, modulus) (LINE(dim, modulus) > 3 ? CEIL(LINE(dim, modulus)) : 3u)

#define SET(set, n, k, poly, l, b, ks_l, ks_b, ks_q, kind, what)                                   \
    {.name = #set,                                                                                 \
     .use = what,                                                                                  \
     .params = {.lwe_dim = (n),                                                                    \
                .glwe_dim = (k),                                                                   \
                .poly_size = (poly),                                                               \
                .pbs_levels = (l),                                                                 \
                .pbs_base_log = (b),                                                               \
                .ks_levels = (ks_l),                                                               \
                .ks_base_log = (ks_b),                                                             \
                .ks_modulus_log = (ks_q),                                                          \
                .lwe_noise_log = BOUND(n, ks_q),                                                   \
                .glwe_noise_log = BOUND((k) * (poly), 64),                                         \
                .torus_log = (l) * (b) <= 24 ? 32 : 64,                                            \
                .variant = NESCIO_PBS_##kind,                                                      \
                .out_glwe_dim = OUT_GLWE_DIM,                                                      \
                .out_poly_size = OUT_POLY_SIZE,                                                    \
                .out_levels = OUT_LEVELS,                                                          \
                .out_base_log = OUT_BASE_LOG,                                                      \
                .out_noise_log = BOUND(OUT_GLWE_DIM * OUT_POLY_SIZE, 64)}},

static const nescio_param_set sets[] = {
#include "params/sets.def"
};
#undef SET

const nescio_param_set *nescio_param_sets(size_t *count)
{
    *count = sizeof sets / sizeof *sets;
    return sets;
}

const nescio_param_set *nescio_param_set_find(const char *name)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (strcmp(sets[i].name, name) == 0)
            return &sets[i];
    return NULL;
}

nescio_tfhe_params nescio_params_complete(nescio_tfhe_params p)
{
    p.ks_modulus_log = nescio_params_noise_bound(p.lwe_dim, 64) >= 43 ? 24 : 32;
    p.lwe_noise_log = nescio_params_noise_bound(p.lwe_dim, p.ks_modulus_log);
    p.glwe_noise_log = nescio_params_noise_bound(p.glwe_dim * p.poly_size, 64);
    p.torus_log = p.pbs_levels * p.pbs_base_log <= 24 ? 32 : 64;
    p.out_glwe_dim = OUT_GLWE_DIM;
    p.out_poly_size = OUT_POLY_SIZE;
    p.out_levels = OUT_LEVELS;
    p.out_base_log = OUT_BASE_LOG;
    p.out_noise_log = nescio_params_noise_bound(OUT_GLWE_DIM * OUT_POLY_SIZE, 64);
    return p;
}
