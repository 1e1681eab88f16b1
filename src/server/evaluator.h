/* SPDX-License-Identifier: Apache-2.0
 * The server: encrypted rows in, encrypted answers out.
 *
 * In: a server part, an evaluation key, input ciphertexts. Out: answer ciphertexts. Invariants:
 * rows are refused unless parameters, input encoding and key pair are those of the model and the
 * key; answers carry the same ids. Links no secret, no codec, no graph: a test reads the archives'
 * symbols.
 */
#ifndef NESCIO_SERVER_EVALUATOR_H
#define NESCIO_SERVER_EVALUATOR_H
#include "format/format.h"

typedef struct nescio_evaluator nescio_evaluator;

/** Expands the key and sizes the memory for batches of up to `max_rows` rows. Borrows `server`; the
 * key may be freed afterwards. NESCIO_E_MISMATCH: the key has other parameters. Returns new. */
NESCIO_MUST_CHECK nescio_status nescio_evaluator_new(nescio_ctx *ctx,
                                                     const nescio_server_part *server,
                                                     const nescio_evaluation_key *key,
                                                     size_t max_rows, nescio_evaluator **out);
void nescio_evaluator_free(nescio_evaluator *evaluator);
/** How messages call the evaluation key: borrowed. "the evaluation key" without it. */
void nescio_evaluator_name_key(nescio_evaluator *evaluator, const char *name);
/** Resident bytes: engine and slots. */
size_t nescio_evaluator_bytes(const nescio_evaluator *evaluator);
/** Told after each batch: its first row, its rows, elapsed seconds, CPU seconds of all threads. */
typedef void (*nescio_batch_fn)(size_t first, size_t rows, double seconds, double cpu_seconds,
                                void *user);
/** Evaluates all rows, in batches. *out owns its rows (nescio_ciphertext_free). `done` may be NULL.
 */
NESCIO_MUST_CHECK nescio_status nescio_evaluator_run(nescio_ctx *ctx, nescio_evaluator *evaluator,
                                                     const nescio_ciphertext *in,
                                                     nescio_batch_fn done, void *user,
                                                     nescio_ciphertext *out);
#endif /* NESCIO_SERVER_EVALUATOR_H */
