/* SPDX-License-Identifier: Apache-2.0
 * What can be done with each operator when its data are encrypted: the walk of lift.c asks here
 * which way a node takes, and so does whoever shows it. */
#include "quant/quant.h"

nescio_quant_way nescio_quant_way_of(nescio_op op)
{
    switch (op) {
    case NESCIO_OP_NON_ZERO: /* what comes out depends on the data */
    case NESCIO_OP_UNIQUE:
    case NESCIO_OP_CONV_INTEGER:
    case NESCIO_OP_DYNAMIC_QUANTIZE_LINEAR:
    case NESCIO_OP_MATMUL_INTEGER:
    case NESCIO_OP_QLINEAR_CONV:
    case NESCIO_OP_QLINEAR_MATMUL: return NESCIO_QUANT_WAY_NONE;
    case NESCIO_OP_SHAPE:
    case NESCIO_OP_SIZE: return NESCIO_QUANT_WAY_CLEAR;
    case NESCIO_OP_IDENTITY:
    case NESCIO_OP_NEG:
    case NESCIO_OP_ADD:
    case NESCIO_OP_SUB:
    case NESCIO_OP_SUM:
    case NESCIO_OP_MEAN:
    case NESCIO_OP_MUL:
    case NESCIO_OP_DIV:
    case NESCIO_OP_CAST:
    case NESCIO_OP_BATCH_NORMALIZATION: return NESCIO_QUANT_WAY_AFFINE;
    case NESCIO_OP_GEMM:
    case NESCIO_OP_MATMUL:
    case NESCIO_OP_CONV:
    case NESCIO_OP_CONV_TRANSPOSE:
    case NESCIO_OP_EINSUM:
    case NESCIO_OP_AVERAGE_POOL:
    case NESCIO_OP_GLOBAL_AVERAGE_POOL:
    case NESCIO_OP_REDUCE_SUM:
    case NESCIO_OP_REDUCE_MEAN:
    case NESCIO_OP_CUM_SUM:
    case NESCIO_OP_RESIZE: return NESCIO_QUANT_WAY_LINEAR;
    default: break;
    }
    switch (nescio_op_get(op)->kind) {
    case NESCIO_KIND_UNARY:
    case NESCIO_KIND_BINARY:
    case NESCIO_KIND_QUANT: return NESCIO_QUANT_WAY_TABLE;
    case NESCIO_KIND_MOVE: return NESCIO_QUANT_WAY_MOVE;
    default: return NESCIO_QUANT_WAY_NONE;
    }
}

bool nescio_quant_is_affine(nescio_op op, bool first, bool second)
{
    switch (op) {
    case NESCIO_OP_MUL: return !(first && second);
    case NESCIO_OP_DIV: return !second;
    default: return true;
    }
}
