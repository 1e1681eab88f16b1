/* SPDX-License-Identifier: Apache-2.0
 * The first layer on packed inputs: element c of an input is coefficient c of a GLWE (A_1 ... A_k,
 * B). Row w asks for sum_c w_c times coefficient c as an LWE ciphertext. Its body is an integer dot
 * product. Its mask word (p, j) is sum_c w_c A_p[c - j] (negacyclic index), which is coefficient j
 * of W A_p(1/X), W = sum_c w_c X^c: one FFT of each reversed mask for all rows, one of each row.
 * The f64 error of a mask word has standard deviation below |w|_2 2^-52 of the torus (kernels/fft.h),
 * of a phase below |w|_2 2^-47. */
#include "tfhe/engine_internal.h"
#include "tfhe/masks.h"

#include <assert.h>
#include <string.h>

typedef struct input_run {
    const nescio_engine *engine;
    const nescio_lwe_batch *out;
    const nescio_int_matrix *m;
    const nescio_packed_input *input;
    bool accumulate;
} input_run;

/* A(1/X): word 0 stays, word j becomes -A[N - j]. */
static void reverse(uint64_t *out, const uint64_t *a, size_t n)
{
    out[0] = a[0];
    for (size_t j = 1; j < n; j++)
        out[j] = 0 - a[n - j];
}

/* The row as a polynomial, and its exact product with the bodies. */
static uint64_t read_row(const input_run *run, size_t r, int32_t *weights)
{
    const nescio_int_matrix *m = run->m;
    const uint64_t *body = run->input->body;
    uint64_t sum = 0;

    memset(weights, 0, run->engine->p.poly_size * sizeof *weights);
    if (m->dense) {
        memcpy(weights, m->dense + r * m->n_columns, m->n_columns * sizeof *weights);
        for (size_t c = 0; c < m->n_columns; c++)
            sum += (uint64_t)(int64_t)weights[c] * body[c];
    } else {
        for (size_t e = m->row_start[r]; e < m->row_start[r + 1]; e++) {
            weights[m->columns[e]] = m->weights[e];
            sum += (uint64_t)(int64_t)m->weights[e] * body[m->columns[e]];
        }
    }
    return sum;
}

static void linear_row(void *arg, size_t r, unsigned i_worker)
{
    const input_run *run = arg;
    const nescio_engine *engine = run->engine;
    const size_t n = engine->p.poly_size, k = engine->p.glwe_dim;
    uint8_t *scratch = nescio_worker_scratch(engine, i_worker);
    int32_t *weights = (int32_t *)(void *)(scratch + engine->worker.weights);
    double *row_freq = (double *)(void *)(scratch + engine->worker.freq), *product = row_freq + n;
    const double *mask_freq =
        (const double *)(const void *)(nescio_border_scratch(engine) + engine->border.mask_freq);
    const nescio_lwe_batch one = {.words = (uint8_t *)run->out->words +
                                           r * run->out->stride * (run->out->torus_log / 8),
                                  .torus_log = run->out->torus_log,
                                  .dim = run->out->dim,
                                  .count = 1,
                                  .stride = run->out->stride};
    const uint64_t body = read_row(run, r, weights);

    if (!run->accumulate)
        nescio_lwe_clear(&one);
    nescio_fft_forward_i32(engine->fft, row_freq, weights);
    for (size_t p = 0; p < k; p++) {
        memset(product, 0, n * sizeof *product);
        nescio_fft_multiply_add(engine->fft, product, row_freq, mask_freq + p * n);
        if (one.torus_log == 32)
            nescio_fft_backward_add_u32(engine->fft, (uint32_t *)one.words + p * n, product);
        else
            nescio_fft_backward_add_u64(engine->fft, (uint64_t *)one.words + p * n, product);
    }
    nescio_lwe_add_phase(&one, &body);
}

nescio_status nescio_engine_input_linear(nescio_engine *engine, struct nescio_pool *pool,
                                         const nescio_lwe_batch *out, const nescio_int_matrix *m,
                                         const nescio_packed_input *input, bool accumulate)
{
    const size_t n = engine->p.poly_size, big = nescio_tfhe_big_dim(&engine->p);
    uint8_t *scratch = nescio_border_scratch(engine);
    uint64_t *masks = (uint64_t *)(void *)(scratch + engine->border.masks), *reversed = masks + big;
    double *mask_freq = (double *)(void *)(scratch + engine->border.mask_freq);
    const double scale = out->torus_log == 32 ? 0x1p-32 : 1;
    input_run run = {engine, out, m, input, accumulate};

    if (input->n > n || m->n_columns != input->n || m->n_rows > out->count)
        return NESCIO_E_ARG;
    assert(nescio_pool_workers(pool) <= engine->n_workers && out->torus_log == engine->p.torus_log);
    nescio_mask_input(&engine->p, input->seed, input->index, masks);
    for (size_t p = 0; p < big; p += n) {
        reverse(reversed + p, masks + p, n);
        nescio_fft_forward_u64(engine->fft, mask_freq + p, reversed + p, scale);
    }
    nescio_pool_run(pool, m->n_rows, linear_row, &run);
    return NESCIO_OK;
}

/* Word j of mask polynomial a, for the ciphertext of coefficient c: A[c - j], negacyclic. */
static uint64_t extracted_word(const uint64_t *a, size_t n, size_t c, size_t j)
{
    return j <= c ? a[c - j] : 0 - a[n + c - j];
}

void nescio_engine_input_extract(nescio_engine *engine, const nescio_lwe_batch *out,
                                 const nescio_packed_input *input)
{
    const size_t n = engine->p.poly_size, big = nescio_tfhe_big_dim(&engine->p);
    uint64_t *masks = (uint64_t *)(void *)(nescio_border_scratch(engine) + engine->border.masks);

    assert(input->n <= n && input->n <= out->count && out->torus_log == engine->p.torus_log);
    nescio_mask_input(&engine->p, input->seed, input->index, masks);
    for (size_t c = 0; c < input->n; c++)
        for (size_t p = 0; p < big + n; p += n)
            for (size_t j = 0; j < (p < big ? n : 1); j++) {
                const uint64_t word = p < big ? extracted_word(masks + p, n, c, j) : input->body[c];
                const size_t at = c * out->stride + p + j;

                if (out->torus_log == 32)
                    ((uint32_t *)out->words)[at] = (uint32_t)((word + 0x80000000u) >> 32);
                else
                    ((uint64_t *)out->words)[at] = word;
            }
}
