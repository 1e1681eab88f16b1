/* SPDX-License-Identifier: Apache-2.0
 * Calibration: what every accumulator does on the calibration rows, in reals.
 *
 * Per channel of each layer: window (quantiles plus a margin), clip of the function behind it, ramp
 * (outside of which the function counts as constant), and the reals that one turn of the torus has
 * to stand for. On the full torus a table minus its middle is negacyclic, T(phase + 1/2) =
 * -T(phase), so the ramp comes back mirrored half a turn away; every value of the window must lie
 * between the mirrored ramps: wlo >= b - turn / 2 and whi <= a + turn / 2 for a ramp [a, b]. */
#include "quant/net_internal.h"
#include "quant/quantile_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Points of a window at which a function is looked at to find its ramp. */
#define GRID ((size_t)4097)

/** Scratch of one layer. */
typedef struct work {
    double *y;              /* [rows][count] accumulators */
    double *f;              /* [rows][count] the function of them */
    double *sorted;         /* values of one channel */
    double *grid, *on_grid; /* [GRID][n_channels] */
    size_t n_largest;       /* values of the largest channel */
} work;

static void work_deinit(work *w)
{
    free(w->y);
    free(w->f);
    free(w->sorted);
    free(w->grid);
    free(w->on_grid);
}

static nescio_status work_init(const nescio_quant_net *net, const nescio_quant_layer_work *l,
                               work *w)
{
    size_t values, grid;

    *w = (work){0};
    if (!nescio_size_mul(&values, net->n_rows, l->count) ||
        !nescio_size_mul(&grid, GRID, l->n_channels))
        return nescio_quant_nomem(net);
    w->y = calloc(values + 1, sizeof(double));
    w->f = calloc(values + 1, sizeof(double));
    w->sorted = calloc(values + 1, sizeof(double));
    if (l->has_function) {
        w->grid = calloc(grid, sizeof(double));
        w->on_grid = calloc(grid, sizeof(double));
    }
    if (w->y && w->f && w->sorted && (!l->has_function || (w->grid && w->on_grid)))
        return NESCIO_OK;
    work_deinit(w);
    return nescio_quant_nomem(net);
}

/* Accumulators of all rows, and their means. */
static nescio_status accumulate(const nescio_quant_net *net, nescio_quant_layer_work *l, work *w)
{
    const double **const values = calloc(net->n_bases + 1u, sizeof *values);

    if (!values)
        return nescio_quant_nomem(net);
    for (size_t m = 0; m < net->n_rows; m++) {
        for (uint32_t b = 0; b < net->n_bases; b++)
            values[b] = net->bases[b].real ? net->bases[b].real + m * net->bases[b].count : NULL;
        nescio_affine_eval(l->in, values, w->y + m * l->count);
        for (size_t i = 0; i < l->count; i++)
            l->mean[i] += w->y[m * l->count + i];
    }
    free(values);
    for (size_t i = 0; i < l->count; i++) {
        l->mean[i] /= (double)net->n_rows;
        if (!isfinite(l->mean[i]))
            return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED,
                               "'%s': not finite on the calibration rows", l->name);
    }
    return NESCIO_OK;
}

/* Values of channel c, rows and positions together, into w->sorted. Returns how many. */
static size_t collect(const nescio_quant_net *net, const nescio_quant_layer_work *l,
                      const double *from, size_t c, work *w)
{
    size_t n = 0;

    if (l->n_channels == l->count) {
        for (size_t m = 0; m < net->n_rows; m++)
            w->sorted[n++] = from[m * l->count + c];
        return n;
    }
    for (size_t i = 0; i < l->count; i++) {
        if (l->channel[i] != c)
            continue;
        for (size_t m = 0; m < net->n_rows; m++)
            w->sorted[n++] = from[m * l->count + i];
    }
    return n;
}

static void find_window(const nescio_quant_net *net, nescio_quant_layer_work *l, work *w)
{
    const nescio_quant_options *const o = &net->options;

    for (size_t c = 0; c < l->n_channels; c++) {
        const size_t n = collect(net, l, w->y, c, w);
        const double lo = nescio_quantile(w->sorted, n, (1 - o->cover) / 2);
        const double hi = nescio_quantile(w->sorted, n, 1 - (1 - o->cover) / 2);
        const double margin = o->margin * (hi - lo);

        l->wlo[c] = lo - margin;
        l->whi[c] = hi + margin;
    }
}

/* Products of pairs need their functions whole; what a network learnt may be clipped. */
static double clip_of(const nescio_quant_net *net, const nescio_quant_layer_work *l)
{
    return l->function.kind == NESCIO_QUANT_CHAIN ? net->options.clip : 1;
}

