/* SPDX-License-Identifier: Apache-2.0
 * Memory for secrets: guard pages around it, locked where the system allows, out of core dumps,
 * wiped when freed. libsodium puts the end of a block at a page's end; sizes rounded up to 64 make
 * its start a multiple of 64. */
#include "secret/secret.h"

#include <sodium.h>
#include <string.h>

#define LINE ((size_t)64)

void *nescio_secret_alloc(size_t bytes)
{
    void *secret;

    if (bytes > SIZE_MAX / 2 || sodium_init() < 0)
        return NULL;
    bytes = bytes ? nescio_size_round_up(bytes, LINE) : LINE;
    secret = sodium_malloc(bytes);
    if (secret)
        memset(secret, 0, bytes);
    return secret;
}

void nescio_secret_free(void *secret)
{
    sodium_free(secret);
}

void nescio_secret_wipe(void *secret, size_t bytes)
{
    sodium_memzero(secret, bytes);
}
