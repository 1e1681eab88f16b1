/* SPDX-License-Identifier: Apache-2.0
 * What the targets of Nescio's own files have in common: a file is refused by its hash before
 * anything else is read, so they read the input with a hash that is right. */
#ifndef NESCIO_FUZZ_FILE_H
#define NESCIO_FUZZ_FILE_H
#include "format/container_internal.h"
#include "fuzz_target.h"

#include <string.h>

typedef void (*fuzz_reader)(nescio_ctx *ctx, const uint8_t *data, size_t bytes);

/** `read` on a copy of the input in memory of its own, its hash made right where `rehash`. */
static inline void fuzz_read_file(const uint8_t *data, size_t bytes, bool rehash, fuzz_reader read)
{
    uint8_t *copy = malloc(bytes + 1);
    nescio_ctx *ctx = NULL;

    if (copy && nescio_ctx_new(&ctx) == NESCIO_OK) {
        if (bytes)
            memcpy(copy, data, bytes);
        if (rehash)
            nescio_container_rehash(copy, bytes);
        read(ctx, copy, bytes);
    }
    nescio_ctx_free(ctx);
    free(copy);
}
#endif /* NESCIO_FUZZ_FILE_H */
