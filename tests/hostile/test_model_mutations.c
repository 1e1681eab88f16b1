/* SPDX-License-Identifier: Apache-2.0
 * Damaged model files: every truncation and many random mutants of small models of each exporter go
 * the whole way: read, infer, show as JSON, run, clean, show, run. Each stage works or fails with a
 * message; nothing takes over a second of this thread, holds over 16 x file size + 64 MB, or leaks.
 *
 * usage: test_model_mutations N SEED FOLDER|FILE ...
 * N mutants of each model; a failure prints the model, the mutant's number and a file with its
 * bytes. */
#include "count_memory.h"
#include "mutate.h"

#include "api/inspect_marks.h"
#include "base/base.h"
#include "base/clock.h"
#include "onnx/onnx.h"
#include "passes/passes.h"
#include "refexec/refexec.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define SECONDS_MOST 1.0
#define MODELS_MAX   64
#define ROWS         2
#define WORK         ((uint64_t)1 << 24) /* that a run may cause: nescio_ctx_set_work */
#define ELEMENTS_MAX                                                                               \
    ((int64_t)1 << 14) /* of an input that is made up; a model that wants more is not run */

typedef struct model {
    const char *path;
    char folder[512]; /* where its external data lies */
    nescio_file file;
} model;

static struct {
    model models[MODELS_MAX];
    size_t n_models;
    uint64_t seed;
    /* the case at hand, for messages and for the alarm */
    const model *now;
    const char *what;
    const char *stage;
    size_t number;
    const uint8_t *bytes;
    size_t n;
    /* how far the cases came */
    size_t n_read, n_run, n_cleaned, n_clean_run;
    double slowest;
    char slowest_case[512];
    size_t largest;
} test;

static void give_up(const char *why)
{
    FILE *const f = fopen("mutant.onnx", "wb");

    fprintf(stderr, "%s, %s %zu of seed %llu, %s: %s (the file: mutant.onnx)\n", test.now->path,
            test.what, test.number, (unsigned long long)test.seed, test.stage, why);
    if (f) {
        fwrite(test.bytes, 1, test.n, f);
        fclose(f);
    }
    _Exit(1);
}

/* A signal handler, but the process does not go on. */
static void on_alarm(int signal_number)
{
    (void)signal_number;
    give_up("hangs");
}

#if defined(__SANITIZE_ADDRESS__)
void __asan_on_error(void);
void __asan_on_error(void)
{
    give_up("is found by AddressSanitizer");
}
#endif

static void require(bool promise, const char *why)
{
    if (!promise)
        give_up(why);
}

/* A failure has a message of one line; only runs may blame what they were given. */
static bool went_well(const nescio_ctx *ctx, nescio_status st)
{
    if (st == NESCIO_OK)
        return true;
    require(st != NESCIO_E_ARG || strncmp(test.stage, "run", 3) == 0, nescio_ctx_message(ctx));
    require(*nescio_ctx_message(ctx) && !strchr(nescio_ctx_message(ctx), '\n'),
            "fails without a one-line message");
    return false;
}

/* --- running ------------------------------------------------------------------------------------
 */

/* Some tensor of the declared type, two where a size is open. False: it would be too big. */
static bool make_input(nescio_ctx *ctx, const nescio_value *value, nescio_tensor *t)
{
    int64_t dims[NESCIO_RANK_MAX] = {ROWS, 4}, n = 1;
    const int rank = value->shape.rank < 0 ? 2 : value->shape.rank;
    const nescio_dtype dtype = value->dtype == NESCIO_DTYPE_NONE ? NESCIO_F32 : value->dtype;

    for (int d = 0; d < rank; d++) {
        if (value->shape.rank >= 0)
            dims[d] = value->shape.dims[d] < 0 ? ROWS : value->shape.dims[d];
        if (__builtin_mul_overflow(n, dims[d], &n) || n > ELEMENTS_MAX)
            return false;
    }
    if (nescio_tensor_new(ctx, t, dtype, rank, dims) != NESCIO_OK)
        return false;
    for (int64_t i = 0; i < n; i++) {
        if (dtype == NESCIO_STRING)
            ((const char **)t->data)[i] = "red";
        else if (dtype == NESCIO_F32)
            ((float *)t->data)[i] = (float)(i % 7) - 2.5f;
        else if (dtype == NESCIO_F64)
            ((double *)t->data)[i] = (double)(i % 7) - 2.5;
        else if (nescio_dtype_bytes(dtype) == 8)
            ((int64_t *)t->data)[i] = i % 2;
        else if (nescio_dtype_bytes(dtype) == 1)
            ((uint8_t *)t->data)[i] = (uint8_t)(i % 2);
    }
    return true;
}

