/* SPDX-License-Identifier: Apache-2.0
 * Linear combinations of rows of torus words, scalar: the definitions. Sixteen words at a time, so
 * that compilers vectorize. */
#include "kernels/linear_internal.h"

#include <string.h>

enum { LANES32 = 16, LANES64 = 8 };

static void rows32_scalar(const nescio_linear_block *b)
{
    for (size_t r = 0; r < b->n_rows; r++)
        for (size_t w = 0; w < b->width; w += LANES32) {
            uint32_t *out = (uint32_t *)b->out + r * b->out_stride + w;
            uint32_t sum[LANES32] = {0};

            if (b->accumulate)
                memcpy(sum, out, sizeof sum);
            for (size_t i = 0; i < b->n_terms; i++) {
                const uint32_t *in =
                    (const uint32_t *)b->in + (b->columns ? b->columns[i] : i) * b->in_stride + w;
                const uint32_t weight = (uint32_t)b->weights[r * b->ld + i];

                for (size_t j = 0; j < LANES32; j++)
                    sum[j] += weight * in[j];
            }
            memcpy(out, sum, sizeof sum);
        }
}

static void rows64_scalar(const nescio_linear_block *b)
{
    for (size_t r = 0; r < b->n_rows; r++)
        for (size_t w = 0; w < b->width; w += LANES64) {
            uint64_t *out = (uint64_t *)b->out + r * b->out_stride + w;
            uint64_t sum[LANES64] = {0};

            if (b->accumulate)
                memcpy(sum, out, sizeof sum);
            for (size_t i = 0; i < b->n_terms; i++) {
                const uint64_t *in =
                    (const uint64_t *)b->in + (b->columns ? b->columns[i] : i) * b->in_stride + w;
                const uint64_t weight = (uint64_t)(int64_t)b->weights[r * b->ld + i];

                for (size_t j = 0; j < LANES64; j++)
                    sum[j] += weight * in[j];
            }
            memcpy(out, sum, sizeof sum);
        }
}

void nescio_linear_use_scalar(nescio_linear_kernels *k)
{
    k->rows32 = rows32_scalar;
    k->rows64 = rows64_scalar;
}