static nescio_status find_clip(const nescio_quant_net *net, nescio_quant_layer_work *l, work *w)
{
    const double clip = clip_of(net, l);
    double widest = 1e-30;

    NESCIO_TRY(nescio_quant_function_run(net, l, false, w->y, w->f, net->n_rows));
    for (size_t i = 0; i < net->n_rows * l->count; i++) {
        if (!isfinite(w->f[i]))
            return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED,
                               "'%s': the function of it is not finite on the calibration rows",
                               l->name);
    }
    for (size_t c = 0; c < l->n_channels; c++) {
        const size_t n = collect(net, l, w->f, c, w);

        l->clip_lo[c] = nescio_quantile(w->sorted, n, 1 - clip);
        l->clip_hi[c] = nescio_quantile(w->sorted, n, clip);
        widest = l->clip_hi[c] - l->clip_lo[c] > widest ? l->clip_hi[c] - l->clip_lo[c] : widest;
    }
    for (size_t c = 0; c < l->n_channels; c++) { /* channels that hardly ever fire */
        const double least = l->clip_lo[c] + 0.02 * widest;
        l->clip_hi[c] = l->clip_hi[c] > least ? l->clip_hi[c] : least;
    }
    return NESCIO_OK;
}

/* A function may have no value outside the domain that calibration saw: there the lower clip
 * stands. */
static double clipped(const nescio_quant_layer_work *l, size_t c, double f)
{
    return f >= l->clip_hi[c] ? l->clip_hi[c] : f > l->clip_lo[c] ? f : l->clip_lo[c];
}

static nescio_status look_at_function(const nescio_quant_net *net, nescio_quant_layer_work *l,
                                      work *w)
{
    const double last = (double)(GRID - 1);

    for (size_t k = 0; k < GRID; k++) {
        for (size_t c = 0; c < l->n_channels; c++)
            w->grid[k * l->n_channels + c] =
                l->wlo[c] + (l->whi[c] - l->wlo[c]) * ((double)k / last);
    }
    return nescio_quant_function_run(net, l, true, w->grid, w->on_grid, GRID);
}

/* Ramp of one channel. Returns the function's largest distance from the middle of its plateaus. */
static double find_ramp(nescio_quant_layer_work *l, const work *w, size_t c)
{
    const size_t n = l->n_channels;
    const double tolerance = (l->clip_hi[c] - l->clip_lo[c]) * 0x1p-10;
    const double left = clipped(l, c, w->on_grid[c]);
    const double right = clipped(l, c, w->on_grid[(GRID - 1) * n + c]);
    const double middle = (left + right) / 2;
    size_t first = GRID, last = 0;
    double reach = fabs(right - middle);

    for (size_t k = 0; k < GRID; k++) {
        const double f = clipped(l, c, w->on_grid[k * n + c]);

        if (fabs(f - left) > tolerance && first == GRID)
            first = k;
        if (fabs(f - right) > tolerance)
            last = k;
        reach = fabs(f - middle) > reach ? fabs(f - middle) : reach;
    }
    l->left[c] = left;
    l->right[c] = right;
    l->constant[c] = first == GRID;
    if (l->constant[c]) {
        l->ramp_lo[c] = l->ramp_hi[c] = l->wlo[c];
        return 0;
    }
    l->ramp_lo[c] = w->grid[(first ? first - 1 : 0) * n + c];
    l->ramp_hi[c] = w->grid[(last + 1 < GRID ? last + 1 : last) * n + c];
    return reach;
}

static double max3(double a, double b, double c)
{
    return fmax(a, fmax(b, c));
}

/* No channel's turn is under a tenth of the median, so that a nearly dead one does not set the
 * layer's weight limit. */
static nescio_status bound_turns(const nescio_quant_net *net, nescio_quant_layer_work *l, work *w)
{
    size_t n = 0;

    for (size_t c = 0; c < l->n_channels; c++) {
        if (!l->constant[c])
            w->sorted[n++] = l->turn_real[c];
    }
    if (n == 0 && l->has_function)
        return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED,
                           "'%s' is constant on the calibration rows", l->name);
    const double least = n ? 0.1 * nescio_median(w->sorted, n) : 1;
    for (size_t c = 0; c < l->n_channels; c++)
        l->turn_real[c] = l->turn_real[c] > least ? l->turn_real[c] : least;
    return NESCIO_OK;
}

