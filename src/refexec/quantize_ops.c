/* SPDX-License-Identifier: Apache-2.0
 * Between reals and integers: QuantizeLinear, DequantizeLinear (per tensor, per axis, by blocks),
 * DynamicQuantizeLinear, and QONNX's Quant, BipolarQuant and Trunc, which quantize and come back to
 * reals at once. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <math.h>

/* Which scale element belongs to which element of x: one for all, one an index of the axis, or one
 * a block of them. */
typedef struct scale_map {
    int64_t outer, n, inner; /* x along the axis */
    int64_t block,
        n_blocks;  /* indices of the axis that share a scale, and how many such there are */
    bool per_lane; /* blocked: scales also differ by outer and inner position */
    bool scalar;
} scale_map;

static int64_t scale_at(const scale_map *m, int64_t o, int64_t k, int64_t i)
{
    if (m->scalar)
        return 0;
    return m->per_lane ? (o * m->n_blocks + k / m->block) * m->inner + i : k;
}

/* Scale is input 1, the zero point, of equal shape when given, input 2. */
static nescio_status read_scale_map(const nescio_refexec_call *call, const nescio_tensor *x,
                                    scale_map *m)
{
    const nescio_tensor *const scale = nescio_call_input(call, 1), *const zero =
                                                                       nescio_call_input(call, 2);
    const int64_t block = nescio_node_int(call->node, "block_size", 0);
    bool fits = true;
    int axis;

    if (zero && !nescio_same_shape(zero, scale) &&
        !(nescio_count(zero) == 1 && nescio_count(scale) == 1))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "scale and zero point differ in shape");
    *m = (scale_map){.outer = 1, .n = nescio_count(x), .inner = 1, .scalar = true};
    if (nescio_count(scale) == 1 && scale->rank <= 1)
        return NESCIO_OK;
    NESCIO_TRY(nescio_call_axis_attr(call, 1, x->rank, &axis));
    m->scalar = false;
    m->outer = nescio_dims_product(x->dims, 0, axis);
    m->n = x->dims[axis];
    m->inner = nescio_dims_product(x->dims, axis + 1, x->rank);
    if (scale->rank == 1 && x->rank != 1)
        fits = scale->dims[0] == m->n;
    else if (scale->rank == 1 && block == 0)
        fits = scale->dims[0] == m->n;
    else
        m->per_lane = true;
    if (m->per_lane) {
        m->n_blocks = scale->rank == x->rank ? scale->dims[axis] : 0;
        m->block = block > 0 ? block : m->n_blocks ? (m->n + m->n_blocks - 1) / m->n_blocks : 1;
        for (int i = 0; i < x->rank; i++)
            fits &= scale->rank == x->rank && (i == axis || scale->dims[i] == x->dims[i]);
        fits &= m->n_blocks == (m->n + m->block - 1) / m->block;
    }
    return fits ? NESCIO_OK
                : nescio_call_fail(call, NESCIO_E_FORMAT, "scale does not fit the input");
}

static double limit_of(nescio_dtype t, bool high)
{
    switch (t) {
    case NESCIO_U8: return high ? 255 : 0;
    case NESCIO_I8: return high ? 127 : -128;
    case NESCIO_U16: return high ? 65535 : 0;
    case NESCIO_I16: return high ? 32767 : -32768;
    default: return high ? 2147483647.0 : -2147483648.0;
    }
}

static double saturated(double v, nescio_dtype t)
{
    return fmin(limit_of(t, true), fmax(limit_of(t, false), v));
}

static void store_integer(nescio_tensor *y, int64_t i, double v)
{
    switch (y->dtype) {
    case NESCIO_U8: ((uint8_t *)y->data)[i] = (uint8_t)v; break;
    case NESCIO_I8: ((int8_t *)y->data)[i] = (int8_t)v; break;
    case NESCIO_U16: ((uint16_t *)y->data)[i] = (uint16_t)v; break;
    case NESCIO_I16: ((int16_t *)y->data)[i] = (int16_t)v; break;
    default: ((int32_t *)y->data)[i] = (int32_t)v; break;
    }
}

static bool quantizes_to(nescio_dtype t)
{
    return t == NESCIO_U8 || t == NESCIO_I8 || t == NESCIO_U16 || t == NESCIO_I16 ||
           t == NESCIO_I32;
}

/* saturate(round half to even(x / scale) + zero point). The quotient is taken in float32 when x is:
 * so do others. */
