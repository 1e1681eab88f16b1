/* SPDX-License-Identifier: Apache-2.0
 * Reads .npy (NumPy's format, NEP 1): a magic, a version, and a header that is a Python dictionary
 * literal with exactly the keys descr, fortran_order and shape; then the elements.
 *
 * The bytes are untrusted. The header is read by a cursor of characters that never passes its end;
 * the elements must fill the rest of the file exactly, so nothing is allocated that the file does
 * not back. */
#include "tensor/tensor.h"
#include "tensor/utf8.h"

#include <string.h>

#define TEXT_MOST 32 /* longest descr and key that are looked at */

typedef struct npy_header {
    nescio_dtype dtype; /* of the file: F16 too */
    size_t item_bytes;  /* of one element in the file */
    bool big_endian;
    char string_kind; /* 'U', 'S', or 0 */
    bool fortran_order;
    int rank;
    int64_t dims[NESCIO_RANK_MAX];
} npy_header;

typedef struct npy_reader {
    nescio_ctx *ctx;
    const char *name; /* of the file, for messages */
    const char *at, *end;
} npy_reader;

static nescio_status malformed(const npy_reader *r, const char *what)
{
    return nescio_fail(r->ctx, NESCIO_E_FORMAT, "'%s': .npy header: %s", r->name, what);
}

/* The next character after spaces, not taken; 0 at the end. */
static char peek(npy_reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
    return r->at < r->end ? *r->at : '\0';
}

/* Takes `c` when it comes next. */
static bool accept(npy_reader *r, char c)
{
    if (peek(r) != c || c == '\0')
        return false;
    r->at++;
    return true;
}

/* A quoted string of fewer than TEXT_MOST characters, without escapes. */
static bool read_text(npy_reader *r, char out[TEXT_MOST])
{
    const char quote = peek(r);
    size_t n = 0;

    if (quote != '\'' && quote != '"')
        return false;
    r->at++;
    while (r->at < r->end && *r->at != quote && *r->at != '\\' && n + 1 < TEXT_MOST)
        out[n++] = *r->at++;
    out[n] = '\0';
    return accept(r, quote);
}

static bool accept_word(npy_reader *r, const char *word)
{
    const size_t n = strlen(word);

    peek(r);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

/* A dim: digits, and the L that Python 2 wrote. */
static bool read_dim(npy_reader *r, int64_t *out)
{
    int64_t v = 0;
    const char *start;

    peek(r);
    start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        if (v > (INT64_MAX - 9) / 10)
            return false;
        v = v * 10 + (*r->at++ - '0');
    }
    if (r->at == start)
        return false;
    if (r->at < r->end && *r->at == 'L')
        r->at++;
    *out = v;
    return true;
}

static nescio_status read_shape(npy_reader *r, npy_header *h)
{
    if (!accept(r, '('))
        return malformed(r, "shape is not a tuple");
    h->rank = 0;
    while (!accept(r, ')')) {
        if (h->rank == NESCIO_RANK_MAX)
            return nescio_fail(r->ctx, NESCIO_E_UNSUPPORTED, "'%s': has more than %d axes", r->name,
                               NESCIO_RANK_MAX);
        if (!read_dim(r, &h->dims[h->rank++]))
            return malformed(r, "a dim of the shape is not a number below 2^63");
        if (peek(r) != ')' && !accept(r, ','))
            return malformed(r, "dims of the shape are not parted by commas");
    }
    return NESCIO_OK;
}

static nescio_dtype number_type(char kind, size_t bytes)
{
    static const struct {
        char kind;
        unsigned char bytes;
        nescio_dtype dtype;
    } types[] = {{'f', 2, NESCIO_F16}, {'f', 4, NESCIO_F32}, {'f', 8, NESCIO_F64},
                 {'i', 1, NESCIO_I8},  {'i', 2, NESCIO_I16}, {'i', 4, NESCIO_I32},
                 {'i', 8, NESCIO_I64}, {'u', 1, NESCIO_U8},  {'u', 2, NESCIO_U16},
                 {'u', 4, NESCIO_U32}, {'u', 8, NESCIO_U64}, {'b', 1, NESCIO_BOOL}};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].kind == kind && types[i].bytes == bytes)
            return types[i].dtype;
    return NESCIO_DTYPE_NONE;
}

