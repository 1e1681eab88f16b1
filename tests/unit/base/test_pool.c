/* SPDX-License-Identifier: Apache-2.0
 * The pool runs every job once, on workers whose indexes never meet, and runs of several threads
 * queue up. */
#include "base/pool.h"
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define WORKERS_MOST 8
#define JOBS_MOST    1000

typedef struct tally {
    atomic_uint runs[JOBS_MOST];
    atomic_int busy[WORKERS_MOST]; /* 1 while a job runs with that worker index */
    atomic_uint clashes;
    unsigned n_workers;
} tally;

static void count_job(void *arg, size_t i_job, unsigned i_worker)
{
    tally *t = arg;

    if (i_worker >= t->n_workers || atomic_fetch_add(&t->busy[i_worker], 1) != 0)
        atomic_fetch_add(&t->clashes, 1);
    atomic_fetch_add(&t->runs[i_job], 1);
    atomic_fetch_sub(&t->busy[i_worker], 1);
}

static void every_job_once(void **state)
{
    static tally t;

    (void)state;
    for (unsigned n_workers = 1; n_workers <= WORKERS_MOST; n_workers++) {
        nescio_pool *pool = nescio_pool_new(n_workers);

        assert_non_null(pool);
        assert_int_equal(nescio_pool_workers(pool), n_workers);
        memset(&t, 0, sizeof t);
        t.n_workers = n_workers;
        for (size_t n_jobs = 0; n_jobs <= JOBS_MOST; n_jobs += n_jobs < 20 ? 1 : 245)
            nescio_pool_run(pool, n_jobs, count_job, &t);
        /* sizes 0, 1 ... 20, 265, 510, 755, 1000: job i ran in every run of more than i jobs */
        for (size_t i = 0; i < JOBS_MOST; i++) {
            const unsigned expected = (unsigned)(i < 20    ? 24 - i
                                                 : i < 265 ? 4
                                                 : i < 510 ? 3
                                                 : i < 755 ? 2
                                                           : 1);

            assert_int_equal(t.runs[i], expected);
        }
        assert_int_equal(t.clashes, 0);
        nescio_pool_free(pool);
    }
}

static void many_short_runs(void **state)
{
    static tally t;
    nescio_pool *pool = nescio_pool_new(4);

    (void)state;
    assert_non_null(pool);
    memset(&t, 0, sizeof t);
    t.n_workers = 4;
    for (int i = 0; i < 3000; i++)
        nescio_pool_run(pool, 5, count_job, &t);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(t.runs[i], 3000);
    assert_int_equal(t.clashes, 0);
    nescio_pool_free(pool);
}

typedef struct rendezvous {
    atomic_uint arrived;
    unsigned n;
} rendezvous;

/* Ends only when all jobs are in it at once: they must run on as many threads. */
static void meet(void *arg, size_t i_job, unsigned i_worker)
{
    rendezvous *r = arg;

    (void)i_job, (void)i_worker;
    atomic_fetch_add(&r->arrived, 1);
    while (atomic_load(&r->arrived) < r->n)
        ;
}

static void workers_work_at_once(void **state)
{
    nescio_pool *pool = nescio_pool_new(3);
    rendezvous r = {.n = 3};

    (void)state;
    nescio_pool_run(pool, 3, meet, &r);
    assert_int_equal(r.arrived, 3);
    nescio_pool_free(pool);
}

static void no_pool_runs_here(void **state)
{
    static tally t;

    (void)state;
    memset(&t, 0, sizeof t);
    t.n_workers = 1;
    nescio_pool_run(NULL, 7, count_job, &t);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(t.runs[i], 1);
    assert_int_equal(nescio_pool_workers(NULL), 1);
    nescio_pool_free(NULL);
}

typedef struct straggler {
    atomic_uint arrived, left, finished;
} straggler;

/* The caller's job ends first; the other worker's ends long after it. */
static void straggle(void *arg, size_t i_job, unsigned i_worker)
{
    straggler *s = arg;

    (void)i_job;
    atomic_fetch_add(&s->arrived, 1);
    while (atomic_load(&s->arrived) < 2)
        sched_yield();
    if (i_worker == 0) {
        atomic_store(&s->left, 1);
    } else {
        while (!atomic_load(&s->left))
            sched_yield();
        for (int i = 0; i < 2000; i++)
            sched_yield();
    }
    atomic_fetch_add(&s->finished, 1);
}

static void run_waits_for_stragglers(void **state)
{
    nescio_pool *pool = nescio_pool_new(2);

    (void)state;
    assert_non_null(pool);
    for (int i = 0; i < 20; i++) {
        straggler s = {0};

        nescio_pool_run(pool, 2, straggle, &s);
        assert_int_equal(s.finished, 2);
    }
    nescio_pool_free(pool);
}

typedef struct caller {
    nescio_pool *pool;
    size_t n_jobs;
    bool own;         /* the run in progress is this caller's */
    atomic_uint runs; /* of its jobs */
    atomic_uint strangers;
    pthread_t thread;
} caller;

static void job_of_caller(void *arg, size_t i_job, unsigned i_worker)
{
    caller *c = arg;

    (void)i_worker;
    atomic_fetch_add(&c->runs, 1);
    if (!c->own || i_job >= c->n_jobs)
        atomic_fetch_add(&c->strangers, 1);
    sched_yield();
}

static void *call_often(void *arg)
{
    caller *c = arg;

    for (int i = 0; i < 300; i++) {
        c->own = true;
        nescio_pool_run(c->pool, c->n_jobs, job_of_caller, c);
        c->own = false;
    }
    return NULL;
}

/* Three threads share a pool: each gets its own jobs run, so many and no others. */
static void callers_queue_up(void **state)
{
    nescio_pool *pool = nescio_pool_new(3);
    caller callers[3];

    (void)state;
    assert_non_null(pool);
    memset(callers, 0, sizeof callers);
    for (size_t i = 0; i < 3; i++) {
        callers[i].pool = pool;
        callers[i].n_jobs = 3 + 4 * i;
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
    }
    for (size_t i = 0; i < 3; i++)
        pthread_join(callers[i].thread, NULL);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(callers[i].runs, 300 * callers[i].n_jobs);
        assert_int_equal(callers[i].strangers, 0);
    }
    nescio_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_once),           cmocka_unit_test(many_short_runs),
        cmocka_unit_test(workers_work_at_once),     cmocka_unit_test(no_pool_runs_here),
        cmocka_unit_test(run_waits_for_stragglers), cmocka_unit_test(callers_queue_up)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
