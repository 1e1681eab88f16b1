/* SPDX-License-Identifier: Apache-2.0
 * The lifted network's memory: bases, layers, samples. */
#include "quant/net_internal.h"

#include <stdlib.h>
#include <string.h>

nescio_status nescio_quant_nomem(const nescio_quant_net *net)
{
    return nescio_fail(net->ctx, NESCIO_E_NOMEM,
                       "no memory to quantize: over %zu MB, or an affine map with over %zu weights",
                       nescio_arena_bytes(net->arena) >> 20, NESCIO_AFFINE_NONZERO_MAX);
}

nescio_status nescio_quant_net_init(nescio_ctx *ctx, const nescio_graph *graph,
                                    const nescio_quant_options *options, nescio_quant_net *net)
{
    *net = (nescio_quant_net){.ctx = ctx, .graph = graph, .options = *options};
    net->arena = nescio_arena_new();
    net->values = calloc(graph->n_values + 1, sizeof *net->values);
    net->answers = calloc(graph->n_outputs + 1, sizeof *net->answers);
    if (net->arena && net->values && net->answers)
        return NESCIO_OK;
    nescio_quant_net_deinit(net);
    return nescio_fail_nomem(ctx, graph->n_values * sizeof *net->values);
}

void nescio_quant_net_deinit(nescio_quant_net *net)
{
    for (size_t i = 0; net->values && i < net->graph->n_values; i++)
        nescio_tensor_free(&net->values[i].sample);
    for (uint32_t i = 0; i < net->n_bases; i++) {
        free(net->bases[i].real);
        free(net->bases[i].q);
    }
    for (uint32_t i = 0; i < net->n_layers; i++)
        free(net->layers[i].raw);
    free(net->values);
    free(net->answers);
    free(net->bases);
    free(net->layers);
    nescio_buffer_free(&net->refused);
    nescio_arena_free(net->arena);
}

/* Room for one more element in a malloc'ed array. */
static bool grow(void **array, uint32_t n, uint32_t *capacity, size_t size)
{
    if (n < *capacity)
        return true;
    const uint32_t more = *capacity ? 2 * *capacity : 8;
    void *const bigger = realloc(*array, more * size);

    if (!bigger)
        return false;
    *array = bigger;
    *capacity = more;
    return true;
}

nescio_status nescio_quant_net_add_base(nescio_quant_net *net, bool is_input, uint32_t from,
                                        size_t count, uint32_t *out)
{
    void *bases = net->bases;

    if (!grow(&bases, net->n_bases, &net->cap_bases, sizeof *net->bases))
        return nescio_quant_nomem(net);
    net->bases = bases;
    nescio_quant_base *const b = &net->bases[net->n_bases];
    *b = (nescio_quant_base){.count = count, .is_input = is_input, .from = from};
    b->scale = nescio_arena_array(net->arena, count, sizeof *b->scale);
    b->offset = nescio_arena_array(net->arena, count, sizeof *b->offset);
    b->least = nescio_arena_array(net->arena, count, sizeof *b->least);
    b->most = nescio_arena_array(net->arena, count, sizeof *b->most);
    if (!b->scale || !b->offset || !b->least || !b->most)
        return nescio_quant_nomem(net);
    *out = net->n_bases++;
    return NESCIO_OK;
}

/* Allocates what calibration and solving fill in. */
static bool layer_arrays(nescio_arena *arena, nescio_quant_layer_work *l)
{
    double **const by_channel[] = {&l->wlo,     &l->whi,       &l->clip_lo, &l->clip_hi,
                                   &l->ramp_lo, &l->ramp_hi,   &l->left,    &l->right,
                                   &l->centre,  &l->turn_real, &l->scale};

    for (size_t i = 0; i < sizeof by_channel / sizeof *by_channel; i++) {
        *by_channel[i] = nescio_arena_array(arena, l->n_channels, sizeof(double));
        if (!*by_channel[i])
            return false;
    }
    l->constant = nescio_arena_array(arena, l->n_channels, sizeof *l->constant);
    l->z = nescio_arena_array(arena, l->n_channels, sizeof *l->z);
    l->mean = nescio_arena_array(arena, l->count, sizeof *l->mean);
    l->bias = nescio_arena_array(arena, l->count, sizeof *l->bias);
    l->w = nescio_arena_array(arena, l->in->n_terms, sizeof *l->w);
    for (uint32_t t = 0; l->w && t < l->in->n_terms; t++) {
        const nescio_affine_map *const m = &l->in->map[t];
        l->w[t] = nescio_arena_array(arena, m->start[m->n_rows], sizeof **l->w);
        if (!l->w[t])
            return false;
    }
    return l->constant && l->z && l->mean && l->bias && l->w;
}

/* Channel of each element: its index along the axis, or the element itself. */
static bool set_channels(nescio_arena *arena, nescio_quant_layer_work *l)
{
    uint32_t *const channel = nescio_arena_array(arena, l->count, sizeof *channel);
    size_t inner = 1;

    if (!channel)
        return false;
    l->n_channels = l->channel_axis < 0 ? l->count : (size_t)l->dims[l->channel_axis];
    for (int i = l->channel_axis + 1; l->channel_axis >= 0 && i < l->rank; i++)
        inner *= (size_t)l->dims[i];
    for (size_t i = 0; i < l->count; i++)
        channel[i] = (uint32_t)(l->channel_axis < 0 ? i : i / inner % l->n_channels);
    l->channel = channel;
    return true;
}

nescio_status nescio_quant_net_add_layer(nescio_quant_net *net, const char *name,
                                         const nescio_affine *in,
                                         const nescio_quant_function *function,
                                         const nescio_tensor *shape, int channel_axis,
                                         uint32_t *out)
{
    void *layers = net->layers;

    if (!grow(&layers, net->n_layers, &net->cap_layers, sizeof *net->layers))
        return nescio_quant_nomem(net);
    net->layers = layers;
    nescio_quant_layer_work *const l = &net->layers[net->n_layers];
    *l = (nescio_quant_layer_work){.name = name,
                                   .in = in,
                                   .has_function = function != NULL,
                                   .rank = shape->rank,
                                   .count = in->count,
                                   .channel_axis = channel_axis,
                                   .group = net->n_layers};
    if (function)
        l->function = *function;
    memcpy(l->dims, shape->dims, sizeof l->dims);
    if (!set_channels(net->arena, l) || !layer_arrays(net->arena, l))
        return nescio_quant_nomem(net);
    *out = net->n_layers++;
    if (function) {
        uint32_t base;

        NESCIO_TRY(nescio_quant_net_add_base(net, false, *out, in->count, &base));
        net->layers[*out].base = base;
    }
    return NESCIO_OK;
}
