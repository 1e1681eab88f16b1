/* SPDX-License-Identifier: Apache-2.0
 * Inference of operators on quantized integers. */
#include "graph/infer_internal.h"

static bool is_code(nescio_dtype t)
{
    return t == NESCIO_DTYPE_NONE || t == NESCIO_U8 || t == NESCIO_I8 || t == NESCIO_U16 ||
           t == NESCIO_I16 || t == NESCIO_I32;
}

static nescio_status infer_quantize(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_dtype zero = nescio_infer_dtype(node, 2);
    const int64_t asked = nescio_node_int(node, "output_dtype", 0);
    nescio_dtype dtype = NESCIO_U8;

    if (nescio_node_input(node, 2))
        dtype = zero;
    else if (asked != 0)
        dtype = (nescio_dtype)asked;
    if (!is_code(dtype) || dtype == NESCIO_I32 ||
        (zero != NESCIO_DTYPE_NONE && asked != 0 && asked != (int64_t)zero))
        return nescio_infer_fail(ctx, node, "quantizes to element type %d", (int)dtype);
    return nescio_infer_output(ctx, node, 0, dtype, nescio_infer_shape(node, 0));
}

nescio_status nescio_infer_quant(nescio_ctx *ctx, nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);

    switch (node->op) {
    case NESCIO_OP_QUANTIZE_LINEAR: return infer_quantize(ctx, node);
    case NESCIO_OP_DEQUANTIZE_LINEAR:
        if (!is_code(nescio_infer_dtype(node, 0)))
            return nescio_infer_fail(ctx, node, "dequantizes %s",
                                     nescio_dtype_name(nescio_infer_dtype(node, 0)));
        return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 1), x);
    case NESCIO_OP_DYNAMIC_QUANTIZE_LINEAR:
        NESCIO_TRY(nescio_infer_output(ctx, node, 0, NESCIO_U8, x));
        NESCIO_TRY(nescio_infer_output(ctx, node, 1, NESCIO_F32, &nescio_shape_scalar));
        return nescio_infer_output(ctx, node, 2, NESCIO_U8, &nescio_shape_scalar);
    case NESCIO_OP_QUANT:
    case NESCIO_OP_BIPOLAR_QUANT:
    case NESCIO_OP_TRUNC: return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), x);
    default: return nescio_infer_linear(ctx, node);
    }
}
