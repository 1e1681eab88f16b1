/* SPDX-License-Identifier: Apache-2.0
 * Reads containers: hostile bytes until the last check has passed.
 *
 * Order of the checks: length of the header, hash of the whole file, JSON, metadata, tensors
 * (sorted by offset, without gaps, sizes equal to shape times element). Only then does a container
 * exist. */
#include "format/container_internal.h"
#include "format/format.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct nescio_container {
    nescio_file file; /* mapped; or data in copy */
    uint8_t *copy;    /* owned bytes of nescio_container_parse, NULL when mapped */
    const uint8_t *bytes;
    size_t n_bytes;
    char *name;
    json_t *header; /* owns all strings */
    json_t *meta;
    nescio_entry *entries; /* by offset */
    size_t n_entries;
};

void nescio_container_free(nescio_container *c)
{
    if (!c)
        return;
    json_decref(c->header);
    nescio_file_close(&c->file);
    free(c->copy);
    free(c->name);
    free(c->entries);
    free(c);
}

const char *nescio_container_name(const nescio_container *c)
{
    return c->name;
}

size_t nescio_container_bytes(const nescio_container *c)
{
    return c->n_bytes;
}

const char *nescio_container_meta(const nescio_container *c, const char *key)
{
    return json_string_value(json_object_get(c->meta, key));
}

const char *nescio_container_kind(const nescio_container *c)
{
    return nescio_container_meta(c, "nescio.kind");
}

size_t nescio_container_count(const nescio_container *c)
{
    return c->n_entries;
}

const nescio_entry *nescio_container_at(const nescio_container *c, size_t i)
{
    return &c->entries[i];
}

const nescio_entry *nescio_container_find(const nescio_container *c, const char *name)
{
    for (size_t i = 0; i < c->n_entries; i++)
        if (strcmp(c->entries[i].name, name) == 0)
            return &c->entries[i];
    return NULL;
}

nescio_status nescio_container_need(nescio_ctx *ctx, const nescio_container *c, const char *name,
                                    nescio_dtype dtype, const nescio_entry **out)
{
    const nescio_entry *e = nescio_container_find(c, name);

    if (!e)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': tensor '%s' is missing", c->name, name);
    if (e->dtype != dtype)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': tensor '%s' is %s, not %s", c->name, name,
                           nescio_dtype_name(e->dtype), nescio_dtype_name(dtype));
    if ((uintptr_t)e->data % nescio_dtype_bytes(dtype) != 0)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': tensor '%s' is not aligned to its element",
                           c->name, name);
    *out = e;
    return NESCIO_OK;
}

nescio_status nescio_container_id(nescio_ctx *ctx, const nescio_container *c, const char *key,
                                  uint8_t id[NESCIO_ID_BYTES])
{
    const char *text = nescio_container_meta(c, key);
    size_t n = 0;

    if (!text || strlen(text) != 2 * NESCIO_ID_BYTES ||
        sodium_hex2bin(id, NESCIO_ID_BYTES, text, strlen(text), NULL, &n, NULL) != 0 ||
        n != NESCIO_ID_BYTES)
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': metadata '%s' is not an id of %d hexadecimal digits", c->name,
                           key, 2 * NESCIO_ID_BYTES);
    return NESCIO_OK;
}

/* The header as stored, after its length and the hash of the whole file have been checked. */
static nescio_status check_bytes(nescio_ctx *ctx, const nescio_container *c, const uint8_t **header,
                                 size_t *header_bytes)
{
    nescio_cursor r = nescio_cursor_over(c->bytes, c->n_bytes);
    const uint64_t length = nescio_read_u64(&r);
    uint8_t digest[NESCIO_HASH_BYTES];
    char text[NESCIO_HASH_DIGITS + 1];
    size_t mark;

    if (r.bad || length > nescio_cursor_left(&r))
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': not a Nescio file, or cut short (%zu bytes)", c->name,
                           c->n_bytes);
    if (length > NESCIO_HEADER_MAX)
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': header of %" PRIu64 " bytes, at most %zu are accepted", c->name,
                           length, NESCIO_HEADER_MAX);
    *header = nescio_read_bytes(&r, (size_t)length);
    *header_bytes = (size_t)length;
    mark = nescio_hash_mark(*header, *header_bytes);
    if (mark == SIZE_MAX)
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': not a Nescio file: no nescio.hash in its header", c->name);
    const nescio_piece data = {c->bytes + r.at, nescio_cursor_left(&r)};
    nescio_file_digest(digest, c->bytes, *header, *header_bytes, mark, &data, 1);
    nescio_hex(text, digest, sizeof digest);
    if (memcmp(text, *header + mark, NESCIO_HASH_DIGITS) != 0)
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': damaged: its contents do not match its hash", c->name);
    return NESCIO_OK;
}

