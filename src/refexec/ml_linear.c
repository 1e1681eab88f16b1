/* SPDX-License-Identifier: Apache-2.0
 * LinearClassifier, LinearRegressor, and CDist (distances between two sets of rows). */
#include "refexec/ml_common.h"
#include "refexec/run_table.h"

#include <math.h>

/* scores[rows, n] = x coefficients^T + intercepts. */
static nescio_status linear_scores(const nescio_refexec_call *call, const nescio_ml_rows *x,
                                   int64_t n, const nescio_ml_list *coefficients, double **out)
{
    nescio_ml_list intercepts;

    NESCIO_TRY(nescio_ml_list_read(call, "intercepts", NULL, &intercepts));
    if (n < 1 || x->features < 1 || coefficients->n / (size_t)n != (size_t)x->features ||
        coefficients->n % (size_t)n || (intercepts.n && intercepts.n < (size_t)n))
        return nescio_call_fail(
            call, NESCIO_E_FORMAT,
            "%zu coefficients and %zu intercepts for %lld features and %lld results",
            coefficients->n, intercepts.n, (long long)x->features, (long long)n);
    NESCIO_TRY(nescio_call_spend(call, x->n, n, x->features));
    *out = nescio_call_scratch(call, x->n * n + n, sizeof **out);
    if (!*out)
        return nescio_call_nomem(call);
    for (int64_t i = 0; intercepts.n && i < x->n * n; i++)
        (*out)[i] = intercepts.at[i % n];
    if (x->n)
        nescio_call_gemm(NULL, NESCIO_F64, false, true, x->n, n, x->features, 1, x->at, x->features,
                         coefficients->at, x->features, 1, *out, n);
    return NESCIO_OK;
}

nescio_status nescio_run_linear_regressor(nescio_refexec_call *call)
{
    const int64_t targets = nescio_node_int(call->node, "targets", 1);
    nescio_ml_list coefficients;
    nescio_ml_post post;
    nescio_ml_rows x;
    double *scores;

    NESCIO_TRY(nescio_ml_rows_read(call, &x));
    NESCIO_TRY(nescio_ml_post_read(call, &post));
    NESCIO_TRY(nescio_ml_list_read(call, "coefficients", NULL, &coefficients));
    NESCIO_TRY(linear_scores(call, &x, targets, &coefficients, &scores));
    for (int64_t i = 0; i < x.n; i++)
        nescio_ml_post_row(post, scores + i * targets, targets);
    return nescio_ml_output(call, 0, NESCIO_F32, x.n, targets, scores);
}

/* One row of coefficients for two labels: its score s is that of the second. ONNX leaves the first
 * one's open; as in onnxruntime it is 1 - s, and only transforms of single numbers apply. Rows are
 * transformed in place of `post`. */
static nescio_status complete_scores(const nescio_refexec_call *call, nescio_ml_post post,
                                     int64_t n_rows, const double *single, double **scores)
{
    double *const both = nescio_call_scratch(call, 2 * n_rows + 1, sizeof *both);

    if (!both)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < n_rows; i++) {
        const double s = post == NESCIO_POST_LOGISTIC ? nescio_ml_logistic(single[i]) : single[i];

        both[2 * i] = 1 - s;
        both[2 * i + 1] = s;
        if (post == NESCIO_POST_PROBIT)
            nescio_ml_post_row(post, both + 2 * i, 2);
    }
    *scores = both;
    return NESCIO_OK;
}

nescio_status nescio_run_linear_classifier(nescio_refexec_call *call)
{
    nescio_ml_list coefficients;
    nescio_ml_labels labels;
    nescio_ml_post post;
    nescio_ml_rows x;
    double *single, *scores;
    bool binary;
    int64_t n;

    NESCIO_TRY(nescio_ml_rows_read(call, &x));
    NESCIO_TRY(nescio_ml_post_read(call, &post));
    NESCIO_TRY(nescio_ml_labels_read(call, &labels));
    NESCIO_TRY(nescio_ml_list_read(call, "coefficients", NULL, &coefficients));
    n = x.features ? (int64_t)coefficients.n / x.features : 0;
    binary = n == 1 && labels.n == 2;
    NESCIO_TRY(linear_scores(call, &x, n, &coefficients, &single));
    scores = single;
    if (binary)
        NESCIO_TRY(complete_scores(call, post, x.n, single, &scores));
    NESCIO_TRY(nescio_ml_labels_begin(call, &labels, x.n));
    for (int64_t i = 0; i < x.n; i++) {
        double *const row = scores + i * n;

        if (!binary)
            nescio_ml_post_row(post, row, n);
        if (binary)
            nescio_ml_labels_set(call, &labels, i, single[i] > 0);
        else if (n > 1)
            nescio_ml_labels_set(call, &labels, i, nescio_ml_argmax(row, n));
        else if (row[0] >= (post == NESCIO_POST_NONE ? 0 : 0.5))
            nescio_ml_labels_set(call, &labels, i, labels.n ? 0 : 1);
    }
    return nescio_ml_output(call, 1, NESCIO_F32, x.n, binary ? 2 : n, scores);
}

/* Euclidean distances, or their squares (the default). */
nescio_status nescio_run_cdist(nescio_refexec_call *call)
{
    const char *const metric = nescio_node_string(call->node, "metric", "sqeuclidean");
    const bool root = strcmp(metric, "euclidean") == 0;
    const nescio_tensor *a, *b;
    int64_t m, n, k;
    double *out;
    size_t count;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 2, 2));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_FLOAT, 2, 2));
    if (!root && strcmp(metric, "sqeuclidean") != 0)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "metric '%.40s'", metric);
    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F64, &a));
    NESCIO_TRY(nescio_call_cast_input(call, 1, NESCIO_F64, &b));
    m = a->dims[0];
    n = b->dims[0];
    k = a->dims[1];
    if (k != b->dims[1])
        return nescio_call_fail(call, NESCIO_E_FORMAT, "rows of %lld and of %lld numbers",
                                (long long)k, (long long)b->dims[1]);
    if (!nescio_size_mul(&count, (size_t)m, (size_t)n) || count >> 48)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_call_spend(call, m, n, k));
    out = nescio_call_scratch(call, m * n, sizeof *out);
    if (!out)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;

            for (int64_t p = 0; p < k; p++) {
                const double d =
                    ((const double *)a->data)[i * k + p] - ((const double *)b->data)[j * k + p];

                sum += d * d;
            }
            out[i * n + j] = root ? sqrt(sum) : sum;
        }
    return nescio_ml_output(call, 0, call->inputs[0]->dtype, m, n, out);
}
