/* SPDX-License-Identifier: Apache-2.0
 * Parameters of the scheme: the shipped sets, and a search for others. */
#ifndef NESCIO_PARAMS_H
#define NESCIO_PARAMS_H
#include "nescio/context.h"

#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
/** Parameters with their figures. The letters are the papers'. */
typedef struct nescio_parameters {
    const char *name;    /**< of a shipped set; NULL for the answer of a search. Static */
    const char *use;     /**< one line; NULL for a search. Static */
    const char *variant; /**< "classical", "unrolled2", "block3". Static */
    uint32_t n, k, N;    /**< dimensions of the small key, of the big key, polynomial size */
    uint32_t l, log2_B;  /**< levels and base of bootstrapping */
    uint32_t ks_levels, ks_log2_B, ks_log2_modulus;
    uint32_t lwe_noise_log,
        glwe_noise_log; /**< bounds of TUniform under the small and the big key */
    double security_bits;
    double std;         /**< standard deviation at the switched input of a table, on the torus */
    double log2_p_fail; /**< of one table: search for exact tables only, else 0 */
    double seconds;     /**< of one core of the reference machine: key switch and bootstrapping */
    uint64_t key_bytes; /**< evaluation key as stored */
} nescio_parameters;

/** The i-th shipped set in *out; 0 beyond the last. `norm`: 2-norm of the integer weights in front
 * of the table. */
NESCIO_API int nescio_parameters_at(size_t i, double norm, nescio_parameters *out);

/** What a search is for. Zero-initialised fields: no wish. */
typedef struct nescio_parameters_request {
    unsigned bits;      /**< exact messages of 1 ... 8 bits; 0: `resolution` counts */
    double resolution;  /**< half a turn over the standard deviation at the switched input */
    double norm;        /**< 2-norm of the integer weights in front of the table; 0: 1 */
    double log2_p_fail; /**< exact: of one table; 0: -40 */
    uint64_t max_key_bytes;
    const char *variant; /**< NULL: standard keys */
} nescio_parameters_request;

/** The cheapest parameters that do. Deterministic. NESCIO_E_INFEASIBLE. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_parameters_search(
    nescio_ctx *ctx, const nescio_parameters_request *request, nescio_parameters *out);
#ifdef __cplusplus
}
#endif
#endif /* NESCIO_PARAMS_H */
