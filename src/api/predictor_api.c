/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/package.h, prediction: opens a package, keeps keys, runs rows through a mode and
 * reports. */
#include "api_client/arrays.h"
#include "api_client/open_package.h"
#include "base/clock.h"
#include "nescio/package.h"
#include "predict/predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct nescio_predictor {
    nescio_package *package;
    nescio_codec *codec;
    nescio_keypair keys; /* secret NULL: none yet */
    nescio_evaluator *evaluator;
    size_t evaluator_rows; /* rows that its batches may have */
};

void nescio_predictor_free(nescio_predictor *predictor)
{
    if (!predictor)
        return;
    nescio_evaluator_free(predictor->evaluator);
    nescio_keypair_free(&predictor->keys);
    nescio_codec_free(predictor->codec);
    nescio_package_free(predictor->package);
    free(predictor);
}

nescio_status nescio_predictor_open(nescio_ctx *ctx, const char *package_path,
                                    nescio_predictor **out)
{
    nescio_predictor *p = calloc(1, sizeof *p);
    nescio_status st;

    *out = NULL;
    if (!p)
        return nescio_fail_nomem(ctx, sizeof *p);
    st = nescio_package_open_secure(ctx, package_path, true, true, &p->package);
    if (st == NESCIO_OK)
        st = nescio_codec_new(ctx, p->package->client, &p->codec);
    if (st != NESCIO_OK) {
        nescio_predictor_free(p);
        return st;
    }
    *out = p;
    return NESCIO_OK;
}

nescio_status nescio_predictor_keys(nescio_ctx *ctx, nescio_predictor *p, const char *secret_path,
                                    const char *evaluation_path, const char *passphrase)
{
    nescio_keypair keys;

    NESCIO_TRY(nescio_keypair_read(ctx, p->package->client, secret_path, evaluation_path,
                                   passphrase, &keys));
    nescio_evaluator_free(p->evaluator);
    p->evaluator = NULL;
    nescio_keypair_free(&p->keys);
    p->keys = keys;
    return NESCIO_OK;
}

/* Keys and an evaluator for batches of that many rows. */
static nescio_status prepare(nescio_ctx *ctx, nescio_predictor *p, size_t batch_rows)
{
    if (!p->keys.secret)
        NESCIO_TRY(nescio_keypair_make(ctx, p->package->client, &p->keys));
    if (p->evaluator && p->evaluator_rows == batch_rows)
        return NESCIO_OK;
    nescio_evaluator_free(p->evaluator);
    p->evaluator = NULL;
    p->evaluator_rows = batch_rows;
    return nescio_evaluator_new(ctx, p->package->server, &p->keys.evaluation, batch_rows,
                                &p->evaluator);
}

/* One call of nescio_predict. */
typedef struct run {
    nescio_predictor *p;
    const nescio_predict_options *options;
    nescio_rows in, clear, out; /* clear: DISABLE's */
    int64_t *classes, *clear_classes;
    bool has_classes;
    nescio_predict_report report;
    double cpu;
} run;

static void batch_done(size_t first, size_t rows, double seconds, double cpu_seconds, void *user)
{
    run *r = user;
    const double each = seconds / (double)rows;

    if (first == 0 || each < r->report.seconds_per_row)
        r->report.seconds_per_row = each;
    r->cpu += cpu_seconds;
}

static void count_agreement(const run *r, uint64_t *same)
{
    for (size_t i = 0; i < r->in.n_rows; i++)
        *same += r->classes[i] == r->clear_classes[i];
}

/* All draws; the first one's integers stay in r->out. */
static nescio_status simulate(nescio_ctx *ctx, run *r)
{
    const unsigned draws = r->options->draws ? r->options->draws : 1;
    uint8_t seed[NESCIO_SEED_BYTES] = {0};
    nescio_rows other = {0};
    uint64_t same = 0;
    nescio_status st = NESCIO_OK;

    if (r->options->seed)
        memcpy(seed, &r->options->seed, sizeof r->options->seed);
    else
        NESCIO_TRY(nescio_random_bytes(ctx, seed, sizeof seed));
    NESCIO_TRY(nescio_codec_rows_out(ctx, r->p->codec, r->in.n_rows, &other));
    for (unsigned d = 0; st == NESCIO_OK && d < draws; d++) {
        nescio_rows *to = d == 0 ? &r->out : &other;
        st = nescio_rows_simulate(ctx, r->p->package, seed, d, &r->in, to);
        if (st == NESCIO_OK && r->has_classes)
            st = nescio_rows_classes(ctx, r->p->codec, to, r->classes);
        if (st == NESCIO_OK && r->has_classes)
            count_agreement(r, &same);
    }
    nescio_codec_rows_out_free(r->p->codec, &other);
    if (r->has_classes && r->in.n_rows) {
        r->report.agreement = (double)same / ((double)draws * (double)r->in.n_rows);
        r->report.flip_probability = 1 - r->report.agreement;
    }
    return st;
}

