/* SPDX-License-Identifier: Apache-2.0
 * Reads and writes ciphertext files, and says what does not belong together. */
#include "format/ciphertext.h"

#include <stdlib.h>
#include <string.h>

static void builder_fill(nescio_builder *b, const nescio_ciphertext *ct, const uint64_t *shape)
{
    nescio_builder_meta(b, "nescio.scheme", nescio_scheme_name(NESCIO_SCHEME_TFHE));
    nescio_builder_meta_id(b, "nescio.params", ct->params_id);
    nescio_builder_meta_id(b, "nescio.encoding", ct->encoding_id);
    nescio_builder_meta_id(b, "nescio.key", ct->key_id);
    nescio_builder_add(b, "shape", NESCIO_U64, shape, 2);
    nescio_builder_add(b, "seed", NESCIO_U8, ct->seed, sizeof ct->seed);
    nescio_builder_add(b, "rows", NESCIO_U8, ct->rows, (size_t)ct->n_rows * ct->row_bytes);
}

nescio_status nescio_ciphertext_write(nescio_ctx *ctx, const nescio_ciphertext *ct,
                                      const char *kind, const char *path)
{
    const uint64_t shape[2] = {ct->n_rows, ct->row_bytes};
    nescio_builder b = {0};
    nescio_status st;

    builder_fill(&b, ct, shape);
    st = nescio_builder_write(ctx, &b, kind, path, 0644);
    nescio_builder_free(&b);
    return st;
}

nescio_status nescio_ciphertext_bytes(nescio_ctx *ctx, const nescio_ciphertext *ct,
                                      const char *kind, nescio_buffer *out)
{
    const uint64_t shape[2] = {ct->n_rows, ct->row_bytes};
    nescio_builder b = {0};
    nescio_status st;

    builder_fill(&b, ct, shape);
    st = nescio_builder_bytes(ctx, &b, kind, out);
    nescio_builder_free(&b);
    return st;
}

/* Takes `file`, also on failure. */
static nescio_status ciphertext_from(nescio_ctx *ctx, nescio_container *file, nescio_ciphertext *ct)
{
    const nescio_entry *shape = NULL, *seed = NULL, *rows = NULL;
    nescio_cursor r;
    uint64_t row_bytes;
    size_t bytes;

    ct->file = file;
    NESCIO_TRY(nescio_container_id(ctx, file, "nescio.params", ct->params_id));
    NESCIO_TRY(nescio_container_id(ctx, file, "nescio.encoding", ct->encoding_id));
    NESCIO_TRY(nescio_container_id(ctx, file, "nescio.key", ct->key_id));
    NESCIO_TRY(nescio_container_need(ctx, file, "shape", NESCIO_U64, &shape));
    NESCIO_TRY(nescio_container_need(ctx, file, "seed", NESCIO_U8, &seed));
    NESCIO_TRY(nescio_container_need(ctx, file, "rows", NESCIO_U8, &rows));
    r = nescio_cursor_over(shape->data, shape->bytes);
    ct->n_rows = nescio_read_u64(&r);
    row_bytes = nescio_read_u64(&r);
    if (r.bad || nescio_cursor_left(&r) != 0 || (row_bytes == 0 && ct->n_rows > 0) ||
        seed->bytes != sizeof ct->seed || ct->n_rows > SIZE_MAX || row_bytes > SIZE_MAX ||
        !nescio_size_mul(&bytes, (size_t)ct->n_rows, (size_t)row_bytes) || bytes != rows->bytes)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': shape, seed and rows do not agree",
                           nescio_container_name(file));
    ct->row_bytes = (size_t)row_bytes;
    memcpy(ct->seed, seed->data, sizeof ct->seed);
    ct->rows = rows->data;
    return NESCIO_OK;
}

nescio_status nescio_ciphertext_read(nescio_ctx *ctx, const char *path, const char *kind,
                                     nescio_ciphertext *out)
{
    const char *const kinds[] = {kind, NULL};
    nescio_container *file = NULL;
    nescio_status st;

    memset(out, 0, sizeof *out);
    NESCIO_TRY(nescio_container_open(ctx, path, kinds, &file));
    st = ciphertext_from(ctx, file, out);
    if (st != NESCIO_OK)
        nescio_ciphertext_free(out);
    return st;
}

nescio_status nescio_ciphertext_parse(nescio_ctx *ctx, const void *data, size_t bytes,
                                      const char *name, const char *kind, nescio_ciphertext *out)
{
    const char *const kinds[] = {kind, NULL};
    nescio_container *file = NULL;
    nescio_status st;

    memset(out, 0, sizeof *out);
    NESCIO_TRY(nescio_container_parse(ctx, data, bytes, name, kinds, &file));
    st = ciphertext_from(ctx, file, out);
    if (st != NESCIO_OK)
        nescio_ciphertext_free(out);
    return st;
}

void nescio_ciphertext_free(nescio_ciphertext *ct)
{
    nescio_container_free(ct->file);
    free(ct->owned);
    memset(ct, 0, sizeof *ct);
}

nescio_status nescio_ciphertext_rows(nescio_ctx *ctx, nescio_ciphertext *out, size_t n_rows,
                                     size_t row_bytes)
{
    size_t bytes = 0;

    memset(out, 0, sizeof *out);
    if (nescio_size_mul(&bytes, n_rows, row_bytes))
        out->owned = calloc(bytes ? bytes : 1, 1);
    if (!out->owned)
        return nescio_fail_nomem(ctx, bytes);
    out->n_rows = n_rows;
    out->row_bytes = row_bytes;
    out->rows = out->owned;
    return NESCIO_OK;
}

nescio_status nescio_ciphertext_check(nescio_ctx *ctx, const nescio_ciphertext *ct,
                                      const nescio_belonging *must)
{
    const char *name = ct->file ? nescio_container_name(ct->file) : "ciphertexts";

    if (must->params_id && memcmp(ct->params_id, must->params_id, NESCIO_ID_BYTES) != 0)
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "%s was made with other parameters than %s",
                           name, must->params_of);
    if (must->key_id && memcmp(ct->key_id, must->key_id, NESCIO_KEY_ID_BYTES) != 0)
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "%s belongs to another key pair than %s", name,
                           must->key_of);
    if (must->encoding_id && memcmp(ct->encoding_id, must->encoding_id, NESCIO_ID_BYTES) != 0)
        return nescio_fail(ctx, NESCIO_E_MISMATCH,
                           "%s was made for another model's encoding than %s has", name,
                           must->params_of);
    if (ct->row_bytes != must->row_bytes)
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "%s has rows of %zu bytes, %s needs %zu", name,
                           ct->row_bytes, must->params_of, must->row_bytes);
    return NESCIO_OK;
}
