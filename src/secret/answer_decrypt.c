/* SPDX-License-Identifier: Apache-2.0
 * Decryption of answers: coefficient i of body - <A, S> under the output key. Time depends on sizes
 * alone. */
#include "secret/secret_internal.h"
#include "tfhe/packed_words.h"

#include <stdlib.h>

/* Coefficient i of sum_q A_q S_q mod X^N' + 1, in words of answer_log bits (higher bits have no
 * meaning). */
static uint32_t product_coefficient(const nescio_secret_key *key, const uint32_t *masks, size_t i)
{
    const size_t n = key->params.out_poly_size, dim = key->params.out_glwe_dim * n;
    uint32_t sum = 0;

    for (size_t q = 0; q < dim; q += n)
        for (size_t j = 0; j < n; j++) {
            const uint32_t word =
                masks[q + j] * key->out[q + (i - j) % n]; /* n is a power of two: wraps right */

            sum += j <= i ? word : 0u - word;
        }
    return sum;
}

nescio_status nescio_decrypt_answer(nescio_ctx *ctx, const nescio_secret_key *key,
                                    const uint8_t *answer, size_t bytes, size_t count,
                                    unsigned answer_log, uint64_t *phases)
{
    const nescio_tfhe_params *p = &key->params;
    const size_t dim = (size_t)p->out_glwe_dim * p->out_poly_size;
    uint32_t *words;

    if (answer_log < 12 || answer_log > 24 || count > p->out_poly_size)
        return nescio_fail(
            ctx, NESCIO_E_ARG,
            "an answer holds at most %u numbers of 12 to 24 bits, not %zu of %u bits",
            p->out_poly_size, count, answer_log);
    if (bytes != nescio_answer_bytes(p, count, answer_log))
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "an answer of %zu numbers has %zu bytes; %zu are expected", count, bytes,
                           nescio_answer_bytes(p, count, answer_log));
    words = calloc(dim + count, sizeof *words); /* the ciphertext: public */
    if (!words)
        return nescio_fail_nomem(ctx, (dim + count) * sizeof *words);
    nescio_bits_unpack(words, answer, 0, dim + count, answer_log);
    for (size_t i = 0; i < count; i++)
        phases[i] = (uint64_t)(words[dim + i] - product_coefficient(key, words, i))
                    << (64 - answer_log);
    free(words);
    return NESCIO_OK;
}