static nescio_status execute(nescio_ctx *ctx, run *r)
{
    uint64_t same = 0;

    NESCIO_TRY(prepare(ctx, r->p, r->options->batch_rows ? r->options->batch_rows : 1));
    NESCIO_TRY(nescio_rows_execute(ctx, r->p->package, &r->p->keys, r->p->evaluator, &r->in,
                                   &r->out, batch_done, r));
    if (r->in.n_rows)
        r->report.cpu_seconds_per_row = r->cpu / (double)r->in.n_rows;
    if (r->has_classes && r->in.n_rows) {
        NESCIO_TRY(nescio_rows_classes(ctx, r->p->codec, &r->out, r->classes));
        count_agreement(r, &same);
        r->report.agreement = (double)same / (double)r->in.n_rows;
    }
    return NESCIO_OK;
}

/* The exact evaluation, which every mode needs for its agreement. */
static nescio_status run_clear(nescio_ctx *ctx, run *r)
{
    const nescio_codec *codec = r->p->codec;
    nescio_status st;

    NESCIO_TRY(nescio_codec_rows_out(ctx, codec, r->in.n_rows, &r->clear));
    NESCIO_TRY(nescio_rows_disable(ctx, r->p->package, &r->in, &r->clear, &r->report.out_of_range));
    r->classes = calloc(r->in.n_rows + 1, sizeof *r->classes);
    r->clear_classes = calloc(r->in.n_rows + 1, sizeof *r->clear_classes);
    if (!r->classes || !r->clear_classes)
        return nescio_fail_nomem(ctx, r->in.n_rows * sizeof *r->classes);
    st = nescio_rows_classes(ctx, codec, &r->clear, r->clear_classes);
    if (st != NESCIO_OK && st != NESCIO_E_MISMATCH)
        return st;
    r->has_classes = st == NESCIO_OK;
    return NESCIO_OK;
}

static void copy_clear(run *r)
{
    if (r->has_classes)
        r->report.agreement = 1;
    for (uint32_t i = 0; i < r->out.n_tensors; i++)
        memcpy(r->out.values[i], r->clear.values[i],
               r->in.n_rows * r->p->package->client->outputs[i].plan.count * sizeof(int64_t));
}

static nescio_status run_mode(nescio_ctx *ctx, run *r)
{
    const double elapsed = nescio_clock_seconds(CLOCK_MONOTONIC),
                 cpu = nescio_clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    const double n = r->in.n_rows ? (double)r->in.n_rows : 1;

    NESCIO_TRY(run_clear(ctx, r));
    NESCIO_TRY(nescio_codec_rows_out(ctx, r->p->codec, r->in.n_rows, &r->out));
    if (r->options->mode == NESCIO_MODE_EXECUTE)
        return execute(ctx, r); /* times its batches itself */
    if (r->options->mode == NESCIO_MODE_SIMULATE)
        NESCIO_TRY(simulate(ctx, r));
    else
        copy_clear(r);
    r->report.seconds_per_row = (nescio_clock_seconds(CLOCK_MONOTONIC) - elapsed) / n;
    r->report.cpu_seconds_per_row = (nescio_clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / n;
    return NESCIO_OK;
}

static void run_free(run *r)
{
    nescio_codec_rows_in_free(r->p->codec, &r->in);
    nescio_codec_rows_out_free(r->p->codec, &r->out);
    nescio_codec_rows_out_free(r->p->codec, &r->clear);
    free(r->classes);
    free(r->clear_classes);
}

nescio_status nescio_predict(nescio_ctx *ctx, nescio_predictor *predictor,
                             const nescio_arrays *inputs, const nescio_predict_options *options,
                             nescio_arrays **outputs, nescio_predict_report *report)
{
    run r = {
        .p = predictor, .options = options, .report = {.agreement = NAN, .flip_probability = NAN}};
    nescio_tensor *tensors = NULL;
    nescio_status st;

    *outputs = NULL;
    if ((unsigned)options->mode > NESCIO_MODE_EXECUTE)
        return nescio_fail(ctx, NESCIO_E_ARG, "mode %d: disable (0), simulate (1), execute (2)",
                           (int)options->mode);
    st = nescio_arrays_for_codec(ctx, predictor->codec, inputs, &tensors);
    if (st == NESCIO_OK)
        st = nescio_codec_encode(ctx, predictor->codec, tensors,
                                 nescio_codec_n_inputs(predictor->codec), &r.in);
    if (st == NESCIO_OK)
        st = run_mode(ctx, &r);
    if (st == NESCIO_OK)
        st = nescio_arrays_from_codec(ctx, predictor->codec, &r.out, outputs);
    r.report.rows = r.in.n_rows;
    for (uint32_t i = 0; i < r.in.n_tensors; i++)
        r.report.clamped += r.in.clamped[i];
    if (st == NESCIO_OK && report)
        *report = r.report;
    run_free(&r);
    free(tensors);
    return st;
}
