/* SPDX-License-Identifier: Apache-2.0
 * From the evaluation key as it travels to the form that streams: masks from the seed, bodies from
 * the key, GGSW rows to the Fourier domain, switch keys to their kernel's layout, negated so that
 * products are added. The workers of the pool share the rows; each row has a stream of its own, so
 * the result does not depend on their number. */
#include "tfhe/engine_internal.h"
#include "tfhe/masks.h"
#include "tfhe/packed_words.h"

#include <string.h>

enum { GROUP = NESCIO_KEYSWITCH_ROWS };

typedef struct expansion {
    nescio_engine *engine;
    const nescio_evaluation_key *key;
    uint8_t *scratch; /* scratch_bytes a worker */
    size_t scratch_bytes;
    size_t glwe_bytes; /* a GLWE of 64-bit words, before the transform's scratch */
} expansion;

static void expand_ggsw(void *arg, size_t i_ggsw, unsigned i_worker)
{
    const expansion *x = arg;
    const nescio_tfhe_params *p = &x->engine->p;
    const size_t n = p->poly_size, big = nescio_tfhe_big_dim(p);
    const uint32_t rows = (p->glwe_dim + 1) * p->pbs_levels;
    uint8_t *scratch = x->scratch + i_worker * x->scratch_bytes;
    uint64_t *glwe = (uint64_t *)(void *)scratch;

    for (uint32_t row = 0; row < rows; row++) {
        nescio_mask_bootstrap(p, x->key->seed, i_ggsw, row, glwe);
        nescio_torus48_unpack(glwe + big, x->key->bootstrap + (i_ggsw * rows + row) * n * 6, n);
        nescio_bsk_set_row(x->engine->bsk, i_ggsw, row, glwe, scratch + x->glwe_bytes);
    }
}

/* Key words of GROUP big coefficients: [GROUP][levels][width], masks then bodies, negated. */
typedef struct switch_rows {
    uint32_t *words;
    size_t width; /* mask words + body words of a row */
} switch_rows;

static void negate(uint32_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        words[i] = 0u - words[i];
}

/* Masks and bodies come in separate arrays, [levels][n_mask] and [levels][n_body]; rows hold both
 * side by side. */
static void join_rows(uint32_t *rows, const uint32_t *masks, size_t n_mask, const uint32_t *bodies,
                      size_t n_body, size_t levels)
{
    for (size_t j = 0; j < levels; j++) {
        memcpy(rows, masks + j * n_mask, n_mask * sizeof *rows);
        memcpy(rows + n_mask, bodies + j * n_body, n_body * sizeof *rows);
        negate(rows, n_mask + n_body);
        rows += n_mask + n_body;
    }
}

/* Columns [first, first + key's) of the GROUP x levels rows into one switch key. */
static void set_switch_rows(const nescio_engine *engine, const nescio_switch_key *key,
                            size_t i_group, const switch_rows *from, size_t first)
{
    const size_t groups_a_level = nescio_tfhe_big_dim(&engine->p) / GROUP;

    for (size_t j = 0; j < key->levels; j++) {
        const uint32_t *rows[GROUP];

        for (size_t i = 0; i < GROUP; i++)
            rows[i] = from->words + (i * key->levels + j) * from->width + first;
        engine->ks.set_rows(key->key, &key->shape, j * groups_a_level + i_group, rows);
    }
}

static void expand_small(void *arg, size_t i_group, unsigned i_worker)
{
    const expansion *x = arg;
    const nescio_tfhe_params *p = &x->engine->p;
    const size_t levels = p->ks_levels, n = p->lwe_dim, body_bytes = levels * p->ks_modulus_log / 8;
    uint32_t *words = (uint32_t *)(void *)(x->scratch + i_worker * x->scratch_bytes);
    const switch_rows rows = {words, n + 1};
    uint32_t *masks = words + GROUP * levels * rows.width;
    uint32_t *bodies = masks + levels * n;

    for (size_t i = 0; i < GROUP; i++) {
        const size_t coefficient = i_group * GROUP + i;

        nescio_mask_keyswitch(p, x->key->seed, coefficient, masks);
        nescio_narrow_unpack(bodies, x->key->keyswitch + coefficient * body_bytes, levels,
                             p->ks_modulus_log);
        join_rows(words + i * levels * rows.width, masks, n, bodies, 1, levels);
    }
    set_switch_rows(x->engine, &x->engine->small, i_group, &rows, 0);
}

static void expand_output(void *arg, size_t i_group, unsigned i_worker)
{
    const expansion *x = arg;
    const nescio_tfhe_params *p = &x->engine->p;
    const size_t levels = p->out_levels, n_body = p->out_poly_size,
                 n_mask = p->out_glwe_dim * n_body;
    uint32_t *words = (uint32_t *)(void *)(x->scratch + i_worker * x->scratch_bytes);
    const switch_rows rows = {words, n_mask + n_body};
    uint32_t *masks = words + GROUP * levels * rows.width;
    uint32_t *bodies = masks + levels * n_mask;
    size_t first = 0;

    for (size_t i = 0; i < GROUP; i++) {
        const size_t coefficient = i_group * GROUP + i;

        nescio_mask_output(p, x->key->seed, coefficient, masks);
        nescio_narrow_unpack(bodies, x->key->output + coefficient * levels * n_body * 4,
                             levels * n_body, 32);
        join_rows(words + i * levels * rows.width, masks, n_mask, bodies, n_body, levels);
    }
    for (size_t i = 0; i < NESCIO_OUT_SLICES && x->engine->out[i].shape.n_columns > 0; i++) {
        set_switch_rows(x->engine, &x->engine->out[i], i_group, &rows, first);
        first += x->engine->out[i].shape.n_columns;
    }
}

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

nescio_status nescio_engine_expand(nescio_ctx *ctx, nescio_engine *engine,
                                   const nescio_evaluation_key *key)
{
    const nescio_tfhe_params *p = &engine->p;
    const size_t groups = nescio_tfhe_big_dim(p) / GROUP;
    const size_t small_words = (GROUP + 1) * (size_t)p->ks_levels * (p->lwe_dim + 1);
    const size_t out_words =
        (GROUP + 1) * (size_t)p->out_levels * (p->out_glwe_dim + 1) * p->out_poly_size;
    struct nescio_pool *pool = nescio_ctx_pool(ctx);
    expansion x = {.engine = engine, .key = key};

    x.glwe_bytes = (size_t)(p->glwe_dim + 1) * p->poly_size * sizeof(uint64_t);
    x.scratch_bytes = max_size(x.glwe_bytes + nescio_bsk_set_scratch_bytes(engine->bsk),
                               max_size(small_words, out_words) * sizeof(uint32_t));
    x.scratch_bytes = nescio_size_round_up(x.scratch_bytes, 64);
    x.scratch = nescio_block_alloc(engine->n_workers * x.scratch_bytes);
    if (!x.scratch)
        return nescio_fail_nomem(ctx, engine->n_workers * x.scratch_bytes);
    nescio_pool_run(pool, nescio_tfhe_n_ggsw(p), expand_ggsw, &x);
    nescio_pool_run(pool, groups, expand_small, &x);
    nescio_pool_run(pool, groups, expand_output, &x);
    nescio_block_free(x.scratch, engine->n_workers * x.scratch_bytes);
    return NESCIO_OK;
}
