/* SPDX-License-Identifier: Apache-2.0
 * Rows of a ciphertext file through the runtime, batch after batch. */
#include "server/evaluator.h"

#include "base/clock.h"
#include "runtime/runtime.h"

#include <stdlib.h>
#include <string.h>

struct nescio_evaluator {
    const nescio_server_part *server; /* borrowed */
    const char *key_name;             /* borrowed */
    nescio_engine *engine;
    nescio_runtime *runtime;
    uint8_t key_id[NESCIO_KEY_ID_BYTES];
    size_t max_rows, n_packed, row_bytes, answer_bytes;
    nescio_packed_input *inputs; /* [max_rows][n_packed] */
    uint64_t *bodies;            /* [max_rows][n_packed][poly_size] */
};

void nescio_evaluator_free(nescio_evaluator *e)
{
    if (!e)
        return;
    nescio_runtime_free(e->runtime);
    nescio_engine_free(e->engine);
    free(e->inputs);
    free(e->bodies);
    free(e);
}

void nescio_evaluator_name_key(nescio_evaluator *e, const char *name)
{
    e->key_name = name;
}

size_t nescio_evaluator_bytes(const nescio_evaluator *e)
{
    return nescio_engine_bytes(e->engine) + nescio_runtime_bytes(e->server->plan, e->max_rows);
}

static nescio_status prepare(nescio_ctx *ctx, nescio_evaluator *e, const nescio_evaluation_key *key)
{
    const nescio_plan *plan = e->server->plan;
    size_t n = 0, words = 0;

    if (!nescio_tfhe_params_equal(&plan->params, &key->params))
        return nescio_fail(ctx, NESCIO_E_MISMATCH,
                           "the evaluation key was made with other parameters than %s has (%s)",
                           e->server->name, plan->set_name);
    memcpy(e->key_id, key->id, sizeof e->key_id);
    e->n_packed = nescio_packed_count(plan->inputs, plan->n_inputs);
    e->row_bytes = nescio_packed_row_bytes(plan->inputs, plan->n_inputs, plan->params.poly_size);
    e->answer_bytes = nescio_answer_row_bytes(plan->outputs, plan->n_outputs, &plan->params);
    if (!nescio_size_mul(&n, e->max_rows, e->n_packed) ||
        !nescio_size_mul(&words, n, plan->params.poly_size))
        return nescio_fail_nomem(ctx, SIZE_MAX);
    e->inputs = calloc(n + 1, sizeof *e->inputs);
    e->bodies = calloc(words + 1, sizeof *e->bodies);
    if (!e->inputs || !e->bodies)
        return nescio_fail_nomem(ctx, words * sizeof *e->bodies);
    NESCIO_TRY(nescio_engine_new(ctx, key, &e->engine));
    return nescio_runtime_new(ctx, plan, e->engine, e->max_rows, &e->runtime);
}

nescio_status nescio_evaluator_new(nescio_ctx *ctx, const nescio_server_part *server,
                                   const nescio_evaluation_key *key, size_t max_rows,
                                   nescio_evaluator **out)
{
    nescio_evaluator *e = calloc(1, sizeof *e);
    nescio_status st;

    *out = NULL;
    if (!e)
        return nescio_fail_nomem(ctx, sizeof *e);
    e->server = server;
    e->key_name = "the evaluation key";
    e->max_rows = max_rows ? max_rows : 1;
    st = prepare(ctx, e, key);
    if (st != NESCIO_OK) {
        nescio_evaluator_free(e);
        return st;
    }
    *out = e;
    return NESCIO_OK;
}

/* Bodies of row `row` of the file, as row `slot` of the batch. */
static void unpack_row(nescio_evaluator *e, const nescio_ciphertext *in, size_t row, size_t slot)
{
    const nescio_plan *plan = e->server->plan;
    const uint32_t poly = plan->params.poly_size;

    for (size_t i = 0; i < e->n_packed; i++) {
        const nescio_packed_place at = nescio_packed_at(plan->inputs, plan->n_inputs, poly, i);
        nescio_packed_input *p = &e->inputs[slot * e->n_packed + i];
        uint64_t *body = e->bodies + (slot * e->n_packed + i) * poly;
        nescio_bodies_unpack(body, in->rows + row * in->row_bytes + at.at, at.n, at.log);
        memcpy(p->seed, in->seed, sizeof p->seed);
        p->index = row * e->n_packed + i;
        p->body = body;
        p->n = at.n;
    }
}

static nescio_status run_batches(nescio_ctx *ctx, nescio_evaluator *e, const nescio_ciphertext *in,
                                 nescio_batch_fn done, void *user, uint8_t *answers)
{
    for (size_t first = 0; first < in->n_rows; first += e->max_rows) {
        const size_t left = (size_t)in->n_rows - first, n = left < e->max_rows ? left : e->max_rows;
        const double elapsed = nescio_clock_seconds(CLOCK_MONOTONIC),
                     cpu = nescio_clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t i = 0; i < n; i++)
            unpack_row(e, in, first + i, i);
        NESCIO_TRY(
            nescio_runtime_run(ctx, e->runtime, e->inputs, n, answers + first * e->answer_bytes));
        if (done)
            done(first, n, nescio_clock_seconds(CLOCK_MONOTONIC) - elapsed,
                 nescio_clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, user);
        NESCIO_TRY(nescio_progress(ctx, "evaluate rows", first + n, in->n_rows));
    }
    return NESCIO_OK;
}

nescio_status nescio_evaluator_run(nescio_ctx *ctx, nescio_evaluator *e,
                                   const nescio_ciphertext *in, nescio_batch_fn done, void *user,
                                   nescio_ciphertext *out)
{
    const nescio_belonging must = {.params_id = e->server->params_id,
                                   .encoding_id = e->server->encoding_id,
                                   .key_id = e->key_id,
                                   .row_bytes = e->row_bytes,
                                   .params_of = e->server->name,
                                   .key_of = e->key_name};
    nescio_status st;

    memset(out, 0, sizeof *out);
    NESCIO_TRY(nescio_ciphertext_check(ctx, in, &must));
    st = nescio_ciphertext_rows(ctx, out, (size_t)in->n_rows, e->answer_bytes);
    if (st == NESCIO_OK)
        st = run_batches(ctx, e, in, done, user, out->owned);
    if (st != NESCIO_OK) {
        nescio_ciphertext_free(out);
        return st;
    }
    memcpy(out->params_id, in->params_id, sizeof out->params_id);
    memcpy(out->encoding_id, in->encoding_id, sizeof out->encoding_id);
    memcpy(out->key_id, in->key_id, sizeof out->key_id);
    return NESCIO_OK;
}
