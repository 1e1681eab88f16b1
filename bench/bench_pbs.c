/* SPDX-License-Identifier: Apache-2.0
 * Times transforms and blind rotation on this machine: one JSON object a line, milliseconds a
 * ciphertext (or a transform).
 *
 *   bench_pbs [--repeat N] [NAME...]      NAMEs choose cases (see cases[] and fft); all by default;
 * NESCIO_ISA caps
 *
 * One thread is timed by its CPU clock, several by the wall clock. The key is random words: time
 * depends on no value. */
#include "base/base.h"
#include "kernels/fft.h"
#include "kernels/isa.h"
#include "tfhe/blind_rotation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_REPEAT = 1001 };

typedef struct bench_case {
    const char *name;
    uint32_t variant, n, k, poly_size, levels, base_log;
    size_t batch; /* ciphertexts a measurement: one tile a thread */
    unsigned threads;
} bench_case;

static const bench_case cases[] = {
    {"classical-single", NESCIO_PBS_CLASSICAL, 918, 1, 2048, 1, 23, 1, 1},
    {"classical", NESCIO_PBS_CLASSICAL, 918, 1, 2048, 1, 23, 16, 1},
    {"classical-threads", NESCIO_PBS_CLASSICAL, 918, 1, 2048, 1, 23, 32, 2},
    {"unrolled2-single", NESCIO_PBS_UNROLLED2, 918, 1, 2048, 1, 23, 1, 1},
    {"unrolled2", NESCIO_PBS_UNROLLED2, 918, 1, 2048, 1, 23, 16, 1},
    {"unrolled2-threads", NESCIO_PBS_UNROLLED2, 918, 1, 2048, 1, 23, 32, 2},
    {"unrolled2-k2-single", NESCIO_PBS_UNROLLED2, 880, 2, 1024, 1, 23, 1, 1},
    {"unrolled2-k2", NESCIO_PBS_UNROLLED2, 880, 2, 1024, 1, 23, 16, 1},
    {"block3-single", NESCIO_PBS_BLOCK3, 930, 1, 2048, 1, 23, 1, 1},
    {"block3", NESCIO_PBS_BLOCK3, 930, 1, 2048, 1, 23, 16, 1},
    {"block4", NESCIO_PBS_BLOCK4, 960, 1, 2048, 1, 23, 16, 1},
    {"classical-4096", NESCIO_PBS_CLASSICAL, 929, 1, 4096, 1, 22, 8, 1},
    {"classical-8192", NESCIO_PBS_CLASSICAL, 1077, 1, 8192, 2, 15, 8, 1},
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Minimum and median of `repeat` calls, in milliseconds each. */
typedef struct timing {
    double min_ms, median_ms;
} timing;

static timing time_calls(void (*call)(void *), void *arg, int repeat, clockid_t clock)
{
    double samples[MAX_REPEAT];

    call(arg);
    for (int i = 0; i < repeat; i++) {
        const double start = seconds(clock);
        call(arg);
        samples[i] = 1e3 * (seconds(clock) - start);
    }
    qsort(samples, (size_t)repeat, sizeof *samples, compare);
    return (timing){samples[0], samples[repeat / 2]};
}

static const char *isa_name(void)
{
    nescio_isa isa;
    return nescio_isa_in_force(&isa) == NESCIO_OK ? nescio_isa_name(isa) : "unknown";
}

static uint64_t next_word(uint64_t *state) /* xorshift: any words will do */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void fill_words(void *to, size_t bytes)
{
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i + 8 <= bytes; i += 8)
        memcpy((char *)to + i, &(uint64_t){next_word(&state)}, 8);
}

static nescio_tfhe_params params_of(const bench_case *c)
{
    return (nescio_tfhe_params){
        .lwe_dim = c->n,
        .glwe_dim = c->k,
        .poly_size = c->poly_size,
        .pbs_levels = c->levels,
        .pbs_base_log = c->base_log,
        .ks_levels = 4,
        .ks_base_log = 4,
        .ks_modulus_log = 24,
        .lwe_noise_log = 5,
        .glwe_noise_log = 17,
        .torus_log = c->levels * c->base_log <= 24 ? 32 : 64,
        .variant = c->variant,
        .out_glwe_dim = 1,
        .out_poly_size = 1024,
        .out_levels = 2,
        .out_base_log = 7,
        .out_noise_log = 43,
    };
}

