/* SPDX-License-Identifier: Apache-2.0
 * What a fuzz target defines, and how it says that a promise was broken. */
#ifndef NESCIO_FUZZ_TARGET_H
#define NESCIO_FUZZ_TARGET_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** Reads one input; returns 0. Aborts where the reader broke a promise of its header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define FUZZ_REQUIRE(promise)                                                                      \
    do {                                                                                           \
        if (!(promise)) {                                                                          \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #promise);                          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)
#endif /* NESCIO_FUZZ_TARGET_H */
