/* SPDX-License-Identifier: Apache-2.0
 * Head and tail graphs around quantizers. */
#include "codec/codec.h"

#include "refexec/refexec.h"

#include <stdlib.h>
#include <string.h>

struct nescio_codec {
    const nescio_client_part *client; /* borrowed */
    nescio_graph *head, *tail;
    nescio_refexec *head_run, *tail_run;
    uint32_t *counts_in, *counts_out;
};

void nescio_codec_free(nescio_codec *codec)
{
    if (!codec)
        return;
    nescio_refexec_free(codec->head_run);
    nescio_refexec_free(codec->tail_run);
    nescio_graph_free(codec->head);
    nescio_graph_free(codec->tail);
    free(codec->counts_in);
    free(codec->counts_out);
    free(codec);
}

static nescio_status load(nescio_ctx *ctx, const char *text, size_t bytes, nescio_graph **graph,
                          nescio_refexec **run)
{
    NESCIO_TRY(nescio_graph_parse(ctx, text, bytes, graph));
    NESCIO_TRY(nescio_graph_infer(ctx, *graph));
    NESCIO_TRY(nescio_graph_verify(ctx, *graph));
    return nescio_refexec_new_border(ctx, *graph, run);
}

static nescio_status prepare(nescio_ctx *ctx, nescio_codec *c)
{
    const nescio_client_part *p = c->client;

    NESCIO_TRY(load(ctx, p->head, p->head_bytes, &c->head, &c->head_run));
    NESCIO_TRY(load(ctx, p->tail, p->tail_bytes, &c->tail, &c->tail_run));
    if (c->head->n_outputs != p->n_inputs || c->tail->n_inputs != p->n_outputs)
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "client part: head gives %zu tensors for %u encrypted inputs, tail "
                           "takes %zu of %u outputs",
                           c->head->n_outputs, p->n_inputs, c->tail->n_inputs, p->n_outputs);
    for (size_t i = 0; i < c->tail->n_inputs; i++)
        if (!nescio_dtype_is_float(c->tail->inputs[i]->dtype))
            return nescio_fail(ctx, NESCIO_E_FORMAT,
                               "client part: tail input '%s' is not floating point",
                               c->tail->inputs[i]->name);
    c->counts_in = calloc(p->n_inputs + 1u, sizeof *c->counts_in);
    c->counts_out = calloc(p->n_outputs + 1u, sizeof *c->counts_out);
    if (!c->counts_in || !c->counts_out)
        return nescio_fail_nomem(ctx, (p->n_inputs + p->n_outputs) * sizeof *c->counts_in);
    for (uint32_t i = 0; i < p->n_inputs; i++)
        c->counts_in[i] = p->inputs[i].plan.count;
    for (uint32_t i = 0; i < p->n_outputs; i++)
        c->counts_out[i] = p->outputs[i].plan.count;
    return NESCIO_OK;
}

nescio_status nescio_codec_new(nescio_ctx *ctx, const nescio_client_part *client,
                               nescio_codec **out)
{
    nescio_codec *c = calloc(1, sizeof *c);
    nescio_status st;

    *out = NULL;
    if (!c)
        return nescio_fail_nomem(ctx, sizeof *c);
    c->client = client;
    st = prepare(ctx, c);
    if (st != NESCIO_OK) {
        nescio_codec_free(c);
        return st;
    }
    *out = c;
    return NESCIO_OK;
}

size_t nescio_codec_n_inputs(const nescio_codec *codec)
{
    return codec->head->n_inputs;
}

size_t nescio_codec_n_outputs(const nescio_codec *codec)
{
    return codec->tail->n_outputs;
}

const nescio_value *nescio_codec_input(const nescio_codec *codec, size_t i)
{
    return codec->head->inputs[i];
}

const nescio_value *nescio_codec_output(const nescio_codec *codec, size_t i)
{
    return codec->tail->outputs[i];
}

nescio_status nescio_codec_rows_in(nescio_ctx *ctx, const nescio_codec *codec, size_t n_rows,
                                   nescio_rows *out)
{
    return nescio_rows_new(ctx, n_rows, codec->client->n_inputs, codec->counts_in, out);
}

nescio_status nescio_codec_rows_out(nescio_ctx *ctx, const nescio_codec *codec, size_t n_rows,
                                    nescio_rows *out)
{
    return nescio_rows_new(ctx, n_rows, codec->client->n_outputs, codec->counts_out, out);
}

void nescio_codec_rows_in_free(const nescio_codec *codec, nescio_rows *rows)
{
    nescio_rows_free(rows, codec->counts_in);
}

void nescio_codec_rows_out_free(const nescio_codec *codec, nescio_rows *rows)
{
    nescio_rows_free(rows, codec->counts_out);
}

static void free_tensors(nescio_tensor *t, size_t n)
{
    for (size_t i = 0; t && i < n; i++)
        nescio_tensor_free(&t[i]);
    free(t);
}

