/* SPDX-License-Identifier: Apache-2.0
 * The harness itself: it must see a leak, a forgotten check, a descriptor left open, a silent
 * failure. */
#include "fail_at.h"
#include "random/random.h"
#include "support.h"

#include <fcntl.h>
#include <sys/wait.h>

static nescio_status good(nescio_ctx *ctx, void *arg)
{
    uint8_t seed[32];
    void *a = malloc(10), *b = a ? realloc(a, 100) : NULL;
    nescio_status st;

    (void)arg;
    if (!b) {
        free(a);
        return nescio_fail_nomem(ctx, 10);
    }
    free(b);
    st = nescio_random_bytes(ctx, seed, sizeof seed);
    return st != NESCIO_OK ? st : nescio_random_bytes(ctx, seed, sizeof seed);
}

static nescio_status leaks(nescio_ctx *ctx, void *arg)
{
    void *a = malloc(10), *b = malloc(10);

    (void)arg;
    if (!a || !b)
        return nescio_fail_nomem(ctx, 10); /* without a or b, if there was one */
    free(a);
    free(b);
    return NESCIO_OK;
}

static nescio_status ignores(nescio_ctx *ctx, void *arg)
{
    (void)ctx, (void)arg;
    free(malloc(10));
    return NESCIO_OK;
}

static nescio_status wrong_status(nescio_ctx *ctx, void *arg)
{
    void *a = malloc(10);

    (void)arg;
    free(a);
    return a ? NESCIO_OK : nescio_fail(ctx, NESCIO_E_FORMAT, "no");
}

static nescio_status silent(nescio_ctx *ctx, void *arg)
{
    void *a = malloc(10);

    (void)ctx, (void)arg;
    free(a);
    return a ? NESCIO_OK : NESCIO_E_NOMEM;
}

static nescio_status keeps_open(nescio_ctx *ctx, void *arg)
{
    const int fd = open("/dev/null", O_RDONLY);
    char c;

    (void)arg;
    if (fd < 0)
        return nescio_fail(ctx, NESCIO_E_IO, "open");
    if (read(fd, &c, 1) < 0)
        return nescio_fail(ctx, NESCIO_E_IO, "read"); /* without closing */
    close(fd);
    return NESCIO_OK;
}

static struct {
    fail_kind kind;
    unsigned harmless;
    fail_case run;
} now;

static void one_case(void **state)
{
    (void)state;
    fail_at_every(now.kind, now.harmless, now.run, NULL);
}

/* Whether fail_at_every passes, in a child whose words are dropped. */
static bool passes(fail_kind kind, unsigned harmless, fail_case run)
{
    int status;
    pid_t child;

    now.kind = kind;
    now.harmless = harmless;
    now.run = run;
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(one_case)};
        const int nowhere = open("/dev/null", O_WRONLY);

        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        _exit(cmocka_run_group_tests(tests, NULL, NULL) == 0 ? 0 : 3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3));
    return WEXITSTATUS(status) == 0;
}

static void verdicts(void **state)
{
    (void)state;
    assert_true(passes(FAIL_ALLOC, 0, good));
    assert_true(passes(FAIL_RANDOM, 0, good));
    assert_false(passes(FAIL_ALLOC, 1, good)); /* harmless is exact */
    assert_false(passes(FAIL_FILE, 0, good));  /* makes no such call */
    assert_false(passes(FAIL_ALLOC, 0, leaks));
    assert_false(passes(FAIL_ALLOC, 0, ignores));
    assert_true(passes(FAIL_ALLOC, 1, ignores));
    assert_false(passes(FAIL_ALLOC, 0, wrong_status));
    assert_false(passes(FAIL_ALLOC, 0, silent));
    assert_false(passes(FAIL_FILE, 1, keeps_open));
    assert_false(passes(FAIL_INTERRUPT, 0, keeps_open)); /* gives up on EINTR */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