/* What users call a kind of file; NULL for an unknown one. */
static const char *words_for(const char *kind)
{
    static const char *const words[][2] = {
        {NESCIO_FILE_MODEL, "a whole package"},
        {NESCIO_FILE_CLIENT, "a client part"},
        {NESCIO_FILE_SERVER, "a server part"},
        {"secret", "a secret key"},
        {NESCIO_FILE_EVALUATION, "an evaluation key"},
        {NESCIO_FILE_INPUT, "a file of encrypted rows"},
        {NESCIO_FILE_ANSWER, "a file of answers"},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], kind) == 0)
            return words[i][1];
    return NULL;
}

static nescio_status check_meta(nescio_ctx *ctx, nescio_container *c, const char *const *kinds)
{
    const char *key, *kind, *version, *wanted, *found;
    json_t *value;

    c->meta = json_object_get(c->header, "__metadata__");
    if (!json_is_object(c->meta))
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': no __metadata__ object", c->name);
    json_object_foreach(c->meta, key, value) if (!json_is_string(value)) return nescio_fail(
        ctx, NESCIO_E_FORMAT, "'%s': metadata '%s' is not a string", c->name, key);
    version = nescio_container_meta(c, "nescio.version");
    if (!version || strcmp(version, "0") != 0)
        return nescio_fail(ctx, NESCIO_E_UNSUPPORTED,
                           "'%s': format version %s, this program reads %d", c->name,
                           version ? version : "(none)", NESCIO_FORMAT_VERSION);
    kind = nescio_container_kind(c);
    if (!kind)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': metadata nescio.kind is missing", c->name);
    for (size_t i = 0; kinds[i]; i++)
        if (strcmp(kinds[i], kind) == 0)
            return NESCIO_OK;
    wanted = words_for(kinds[0]);
    found = words_for(kind);
    if (found)
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "'%s': is %s, where %s is needed", c->name,
                           found, wanted ? wanted : kinds[0]);
    return nescio_fail(ctx, NESCIO_E_MISMATCH, "'%s': is of kind '%.32s', where %s is needed",
                       c->name, kind, wanted ? wanted : kinds[0]);
}

/* One tensor's description. `data_bytes`: all tensor bytes of the file. */
static nescio_status read_entry(nescio_ctx *ctx, const nescio_container *c, const char *name,
                                json_t *value, const uint8_t *data, size_t data_bytes,
                                nescio_entry *out)
{
    const char *dtype = json_string_value(json_object_get(value, "dtype"));
    const json_t *shape = json_object_get(value, "shape"),
                 *span = json_object_get(value, "data_offsets");
    const json_int_t from = json_integer_value(json_array_get(span, 0)),
                     to = json_integer_value(json_array_get(span, 1));
    nescio_tensor t;
    nescio_status st;

    if (!dtype || !json_is_array(shape) || json_array_size(span) != 2 ||
        json_object_size(value) != 3 || json_array_size(shape) > NESCIO_RANK_MAX ||
        !json_is_integer(json_array_get(span, 0)) || !json_is_integer(json_array_get(span, 1)) ||
        from < 0 || to < from || (uint64_t)to > data_bytes)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': bad description of tensor '%s'", c->name,
                           name);
    out->name = name;
    out->dtype = nescio_container_dtype_find(dtype);
    out->rank = (int)json_array_size(shape);
    for (int i = 0; i < out->rank; i++) {
        if (!json_is_integer(json_array_get(shape, (size_t)i)))
            return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': bad shape of tensor '%s'", c->name,
                               name);
        out->dims[i] = json_integer_value(json_array_get(shape, (size_t)i));
    }
    if (out->dtype == NESCIO_DTYPE_NONE)
        return nescio_fail(
            ctx, NESCIO_E_FORMAT,
            "'%s': tensor '%s' has dtype '%.16s', not one of U8 I32 U32 I64 U64 F32 F64", c->name,
            name, dtype);
    st = nescio_tensor_shape(ctx, &t, out->dtype, out->rank, out->dims);
    if (st != NESCIO_OK)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': bad shape of tensor '%s'", c->name, name);
    out->count = nescio_tensor_count(&t);
    out->bytes = out->count * nescio_dtype_bytes(out->dtype);
    if (out->bytes != (uint64_t)(to - from))
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': tensor '%s' has %lld bytes, its shape needs %zu", c->name, name,
                           (long long)(to - from), out->bytes);
    out->data = data + from;
    return NESCIO_OK;
}

