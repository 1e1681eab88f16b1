/* SPDX-License-Identifier: Apache-2.0
 * The whole way: options, lift, calibrate, solve layer by layer, emit. */
#include "quant/net_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

nescio_quant_options nescio_quant_options_default(void)
{
    return (nescio_quant_options){.input_bits = 8,
                                  .clip = 0.995,
                                  .cover = 0.999,
                                  .margin = 0.25,
                                  .ramp_max = 0.45,
                                  .cells = 2048,
                                  .rounding = NESCIO_ROUNDING_AUTO};
}

static bool bits_fit(int bits, bool may_be_default)
{
    return (bits >= 2 && bits <= 16) || (may_be_default && bits == 0);
}

static nescio_status check_options(nescio_ctx *ctx, const nescio_quant_options *o)
{
    if (!bits_fit(o->input_bits, false) || !bits_fit(o->weight_bits, true) ||
        !bits_fit(o->activation_bits, true))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "%d input, %d weight, %d activation bits; 2 to 16 are accepted",
                           o->input_bits, o->weight_bits, o->activation_bits);
    if (!(o->clip > 0.5 && o->clip <= 1) || !(o->cover > 0.5 && o->cover <= 1))
        return nescio_fail(ctx, NESCIO_E_ARG, "clip %g and cover %g: above 0.5, at most 1", o->clip,
                           o->cover);
    if (!(o->margin >= 0 && o->margin <= 100) || !(o->ramp_max > 0 && o->ramp_max < 0.5))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "margin %g: 0 to 100; ramp %g turns: above 0, below 0.5", o->margin,
                           o->ramp_max);
    if (o->cells < 16 || o->cells > 65536 || (o->cells & (o->cells - 1)))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "%u cells a turn; a power of two from 16 to 65536 is accepted",
                           o->cells);
    if ((unsigned)o->rounding > NESCIO_ROUNDING_APPROXIMATE)
        return nescio_fail(ctx, NESCIO_E_ARG, "rounding %d is unknown", (int)o->rounding);
    return NESCIO_OK;
}

static nescio_status check_calibration(nescio_ctx *ctx, const nescio_graph *body,
                                       const nescio_tensor *const *rows, size_t *n_rows)
{
    char text[96];

    if (body->n_inputs == 0 || body->n_outputs == 0)
        return nescio_fail(ctx, NESCIO_E_UNSUPPORTED, "graph '%s' has %zu inputs and %zu outputs",
                           body->name, body->n_inputs, body->n_outputs);
    for (size_t i = 0; i < body->n_inputs; i++) {
        const nescio_value *const v = body->inputs[i];
        const nescio_tensor *const t = rows[i];

        if (!nescio_dtype_is_float(v->dtype) ||
            (!nescio_dtype_is_float(t->dtype) && !nescio_dtype_is_integer(t->dtype)))
            return nescio_fail(ctx, NESCIO_E_MISMATCH,
                               "input '%s' is %s, calibrated with %s; floats are encrypted",
                               v->name, nescio_dtype_name(v->dtype),
                               nescio_tensor_describe(t, text, sizeof text));
        if (t->rank < 1 || t->dims[0] < 1 || nescio_tensor_count(t) == 0 ||
            t->dims[0] != rows[0]->dims[0])
            return nescio_fail(ctx, NESCIO_E_MISMATCH,
                               "calibration of input '%s' is %s; rows along axis 0 are accepted, "
                               "as many as of '%s'",
                               v->name, nescio_tensor_describe(t, text, sizeof text),
                               body->inputs[0]->name);
        for (int d = 0; v->shape.rank >= 0 && d < v->shape.rank; d++) {
            if (t->rank != v->shape.rank ||
                (d > 0 && v->shape.dims[d] >= 0 && t->dims[d] != v->shape.dims[d]))
                return nescio_fail(ctx, NESCIO_E_MISMATCH,
                                   "calibration of input '%s' is %s; its axis %d differs", v->name,
                                   nescio_tensor_describe(t, text, sizeof text), d);
        }
    }
    *n_rows = (size_t)rows[0]->dims[0];
    return NESCIO_OK;
}

