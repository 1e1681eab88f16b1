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
/** Evaluates every row of a ciphertext file into an answer file. seconds_per_row (may be NULL):
 * elapsed, minimum over batches of `batch_rows` rows (0: 1). */
NESCIO_API NESCIO_MUST_CHECK nescio_status
nescio_server_evaluate(nescio_ctx *ctx, nescio_server *server, const char *in_path,
                       const char *out_path, size_t batch_rows, double *seconds_per_row);
#ifdef __cplusplus
}
#endif
#endif /* NESCIO_SERVER_H */
