/* SPDX-License-Identifier: Apache-2.0
 * Resize. Every mode is separable: along each axis an output is a weighted sum of a few inputs (one
 * for "nearest"), so axes are resized one after the other, in double. */
#include "refexec/map_ops.h"
#include "refexec/run_table.h"

#include <math.h>

typedef enum resize_mode { RESIZE_NEAREST, RESIZE_LINEAR, RESIZE_CUBIC } resize_mode;

typedef struct resize {
    resize_mode mode;
    const char *coordinates, *nearest;
    bool antialias, exclude_outside;
    double cubic_a, extrapolation;
    double scale[NESCIO_RANK_MAX];                               /* 1 for axes that stay */
    double roi_start[NESCIO_RANK_MAX], roi_end[NESCIO_RANK_MAX]; /* tf_crop_and_resize only */
    int64_t out[NESCIO_RANK_MAX];
} resize;

/* Where output o of n_out lies on the input axis. */
static double original(const resize *r, int axis, int64_t o, int64_t n_in)
{
    const double scale = r->scale[axis], n_out = (double)r->out[axis], x = (double)o;
    const char *const how = r->coordinates;

    if (strcmp(how, "asymmetric") == 0)
        return x / scale;
    if (strcmp(how, "align_corners") == 0) /* ONNX takes the unrounded size here */
        return scale * (double)n_in == 1 ? 0 : x * ((double)n_in - 1) / (scale * (double)n_in - 1);
    if (strcmp(how, "tf_crop_and_resize") == 0) {
        const double start = r->roi_start[axis], end = r->roi_end[axis], last = (double)n_in - 1;

        return n_out > 1 ? start * last + x * (end - start) * last / (n_out - 1)
                         : 0.5 * (start + end) * last;
    }
    if (strcmp(how, "pytorch_half_pixel") == 0 && n_out == 1)
        return 0;
    if (strcmp(how, "half_pixel_symmetric") == 0) {
        const double adjust = n_out / (scale * (double)n_in);

        return (double)n_in / 2 * (1 - adjust) + (x + 0.5) / scale - 0.5;
    }
    return (x + 0.5) / scale - 0.5;
}

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

static int64_t nearest_index(const char *mode, double x, int64_t n)
{
    double v;

    if (strcmp(mode, "floor") == 0)
        v = floor(x);
    else if (strcmp(mode, "ceil") == 0)
        v = ceil(x);
    else if (strcmp(mode, "round_prefer_ceil") == 0)
        v = floor(x + 0.5);
    else
        v = ceil(x - 0.5);
    return (int64_t)clamp(v, 0, (double)n - 1);
}

/* Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981); a is -0.5 there. */
static double cubic(double a, double d)
{
    d = fabs(d);
    if (d <= 1)
        return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((d - 5) * d + 8) * d * a - 4 * a : 0;
}

static bool outside(const resize *r, double x, int64_t n)
{
    return strcmp(r->coordinates, "tf_crop_and_resize") == 0 && (x < 0 || x > (double)n - 1);
}

/* Weights of the inputs around x: *first and how many. `weights` has room for resize_taps. */
static int64_t weigh(const resize *r, int axis, double x, int64_t n, double *weights,
                     int64_t *first)
{
    const double shrink = r->antialias && r->scale[axis] < 1 ? r->scale[axis] : 1;
    const double reach = (r->mode == RESIZE_CUBIC ? 2 : 1) / shrink;
    const int64_t last = (int64_t)ceil(x + reach) - 1;
    double sum = 0;

    *first = (int64_t)floor(x - reach) + 1;
    for (int64_t i = *first; i <= last; i++) {
        const double d = ((double)i - x) * shrink;
        const bool skip = r->exclude_outside && (i < 0 || i >= n);

        weights[i - *first] = skip                      ? 0
                              : r->mode == RESIZE_CUBIC ? cubic(r->cubic_a, d)
                                                        : fmax(0, 1 - fabs(d));
        sum += weights[i - *first];
    }
    for (int64_t i = *first; i <= last && sum != 0; i++)
        weights[i - *first] /= sum;
    return last - *first + 1;
}

/* Most inputs that one output of the axis can depend on. */
static int64_t resize_taps(const resize *r, int axis)
{
    return (int64_t)(4 / (r->antialias && r->scale[axis] < 1 ? r->scale[axis] : 1)) + 4;
}

