/* SPDX-License-Identifier: Apache-2.0
 * Mask word (p, j) of coefficient t is A_p[t - j] for j <= t, and -A_p[N + t - j] beyond. */
#include "tfhe/sample_extract.h"

static void extract32(const nescio_lwe_batch *out, size_t i, const uint32_t *acc, size_t n,
                      size_t t, uint32_t post_add)
{
    uint32_t *o = (uint32_t *)out->words + i * out->stride;

    for (size_t p = 0; p < out->dim; p += n) {
        for (size_t j = 0; j <= t; j++)
            o[p + j] = acc[p + t - j];
        for (size_t j = t + 1; j < n; j++)
            o[p + j] = 0u - acc[p + n + t - j];
    }
    o[out->dim] = acc[out->dim + t] + post_add;
}

static void extract64(const nescio_lwe_batch *out, size_t i, const uint64_t *acc, size_t n,
                      size_t t, uint64_t post_add)
{
    uint64_t *o = (uint64_t *)out->words + i * out->stride;

    for (size_t p = 0; p < out->dim; p += n) {
        for (size_t j = 0; j <= t; j++)
            o[p + j] = acc[p + t - j];
        for (size_t j = t + 1; j < n; j++)
            o[p + j] = 0 - acc[p + n + t - j];
    }
    o[out->dim] = acc[out->dim + t] + post_add;
}

void nescio_sample_extract(const nescio_lwe_batch *out, size_t i, const void *acc,
                           uint32_t poly_size, size_t t, uint64_t post_add)
{
    if (out->torus_log == 32)
        extract32(out, i, acc, poly_size, t, (uint32_t)((post_add + 0x80000000u) >> 32));
    else
        extract64(out, i, acc, poly_size, t, post_add);
}
