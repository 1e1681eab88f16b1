/* SPDX-License-Identifier: Apache-2.0
 * The FFT against integer convolution mod X^N + 1, on every instruction set: the error of f64
 * products stays below the constant that the noise model uses, exact products are exact, transforms
 * agree between instruction sets. */
#include "check.h"
#include "kernels/fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 64 }; /* coefficients compared with the definition, each N products long */

typedef struct bench {
    nescio_fft *fft;
    uint32_t n;
    int32_t *small;
    uint64_t *big, *out;
    double *a, *b, *c;
    void *scratch;
} bench;

static bench bench_new(nescio_isa isa, uint32_t n)
{
    bench t = {.n = n};

    if (nescio_fft_new_for(NULL, isa, n, &t.fft) != NESCIO_OK)
        exit(2);
    t.small = aligned_alloc(64, n * sizeof *t.small);
    t.big = aligned_alloc(64, n * sizeof *t.big);
    t.out = aligned_alloc(64, n * sizeof *t.out);
    t.a = aligned_alloc(64, n * sizeof(double));
    t.b = aligned_alloc(64, n * sizeof(double));
    t.c = aligned_alloc(64, n * sizeof(double));
    t.scratch = aligned_alloc(64, nescio_fft_exact_scratch_bytes(t.fft));
    if (!t.small || !t.big || !t.out || !t.a || !t.b || !t.c || !t.scratch)
        exit(2);
    return t;
}

static void bench_free(bench *t)
{
    nescio_fft_free(t->fft);
    free(t->small);
    free(t->big);
    free(t->out);
    free(t->a);
    free(t->b);
    free(t->c);
    free(t->scratch);
}

/* Coefficient j of small * big mod (2^64, X^N + 1), by the definition. */
static uint64_t product_coefficient(const bench *t, uint32_t j)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const uint64_t term = (uint64_t)(int64_t)t->small[i] * t->big[(j - i) & (t->n - 1)];
        sum += i <= j ? term : -term;
    }
    return sum;
}

static void fill_random(bench *t, int32_t bound)
{
    for (uint32_t i = 0; i < t->n; i++) {
        t->small[i] = (int32_t)(rnd() % (2 * (uint64_t)bound + 1)) - bound;
        t->big[i] = rnd();
        t->out[i] = rnd();
    }
}

static void check_exact(bench *t, unsigned small_log, const char *what)
{
    uint64_t before[SAMPLES];
    uint32_t at[SAMPLES];
    int bad = 0;

    for (int s = 0; s < SAMPLES; s++) {
        at[s] = s < 2 ? (uint32_t)s * (t->n - 1) : (uint32_t)rnd() & (t->n - 1);
        before[s] = t->out[at[s]];
    }
    nescio_fft_forward_i32(t->fft, t->a, t->small);
    nescio_fft_exact_multiply_add(t->fft, t->out, t->a, small_log, t->big, t->scratch);
    for (int s = 0; s < SAMPLES; s++)
        bad += t->out[at[s]] - before[s] != product_coefficient(t, at[s]);
    CHECK(bad == 0, "exact product %s: %s N=%u small_log=%u: %d of %d coefficients", what,
          nescio_isa_name(nescio_fft_isa(t->fft)), t->n, small_log, bad, SAMPLES);
}

static void check_exact_all(bench *t)
{
    static const unsigned logs[] = {0, 7, 15};

    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        fill_random(t, 1 << logs[i]);
        check_exact(t, logs[i], "random");
        for (uint32_t j = 0; j < t->n;
             j++) { /* the largest sums of one sign: coefficient N-1 of all-equal operands */
            t->small[j] = 1 << logs[i];
            t->big[j] = 0x7fffffff7fffffffu;
        }
        check_exact(t, logs[i], "extreme");
    }
}

/* Mean square of the error of `n_products` summed products, by the formula of NESCIO_FFT_ERROR_C
 * but for that constant. */
static double error_ratio(bench *t, int n_products, unsigned base_log)
{
    uint64_t sum[SAMPLES] = {0};
    uint32_t at[SAMPLES];
    double square = 0;
    const double variance_small = ldexp(1, 2 * (int)base_log) / 12,
                 variance_big = ldexp(1, 128) / 12;

    for (uint32_t s = 0; s < SAMPLES; s++)
        at[s] = (uint32_t)rnd() & (t->n - 1);
    memset(t->c, 0, t->n * sizeof *t->c);
    for (int r = 0; r < n_products; r++) {
        for (uint32_t j = 0; j < t->n; j++) {
            t->small[j] = (int32_t)(rnd() & ((1u << base_log) - 1)) - (1 << (base_log - 1));
            t->big[j] = rnd();
        }
        for (uint32_t s = 0; s < SAMPLES; s++)
            sum[s] += product_coefficient(t, at[s]);
        nescio_fft_forward_i32(t->fft, t->a, t->small);
        nescio_fft_forward_u64(t->fft, t->b, t->big, 1.0);
        nescio_fft_multiply_add(t->fft, t->c, t->a, t->b);
    }
    memset(t->out, 0, t->n * sizeof *t->out);
    nescio_fft_backward_add_u64(t->fft, t->out, t->c);
    for (uint32_t s = 0; s < SAMPLES; s++) {
        const double e = (double)(int64_t)(t->out[at[s]] - sum[s]);
        square += e * e / SAMPLES;
    }
    return square /
           ((log2(t->n) - 3) * ldexp(1, -106) * n_products * t->n * variance_small * variance_big);
}