typedef struct rotation_bench {
    nescio_tfhe_params params;
    nescio_bsk *bsk;
    nescio_pool *pool;
    size_t batch, tile, scratch_bytes, acc_bytes;
    char *acc, *scratch;
    uint16_t *exponents;
} rotation_bench;

static void fill_key(rotation_bench *b, uint64_t *glwe, void *scratch)
{
    const uint32_t rows = (b->params.glwe_dim + 1) * b->params.pbs_levels;

    for (size_t i = 0; i < nescio_tfhe_n_ggsw(&b->params); i++)
        for (uint32_t row = 0; row < rows; row++)
            nescio_bsk_set_row(b->bsk, i, row, glwe, scratch);
}

static void rotate_tile(void *arg, size_t i_job, unsigned i_worker)
{
    rotation_bench *b = arg;
    nescio_blind_rotate(b->bsk, b->acc + i_job * b->tile * b->acc_bytes, b->tile,
                        b->exponents + i_job * b->tile * b->params.lwe_dim, b->params.lwe_dim,
                        b->scratch + i_worker * b->scratch_bytes);
}

static void rotate_batch(void *arg)
{
    rotation_bench *b = arg;
    nescio_pool_run(b->pool, b->batch / b->tile, rotate_tile, b);
}

static void rotation_bench_free(rotation_bench *b)
{
    nescio_bsk_free(b->bsk);
    nescio_pool_free(b->pool);
    free(b->acc);
    free(b->scratch);
    free(b->exponents);
}

/* False: no memory, or parameters that the engine refuses (the context's message says). */
static bool rotation_bench_init(nescio_ctx *ctx, rotation_bench *b, const bench_case *c)
{
    const nescio_tfhe_params p = params_of(c);
    const size_t glwe_words = (size_t)(c->k + 1) * c->poly_size, n_exponents = c->batch * c->n;
    uint64_t *glwe = aligned_alloc(64, glwe_words * sizeof *glwe);
    void *scratch = NULL;

    *b = (rotation_bench){.params = p, .batch = c->batch, .tile = c->batch / c->threads};
    if (c->threads > 1)
        b->pool = nescio_pool_new(c->threads);
    if (!glwe || nescio_bsk_new(ctx, &p, &b->bsk) != NESCIO_OK)
        goto fail;
    b->acc_bytes = nescio_blind_rotate_acc_stride(b->bsk) * p.torus_log / 8;
    b->scratch_bytes =
        nescio_size_round_up(nescio_blind_rotate_scratch_bytes(b->bsk, b->tile), 4096);
    b->acc = aligned_alloc(64, b->batch * b->acc_bytes);
    b->scratch = aligned_alloc(4096, b->scratch_bytes * c->threads);
    b->exponents = malloc(n_exponents * sizeof *b->exponents);
    scratch = aligned_alloc(64, nescio_bsk_set_scratch_bytes(b->bsk));
    if (!b->acc || !b->scratch || !b->exponents || !scratch)
        goto fail;
    fill_words(b->acc, b->batch * b->acc_bytes);
    fill_words(glwe, glwe_words * sizeof *glwe);
    fill_words(b->exponents, n_exponents * sizeof *b->exponents);
    for (size_t i = 0; i < n_exponents; i++)
        b->exponents[i] = (uint16_t)(b->exponents[i] & (2 * c->poly_size - 1));
    fill_key(b, glwe, scratch);
    free(glwe);
    free(scratch);
    return true;
fail:
    free(glwe);
    free(scratch);
    rotation_bench_free(b);
    return false;
}

