/* SPDX-License-Identifier: Apache-2.0
 * Arena: every piece is zeroed, aligned, apart from the others, and keeps what was written to it.
 */
#include "base/arena.h"
#include "support.h"

static void pieces_keep_apart(void **state)
{
    enum { N = 3000 };
    static unsigned char *piece[N];
    static size_t bytes[N];
    nescio_arena *arena = nescio_arena_new();
    uint64_t seed = 1;
    size_t total = 0;

    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < N; i++) {
        /* mostly small, now and then past a chunk of 4 KB ... 1 MB */
        bytes[i] = (size_t)test_range(&seed, 0, i % 100 == 99 ? 300000 : 200);
        piece[i] = nescio_arena_alloc(arena, bytes[i]);
        assert_non_null(piece[i]);
        assert_int_equal((uintptr_t)piece[i] % (bytes[i] >= 64 ? 64 : 16), 0);
        for (size_t k = 0; k < bytes[i]; k++)
            assert_int_equal(piece[i][k], 0);
        if (bytes[i] > 0)
            memset(piece[i], (int)(i % 255 + 1), bytes[i]);
        total += bytes[i];
        assert_int_equal(nescio_arena_bytes(arena), total);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < bytes[i]; k++)
            assert_int_equal(piece[i][k], i % 255 + 1);
    nescio_arena_free(arena);
}

static void nothing_is_something(void **state)
{
    nescio_arena *arena = nescio_arena_new();
    void *a, *b;

    (void)state;
    a = nescio_arena_alloc(arena, 0);
    b = nescio_arena_array(arena, 0, 8);
    assert_true(a && b && a != b);
    nescio_arena_free(arena);
    nescio_arena_free(NULL);
}

static void sizes_overflow(void **state)
{
    nescio_arena *arena = nescio_arena_new();

    (void)state;
    assert_null(nescio_arena_alloc(arena, SIZE_MAX));
    assert_null(nescio_arena_alloc(arena, SIZE_MAX / 2));
    assert_null(nescio_arena_array(arena, SIZE_MAX / 2, 3));
    assert_null(nescio_arena_array(arena, (size_t)1 << 32, (size_t)1 << 32));
    assert_null(nescio_arena_strndup(arena, "x", SIZE_MAX));
    assert_int_equal(nescio_arena_bytes(arena), 0);
    assert_non_null(nescio_arena_array(arena, 3, 5)); /* still usable */
    assert_int_equal(nescio_arena_bytes(arena), 15);
    nescio_arena_free(arena);
}

static void texts(void **state)
{
    nescio_arena *arena = nescio_arena_new();
    char longer[5000];

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_string_equal(nescio_arena_strdup(arena, ""), "");
    assert_string_equal(nescio_arena_strdup(arena, longer), longer);
    assert_string_equal(nescio_arena_strndup(arena, "abcdef", 3), "abc");
    assert_memory_equal(nescio_arena_strndup(arena, "a\0b", 3), "a\0b\0", 4);
    assert_string_equal(nescio_arena_printf(arena, "%s %d", "conv", -7), "conv -7");
    assert_int_equal(strlen(nescio_arena_printf(arena, "%s%s", longer, longer)),
                     2 * strlen(longer));
    nescio_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pieces_keep_apart),
                                       cmocka_unit_test(nothing_is_something),
                                       cmocka_unit_test(sizes_overflow), cmocka_unit_test(texts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
