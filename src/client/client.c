/* SPDX-License-Identifier: Apache-2.0
 * Keys into files, rows into ciphertexts, answers into integers. */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* `params` are those of the client part; `name` says whose they are. */
static nescio_status check_params(nescio_ctx *ctx, const nescio_client_part *client,
                                  const nescio_tfhe_params *params, const char *name)
{
    if (!nescio_tfhe_params_equal(&client->params, params))
        return nescio_fail(ctx, NESCIO_E_MISMATCH,
                           "%s was made with other parameters than %s has (%s)", name, client->name,
                           client->set_name);
    return NESCIO_OK;
}

static nescio_status check_key(nescio_ctx *ctx, const nescio_client_part *client,
                               const nescio_secret_key *key)
{
    return check_params(ctx, client, &key->params, "the secret key");
}

void nescio_keypair_free(nescio_keypair *pair)
{
    nescio_secret_key_free(pair->secret);
    nescio_evaluation_key_free(&pair->evaluation);
    memset(pair, 0, sizeof *pair);
}

nescio_status nescio_keypair_make(nescio_ctx *ctx, const nescio_client_part *client,
                                  nescio_keypair *out)
{
    nescio_status st;

    memset(out, 0, sizeof *out);
    NESCIO_TRY(nescio_secret_key_new(ctx, &client->params, &out->secret));
    st = nescio_evaluation_key_make(ctx, out->secret, &out->evaluation);
    if (st != NESCIO_OK)
        nescio_keypair_free(out);
    return st;
}

nescio_status nescio_keypair_read(nescio_ctx *ctx, const nescio_client_part *client,
                                  const char *secret_path, const char *evaluation_path,
                                  const char *passphrase, nescio_keypair *out)
{
    nescio_status st;

    memset(out, 0, sizeof *out);
    st = nescio_secret_key_read(ctx, secret_path, passphrase, &out->secret);
    if (st == NESCIO_OK)
        st = check_params(ctx, client, &out->secret->params, secret_path);
    if (st == NESCIO_OK)
        st = nescio_evaluation_key_read(ctx, evaluation_path, &out->evaluation);
    if (st == NESCIO_OK)
        st = check_params(ctx, client, &out->evaluation.params, evaluation_path);
    if (st == NESCIO_OK &&
        memcmp(out->secret->id, out->evaluation.id, sizeof out->evaluation.id) != 0)
        st = nescio_fail(ctx, NESCIO_E_MISMATCH, "%s and %s are not of one key pair", secret_path,
                         evaluation_path);
    if (st != NESCIO_OK)
        nescio_keypair_free(out);
    return st;
}

nescio_status nescio_keys_generate(nescio_ctx *ctx, const nescio_client_part *client,
                                   const char *secret_path, const char *evaluation_path,
                                   const char *passphrase)
{
    nescio_keypair pair;
    nescio_status st;

    NESCIO_TRY(nescio_keypair_make(ctx, client, &pair));
    st = nescio_secret_key_write(ctx, pair.secret, secret_path, passphrase);
    if (st == NESCIO_OK) {
        st = nescio_evaluation_key_write(ctx, &pair.evaluation, evaluation_path);
        if (st != NESCIO_OK)
            unlink(secret_path);
    }
    nescio_keypair_free(&pair);
    return st;
}

/* What the encryption of all packed GLWEs of all rows shares. */
typedef struct encrypt_job {
    const nescio_client_part *client;
    const nescio_plan_input *inputs; /* the client part's, as an array */
    nescio_packer *packer;           /* owned */
    const nescio_rows *rows;
    const uint8_t *seed;
    uint8_t *out;
    size_t row_bytes, n_packed;
    uint64_t *phases, *bodies; /* [poly_size], locked */
} encrypt_job;

static nescio_status encrypt_one(nescio_ctx *ctx, const encrypt_job *job, size_t row, size_t i)
{
    const uint32_t poly = job->client->params.poly_size;
    const nescio_packed_place at = nescio_packed_at(job->inputs, job->client->n_inputs, poly, i);
    const nescio_plan_input *in = &job->inputs[at.input];
    const int64_t *values = job->rows->values[at.input] + row * in->count + at.first;

    for (uint32_t j = 0; j < at.n; j++)
        job->phases[j] = (uint64_t)values[j] * in->delta;
    NESCIO_TRY(nescio_packer_encrypt(ctx, job->packer, job->seed, row * job->n_packed + i,
                                     job->phases, at.n, job->bodies));
    nescio_bodies_pack(job->out + row * job->row_bytes + at.at, job->bodies, at.n, at.log);
    return NESCIO_OK;
}

static nescio_status encrypt_rows(nescio_ctx *ctx, const nescio_secret_key *key, encrypt_job *job)
{
    const size_t bytes = job->client->params.poly_size * sizeof(uint64_t);
    nescio_status st;

    job->phases = nescio_secret_alloc(bytes);
    job->bodies = nescio_secret_alloc(bytes);
    st = job->phases && job->bodies ? nescio_packer_new(ctx, key, &job->packer)
                                    : nescio_fail_nomem(ctx, 2 * bytes);
    for (size_t row = 0; st == NESCIO_OK && row < job->rows->n_rows; row++) {
        for (size_t i = 0; st == NESCIO_OK && i < job->n_packed; i++)
            st = encrypt_one(ctx, job, row, i);
        if (st == NESCIO_OK)
            st = nescio_progress(ctx, "encrypt rows", row + 1, job->rows->n_rows);
    }
    nescio_packer_free(job->packer);
    nescio_secret_free(job->phases);
    nescio_secret_free(job->bodies);
    return st;
}

