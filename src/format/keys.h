/* SPDX-License-Identifier: Apache-2.0
 * evaluation.key: seeded evaluation keys on disk. (secret.key belongs to the room client.) */
#ifndef NESCIO_FORMAT_KEYS_H
#define NESCIO_FORMAT_KEYS_H
#include "format/container.h"
#include "tfhe/tfhe.h"

#define NESCIO_FILE_EVALUATION "evaluation"

/** Writes an evaluation key: metadata nescio.params and nescio.key, tensors params, seed,
 * bootstrap, keyswitch, output. */
NESCIO_MUST_CHECK nescio_status nescio_evaluation_key_write(nescio_ctx *ctx,
                                                            const nescio_evaluation_key *key,
                                                            const char *path);
/** Reads one; sizes are those of its parameters or NESCIO_E_FORMAT. *out is owned by the caller. */
NESCIO_MUST_CHECK nescio_status nescio_evaluation_key_read(nescio_ctx *ctx, const char *path,
                                                           nescio_evaluation_key *out);
NESCIO_MUST_CHECK nescio_status nescio_evaluation_key_parse(nescio_ctx *ctx, const void *data,
                                                            size_t bytes, const char *name,
                                                            nescio_evaluation_key *out);

/** Parameters as the tensor "params" of key files holds them. */
void nescio_params_write(nescio_buffer *b, const nescio_tfhe_params *p);
/** What key files begin with: metadata of scheme, parameters and key pair, and the tensor "params",
 * whose bytes stay in `params` until the file is written. */
void nescio_builder_key(nescio_builder *b, const nescio_tfhe_params *p, const uint8_t *key_id,
                        nescio_buffer *params);
/** Reads and checks them (structure; security is the caller's business). */
NESCIO_MUST_CHECK nescio_status nescio_params_from(nescio_ctx *ctx, const nescio_container *c,
                                                   nescio_tfhe_params *p);
#endif /* NESCIO_FORMAT_KEYS_H */
