/* SPDX-License-Identifier: Apache-2.0
 * Integer weights: each row in units of its own window, one turn of the torus for the whole layer.
 *
 * v = W s / turn_real is what one unit of an upstream integer turns the accumulator's phase by. One
 * constant, the turn, makes integers of all of them: w = round(v turn), clamped. A turn beyond what
 * the largest weight would allow (gamma < 1) clips few weights and makes all others finer; the
 * gamma with the least error on calibrated data is taken. Layers that share an input wire share the
 * turn, since a ciphertext has one scale. */
#include "quant/net_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_GAMMAS 19 /* 1.00, 0.95 ... 0.10 */

/** What the choice of a turn looks at in one layer. */
typedef struct fold {
    const nescio_quant_layer_work *layer;
    double **v;        /* [term][nonzero] turns a unit */
    double **variance; /* [term][column] of the upstream integers */
} fold;

static void fold_deinit(fold *f)
{
    for (uint32_t t = 0; f->layer && t < f->layer->in->n_terms; t++) {
        if (f->v)
            free(f->v[t]);
        if (f->variance)
            free(f->variance[t]);
    }
    free(f->v);
    free(f->variance);
}

/* Population variance of the base's integers; of its reals over the scale while they are not known.
 */
static void base_variance(const nescio_quant_net *net, const nescio_quant_base *b, double *out)
{
    const double n = (double)net->n_rows;

    for (size_t i = 0; i < b->count; i++) {
        double sum = 0, squares = 0;

        for (size_t m = 0; m < net->n_rows; m++)
            sum += b->q ? b->q[m * b->count + i] : b->real[m * b->count + i] / b->scale[i];
        for (size_t m = 0; m < net->n_rows; m++) {
            const double x =
                b->q ? b->q[m * b->count + i] : b->real[m * b->count + i] / b->scale[i];
            squares += (x - sum / n) * (x - sum / n);
        }
        out[i] = squares / n;
    }
}

static nescio_status fold_init(const nescio_quant_net *net, const nescio_quant_layer_work *l,
                               fold *f)
{
    *f = (fold){.layer = l,
                .v = calloc(l->in->n_terms + 1u, sizeof *f->v),
                .variance = calloc(l->in->n_terms + 1u, sizeof *f->variance)};
    for (uint32_t t = 0; f->v && f->variance && t < l->in->n_terms; t++) {
        const nescio_affine_map *const m = &l->in->map[t];
        const nescio_quant_base *const b = &net->bases[l->in->base[t]];

        f->v[t] = calloc(m->start[m->n_rows] + 1, sizeof **f->v);
        f->variance[t] = calloc(b->count + 1, sizeof **f->variance);
        if (!f->v[t] || !f->variance[t])
            return nescio_quant_nomem(net);
        base_variance(net, b, f->variance[t]);
        for (size_t i = 0; i < l->count; i++) {
            const uint32_t c = l->channel[i];

            for (size_t k = m->start[i]; k < m->start[i + 1] && !l->constant[c]; k++)
                f->v[t][k] = m->weight[k] * b->scale[m->column[k]] / l->turn_real[c];
        }
    }
    return f->v && f->variance ? NESCIO_OK : nescio_quant_nomem(net);
}

static double weight_limit(const nescio_quant_layer_work *l)
{
    return (double)(((int64_t)1 << (l->weight_bits - 1)) - 1);
}

static double round_weight(double v, double limit)
{
    const double w = nearbyint(v);

    return w > limit ? limit : w < -limit ? -limit : w;
}

/* Largest turn fraction that one unit of weight must stand for: max |v| / limit. */
static double coarsest(const fold *f)
{
    double most = 0;

    for (uint32_t t = 0; t < f->layer->in->n_terms; t++) {
        for (size_t k = 0; k < f->layer->in->map[t].start[f->layer->count]; k++)
            most = fabs(f->v[t][k]) > most ? fabs(f->v[t][k]) : most;
    }
    return most / weight_limit(f->layer);
}

static double weight_error(const fold *f, double turn)
{
    const double limit = weight_limit(f->layer);
    double error = 0;

    for (uint32_t t = 0; t < f->layer->in->n_terms; t++) {
        const nescio_affine_map *const m = &f->layer->in->map[t];

        for (size_t k = 0; k < m->start[m->n_rows]; k++) {
            const double d = round_weight(f->v[t][k] * turn, limit) / turn - f->v[t][k];
            error += d * d * f->variance[t][m->column[k]];
        }
    }
    return error;
}

static bool has_cells(const nescio_quant_net *net, const nescio_quant_layer_work *l)
{
    return l->has_function && net->options.rounding != NESCIO_ROUNDING_EXACT;
}

/* Turn and step for all layers of the group, from their folded weights. */
static nescio_status choose_turn(nescio_quant_net *net, uint32_t group, const fold *folds, size_t n)
{
    double c_full = 0, best = INFINITY, gamma = 1;
    int64_t unit = 1, step = 1;

    for (size_t i = 0; i < n; i++) {
        c_full = fmax(c_full, coarsest(&folds[i]));
        unit = has_cells(net, folds[i].layer) ? net->options.cells : unit;
    }
    for (int k = 0; k < N_GAMMAS && c_full > 0; k++) {
        const double g = 1.0 - 0.05 * k, steps = floor(1 / (c_full * g) / (double)unit);
        double error = 0;

        if (!(steps < 0x1p40))
            return nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED,
                               "'%s': its weights are too small for its window",
                               folds[0].layer->name);
        const int64_t candidate = steps < 1 ? 1 : (int64_t)steps;
        for (size_t i = 0; i < n; i++)
            error += weight_error(&folds[i], (double)(candidate * unit));
        if (error < best * (1 - 1e-12)) {
            best = error;
            gamma = g;
            step = candidate;
        }
    }
    for (uint32_t i = 0; i < net->n_layers; i++) {
        nescio_quant_layer_work *const l = &net->layers[i];

        if (l->group != group)
            continue;
        l->chosen = true;
        l->turn = step * unit;
        l->step = has_cells(net, l) ? l->turn / net->options.cells : 1;
        l->gamma = gamma;
    }
    return NESCIO_OK;
}

