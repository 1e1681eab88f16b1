/* SPDX-License-Identifier: Apache-2.0
 * Gives every file of a folder to a fuzz target once: what the fuzzers found stays tested, with
 * every compiler. usage: replay_TARGET FOLDER */
#include "base/file.h"
#include "fuzz_target.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes are copied to a block of their exact size, so that a sanitizer sees the first byte read
 * past it. */
static int replay(nescio_ctx *ctx, const char *path)
{
    nescio_file file;
    uint8_t *exact;

    if (nescio_file_open(ctx, &file, path) != NESCIO_OK) {
        fprintf(stderr, "%s\n", nescio_ctx_message(ctx));
        return 1;
    }
    exact = malloc(file.bytes ? file.bytes : 1);
    if (!exact) {
        nescio_file_close(&file);
        return 1;
    }
    if (file.bytes > 0)
        memcpy(exact, file.data, file.bytes);
    printf("%s: %zu bytes\n", path, file.bytes); /* the last line names the file of a crash */
    fflush(stdout);
    LLVMFuzzerTestOneInput(exact, file.bytes);
    free(exact);
    nescio_file_close(&file);
    return 0;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    nescio_ctx *ctx;
    int n, failed = 0;

    if (argc != 2 || nescio_ctx_new(&ctx) != NESCIO_OK)
        return 2;
    n = scandir(argv[1], &entries, visible, alphasort);
    for (int i = 0; i < n; i++) {
        char path[4096];

        snprintf(path, sizeof path, "%s/%s", argv[1], entries[i]->d_name);
        failed |= replay(ctx, path);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    nescio_ctx_free(ctx);
    return n <= 0 || failed; /* an empty folder tests nothing */
}
