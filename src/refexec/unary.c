/* SPDX-License-Identifier: Apache-2.0
 * Operators on each element alone. One line says what an operator computes from element v (and the
 * attributes alpha and beta); NaN stays NaN unless ONNX says otherwise. Integers are computed as
 * 64-bit words and narrowed afterwards. */
#include "refexec/float_rows.h"
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <math.h>
#include <tgmath.h>

/* Operands of a loop over n elements. y may be x. */
typedef struct unary {
    nescio_dtype dtype; /* of x */
    int64_t n;
    const void *x;
    void *y;
    double alpha, beta;
} unary;

typedef void (*unary_fn)(const unary *u);

#define LOOP(dt, T, expr)                                                                          \
    case dt: {                                                                                     \
        const T *const x = u->x;                                                                   \
        T *const y = u->y;                                                                         \
        const T alpha = (T)u->alpha, beta = (T)u->beta;                                            \
        (void)alpha;                                                                               \
        (void)beta;                                                                                \
        for (int64_t i = 0; i < u->n; i++) {                                                       \
            const T v = x[i];                                                                      \
            y[i] = (T)(expr);                                                                      \
        }                                                                                          \
    } break;

#define FLOAT_UNARY(name, expr)                                                                    \
    static void name(const unary *u)                                                               \
    {                                                                                              \
        switch (u->dtype) {                                                                        \
            NESCIO_CASES_FLOAT(LOOP, expr)                                                         \
        default: break;                                                                            \
        }                                                                                          \
    }

/* Signed integers wrap as unsigned ones do: the value of the most negative number is no undefined
 * behaviour. */
#define NUMBER_UNARY(name, float_expr, signed_expr, unsigned_expr)                                 \
    static void name(const unary *u)                                                               \
    {                                                                                              \
        switch (u->dtype) {                                                                        \
            NESCIO_CASES_FLOAT(LOOP, float_expr)                                                   \
            NESCIO_CASES_WIDE_SIGNED(LOOP, signed_expr)                                            \
            NESCIO_CASES_WIDE_UNSIGNED(LOOP, unsigned_expr)                                        \
        default: break;                                                                            \
        }                                                                                          \
    }

FLOAT_UNARY(acos_loop, acos(v))
FLOAT_UNARY(acosh_loop, acosh(v))
FLOAT_UNARY(asin_loop, asin(v))
FLOAT_UNARY(asinh_loop, asinh(v))
FLOAT_UNARY(atan_loop, atan(v))
FLOAT_UNARY(atanh_loop, atanh(v))
FLOAT_UNARY(ceil_loop, ceil(v))
FLOAT_UNARY(cos_loop, cos(v))
FLOAT_UNARY(cosh_loop, cosh(v))
FLOAT_UNARY(exp_loop, exp(v))
FLOAT_UNARY(floor_loop, floor(v))
FLOAT_UNARY(log_loop, log(v))
FLOAT_UNARY(reciprocal_loop, 1 / v)
FLOAT_UNARY(round_loop, rint(v)) /* half to even */
FLOAT_UNARY(sin_loop, sin(v))
FLOAT_UNARY(sinh_loop, sinh(v))
FLOAT_UNARY(sqrt_loop, sqrt(v))
FLOAT_UNARY(tan_loop, tan(v))
FLOAT_UNARY(tanh_loop, tanh(v))

#define UNIT(e)     ((e) < 0 ? 0 : (e) > 1 ? 1 : (e)) /* into [0, 1]; NaN stays */
#define SOFTPLUS(v) (log1p(exp(-fabs(v))) + (v < 0 ? 0 : v))