/* Layers that read the same base share their turn: their groups become one. */
static void join_groups(nescio_quant_net *net)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < net->n_layers; i++) {
            for (uint32_t j = 0; j < i; j++) {
                nescio_quant_layer_work *const a = &net->layers[i], *const b = &net->layers[j];
                bool shared = false;

                for (uint32_t s = 0; s < a->in->n_terms; s++) {
                    for (uint32_t t = 0; t < b->in->n_terms; t++)
                        shared |= a->in->base[s] == b->in->base[t];
                }
                if (!shared || a->group == b->group)
                    continue;
                a->group = b->group = a->group < b->group ? a->group : b->group;
                changed = true;
            }
        }
    }
}

static nescio_status quantize_input(nescio_quant_net *net, nescio_quant_base *b)
{
    b->q = calloc(net->n_rows * b->count + 1, sizeof *b->q);
    if (!b->q)
        return nescio_quant_nomem(net);
    for (size_t k = 0; k < net->n_rows * b->count; k++) {
        const size_t i = k % b->count;
        const double q =
            nearbyint(b->real[k] / b->scale[i]) + nearbyint(-b->offset[i] / b->scale[i]);

        b->q[k] = (int32_t)fmax((double)b->least[i], fmin((double)b->most[i], q));
    }
    return NESCIO_OK;
}

nescio_status nescio_quant_solve(nescio_quant_net *net)
{
    int weight_bits = net->options.weight_bits;

    for (uint32_t i = 0; i < net->n_layers && weight_bits == 0; i++)
        weight_bits = net->layers[i].has_function ? 5 : 0;
    /* Nothing is bootstrapped in a linear model, so 8 bits cost nothing. */
    for (uint32_t i = 0; i < net->n_layers; i++)
        net->layers[i].weight_bits = weight_bits ? weight_bits : 8;
    join_groups(net);
    for (uint32_t b = 0; b < net->n_bases; b++) {
        if (net->bases[b].is_input)
            NESCIO_TRY(quantize_input(net, &net->bases[b]));
    }
    for (uint32_t i = 0; i < net->n_layers; i++) {
        NESCIO_TRY(nescio_progress(net->ctx, "quantize", i, net->n_layers));
        NESCIO_TRY(nescio_quant_weights(net, i));
        NESCIO_TRY(nescio_quant_table(net, &net->layers[i]));
    }
    return NESCIO_OK;
}

nescio_status nescio_quantize_graph(nescio_ctx *ctx, const nescio_graph *body,
                                    const nescio_tensor *const *calibration,
                                    const nescio_quant_options *options, nescio_circuit **out,
                                    nescio_quant_report *report)
{
    nescio_quant_net net;
    nescio_circuit *circuit = NULL;
    nescio_status st;

    *out = NULL;
    if (report)
        *report = (nescio_quant_report){0};
    NESCIO_TRY(check_options(ctx, options));
    NESCIO_TRY(nescio_quant_net_init(ctx, body, options, &net));
    if (net.options.activation_bits == 0)
        net.options.activation_bits = options->rounding == NESCIO_ROUNDING_EXACT ? 3 : 13;
    st = check_calibration(ctx, body, calibration, &net.n_rows);
    if (st == NESCIO_OK)
        st = nescio_quant_lift(&net, calibration);
    if (st == NESCIO_OK)
        st = nescio_quant_calibrate(&net, calibration);
    if (st == NESCIO_OK)
        st = nescio_quant_solve(&net);
    if (st == NESCIO_OK)
        st = nescio_quant_emit(&net, &circuit);
    if (st == NESCIO_OK && report)
        st = nescio_quant_report_fill(&net, report);
    nescio_quant_net_deinit(&net);
    if (st != NESCIO_OK) {
        nescio_circuit_free(circuit);
        return st;
    }
    *out = circuit;
    return NESCIO_OK;
}
