/* SPDX-License-Identifier: Apache-2.0
 * The context: last message, threads and their pool, progress, cancellation. */
#include "base/ctx.h"

#include "base/pool.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES 1024u
#define THREADS_MAX   256u

struct nescio_ctx {
    char message[MESSAGE_BYTES];
    unsigned n_threads;          /* 1 ... THREADS_MAX */
    nescio_pool *pool;           /* owned; NULL until asked for */
    nescio_progress_fn progress; /* NULL: nobody listens */
    void *progress_user;         /* borrowed */
    uint64_t work;               /* units left; UINT64_MAX: no bound */
    atomic_int cancel;           /* set from any thread or a signal handler */
};

nescio_status nescio_ctx_new(nescio_ctx **out)
{
    nescio_ctx *ctx = calloc(1, sizeof *ctx);

    *out = ctx;
    if (!ctx)
        return NESCIO_E_NOMEM;
    ctx->n_threads = 1;
    ctx->work = UINT64_MAX;
    atomic_init(&ctx->cancel, 0);
    return NESCIO_OK;
}

void nescio_ctx_free(nescio_ctx *ctx)
{
    if (!ctx)
        return;
    nescio_pool_free(ctx->pool);
    free(ctx);
}

const char *nescio_ctx_message(const nescio_ctx *ctx)
{
    return ctx ? ctx->message : "";
}

/* Length of the valid UTF-8 sequence that s starts (RFC 3629: shortest form, no surrogates, up to
 * U+10FFFF); 0 when there is none. s ends with a zero byte, which continues no sequence. */
static size_t utf8_length(const unsigned char *s)
{
    const unsigned char lead = s[0];
    const size_t n = lead < 0x80   ? 1
                     : lead < 0xc2 ? 0
                     : lead < 0xe0 ? 2
                     : lead < 0xf0 ? 3
                     : lead < 0xf5 ? 4
                                   : 0;

    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((lead == 0xe0 && s[1] < 0xa0) || (lead == 0xed && s[1] > 0x9f) ||
        (lead == 0xf0 && s[1] < 0x90) || (lead == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* One line that is safe on a terminal: names out of untrusted files end up in messages. Control
 * characters (C0, DEL, C1 = C2 80 ... C2 9F) and bytes that are not UTF-8 become '?'. */
static void clean_line(char *line)
{
    unsigned char *s = (unsigned char *)line;

    while (*s) {
        const size_t n = utf8_length(s);

        if (n == 0 || (n == 1 && (*s < 0x20 || *s == 0x7f)))
            *s++ = '?';
        else if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0)
            *s++ = '?'; /* its second byte follows as one that is not UTF-8 */
        else
            s += n;
    }
}

/* Drops the start of a character that the cut left without its end. */
static void drop_cut_character(char *text, size_t length)
{
    size_t lead = length;

    while (lead > 0 && length - lead < 4 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
        lead--;
    if (lead > 0 && (unsigned char)text[lead - 1] >= 0xc0 &&
        utf8_length((unsigned char *)&text[lead - 1]) == 0)
        text[lead - 1] = '\0';
}

nescio_status nescio_fail(nescio_ctx *ctx, nescio_status st, const char *format, ...)
{
    char text[MESSAGE_BYTES]; /* an argument may be the message that is being replaced */
    va_list args;
    int length;

    assert(st != NESCIO_OK);
    if (!ctx)
        return st;
    va_start(args, format);
    length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length < 0)
        text[0] = '\0';
    if (length >= (int)sizeof text)
        drop_cut_character(text, sizeof text - 1);
    clean_line(text);
    memcpy(ctx->message, text, sizeof text);
    return st;
}

nescio_status nescio_fail_in(nescio_ctx *ctx, nescio_status st, const char *name)
{
    if (st == NESCIO_OK || st == NESCIO_E_NOMEM || !ctx)
        return st;
    return nescio_fail(ctx, st, "'%s': %s", name, ctx->message);
}

nescio_status nescio_fail_nomem(nescio_ctx *ctx, size_t bytes)
{
    return nescio_fail(ctx, NESCIO_E_NOMEM, "out of memory: %zu bytes could not be allocated",
                       bytes);
}

void nescio_ctx_set_work(nescio_ctx *ctx, uint64_t units)
{
    ctx->work = units;
}

uint64_t nescio_ctx_work(const nescio_ctx *ctx)
{
    return ctx->work;
}

nescio_status nescio_spend(nescio_ctx *ctx, uint64_t units)
{
    if (!ctx || ctx->work == UINT64_MAX)
        return NESCIO_OK;
    if (units > ctx->work) {
        ctx->work = 0;
        return nescio_fail(ctx, NESCIO_E_UNSUPPORTED, "needs more work than it may cause here");
    }
    ctx->work -= units;
    return NESCIO_OK;
}

nescio_status nescio_ctx_set_threads(nescio_ctx *ctx, unsigned n_threads)
{
    if (n_threads < 1 || n_threads > THREADS_MAX)
        return nescio_fail(ctx, NESCIO_E_ARG, "threads: %u asked for; 1 to %u are accepted",
                           n_threads, THREADS_MAX);
    if (ctx->pool && n_threads != ctx->n_threads)
        return nescio_fail(ctx, NESCIO_E_ARG, "threads: %u asked for, but %u are running already",
                           n_threads, ctx->n_threads);
    ctx->n_threads = n_threads;
    return NESCIO_OK;
}

unsigned nescio_ctx_threads(const nescio_ctx *ctx)
{
    return ctx->n_threads;
}

struct nescio_pool *nescio_ctx_pool(nescio_ctx *ctx)
{
    if (!ctx->pool)
        ctx->pool = nescio_pool_new(ctx->n_threads);
    return ctx->pool;
}

void nescio_ctx_set_progress(nescio_ctx *ctx, nescio_progress_fn fn, void *user)
{
    ctx->progress = fn;
    ctx->progress_user = user;
}

nescio_status nescio_progress(nescio_ctx *ctx, const char *stage, uint64_t done, uint64_t total)
{
    int stop = ctx->progress && ctx->progress(stage, done, total, ctx->progress_user) != 0;

    stop |= atomic_exchange(&ctx->cancel, 0);
    if (!stop)
        return NESCIO_OK;
    return nescio_fail(ctx, NESCIO_E_CANCELLED, "%s: cancelled after %" PRIu64 " of %" PRIu64,
                       stage, done, total);
}

void nescio_ctx_cancel(nescio_ctx *ctx)
{
    atomic_store(&ctx->cancel, 1);
}
