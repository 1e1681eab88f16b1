/* SPDX-License-Identifier: Apache-2.0
 * Files: what is written is read back; the old file survives a failure; nothing temporary stays
 * behind (test_leave_folder finds anything left over). */
#include "base/file.h"
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

typedef struct fixture {
    nescio_ctx *ctx;
    char folder[64];
} fixture;

static fixture here;

static int enter(void **state)
{
    (void)state;
    test_enter_folder(here.folder);
    return nescio_ctx_new(&here.ctx) != NESCIO_OK;
}

static int leave(void **state)
{
    (void)state;
    nescio_ctx_free(here.ctx);
    test_leave_folder(here.folder);
    return 0;
}

static nescio_status put(const char *path, const char *text)
{
    const nescio_piece piece = {text, strlen(text)};

    return nescio_file_write(here.ctx, path, 0644, &piece, 1);
}

static void expect(const char *path, const void *data, size_t bytes)
{
    nescio_file f;

    assert_int_equal(nescio_file_open(here.ctx, &f, path), NESCIO_OK);
    assert_int_equal(f.bytes, bytes);
    if (bytes > 0)
        assert_memory_equal(f.data, data, bytes);
    else
        assert_null(f.data);
    nescio_file_close(&f);
    assert_null(f.data);
    nescio_file_close(&f);
}

