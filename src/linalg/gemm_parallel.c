/* SPDX-License-Identifier: Apache-2.0
 * One matrix product on many workers: each job is a block of C, so no two write the same element.
 */
#include "linalg/linalg.h"

#define JOB_ROWS    128
#define JOB_COLUMNS 288 /* a multiple of every register tile's columns: 48, 24, 12 */

typedef struct gemm_job {
    bool trans_a, trans_b;
    size_t m, n, k, lda, ldb, ldc;
    float alpha, beta;
    const float *a, *b; /* borrowed */
    float *c;           /* borrowed */
    size_t across;      /* blocks in a row of blocks */
} gemm_job;

static void run_block(void *arg, size_t i_job, unsigned i_worker)
{
    const gemm_job *g = arg;
    const size_t i = i_job / g->across * JOB_ROWS, j = i_job % g->across * JOB_COLUMNS;
    const size_t rows = g->m - i < JOB_ROWS ? g->m - i : JOB_ROWS;
    const size_t columns = g->n - j < JOB_COLUMNS ? g->n - j : JOB_COLUMNS;

    (void)i_worker;
    nescio_gemm_f32(g->trans_a, g->trans_b, rows, columns, g->k, g->alpha,
                    g->a + i * (g->trans_a ? 1 : g->lda), g->lda,
                    g->b + j * (g->trans_b ? g->ldb : 1), g->ldb, g->beta, g->c + i * g->ldc + j,
                    g->ldc);
}

void nescio_gemm_f32_parallel(nescio_pool *pool, bool trans_a, bool trans_b, size_t m, size_t n,
                              size_t k, float alpha, const float *a, size_t lda, const float *b,
                              size_t ldb, float beta, float *c, size_t ldc)
{
    gemm_job g = {.trans_a = trans_a,
                  .trans_b = trans_b,
                  .m = m,
                  .n = n,
                  .k = k,
                  .lda = lda,
                  .ldb = ldb,
                  .ldc = ldc,
                  .alpha = alpha,
                  .beta = beta,
                  .a = a,
                  .b = b,
                  .c = c};

    g.across = (n + JOB_COLUMNS - 1) / JOB_COLUMNS;
    nescio_pool_run(pool, (m + JOB_ROWS - 1) / JOB_ROWS * g.across, run_block, &g);
}
