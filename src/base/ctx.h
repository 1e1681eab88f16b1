/* SPDX-License-Identifier: Apache-2.0
 * The context: message of the last failure, threads, progress, cancellation.
 *
 * A context is used by one thread at a time; only nescio_ctx_cancel may come from another.
 * Workers of the pool never touch it: they report to their job. */
#ifndef NESCIO_BASE_CTX_H
#define NESCIO_BASE_CTX_H
#include "nescio/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define NESCIO_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define NESCIO_PRINTF(fmt, args)
#endif

/** Return the status of a call that failed. Only where nothing needs cleaning up. */
#define NESCIO_TRY(call)                                                                           \
    do {                                                                                           \
        const nescio_status nescio_try_ = (call);                                                  \
        if (nescio_try_ != NESCIO_OK)                                                              \
            return nescio_try_;                                                                    \
    } while (0)

typedef struct nescio_ctx nescio_ctx;
struct nescio_pool;

/** Told how far long work is: `done` of `total` units of `stage` (a short lower-case phrase, "make
 * keys"). Returns non-zero to stop the work with NESCIO_E_CANCELLED. Called on the context's own
 * thread. */
typedef int (*nescio_progress_fn)(const char *stage, uint64_t done, uint64_t total, void *user);

/** Returns new; NESCIO_E_NOMEM. One thread, no progress, by default. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_ctx_new(nescio_ctx **out);
/** Stops the pool. Accepts NULL. */
NESCIO_API void nescio_ctx_free(nescio_ctx *ctx);

/** The one line that explains the last failure; "" when there was none. Valid until the next
 * failure. */
NESCIO_API const char *nescio_ctx_message(const nescio_ctx *ctx);
/** Records a one-line message (printf style, cut at 1 KB, control characters replaced) and returns
 * `st`: `return nescio_fail(ctx, NESCIO_E_FORMAT, "tensor '%s': ...", name);` Names the object,
 * says what was found and what is accepted. Never a secret. ctx may be NULL: no message. */
nescio_status nescio_fail(nescio_ctx *ctx, nescio_status st, const char *format, ...)
    NESCIO_PRINTF(3, 4);
/** Puts "'NAME': " in front of the message of a call that does not know which file it looked at,
 * and returns `st`, that call's status. Leaves NESCIO_OK and NESCIO_E_NOMEM as they are. */
nescio_status nescio_fail_in(nescio_ctx *ctx, nescio_status st, const char *name);
/** NESCIO_E_NOMEM with a message that gives the size. */
nescio_status nescio_fail_nomem(nescio_ctx *ctx, size_t bytes);

/** Threads that batch work may use, 1 ... 256. NESCIO_E_ARG once the pool runs with another number.
 */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_ctx_set_threads(nescio_ctx *ctx,
                                                                  unsigned n_threads);
unsigned nescio_ctx_threads(const nescio_ctx *ctx);
/** The context's worker pool, made at the first call. Borrowed. NULL: no memory or no thread. */
struct nescio_pool *nescio_ctx_pool(nescio_ctx *ctx);

NESCIO_API void nescio_ctx_set_progress(nescio_ctx *ctx, nescio_progress_fn fn, void *user);
/** Reports progress; NESCIO_E_CANCELLED when the callback or nescio_ctx_cancel asked to stop. */
NESCIO_MUST_CHECK nescio_status nescio_progress(nescio_ctx *ctx, const char *stage, uint64_t done,
                                                uint64_t total);
/** What calls on this context may still do, in units: a byte of a tensor that is made, a product
 * that is computed, a node that is run. For models that nobody vouches for: bounds time and memory
 * of what they make the executor do. UINT64_MAX, the default: no bound. */
void nescio_ctx_set_work(nescio_ctx *ctx, uint64_t units);
uint64_t nescio_ctx_work(const nescio_ctx *ctx);
/** Takes `units` off before they are worked; NESCIO_E_UNSUPPORTED when there are not so many, and
 * none are left then. ctx may be NULL. */
NESCIO_MUST_CHECK nescio_status nescio_spend(nescio_ctx *ctx, uint64_t units);
/** Asks the running call to stop at its next progress report, which uses the request up. Any
 * thread, async-signal-safe. */
NESCIO_API void nescio_ctx_cancel(nescio_ctx *ctx);

/** Big, long-lived blocks (keys, packages): zeroed, 64-byte aligned; from 2 MB on 2 MB aligned with
 * huge pages advised. NULL: no memory. Not for secrets (secret/memory.h). */
void *nescio_block_alloc(size_t bytes);
/** `bytes` as given to alloc. Accepts NULL. */
void nescio_block_free(void *block, size_t bytes);
#endif /* NESCIO_BASE_CTX_H */
