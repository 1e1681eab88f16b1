/* SPDX-License-Identifier: Apache-2.0
 * Runs a function again and again, each time with another call to the system failing.
 *
 * The linker sends the calls that this project's own objects make to malloc, write,
 * nescio_random_bytes, ... to fail_at.c (--wrap; libraries' inner calls are untouched). A case is a
 * function that does the whole of something and frees what it got:
 *
 *     static nescio_status read_model(nescio_ctx *ctx, void *path)
 *     {
 *         nescio_model *model;
 *         NESCIO_TRY(nescio_model_read(ctx, &model, path));
 *         nescio_model_free(model);
 *         return NESCIO_OK;
 *     }
 *     ...
 *     fail_at_every(FAIL_ALLOC, 0, read_model, "m.onnx");
 *
 * It is run once as it is, which must give NESCIO_OK and counts the calls of that kind; then for
 * every k with the k-th call failing, and again with the k-th and all later ones failing. Each run
 * must return the status of its kind and leave a message, all memory given back, and no descriptor
 * open. A case that also wants to check what is left (the old file, a cleared output) calls
 * fail_at_rest() first.
 *
 * In meson.build: executable(..., dependencies: [ROOM_dep, hostile_dep]). */
#ifndef NESCIO_TESTS_FAIL_AT_H
#define NESCIO_TESTS_FAIL_AT_H
#include "base/ctx.h"

typedef enum fail_kind {
    FAIL_ALLOC,     /**< malloc, calloc, realloc, aligned_alloc, posix_memalign, sodium_malloc,
                       anonymous mmap,     pthread_create: NESCIO_E_NOMEM */
    FAIL_RANDOM,    /**< nescio_random_bytes: NESCIO_E_RNG */
    FAIL_FILE,      /**< open, read, write, fsync, rename, close: NESCIO_E_IO */
    FAIL_INTERRUPT, /**< the same calls, less rename and close, are interrupted once: NESCIO_OK */
    FAIL_SHORT,     /**< read and write move one byte: NESCIO_OK */
} fail_kind;

/** Does one whole thing on a fresh context. */
typedef nescio_status (*fail_case)(nescio_ctx *ctx, void *arg);

/** `harmless`: how many of the calls may fail without the case failing (advice to the system, say):
 * exactly so many when one call fails, at most so many when all later ones fail too. Above 1000
 * calls, the first 500 and an even choice of 500 of the rest are made to fail. Fails the cmocka
 * test that calls it. */
void fail_at_every(fail_kind kind, unsigned harmless, fail_case run, void *arg);
/** Nothing fails for the rest of this run. */
void fail_at_rest(void);
#endif /* NESCIO_TESTS_FAIL_AT_H */
