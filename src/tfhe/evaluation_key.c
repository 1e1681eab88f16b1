/* SPDX-License-Identifier: Apache-2.0
 * The evaluation key as it travels: sizes by parameters, and its end. */
#include "tfhe/tfhe.h"

#include <string.h>

#define BOOTSTRAP_WORD_BYTES 6
#define OUTPUT_WORD_BYTES    4

/* The product of n factors; false on overflow. */
static bool product(size_t *out, const size_t *factors, size_t n)
{
    size_t result = 1;

    for (size_t i = 0; i < n; i++)
        if (!nescio_size_mul(&result, result, factors[i]))
            return false;
    *out = result;
    return true;
}

nescio_status nescio_evaluation_key_sizes(nescio_ctx *ctx, const nescio_tfhe_params *p,
                                          nescio_evaluation_key *out)
{
    const size_t bootstrap[] = {nescio_tfhe_n_ggsw(p), p->glwe_dim + (size_t)1, p->pbs_levels,
                                p->poly_size, BOOTSTRAP_WORD_BYTES};
    const size_t keyswitch[] = {p->glwe_dim, p->poly_size, p->ks_levels, p->ks_modulus_log / 8};
    const size_t output[] = {p->glwe_dim, p->poly_size, p->out_levels, p->out_poly_size,
                             OUTPUT_WORD_BYTES};

    memset(out, 0, sizeof *out);
    NESCIO_TRY(nescio_tfhe_params_check(ctx, p));
    out->params = *p;
    if (!product(&out->bootstrap_bytes, bootstrap, 5) ||
        !product(&out->keyswitch_bytes, keyswitch, 4) || !product(&out->output_bytes, output, 5))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "an evaluation key of these parameters does not fit the address space");
    return NESCIO_OK;
}

uint64_t nescio_evaluation_key_bytes(const nescio_evaluation_key *key)
{
    return (uint64_t)key->bootstrap_bytes + key->keyswitch_bytes + key->output_bytes;
}

void nescio_evaluation_key_free(nescio_evaluation_key *key)
{
    if (!key)
        return;
    nescio_block_free(key->bootstrap, key->bootstrap_bytes);
    nescio_block_free(key->keyswitch, key->keyswitch_bytes);
    nescio_block_free(key->output, key->output_bytes);
    memset(key, 0, sizeof *key);
}

/* Here and not beside the engine, because clients need it and no engine. */
size_t nescio_answer_bytes(const nescio_tfhe_params *p, size_t count, unsigned answer_log)
{
    return (((size_t)p->out_glwe_dim * p->out_poly_size + count) * answer_log + 7) / 8;
}