static nescio_status choose_group_turn(nescio_quant_net *net, uint32_t group)
{
    fold *const folds = calloc(net->n_layers + 1u, sizeof *folds);
    nescio_status st = folds ? NESCIO_OK : nescio_quant_nomem(net);
    size_t n = 0;

    for (uint32_t i = 0; i < net->n_layers && st == NESCIO_OK; i++) {
        if (net->layers[i].group == group)
            st = fold_init(net, &net->layers[i], &folds[n++]);
    }
    if (st == NESCIO_OK)
        st = choose_turn(net, group, folds, n);
    for (size_t i = 0; i < n; i++)
        fold_deinit(&folds[i]);
    free(folds);
    return st;
}

static nescio_status round_weights(const nescio_quant_net *net, nescio_quant_layer_work *l)
{
    fold f;
    nescio_status st = fold_init(net, l, &f);

    for (uint32_t t = 0; st == NESCIO_OK && t < l->in->n_terms; t++) {
        for (size_t k = 0; k < l->in->map[t].start[l->count]; k++)
            l->w[t][k] = (int32_t)round_weight(f.v[t][k] * (double)l->turn, weight_limit(l));
    }
    fold_deinit(&f);
    return st;
}

/* raw[rows][count], and the sum over rows of each element. */
static nescio_status accumulate(const nescio_quant_net *net, nescio_quant_layer_work *l,
                                double *mean)
{
    size_t words;

    if (!nescio_size_mul(&words, net->n_rows, l->count))
        return nescio_quant_nomem(net);
    l->raw = calloc(words + 1, sizeof *l->raw);
    if (!l->raw)
        return nescio_quant_nomem(net);
    for (size_t m = 0; m < net->n_rows; m++) {
        for (uint32_t t = 0; t < l->in->n_terms; t++) {
            const nescio_affine_map *const map = &l->in->map[t];
            const int32_t *const q = net->bases[l->in->base[t]].q + m * map->n_columns;

            for (size_t i = 0; i < l->count; i++) {
                int64_t sum = 0;

                for (size_t k = map->start[i]; k < map->start[i + 1]; k++)
                    sum += (int64_t)l->w[t][k] * q[map->column[k]];
                l->raw[m * l->count + i] += sum;
            }
        }
    }
    for (size_t i = 0; i < l->count; i++) {
        int64_t sum = 0;

        for (size_t m = 0; m < net->n_rows; m++)
            sum += l->raw[m * l->count + i];
        mean[i] = (double)sum / (double)net->n_rows;
    }
    return NESCIO_OK;
}

/* What the accumulator is when all upstream integers are 0. */
static double constant_of(const nescio_quant_net *net, const nescio_quant_layer_work *l, size_t i)
{
    double sum = l->in->constant[i];

    for (uint32_t t = 0; t < l->in->n_terms; t++) {
        const nescio_affine_map *const m = &l->in->map[t];
        const nescio_quant_base *const b = &net->bases[l->in->base[t]];

        for (size_t k = m->start[i]; k < m->start[i + 1]; k++)
            sum += m->weight[k] * b->offset[m->column[k]];
    }
    return sum;
}

/* Biases: the exact constant, plus, by channel, what makes quantized and float means agree. */
static void round_biases(const nescio_quant_net *net, nescio_quant_layer_work *l,
                         const double *mean, double *constant, double *correction)
{
    const size_t positions = l->count / l->n_channels;

    memset(correction, 0, l->n_channels * sizeof *correction);
    for (size_t i = 0; i < l->count; i++) {
        const uint32_t c = l->channel[i];

        constant[i] = constant_of(net, l, i);
        correction[c] += (l->mean[i] - l->scale[c] * mean[i] - constant[i]) / (double)positions;
    }
    for (size_t i = 0; i < l->count; i++) {
        const uint32_t c = l->channel[i];
        const double shift = constant[i] + (net->n_rows * positions < 16 ? 0 : correction[c]);

        l->bias[i] =
            l->constant[c] && l->has_function
                ? 0
                : (int64_t)nearbyint((shift - (double)l->z[c] * l->scale[c]) / l->scale[c]);
    }
}

nescio_status nescio_quant_weights(nescio_quant_net *net, uint32_t i_layer)
{
    nescio_quant_layer_work *const l = &net->layers[i_layer];
    double *const mean = calloc(2 * l->count + l->n_channels + 1, sizeof *mean);
    nescio_status st = mean ? NESCIO_OK : nescio_quant_nomem(net);

    if (st == NESCIO_OK && !l->chosen)
        st = choose_group_turn(net, l->group);
    if (st == NESCIO_OK)
        st = round_weights(net, l);
    for (size_t c = 0; st == NESCIO_OK && c < l->n_channels; c++) {
        l->scale[c] = l->turn_real[c] / (double)l->turn;
        l->z[c] = (int64_t)nearbyint(l->centre[c] / l->scale[c]);
        if (!(fabs(l->centre[c] / l->scale[c]) < 0x1p52))
            st = nescio_fail(net->ctx, NESCIO_E_UNSUPPORTED,
                             "'%s': its window is too narrow for where it lies", l->name);
    }
    if (st == NESCIO_OK)
        st = accumulate(net, l, mean);
    if (st == NESCIO_OK)
        round_biases(net, l, mean, mean + l->count, mean + 2 * l->count);
    free(mean);
    return st;
}