/* y[outer, out, inner] from x[outer, n, inner] */
static nescio_status resize_axis(const nescio_refexec_call *call, const resize *r, int axis,
                                 int64_t outer, int64_t n, int64_t inner, const double *x,
                                 double *y)
{
    double *const weights = nescio_call_scratch(call, resize_taps(r, axis), sizeof *weights);

    if (!weights)
        return nescio_call_nomem(call);
    for (int64_t o = 0; o < r->out[axis]; o++) {
        const double at = original(r, axis, o, n);
        const bool beyond = outside(r, at, n);
        int64_t first = 0;
        const int64_t taps = beyond ? 0
                                    : weigh(r, axis, clamp(at, -(double)n - 4, 2 * (double)n + 4),
                                            n, weights, &first);

        for (int64_t b = 0; b < outer; b++) {
            double *const to = y + (b * r->out[axis] + o) * inner;

            for (int64_t i = 0; i < inner; i++)
                to[i] = beyond ? r->extrapolation : 0;
            for (int64_t t = 0; t < taps; t++) {
                const int64_t from = (int64_t)clamp((double)(first + t), 0, (double)n - 1);

                for (int64_t i = 0; i < inner; i++)
                    to[i] += weights[t] * x[(b * n + from) * inner + i];
            }
        }
    }
    return NESCIO_OK;
}

static nescio_status resize_smooth(nescio_refexec_call *call, const resize *r)
{
    const nescio_tensor *const x = call->inputs[0];
    const bool crop = strcmp(r->coordinates, "tf_crop_and_resize") == 0;
    const nescio_tensor *wide;
    nescio_tensor current, next;

    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F64, &wide));
    current = *wide;
    for (int axis = 0; axis < x->rank; axis++) {
        int64_t dims[NESCIO_RANK_MAX];

        if (r->out[axis] == x->dims[axis] && r->scale[axis] == 1 && !crop)
            continue;
        memcpy(dims, current.dims, sizeof dims);
        dims[axis] = r->out[axis];
        NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &next, NESCIO_F64, x->rank, dims));
        NESCIO_TRY(resize_axis(call, r, axis, nescio_dims_product(dims, 0, axis), x->dims[axis],
                               nescio_dims_product(dims, axis + 1, x->rank), current.data,
                               next.data));
        current = next;
    }
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &current, x->dtype);
}

#define SET_FILL(dt, T, ...)                                                                       \
    case dt: *(T *)fill = (T)value; break;

static void write_fill(nescio_dtype dtype, double value, void *fill)
{
    switch (dtype) {
        NESCIO_CASES_NUMBER(SET_FILL, 0)
    default: break;
    }
}

static nescio_status resize_nearest(nescio_refexec_call *call, const resize *r)
{
    const nescio_tensor *const x = call->inputs[0];
    int64_t *maps[NESCIO_RANK_MAX];
    uint64_t fill = 0;

    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, r->out));
    NESCIO_TRY(nescio_call_maps(call, x->rank, r->out, maps));
    for (int i = 0; i < x->rank; i++)
        for (int64_t o = 0; o < r->out[i]; o++) {
            const double at = original(r, i, o, x->dims[i]);

            maps[i][o] =
                outside(r, at, x->dims[i]) ? -1 : nearest_index(r->nearest, at, x->dims[i]);
        }
    write_fill(x->dtype, r->extrapolation, &fill);
    nescio_copy_mapped(x, &call->outputs[0], maps, &fill);
    return NESCIO_OK;
}

/* Input i as n numbers. */
static nescio_status read_numbers(const nescio_refexec_call *call, uint32_t i, size_t n,
                                  double *out)
{
    NESCIO_TRY(nescio_call_expect(call, i, NESCIO_TYPES_NUMBER, 1, 1));
    if (nescio_tensor_count(call->inputs[i]) != n)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "input %u has %zu elements instead of %zu",
                                i, nescio_tensor_count(call->inputs[i]), n);
    for (size_t k = 0; k < n; k++)
        out[k] = nescio_tensor_get_f64(call->inputs[i], k);
    return NESCIO_OK;
}

/* Result sizes and scales of the named axes, from scales (input 2) or sizes (input 3) and the
 * aspect ratio's policy. */
