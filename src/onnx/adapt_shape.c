/* SPDX-License-Identifier: Apache-2.0
 * Adapters of operators on shapes: attributes of old opsets become inputs. */
#include "onnx/import_internal.h"

/* The list attribute as a constant; NULL: absent. */
static nescio_value *ints_of(nescio_adapt *a, const char *name)
{
    const nescio_onnx_attr *const attr = nescio_adapt_attr(a, name);

    return attr ? nescio_adapt_ints(a, attr->ints, attr->n_ints) : NULL;
}

/* Reduce*, Squeeze, Unsqueeze: `axes` moved from an attribute to an input (13; most reductions:
 * 18). */
void nescio_adapt_axes_input(nescio_adapt *a)
{
    nescio_value *axes = nescio_adapt_in(a, 1);
    nescio_value *y;

    if (!axes)
        axes = ints_of(a, "axes");
    if (a->rule->op == NESCIO_OP_UNSQUEEZE && !axes)
        nescio_adapt_fail(a, "has no axes");
    y = nescio_adapt_emit(a, a->rule->op, 0, 2, nescio_adapt_in(a, 0), axes);
    if (y)
        nescio_adapt_copy_all(a, y->producer);
}

void nescio_adapt_reshape(nescio_adapt *a)
{
    nescio_value *shape = a->version < 5 ? ints_of(a, "shape") : nescio_adapt_in(a, 1);
    nescio_value *y;

    if (!shape)
        nescio_adapt_fail(a, "has no shape");
    y = nescio_adapt_emit(a, NESCIO_OP_RESHAPE, 0, 2, nescio_adapt_in(a, 0), shape);
    nescio_adapt_copy(a, y, "allowzero");
}

/* The axis is 1 when opset 1 does not say. */
void nescio_adapt_concat(nescio_adapt *a)
{
    const int k = 0;
    nescio_node *node;

    if (!nescio_adapt_attr(a, "axis") && a->version >= 4)
        nescio_adapt_fail(a, "has no axis");
    node = nescio_adapt_node(a, NESCIO_OP_CONCAT, a->in, a->n_in, &k, 1);
    if (node)
        nescio_adapt_set_int(a, node->outputs[0], "axis", nescio_adapt_int(a, "axis", 1));
}

void nescio_adapt_slice(nescio_adapt *a)
{
    if (a->version >= 10)
        nescio_adapt_emit(a, NESCIO_OP_SLICE, 0, 5, nescio_adapt_in(a, 0), nescio_adapt_in(a, 1),
                          nescio_adapt_in(a, 2), nescio_adapt_in(a, 3), nescio_adapt_in(a, 4));
    else if (!nescio_adapt_attr(a, "starts") || !nescio_adapt_attr(a, "ends"))
        nescio_adapt_fail(a, "has no starts or ends");
    else
        nescio_adapt_emit(a, NESCIO_OP_SLICE, 0, 4, nescio_adapt_in(a, 0), ints_of(a, "starts"),
                          ints_of(a, "ends"), ints_of(a, "axes"));
}

void nescio_adapt_pad(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0);
    nescio_value *pads = nescio_adapt_in(a, 1), *value = nescio_adapt_in(a, 2), *y;

    if (a->version < 11) {
        pads = ints_of(a, a->version == 1 ? "paddings" : "pads");
        if (nescio_adapt_attr(a, "value") && x)
            value = nescio_adapt_scalar(a, x->dtype == NESCIO_F64 ? NESCIO_F64 : NESCIO_F32,
                                        nescio_adapt_float(a, "value", 0));
    }
    if (!pads)
        nescio_adapt_fail(a, "has no pads");
    y = nescio_adapt_emit(a, NESCIO_OP_PAD, 0, 4, x, pads, value, nescio_adapt_in(a, 3));
    nescio_adapt_copy(a, y, "mode");
}

