/* SPDX-License-Identifier: Apache-2.0
 * Compiled models: cost before any key exists, prediction in three modes, parts for client and
 * server. */
#ifndef NESCIO_PACKAGE_H
#define NESCIO_PACKAGE_H
#include "nescio/tensor.h"
#ifdef __cplusplus
extern "C" {
#endif
/** Costs and promises of one row. KB = 1024 bytes. */
typedef struct nescio_estimate {
    uint64_t pbs;                  /**< bootstrappings */
    double seconds;                /**< on this machine, with the context's threads */
    uint64_t evaluation_key_bytes; /**< the file */
    uint64_t upload_bytes, download_bytes;
    uint64_t memory_bytes; /**< server */
    double log2_p_fail;    /**< exact parts, decoding, proven ranges */
    double range_rate;     /**< calibrated rate of rows with some value outside its window */
    double security_bits;  /**< lattice estimator, committed table */
    int approximate; /**< 1: IND-CPA only; results must not go back to whoever holds ciphertexts */
    const char *scheme;     /**< "tfhe" */
    const char *parameters; /**< name of the parameter set; valid until the context is freed */
} nescio_estimate;

/** The estimate of a package; `seconds` scales the committed cost table by a short timing of this
 * machine. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_package_estimate(nescio_ctx *ctx,
                                                                   const char *package_path,
                                                                   nescio_estimate *out);
/** Writes client part and server part; NULL: not that one. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_split(nescio_ctx *ctx, const char *package_path,
                                                        const char *client_path,
                                                        const char *server_path);

/** How rows are computed. Named as users of Concrete ML know them. */
typedef enum nescio_mode {
    NESCIO_MODE_DISABLE = 0,  /**< integers in the clear */
    NESCIO_MODE_SIMULATE = 1, /**< with the noise that encryption would add */
    NESCIO_MODE_EXECUTE = 2,  /**< encrypted, on this machine */
} nescio_mode;

/** A compiled model opened for prediction. Serves one thread at a time. */
typedef struct nescio_predictor nescio_predictor;

/** Opens a package with both parts. Returns new. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_predictor_open(nescio_ctx *ctx,
                                                                 const char *package_path,
                                                                 nescio_predictor **out);
NESCIO_API void nescio_predictor_free(nescio_predictor *predictor);
/** Keys for EXECUTE from files. Without this call fresh ones are made in memory at the first
 * encrypted row. passphrase may be NULL. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_predictor_keys(nescio_ctx *ctx,
                                                                 nescio_predictor *predictor,
                                                                 const char *secret_path,
                                                                 const char *evaluation_path,
                                                                 const char *passphrase);

/** What prediction says besides the outputs. */
typedef struct nescio_predict_report {
    size_t rows;
    double seconds_per_row;     /**< server work: minimum over batches; EXECUTE: evaluation only */
    double cpu_seconds_per_row; /**< CPU time of all threads over the same work, averaged */
    double agreement; /**< share of rows whose class is DISABLE's; NaN where the outputs say no
                         class */
    double
        flip_probability;  /**< SIMULATE: share of noise draws whose class differs from DISABLE's */
    uint64_t out_of_range; /**< values outside their windows, all rows (DISABLE's evaluation) */
    uint64_t clamped;      /**< input values outside the quantizer's range */
} nescio_predict_report;

/** Options of prediction. */
typedef struct nescio_predict_options {
    nescio_mode mode;
    size_t batch_rows; /**< rows evaluated together in EXECUTE; 0: 1 */
    unsigned draws;    /**< SIMULATE: noise draws a row; outputs are the first draw's. 0: 1 */
    uint64_t seed;     /**< SIMULATE: of the noise; 0: fresh */
} nescio_predict_options;

/** Predicts rows as the original model would: *outputs is new, in the model's order. `report` may
 * be NULL. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_predict(
    nescio_ctx *ctx, nescio_predictor *predictor, const nescio_arrays *inputs,
    const nescio_predict_options *options, nescio_arrays **outputs, nescio_predict_report *report);
#ifdef __cplusplus
}
#endif
#endif /* NESCIO_PACKAGE_H */