/* The plan entries of borders as one array, as the layout functions take them. NULL: no memory.
 * Caller frees. */
static nescio_plan_input *plan_inputs(const nescio_client_part *client)
{
    nescio_plan_input *inputs = calloc(client->n_inputs + 1u, sizeof *inputs);

    for (uint32_t i = 0; inputs && i < client->n_inputs; i++)
        inputs[i] = client->inputs[i].plan;
    return inputs;
}

static nescio_plan_output *plan_outputs(const nescio_client_part *client)
{
    nescio_plan_output *outputs = calloc(client->n_outputs + 1u, sizeof *outputs);

    for (uint32_t i = 0; outputs && i < client->n_outputs; i++)
        outputs[i] = client->outputs[i].plan;
    return outputs;
}

nescio_status nescio_rows_encrypt(nescio_ctx *ctx, const nescio_client_part *client,
                                  const nescio_secret_key *key, const nescio_rows *rows,
                                  nescio_ciphertext *out)
{
    encrypt_job job = {.client = client, .rows = rows, .seed = out->seed};
    nescio_plan_input *inputs;
    nescio_status st;

    memset(out, 0, sizeof *out);
    NESCIO_TRY(check_key(ctx, client, key));
    inputs = plan_inputs(client);
    if (!inputs)
        return nescio_fail_nomem(ctx, client->n_inputs * sizeof *inputs);
    job.inputs = inputs;
    job.n_packed = nescio_packed_count(inputs, client->n_inputs);
    job.row_bytes = nescio_packed_row_bytes(inputs, client->n_inputs, client->params.poly_size);
    st = nescio_ciphertext_rows(ctx, out, rows->n_rows, job.row_bytes);
    job.out = out->owned;
    if (st == NESCIO_OK)
        st = nescio_random_bytes(ctx, out->seed, sizeof out->seed);
    if (st == NESCIO_OK)
        st = encrypt_rows(ctx, key, &job);
    free(inputs);
    if (st != NESCIO_OK) {
        nescio_ciphertext_free(out);
        return st;
    }
    memcpy(out->params_id, client->params_id, sizeof out->params_id);
    memcpy(out->encoding_id, client->encoding_id, sizeof out->encoding_id);
    memcpy(out->key_id, key->id, sizeof out->key_id);
    return NESCIO_OK;
}

/* One row's answers into its integers. phases: [out_poly_size], locked. */
static nescio_status decrypt_row(nescio_ctx *ctx, const nescio_client_part *client,
                                 const nescio_plan_output *outputs, const nescio_secret_key *key,
                                 const uint8_t *row, size_t i_row, uint64_t *phases,
                                 nescio_rows *out)
{
    const size_t n = nescio_answer_count(outputs, client->n_outputs);

    for (size_t i = 0; i < n; i++) {
        const nescio_answer_place at =
            nescio_answer_at(outputs, client->n_outputs, &client->params, i);
        const nescio_plan_output *o = &outputs[at.output];
        NESCIO_TRY(nescio_decrypt_answer(ctx, key, row + at.at, at.bytes, at.n, at.log, phases));
        for (uint32_t j = 0; j < at.n; j++)
            out->values[at.output][i_row * o->count + at.first + j] =
                nescio_plan_decode(o, phases[j]);
    }
    return NESCIO_OK;
}

/* That the answers belong to the client part and the key. */
static nescio_status check_answers(nescio_ctx *ctx, const nescio_client_part *client,
                                   const nescio_plan_output *outputs, const nescio_secret_key *key,
                                   const char *key_name, const nescio_ciphertext *answers)
{
    const nescio_belonging must = {
        .params_id = client->params_id,
        .encoding_id = client->encoding_id,
        .key_id = key->id,
        .row_bytes = nescio_answer_row_bytes(outputs, client->n_outputs, &client->params),
        .params_of = client->name,
        .key_of = key_name};

    NESCIO_TRY(check_key(ctx, client, key));
    return nescio_ciphertext_check(ctx, answers, &must);
}

nescio_status nescio_answers_check(nescio_ctx *ctx, const nescio_client_part *client,
                                   const nescio_secret_key *key, const char *key_name,
                                   const nescio_ciphertext *answers)
{
    nescio_plan_output *outputs = plan_outputs(client);
    const nescio_status st = outputs ? check_answers(ctx, client, outputs, key, key_name, answers)
                                     : nescio_fail_nomem(ctx, client->n_outputs * sizeof *outputs);

    free(outputs);
    return st;
}

nescio_status nescio_rows_decrypt(nescio_ctx *ctx, const nescio_client_part *client,
                                  const nescio_secret_key *key, const nescio_ciphertext *answers,
                                  nescio_rows *out)
{
    nescio_plan_output *outputs = plan_outputs(client);
    uint64_t *phases = nescio_secret_alloc(client->params.out_poly_size * sizeof *phases);
    nescio_status st =
        outputs && phases ? NESCIO_OK : nescio_fail_nomem(ctx, client->n_outputs * sizeof *outputs);

    if (st == NESCIO_OK)
        st = check_answers(ctx, client, outputs, key, "the secret key", answers);
    for (size_t r = 0; st == NESCIO_OK && r < answers->n_rows; r++)
        st = decrypt_row(ctx, client, outputs, key, answers->rows + r * answers->row_bytes, r,
                         phases, out);
    nescio_secret_free(phases);
    free(outputs);
    return st;
}
