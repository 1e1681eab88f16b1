/* SPDX-License-Identifier: Apache-2.0
 * Runs ONNX's node tests: check_conformance FOLDER REFUSALS...
 *
 * FOLDER holds one folder a case: model.onnx and test_data_set_0/{input,output}_K.pb. Each case
 * runs in a process of its own with a time limit, so that a crash or hang is one failure. A case
 * passes when all outputs have the expected dtype and shape, floats within 1e-3 relative + 1e-7
 * absolute, everything else equal. It is refused when the library says NESCIO_E_UNSUPPORTED; then,
 * and only then, it has to be on the list REFUSALS (lines of "pattern  reason", patterns as in a
 * shell). What is on the list but passes is a failure too. Exit code 77 when FOLDER does not exist;
 * "-" stands for the cache that tools/fetch_onnx_tests.py fills. */
#include "onnx/onnx.h"
#include "refexec/refexec.h"

#include <dirent.h>
#include <fnmatch.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TENSORS_MAX   32
#define SECONDS_MAX   20
#define PATTERNS_MAX  512
#define MESSAGE_BYTES 700

typedef enum verdict { PASSED, REFUSED, FAILED } verdict;

typedef struct outcome {
    verdict verdict;
    char message[MESSAGE_BYTES];
} outcome;

/* --- one case
 * --------------------------------------------------------------------------------------------------
 */

static void conclude(outcome *o, nescio_status st, const char *what, const nescio_ctx *ctx)
{
    o->verdict = st == NESCIO_E_UNSUPPORTED || st == NESCIO_E_MISMATCH ? REFUSED : FAILED;
    snprintf(o->message, sizeof o->message, "%s: %s: %s", what, nescio_status_name(st),
             nescio_ctx_message(ctx));
}

static bool exists(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0;
}

/* Reads KIND_0.pb, KIND_1.pb ... of the case. */
static nescio_status read_tensors(nescio_ctx *ctx, const char *folder, const char *kind,
                                  nescio_tensor *tensors, size_t *n)
{
    char path[3072];

    for (*n = 0; *n < TENSORS_MAX; (*n)++) {
        nescio_status st;

        snprintf(path, sizeof path, "%s/test_data_set_0/%s_%zu.pb", folder, kind, *n);
        if (!exists(path))
            break;
        st = nescio_onnx_tensor_read(ctx, &tensors[*n], path);
        if (st != NESCIO_OK)
            return st;
    }
    return NESCIO_OK;
}

/* data_type (field 2) of a serialized TensorProto; 0 when it cannot be found. */
static uint64_t stored_type(const char *path)
{
    uint8_t bytes[256];
    FILE *const f = fopen(path, "rb");
    const size_t n = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    size_t at = 0;

    if (f)
        fclose(f);
    while (at + 1 < n &&
           bytes[at] != (2 << 3)) { /* before it, only dims: varints or one packed run */
        const bool packed = (bytes[at] & 7) == 2;

        at++;
        if (packed)
            at += bytes[at] + 1u;
        else
            while (at < n && bytes[at++] & 0x80)
                ;
    }
    return at + 1 < n ? bytes[at + 1] : 0;
}

static bool same_element(const nescio_tensor *a, const nescio_tensor *b, size_t i, double tolerance)
{
    double x, y;

    if (a->dtype == NESCIO_STRING)
        return strcmp(((const char *const *)a->data)[i], ((const char *const *)b->data)[i]) == 0;
    if (!nescio_dtype_is_float(a->dtype)) {
        const size_t size = nescio_dtype_bytes(a->dtype);

        return memcmp((const char *)a->data + i * size, (const char *)b->data + i * size, size) ==
               0;
    }
    x = nescio_tensor_get_f64(a, i);
    y = nescio_tensor_get_f64(b, i);
    return x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= 1e-7 + tolerance * fabs(y);
}

static void describe_element(const nescio_tensor *t, size_t i, char *out, size_t n)
{
    if (t->dtype == NESCIO_STRING)
        snprintf(out, n, "'%s'", ((const char *const *)t->data)[i]);
    else
        snprintf(out, n, "%.9g", nescio_tensor_get_f64(t, i));
}

