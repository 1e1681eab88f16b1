/* SPDX-License-Identifier: Apache-2.0
 * The operators' functions: which one runs which operator, and where it is. */
#ifndef NESCIO_REFEXEC_RUN_TABLE_H
#define NESCIO_REFEXEC_RUN_TABLE_H
#include "refexec/refexec_internal.h"

/** By operator; NULL where there is none. */
extern const nescio_refexec_run_fn nescio_run_table[NESCIO_OP_COUNT];
/** Those of border_ops.inc alone. */
extern const nescio_refexec_run_fn nescio_run_border[NESCIO_OP_COUNT];

/* unary.c */
nescio_status nescio_run_unary(nescio_refexec_call *call);
nescio_status nescio_run_float_test(nescio_refexec_call *call);
nescio_status nescio_run_clip(nescio_refexec_call *call);
/* binary.c */
nescio_status nescio_run_binary(nescio_refexec_call *call);
nescio_status nescio_run_compare(nescio_refexec_call *call);
nescio_status nescio_run_variadic(nescio_refexec_call *call);
nescio_status nescio_run_pow(nescio_refexec_call *call);
nescio_status nescio_run_where(nescio_refexec_call *call);
/* cast_ops.c */
nescio_status nescio_run_cast(nescio_refexec_call *call);
/* reduce.c */
nescio_status nescio_run_reduce(nescio_refexec_call *call);
nescio_status nescio_run_cum_sum(nescio_refexec_call *call);
/* order.c */
nescio_status nescio_run_arg_extreme(nescio_refexec_call *call);
nescio_status nescio_run_hardmax(nescio_refexec_call *call);
nescio_status nescio_run_top_k(nescio_refexec_call *call);
nescio_status nescio_run_unique(nescio_refexec_call *call);
/* softmax.c */
nescio_status nescio_run_softmax(nescio_refexec_call *call);
/* fold_ops.c */
nescio_status nescio_run_col2im(nescio_refexec_call *call);
/* regions.c */
nescio_status nescio_run_roi_align(nescio_refexec_call *call);
nescio_status nescio_run_non_max_suppression(nescio_refexec_call *call);
/* sample_grid.c */
nescio_status nescio_run_grid_sample(nescio_refexec_call *call);
nescio_status nescio_run_affine_grid(nescio_refexec_call *call);
/* shape_ops.c */
nescio_status nescio_run_identity(nescio_refexec_call *call);
nescio_status nescio_run_flatten(nescio_refexec_call *call);
nescio_status nescio_run_reshape(nescio_refexec_call *call);
nescio_status nescio_run_squeeze(nescio_refexec_call *call);
nescio_status nescio_run_unsqueeze(nescio_refexec_call *call);
nescio_status nescio_run_shape(nescio_refexec_call *call);
nescio_status nescio_run_size(nescio_refexec_call *call);
/* layout_ops.c */
nescio_status nescio_run_transpose(nescio_refexec_call *call);
nescio_status nescio_run_concat(nescio_refexec_call *call);
nescio_status nescio_run_split(nescio_refexec_call *call);
nescio_status nescio_run_slice(nescio_refexec_call *call);
nescio_status nescio_run_expand(nescio_refexec_call *call);
nescio_status nescio_run_depth_space(nescio_refexec_call *call);
nescio_status nescio_run_reverse_sequence(nescio_refexec_call *call);
/* map_ops.c */
nescio_status nescio_run_tile(nescio_refexec_call *call);
nescio_status nescio_run_pad(nescio_refexec_call *call);
/* index_ops.c */
nescio_status nescio_run_gather(nescio_refexec_call *call);
nescio_status nescio_run_gather_elements(nescio_refexec_call *call);
nescio_status nescio_run_gather_nd(nescio_refexec_call *call);
nescio_status nescio_run_scatter_elements(nescio_refexec_call *call);
nescio_status nescio_run_scatter_nd(nescio_refexec_call *call);
nescio_status nescio_run_compress(nescio_refexec_call *call);
nescio_status nescio_run_non_zero(nescio_refexec_call *call);
nescio_status nescio_run_one_hot(nescio_refexec_call *call);
/* fill_ops.c */
nescio_status nescio_run_constant_of_shape(nescio_refexec_call *call);
nescio_status nescio_run_range(nescio_refexec_call *call);
nescio_status nescio_run_eye_like(nescio_refexec_call *call);
nescio_status nescio_run_trilu(nescio_refexec_call *call);
/* matmul.c */
nescio_status nescio_run_matmul(nescio_refexec_call *call);
nescio_status nescio_run_gemm(nescio_refexec_call *call);
/* conv.c, conv_transpose.c */
nescio_status nescio_run_conv(nescio_refexec_call *call);
nescio_status nescio_run_conv_transpose(nescio_refexec_call *call);
/* pooling.c */
nescio_status nescio_run_pool(nescio_refexec_call *call);
nescio_status nescio_run_global_pool(nescio_refexec_call *call);
/* norm.c */
nescio_status nescio_run_batch_normalization(nescio_refexec_call *call);
nescio_status nescio_run_group_normalization(nescio_refexec_call *call);
nescio_status nescio_run_layer_normalization(nescio_refexec_call *call);
nescio_status nescio_run_lp_normalization(nescio_refexec_call *call);
nescio_status nescio_run_lrn(nescio_refexec_call *call);
nescio_status nescio_run_mean_variance_normalization(nescio_refexec_call *call);
/* einsum.c */
nescio_status nescio_run_einsum(nescio_refexec_call *call);
/* resize.c */
nescio_status nescio_run_resize(nescio_refexec_call *call);
/* quantize_ops.c, integer_ops.c */
nescio_status nescio_run_quantize_linear(nescio_refexec_call *call);
nescio_status nescio_run_dequantize_linear(nescio_refexec_call *call);
nescio_status nescio_run_dynamic_quantize_linear(nescio_refexec_call *call);
nescio_status nescio_run_qonnx(nescio_refexec_call *call);
nescio_status nescio_run_matmul_integer(nescio_refexec_call *call);
nescio_status nescio_run_conv_integer(nescio_refexec_call *call);
nescio_status nescio_run_qlinear_matmul(nescio_refexec_call *call);
nescio_status nescio_run_qlinear_conv(nescio_refexec_call *call);
/* control.c */
nescio_status nescio_run_if(nescio_refexec_call *call);
nescio_status nescio_run_loop(nescio_refexec_call *call);
nescio_status nescio_run_scan(nescio_refexec_call *call);
/* rnn.c */
nescio_status nescio_run_recurrent(nescio_refexec_call *call);
/* ml_linear.c, ml_svm.c, ml_tree.c, ml_tree_ids.c */
nescio_status nescio_run_linear_classifier(nescio_refexec_call *call);
nescio_status nescio_run_linear_regressor(nescio_refexec_call *call);
nescio_status nescio_run_cdist(nescio_refexec_call *call);
nescio_status nescio_run_svm_classifier(nescio_refexec_call *call);
nescio_status nescio_run_svm_regressor(nescio_refexec_call *call);
nescio_status nescio_run_tree_classifier(nescio_refexec_call *call);
nescio_status nescio_run_tree_regressor(nescio_refexec_call *call);
nescio_status nescio_run_tree_ensemble(nescio_refexec_call *call);
/* ml_features.c, ml_encode.c */
nescio_status nescio_run_scaler(nescio_refexec_call *call);
nescio_status nescio_run_normalizer(nescio_refexec_call *call);
nescio_status nescio_run_binarizer(nescio_refexec_call *call);
nescio_status nescio_run_imputer(nescio_refexec_call *call);
nescio_status nescio_run_array_feature_extractor(nescio_refexec_call *call);
nescio_status nescio_run_feature_vectorizer(nescio_refexec_call *call);
nescio_status nescio_run_label_encoder(nescio_refexec_call *call);
nescio_status nescio_run_category_mapper(nescio_refexec_call *call);
nescio_status nescio_run_one_hot_encoder(nescio_refexec_call *call);
/* string_normalizer.c, tokenizer.c, ngrams.c */
nescio_status nescio_run_string_normalizer(nescio_refexec_call *call);
nescio_status nescio_run_tokenizer(nescio_refexec_call *call);
nescio_status nescio_run_tf_idf_vectorizer(nescio_refexec_call *call);
#endif /* NESCIO_REFEXEC_RUN_TABLE_H */
