/* SPDX-License-Identifier: Apache-2.0
 * Commands on packages: estimate, predict, split. */
#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_estimate(const nescio_estimate *e)
{
    printf("scheme               %s, parameters %s\n", e->scheme, e->parameters);
    printf("bootstrappings       %llu a row\n", (unsigned long long)e->pbs);
    printf("seconds              %.3f a row on this machine\n", e->seconds);
    printf("evaluation key       %.1f MB\n", (double)e->evaluation_key_bytes / 1048576.0);
    printf("upload, download     %.1f KB, %.1f KB a row\n", (double)e->upload_bytes / 1024.0,
           (double)e->download_bytes / 1024.0);
    printf("server memory        %.0f MB\n", (double)e->memory_bytes / 1048576.0);
    printf("failure probability  2^%.1f a row\n", e->log2_p_fail);
    printf("out of range         %.2g of rows (calibrated)\n", e->range_rate);
    printf("security             %.1f bits%s\n", e->security_bits,
           e->approximate ? ", IND-CPA only: results must stay with the key's owner" : "");
}

static void print_estimate_json(const nescio_estimate *e)
{
    fputs("{\"scheme\": ", stdout);
    json_string(e->scheme);
    fputs(", \"parameters\": ", stdout);
    json_string(e->parameters);
    printf(", \"pbs\": %llu, \"seconds\": ", (unsigned long long)e->pbs);
    json_number(e->seconds);
    printf(", \"evaluation_key_bytes\": %llu, \"upload_bytes\": %llu, \"download_bytes\": %llu, "
           "\"memory_bytes\": %llu, "
           "\"log2_p_fail\": ",
           (unsigned long long)e->evaluation_key_bytes, (unsigned long long)e->upload_bytes,
           (unsigned long long)e->download_bytes, (unsigned long long)e->memory_bytes);
    json_number(e->log2_p_fail);
    fputs(", \"range_rate\": ", stdout);
    json_number(e->range_rate);
    fputs(", \"security_bits\": ", stdout);
    json_number(e->security_bits);
    printf(", \"approximate\": %s}\n", e->approximate ? "true" : "false");
}

