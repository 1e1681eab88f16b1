/* SPDX-License-Identifier: Apache-2.0
 * Scale and shift by constants (Add, Sub, Mul, Div, Neg, what BatchNormalization became) go into
 * the layer beside them:
 *   behind a layer   s * (W x + b) + t  =  (s W) x + (s b + t)      one s and t an output channel
 *   before a layer   W (s x + t) + b    =  (W s) x + (b + W t)      one s and t an input channel
 * Layers are Gemm in canonical form, Conv, ConvTranspose (behind only). Weights behind annotations
 * take a shift, but no scale. A scale at the model's input stays: it is for the client, who brings
 * features of different size into one range before they are quantized. A shift before a padded
 * Conv stays: padding is not shifted. Needs canonical layers, breaks nothing. */
#include "passes/passes_internal.h"

#include <stdlib.h>
#include <string.h>

/* y = s * x + t, one of each a channel. */
typedef struct affine {
    nescio_node *node;
    nescio_value *x;
    double *s, *t; /* [n]; owned as one block at s */
    int64_t n;
    bool scales, shifts;
} affine;

/* Which input of the node is the tensor; the other is constant. False: no scale or shift. */
static bool find_operands(const nescio_node *node, uint32_t *x)
{
    *x = 0;
    switch (node->op) {
    case NESCIO_OP_NEG: return true;
    case NESCIO_OP_ADD:
    case NESCIO_OP_SUB:
    case NESCIO_OP_MUL:
        *x = node->inputs[0]->constant ? 1 : 0;
        return (node->inputs[0]->constant == NULL) != (node->inputs[1]->constant == NULL);
    case NESCIO_OP_DIV: return !node->inputs[0]->constant && node->inputs[1]->constant;
    default: return false;
    }
}

/* s and t from the constant c[n] that the node combines x with. */
static bool fill(const nescio_node *node, uint32_t x, affine *a, const double *c)
{
    a->scales = node->op != NESCIO_OP_ADD && !(node->op == NESCIO_OP_SUB && x == 0);
    a->shifts = node->op == NESCIO_OP_ADD || node->op == NESCIO_OP_SUB;
    for (int64_t i = 0; i < a->n; i++) {
        a->s[i] = 1;
        a->t[i] = 0;
        switch (node->op) {
        case NESCIO_OP_NEG: a->s[i] = -1; break;
        case NESCIO_OP_ADD: a->t[i] = c[i]; break;
        case NESCIO_OP_SUB:
            a->s[i] = x == 0 ? 1 : -1;
            a->t[i] = x == 0 ? -c[i] : c[i];
            break;
        case NESCIO_OP_MUL: a->s[i] = c[i]; break;
        default: /* DIV */
            if (c[i] == 0)
                return false;
            a->s[i] = 1 / c[i];
        }
    }
    return true;
}

/* Reads the node as an affine map with n channels on `axis` of a tensor of rank `rank`. *found:
 * it is one. The caller frees a->s. */
static nescio_status read_affine(nescio_rewrite *rw, nescio_node *node, int rank, int axis,
                                 int64_t n, affine *a, bool *found)
{
    uint32_t x = 0;
    double *c;

    *found = false;
    *a = (affine){.node = node, .n = n};
    if (!find_operands(node, &x) || n < 1 || !nescio_dtype_is_float(node->inputs[x]->dtype) ||
        node->inputs[x]->shape.rank != rank)
        return NESCIO_OK;
    a->x = node->inputs[x];
    a->s = calloc((size_t)n, 3 * sizeof *a->s);
    if (!a->s)
        return nescio_rewrite_nomem(rw);
    a->t = a->s + n;
    c = a->t + n;
    if (node->op == NESCIO_OP_NEG || nescio_constant_along(node->inputs[1 - x], rank, axis, n, c))
        *found = fill(node, x, a, c);
    return NESCIO_OK;
}

static int64_t groups(const nescio_node *layer)
{
    const int64_t group = nescio_node_int(layer, "group", 1);

    return group > 0 ? group : 1;
}

static int64_t outputs_of(const nescio_node *layer)
{
    const int64_t *const dims = layer->inputs[1]->shape.dims;

    return layer->op == NESCIO_OP_CONV_TRANSPOSE ? dims[1] * groups(layer) : dims[0];
}

