/* SPDX-License-Identifier: Apache-2.0
 * What kernel tests share: a seeded generator, so that a failure repeats, and the loop over
 * instruction sets. */
#ifndef NESCIO_TESTS_KERNELS_CHECK_H
#define NESCIO_TESTS_KERNELS_CHECK_H
#include "base/isa.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static uint64_t rng_state = 1;
static inline uint64_t rnd(void) /* splitmix64 */
{
    uint64_t z = (rng_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int n_passed, n_failed;

/* Counts a check; a failed one is described by the printf arguments. */
#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (condition)                                                                             \
            n_passed++;                                                                            \
        else {                                                                                     \
            n_failed++;                                                                            \
            printf("FAIL " __VA_ARGS__);                                                           \
            printf("\n");                                                                          \
        }                                                                                          \
    } while (0)

/* False, with a line that says so, when this machine lacks `isa`. */
static inline bool can_run(nescio_isa isa)
{
    if (isa <= nescio_isa_detect())
        return true;
    printf("skip %s\n", nescio_isa_name(isa));
    return false;
}

static inline int check_result(void)
{
    printf("%d passed, %d failed\n", n_passed, n_failed);
    return n_failed != 0;
}
#endif /* NESCIO_TESTS_KERNELS_CHECK_H */
