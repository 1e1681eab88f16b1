/* SPDX-License-Identifier: Apache-2.0
 * Shared parts of the ai.onnx.ml models. */
#include "refexec/ml_common.h"

#include <math.h>

nescio_status nescio_ml_list_read(const nescio_refexec_call *call, const char *name,
                                  const char *tensor_name, nescio_ml_list *out)
{
    const nescio_attr *a = nescio_node_attr(call->node, name);
    nescio_tensor wide;
    double *copy;

    *out = (nescio_ml_list){0};
    if (a && a->kind == NESCIO_ATTR_FLOATS) {
        *out = (nescio_ml_list){a->floats, a->count};
        return NESCIO_OK;
    }
    a = tensor_name ? nescio_node_attr(call->node, tensor_name) : NULL;
    if (!a)
        return NESCIO_OK;
    if (a->kind != NESCIO_ATTR_TENSOR || !(nescio_dtype_class(a->t->dtype) & NESCIO_TYPES_NUMBER))
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "attribute '%s' should be a tensor of numbers", tensor_name);
    out->n = nescio_tensor_count(a->t);
    copy = nescio_call_scratch(call, (int64_t)out->n + 1, sizeof *copy);
    if (!copy)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_tensor_cast(call->ctx, &wide, a->t, NESCIO_F64));
    memcpy(copy, wide.data, out->n * sizeof *copy);
    nescio_tensor_free(&wide);
    out->at = copy;
    return NESCIO_OK;
}

nescio_status nescio_ml_ints_read(const nescio_refexec_call *call, const char *name,
                                  nescio_ml_ints *out)
{
    const nescio_attr *const a = nescio_node_attr(call->node, name);

    *out = (nescio_ml_ints){0};
    if (!a)
        return NESCIO_OK;
    if (a->kind != NESCIO_ATTR_INTS)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "attribute '%s' should be integers", name);
    *out = (nescio_ml_ints){a->ints, a->count};
    return NESCIO_OK;
}

nescio_status nescio_ml_labels_read(const nescio_refexec_call *call, nescio_ml_labels *out)
{
    static const char *const int_names[] = {"classlabels_int64s", "classlabels_ints"};
    const nescio_attr *const strings = nescio_node_attr(call->node, "classlabels_strings");

    *out = (nescio_ml_labels){0};
    for (size_t i = 0; i < 2 && out->n == 0; i++) {
        nescio_ml_ints ints;

        NESCIO_TRY(nescio_ml_ints_read(call, int_names[i], &ints));
        if (ints.n)
            *out = (nescio_ml_labels){.ints = ints.at, .n = ints.n};
    }
    if (out->n == 0 && strings && strings->kind == NESCIO_ATTR_STRINGS)
        *out = (nescio_ml_labels){.strings = strings->strings, .n = strings->count};
    return NESCIO_OK;
}

nescio_status nescio_ml_labels_begin(nescio_refexec_call *call, const nescio_ml_labels *labels,
                                     int64_t n_rows)
{
    NESCIO_TRY(
        nescio_call_output(call, 0, labels->strings ? NESCIO_STRING : NESCIO_I64, 1, &n_rows));
    for (int64_t i = 0; i < n_rows; i++)
        nescio_ml_labels_set(call, labels, i, -1);
    return NESCIO_OK;
}

void nescio_ml_labels_set(nescio_refexec_call *call, const nescio_ml_labels *labels, int64_t i_row,
                          int64_t i_class)
{
    const bool known = i_class >= 0 && i_class < (int64_t)labels->n;

    if (labels->strings)
        ((const char **)call->outputs[0].data)[i_row] = known ? labels->strings[i_class] : "";
    else
        ((int64_t *)call->outputs[0].data)[i_row] = known         ? labels->ints[i_class]
                                                    : i_class < 0 ? 0
                                                                  : i_class;
}

nescio_status nescio_ml_post_read(const nescio_refexec_call *call, nescio_ml_post *out)
{
    static const char *const names[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
    const char *const name = nescio_node_string(call->node, "post_transform", "NONE");

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (nescio_ml_post)i;
            return NESCIO_OK;
        }
    return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "post_transform '%.40s'", name);
}

double nescio_ml_logistic(double v)
{
    return 1 / (1 + exp(-v));
}

/* Inverse of the normal distribution through Winitzki's approximation of the inverse error
 * function, a = 0.147 [ONNX]. */
static double probit(double v)
{
    const double x = 2 * v - 1, log_part = log((1 - x) * (1 + x));
    const double a = 2 / (3.14159265358979323846 * 0.147) + 0.5 * log_part, b = log_part / 0.147;

    return 1.41421356237309504880 * copysign(sqrt(sqrt(a * a - b) - a), x);
}

/* With zeros_stay (SOFTMAX_ZERO) scores of nearly 0 are only scaled. */
static void softmax_row(double *v, int64_t n, bool zeros_stay)
{
    const double top = v[nescio_ml_argmax(v, n)];
    double sum = 0;

    for (int64_t i = 0; i < n; i++) {
        v[i] = zeros_stay && fabs(v[i]) <= 1e-7 ? v[i] * exp(-top) : exp(v[i] - top);
        sum += v[i];
    }
    for (int64_t i = 0; i < n; i++)
        v[i] = sum == 0 ? 0.5 : v[i] / sum;
}

void nescio_ml_post_row(nescio_ml_post post, double *scores, int64_t n)
{
    switch (post) {
    case NESCIO_POST_NONE: break;
    case NESCIO_POST_SOFTMAX:
    case NESCIO_POST_SOFTMAX_ZERO:
        if (n > 0)
            softmax_row(scores, n, post == NESCIO_POST_SOFTMAX_ZERO);
        break;
    case NESCIO_POST_LOGISTIC:
        for (int64_t i = 0; i < n; i++)
            scores[i] = nescio_ml_logistic(scores[i]);
        break;
    case NESCIO_POST_PROBIT:
        for (int64_t i = 0; i < n; i++)
            scores[i] = probit(scores[i]);
        break;
    }
}

nescio_status nescio_ml_rows_read(const nescio_refexec_call *call, nescio_ml_rows *out)
{
    const nescio_tensor *x;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 1, 2));
    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F64, &x));
    *out = (nescio_ml_rows){x->data, x->rank == 2 ? x->dims[0] : 1, x->dims[x->rank - 1]};
    return NESCIO_OK;
}

int64_t nescio_ml_argmax(const double *v, int64_t n)
{
    int64_t best = 0;

    for (int64_t i = 1; i < n; i++)
        if (v[i] > v[best])
            best = i;
    return best;
}

nescio_status nescio_ml_output(nescio_refexec_call *call, uint32_t i, nescio_dtype dtype,
                               int64_t rows, int64_t columns, const double *values)
{
    nescio_tensor wide;

    NESCIO_TRY(
        nescio_tensor_shape(call->ctx, &wide, NESCIO_F64, 2, (const int64_t[]){rows, columns}));
    wide.data = (void *)(uintptr_t)values; /* only read */
    return nescio_tensor_cast(call->ctx, &call->outputs[i], &wide, dtype);
}