static nescio_status calibrate_function(nescio_quant_net *net, nescio_quant_layer_work *l, work *w)
{
    nescio_quant_base *const base = &net->bases[l->base];
    double reach = 0;

    NESCIO_TRY(find_clip(net, l, w));
    NESCIO_TRY(look_at_function(net, l, w));
    for (size_t c = 0; c < l->n_channels; c++) {
        const double r = find_ramp(l, w, c);

        reach = r > reach ? r : reach;
        l->centre[c] = (l->ramp_lo[c] + l->ramp_hi[c]) / 2;
        l->turn_real[c] = max3((l->ramp_hi[c] - l->ramp_lo[c]) / net->options.ramp_max,
                               2 * (l->ramp_hi[c] - l->wlo[c]), 2 * (l->whi[c] - l->ramp_lo[c]));
    }
    NESCIO_TRY(bound_turns(net, l, w));
    const int bits = net->options.activation_bits;
    l->reach = reach;
    l->out_scale = reach / (double)(((int64_t)1 << (bits - 1)) - 1);
    for (size_t i = 0; i < l->count; i++) {
        base->scale[i] = l->out_scale;
        base->offset[i] = (l->left[l->channel[i]] + l->right[l->channel[i]]) / 2;
    }
    base->real = w->f; /* taken */
    w->f = NULL;
    return NESCIO_OK;
}

static nescio_status calibrate_answer(nescio_quant_net *net, nescio_quant_layer_work *l, work *w)
{
    for (size_t c = 0; c < l->n_channels; c++) {
        l->centre[c] = (l->wlo[c] + l->whi[c]) / 2;
        l->turn_real[c] = l->whi[c] - l->wlo[c];
        l->constant[c] = !(l->turn_real[c] > 0);
        l->ramp_lo[c] = l->wlo[c];
        l->ramp_hi[c] = l->whi[c];
    }
    return bound_turns(net, l, w);
}

static nescio_status calibrate_layer(nescio_quant_net *net, nescio_quant_layer_work *l)
{
    nescio_status st;
    work w;

    NESCIO_TRY(work_init(net, l, &w));
    st = accumulate(net, l, &w);
    if (st == NESCIO_OK) {
        find_window(net, l, &w);
        st = l->has_function ? calibrate_function(net, l, &w) : calibrate_answer(net, l, &w);
    }
    work_deinit(&w);
    return st;
}

/* Scale of an input: 0 always has an integer of its own. */
static void scale_input(const nescio_quant_net *net, nescio_quant_base *b)
{
    const double codes = (double)(((int64_t)1 << net->options.input_bits) - 1);
    double lo = 0, hi = 0;

    for (size_t i = 0; i < b->count; i++) {
        if (net->options.input_columns)
            lo = hi = 0;
        for (size_t m = 0; m < net->n_rows; m++) {
            const size_t k = net->options.input_columns ? m * b->count + i : i * net->n_rows + m;
            lo = b->real[k] < lo ? b->real[k] : lo;
            hi = b->real[k] > hi ? b->real[k] : hi;
        }
        b->scale[i] = hi > lo ? (hi - lo) / codes : 1;
        const double zero = fmin(nearbyint(-lo / b->scale[i]), codes);
        b->offset[i] = -zero * b->scale[i];
        b->least[i] = 0;
        b->most[i] = (int64_t)codes;
    }
    for (size_t i = 0; i < b->count; i++) {
        const size_t k = net->options.input_columns ? i : b->count - 1;

        b->scale[i] = b->scale[k];
        b->offset[i] = b->offset[k];
    }
}

static nescio_status read_input(nescio_quant_net *net, const nescio_tensor *rows,
                                nescio_quant_base *b)
{
    nescio_tensor wide;

    b->real = calloc(net->n_rows * b->count + 1, sizeof *b->real);
    if (!b->real)
        return nescio_quant_nomem(net);
    NESCIO_TRY(nescio_tensor_cast(net->ctx, &wide, rows, NESCIO_F64));
    memcpy(b->real, wide.data, net->n_rows * b->count * sizeof *b->real);
    nescio_tensor_free(&wide);
    for (size_t i = 0; i < net->n_rows * b->count; i++) {
        if (!isfinite(b->real[i]))
            return nescio_fail(net->ctx, NESCIO_E_ARG,
                               "calibration of input '%s': row %zu is not finite",
                               net->graph->inputs[b->from]->name, i / b->count);
    }
    scale_input(net, b);
    return NESCIO_OK;
}

nescio_status nescio_quant_calibrate(nescio_quant_net *net, const nescio_tensor *const *calibration)
{
    for (uint32_t b = 0; b < net->n_bases; b++) {
        if (net->bases[b].is_input)
            NESCIO_TRY(read_input(net, calibration[net->bases[b].from], &net->bases[b]));
    }
    for (uint32_t i = 0; i < net->n_layers; i++) {
        NESCIO_TRY(nescio_progress(net->ctx, "calibrate", i, net->n_layers));
        NESCIO_TRY(calibrate_layer(net, &net->layers[i]));
    }
    nescio_quant_balance(net);
    return NESCIO_OK;
}
