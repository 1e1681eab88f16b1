/* SPDX-License-Identifier: Apache-2.0
 * The small parts of a bootstrapping, and what comes before the first one: an evaluation key in the
 * form that streams. */
#include "measure/measure_internal.h"
#include "params/params.h"
#include "tfhe/modulus_switch.h"
#include "tfhe/sample_extract.h"

#include <stdlib.h>

/* A ciphertext between the steps: exponents, an accumulator, an LWE ciphertext. */
typedef struct step_run {
    const nescio_tfhe_params *p;
    uint32_t *small;     /* the mask of an LWE under the small key */
    uint16_t *exponents; /* [n] */
    uint64_t *acc;       /* (k+1) N words, of 64 bits or in the first half */
    nescio_lwe_batch out;
    size_t acc_bytes, out_bytes;
    volatile uint32_t body; /* the result counts: nothing is optimised away */
} step_run;

static void run_modulus_switch(void *arg)
{
    step_run *r = arg;

    r->body = nescio_modulus_switch(r->p, 0, r->exponents, r->small, 1);
}

static void run_sample_extract(void *arg)
{
    const step_run *r = arg;

    nescio_sample_extract(&r->out, 0, r->acc, r->p->poly_size, 0, 1);
}

static nescio_measure_row row_of(const nescio_tfhe_params *p, const char *what, const char *variant)
{
    return (nescio_measure_row){.what = what,
                                .variant = variant,
                                .n = p->lwe_dim,
                                .k = p->glwe_dim,
                                .poly_size = p->poly_size,
                                .batch = 1,
                                .threads = 1};
}

static nescio_status timed_steps(listing *l, step_run *r)
{
    const bool narrow = r->p->torus_log == 32;

    nescio_random_fill(r->small, r->p->lwe_dim * sizeof *r->small);
    nescio_random_fill(r->acc, r->acc_bytes);
    NESCIO_TRY(nescio_listing_row(l, row_of(r->p, "modulus_switch", "centered"), 0,
                                  run_modulus_switch, r));
    return nescio_listing_row(l, row_of(r->p, "sample_extract", narrow ? "word32" : "word64"), 0,
                              run_sample_extract, r);
}

static nescio_status step_rows(listing *l, const nescio_tfhe_params *p)
{
    const size_t acc_words = ((size_t)p->glwe_dim + 1) * p->poly_size;
    step_run r = {.p = p, .acc_bytes = acc_words * sizeof *r.acc};
    nescio_status st = nescio_fail_nomem(l->ctx, r.acc_bytes);

    r.small = malloc(p->lwe_dim * sizeof *r.small);
    r.exponents = malloc(p->lwe_dim * sizeof *r.exponents);
    r.acc = nescio_block_alloc(r.acc_bytes);
    r.out = nescio_random_batch(p, 1, &r.out_bytes);
    if (r.small && r.exponents && r.acc && r.out.words)
        st = timed_steps(l, &r);
    nescio_block_free(r.out.words, r.out_bytes);
    nescio_block_free(r.acc, r.acc_bytes);
    free(r.exponents);
    free(r.small);
    return st;
}

typedef struct expansion_run {
    nescio_ctx *ctx;
    nescio_evaluation_key key;
    nescio_status status; /* of the last call */
} expansion_run;

/* With the memory that it needs, fresh from the system. */
static void run_expansion(void *arg)
{
    expansion_run *r = arg;
    nescio_engine *engine;

    r->status = nescio_engine_new(r->ctx, &r->key, &engine);
    nescio_engine_free(engine);
}

static nescio_status expansion_row(listing *l, const nescio_tfhe_params *p)
{
    expansion_run r = {.ctx = l->ctx};
    nescio_measure_row row = row_of(p, "key_expansion", nescio_pbs_variant_name(p->variant));
    nescio_status st;

    row.threads = l->clocks.n;
    NESCIO_TRY(nescio_random_evaluation_key(l->ctx, p, &r.key));
    st = nescio_listing_row(l, row, 0, run_expansion, &r);
    nescio_evaluation_key_free(&r.key);
    return st == NESCIO_OK ? r.status : st;
}

/* One set of each torus word. */
nescio_status nescio_step_rows(listing *l)
{
    static const char *const sets[] = {"net_k2_n1024", "net_n2048_l2"};

    if (l->options->batch > 1)
        return NESCIO_OK;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        NESCIO_TRY(step_rows(l, &nescio_param_set_find(sets[i])->params));
    return expansion_row(l, &nescio_param_set_find(sets[0])->params);
}