nescio_status nescio_run_quantize_linear(nescio_refexec_call *call)
{
    const nescio_tensor *const zero = nescio_call_input(call, 2);
    const nescio_tensor *x, *scale;
    nescio_dtype dtype;
    scale_map m;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_FLOAT, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    scale = call->inputs[1];
    dtype = zero ? zero->dtype : (nescio_dtype)nescio_node_int(call->node, "output_dtype", 0);
    dtype = dtype == NESCIO_DTYPE_NONE ? NESCIO_U8 : dtype;
    if (!quantizes_to(dtype) || dtype == NESCIO_I32)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "result of type %s",
                                nescio_dtype_name(dtype));
    NESCIO_TRY(read_scale_map(call, x, &m));
    NESCIO_TRY(nescio_call_output(call, 0, dtype, x->rank, x->dims));
    for (int64_t o = 0; o < m.outer; o++)
        for (int64_t k = 0; k < m.n; k++)
            for (int64_t i = 0; i < m.inner; i++) {
                const int64_t at = (o * m.n + k) * m.inner + i, s = scale_at(&m, o, k, i);
                const double v = nescio_tensor_get_f64(x, (size_t)at),
                             d = nescio_tensor_get_f64(scale, (size_t)s);
                const double q = x->dtype == NESCIO_F64 ? v / d : (double)((float)v / (float)d);
                const double z = zero ? nescio_tensor_get_f64(zero, (size_t)s) : 0;

                store_integer(&call->outputs[0], at,
                              isnan(q) ? saturated(z, dtype) : saturated(rint(q) + z, dtype));
            }
    return NESCIO_OK;
}

nescio_status nescio_run_dequantize_linear(nescio_refexec_call *call)
{
    const nescio_tensor *const zero = nescio_call_input(call, 2);
    const nescio_tensor *x, *scale;
    scale_map m;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_INTEGER, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_FLOAT, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    scale = call->inputs[1];
    NESCIO_TRY(read_scale_map(call, x, &m));
    NESCIO_TRY(nescio_call_output(call, 0, scale->dtype, x->rank, x->dims));
    for (int64_t o = 0; o < m.outer; o++)
        for (int64_t k = 0; k < m.n; k++)
            for (int64_t i = 0; i < m.inner; i++) {
                const int64_t at = (o * m.n + k) * m.inner + i, s = scale_at(&m, o, k, i);
                const double z = zero ? nescio_tensor_get_f64(zero, (size_t)s) : 0;
                const double v = (nescio_tensor_get_f64(x, (size_t)at) - z) *
                                 nescio_tensor_get_f64(scale, (size_t)s);

                if (scale->dtype == NESCIO_F32)
                    ((float *)call->outputs[0].data)[at] = (float)v;
                else
                    ((double *)call->outputs[0].data)[at] = v;
            }
    return NESCIO_OK;
}

/* uint8 over the range of x and 0. */
nescio_status nescio_run_dynamic_quantize_linear(nescio_refexec_call *call)
{
    const nescio_tensor *x;
    double low = 0, high = 0, zero;
    float scale;
    int64_t n;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    n = nescio_count(x);
    for (int64_t i = 0; i < n; i++) {
        const double v = nescio_tensor_get_f64(x, (size_t)i);

        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    scale = (float)((high - low) / 255);
    zero = scale > 0 ? saturated(rint(-low / (double)scale), NESCIO_U8) : 0;
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_U8, x->rank, x->dims));
    NESCIO_TRY(nescio_call_output(call, 1, NESCIO_F32, 0, NULL));
    NESCIO_TRY(nescio_call_output(call, 2, NESCIO_U8, 0, NULL));
    *(float *)call->outputs[1].data = scale;
    *(uint8_t *)call->outputs[2].data = (uint8_t)zero;
    for (int64_t i = 0; i < n; i++) {
        const double q =
            scale > 0 ? rint((double)((float)nescio_tensor_get_f64(x, (size_t)i) / scale)) : 0;

        store_integer(&call->outputs[0], i, isnan(q) ? zero : saturated(q + zero, NESCIO_U8));
    }
    return NESCIO_OK;
}

/* QONNX rounding modes. */
static double round_by(const char *mode, double v)
{
    if (strcmp(mode, "CEIL") == 0)
        return ceil(v);
    if (strcmp(mode, "FLOOR") == 0)
        return floor(v);
    if (strcmp(mode, "UP") == 0) /* away from zero */
        return v < 0 ? floor(v) : ceil(v);
    if (strcmp(mode, "DOWN") == 0)
        return trunc(v);
    if (strcmp(mode, "HALF_UP") == 0)
        return v < 0 ? -floor(-v + 0.5) : floor(v + 0.5);
    if (strcmp(mode, "HALF_DOWN") == 0)
        return v < 0 ? -ceil(-v - 0.5) : ceil(v - 0.5);
    return rint(v); /* ROUND, HALF_EVEN */
}

static bool known_rounding(const char *mode)
{
    static const char *const modes[] = {"ROUND", "HALF_EVEN", "CEIL",    "FLOOR",
                                        "UP",    "DOWN",      "HALF_UP", "HALF_DOWN"};

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(mode, modes[i]) == 0)
            return true;
    return false;
}

/* One element: parameters in the order of the node's inputs after x. */
typedef double (*qonnx_fn)(const nescio_node *node, double x, const double *parameters);

static double integer_limit(double bits, bool is_signed, bool narrow, bool high)
{
    if (is_signed)
        return high ? exp2(bits - 1) - 1 : -exp2(bits - 1) + (narrow ? 1 : 0);
    return high ? exp2(bits) - (narrow ? 2 : 1) : 0;
}

