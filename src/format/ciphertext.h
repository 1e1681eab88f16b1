/* SPDX-License-Identifier: Apache-2.0
 * Ciphertext files: packed inputs on the way to the server, answers on the way back. One or many
 * rows. */
#ifndef NESCIO_FORMAT_CIPHERTEXT_H
#define NESCIO_FORMAT_CIPHERTEXT_H
#include "format/container.h"
#include "plan/plan.h"

#define NESCIO_FILE_INPUT  "input"  /**< encrypted rows */
#define NESCIO_FILE_ANSWER "answer" /**< encrypted results */

/** Rows of ciphertexts and what they belong to. */
typedef struct nescio_ciphertext {
    uint8_t params_id[NESCIO_ID_BYTES];   /**< parameters */
    uint8_t encoding_id[NESCIO_ID_BYTES]; /**< client part: scales, layout */
    uint8_t key_id[NESCIO_KEY_ID_BYTES];  /**< key pair */
    uint8_t seed[32];                     /**< of the masks of all rows; zero in answers */
    uint64_t n_rows;
    size_t row_bytes;
    const uint8_t *rows;    /**< [n_rows][row_bytes] */
    nescio_container *file; /**< owns rows when read from a file */
    uint8_t *owned;         /**< or rows themselves, from malloc; freed with the struct */
} nescio_ciphertext;

/** Writes rows as `kind`. */
NESCIO_MUST_CHECK nescio_status nescio_ciphertext_write(nescio_ctx *ctx,
                                                        const nescio_ciphertext *ct,
                                                        const char *kind, const char *path);
NESCIO_MUST_CHECK nescio_status nescio_ciphertext_bytes(nescio_ctx *ctx,
                                                        const nescio_ciphertext *ct,
                                                        const char *kind, nescio_buffer *out);
/** Reads rows of that kind. Free with nescio_ciphertext_free. */
NESCIO_MUST_CHECK nescio_status nescio_ciphertext_read(nescio_ctx *ctx, const char *path,
                                                       const char *kind, nescio_ciphertext *out);
NESCIO_MUST_CHECK nescio_status nescio_ciphertext_parse(nescio_ctx *ctx, const void *data,
                                                        size_t bytes, const char *name,
                                                        const char *kind, nescio_ciphertext *out);
void nescio_ciphertext_free(nescio_ciphertext *ct);
/** Zeroed rows of its own, for a writer to fill through `owned`; ids stay zero. */
NESCIO_MUST_CHECK nescio_status nescio_ciphertext_rows(nescio_ctx *ctx, nescio_ciphertext *out,
                                                       size_t n_rows, size_t row_bytes);

/** What rows must belong to. */
typedef struct nescio_belonging {
    const uint8_t *params_id, *encoding_id, *key_id; /**< NULL: any */
    size_t row_bytes;
    const char *params_of; /**< for messages: "model.nescio" */
    const char *key_of;    /**< for messages: "secret.key" */
} nescio_belonging;

/** NESCIO_E_MISMATCH says which of parameters, input encoding and key pair differs, in words. */
NESCIO_MUST_CHECK nescio_status nescio_ciphertext_check(nescio_ctx *ctx,
                                                        const nescio_ciphertext *ct,
                                                        const nescio_belonging *must);

/** Bytes that n words of `log` bits take, packed one after another, little-endian bit order. */
size_t nescio_bodies_bytes(size_t n, unsigned log);
/** Packs the top `log` bits (rounded to nearest, wrapping) of n torus words. */
void nescio_bodies_pack(uint8_t *out, const uint64_t *words, size_t n, unsigned log);
/** Unpacks into the top bits of n words; the rest is zero. */
void nescio_bodies_unpack(uint64_t *words, const uint8_t *in, size_t n, unsigned log);

/** One packed GLWE of a row. */
typedef struct nescio_packed_place {
    uint32_t input; /**< index in plan inputs */
    uint32_t first; /**< first element of the input that it holds */
    uint32_t n;     /**< elements */
    uint32_t log;   /**< bits of a body */
    size_t at;      /**< byte offset in the row */
    size_t bytes;
} nescio_packed_place;

/** How many packed GLWEs a row has, and its bytes; the same count is the stride of mask indexes
 * between rows. */
size_t nescio_packed_count(const nescio_plan_input *inputs, uint32_t n_inputs);
size_t nescio_packed_row_bytes(const nescio_plan_input *inputs, uint32_t n_inputs,
                               uint32_t poly_size);
/** Place of packed GLWE i (in the order of inputs). */
nescio_packed_place nescio_packed_at(const nescio_plan_input *inputs, uint32_t n_inputs,
                                     uint32_t poly_size, size_t i);

/** One answer GLWE of a row: which output, which elements, where. */
typedef struct nescio_answer_place {
    uint32_t output, first, n, log;
    size_t at, bytes;
} nescio_answer_place;

size_t nescio_answer_count(const nescio_plan_output *outputs, uint32_t n_outputs);
size_t nescio_answer_row_bytes(const nescio_plan_output *outputs, uint32_t n_outputs,
                               const nescio_tfhe_params *p);
nescio_answer_place nescio_answer_at(const nescio_plan_output *outputs, uint32_t n_outputs,
                                     const nescio_tfhe_params *p, size_t i);
#endif /* NESCIO_FORMAT_CIPHERTEXT_H */
