/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/client.h over the rooms codec, format and client. */
#include "api_client/arrays.h"
#include "api_client/open_package.h"
#include "client/client.h"
#include "nescio/client.h"

#include <stdlib.h>
#include <string.h>

struct nescio_client {
    nescio_package *package;
    nescio_codec *codec;
    nescio_secret_key *key; /* NULL until loaded */
    char *key_path;         /* for messages */
};

void nescio_client_free(nescio_client *client)
{
    if (!client)
        return;
    nescio_secret_key_free(client->key);
    nescio_codec_free(client->codec);
    nescio_package_free(client->package);
    free(client->key_path);
    free(client);
}

nescio_status nescio_client_open(nescio_ctx *ctx, const char *path, nescio_client **out)
{
    nescio_client *client = calloc(1, sizeof *client);
    nescio_status st;

    *out = NULL;
    if (!client)
        return nescio_fail_nomem(ctx, sizeof *client);
    st = nescio_package_open_secure(ctx, path, true, false, &client->package);
    if (st == NESCIO_OK)
        st = nescio_codec_new(ctx, client->package->client, &client->codec);
    if (st != NESCIO_OK) {
        nescio_client_free(client);
        return st;
    }
    *out = client;
    return NESCIO_OK;
}

nescio_status nescio_client_keygen(nescio_ctx *ctx, const nescio_client *client,
                                   const char *secret_path, const char *evaluation_path,
                                   const char *passphrase)
{
    return nescio_keys_generate(ctx, client->package->client, secret_path, evaluation_path,
                                passphrase);
}

nescio_status nescio_client_load_key(nescio_ctx *ctx, nescio_client *client, const char *path,
                                     const char *passphrase)
{
    const nescio_client_part *const part = client->package->client;
    nescio_secret_key *key = NULL;
    char *name;

    NESCIO_TRY(nescio_secret_key_read(ctx, path, passphrase, &key));
    name = strdup(path);
    if (!name || !nescio_tfhe_params_equal(&key->params, &part->params)) {
        nescio_secret_key_free(key);
        if (!name)
            return nescio_fail_nomem(ctx, strlen(path));
        free(name);
        return nescio_fail(ctx, NESCIO_E_MISMATCH,
                           "%s was made with other parameters than %s has (%s)", path, part->name,
                           part->set_name);
    }
    nescio_secret_key_free(client->key);
    free(client->key_path);
    client->key = key;
    client->key_path = name;
    return NESCIO_OK;
}

nescio_status nescio_client_encrypt(nescio_ctx *ctx, const nescio_client *client,
                                    const nescio_arrays *inputs, const char *out_path)
{
    const size_t n = nescio_codec_n_inputs(client->codec);
    nescio_tensor *tensors = NULL;
    nescio_ciphertext ct = {0};
    nescio_rows rows = {0};
    nescio_status st;

    if (!client->key)
        return nescio_fail(ctx, NESCIO_E_ARG, "encrypting needs a secret key: load one first");
    st = nescio_arrays_for_codec(ctx, client->codec, inputs, &tensors);
    if (st == NESCIO_OK)
        st = nescio_codec_encode(ctx, client->codec, tensors, n, &rows);
    if (st == NESCIO_OK)
        st = nescio_rows_encrypt(ctx, client->package->client, client->key, &rows, &ct);
    if (st == NESCIO_OK)
        st = nescio_ciphertext_write(ctx, &ct, NESCIO_FILE_INPUT, out_path);
    nescio_ciphertext_free(&ct);
    nescio_codec_rows_in_free(client->codec, &rows);
    free(tensors);
    return st;
}

nescio_status nescio_client_decrypt(nescio_ctx *ctx, const nescio_client *client,
                                    const char *answer_path, nescio_arrays **outputs)
{
    nescio_ciphertext ct = {0};
    nescio_rows rows = {0};
    nescio_status st;

    *outputs = NULL;
    if (!client->key)
        return nescio_fail(ctx, NESCIO_E_ARG, "decrypting needs a secret key: load one first");
    NESCIO_TRY(nescio_ciphertext_read(ctx, answer_path, NESCIO_FILE_ANSWER, &ct));
    st = nescio_answers_check(ctx, client->package->client, client->key, client->key_path, &ct);
    if (st == NESCIO_OK)
        st = nescio_codec_rows_out(ctx, client->codec, (size_t)ct.n_rows, &rows);
    if (st == NESCIO_OK)
        st = nescio_rows_decrypt(ctx, client->package->client, client->key, &ct, &rows);
    if (st == NESCIO_OK)
        st = nescio_arrays_from_codec(ctx, client->codec, &rows, outputs);
    nescio_codec_rows_out_free(client->codec, &rows);
    nescio_ciphertext_free(&ct);
    return st;
}
