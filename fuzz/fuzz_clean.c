/* SPDX-License-Identifier: Apache-2.0
 * A model on its whole way to the compiler: ONNX bytes, or graph text where the first byte is '<';
 * read, cleaned, cut in three. Refused with a message anywhere, or graphs that are verified; a
 * second cleaning changes nothing. */
#include "fuzz_target.h"
#include "onnx/onnx.h"
#include "passes/passes.h"

#include <string.h>

static void require_refusal(const nescio_ctx *ctx, nescio_status st)
{
    if (st != NESCIO_E_FORMAT && st != NESCIO_E_UNSUPPORTED)
        fprintf(stderr, "status %d: %s\n", (int)st, nescio_ctx_message(ctx));
    FUZZ_REQUIRE(st == NESCIO_E_FORMAT || st == NESCIO_E_UNSUPPORTED);
    FUZZ_REQUIRE(*nescio_ctx_message(ctx));
}

static void split(nescio_ctx *ctx, const nescio_graph *g)
{
    nescio_graph_split parts;
    const nescio_status st = nescio_passes_split(ctx, g, &parts);

    if (st != NESCIO_OK) {
        require_refusal(ctx, st);
        return;
    }
    FUZZ_REQUIRE(nescio_graph_verify(ctx, parts.head) == NESCIO_OK);
    FUZZ_REQUIRE(nescio_graph_verify(ctx, parts.body) == NESCIO_OK);
    FUZZ_REQUIRE(nescio_graph_verify(ctx, parts.tail) == NESCIO_OK);
    nescio_graph_split_free(&parts);
}

static void clean(nescio_ctx *ctx, nescio_graph *g, size_t bytes)
{
    nescio_buffer once = {0}, twice = {0};
    const nescio_status st = nescio_passes_clean(ctx, g, NULL, NULL);

    if (st != NESCIO_OK) {
        require_refusal(ctx, st);
        return;
    }
    FUZZ_REQUIRE(nescio_arena_bytes(g->arena) <= 16 * bytes + ((size_t)64 << 20));
    FUZZ_REQUIRE(nescio_graph_verify(ctx, g) == NESCIO_OK);
    FUZZ_REQUIRE(nescio_graph_print(ctx, g, 4, &once) == NESCIO_OK);
    FUZZ_REQUIRE(nescio_passes_clean(ctx, g, NULL, NULL) == NESCIO_OK);
    FUZZ_REQUIRE(nescio_graph_print(ctx, g, 4, &twice) == NESCIO_OK);
    if (once.bytes != twice.bytes || memcmp(once.data, twice.data, once.bytes) != 0) {
        fprintf(stderr, "%.*s\nbecame\n%.*s", (int)once.bytes, (const char *)once.data,
                (int)twice.bytes, (const char *)twice.data);
        abort();
    }
    split(ctx, g);
    nescio_buffer_free(&once);
    nescio_buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    nescio_graph *g = NULL;
    nescio_ctx *ctx;
    nescio_status st;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 0;
    if (bytes > 0 && *data == '<')
        st = nescio_graph_parse(ctx, (const char *)data, bytes, &g);
    else
        st = nescio_onnx_parse(ctx, data, bytes, NULL, NULL, &g);
    if (st == NESCIO_OK)
        clean(ctx, g, bytes);
    else
        require_refusal(ctx, st);
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
    return 0;
}
