/* SPDX-License-Identifier: Apache-2.0
 * Normalizations. Means and variances are taken in double; the result is y = x * factor + shift of
 * each element. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <math.h>

#define SCALE_SHIFT(dt, T, ...)                                                                    \
    case dt:                                                                                       \
        for (int64_t i = 0; i < n; i++)                                                            \
            ((T *)y)[i] = (T)((double)((const T *)x)[i] * factor + shift);                         \
        break;

/* y = x * factor + shift over n elements. y may be x. */
static void scale_shift(nescio_dtype dtype, const void *x, void *y, int64_t n, double factor,
                        double shift)
{
    switch (dtype) {
        NESCIO_CASES_FLOAT(SCALE_SHIFT, 0)
    default: break;
    }
}

static double element(nescio_dtype dtype, const void *x, int64_t i)
{
    return dtype == NESCIO_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static void set_element(nescio_dtype dtype, void *y, int64_t i, double v)
{
    if (dtype == NESCIO_F32)
        ((float *)y)[i] = (float)v;
    else
        ((double *)y)[i] = v;
}

/* Mean and 1 / sqrt(variance + epsilon) of n elements. */
static void moments(nescio_dtype dtype, const void *x, int64_t n, double epsilon, double *mean,
                    double *inverse)
{
    double sum = 0, squares = 0;

    for (int64_t i = 0; i < n; i++)
        sum += element(dtype, x, i);
    *mean = n ? sum / (double)n : 0;
    for (int64_t i = 0; i < n; i++) {
        const double d = element(dtype, x, i) - *mean;

        squares += d * d;
    }
    *inverse = 1 / sqrt((n ? squares / (double)n : 0) + epsilon);
}

/* Inputs first ... last hold one float for each of `channels`. */
static nescio_status check_channels(const nescio_refexec_call *call, uint32_t first, uint32_t last,
                                    int64_t channels)
{
    for (uint32_t i = first; i <= last; i++) {
        NESCIO_TRY(nescio_call_expect(call, i, NESCIO_TYPES_FLOAT, 1, 1));
        if (call->inputs[i]->dims[0] != channels)
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "input %u has %lld elements for %lld channels", i,
                                    (long long)call->inputs[i]->dims[0], (long long)channels);
    }
    return NESCIO_OK;
}

static double channel(const nescio_refexec_call *call, uint32_t i, int64_t c)
{
    return nescio_tensor_get_f64(call->inputs[i], (size_t)c);
}

nescio_status nescio_run_batch_normalization(nescio_refexec_call *call)
{
    const double epsilon = nescio_node_float(call->node, "epsilon", 1e-5);
    const nescio_tensor *x;
    int64_t channels, n;
    size_t size;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    channels = x->rank > 1 ? x->dims[1] : 1;
    NESCIO_TRY(check_channels(call, 1, 4, channels));
    NESCIO_TRY(nescio_call_output_over(call, 0, 0, x->dtype, x->rank, x->dims));
    n = nescio_dims_product(x->dims, 2, x->rank);
    size = nescio_dtype_bytes(x->dtype);
    for (int64_t i = 0; i < x->dims[0] * channels; i++) {
        const int64_t c = i % channels;
        const double factor = channel(call, 1, c) / sqrt(channel(call, 4, c) + epsilon);
        const size_t at = (size_t)(i * n) * size;

        scale_shift(x->dtype, (const char *)x->data + at, (char *)call->outputs[0].data + at, n,
                    factor, channel(call, 2, c) - channel(call, 3, c) * factor);
    }
    return NESCIO_OK;
}

/* InstanceNormalization is GroupNormalization with one group a channel. */
nescio_status nescio_run_group_normalization(nescio_refexec_call *call)
{
    const double epsilon = nescio_node_float(call->node, "epsilon", 1e-5);
    const bool instance = call->node->op == NESCIO_OP_INSTANCE_NORMALIZATION;
    const nescio_tensor *x;
    int64_t groups, per_group, n;
    size_t size;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 2, NESCIO_RANK_MAX));
    x = call->inputs[0];
    groups = instance ? x->dims[1] : nescio_node_int(call->node, "num_groups", 0);
    if (groups < 1 || x->dims[1] % groups)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%lld channels in %lld groups",
                                (long long)x->dims[1], (long long)groups);
    NESCIO_TRY(check_channels(call, 1, 2, x->dims[1]));
    NESCIO_TRY(nescio_call_output_over(call, 0, 0, x->dtype, x->rank, x->dims));
    per_group = x->dims[1] / groups;
    n = nescio_dims_product(x->dims, 2, x->rank);
    size = nescio_dtype_bytes(x->dtype);
    for (int64_t g = 0; g < x->dims[0] * groups; g++) {
        const char *const from = (const char *)x->data + (size_t)(g * per_group * n) * size;
        char *const to = (char *)call->outputs[0].data + (size_t)(g * per_group * n) * size;
        double mean, inverse;

        moments(x->dtype, from, per_group * n, epsilon, &mean, &inverse);
        for (int64_t k = 0; k < per_group; k++) {
            const int64_t c = g % groups * per_group + k;
            const double factor = channel(call, 1, c) * inverse;
            const size_t at = (size_t)(k * n) * size;

            scale_shift(x->dtype, from + at, to + at, n, factor,
                        channel(call, 2, c) - mean * factor);
        }
    }
    return NESCIO_OK;
}

