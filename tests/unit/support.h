/* SPDX-License-Identifier: Apache-2.0
 * What unit tests share: cmocka with the headers it wants, a generator with a fixed seed, a
 * temporary folder. */
#ifndef NESCIO_TESTS_SUPPORT_H
#define NESCIO_TESTS_SUPPORT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the state is the seed, to be printed on failure. */
static inline uint64_t test_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Uniform in [lo, hi]; the bias of the remainder does not matter here. */
static inline int64_t test_range(uint64_t *state, int64_t lo, int64_t hi)
{
    return lo + (int64_t)(test_random(state) % (uint64_t)(hi - lo + 1));
}

/* Makes a folder of this test's own and enters it; relative paths then go there. */
static inline void test_enter_folder(char path[64])
{
    const char *base = getenv("TMPDIR");

    if (!base || strlen(base) > 40)
        base = "/tmp";
    snprintf(path, 64, "%s/nescio-test-XXXXXX", base);
    assert_non_null(mkdtemp(path));
    assert_int_equal(chdir(path), 0);
}

/* Leaves the folder and removes it, which fails (and so does the test) when a file was left in it.
 */
static inline void test_leave_folder(const char *path)
{
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(path), 0);
}
#endif /* NESCIO_TESTS_SUPPORT_H */
