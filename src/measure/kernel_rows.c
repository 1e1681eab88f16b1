/* SPDX-License-Identifier: Apache-2.0
 * Kernels outside any engine: transforms of every size, and the integer product of a key switch. */
#include "kernels/fft.h"
#include "kernels/keyswitch.h"
#include "measure/measure_internal.h"

#include <string.h>

typedef struct fft_run {
    nescio_fft *fft;
    int32_t *digits;
    uint32_t *words;
    double *freq;
} fft_run;

static void run_forward(void *arg)
{
    const fft_run *r = arg;

    nescio_fft_forward_i32(r->fft, r->freq, r->digits);
}

/* Of zeros: it overwrites its input, and repeated transforms of anything else would overflow. */
static void run_backward(void *arg)
{
    const fft_run *r = arg;

    nescio_fft_backward_add_u32(r->fft, r->words, r->freq);
}

static nescio_status timed_fft(listing *l, uint32_t poly_size, fft_run *r)
{
    const double bound = nescio_multiply_adds_transform(poly_size);
    nescio_measure_row row = {
        .what = "fft", .variant = "forward", .poly_size = poly_size, .batch = 1, .threads = 1};

    NESCIO_TRY(nescio_fft_new(l->ctx, poly_size, &r->fft));
    for (uint32_t i = 0; i < poly_size; i++)
        r->digits[i] = (int32_t)(i * 2654435761u) >> 9; /* digits of 23 bits */
    NESCIO_TRY(nescio_listing_row(l, row, bound, run_forward, r));
    memset(r->freq, 0, poly_size * sizeof *r->freq);
    row.variant = "backward";
    return nescio_listing_row(l, row, bound, run_backward, r);
}

static nescio_status fft_rows(listing *l, uint32_t poly_size)
{
    const size_t n = poly_size;
    fft_run r = {.digits = nescio_block_alloc(n * sizeof *r.digits),
                 .words = nescio_block_alloc(n * sizeof *r.words),
                 .freq = nescio_block_alloc(n * sizeof *r.freq)};
    nescio_status st = nescio_fail_nomem(l->ctx, n * sizeof *r.freq);

    if (r.digits && r.words && r.freq)
        st = timed_fft(l, poly_size, &r);
    nescio_fft_free(r.fft);
    nescio_block_free(r.digits, n * sizeof *r.digits);
    nescio_block_free(r.words, n * sizeof *r.words);
    nescio_block_free(r.freq, n * sizeof *r.freq);
    return st;
}

/* A key switch from k N to n. */
typedef struct switch_shape {
    uint32_t n, k, poly_size, levels, base_log;
} switch_shape;

static const switch_shape switches[] = {{918, 1, 2048, 4, 4}, {880, 2, 1024, 8, 2}};

enum { MODULUS_LOG = 24 };

typedef struct switch_run {
    nescio_keyswitch_kernels kernels;
    nescio_keyswitch_shape shape;
    uint32_t levels;
    size_t key_bytes, stride, count;
    void *key;
    int8_t *digits; /* [most][n_rows] */
    uint32_t *in;   /* one input, in_words words */
    uint32_t *out;  /* [most][stride] */
    size_t in_words;
    volatile int64_t rest;
} switch_run;

static void run_digits(void *arg)
{
    switch_run *r = arg;

    for (size_t t = 0; t < r->count; t++)
        r->rest = r->kernels.digits(r->digits + t * r->shape.n_rows, r->in, r->in_words, r->levels,
                                    r->shape.base_log);
}

static void run_product(void *arg)
{
    const switch_run *r = arg;

    r->kernels.product(r->out, r->stride, r->key, &r->shape, r->digits, r->shape.n_rows, r->count);
}

static nescio_status timed_switch(listing *l, const switch_shape *s, const batches *b,
                                  switch_run *r)
{
    nescio_measure_row row = {.what = "keyswitch",
                              .n = s->n,
                              .k = s->k,
                              .poly_size = s->poly_size,
                              .levels = s->levels,
                              .base_log = s->base_log,
                              .threads = 1};
    nescio_random_fill(r->key, r->key_bytes);
    nescio_random_fill(r->in, r->in_words * sizeof *r->in);
    for (size_t i = 0; i < b->n; i++) {
        r->count = row.batch = b->sizes[i];
        row.variant = "digits";
        NESCIO_TRY(nescio_listing_row(l, row, 0, run_digits, r));
        row.variant = "product";
        NESCIO_TRY(nescio_listing_row(l, row, 0, run_product, r));
    }
    return NESCIO_OK;
}

static nescio_status switch_rows(listing *l, const switch_shape *s)
{
    const batches b = nescio_listing_batches(l, false);
    const size_t most = b.sizes[b.n - 1], in_words = (size_t)s->k * s->poly_size;
    switch_run r = {.levels = s->levels, .in_words = in_words};
    nescio_status st;
    nescio_isa isa;

    NESCIO_TRY(nescio_isa_in_force(&isa));
    nescio_keyswitch_kernels_for(isa, &r.kernels);
    r.shape =
        (nescio_keyswitch_shape){in_words * s->levels, (size_t)s->n + 1, MODULUS_LOG, s->base_log};
    r.stride = nescio_size_round_up(r.shape.n_columns, NESCIO_KEYSWITCH_COLUMNS);
    r.key_bytes = r.kernels.key_bytes(&r.shape);
    r.key = nescio_block_alloc(r.key_bytes);
    r.digits = nescio_block_alloc(most * r.shape.n_rows);
    r.in = nescio_block_alloc(in_words * sizeof *r.in);
    r.out = nescio_block_alloc(most * r.stride * sizeof *r.out);
    if (r.key && r.digits && r.in && r.out)
        st = timed_switch(l, s, &b, &r);
    else
        st = nescio_fail_nomem(l->ctx, r.key_bytes);
    nescio_block_free(r.key, r.key_bytes);
    nescio_block_free(r.digits, most * r.shape.n_rows);
    nescio_block_free(r.in, in_words * sizeof *r.in);
    nescio_block_free(r.out, most * r.stride * sizeof *r.out);
    return st;
}

nescio_status nescio_measure_kernels(nescio_ctx *ctx, const nescio_measure_options *options,
                                     nescio_measure_fn fn, void *user)
{
    const uint32_t largest = options->full ? NESCIO_FFT_MAX_POLY : 16384;
    listing l;

    NESCIO_TRY(nescio_listing_open(ctx, options, fn, user, &l));
    for (uint32_t n = NESCIO_FFT_MIN_POLY; n <= largest; n *= 2)
        NESCIO_TRY(fft_rows(&l, n));
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        NESCIO_TRY(switch_rows(&l, &switches[i]));
    NESCIO_TRY(nescio_step_rows(&l));
    return nescio_border_rows(&l);
}
