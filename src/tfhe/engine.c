/* SPDX-License-Identifier: Apache-2.0
 * The engine's life: layouts, memory, sizes. Everything that a row needs is allocated here, once.
 */
#include "tfhe/engine_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LINE 64
/* A larger tile shares each pass over the key among more ciphertexts, until its accumulators and
 * transforms outgrow the cache: doc/performance.md has the times by tile. */
#define TILE_BYTES ((size_t)2 << 20)
#define MAX_TILE   16
#define MIN_TILE   4

static size_t append(size_t *end, size_t bytes)
{
    const size_t at = *end;

    *end += nescio_size_round_up(bytes, LINE);
    return at;
}

static size_t choose_tile(const nescio_tfhe_params *p)
{
    const size_t one =
        (size_t)(p->glwe_dim + 1) * p->poly_size * (p->torus_log / 8 + sizeof(double));
    size_t tile = MAX_TILE;

    while (tile > MIN_TILE && tile * one > TILE_BYTES)
        tile /= 2;
    return tile;
}

static void lay_out_keys(nescio_engine *engine)
{
    const nescio_tfhe_params *p = &engine->p;
    const size_t big = nescio_tfhe_big_dim(p);
    const size_t columns = (size_t)(p->out_glwe_dim + 1) * p->out_poly_size;
    const size_t slice = nescio_size_round_up((columns + NESCIO_OUT_SLICES - 1) / NESCIO_OUT_SLICES,
                                              NESCIO_KEYSWITCH_COLUMNS);

    engine->small.levels = p->ks_levels;
    engine->small.shape = (nescio_keyswitch_shape){big * p->ks_levels, (size_t)p->lwe_dim + 1,
                                                   p->ks_modulus_log, p->ks_base_log};
    for (size_t i = 0; i < NESCIO_OUT_SLICES; i++) {
        const size_t first = i * slice < columns ? i * slice : columns;
        const size_t n = columns - first < slice ? columns - first : slice;

        engine->out[i].levels = p->out_levels;
        engine->out[i].shape =
            (nescio_keyswitch_shape){big * p->out_levels, n, 32, p->out_base_log};
    }
}

void nescio_engine_lay_out(nescio_engine *engine)
{
    const nescio_tfhe_params *p = &engine->p;
    const size_t big = nescio_tfhe_big_dim(p), n = p->poly_size, chunk = NESCIO_CHUNK;
    const size_t answer = (size_t)(p->out_glwe_dim + 1) * p->out_poly_size;
    nescio_worker_layout *w = &engine->worker;
    nescio_border_layout *b = &engine->border;

    lay_out_keys(engine);
    engine->tile = choose_tile(p);
    memset(w, 0, sizeof *w);
    memset(b, 0, sizeof *b);
    w->small_stride = nescio_size_round_up((size_t)p->lwe_dim + 1, NESCIO_KEYSWITCH_COLUMNS);
    w->exponent_stride = nescio_size_round_up(p->lwe_dim, LINE / sizeof(uint16_t));
    w->narrow = append(&w->bytes, big * sizeof(uint32_t));
    w->digits = append(&w->bytes, chunk * big * p->ks_levels);
    w->small = append(&w->bytes, chunk * w->small_stride * sizeof(uint32_t));
    w->exponents = append(&w->bytes, chunk * w->exponent_stride * sizeof(uint16_t));
    w->bodies = append(&w->bytes, chunk * sizeof(uint64_t));
    w->weights = append(&w->bytes, n * sizeof(int32_t));
    w->freq = append(&w->bytes, 2 * n * sizeof(double));

    b->switched_stride = nescio_size_round_up(answer, NESCIO_KEYSWITCH_COLUMNS);
    b->narrow = append(&b->bytes, big * sizeof(uint32_t));
    b->digits = append(&b->bytes, chunk * big * p->out_levels);
    b->switched = append(&b->bytes, chunk * b->switched_stride * sizeof(uint32_t));
    b->sum = append(&b->bytes, answer * sizeof(uint32_t));
    b->masks = append(&b->bytes, 2 * big * sizeof(uint64_t));
    b->mask_freq = append(&b->bytes, big * sizeof(double));
}

/* The part of the layout that the bootstrapping key decides. */
static void lay_out_rotation(nescio_engine *engine)
{
    nescio_worker_layout *w = &engine->worker;

    w->acc_stride = nescio_blind_rotate_acc_stride(engine->bsk);
    w->acc = append(&w->bytes, engine->tile * w->acc_stride * (engine->p.torus_log / 8));
    w->rotate = append(&w->bytes, nescio_blind_rotate_scratch_bytes(engine->bsk, engine->tile));
    engine->scratch_bytes = engine->n_workers * w->bytes + engine->border.bytes;
}

static nescio_status new_switch_key(nescio_ctx *ctx, const nescio_engine *engine,
                                    nescio_switch_key *key)
{
    if (key->shape.n_columns == 0)
        return NESCIO_OK;
    key->bytes = engine->ks.key_bytes(&key->shape);
    key->key = nescio_block_alloc(key->bytes);
    return key->key ? NESCIO_OK : nescio_fail_nomem(ctx, key->bytes);
}

