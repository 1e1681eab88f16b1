/* SPDX-License-Identifier: Apache-2.0
 * What quantization did, layer by layer. */
#include "quant/net_internal.h"
#include "quant/quantile_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void nescio_quant_report_free(nescio_quant_report *report)
{
    for (size_t i = 0; i < report->n_layers; i++) {
        free(report->layers[i].name);
        free(report->layers[i].function);
    }
    free(report->layers);
    *report = (nescio_quant_report){0};
}

static void fill_norms(const nescio_quant_layer_work *l, nescio_quant_layer *out)
{
    for (size_t i = 0; i < l->count; i++) {
        double squares = 0;

        for (uint32_t t = 0; t < l->in->n_terms; t++) {
            for (size_t k = l->in->map[t].start[i]; k < l->in->map[t].start[i + 1]; k++)
                squares += (double)l->w[t][k] * l->w[t][k];
        }
        out->norm_mean += sqrt(squares) / (double)l->count;
        out->norm_max = fmax(out->norm_max, sqrt(squares));
    }
}

static bool fill_ramps(const nescio_quant_layer_work *l, nescio_quant_layer *out)
{
    double *const ramps = calloc(l->n_channels + 1, sizeof *ramps);

    if (!ramps)
        return false;
    for (size_t c = 0; c < l->n_channels; c++)
        ramps[c] = (l->ramp_hi[c] - l->ramp_lo[c]) / (l->scale[c] * (double)l->turn);
    out->ramp_least = nescio_quantile(ramps, l->n_channels, 0);
    out->ramp_median = nescio_median(ramps, l->n_channels);
    out->ramp_most = nescio_quantile(ramps, l->n_channels, 1);
    free(ramps);
    return true;
}

static bool fill_layer(const nescio_quant_net *net, const nescio_quant_layer_work *l,
                       nescio_quant_layer *out)
{
    const char *const function =
        l->has_function ? nescio_quant_function_name(net, &l->function) : "";

    out->name = strdup(l->name);
    out->function = function ? strdup(function) : NULL;
    out->rows = l->count;
    for (uint32_t t = 0; t < l->in->n_terms; t++)
        out->columns += l->in->map[t].n_columns;
    out->channels = l->n_channels;
    out->weight_bits = l->weight_bits;
    out->turn = l->turn;
    out->step = l->has_function ? l->step : 0;
    out->clip_factor = l->gamma;
    out->lo = l->lo;
    out->hi = l->hi;
    out->out_of_range = l->out_of_range;
    out->rows_out_of_range = l->rows_out_of_range;
    fill_norms(l, out);
    return out->name && out->function && (!l->has_function || fill_ramps(l, out));
}

nescio_status nescio_quant_report_fill(const nescio_quant_net *net, nescio_quant_report *report)
{
    report->layers = calloc(net->n_layers + 1u, sizeof *report->layers);
    if (!report->layers)
        return nescio_quant_nomem(net);
    for (uint32_t i = 0; i < net->n_layers; i++) {
        report->n_layers = i + 1u;
        if (!fill_layer(net, &net->layers[i], &report->layers[i])) {
            nescio_quant_report_free(report);
            return nescio_quant_nomem(net);
        }
    }
    return NESCIO_OK;
}

nescio_status nescio_quant_report_print(nescio_ctx *ctx, const nescio_quant_report *report,
                                        nescio_buffer *out)
{
    nescio_write_text(out, "%-24s %-16s %6s %7s %4s %10s %6s %5s %19s %7s %17s %9s\n", "layer",
                      "function", "rows", "columns", "bits", "turn", "step", "clip", "range",
                      "norm", "ramp", "outside");
    for (size_t i = 0; i < report->n_layers; i++) {
        const nescio_quant_layer *const l = &report->layers[i];

        nescio_write_text(out,
                          "%-24s %-16s %6zu %7zu %4d %10lld %6lld %5.2f %9lld..%-8lld %7.1f %5.3f "
                          "%5.3f %5.3f %9.2g\n",
                          l->name, l->function, l->rows, l->columns, l->weight_bits,
                          (long long)l->turn, (long long)l->step, l->clip_factor, (long long)l->lo,
                          (long long)l->hi, l->norm_mean, l->ramp_least, l->ramp_median,
                          l->ramp_most, l->out_of_range);
    }
    return out->bad ? nescio_fail_nomem(ctx, out->bytes) : NESCIO_OK;
}
