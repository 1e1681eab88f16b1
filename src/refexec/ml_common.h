/* SPDX-License-Identifier: Apache-2.0
 * What the ai.onnx.ml models share: attributes as doubles, class labels, post-transforms, rows of
 * the input. */
#ifndef NESCIO_REFEXEC_ML_COMMON_H
#define NESCIO_REFEXEC_ML_COMMON_H
#include "refexec/refexec_internal.h"

/** A list of numbers from a FLOATS attribute `name`, or TENSOR attribute `tensor_name` (may be
 * NULL). n 0: absent. */
typedef struct nescio_ml_list {
    const double *at;
    size_t n;
} nescio_ml_list;

NESCIO_MUST_CHECK nescio_status nescio_ml_list_read(const nescio_refexec_call *call,
                                                    const char *name, const char *tensor_name,
                                                    nescio_ml_list *out);

/** Integers of an INTS attribute; n 0: absent. */
typedef struct nescio_ml_ints {
    const int64_t *at;
    size_t n;
} nescio_ml_ints;

NESCIO_MUST_CHECK nescio_status nescio_ml_ints_read(const nescio_refexec_call *call,
                                                    const char *name, nescio_ml_ints *out);

/** Labels of the classes: exactly one of ints and strings, or neither (then class numbers are the
 * labels). */
typedef struct nescio_ml_labels {
    const int64_t *ints;
    const char *const *strings;
    size_t n;
} nescio_ml_labels;

NESCIO_MUST_CHECK nescio_status nescio_ml_labels_read(const nescio_refexec_call *call,
                                                      nescio_ml_labels *out);
/** Output 0 becomes n_rows labels, to be set one by one. */
NESCIO_MUST_CHECK nescio_status nescio_ml_labels_begin(nescio_refexec_call *call,
                                                       const nescio_ml_labels *labels,
                                                       int64_t n_rows);
/** Label of a row: that of class i_class; "" or 0 for i_class < 0, the number itself beyond the
 * labels. */
void nescio_ml_labels_set(nescio_refexec_call *call, const nescio_ml_labels *labels, int64_t i_row,
                          int64_t i_class);

typedef enum nescio_ml_post {
    NESCIO_POST_NONE,
    NESCIO_POST_SOFTMAX,
    NESCIO_POST_LOGISTIC,
    NESCIO_POST_SOFTMAX_ZERO,
    NESCIO_POST_PROBIT,
} nescio_ml_post;

/** Attribute post_transform as a string. */
NESCIO_MUST_CHECK nescio_status nescio_ml_post_read(const nescio_refexec_call *call,
                                                    nescio_ml_post *out);
/** Transforms the n scores of one row in place. */
void nescio_ml_post_row(nescio_ml_post post, double *scores, int64_t n);
double nescio_ml_logistic(double v);

/** Input 0 as rows of doubles; a vector is one row. */
typedef struct nescio_ml_rows {
    const double *at;
    int64_t n, features;
} nescio_ml_rows;

NESCIO_MUST_CHECK nescio_status nescio_ml_rows_read(const nescio_refexec_call *call,
                                                    nescio_ml_rows *out);
/** Index of the largest of n > 0 numbers, the first of equals. */
int64_t nescio_ml_argmax(const double *v, int64_t n);
/** Output i, [rows, columns] of `dtype`, from doubles. */
NESCIO_MUST_CHECK nescio_status nescio_ml_output(nescio_refexec_call *call, uint32_t i,
                                                 nescio_dtype dtype, int64_t rows, int64_t columns,
                                                 const double *values);
#endif /* NESCIO_REFEXEC_ML_COMMON_H */