/* False, with a message, when the result is not as expected. */
static bool same_tensor(const nescio_tensor *got, const nescio_tensor *want, size_t i_output,
                        double tolerance, outcome *o)
{
    char a[96], b[96];
    const size_t n = nescio_tensor_count(want);
    bool same = got->dtype == want->dtype && got->rank == want->rank;

    for (int i = 0; same && i < want->rank; i++)
        same = got->dims[i] == want->dims[i];
    if (!same) {
        snprintf(o->message, sizeof o->message, "output %zu is %s instead of %s", i_output,
                 nescio_tensor_describe(got, a, sizeof a),
                 nescio_tensor_describe(want, b, sizeof b));
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!same_element(got, want, i, tolerance)) {
            describe_element(got, i, a, sizeof a);
            describe_element(want, i, b, sizeof b);
            snprintf(o->message, sizeof o->message,
                     "output %zu, element %zu of %zu: %s instead of %s", i_output, i, n, a, b);
            return false;
        }
    return true;
}

static void compare_outputs(const char *folder, const nescio_tensor *got, size_t n_got,
                            const nescio_tensor *want, size_t n_want, outcome *o)
{
    char path[3072];

    o->verdict = FAILED;
    if (n_got != n_want) {
        snprintf(o->message, sizeof o->message, "%zu outputs instead of %zu", n_got, n_want);
        return;
    }
    for (size_t i = 0; i < n_want; i++) {
        snprintf(path, sizeof path, "%s/test_data_set_0/output_%zu.pb", folder, i);
        if (!same_tensor(&got[i], &want[i], i, stored_type(path) == NESCIO_BF16 ? 0x1p-8 : 1e-3, o))
            return;
    }
    o->verdict = PASSED;
}

/* Whether stored tensors have the types that the model states. The executor would convert; test
 * data must not need it. */
static bool same_types(nescio_value *const *stated, size_t n_stated, const nescio_tensor *stored,
                       size_t n, outcome *o)
{
    for (size_t i = 0; i < n && i < n_stated; i++)
        if (stored[i].dtype != stated[i]->dtype) {
            o->verdict = REFUSED;
            snprintf(o->message, sizeof o->message,
                     "data: '%s' is stored as %s, the model states %s", stated[i]->name,
                     nescio_dtype_name(stored[i].dtype), nescio_dtype_name(stated[i]->dtype));
            return false;
        }
    return true;
}

static void run_graph(nescio_ctx *ctx, const nescio_graph *graph, const char *folder, outcome *o)
{
    nescio_tensor inputs[TENSORS_MAX] = {0}, want[TENSORS_MAX] = {0}, got[TENSORS_MAX] = {0};
    size_t n_inputs, n_want = 0;
    nescio_refexec *exec = NULL;
    nescio_status st = nescio_refexec_new(ctx, graph, &exec);

    if (st != NESCIO_OK)
        conclude(o, st, "prepare", ctx);
    else if ((st = read_tensors(ctx, folder, "input", inputs, &n_inputs)) != NESCIO_OK ||
             (st = read_tensors(ctx, folder, "output", want, &n_want)) != NESCIO_OK)
        conclude(o, st, "data", ctx);
    else if (!same_types(graph->inputs, graph->n_inputs, inputs, n_inputs, o) ||
             !same_types(graph->outputs, graph->n_outputs, want, n_want, o))
        ;
    else if (graph->n_outputs > TENSORS_MAX)
        snprintf(o->message, sizeof o->message, "%zu outputs", graph->n_outputs);
    else if ((st = nescio_refexec_run(ctx, exec, inputs, n_inputs, got, graph->n_outputs)) !=
             NESCIO_OK)
        conclude(o, st, "run", ctx);
    else
        compare_outputs(folder, got, graph->n_outputs, want, n_want, o);
    for (size_t i = 0; i < TENSORS_MAX; i++) {
        nescio_tensor_free(&inputs[i]);
        nescio_tensor_free(&want[i]);
        nescio_tensor_free(&got[i]);
    }
    nescio_refexec_free(exec);
}

static void run_case(const char *folder, outcome *o)
{
    char path[3072];
    nescio_ctx *ctx = NULL;
    nescio_graph *graph = NULL;
    nescio_status st;

    *o = (outcome){FAILED, "no context"};
    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return;
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    st = nescio_onnx_read(ctx, path, NULL, &graph);
    if (st != NESCIO_OK)
        conclude(o, st, "read", ctx);
    else
        run_graph(ctx, graph, folder, o);
    nescio_graph_free(graph);
    nescio_ctx_free(ctx);
}