/* '<f4': byte order, kind, bytes (for 'U': characters of 4 bytes). */
static nescio_status read_descr(npy_reader *r, npy_header *h)
{
    char descr[TEXT_MOST];
    npy_reader digits = *r;
    int64_t size = 0;
    bool well_formed;

    if (peek(r) == '[')
        return nescio_fail(r->ctx, NESCIO_E_UNSUPPORTED,
                           "'%s': structured elements are not supported", r->name);
    if (!read_text(r, descr))
        return malformed(r, "descr is not a short string");
    if (!strchr("<>|", descr[0]) || descr[0] == '\0' || descr[1] == '\0')
        return malformed(r, "descr does not start with a byte order and a kind");
    digits.at = descr + 2;
    digits.end = descr + strlen(descr);
    well_formed = read_dim(&digits, &size) && digits.at == digits.end;
    if (!well_formed && strchr("fiubUS", descr[1]))
        return malformed(r, "descr does not end with a size");
    h->big_endian = descr[0] == '>';
    h->string_kind = descr[1] == 'U' || descr[1] == 'S' ? descr[1] : '\0';
    h->dtype = h->string_kind ? NESCIO_STRING : number_type(descr[1], (size_t)size);
    if (h->dtype == NESCIO_DTYPE_NONE)
        return nescio_fail(
            r->ctx, NESCIO_E_UNSUPPORTED,
            "'%s': elements of type '%s' are not supported (b1, i1-i8, u1-u8, f2-f8, U, S are)",
            r->name, descr);
    if (!nescio_size_mul(&h->item_bytes, (size_t)size, h->string_kind == 'U' ? 4 : 1))
        return malformed(r, "descr has a size over 2^62");
    if (h->item_bytes == 0) /* the file would back no number of them */
        return nescio_fail(r->ctx, NESCIO_E_UNSUPPORTED,
                           "'%s': strings of no characters are not supported", r->name);
    return NESCIO_OK;
}

static nescio_status read_entry(npy_reader *r, npy_header *h, unsigned *seen)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    char key[TEXT_MOST];
    unsigned i = 0;

    if (!read_text(r, key) || !accept(r, ':'))
        return malformed(r, "expected a quoted key and a colon");
    while (i < 3 && strcmp(key, keys[i]) != 0)
        i++;
    if (i == 3 || (*seen & 1u << i))
        return nescio_fail(r->ctx, NESCIO_E_FORMAT,
                           "'%s': .npy header: key '%s' is unknown or comes twice", r->name, key);
    *seen |= 1u << i;
    if (i == 0)
        return read_descr(r, h);
    if (i == 2)
        return read_shape(r, h);
    h->fortran_order = accept_word(r, "True");
    return h->fortran_order || accept_word(r, "False")
               ? NESCIO_OK
               : malformed(r, "fortran_order is neither True nor False");
}

static nescio_status read_dictionary(npy_reader *r, npy_header *h)
{
    unsigned seen = 0;

    *h = (npy_header){0};
    if (!accept(r, '{'))
        return malformed(r, "does not start with '{'");
    while (!accept(r, '}')) {
        NESCIO_TRY(read_entry(r, h, &seen));
        if (peek(r) != '}' && !accept(r, ','))
            return malformed(r, "entries are not parted by commas");
    }
    if (peek(r) != '\0' || r->at != r->end)
        return malformed(r, "something follows '}'");
    return seen == 7 ? NESCIO_OK : malformed(r, "descr, fortran_order or shape is missing");
}

/* Element bytes as a number. */
static uint64_t load(const uint8_t *p, size_t bytes, bool big_endian)
{
    uint64_t v = 0;

    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)p[big_endian ? bytes - 1 - i : i] << (8 * i);
    return v;
}

