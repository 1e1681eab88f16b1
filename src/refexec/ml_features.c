/* SPDX-License-Identifier: Apache-2.0
 * Preparation of features: Scaler, Normalizer, Binarizer, Imputer, ArrayFeatureExtractor,
 * FeatureVectorizer. */
#include "refexec/ml_common.h"
#include "refexec/run_table.h"

#include <math.h>

/* Input 0 as doubles, and the number of features: its last axis. */
static nescio_status read_features(const nescio_refexec_call *call, const nescio_tensor **x,
                                   int64_t *features)
{
    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 1, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F64, x));
    *features = (*x)->dims[(*x)->rank - 1];
    return NESCIO_OK;
}

/* Output 0 has the shape of x and these values. */
static nescio_status write_like(nescio_refexec_call *call, const nescio_tensor *x,
                                nescio_dtype dtype, double *values)
{
    nescio_tensor wide = *x;

    wide.data = values;
    wide.owned_bytes = 0;
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, dtype);
}

/* A list with one value a feature, or one for all. */
static double pick(const nescio_ml_list *l, int64_t i_feature, double otherwise)
{
    return l->n == 0 ? otherwise : l->at[l->n == 1 ? 0 : i_feature];
}

static nescio_status check_list(const nescio_refexec_call *call, const char *name,
                                const nescio_ml_list *l, int64_t features)
{
    if (l->n > 1 && (int64_t)l->n != features)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%s has %zu entries for %lld features", name,
                                l->n, (long long)features);
    return NESCIO_OK;
}

/* (x - offset) * scale, each step in float32 unless x is float64: boosted trees behind a scaler
 * have thresholds at rows of the training data, so one rounding less sends such rows the other way.
 */
static double scale_one(nescio_dtype dtype, double x, double offset, double scale)
{
    if (dtype == NESCIO_F64)
        return (x - offset) * scale;
    return (double)(((float)x - (float)offset) * (float)scale);
}

nescio_status nescio_run_scaler(nescio_refexec_call *call)
{
    nescio_ml_list offset, scale;
    const nescio_tensor *x;
    int64_t features, n;
    double *y;

    NESCIO_TRY(read_features(call, &x, &features));
    NESCIO_TRY(nescio_ml_list_read(call, "offset", NULL, &offset));
    NESCIO_TRY(nescio_ml_list_read(call, "scale", NULL, &scale));
    NESCIO_TRY(check_list(call, "offset", &offset, features));
    NESCIO_TRY(check_list(call, "scale", &scale, features));
    n = nescio_count(x);
    y = nescio_call_scratch(call, n, sizeof *y);
    if (!y)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < n; i++)
        y[i] = scale_one(call->inputs[0]->dtype, ((const double *)x->data)[i],
                         pick(&offset, i % features, 0), pick(&scale, i % features, 1));
    return write_like(call, x, NESCIO_F32, y);
}

/* Each row divided by its largest magnitude, its sum of magnitudes or its length; rows of zeros
 * stay. */
nescio_status nescio_run_normalizer(nescio_refexec_call *call)
{
    const char *const norm = nescio_node_string(call->node, "norm", "MAX");
    const bool max = strcmp(norm, "MAX") == 0, l1 = strcmp(norm, "L1") == 0;
    const nescio_tensor *x;
    int64_t features, n;
    double *y;

    NESCIO_TRY(read_features(call, &x, &features));
    if (!max && !l1 && strcmp(norm, "L2") != 0)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "norm '%.20s'", norm);
    n = nescio_count(x);
    y = nescio_call_scratch(call, n, sizeof *y);
    if (!y)
        return nescio_call_nomem(call);
    for (int64_t row = 0; row < n; row += features) {
        const double *const v = (const double *)x->data + row;
        double size = 0;

        for (int64_t i = 0; i < features; i++)
            size = max ? fmax(size, fabs(v[i])) : size + (l1 ? fabs(v[i]) : v[i] * v[i]);
        size = fmax(max || l1 ? size : sqrt(size), 1e-30);
        for (int64_t i = 0; i < features; i++)
            y[row + i] = v[i] / size;
    }
    return write_like(call, x, NESCIO_F32, y);
}

nescio_status nescio_run_binarizer(nescio_refexec_call *call)
{
    const double threshold = nescio_node_float(call->node, "threshold", 0);
    const nescio_tensor *x;
    int64_t features, n;
    double *y;

    NESCIO_TRY(read_features(call, &x, &features));
    n = nescio_count(x);
    y = nescio_call_scratch(call, n, sizeof *y);
    if (!y)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < n; i++)
        y[i] = ((const double *)x->data)[i] > threshold ? 1 : 0;
    return write_like(call, x, call->inputs[0]->dtype, y);
}