FLOAT_UNARY(elu_loop, v < 0 ? alpha * expm1(v) : v)
FLOAT_UNARY(celu_loop, v < 0 ? alpha * expm1(v / alpha) : v)
FLOAT_UNARY(selu_loop, beta *(v <= 0 ? alpha * expm1(v) : v))
FLOAT_UNARY(sigmoid_loop, 1 / (1 + exp(-v)))
FLOAT_UNARY(softplus_loop, SOFTPLUS(v))
FLOAT_UNARY(softsign_loop, v / (1 + fabs(v)))
FLOAT_UNARY(mish_loop, v *tanh(SOFTPLUS(v)))
FLOAT_UNARY(gelu_loop, v / 2 * (1 + erf(v * alpha)))
FLOAT_UNARY(gelu_tanh_loop, v / 2 * (1 + tanh(alpha * (v + beta * v * v * v))))
FLOAT_UNARY(leaky_relu_loop, v < 0 ? alpha * v : v)
FLOAT_UNARY(thresholded_relu_loop, v > alpha || isnan(v) ? v : 0)
FLOAT_UNARY(hard_sigmoid_loop, UNIT(alpha *v + beta))
FLOAT_UNARY(hard_swish_loop, v *UNIT((v + 3) / 6))

NUMBER_UNARY(abs_loop, fabs(v), v < 0 ? 0u - (uint64_t)v : (uint64_t)v, v)
NUMBER_UNARY(neg_loop, -v, 0u - (uint64_t)v, 0u - (uint64_t)v)
NUMBER_UNARY(sign_loop, isnan(v) ? v : v > 0 ? 1 : v < 0 ? -1 : 0, (v > 0) - (v < 0), v > 0)
NUMBER_UNARY(erf_loop, erf(v), erf((double)v), erf((double)v))
NUMBER_UNARY(shrink_loop, v<-u->alpha ? v + u->beta : v> u->alpha ? v - u->beta : 0 * v,
             (double)v<-u->alpha ? (double)v + u->beta : (double)v> u->alpha ? (double)v - u->beta
                                                                             : 0,
             (double)v > u->alpha ? (double)v - u->beta : 0)

static void relu_loop(const unary *u)
{
    switch (u->dtype) {
        NESCIO_CASES_WIDE_SIGNED(LOOP, v < 0 ? 0 : v)
        NESCIO_CASES_WIDE_UNSIGNED(LOOP, v)
    default: nescio_row_clip(u->dtype, u->n, u->x, 0, INFINITY, u->y);
    }
}

static void bitwise_not_loop(const unary *u)
{
    switch (u->dtype) {
        NESCIO_CASES_WIDE(LOOP, ~v)
    default: break;
    }
}

static void not_loop(const unary *u)
{
    const uint8_t *const x = u->x;
    uint8_t *const y = u->y;

    for (int64_t i = 0; i < u->n; i++)
        y[i] = !x[i];
}

static unary_fn find_loop(nescio_op op)
{
    static const unary_fn loops[NESCIO_OP_COUNT] = {
        [NESCIO_OP_ABS] = abs_loop,
        [NESCIO_OP_ACOS] = acos_loop,
        [NESCIO_OP_ACOSH] = acosh_loop,
        [NESCIO_OP_ASIN] = asin_loop,
        [NESCIO_OP_ASINH] = asinh_loop,
        [NESCIO_OP_ATAN] = atan_loop,
        [NESCIO_OP_ATANH] = atanh_loop,
        [NESCIO_OP_BITWISE_NOT] = bitwise_not_loop,
        [NESCIO_OP_CEIL] = ceil_loop,
        [NESCIO_OP_CELU] = celu_loop,
        [NESCIO_OP_COS] = cos_loop,
        [NESCIO_OP_COSH] = cosh_loop,
        [NESCIO_OP_ELU] = elu_loop,
        [NESCIO_OP_ERF] = erf_loop,
        [NESCIO_OP_EXP] = exp_loop,
        [NESCIO_OP_FLOOR] = floor_loop,
        [NESCIO_OP_GELU] = gelu_loop,
        [NESCIO_OP_HARD_SIGMOID] = hard_sigmoid_loop,
        [NESCIO_OP_HARD_SWISH] = hard_swish_loop,
        [NESCIO_OP_LEAKY_RELU] = leaky_relu_loop,
        [NESCIO_OP_LOG] = log_loop,
        [NESCIO_OP_MISH] = mish_loop,
        [NESCIO_OP_NEG] = neg_loop,
        [NESCIO_OP_NOT] = not_loop,
        [NESCIO_OP_RECIPROCAL] = reciprocal_loop,
        [NESCIO_OP_RELU] = relu_loop,
        [NESCIO_OP_ROUND] = round_loop,
        [NESCIO_OP_SELU] = selu_loop,
        [NESCIO_OP_SHRINK] = shrink_loop,
        [NESCIO_OP_SIGMOID] = sigmoid_loop,
        [NESCIO_OP_SIGN] = sign_loop,
        [NESCIO_OP_SIN] = sin_loop,
        [NESCIO_OP_SINH] = sinh_loop,
        [NESCIO_OP_SOFTPLUS] = softplus_loop,
        [NESCIO_OP_SOFTSIGN] = softsign_loop,
        [NESCIO_OP_SQRT] = sqrt_loop,
        [NESCIO_OP_TAN] = tan_loop,
        [NESCIO_OP_TANH] = tanh_loop,
        [NESCIO_OP_THRESHOLDED_RELU] = thresholded_relu_loop,
    };
    return loops[op];
}

