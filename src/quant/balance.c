/* SPDX-License-Identifier: Apache-2.0
 * Scales of tensors that are summed in one accumulator.
 *
 * All sources of an accumulator share its few weight bits. Where one source's unit is much finer
 * than another's (a table of 13 bits beside an input of 8), its weights would round to nothing. So
 * a table's unit is made coarser until its largest weight is as large as that of the other sources;
 * its output keeps at least 5 bits, which are enough beside weights of 5. A table that nothing is
 * added to keeps its full resolution. */
#include "quant/net_internal.h"

#include <math.h>

/* Units that the range of a table's output is at least cut into, on each side of its middle. */
#define LEAST_UNITS 15.0

/* Scales grow towards a bound, so rounds end; later layers see what earlier ones did. */
#define ROUNDS 4

/* Largest share of a turn that one real of the term's base moves an accumulator by. */
static double strongest(const nescio_quant_layer_work *l, uint32_t t)
{
    const nescio_affine_map *const m = &l->in->map[t];
    double most = 0;

    for (size_t i = 0; i < l->count; i++) {
        const uint32_t c = l->channel[i];

        for (size_t k = m->start[i]; k < m->start[i + 1] && !l->constant[c]; k++)
            most = fmax(most, fabs(m->weight[k]) / l->turn_real[c]);
    }
    return most;
}

static double largest_scale(const nescio_quant_base *b)
{
    double most = 0;

    for (size_t i = 0; i < b->count; i++)
        most = fmax(most, b->scale[i]);
    return most;
}

static void set_scale(nescio_quant_net *net, nescio_quant_base *b, double scale)
{
    nescio_quant_layer_work *const maker = &net->layers[b->from];
    const double units = (double)(((int64_t)1 << (net->options.activation_bits - 1)) - 1);

    scale = fmin(scale, maker->reach / fmin(LEAST_UNITS, units));
    if (!(scale > maker->out_scale))
        return;
    maker->out_scale = scale;
    for (size_t i = 0; i < b->count; i++)
        b->scale[i] = scale;
}

static void balance_layer(nescio_quant_net *net, const nescio_quant_layer_work *l)
{
    double target = 0;

    for (uint32_t t = 0; t < l->in->n_terms; t++)
        target = fmax(target, strongest(l, t) * largest_scale(&net->bases[l->in->base[t]]));
    for (uint32_t t = 0; t < l->in->n_terms; t++) {
        nescio_quant_base *const b = &net->bases[l->in->base[t]];
        const double strength = strongest(l, t);

        if (!b->is_input && strength > 0)
            set_scale(net, b, target / strength);
    }
}

void nescio_quant_balance(nescio_quant_net *net)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < net->n_layers; i++) {
            if (net->layers[i].in->n_terms > 1)
                balance_layer(net, &net->layers[i]);
        }
    }
}
