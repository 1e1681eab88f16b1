/* SPDX-License-Identifier: Apache-2.0
 * Adapters of layers: softmax of old opsets, normalizations, quantization. */
#include "onnx/import_internal.h"

/* Before opset 13: softmax over all axes from `axis` (default 1) on, taken as one. */
void nescio_adapt_softmax(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0);
    const int64_t axis = nescio_adapt_int(a, "axis", a->version < 13 ? 1 : -1);
    nescio_value *y, *flat, *shape;

    if (!x) {
        nescio_adapt_fail(a, "has no input");
        return;
    }
    if (a->version >= 13 || axis == -1 || (x->shape.rank > 0 && axis == x->shape.rank - 1)) {
        y = nescio_adapt_emit(a, a->rule->op, 0, 1, x);
        nescio_adapt_set_int(a, y, "axis", axis);
        return;
    }
    flat = nescio_adapt_emit(a, NESCIO_OP_FLATTEN, -1, 1, x);
    nescio_adapt_set_int(a, flat, "axis", axis);
    y = nescio_adapt_emit(a, a->rule->op, -1, 1, flat);
    nescio_adapt_set_int(a, y, "axis", -1);
    shape = nescio_adapt_emit(a, NESCIO_OP_SHAPE, -1, 1, x);
    nescio_adapt_emit(a, NESCIO_OP_RESHAPE, 0, 2, y, shape);
}

/* old * momentum + now * (1 - momentum), now having one element a channel: output k. */
static void running(nescio_adapt *a, int k, nescio_value *old, nescio_value *now,
                    nescio_value *axes)
{
    const double momentum = nescio_adapt_float(a, "momentum", 0.9);
    nescio_value *flat, *kept, *added;

    if (!nescio_adapt_wants(a, (size_t)k))
        return;
    flat = nescio_adapt_emit(a, NESCIO_OP_SQUEEZE, -1, 2, now, axes);
    kept = nescio_adapt_emit(a, NESCIO_OP_MUL, -1, 2, old,
                             nescio_adapt_scalar(a, old->dtype, momentum));
    added = nescio_adapt_emit(a, NESCIO_OP_MUL, -1, 2, flat,
                              nescio_adapt_scalar(a, old->dtype, 1 - momentum));
    nescio_adapt_emit(a, NESCIO_OP_ADD, k, 2, kept, added);
}

/* Since opset 14: mean and variance are those of the batch. Models that standardize their weights
 * are exported so, their weights being the batch. */
static void normalize_by_batch(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0), *in[5], *axes, *mean, *var, *centered, *root, *y;
    int64_t others[NESCIO_RANK_MAX];
    size_t n = 0;

    for (size_t i = 0; i < 5; i++) {
        in[i] = nescio_adapt_in(a, i);
        if (!in[i])
            nescio_adapt_fail(a, "has no input %zu", i);
        else if (!nescio_dtype_is_float(in[i]->dtype))
            nescio_adapt_refuse(a, "training mode of %s", nescio_dtype_name(in[i]->dtype));
    }
    if (a->st == NESCIO_OK && x->shape.rank < 2)
        nescio_adapt_refuse(a, "training mode of an input of unknown rank");
    if (a->st != NESCIO_OK)
        return;
    for (int d = 0; d < x->shape.rank; d++)
        if (d != 1)
            others[n++] = d;
    axes = nescio_adapt_ints(a, others, n);
    mean = nescio_adapt_emit(a, NESCIO_OP_REDUCE_MEAN, -1, 2, x, axes);
    centered = nescio_adapt_emit(a, NESCIO_OP_SUB, -1, 2, x, mean);
    var = nescio_adapt_emit(a, NESCIO_OP_REDUCE_MEAN, -1, 2,
                            nescio_adapt_emit(a, NESCIO_OP_MUL, -1, 2, centered, centered), axes);
    y = nescio_adapt_scalar(a, x->dtype, nescio_adapt_float(a, "epsilon", 1e-5));
    root = nescio_adapt_emit(a, NESCIO_OP_SQRT, -1, 1,
                             nescio_adapt_emit(a, NESCIO_OP_ADD, -1, 2, var, y));
    y = nescio_adapt_emit(a, NESCIO_OP_DIV, -1, 2, centered, root);
    y = nescio_adapt_emit(a, NESCIO_OP_MUL, -1, 2, y,
                          nescio_adapt_emit(a, NESCIO_OP_UNSQUEEZE, -1, 2, in[1], axes));
    nescio_adapt_emit(a, NESCIO_OP_ADD, 0, 2, y,
                      nescio_adapt_emit(a, NESCIO_OP_UNSQUEEZE, -1, 2, in[2], axes));
    running(a, 1, in[3], mean, axes);
    running(a, 2, in[4], var, axes);
}

/* Inference: the first output. Before opset 14 further outputs meant training. */
void nescio_adapt_batch_normalization(nescio_adapt *a)
{
    const int k = 0;
    nescio_node *node;

    if (nescio_adapt_int(a, "training_mode", 0) != 0) {
        if (a->version >= 14)
            normalize_by_batch(a);
        else
            nescio_adapt_refuse(a, "training mode");
        return;
    }
    if (nescio_adapt_int(a, "spatial", 1) != 1)
        nescio_adapt_refuse(a, "spatial=0");
    for (size_t i = 1; i < a->n_out; i++) {
        if (nescio_adapt_wants(a, i))
            nescio_adapt_refuse(a, "outputs of training mode");
    }
    node = nescio_adapt_node(a, NESCIO_OP_BATCH_NORMALIZATION, a->in, a->n_in, &k, 1);
    if (node)
        nescio_adapt_copy(a, node->outputs[0], "epsilon");
}

