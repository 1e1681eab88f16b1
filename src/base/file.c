/* SPDX-License-Identifier: Apache-2.0
 * Whole files in, whole files out. A file is mapped where the system can; pipes, terminals and the
 * files of /proc (which claim no size) are read to their end. */
#include "base/file.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES     ((size_t)1 << 16)
#define WRITE_BYTES    ((size_t)32 << 20) /* between two looks at the cancel flag */
#define TEMPORARY_MOST 100                /* names tried */

static nescio_status fail_io(nescio_ctx *ctx, const char *path, const char *verb, int error)
{
    return nescio_fail(ctx, NESCIO_E_IO, "'%s': cannot %s: %s", path, verb, strerror(error));
}

/* Reads fd to its end into memory that *out owns. */
static nescio_status read_stream(nescio_ctx *ctx, nescio_file *out, int fd, const char *path)
{
    size_t bytes = 0, capacity = 0;
    uint8_t *data = NULL;

    for (;;) {
        ssize_t n;

        if (bytes == capacity) {
            const size_t more = capacity ? capacity * 2 : READ_BYTES;
            uint8_t *grown = more > capacity ? realloc(data, more) : NULL;

            if (!grown) {
                free(data);
                return nescio_fail(ctx, NESCIO_E_NOMEM, "'%s': no memory for more than %zu bytes",
                                   path, bytes);
            }
            data = grown;
            capacity = more;
        }
        n = read(fd, data + bytes, capacity - bytes);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR) {
            const int error = errno;

            free(data);
            return fail_io(ctx, path, "read", error);
        }
        bytes += n > 0 ? (size_t)n : 0;
    }
    if (bytes == 0) {
        free(data);
        data = NULL;
    }
    *out = (nescio_file){.data = data, .bytes = bytes, .mapped = false};
    return NESCIO_OK;
}

static nescio_status read_descriptor(nescio_ctx *ctx, nescio_file *out, int fd, const char *path)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return fail_io(ctx, path, "read", errno);
    if (S_ISDIR(info.st_mode))
        return nescio_fail(ctx, NESCIO_E_IO, "'%s': is a folder, not a file", path);
    if (S_ISREG(info.st_mode) && info.st_size > 0 && (uintmax_t)info.st_size <= SIZE_MAX &&
        fd != STDIN_FILENO) { /* stdin may have been read in part */
        const size_t bytes = (size_t)info.st_size;
        void *map = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);

        if (map != MAP_FAILED) {
            *out = (nescio_file){.data = map, .bytes = bytes, .mapped = true};
            return NESCIO_OK;
        }
    }
    return read_stream(ctx, out, fd, path);
}

nescio_status nescio_file_open(nescio_ctx *ctx, nescio_file *out, const char *path)
{
    nescio_status st;
    int fd;

    *out = (nescio_file){0};
    if (strcmp(path, "-") == 0)
        return read_descriptor(ctx, out, STDIN_FILENO, "stdin");
    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return fail_io(ctx, path, "open", errno);
    st = read_descriptor(ctx, out, fd, path);
    close(fd);
    return st;
}

void nescio_file_close(nescio_file *file)
{
    union {
        const uint8_t *borrowed;
        void *owned;
    } data = {.borrowed = file->data}; /* munmap and free take a pointer to non-const */

    if (file->mapped)
        munmap(data.owned, file->bytes);
    else
        free(data.owned);
    *file = (nescio_file){0};
}

/* Writes every piece. A write that a signal interrupts goes on; a file of over 32 MB reports
 * progress, so that a handler that asks for cancellation stops it. */
static nescio_status write_pieces(nescio_ctx *ctx, int fd, const char *path,
                                  const nescio_piece *pieces, size_t n_pieces)
{
    uint64_t total = 0, done = 0, reported = 0;

    for (size_t i = 0; i < n_pieces; i++)
        total += pieces[i].bytes;
    for (size_t i = 0; i < n_pieces; i++) {
        const uint8_t *at = pieces[i].data;
        size_t left = pieces[i].bytes;

        while (left > 0) {
            const ssize_t n = write(fd, at, left < WRITE_BYTES ? left : WRITE_BYTES);

            if (n < 0 && errno != EINTR)
                return fail_io(ctx, path, "write", errno);
            if (n <= 0)
                continue;
            at += n;
            left -= (size_t)n;
            done += (uint64_t)n;
            if (done - reported >= WRITE_BYTES) {
                reported = done;
                NESCIO_TRY(nescio_progress(ctx, "write file", done, total));
            }
        }
    }
    return NESCIO_OK;
}