/* Outputs of the graph on such inputs, in a new array; NULL: it cannot be run. */
static nescio_tensor *run(nescio_ctx *ctx, const nescio_graph *g)
{
    nescio_tensor *const inputs = calloc(g->n_inputs + 1, sizeof *inputs);
    nescio_tensor *outputs = calloc(g->n_outputs + 1, sizeof *outputs);
    nescio_refexec *exec = NULL;
    bool fits = inputs && outputs;

    for (size_t i = 0; i < g->n_inputs && fits; i++)
        fits = make_input(ctx, g->inputs[i], &inputs[i]);
    nescio_ctx_set_work(ctx, WORK);
    fits =
        fits && went_well(ctx, nescio_refexec_new(ctx, g, &exec)) &&
        went_well(ctx, nescio_refexec_run(ctx, exec, inputs, g->n_inputs, outputs, g->n_outputs));
    nescio_refexec_free(exec);
    nescio_ctx_set_work(ctx, UINT64_MAX);
    for (size_t i = 0; inputs && i < g->n_inputs; i++)
        nescio_tensor_free(&inputs[i]);
    free(inputs);
    if (!fits) {
        free(outputs);
        return NULL;
    }
    return outputs;
}

static void free_outputs(nescio_tensor *t, size_t n)
{
    for (size_t i = 0; t && i < n; i++)
        nescio_tensor_free(&t[i]);
    free(t);
}

/* --- the way of a file --------------------------------------------------------------------------
 */

static void show(nescio_ctx *ctx, const nescio_graph *g, bool clean)
{
    nescio_node_mark *marks = NULL;
    nescio_picture *picture = NULL;
    nescio_buffer out = {0};
    json_error_t error;
    json_t *json;

    if (clean && !went_well(ctx, nescio_inspect_marks(ctx, g, &marks)))
        return;
    require(nescio_picture_of_graph(ctx, g, marks, &picture) == NESCIO_OK, "has no picture");
    require(nescio_picture_write(ctx, picture, "json", &out) == NESCIO_OK && !out.bad,
            "cannot be written as JSON");
    json = json_loadb((const char *)out.data, out.bytes, JSON_ALLOW_NUL, &error);
    require(json != NULL, error.text);
    json_decref(json);
    nescio_buffer_free(&out);
    nescio_picture_free(picture);
    free(marks);
}

static void go_on(nescio_ctx *ctx, nescio_graph *g)
{
    nescio_tensor *before = NULL, *after = NULL;

    test.n_read++;
    test.stage = "infer";
    if (!went_well(ctx, nescio_graph_infer(ctx, g)))
        return;
    test.stage = "show";
    show(ctx, g, false);
    test.stage = "run";
    before = run(ctx, g);
    test.n_run += before != NULL;
    test.stage = "clean";
    if (went_well(ctx, nescio_passes_clean(ctx, g, NULL, NULL))) {
        test.n_cleaned++;
        test.stage = "show clean";
        show(ctx, g, true);
        test.stage = "run clean";
        after = run(ctx, g);
        test.n_clean_run += after != NULL;
    }
    free_outputs(before, g->n_outputs);
    free_outputs(after, g->n_outputs);
}