static void store_number(void *out, const npy_header *h, const uint8_t *p)
{
    const uint64_t v = load(p, h->item_bytes, h->big_endian);

    if (h->dtype == NESCIO_F16) {
        *(float *)out = nescio_f16_to_f32((uint16_t)v);
    } else if (h->dtype == NESCIO_BOOL) {
        *(uint8_t *)out = v != 0;
    } else if (h->item_bytes == 1) {
        *(uint8_t *)out = (uint8_t)v;
    } else if (h->item_bytes == 2) {
        *(uint16_t *)out = (uint16_t)v;
    } else if (h->item_bytes == 4) {
        *(uint32_t *)out = (uint32_t)v;
    } else {
        *(uint64_t *)out = v;
    }
}

/* Offset in the row-major result of the element after `index` in the file's order; moves index. */
static size_t next_offset(const nescio_tensor *t, bool fortran_order, int64_t *index, size_t offset)
{
    for (int k = 0; k < t->rank; k++) {
        const int i = fortran_order ? k : t->rank - 1 - k;

        offset += (size_t)t->stride[i];
        if (++index[i] < t->dims[i])
            return offset;
        offset -= (size_t)(index[i] * t->stride[i]);
        index[i] = 0;
    }
    return offset;
}

static nescio_status read_numbers(nescio_ctx *ctx, nescio_tensor *out, const npy_header *h,
                                  const uint8_t *data)
{
    const nescio_dtype to = h->dtype == NESCIO_F16 ? NESCIO_F32 : h->dtype;
    const bool as_stored = (h->item_bytes == 1 || h->big_endian != NESCIO_FILE_ORDER_IS_OURS) &&
                           h->dtype != NESCIO_F16 && h->dtype != NESCIO_BOOL &&
                           (!h->fortran_order || h->rank < 2);
    int64_t index[NESCIO_RANK_MAX] = {0};
    size_t count, bytes, offset = 0;

    NESCIO_TRY(nescio_tensor_new(ctx, out, to, h->rank, h->dims));
    count = nescio_tensor_count(out);
    bytes = nescio_dtype_bytes(to);
    if (as_stored && count > 0) {
        memcpy(out->data, data, count * bytes);
        return NESCIO_OK;
    }
    for (size_t i = 0; i < count; i++) {
        store_number((char *)out->data + offset * bytes, h, data + i * h->item_bytes);
        offset = next_offset(out, h->fortran_order, index, offset);
    }
    return NESCIO_OK;
}

/* One string of the file as UTF-8 at `out` (NULL: only counts), without the zeros that pad it, with
 * a terminator. Returns its bytes; 0 when it is not text. 'S' is taken as Latin-1, NumPy's
 * convention for bytes that are not said to be anything else. */
static size_t put_string(char *out, const npy_header *h, const uint8_t *p)
{
    const size_t width = h->string_kind == 'U' ? 4 : 1;
    size_t length = h->item_bytes / width, bytes = 0;
    char scratch[4];

    while (length > 0 && load(p + (length - 1) * width, width, h->big_endian) == 0)
        length--;
    for (size_t i = 0; i < length; i++) {
        const uint32_t code = (uint32_t)load(p + i * width, width, h->big_endian);
        const size_t n = code ? nescio_utf8_encode(scratch, code) : 0;

        if (n == 0)
            return 0;
        if (out)
            memcpy(out + bytes, scratch, n);
        bytes += n;
    }
    if (out)
        out[bytes] = '\0';
    return bytes + 1;
}

/* One block, the pointers first, then the texts: at most twice the file's own size plus the
 * pointers. */
