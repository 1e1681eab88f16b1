/* SPDX-License-Identifier: Apache-2.0
 * Worker pool: a fixed set of threads that share one list of jobs at a time. */
#ifndef NESCIO_BASE_POOL_H
#define NESCIO_BASE_POOL_H
#include "nescio/error.h"

#include <stddef.h>

typedef struct nescio_pool nescio_pool;

/** One job: index in [0, n_jobs), and the worker that runs it, in [0, n_workers): for its scratch.
 */
typedef void (*nescio_job_fn)(void *arg, size_t i_job, unsigned i_worker);

/** Returns new; NULL: no memory or no thread. The caller of nescio_pool_run is worker 0, so
 * n_workers - 1 threads are started. */
nescio_pool *nescio_pool_new(unsigned n_workers);
/** Joins the threads. Accepts NULL. */
void nescio_pool_free(nescio_pool *pool);
unsigned nescio_pool_workers(const nescio_pool *pool);
/** Runs fn for every index; jobs are taken one by one by whoever is free. Returns when all are
 * done. No allocation. Calls from several threads queue up; a job may not call it. pool == NULL
 * runs all jobs on the caller. */
void nescio_pool_run(nescio_pool *pool, size_t n_jobs, nescio_job_fn fn, void *arg);
#endif /* NESCIO_BASE_POOL_H */
