/* SPDX-License-Identifier: Apache-2.0
 * Times a short blind rotation against the cost table. */
#include "measure/measure.h"

#include "params/params.h"
#include "random/random.h"
#include "tfhe/blind_rotation.h"

#include <stdlib.h>
#include <time.h>

enum { GROUPS = 32, TILE = 8, RUNS = 5 };

static double thread_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Memory of one measurement. */
typedef struct bench {
    nescio_bsk *bsk;
    uint64_t *row;
    void *scratch;
    uint64_t *acc; /* room for 64-bit words whatever the torus */
    uint16_t *exponents;
    size_t row_bytes, scratch_bytes, acc_bytes;
} bench;

static nescio_status bench_new(nescio_ctx *ctx, const nescio_tfhe_params *p, bench *b)
{
    size_t set_bytes;

    NESCIO_TRY(nescio_bsk_new(ctx, p, &b->bsk));
    set_bytes = nescio_bsk_set_scratch_bytes(b->bsk);
    b->scratch_bytes = nescio_blind_rotate_scratch_bytes(b->bsk, TILE);
    if (b->scratch_bytes < set_bytes)
        b->scratch_bytes = set_bytes;
    b->row_bytes = ((size_t)p->glwe_dim + 1) * p->poly_size * sizeof *b->row;
    b->acc_bytes = TILE * nescio_blind_rotate_acc_stride(b->bsk) * sizeof *b->acc;
    b->row = nescio_block_alloc(b->row_bytes);
    b->scratch = nescio_block_alloc(b->scratch_bytes);
    b->acc = nescio_block_alloc(b->acc_bytes);
    b->exponents = calloc((size_t)TILE * p->lwe_dim, sizeof *b->exponents);
    if (!b->row || !b->scratch || !b->acc || !b->exponents)
        return nescio_fail_nomem(ctx, b->scratch_bytes);
    return NESCIO_OK;
}

static void bench_free(bench *b)
{
    nescio_bsk_free(b->bsk);
    nescio_block_free(b->row, b->row_bytes);
    nescio_block_free(b->scratch, b->scratch_bytes);
    nescio_block_free(b->acc, b->acc_bytes);
    free(b->exponents);
}

static void fill(const nescio_tfhe_params *p, bench *b)
{
    static const uint8_t seed[NESCIO_SEED_BYTES] = {1};
    nescio_stream s;

    nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, 0);
    for (size_t g = 0; g < nescio_tfhe_n_ggsw(p); g++)
        for (uint32_t r = 0; r < (p->glwe_dim + 1) * p->pbs_levels; r++) {
            nescio_stream_fill_u64(&s, b->row, b->row_bytes / sizeof *b->row);
            nescio_bsk_set_row(b->bsk, g, r, b->row, b->scratch);
        }
    nescio_stream_fill_u64(&s, b->acc, b->acc_bytes / sizeof *b->acc);
    for (size_t i = 0; i < (size_t)TILE * p->lwe_dim; i++)
        b->exponents[i] = (uint16_t)(nescio_stream_u64(&s) & (2 * p->poly_size - 1));
}

nescio_status nescio_measure_slowness(nescio_ctx *ctx, const nescio_tfhe_params *p,
                                      double *slowness)
{
    nescio_tfhe_params shorter = *p;
    bench b = {0};
    double least = 0;
    nescio_status st;

    shorter.lwe_dim = GROUPS * nescio_tfhe_group_bits(p);
    st = bench_new(ctx, &shorter, &b);
    if (st == NESCIO_OK) {
        fill(&shorter, &b);
        for (int run = 0; run < RUNS; run++) {
            const double from = thread_seconds();
            nescio_blind_rotate(b.bsk, b.acc, TILE, b.exponents, shorter.lwe_dim, b.scratch);
            const double each = (thread_seconds() - from) / TILE;
            if (run == 0 || each < least)
                least = each;
        }
        *slowness = least / nescio_cost_pbs(&shorter);
    }
    bench_free(&b);
    return st;
}
