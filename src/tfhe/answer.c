/* SPDX-License-Identifier: Apache-2.0
 * Answers: big LWE ciphertexts through the output key switch into one small GLWE, number i in
 * coefficient i, every word rounded.
 *
 * One key switch takes an LWE to a GLWE with its number in the constant coefficient; times X^i (a
 * rotation of words) and summed, they share one mask of k' N' words. Sums of words are exact modulo
 * 2^32. */
#include "tfhe/engine_internal.h"
#include "tfhe/packed_words.h"

#include <assert.h>
#include <string.h>

typedef struct answer_run {
    const nescio_engine *engine;
    const nescio_lwe_batch *in;
    size_t first, count;              /* ciphertexts of this pass */
    size_t column[NESCIO_OUT_SLICES]; /* first column of each slice */
} answer_run;

static void switch_slice(void *arg, size_t i_slice, unsigned i_worker)
{
    const answer_run *run = arg;
    const nescio_engine *engine = run->engine;
    const nescio_switch_key *key = &engine->out[i_slice];
    const nescio_border_layout *b = &engine->border;
    uint8_t *scratch = nescio_border_scratch(engine);
    uint32_t *switched = (uint32_t *)(void *)(scratch + b->switched);

    (void)i_worker;
    if (key->shape.n_columns > 0)
        engine->ks.product(switched + run->column[i_slice], b->switched_stride, key->key,
                           &key->shape, (const int8_t *)(scratch + b->digits), key->shape.n_rows,
                           run->count);
}

/* sum += X^shift * poly mod X^N' + 1. */
static void add_rotated(uint32_t *sum, const uint32_t *poly, size_t n, size_t shift)
{
    for (size_t j = 0; j < n - shift; j++)
        sum[j + shift] += poly[j];
    for (size_t j = n - shift; j < n; j++)
        sum[j + shift - n] -= poly[j];
}

/* One pass: up to a chunk of ciphertexts switched and added into the sum at their coefficients. */
static void add_pass(answer_run *run, struct nescio_pool *pool)
{
    const nescio_engine *engine = run->engine;
    const nescio_border_layout *b = &engine->border;
    const size_t n = engine->p.out_poly_size, masks = engine->p.out_glwe_dim * n;
    uint8_t *scratch = nescio_border_scratch(engine);
    uint32_t *sum = (uint32_t *)(void *)(scratch + b->sum);
    uint32_t *switched = (uint32_t *)(void *)(scratch + b->switched);
    uint32_t bodies[NESCIO_CHUNK];

    for (size_t t = 0; t < run->count; t++) {
        const uint64_t body =
            nescio_switch_digits(engine, &engine->out[0], run->in, run->first + t,
                                 (int8_t *)(scratch + b->digits) + t * engine->out[0].shape.n_rows,
                                 (uint32_t *)(void *)(scratch + b->narrow));

        bodies[t] = (uint32_t)((body + 0x80000000u) >> 32);
    }
    nescio_pool_run(pool, NESCIO_OUT_SLICES, switch_slice, run);
    for (size_t t = 0; t < run->count; t++) {
        uint32_t *glwe = switched + t * b->switched_stride;

        glwe[masks] += bodies[t];
        for (size_t p = 0; p <= masks; p += n)
            add_rotated(sum + p, glwe + p, n, run->first + t);
    }
}

/* Rounds words to their upper answer_log bits, in place; errors gets word - rounded, in units of
 * 2^-32. */
static void round_words(uint32_t *words, int32_t *errors, size_t n, unsigned answer_log)
{
    const unsigned shift = 32 - answer_log;

    for (size_t i = 0; i < n; i++) {
        const uint32_t rounded = (words[i] + (1u << (shift - 1))) >> shift;

        errors[i] = (int32_t)(words[i] - (rounded << shift));
        words[i] = rounded & ((1u << answer_log) - 1);
    }
}

/* Twice the mean, over uniform key bits, of what the masks' rounding adds to the phase at
 * coefficient i: what the body takes back. errors: [k'][N']. */
static int64_t mean_error(const int32_t *errors, size_t n_masks, size_t n, size_t i)
{
    int64_t sum = 0;

    for (size_t p = 0; p < n_masks; p += n)
        for (size_t j = 0; j < n; j++)
            sum += j <= i ? errors[p + j] : -(int64_t)errors[p + j];
    return sum;
}

void nescio_engine_answer(nescio_engine *engine, struct nescio_pool *pool, uint8_t *out,
                          const nescio_lwe_batch *in, unsigned answer_log)
{
    const nescio_border_layout *b = &engine->border;
    const size_t n = engine->p.out_poly_size, masks = engine->p.out_glwe_dim * n;
    uint8_t *scratch = nescio_border_scratch(engine);
    uint32_t *sum = (uint32_t *)(void *)(scratch + b->sum);
    int32_t *errors =
        (int32_t *)(void *)(scratch +
                            b->switched); /* free after the last pass; a chunk is wide enough */
    answer_run run = {.engine = engine, .in = in};

    assert(in->count <= n && answer_log >= 12 && answer_log <= 24);
    for (size_t i = 0, column = 0; i < NESCIO_OUT_SLICES; i++) {
        run.column[i] = column;
        column += engine->out[i].shape.n_columns;
    }
    memset(sum, 0, (masks + n) * sizeof *sum);
    for (run.first = 0; run.first < in->count; run.first += NESCIO_CHUNK) {
        run.count = in->count - run.first < NESCIO_CHUNK ? in->count - run.first : NESCIO_CHUNK;
        add_pass(&run, pool);
    }
    round_words(sum, errors, masks, answer_log);
    for (size_t i = 0; i < in->count; i++)
        sum[masks + i] -= (uint32_t)(mean_error(errors, masks, n, i) / 2);
    round_words(sum + masks, errors, in->count, answer_log);
    memset(out, 0, nescio_answer_bytes(&engine->p, in->count, answer_log));
    nescio_bits_pack(out, 0, sum, masks + in->count, answer_log);
}
