/* SPDX-License-Identifier: Apache-2.0
 * Randomness: the system's, seeded streams, and the samplers on them.
 *
 * In: the operating system's entropy through libsodium. Out: seeds, streams (ChaCha20), uniform
 * bits, TUniform noise, Gaussian samples. Mask streams expand a public seed; secret and noise
 * streams have seeds of their own that never leave locked memory; a seed is used for one file and
 * never again. Constant time in everything but the lengths. Knows no ciphertext.
 */
#ifndef NESCIO_RANDOM_RANDOM_H
#define NESCIO_RANDOM_RANDOM_H
#include "base/base.h"

#define NESCIO_SEED_BYTES 32

/** What a stream is for: the high byte of its nonce, so that streams of one seed never meet. */
typedef enum nescio_stream_use {
    NESCIO_STREAM_MASK_BOOTSTRAP = 1, /**< public masks of bootstrapping keys */
    NESCIO_STREAM_MASK_KEYSWITCH = 2, /**< public masks of key-switching keys */
    NESCIO_STREAM_MASK_OUTPUT = 3,    /**< public masks of output keys */
    NESCIO_STREAM_MASK_INPUT = 4,     /**< public masks of fresh ciphertexts */
    NESCIO_STREAM_SECRET = 16,        /**< secret keys (own seed) */
    NESCIO_STREAM_NOISE = 17,         /**< encryption noise (own seed) */
    NESCIO_STREAM_SIMULATION = 32,    /**< noise that the simulator draws */
    NESCIO_STREAM_TEST = 64,          /**< tests, benches */
} nescio_stream_use;

/** A ChaCha20 key stream (RFC 8439 block function, 64-bit nonce and counter), buffered. Wipe after
 * secret use. */
typedef struct nescio_stream {
    uint8_t key[NESCIO_SEED_BYTES];
    uint8_t nonce[8];     /**< use (1 byte) and index (7 bytes) */
    uint64_t block;       /**< next 64-byte block */
    uint8_t buffer[1024]; /**< key stream not yet handed out */
    size_t used;          /**< bytes of buffer handed out */
} nescio_stream;

/** Bytes from the system. NESCIO_E_RNG when libsodium cannot start. The only door to entropy, so
 * that tests can make the k-th call fail. */
NESCIO_MUST_CHECK nescio_status nescio_random_bytes(nescio_ctx *ctx, void *out, size_t bytes);

/** Starts the stream (seed, use, index); index < 2^56. Same arguments, same bytes, on every
 * machine. */
void nescio_stream_init(nescio_stream *s, const uint8_t seed[NESCIO_SEED_BYTES],
                        nescio_stream_use use, uint64_t index);
/** Wipes key and buffer. */
void nescio_stream_wipe(nescio_stream *s);
void nescio_stream_bytes(nescio_stream *s, void *out, size_t bytes);
uint64_t nescio_stream_u64(nescio_stream *s);
/** Words as little-endian bytes of the stream. */
void nescio_stream_fill_u64(nescio_stream *s, uint64_t *out, size_t n);
void nescio_stream_fill_u32(nescio_stream *s, uint32_t *out, size_t n);
/** Native masks mod 2^24: three bytes a word. */
void nescio_stream_fill_u24(nescio_stream *s, uint32_t *out, size_t n);
/** n uniform bits, one a word (0 or 1). */
void nescio_stream_bits(nescio_stream *s, uint32_t *out, size_t n);
/** n samples of TUniform(b): uniform on the integers of (-2^b, 2^b), end points +-2^b with half
 * weight; variance (2^(2b+1) + 1) / 6. Two's complement in 64 bits. 0 <= b <= 61. Constant time: b
 * + 2 bits a sample. */
void nescio_stream_tuniform(nescio_stream *s, uint64_t *out, size_t n, unsigned b);
/** One standard normal sample (Box-Muller). Not for secrets: for the simulator and tests. */
double nescio_stream_gaussian(nescio_stream *s);
/** Uniform in [0, 1) with 53 bits. */
double nescio_stream_uniform(nescio_stream *s);
#endif /* NESCIO_RANDOM_RANDOM_H */