static double quant_element(const nescio_node *node, double x, const double *p)
{
    const bool is_signed = nescio_node_int(node, "signed", 1) != 0,
               narrow = nescio_node_int(node, "narrow", 0) != 0;
    const double scale = p[0], zero = p[1], bits = p[2];

    if (bits == 1 && is_signed) /* binary weights are written this way */
        return x >= 0 ? scale : -scale;
    x = fmin(integer_limit(bits, is_signed, narrow, true),
             fmax(integer_limit(bits, is_signed, narrow, false), x / scale + zero));
    return (round_by(nescio_node_string(node, "rounding_mode", "ROUND"), x) - zero) * scale;
}

static double bipolar_element(const nescio_node *node, double x, const double *p)
{
    (void)node;
    return x >= 0 ? p[0] : -p[0];
}

/* scale, zero point, bits in, bits out: drops the low bits and keeps the scale. */
static double trunc_element(const nescio_node *node, double x, const double *p)
{
    const double cut = exp2(p[2] - p[3]), whole = rint(x / p[0] + p[1]);

    return (round_by(nescio_node_string(node, "rounding_mode", "FLOOR"), whole / cut) - p[1]) *
           p[0];
}

/* scale, zero point, bits in, out scale, bits out: to a grid that is a power of two coarser. */
static double trunc_scaled_element(const nescio_node *node, double x, const double *p)
{
    const bool is_signed = nescio_node_int(node, "signed", 1) != 0,
               narrow = nescio_node_int(node, "narrow", 0) != 0;
    const double cut = exp2(rint(log2(p[3] / p[0]))), bits = p[4];
    const double high = integer_limit(bits, is_signed, narrow, true),
                 low = integer_limit(bits, is_signed, narrow, false);
    double v = rint(x / p[0] + p[1]) / cut;

    v = round_by(nescio_node_string(node, "rounding_mode", "FLOOR"), fmin(high, fmax(low, v)));
    return (v - p[1] / cut) * p[0] * cut;
}

static qonnx_fn find_qonnx(const nescio_node *node)
{
    if (node->op == NESCIO_OP_QUANT)
        return quant_element;
    if (node->op == NESCIO_OP_BIPOLAR_QUANT)
        return bipolar_element;
    return node->n_inputs == 5 ? trunc_element : trunc_scaled_element;
}

/* Most inputs beside x: Trunc's. */
#define QONNX_PARAMETERS 5

/* Strides of the parameters (inputs 1 ...) over x's shape, one row each. */
static nescio_status read_parameter_strides(const nescio_refexec_call *call, const nescio_tensor *x,
                                            int64_t (*stride)[NESCIO_RANK_MAX])
{
    for (uint32_t i = 1; i < call->node->n_inputs; i++) {
        const nescio_tensor *pair[2] = {x, nescio_call_input(call, i)};
        int64_t dims[NESCIO_RANK_MAX];
        nescio_walk w;
        int rank;

        NESCIO_TRY(nescio_call_expect(call, i, NESCIO_TYPES_NUMBER, 0, NESCIO_RANK_MAX));
        if (!nescio_broadcast_shape(pair, 2, &rank, dims) || rank != x->rank ||
            memcmp(dims, x->dims, (size_t)rank * sizeof *dims) != 0)
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "input %u does not broadcast to the shape of input 0", i);
        nescio_walk_init(&w, x->rank, x->dims);
        nescio_walk_add(&w, pair[1]);
        memcpy(stride[i - 1], w.stride[0], sizeof *stride);
    }
    return NESCIO_OK;
}

static void set_real(nescio_tensor *y, int64_t i, double v)
{
    if (y->dtype == NESCIO_F32)
        ((float *)y->data)[i] = (float)v;
    else
        ((double *)y->data)[i] = v;
}

nescio_status nescio_run_qonnx(nescio_refexec_call *call)
{
    const nescio_node *const node = call->node;
    const char *const mode = nescio_node_string(node, "rounding_mode", "ROUND");
    const qonnx_fn fn = find_qonnx(node);
    int64_t index[NESCIO_RANK_MAX] = {0}, stride[QONNX_PARAMETERS][NESCIO_RANK_MAX], n;
    const nescio_tensor *x;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    if (!known_rounding(mode) || node->n_inputs > QONNX_PARAMETERS + 1)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "rounding_mode '%.40s' with %u inputs",
                                mode, node->n_inputs);
    NESCIO_TRY(read_parameter_strides(call, x, stride));
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, x->dims));
    n = nescio_count(x);
    for (int64_t k = 0; k < n; k++) {
        double p[QONNX_PARAMETERS];

        for (uint32_t i = 1; i < node->n_inputs; i++) {
            int64_t at = 0;

            for (int a = 0; a < x->rank; a++)
                at += index[a] * stride[i - 1][a];
            p[i - 1] = nescio_tensor_get_f64(call->inputs[i], (size_t)at);
        }
        set_real(&call->outputs[0], k, fn(node, nescio_tensor_get_f64(x, (size_t)k), p));
        for (int a = x->rank - 1; a >= 0 && ++index[a] == x->dims[a]; a--)
            index[a] = 0;
    }
    return NESCIO_OK;
}
