/* SPDX-License-Identifier: Apache-2.0
 * Time to read and clean a model: clean_seconds [LIMIT_MS [MODEL.onnx]]
 * Prints the least CPU milliseconds of five runs of reading, cleaning, and both. Without a model it
 * makes a transformer of at least 500 nodes in the form that exporters with open numbers of rows
 * write: embedding, blocks with chains of Shape, Gather, Unsqueeze and Concat before each Reshape,
 * LayerNormalization and Gelu as their parts. Exit status 1 beyond LIMIT_MS. */
#include "base/clock.h"
#include "onnx/onnx.h"
#include "passes/passes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 7
#define RUNS   5

static double thread_ms(void)
{
    return 1e3 * nescio_clock_seconds(CLOCK_THREAD_CPUTIME_ID);
}

/* --- the model, as text -------------------------------------------------------------------------
 */

/* float[rows,columns] name, elements of all sizes around 0. */
static void weights(nescio_buffer *b, const char *name, int block, int rows, int columns)
{
    nescio_write_text(b, ", float[%d%s%.0d] %s%d = {", rows, columns ? "," : "", columns, name,
                      block);
    for (int i = 0; i < rows * (columns ? columns : 1); i++)
        nescio_write_text(b, "%s%.3f", i ? ", " : "", 0.001 * ((i * 37 + block) % 199 - 99));
    nescio_write_text(b, "}");
}

static void declare_block(nescio_buffer *b, int k)
{
    static const char *const square[] = {"wq", "wk", "wv", "wo"}, *const vector[] = {
                                                                      "bq", "bk", "bv", "bo", "g",
                                                                      "h",  "s",  "t",  "bd"};

    for (int i = 0; i < 4; i++)
        weights(b, square[i], k, 32, 32);
    for (int i = 0; i < 9; i++)
        weights(b, vector[i], k, 32, 0);
    weights(b, "wu", k, 32, 64);
    weights(b, "bu", k, 64, 0);
    weights(b, "wd", k, 64, 32);
}

/* y = Reshape of x to [rows of x, words of x, ...], its target computed. */
static void reshape(nescio_buffer *b, const char *y, const char *x, int k, const char *more)
{
    nescio_write_text(
        b,
        " %s%dm = Shape(%s) %s%dn = Gather(%s%dm, zero) %s%do = Unsqueeze(%s%dn, first)"
        " %s%dp = Gather(%s%dm, one) %s%dq = Unsqueeze(%s%dp, first)"
        " %s%dr = Concat<axis = 0>(%s%do, %s%dq, %s) %s%d = Reshape(%s, %s%dr)\n",
        y, k, x, y, k, y, k, y, k, y, k, y, k, y, k, y, k, y, k, y, k, y, k, y, k, more, y, k, x, y,
        k);
}

static void normalize(nescio_buffer *b, const char *y, const char *x, const char *g, const char *h,
                      int k)
{
    nescio_write_text(
        b,
        " %s%da = ReduceMean(%s, last) %s%db = Sub(%s, %s%da) %s%dc = Pow(%s%db, two)"
        " %s%dd = ReduceMean(%s%dc, last) %s%de = Add(%s%dd, tiny) %s%df = Sqrt(%s%de)"
        " %s%dg = Div(%s%db, %s%df) %s%dh = Mul(%s%dg, %s%d) %s%d = Add(%s%dh, %s%d)\n",
        y, k, x, y, k, x, y, k, y, k, y, k, y, k, y, k, y, k, y, k, y, k, y, k, y, k, y, k, y, k, y,
        k, y, k, g, k, y, k, y, k, h, k);
}

static void project(nescio_buffer *b, char which, int k, const char *x, const char *perm)
{
    char y[8], sum[16];

    snprintf(y, sizeof y, "%cr", which);
    snprintf(sum, sizeof sum, "%cs%d", which, k);
    nescio_write_text(b, " %cm%d = MatMul(%s, w%c%d) %s = Add(%cm%d, b%c%d)\n", which, k, x, which,
                      k, sum, which, k, which, k);
    reshape(b, y, sum, k, "heads");
    nescio_write_text(b, " %ct%d = Transpose<perm = [%s]>(%s%d)\n", which, k, perm, y, k);
}