static int run_estimate(call *c, int argc, char **argv, const command *self)
{
    const option_spec specs[] = {{NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    nescio_estimate e;
    int status = 0;

    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    if (nescio_package_estimate(c->ctx, c->positional[0], &e) != NESCIO_OK)
        return fail(c);
    if (c->common.json)
        print_estimate_json(&e);
    else
        print_estimate(&e);
    return 0;
}

const command cmd_estimate = {"estimate",
                              "model.nescio",
                              "Cost, keys, traffic, failure probability, security of a package",
                              1,
                              1,
                              run_estimate};

static int run_split(call *c, int argc, char **argv, const command *self)
{
    const char *client = NULL, *server = NULL;
    const option_spec specs[] = {
        {"--client", "client.nescio", OPTION_STRING, &client, "client part to write", false},
        {"--server", "server.nescio", OPTION_STRING, &server, "server part to write", false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    int status = 0;

    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    if (!client && !server)
        return usage_error(self, "needs --client or --server");
    return nescio_split(c->ctx, c->positional[0], client, server) == NESCIO_OK ? 0 : fail(c);
}

const command cmd_split = {
    "split", "model.nescio", "Write the client part and the server part of a package", 1,
    1,       run_split};

/* A prediction and what it says. */
typedef struct prediction {
    nescio_arrays *in, *outputs, *labels;
    nescio_predict_report report;
    double accuracy; /* NaN without labels */
} prediction;

static void prediction_free(prediction *p)
{
    nescio_arrays_free(p->in);
    nescio_arrays_free(p->outputs);
    nescio_arrays_free(p->labels);
}

static void print_prediction(const call *c, const prediction *p, const char *fhe)
{
    const nescio_predict_report *r = &p->report;

    if (c->common.json) {
        printf("{\"rows\": %zu, \"accuracy\": ", r->rows);
        json_number(p->accuracy);
        fputs(", \"agreement\": ", stdout);
        json_number(r->agreement);
        fputs(", \"seconds_per_row\": ", stdout);
        json_number(r->seconds_per_row);
        fputs(", \"cpu_seconds_per_row\": ", stdout);
        json_number(r->cpu_seconds_per_row);
        fputs(", \"flip_probability\": ", stdout);
        json_number(r->flip_probability);
        printf(", \"out_of_range\": %llu, \"clamped\": %llu}\n",
               (unsigned long long)r->out_of_range, (unsigned long long)r->clamped);
        return;
    }
    printf("%zu rows, --fhe %s: %.4g s a row (%.4g s of CPU)\n", r->rows, fhe, r->seconds_per_row,
           r->cpu_seconds_per_row);
    if (!isnan(p->accuracy))
        printf("accuracy   %.2f %%\n", 100 * p->accuracy);
    if (!isnan(r->agreement))
        printf("agreement  %.2f %% with --fhe disable\n", 100 * r->agreement);
    if (r->out_of_range || r->clamped)
        printf("ranges     %llu values left their window, %llu inputs were clamped\n",
               (unsigned long long)r->out_of_range, (unsigned long long)r->clamped);
}

static int predict_rows(call *c, nescio_predictor *predictor, const nescio_predict_options *o,
                        unsigned rows, const string_list *inputs, const char *labels, prediction *p)
{
    const string_list label_files = {.items = {labels}, .n = labels ? 1 : 0};

    if (nescio_arrays_new(c->ctx, &p->in) != NESCIO_OK ||
        nescio_arrays_new(c->ctx, &p->labels) != NESCIO_OK)
        return fail(c);
    if (add_files(c, p->in, inputs) || add_files(c, p->labels, &label_files))
        return EXIT_FAILED;
    if (rows && (nescio_arrays_rows(c->ctx, p->in, 0, rows) != NESCIO_OK ||
                 nescio_arrays_rows(c->ctx, p->labels, 0, rows) != NESCIO_OK))
        return fail(c);
    if (nescio_predict(c->ctx, predictor, p->in, o, &p->outputs, &p->report) != NESCIO_OK)
        return fail(c);
    if (labels && nescio_accuracy(c->ctx, p->outputs, p->labels, &p->accuracy) != NESCIO_OK)
        return fail(c);
    return 0;
}

static int parse_mode(const command *self, const char *text, nescio_mode *mode)
{
    static const char *const names[] = {"disable", "simulate", "execute"};

    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *mode = (nescio_mode)i;
            return 0;
        }
    return usage_error(self, "--fhe takes disable, simulate or execute, not '%s'", text);
}

static int run_predict(call *c, int argc, char **argv, const command *self)
{
    nescio_predict_options o = {.mode = NESCIO_MODE_EXECUTE};
    string_list inputs = {0};
    const char *fhe = NULL, *secret = NULL, *evaluation = NULL, *out = NULL, *labels = NULL,
               *passphrase_file = NULL;
    unsigned rows = 0, batch = 0, seed = 0;
    nescio_predictor *predictor = NULL;
    prediction p = {.accuracy = NAN};
    char passphrase[1024] = "";
    int status = 0;
    const option_spec specs[] = {
        {"--input", "[NAME=]X.npy", OPTION_LIST, &inputs, "rows to predict: .npy, .csv or .pb",
         true},
        {"--fhe", "disable|simulate|execute", OPTION_STRING, &fhe,
         "in the clear, with noise, or encrypted", true},
        {"--secret", "secret.key", OPTION_STRING, &secret,
         "keys for execute (default: fresh ones in memory)", false},
        {"--evaluation", "evaluation.key", OPTION_STRING, &evaluation, "with --secret", false},
        {"--passphrase-file", "FILE", OPTION_STRING, &passphrase_file,
         "first line is the secret key's passphrase", false},
        {"-o", "OUT", OPTION_STRING, &out, "file.npy or folder for the model's outputs", false},
        {"--labels", "Y.npy", OPTION_STRING, &labels, "true classes: prints the accuracy", false},
        {"--rows", "N", OPTION_UNSIGNED, &rows, "first N rows only (default: all)", false},
        {"--batch", "N", OPTION_UNSIGNED, &batch, "rows evaluated together (default 1)", false},
        {"--draws", "N", OPTION_UNSIGNED, &o.draws, "simulate: noise draws a row (default 1)",
         false},
        {"--seed", "N", OPTION_UNSIGNED, &seed, "simulate: seed of the noise (default: fresh)",
         false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};

    if (options_parse(c, self, specs, argc, argv, &status) ||
        (status = parse_mode(self, fhe, &o.mode)) != 0)
        return status;
    if (!secret != !evaluation)
        return usage_error(self, "--secret and --evaluation go together");
    o.batch_rows = batch;
    o.seed = seed;
    if (nescio_predictor_open(c->ctx, c->positional[0], &predictor) != NESCIO_OK)
        return fail(c);
    if (passphrase_file)
        status = passphrase_read(passphrase_file, passphrase, sizeof passphrase);
    if (!status && secret &&
        nescio_predictor_keys(c->ctx, predictor, secret, evaluation,
                              passphrase_file ? passphrase : NULL) != NESCIO_OK)
        status = fail(c);
    explicit_bzero(passphrase, sizeof passphrase);
    if (!status)
        status = predict_rows(c, predictor, &o, rows, &inputs, labels, &p);
    if (!status && out && nescio_arrays_write(c->ctx, p.outputs, out) != NESCIO_OK)
        status = fail(c);
    progress_clear();
    if (!status && (!c->common.quiet || c->common.json))
        print_prediction(c, &p, fhe);
    prediction_free(&p);
    nescio_predictor_free(predictor);
    return status;
}

const command cmd_predict = {
    "predict", "model.nescio", "Predict rows in the clear, with simulated noise, or encrypted", 1,
    1,         run_predict};