/* Parts of given sizes (attribute before 13), or as many equal ones as there are outputs. */
void nescio_adapt_split(nescio_adapt *a)
{
    nescio_value *in[2] = {nescio_adapt_in(a, 0), nescio_adapt_in(a, 1)};
    int *ks = nescio_arena_array(a->im->scratch, a->n_out, sizeof *ks);
    nescio_node *node;

    if (!ks) {
        a->st = nescio_fail_nomem(a->ctx, a->n_out * sizeof *ks);
        return;
    }
    for (size_t i = 0; i < a->n_out; i++)
        ks[i] = (int)i;
    if (!in[1])
        in[1] = ints_of(a, "split");
    if (nescio_adapt_attr(a, "num_outputs") &&
        nescio_adapt_int(a, "num_outputs", 0) != (int64_t)a->n_out)
        nescio_adapt_fail(a, "num_outputs is %lld for %zu outputs",
                          (long long)nescio_adapt_int(a, "num_outputs", 0), a->n_out);
    node = nescio_adapt_node(a, NESCIO_OP_SPLIT, in, 2, ks, a->n_out);
    if (!node)
        return;
    nescio_adapt_copy_all(a, node);
    if (!in[1] && !nescio_node_set_int(node, "num_outputs", (int64_t)a->n_out))
        a->st = nescio_fail_nomem(a->ctx, sizeof(nescio_attr));
}

void nescio_adapt_top_k(nescio_adapt *a)
{
    const int ks[2] = {0, 1};
    const int64_t k[1] = {nescio_adapt_int(a, "k", 0)};
    nescio_value *in[2] = {nescio_adapt_in(a, 0), nescio_adapt_in(a, 1)};
    nescio_node *node;

    if (a->version < 10)
        in[1] = nescio_adapt_ints(a, k, 1);
    if (!in[1])
        nescio_adapt_fail(a, "has no k");
    node = nescio_adapt_node(a, NESCIO_OP_TOP_K, in, 2, ks, 2);
    if (node)
        nescio_adapt_copy_all(a, node);
}

/* An empty tensor stands for a left-out input of Resize. */
static nescio_value *unless_empty(nescio_value *v)
{
    return v && v->constant && nescio_tensor_count(v->constant) == 0 ? NULL : v;
}

/* Opset 11's tf_half_pixel_for_nn is half_pixel without the half that it takes off at the end:
 * floor(x + 1/2) rounds x with halves up, and rounding x + 1/2 with halves down is ceil(x). */
static void without_half(nescio_adapt *a, nescio_value *y)
{
    const bool down = nescio_adapt_is(a, "nearest_mode", "floor", "round_prefer_floor");

    if (!nescio_adapt_is(a, "mode", "nearest", "nearest") ||
        (!down && !nescio_adapt_is(a, "nearest_mode", "round_prefer_floor", "round_prefer_floor")))
        nescio_adapt_refuse(a, "tf_half_pixel_for_nn with this nearest_mode");
    nescio_adapt_set_string(a, y, "coordinate_transformation_mode", "half_pixel");
    nescio_adapt_set_string(a, y, "nearest_mode", down ? "round_prefer_ceil" : "ceil");
}

void nescio_adapt_resize(nescio_adapt *a)
{
    nescio_value *const x = nescio_adapt_in(a, 0);
    nescio_value *y;

    if (a->version < 11) {
        nescio_adapt_upsample(a);
        return;
    }
    y = nescio_adapt_emit(a, NESCIO_OP_RESIZE, 0, 4, x, unless_empty(nescio_adapt_in(a, 1)),
                          unless_empty(nescio_adapt_in(a, 2)), unless_empty(nescio_adapt_in(a, 3)));
    if (y)
        nescio_adapt_copy_all(a, y->producer);
    if (y &&
        nescio_adapt_is(a, "coordinate_transformation_mode", "tf_half_pixel_for_nn", "half_pixel"))
        without_half(a, y);
}

