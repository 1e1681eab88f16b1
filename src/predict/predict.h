/* SPDX-License-Identifier: Apache-2.0
 * Prediction: rows of integers through one of the three modes, and what there is to say about it.
 *
 * In: a package with both parts, encoded rows, keys for EXECUTE. Out: rows of decoded integers;
 * classes that agree with the clear model, events out of range, seconds. DISABLE evaluates the
 * circuit exactly, SIMULATE follows the plan with noise drawn, EXECUTE encrypts, evaluates and
 * decrypts in this process through the same files' structures that client and server exchange. Must
 * not know: float models, files of keys.
 */
#ifndef NESCIO_PREDICT_PREDICT_H
#define NESCIO_PREDICT_PREDICT_H
#include "client/client.h"
#include "codec/codec.h"
#include "server/evaluator.h"

/** Integers in the clear. *out_of_range (may be NULL) counts values outside a wire's range at a
 * table's input. */
NESCIO_MUST_CHECK nescio_status nescio_rows_disable(nescio_ctx *ctx, const nescio_package *package,
                                                    const nescio_rows *in, nescio_rows *out,
                                                    uint64_t *out_of_range);
/** With noise drawn from `seed`; draws of one seed are told apart by `draw`. */
NESCIO_MUST_CHECK nescio_status nescio_rows_simulate(nescio_ctx *ctx, const nescio_package *package,
                                                     const uint8_t seed[NESCIO_SEED_BYTES],
                                                     uint64_t draw, const nescio_rows *in,
                                                     nescio_rows *out);
/** Encrypted, with `evaluator` standing in for the server. `done` (may be NULL) hears of each
 * batch. */
NESCIO_MUST_CHECK nescio_status nescio_rows_execute(nescio_ctx *ctx, const nescio_package *package,
                                                    const nescio_keypair *keys,
                                                    nescio_evaluator *evaluator,
                                                    const nescio_rows *in, nescio_rows *out,
                                                    nescio_batch_fn done, void *user);
/** Classes that integers of encrypted outputs decode to; NESCIO_E_MISMATCH: the model's outputs say
 * no class. */
NESCIO_MUST_CHECK nescio_status nescio_rows_classes(nescio_ctx *ctx, const nescio_codec *codec,
                                                    const nescio_rows *rows, int64_t *classes);
#endif /* NESCIO_PREDICT_PREDICT_H */
