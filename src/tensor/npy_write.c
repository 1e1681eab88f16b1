/* SPDX-License-Identifier: Apache-2.0
 * Writes .npy 1.0: the header is padded so that the elements start at a multiple of 64. */
#include "tensor/tensor.h"
#include "tensor/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PRELUDE_BYTES 10 /* magic, version, header length */

/* '<f4': this machine's byte order and NumPy's letter. Width in characters for strings. */
static nescio_status write_descr(nescio_ctx *ctx, nescio_buffer *b, nescio_dtype t, size_t width)
{
    static const char letters[] = {
        [NESCIO_F32] = 'f',  [NESCIO_U8] = 'u',  [NESCIO_I8] = 'i',  [NESCIO_U16] = 'u',
        [NESCIO_I16] = 'i',  [NESCIO_I32] = 'i', [NESCIO_I64] = 'i', [NESCIO_STRING] = 'U',
        [NESCIO_BOOL] = 'b', [NESCIO_F16] = 'f', [NESCIO_F64] = 'f', [NESCIO_U32] = 'u',
        [NESCIO_U64] = 'u'};
    const char letter = (size_t)t < sizeof letters ? letters[t] : '\0';
    const uint16_t one = 1;
    const char order = nescio_dtype_bytes(t) == 1 ? '|' : *(const uint8_t *)&one ? '<' : '>';

    if (!letter)
        return nescio_fail(ctx, NESCIO_E_UNSUPPORTED, "tensor: %s has no place in .npy files",
                           nescio_dtype_name(t));
    nescio_write_text(b, "%c%c%zu", order, letter,
                      t == NESCIO_STRING ? width : nescio_dtype_bytes(t));
    return NESCIO_OK;
}

static nescio_status write_header(nescio_ctx *ctx, nescio_buffer *b, const nescio_tensor *t,
                                  size_t width)
{
    size_t length;

    nescio_write_bytes(b, "\x93NUMPY\x01\x00\x00\x00", PRELUDE_BYTES);
    nescio_write_text(b, "{'descr': '");
    NESCIO_TRY(write_descr(ctx, b, t->dtype, width));
    nescio_write_text(b, "', 'fortran_order': False, 'shape': (");
    for (int i = 0; i < t->rank; i++)
        nescio_write_text(b, i ? ", %" PRId64 : "%" PRId64, t->dims[i]);
    nescio_write_text(b, t->rank == 1 ? ",), }" : "), }");
    while ((b->bytes + 1) % 64 != 0 && !b->bad)
        nescio_write_u8(b, ' ');
    nescio_write_u8(b, '\n');
    if (b->bad)
        return nescio_fail_nomem(ctx, b->bytes);
    length = b->bytes - PRELUDE_BYTES; /* at most 12 dims of 15 digits: far below 2^16 */
    b->data[8] = (uint8_t)(length & 0xff);
    b->data[9] = (uint8_t)(length >> 8);
    return NESCIO_OK;
}

/* Characters of the longest string, at least 1. */
static nescio_status find_width(nescio_ctx *ctx, const nescio_tensor *strings, size_t *width)
{
    const size_t count = nescio_tensor_count(strings);

    *width = 1;
    for (size_t i = 0; i < count; i++) {
        const char *s = ((const char *const *)strings->data)[i];
        size_t n = 0;

        while (*s) {
            if (nescio_utf8_decode(&s) == UINT32_MAX)
                return nescio_fail(ctx, NESCIO_E_ARG, "tensor: string %zu is not UTF-8", i);
            n++;
        }
        *width = n > *width ? n : *width;
    }
    return NESCIO_OK;
}

/* Zero-padded code points, `width` a string. *out is zeroed and has room. */
static void put_strings(uint32_t *out, const nescio_tensor *strings, size_t width)
{
    const size_t count = nescio_tensor_count(strings);

    for (size_t i = 0; i < count; i++) {
        const char *s = ((const char *const *)strings->data)[i];

        for (size_t k = 0; *s; k++)
            out[i * width + k] = nescio_utf8_decode(&s);
    }
}

static nescio_status write_file(nescio_ctx *ctx, const char *path, const nescio_tensor *t,
                                size_t width, const void *elements, size_t bytes)
{
    nescio_buffer header = {0};
    nescio_status st = write_header(ctx, &header, t, width);

    if (st == NESCIO_OK) {
        const nescio_piece pieces[] = {{header.data, header.bytes}, {elements, bytes}};

        st = nescio_file_write(ctx, path, 0644, pieces, 2);
    }
    nescio_buffer_free(&header);
    return st;
}

static nescio_status write_strings(nescio_ctx *ctx, const nescio_tensor *t, const char *path)
{
    nescio_tensor strings; /* contiguous, and no pointer is NULL */
    nescio_status st;
    size_t width, bytes;
    uint32_t *codes = NULL;

    NESCIO_TRY(nescio_tensor_cast(ctx, &strings, t, NESCIO_STRING));
    st = find_width(ctx, &strings, &width);
    if (st != NESCIO_OK)
        goto out;
    if (!nescio_size_mul(&bytes, nescio_tensor_count(t), width) ||
        !nescio_size_mul(&bytes, bytes, sizeof *codes)) {
        st = nescio_fail_nomem(ctx, SIZE_MAX);
        goto out;
    }
    codes = calloc(1, bytes ? bytes : 1);
    if (!codes) {
        st = nescio_fail_nomem(ctx, bytes);
        goto out;
    }
    put_strings(codes, &strings, width);
    st = write_file(ctx, path, t, width, codes, bytes);
out:
    free(codes);
    nescio_tensor_free(&strings);
    return st;
}

nescio_status nescio_npy_write(nescio_ctx *ctx, const nescio_tensor *t, const char *path)
{
    const size_t bytes = nescio_tensor_count(t) * nescio_dtype_bytes(t->dtype);
    nescio_tensor packed;
    nescio_status st;

    if (t->dtype == NESCIO_STRING)
        return write_strings(ctx, t, path);
    if (nescio_tensor_is_contiguous(t))
        return write_file(ctx, path, t, 0, t->data, bytes);
    NESCIO_TRY(nescio_tensor_cast(ctx, &packed, t, t->dtype));
    st = write_file(ctx, path, &packed, 0, packed.data, bytes);
    nescio_tensor_free(&packed);
    return st;
}