static int bench_rotation(nescio_ctx *ctx, const bench_case *c, int repeat)
{
    rotation_bench b;
    timing t;

    if (!rotation_bench_init(ctx, &b, c)) {
        fprintf(stderr, "bench_pbs: %s: %s\n", c->name, nescio_ctx_message(ctx));
        return 1;
    }
    t = time_calls(rotate_batch, &b, repeat,
                   c->threads > 1 ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID);
    printf("{\"what\": \"blind_rotation\", \"variant\": \"%s\", \"isa\": \"%s\", \"n\": %u, \"k\": "
           "%u, \"N\": %u, "
           "\"level\": %u, \"base_log\": %u, \"batch\": %zu, \"threads\": %u, \"min_ms\": %.4f, "
           "\"median_ms\": %.4f}\n",
           nescio_pbs_variant_name(c->variant), isa_name(), c->n, c->k, c->poly_size, c->levels,
           c->base_log, c->batch, c->threads, t.min_ms / (double)c->batch,
           t.median_ms / (double)c->batch);
    fflush(stdout);
    rotation_bench_free(&b);
    return 0;
}

enum { FFT_CALLS = 100 };

typedef struct fft_bench {
    nescio_fft *fft;
    int32_t *digits;
    uint32_t *words;
    double *freq;
} fft_bench;

static void run_forward(void *arg)
{
    const fft_bench *b = arg;
    for (int i = 0; i < FFT_CALLS; i++)
        nescio_fft_forward_i32(b->fft, b->freq, b->digits);
}

static void run_backward(void *arg)
{
    const fft_bench *b = arg;
    for (int i = 0; i < FFT_CALLS; i++)
        nescio_fft_backward_add_u32(b->fft, b->words, b->freq);
}

static void print_fft(const char *variant, uint32_t poly_size, timing t)
{
    printf("{\"what\": \"fft\", \"variant\": \"%s\", \"isa\": \"%s\", \"N\": %u, \"threads\": 1, "
           "\"min_ms\": %.6f, "
           "\"median_ms\": %.6f}\n",
           variant, isa_name(), poly_size, t.min_ms / FFT_CALLS, t.median_ms / FFT_CALLS);
}

static int bench_fft(nescio_ctx *ctx, uint32_t poly_size, int repeat)
{
    fft_bench b = {.digits = aligned_alloc(64, poly_size * sizeof *b.digits),
                   .words = aligned_alloc(64, poly_size * sizeof *b.words),
                   .freq = aligned_alloc(64, poly_size * sizeof *b.freq)};
    int failed = 1;

    if (b.digits && b.words && b.freq && nescio_fft_new(ctx, poly_size, &b.fft) == NESCIO_OK) {
        fill_words(b.digits, poly_size * sizeof *b.digits);
        fill_words(b.words, poly_size * sizeof *b.words);
        print_fft("forward", poly_size,
                  time_calls(run_forward, &b, repeat, CLOCK_THREAD_CPUTIME_ID));
        memset(b.freq, 0,
               poly_size *
                   sizeof *b.freq); /* repeated backward transforms of nothing stay finite */
        print_fft("backward", poly_size,
                  time_calls(run_backward, &b, repeat, CLOCK_THREAD_CPUTIME_ID));
        failed = 0;
    }
    nescio_fft_free(b.fft);
    free(b.digits);
    free(b.words);
    free(b.freq);
    return failed;
}

static bool chosen(int argc, char **argv, int first, const char *name)
{
    for (int i = first; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return first >= argc;
}

int main(int argc, char **argv)
{
    nescio_ctx *ctx;
    int repeat = 11, first = 1, failed = 0;

    if (argc > 2 && strcmp(argv[1], "--repeat") == 0) {
        repeat = atoi(argv[2]);
        first = 3;
    }
    if (repeat < 1 || repeat > MAX_REPEAT) {
        fprintf(stderr, "bench_pbs: --repeat takes 1 to %d\n", MAX_REPEAT);
        return 2;
    }
    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    if (chosen(argc, argv, first, "fft"))
        for (uint32_t n = NESCIO_FFT_MIN_POLY; n <= NESCIO_FFT_MAX_POLY; n *= 2)
            failed |= bench_fft(ctx, n, repeat);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (chosen(argc, argv, first, cases[i].name))
            failed |= bench_rotation(ctx, &cases[i], repeat);
    nescio_ctx_free(ctx);
    return failed;
}