/* alpha and beta of an operator: attributes under whatever name, with ONNX's defaults. */
static void read_parameters(const nescio_node *node, unary *u)
{
    switch (node->op) {
    case NESCIO_OP_CELU:
    case NESCIO_OP_ELU:
    case NESCIO_OP_THRESHOLDED_RELU: u->alpha = nescio_node_float(node, "alpha", 1); break;
    case NESCIO_OP_GELU: u->alpha = 0.70710678118654752440; break; /* 1 / sqrt(2) */
    case NESCIO_OP_LEAKY_RELU: u->alpha = nescio_node_float(node, "alpha", 0.01); break;
    case NESCIO_OP_HARD_SIGMOID:
        u->alpha = nescio_node_float(node, "alpha", 0.2);
        u->beta = nescio_node_float(node, "beta", 0.5);
        break;
    case NESCIO_OP_SELU:
        u->alpha = nescio_node_float(node, "alpha", 1.67326319217681884765625);
        u->beta = nescio_node_float(node, "gamma", 1.05070102214813232421875);
        break;
    case NESCIO_OP_SHRINK:
        u->alpha = nescio_node_float(node, "lambd", 0.5);
        u->beta = nescio_node_float(node, "bias", 0);
        break;
    default: break;
    }
}

/* Output 0 is `wide` as `dtype`; takes wide. */
static nescio_status narrow_output(nescio_refexec_call *call, nescio_tensor *wide,
                                   nescio_dtype dtype)
{
    const nescio_status st = nescio_tensor_cast(call->ctx, &call->outputs[0], wide, dtype);

    nescio_tensor_free(wide);
    return st;
}

