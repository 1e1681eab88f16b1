/* SPDX-License-Identifier: Apache-2.0
 * Operators that make tensors out of little: ConstantOfShape, Range, EyeLike; and Trilu, which
 * blanks a triangle. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <math.h>

nescio_status nescio_run_constant_of_shape(nescio_refexec_call *call)
{
    const nescio_attr *const value = nescio_node_attr(call->node, "value");
    int64_t dims[NESCIO_RANK_MAX], zero_stride[NESCIO_RANK_MAX] = {0};
    const nescio_dtype dtype = value ? value->t->dtype : NESCIO_F32;
    nescio_tensor *y;
    size_t rank;

    if (value && (nescio_tensor_count(value->t) != 1 || nescio_dtype_class(dtype) == 0))
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "value should be one element of a computed type");
    NESCIO_TRY(nescio_call_ints(call, 0, dims, NESCIO_RANK_MAX, &rank));
    NESCIO_TRY(nescio_call_output(call, 0, dtype, (int)rank, dims));
    y = &call->outputs[0];
    if (value) {
        uint64_t element = 0; /* the attribute may borrow from a file: any alignment */

        memcpy(&element, value->t->data, nescio_dtype_bytes(dtype));
        nescio_copy_strided(nescio_dtype_bytes(dtype), y->rank, y->dims, y->data, y->stride,
                            &element, zero_stride);
    }
    return NESCIO_OK;
}

#define RANGE(dt, T, A)                                                                            \
    case dt:                                                                                       \
        for (int64_t i = 0; i < n; i++)                                                            \
            ((T *)y->data)[i] =                                                                    \
                (T)((A) * (const T *)start->data + (A)i * (A) * (const T *)step->data);            \
        break;

nescio_status nescio_run_range(nescio_refexec_call *call)
{
    const nescio_tensor *start, *step;
    double first, limit, delta;
    nescio_tensor *y;
    int64_t n;

    for (uint32_t i = 0; i < 3; i++) {
        NESCIO_TRY(nescio_call_expect(call, i, NESCIO_TYPES_NUMBER, 0, 1));
        if (call->inputs[i]->dtype != call->inputs[0]->dtype)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "inputs differ in type");
    }
    NESCIO_TRY(nescio_call_scalar(call, 0, 0, &first));
    NESCIO_TRY(nescio_call_scalar(call, 1, 0, &limit));
    NESCIO_TRY(nescio_call_scalar(call, 2, 0, &delta));
    start = call->inputs[0];
    step = call->inputs[2];
    if (delta == 0 || !(fabs(ceil((limit - first) / delta)) < 0x1p48))
        return nescio_call_fail(call, NESCIO_E_ARG, "from %g to %g by %g", first, limit, delta);
    n = (int64_t)ceil((limit - first) / delta);
    n = n < 0 ? 0 : n;
    NESCIO_TRY(nescio_call_output(call, 0, start->dtype, 1, &n));
    y = &call->outputs[0];
    switch (y->dtype) {
        NESCIO_CASES_FLOAT(RANGE, double)
        NESCIO_CASES_INTEGER(RANGE, uint64_t)
    default: break;
    }
    return NESCIO_OK;
}

#define SET_ONE(dt, T, ...)                                                                        \
    case dt: ((T *)y->data)[at] = 1; break;

nescio_status nescio_run_eye_like(nescio_refexec_call *call)
{
    const int64_t k = nescio_node_int(call->node, "k", 0);
    const nescio_tensor *x;
    nescio_dtype dtype;
    nescio_tensor *y;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FIXED, 2, 2));
    x = call->inputs[0];
    dtype = (nescio_dtype)nescio_node_int(call->node, "dtype", (int64_t)x->dtype);
    if (!(nescio_dtype_class(dtype) & NESCIO_TYPES_FIXED))
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "dtype %d", (int)dtype);
    NESCIO_TRY(nescio_call_output(call, 0, dtype, 2, x->dims));
    y = &call->outputs[0];
    if (k < -x->dims[0] || k > x->dims[1])
        return NESCIO_OK;
    for (int64_t i = k < 0 ? -k : 0; i < x->dims[0] && i + k < x->dims[1]; i++) {
        const int64_t at = i * x->dims[1] + i + k;

        switch (dtype) {
            NESCIO_CASES_NUMBER(SET_ONE, 0)
            SET_ONE(NESCIO_BOOL, uint8_t, 0)
        default: break;
        }
    }
    return NESCIO_OK;
}

/* Keeps the elements with column - row >= k (upper) or <= k. */
nescio_status nescio_run_trilu(nescio_refexec_call *call)
{
    const bool upper = nescio_node_int(call->node, "upper", 1) != 0;
    int64_t k = 0, rows, columns, matrices, size;
    const nescio_tensor *x;
    size_t n;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FIXED, 2, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_ints(call, 1, &k, 1, &n));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_forward(call, 0, 0, x->rank, x->dims));
    size = (int64_t)nescio_dtype_bytes(x->dtype);
    rows = x->dims[x->rank - 2];
    columns = x->dims[x->rank - 1];
    matrices = nescio_dims_product(x->dims, 0, x->rank - 2);
    k = k < -rows ? -rows : k > columns ? columns : k;
    for (int64_t m = 0; m < matrices; m++)
        for (int64_t i = 0; i < rows; i++) {
            const int64_t edge =
                upper ? i + k : i + k + 1; /* first kept column, or first blank one */
            const int64_t cut = edge < 0 ? 0 : edge > columns ? columns : edge;
            char *const row = (char *)call->outputs[0].data + (m * rows + i) * columns * size;

            if (upper)
                memset(row, 0, (size_t)(cut * size));
            else
                memset(row + cut * size, 0, (size_t)((columns - cut) * size));
        }
    return NESCIO_OK;
}
