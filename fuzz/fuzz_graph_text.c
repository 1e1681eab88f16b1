/* SPDX-License-Identifier: Apache-2.0
 * Graph text: refused with a message, or a graph whose text parses to a graph of the same text. */
#include "fuzz_target.h"
#include "graph/graph.h"

#include <string.h>

static void turn_around(nescio_ctx *ctx, const nescio_graph *g)
{
    nescio_buffer once = {0}, twice = {0};
    nescio_graph *back;

    FUZZ_REQUIRE(nescio_graph_print(ctx, g, 0, &once) == NESCIO_OK);
    if (nescio_graph_parse(ctx, (const char *)once.data, once.bytes, &back) != NESCIO_OK) {
        fprintf(stderr, "%s\n%.*s", nescio_ctx_message(ctx), (int)once.bytes,
                (const char *)once.data);
        abort();
    }
    FUZZ_REQUIRE(nescio_graph_print(ctx, back, 0, &twice) == NESCIO_OK);
    FUZZ_REQUIRE(once.bytes == twice.bytes && memcmp(once.data, twice.data, once.bytes) == 0);
    nescio_graph_free(back);
    nescio_buffer_free(&once);
    nescio_buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    nescio_ctx *ctx;
    nescio_graph *g;
    nescio_status st;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 0;
    st = nescio_graph_parse(ctx, (const char *)data, bytes, &g);
    if (st == NESCIO_OK)
        turn_around(ctx, g);
    else
        FUZZ_REQUIRE((st == NESCIO_E_FORMAT || st == NESCIO_E_UNSUPPORTED) && !g &&
                     *nescio_ctx_message(ctx));
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
    return 0;
}
