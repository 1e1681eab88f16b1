/* SPDX-License-Identifier: Apache-2.0
 * Checked sizes; a read cursor that goes bad once and stays bad; a growing write buffer.
 * All integers little-endian, whatever the machine. */
#ifndef NESCIO_BASE_BYTES_H
#define NESCIO_BASE_BYTES_H
#include "nescio/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Whether numbers lie in memory as in files, so that whole arrays can be taken or written. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NESCIO_FILE_ORDER_IS_OURS true
#else
#define NESCIO_FILE_ORDER_IS_OURS false
#endif

/** *out = a * b or a + b; false on overflow (*out untouched). */
bool nescio_size_mul(size_t *out, size_t a, size_t b);
bool nescio_size_add(size_t *out, size_t a, size_t b);
/** bytes rounded up to a multiple of `to` (a power of two). The caller has checked for overflow. */
size_t nescio_size_round_up(size_t bytes, size_t to);

/** Reads bytes [at, end) of `data`. After an overrun `bad` is true, every read gives 0 and `at`
 * stays. Borrows. */
typedef struct nescio_cursor {
    const uint8_t *data; /**< borrowed */
    size_t at, end;      /**< byte offsets into data */
    bool bad;            /**< an overrun happened */
} nescio_cursor;

nescio_cursor nescio_cursor_over(const void *data, size_t bytes);
size_t nescio_cursor_left(const nescio_cursor *r);
uint8_t nescio_read_u8(nescio_cursor *r);
uint16_t nescio_read_u16(nescio_cursor *r);
uint32_t nescio_read_u32(nescio_cursor *r);
uint64_t nescio_read_u64(nescio_cursor *r);
int64_t nescio_read_i64(nescio_cursor *r);
double nescio_read_f64(nescio_cursor *r);
/** Borrowed pointer to the next n bytes; NULL and bad when fewer are left. */
const uint8_t *nescio_read_bytes(nescio_cursor *r, size_t n);

/** A growing byte array. Zero-initialise to start; free with nescio_buffer_free. After a failed
 * allocation `bad` is true and writes do nothing, so callers check once at the end. */
typedef struct nescio_buffer {
    uint8_t *data; /**< owned; NULL while empty */
    size_t bytes, capacity;
    bool bad; /**< an allocation failed */
} nescio_buffer;

void nescio_buffer_free(nescio_buffer *b);
void nescio_write_bytes(nescio_buffer *b, const void *data, size_t n);
void nescio_write_u8(nescio_buffer *b, uint8_t v);
void nescio_write_u16(nescio_buffer *b, uint16_t v);
void nescio_write_u32(nescio_buffer *b, uint32_t v);
void nescio_write_u64(nescio_buffer *b, uint64_t v);
void nescio_write_i64(nescio_buffer *b, int64_t v);
void nescio_write_f64(nescio_buffer *b, double v);
/** Appends formatted text, without the terminator. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void nescio_write_text(nescio_buffer *b, const char *format, ...);
#endif /* NESCIO_BASE_BYTES_H */
