/* SPDX-License-Identifier: Apache-2.0
 * SVMClassifier and SVMRegressor: kernels, one-against-one votes, Platt's probabilities coupled as
 * in Wu, Lin, Weng, "Probability Estimates for Multi-class Classification by Pairwise Coupling",
 * JMLR 5 (2004), second method. */
#include "refexec/ml_common.h"
#include "refexec/run_table.h"

#include <math.h>

typedef enum kernel_type {
    KERNEL_LINEAR,
    KERNEL_POLY,
    KERNEL_RBF,
    KERNEL_SIGMOID,
    KERNEL_TYPES
} kernel_type;

typedef struct svm {
    kernel_type kernel;
    double gamma, coef0, degree;
    int64_t features, n_vectors, n_classes;
    nescio_ml_list vectors, coefficients, rho, prob_a, prob_b;
    nescio_ml_ints per_class;
} svm;

static double kernel_of(const svm *s, const double *x, const double *y)
{
    double sum = 0;

    for (int64_t i = 0; i < s->features; i++)
        sum += s->kernel == KERNEL_RBF ? (x[i] - y[i]) * (x[i] - y[i]) : x[i] * y[i];
    switch (s->kernel) {
    case KERNEL_POLY: return pow(s->gamma * sum + s->coef0, s->degree);
    case KERNEL_RBF: return exp(-s->gamma * sum);
    case KERNEL_SIGMOID: return tanh(s->gamma * sum + s->coef0);
    default: return sum;
    }
}

static nescio_status read_svm(const nescio_refexec_call *call, const nescio_ml_rows *x, svm *s)
{
    static const char *const names[KERNEL_TYPES] = {"LINEAR", "POLY", "RBF", "SIGMOID"};
    const char *const name = nescio_node_string(call->node, "kernel_type", "LINEAR");
    nescio_ml_list parameters;
    int kernel = 0;

    *s = (svm){.features = x->features};
    while (kernel < KERNEL_TYPES && strcmp(name, names[kernel]) != 0)
        kernel++;
    if (kernel == KERNEL_TYPES)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "kernel_type '%.40s'", name);
    s->kernel = (kernel_type)kernel;
    NESCIO_TRY(nescio_ml_list_read(call, "kernel_params", NULL, &parameters));
    if (parameters.n >= 3) {
        s->gamma = parameters.at[0];
        s->coef0 = parameters.at[1];
        s->degree = parameters.at[2];
    }
    NESCIO_TRY(nescio_ml_list_read(call, "support_vectors", NULL, &s->vectors));
    NESCIO_TRY(nescio_ml_list_read(call, "coefficients", NULL, &s->coefficients));
    NESCIO_TRY(nescio_ml_list_read(call, "rho", NULL, &s->rho));
    NESCIO_TRY(nescio_ml_list_read(call, "prob_a", NULL, &s->prob_a));
    NESCIO_TRY(nescio_ml_list_read(call, "prob_b", NULL, &s->prob_b));
    NESCIO_TRY(nescio_ml_ints_read(call, "vectors_per_class", &s->per_class));
    if (s->rho.n < 1 || s->features < 1)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "rho is missing, or rows have no feature");
    return NESCIO_OK;
}

static nescio_status check_vectors(const nescio_refexec_call *call, const svm *s)
{
    if (s->vectors.n / (size_t)s->features < (size_t)s->n_vectors)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "%zu numbers are not %lld support vectors of %lld features",
                                s->vectors.n, (long long)s->n_vectors, (long long)s->features);
    return NESCIO_OK;
}

nescio_status nescio_run_svm_regressor(nescio_refexec_call *call)
{
    const bool one_class = nescio_node_int(call->node, "one_class", 0) != 0;
    nescio_ml_post post;
    nescio_ml_rows x;
    double *scores;
    svm s;

    NESCIO_TRY(nescio_ml_rows_read(call, &x));
    NESCIO_TRY(nescio_ml_post_read(call, &post));
    NESCIO_TRY(read_svm(call, &x, &s));
    s.n_vectors = nescio_node_int(call->node, "n_supports", 0);
    if (s.n_vectors < 0 || (int64_t)s.coefficients.n < (s.n_vectors ? s.n_vectors : s.features))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu coefficients for %lld support vectors",
                                s.coefficients.n, (long long)s.n_vectors);
    NESCIO_TRY(check_vectors(call, &s));
    NESCIO_TRY(nescio_call_spend(call, x.n, s.n_vectors, s.features));
    scores = nescio_call_scratch(call, x.n, sizeof *scores);
    if (!scores)
        return nescio_call_nomem(call);
    if (s.n_vectors == 0)
        s.kernel = KERNEL_LINEAR;
    for (int64_t i = 0; i < x.n; i++) {
        const double *const row = x.at + i * x.features;
        double sum = s.rho.at[0];

        if (s.n_vectors == 0)
            sum += kernel_of(&s, row, s.coefficients.at);
        for (int64_t k = 0; k < s.n_vectors; k++)
            sum += s.coefficients.at[k] * kernel_of(&s, row, s.vectors.at + k * s.features);
        scores[i] = one_class ? (sum > 0 ? 1 : -1) : sum;
        nescio_ml_post_row(post, &scores[i], 1);
    }
    return nescio_ml_output(call, 0, NESCIO_F32, x.n, 1, scores);
}

