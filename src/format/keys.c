/* SPDX-License-Identifier: Apache-2.0
 * Reads and writes evaluation keys. */
#include "format/keys.h"

#include "format/package_internal.h"

#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {NESCIO_FILE_EVALUATION, NULL};

void nescio_builder_key(nescio_builder *b, const nescio_tfhe_params *p, const uint8_t *key_id,
                        nescio_buffer *params)
{
    uint8_t id[NESCIO_ID_BYTES];

    nescio_params_write(params, p);
    nescio_params_id(id, p);
    nescio_builder_meta(b, "nescio.scheme", nescio_scheme_name(NESCIO_SCHEME_TFHE));
    nescio_builder_meta_id(b, "nescio.params", id);
    nescio_builder_meta_id(b, "nescio.key", key_id);
    nescio_builder_add(b, "params", NESCIO_U8, params->data, params->bytes);
    b->bad |= params->bad;
}

nescio_status nescio_evaluation_key_write(nescio_ctx *ctx, const nescio_evaluation_key *key,
                                          const char *path)
{
    nescio_buffer params = {0};
    nescio_builder b = {0};
    nescio_status st;

    nescio_builder_key(&b, &key->params, key->id, &params);
    nescio_builder_add(&b, "seed", NESCIO_U8, key->seed, sizeof key->seed);
    nescio_builder_add(&b, "bootstrap", NESCIO_U8, key->bootstrap, key->bootstrap_bytes);
    nescio_builder_add(&b, "keyswitch", NESCIO_U8, key->keyswitch, key->keyswitch_bytes);
    nescio_builder_add(&b, "output", NESCIO_U8, key->output, key->output_bytes);
    st = nescio_builder_write(ctx, &b, NESCIO_FILE_EVALUATION, path, 0644);
    nescio_builder_free(&b);
    nescio_buffer_free(&params);
    return st;
}

nescio_status nescio_params_from(nescio_ctx *ctx, const nescio_container *c, nescio_tfhe_params *p)
{
    uint8_t id[NESCIO_ID_BYTES], stated[NESCIO_ID_BYTES];
    const nescio_entry *e = NULL;
    nescio_cursor r;

    NESCIO_TRY(nescio_container_need(ctx, c, "params", NESCIO_U8, &e));
    r = nescio_cursor_over(e->data, e->bytes);
    nescio_params_read(&r, p);
    if (r.bad || nescio_cursor_left(&r) != 0)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': tensor 'params' has %zu bytes",
                           nescio_container_name(c), e->bytes);
    NESCIO_TRY(nescio_blame_file(ctx, nescio_container_name(c), nescio_tfhe_params_check(ctx, p)));
    NESCIO_TRY(nescio_container_id(ctx, c, "nescio.params", stated));
    nescio_params_id(id, p);
    if (memcmp(id, stated, sizeof id) != 0)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': its parameters do not match its metadata",
                           nescio_container_name(c));
    return NESCIO_OK;
}

/* Copies tensor `name` of exactly `bytes` bytes. */
static nescio_status copy_tensor(nescio_ctx *ctx, const nescio_container *c, const char *name,
                                 size_t bytes, uint8_t **out)
{
    const nescio_entry *e = NULL;

    NESCIO_TRY(nescio_container_need(ctx, c, name, NESCIO_U8, &e));
    if (e->bytes != bytes)
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': tensor '%s' has %zu bytes, its parameters need %zu",
                           nescio_container_name(c), name, e->bytes, bytes);
    *out = malloc(bytes ? bytes : 1);
    if (!*out)
        return nescio_fail_nomem(ctx, bytes);
    memcpy(*out, e->data, bytes);
    return NESCIO_OK;
}

static nescio_status read_key(nescio_ctx *ctx, const nescio_container *c,
                              nescio_evaluation_key *key)
{
    const nescio_entry *seed = NULL;
    nescio_tfhe_params p;

    NESCIO_TRY(nescio_params_from(ctx, c, &p));
    NESCIO_TRY(nescio_evaluation_key_sizes(ctx, &p, key));
    key->params = p;
    NESCIO_TRY(nescio_container_id(ctx, c, "nescio.key", key->id));
    NESCIO_TRY(nescio_container_need(ctx, c, "seed", NESCIO_U8, &seed));
    if (seed->bytes != sizeof key->seed)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': tensor 'seed' has %zu bytes",
                           nescio_container_name(c), seed->bytes);
    memcpy(key->seed, seed->data, sizeof key->seed);
    NESCIO_TRY(copy_tensor(ctx, c, "bootstrap", key->bootstrap_bytes, &key->bootstrap));
    NESCIO_TRY(copy_tensor(ctx, c, "keyswitch", key->keyswitch_bytes, &key->keyswitch));
    return copy_tensor(ctx, c, "output", key->output_bytes, &key->output);
}

/* Takes `c`. */
static nescio_status key_from(nescio_ctx *ctx, nescio_container *c, nescio_evaluation_key *out)
{
    const nescio_status st = read_key(ctx, c, out);

    nescio_container_free(c);
    if (st != NESCIO_OK)
        nescio_evaluation_key_free(out);
    return st;
}

nescio_status nescio_evaluation_key_read(nescio_ctx *ctx, const char *path,
                                         nescio_evaluation_key *out)
{
    nescio_container *c = NULL;

    memset(out, 0, sizeof *out);
    NESCIO_TRY(nescio_container_open(ctx, path, kinds, &c));
    return key_from(ctx, c, out);
}

nescio_status nescio_evaluation_key_parse(nescio_ctx *ctx, const void *data, size_t bytes,
                                          const char *name, nescio_evaluation_key *out)
{
    nescio_container *c = NULL;

    memset(out, 0, sizeof *out);
    NESCIO_TRY(nescio_container_parse(ctx, data, bytes, name, kinds, &c));
    return key_from(ctx, c, out);
}
