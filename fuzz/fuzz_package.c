/* SPDX-License-Identifier: Apache-2.0
 * Packages behind a right hash: refused with a message, or a package that can be walked. */
#include "../tests/unit/format/walk_package.h"
#include "fuzz_file.h"

#include <string.h>

static void read_one(nescio_ctx *ctx, const uint8_t *data, size_t bytes)
{
    nescio_package *p = NULL;
    const nescio_status st = nescio_package_parse(ctx, data, bytes, "fuzz", false, false, &p);
    const char *wrong;

    if (st != NESCIO_OK) {
        FUZZ_REQUIRE(!p &&
                     (st == NESCIO_E_FORMAT || st == NESCIO_E_UNSUPPORTED ||
                      st == NESCIO_E_MISMATCH || st == NESCIO_E_NOMEM) &&
                     *nescio_ctx_message(ctx));
        return;
    }
    wrong = walk_package(ctx, p);
    if (wrong)
        fprintf(stderr, "%s: %s\n", wrong, nescio_ctx_message(ctx));
    FUZZ_REQUIRE(!wrong);
    nescio_package_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_read_file(data, bytes, true, read_one);
    return 0;
}
