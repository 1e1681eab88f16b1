/* SPDX-License-Identifier: Apache-2.0
 * Makes the evaluation key of a pair: bootstrapping, key-switching and output keys under one fresh
 * mask seed.
 *
 * Workers take rows; each row has a mask stream (public seed) and a noise stream (its own seed,
 * locked), so that keys do not depend on how many workers there are. The pool runs in slices, and
 * progress is reported between them. */
#include "secret/secret_internal.h"

#include <string.h>

typedef struct making_phase {
    nescio_job_fn job;
    size_t n_jobs, slice; /* slice: jobs between reports, about 10 ms of one core */
} making_phase;

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static nescio_status allocate(nescio_ctx *ctx, nescio_key_making *making, unsigned n_workers)
{
    const nescio_tfhe_params *p = &making->key->params;
    nescio_evaluation_key *out = making->out;
    size_t matrix_words;

    making->out_stride = nescio_size_round_up(p->out_poly_size, 16);
    matrix_words = (size_t)p->out_glwe_dim * p->out_poly_size * making->out_stride;
    making->scratch_bytes =
        max_size(nescio_make_ggsw_bytes(making),
                 max_size(nescio_make_switch_bytes(making), nescio_make_output_bytes(making)));
    making->noise_seed = nescio_secret_alloc(NESCIO_SEED_BYTES);
    making->out_matrix = nescio_secret_alloc(matrix_words * sizeof *making->out_matrix);
    making->scratch = nescio_secret_alloc(n_workers * making->scratch_bytes);
    out->bootstrap = nescio_block_alloc(out->bootstrap_bytes);
    out->keyswitch = nescio_block_alloc(out->keyswitch_bytes);
    out->output = nescio_block_alloc(out->output_bytes);
    if (!making->noise_seed || !making->out_matrix || !making->scratch || !out->bootstrap ||
        !out->keyswitch || !out->output)
        return nescio_fail_nomem(ctx, out->bootstrap_bytes + out->keyswitch_bytes +
                                          out->output_bytes + n_workers * making->scratch_bytes);
    return NESCIO_OK;
}

static nescio_status run_phases(nescio_ctx *ctx, nescio_key_making *making,
                                struct nescio_pool *pool)
{
    const size_t big = nescio_tfhe_big_dim(&making->key->params);
    const making_phase phases[] = {
        {nescio_make_ggsw, nescio_tfhe_n_ggsw(&making->key->params), 128},
        {nescio_make_switch_rows, big, 1024},
        {nescio_make_output_rows, big, 512},
    };
    const size_t total = phases[0].n_jobs + 2 * big;
    size_t done = 0;

    for (size_t i = 0; i < 3; i++)
        for (making->first = 0; making->first < phases[i].n_jobs;
             making->first += phases[i].slice) {
            const size_t left = phases[i].n_jobs - making->first;
            const size_t n = left < phases[i].slice ? left : phases[i].slice;

            NESCIO_TRY(nescio_progress(ctx, "make evaluation key", done, total));
            nescio_pool_run(pool, n, phases[i].job, making);
            done += n;
        }
    return nescio_progress(ctx, "make evaluation key", done, total);
}

nescio_status nescio_evaluation_key_make(nescio_ctx *ctx, const nescio_secret_key *key,
                                         nescio_evaluation_key *out)
{
    struct nescio_pool *pool = nescio_ctx_pool(ctx);
    nescio_key_making making = {.key = key, .out = out};
    nescio_status st;

    NESCIO_TRY(nescio_evaluation_key_sizes(ctx, &key->params, out));
    memcpy(out->id, key->id, sizeof out->id);
    st = nescio_glwe_secret_init(ctx, &making.glwe, key);
    if (st == NESCIO_OK)
        st = allocate(ctx, &making, nescio_pool_workers(pool));
    if (st == NESCIO_OK)
        st = nescio_random_bytes(ctx, out->seed, sizeof out->seed);
    if (st == NESCIO_OK)
        st = nescio_random_bytes(ctx, making.noise_seed, NESCIO_SEED_BYTES);
    if (st == NESCIO_OK) {
        nescio_make_output_matrix(&making);
        st = run_phases(ctx, &making, pool);
    }
    nescio_secret_free(making.scratch);
    nescio_secret_free(making.out_matrix);
    nescio_secret_free(making.noise_seed);
    nescio_glwe_secret_deinit(&making.glwe);
    if (st != NESCIO_OK)
        nescio_evaluation_key_free(out);
    return st;
}