/* Scores of all pairs of classes i < j, and the votes they give. */
static void vote(const svm *s, const double *kernels, double *pairs, double *votes)
{
    int64_t start_i = 0, pair = 0;

    memset(votes, 0, (size_t)s->n_classes * sizeof *votes);
    for (int64_t i = 0; i < s->n_classes; i++) {
        int64_t start_j = start_i + s->per_class.at[i];

        for (int64_t j = i + 1; j < s->n_classes; j++) {
            double sum = s->rho.at[pair];

            for (int64_t k = start_i; k < start_i + s->per_class.at[i]; k++)
                sum += s->coefficients.at[(j - 1) * s->n_vectors + k] * kernels[k];
            for (int64_t k = start_j; k < start_j + s->per_class.at[j]; k++)
                sum += s->coefficients.at[i * s->n_vectors + k] * kernels[k];
            pairs[pair++] = sum;
            votes[sum > 0 ? i : j] += 1;
            start_j += s->per_class.at[j];
        }
        start_i += s->per_class.at[i];
    }
}

/* r[i, j]: probability of i against j. p: the coupled probabilities, by fixed-point iteration. q:
 * scratch [n, n + 1]. */
static void couple(int64_t n, const double *r, double *q, double *p)
{
    double *const qp = q + n * n;
    const int64_t rounds = n > 100 ? n : 100;

    for (int64_t t = 0; t < n; t++) {
        p[t] = 1 / (double)n;
        q[t * n + t] = 0;
        for (int64_t j = 0; j < n; j++)
            if (j != t) {
                q[t * n + t] += r[j * n + t] * r[j * n + t];
                q[t * n + j] = -r[j * n + t] * r[t * n + j];
            }
    }
    for (int64_t round = 0; round < rounds; round++) {
        double pqp = 0, worst = 0;

        for (int64_t t = 0; t < n; t++) {
            qp[t] = 0;
            for (int64_t j = 0; j < n; j++)
                qp[t] += q[t * n + j] * p[j];
            pqp += p[t] * qp[t];
        }
        for (int64_t t = 0; t < n; t++)
            worst = fmax(worst, fabs(qp[t] - pqp));
        if (worst < 0.005 / (double)n)
            return;
        for (int64_t t = 0; t < n; t++) {
            const double diff = (pqp - qp[t]) / q[t * n + t];

            p[t] += diff;
            pqp = (pqp + diff * (diff * q[t * n + t] + 2 * qp[t])) / (1 + diff) / (1 + diff);
            for (int64_t j = 0; j < n; j++) {
                qp[j] = (qp[j] + diff * q[t * n + j]) / (1 + diff);
                p[j] /= 1 + diff;
            }
        }
    }
}

/* pairs -> n_classes probabilities in p. */
static void probabilities(const svm *s, const double *pairs, double *scratch, double *p)
{
    const int64_t n = s->n_classes;
    double *const r = scratch;
    int64_t pair = 0;

    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++, pair++) {
            const double v =
                1 - nescio_ml_logistic(pairs[pair] * s->prob_a.at[pair] + s->prob_b.at[pair]);

            r[i * n + j] = fmin(1 - 1e-7, fmax(1e-7, v));
            r[j * n + i] = 1 - r[i * n + j];
        }
    couple(n, r, scratch + n * n, p);
}

static nescio_status check_classifier(const nescio_refexec_call *call, svm *s, size_t n_labels)
{
    const size_t n = n_labels ? n_labels : 1;
    size_t pairs;

    s->n_classes = (int64_t)n;
    for (size_t i = 0; i < s->per_class.n; i++) {
        if (s->per_class.at[i] < 0 || s->per_class.at[i] > (int64_t)s->vectors.n)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "class %zu has %lld support vectors", i,
                                    (long long)s->per_class.at[i]);
        s->n_vectors += s->per_class.at[i];
    }
    if (s->n_vectors == 0) {
        if (s->coefficients.n / n < (size_t)s->features)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu coefficients for %zu classes",
                                    s->coefficients.n, n);
        return NESCIO_OK;
    }
    NESCIO_TRY(check_vectors(call, s));
    if (n < 2 || n > 1 << 15 || s->per_class.n != n)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "vectors_per_class has %zu entries for %zu classes", s->per_class.n,
                                n);
    pairs = n * (n - 1) / 2;
    if (s->rho.n < pairs || s->coefficients.n / (size_t)s->n_vectors < n - 1 ||
        (s->prob_a.n && (s->prob_a.n < pairs || s->prob_b.n < pairs)))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu classes need %zu pairs of parameters",
                                n, pairs);
    return NESCIO_OK;
}