/* Runs the case in a child; the outcome comes back through a pipe. */
static outcome isolate(const char *folder)
{
    outcome o = {FAILED, "no process"};
    int ends[2], status = 0;
    size_t got = 0;
    ssize_t n;
    pid_t child;

    if (pipe(ends) != 0)
        return o;
    child = fork();
    if (child == 0) {
        close(ends[0]);
        alarm(SECONDS_MAX);
        run_case(folder, &o);
        while (got < sizeof o && (n = write(ends[1], (const char *)&o + got, sizeof o - got)) > 0)
            got += (size_t)n;
        exit(0); /* not _exit: leak checkers report here */
    }
    close(ends[1]);
    while (child > 0 && got < sizeof o && (n = read(ends[0], (char *)&o + got, sizeof o - got)) > 0)
        got += (size_t)n;
    close(ends[0]);
    if (child > 0)
        waitpid(child, &status, 0);
    if (child <= 0 || got < sizeof o || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        o.verdict = FAILED;
        snprintf(o.message, sizeof o.message,
                 WIFSIGNALED(status) ? "killed by signal %d" : "exit code %d",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    return o;
}

/* --- the list of refusals, the walk
 * ---------------------------------------------------------------------------- */

typedef struct refusals {
    char patterns[PATTERNS_MAX][96];
    size_t n;
} refusals;

static int read_refusals(const char *path, refusals *list)
{
    FILE *const f = fopen(path, "r");
    char line[512];

    if (!f) {
        fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    while (fgets(line, sizeof line, f)) {
        char *const word = strtok(line, " \t\n"), *const reason = word ? strtok(NULL, "\n") : NULL;

        if (!word || word[0] == '#')
            continue;
        if (!reason || list->n == PATTERNS_MAX) {
            fprintf(stderr, "%s: '%s' has no reason, or there are too many lines\n", path, word);
            fclose(f);
            return 1;
        }
        snprintf(list->patterns[list->n++], sizeof list->patterns[0], "%s", word);
    }
    fclose(f);
    return 0;
}

static bool is_listed(const refusals *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (fnmatch(list->patterns[i], name, FNM_EXTMATCH) == 0)
            return true;
    return false;
}

static int is_case(const struct dirent *entry)
{
    return strncmp(entry->d_name, "test_", 5) == 0;
}

static const char *find_cache(char *buffer, size_t n)
{
    const char *const given = getenv("NESCIO_ONNX_TESTS"), *const cache = getenv("XDG_CACHE_HOME");

    if (given && *given)
        return given;
    if (cache && *cache)
        snprintf(buffer, n, "%s/nescio/onnx-1.22.0/node", cache);
    else
        snprintf(buffer, n, "%s/.cache/nescio/onnx-1.22.0/node",
                 getenv("HOME") ? getenv("HOME") : "");
    return buffer;
}

/* Prints what is wrong with a case; true when something is. */
static bool report(const char *name, const outcome *o, bool listed)
{
    if (o->verdict == PASSED && listed)
        printf("LISTED %s: passes, but is on the list of refusals\n", name);
    else if (o->verdict == REFUSED && !listed)
        printf("REFUSED %s: %s\n", name, o->message);
    else if (o->verdict == FAILED)
        printf("FAILED %s: %s\n", name, o->message);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    static refusals list;
    char buffer[1024], path[2048];
    size_t n_passed = 0, n_refused = 0, n_bad = 0;
    struct dirent **cases;
    const char *folder;
    int n;

    if (argc < 3)
        return 2;
    for (int i = 2; i < argc; i++)
        if (read_refusals(argv[i], &list) != 0)
            return 2;
    folder = strcmp(argv[1], "-") == 0 ? find_cache(buffer, sizeof buffer) : argv[1];
    n = scandir(folder, &cases, is_case, alphasort);
    if (n <= 0) {
        printf("no cases in %s\n", folder);
        return 77;
    }
    for (int i = 0; i < n; i++) {
        const char *const name = cases[i]->d_name;
        outcome o;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        fflush(stdout);
        o = isolate(path);
        n_bad += report(name, &o, is_listed(&list, name));
        n_passed += o.verdict == PASSED;
        n_refused += o.verdict == REFUSED;
        free(cases[i]);
    }
    free(cases);
    printf("%d cases: %zu passed, %zu refused, %zu wrong\n", n, n_passed, n_refused, n_bad);
    return n_bad ? 1 : 0;
}
