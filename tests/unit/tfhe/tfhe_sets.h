/* SPDX-License-Identifier: Apache-2.0
 * Parameter sets that tests share. */
#ifndef NESCIO_TESTS_TFHE_SETS_H
#define NESCIO_TESTS_TFHE_SETS_H
#include "tfhe/tfhe.h"

/* Small, insecure, with the noise of real sets. */
static const nescio_tfhe_params toy = {
    .lwe_dim = 24,
    .glwe_dim = 1,
    .poly_size = 256,
    .pbs_levels = 1,
    .pbs_base_log = 23,
    .ks_levels = 4,
    .ks_base_log = 4,
    .ks_modulus_log = 24,
    .lwe_noise_log = 5,
    .glwe_noise_log = 17,
    .torus_log = 32,
    .variant = NESCIO_PBS_CLASSICAL,
    .out_glwe_dim = 4,
    .out_poly_size = 16,
    .out_levels = 5,
    .out_base_log = 4,
    .out_noise_log = 40,
};

/* 128-bit sets. */
static const nescio_tfhe_params real_k2 = {
    .lwe_dim = 880,
    .glwe_dim = 2,
    .poly_size = 1024,
    .pbs_levels = 1,
    .pbs_base_log = 23,
    .ks_levels = 8,
    .ks_base_log = 2,
    .ks_modulus_log = 24,
    .lwe_noise_log = 6,
    .glwe_noise_log = 17,
    .torus_log = 32,
    .variant = NESCIO_PBS_UNROLLED2,
    .out_glwe_dim = 64,
    .out_poly_size = 16,
    .out_levels = 6,
    .out_base_log = 3,
    .out_noise_log = 43,
};

static inline nescio_tfhe_params toy_variant(uint32_t variant, uint32_t torus_log, uint32_t k)
{
    nescio_tfhe_params p = toy;

    p.variant = variant;
    p.torus_log = torus_log;
    p.glwe_dim = k;
    if (torus_log == 64) {
        p.pbs_levels = 2;
        p.pbs_base_log = 15;
        p.ks_modulus_log = 32;
        p.lwe_noise_log = 13;
    }
    return p;
}
#endif /* NESCIO_TESTS_TFHE_SETS_H */
