/* SPDX-License-Identifier: Apache-2.0
 * The calls that can be made to fail, the books on what they gave, and the loop over k. */
#include "fail_at.h"
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#define POINTERS_MOST                                                                              \
    (1u << 17) /* live pieces of memory; a power of two, twice what any case needs */
#define FIRST_ALL    500u
#define CHOSEN_LATER 500u

/* What is to happen. One lock for all of it: workers of a pool allocate too. */
static struct {
    pthread_mutex_t lock;
    bool armed;  /* count and fail; otherwise calls go through */
    bool sticky; /* later calls fail as well */
    fail_kind kind;
    size_t n_calls;                  /* of that kind so far */
    size_t k;                        /* the call that fails, from 1; 0: none */
    size_t mapped;                   /* bytes mapped and not unmapped, in pages */
    const void *live[POINTERS_MOST]; /* open addressing; NULL: free, &gone: was used */
    size_t n_live;
} plan = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char gone;

static size_t slot_of(const void *p)
{
    return (size_t)(((uintptr_t)p >> 4) * 0x9e3779b97f4a7c15u >> 40) & (POINTERS_MOST - 1);
}

/* Notes a piece of memory that was handed out. */
static void *note(void *p)
{
    size_t i = slot_of(p);

    if (!p)
        return NULL;
    pthread_mutex_lock(&plan.lock);
    while (plan.live[i] && plan.live[i] != &gone)
        i = (i + 1) & (POINTERS_MOST - 1);
    plan.live[i] = p;
    plan.n_live++;
    pthread_mutex_unlock(&plan.lock);
    return p;
}

/* Forgets one that is freed; memory that a library allocated is not in the books. */
static void forget(const void *p)
{
    size_t i = slot_of(p);

    if (!p)
        return;
    pthread_mutex_lock(&plan.lock);
    while (plan.live[i] && plan.live[i] != p)
        i = (i + 1) & (POINTERS_MOST - 1);
    if (plan.live[i]) {
        plan.live[i] = &gone;
        plan.n_live--;
    }
    pthread_mutex_unlock(&plan.lock);
}

/* Counts a call; true when it is to fail. */
static bool falls(fail_kind kind)
{
    bool now;

    pthread_mutex_lock(&plan.lock);
    now = plan.armed && plan.kind == kind;
    if (now) {
        plan.n_calls++;
        now = plan.k != 0 && (plan.sticky ? plan.n_calls >= plan.k : plan.n_calls == plan.k);
    }
    pthread_mutex_unlock(&plan.lock);
    return now;
}

void fail_at_rest(void)
{
    pthread_mutex_lock(&plan.lock);
    plan.armed = false;
    pthread_mutex_unlock(&plan.lock);
}

/* The names are the linker's: a call to f becomes one to __wrap_f, and __real_f is f itself. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
int __real_posix_memalign(void **out, size_t align, size_t n);
void __real_free(void *p);
void *__real_sodium_malloc(size_t n);
void __real_sodium_free(void *p);
void *__real_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t n);
int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg);
nescio_status __real_nescio_random_bytes(nescio_ctx *ctx, void *out, size_t n);
int __real_open64(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __real_write(int fd, const void *p, size_t n);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_close(int fd);

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
int __wrap_posix_memalign(void **out, size_t align, size_t n);
void __wrap_free(void *p);
void *__wrap_sodium_malloc(size_t n);
void __wrap_sodium_free(void *p);
void *__wrap_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t n);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg);
nescio_status __wrap_nescio_random_bytes(nescio_ctx *ctx, void *out, size_t n);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_close(int fd);

/* An allocation that fails sets errno as the real one does. */
static bool no_memory(void)
{
    if (!falls(FAIL_ALLOC))
        return false;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t n)
{
    return no_memory() ? NULL : note(__real_malloc(n));
}

void *__wrap_calloc(size_t count, size_t n)
{
    return no_memory() ? NULL : note(__real_calloc(count, n));
}

void *__wrap_realloc(void *p, size_t n)
{
    void *moved;

    if (no_memory())
        return NULL;
    forget(p); /* before another thread may get the same address */
    moved = __real_realloc(p, n);
    note(moved ? moved : p);
    return moved;
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    return no_memory() ? NULL : note(__real_aligned_alloc(align, n));
}

int __wrap_posix_memalign(void **out, size_t align, size_t n)
{
    const int error = no_memory() ? ENOMEM : __real_posix_memalign(out, align, n);

    if (error == 0)
        note(*out);
    return error;
}

void __wrap_free(void *p)
{
    forget(p);
    __real_free(p);
}

void *__wrap_sodium_malloc(size_t n)
{
    return no_memory() ? NULL : note(__real_sodium_malloc(n));
}

void __wrap_sodium_free(void *p)
{
    forget(p);
    __real_sodium_free(p);
}

static size_t pages(size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (n + page - 1) / page * page;
}

void *__wrap_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    void *p;

    if (fd < 0 && no_memory())
        return MAP_FAILED;
    p = __real_mmap64(at, n, protection, flags, fd, offset);
    pthread_mutex_lock(&plan.lock);
    plan.mapped += p != MAP_FAILED ? pages(n) : 0;
    pthread_mutex_unlock(&plan.lock);
    return p;
}