static void round_trip(void **state)
{
    const nescio_piece pieces[] = {{"one ", 4}, {NULL, 0}, {"two", 3}};
    struct stat info;
    const mode_t mask = umask(022);

    (void)state;
    assert_int_equal(nescio_file_write(here.ctx, "f", 0644, pieces, 3), NESCIO_OK);
    expect("f", "one two", 7);
    assert_int_equal(stat("f", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    assert_int_equal(nescio_file_write(here.ctx, "f", 0600, pieces, 1), NESCIO_OK);
    expect("./f", "one ", 4);
    assert_int_equal(stat("f", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(nescio_file_write(here.ctx, "f", 0600, NULL, 0), NESCIO_OK);
    expect("f", "", 0);
    umask(mask);
    unlink("f");
}

static void failures_name_the_file(void **state)
{
    nescio_file f;

    (void)state;
    assert_int_equal(nescio_file_open(here.ctx, &f, "missing"), NESCIO_E_IO);
    assert_string_equal(nescio_ctx_message(here.ctx),
                        "'missing': cannot open: No such file or directory");
    assert_int_equal(nescio_file_open(here.ctx, &f, "."), NESCIO_E_IO);
    assert_string_equal(nescio_ctx_message(here.ctx), "'.': is a folder, not a file");
    assert_int_equal(put(".", "x"), NESCIO_E_IO);
    assert_string_equal(nescio_ctx_message(here.ctx), "'.': is a folder, not a file");
    assert_int_equal(put("no/such/folder", "x"), NESCIO_E_IO);
    assert_string_equal(nescio_ctx_message(here.ctx),
                        "'no/such/folder': cannot create: No such file or directory");
    assert_int_equal(put("", "x"), NESCIO_E_IO);
}

static void links_stay(void **state)
{
    struct stat info;

    (void)state;
    assert_int_equal(mkdir("sub", 0755), 0);
    assert_int_equal(put("sub/target", "old"), NESCIO_OK);
    assert_int_equal(symlink("sub/target", "link"), 0);
    assert_int_equal(put("link", "new"), NESCIO_OK);
    assert_int_equal(lstat("link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    expect("sub/target", "new", 3);
    expect("link", "new", 3);
    unlink("link");
    unlink("sub/target");
    rmdir("sub");
}

static void *write_to_pipe(void *arg)
{
    *(nescio_status *)arg = put("pipe", "through the pipe");
    return NULL;
}

static void pipes(void **state)
{
    nescio_ctx *reader;
    nescio_status st = NESCIO_E_IO;
    nescio_file f;
    pthread_t thread;
    struct stat info;

    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(nescio_ctx_new(&reader), NESCIO_OK);
    assert_int_equal(pthread_create(&thread, NULL, write_to_pipe, &st), 0);
    assert_int_equal(nescio_file_open(reader, &f, "pipe"), NESCIO_OK);
    pthread_join(thread, NULL);
    assert_int_equal(st, NESCIO_OK);
    assert_false(f.mapped);
    assert_int_equal(f.bytes, 16);
    assert_memory_equal(f.data, "through the pipe", 16);
    nescio_file_close(&f);
    assert_int_equal(stat("pipe", &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    unlink("pipe");
    nescio_ctx_free(reader);
    assert_int_equal(nescio_file_open(here.ctx, &f, "/proc/self/stat"),
                     NESCIO_OK); /* claims no size */
    assert_true(f.bytes > 10);
    nescio_file_close(&f);
}

/* A terminal of the test's own, where no file can be made: a writer that replaced devices by files,
 * run as root on /dev/null, would take the machine's. */
static void devices(void **state)
{
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    const char *path;
    int other_end;
    char text[4] = "";
    struct stat info;

    (void)state;
    assert_true(terminal >= 0);
    assert_int_equal(unlockpt(terminal), 0);
    path = ptsname(terminal);
    assert_non_null(path);
    other_end =
        open(path, O_RDWR | O_NOCTTY); /* what was written must outlive the writer's descriptor */
    assert_true(other_end >= 0);
    assert_int_equal(put(path, "x"), NESCIO_OK);
    assert_int_equal(read(terminal, text, sizeof text), 1);
    assert_int_equal(text[0], 'x');
    assert_int_equal(stat(path, &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    close(other_end);
    close(terminal);
    expect("/dev/null", "", 0);
}

/* Points descriptor `fd` at `path`; returns the old one. */
static int redirect(int fd, const char *path, int flags)
{
    const int saved = dup(fd), other = open(path, flags, 0600);

    assert_true(saved >= 0 && other >= 0);
    assert_int_equal(dup2(other, fd), fd);
    close(other);
    return saved;
}

static void restore(int fd, int saved)
{
    assert_int_equal(dup2(saved, fd), fd);
    close(saved);
}

static void standard_streams(void **state)
{
    char big[200000];
    int saved;

    (void)state;
    memset(big, 'b', sizeof big);
    fflush(stdout);
    saved = redirect(STDOUT_FILENO, "out", O_WRONLY | O_CREAT);
    {
        const nescio_piece pieces[] = {{"a", 1}, {big, sizeof big}};

        const nescio_status first = nescio_file_write(here.ctx, "-", 0600, pieces, 2);
        const nescio_status second = put("/dev/stdout", "after");

        restore(STDOUT_FILENO, saved);
        assert_int_equal(first, NESCIO_OK);
        assert_int_equal(second, NESCIO_OK);
    }
    saved = redirect(STDIN_FILENO, "out", O_RDONLY);
    {
        char *all = malloc(sizeof big + 6);
        char skipped;

        assert_non_null(all);
        all[0] = 'a';
        memcpy(all + 1, big, sizeof big);
        memcpy(all + 1 + sizeof big, "after", 5);
        assert_int_equal(read(STDIN_FILENO, &skipped, 1),
                         1); /* what was read before is not read again */
        expect("-", all + 1, sizeof big + 5);
        free(all);
    }
    restore(STDIN_FILENO, saved);
    unlink("out");
}

static int cancel_at_once(const char *stage, uint64_t done, uint64_t total, void *user)
{
    assert_string_equal(stage, "write file");
    assert_true(done <= total);
    ++*(int *)user;
    return 1;
}

static void cancelled_write_leaves_the_old_file(void **state)
{
    const size_t bytes = (size_t)40 << 20;
    const nescio_piece piece = {nescio_block_alloc(bytes), bytes};
    int calls = 0;

    (void)state;
    assert_non_null(piece.data);
    assert_int_equal(put("f", "old"), NESCIO_OK);
    nescio_ctx_set_progress(here.ctx, cancel_at_once, &calls);
    assert_int_equal(nescio_file_write(here.ctx, "f", 0644, &piece, 1), NESCIO_E_CANCELLED);
    assert_int_equal(calls, 1);
    nescio_ctx_set_progress(here.ctx, NULL, NULL);
    expect("f", "old", 3);
    unlink("f");
    nescio_block_free((void *)(uintptr_t)piece.data, bytes);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(round_trip),
                                       CASE(failures_name_the_file),
                                       CASE(links_stay),
                                       CASE(pipes),
                                       CASE(devices),
                                       CASE(standard_streams),
                                       CASE(cancelled_write_leaves_the_old_file)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
