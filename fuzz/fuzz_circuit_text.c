/* SPDX-License-Identifier: Apache-2.0
 * Circuit text: refused with a message, or a circuit that verifies, prints, reads back equal,
 * evaluates (when it is small) and lowers to one that gives the same integers. */
#include "circuit/circuit.h"
#include "fuzz_target.h"
#include "lower/lower.h"

#include <string.h>

/* Elements that are evaluated at most, so that an input of a few bytes does not take gigabytes. */
#define ELEMENTS_MAX ((size_t)1 << 16)

static size_t elements(const nescio_circuit *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_wires; i++)
        n += c->wires[i]->count;
    return n;
}

/* Outputs end to end for inputs at their lowest codes. */
static size_t evaluate(nescio_ctx *ctx, const nescio_circuit *c, int64_t *out)
{
    const size_t n_in = nescio_circuit_n_inputs(c), n_out = nescio_circuit_n_outputs(c);
    int64_t **const in = calloc(n_in + 1, sizeof *in),
                    **const outs = calloc(n_out + 1, sizeof *outs);
    size_t n = 0;

    for (size_t i = 0; i < n_in; i++) {
        const nescio_gate *const gate = nescio_circuit_input(c, i);

        in[i] = calloc(gate->output->count, sizeof **in);
        for (size_t k = 0; k < gate->output->count; k++)
            in[i][k] = gate->quantizer.lo;
    }
    for (size_t i = 0; i < n_out; i++) {
        outs[i] = out + n;
        n += nescio_circuit_output(c, i)->output->count;
    }
    FUZZ_REQUIRE(nescio_circuit_eval(ctx, c, (const int64_t *const *)in, outs, NULL) == NESCIO_OK);
    for (size_t i = 0; i < n_in; i++)
        free(in[i]);
    free(in);
    free(outs);
    return n;
}

static void check_text(nescio_ctx *ctx, const nescio_circuit *c)
{
    nescio_buffer once = {0}, twice = {0};
    nescio_circuit *again;

    FUZZ_REQUIRE(nescio_circuit_print(ctx, c, 0, &once) == NESCIO_OK);
    FUZZ_REQUIRE(nescio_circuit_parse(ctx, (const char *)once.data, once.bytes, &again) ==
                 NESCIO_OK);
    FUZZ_REQUIRE(nescio_circuit_print(ctx, again, 0, &twice) == NESCIO_OK);
    FUZZ_REQUIRE(once.bytes == twice.bytes && memcmp(once.data, twice.data, once.bytes) == 0);
    nescio_circuit_free(again);
    nescio_buffer_free(&once);
    nescio_buffer_free(&twice);
}

static void check_values(nescio_ctx *ctx, const nescio_circuit *c)
{
    const nescio_lower_options options = nescio_lower_options_default();
    int64_t *const before = calloc(ELEMENTS_MAX, sizeof *before), *const after = calloc(
                                                                      ELEMENTS_MAX, sizeof *after);
    nescio_circuit *low;

    const size_t n = evaluate(ctx, c, before);
    if (nescio_lower(ctx, c, &options, &low) == NESCIO_OK) {
        FUZZ_REQUIRE(evaluate(ctx, low, after) == n &&
                     memcmp(before, after, n * sizeof *before) == 0);
        nescio_circuit_free(low);
    } else {
        FUZZ_REQUIRE(!low && *nescio_ctx_message(ctx));
    }
    free(before);
    free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    nescio_ctx *ctx;
    nescio_circuit *c;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 0;
    const nescio_status st = nescio_circuit_parse(ctx, (const char *)data, bytes, &c);
    if (st == NESCIO_OK) {
        FUZZ_REQUIRE(nescio_circuit_verify(ctx, c) == NESCIO_OK);
        check_text(ctx, c);
        if (elements(c) <= ELEMENTS_MAX)
            check_values(ctx, c);
        nescio_circuit_free(c);
    } else {
        FUZZ_REQUIRE(!c && *nescio_ctx_message(ctx));
    }
    nescio_ctx_free(ctx);
    return 0;
}
