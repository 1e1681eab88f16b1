/* SPDX-License-Identifier: Apache-2.0
 * The client: makes keys, encrypts rows, decrypts answers.
 *
 * In: a client part, integers from codec, the system's randomness. Out: secret.key, evaluation.key,
 * ciphertext files, integers. The only room besides `secret` itself that touches secret keys.
 * Secrets stay in locked memory; a secret key file is written with mode 0600, optionally under a
 * passphrase (Argon2id and XChaCha20-Poly1305, the whole description authenticated). Must not know:
 * circuits, plans beyond the border, the server.
 */
#ifndef NESCIO_CLIENT_CLIENT_H
#define NESCIO_CLIENT_CLIENT_H
#include "codec/codec.h"
#include "format/format.h"
#include "secret/secret.h"

#define NESCIO_FILE_SECRET "secret"

/** Writes a secret key, mode 0600. passphrase NULL: in the clear. */
NESCIO_MUST_CHECK nescio_status nescio_secret_key_write(nescio_ctx *ctx,
                                                        const nescio_secret_key *key,
                                                        const char *path, const char *passphrase);
/** Reads one. NESCIO_E_PASSPHRASE: a passphrase is needed or wrong. Returns new. */
NESCIO_MUST_CHECK nescio_status nescio_secret_key_read(nescio_ctx *ctx, const char *path,
                                                       const char *passphrase,
                                                       nescio_secret_key **out);
/** The same from bytes in memory. `name` stands in messages. */
NESCIO_MUST_CHECK nescio_status nescio_secret_key_parse(nescio_ctx *ctx, const void *data,
                                                        size_t bytes, const char *name,
                                                        const char *passphrase,
                                                        nescio_secret_key **out);

/** A key pair for the client part's parameters, in two files; when the second cannot be written the
 * first is removed. */
NESCIO_MUST_CHECK nescio_status nescio_keys_generate(nescio_ctx *ctx,
                                                     const nescio_client_part *client,
                                                     const char *secret_path,
                                                     const char *evaluation_path,
                                                     const char *passphrase);

/** Both keys of a pair in memory: for a process that is client and server at once. */
typedef struct nescio_keypair {
    nescio_secret_key *secret;
    nescio_evaluation_key evaluation;
} nescio_keypair;

/** A fresh pair for the client part's parameters. */
NESCIO_MUST_CHECK nescio_status nescio_keypair_make(nescio_ctx *ctx,
                                                    const nescio_client_part *client,
                                                    nescio_keypair *out);
/** A pair from files. NESCIO_E_MISMATCH: not a pair, or other parameters than the client part's. */
NESCIO_MUST_CHECK nescio_status nescio_keypair_read(nescio_ctx *ctx,
                                                    const nescio_client_part *client,
                                                    const char *secret_path,
                                                    const char *evaluation_path,
                                                    const char *passphrase, nescio_keypair *out);
/** Wipes the secret. Accepts a zeroed struct. */
void nescio_keypair_free(nescio_keypair *pair);

/** Encrypts rows of integers (as nescio_codec_encode gives them). *out owns its rows
 * (nescio_ciphertext_free). NESCIO_E_MISMATCH: the key has other parameters. */
NESCIO_MUST_CHECK nescio_status nescio_rows_encrypt(nescio_ctx *ctx,
                                                    const nescio_client_part *client,
                                                    const nescio_secret_key *key,
                                                    const nescio_rows *rows,
                                                    nescio_ciphertext *out);
/** That answers belong to the client part and the key, which messages call key_name: before memory
 * is taken for as many rows as their file claims. NESCIO_E_MISMATCH. */
NESCIO_MUST_CHECK nescio_status nescio_answers_check(nescio_ctx *ctx,
                                                     const nescio_client_part *client,
                                                     const nescio_secret_key *key,
                                                     const char *key_name,
                                                     const nescio_ciphertext *answers);
/** Decrypts answers into `out` (from nescio_codec_rows_out with answers->n_rows rows). */
NESCIO_MUST_CHECK nescio_status nescio_rows_decrypt(nescio_ctx *ctx,
                                                    const nescio_client_part *client,
                                                    const nescio_secret_key *key,
                                                    const nescio_ciphertext *answers,
                                                    nescio_rows *out);
#endif /* NESCIO_CLIENT_CLIENT_H */