/* Input i broadcast to dims as doubles, `otherwise` when it is left out. */
static nescio_status spread(const nescio_refexec_call *call, uint32_t i, int rank,
                            const int64_t *dims, double otherwise, double **out)
{
    const int64_t n = nescio_dims_product(dims, 0, rank);
    const nescio_tensor *const t = nescio_call_input(call, i);
    nescio_tensor shape = {.rank = rank};
    const nescio_tensor *pair[2] = {&shape, t}, *wide;
    int64_t common[NESCIO_RANK_MAX], to[NESCIO_RANK_MAX];
    nescio_walk w;
    int common_rank;

    *out = nescio_call_scratch(call, n, sizeof **out);
    if (!*out)
        return nescio_call_nomem(call);
    for (int64_t k = 0; !t && k < n; k++)
        (*out)[k] = otherwise;
    if (!t)
        return NESCIO_OK;
    memcpy(shape.dims, dims, (size_t)rank * sizeof *dims);
    if (!nescio_broadcast_shape(pair, 2, &common_rank, common) || common_rank != rank ||
        memcmp(common, dims, (size_t)rank * sizeof *dims) != 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "input %u does not broadcast to the normalized axes", i);
    NESCIO_TRY(nescio_call_cast_input(call, i, NESCIO_F64, &wide));
    nescio_walk_init(&w, rank, dims);
    nescio_walk_add(&w, wide);
    nescio_row_major(rank, dims, to);
    nescio_copy_strided(sizeof(double), rank, dims, *out, to, wide->data, w.stride[0]);
    return NESCIO_OK;
}

nescio_status nescio_run_layer_normalization(nescio_refexec_call *call)
{
    const double epsilon = nescio_node_float(call->node, "epsilon", 1e-5);
    int64_t dims[NESCIO_RANK_MAX], rows, n;
    double *scale, *bias;
    const nescio_tensor *x;
    int axis;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_axis_attr(call, -1, x->rank, &axis));
    NESCIO_TRY(spread(call, 1, x->rank - axis, &x->dims[axis], 1, &scale));
    NESCIO_TRY(spread(call, 2, x->rank - axis, &x->dims[axis], 0, &bias));
    for (int i = 0; i < x->rank; i++)
        dims[i] = i < axis ? x->dims[i] : 1;
    NESCIO_TRY(nescio_call_output(call, 1, NESCIO_F32, x->rank, dims));
    NESCIO_TRY(nescio_call_output(call, 2, NESCIO_F32, x->rank, dims));
    NESCIO_TRY(nescio_call_output_over(call, 0, 0, x->dtype, x->rank, x->dims));
    rows = nescio_dims_product(x->dims, 0, axis);
    n = nescio_dims_product(x->dims, axis, x->rank);
    for (int64_t r = 0; r < rows; r++) {
        const size_t at = (size_t)(r * n) * nescio_dtype_bytes(x->dtype);
        double mean, inverse;

        moments(x->dtype, (const char *)x->data + at, n, epsilon, &mean, &inverse);
        ((float *)call->outputs[1].data)[r] = (float)mean;
        ((float *)call->outputs[2].data)[r] = (float)inverse;
        for (int64_t i = 0; i < n; i++)
            set_element(x->dtype, (char *)call->outputs[0].data + at, i,
                        (element(x->dtype, (const char *)x->data + at, i) - mean) * inverse *
                                scale[i] +
                            bias[i]);
    }
    return NESCIO_OK;
}

