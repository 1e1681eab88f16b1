/* SPDX-License-Identifier: Apache-2.0
 * Ciphertext files behind a right hash: refused with a message, or rows that lie inside the file.
 */
#include "format/ciphertext.h"
#include "fuzz_file.h"

#include <string.h>

static void read_one(nescio_ctx *ctx, const uint8_t *data, size_t bytes, const char *kind)
{
    const nescio_belonging any = {.row_bytes = 1};
    nescio_ciphertext ct;
    const nescio_status st = nescio_ciphertext_parse(ctx, data, bytes, "fuzz", kind, &ct);
    size_t sum = 0;

    if (st != NESCIO_OK) {
        FUZZ_REQUIRE(
            !ct.file && !ct.rows &&
            (st == NESCIO_E_FORMAT || st == NESCIO_E_UNSUPPORTED || st == NESCIO_E_MISMATCH) &&
            strstr(nescio_ctx_message(ctx), "fuzz"));
        return;
    }
    for (size_t i = 0; i < ct.n_rows * ct.row_bytes; i++)
        sum += ct.rows[i];
    FUZZ_REQUIRE(sum <= 255 * bytes);
    FUZZ_REQUIRE((nescio_ciphertext_check(ctx, &ct, &any) == NESCIO_OK) == (ct.row_bytes == 1));
    nescio_ciphertext_free(&ct);
}

static void read_both(nescio_ctx *ctx, const uint8_t *data, size_t bytes)
{
    read_one(ctx, data, bytes, NESCIO_FILE_INPUT);
    read_one(ctx, data, bytes, NESCIO_FILE_ANSWER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_read_file(data, bytes, true, read_both);
    return 0;
}
