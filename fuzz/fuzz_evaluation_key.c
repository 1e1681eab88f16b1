/* SPDX-License-Identifier: Apache-2.0
 * Evaluation keys behind a right hash: refused with a message and nothing half-loaded, or arrays of
 * the sizes that their parameters ask for. */
#include "format/keys.h"
#include "fuzz_file.h"

#include <string.h>

static void read_one(nescio_ctx *ctx, const uint8_t *data, size_t bytes)
{
    nescio_evaluation_key key, sizes;
    const nescio_status st = nescio_evaluation_key_parse(ctx, data, bytes, "fuzz", &key);

    if (st != NESCIO_OK) {
        FUZZ_REQUIRE(
            !key.bootstrap && !key.keyswitch && !key.output &&
            (st == NESCIO_E_FORMAT || st == NESCIO_E_UNSUPPORTED || st == NESCIO_E_MISMATCH) &&
            strstr(nescio_ctx_message(ctx), "fuzz"));
        return;
    }
    FUZZ_REQUIRE(nescio_evaluation_key_sizes(ctx, &key.params, &sizes) == NESCIO_OK);
    FUZZ_REQUIRE(key.bootstrap_bytes == sizes.bootstrap_bytes &&
                 key.keyswitch_bytes == sizes.keyswitch_bytes &&
                 key.output_bytes == sizes.output_bytes && key.bootstrap_bytes <= bytes);
    nescio_evaluation_key_free(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_read_file(data, bytes, true, read_one);
    return 0;
}
