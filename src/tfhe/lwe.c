/* SPDX-License-Identifier: Apache-2.0
 * Batches of big LWE ciphertexts: layout, trivial ciphertexts, constants. */
#include "tfhe/tfhe.h"

#include <assert.h>
#include <string.h>

size_t nescio_lwe_stride(const nescio_tfhe_params *p)
{
    return nescio_size_round_up(nescio_tfhe_big_dim(p) + (size_t)1, p->torus_log == 32 ? 16 : 8);
}

size_t nescio_lwe_batch_bytes(const nescio_tfhe_params *p, size_t count)
{
    return count * nescio_lwe_stride(p) * (p->torus_log / 8);
}

nescio_lwe_batch nescio_lwe_batch_over(const nescio_tfhe_params *p, void *words, size_t count)
{
    assert((uintptr_t)words % 64 == 0);
    return (nescio_lwe_batch){.words = words,
                              .torus_log = p->torus_log,
                              .dim = nescio_tfhe_big_dim(p),
                              .count = count,
                              .stride = nescio_lwe_stride(p)};
}

void nescio_lwe_add_phase(const nescio_lwe_batch *out, const uint64_t *phase)
{
    for (size_t r = 0; r < out->count; r++) {
        const size_t body = r * out->stride + out->dim;

        if (out->torus_log == 32)
            ((uint32_t *)out->words)[body] += (uint32_t)((phase[r] + 0x80000000u) >> 32);
        else
            ((uint64_t *)out->words)[body] += phase[r];
    }
}

void nescio_lwe_clear(const nescio_lwe_batch *out)
{
    memset(out->words, 0, out->count * out->stride * (out->torus_log / 8));
}
