/* SPDX-License-Identifier: Apache-2.0
 * Graphs for tests as text, with random weights: "@3,4 W" among the initializers stands for
 * "float[3,4] W = {12 numbers}", "+3 v" for a vector of positive ones. */
#ifndef NESCIO_TESTS_PASSES_TEXT_H
#define NESCIO_TESTS_PASSES_TEXT_H
#include "passes_support.h"

#define TEST_TEXT_BYTES 65536
#define TEST_OPSETS                                                                                \
    "<ir_version: 10, opset_import: [\"\" : 21, \"ai.onnx.ml\" : 3, "                              \
    "\"qonnx.custom_op.general\" : 2]> g "

/* "3,4 W" at `at` as a declaration with random elements; returns what follows the dims. */
static inline const char *test_expand(const char *at, bool positive, uint64_t *seed, char *out,
                                      size_t *used)
{
    const char *end = at;
    long count = 1;

    while (*end != ' ')
        end++;
    *used += (size_t)sprintf(out + *used, "float[%.*s]", (int)(end - at), at);
    for (const char *p = at; p < end; p++) {
        char *next;

        count *= strtol(p, &next, 10);
        p = next;
    }
    at = end + 1;
    for (end = at; (*end >= 'a' && *end <= 'z') || (*end >= '0' && *end <= '9');)
        end++;
    *used += (size_t)sprintf(out + *used, " %.*s = {", (int)(end - at), at);
    for (long i = 0; i < count; i++) {
        const int64_t thousandths = test_range(seed, positive ? 300 : -1000, 1000);

        assert_true(*used + 64 < TEST_TEXT_BYTES);
        *used += (size_t)sprintf(out + *used, "%s%.3f", i ? ", " : "", (double)thousandths / 1000);
    }
    *used += (size_t)sprintf(out + *used, "}");
    return end;
}

static inline nescio_graph *test_parse(nescio_ctx *ctx, const char *text, uint64_t seed)
{
    char *const full = malloc(TEST_TEXT_BYTES);
    nescio_graph *g = NULL;
    size_t used = 0;

    assert_non_null(full);
    used += (size_t)sprintf(full, "%s", TEST_OPSETS);
    while (*text) {
        assert_true(used + 64 < TEST_TEXT_BYTES);
        if (*text == '@' || *text == '+')
            text = test_expand(text + 1, *text == '+', &seed, full, &used);
        else
            full[used++] = *text++;
    }
    if (nescio_graph_parse(ctx, full, used, &g) != NESCIO_OK ||
        nescio_graph_infer(ctx, g) != NESCIO_OK)
        fail_msg("%s\n%.*s", nescio_ctx_message(ctx), (int)used, full);
    free(full);
    return g;
}

/* The operators of a graph in order, "Gemm Relu Gemm"; out[n]. */
static inline const char *test_operators(const nescio_graph *graph, char *out, size_t n)
{
    size_t used = 0;

    out[0] = '\0';
    for (const nescio_node *node = graph->first; node; node = node->next) {
        assert_true(used + 40 < n);
        used += (size_t)sprintf(out + used, "%s%s", used ? " " : "", nescio_op_name(node->op));
    }
    return out;
}
#endif /* NESCIO_TESTS_PASSES_TEXT_H */
