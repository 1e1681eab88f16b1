/* SPDX-License-Identifier: Apache-2.0
 * Commands of the two sides: keygen, encrypt, decrypt for the client; evaluate for the server. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Opens the client part, and the key when `secret` is given. Non-zero: failed, message printed. */
static int open_client(call *c, const char *secret, const char *passphrase_file,
                       nescio_client **client)
{
    char passphrase[1024] = "";
    nescio_status st;

    if (nescio_client_open(c->ctx, c->positional[0], client) != NESCIO_OK)
        return fail(c);
    if (!secret)
        return 0;
    if (passphrase_file && passphrase_read(passphrase_file, passphrase, sizeof passphrase))
        return EXIT_FAILED;
    st = nescio_client_load_key(c->ctx, *client, secret, passphrase_file ? passphrase : NULL);
    explicit_bzero(passphrase, sizeof passphrase);
    return st == NESCIO_OK ? 0 : fail(c);
}

static int run_keygen(call *c, int argc, char **argv, const command *self)
{
    const char *secret = NULL, *evaluation = NULL, *passphrase_file = NULL;
    const option_spec specs[] = {
        {"--secret", "secret.key", OPTION_STRING, &secret, "secret key to write (mode 0600)", true},
        {"--evaluation", "evaluation.key", OPTION_STRING, &evaluation,
         "evaluation key to write, for the server", true},
        {"--passphrase-file", "FILE", OPTION_STRING, &passphrase_file,
         "protect the secret key with the file's first line", false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    nescio_client *client = NULL;
    char passphrase[1024] = "";
    int status = 0;

    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    if (passphrase_file && passphrase_read(passphrase_file, passphrase, sizeof passphrase))
        return EXIT_FAILED;
    status = open_client(c, NULL, NULL, &client);
    if (!status && nescio_client_keygen(c->ctx, client, secret, evaluation,
                                        passphrase_file ? passphrase : NULL) != NESCIO_OK)
        status = fail(c);
    explicit_bzero(passphrase, sizeof passphrase);
    nescio_client_free(client);
    return status;
}

const command cmd_keygen = {"keygen", "client.nescio", "Make a secret key and an evaluation key", 1,
                            1,        run_keygen};

static int run_encrypt(call *c, int argc, char **argv, const command *self)
{
    string_list inputs = {0};
    const char *secret = NULL, *out = NULL, *passphrase_file = NULL;
    unsigned rows = 0;
    const option_spec specs[] = {
        {"--secret", "secret.key", OPTION_STRING, &secret, "secret key", true},
        {"--input", "[NAME=]X.npy", OPTION_LIST, &inputs, "rows: .npy, .csv or .pb", true},
        {"--rows", "N", OPTION_UNSIGNED, &rows, "first N rows only (default: all)", false},
        {"-o", "x.ct", OPTION_STRING, &out, "ciphertexts to write", true},
        {"--passphrase-file", "FILE", OPTION_STRING, &passphrase_file,
         "first line is the secret key's passphrase", false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    nescio_client *client = NULL;
    nescio_arrays *in = NULL;
    int status = 0;

    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    status = open_client(c, secret, passphrase_file, &client);
    if (!status && nescio_arrays_new(c->ctx, &in) != NESCIO_OK)
        status = fail(c);
    if (!status)
        status = add_files(c, in, &inputs);
    if (!status && rows && nescio_arrays_rows(c->ctx, in, 0, rows) != NESCIO_OK)
        status = fail(c);
    if (!status && nescio_client_encrypt(c->ctx, client, in, out) != NESCIO_OK)
        status = fail(c);
    nescio_arrays_free(in);
    nescio_client_free(client);
    return status;
}

const command cmd_encrypt = {"encrypt", "client.nescio", "Encrypt rows for the server", 1,
                             1,         run_encrypt};

static int run_decrypt(call *c, int argc, char **argv, const command *self)
{
    const char *secret = NULL, *input = NULL, *out = NULL, *passphrase_file = NULL;
    const option_spec specs[] = {
        {"--secret", "secret.key", OPTION_STRING, &secret, "secret key", true},
        {"--input", "y.ct", OPTION_STRING, &input, "answers from the server", true},
        {"-o", "OUT", OPTION_STRING, &out, "file.npy or folder for the model's outputs", true},
        {"--passphrase-file", "FILE", OPTION_STRING, &passphrase_file,
         "first line is the secret key's passphrase", false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    nescio_client *client = NULL;
    nescio_arrays *outputs = NULL;
    int status = 0;

    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    status = open_client(c, secret, passphrase_file, &client);
    if (!status && (nescio_client_decrypt(c->ctx, client, input, &outputs) != NESCIO_OK ||
                    nescio_arrays_write(c->ctx, outputs, out) != NESCIO_OK))
        status = fail(c);
    nescio_arrays_free(outputs);
    nescio_client_free(client);
    return status;
}

const command cmd_decrypt = {
    "decrypt", "client.nescio", "Decrypt answers into the model's outputs", 1, 1, run_decrypt};

/* Seconds of the batches so far. */
typedef struct timings {
    double *batch;     /* [n_batches] a row; NULL unless wanted or when memory ran out */
    double least, cpu; /* a row: least of the batches; CPU summed */
    size_t rows, n_batches, capacity;
    bool json;
} timings;

static void keep_batch(timings *t, double each)
{
    if (t->n_batches == t->capacity) {
        const size_t capacity = 2 * t->capacity + 16;
        double *more = realloc(t->batch, capacity * sizeof *more);
        if (!more)
            return;
        t->batch = more;
        t->capacity = capacity;
    }
    t->batch[t->n_batches++] = each;
}

static void batch_done(size_t first, size_t rows, double seconds, double cpu_seconds, void *user)
{
    timings *t = user;
    const double each = seconds / (double)rows;

    if (first == 0 || each < t->least)
        t->least = each;
    t->cpu += cpu_seconds;
    t->rows += rows;
    if (t->json)
        keep_batch(t, each);
}

static void print_timings(const call *c, const timings *t, const char *out)
{
    const double cpu = t->rows ? t->cpu / (double)t->rows : 0.0;

    if (c->common.json) {
        fputs("{\"seconds\": [", stdout);
        for (size_t i = 0; i < t->n_batches; i++)
            printf("%s%.6f", i ? ", " : "", t->batch[i]);
        printf("], \"rows\": %zu, \"seconds_per_row\": %.6f, \"cpu_seconds_per_row\": %.6f}\n",
               t->rows, t->least, cpu);
    } else if (!c->common.quiet) {
        printf("%s: %zu rows, %.3f s a row (%.3f s of CPU)\n", out, t->rows, t->least, cpu);
    }
}

static int run_evaluate(call *c, int argc, char **argv, const command *self)
{
    const char *evaluation = NULL, *input = NULL, *out = NULL;
    unsigned batch = 0;
    const option_spec specs[] = {
        {"--evaluation", "evaluation.key", OPTION_STRING, &evaluation,
         "the client's evaluation key", true},
        {"--input", "x.ct", OPTION_STRING, &input, "encrypted rows", true},
        {"-o", "y.ct", OPTION_STRING, &out, "answers to write", true},
        {"--batch", "N", OPTION_UNSIGNED, &batch, "rows evaluated together (default 1)", false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    nescio_server *server = NULL;
    timings t = {0};
    nescio_evaluate_options options = {.batch_done = batch_done, .user = &t};
    int status = 0;

    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    options.batch_rows = batch;
    t.json = c->common.json;
    if (nescio_server_open(c->ctx, c->positional[0], evaluation, &server) != NESCIO_OK ||
        nescio_server_evaluate(c->ctx, server, input, out, &options) != NESCIO_OK)
        status = fail(c);
    progress_clear();
    if (!status)
        print_timings(c, &t, out);
    free(t.batch);
    nescio_server_free(server);
    return status;
}

const command cmd_evaluate = {
    "evaluate", "server.nescio", "Evaluate encrypted rows, without any secret", 1, 1, run_evaluate};
