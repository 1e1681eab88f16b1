/* SPDX-License-Identifier: Apache-2.0
 * secret.key: key bits, eight a byte, in the clear or sealed under a passphrase.
 *
 * Tensors: params; lock (how the passphrase becomes a key: salt 16, ops 8, memory 8, nonce 24
 * bytes; empty: no passphrase); secret (bits of the small, big and output key one after another;
 * sealed: followed by the 16-byte tag). Additional data of the seal: params id, key id and lock, so
 * that none of them can be exchanged. */
#include "client/client.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    SALT = crypto_pwhash_SALTBYTES,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    LOCK = SALT + 16 + NONCE,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    SEAL_KEY = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    AD = 2 * NESCIO_ID_BYTES + LOCK,
};
/* A file may ask for at most this much work before its passphrase is known to be right. */
#define OPS_MAX    crypto_pwhash_OPSLIMIT_SENSITIVE
#define MEMORY_MAX crypto_pwhash_MEMLIMIT_SENSITIVE

static const char *const kinds[] = {NESCIO_FILE_SECRET, NULL};

static size_t key_bits(const nescio_tfhe_params *p)
{
    return (size_t)p->lwe_dim + (size_t)p->glwe_dim * p->poly_size +
           (size_t)p->out_glwe_dim * p->out_poly_size;
}

/* Moves all bits between the key and eight-a-byte form. Time depends on the sizes only. */
static void bits_move(nescio_secret_key *key, uint8_t *packed, bool pack)
{
    const nescio_tfhe_params *p = &key->params;
    uint32_t *const parts[3] = {key->lwe, key->glwe, key->out};
    const size_t counts[3] = {p->lwe_dim, (size_t)p->glwe_dim * p->poly_size,
                              (size_t)p->out_glwe_dim * p->out_poly_size};
    size_t at = 0;

    for (int i = 0; i < 3; i++)
        for (size_t j = 0; j < counts[i]; j++, at++) {
            if (pack)
                packed[at / 8] = (uint8_t)(packed[at / 8] | (parts[i][j] & 1u) << (at % 8));
            else
                parts[i][j] = (uint32_t)packed[at / 8] >> (at % 8) & 1u;
        }
}

static void put_u64(uint8_t *out, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (8 * i));
}

static void additional_data(uint8_t ad[AD], const uint8_t *params_id, const uint8_t *key_id,
                            const uint8_t *lock)
{
    memcpy(ad, params_id, NESCIO_ID_BYTES);
    memcpy(ad + NESCIO_ID_BYTES, key_id, NESCIO_ID_BYTES);
    memcpy(ad + 2 * NESCIO_ID_BYTES, lock, LOCK);
}