nescio_status nescio_run_unary(nescio_refexec_call *call)
{
    const nescio_node *const node = call->node;
    unary_fn loop = find_loop(node->op);
    const nescio_tensor *x;
    nescio_tensor wide;
    unary u = {0};

    NESCIO_TRY(nescio_call_expect(call, 0, nescio_op_get(node->op)->types, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    read_parameters(node, &u);
    if (node->op == NESCIO_OP_GELU &&
        strcmp(nescio_node_string(node, "approximate", "none"), "tanh") == 0) {
        loop = gelu_tanh_loop;
        u.alpha = 0.79788456080286535588; /* sqrt(2 / pi) */
        u.beta = 0.044715;
    }
    u.dtype = node->op == NESCIO_OP_NOT ? NESCIO_BOOL : nescio_dtype_wide(x->dtype);
    u.n = nescio_count(x);
    if (u.dtype == x->dtype) {
        NESCIO_TRY(nescio_call_output_over(call, 0, 0, x->dtype, x->rank, x->dims));
        u.x = x->data;
        u.y = call->outputs[0].data;
        loop(&u);
        return NESCIO_OK;
    }
    NESCIO_TRY(nescio_tensor_cast(call->ctx, &wide, x, u.dtype));
    u.x = u.y = wide.data;
    loop(&u);
    return narrow_output(call, &wide, x->dtype);
}

#define TEST_LOOP(dt, T, expr)                                                                     \
    case dt: {                                                                                     \
        const T *const a = x->data;                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T v = a[i];                                                                      \
            y[i] = (expr);                                                                         \
        }                                                                                          \
    } break;

/* IsNaN, IsInf: bool results. */
nescio_status nescio_run_float_test(nescio_refexec_call *call)
{
    const bool nan_wanted = call->node->op == NESCIO_OP_IS_NAN;
    const bool low = !nan_wanted && nescio_node_int(call->node, "detect_negative", 1) != 0;
    const bool high = !nan_wanted && nescio_node_int(call->node, "detect_positive", 1) != 0;
    const nescio_tensor *x;
    uint8_t *y;
    int64_t n;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    n = nescio_count(x);
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_BOOL, x->rank, x->dims));
    y = call->outputs[0].data;
    switch (x->dtype) {
        NESCIO_CASES_FLOAT(TEST_LOOP, (nan_wanted && isnan(v)) ||
                                          (isinf(v) && ((low && v < 0) || (high && v > 0))))
    default: break;
    }
    return NESCIO_OK;
}

#define CLIP_LOOP(dt, T, lowest, highest)                                                          \
    case dt: {                                                                                     \
        const T low = lo ? *(const T *)lo->data : (lowest);                                        \
        const T high = hi ? *(const T *)hi->data : (highest);                                      \
        const T *const a = x->data;                                                                \
        T *const b = y->data;                                                                      \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T v = a[i] < low ? low : a[i];                                                   \
            b[i] = v > high ? high : v;                                                            \
        }                                                                                          \
    } break;

/* y = min(max(x, lo), hi) in one wide dtype; lo and hi NULL: no bound. y may be x. */
static void clip(const nescio_tensor *x, const nescio_tensor *lo, const nescio_tensor *hi,
                 nescio_tensor *y)
{
    const int64_t n = nescio_count(x);

    switch (x->dtype) {
        NESCIO_CASES_WIDE_SIGNED(CLIP_LOOP, INT64_MIN, INT64_MAX)
        NESCIO_CASES_WIDE_UNSIGNED(CLIP_LOOP, 0, UINT64_MAX)
    default:
        nescio_row_clip(x->dtype, n, x->data, lo ? nescio_tensor_get_f64(lo, 0) : -INFINITY,
                        hi ? nescio_tensor_get_f64(hi, 0) : INFINITY, y->data);
    }
}

/* Where lo > hi the result is hi. */
nescio_status nescio_run_clip(nescio_refexec_call *call)
{
    const nescio_tensor *lo = nescio_call_input(call, 1), *hi = nescio_call_input(call, 2);
    const nescio_tensor *x;
    nescio_tensor wide;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    if ((lo && (lo->dtype != x->dtype || nescio_count(lo) != 1)) ||
        (hi && (hi->dtype != x->dtype || nescio_count(hi) != 1)))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "bounds should be scalars of type %s",
                                nescio_dtype_name(x->dtype));
    if (nescio_dtype_wide(x->dtype) == x->dtype) {
        NESCIO_TRY(nescio_call_output_over(call, 0, 0, x->dtype, x->rank, x->dims));
        clip(x, lo, hi, &call->outputs[0]);
        return NESCIO_OK;
    }
    NESCIO_TRY(nescio_call_wide_input(call, 1, &lo));
    NESCIO_TRY(nescio_call_wide_input(call, 2, &hi));
    NESCIO_TRY(nescio_tensor_cast(call->ctx, &wide, x, nescio_dtype_wide(x->dtype)));
    clip(&wide, lo, hi, &wide);
    return narrow_output(call, &wide, x->dtype);
}
