/* SPDX-License-Identifier: Apache-2.0
 * Builds containers and writes them. Header keys in the order of adding; the header is padded with
 * spaces to 64 bytes. */
#include "format/container_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct nescio_builder_tensor {
    char *name;
    nescio_dtype dtype;
    const void *data; /* borrowed */
    size_t count;
};

struct nescio_builder_meta {
    char *key, *value;
};

void nescio_builder_free(nescio_builder *b)
{
    for (size_t i = 0; i < b->n_tensors; i++)
        free(b->tensors[i].name);
    for (size_t i = 0; i < b->n_meta; i++) {
        free(b->meta[i].key);
        free(b->meta[i].value);
    }
    free(b->tensors);
    free(b->meta);
    memset(b, 0, sizeof *b);
}

/* Room for one more element of an array; NULL (and bad) when there is no memory. */
static void *grow(nescio_builder *b, void *array, size_t *capacity, size_t n, size_t size)
{
    void *bigger;

    if (n < *capacity)
        return array;
    bigger = realloc(array, (n + 8) * 2 * size);
    if (!bigger) {
        b->bad = true;
        return NULL;
    }
    *capacity = (n + 8) * 2;
    return bigger;
}

void nescio_builder_meta(nescio_builder *b, const char *key, const char *value)
{
    struct nescio_builder_meta *meta = grow(b, b->meta, &b->cap_meta, b->n_meta, sizeof *meta);

    if (!meta)
        return;
    b->meta = meta;
    meta[b->n_meta].key = strdup(key);
    meta[b->n_meta].value = strdup(value);
    if (!meta[b->n_meta].key || !meta[b->n_meta].value)
        b->bad = true;
    b->n_meta++;
}

void nescio_builder_meta_id(nescio_builder *b, const char *key, const uint8_t id[NESCIO_ID_BYTES])
{
    char text[NESCIO_ID_TEXT];

    nescio_hex(text, id, NESCIO_ID_BYTES);
    nescio_builder_meta(b, key, text);
}

void nescio_builder_add(nescio_builder *b, const char *name, nescio_dtype dtype, const void *data,
                        size_t count)
{
    struct nescio_builder_tensor *tensors =
        grow(b, b->tensors, &b->cap_tensors, b->n_tensors, sizeof *tensors);

    if (!tensors)
        return;
    b->tensors = tensors;
    tensors[b->n_tensors] = (struct nescio_builder_tensor){strdup(name), dtype, data, count};
    if (!tensors[b->n_tensors].name)
        b->bad = true;
    b->n_tensors++;
}

static size_t tensor_bytes(const struct nescio_builder_tensor *t)
{
    return t->count * nescio_dtype_bytes(t->dtype);
}

/* The header as text, hash digits zero, padded; NULL: no memory. Caller frees. */
static char *make_header(const nescio_builder *b, const char *kind, size_t *bytes)
{
    json_t *root = json_object(), *meta = json_object();
    size_t at = 0;
    char zeros[NESCIO_HASH_DIGITS + 1], *text = NULL, *padded = NULL;
    int bad = 0;

    memset(zeros, '0', NESCIO_HASH_DIGITS);
    zeros[NESCIO_HASH_DIGITS] = 0;
    bad |= json_object_set_new(meta, "nescio.kind", json_string(kind));
    bad |= json_object_set_new(meta, "nescio.version", json_string("0"));
    for (size_t i = 0; i < b->n_meta; i++)
        bad |= json_object_set_new(meta, b->meta[i].key, json_string(b->meta[i].value));
    bad |= json_object_set_new(meta, "nescio.hash", json_string(zeros));
    bad |= json_object_set_new(root, "__metadata__", meta);
    for (size_t i = 0; i < b->n_tensors; i++) {
        const struct nescio_builder_tensor *t = &b->tensors[i];
        const size_t end = at + tensor_bytes(t);
        bad |= json_object_set_new(root, t->name,
                                   json_pack("{s:s,s:[I],s:[I,I]}", "dtype",
                                             nescio_container_dtype_name(t->dtype), "shape",
                                             (json_int_t)t->count, "data_offsets", (json_int_t)at,
                                             (json_int_t)end));
        at = end;
    }
    if (!bad)
        text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (text) {
        const size_t n = strlen(text);
        *bytes = nescio_size_round_up(n + 8, 64) - 8;
        padded = malloc(*bytes + 1);
        if (padded) {
            memcpy(padded, text, n);
            memset(padded + n, ' ', *bytes - n);
            padded[*bytes] = 0;
        }
        free(text);
    }
    return padded;
}

/* Length, header (hash filled in) and tensors as pieces. header and *pieces belong to the caller.
 */
static nescio_status assemble(nescio_ctx *ctx, const nescio_builder *b, const char *kind,
                              uint8_t prefix[8], char **header, nescio_piece **pieces)
{
    uint8_t digest[NESCIO_HASH_BYTES];
    char text[NESCIO_HASH_DIGITS + 1], *mark;
    size_t bytes = 0;

    *header = b->bad ? NULL : make_header(b, kind, &bytes);
    *pieces = calloc(b->n_tensors + 2, sizeof **pieces);
    if (!*header || !*pieces)
        return nescio_fail_nomem(ctx, bytes);
    for (int i = 0; i < 8; i++)
        prefix[i] = (uint8_t)((uint64_t)bytes >> (8 * i));
    (*pieces)[0] = (nescio_piece){prefix, 8};
    (*pieces)[1] = (nescio_piece){*header, bytes};
    for (size_t i = 0; i < b->n_tensors; i++)
        (*pieces)[i + 2] = (nescio_piece){b->tensors[i].data, tensor_bytes(&b->tensors[i])};
    mark = strstr(*header, NESCIO_HASH_MARK) + sizeof NESCIO_HASH_MARK - 1;
    nescio_file_digest(digest, prefix, (const uint8_t *)*header, bytes, (size_t)(mark - *header),
                       *pieces + 2, b->n_tensors);
    nescio_hex(text, digest, sizeof digest);
    memcpy(mark, text, NESCIO_HASH_DIGITS);
    return NESCIO_OK;
}

nescio_status nescio_builder_write(nescio_ctx *ctx, nescio_builder *b, const char *kind,
                                   const char *path, unsigned mode)
{
    uint8_t prefix[8];
    char *header = NULL;
    nescio_piece *pieces = NULL;
    nescio_status st = assemble(ctx, b, kind, prefix, &header, &pieces);

    if (st == NESCIO_OK)
        st = nescio_file_write(ctx, path, mode, pieces, b->n_tensors + 2);
    free(header);
    free(pieces);
    return st;
}

nescio_status nescio_builder_bytes(nescio_ctx *ctx, nescio_builder *b, const char *kind,
                                   nescio_buffer *out)
{
    uint8_t prefix[8];
    char *header = NULL;
    nescio_piece *pieces = NULL;
    nescio_status st = assemble(ctx, b, kind, prefix, &header, &pieces);

    for (size_t i = 0; st == NESCIO_OK && i < b->n_tensors + 2; i++)
        nescio_write_bytes(out, pieces[i].data, pieces[i].bytes);
    if (st == NESCIO_OK && out->bad)
        st = nescio_fail_nomem(ctx, out->bytes);
    free(header);
    free(pieces);
    return st;
}