/* The sealing key from a passphrase, by the lock's salt and costs. `name` is the file's. */
static nescio_status derive(nescio_ctx *ctx, const char *name, uint8_t *seal_key,
                            const char *passphrase, const uint8_t *lock)
{
    nescio_cursor r = nescio_cursor_over(lock, LOCK);
    const uint8_t *salt = nescio_read_bytes(&r, SALT);
    const uint64_t ops = nescio_read_u64(&r), memory = nescio_read_u64(&r);

    if (ops < crypto_pwhash_OPSLIMIT_MIN || ops > OPS_MAX || memory < crypto_pwhash_MEMLIMIT_MIN ||
        memory > MEMORY_MAX)
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': the costs of its passphrase are out of range", name);
    if (crypto_pwhash(seal_key, SEAL_KEY, passphrase, strlen(passphrase), salt, ops, (size_t)memory,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return nescio_fail_nomem(ctx, (size_t)memory);
    return NESCIO_OK;
}

/* Seals `packed` in place (room for the tag behind it) and writes the lock. */
static nescio_status seal(nescio_ctx *ctx, const nescio_secret_key *key, const char *name,
                          const char *passphrase, uint8_t *lock, uint8_t *packed, size_t bytes)
{
    uint8_t params_id[NESCIO_ID_BYTES], ad[AD], *seal_key = nescio_secret_alloc(SEAL_KEY);
    nescio_status st = seal_key ? NESCIO_OK : nescio_fail_nomem(ctx, SEAL_KEY);

    if (st == NESCIO_OK)
        st = nescio_random_bytes(ctx, lock, SALT);
    if (st == NESCIO_OK)
        st = nescio_random_bytes(ctx, lock + SALT + 16, NONCE);
    put_u64(lock + SALT, crypto_pwhash_OPSLIMIT_MODERATE);
    put_u64(lock + SALT + 8, crypto_pwhash_MEMLIMIT_MODERATE);
    if (st == NESCIO_OK)
        st = derive(ctx, name, seal_key, passphrase, lock);
    if (st == NESCIO_OK) {
        nescio_params_id(params_id, &key->params);
        additional_data(ad, params_id, key->id, lock);
        crypto_aead_xchacha20poly1305_ietf_encrypt(packed, NULL, packed, bytes, ad, sizeof ad, NULL,
                                                   lock + SALT + 16, seal_key);
    }
    nescio_secret_free(seal_key);
    return st;
}

nescio_status nescio_secret_key_write(nescio_ctx *ctx, const nescio_secret_key *key,
                                      const char *path, const char *passphrase)
{
    const size_t bytes = (key_bits(&key->params) + 7) / 8;
    nescio_secret_key view = *key; /* for bits_move, which writes through it only when unpacking */
    uint8_t lock[LOCK] = {0}, *packed = nescio_secret_alloc(bytes + TAG);
    nescio_buffer params = {0};
    nescio_builder b = {0};
    nescio_status st = packed ? NESCIO_OK : nescio_fail_nomem(ctx, bytes);

    if (st == NESCIO_OK) {
        bits_move(&view, packed, true);
        if (passphrase)
            st = seal(ctx, key, path, passphrase, lock, packed, bytes);
    }
    if (st == NESCIO_OK) {
        nescio_builder_key(&b, &key->params, key->id, &params);
        nescio_builder_add(&b, "lock", NESCIO_U8, lock, passphrase ? sizeof lock : 0);
        nescio_builder_add(&b, "secret", NESCIO_U8, packed, passphrase ? bytes + TAG : bytes);
        st = nescio_builder_write(ctx, &b, NESCIO_FILE_SECRET, path, 0600);
    }
    nescio_builder_free(&b);
    nescio_buffer_free(&params);
    nescio_secret_free(packed);
    return st;
}

/* Opens the seal into `packed`. */
static nescio_status unseal(nescio_ctx *ctx, const nescio_container *c, const char *passphrase,
                            const nescio_entry *lock, const nescio_entry *secret,
                            const uint8_t *key_id, uint8_t *packed)
{
    uint8_t params_id[NESCIO_ID_BYTES], ad[AD], *seal_key;
    nescio_status st;

    NESCIO_TRY(nescio_container_id(ctx, c, "nescio.params", params_id));
    seal_key = nescio_secret_alloc(SEAL_KEY);
    if (!seal_key)
        return nescio_fail_nomem(ctx, SEAL_KEY);
    st = derive(ctx, nescio_container_name(c), seal_key, passphrase, lock->data);
    additional_data(ad, params_id, key_id, lock->data);
    if (st == NESCIO_OK && crypto_aead_xchacha20poly1305_ietf_decrypt(
                               packed, NULL, NULL, secret->data, secret->bytes, ad, sizeof ad,
                               lock->data + SALT + 16, seal_key) != 0)
        st = nescio_fail(ctx, NESCIO_E_PASSPHRASE, "'%s': wrong passphrase",
                         nescio_container_name(c));
    nescio_secret_free(seal_key);
    return st;
}

static nescio_status unpack(nescio_ctx *ctx, const nescio_container *c, const char *passphrase,
                            nescio_secret_key *key)
{
    const size_t bytes = (key_bits(&key->params) + 7) / 8;
    const nescio_entry *lock = NULL, *secret = NULL;
    uint8_t *packed;
    nescio_status st = NESCIO_OK;

    NESCIO_TRY(nescio_container_id(ctx, c, "nescio.key", key->id));
    NESCIO_TRY(nescio_container_need(ctx, c, "lock", NESCIO_U8, &lock));
    NESCIO_TRY(nescio_container_need(ctx, c, "secret", NESCIO_U8, &secret));
    if ((lock->bytes != 0 && lock->bytes != LOCK) ||
        secret->bytes != bytes + (lock->bytes ? TAG : 0))
        return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': tensor 'secret' has %zu bytes",
                           nescio_container_name(c), secret->bytes);
    if (lock->bytes && !passphrase)
        return nescio_fail(ctx, NESCIO_E_PASSPHRASE,
                           "'%s': is protected by a passphrase, and none was given",
                           nescio_container_name(c));
    packed = nescio_secret_alloc(bytes);
    if (!packed)
        return nescio_fail_nomem(ctx, bytes);
    if (lock->bytes)
        st = unseal(ctx, c, passphrase, lock, secret, key->id, packed);
    else
        memcpy(packed, secret->data, bytes);
    if (st == NESCIO_OK)
        bits_move(key, packed, false);
    nescio_secret_free(packed);
    return st;
}

/* Takes `c`. */
static nescio_status key_from(nescio_ctx *ctx, nescio_container *c, const char *passphrase,
                              nescio_secret_key **out)
{
    nescio_secret_key *key = NULL;
    nescio_tfhe_params p;
    nescio_status st = nescio_params_from(ctx, c, &p);

    if (st == NESCIO_OK)
        st = nescio_secret_key_blank(ctx, &p, &key);
    if (st == NESCIO_OK)
        st = unpack(ctx, c, passphrase, key);
    nescio_container_free(c);
    if (st != NESCIO_OK) {
        nescio_secret_key_free(key);
        return st;
    }
    *out = key;
    return NESCIO_OK;
}

nescio_status nescio_secret_key_read(nescio_ctx *ctx, const char *path, const char *passphrase,
                                     nescio_secret_key **out)
{
    nescio_container *c = NULL;

    *out = NULL;
    NESCIO_TRY(nescio_container_open(ctx, path, kinds, &c));
    return key_from(ctx, c, passphrase, out);
}

nescio_status nescio_secret_key_parse(nescio_ctx *ctx, const void *data, size_t bytes,
                                      const char *name, const char *passphrase,
                                      nescio_secret_key **out)
{
    nescio_container *c = NULL;

    *out = NULL;
    NESCIO_TRY(nescio_container_parse(ctx, data, bytes, name, kinds, &c));
    return key_from(ctx, c, passphrase, out);
}