static nescio_status read_strings(npy_reader *r, nescio_tensor *out, const npy_header *h,
                                  const uint8_t *data)
{
    int64_t index[NESCIO_RANK_MAX] = {0};
    nescio_tensor made;
    size_t count, bytes, offset = 0;
    char *text;

    NESCIO_TRY(nescio_tensor_shape(r->ctx, &made, NESCIO_STRING, h->rank, h->dims));
    count = nescio_tensor_count(&made);
    bytes = count * sizeof(const char *);
    for (size_t i = 0; i < count; i++) {
        const size_t n = put_string(NULL, h, data + i * h->item_bytes);

        if (n == 0)
            return nescio_fail(r->ctx, NESCIO_E_FORMAT,
                               "'%s': string %zu has a zero or an invalid character in it", r->name,
                               i);
        bytes += n;
    }
    made.owned_bytes = bytes ? bytes : 1;
    made.data = nescio_block_alloc(made.owned_bytes);
    if (!made.data)
        return nescio_fail_nomem(r->ctx, bytes);
    text = (char *)made.data + count * sizeof(const char *);
    for (size_t i = 0; i < count; i++) {
        ((const char **)made.data)[offset] = text;
        text += put_string(text, h, data + i * h->item_bytes);
        offset = next_offset(&made, h->fortran_order, index, offset);
    }
    *out = made;
    return NESCIO_OK;
}

/* Magic, version, header length: leaves the reader on the header and the cursor behind it. */
static nescio_status open_header(npy_reader *r, nescio_cursor *c)
{
    const uint8_t *magic = nescio_read_bytes(c, 6);
    const unsigned major = nescio_read_u8(c), minor = nescio_read_u8(c);
    const uint8_t *text;
    size_t bytes;

    if (c->bad || memcmp(magic, "\x93NUMPY", 6) != 0)
        return nescio_fail(r->ctx, NESCIO_E_FORMAT, "'%s': is not a .npy file", r->name);
    if (major < 1 || major > 3 || minor != 0)
        return nescio_fail(r->ctx, NESCIO_E_UNSUPPORTED,
                           "'%s': .npy version %u.%u is not supported (1.0 to 3.0 are)", r->name,
                           major, minor);
    bytes = major == 1 ? nescio_read_u16(c) : nescio_read_u32(c);
    text = nescio_read_bytes(c, bytes);
    if (c->bad)
        return nescio_fail(r->ctx, NESCIO_E_FORMAT, "'%s': ends inside the .npy header", r->name);
    r->at = (const char *)text;
    r->end = r->at + bytes;
    return NESCIO_OK;
}

/* Bytes that the elements must have; false when that is no size a tensor may have. */
static bool data_bytes(const npy_header *h, size_t *bytes)
{
    size_t most = h->item_bytes; /* with dims of 0 as 1, as nescio_tensor_shape has it */
    bool empty = false;

    for (int i = 0; i < h->rank; i++) {
        if (!nescio_size_mul(&most, most, h->dims[i] > 1 ? (size_t)h->dims[i] : 1))
            return false;
        empty |= h->dims[i] == 0;
    }
    *bytes = empty ? 0 : most;
    return most <= (size_t)1 << 44; /* times the 8 of a pointer stays below a tensor's limit */
}

nescio_status nescio_npy_parse(nescio_ctx *ctx, nescio_tensor *out, const void *data, size_t bytes,
                               const char *name)
{
    npy_reader r = {.ctx = ctx, .name = name};
    nescio_cursor c = nescio_cursor_over(data, bytes);
    npy_header h;
    size_t expected;
    const uint8_t *elements;

    *out = (nescio_tensor){0};
    NESCIO_TRY(open_header(&r, &c));
    NESCIO_TRY(read_dictionary(&r, &h));
    if (!data_bytes(&h, &expected))
        return malformed(&r, "the shape asks for more than 2^44 bytes");
    if (expected != nescio_cursor_left(&c))
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': shape and type ask for %zu bytes of elements, but %zu follow",
                           name, expected, nescio_cursor_left(&c));
    elements = nescio_read_bytes(&c, expected);
    return h.string_kind ? read_strings(&r, out, &h, elements)
                         : read_numbers(ctx, out, &h, elements);
}

nescio_status nescio_npy_read(nescio_ctx *ctx, nescio_tensor *out, const char *path)
{
    nescio_file file;
    nescio_status st;

    *out = (nescio_tensor){0};
    NESCIO_TRY(nescio_file_open(ctx, &file, path));
    st = nescio_npy_parse(ctx, out, file.data, file.bytes, strcmp(path, "-") == 0 ? "stdin" : path);
    nescio_file_close(&file);
    return st;
}
