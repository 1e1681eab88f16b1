/* SPDX-License-Identifier: Apache-2.0
 * Bootstrapping by variant and shape: blind rotation alone on one thread, and everything from key
 * switch to extraction as the engine does it, on one thread and on all. */
#include "measure/measure_internal.h"

typedef struct shape {
    uint32_t variant, n, k, poly_size, levels, base_log, ks_levels, ks_base_log;
    bool large; /* batches of 8 instead of 16 and 64 */
    bool full;  /* not in the short list */
} shape;

static const shape shapes[] = {
    {NESCIO_PBS_CLASSICAL, 918, 1, 2048, 1, 23, 4, 4, false, false},
    {NESCIO_PBS_UNROLLED2, 918, 1, 2048, 1, 23, 4, 4, false, false},
    {NESCIO_PBS_UNROLLED2, 880, 2, 1024, 1, 23, 8, 2, false, false},
    {NESCIO_PBS_BLOCK3, 930, 1, 2048, 1, 23, 4, 4, false, false},
    {NESCIO_PBS_UNROLLED2, 720, 3, 512, 1, 17, 6, 2, false, true},
    {NESCIO_PBS_CLASSICAL, 880, 2, 1024, 1, 23, 8, 2, false, true},
    {NESCIO_PBS_UNROLLED2, 880, 1, 2048, 1, 23, 8, 2, false, true},
    {NESCIO_PBS_UNROLLED2, 880, 1, 2048, 2, 15, 8, 2, false, true},
    {NESCIO_PBS_BLOCK2, 930, 1, 2048, 1, 23, 4, 4, false, true},
    {NESCIO_PBS_BLOCK4, 960, 1, 2048, 1, 23, 4, 4, false, true},
    {NESCIO_PBS_BLOCK8, 960, 1, 2048, 1, 23, 4, 4, false, true},
    {NESCIO_PBS_CLASSICAL, 929, 1, 4096, 1, 22, 9, 2, true, true},
    {NESCIO_PBS_UNROLLED2, 958, 1, 4096, 1, 22, 9, 2, true, true},
    {NESCIO_PBS_CLASSICAL, 1077, 1, 8192, 2, 15, 9, 2, true, true},
};

/* Noise plays no part in time, but must be given: any valid bound will do. */
static nescio_tfhe_params params_of(const shape *s)
{
    return (nescio_tfhe_params){
        .lwe_dim = s->n,
        .glwe_dim = s->k,
        .poly_size = s->poly_size,
        .pbs_levels = s->levels,
        .pbs_base_log = s->base_log,
        .ks_levels = s->ks_levels,
        .ks_base_log = s->ks_base_log,
        .ks_modulus_log = 24,
        .lwe_noise_log = 5,
        .glwe_noise_log = 17,
        .torus_log = s->levels * s->base_log <= 24 ? 32 : 64,
        .variant = s->variant,
        .out_glwe_dim = 1,
        .out_poly_size = 1024,
        .out_levels = 6,
        .out_base_log = 3,
        .out_noise_log = 43,
    };
}

static nescio_measure_row row_of(const char *what, const nescio_tfhe_params *p, uint32_t batch,
                                 uint32_t threads)
{
    return (nescio_measure_row){.what = what,
                                .variant = nescio_pbs_variant_name(p->variant),
                                .n = p->lwe_dim,
                                .k = p->glwe_dim,
                                .poly_size = p->poly_size,
                                .levels = p->pbs_levels,
                                .base_log = p->pbs_base_log,
                                .batch = batch,
                                .threads = threads};
}

/* The engine takes at most 16; larger ones show what that leaves. */
enum { MAX_TILE = 64 };

typedef struct tile_run {
    random_rotation rotation;
    size_t tile;
} tile_run;

static void rotate_tile(void *arg)
{
    tile_run *run = arg;

    nescio_random_rotation_run(&run->rotation, run->tile);
}

/* One tile: no more than MAX_TILE ciphertexts. */
static nescio_status rotation_rows(listing *l, const nescio_tfhe_params *p, const batches *b)
{
    const size_t most = b->sizes[b->n - 1];
    tile_run run = {.tile = 0};
    nescio_status st;

    st = nescio_random_rotation_new(l->ctx, p, most < MAX_TILE ? most : MAX_TILE, &run.rotation);
    for (size_t i = 0; st == NESCIO_OK && i < b->n; i++) {
        if (b->sizes[i] > MAX_TILE)
            continue;
        run.tile = b->sizes[i];
        st = nescio_listing_row(l, row_of("blind_rotation", p, b->sizes[i], 1),
                                nescio_multiply_adds_rotation(p), rotate_tile, &run);
    }
    nescio_random_rotation_free(&run.rotation);
    return st;
}

typedef struct table_run {
    nescio_engine *engine;
    struct nescio_pool *pool;
    nescio_lwe_batch batch;
    nescio_table_batch tables;
} table_run;

static void run_tables(void *arg)
{
    const table_run *run = arg;

    nescio_engine_tables(run->engine, run->pool, &run->batch, &run->batch, &run->tables, 1, NULL);
}

static nescio_status timed_tables(listing *l, table_run *run, const batches *b)
{
    const nescio_tfhe_params *p = nescio_engine_params(run->engine);

    for (size_t i = 0; i < b->n; i++)
        for (uint32_t threads = 1; threads <= b->sizes[i]; threads = l->clocks.n) {
            run->tables.count = b->sizes[i];
            run->pool = nescio_listing_pool(l, threads);
            NESCIO_TRY(nescio_listing_row(l, row_of("pbs", p, b->sizes[i], threads),
                                          nescio_multiply_adds_rotation(p), run_tables, run));
            if (threads == l->clocks.n)
                break;
        }
    return NESCIO_OK;
}

static nescio_status table_rows(listing *l, const nescio_tfhe_params *p, const batches *b)
{
    static const uint64_t nothing = 0;
    const size_t poly_bytes = p->poly_size * sizeof(uint64_t), most = b->sizes[b->n - 1];
    uint64_t *poly = nescio_block_alloc(poly_bytes);
    size_t bytes = 0;
    table_run run = {.tables = {.polys = poly, .post_add = &nothing, .n_polys = 1}};
    nescio_status st;

    run.batch = nescio_random_batch(p, most, &bytes);
    if (poly && run.batch.words) {
        nescio_random_fill(poly, poly_bytes);
        st = nescio_random_engine_new(l->ctx, p, &run.engine);
    } else {
        st = nescio_fail_nomem(l->ctx, bytes);
    }
    if (st == NESCIO_OK)
        st = timed_tables(l, &run, b);
    nescio_engine_free(run.engine);
    nescio_block_free(run.batch.words, bytes);
    nescio_block_free(poly, poly_bytes);
    return st;
}

nescio_status nescio_measure_pbs(nescio_ctx *ctx, const nescio_measure_options *options,
                                 nescio_measure_fn fn, void *user)
{
    listing l;

    NESCIO_TRY(nescio_listing_open(ctx, options, fn, user, &l));
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const nescio_tfhe_params p = params_of(&shapes[i]);
        const batches b = nescio_listing_batches(&l, shapes[i].large);

        if (options->variant ? *options->variant != p.variant : shapes[i].full && !options->full)
            continue;
        NESCIO_TRY(rotation_rows(&l, &p, &b));
        NESCIO_TRY(table_rows(&l, &p, &b));
    }
    return NESCIO_OK;
}
