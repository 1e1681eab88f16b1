/* SPDX-License-Identifier: Apache-2.0
 * The context that every call takes: the message of the last failure, threads, progress,
 * cancellation. */
#ifndef NESCIO_CONTEXT_H
#define NESCIO_CONTEXT_H
#include "nescio/error.h"

#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
typedef struct nescio_ctx nescio_ctx;

/** Told how far long work is: `done` of `total` units of `stage` ("evaluate"). Returns non-zero to
 * stop the work, which then returns NESCIO_E_CANCELLED. Called on the thread of the call that
 * works. */
typedef int (*nescio_progress_fn)(const char *stage, uint64_t done, uint64_t total, void *user);

/** Returns new in *out: one thread, no progress. NESCIO_E_NOMEM. A context serves one thread at a
 * time. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_ctx_new(nescio_ctx **out);
/** Frees it, after every object made with it. Accepts NULL. */
NESCIO_API void nescio_ctx_free(nescio_ctx *ctx);
/** One line that explains the last failure, "" when there was none. Owned by the context, valid
 * until the next call. */
NESCIO_API const char *nescio_ctx_message(const nescio_ctx *ctx);
/** Threads for heavy work, 1 ... 256; before the first heavy call. NESCIO_E_ARG. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_ctx_set_threads(nescio_ctx *ctx,
                                                                  unsigned n_threads);
/** fn NULL: no progress. */
NESCIO_API void nescio_ctx_set_progress(nescio_ctx *ctx, nescio_progress_fn fn, void *user);
/** Asks the running call to stop. May come from another thread or a signal handler. */
NESCIO_API void nescio_ctx_cancel(nescio_ctx *ctx);
#ifdef __cplusplus
}
#endif
#endif /* NESCIO_CONTEXT_H */
