/* SPDX-License-Identifier: Apache-2.0
 * CPU clocks of a pool's threads.
 *
 * A shared machine's wall clock counts the work of others; a thread's CPU clock does not. */
#include "base/clock.h"
#include "measure/measure_internal.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

typedef struct roll_call {
    clocks *clocks;
    _Atomic unsigned present;
} roll_call;

/* Each worker takes one such job, because none ends before all have begun. */
static void answer_roll(void *arg, size_t i_job, unsigned i_worker)
{
    roll_call *roll = arg;
    clockid_t id;

    (void)i_job;
    if (pthread_getcpuclockid(pthread_self(), &id) == 0)
        roll->clocks->ids[i_worker] = id;
    atomic_fetch_add(&roll->present, 1);
    while (atomic_load(&roll->present) < roll->clocks->n)
        sched_yield();
}

nescio_status nescio_clocks_open(nescio_ctx *ctx, clocks *c)
{
    roll_call roll = {.clocks = c};

    *c = (clocks){.n = nescio_ctx_threads(ctx), .ids = {CLOCK_THREAD_CPUTIME_ID}};
    if (c->n == 1)
        return NESCIO_OK;
    for (unsigned i = 1; i < c->n; i++)
        c->ids[i] = CLOCK_PROCESS_CPUTIME_ID; /* where a thread has no clock: never too little */
    c->pool = nescio_ctx_pool(ctx);
    if (!c->pool)
        return nescio_fail(ctx, NESCIO_E_NOMEM, "cannot start %u threads", c->n);
    nescio_pool_run(c->pool, c->n, answer_roll, &roll);
    return NESCIO_OK;
}

double nescio_clocks_time(const clocks *c, unsigned n_threads, void (*call)(void *), void *arg)
{
    double from[256], most = 0;

    for (unsigned i = 0; i < n_threads; i++)
        from[i] = nescio_clock_seconds(c->ids[i]);
    call(arg);
    for (unsigned i = 0; i < n_threads; i++) {
        const double took = nescio_clock_seconds(c->ids[i]) - from[i];

        most = took > most ? took : most;
    }
    return most;
}
