/* SPDX-License-Identifier: Apache-2.0
 * Matrix products by CBLAS. */
#include "linalg/linalg.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <pthread.h>

static void use_one_thread(void)
{
#ifdef NESCIO_OPENBLAS_THREADS
    openblas_set_num_threads(1); /* the pool's workers are the threads */
#endif
}

static enum CBLAS_TRANSPOSE operation(bool trans)
{
    return trans ? CblasTrans : CblasNoTrans;
}

/* Prepares once; false when there is nothing to do. */
static bool begin(size_t m, size_t n, size_t k, size_t lda, size_t ldb, size_t ldc)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    assert(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX && ldb <= INT_MAX &&
           ldc <= INT_MAX);
    (void)k, (void)lda, (void)ldb, (void)ldc;
    pthread_once(&once, use_one_thread);
    return m > 0 && n > 0;
}

/* CBLAS checks leading dimensions even of matrices without elements. */
static int leading(size_t ld)
{
    return ld > 0 ? (int)ld : 1;
}

void nescio_gemm_f32(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, float alpha,
                     const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c,
                     size_t ldc)
{
    if (begin(m, n, k, lda, ldb, ldc))
        cblas_sgemm(CblasRowMajor, operation(trans_a), operation(trans_b), (int)m, (int)n, (int)k,
                    alpha, a, leading(lda), b, leading(ldb), beta, c, leading(ldc));
}

void nescio_gemm_f64(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, double alpha,
                     const double *a, size_t lda, const double *b, size_t ldb, double beta,
                     double *c, size_t ldc)
{
    if (begin(m, n, k, lda, ldb, ldc))
        cblas_dgemm(CblasRowMajor, operation(trans_a), operation(trans_b), (int)m, (int)n, (int)k,
                    alpha, a, leading(lda), b, leading(ldb), beta, c, leading(ldc));
}
