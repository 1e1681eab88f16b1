/* SPDX-License-Identifier: Apache-2.0
 * The context's message, threads, progress and cancellation; big blocks. */
#include "base/ctx.h"
#include "base/pool.h"
#include "support.h"

static int new_ctx(void **state)
{
    return nescio_ctx_new((nescio_ctx **)state) != NESCIO_OK;
}

static int free_ctx(void **state)
{
    nescio_ctx_free(*state);
    return 0;
}

static void message_names_the_failure(void **state)
{
    nescio_ctx *ctx = *state;

    assert_string_equal(nescio_ctx_message(ctx), "");
    assert_int_equal(nescio_fail(ctx, NESCIO_E_FORMAT, "node '%s': %d", "conv1", 3),
                     NESCIO_E_FORMAT);
    assert_string_equal(nescio_ctx_message(ctx), "node 'conv1': 3");
    /* a message may quote the one that it replaces */
    assert_int_equal(nescio_fail(ctx, NESCIO_E_IO, "x.npy: %s", nescio_ctx_message(ctx)),
                     NESCIO_E_IO);
    assert_string_equal(nescio_ctx_message(ctx), "x.npy: node 'conv1': 3");
    assert_int_equal(nescio_fail_nomem(ctx, 12345), NESCIO_E_NOMEM);
    assert_non_null(strstr(nescio_ctx_message(ctx), "12345"));
    assert_int_equal(nescio_fail(NULL, NESCIO_E_ARG, "nobody listens"), NESCIO_E_ARG);
    assert_string_equal(nescio_ctx_message(NULL), "");
}

static void message_is_safe_to_print(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"a\nb\tc\x1b[31m\x7f", "a?b?c?[31m?"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xc2\x9b"
         "2J",
         "??2J"},                                           /* CSI as a C1 control */
        {"\x80 \xff \xc0\x80", "? ? ??"},                   /* stray, never valid, overlong zero */
        {"\xe0\x80\x80 \xf0\x80\x80\x80", "??? ????"},      /* overlong */
        {"\xed\xa0\x80", "???"},                            /* surrogate */
        {"\xf4\x90\x80\x80 \xf5\x80\x80\x80", "???? ????"}, /* over U+10FFFF */
        {"\xe2\x82", "??"},                                 /* cut */
        {"\xc2", "?"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)nescio_fail(*state, NESCIO_E_FORMAT, "%s", cases[i].in);
        assert_string_equal(nescio_ctx_message(*state), cases[i].out);
    }
}

/* The cut at 1 KB falls between, before, or inside characters of 1 to 4 bytes; what stays is whole.
 */