/* Each lane along the axis divided by its p-norm; lanes of zeros stay. */
nescio_status nescio_run_lp_normalization(nescio_refexec_call *call)
{
    const int64_t p = nescio_node_int(call->node, "p", 2);
    const nescio_tensor *x;
    int64_t outer, n, inner;
    int axis;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    if (p != 1 && p != 2)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "p is %lld; 1 and 2 are accepted",
                                (long long)p);
    NESCIO_TRY(nescio_call_axis_attr(call, -1, x->rank, &axis));
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, x->dims));
    outer = nescio_dims_product(x->dims, 0, axis);
    n = x->dims[axis];
    inner = nescio_dims_product(x->dims, axis + 1, x->rank);
    for (int64_t lane = 0; lane < outer * inner; lane++) {
        const int64_t start = lane / inner * n * inner + lane % inner;
        double norm = 0;

        for (int64_t k = 0; k < n; k++) {
            const double v = element(x->dtype, x->data, start + k * inner);

            norm += p == 1 ? fabs(v) : v * v;
        }
        norm = p == 1 ? norm : sqrt(norm);
        for (int64_t k = 0; k < n; k++)
            set_element(x->dtype, call->outputs[0].data, start + k * inner,
                        norm == 0 ? 0 : element(x->dtype, x->data, start + k * inner) / norm);
    }
    return NESCIO_OK;
}

/* x / (bias + alpha / size * sum of squares over neighbouring channels)^beta. */
nescio_status nescio_run_lrn(nescio_refexec_call *call)
{
    const double alpha = nescio_node_float(call->node, "alpha", 1e-4),
                 beta = nescio_node_float(call->node, "beta", 0.75);
    const double bias = nescio_node_float(call->node, "bias", 1);
    const int64_t size = nescio_node_int(call->node, "size", 0);
    const nescio_tensor *x;
    int64_t channels, n;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 2, NESCIO_RANK_MAX));
    x = call->inputs[0];
    if (size < 1)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "size is %lld", (long long)size);
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, x->dims));
    channels = x->dims[1];
    NESCIO_TRY(nescio_call_spend(call, nescio_count(x), size < channels ? size : channels, 1));
    n = nescio_dims_product(x->dims, 2, x->rank);
    for (int64_t i = 0; i < x->dims[0] * channels; i++) {
        const int64_t c = i % channels;
        const int64_t low = c - (size - 1) / 2 < 0 ? 0 : c - (size - 1) / 2;
        const int64_t high = channels - 1 - c < size / 2 ? channels - 1 : c + size / 2;

        for (int64_t k = 0; k < n; k++) {
            double squares = 0;

            for (int64_t other = low; other <= high; other++) {
                const double v = element(x->dtype, x->data, (i - c + other) * n + k);

                squares += v * v;
            }
            set_element(x->dtype, call->outputs[0].data, i * n + k,
                        element(x->dtype, x->data, i * n + k) /
                            pow(bias + alpha / (double)size * squares, beta));
        }
    }
    return NESCIO_OK;
}

/* (x - mean) / (standard deviation + 1e-9) over the axes (0, 2, 3 by default). */
nescio_status nescio_run_mean_variance_normalization(nescio_refexec_call *call)
{
    int64_t axes[NESCIO_RANK_MAX] = {0, 2, 3}, stride[NESCIO_RANK_MAX] = {0}, n, groups = 1;
    bool reduced[NESCIO_RANK_MAX] = {false};
    double *sum, *squares, per_group;
    const nescio_tensor *x;
    nescio_walk w;
    size_t n_axes;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_ints_attr(call, "axes", axes, NESCIO_RANK_MAX, &n_axes));
    n_axes = nescio_node_attr(call->node, "axes") ? n_axes : 3;
    for (size_t i = 0; i < n_axes; i++) {
        int axis;

        NESCIO_TRY(nescio_call_axis(call, axes[i], x->rank, &axis));
        reduced[axis] = true;
    }
    for (int i = x->rank - 1; i >= 0; i--) {
        stride[i] = reduced[i] ? 0 : groups;
        groups *= reduced[i] ? 1 : x->dims[i];
    }
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, x->dims));
    sum = nescio_call_scratch(call, groups, sizeof *sum);
    squares = nescio_call_scratch(call, groups, sizeof *squares);
    if (!sum || !squares)
        return nescio_call_nomem(call);
    n = nescio_count(x);
    per_group = groups ? (double)(n / groups) : 1;
    for (int pass = 0; pass < 3; pass++) { /* means, variances, results */
        nescio_walk_init(&w, x->rank, x->dims);
        nescio_walk_add(&w, x);
        nescio_walk_add_strides(&w, stride);
        for (bool more = nescio_walk_start(&w); more; more = nescio_walk_next(&w))
            for (int64_t i = 0; i < w.n; i++) {
                const int64_t at = w.at[0] + i * w.step[0], g = w.at[1] + i * w.step[1];
                const double v = element(x->dtype, x->data, at);

                if (pass == 0)
                    sum[g] += v / per_group;
                else if (pass == 1)
                    squares[g] += (v - sum[g]) * (v - sum[g]) / per_group;
                else
                    set_element(x->dtype, call->outputs[0].data, at,
                                (v - sum[g]) / (sqrt(squares[g]) + 1e-9));
            }
    }
    return NESCIO_OK;
}
