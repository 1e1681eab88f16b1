/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/bench.h over the room measure. */
#include "nescio/bench.h"

#include "measure/measure.h"

typedef struct receiver {
    nescio_bench_fn fn;
    void *user;
} receiver;

static int pass_on(const nescio_measure_row *row, void *user)
{
    const receiver *to = user;
    const nescio_bench_row out = {.what = row->what,
                                  .variant = row->variant,
                                  .isa = row->isa,
                                  .n = row->n,
                                  .k = row->k,
                                  .N = row->poly_size,
                                  .level = row->levels,
                                  .base_log = row->base_log,
                                  .batch = row->batch,
                                  .threads = row->threads,
                                  .min_ms = row->min_ms,
                                  .median_ms = row->median_ms,
                                  .bound_ms = row->bound_ms};

    return to->fn(&out, to->user);
}

typedef nescio_status (*measure_call)(nescio_ctx *ctx, const nescio_measure_options *options,
                                      nescio_measure_fn fn, void *user);

static nescio_status bench(nescio_ctx *ctx, const nescio_bench_options *options, measure_call call,
                           receiver to)
{
    nescio_measure_options wish = {.variant = NULL};
    uint32_t variant;

    if (options) {
        wish.batch = options->batch;
        wish.full = options->full != 0;
        if (options->variant) {
            if (!nescio_pbs_variant_find(options->variant, &variant))
                return nescio_fail(ctx, NESCIO_E_ARG,
                                   "variant '%s': classical, unrolled2, block2, block3, block4 and "
                                   "block8 are accepted",
                                   options->variant);
            wish.variant = &variant;
        }
    }
    return call(ctx, &wish, pass_on, &to);
}

nescio_status nescio_bench_kernels(nescio_ctx *ctx, const nescio_bench_options *options,
                                   nescio_bench_fn fn, void *user)
{
    return bench(ctx, options, nescio_measure_kernels, (receiver){fn, user});
}

nescio_status nescio_bench_pbs(nescio_ctx *ctx, const nescio_bench_options *options,
                               nescio_bench_fn fn, void *user)
{
    return bench(ctx, options, nescio_measure_pbs, (receiver){fn, user});
}
