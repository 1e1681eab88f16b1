/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/server.h over the rooms format and server. */
#include "nescio/server.h"

#include "api_client/open_package.h"
#include "server/evaluator.h"

#include <stdlib.h>
#include <string.h>

struct nescio_server {
    nescio_package *package;
    char *key_path;            /* for messages */
    nescio_evaluation_key key; /* kept: another batch size expands it again */
    nescio_evaluator *evaluator;
    size_t batch_rows;
};

void nescio_server_free(nescio_server *server)
{
    if (!server)
        return;
    nescio_evaluator_free(server->evaluator);
    nescio_evaluation_key_free(&server->key);
    nescio_package_free(server->package);
    free(server->key_path);
    free(server);
}

nescio_status nescio_server_open(nescio_ctx *ctx, const char *path, const char *evaluation_path,
                                 nescio_server **out)
{
    nescio_server *server = calloc(1, sizeof *server);
    nescio_status st;

    *out = NULL;
    if (!server)
        return nescio_fail_nomem(ctx, sizeof *server);
    server->key_path = strdup(evaluation_path);
    st = server->key_path ? nescio_package_open_secure(ctx, path, false, true, &server->package)
                          : nescio_fail_nomem(ctx, strlen(evaluation_path));
    if (st == NESCIO_OK)
        st = nescio_evaluation_key_read(ctx, evaluation_path, &server->key);
    if (st == NESCIO_OK &&
        !nescio_tfhe_params_equal(&server->key.params, &server->package->server->plan->params))
        st = nescio_fail(ctx, NESCIO_E_MISMATCH,
                         "%s was made with other parameters than %s has (%s)", evaluation_path,
                         path, server->package->server->plan->set_name);
    if (st != NESCIO_OK) {
        nescio_server_free(server);
        return st;
    }
    *out = server;
    return NESCIO_OK;
}

/* An evaluator for batches of that many rows, kept for the next file. */
static nescio_status prepare(nescio_ctx *ctx, nescio_server *server, size_t batch)
{
    if (server->batch_rows == batch)
        return NESCIO_OK;
    nescio_evaluator_free(server->evaluator);
    server->evaluator = NULL;
    server->batch_rows = 0;
    NESCIO_TRY(nescio_evaluator_new(ctx, server->package->server, &server->key, batch,
                                    &server->evaluator));
    nescio_evaluator_name_key(server->evaluator, server->key_path);
    server->batch_rows = batch;
    return NESCIO_OK;
}

nescio_status nescio_server_evaluate(nescio_ctx *ctx, nescio_server *server, const char *in_path,
                                     const char *out_path, const nescio_evaluate_options *options)
{
    size_t batch = options && options->batch_rows ? options->batch_rows : 1;
    nescio_ciphertext in = {0}, out = {0};
    nescio_status st = nescio_ciphertext_read(ctx, in_path, NESCIO_FILE_INPUT, &in);

    if (batch > in.n_rows) /* memory for rows that are not there */
        batch = in.n_rows ? (size_t)in.n_rows : 1;
    if (st == NESCIO_OK)
        st = prepare(ctx, server, batch);
    if (st == NESCIO_OK)
        st = nescio_evaluator_run(ctx, server->evaluator, &in, options ? options->batch_done : NULL,
                                  options ? options->user : NULL, &out);
    if (st == NESCIO_OK)
        st = nescio_ciphertext_write(ctx, &out, NESCIO_FILE_ANSWER, out_path);
    nescio_ciphertext_free(&in);
    nescio_ciphertext_free(&out);
    return st;
}
