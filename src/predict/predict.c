/* SPDX-License-Identifier: Apache-2.0
 * The three modes. */
#include "predict/predict.h"

#include "simulate/simulate.h"

#include <stdlib.h>
#include <string.h>

/* Pointers to one row of each block. */
static void row_of(const nescio_rows *rows, const nescio_circuit *circuit, bool inputs, size_t r,
                   int64_t **out)
{
    for (uint32_t i = 0; i < rows->n_tensors; i++) {
        const nescio_gate *g =
            inputs ? nescio_circuit_input(circuit, i) : nescio_circuit_output(circuit, i);
        out[i] = rows->values[i] + r * g->output->count;
    }
}

static nescio_status evaluate_all(nescio_ctx *ctx, const nescio_circuit *circuit,
                                  const nescio_rows *in, nescio_rows *out, nescio_eval_stats *stats,
                                  int64_t **from, int64_t **to)
{
    for (size_t r = 0; r < in->n_rows; r++) {
        row_of(in, circuit, true, r, from);
        row_of(out, circuit, false, r, to);
        NESCIO_TRY(nescio_circuit_eval(ctx, circuit, (const int64_t *const *)from, to, stats));
        NESCIO_TRY(nescio_progress(ctx, "evaluate in the clear", r + 1, in->n_rows));
    }
    return NESCIO_OK;
}

nescio_status nescio_rows_disable(nescio_ctx *ctx, const nescio_package *package,
                                  const nescio_rows *in, nescio_rows *out, uint64_t *out_of_range)
{
    const nescio_circuit *circuit = package->server->circuit;
    int64_t **from = calloc(in->n_tensors + 1u, sizeof *from),
            **to = calloc(out->n_tensors + 1u, sizeof *to);
    nescio_eval_stats stats = {.out_of_range = calloc(circuit->n_gates + 1, sizeof(uint64_t))};
    nescio_status st = NESCIO_E_NOMEM;

    if (from && to && stats.out_of_range)
        st = evaluate_all(ctx, circuit, in, out, &stats, from, to);
    else
        st = nescio_fail_nomem(ctx, circuit->n_gates * sizeof(uint64_t));
    if (out_of_range) {
        *out_of_range = 0;
        for (size_t i = 0; st == NESCIO_OK && i < circuit->n_gates; i++)
            *out_of_range += stats.out_of_range[i];
    }
    free(stats.out_of_range);
    free(from);
    free(to);
    return st;
}

nescio_status nescio_rows_simulate(nescio_ctx *ctx, const nescio_package *package,
                                   const uint8_t seed[NESCIO_SEED_BYTES], uint64_t draw,
                                   const nescio_rows *in, nescio_rows *out)
{
    nescio_simulation sim = {.plan = package->server->plan,
                             .circuit = package->server->circuit,
                             .first_row = draw * in->n_rows};

    memcpy(sim.seed, seed, sizeof sim.seed);
    return nescio_simulate(ctx, &sim, (const int64_t *const *)in->values, out->values, in->n_rows,
                           NULL);
}

nescio_status nescio_rows_execute(nescio_ctx *ctx, const nescio_package *package,
                                  const nescio_keypair *keys, nescio_evaluator *evaluator,
                                  const nescio_rows *in, nescio_rows *out, nescio_batch_fn done,
                                  void *user)
{
    nescio_ciphertext sent = {0}, answered = {0};
    nescio_status st = nescio_rows_encrypt(ctx, package->client, keys->secret, in, &sent);

    if (st == NESCIO_OK)
        st = nescio_evaluator_run(ctx, evaluator, &sent, done, user, &answered);
    if (st == NESCIO_OK)
        st = nescio_rows_decrypt(ctx, package->client, keys->secret, &answered, out);
    nescio_ciphertext_free(&sent);
    nescio_ciphertext_free(&answered);
    return st;
}

nescio_status nescio_rows_classes(nescio_ctx *ctx, const nescio_codec *codec,
                                  const nescio_rows *rows, int64_t *classes)
{
    const size_t n = nescio_codec_n_outputs(codec);
    nescio_tensor *outputs = calloc(n + 1, sizeof *outputs);
    nescio_status st = outputs ? nescio_codec_decode(ctx, codec, rows, outputs)
                               : nescio_fail_nomem(ctx, n * sizeof *outputs);

    if (st == NESCIO_OK)
        st = nescio_classes(ctx, outputs, n, classes, rows->n_rows);
    for (size_t i = 0; outputs && i < n; i++)
        nescio_tensor_free(&outputs[i]);
    free(outputs);
    return st;
}
