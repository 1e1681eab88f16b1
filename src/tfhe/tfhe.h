/* SPDX-License-Identifier: Apache-2.0
 * TFHE, the public side: ciphertexts, evaluation keys, and the operations that a server runs.
 *
 * In: seeded evaluation keys, packed inputs, integer weights, test polynomials. Out: packed answers. Knows no model and
 * no secret: encryption, decryption and key making are in the room `secret`.
 *
 * Atomic step (KS - MS - BR - extract): linear maps on big LWE (dimension kN) -> key switch to the small key -> centered-mean
 * modulus switch to 2N -> blind rotation -> sample extraction, again a big LWE. Torus words have params->torus_log bits (32 or
 * 64); a phase given as uint64_t is always in units of 2^-64, and words of 32 bits use its upper half.
 * Phase of an LWE (a, b) under s: b - <a, s>.
 */
#ifndef NESCIO_TFHE_TFHE_H
#define NESCIO_TFHE_TFHE_H
#include "base/int_matrix.h"
#include "tfhe/params.h"

#define NESCIO_KEY_ID_BYTES 16

/** `count` big LWE ciphertexts: kN mask words, then the body, `stride` words apart (stride >= dim + 1, rows 64-byte aligned). */
typedef struct nescio_lwe_batch {
    void *words;        /**< uint32_t or uint64_t by torus_log; borrowed */
    uint32_t torus_log; /**< 32 or 64 */
    uint32_t dim;       /**< kN */
    size_t count, stride;
} nescio_lwe_batch;

size_t nescio_lwe_stride(const nescio_tfhe_params *p);
size_t nescio_lwe_batch_bytes(const nescio_tfhe_params *p, size_t count);
/** A batch over borrowed memory of nescio_lwe_batch_bytes(), 64-byte aligned. */
nescio_lwe_batch nescio_lwe_batch_over(const nescio_tfhe_params *p, void *words, size_t count);

/** Evaluation keys as they travel: one public mask seed and the bodies. What evaluation.key holds. */
typedef struct nescio_evaluation_key {
    nescio_tfhe_params params;
    uint8_t id[NESCIO_KEY_ID_BYTES]; /**< of the key pair */
    uint8_t seed[32];                /**< of all masks */
    uint8_t *bootstrap;              /**< 48-bit little-endian bodies: [ggsw][row][coefficient]; owned */
    uint8_t *keyswitch;              /**< ks_modulus_log-bit bodies: [big coefficient][level] */
    uint8_t *output;                 /**< 32-bit bodies: [big coefficient][level][coefficient of N'] */
    size_t bootstrap_bytes, keyswitch_bytes, output_bytes;
} nescio_evaluation_key;

/** Sizes by parameters; arrays stay NULL. NESCIO_E_ARG on overflow or bad parameters. */
NESCIO_MUST_CHECK nescio_status nescio_evaluation_key_sizes(nescio_ctx *ctx, const nescio_tfhe_params *p,
                                                            nescio_evaluation_key *out);
/** Sum of the three arrays: what is stored and sent, but for a header of under 2 KB. */
uint64_t nescio_evaluation_key_bytes(const nescio_evaluation_key *key);
void nescio_evaluation_key_free(nescio_evaluation_key *key); /* frees the arrays, zeroes the struct */

/** An evaluation key expanded for this machine, with its tables and worker scratch. The threads of one pool share it, at most as
 *  many as the context had at nescio_engine_new; its operations run one at a time. */
typedef struct nescio_engine nescio_engine;

/** Expands masks and transforms (the pool of ctx helps). Copies what it needs of the key. */
NESCIO_MUST_CHECK nescio_status nescio_engine_new(nescio_ctx *ctx, const nescio_evaluation_key *key, nescio_engine **out);
void nescio_engine_free(nescio_engine *engine);
/** Resident bytes. */
size_t nescio_engine_bytes(const nescio_engine *engine);
const nescio_tfhe_params *nescio_engine_params(const nescio_engine *engine);
/** The same number before any key exists. */
size_t nescio_engine_bytes_for(const nescio_tfhe_params *p, unsigned n_threads);
/** Workers that have scratch: a pool given to the calls below has at most so many. */
unsigned nescio_engine_workers(const nescio_engine *engine);

