/* SPDX-License-Identifier: Apache-2.0
 * Worker pool. A run is opened under the lock, and workers join it under the lock while it is open;
 * they then take indexes from one atomic counter. The caller works too, closes the run, and waits
 * only for the workers that joined: one that wakes late finds the run closed and sleeps on. */
#include "base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct pool_thread {
    nescio_pool *pool;
    pthread_t handle;
    unsigned i_worker; /* 1 ... n_workers - 1 */
} pool_thread;

struct nescio_pool {
    unsigned n_workers;     /* with the caller */
    unsigned n_started;     /* threads that run */
    pthread_mutex_t one;    /* held through a run: runs from several threads queue up */
    pthread_mutex_t lock;   /* guards open, stop, n_joined, n_runs */
    pthread_cond_t opened;  /* a run was opened, or stop was set */
    pthread_cond_t settled; /* n_joined fell to 0 */
    bool open, stop;
    unsigned n_joined;
    uint64_t n_runs; /* so that a worker joins a run once */
    /* The open run: written under the lock before workers join, read without it by those who did.
     */
    nescio_job_fn fn;
    void *arg;
    size_t n_jobs;
    atomic_size_t next; /* next index to take */
    pool_thread threads[];
};

/* What this thread is working for: a job that runs its own pool would wait for itself. */
static _Thread_local const nescio_pool *working_for;

static void take_jobs(nescio_pool *pool, unsigned i_worker)
{
    const nescio_pool *before = working_for;

    working_for = pool;
    for (;;) {
        const size_t i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);

        if (i >= pool->n_jobs)
            break;
        pool->fn(pool->arg, i, i_worker);
    }
    working_for = before;
}

static void *worker_main(void *arg)
{
    const pool_thread *self = arg;
    nescio_pool *pool = self->pool;
    uint64_t seen = 0;

    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->stop && (!pool->open || pool->n_runs == seen))
            pthread_cond_wait(&pool->opened, &pool->lock);
        if (pool->stop)
            break;
        seen = pool->n_runs;
        pool->n_joined++;
        pthread_mutex_unlock(&pool->lock);
        take_jobs(pool, self->i_worker);
        pthread_mutex_lock(&pool->lock);
        if (--pool->n_joined == 0)
            pthread_cond_signal(&pool->settled);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Starts the threads with every signal blocked, so that handlers run on the program's own threads.
 */
static bool start_threads(nescio_pool *pool)
{
    sigset_t all, before;
    bool ok = true;

    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    for (unsigned i = 0; ok && i + 1 < pool->n_workers; i++) {
        pool_thread *t = &pool->threads[i];

        *t = (pool_thread){.pool = pool, .i_worker = i + 1};
        ok = pthread_create(&t->handle, NULL, worker_main, t) == 0;
        pool->n_started += ok;
    }
    return pthread_sigmask(SIG_SETMASK, &before, NULL) == 0 && ok;
}

nescio_pool *nescio_pool_new(unsigned n_workers)
{
    nescio_pool *pool;

    assert(n_workers >= 1);
    pool = calloc(1, sizeof *pool + (n_workers - 1) * sizeof pool->threads[0]);
    if (!pool)
        return NULL;
    pool->n_workers = n_workers;
    atomic_init(&pool->next, 0);
    /* With default attributes these four allocate nothing and cannot fail on any system built for.
     */
    pthread_mutex_init(&pool->one, NULL);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->opened, NULL);
    pthread_cond_init(&pool->settled, NULL);
    if (!start_threads(pool)) {
        nescio_pool_free(pool);
        return NULL;
    }
    return pool;
}

void nescio_pool_free(nescio_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->opened);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->n_started; i++)
        pthread_join(pool->threads[i].handle, NULL);
    pthread_cond_destroy(&pool->settled);
    pthread_cond_destroy(&pool->opened);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->one);
    free(pool);
}

unsigned nescio_pool_workers(const nescio_pool *pool)
{
    return pool ? pool->n_workers : 1;
}

void nescio_pool_run(nescio_pool *pool, size_t n_jobs, nescio_job_fn fn, void *arg)
{
    if (!pool || pool->n_workers == 1) {
        for (size_t i = 0; i < n_jobs; i++)
            fn(arg, i, 0);
        return;
    }
    assert(working_for != pool);
    pthread_mutex_lock(&pool->one);
    pthread_mutex_lock(&pool->lock);
    pool->fn = fn;
    pool->arg = arg;
    pool->n_jobs = n_jobs;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    pool->n_runs++;
    pool->open = n_jobs > 1; /* one job: nobody else is woken */
    if (pool->open)
        pthread_cond_broadcast(&pool->opened);
    pthread_mutex_unlock(&pool->lock);

    take_jobs(pool, 0);

    pthread_mutex_lock(&pool->lock);
    pool->open = false;
    while (pool->n_joined > 0)
        pthread_cond_wait(&pool->settled, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&pool->one);
}
