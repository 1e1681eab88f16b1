/* SPDX-License-Identifier: Apache-2.0
 * What a client does, in the order of the plan: phases, packing, rounding; answers, phases,
 * integers. */
#include "encrypted_rows.h"

#include "../unit/support.h"

void key_ring_make(nescio_ctx *ctx, const nescio_tfhe_params *p, key_ring *out)
{
    nescio_evaluation_key key;

    if (nescio_secret_key_new(ctx, p, &out->secret) != NESCIO_OK ||
        nescio_evaluation_key_make(ctx, out->secret, &key) != NESCIO_OK ||
        nescio_engine_new(ctx, &key, &out->engine) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    nescio_evaluation_key_free(&key);
}

void key_ring_free(key_ring *ring)
{
    nescio_engine_free(ring->engine);
    nescio_secret_key_free(ring->secret);
}

/** Keeps the top `bits` bits, to nearest. */
static uint64_t round_to(uint64_t word, unsigned bits)
{
    if (bits == 64)
        return word;
    return (word + ((uint64_t)1 << (63 - bits))) >> (64 - bits) << (64 - bits);
}

void encrypt_rows(nescio_ctx *ctx, const key_ring *ring, const nescio_plan *plan,
                  const int64_t *const *inputs, size_t n_rows, encrypted_rows *out)
{
    const size_t n_packed = nescio_runtime_packed_count(plan);
    const uint32_t poly_size = plan->params.poly_size;
    uint64_t *phases = calloc(poly_size, sizeof *phases), *body;
    uint8_t seed[NESCIO_SEED_BYTES];
    size_t at = 0;

    assert_int_equal(nescio_random_bytes(ctx, seed, sizeof seed), NESCIO_OK);
    out->n_rows = n_rows;
    out->packed = calloc(n_rows * n_packed + 1, sizeof *out->packed);
    out->bodies = body = calloc(n_rows * n_packed * poly_size + 1, sizeof *body);
    for (size_t row = 0; row < n_rows; row++)
        for (uint32_t i = 0; i < plan->n_inputs; i++)
            for (uint32_t first = 0; first < plan->inputs[i].count; first += poly_size, at++) {
                const nescio_plan_input *in = &plan->inputs[i];
                const uint32_t n = in->count - first < poly_size ? in->count - first : poly_size;

                for (uint32_t e = 0; e < n; e++)
                    phases[e] = (uint64_t)inputs[i][row * in->count + first + e] * in->delta;
                assert_int_equal(
                    nescio_encrypt_packed(ctx, ring->secret, seed, at, phases, n, body), NESCIO_OK);
                for (uint32_t e = 0; e < n; e++)
                    body[e] = round_to(body[e], in->body_log);
                out->packed[at] = (nescio_packed_input){.index = at, .body = body, .n = n};
                memcpy(out->packed[at].seed, seed, sizeof seed);
                body += poly_size;
            }
    free(phases);
}

void encrypted_rows_free(encrypted_rows *rows)
{
    free(rows->packed);
    free(rows->bodies);
}

void decrypt_rows(nescio_ctx *ctx, const key_ring *ring, const nescio_plan *plan,
                  const uint8_t *answers, size_t n_rows, int64_t *const *outputs)
{
    const uint32_t at_once = plan->params.out_poly_size;
    uint64_t *phases = calloc(at_once, sizeof *phases);

    for (size_t row = 0; row < n_rows; row++)
        for (uint32_t i = 0; i < plan->n_outputs; i++)
            for (uint32_t first = 0; first < plan->outputs[i].count; first += at_once) {
                const nescio_plan_output *o = &plan->outputs[i];
                const uint32_t n = o->count - first < at_once ? o->count - first : at_once;
                const size_t bytes = nescio_answer_bytes(&plan->params, n, o->answer_log);

                assert_int_equal(nescio_decrypt_answer(ctx, ring->secret, answers, bytes, n,
                                                       o->answer_log, phases),
                                 NESCIO_OK);
                for (uint32_t e = 0; e < n; e++)
                    outputs[i][row * o->count + first + e] = nescio_plan_decode(o, phases[e]);
                answers += bytes;
            }
    free(phases);
}
