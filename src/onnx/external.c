/* SPDX-License-Identifier: Apache-2.0
 * External data: weights in files beside the model.
 *
 * A model is untrusted and so is the path it names. The path is walked from the model's folder
 * component by component without following symbolic links, "..", or an absolute start; the file
 * must be regular and have one name only (a hard link could be another user's file that this
 * process may read). */
#include "onnx/tensor_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096

typedef struct mapped_file {
    struct mapped_file *next;
    const char *location;
    void *data; /* NULL: empty file */
    size_t bytes;
} mapped_file;

struct nescio_onnx_files {
    nescio_arena *arena;
    const char *folder;
    mapped_file *first;
};

static void close_files(void *arg)
{
    const nescio_onnx_files *const files = arg;

    for (const mapped_file *f = files->first; f; f = f->next) {
        if (f->data)
            munmap(f->data, f->bytes);
    }
}

nescio_status nescio_onnx_files_new(nescio_ctx *ctx, nescio_arena *arena, const char *folder,
                                    nescio_onnx_files **out)
{
    nescio_onnx_files *files = nescio_arena_alloc(arena, sizeof *files);

    *out = NULL;
    if (files) {
        files->arena = arena;
        files->folder = nescio_arena_strdup(arena, *folder ? folder : ".");
    }
    if (!files || !files->folder || !nescio_arena_on_free(arena, close_files, files))
        return nescio_fail_nomem(ctx, sizeof *files);
    *out = files;
    return NESCIO_OK;
}

static nescio_status refuse(nescio_ctx *ctx, const char *location, const char *why)
{
    return nescio_fail(ctx, NESCIO_E_FORMAT, "external data '%s': %s", location, why);
}

size_t nescio_onnx_files_bytes(const nescio_onnx_files *files)
{
    size_t bytes = 0;

    for (const mapped_file *f = files->first; f; f = f->next)
        bytes += f->bytes;
    return bytes;
}

/* Opens `location` below the folder; the caller closes *fd. */
static nescio_status open_below(nescio_ctx *ctx, const char *folder, const char *location, int *fd)
{
    char part[PATH_BYTES_MAX];
    const char *at = location;
    int here;

    *fd = -1;
    if (*location == '\0' || *location == '/' || strlen(location) >= sizeof part)
        return refuse(ctx, location, "must be a path relative to the model");
    here = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (here >= 0) {
        const size_t n = strcspn(at, "/");
        const bool last = at[n] == '\0';
        int next;

        memcpy(part, at, n);
        part[n] = '\0';
        if (n == 0 || strcmp(part, "..") == 0) {
            close(here);
            return refuse(ctx, location, "must be a path relative to the model, without '..'");
        }
        next = openat(here, part,
                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (last ? 0 : O_DIRECTORY));
        close(here);
        here = next;
        if (last)
            break;
        at += n + 1;
    }
    if (here < 0)
        return nescio_fail(ctx, NESCIO_E_IO, "external data '%s': cannot open: %s", location,
                           errno == ELOOP ? "is a symbolic link" : strerror(errno));
    *fd = here;
    return NESCIO_OK;
}

static nescio_status map_file(nescio_ctx *ctx, int fd, mapped_file *f)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return nescio_fail(ctx, NESCIO_E_IO, "external data '%s': %s", f->location,
                           strerror(errno));
    if (!S_ISREG(info.st_mode))
        return refuse(ctx, f->location, "is not a regular file");
    if (info.st_nlink > 1)
        return refuse(ctx, f->location, "has more than one name (hard links are refused)");
    if ((uintmax_t)info.st_size > SIZE_MAX)
        return refuse(ctx, f->location, "is too large");
    f->bytes = (size_t)info.st_size;
    if (f->bytes == 0)
        return NESCIO_OK;
    f->data = mmap(NULL, f->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (f->data == MAP_FAILED) {
        f->data = NULL;
        return nescio_fail(ctx, NESCIO_E_IO, "external data '%s': cannot map: %s", f->location,
                           strerror(errno));
    }
    return NESCIO_OK;
}

/* The mapped file of that location, opened now or before. */
static nescio_status find_file(nescio_ctx *ctx, nescio_onnx_files *files, nescio_slice location,
                               const mapped_file **out)
{
    mapped_file *f;
    nescio_status st;
    int fd;

    for (f = files->first; f; f = f->next) {
        if (nescio_slice_is(location, f->location)) {
            *out = f;
            return NESCIO_OK;
        }
    }
    f = nescio_arena_alloc(files->arena, sizeof *f);
    if (!f || !(f->location =
                    nescio_arena_strndup(files->arena, (const char *)location.at, location.bytes)))
        return nescio_fail_nomem(ctx, sizeof *f);
    NESCIO_TRY(open_below(ctx, files->folder, f->location, &fd));
    st = map_file(ctx, fd, f);
    close(fd);
    if (st != NESCIO_OK)
        return st;
    f->next = files->first;
    files->first = f;
    *out = f;
    return NESCIO_OK;
}

/* A decimal number without sign; false otherwise. */
static bool parse_decimal(nescio_slice text, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || __builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (uint64_t)(text.at[i] - '0'), out))
            return false;
    }
    return text.bytes > 0;
}

nescio_status nescio_onnx_files_get(nescio_ctx *ctx, nescio_onnx_files *files,
                                    const nescio_onnx_tensor *t, nescio_slice *out)
{
    const mapped_file *file = NULL;
    uint64_t offset = 0, length;

    if (!t->location.at)
        return refuse(ctx, "", "a tensor without a location");
    NESCIO_TRY(find_file(ctx, files, t->location, &file));
    if (t->offset.at && !parse_decimal(t->offset, &offset))
        return refuse(ctx, file->location, "an offset that is no number");
    if (offset > file->bytes)
        return refuse(ctx, file->location, "an offset beyond the end of the file");
    length = file->bytes - offset;
    if (t->length.at && !parse_decimal(t->length, &length))
        return refuse(ctx, file->location, "a length that is no number");
    if (length > file->bytes - offset)
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "external data '%s': tensor '%.*s' ends at byte %llu of a file of %zu",
                           file->location, NESCIO_SLICE_ARGS(t->name),
                           (unsigned long long)(offset + length), file->bytes);
    *out = (nescio_slice){file->data ? (const uint8_t *)file->data + offset : NULL, (size_t)length};
    return NESCIO_OK;
}
