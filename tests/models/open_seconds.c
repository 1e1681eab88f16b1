/* SPDX-License-Identifier: Apache-2.0
 * Times the opening of a model of 100 MB: open_seconds [LIMIT_MS]
 * Weights of 4 MB each; protobuf aligns nothing, so most of them must be copied. Prints the
 * thread's CPU milliseconds, minimum of several runs; exit status 1 beyond the limit. */
#include "base/clock.h"
#include "onnx/onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUNS = 7, N_WEIGHTS = 25 };

static const int64_t dims[2] = {1024, 1024};

/* y = x W0 W1 ...; names of different lengths, for offsets of every kind. */
static nescio_status make_graph(nescio_ctx *ctx, const nescio_tensor *weight, nescio_graph **out)
{
    const nescio_shape shape = {.rank = 2, .dims = {NESCIO_DIM_UNKNOWN, 1024}};
    char name[64] = "w";
    nescio_graph *g;
    nescio_value *x;

    NESCIO_TRY(nescio_graph_new(ctx, NULL, "wide", out));
    g = *out;
    x = nescio_graph_value(g, "x", NESCIO_F32, &shape);
    if (!x || nescio_graph_add_input(g, x) != NESCIO_OK)
        return nescio_fail_nomem(ctx, 0);
    for (int i = 0; i < N_WEIGHTS; i++) {
        nescio_node *const node = nescio_graph_node(g, NULL, NESCIO_OP_MATMUL, "product", 2, 1);
        nescio_value *const y = nescio_graph_value(g, "y", NESCIO_F32, &shape);

        strcat(name, "w");
        if (!node || !y)
            return nescio_fail_nomem(ctx, 0);
        node->inputs[0] = x;
        node->inputs[1] = nescio_graph_constant(g, name, weight, true);
        nescio_node_set_output(node, 0, y);
        x = y;
    }
    return nescio_graph_add_output(g, x);
}

static nescio_status write_model(nescio_ctx *ctx, const char *path)
{
    nescio_graph *g = NULL;
    nescio_tensor weight = {0};
    nescio_status st = nescio_tensor_new(ctx, &weight, NESCIO_F32, 2, dims);

    if (st == NESCIO_OK)
        st = make_graph(ctx, &weight, &g);
    if (st == NESCIO_OK)
        st = nescio_onnx_write(ctx, g, path);
    nescio_graph_free(g);
    nescio_tensor_free(&weight);
    return st;
}

static nescio_status time_open(nescio_ctx *ctx, const char *path, double *best_ms)
{
    const double start = nescio_clock_seconds(CLOCK_THREAD_CPUTIME_ID);
    nescio_graph *g = NULL;
    double ms;

    NESCIO_TRY(nescio_onnx_read(ctx, path, NULL, &g));
    ms = 1e3 * (nescio_clock_seconds(CLOCK_THREAD_CPUTIME_ID) - start);
    *best_ms = ms < *best_ms ? ms : *best_ms;
    nescio_graph_free(g);
    return NESCIO_OK;
}

int main(int argc, char **argv)
{
    const double limit = argc > 1 ? atof(argv[1]) : 1e9;
    const char *const base = getenv("TMPDIR");
    char path[256];
    double best_ms = 1e9;
    nescio_ctx *ctx;
    nescio_status st;

    snprintf(path, sizeof path, "%.200s/nescio-open-%ld.onnx", base ? base : "/tmp",
             (long)getpid());
    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    st = write_model(ctx, path);
    for (int i = 0; i < RUNS && st == NESCIO_OK; i++)
        st = time_open(ctx, path, &best_ms);
    unlink(path);
    if (st != NESCIO_OK)
        fprintf(stderr, "%s\n", nescio_ctx_message(ctx));
    else
        printf("100 MB open in %.1f ms\n", best_ms);
    nescio_ctx_free(ctx);
    return st != NESCIO_OK || best_ms > limit;
}
