/* SPDX-License-Identifier: Apache-2.0
 * The secret side of TFHE: keys, encryption, decryption, making evaluation keys.
 *
 * Only `client` and tests may use this room; the server's archives link none of it. Secrets live in
 * guarded, locked, wiped memory (libsodium); nothing here branches or indexes on a secret, logs
 * one, or leaves one in freed memory.
 */
#ifndef NESCIO_SECRET_SECRET_H
#define NESCIO_SECRET_SECRET_H
#include "random/random.h"
#include "tfhe/tfhe.h"

/** Locked memory, zeroed, 64-byte aligned (sizes are rounded up for it). NULL: no memory. */
void *nescio_secret_alloc(size_t bytes);
/** Wipes. Accepts NULL. */
void nescio_secret_free(void *secret);
void nescio_secret_wipe(void *secret, size_t bytes);

/** The three keys of a pair. Bits one a word, 0 or 1, in locked memory. */
typedef struct nescio_secret_key {
    nescio_tfhe_params params;
    uint8_t id[NESCIO_KEY_ID_BYTES]; /**< public, random */
    uint32_t *lwe;                   /**< n bits: the small key */
    uint32_t
        *glwe; /**< k N bits: the big key (k polynomials one after another; also the big LWE key) */
    uint32_t *out; /**< k' N' bits: the output key */
} nescio_secret_key;

/** Fresh keys from the system's randomness. Returns new. */
NESCIO_MUST_CHECK nescio_status nescio_secret_key_new(nescio_ctx *ctx, const nescio_tfhe_params *p,
                                                      nescio_secret_key **out);
/** Keys with zero bits and zero id, for a reader of key files to fill. */
NESCIO_MUST_CHECK nescio_status nescio_secret_key_blank(nescio_ctx *ctx,
                                                        const nescio_tfhe_params *p,
                                                        nescio_secret_key **out);
/** Wipes and frees. Accepts NULL. */
void nescio_secret_key_free(nescio_secret_key *key);

/** The evaluation key of a pair, under a fresh mask seed; reports progress; uses the pool. *out is
 * owned by the caller. */
NESCIO_MUST_CHECK nescio_status nescio_evaluation_key_make(nescio_ctx *ctx,
                                                           const nescio_secret_key *key,
                                                           nescio_evaluation_key *out);

/** What the encryptions under one key share: the big key in the Fourier domain, tables, scratch. */
typedef struct nescio_packer nescio_packer;

/** Borrows the key. Returns new; in locked memory but for the tables. */
NESCIO_MUST_CHECK nescio_status nescio_packer_new(nescio_ctx *ctx, const nescio_secret_key *key,
                                                  nescio_packer **out);
/** Wipes and frees. Accepts NULL. */
void nescio_packer_free(nescio_packer *packer);
/** Encrypts n <= N phases (units of 2^-64) into coefficients 0 ... n-1 of a seeded GLWE: writes
 * bodies. `seed` is public and fresh for each file, `index` the position of this GLWE in the file.
 * One thread at a time. */
NESCIO_MUST_CHECK nescio_status nescio_packer_encrypt(nescio_ctx *ctx, nescio_packer *packer,
                                                      const uint8_t seed[NESCIO_SEED_BYTES],
                                                      uint64_t index, const uint64_t *phases,
                                                      uint32_t n, uint64_t *bodies);
/** The same for a single GLWE. */
NESCIO_MUST_CHECK nescio_status nescio_encrypt_packed(nescio_ctx *ctx, const nescio_secret_key *key,
                                                      const uint8_t seed[NESCIO_SEED_BYTES],
                                                      uint64_t index, const uint64_t *phases,
                                                      uint32_t n, uint64_t *bodies);
/** Decrypts an answer of `count` numbers to phases (units of 2^-64). */
NESCIO_MUST_CHECK nescio_status nescio_decrypt_answer(nescio_ctx *ctx, const nescio_secret_key *key,
                                                      const uint8_t *answer, size_t bytes,
                                                      size_t count, unsigned answer_log,
                                                      uint64_t *phases);
/** Phase of big LWE ciphertexts: for tests and noise measurements. */
void nescio_lwe_phases(const nescio_secret_key *key, const nescio_lwe_batch *in, uint64_t *phases);
/** Encrypts phases as big LWE ciphertexts with TUniform(glwe_noise_log): for tests and noise
 * measurements. */
NESCIO_MUST_CHECK nescio_status nescio_lwe_encrypt(nescio_ctx *ctx, const nescio_secret_key *key,
                                                   const nescio_lwe_batch *out,
                                                   const uint64_t *phases);
#endif /* NESCIO_SECRET_SECRET_H */
