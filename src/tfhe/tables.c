/* SPDX-License-Identifier: Apache-2.0
 * Table look-ups in batches: key switch, centered modulus switch, blind rotation, sample
 * extraction.
 *
 * A job is a chunk of ciphertexts: one key-switch product for the chunk, then tiles of it over the
 * bootstrapping key. Chunks and tiles are cut evenly, so that neither a worker nor a last tile is
 * left with crumbs. */
#include "tfhe/engine_internal.h"
#include "tfhe/modulus_switch.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

typedef struct table_run {
    const nescio_engine *engine;
    const nescio_lwe_batch *out, *in;
    const nescio_table_batch *tables;
    _Atomic size_t *done;
    size_t n_chunks;
} table_run;

/* [first, end) of piece i when `count` things are cut into n even pieces. */
typedef struct piece {
    size_t first, end;
} piece;

static piece cut(size_t count, size_t n, size_t i)
{
    return (piece){count / n * i + (count % n < i ? count % n : i),
                   count / n * (i + 1) + (count % n < i + 1 ? count % n : i + 1)};
}

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

uint64_t nescio_switch_digits(const nescio_engine *engine, const nescio_switch_key *key,
                              const nescio_lwe_batch *in, size_t i, int8_t *digits,
                              uint32_t *narrow)
{
    const uint32_t *words = narrow;
    uint64_t body;
    int64_t rest;

    if (in->torus_log == 32) {
        words = (const uint32_t *)in->words + i * in->stride;
        body = (uint64_t)words[in->dim] << 32;
    } else {
        /* Gadgets read at most 31 bits: what 32 do not hold is far below their rounding. */
        const uint64_t *wide = (const uint64_t *)in->words + i * in->stride;

        for (size_t j = 0; j < in->dim; j++)
            narrow[j] = (uint32_t)((wide[j] + 0x80000000u) >> 32);
        body = wide[in->dim];
    }
    rest = engine->ks.digits(digits, words, in->dim, key->levels, key->shape.base_log);
    return body - ((uint64_t)rest << 31);
}

/* acc = X^-shift times table i_poly, as a trivial GLWE, for shift in [0, 2N). */
static void start_accumulator(const nescio_engine *engine, void *acc, const uint64_t *poly,
                              uint32_t shift)
{
    const uint32_t n = engine->p.poly_size, mask_words = nescio_tfhe_big_dim(&engine->p);

    for (uint32_t j = 0; j < n; j++) {
        const uint32_t at = (shift + j) & (2 * n - 1);
        const uint64_t word = at < n ? poly[at] : 0 - poly[at - n];

        if (engine->p.torus_log == 32)
            ((uint32_t *)acc)[mask_words + j] = (uint32_t)((word + 0x80000000u) >> 32);
        else
            ((uint64_t *)acc)[mask_words + j] = word;
    }
    memset(acc, 0, mask_words * (engine->p.torus_log / 8));
}

/* Constant coefficient of a GLWE as LWE ciphertext i: mask word (p, 0) is A_p[0], word (p, j) is
 * -A_p[N - j]. */
static void extract_sample(const nescio_engine *engine, const nescio_lwe_batch *out, size_t i,
                           const void *acc, uint64_t post_add)
{
    const size_t n = engine->p.poly_size;

    for (size_t p = 0; p < out->dim; p += n) {
        if (out->torus_log == 32) {
            const uint32_t *a = (const uint32_t *)acc + p;
            uint32_t *o = (uint32_t *)out->words + i * out->stride + p;

            o[0] = a[0];
            for (size_t j = 1; j < n; j++)
                o[j] = 0u - a[n - j];
        } else {
            const uint64_t *a = (const uint64_t *)acc + p;
            uint64_t *o = (uint64_t *)out->words + i * out->stride + p;

            o[0] = a[0];
            for (size_t j = 1; j < n; j++)
                o[j] = 0 - a[n - j];
        }
    }
    if (out->torus_log == 32)
        ((uint32_t *)out->words)[i * out->stride + out->dim] =
            ((const uint32_t *)acc)[out->dim] + (uint32_t)((post_add + 0x80000000u) >> 32);
    else
        ((uint64_t *)out->words)[i * out->stride + out->dim] =
            ((const uint64_t *)acc)[out->dim] + post_add;
}

/* Key switch and modulus switch of ciphertexts [c.first, c.end): exponents and switched bodies into
 * the scratch. */
