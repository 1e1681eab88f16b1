/* SPDX-License-Identifier: Apache-2.0
 * ONNX bytes: refused with a message, or a graph that is verified, prints, and writes to bytes that
 * read back. */
#include "fuzz_target.h"
#include "onnx/onnx.h"

/* What came in clean goes out and comes in again: print, write, read, infer. */
static void turn_around(nescio_ctx *ctx, const nescio_graph *g)
{
    nescio_buffer text = {0}, file = {0};
    nescio_graph *back = NULL;

    FUZZ_REQUIRE(nescio_graph_verify(ctx, g) == NESCIO_OK);
    FUZZ_REQUIRE(nescio_graph_print(ctx, g, 16, &text) == NESCIO_OK);
    if (nescio_onnx_write_buffer(ctx, g, &file) == NESCIO_OK &&
        nescio_onnx_parse(ctx, file.data, file.bytes, NULL, NULL, &back) == NESCIO_OK)
        FUZZ_REQUIRE(back->n_inputs == g->n_inputs && back->n_outputs == g->n_outputs);
    nescio_graph_free(back);
    nescio_buffer_free(&text);
    nescio_buffer_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    nescio_ctx *ctx;
    nescio_graph *g;
    nescio_status st;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 0;
    st = nescio_onnx_parse(ctx, data, bytes, NULL, NULL, &g);
    if (st == NESCIO_OK) {
        FUZZ_REQUIRE(nescio_arena_bytes(g->arena) <= 16 * bytes + ((size_t)64 << 20));
        turn_around(ctx, g);
    } else {
        FUZZ_REQUIRE((st == NESCIO_E_FORMAT || st == NESCIO_E_UNSUPPORTED) && !g &&
                     *nescio_ctx_message(ctx));
    }
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
    return 0;
}