static nescio_status read_sizes(const nescio_refexec_call *call, const int *axes, size_t n,
                                resize *r)
{
    const char *const policy =
        nescio_node_string(call->node, "keep_aspect_ratio_policy", "stretch");
    const bool larger = strcmp(policy, "not_smaller") == 0,
               keep = larger || strcmp(policy, "not_larger") == 0;
    const nescio_tensor *const scales = nescio_call_input(call, 2), *const x = call->inputs[0];
    const bool by_scale = scales && nescio_count(scales) > 0;
    double given[NESCIO_RANK_MAX], common = larger ? 0 : INFINITY;

    NESCIO_TRY(read_numbers(call, by_scale ? 2 : 3, n, given));
    for (size_t k = 0; k < n && !by_scale; k++) {
        const double scale = given[k] / (double)x->dims[axes[k]];

        common = larger ? fmax(common, scale) : fmin(common, scale);
    }
    for (size_t k = 0; k < n; k++) {
        const double dim = (double)x->dims[axes[k]];
        const double out = by_scale ? floor(dim * given[k])
                           : keep   ? floor(common * dim + 0.5)
                                    : given[k];

        r->scale[axes[k]] = by_scale ? given[k] : keep ? common : given[k] / dim;
        if (!(r->scale[axes[k]] > 0 && out >= 0 && out < 0x1p31 && dim > 0 &&
              r->scale[axes[k]] > 0x1p-31))
            return nescio_call_fail(call, NESCIO_E_ARG, "axis %d of %g elements to %g", axes[k],
                                    dim, out);
        r->out[axes[k]] = (int64_t)out;
    }
    return NESCIO_OK;
}

static nescio_status read_modes(const nescio_refexec_call *call, resize *r)
{
    static const char *const known[] = {"half_pixel",         "half_pixel_symmetric",
                                        "pytorch_half_pixel", "align_corners",
                                        "asymmetric",         "tf_crop_and_resize"};
    const nescio_node *const node = call->node;
    const char *const mode = nescio_node_string(node, "mode", "nearest");
    bool found = false;

    r->coordinates = nescio_node_string(node, "coordinate_transformation_mode", "half_pixel");
    r->nearest = nescio_node_string(node, "nearest_mode", "round_prefer_floor");
    r->antialias = nescio_node_int(node, "antialias", 0) != 0;
    r->exclude_outside = nescio_node_int(node, "exclude_outside", 0) != 0;
    r->cubic_a = nescio_node_float(node, "cubic_coeff_a", -0.75);
    r->extrapolation = nescio_node_float(node, "extrapolation_value", 0);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        found |= strcmp(r->coordinates, known[i]) == 0;
    if (strcmp(mode, "nearest") != 0 && strcmp(mode, "linear") != 0 && strcmp(mode, "cubic") != 0)
        found = false;
    r->mode = mode[0] == 'n' ? RESIZE_NEAREST : mode[0] == 'l' ? RESIZE_LINEAR : RESIZE_CUBIC;
    return found ? NESCIO_OK
                 : nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "mode '%.20s' with '%.40s'", mode,
                                    r->coordinates);
}

nescio_status nescio_run_resize(nescio_refexec_call *call)
{
    int64_t given[NESCIO_RANK_MAX];
    int axes[NESCIO_RANK_MAX];
    double roi[2 * NESCIO_RANK_MAX];
    const nescio_tensor *x;
    resize r = {0};
    size_t n;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(read_modes(call, &r));
    NESCIO_TRY(nescio_call_ints_attr(call, "axes", given, (size_t)x->rank, &n));
    if (n == 0)
        for (int i = 0; i < x->rank; i++)
            given[n++] = i;
    for (int i = 0; i < x->rank; i++) {
        r.out[i] = x->dims[i];
        r.scale[i] = 1;
        r.roi_end[i] = 1;
    }
    for (size_t i = 0; i < n; i++)
        NESCIO_TRY(nescio_call_axis(call, given[i], x->rank, &axes[i]));
    NESCIO_TRY(read_sizes(call, axes, n, &r));
    if (strcmp(r.coordinates, "tf_crop_and_resize") == 0) {
        NESCIO_TRY(read_numbers(call, 1, 2 * n, roi));
        for (size_t i = 0; i < n; i++) {
            r.roi_start[axes[i]] = roi[i];
            r.roi_end[axes[i]] = roi[n + i];
        }
    }
    return r.mode == RESIZE_NEAREST ? resize_nearest(call, &r) : resize_smooth(call, &r);
}
