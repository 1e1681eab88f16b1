/* SPDX-License-Identifier: Apache-2.0
 * The walk that tests and fuzzers take through packages that a reader let through. */
#include "walk_package.h"

#include "format/ciphertext.h"

#include <stdlib.h>

#define TENSORS_MAX  8       /* of a circuit: more are not walked */
#define ELEMENTS_MAX 1000000 /* of a tensor: what a fuzzer has time for */

static const char *print(nescio_ctx *ctx, const nescio_server_part *s)
{
    nescio_buffer text = {0};
    const bool ok = nescio_circuit_print(ctx, s->circuit, 0, &text) == NESCIO_OK &&
                    nescio_plan_print(ctx, s->plan, &text) == NESCIO_OK;

    nescio_buffer_free(&text);
    return ok ? NULL : "a circuit or plan that does not print";
}

/* Blocks for the inputs (at their quantizers' upper ends) or outputs. False: too large to walk. */
static bool blocks_new(const nescio_circuit *c, bool inputs, int64_t **blocks)
{
    const size_t n = inputs ? nescio_circuit_n_inputs(c) : nescio_circuit_n_outputs(c);

    if (n > TENSORS_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        const nescio_gate *g = inputs ? nescio_circuit_input(c, i) : nescio_circuit_output(c, i);

        if (g->output->count > ELEMENTS_MAX)
            return false;
        blocks[i] = calloc(g->output->count, sizeof **blocks);
        for (size_t k = 0; blocks[i] && inputs && k < g->output->count; k++)
            blocks[i][k] = g->quantizer.hi;
        if (!blocks[i])
            return false;
    }
    return true;
}

static const char *evaluate(nescio_ctx *ctx, const nescio_circuit *c)
{
    int64_t *in[TENSORS_MAX] = {0}, *out[TENSORS_MAX] = {0};
    const char *wrong = NULL;
    bool small = true;

    for (size_t i = 0; i < c->n_wires; i++)
        small &= c->wires[i]->count <= ELEMENTS_MAX;
    if (small && blocks_new(c, true, in) && blocks_new(c, false, out) &&
        nescio_circuit_eval(ctx, c, (const int64_t *const *)in, out, NULL) != NESCIO_OK)
        wrong = "a circuit that does not evaluate";
    for (size_t i = 0; i < TENSORS_MAX; i++) {
        free(in[i]);
        free(out[i]);
    }
    return wrong;
}

static const char *walk_server(nescio_ctx *ctx, const nescio_server_part *s)
{
    const char *wrong = s->plan->bound ? print(ctx, s) : "a plan that is not bound";

    return wrong ? wrong : evaluate(ctx, s->circuit);
}

static const char *walk_input(const nescio_border_input *in, uint32_t poly_size)
{
    double *x;
    int64_t *q;

    if (nescio_packed_row_bytes(&in->plan, 1, poly_size) == 0)
        return "an input without bytes";
    if (in->plan.count > ELEMENTS_MAX)
        return NULL;
    x = calloc(in->plan.count, sizeof *x);
    q = calloc(in->plan.count, sizeof *q);
    if (x && q) {
        nescio_quantize(&in->quantizer, x, q, in->plan.count);
        nescio_dequantize(&in->quantizer, q, x, in->plan.count);
    }
    free(x);
    free(q);
    return NULL;
}

static const char *walk_client(const nescio_client_part *c)
{
    const char *wrong = NULL;

    for (uint32_t i = 0; !wrong && i < c->n_inputs; i++)
        wrong = walk_input(&c->inputs[i], c->params.poly_size);
    for (uint32_t i = 0; !wrong && i < c->n_outputs; i++) {
        const nescio_plan_output *o = &c->outputs[i].plan;

        (void)nescio_plan_decode(o, 0x123456789abcdef0u);
        if (o->count <= ELEMENTS_MAX && nescio_answer_row_bytes(o, 1, &c->params) == 0)
            wrong = "an output without bytes";
    }
    return wrong;
}

const char *walk_package(nescio_ctx *ctx, const nescio_package *p)
{
    const char *wrong = p->server ? walk_server(ctx, p->server) : NULL;

    return wrong || !p->client ? wrong : walk_client(p->client);
}