static bool is_layer(const nescio_node *node)
{
    if (node->op != NESCIO_OP_GEMM && node->op != NESCIO_OP_CONV &&
        node->op != NESCIO_OP_CONV_TRANSPOSE)
        return false;
    if (!nescio_weight_is_constant(node->inputs[1]) || node->inputs[1]->shape.rank < 2 ||
        outputs_of(node) < 1 || (nescio_node_input(node, 2) && !node->inputs[2]->constant))
        return false;
    if (node->op == NESCIO_OP_GEMM)
        return nescio_node_int(node, "transB", 0) == 1 && nescio_node_int(node, "transA", 0) == 0 &&
               nescio_node_float(node, "alpha", 1) == 1 &&
               nescio_node_float(node, "beta", 1) == 1 &&
               (!nescio_node_input(node, 2) || node->inputs[2]->shape.rank == 1);
    return true;
}

/* Channel of the layer's output that element i of the weights belongs to. */
static int64_t output_channel(const nescio_node *layer, const nescio_tensor *w, int64_t i)
{
    const int64_t inner = (int64_t)nescio_tensor_count(w) / (w->dims[0] * w->dims[1]);
    const int64_t first = i / inner / w->dims[1], second = i / inner % w->dims[1];

    if (layer->op != NESCIO_OP_CONV_TRANSPOSE)
        return first;
    return first / (w->dims[0] / groups(layer)) * w->dims[1] + second;
}

/* Channel of the layer's input that element i of the weights belongs to; Gemm, Conv. */
static int64_t input_channel(const nescio_node *layer, const nescio_tensor *w, int64_t i)
{
    const int64_t inner = (int64_t)nescio_tensor_count(w) / (w->dims[0] * w->dims[1]);
    const int64_t first = i / inner / w->dims[1], second = i / inner % w->dims[1];

    return first / (w->dims[0] / groups(layer)) * w->dims[1] + second;
}

/* b as doubles, zeros when left out. */
static nescio_status read_bias(nescio_rewrite *rw, const nescio_node *layer, double *b, int64_t n)
{
    nescio_tensor t;

    memset(b, 0, (size_t)n * sizeof *b);
    if (!nescio_node_input(layer, 2))
        return NESCIO_OK;
    NESCIO_TRY(nescio_constant_reals(rw->ctx, layer->inputs[2], &t));
    if ((int64_t)nescio_tensor_count(&t) == n)
        memcpy(b, t.data, (size_t)n * sizeof *b);
    nescio_tensor_free(&t);
    return NESCIO_OK;
}

static nescio_status write_bias(nescio_rewrite *rw, nescio_node *layer, const double *b, int64_t n)
{
    const nescio_value *const old = nescio_node_input(layer, 2);
    nescio_value *const bias =
        nescio_rewrite_reals(rw, old ? old->name : "bias", layer->inputs[0]->dtype, 1, &n, b);

    return bias ? nescio_rewrite_input(rw, layer, 2, bias) : nescio_rewrite_nomem(rw);
}

static nescio_status write_weights(nescio_rewrite *rw, nescio_node *layer, const nescio_tensor *w)
{
    const nescio_value *const old = layer->inputs[1];
    nescio_value *const value =
        nescio_rewrite_reals(rw, old->name, old->dtype, w->rank, w->dims, w->data);

    return value ? nescio_rewrite_input(rw, layer, 1, value) : nescio_rewrite_nomem(rw);
}

/* The layer's own weights and bias become those of a(layer(x)). */
static nescio_status absorb_behind(nescio_rewrite *rw, nescio_node *layer, const affine *a)
{
    const bool has_bias = nescio_node_input(layer, 2) != NULL;
    double *const b = malloc((size_t)a->n * sizeof *b);
    nescio_tensor w = {0};
    nescio_status st = b ? read_bias(rw, layer, b, a->n) : nescio_rewrite_nomem(rw);

    if (st == NESCIO_OK && a->scales)
        st = nescio_constant_reals(rw->ctx, layer->inputs[1], &w);
    for (int64_t i = 0; st == NESCIO_OK && a->scales && i < (int64_t)nescio_tensor_count(&w); i++)
        ((double *)w.data)[i] *= a->s[output_channel(layer, &w, i)];
    if (st == NESCIO_OK && a->scales)
        st = write_weights(rw, layer, &w);
    for (int64_t i = 0; st == NESCIO_OK && i < a->n; i++)
        b[i] = a->s[i] * b[i] + a->t[i];
    if (st == NESCIO_OK && (has_bias || a->shifts))
        st = write_bias(rw, layer, b, a->n);
    nescio_tensor_free(&w);
    free(b);
    return st == NESCIO_OK ? nescio_rewrite_alias(rw, a->node, layer->outputs[0]) : st;
}

