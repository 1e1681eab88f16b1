/* SPDX-License-Identifier: Apache-2.0
 * Matrix products without a library: gemm_tile.inc for each type and each width of register. */
#include "linalg/linalg.h"

#include "base/isa.h"
#include "base/unroll.h"

#include <pthread.h>

#define DEPTH 256 /* part of the contract: sums are made in runs of this many */
#define BLOCK_ROWS                                                                                 \
    256           /* 256 x 256 floats of A (256 KB) stay in L2; packing is 1/256 of the products */
#define VECTORS 3 /* columns of the register tile, in registers */

/* What does not change during one product; op(A) has elements a_i from one row to the next and a_p
 * from one k to the next, op(B) likewise. */
#define DEFINE_PRODUCT(name, real)                                                                 \
    typedef struct name {                                                                          \
        real alpha, beta;                                                                          \
        const real *a, *b; /* borrowed */                                                          \
        size_t a_i, a_p, b_p, b_j;                                                                 \
        real *c; /* borrowed */                                                                    \
        size_t ldc;                                                                                \
    } name
DEFINE_PRODUCT(product_f32, float);
DEFINE_PRODUCT(product_f64, double);

/* 16 registers: 4 x 3 sums leave room for a product and two operands. Every 64-bit machine has
 * vectors of 16 bytes. */
#define TILE_ROWS 4
#define TARGET
#define VECTOR_BYTES 16
#define REAL         float
#define PRODUCT      product_f32
#define NAME(x)      x##_f32_portable
#include "linalg/gemm_tile.inc"
#define REAL    double
#define PRODUCT product_f64
#define NAME(x) x##_f64_portable
#include "linalg/gemm_tile.inc"

#if defined(__x86_64__)
#undef TARGET
#undef VECTOR_BYTES
#define TARGET       __attribute__((target("avx2")))
#define VECTOR_BYTES 32
#define REAL         float
#define PRODUCT      product_f32
#define NAME(x)      x##_f32_avx2
#include "linalg/gemm_tile.inc"
#define REAL    double
#define PRODUCT product_f64
#define NAME(x) x##_f64_avx2
#include "linalg/gemm_tile.inc"

/* 32 registers */
#undef TARGET
#undef VECTOR_BYTES
#undef TILE_ROWS
#define TARGET       __attribute__((target("avx512f")))
#define VECTOR_BYTES 64
#define TILE_ROWS    8
#define REAL         float
#define PRODUCT      product_f32
#define NAME(x)      x##_f32_avx512
#include "linalg/gemm_tile.inc"
#define REAL    double
#define PRODUCT product_f64
#define NAME(x) x##_f64_avx512
#include "linalg/gemm_tile.inc"
#endif

typedef struct variant {
    void (*f32)(const product_f32 *g, size_t m, size_t n, size_t k);
    void (*f64)(const product_f64 *g, size_t m, size_t n, size_t k);
} variant;

static variant chosen;

static void choose(void)
{
    nescio_isa isa;

    chosen = (variant){gemm_f32_portable, gemm_f64_portable};
    if (nescio_isa_in_force(&isa) != NESCIO_OK) /* whoever can fail tells */
        return;
#if defined(__x86_64__)
    if (isa >= NESCIO_ISA_AVX2)
        chosen = (variant){gemm_f32_avx2, gemm_f64_avx2};
    if (isa >= NESCIO_ISA_AVX512)
        chosen = (variant){gemm_f32_avx512, gemm_f64_avx512};
#endif
}

static const variant *choice(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, choose);
    return &chosen;
}

/* C := beta * C, for products that add nothing. */
#define SCALE(c, beta)                                                                             \
    for (size_t i = 0; i < m; i++)                                                                 \
        for (size_t j = 0; j < n; j++)                                                             \
            (c)[i * ldc + j] = (beta) == 0 ? 0 : (beta) * (c)[i * ldc + j];

void nescio_gemm_f32(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, float alpha,
                     const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c,
                     size_t ldc)
{
    const product_f32 g = {.alpha = alpha,
                           .beta = beta,
                           .a = a,
                           .b = b,
                           .a_i = trans_a ? 1 : lda,
                           .a_p = trans_a ? lda : 1,
                           .b_p = trans_b ? 1 : ldb,
                           .b_j = trans_b ? ldb : 1,
                           .c = c,
                           .ldc = ldc};

    if (alpha == 0 || k == 0)
        SCALE(c, beta)
    else
        choice()->f32(&g, m, n, k);
}

void nescio_gemm_f64(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, double alpha,
                     const double *a, size_t lda, const double *b, size_t ldb, double beta,
                     double *c, size_t ldc)
{
    const product_f64 g = {.alpha = alpha,
                           .beta = beta,
                           .a = a,
                           .b = b,
                           .a_i = trans_a ? 1 : lda,
                           .a_p = trans_a ? lda : 1,
                           .b_p = trans_b ? 1 : ldb,
                           .b_j = trans_b ? ldb : 1,
                           .c = c,
                           .ldc = ldc};

    if (alpha == 0 || k == 0)
        SCALE(c, beta)
    else
        choice()->f64(&g, m, n, k);
}