/* fsync; file systems that have none are taken at their word. */
static nescio_status sync_descriptor(nescio_ctx *ctx, int fd, const char *path)
{
    int result;

    do
        result = fsync(fd);
    while (result != 0 && errno == EINTR);
    if (result == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS)
        return NESCIO_OK;
    return fail_io(ctx, path, "write", errno);
}

/* Length of the folder part of a path, with its '/'; 0: the current folder. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Creates a file of a new name beside `path`; its name into `name` (n bytes). The mode is set at
 * creation (and so cut by the umask). Returns the descriptor or -1 with errno. */
static int create_beside(char *name, size_t n, const char *path, unsigned mode)
{
    static atomic_uint serial;

    for (int i = 0; i < TEMPORARY_MOST; i++) {
        const int length = snprintf(name, n, "%.*s.nescio-%ld-%u.tmp", (int)folder_length(path),
                                    path, (long)getpid(), atomic_fetch_add(&serial, 1));
        int fd;

        if (length < 0 || (size_t)length >= n) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
        if (fd >= 0 || (errno != EEXIST && errno != EINTR))
            return fd;
    }
    errno = EEXIST;
    return -1;
}

/* Makes the rename durable. Best effort: the new file is in place already, and not every folder
 * can. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const size_t n = folder_length(path);
    int fd;

    if (n >= sizeof folder)
        return;
    memcpy(folder, n ? path : "./", n ? n : 2);
    folder[n ? n : 2] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

/* `target` is `shown` with symbolic links resolved. */
static nescio_status replace_file(nescio_ctx *ctx, const char *target, const char *shown,
                                  unsigned mode, const nescio_piece *pieces, size_t n_pieces)
{
    char temporary[PATH_MAX];
    nescio_status st;
    const int fd = create_beside(temporary, sizeof temporary, target, mode);

    if (fd < 0)
        return fail_io(ctx, shown, "create", errno);
    st = write_pieces(ctx, fd, shown, pieces, n_pieces);
    if (st == NESCIO_OK)
        st = sync_descriptor(ctx, fd, shown);
    if (close(fd) != 0 && st == NESCIO_OK && errno != EINTR) /* network file systems report here */
        st = fail_io(ctx, shown, "write", errno);
    if (st == NESCIO_OK && rename(temporary, target) != 0)
        st = fail_io(ctx, shown, "replace", errno);
    if (st != NESCIO_OK) {
        unlink(temporary);
        return st;
    }
    sync_folder(target);
    return NESCIO_OK;
}

/* A device, a pipe, a terminal: nothing to replace. */
static nescio_status write_through(nescio_ctx *ctx, const char *path, const nescio_piece *pieces,
                                   size_t n_pieces)
{
    nescio_status st;
    int fd;

    do
        fd = open(path, O_WRONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return fail_io(ctx, path, "open", errno);
    st = write_pieces(ctx, fd, path, pieces, n_pieces);
    if (close(fd) != 0 && st == NESCIO_OK && errno != EINTR)
        st = fail_io(ctx, path, "write", errno);
    return st;
}

nescio_status nescio_file_write(nescio_ctx *ctx, const char *path, unsigned mode,
                                const nescio_piece *pieces, size_t n_pieces)
{
    struct stat info;
    char *target;
    nescio_status st;

    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0)
        return write_pieces(ctx, STDOUT_FILENO, "stdout", pieces, n_pieces);
    if (stat(path, &info) != 0) /* no such file yet, or a link to none: rename takes its place */
        return replace_file(ctx, path, path, mode, pieces, n_pieces);
    if (S_ISDIR(info.st_mode))
        return nescio_fail(ctx, NESCIO_E_IO, "'%s': is a folder, not a file", path);
    if (!S_ISREG(info.st_mode))
        return write_through(ctx, path, pieces, n_pieces);
    target = realpath(path, NULL); /* the file that a link names is replaced, not the link */
    if (!target)
        return fail_io(ctx, path, "replace", errno);
    st = replace_file(ctx, target, path, mode, pieces, n_pieces);
    free(target);
    return st;
}