/* One file, in a block of its exact size so that a sanitizer sees the first byte read past it. */
static void try_file(const model *m, const char *what, size_t number, const uint8_t *bytes,
                     size_t n)
{
    uint8_t *const exact = malloc(n + (n == 0));
    const double start = nescio_clock_seconds(CLOCK_THREAD_CPUTIME_ID);
    nescio_ctx *ctx = NULL;
    nescio_graph *g = NULL;
    double seconds;

    test.now = m;
    test.what = what;
    test.number = number;
    test.bytes = bytes;
    test.n = n;
    test.stage = "read";
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = 20}, NULL);
    if (!exact || nescio_ctx_new(&ctx) != NESCIO_OK)
        give_up("no memory");
    if (n > 0)
        memcpy(exact, bytes, n);
    count_memory_begin();
    if (went_well(ctx, nescio_onnx_parse(ctx, exact, n, m->folder, NULL, &g)))
        go_on(ctx, g);
    nescio_graph_free(g);
    seconds = nescio_clock_seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    if (seconds > test.slowest) {
        test.slowest = seconds;
        snprintf(test.slowest_case, sizeof test.slowest_case, "%s, %s %zu", m->path, what, number);
    }
    test.largest = count_memory_most() > test.largest ? count_memory_most() : test.largest;
    require(seconds <= SECONDS_MOST, "takes too long");
    require(count_memory_most() <= 16 * n + ((size_t)64 << 20), "holds too much memory");
    require(count_memory_left() == 0, "leaks");
    nescio_ctx_free(ctx);
    free(exact);
}

static int add_model(nescio_ctx *ctx, const char *path)
{
    model *const m = &test.models[test.n_models++];
    const char *slash = strrchr(path, '/');

    m->path = path;
    snprintf(m->folder, sizeof m->folder, "%.*s", slash ? (int)(slash - path) : 1,
             slash ? path : ".");
    if (nescio_file_open(ctx, &m->file, path) != NESCIO_OK ||
        m->file.bytes > MUTANT_BYTES_MAX / 4) {
        fprintf(stderr, "%s: %s\n", path, nescio_ctx_message(ctx));
        return 1;
    }
    return 0;
}

static void damage(const model *m, size_t count)
{
    mutant made = mutant_new();

    if (!made.bytes)
        exit(2);
    try_file(m, "all", m->file.bytes, m->file.data, m->file.bytes);
    for (size_t n = 0; n < m->file.bytes; n++)
        try_file(m, "first bytes", n, m->file.data, n);
    for (size_t k = 0; k < count; k++) {
        const uint64_t seed = test.seed * 1000003 + k;
        const model *const other = &test.models[(seed * 0x9e3779b97f4a7c15u >> 33) % test.n_models];

        mutant_make(&made, m->file.data, m->file.bytes, other->file.data, other->file.bytes, seed);
        try_file(m, "mutant", k, made.bytes, made.n);
    }
    mutant_free(&made);
}

int main(int argc, char **argv)
{
    nescio_ctx *ctx;
    size_t count;

    if (argc < 4 || argc - 3 > MODELS_MAX || nescio_ctx_new(&ctx) != NESCIO_OK)
        return 2;
    count = (size_t)strtoul(argv[1], NULL, 10);
    test.seed = strtoull(argv[2], NULL, 10);
    signal(SIGPROF, on_alarm);
    for (int i = 3; i < argc; i++)
        if (add_model(ctx, argv[i]))
            return 2;
    printf("%zu models, %zu mutants of each, seed %llu\n", test.n_models, count,
           (unsigned long long)test.seed);
    for (size_t i = 0; i < test.n_models; i++)
        damage(&test.models[i], count);
    printf("read %zu, run %zu, cleaned %zu, run clean %zu; largest %.1f MB; slowest %.3f s (%s)\n",
           test.n_read, test.n_run, test.n_cleaned, test.n_clean_run,
           (double)test.largest / 1048576, test.slowest, test.slowest_case);
    for (size_t i = 0; i < test.n_models; i++)
        nescio_file_close(&test.models[i].file);
    nescio_ctx_free(ctx);
    return 0;
}
