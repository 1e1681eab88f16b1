/* SPDX-License-Identifier: Apache-2.0
 * Table look-ups in batches: key switch, centered modulus switch, blind rotation, sample
 * extraction. 2^v tables of one rotation: their entries take turns in the accumulator, exponents
 * are multiples of 2^v, and coefficient t of the result is that of table t.
 *
 * A job is a chunk of ciphertexts: one key-switch product for the chunk, then tiles of it over the
 * bootstrapping key. Chunks and tiles are cut evenly, so that neither a worker nor a last tile is
 * left with crumbs. */
#include "tfhe/engine_internal.h"
#include "tfhe/modulus_switch.h"
#include "tfhe/sample_extract.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

typedef struct table_run {
    const nescio_engine *engine;
    const nescio_lwe_batch *outs, *in;
    const nescio_table_batch *tables;
    size_t n_tables;
    unsigned share_log;
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

static const uint64_t *polynomial(const table_run *run, size_t t, size_t i)
{
    const nescio_table_batch *tables = &run->tables[t];
    const size_t which = tables->which ? tables->which[i] : 0;

    assert(which < tables->n_polys);
    return tables->polys + which * run->engine->p.poly_size;
}

/* acc = X^-shift times the tables of ciphertext i, as a trivial GLWE, for shift in [0, 2N). */
static void start_accumulator(const table_run *run, void *acc, size_t i, uint32_t shift)
{
    const nescio_tfhe_params *p = &run->engine->p;
    const uint32_t n = p->poly_size, mask_words = nescio_tfhe_big_dim(p);
    const size_t turn = (size_t)1 << run->share_log;

    memset(acc, 0, (mask_words + n) * (p->torus_log / 8));
    for (size_t t = 0; t < run->n_tables; t++) {
        const uint64_t *poly = polynomial(run, t, i);

        for (uint32_t j = 0; j < n; j += (uint32_t)turn) {
            const uint32_t at = (shift + j) & (2 * n - 1);
            const uint64_t word = at < n ? poly[at] : 0 - poly[at - n];

            if (p->torus_log == 32)
                ((uint32_t *)acc)[mask_words + j + t] = (uint32_t)((word + 0x80000000u) >> 32);
            else
                ((uint64_t *)acc)[mask_words + j + t] = word;
        }
    }
}

static void extract_table(const table_run *run, size_t t, size_t i, const void *acc)
{
    const nescio_table_batch *tables = &run->tables[t];
    const size_t which = tables->which ? tables->which[i] : 0;

    nescio_sample_extract(&run->outs[t], i, acc, run->engine->p.poly_size, t,
                          tables->post_add[which]);
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

        bodies[t] = nescio_modulus_switch(p, run->share_log, exponents + t * w->exponent_stride,
                                          lwe, body + run->tables->phase_offset);
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
    uint8_t *acc = scratch + w->acc;

    for (size_t i = tile.first; i < tile.end; i++)
        start_accumulator(run, acc + (i - tile.first) * acc_bytes, chunk_first + i,
                          (uint32_t)bodies[i]);
    nescio_blind_rotate(engine->bsk, acc, tile.end - tile.first,
                        exponents + tile.first * w->exponent_stride, w->exponent_stride,
                        scratch + w->rotate);
    for (size_t i = tile.first; i < tile.end; i++)
        for (size_t t = 0; t < run->n_tables; t++)
            extract_table(run, t, chunk_first + i, acc + (i - tile.first) * acc_bytes);
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

unsigned nescio_share_log(size_t n_tables)
{
    unsigned log = 0;

    while (((size_t)1 << log) < n_tables)
        log++;
    return log;
}

void nescio_engine_tables(nescio_engine *engine, struct nescio_pool *pool,
                          const nescio_lwe_batch *outs, const nescio_lwe_batch *in,
                          const nescio_table_batch *tables, size_t n_tables, _Atomic size_t *done)
{
    const size_t workers = nescio_pool_workers(pool);
    const size_t chunks = ceil_div(ceil_div(tables->count, NESCIO_CHUNK), workers) * workers;
    table_run run = {.engine = engine,
                     .outs = outs,
                     .in = in,
                     .tables = tables,
                     .n_tables = n_tables,
                     .share_log = nescio_share_log(n_tables),
                     .done = done};

    assert(workers <= engine->n_workers && tables->count <= in->count);
    assert(n_tables >= 1 && n_tables <= NESCIO_SHARED_TABLES_MAX);
    assert(in->dim == nescio_tfhe_big_dim(&engine->p) && in->torus_log == engine->p.torus_log);
    for (size_t t = 0; t < n_tables; t++) {
        assert(tables[t].count == tables->count && tables->count <= outs[t].count);
        assert(tables[t].phase_offset == tables->phase_offset);
        assert(outs[t].dim == in->dim && outs[t].torus_log == in->torus_log);
    }
    run.n_chunks = chunks < tables->count ? chunks : tables->count;
    nescio_pool_run(pool, run.n_chunks, run_chunk, &run);
}
