/* SPDX-License-Identifier: Apache-2.0
 * Parameters: which keys are secure, what they cost, which of them a circuit needs, and the plan
 * that follows.
 *
 * In: a lowered circuit (INPUT, CONSTANT, LINEAR, GATHER, CONCAT, TABLE, OUTPUT) and wishes:
 * failure probability, resolution, key size, variant. Out: a plan with its report, or
 * NESCIO_E_INFEASIBLE that names the gate and the bound. Noise is followed by source: a wire is a
 * linear combination of fresh inputs and table outputs, equal sources are added before squaring (x
 * + x has 4 V), and the worst element of each wire counts. Choices are functions of the arguments
 * and of two committed tables (sets.def, cost.c): the same circuit gives the same bytes on every
 * machine. Must not know: keys, timings of this machine, samples of noise (simulate draws them;
 * that both agree is a test).
 */
#ifndef NESCIO_PARAMS_PARAMS_H
#define NESCIO_PARAMS_PARAMS_H
#include "circuit/circuit.h"
#include "plan/plan.h"
#include "tfhe/params.h"

#define NESCIO_SECURITY_FLOOR 128.0 /**< bits: below, keys are refused outside tests */

/** A shipped parameter set. */
typedef struct nescio_param_set {
    const char *name;
    const char *use; /**< one line for `nescio params --list` */
    nescio_tfhe_params params;
} nescio_param_set;

/** All shipped sets; *count of them. Static. */
const nescio_param_set *nescio_param_sets(size_t *count);
/** NULL: unknown name. */
const nescio_param_set *nescio_param_set_find(const char *name);

/** Smallest b for which TUniform(b), in units of 2^-modulus_log, gives a binary key of that
 * dimension 132 bits; never under 3. */
uint32_t nescio_params_noise_bound(uint32_t dim, uint32_t modulus_log);
/** Bits of the weakest of the three keys by a committed curve that stays below the lattice
 * estimator's figures; 0 where the curve does not reach (dimension under 450, noise under 4 units).
 */
double nescio_params_security(const nescio_tfhe_params *p);
/** NESCIO_E_ARG for keys under NESCIO_SECURITY_FLOOR, unless `toy`. */
NESCIO_MUST_CHECK nescio_status nescio_params_check_security(nescio_ctx *ctx,
                                                             const nescio_tfhe_params *p, bool toy);

/** Seconds of one reference core (3.8 GHz, AVX-512, batches of 16) by the committed cost table. */
double nescio_cost_pbs(const nescio_tfhe_params *p);
double nescio_cost_keyswitch(const nescio_tfhe_params *p);
/** A linear map with that many non-zero weights, on LWE ciphertexts. */
double nescio_cost_linear(const nescio_tfhe_params *p, double n_weights);
/** One row of a linear map on one packed input. */
double nescio_cost_input_row(const nescio_tfhe_params *p);
/** One number of an answer. */
double nescio_cost_answer(const nescio_tfhe_params *p);

/** What the optimizer is asked for: one table after a linear map, native parameters. */
typedef struct nescio_params_request {
    unsigned
        bits; /**< exact messages of 1 ... 8 bits beside a padding bit; 0: `resolution` counts */
    double
        resolution; /**< bits == 0: half a turn over the standard deviation at the switched input */
    double norm2;   /**< 2-norm of the integer weights in front of the table, >= 1 */
    double log2_p_fail;        /**< exact: of one table, < 0 */
    uint64_t max_key_bytes;    /**< evaluation key as stored; 0: no limit */
    uint64_t max_memory_bytes; /**< resident engine, one thread; 0: no limit */
    uint32_t variants;         /**< bit 1 << variant; 0: classical and unrolled2 */
} nescio_params_request;

typedef struct nescio_params_answer {
    nescio_tfhe_params params;
    double cost;        /**< seconds of the reference core: key switch and bootstrapping */
    double std;         /**< at the switched input, on the torus */
    double log2_p_fail; /**< of one table (exact), or of 0 */
    double security;
    uint64_t key_bytes;
} nescio_params_answer;

/** The cheapest parameters over n, k, N, l, B, key-switch base and levels, variant. Deterministic.
 * NESCIO_E_INFEASIBLE. */
NESCIO_MUST_CHECK nescio_status nescio_params_search(nescio_ctx *ctx,
                                                     const nescio_params_request *request,
                                                     nescio_params_answer *out);

/** Least window / standard deviation of approximate tables. Measured on models/mnist_mlp (two
 * tables deep, 5-bit weights, clear 98.70 %): resolution 33 gives 98.69 % and 99.65 % of the clear
 * classes, 51 gives 98.73 and 99.80, 63 and more 98.70 and 99.85. */
#define NESCIO_RESOLUTION_DEFAULT 48.0

/** Wishes for a plan. All zero: the defaults. */
typedef struct nescio_params_options {
    double log2_p_fail;   /**< per row; 0: -128 for exact circuits, -40 for others */
    double resolution;    /**< least window / standard deviation of approximate tables; 0:
                             NESCIO_RESOLUTION_DEFAULT */
    const char *set_name; /**< this shipped set; NULL: the cheapest that will do */
    const nescio_tfhe_params *params; /**< these instead of a shipped set; NULL: shipped ones */
    bool toy;                         /**< `params` may be insecure: tests only */
    uint32_t variants;         /**< of shipped sets: bit 1 << variant; 0: all standard ones */
    uint64_t max_key_bytes;    /**< 0: no limit */
    uint64_t max_memory_bytes; /**< resident engine, one thread; 0: no limit */
    double range_rate; /**< calibrated probability that a row leaves a window: goes into the report
                          as it is */
} nescio_params_options;

/** The plan of a verified, lowered circuit, not bound. `options` may be NULL. Returns new. */
NESCIO_MUST_CHECK nescio_status nescio_params_plan(nescio_ctx *ctx, const nescio_circuit *circuit,
                                                   const nescio_params_options *options,
                                                   nescio_plan **out);
#endif /* NESCIO_PARAMS_PARAMS_H */