/* Number of rows that every input has. */
static nescio_status count_rows(nescio_ctx *ctx, const nescio_codec *c, const nescio_tensor *inputs,
                                size_t n_inputs, size_t *n_rows)
{
    if (n_inputs != c->head->n_inputs)
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "the model takes %zu inputs, %zu were given",
                           c->head->n_inputs, n_inputs);
    for (size_t i = 0; i < n_inputs; i++) {
        const char *name = c->head->inputs[i]->name;
        if (inputs[i].rank < 1)
            return nescio_fail(ctx, NESCIO_E_MISMATCH,
                               "input '%s' is a scalar: rows on axis 0 are needed", name);
        if (i > 0 && inputs[i].dims[0] != inputs[0].dims[0])
            return nescio_fail(ctx, NESCIO_E_MISMATCH,
                               "input '%s' has %lld rows, input '%s' has %lld", name,
                               (long long)inputs[i].dims[0], c->head->inputs[0]->name,
                               (long long)inputs[0].dims[0]);
    }
    *n_rows = n_inputs ? (size_t)inputs[0].dims[0] : 0;
    return NESCIO_OK;
}

/* Quantizes one head output into its block. */
static nescio_status quantize_rows(nescio_ctx *ctx, const nescio_border_input *border,
                                   const nescio_tensor *t, size_t n_rows, int64_t *out,
                                   uint64_t *clamped)
{
    const size_t count = border->plan.count, n = nescio_tensor_count(t);
    nescio_tensor wide = {0};
    const double *x;

    if (t->rank < 1 || (size_t)t->dims[0] != n_rows || n != n_rows * count)
        return nescio_fail(ctx, NESCIO_E_MISMATCH,
                           "encrypted input '%s' needs %zu numbers a row, the rows given have %zu",
                           border->plan.name, count, n_rows ? n / n_rows : 0);
    NESCIO_TRY(nescio_tensor_cast(ctx, &wide, t, NESCIO_F64));
    x = wide.data;
    for (size_t r = 0; r < n_rows; r++) {
        nescio_quantize(&border->quantizer, x + r * count, out + r * count, count);
        for (size_t i = 0; i < count; i++) {
            const size_t k = border->quantizer.n == 1 ? 0 : i;
            const double q = x[r * count + i] / border->quantizer.scale[k] +
                             (double)border->quantizer.zero_point[k];
            *clamped += !(q >= (double)border->quantizer.lo - 0.5 &&
                          q <= (double)border->quantizer.hi + 0.5);
        }
    }
    nescio_tensor_free(&wide);
    return NESCIO_OK;
}

nescio_status nescio_codec_encode(nescio_ctx *ctx, const nescio_codec *c,
                                  const nescio_tensor *inputs, size_t n_inputs, nescio_rows *out)
{
    nescio_tensor *heads = NULL;
    size_t n_rows = 0;
    nescio_status st;

    memset(out, 0, sizeof *out);
    NESCIO_TRY(count_rows(ctx, c, inputs, n_inputs, &n_rows));
    NESCIO_TRY(nescio_codec_rows_in(ctx, c, n_rows, out));
    heads = calloc(c->head->n_outputs + 1, sizeof *heads);
    st = heads ? nescio_refexec_run(ctx, c->head_run, inputs, n_inputs, heads, c->head->n_outputs)
               : nescio_fail_nomem(ctx, c->head->n_outputs * sizeof *heads);
    for (uint32_t i = 0; st == NESCIO_OK && i < c->client->n_inputs; i++)
        st = quantize_rows(ctx, &c->client->inputs[i], &heads[i], n_rows, out->values[i],
                           &out->clamped[i]);
    free_tensors(heads, c->head->n_outputs);
    if (st != NESCIO_OK)
        nescio_codec_rows_in_free(c, out);
    return st;
}

/* One tail input from its block. */
static nescio_status dequantize_rows(nescio_ctx *ctx, const nescio_border_output *border,
                                     nescio_dtype dtype, const int64_t *in, size_t n_rows,
                                     nescio_tensor *out)
{
    nescio_tensor wide = {0};
    int64_t dims[NESCIO_RANK_MAX];
    nescio_status st;

    if (border->rank + 1 > NESCIO_RANK_MAX)
        return nescio_fail(ctx, NESCIO_E_FORMAT, "encrypted output '%s' has rank %d",
                           border->plan.name, border->rank);
    dims[0] = (int64_t)n_rows;
    memcpy(dims + 1, border->dims, (size_t)border->rank * sizeof *dims);
    NESCIO_TRY(nescio_tensor_new(ctx, &wide, NESCIO_F64, border->rank + 1, dims));
    for (size_t r = 0; r < n_rows; r++)
        nescio_dequantize(&border->quantizer, in + r * border->plan.count,
                          (double *)wide.data + r * border->plan.count, border->plan.count);
    st = nescio_tensor_cast(ctx, out, &wide, dtype);
    nescio_tensor_free(&wide);
    return st;
}

nescio_status nescio_codec_decode(nescio_ctx *ctx, const nescio_codec *c, const nescio_rows *rows,
                                  nescio_tensor *outputs)
{
    nescio_tensor *tails = calloc(c->tail->n_inputs + 1, sizeof *tails);
    nescio_status st =
        tails ? NESCIO_OK : nescio_fail_nomem(ctx, c->tail->n_inputs * sizeof *tails);

    for (uint32_t i = 0; st == NESCIO_OK && i < c->client->n_outputs; i++)
        st = dequantize_rows(ctx, &c->client->outputs[i], c->tail->inputs[i]->dtype,
                             rows->values[i], rows->n_rows, &tails[i]);
    if (st == NESCIO_OK)
        st = nescio_refexec_run(ctx, c->tail_run, tails, c->tail->n_inputs, outputs,
                                c->tail->n_outputs);
    free_tensors(tails, c->tail->n_inputs);
    return st;
}
