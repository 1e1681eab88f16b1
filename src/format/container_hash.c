/* SPDX-License-Identifier: Apache-2.0
 * Names of element types in containers, and the hash over a whole file. */
#include "format/container_internal.h"

#include <sodium.h>
#include <string.h>

static const struct {
    nescio_dtype dtype;
    const char *name;
} dtypes[] = {{NESCIO_U8, "U8"},   {NESCIO_I32, "I32"}, {NESCIO_U32, "U32"}, {NESCIO_I64, "I64"},
              {NESCIO_U64, "U64"}, {NESCIO_F64, "F64"}, {NESCIO_F32, "F32"}};

const char *nescio_container_dtype_name(nescio_dtype t)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (dtypes[i].dtype == t)
            return dtypes[i].name;
    return NULL;
}

nescio_dtype nescio_container_dtype_find(const char *name)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtypes[i].name, name) == 0)
            return dtypes[i].dtype;
    return NESCIO_DTYPE_NONE;
}

void nescio_file_digest(uint8_t out[NESCIO_HASH_BYTES], const uint8_t *prefix,
                        const uint8_t *header, size_t header_bytes, size_t mark,
                        const nescio_piece *pieces, size_t n_pieces)
{
    uint8_t zeros[NESCIO_HASH_DIGITS];
    crypto_generichash_state state;

    memset(zeros, '0', sizeof zeros);
    crypto_generichash_init(&state, NULL, 0, NESCIO_HASH_BYTES);
    crypto_generichash_update(&state, prefix, 8);
    crypto_generichash_update(&state, header, mark);
    crypto_generichash_update(&state, zeros, sizeof zeros);
    crypto_generichash_update(&state, header + mark + NESCIO_HASH_DIGITS,
                              header_bytes - mark - NESCIO_HASH_DIGITS);
    for (size_t i = 0; i < n_pieces; i++)
        crypto_generichash_update(&state, pieces[i].data, pieces[i].bytes);
    crypto_generichash_final(&state, out, NESCIO_HASH_BYTES);
    sodium_memzero(&state, sizeof state); /* it may have seen a secret key file */
}

void nescio_hex(char *text, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * n] = 0;
}

void nescio_digest_id(uint8_t id[NESCIO_ID_BYTES], const void *data, size_t bytes)
{
    crypto_generichash(id, NESCIO_ID_BYTES, data, bytes, NULL, 0);
}

size_t nescio_hash_mark(const uint8_t *header, size_t bytes)
{
    const size_t n = sizeof NESCIO_HASH_MARK - 1;
    const uint8_t *at = memmem(header, bytes, NESCIO_HASH_MARK, n);
    size_t mark;

    if (!at)
        return SIZE_MAX;
    mark = (size_t)(at - header) + n;
    if (bytes - mark < NESCIO_HASH_DIGITS ||
        memmem(header + mark, bytes - mark, NESCIO_HASH_MARK, n))
        return SIZE_MAX;
    return mark;
}

void nescio_container_rehash(uint8_t *file, size_t bytes)
{
    nescio_cursor r = nescio_cursor_over(file, bytes);
    const uint64_t length = nescio_read_u64(&r);
    uint8_t digest[NESCIO_HASH_BYTES];
    char text[NESCIO_HASH_DIGITS + 1];
    size_t mark;

    if (r.bad || length > nescio_cursor_left(&r))
        return;
    mark = nescio_hash_mark(file + 8, (size_t)length);
    if (mark == SIZE_MAX)
        return;
    const nescio_piece data = {file + 8 + length, bytes - 8 - (size_t)length};
    nescio_file_digest(digest, file, file + 8, (size_t)length, mark, &data, 1);
    nescio_hex(text, digest, sizeof digest);
    memcpy(file + 8 + mark, text, NESCIO_HASH_DIGITS);
}