static void message_is_cut_between_characters(void **state)
{
    static const char *const characters[] = {"x", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

    for (size_t width = 1; width <= 4; width++)
        for (size_t shift = 0; shift < 4; shift++) {
            char text[3000] = "", expected[1100] = "";

            memset(text, 'y', shift);
            memset(expected, 'y', shift);
            while (strlen(text) < 1100) {
                strcat(text, characters[width - 1]);
                if (strlen(text) <= 1023)
                    strcpy(expected, text);
            }
            (void)nescio_fail(*state, NESCIO_E_FORMAT, "%s", text);
            assert_string_equal(nescio_ctx_message(*state), expected);
        }
}

static void threads(void **state)
{
    nescio_ctx *ctx = *state;

    assert_int_equal(nescio_ctx_threads(ctx), 1);
    assert_int_equal(nescio_ctx_set_threads(ctx, 0), NESCIO_E_ARG);
    assert_int_equal(nescio_ctx_set_threads(ctx, 257), NESCIO_E_ARG);
    assert_non_null(strstr(nescio_ctx_message(ctx), "257"));
    assert_int_equal(nescio_ctx_set_threads(ctx, 3), NESCIO_OK);
    assert_int_equal(nescio_ctx_threads(ctx), 3);
    assert_int_equal(nescio_pool_workers(nescio_ctx_pool(ctx)), 3);
    assert_ptr_equal(nescio_ctx_pool(ctx), nescio_ctx_pool(ctx));
    assert_int_equal(nescio_ctx_set_threads(ctx, 3), NESCIO_OK);
    assert_int_equal(nescio_ctx_set_threads(ctx, 2),
                     NESCIO_E_ARG); /* the pool is borrowed already */
    assert_int_equal(nescio_ctx_threads(ctx), 3);
}

typedef struct heard {
    char stage[32];
    uint64_t done, total;
    int calls, answer;
} heard;

static int listen_to(const char *stage, uint64_t done, uint64_t total, void *user)
{
    heard *h = user;

    snprintf(h->stage, sizeof h->stage, "%s", stage);
    h->done = done;
    h->total = total;
    h->calls++;
    return h->answer;
}

static void progress_and_cancel(void **state)
{
    nescio_ctx *ctx = *state;
    heard h = {.answer = 0};

    assert_int_equal(nescio_progress(ctx, "make keys", 1, 9), NESCIO_OK); /* nobody listens */
    nescio_ctx_set_progress(ctx, listen_to, &h);
    assert_int_equal(nescio_progress(ctx, "make keys", 2, 9), NESCIO_OK);
    assert_string_equal(h.stage, "make keys");
    assert_true(h.calls == 1 && h.done == 2 && h.total == 9);
    h.answer = 1;
    assert_int_equal(nescio_progress(ctx, "make keys", 3, 9), NESCIO_E_CANCELLED);
    assert_string_equal(nescio_ctx_message(ctx), "make keys: cancelled after 3 of 9");
    h.answer = 0;
    assert_int_equal(nescio_progress(ctx, "make keys", 4, 9), NESCIO_OK);
    nescio_ctx_cancel(ctx);
    nescio_ctx_cancel(ctx);
    assert_int_equal(nescio_progress(ctx, "search", 5, 9), NESCIO_E_CANCELLED);
    assert_int_equal(nescio_progress(ctx, "search", 6, 9), NESCIO_OK); /* the request is used up */
    nescio_ctx_set_progress(ctx, NULL, NULL);
    nescio_ctx_cancel(ctx);
    assert_int_equal(nescio_progress(ctx, "search", 7, 9), NESCIO_E_CANCELLED);
    assert_int_equal(h.calls, 5);
}

static void work_is_bounded(void **state)
{
    nescio_ctx *ctx = *state;

    assert_int_equal(nescio_spend(NULL, UINT64_MAX), NESCIO_OK);
    assert_int_equal(nescio_spend(ctx, UINT64_MAX - 1), NESCIO_OK); /* nobody set a bound */
    assert_true(nescio_ctx_work(ctx) == UINT64_MAX);
    nescio_ctx_set_work(ctx, 10);
    assert_int_equal(nescio_spend(ctx, 4), NESCIO_OK);
    assert_int_equal(nescio_spend(ctx, 6), NESCIO_OK);
    assert_int_equal(nescio_ctx_work(ctx), 0);
    assert_int_equal(nescio_spend(ctx, 0), NESCIO_OK);
    assert_int_equal(nescio_spend(ctx, 1), NESCIO_E_UNSUPPORTED);
    nescio_ctx_set_work(ctx, 10);
    assert_int_equal(nescio_spend(ctx, 11), NESCIO_E_UNSUPPORTED);
    assert_int_equal(nescio_ctx_work(ctx), 0); /* what was refused ends it */
    assert_string_equal(nescio_ctx_message(ctx), "needs more work than it may cause here");
    nescio_ctx_set_work(ctx, UINT64_MAX);
    assert_int_equal(nescio_spend(ctx, 11), NESCIO_OK);
}

static void blocks(void **state)
{
    static const size_t sizes[] = {
        0, 1, 63, 64, 65, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, (5 << 20) + 12345};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *block = nescio_block_alloc(sizes[i]);

        assert_non_null(block);
        assert_int_equal((uintptr_t)block % (sizes[i] >= 2 << 20 ? 2 << 20 : 64), 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(block[k], 0);
        memset(block, 0xa5, sizes[i]);
        nescio_block_free(block, sizes[i]);
    }
    assert_null(nescio_block_alloc(SIZE_MAX));
    assert_null(nescio_block_alloc(SIZE_MAX / 2));
    nescio_block_free(NULL, 5);
    nescio_ctx_free(NULL);
}

static void status_names(void **state)
{
    (void)state;
    for (int st = 0; st >= NESCIO_E_PASSPHRASE; st--)
        for (int other = st - 1; other >= NESCIO_E_PASSPHRASE - 1; other--)
            assert_string_not_equal(nescio_status_name((nescio_status)st),
                                    nescio_status_name((nescio_status)other));
    assert_string_equal(nescio_status_name(NESCIO_E_NOMEM), "out of memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(message_names_the_failure, new_ctx, free_ctx),
        cmocka_unit_test_setup_teardown(message_is_safe_to_print, new_ctx, free_ctx),
        cmocka_unit_test_setup_teardown(message_is_cut_between_characters, new_ctx, free_ctx),
        cmocka_unit_test_setup_teardown(threads, new_ctx, free_ctx),
        cmocka_unit_test_setup_teardown(progress_and_cancel, new_ctx, free_ctx),
        cmocka_unit_test_setup_teardown(work_is_bounded, new_ctx, free_ctx),
        cmocka_unit_test(blocks),
        cmocka_unit_test(status_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
