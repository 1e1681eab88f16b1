/* SPDX-License-Identifier: Apache-2.0
 * Parameters of the TFHE scheme: one struct that keys, plans and noise formulas share. */
#ifndef NESCIO_TFHE_PARAMS_H
#define NESCIO_TFHE_PARAMS_H
#include "base/base.h"

/** How blind rotation consumes key bits. Values are stored in files: never renumber. */
typedef enum nescio_pbs_variant {
    NESCIO_PBS_CLASSICAL = 0, /**< one GGSW a key bit */
    NESCIO_PBS_UNROLLED2 =
        1, /**< three GGSW for two key bits; standard binary keys (Bourse et al., CRYPTO 2018) */
    NESCIO_PBS_BLOCK2 = 2, /**< block-binary keys: at most one 1 in each block of 2 ... (Lee et al.,
                              AsiaCCS 2023) */
    NESCIO_PBS_BLOCK3 = 3,
    NESCIO_PBS_BLOCK4 = 4,
    NESCIO_PBS_BLOCK8 = 8,
} nescio_pbs_variant;

/** All that a key depends on. Word n, k, N, l, b in the papers: lwe_dim, glwe_dim, poly_size,
 * pbs_levels, pbs_base_log. */
typedef struct nescio_tfhe_params {
    uint32_t lwe_dim;      /**< n, dimension of the small key; even for UNROLLED2, a multiple of the
                              block otherwise */
    uint32_t glwe_dim;     /**< k, 1 ... 6 */
    uint32_t poly_size;    /**< N, power of two, 256 ... 32768; the big LWE dimension is k N */
    uint32_t pbs_levels;   /**< l, 1 ... 4 */
    uint32_t pbs_base_log; /**< b; gadget base 2^b */
    uint32_t ks_levels;    /**< levels of the key switch big -> small */
    uint32_t ks_base_log;  /**< its base 2^b, b <= 7 */
    uint32_t ks_modulus_log; /**< 24 or 32: modulus of the small LWE */
    uint32_t lwe_noise_log;  /**< TUniform bound of the small key's encryptions, in units of
                                2^-ks_modulus_log; >= 3 */
    uint32_t glwe_noise_log; /**< TUniform bound of the big key's encryptions, in units of 2^-64 */
    uint32_t torus_log;      /**< word of accumulators and big LWE: 32 where l b <= 24, else 64 */
    uint32_t variant;        /**< nescio_pbs_variant */
    uint32_t out_glwe_dim;   /**< k' of the output key; k' N' = 1024 (toy sets: less) */
    uint32_t out_poly_size;  /**< N', a power of two: answers hold up to N' numbers each */
    uint32_t out_levels;     /**< levels of the output key switch big LWE -> small GLWE */
    uint32_t out_base_log;   /**< its base 2^b, b <= 7 */
    uint32_t out_noise_log;  /**< TUniform bound under the output key, in units of 2^-64; >= 35: the
                                  key's modulus is 2^32 */
} nescio_tfhe_params;

/** Structure and limits above; NESCIO_E_ARG says which field. Says nothing about security (params
 * room). */
NESCIO_MUST_CHECK nescio_status nescio_tfhe_params_check(nescio_ctx *ctx,
                                                         const nescio_tfhe_params *p);
bool nescio_tfhe_params_equal(const nescio_tfhe_params *a, const nescio_tfhe_params *b);
/** k N. */
uint32_t nescio_tfhe_big_dim(const nescio_tfhe_params *p);
/** Key bits that share one decomposition: 1, 2 (UNROLLED2), or the block length. */
uint32_t nescio_tfhe_group_bits(const nescio_tfhe_params *p);
/** GGSW ciphertexts a group has: 1, 3 (UNROLLED2: s0(1-s1), (1-s0)s1, s0 s1), or the block length.
 */
uint32_t nescio_tfhe_group_keys(const nescio_tfhe_params *p);
/** All GGSW ciphertexts of the bootstrapping key. */
size_t nescio_tfhe_n_ggsw(const nescio_tfhe_params *p);
/** "classical", "unrolled2", "block3"; NULL for an unknown number. */
const char *nescio_pbs_variant_name(uint32_t variant);
/** The inverse; false: unknown name. */
bool nescio_pbs_variant_find(const char *name, uint32_t *variant);
#endif /* NESCIO_TFHE_PARAMS_H */
