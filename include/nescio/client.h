/* SPDX-License-Identifier: Apache-2.0
 * The client: keys, encryption, decryption. All that libnescio-client exports, with error.h,
 * context.h and tensor.h. */
#ifndef NESCIO_CLIENT_H
#define NESCIO_CLIENT_H
#include "nescio/tensor.h"
#ifdef __cplusplus
extern "C" {
#endif
/** A client part, opened; with a secret key after nescio_client_load_key. */
typedef struct nescio_client nescio_client;

/** Opens client.nescio (or model.nescio). Returns new. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_client_open(nescio_ctx *ctx, const char *path,
                                                              nescio_client **out);
/** Wipes the key. Accepts NULL. */
NESCIO_API void nescio_client_free(nescio_client *client);
/** Makes a key pair for the model's parameters: secret.key (mode 0600) and evaluation.key.
 * passphrase may be NULL. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_client_keygen(nescio_ctx *ctx,
                                                                const nescio_client *client,
                                                                const char *secret_path,
                                                                const char *evaluation_path,
                                                                const char *passphrase);
/** Reads a secret key into locked memory. NESCIO_E_PASSPHRASE, NESCIO_E_MISMATCH. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_client_load_key(nescio_ctx *ctx,
                                                                  nescio_client *client,
                                                                  const char *path,
                                                                  const char *passphrase);
/** Encrypts rows into a ciphertext file. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_client_encrypt(nescio_ctx *ctx,
                                                                 const nescio_client *client,
                                                                 const nescio_arrays *inputs,
                                                                 const char *out_path);
/** Decrypts an answer file to the model's outputs; *outputs is new. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_client_decrypt(nescio_ctx *ctx,
                                                                 const nescio_client *client,
                                                                 const char *answer_path,
                                                                 nescio_arrays **outputs);
#ifdef __cplusplus
}
#endif
#endif /* NESCIO_CLIENT_H */