/* Class of a row. One score for two classes: it speaks for the second one when no weight is
 * negative. */
static int64_t choose_class(const svm *s, const double *votes, const double *scores,
                            int64_t n_scores, bool positive)
{
    const double *const v = s->n_vectors ? votes : scores;
    const int64_t n = s->n_vectors ? s->n_classes : n_scores;
    const int64_t best = nescio_ml_argmax(v, n);

    if (s->n_vectors == 0 && s->rho.n == 1 && s->n_classes == 2 && positive && v[best] >= 0.5)
        return 1;
    if (s->n_classes == 1)
        return v[best] > 0 ? 0 : -1;
    return best;
}

/* Final scores of a row; one number for two classes becomes [-s, s]. */
static void finish_scores(const svm *s, nescio_ml_post post, double *scores, int64_t n)
{
    const bool mirrored = n == 1 && s->n_classes == 2;

    if (mirrored) {
        scores[1] = scores[0];
        scores[0] = -scores[1];
    }
    if (!mirrored || post != NESCIO_POST_PROBIT) /* a negative number is no probability */
        nescio_ml_post_row(post, scores, mirrored ? 2 : n);
}

/* Buffers of a row: kernels | pairs | votes | 2 n^2 + n of coupling. */
static nescio_status classify_rows(nescio_refexec_call *call, const svm *s, const nescio_ml_rows *x,
                                   const nescio_ml_labels *labels, nescio_ml_post post)
{
    const int64_t n = s->n_classes, n_pairs = s->n_vectors ? n * (n - 1) / 2 : n;
    const int64_t n_scores = s->n_vectors && s->prob_a.n ? n : n_pairs,
                  width = n_scores > 2 ? n_scores : 2;
    const int64_t n_final = n_scores == 1 && n == 2 ? 2 : n_scores;
    double *const kernels = nescio_call_scratch(call, s->n_vectors + 1, sizeof *kernels);
    double *const pairs = nescio_call_scratch(call, n_pairs + 2, sizeof *pairs);
    double *const votes = nescio_call_scratch(call, n, sizeof *votes);
    double *const coupling = nescio_call_scratch(call, 2 * n * n + n, sizeof *coupling);
    double *const row_scores = nescio_call_scratch(call, width, sizeof *row_scores);
    double *const scores = nescio_call_scratch(call, x->n * n_final + 1, sizeof *scores);
    bool positive = true;

    if (!kernels || !pairs || !votes || !coupling || !row_scores || !scores)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_call_spend(call, x->n, s->n_vectors + n, s->features + n));
    for (size_t i = 0; i < s->coefficients.n; i++)
        positive &= s->coefficients.at[i] >= 0;
    for (int64_t i = 0; i < x->n; i++) {
        const double *const row = x->at + i * x->features;

        for (int64_t k = 0; k < s->n_vectors; k++)
            kernels[k] = kernel_of(s, row, s->vectors.at + k * s->features);
        if (s->n_vectors)
            vote(s, kernels, pairs, votes);
        for (int64_t k = 0; !s->n_vectors && k < n; k++)
            pairs[k] = s->rho.at[0] + kernel_of(s, row, s->coefficients.at + k * s->features);
        if (n_scores == n && s->n_vectors && s->prob_a.n)
            probabilities(s, pairs, coupling, row_scores);
        else
            memcpy(row_scores, pairs, (size_t)n_scores * sizeof *pairs);
        nescio_ml_labels_set(call, labels, i,
                             choose_class(s, votes, row_scores, n_scores, positive));
        finish_scores(s, post, row_scores, n_scores);
        memcpy(scores + i * n_final, row_scores, (size_t)n_final * sizeof *scores);
    }
    return nescio_ml_output(call, 1, NESCIO_F32, x->n, n_final, scores);
}

nescio_status nescio_run_svm_classifier(nescio_refexec_call *call)
{
    nescio_ml_labels labels;
    nescio_ml_post post;
    nescio_ml_rows x;
    svm s;

    NESCIO_TRY(nescio_ml_rows_read(call, &x));
    NESCIO_TRY(nescio_ml_post_read(call, &post));
    NESCIO_TRY(nescio_ml_labels_read(call, &labels));
    NESCIO_TRY(read_svm(call, &x, &s));
    NESCIO_TRY(check_classifier(call, &s, labels.n));
    if (s.n_vectors == 0)
        s.kernel = KERNEL_LINEAR;
    NESCIO_TRY(nescio_ml_labels_begin(call, &labels, x.n));
    return classify_rows(call, &s, &x, &labels, post);
}
