/* SPDX-License-Identifier: Apache-2.0
 * Container bytes, as they are and with a hash that is right again: refused with a message, or
 * tensors that lie inside the file. */
#include "fuzz_file.h"

#include <string.h>

static void read_one(nescio_ctx *ctx, const uint8_t *data, size_t bytes)
{
    static const char *const kinds[] = {"model", "client", "server", "evaluation", "test", NULL};
    nescio_container *c = NULL;
    const nescio_status st = nescio_container_parse(ctx, data, bytes, "fuzz", kinds, &c);
    size_t sum = 0;

    if (st != NESCIO_OK) {
        FUZZ_REQUIRE(
            !c &&
            (st == NESCIO_E_FORMAT || st == NESCIO_E_UNSUPPORTED || st == NESCIO_E_MISMATCH) &&
            strstr(nescio_ctx_message(ctx), "fuzz"));
        return;
    }
    for (size_t i = 0; i < nescio_container_count(c); i++) {
        const nescio_entry *e = nescio_container_at(c, i);

        FUZZ_REQUIRE(nescio_container_find(c, e->name) && e->bytes <= bytes);
        for (size_t k = 0; k < e->bytes; k++)
            sum += e->data[k];
    }
    FUZZ_REQUIRE(sum <= 255 * bytes);
    nescio_container_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_read_file(data, bytes, false, read_one);
    fuzz_read_file(data, bytes, true, read_one);
    return 0;
}
