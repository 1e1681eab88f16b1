/* SPDX-License-Identifier: Apache-2.0
 * The one door to the system's randomness. */
#include "random/random.h"

#include <sodium.h>

nescio_status nescio_random_bytes(nescio_ctx *ctx, void *out, size_t bytes)
{
    if (sodium_init() < 0) /* thread-safe; after the first call it only says so */
        return nescio_fail(ctx, NESCIO_E_RNG, "the system's random generator cannot be started");
    if (bytes > 0)
        randombytes_buf(out, bytes);
    return NESCIO_OK;
}
