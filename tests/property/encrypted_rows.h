/* SPDX-License-Identifier: Apache-2.0
 * Rows of integers through encryption, the runtime and decryption. */
#ifndef NESCIO_TESTS_ENCRYPTED_ROWS_H
#define NESCIO_TESTS_ENCRYPTED_ROWS_H
#include "runtime/runtime.h"
#include "secret/secret.h"

/** Keys of one parameter set, with their engine. */
typedef struct key_ring {
    nescio_secret_key *secret;
    nescio_engine *engine;
} key_ring;

void key_ring_make(nescio_ctx *ctx, const nescio_tfhe_params *p, key_ring *out);
void key_ring_free(key_ring *ring);

/** Packed inputs of rows, bodies rounded as the plan says. Owned arrays. */
typedef struct encrypted_rows {
    nescio_packed_input *packed; /**< [n_rows][packed_count] */
    uint64_t *bodies;
    size_t n_rows;
} encrypted_rows;

/** inputs[i]: [n_rows][count]. */
void encrypt_rows(nescio_ctx *ctx, const key_ring *ring, const nescio_plan *plan,
                  const int64_t *const *inputs, size_t n_rows, encrypted_rows *out);
void encrypted_rows_free(encrypted_rows *rows);
/** outputs[i]: [n_rows][count]. */
void decrypt_rows(nescio_ctx *ctx, const key_ring *ring, const nescio_plan *plan,
                  const uint8_t *answers, size_t n_rows, int64_t *const *outputs);
#endif /* NESCIO_TESTS_ENCRYPTED_ROWS_H */
