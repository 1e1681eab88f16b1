/* SPDX-License-Identifier: Apache-2.0
 * Products of quantized integers: MatMulInteger, ConvInteger, QLinearMatMul, QLinearConv.
 * Zero points are subtracted and the products taken in double, where sums below 2^53 are exact:
 * with operands of at most 9 bits that is 2^35 terms. Results are rounded half to even where a
 * scale comes in. */
#include "refexec/conv.h"
#include "refexec/matmul.h"
#include "refexec/run_table.h"

#include <math.h>

/* Input i minus its zero point (input i_zero, may be left out), as doubles. The zero point is one
 * number, or one for each index of `axis`. */
static nescio_status read_shifted(const nescio_refexec_call *call, uint32_t i, uint32_t i_zero,
                                  int axis, nescio_tensor *out)
{
    const nescio_tensor *const zero = nescio_call_input(call, i_zero);
    const nescio_tensor *x;
    int64_t n, inner, per_axis;
    double *y;

    NESCIO_TRY(nescio_call_expect(call, i, NESCIO_TYPES_INTEGER, 1, NESCIO_RANK_MAX));
    x = call->inputs[i];
    axis = axis < 0 ? axis + x->rank : axis;
    axis = axis < 0 ? 0 : axis;
    per_axis = zero ? nescio_count(zero) : 1;
    if (zero &&
        (!nescio_dtype_is_integer(zero->dtype) || (per_axis != 1 && per_axis != x->dims[axis])))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "zero point of input %u has %lld elements",
                                i, (long long)per_axis);
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, out, NESCIO_F64, x->rank, x->dims));
    inner = nescio_dims_product(x->dims, axis + 1, x->rank);
    n = nescio_count(x);
    y = out->data;
    for (int64_t k = 0; k < n; k++) {
        const int64_t z = per_axis == 1 ? 0 : k / inner % per_axis;

        y[k] = nescio_tensor_get_f64(x, (size_t)k) -
               (zero ? nescio_tensor_get_f64(zero, (size_t)z) : 0);
    }
    return NESCIO_OK;
}

nescio_status nescio_run_matmul_integer(nescio_refexec_call *call)
{
    int64_t dims[2 * NESCIO_RANK_MAX];
    nescio_tensor a, b, wide;
    int rank;

    NESCIO_TRY(read_shifted(call, 0, 2, -2, &a));
    NESCIO_TRY(read_shifted(call, 1, 3, -1, &b));
    NESCIO_TRY(nescio_matmul_shape(call, &a, &b, &rank, dims));
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_F64, rank, dims));
    nescio_matmul(NULL, &a, &b, &wide);
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, NESCIO_I32);
}

nescio_status nescio_run_conv_integer(nescio_refexec_call *call)
{
    int64_t dims[NESCIO_RANK_MAX], group;
    nescio_tensor x, weights, wide;
    nescio_slide w;

    NESCIO_TRY(read_shifted(call, 0, 2, 0, &x));
    NESCIO_TRY(read_shifted(call, 1, 3, 0, &weights));
    NESCIO_TRY(nescio_conv_plan(call, &x, &weights, NULL, &w, &group, dims));
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_F64, x.rank, dims));
    NESCIO_TRY(nescio_conv(call, &w, group, &x, &weights, NULL, &wide));
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, NESCIO_I32);
}

/* Inputs i_a, i_b (scales of the operands), i_y (of the result): one number, or for b (and a) one a
 * channel. Result = saturate(round(acc * a * b / y) + zero point of the result), `channel_of`
 * element k is k / inner % n. */
static nescio_status requantize(nescio_refexec_call *call, nescio_tensor *acc, uint32_t i_a,
                                uint32_t i_b, uint32_t i_y, uint32_t i_zero, int64_t inner)
{
    const nescio_tensor *a, *b, *y, *zero;
    const int64_t n = nescio_count(acc);
    double *const v = acc->data;
    double low, high;

    NESCIO_TRY(nescio_call_expect(call, i_a, NESCIO_TYPES_FLOAT, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, i_b, NESCIO_TYPES_FLOAT, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, i_y, NESCIO_TYPES_FLOAT, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, i_zero, NESCIO_TYPES_INTEGER, 0, NESCIO_RANK_MAX));
    a = call->inputs[i_a];
    b = call->inputs[i_b];
    y = call->inputs[i_y];
    zero = call->inputs[i_zero];
    if ((zero->dtype != NESCIO_U8 && zero->dtype != NESCIO_I8) || nescio_count(zero) != 1 ||
        nescio_count(a) != 1 || nescio_count(y) != 1 || nescio_count(b) < 1)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "scales and zero points should be scalars of the result's type");
    low = zero->dtype == NESCIO_U8 ? 0 : -128;
    high = low + 255;
    for (int64_t k = 0; k < n; k++) {
        const double b_k = nescio_tensor_get_f64(b, (size_t)(k / inner % nescio_count(b)));
        const double scaled =
            v[k] * (nescio_tensor_get_f64(a, 0) * b_k / nescio_tensor_get_f64(y, 0));
        const double q = rint(scaled) + nescio_tensor_get_f64(zero, 0);

        v[k] = fmin(high, fmax(low, q));
    }
    return nescio_tensor_cast(call->ctx, &call->outputs[0], acc, zero->dtype);
}

/* a, scale, zero, b, scale, zero, y scale, y zero. */
nescio_status nescio_run_qlinear_matmul(nescio_refexec_call *call)
{
    int64_t dims[2 * NESCIO_RANK_MAX];
    nescio_tensor a, b, wide;
    const nescio_tensor *scale;
    int rank;

    NESCIO_TRY(read_shifted(call, 0, 2, -2, &a));
    NESCIO_TRY(read_shifted(call, 3, 5, -1, &b));
    NESCIO_TRY(nescio_matmul_shape(call, &a, &b, &rank, dims));
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_F64, rank, dims));
    scale = nescio_call_input(call, 4);
    if (scale && nescio_count(scale) != 1 &&
        (b.rank < 2 || nescio_count(scale) != b.dims[b.rank - 1]))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "b has %lld scales",
                                (long long)nescio_count(scale));
    nescio_matmul(NULL, &a, &b, &wide);
    return requantize(call, &wide, 1, 4, 6, 7, 1);
}

/* x, scale, zero, w, scale, zero, y scale, y zero, bias (in steps of x scale times w scale). */
nescio_status nescio_run_qlinear_conv(nescio_refexec_call *call)
{
    const nescio_tensor *scale, *bias;
    int64_t dims[NESCIO_RANK_MAX], group;
    nescio_tensor x, weights, wide;
    nescio_slide w;

    NESCIO_TRY(read_shifted(call, 0, 2, 0, &x));
    NESCIO_TRY(read_shifted(call, 3, 5, 0, &weights));
    NESCIO_TRY(nescio_call_cast_input(call, 8, NESCIO_F64, &bias));
    NESCIO_TRY(nescio_conv_plan(call, &x, &weights, bias, &w, &group, dims));
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_F64, x.rank, dims));
    scale = nescio_call_input(call, 4);
    if (scale && nescio_count(scale) != 1 && nescio_count(scale) != weights.dims[0])
        return nescio_call_fail(call, NESCIO_E_FORMAT, "the weights have %lld scales",
                                (long long)nescio_count(scale));
    NESCIO_TRY(nescio_conv(call, &w, group, &x, &weights, bias, &wide));
    return requantize(call, &wide, 1, 4, 6, 7, w.n_out);
}
