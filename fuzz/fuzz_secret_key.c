/* SPDX-License-Identifier: Apache-2.0
 * Secret keys behind a right hash, without a passphrase: refused with a message, or bits. */
#include "client/client.h"
#include "fuzz_file.h"

#include <string.h>

static void read_one(nescio_ctx *ctx, const uint8_t *data, size_t bytes)
{
    nescio_secret_key *key = NULL;
    const nescio_status st = nescio_secret_key_parse(ctx, data, bytes, "fuzz", NULL, &key);

    if (st != NESCIO_OK) {
        FUZZ_REQUIRE(!key &&
                     (st == NESCIO_E_FORMAT || st == NESCIO_E_UNSUPPORTED ||
                      st == NESCIO_E_MISMATCH || st == NESCIO_E_PASSPHRASE) &&
                     strstr(nescio_ctx_message(ctx), "fuzz"));
        return;
    }
    for (uint32_t i = 0; i < nescio_tfhe_big_dim(&key->params); i++)
        FUZZ_REQUIRE(key->glwe[i] <= 1);
    nescio_secret_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_read_file(data, bytes, true, read_one);
    return 0;
}