/* NaN (or a stated value) is replaced, feature by feature. */
nescio_status nescio_run_imputer(nescio_refexec_call *call)
{
    const bool is_float =
        call->node->n_inputs && call->inputs[0] && nescio_dtype_is_float(call->inputs[0]->dtype);
    const double replaced = is_float
                                ? nescio_node_float(call->node, "replaced_value_float", 0)
                                : (double)nescio_node_int(call->node, "replaced_value_int64", 0);
    nescio_ml_list values;
    nescio_ml_ints whole;
    const nescio_tensor *x;
    int64_t features, n;
    double *y;

    NESCIO_TRY(read_features(call, &x, &features));
    NESCIO_TRY(nescio_ml_list_read(call, "imputed_value_floats", NULL, &values));
    NESCIO_TRY(nescio_ml_ints_read(call, "imputed_value_int64s", &whole));
    if (!is_float && whole.n) {
        double *const wide = nescio_call_scratch(call, (int64_t)whole.n, sizeof *wide);

        if (!wide)
            return nescio_call_nomem(call);
        for (size_t i = 0; i < whole.n; i++)
            wide[i] = (double)whole.at[i];
        values = (nescio_ml_list){wide, whole.n};
    }
    if (values.n == 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "no imputed values for %s",
                                nescio_dtype_name(call->inputs[0]->dtype));
    NESCIO_TRY(check_list(call, "imputed_value", &values, features));
    n = nescio_count(x);
    y = nescio_call_scratch(call, n, sizeof *y);
    if (!y)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < n; i++) {
        const double v = ((const double *)x->data)[i];

        y[i] = v == replaced || (isnan(replaced) && isnan(v)) ? pick(&values, i % features, 0) : v;
    }
    return write_like(call, x, call->inputs[0]->dtype, y);
}

/* Columns of x by number, negative ones from the end (radius neighbours of scikit-learn pad with
 * -1); a vector is one row. */
nescio_status nescio_run_array_feature_extractor(nescio_refexec_call *call)
{
    const nescio_tensor *x, *at;
    int64_t dims[NESCIO_RANK_MAX], rows, n, columns;
    size_t size;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 1, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_INTEGER, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    at = call->inputs[1];
    columns = x->dims[x->rank - 1];
    rows = nescio_dims_product(x->dims, 0, x->rank - 1);
    n = nescio_count(at);
    memcpy(dims, x->dims, sizeof dims);
    if (x->rank == 1)
        dims[0] = 1;
    dims[x->rank == 1 ? 1 : x->rank - 1] = n;
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank == 1 ? 2 : x->rank, dims));
    size = nescio_dtype_bytes(x->dtype);
    for (int64_t k = 0; k < n; k++) {
        const int64_t given = nescio_tensor_get_i64(at, (size_t)k),
                      column = given < 0 ? given + columns : given;

        if (column < 0 || column >= columns)
            return nescio_call_fail(call, NESCIO_E_ARG, "column %lld of %lld", (long long)given,
                                    (long long)columns);
        for (int64_t r = 0; r < rows; r++)
            memcpy((char *)call->outputs[0].data + (size_t)(r * n + k) * size,
                   (const char *)x->data + (size_t)(r * columns + column) * size, size);
    }
    return NESCIO_OK;
}

/* All inputs side by side, as float32; each cut or filled with zeros to its stated width. */
nescio_status nescio_run_feature_vectorizer(nescio_refexec_call *call)
{
    const uint32_t n = call->node->n_inputs;
    nescio_ml_ints widths;
    int64_t total = 0, rows = 1, at = 0;

    NESCIO_TRY(nescio_ml_ints_read(call, "inputdimensions", &widths));
    if (widths.n != n)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu inputdimensions for %u inputs",
                                widths.n, n);
    for (uint32_t i = 0; i < n; i++) {
        NESCIO_TRY(nescio_call_expect(call, i, NESCIO_TYPES_NUMBER, 1, 2));
        if (i == 0)
            rows = call->inputs[0]->rank == 2 ? call->inputs[0]->dims[0] : 1;
        if (widths.at[i] < 0 || widths.at[i] > 1 << 30 ||
            rows != (call->inputs[i]->rank == 2 ? call->inputs[i]->dims[0] : 1))
            return nescio_call_fail(call, NESCIO_E_FORMAT, "input %u does not fit the others", i);
        total += widths.at[i];
    }
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_F32, 2, (const int64_t[]){rows, total}));
    for (uint32_t i = 0; i < n; i++) {
        const nescio_tensor *const t = call->inputs[i];
        const int64_t columns = t->dims[t->rank - 1],
                      taken = columns < widths.at[i] ? columns : widths.at[i];

        for (int64_t r = 0; r < rows; r++)
            for (int64_t k = 0; k < taken; k++)
                ((float *)call->outputs[0].data)[r * total + at + k] =
                    (float)nescio_tensor_get_f64(t, (size_t)(r * columns + k));
        at += widths.at[i];
    }
    return NESCIO_OK;
}