int __wrap_munmap(void *at, size_t n)
{
    const int result = __real_munmap(at, n);

    pthread_mutex_lock(&plan.lock);
    plan.mapped -= result == 0 ? pages(n) : 0;
    pthread_mutex_unlock(&plan.lock);
    return result;
}

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg)
{
    return no_memory() ? EAGAIN : __real_pthread_create(t, a, f, arg);
}

nescio_status __wrap_nescio_random_bytes(nescio_ctx *ctx, void *out, size_t n)
{
    if (falls(FAIL_RANDOM))
        return nescio_fail(ctx, NESCIO_E_RNG, "no entropy, as asked for");
    return __real_nescio_random_bytes(ctx, out, n);
}

/* A file call that fails, or (may_interrupt) is interrupted. */
static bool no_file(int error, bool may_interrupt)
{
    if (falls(FAIL_FILE))
        errno = error;
    else if (may_interrupt && falls(FAIL_INTERRUPT))
        errno = EINTR;
    else
        return false;
    return true;
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list args;
    unsigned mode = 0;

    if (flags & O_CREAT) {
        va_start(args, flags);
        mode = va_arg(args, unsigned);
        va_end(args);
    }
    return no_file(EMFILE, true) ? -1 : __real_open64(path, flags, mode);
}

ssize_t __wrap_read(int fd, void *p, size_t n)
{
    if (no_file(EIO, true))
        return -1;
    return __real_read(fd, p, falls(FAIL_SHORT) && n > 1 ? 1 : n);
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    if (no_file(ENOSPC, true))
        return -1;
    return __real_write(fd, p, falls(FAIL_SHORT) && n > 1 ? 1 : n);
}

int __wrap_fsync(int fd)
{
    return no_file(EIO, true) ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return no_file(EACCES, false) ? -1 : __real_rename(from, to);
}

int __wrap_close(int fd)
{
    const int result = __real_close(fd); /* closed, whatever it says */

    return no_file(EIO, false) ? -1 : result;
}

static size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t n = 0;

    while (folder && readdir(folder))
        n++;
    if (folder)
        closedir(folder);
    return n;
}

/* One run with call k failing; what is left over fails the test. */
static nescio_status run_once(fail_kind kind, size_t k, bool sticky, fail_case run, void *arg)
{
    const size_t descriptors = open_descriptors(), live = plan.n_live, mapped = plan.mapped;
    nescio_ctx *ctx;
    nescio_status st;
    bool silent;

    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    plan.kind = kind;
    plan.k = k;
    plan.sticky = sticky;
    plan.n_calls = 0;
    plan.armed = true;
    st = run(ctx, arg);
    fail_at_rest();
    silent = nescio_ctx_message(ctx)[0] == '\0';
    nescio_ctx_free(ctx);
    if (st != NESCIO_OK && silent)
        fail_msg("call %zu%s: '%s' without a message", k, sticky ? " and later" : "",
                 nescio_status_name(st));
    if (plan.n_live != live || plan.mapped != mapped)
        fail_msg("call %zu%s: %zu pieces of memory and %zu mapped bytes are left over", k,
                 sticky ? " and later" : "", plan.n_live - live, plan.mapped - mapped);
    if (open_descriptors() != descriptors)
        fail_msg("call %zu%s: a descriptor is left open", k, sticky ? " and later" : "");
    return st;
}

/* Every k, once; returns how many runs went well all the same. */
static unsigned run_all(fail_kind kind, size_t n_calls, bool sticky, nescio_status expected,
                        fail_case run, void *arg)
{
    const size_t step =
        n_calls > FIRST_ALL + CHOSEN_LATER ? (n_calls - FIRST_ALL) / CHOSEN_LATER + 1 : 1;
    unsigned harmless = 0;

    for (size_t k = 1; k <= n_calls; k += k < FIRST_ALL ? 1 : step) {
        const nescio_status st = run_once(kind, k, sticky, run, arg);

        if (st != expected && st != NESCIO_OK)
            fail_msg("call %zu of %zu%s: got '%s', not '%s'", k, n_calls,
                     sticky ? " and later" : "", nescio_status_name(st),
                     nescio_status_name(expected));
        harmless += st == NESCIO_OK;
    }
    return harmless;
}

void fail_at_every(fail_kind kind, unsigned harmless, fail_case run, void *arg)
{
    static const nescio_status expected[] = {NESCIO_E_NOMEM, NESCIO_E_RNG, NESCIO_E_IO, NESCIO_OK,
                                             NESCIO_OK};
    unsigned survived;
    size_t n_calls;

    assert_int_equal(run_once(kind, 0, false, run, arg), NESCIO_OK);
    n_calls = plan.n_calls;
    if (n_calls == 0)
        fail_msg("the case makes no call of this kind");
    survived = run_all(kind, n_calls, false, expected[kind], run, arg);
    if (expected[kind] == NESCIO_OK)
        return; /* interrupted for ever would be for ever */
    if (survived != harmless)
        fail_msg("%u of %zu calls can fail without harm, not %u", survived, n_calls, harmless);
    survived = run_all(kind, n_calls, true, expected[kind], run, arg);
    if (survived > harmless)
        fail_msg("%u of %zu calls and all later ones can fail without harm, not %u", survived,
                 n_calls, harmless);
}