static void switch_chunk(const table_run *run, piece c, uint8_t *scratch)
{
    const nescio_engine *engine = run->engine;
    const nescio_tfhe_params *p = &engine->p;
    const nescio_worker_layout *w = &engine->worker;
    const size_t digit_stride = engine->small.shape.n_rows;
    int8_t *digits = (int8_t *)(scratch + w->digits);
    uint32_t *small = (uint32_t *)(void *)(scratch + w->small);
    uint64_t *bodies = (uint64_t *)(void *)(scratch + w->bodies);
    uint16_t *exponents = (uint16_t *)(void *)(scratch + w->exponents);
    const size_t count = c.end - c.first;

    for (size_t t = 0; t < count; t++)
        bodies[t] = nescio_switch_digits(engine, &engine->small, run->in, c.first + t,
                                         digits + t * digit_stride,
                                         (uint32_t *)(void *)(scratch + w->narrow));
    engine->ks.product(small, w->small_stride, engine->small.key, &engine->small.shape, digits,
                       digit_stride, count);
    for (size_t t = 0; t < count; t++) {
        const uint32_t *lwe = small + t * w->small_stride;
        const uint64_t body = bodies[t] + ((uint64_t)lwe[p->lwe_dim] << (64 - p->ks_modulus_log));

        bodies[t] = nescio_modulus_switch(p, exponents + t * w->exponent_stride, lwe,
                                          body + run->tables->phase_offset);
    }
}

/* Blind rotation and extraction of ciphertexts [tile.first, tile.end) of the chunk that starts at
 * `chunk_first`. */
static void rotate_tile(const table_run *run, size_t chunk_first, piece tile, uint8_t *scratch)
{
    const nescio_engine *engine = run->engine;
    const nescio_worker_layout *w = &engine->worker;
    const size_t acc_bytes = w->acc_stride * (engine->p.torus_log / 8);
    const uint64_t *bodies = (const uint64_t *)(const void *)(scratch + w->bodies);
    const uint16_t *exponents = (const uint16_t *)(const void *)(scratch + w->exponents);
    const nescio_table_batch *tables = run->tables;
    uint8_t *acc = scratch + w->acc;

    for (size_t t = tile.first; t < tile.end; t++) {
        const size_t which = tables->which ? tables->which[chunk_first + t] : 0;

        assert(which < tables->n_polys);
        start_accumulator(engine, acc + (t - tile.first) * acc_bytes,
                          tables->polys + which * engine->p.poly_size, (uint32_t)bodies[t]);
    }
    nescio_blind_rotate(engine->bsk, acc, tile.end - tile.first,
                        exponents + tile.first * w->exponent_stride, w->exponent_stride,
                        scratch + w->rotate);
    for (size_t t = tile.first; t < tile.end; t++) {
        const size_t which = tables->which ? tables->which[chunk_first + t] : 0;

        extract_sample(engine, run->out, chunk_first + t, acc + (t - tile.first) * acc_bytes,
                       tables->post_add[which]);
    }
}

static void run_chunk(void *arg, size_t i_chunk, unsigned i_worker)
{
    const table_run *run = arg;
    const piece chunk = cut(run->tables->count, run->n_chunks, i_chunk);
    const size_t count = chunk.end - chunk.first;
    const size_t n_tiles = ceil_div(count, run->engine->tile);
    uint8_t *scratch = nescio_worker_scratch(run->engine, i_worker);

    switch_chunk(run, chunk, scratch);
    for (size_t i = 0; i < n_tiles; i++) {
        const piece tile = cut(count, n_tiles, i);

        rotate_tile(run, chunk.first, tile, scratch);
        if (run->done)
            atomic_fetch_add_explicit(run->done, tile.end - tile.first, memory_order_relaxed);
    }
}

void nescio_engine_tables(nescio_engine *engine, struct nescio_pool *pool,
                          const nescio_lwe_batch *out, const nescio_lwe_batch *in,
                          const nescio_table_batch *tables, _Atomic size_t *done)
{
    const size_t workers = nescio_pool_workers(pool);
    const size_t chunks = ceil_div(ceil_div(tables->count, NESCIO_CHUNK), workers) * workers;
    table_run run = {.engine = engine, .out = out, .in = in, .tables = tables, .done = done};

    assert(workers <= engine->n_workers && tables->count <= in->count &&
           tables->count <= out->count);
    assert(in->dim == nescio_tfhe_big_dim(&engine->p) && out->dim == in->dim);
    assert(in->torus_log == engine->p.torus_log && out->torus_log == in->torus_log);
    run.n_chunks = chunks < tables->count ? chunks : tables->count;
    nescio_pool_run(pool, run.n_chunks, run_chunk, &run);
}