static int by_offset(const void *a, const void *b)
{
    const nescio_entry *x = a, *y = b;

    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static nescio_status read_entries(nescio_ctx *ctx, nescio_container *c, const uint8_t *data,
                                  size_t data_bytes)
{
    const size_t n = json_object_size(c->header) - 1;
    const uint8_t *at = data;
    const char *name;
    json_t *value;

    c->entries = calloc(n ? n : 1, sizeof *c->entries);
    if (!c->entries)
        return nescio_fail_nomem(ctx, n * sizeof *c->entries);
    json_object_foreach(c->header, name, value)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        NESCIO_TRY(read_entry(ctx, c, name, value, data, data_bytes, &c->entries[c->n_entries]));
        c->n_entries++;
    }
    qsort(c->entries, c->n_entries, sizeof *c->entries, by_offset);
    for (size_t i = 0; i < c->n_entries; i++) {
        if (c->entries[i].data != at)
            return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': hole or overlap before tensor '%s'",
                               c->name, c->entries[i].name);
        at += c->entries[i].bytes;
    }
    if (at != data + data_bytes)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': %zu bytes after the last tensor", c->name,
                           (size_t)(data + data_bytes - at));
    return NESCIO_OK;
}

static nescio_status read_all(nescio_ctx *ctx, nescio_container *c, const char *const *kinds)
{
    const uint8_t *header = NULL;
    size_t header_bytes = 0;
    json_error_t error;

    NESCIO_TRY(check_bytes(ctx, c, &header, &header_bytes));
    c->header = json_loadb((const char *)header, header_bytes, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(c->header))
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': header is not a JSON object", c->name);
    NESCIO_TRY(check_meta(ctx, c, kinds));
    return read_entries(ctx, c, header + header_bytes, c->n_bytes - 8 - header_bytes);
}

static nescio_status container_new(nescio_ctx *ctx, const char *name, nescio_container **out)
{
    nescio_container *c = calloc(1, sizeof *c);

    if (c)
        c->name = strdup(name);
    if (!c || !c->name) {
        free(c);
        return nescio_fail_nomem(ctx, sizeof *c);
    }
    *out = c;
    return NESCIO_OK;
}

nescio_status nescio_container_open(nescio_ctx *ctx, const char *path, const char *const *kinds,
                                    nescio_container **out)
{
    nescio_container *c = NULL;
    nescio_status st;

    *out = NULL;
    NESCIO_TRY(container_new(ctx, path, &c));
    st = nescio_file_open(ctx, &c->file, path);
    if (st == NESCIO_OK) {
        c->bytes = c->file.data;
        c->n_bytes = c->file.bytes;
        st = read_all(ctx, c, kinds);
    }
    if (st != NESCIO_OK) {
        nescio_container_free(c);
        return st;
    }
    *out = c;
    return NESCIO_OK;
}

nescio_status nescio_container_parse(nescio_ctx *ctx, const void *data, size_t bytes,
                                     const char *name, const char *const *kinds,
                                     nescio_container **out)
{
    nescio_container *c = NULL;
    nescio_status st = NESCIO_OK;

    *out = NULL;
    NESCIO_TRY(container_new(ctx, name, &c));
    c->copy = malloc(bytes ? bytes : 1);
    if (!c->copy) {
        st = nescio_fail_nomem(ctx, bytes);
    } else {
        if (bytes)
            memcpy(c->copy, data, bytes);
        c->bytes = c->copy;
        c->n_bytes = bytes;
        st = read_all(ctx, c, kinds);
    }
    if (st != NESCIO_OK) {
        nescio_container_free(c);
        return st;
    }
    *out = c;
    return NESCIO_OK;
}
