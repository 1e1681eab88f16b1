/* SPDX-License-Identifier: Apache-2.0
 * Softmax and LogSoftmax along one axis, shifted by the largest element; sums in double. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <math.h>
#include <tgmath.h>

/* One lane: n elements, `step` apart. y may be x. */
#define SOFTMAX(dt, T, ...)                                                                        \
    case dt: {                                                                                     \
        const T *const a = (const T *)x + at;                                                      \
        T *const b = (T *)y + at;                                                                  \
        T top = a[0];                                                                              \
        double sum = 0;                                                                            \
        for (int64_t k = 1; k < n; k++)                                                            \
            top = a[k * step] > top || isnan(a[k * step]) ? a[k * step] : top;                     \
        for (int64_t k = 0; k < n; k++) {                                                          \
            const T shifted = a[k * step] - top, e = exp(shifted);                                 \
            b[k * step] = logarithm ? shifted : e;                                                 \
            sum += (double)e;                                                                      \
        }                                                                                          \
        if (logarithm)                                                                             \
            for (int64_t k = 0; k < n; k++)                                                        \
                b[k * step] -= (T)log(sum);                                                        \
        else                                                                                       \
            for (int64_t k = 0; k < n; k++)                                                        \
                b[k * step] = (T)((double)b[k * step] / sum);                                      \
    } break;

static void softmax_lane(nescio_dtype dtype, const void *x, void *y, int64_t at, int64_t n,
                         int64_t step, bool logarithm)
{
    switch (dtype) {
        NESCIO_CASES_FLOAT(SOFTMAX, 0)
    default: break;
    }
}

nescio_status nescio_run_softmax(nescio_refexec_call *call)
{
    const bool logarithm = call->node->op == NESCIO_OP_LOG_SOFTMAX;
    const nescio_tensor *x;
    int64_t outer, n, inner;
    int axis;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 1, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_axis_attr(call, -1, x->rank, &axis));
    NESCIO_TRY(nescio_call_output_over(call, 0, 0, x->dtype, x->rank, x->dims));
    outer = nescio_dims_product(x->dims, 0, axis);
    n = x->dims[axis];
    inner = nescio_dims_product(x->dims, axis + 1, x->rank);
    for (int64_t o = 0; n && o < outer; o++)
        for (int64_t i = 0; i < inner; i++)
            softmax_lane(x->dtype, x->data, call->outputs[0].data, o * n * inner + i, n, inner,
                         logarithm);
    return NESCIO_OK;
}
