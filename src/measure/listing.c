/* SPDX-License-Identifier: Apache-2.0
 * A list of rows in the making: enough runs of a call for a minimum and a median. */
#include "measure/measure_internal.h"

#include <stdlib.h>

enum { MAX_RUNS = 201 };

nescio_status nescio_listing_open(nescio_ctx *ctx, const nescio_measure_options *options,
                                  nescio_measure_fn fn, void *user, listing *out)
{
    nescio_isa isa;

    *out = (listing){.ctx = ctx, .options = options, .fn = fn, .user = user};
    if (options->batch > NESCIO_MEASURE_MAX_BATCH)
        return nescio_fail(ctx, NESCIO_E_ARG, "batch of %u ciphertexts: 1 to %d are accepted",
                           options->batch, NESCIO_MEASURE_MAX_BATCH);
    NESCIO_TRY(nescio_isa_in_force(&isa));
    NESCIO_TRY(nescio_clocks_open(ctx, &out->clocks));
    out->isa = nescio_isa_name(isa);
    out->multiply_adds = nescio_multiply_add_rate(isa);
    return NESCIO_OK;
}

struct nescio_pool *nescio_listing_pool(const listing *l, uint32_t threads)
{
    return threads > 1 ? l->clocks.pool : NULL;
}

batches nescio_listing_batches(const listing *l, bool large)
{
    if (l->options->batch)
        return (batches){{l->options->batch}, 1};
    return large ? (batches){{1, 8}, 2} : (batches){{1, 16, 64}, 3};
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Short calls are timed many at once: a clock read takes a microsecond on some machines. */
typedef struct repeated {
    void (*call)(void *);
    void *arg;
    size_t times;
} repeated;

static void run_repeated(void *arg)
{
    const repeated *r = arg;

    for (size_t i = 0; i < r->times; i++)
        r->call(r->arg);
}

nescio_status nescio_listing_row(listing *l, nescio_measure_row row, double multiply_adds,
                                 void (*call)(void *), void *arg)
{
    const double sample = 5e-4, enough = l->options->full ? 2.0 : 0.3;
    const int least_runs = l->options->full ? 15 : 5;
    repeated r = {call, arg, 1};
    double runs[MAX_RUNS], total = 0, once;
    int n = 0;

    NESCIO_TRY(nescio_progress(l->ctx, "bench", l->n_rows, l->n_rows + 1));
    l->n_rows++;
    call(arg); /* first touch of memory */
    once = nescio_clocks_time(&l->clocks, row.threads, run_repeated, &r);
    if (once < sample)
        r.times = once > 1e-9 ? (size_t)(sample / once) + 1 : 1000;
    while (n < MAX_RUNS && (n < least_runs || total < enough)) {
        runs[n] = nescio_clocks_time(&l->clocks, row.threads, run_repeated, &r);
        total += runs[n++];
    }
    qsort(runs, (size_t)n, sizeof *runs, compare);
    const double to_ms = 1e3 / ((double)r.times * row.batch);
    row.isa = l->isa;
    row.min_ms = runs[0] * to_ms;
    row.median_ms = runs[n / 2] * to_ms;
    row.bound_ms = 1e3 * multiply_adds / l->multiply_adds / row.threads;
    if (l->fn(&row, l->user) != 0)
        return nescio_fail(l->ctx, NESCIO_E_CANCELLED, "bench: stopped by the caller");
    return NESCIO_OK;
}
