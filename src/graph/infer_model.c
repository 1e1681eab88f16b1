/* SPDX-License-Identifier: Apache-2.0
 * Inference of classical models (ai.onnx.ml) and of CDist. Rows are axis 0; scores are float32. */
#include "graph/infer_internal.h"

#include <string.h>

static size_t list_count(const nescio_node *node, const char *name)
{
    const nescio_attr *const a = nescio_node_attr(node, name);

    return a ? a->count : 0;
}

/* [rows of x, columns]; a vector is one row. */
static nescio_shape rows_by(const nescio_shape *x, int64_t columns)
{
    nescio_shape out = nescio_shape_of_rank(2);

    if (x->rank == 1)
        nescio_shape_set(&out, 0, 1);
    else if (x->rank > 1)
        nescio_shape_take(&out, 0, x, 0);
    nescio_shape_set(&out, 1, columns);
    return out;
}

/* Labels [rows], scores [rows, classes]. */
static nescio_status infer_classifier(nescio_ctx *ctx, const nescio_node *node)
{
    const char *const ints_name =
        node->op == NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER ? "classlabels_int64s" : "classlabels_ints";
    const size_t n_strings = list_count(node, "classlabels_strings"),
                 n_ints = list_count(node, ints_name);
    const int64_t n = (int64_t)(n_strings ? n_strings : n_ints);
    nescio_shape scores = rows_by(nescio_infer_shape(node, 0), n > 0 ? n : NESCIO_DIM_UNKNOWN),
                 labels = scores;

    labels.rank = 1;
    /* One-against-one scores of an SVM without probabilities: k (k - 1) / 2 columns, as the
     * executor finds. */
    if (node->op == NESCIO_OP_SVM_CLASSIFIER || n == 1)
        nescio_shape_set(&scores, 1, NESCIO_DIM_UNKNOWN);
    NESCIO_TRY(nescio_infer_output(ctx, node, 0, n_strings ? NESCIO_STRING : NESCIO_I64, &labels));
    return nescio_infer_output(ctx, node, 1, NESCIO_F32, &scores);
}

static nescio_status infer_one_hot_encoder(nescio_ctx *ctx, const nescio_node *node)
{
    const size_t n = list_count(node, "cats_int64s") + list_count(node, "cats_strings");
    nescio_shape out = *nescio_infer_shape(node, 0);

    if (out.rank != NESCIO_RANK_UNKNOWN) {
        if (out.rank == NESCIO_RANK_MAX)
            return nescio_infer_fail(ctx, node, "makes a tensor of rank %d", out.rank + 1);
        nescio_shape_set(&out, out.rank++, (int64_t)n);
    }
    return nescio_infer_output(ctx, node, 0, NESCIO_F32, &out);
}

static nescio_status infer_label_encoder(nescio_ctx *ctx, const nescio_node *node)
{
    static const char *const keys[] = {"keys_int64s", "keys_floats", "keys_strings"};
    static const char *const values[] = {"values_int64s", "values_floats", "values_strings"};
    static const nescio_dtype types[] = {NESCIO_I64, NESCIO_F32, NESCIO_STRING};
    nescio_dtype dtype = NESCIO_DTYPE_NONE;
    size_t n_keys = 0, n_values = 0;

    for (int i = 0; i < 3; i++) {
        n_keys = nescio_node_attr(node, keys[i]) ? list_count(node, keys[i]) : n_keys;
        if (nescio_node_attr(node, values[i])) {
            n_values = list_count(node, values[i]);
            dtype = types[i];
        }
    }
    if (dtype == NESCIO_DTYPE_NONE || n_keys != n_values)
        return nescio_infer_fail(ctx, node, "has %zu keys for %zu values", n_keys, n_values);
    return nescio_infer_output(ctx, node, 0, dtype, nescio_infer_shape(node, 0));
}

