/* SPDX-License-Identifier: Apache-2.0
 * The server: evaluates encrypted rows without any secret. */
#ifndef NESCIO_SERVER_H
#define NESCIO_SERVER_H
#include "nescio/context.h"

#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
/** A server part with one client's evaluation key, expanded. */
typedef struct nescio_server nescio_server;

/** Opens server.nescio (or model.nescio) and an evaluation key. Returns new. NESCIO_E_MISMATCH:
 * other parameters. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_server_open(nescio_ctx *ctx, const char *path,
                                                              const char *evaluation_path,
                                                              nescio_server **out);
NESCIO_API void nescio_server_free(nescio_server *server);
/** How to evaluate. Zero-initialised: the defaults. */
typedef struct nescio_evaluate_options {
    size_t batch_rows; /**< rows that go over the key together; 0: 1 */
    /** Told after each batch: its first row, its rows, elapsed seconds, CPU seconds of all threads.
     * NULL: nobody. */
    void (*batch_done)(size_t first, size_t rows, double seconds, double cpu_seconds, void *user);
    void *user;
} nescio_evaluate_options;

/** Evaluates every row of a ciphertext file into an answer file. `options` may be NULL. */
NESCIO_API NESCIO_MUST_CHECK nescio_status
nescio_server_evaluate(nescio_ctx *ctx, nescio_server *server, const char *in_path,
                       const char *out_path, const nescio_evaluate_options *options);
#ifdef __cplusplus
}
#endif
#endif /* NESCIO_SERVER_H */