/* The layer's weights and bias become those of layer(a(x)). */
static nescio_status absorb_before(nescio_rewrite *rw, nescio_node *layer, const affine *a)
{
    const bool has_bias = nescio_node_input(layer, 2) != NULL;
    const int64_t n_out = outputs_of(layer);
    double *const b = malloc((size_t)n_out * sizeof *b);
    nescio_tensor w = {0};
    nescio_status st = b ? read_bias(rw, layer, b, n_out) : nescio_rewrite_nomem(rw);

    if (st == NESCIO_OK)
        st = nescio_constant_reals(rw->ctx, layer->inputs[1], &w);
    for (int64_t i = 0; st == NESCIO_OK && i < (int64_t)nescio_tensor_count(&w); i++) {
        const int64_t channel = input_channel(layer, &w, i);
        double *const element = &((double *)w.data)[i];

        b[output_channel(layer, &w, i)] += *element * a->t[channel];
        *element *= a->s[channel];
    }
    if (st == NESCIO_OK && a->scales)
        st = write_weights(rw, layer, &w);
    if (st == NESCIO_OK && (has_bias || a->shifts))
        st = write_bias(rw, layer, b, n_out);
    nescio_tensor_free(&w);
    free(b);
    return st == NESCIO_OK ? nescio_rewrite_input(rw, layer, 0, a->x) : st;
}

static bool has_padding(const nescio_node *layer)
{
    const nescio_attr *const pads = nescio_node_attr(layer, "pads");
    const char *const automatic = nescio_node_string(layer, "auto_pad", "NOTSET");

    if (strncmp(automatic, "SAME", 4) == 0)
        return true;
    for (size_t i = 0; pads && i < pads->count; i++) {
        if (pads->ints[i] != 0)
            return true;
    }
    return false;
}

/* Whether a value is an input of the model, or one with its elements changed one by one. */
static bool is_from_input(const nescio_value *value)
{
    while (value->producer) {
        const nescio_op_kind kind = nescio_op_get(value->producer->op)->kind;
        const nescio_value *next = NULL;

        if (kind != NESCIO_KIND_UNARY && kind != NESCIO_KIND_BINARY && kind != NESCIO_KIND_MOVE &&
            kind != NESCIO_KIND_MODEL)
            return false;
        for (uint32_t i = 0; i < value->producer->n_inputs && !next; i++) {
            if (value->producer->inputs[i] && !value->producer->inputs[i]->constant)
                next = value->producer->inputs[i];
        }
        if (!next)
            return false;
        value = next;
    }
    return value->is_input;
}

/* The layer whose output the node scales or shifts, if it is used for nothing else. */
static nescio_node *layer_behind_which(const nescio_rewrite *rw, const nescio_node *node)
{
    uint32_t x = 0;
    nescio_node *layer;

    if (!find_operands(node, &x))
        return NULL;
    layer = node->inputs[x]->producer;
    if (!layer || layer->graph != rw->graph || nescio_rewrite_uses(rw, node->inputs[x]) != 1 ||
        !is_layer(layer))
        return NULL;
    return layer;
}

static nescio_status try_behind(nescio_rewrite *rw, nescio_node *node)
{
    nescio_node *const layer = layer_behind_which(rw, node);
    bool found = false;
    affine a;
    nescio_status st;

    if (!layer)
        return NESCIO_OK;
    NESCIO_TRY(
        read_affine(rw, node, layer->inputs[1]->shape.rank, 1, outputs_of(layer), &a, &found));
    st = NESCIO_OK;
    if (found && (!a.scales || layer->inputs[1]->constant))
        st = absorb_behind(rw, layer, &a);
    free(a.s);
    return st;
}

static nescio_status try_before(nescio_rewrite *rw, nescio_node *layer)
{
    nescio_node *const node = layer->inputs[0]->producer;
    const nescio_shape *const w = &layer->inputs[1]->shape;
    bool found = false;
    affine a;
    nescio_status st = NESCIO_OK;

    if (!node || node->graph != rw->graph || !layer->inputs[1]->constant ||
        nescio_rewrite_uses(rw, layer->inputs[0]) != 1)
        return NESCIO_OK;
    NESCIO_TRY(read_affine(rw, node, w->rank, 1, w->dims[1] * groups(layer), &a, &found));
    if (found && !is_from_input(a.x) && !(a.shifts && has_padding(layer)))
        st = absorb_before(rw, layer, &a);
    free(a.s);
    return st;
}

nescio_status nescio_pass_fold_affine(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        next = node->next;
        if (is_layer(node) && node->op != NESCIO_OP_CONV_TRANSPOSE)
            NESCIO_TRY(try_before(rw, node));
        NESCIO_TRY(try_behind(rw, node));
    }
    return NESCIO_OK;
}
