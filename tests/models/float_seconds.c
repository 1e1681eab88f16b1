/* SPDX-License-Identifier: Apache-2.0
 * Times the float executor on a model: float_seconds MODEL.onnx X.npy [RUNS [profile]]
 * Prints the thread's CPU milliseconds of each run, one a line; with "profile" the fastest run of
 * each operator instead. tools/float_speed.py reads the lines. */
#include "base/clock.h"
#include "onnx/onnx.h"
#include "refexec/refexec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct profile {
    double last; /* when the value before was finished */
    double seconds[NESCIO_OP_COUNT], best[NESCIO_OP_COUNT];
} profile;

static void observe(const nescio_value *value, const nescio_tensor *t, void *user)
{
    profile *p = user;
    const double now = nescio_clock_seconds(CLOCK_THREAD_CPUTIME_ID);

    (void)t;
    if (value->producer)
        p->seconds[value->producer->op] += now - p->last;
    p->last = now;
}

static nescio_status run_once(nescio_ctx *ctx, const nescio_refexec *exec, const nescio_tensor *x,
                              nescio_tensor *y, size_t n_outputs, profile *p)
{
    const double start = nescio_clock_seconds(CLOCK_THREAD_CPUTIME_ID);

    if (p) {
        memset(p->seconds, 0, sizeof p->seconds);
        p->last = start;
    }
    NESCIO_TRY(nescio_refexec_trace(ctx, exec, x, 1, y, n_outputs, p ? observe : NULL, p));
    if (!p)
        printf("%.3f\n", 1e3 * (nescio_clock_seconds(CLOCK_THREAD_CPUTIME_ID) - start));
    for (int op = 0; p && op < NESCIO_OP_COUNT; op++)
        if (p->best[op] == 0 || p->seconds[op] < p->best[op])
            p->best[op] = p->seconds[op];
    for (size_t i = 0; i < n_outputs; i++)
        nescio_tensor_free(&y[i]);
    return NESCIO_OK;
}

static nescio_status run(nescio_ctx *ctx, int argc, char **argv)
{
    const int runs = argc > 3 ? atoi(argv[3]) : 10;
    nescio_graph *graph = NULL;
    nescio_refexec *exec = NULL;
    nescio_tensor x = {0}, *y = NULL;
    profile *const p = argc > 4 ? calloc(1, sizeof *p) : NULL;
    nescio_status st = nescio_onnx_read(ctx, argv[1], NULL, &graph);

    if (st == NESCIO_OK)
        st = nescio_npy_read(ctx, &x, argv[2]);
    if (st == NESCIO_OK)
        st = nescio_refexec_new(ctx, graph, &exec);
    if (st == NESCIO_OK) {
        y = calloc(graph->n_outputs + 1, sizeof *y);
        for (int i = 0; y && st == NESCIO_OK && i < runs; i++)
            st = run_once(ctx, exec, &x, y, graph->n_outputs, p);
    }
    for (int op = 0; p && op < NESCIO_OP_COUNT; op++)
        if (p->best[op] > 0)
            printf("%-20s %8.3f ms\n", nescio_op_name((nescio_op)op), 1e3 * p->best[op]);
    free(p);
    free(y);
    nescio_refexec_free(exec);
    nescio_tensor_free(&x);
    nescio_graph_free(graph);
    return st;
}

int main(int argc, char **argv)
{
    nescio_ctx *ctx = NULL;
    int status;

    if (argc < 3 || nescio_ctx_new(&ctx) != NESCIO_OK) {
        fprintf(stderr, "usage: float_seconds MODEL.onnx X.npy [RUNS [profile]]\n");
        return 2;
    }
    status = run(ctx, argc, argv) != NESCIO_OK;
    if (status)
        fprintf(stderr, "%s\n", nescio_ctx_message(ctx));
    nescio_ctx_free(ctx);
    return status;
}