static void check_error(bench *t)
{
    const int rounds = t->n <= 1024   ? 100
                       : t->n <= 4096 ? 24
                                      : 2; /* 1000 coefficients and more: 5 % and less */
    const double slack = t->n <= 4096 ? 1.0 : 1.25;
    double ratio = 0;

    for (int i = 0; i < rounds; i++)
        ratio += error_ratio(t, 2, 16) / rounds;
    CHECK(ratio < slack * NESCIO_FFT_ERROR_C && ratio > 0.7 / slack * NESCIO_FFT_ERROR_C,
          "f64 product error: %s N=%u: %.3f, the noise model says %.3f",
          nescio_isa_name(nescio_fft_isa(t->fft)), t->n, ratio, NESCIO_FFT_ERROR_C);
}

/* Words of 32 bits: the same polynomial as the definition, mod 2^32, when nothing is lost. */
static void check_u32(bench *t)
{
    uint32_t *out = (uint32_t *)(void *)t->c;
    int bad = 0;

    for (uint32_t j = 0; j < t->n; j++) {
        t->small[j] = (int32_t)(rnd() & 7) - 4;
        t->big[j] =
            (uint64_t)(((int64_t)rnd() >> 36)); /* 28 bits: sums pass 2^32 and stay exact in f64 */
    }
    nescio_fft_forward_i32(t->fft, t->a, t->small);
    nescio_fft_forward_u64(t->fft, t->b, t->big, 1.0);
    memset(t->out, 0, t->n * sizeof *t->out);
    memcpy(t->scratch, t->b, t->n * sizeof *t->b);
    memset(t->b, 0, t->n * sizeof *t->b);
    nescio_fft_multiply_add(t->fft, t->b, t->a, t->scratch);
    for (uint32_t j = 0; j < t->n; j++)
        out[j] = j;
    nescio_fft_backward_add_u32(t->fft, out, t->b);
    for (uint32_t s = 0; s < SAMPLES; s++) {
        const uint32_t j = s * (t->n / SAMPLES);
        bad += out[j] != j + (uint32_t)product_coefficient(t, j);
    }
    CHECK(bad == 0, "add to u32: %s N=%u: %d of %d coefficients",
          nescio_isa_name(nescio_fft_isa(t->fft)), t->n, bad, SAMPLES);
}

/* backward(forward(x)) = x, extremes of both integer widths included. */
static void check_round_trip(bench *t)
{
    double worst = 0;

    for (uint32_t j = 0; j < t->n; j++)
        t->big[j] = j & 1 ? (uint64_t)INT64_MIN : j & 2 ? (uint64_t)INT64_MAX : rnd();
    nescio_fft_forward_u64(t->fft, t->a, t->big, 0x1p-63);
    nescio_fft_backward(t->fft, t->b, t->a);
    for (uint32_t j = 0; j < t->n; j++)
        worst = fmax(worst, fabs(t->b[j] - (double)(int64_t)t->big[j] * 0x1p-63));
    for (uint32_t j = 0; j < t->n; j++)
        t->small[j] = j & 1 ? INT32_MIN : j & 2 ? INT32_MAX : (int32_t)rnd();
    nescio_fft_forward_i32(t->fft, t->a, t->small);
    nescio_fft_backward(t->fft, t->b, t->a);
    for (uint32_t j = 0; j < t->n; j++)
        worst = fmax(worst, fabs(t->b[j] - t->small[j]) * 0x1p-31);
    CHECK(worst < 0x1p-44, "round trip: %s N=%u: %g", nescio_isa_name(nescio_fft_isa(t->fft)), t->n,
          worst);
}

/* The frequency order is one order: a key transformed on one machine serves another. */
static void check_same_order(bench *t, bench *scalar)
{
    double worst = 0;

    fill_random(t, 1000);
    nescio_fft_forward_i32(t->fft, t->a, t->small);
    nescio_fft_forward_i32(scalar->fft, scalar->a, t->small);
    for (uint32_t j = 0; j < t->n; j++)
        worst = fmax(worst, fabs(t->a[j] - scalar->a[j]));
    CHECK(worst < 1e-6, "frequencies: %s against scalar, N=%u: %g",
          nescio_isa_name(nescio_fft_isa(t->fft)), t->n, worst);
}

static void check_refusals(void)
{
    static const uint32_t bad[] = {0, 128, 257, 3072, 131072};
    nescio_fft *fft;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(nescio_fft_new_for(NULL, NESCIO_ISA_SCALAR, bad[i], &fft) == NESCIO_E_ARG && !fft,
              "N=%u accepted", bad[i]);
}

int main(void)
{
    check_refusals();
    for (uint32_t n = NESCIO_FFT_MIN_POLY; n <= NESCIO_FFT_MAX_POLY; n *= 2) {
        bench scalar = bench_new(NESCIO_ISA_SCALAR, n);
        for (int isa = NESCIO_ISA_SCALAR; isa <= NESCIO_ISA_AVX512; isa++) {
            if (!can_run((nescio_isa)isa))
                continue;
            bench t = bench_new((nescio_isa)isa, n);
            check_round_trip(&t);
            check_same_order(&t, &scalar);
            check_exact_all(&t);
            check_u32(&t);
            check_error(&t);
            bench_free(&t);
        }
        bench_free(&scalar);
    }
    return check_result();
}
