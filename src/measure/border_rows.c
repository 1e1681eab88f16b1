/* SPDX-License-Identifier: Apache-2.0
 * What surrounds bootstrapping: linear maps on LWE ciphertexts, and the two packed borders, in the
 * shapes of a small network (784 inputs, 128 units, 10 scores). */
#include "measure/measure_internal.h"
#include "params/params.h"

#include <stdlib.h>

enum {
    INPUTS = 784,      /* a picture of 28 x 28 */
    UNITS = 128,       /* of the first layer */
    KERNEL_TERMS = 72, /* a convolution of 3 x 3 over 8 channels */
    SCORES = 10,
    ANSWER_LOG = 16
};

typedef struct border_run {
    nescio_engine *engine;
    struct nescio_pool *pool;
    nescio_lwe_batch in, out;
    size_t in_bytes, out_bytes;
    int32_t *weights;              /* [UNITS][INPUTS], 5 bits; sparse maps read the first */
    uint32_t *row_start, *columns; /* of a sparse UNITS x UNITS matrix, KERNEL_TERMS a row */
    uint64_t *body;                /* [INPUTS] */
    uint8_t *answer;
    nescio_int_matrix matrix;
    nescio_packed_input input;
    nescio_status status; /* of the last call that can fail */
} border_run;

static void run_linear(void *arg)
{
    const border_run *r = arg;

    nescio_lwe_linear(r->pool, &r->out, &r->matrix, &r->in, false);
}

static void run_input_linear(void *arg)
{
    border_run *r = arg;

    r->status =
        nescio_engine_input_linear(r->engine, r->pool, &r->out, &r->matrix, &r->input, false);
}

static void run_input_extract(void *arg)
{
    const border_run *r = arg;
    nescio_packed_input few = r->input;

    few.n = UNITS;
    nescio_engine_input_extract(r->engine, &r->out, &few);
}

static void run_answer(void *arg)
{
    const border_run *r = arg;
    nescio_lwe_batch scores = r->in;

    scores.count = SCORES;
    nescio_engine_answer(r->engine, r->pool, r->answer, &scores, ANSWER_LOG);
}

static void fill(border_run *r)
{
    static const uint8_t seed[32] = {1};

    nescio_random_fill(r->weights, (size_t)UNITS * INPUTS * sizeof *r->weights);
    for (size_t i = 0; i < (size_t)UNITS * INPUTS; i++)
        r->weights[i] = r->weights[i] % 16;
    for (uint32_t row = 0; row <= UNITS; row++)
        r->row_start[row] = row * KERNEL_TERMS;
    for (uint32_t i = 0; i < UNITS * KERNEL_TERMS; i++)
        r->columns[i] = i % KERNEL_TERMS * (UNITS / KERNEL_TERMS);
    nescio_random_fill(r->body, INPUTS * sizeof *r->body);
    r->input = (nescio_packed_input){.body = r->body, .n = INPUTS};
    for (size_t i = 0; i < sizeof seed; i++)
        r->input.seed[i] = seed[i];
}

static nescio_status allocate(listing *l, border_run *r)
{
    const nescio_tfhe_params *p = nescio_engine_params(r->engine);

    r->in = nescio_random_batch(p, UNITS, &r->in_bytes);
    r->out = nescio_random_batch(p, UNITS, &r->out_bytes);
    r->weights = malloc((size_t)UNITS * INPUTS * sizeof *r->weights);
    r->row_start = malloc((UNITS + 1) * sizeof *r->row_start);
    r->columns = malloc((size_t)UNITS * KERNEL_TERMS * sizeof *r->columns);
    r->body = malloc(INPUTS * sizeof *r->body);
    r->answer = malloc(nescio_answer_bytes(p, SCORES, ANSWER_LOG));
    if (!r->in.words || !r->out.words || !r->weights || !r->row_start || !r->columns || !r->body ||
        !r->answer)
        return nescio_fail_nomem(l->ctx, r->in_bytes);
    fill(r);
    return NESCIO_OK;
}

/* One kind of row, on one thread and on all. */
typedef struct kind {
    const char *what, *variant;
    uint32_t n, batch;
    void (*call)(void *);
    double transforms; /* a ciphertext */
    bool threads;      /* more than one has something to do */
} kind;

static nescio_status timed(listing *l, border_run *r, const kind *k)
{
    const nescio_tfhe_params *p = nescio_engine_params(r->engine);
    nescio_measure_row row = {.what = k->what,
                              .variant = k->variant,
                              .n = k->n,
                              .k = p->glwe_dim,
                              .poly_size = p->poly_size,
                              .batch = k->batch};

    if (l->options->batch && l->options->batch != k->batch)
        return NESCIO_OK;
    for (row.threads = 1;; row.threads = l->clocks.n) {
        r->pool = nescio_listing_pool(l, row.threads);
        NESCIO_TRY(nescio_listing_row(
            l, row, k->transforms * nescio_multiply_adds_transform(p->poly_size), k->call, r));
        if (row.threads == l->clocks.n || !k->threads)
            break;
    }
    return r->status;
}

static nescio_status timed_all(listing *l, border_run *r)
{
    const nescio_tfhe_params *p = nescio_engine_params(r->engine);
    const nescio_int_matrix dense = {.n_rows = UNITS, .n_columns = UNITS, .dense = r->weights};
    const nescio_int_matrix sparse = {.n_rows = UNITS,
                                      .n_columns = UNITS,
                                      .row_start = r->row_start,
                                      .columns = r->columns,
                                      .weights = r->weights};
    const nescio_int_matrix first = {.n_rows = UNITS, .n_columns = INPUTS, .dense = r->weights};
    const bool narrow = p->torus_log == 32;
    const kind maps[] = {
        {"linear", narrow ? "dense32" : "dense64", UNITS, UNITS, run_linear, 0, true},
        {"linear", narrow ? "sparse32" : "sparse64", KERNEL_TERMS, UNITS, run_linear, 0, true}};
    /* One transform of the weights, one back for each mask polynomial. */
    const kind in = {"input_linear",   "dense",           INPUTS, UNITS,
                     run_input_linear, p->glwe_dim + 1.0, true};
    const kind extract = {"input_extract", "copy", 0, UNITS, run_input_extract, 0, false};
    const kind answer = {"answer", "keyswitch", 0, SCORES, run_answer, 0, true};

    r->matrix = dense;
    NESCIO_TRY(timed(l, r, &maps[0]));
    r->matrix = sparse;
    NESCIO_TRY(timed(l, r, &maps[1]));
    r->matrix = first;
    NESCIO_TRY(timed(l, r, &in));
    NESCIO_TRY(timed(l, r, &extract));
    return timed(l, r, &answer);
}

static nescio_status engine_rows(listing *l, const nescio_tfhe_params *p)
{
    border_run r = {.engine = NULL};
    nescio_status st = nescio_random_engine_new(l->ctx, p, &r.engine);

    if (st == NESCIO_OK)
        st = allocate(l, &r);
    if (st == NESCIO_OK)
        st = timed_all(l, &r);
    nescio_engine_free(r.engine);
    nescio_block_free(r.in.words, r.in_bytes);
    nescio_block_free(r.out.words, r.out_bytes);
    free(r.weights);
    free(r.row_start);
    free(r.columns);
    free(r.body);
    free(r.answer);
    return st;
}

/* One engine of each torus word. */
nescio_status nescio_border_rows(listing *l)
{
    static const char *const sets[] = {"net_k2_n1024", "net_n2048_l2"};

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        NESCIO_TRY(engine_rows(l, &nescio_param_set_find(sets[i])->params));
    return NESCIO_OK;
}