static nescio_status allocate(nescio_ctx *ctx, nescio_engine *engine)
{
    nescio_engine_lay_out(engine);
    NESCIO_TRY(nescio_fft_new(ctx, engine->p.poly_size, &engine->fft));
    NESCIO_TRY(nescio_bsk_new(ctx, &engine->p, &engine->bsk));
    NESCIO_TRY(new_switch_key(ctx, engine, &engine->small));
    for (size_t i = 0; i < NESCIO_OUT_SLICES; i++)
        NESCIO_TRY(new_switch_key(ctx, engine, &engine->out[i]));
    lay_out_rotation(engine);
    engine->scratch = nescio_block_alloc(engine->scratch_bytes);
    return engine->scratch ? NESCIO_OK : nescio_fail_nomem(ctx, engine->scratch_bytes);
}

static nescio_status check_key(nescio_ctx *ctx, const nescio_evaluation_key *key)
{
    nescio_evaluation_key sizes;

    NESCIO_TRY(nescio_evaluation_key_sizes(ctx, &key->params, &sizes));
    if (key->bootstrap_bytes != sizes.bootstrap_bytes ||
        key->keyswitch_bytes != sizes.keyswitch_bytes || key->output_bytes != sizes.output_bytes ||
        !key->bootstrap || !key->keyswitch || !key->output)
        return nescio_fail(
            ctx, NESCIO_E_MISMATCH,
            "evaluation key: %zu + %zu + %zu bytes; its parameters need %zu + %zu + %zu",
            key->bootstrap_bytes, key->keyswitch_bytes, key->output_bytes, sizes.bootstrap_bytes,
            sizes.keyswitch_bytes, sizes.output_bytes);
    return NESCIO_OK;
}

nescio_status nescio_engine_new(nescio_ctx *ctx, const nescio_evaluation_key *key,
                                nescio_engine **out)
{
    nescio_engine *engine;
    nescio_status st;
    nescio_isa isa;

    *out = NULL;
    NESCIO_TRY(check_key(ctx, key));
    NESCIO_TRY(nescio_isa_in_force(&isa));
    engine = calloc(1, sizeof *engine);
    if (!engine)
        return nescio_fail_nomem(ctx, sizeof *engine);
    engine->p = key->params;
    engine->n_workers = nescio_ctx_threads(ctx);
    nescio_keyswitch_kernels_for(isa, &engine->ks);
    st = allocate(ctx, engine);
    if (st == NESCIO_OK)
        st = nescio_engine_expand(ctx, engine, key);
    if (st != NESCIO_OK) {
        nescio_engine_free(engine);
        return st;
    }
    *out = engine;
    return NESCIO_OK;
}

void nescio_engine_free(nescio_engine *engine)
{
    if (!engine)
        return;
    nescio_fft_free(engine->fft);
    nescio_bsk_free(engine->bsk);
    nescio_block_free(engine->small.key, engine->small.bytes);
    for (size_t i = 0; i < NESCIO_OUT_SLICES; i++)
        nescio_block_free(engine->out[i].key, engine->out[i].bytes);
    nescio_block_free(engine->scratch, engine->scratch_bytes);
    free(engine);
}

const nescio_tfhe_params *nescio_engine_params(const nescio_engine *engine)
{
    return &engine->p;
}

unsigned nescio_engine_workers(const nescio_engine *engine)
{
    return engine->n_workers;
}

size_t nescio_engine_bytes(const nescio_engine *engine)
{
    size_t bytes =
        sizeof *engine + nescio_bsk_bytes(&engine->p) + engine->small.bytes + engine->scratch_bytes;

    for (size_t i = 0; i < NESCIO_OUT_SLICES; i++)
        bytes += engine->out[i].bytes;
    return bytes;
}

size_t nescio_engine_bytes_for(const nescio_tfhe_params *p, unsigned n_threads)
{
    /* As on the fastest instruction sets, whatever this machine has: plans are the same everywhere.
     */
    nescio_engine engine = {.p = *p, .n_workers = n_threads};
    const size_t planes = p->ks_modulus_log / 8;
    size_t bytes;

    nescio_engine_lay_out(&engine);
    bytes = sizeof engine + nescio_bsk_bytes(p) + engine.border.bytes;
    bytes += engine.small.shape.n_rows * engine.worker.small_stride * planes;
    for (size_t i = 0; i < NESCIO_OUT_SLICES; i++)
        bytes += engine.out[i].shape.n_rows *
                 nescio_size_round_up(engine.out[i].shape.n_columns, NESCIO_KEYSWITCH_COLUMNS) *
                 sizeof(uint32_t);
    /* Blind rotation of a tile: accumulators, and about as many transforms as they have
     * polynomials. */
    bytes +=
        n_threads * (engine.worker.bytes + engine.tile * (p->glwe_dim + (size_t)1) * p->poly_size *
                                               (p->torus_log / 8 + sizeof(double)));
    return bytes;
}
