/* SPDX-License-Identifier: Apache-2.0
 * Seeded streams: ChaCha20 with a 64-bit nonce and a 64-bit block counter (Bernstein's original
 * split of the last four state words; the block function is RFC 8439, section 2.3). Block i of a
 * stream depends on (seed, use, index, i) alone, so bytes are the same however the calls cut them.
 */
#include "random/random.h"

#include <sodium.h>

#include <assert.h>
#include <string.h>

#define BLOCK_BYTES 64

void nescio_stream_init(nescio_stream *s, const uint8_t seed[NESCIO_SEED_BYTES],
                        nescio_stream_use use, uint64_t index)
{
    const int ready = sodium_init(); /* picks the fast code; without it the plain code runs */

    assert(index < (uint64_t)1 << 56 && (unsigned)use < 256);
    (void)ready;
    memcpy(s->key, seed, sizeof s->key);
    for (int i = 0; i < 7; i++)
        s->nonce[i] = (uint8_t)(index >> (8 * i));
    s->nonce[7] = (uint8_t)use;
    s->block = 0;
    s->used = sizeof s->buffer;
}

void nescio_stream_wipe(nescio_stream *s)
{
    sodium_memzero(s, sizeof *s);
    s->used = sizeof s->buffer;
}

/* The next `bytes` (a multiple of 64) of the key stream, past the buffer. */
static void generate(nescio_stream *s, uint8_t *out, size_t bytes)
{
    assert(bytes % BLOCK_BYTES == 0);
    memset(out, 0, bytes);
    crypto_stream_chacha20_xor_ic(out, out, bytes, s->nonce, s->block, s->key);
    s->block += bytes / BLOCK_BYTES;
}

/* Hands out up to `bytes` of the buffer and forgets them; returns how many. */
static size_t from_buffer(nescio_stream *s, uint8_t *out, size_t bytes)
{
    const size_t left = sizeof s->buffer - s->used;
    const size_t n = bytes < left ? bytes : left;

    memcpy(out, s->buffer + s->used, n);
    s->used += n;
    return n;
}

void nescio_stream_bytes(nescio_stream *s, void *out, size_t bytes)
{
    uint8_t *at = out;
    size_t n;

    if (bytes == 0)
        return;
    n = from_buffer(s, at, bytes);
    at += n;
    bytes -= n;
    if (bytes >= sizeof s->buffer) {
        n = bytes - bytes % BLOCK_BYTES;
        generate(s, at, n);
        at += n;
        bytes -= n;
    }
    if (bytes > 0) {
        generate(s, s->buffer, sizeof s->buffer);
        s->used = 0;
        from_buffer(s, at, bytes);
    }
}

uint64_t nescio_stream_u64(nescio_stream *s)
{
    uint64_t v;

    nescio_stream_fill_u64(s, &v, 1);
    return v;
}