/* data[..., indices]: [1, n] from a vector. */
static nescio_status infer_feature_extractor(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const at = nescio_infer_shape(node, 1);
    nescio_shape out = *nescio_infer_shape(node, 0);
    int64_t n = 1;

    for (int d = 0; d < at->rank; d++) {
        if (at->dims[d] < 0 || __builtin_mul_overflow(n, at->dims[d], &n))
            n = NESCIO_DIM_UNKNOWN;
        if (n < 0)
            break;
    }
    if (at->rank == NESCIO_RANK_UNKNOWN)
        n = NESCIO_DIM_UNKNOWN;
    if (out.rank == 0)
        return nescio_infer_fail(ctx, node, "takes features of a scalar");
    if (out.rank == 1)
        out = rows_by(&out, n);
    else if (out.rank != NESCIO_RANK_UNKNOWN)
        nescio_shape_set(&out, out.rank - 1, n);
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_feature_vectorizer(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_attr *const sizes = nescio_node_attr(node, "inputdimensions");
    nescio_shape out;
    int64_t total = 0;

    for (size_t i = 0; sizes && i < sizes->count; i++) {
        if (sizes->ints[i] < 0 || __builtin_add_overflow(total, sizes->ints[i], &total))
            return nescio_infer_fail(ctx, node, "inputdimensions has %lld",
                                     (long long)sizes->ints[i]);
    }
    out = rows_by(nescio_infer_shape(node, 0), sizes ? total : NESCIO_DIM_UNKNOWN);
    return nescio_infer_output(ctx, node, 0, NESCIO_F32, &out);
}

static nescio_status infer_cdist(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const a = nescio_infer_shape(node, 0), *const b =
                                                                   nescio_infer_shape(node, 1);
    nescio_shape out = nescio_shape_of_rank(2);

    if ((a->rank != NESCIO_RANK_UNKNOWN && a->rank != 2) ||
        (b->rank != NESCIO_RANK_UNKNOWN && b->rank != 2))
        return nescio_infer_fail(ctx, node, "takes two matrices");
    if (a->rank == 2)
        nescio_shape_take(&out, 0, a, 0);
    if (b->rank == 2)
        nescio_shape_take(&out, 1, b, 0);
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

/* Words along a new last axis. */
static nescio_status infer_tokenizer(nescio_ctx *ctx, const nescio_node *node)
{
    nescio_shape out = *nescio_infer_shape(node, 0);

    if (out.rank == NESCIO_RANK_MAX)
        return nescio_infer_fail(ctx, node, "makes a tensor of rank %d", out.rank + 1);
    if (out.rank != NESCIO_RANK_UNKNOWN)
        nescio_shape_set(&out, out.rank++, NESCIO_DIM_UNKNOWN);
    return nescio_infer_output(ctx, node, 0, NESCIO_STRING, &out);
}

/* Stop words are left out, so the last axis has any size where there are some. */
static nescio_status infer_string_normalizer(nescio_ctx *ctx, const nescio_node *node)
{
    nescio_shape out = *nescio_infer_shape(node, 0);

    if (out.rank > 0 && list_count(node, "stopwords") > 0)
        nescio_shape_set(&out, out.rank - 1, NESCIO_DIM_UNKNOWN);
    return nescio_infer_output(ctx, node, 0, NESCIO_STRING, &out);
}

/* The last axis becomes the columns that ngram_indexes names. */
static nescio_status infer_tf_idf_vectorizer(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_attr *const columns = nescio_node_attr(node, "ngram_indexes");
    nescio_shape out = *nescio_infer_shape(node, 0);
    int64_t n = 0;

    for (size_t i = 0; columns && columns->kind == NESCIO_ATTR_INTS && i < columns->count; i++) {
        if (columns->ints[i] < 0 || columns->ints[i] >= INT32_MAX)
            return nescio_infer_fail(ctx, node, "ngram_indexes has %lld",
                                     (long long)columns->ints[i]);
        n = columns->ints[i] >= n ? columns->ints[i] + 1 : n;
    }
    if (out.rank == 0 || out.rank > 2)
        return nescio_infer_fail(ctx, node, "takes a tensor of rank %d", out.rank);
    if (out.rank != NESCIO_RANK_UNKNOWN)
        nescio_shape_set(&out, out.rank - 1, n);
    return nescio_infer_output(ctx, node, 0, NESCIO_F32, &out);
}

nescio_status nescio_infer_model(nescio_ctx *ctx, nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    const nescio_dtype dtype = nescio_infer_dtype(node, 0);
    nescio_shape out;

    switch (node->op) {
    case NESCIO_OP_LINEAR_CLASSIFIER:
    case NESCIO_OP_SVM_CLASSIFIER:
    case NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER: return infer_classifier(ctx, node);
    case NESCIO_OP_LINEAR_REGRESSOR:
        out = rows_by(x, nescio_node_int(node, "targets", 1));
        return nescio_infer_output(ctx, node, 0, NESCIO_F32, &out);
    case NESCIO_OP_SVM_REGRESSOR:
        out = rows_by(x, 1);
        return nescio_infer_output(ctx, node, 0, NESCIO_F32, &out);
    case NESCIO_OP_TREE_ENSEMBLE_REGRESSOR:
    case NESCIO_OP_TREE_ENSEMBLE:
        if (nescio_node_int(node, "n_targets", 1) < 1)
            return nescio_infer_fail(ctx, node, "n_targets=%lld",
                                     (long long)nescio_node_int(node, "n_targets", 1));
        out = rows_by(x, nescio_node_int(node, "n_targets", 1));
        return nescio_infer_output(ctx, node, 0,
                                   node->op == NESCIO_OP_TREE_ENSEMBLE ? dtype : NESCIO_F32, &out);
    case NESCIO_OP_ONE_HOT_ENCODER: return infer_one_hot_encoder(ctx, node);
    case NESCIO_OP_LABEL_ENCODER: return infer_label_encoder(ctx, node);
    case NESCIO_OP_ARRAY_FEATURE_EXTRACTOR: return infer_feature_extractor(ctx, node);
    case NESCIO_OP_FEATURE_VECTORIZER: return infer_feature_vectorizer(ctx, node);
    case NESCIO_OP_CDIST: return infer_cdist(ctx, node);
    case NESCIO_OP_TOKENIZER: return infer_tokenizer(ctx, node);
    case NESCIO_OP_STRING_NORMALIZER: return infer_string_normalizer(ctx, node);
    case NESCIO_OP_TF_IDF_VECTORIZER: return infer_tf_idf_vectorizer(ctx, node);
    case NESCIO_OP_CATEGORY_MAPPER:
        return nescio_infer_output(ctx, node, 0,
                                   dtype == NESCIO_STRING ? NESCIO_I64 : NESCIO_STRING, x);
    case NESCIO_OP_NORMALIZER:
    case NESCIO_OP_SCALER: return nescio_infer_output(ctx, node, 0, NESCIO_F32, x);
    default: return nescio_infer_output(ctx, node, 0, dtype, x); /* Binarizer, Imputer */
    }
}