/** One batch of table look-ups. Ciphertext i of `in` goes through polynomial which[i] (all through 0 when which is NULL).
 *  Output phase = P[round((phase_in + phase_offset) 2N)] + post_add[which], P negacyclic: P[j + N] = -P[j]. */
typedef struct nescio_table_batch {
    size_t count;
    uint64_t phase_offset;    /**< torus, added before the switch */
    const uint64_t *polys;    /**< [n_polys][N] torus values */
    const uint64_t *post_add; /**< [n_polys], torus */
    const uint32_t *which;    /**< [count] or NULL */
    size_t n_polys;
} nescio_table_batch;

#define NESCIO_SHARE_LOG_MAX 3
#define NESCIO_SHARED_TABLES_MAX (1 << NESCIO_SHARE_LOG_MAX)
/** Bits of the switched phase that the number of the table takes when n tables share a rotation: log2 of n, rounded up. */
unsigned nescio_share_log(size_t n_tables);

/** outs[t][i] = tables[t] of in[i], for t < n_tables <= NESCIO_SHARED_TABLES_MAX, by one rotation of each in[i]. The tables have one
 *  count and phase_offset. With more than one the phase is rounded to 2N >> nescio_share_log(n_tables) places, and read from every
 *  2^share_log-th entry (Chillotti, Ligier, Orfila, Tap 2021, "Improved programmable bootstrapping", section 3: many tables at once).
 *  Tiles of ciphertexts go over the key together; the pool's workers take tiles. One of outs may be `in`. No allocation.
 *  `done` (may be NULL) is an atomic counter of finished ciphertexts for progress. */
void nescio_engine_tables(nescio_engine *engine, struct nescio_pool *pool, const nescio_lwe_batch *outs,
                          const nescio_lwe_batch *in, const nescio_table_batch *tables, size_t n_tables,
                          _Atomic size_t *done);

/** out[r] (+)= sum_c m[r][c] in[c]; adds to out when `accumulate`. out and in do not overlap. Workers take row blocks. */
void nescio_lwe_linear(struct nescio_pool *pool, const nescio_lwe_batch *out, const nescio_int_matrix *m,
                       const nescio_lwe_batch *in, bool accumulate);
/** Adds torus constants to the bodies: out[r].body += phase[r] (units of 2^-64). */
void nescio_lwe_add_phase(const nescio_lwe_batch *out, const uint64_t *phase);
/** Trivial ciphertexts: mask 0, body 0. */
void nescio_lwe_clear(const nescio_lwe_batch *out);

/** One packed input: a seeded GLWE under the big key; element j of the input sits in coefficient j. */
typedef struct nescio_packed_input {
    uint8_t seed[32];     /**< of its k masks (stream NESCIO_STREAM_MASK_INPUT, index = position in the row) */
    uint64_t index;       /**< that position */
    const uint64_t *body; /**< bodies of coefficients 0 ... n-1, torus */
    uint32_t n;           /**< <= N */
} nescio_packed_input;

/** out[r] (+)= sum_c m[r][c] * input[first_column ... ][c]: plaintext polynomials times GLWE, constant coefficient extracted.
 *  m's columns are the elements of this packed input. Exact up to 2^-40 of the torus. */
NESCIO_MUST_CHECK nescio_status nescio_engine_input_linear(nescio_engine *engine, struct nescio_pool *pool,
                                                           const nescio_lwe_batch *out, const nescio_int_matrix *m,
                                                           const nescio_packed_input *input, bool accumulate);
/** out[j] = element j of the packed input, for j < input->n. */
void nescio_engine_input_extract(nescio_engine *engine, const nescio_lwe_batch *out, const nescio_packed_input *input);

/** Answers: `in` (count <= N') through the output key switch into one GLWE under the output key, every word rounded to
 *  `answer_log` bits (12 ... 24), packed little-endian bit after bit: k'N' mask words, then `count` body words. Bodies take back the mean of the
 *  masks' rounding errors over uniform keys, so their noise counts Var[s] = 1/4. The same bits on every machine. */
size_t nescio_answer_bytes(const nescio_tfhe_params *p, size_t count, unsigned answer_log);
void nescio_engine_answer(nescio_engine *engine, struct nescio_pool *pool, uint8_t *out, const nescio_lwe_batch *in,
                          unsigned answer_log);
#endif /* NESCIO_TFHE_TFHE_H */
