/* SPDX-License-Identifier: Apache-2.0
 * Every failure of the system in the ground floor: contexts, pools, arenas, buffers, files. */
#include "base/base.h"
#include "fail_at.h"
#include "support.h"

#include <sys/stat.h>

static char folder[64];

static int enter(void **state)
{
    (void)state;
    test_enter_folder(folder);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    test_leave_folder(folder); /* fails when a temporary file was left */
    return 0;
}

static nescio_status make_context(nescio_ctx *ctx, void *arg)
{
    nescio_ctx *own;
    nescio_status st = nescio_ctx_new(&own);

    (void)arg;
    if (st != NESCIO_OK)
        return nescio_fail(ctx, st, "no context");
    st = nescio_ctx_set_threads(own, 4);
    if (st == NESCIO_OK && !nescio_ctx_pool(own))
        st = nescio_fail(ctx, NESCIO_E_NOMEM, "no pool");
    nescio_ctx_free(own);
    return st;
}

static nescio_status fill_arena(nescio_ctx *ctx, void *arg)
{
    nescio_arena *arena = nescio_arena_new();
    nescio_status st = NESCIO_OK;

    (void)arg;
    if (!arena)
        return nescio_fail_nomem(ctx, 0);
    for (size_t i = 0; i < 200 && st == NESCIO_OK; i++) {
        const size_t bytes = i % 20 == 19 ? 50000 : 300;

        if (!nescio_arena_alloc(arena, bytes) || !nescio_arena_printf(arena, "%zu", i))
            st = nescio_fail_nomem(ctx, bytes);
    }
    nescio_arena_free(arena);
    return st;
}

static nescio_status fill_buffer(nescio_ctx *ctx, void *arg)
{
    nescio_buffer b = {0};
    nescio_status st = NESCIO_OK;

    (void)arg;
    for (size_t i = 0; i < 1000; i++)
        nescio_write_text(&b, "%zu,", i);
    if (b.bad)
        st = nescio_fail_nomem(ctx, b.bytes);
    else
        assert_int_equal(b.bytes, 10 * 2 + 90 * 3 + 900 * 4);
    nescio_buffer_free(&b);
    return st;
}

static nescio_status take_blocks(nescio_ctx *ctx, void *arg)
{
    const size_t small = 1000, large = (size_t)5 << 20;
    void *a = nescio_block_alloc(small), *b = nescio_block_alloc(large);
    const bool ok = a && b;

    (void)arg;
    nescio_block_free(a, small);
    nescio_block_free(b, large);
    return ok ? NESCIO_OK : nescio_fail_nomem(ctx, small + large);
}

static void memory(void **state)
{
    (void)state;
    fail_at_every(FAIL_ALLOC, 0, make_context, NULL);
    fail_at_every(FAIL_ALLOC, 0, fill_arena, NULL);
    fail_at_every(FAIL_ALLOC, 0, fill_buffer, NULL);
    fail_at_every(FAIL_ALLOC, 0, take_blocks, NULL);
}

/* Replaces "f"; afterwards it is the old file or the new one, whole. */
static nescio_status replace(nescio_ctx *ctx, void *arg)
{
    const nescio_piece pieces[] = {{"new ", 4}, {"text", 4}}, old = {"old", 3};
    nescio_status st;
    nescio_file f;
    nescio_ctx *calm;

    (void)arg;
    st = nescio_file_write(ctx, "f", 0644, pieces, 2);
    fail_at_rest();
    assert_int_equal(nescio_ctx_new(&calm), NESCIO_OK);
    assert_int_equal(nescio_file_open(calm, &f, "f"), NESCIO_OK);
    assert_int_equal(f.bytes, st == NESCIO_OK ? 8 : 3);
    assert_memory_equal(f.data, st == NESCIO_OK ? "new text" : "old", f.bytes);
    nescio_file_close(&f);
    assert_int_equal(nescio_file_write(calm, "f", 0644, &old, 1), NESCIO_OK);
    nescio_ctx_free(calm);
    return st;
}

/* open, two writes, fsync, close, rename; then without harm open, fsync and close of the folder. */
static void file_write(void **state)
{
    const nescio_piece old = {"old", 3};
    nescio_ctx *ctx;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    assert_int_equal(nescio_file_write(ctx, "f", 0644, &old, 1), NESCIO_OK);
    nescio_ctx_free(ctx);
    fail_at_every(FAIL_FILE, 3, replace, NULL);
    fail_at_every(FAIL_INTERRUPT, 0, replace, NULL);
    fail_at_every(FAIL_SHORT, 0, replace, NULL);
    unlink("f");
}

/* A file without a size is read piece by piece. */
static nescio_status read_stream(nescio_ctx *ctx, void *arg)
{
    nescio_file f;

    (void)arg;
    NESCIO_TRY(nescio_file_open(ctx, &f, "/proc/self/maps"));
    assert_true(!f.mapped && f.bytes > 100);
    nescio_file_close(&f);
    return NESCIO_OK;
}

static nescio_status read_missing(nescio_ctx *ctx, void *arg)
{
    nescio_file f;
    const nescio_status st = nescio_file_open(ctx, &f, "/proc/self/status");

    (void)arg;
    fail_at_rest();
    if (st != NESCIO_OK)
        assert_true(!f.data && f.bytes == 0);
    nescio_file_close(&f);
    return st;
}

/* The close of a file that was only read may fail: its bytes are there. */
static void file_read(void **state)
{
    (void)state;
    fail_at_every(FAIL_ALLOC, 0, read_stream, NULL);
    fail_at_every(FAIL_FILE, 1, read_missing, NULL);
    fail_at_every(FAIL_INTERRUPT, 0, read_stream, NULL);
    fail_at_every(FAIL_SHORT, 0, read_missing, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory),
                                       cmocka_unit_test_setup_teardown(file_write, enter, leave),
                                       cmocka_unit_test(file_read)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