/* The modes' names of opset 16, for images only, are older than the others. */
void nescio_adapt_grid_sample(nescio_adapt *a)
{
    const bool cubic = nescio_adapt_is(a, "mode", "cubic", "linear") ||
                       nescio_adapt_is(a, "mode", "bicubic", "linear");
    const bool linear = nescio_adapt_is(a, "mode", "linear", "linear") ||
                        nescio_adapt_is(a, "mode", "bilinear", "linear");
    nescio_value *y;

    if (!cubic && !linear && !nescio_adapt_is(a, "mode", "nearest", "linear"))
        nescio_adapt_refuse(a, "interpolation mode");
    y = nescio_adapt_emit(a, NESCIO_OP_GRID_SAMPLE, 0, 2, nescio_adapt_in(a, 0),
                          nescio_adapt_in(a, 1));
    nescio_adapt_set_string(a, y, "mode", cubic ? "cubic" : linear ? "linear" : "nearest");
    if (y)
        nescio_adapt_copy_all(a, y->producer);
}

/* Before opset 16 boxes were not shifted by half an element. */
void nescio_adapt_roi_align(nescio_adapt *a)
{
    const char *const otherwise = a->version < 16 ? "output_half_pixel" : "half_pixel";
    const bool half = nescio_adapt_is(a, "coordinate_transformation_mode", "half_pixel", otherwise);
    nescio_value *y;

    if (!half &&
        !nescio_adapt_is(a, "coordinate_transformation_mode", "output_half_pixel", otherwise))
        nescio_adapt_refuse(a, "coordinate_transformation_mode");
    y = nescio_adapt_emit(a, NESCIO_OP_ROI_ALIGN, 0, 3, nescio_adapt_in(a, 0),
                          nescio_adapt_in(a, 1), nescio_adapt_in(a, 2));
    nescio_adapt_set_string(a, y, "coordinate_transformation_mode",
                            half ? "half_pixel" : "output_half_pixel");
    if (y)
        nescio_adapt_copy_all(a, y->producer);
}

/* Scales of Upsample before opset 9: an attribute, in opset 1 two for the last two of four axes. */
static nescio_value *scales_of(nescio_adapt *a)
{
    const nescio_onnx_attr *const list = nescio_adapt_attr(a, "scales");
    const float old[4] = {1, 1, (float)nescio_adapt_float(a, "height_scale", 1),
                          (float)nescio_adapt_float(a, "width_scale", 1)};
    const size_t n = list ? list->n_floats : 4;
    const int64_t dims[1] = {(int64_t)n};
    nescio_tensor t;

    if (a->version >= 9)
        return nescio_adapt_in(a, 1);
    if (!list && a->version >= 7) {
        nescio_adapt_fail(a, "has no scales");
        return NULL;
    }
    a->st = nescio_tensor_arena(a->ctx, a->im->root->arena, &t, NESCIO_F32, 1, dims);
    for (size_t i = 0; i < n && a->st == NESCIO_OK; i++)
        ((float *)t.data)[i] = list ? list->floats[i] : old[i];
    return nescio_adapt_tensor(a, &t, -1);
}

/* Upsample and Resize of opset 10: output x comes from input x / scale, rounded down for nearest.
 */
void nescio_adapt_upsample(nescio_adapt *a)
{
    const bool nearest = nescio_adapt_is(a, "mode", "nearest", "nearest");
    const bool linear = nescio_adapt_is(a, "mode", "linear", "nearest") ||
                        nescio_adapt_is(a, "mode", "bilinear", "nearest");
    nescio_value *const scales = a->st == NESCIO_OK ? scales_of(a) : NULL;
    nescio_value *y;

    if (!nearest && !linear)
        nescio_adapt_refuse(a, "interpolation mode");
    if (!scales)
        nescio_adapt_fail(a, "has no scales");
    y = nescio_adapt_emit(a, NESCIO_OP_RESIZE, 0, 3, nescio_adapt_in(a, 0), NULL, scales);
    nescio_adapt_set_string(a, y, "coordinate_transformation_mode", "asymmetric");
    nescio_adapt_set_string(a, y, "mode", linear ? "linear" : "nearest");
    if (nearest)
        nescio_adapt_set_string(a, y, "nearest_mode", "floor");
}
