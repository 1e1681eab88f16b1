/* SPDX-License-Identifier: Apache-2.0
 * The wrapped calls, and their sums. */
#include "count_memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

static int64_t live, most;

void count_memory_begin(void)
{
    live = most = 0;
}

size_t count_memory_most(void)
{
    return (size_t)most;
}

size_t count_memory_left(void)
{
    return live > 0 ? (size_t)live : 0;
}

/* What a request would bring the sum to; before it is made, so that one which fails is seen. */
static void ask(size_t n)
{
    const int64_t sum = n > INT64_MAX / 4 ? INT64_MAX / 4 : live + (int64_t)n;

    most = sum > most ? sum : most;
}

static void *got(void *p)
{
    live += p ? (int64_t)malloc_usable_size(p) : 0;
    most = live > most ? live : most;
    return p;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
int __real_posix_memalign(void **out, size_t align, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void __real_free(void *p);
void *__real_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t n);

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
int __wrap_posix_memalign(void **out, size_t align, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void __wrap_free(void *p);
void *__wrap_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t n);

void *__wrap_malloc(size_t n)
{
    ask(n);
    return got(__real_malloc(n));
}

void *__wrap_calloc(size_t count, size_t n)
{
    size_t bytes;

    ask(__builtin_mul_overflow(count, n, &bytes) ? SIZE_MAX : bytes);
    return got(__real_calloc(count, n));
}

void *__wrap_realloc(void *p, size_t n)
{
    const int64_t before = p ? (int64_t)malloc_usable_size(p) : 0;
    void *moved;

    ask(n);
    moved = __real_realloc(p, n);
    live -= moved ? before : 0;
    return got(moved);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    ask(n);
    return got(__real_aligned_alloc(align, n));
}

int __wrap_posix_memalign(void **out, size_t align, size_t n)
{
    int error;

    ask(n);
    error = __real_posix_memalign(out, align, n);
    if (error == 0)
        got(*out);
    return error;
}

char *__wrap_strdup(const char *s)
{
    return got(__real_strdup(s));
}

char *__wrap_strndup(const char *s, size_t n)
{
    return got(__real_strndup(s, n));
}

void __wrap_free(void *p)
{
    live -= p ? (int64_t)malloc_usable_size(p) : 0;
    __real_free(p);
}

/* Mapped files count as well: munmap does not tell them apart. */
void *__wrap_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    void *p;

    ask(n);
    p = __real_mmap64(at, n, protection, flags, fd, offset);
    live += p != MAP_FAILED ? (int64_t)n : 0;
    most = live > most ? live : most;
    return p;
}

int __wrap_munmap(void *at, size_t n)
{
    live -= (int64_t)n;
    return __real_munmap(at, n);
}
