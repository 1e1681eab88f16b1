/* SPDX-License-Identifier: Apache-2.0
 * Tables: entries at cell centres of the middle half turn, ramp centred at 0; then the integers
 * that calibration rows become, and how many of them leave their window. */
#include "quant/net_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Entries of an exact table at most. */
#define EXACT_MAX ((int64_t)1 << 16)

static int64_t low(double x)
{
    return (int64_t)floor(x);
}

static int64_t high(double x)
{
    return (int64_t)ceil(x);
}

/* Window of a channel in integers. */
static void window_of(const nescio_quant_layer_work *l, size_t c, int64_t *lo, int64_t *hi)
{
    *lo = low(l->wlo[c] / l->scale[c] - (double)l->z[c]);
    *hi = high(l->whi[c] / l->scale[c] - (double)l->z[c]);
}

/* What element i can be, each upstream element in its own range. */
static void proven_range(const nescio_quant_net *net, const nescio_quant_layer_work *l, size_t i,
                         int64_t *lo, int64_t *hi)
{
    *lo = *hi = l->bias[i];
    for (uint32_t t = 0; t < l->in->n_terms; t++) {
        const nescio_affine_map *const m = &l->in->map[t];
        const nescio_quant_base *const b = &net->bases[l->in->base[t]];

        for (size_t k = m->start[i]; k < m->start[i + 1]; k++) {
            const int64_t w = l->w[t][k], x = w * b->least[m->column[k]],
                          y = w * b->most[m->column[k]];

            *lo += x < y ? x : y;
            *hi += x < y ? y : x;
        }
    }
}

/* Stated range: windows where a table saturates, else what is proven. */
static void set_range(const nescio_quant_net *net, nescio_quant_layer_work *l, bool proven)
{
    l->lo = INT64_MAX;
    l->hi = INT64_MIN;
    for (size_t i = 0; i < l->count; i++) {
        int64_t lo, hi;

        if (proven)
            proven_range(net, l, i, &lo, &hi);
        else if (l->constant[l->channel[i]])
            lo = hi = 0;
        else
            window_of(l, l->channel[i], &lo, &hi);
        l->lo = lo < l->lo ? lo : l->lo;
        l->hi = hi > l->hi ? hi : l->hi;
    }
}

/* Events: accumulators outside their own channel's window. */
static void count_events(const nescio_quant_net *net, nescio_quant_layer_work *l)
{
    size_t outside = 0, seen = 0, rows = 0;

    for (size_t m = 0; m < net->n_rows; m++) {
        bool any = false;

        for (size_t i = 0; i < l->count; i++) {
            const int64_t v = l->raw[m * l->count + i] + l->bias[i];
            int64_t lo, hi;

            if (l->constant[l->channel[i]])
                continue;
            window_of(l, l->channel[i], &lo, &hi);
            outside += v < lo || v > hi;
            any |= v < lo || v > hi;
            seen++;
        }
        rows += any;
    }
    l->out_of_range = seen ? (double)outside / (double)seen : 0;
    l->rows_out_of_range = (double)rows / (double)net->n_rows;
}

/* One entry: the function clipped, constant outside the ramp, minus the middle of its plateaus. */
static int64_t entry(const nescio_quant_net *net, const nescio_quant_layer_work *l, size_t c,
                     double y, double f)
{
    const double limit = (double)(((int64_t)1 << (net->options.activation_bits - 1)) - 1);
    const double middle = (l->left[c] + l->right[c]) / 2;
    /* Not a number, outside the domain: the lower clip. */
    double value = f >= l->clip_hi[c] ? l->clip_hi[c] : f > l->clip_lo[c] ? f : l->clip_lo[c];

    if (l->constant[c])
        return 0;
    if (y < l->ramp_lo[c])
        value = l->left[c];
    else if (y > l->ramp_hi[c])
        value = l->right[c];
    return (int64_t)fmax(-limit, fmin(limit, nearbyint((value - middle) / l->out_scale)));
}