/* One parameter a group, as opset 18 has it, repeated for each channel of the group. */
static nescio_value *per_channel(nescio_adapt *a, nescio_value *p, int64_t n_groups,
                                 int64_t n_channels)
{
    const int64_t axes[1] = {1}, wide[2] = {n_groups, n_channels / n_groups},
                  flat[1] = {n_channels};
    nescio_value *column, *matrix;

    column = nescio_adapt_emit(a, NESCIO_OP_UNSQUEEZE, -1, 2, p, nescio_adapt_ints(a, axes, 1));
    matrix = nescio_adapt_emit(a, NESCIO_OP_EXPAND, -1, 2, column, nescio_adapt_ints(a, wide, 2));
    return nescio_adapt_emit(a, NESCIO_OP_RESHAPE, -1, 2, matrix, nescio_adapt_ints(a, flat, 1));
}

void nescio_adapt_group_normalization(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0);
    nescio_value *scale = nescio_adapt_in(a, 1), *bias = nescio_adapt_in(a, 2), *y;
    const int64_t n_groups = nescio_adapt_int(a, "num_groups", 0);

    if (!x || !scale || !bias || n_groups < 1) {
        nescio_adapt_fail(a, "needs an input, scale, bias and num_groups");
        return;
    }
    if (a->version < 21) {
        const int64_t n_channels = x->shape.rank > 1 ? x->shape.dims[1] : NESCIO_DIM_UNKNOWN;

        if (n_channels < 0 || n_channels % n_groups != 0) {
            nescio_adapt_refuse(a, "unknown number of channels");
            return;
        }
        scale = per_channel(a, scale, n_groups, n_channels);
        bias = per_channel(a, bias, n_groups, n_channels);
    }
    y = nescio_adapt_emit(a, NESCIO_OP_GROUP_NORMALIZATION, 0, 3, x, scale, bias);
    if (y)
        nescio_adapt_copy_all(a, y->producer);
}

/* x / sqrt(mean(x^2) + epsilon) * scale, the mean over the axes from `axis` on. */
void nescio_adapt_rms_normalization(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0), *const scale = nescio_adapt_in(a, 1);
    int64_t axis = nescio_adapt_int(a, "axis", -1), axes[NESCIO_RANK_MAX];
    nescio_value *mean, *root, *normal;
    size_t n = 0;

    if (!x || !scale) {
        nescio_adapt_fail(a, "needs an input and a scale");
        return;
    }
    if (axis >= 0 && x->shape.rank < 0)
        nescio_adapt_refuse(a, "an input of unknown rank");
    axis -= axis >= 0 ? x->shape.rank : 0;
    if (axis >= 0 || axis < -NESCIO_RANK_MAX)
        nescio_adapt_fail(a, "axis is outside its input");
    for (int64_t d = axis; d < 0 && n < NESCIO_RANK_MAX; d++)
        axes[n++] = d;
    mean = nescio_adapt_emit(a, NESCIO_OP_REDUCE_MEAN, -1, 2,
                             nescio_adapt_emit(a, NESCIO_OP_MUL, -1, 2, x, x),
                             nescio_adapt_ints(a, axes, n));
    root = nescio_adapt_emit(
        a, NESCIO_OP_SQRT, -1, 1,
        nescio_adapt_emit(
            a, NESCIO_OP_ADD, -1, 2, mean,
            nescio_adapt_scalar(a, x->dtype, nescio_adapt_float(a, "epsilon", 1e-5))));
    normal = nescio_adapt_emit(a, NESCIO_OP_DIV, -1, 2, x, root);
    nescio_adapt_emit(a, NESCIO_OP_MUL, 0, 2, normal, scale);
}

/* Since opset 23 the result may have another type than the scale. */
void nescio_adapt_dequantize(nescio_adapt *a)
{
    const int64_t asked = nescio_adapt_int(a, "output_dtype", 0);
    const nescio_dtype to =
        asked > 0 && asked < INT32_MAX ? nescio_onnx_dtype((int32_t)asked) : NESCIO_DTYPE_NONE;
    const nescio_value *const scale = nescio_adapt_in(a, 1);
    const bool cast = asked != 0 && scale && to != scale->dtype;
    const int k = cast ? -1 : 0;
    nescio_node *node;

    if (asked != 0 && to == NESCIO_DTYPE_NONE)
        nescio_adapt_refuse(a, "output_dtype %lld", (long long)asked);
    node = nescio_adapt_node(a, NESCIO_OP_DEQUANTIZE_LINEAR, a->in, a->n_in, &k, 1);
    if (!node)
        return;
    nescio_adapt_copy_all(a, node);
    if (cast)
        nescio_adapt_set_int(a, nescio_adapt_emit(a, NESCIO_OP_CAST, 0, 1, node->outputs[0]), "to",
                             to);
}

void nescio_adapt_quantize(nescio_adapt *a)
{
    const int64_t asked = nescio_adapt_int(a, "output_dtype", 0);

    if (asked < 0 || asked > INT32_MAX ||
        (asked != 0 && nescio_onnx_dtype((int32_t)asked) != (nescio_dtype)asked))
        nescio_adapt_refuse(a, "quantization to %s",
                            nescio_onnx_dtype_name(asked > 0 && asked < 27 ? (int32_t)asked : 0));
    if (a->st == NESCIO_OK)
        nescio_adapt_same(a);
}