static void write_block(nescio_buffer *b, int k)
{
    char x[16], joined[16], sum[16], end[16];

    snprintf(x, sizeof x, "x%d", k);
    snprintf(joined, sizeof joined, "j%d", k);
    snprintf(sum, sizeof sum, "ra%d", k);
    snprintf(end, sizeof end, "rb%d", k);
    project(b, 'q', k, x, "0, 2, 1, 3");
    project(b, 'k', k, x, "0, 2, 3, 1");
    project(b, 'v', k, x, "0, 2, 1, 3");
    nescio_write_text(
        b,
        " sc%d = MatMul(qt%d, kt%d) sd%d = Div(sc%d, root) sm%d = Softmax<axis = -1>(sd%d)"
        " at%d = MatMul(sm%d, vt%d) %s = Transpose<perm = [0, 2, 1, 3]>(at%d)\n",
        k, k, k, k, k, k, k, k, k, k, joined, k);
    nescio_write_text(b, " jt%d = Transpose<perm = [0, 1, 2, 3]>(%s)\n", k, joined);
    snprintf(joined, sizeof joined, "jt%d", k);
    reshape(b, "jr", joined, k, "width");
    nescio_write_text(b, " om%d = MatMul(jr%d, wo%d) oa%d = Add(om%d, bo%d) %s = Add(x%d, oa%d)\n",
                      k, k, k, k, k, k, sum, k, k);
    normalize(b, "na", sum, "g", "h", k);
    nescio_write_text(b,
                      " um%d = MatMul(na%d, wu%d) ua%d = Add(um%d, bu%d) ga%d = Div(ua%d, sqrt2)"
                      " gb%d = Erf(ga%d) gc%d = Add(gb%d, unit) gd%d = Mul(ua%d, gc%d)"
                      " ge%d = Mul(gd%d, half) dm%d = MatMul(ge%d, wd%d) da%d = Add(dm%d, bd%d)"
                      " %s = Add(na%d, da%d)\n",
                      k, k, k, k, k, k, k, k, k, k, k, k, k, k, k, k, k, k, k, k, k, k, k, end, k,
                      k);
    normalize(b, "nb", end, "s", "t", k);
    nescio_write_text(b, " x%d = Identity(nb%d)\n", k + 1, k);
}

static void write_text(nescio_buffer *b)
{
    nescio_write_text(
        b, "<ir_version: 10, opset_import: [\"\" : 21]>\n"
           "transformer (int64[rows,words] ids) => (float[rows,words,32] y) <"
           "int64 zero = {0}, int64 one = {1}, int64[1] first = {0}, int64[1] last = {-1},"
           " int64[2] heads = {4, 8}, int64[1] width = {32}, float two = {2}, float tiny = {1e-05},"
           " float root = {2.828427}, float sqrt2 = {1.4142135}, float unit = {1}, float half = "
           "{0.5}");
    weights(b, "table", 0, 100, 32);
    for (int k = 0; k < BLOCKS; k++)
        declare_block(b, k);
    nescio_write_text(b, "> {\n x0 = Gather(table0, ids)\n");
    for (int k = 0; k < BLOCKS; k++)
        write_block(b, k);
    nescio_write_text(b, " y = Identity(x%d)\n}\n", BLOCKS);
}

static nescio_status make_model(nescio_ctx *ctx, nescio_buffer *file)
{
    nescio_buffer text = {0};
    nescio_graph *graph = NULL;
    nescio_status st;

    write_text(&text);
    st = text.bad ? nescio_fail_nomem(ctx, text.bytes)
                  : nescio_graph_parse(ctx, (const char *)text.data, text.bytes, &graph);
    if (st == NESCIO_OK)
        st = nescio_graph_infer(ctx, graph);
    if (st == NESCIO_OK)
        st = nescio_onnx_write_buffer(ctx, graph, file);
    nescio_graph_free(graph);
    nescio_buffer_free(&text);
    return st;
}

/* --- timing -------------------------------------------------------------------------------------
 */

static size_t nodes_of(const nescio_graph *graph)
{
    size_t n = 0;

    for (const nescio_node *node = graph->first; node; node = node->next)
        n++;
    return n;
}

static void show_pass(const char *name, const nescio_graph *graph, void *user)
{
    double *const last = user;

    if (getenv("CLEAN_SECONDS_PASSES"))
        printf("  %-24s %6zu nodes %8.3f ms\n", name, nodes_of(graph), thread_ms() - *last);
    *last = thread_ms();
}

static nescio_status measure(nescio_ctx *ctx, const char *path, const nescio_buffer *made,
                             double best[3])
{
    nescio_graph *graph = NULL;
    const double start = thread_ms();
    double read, clean, last;
    size_t before;
    nescio_status st = path ? nescio_onnx_read(ctx, path, NULL, &graph)
                            : nescio_onnx_parse(ctx, made->data, made->bytes, NULL, NULL, &graph);

    read = last = thread_ms();
    if (st != NESCIO_OK)
        return st;
    before = nodes_of(graph);
    st = nescio_passes_clean(ctx, graph, show_pass, &last);
    clean = thread_ms();
    if (best[2] == 0)
        printf("nodes %zu, clean %zu\n", before, nodes_of(graph));
    if (best[2] == 0 || clean - start < best[2]) {
        best[0] = read - start;
        best[1] = clean - read;
        best[2] = clean - start;
    }
    nescio_graph_free(graph);
    return st == NESCIO_OK && !path && before < 500
               ? nescio_fail(ctx, NESCIO_E_FORMAT, "fewer than 500 nodes")
               : st;
}

int main(int argc, char **argv)
{
    const double limit = argc > 1 ? atof(argv[1]) : 1e9;
    const char *const path = argc > 2 ? argv[2] : NULL;
    nescio_buffer made = {0};
    double best[3] = {0};
    nescio_ctx *ctx;
    nescio_status st;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    st = path ? NESCIO_OK : make_model(ctx, &made);
    for (int i = 0; i < RUNS && st == NESCIO_OK; i++)
        st = measure(ctx, path, &made, best);
    if (st != NESCIO_OK)
        fprintf(stderr, "%s\n", nescio_ctx_message(ctx));
    else
        printf("read %.2f ms, clean %.2f ms, both %.2f ms\n", best[0], best[1], best[2]);
    nescio_buffer_free(&made);
    nescio_ctx_free(ctx);
    return st != NESCIO_OK || best[2] > limit;
}