static nescio_status fill_entries(const nescio_quant_net *net, nescio_quant_layer_work *l)
{
    const size_t n = (size_t)l->n_entries * l->n_channels;
    double *const y = calloc(n, sizeof *y), *const f = calloc(n, sizeof *f);
    nescio_status st = y && f ? NESCIO_OK : nescio_quant_nomem(net);
    const double half = l->step > 1 ? (double)l->step / 2 : 0;

    for (size_t j = 0; st == NESCIO_OK && j < l->n_entries; j++) {
        const double at = (double)(l->first + (int64_t)j * l->step) + half;
        for (size_t c = 0; c < l->n_channels; c++)
            y[j * l->n_channels + c] = l->scale[c] * (at + (double)l->z[c]);
    }
    if (st == NESCIO_OK)
        st = nescio_quant_function_run(net, l, true, y, f, l->n_entries);
    for (size_t j = 0; st == NESCIO_OK && j < l->n_entries; j++) {
        for (size_t c = 0; c < l->n_channels; c++)
            l->entries[c * l->n_entries + j] =
                entry(net, l, c, y[j * l->n_channels + c], f[j * l->n_channels + c]);
    }
    free(y);
    free(f);
    return st;
}

static int64_t look_up(const nescio_quant_layer_work *l, uint32_t c, int64_t v)
{
    const int64_t cell = v < l->first ? 0 : (v - l->first) / l->step;

    return l->entries[(size_t)c * l->n_entries +
                      (size_t)(cell < l->n_entries ? cell : l->n_entries - 1)];
}

static nescio_status fill_base(nescio_quant_net *net, nescio_quant_layer_work *l)
{
    nescio_quant_base *const b = &net->bases[l->base];

    b->q = calloc(net->n_rows * l->count + 1, sizeof *b->q);
    if (!b->q)
        return nescio_quant_nomem(net);
    for (size_t k = 0; k < net->n_rows * l->count; k++) {
        const size_t i = k % l->count;
        b->q[k] = (int32_t)look_up(l, l->channel[i], l->raw[k] + l->bias[i]);
    }
    for (size_t i = 0; i < l->count; i++) {
        const int64_t *const e = l->entries + (size_t)l->channel[i] * l->n_entries;

        b->least[i] = b->most[i] = e[0];
        for (uint32_t j = 1; j < l->n_entries; j++) {
            b->least[i] = e[j] < b->least[i] ? e[j] : b->least[i];
            b->most[i] = e[j] > b->most[i] ? e[j] : b->most[i];
        }
    }
    return NESCIO_OK;
}

static nescio_status place_cells(const nescio_quant_net *net, nescio_quant_layer_work *l,
                                 bool exact)
{
    if (!exact) {
        l->n_entries = net->options.cells / 2;
        l->first = -(int64_t)(net->options.cells / 4) * l->step;
        return NESCIO_OK;
    }
    if (l->hi - l->lo >= EXACT_MAX)
        return nescio_fail(
            net->ctx, NESCIO_E_UNSUPPORTED,
            "'%s': exact rounding needs an accumulator of %lld values; up to %lld are accepted "
            "(fewer bits, or approximate rounding)",
            l->name, (long long)(l->hi - l->lo + 1), (long long)EXACT_MAX);
    l->first = l->lo;
    l->n_entries = (uint32_t)(l->hi - l->lo + 1);
    return NESCIO_OK;
}

nescio_status nescio_quant_table(nescio_quant_net *net, nescio_quant_layer_work *l)
{
    const bool exact = net->options.rounding == NESCIO_ROUNDING_EXACT;

    count_events(net, l);
    set_range(net, l, exact || !l->has_function);
    if (l->has_function) {
        NESCIO_TRY(place_cells(net, l, exact));
        l->entries = nescio_arena_array(net->arena, (size_t)l->n_entries * l->n_channels,
                                        sizeof *l->entries);
        if (!l->entries)
            return nescio_quant_nomem(net);
        NESCIO_TRY(fill_entries(net, l));
        NESCIO_TRY(fill_base(net, l));
    }
    free(l->raw);
    l->raw = NULL;
    return NESCIO_OK;
}
