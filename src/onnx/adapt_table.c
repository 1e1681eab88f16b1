/* SPDX-License-Identifier: Apache-2.0
 * Which operators can be read: one line each. Since-versions, attributes of all versions and their
 * types from ONNX's operator schemas; an attribute that an older or newer version does not have is
 * checked by the adapter that cares. */
#include "onnx/import_internal.h"

#define ONNX      ""
#define ML        "ai.onnx.ml"
#define MICROSOFT "com.microsoft"
#define QONNX     "qonnx.custom_op.general"

/* clang-format off */
static const nescio_adapt_rule rules[] = {
    {ONNX, "Abs", 1, 27, NESCIO_OP_ABS, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "Acos", 7, 27, NESCIO_OP_ACOS, nescio_adapt_same, ""},
    {ONNX, "Acosh", 9, 27, NESCIO_OP_ACOSH, nescio_adapt_same, ""},
    {ONNX, "Add", 1, 27, NESCIO_OP_ADD, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ONNX, "AffineGrid", 20, 27, NESCIO_OP_AFFINE_GRID, nescio_adapt_same, "align_corners:i"},
    {ONNX, "And", 1, 27, NESCIO_OP_AND, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ONNX, "ArgMax", 1, 27, NESCIO_OP_ARG_MAX, nescio_adapt_same, "axis:i keepdims:i select_last_index:i"},
    {ONNX, "ArgMin", 1, 27, NESCIO_OP_ARG_MIN, nescio_adapt_same, "axis:i keepdims:i select_last_index:i"},
    {ONNX, "Asin", 7, 27, NESCIO_OP_ASIN, nescio_adapt_same, ""},
    {ONNX, "Asinh", 9, 27, NESCIO_OP_ASINH, nescio_adapt_same, ""},
    {ONNX, "Atan", 7, 27, NESCIO_OP_ATAN, nescio_adapt_same, ""},
    {ONNX, "Atanh", 9, 27, NESCIO_OP_ATANH, nescio_adapt_same, ""},
    {ONNX, "Attention", 23, 27, NESCIO_OP_SOFTMAX, nescio_adapt_attention, "-is_causal:i -kv_num_heads:i -q_num_heads:i -qk_matmul_output_mode:i -scale:f -softcap:f -softmax_precision:i"},
    {ONNX, "AveragePool", 1, 27, NESCIO_OP_AVERAGE_POOL, nescio_adapt_same, "auto_pad:s ceil_mode:i count_include_pad:i dilations:I kernel_shape:I pads:I strides:I"},
    {ONNX, "BatchNormalization", 1, 27, NESCIO_OP_BATCH_NORMALIZATION, nescio_adapt_batch_normalization, "epsilon:f -is_test:i -momentum:f -spatial:i -training_mode:i -consumed_inputs:I"},
    {ONNX, "BitShift", 11, 27, NESCIO_OP_BIT_SHIFT, nescio_adapt_same, "direction:s"},
    {ONNX, "BitwiseAnd", 18, 27, NESCIO_OP_BITWISE_AND, nescio_adapt_same, ""},
    {ONNX, "BitwiseNot", 18, 27, NESCIO_OP_BITWISE_NOT, nescio_adapt_same, ""},
    {ONNX, "BitwiseOr", 18, 27, NESCIO_OP_BITWISE_OR, nescio_adapt_same, ""},
    {ONNX, "BitwiseXor", 18, 27, NESCIO_OP_BITWISE_XOR, nescio_adapt_same, ""},
    {ONNX, "Cast", 1, 27, NESCIO_OP_CAST, nescio_adapt_cast, "to:i to:s -saturate:i -round_mode:s"},
    {ONNX, "CastLike", 15, 27, NESCIO_OP_CAST, nescio_adapt_cast_like, "-saturate:i -round_mode:s"},
    {ONNX, "Ceil", 1, 27, NESCIO_OP_CEIL, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "Celu", 12, 27, NESCIO_OP_CELU, nescio_adapt_same, "alpha:f"},
    {ONNX, "Clip", 1, 27, NESCIO_OP_CLIP, nescio_adapt_clip, "-max:f -min:f -consumed_inputs:I"},
    {ONNX, "Col2Im", 18, 27, NESCIO_OP_COL2IM, nescio_adapt_same, "dilations:I pads:I strides:I"},
    {ONNX, "Compress", 9, 27, NESCIO_OP_COMPRESS, nescio_adapt_same, "axis:i"},
    {ONNX, "Concat", 1, 27, NESCIO_OP_CONCAT, nescio_adapt_concat, "axis:i"},
    {ONNX, "Constant", 1, 27, NESCIO_OP_IDENTITY, nescio_adapt_constant, "sparse_value:p value:t value_float:f value_floats:F value_int:i value_ints:I value_string:s value_strings:S"},
    {ONNX, "ConstantOfShape", 9, 27, NESCIO_OP_CONSTANT_OF_SHAPE, nescio_adapt_same, "value:t"},
    {ONNX, "Conv", 1, 27, NESCIO_OP_CONV, nescio_adapt_same, "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I"},
    {ONNX, "ConvInteger", 10, 27, NESCIO_OP_CONV_INTEGER, nescio_adapt_same, "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I"},
    {ONNX, "ConvTranspose", 1, 27, NESCIO_OP_CONV_TRANSPOSE, nescio_adapt_same, "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I output_padding:I output_shape:I"},
    {ONNX, "Cos", 7, 27, NESCIO_OP_COS, nescio_adapt_same, ""},
    {ONNX, "Cosh", 9, 27, NESCIO_OP_COSH, nescio_adapt_same, ""},
    {ONNX, "CumSum", 11, 27, NESCIO_OP_CUM_SUM, nescio_adapt_same, "exclusive:i reverse:i"},
    {ONNX, "DepthToSpace", 1, 27, NESCIO_OP_DEPTH_TO_SPACE, nescio_adapt_same, "blocksize:i mode:s"},
    {ONNX, "DequantizeLinear", 10, 27, NESCIO_OP_DEQUANTIZE_LINEAR, nescio_adapt_dequantize, "axis:i block_size:i -output_dtype:i"},
    {ONNX, "Div", 1, 27, NESCIO_OP_DIV, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ONNX, "Dropout", 1, 27, NESCIO_OP_IDENTITY, nescio_adapt_dropout, "-is_test:i -ratio:f -seed:i -consumed_inputs:I"},
    {ONNX, "DynamicQuantizeLinear", 11, 27, NESCIO_OP_DYNAMIC_QUANTIZE_LINEAR, nescio_adapt_same, ""},
    {ONNX, "Einsum", 12, 27, NESCIO_OP_EINSUM, nescio_adapt_same, "equation:s"},
    {ONNX, "Elu", 1, 27, NESCIO_OP_ELU, nescio_adapt_same, "alpha:f -consumed_inputs:I"},
    {ONNX, "Equal", 1, 27, NESCIO_OP_EQUAL, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ONNX, "Erf", 9, 27, NESCIO_OP_ERF, nescio_adapt_same, ""},
    {ONNX, "Exp", 1, 27, NESCIO_OP_EXP, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "Expand", 8, 27, NESCIO_OP_EXPAND, nescio_adapt_same, ""},
    {ONNX, "EyeLike", 9, 27, NESCIO_OP_EYE_LIKE, nescio_adapt_eye_like, "-dtype:i k:i"},
    {ONNX, "Flatten", 1, 27, NESCIO_OP_FLATTEN, nescio_adapt_same, "axis:i"},
    {ONNX, "Floor", 1, 27, NESCIO_OP_FLOOR, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "GRU", 7, 27, NESCIO_OP_GRU, nescio_adapt_same, "activation_alpha:F activation_beta:F activations:S clip:f direction:s hidden_size:i layout:i linear_before_reset:i"},
    {ONNX, "Gather", 1, 27, NESCIO_OP_GATHER, nescio_adapt_same, "axis:i"},
    {ONNX, "GatherElements", 11, 27, NESCIO_OP_GATHER_ELEMENTS, nescio_adapt_same, "axis:i"},
    {ONNX, "GatherND", 11, 27, NESCIO_OP_GATHER_ND, nescio_adapt_same, "batch_dims:i"},
    {ONNX, "Gelu", 20, 27, NESCIO_OP_GELU, nescio_adapt_same, "approximate:s"},
    {ONNX, "Gemm", 1, 27, NESCIO_OP_GEMM, nescio_adapt_same, "alpha:f beta:f -broadcast:i transA:i transB:i"},
    {ONNX, "GlobalAveragePool", 1, 27, NESCIO_OP_GLOBAL_AVERAGE_POOL, nescio_adapt_same, ""},
    {ONNX, "GlobalLpPool", 2, 27, NESCIO_OP_GLOBAL_LP_POOL, nescio_adapt_same, "p:i"},
    {ONNX, "GlobalMaxPool", 1, 27, NESCIO_OP_GLOBAL_MAX_POOL, nescio_adapt_same, ""},
    {ONNX, "Greater", 1, 27, NESCIO_OP_GREATER, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ONNX, "GreaterOrEqual", 12, 27, NESCIO_OP_GREATER_OR_EQUAL, nescio_adapt_same, ""},
    {ONNX, "GridSample", 16, 27, NESCIO_OP_GRID_SAMPLE, nescio_adapt_grid_sample, "align_corners:i -mode:s padding_mode:s"},
    {ONNX, "GroupNormalization", 18, 27, NESCIO_OP_GROUP_NORMALIZATION, nescio_adapt_group_normalization, "epsilon:f num_groups:i -stash_type:i"},
    {ONNX, "HardSigmoid", 1, 27, NESCIO_OP_HARD_SIGMOID, nescio_adapt_same, "alpha:f beta:f -consumed_inputs:I"},
    {ONNX, "HardSwish", 14, 27, NESCIO_OP_HARD_SWISH, nescio_adapt_same, ""},
    {ONNX, "Hardmax", 1, 27, NESCIO_OP_HARDMAX, nescio_adapt_softmax, "axis:i"},
    {ONNX, "Identity", 1, 27, NESCIO_OP_IDENTITY, nescio_adapt_same, ""},
    {ONNX, "If", 1, 27, NESCIO_OP_IF, nescio_adapt_if, "else_branch:g then_branch:g"},
    {ONNX, "InstanceNormalization", 1, 27, NESCIO_OP_INSTANCE_NORMALIZATION, nescio_adapt_same, "epsilon:f -consumed_inputs:I"},
    {ONNX, "IsInf", 10, 27, NESCIO_OP_IS_INF, nescio_adapt_same, "detect_negative:i detect_positive:i"},
    {ONNX, "IsNaN", 9, 27, NESCIO_OP_IS_NAN, nescio_adapt_same, ""},
    {ONNX, "LRN", 1, 27, NESCIO_OP_LRN, nescio_adapt_same, "alpha:f beta:f bias:f size:i"},
    {ONNX, "LSTM", 7, 27, NESCIO_OP_LSTM, nescio_adapt_same, "activation_alpha:F activation_beta:F activations:S clip:f direction:s hidden_size:i layout:i input_forget:i"},
    {ONNX, "LayerNormalization", 17, 27, NESCIO_OP_LAYER_NORMALIZATION, nescio_adapt_same, "axis:i epsilon:f -stash_type:i"},
    {ONNX, "LeakyRelu", 1, 27, NESCIO_OP_LEAKY_RELU, nescio_adapt_same, "alpha:f -consumed_inputs:I"},
    {ONNX, "Less", 1, 27, NESCIO_OP_LESS, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ONNX, "LessOrEqual", 12, 27, NESCIO_OP_LESS_OR_EQUAL, nescio_adapt_same, ""},
    {ONNX, "Log", 1, 27, NESCIO_OP_LOG, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "LogSoftmax", 1, 27, NESCIO_OP_LOG_SOFTMAX, nescio_adapt_softmax, "axis:i"},
    {ONNX, "Loop", 1, 27, NESCIO_OP_LOOP, nescio_adapt_loop, "body:g"},
    {ONNX, "LpNormalization", 1, 27, NESCIO_OP_LP_NORMALIZATION, nescio_adapt_same, "axis:i p:i"},
    {ONNX, "LpPool", 2, 27, NESCIO_OP_LP_POOL, nescio_adapt_same, "auto_pad:s ceil_mode:i dilations:I kernel_shape:I p:i pads:I strides:I"},
    {ONNX, "MatMul", 1, 27, NESCIO_OP_MATMUL, nescio_adapt_same, ""},
    {ONNX, "MatMulInteger", 10, 27, NESCIO_OP_MATMUL_INTEGER, nescio_adapt_same, ""},
    {ONNX, "Max", 1, 27, NESCIO_OP_MAX, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "MaxPool", 1, 27, NESCIO_OP_MAX_POOL, nescio_adapt_same, "auto_pad:s ceil_mode:i dilations:I kernel_shape:I pads:I storage_order:i strides:I"},
    {ONNX, "Mean", 1, 27, NESCIO_OP_MEAN, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "MeanVarianceNormalization", 9, 27, NESCIO_OP_MEAN_VARIANCE_NORMALIZATION, nescio_adapt_same, "axes:I"},
    {ONNX, "Min", 1, 27, NESCIO_OP_MIN, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "Mish", 18, 27, NESCIO_OP_MISH, nescio_adapt_same, ""},
    {ONNX, "Mod", 10, 27, NESCIO_OP_MOD, nescio_adapt_same, "fmod:i"},
    {ONNX, "Mul", 1, 27, NESCIO_OP_MUL, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ONNX, "Neg", 1, 27, NESCIO_OP_NEG, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "NonMaxSuppression", 10, 27, NESCIO_OP_NON_MAX_SUPPRESSION, nescio_adapt_same, "center_point_box:i"},
    {ONNX, "NonZero", 9, 27, NESCIO_OP_NON_ZERO, nescio_adapt_same, ""},
    {ONNX, "Not", 1, 27, NESCIO_OP_NOT, nescio_adapt_same, ""},
    {ONNX, "OneHot", 9, 27, NESCIO_OP_ONE_HOT, nescio_adapt_same, "axis:i"},
    {ONNX, "Or", 1, 27, NESCIO_OP_OR, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ONNX, "PRelu", 1, 27, NESCIO_OP_PRELU, nescio_adapt_prelu, "-consumed_inputs:I"},
    {ONNX, "Pad", 1, 27, NESCIO_OP_PAD, nescio_adapt_pad, "mode:s -paddings:I -pads:I -value:f"},
    {ONNX, "Pow", 1, 27, NESCIO_OP_POW, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ONNX, "QLinearConv", 10, 27, NESCIO_OP_QLINEAR_CONV, nescio_adapt_same, "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I"},
    {ONNX, "QLinearMatMul", 10, 27, NESCIO_OP_QLINEAR_MATMUL, nescio_adapt_same, ""},
    {ONNX, "QuantizeLinear", 10, 27, NESCIO_OP_QUANTIZE_LINEAR, nescio_adapt_quantize, "axis:i block_size:i output_dtype:i -precision:i -saturate:i"},
    {ONNX, "RMSNormalization", 23, 27, NESCIO_OP_REDUCE_MEAN, nescio_adapt_rms_normalization, "-axis:i -epsilon:f -stash_type:i"},
    {ONNX, "RNN", 7, 27, NESCIO_OP_RNN, nescio_adapt_same, "activation_alpha:F activation_beta:F activations:S clip:f direction:s hidden_size:i layout:i"},
    {ONNX, "Range", 11, 27, NESCIO_OP_RANGE, nescio_adapt_same, "-stash_type:i"},
    {ONNX, "Reciprocal", 1, 27, NESCIO_OP_RECIPROCAL, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "ReduceL1", 1, 27, NESCIO_OP_REDUCE_L1, nescio_adapt_axes_input, "-axes:I keepdims:i noop_with_empty_axes:i"},
    {ONNX, "ReduceL2", 1, 27, NESCIO_OP_REDUCE_L2, nescio_adapt_axes_input, "-axes:I keepdims:i noop_with_empty_axes:i"},
    {ONNX, "ReduceLogSum", 1, 27, NESCIO_OP_REDUCE_LOG_SUM, nescio_adapt_axes_input, "-axes:I keepdims:i noop_with_empty_axes:i"},
    {ONNX, "ReduceLogSumExp", 1, 27, NESCIO_OP_REDUCE_LOG_SUM_EXP, nescio_adapt_axes_input, "-axes:I keepdims:i noop_with_empty_axes:i"},
    {ONNX, "ReduceMax", 1, 27, NESCIO_OP_REDUCE_MAX, nescio_adapt_axes_input, "-axes:I keepdims:i noop_with_empty_axes:i"},
    {ONNX, "ReduceMean", 1, 27, NESCIO_OP_REDUCE_MEAN, nescio_adapt_axes_input, "-axes:I keepdims:i noop_with_empty_axes:i"},
    {ONNX, "ReduceMin", 1, 27, NESCIO_OP_REDUCE_MIN, nescio_adapt_axes_input, "-axes:I keepdims:i noop_with_empty_axes:i"},
    {ONNX, "ReduceProd", 1, 27, NESCIO_OP_REDUCE_PROD, nescio_adapt_axes_input, "-axes:I keepdims:i noop_with_empty_axes:i"},
    {ONNX, "ReduceSum", 1, 27, NESCIO_OP_REDUCE_SUM, nescio_adapt_axes_input, "-axes:I keepdims:i noop_with_empty_axes:i"},
    {ONNX, "ReduceSumSquare", 1, 27, NESCIO_OP_REDUCE_SUM_SQUARE, nescio_adapt_axes_input, "-axes:I keepdims:i noop_with_empty_axes:i"},
    {ONNX, "Relu", 1, 27, NESCIO_OP_RELU, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "Reshape", 1, 27, NESCIO_OP_RESHAPE, nescio_adapt_reshape, "allowzero:i -shape:I -consumed_inputs:I"},
    {ONNX, "Resize", 10, 27, NESCIO_OP_RESIZE, nescio_adapt_resize, "antialias:i axes:I coordinate_transformation_mode:s cubic_coeff_a:f exclude_outside:i extrapolation_value:f keep_aspect_ratio_policy:s mode:s nearest_mode:s"},
    {ONNX, "ReverseSequence", 10, 27, NESCIO_OP_REVERSE_SEQUENCE, nescio_adapt_same, "batch_axis:i time_axis:i"},
    {ONNX, "RoiAlign", 10, 27, NESCIO_OP_ROI_ALIGN, nescio_adapt_roi_align, "-coordinate_transformation_mode:s mode:s output_height:i output_width:i sampling_ratio:i spatial_scale:f"},
    {ONNX, "RotaryEmbedding", 23, 27, NESCIO_OP_MUL, nescio_adapt_rotary, "-interleaved:i -num_heads:i -rotary_embedding_dim:i"},
    {ONNX, "Round", 11, 27, NESCIO_OP_ROUND, nescio_adapt_same, ""},
    {ONNX, "Scan", 8, 27, NESCIO_OP_SCAN, nescio_adapt_scan, "body:g -directions:I num_scan_inputs:i scan_input_axes:I scan_input_directions:I scan_output_axes:I scan_output_directions:I"},
    {ONNX, "Scatter", 9, 27, NESCIO_OP_SCATTER_ELEMENTS, nescio_adapt_same, "axis:i"},
    {ONNX, "ScatterElements", 11, 27, NESCIO_OP_SCATTER_ELEMENTS, nescio_adapt_same, "axis:i reduction:s"},
    {ONNX, "ScatterND", 11, 27, NESCIO_OP_SCATTER_ND, nescio_adapt_same, "reduction:s"},
    {ONNX, "Selu", 1, 27, NESCIO_OP_SELU, nescio_adapt_same, "alpha:f gamma:f -consumed_inputs:I"},
    {ONNX, "Shape", 1, 27, NESCIO_OP_SHAPE, nescio_adapt_same, "end:i start:i"},
    {ONNX, "Shrink", 9, 27, NESCIO_OP_SHRINK, nescio_adapt_same, "bias:f lambd:f"},
    {ONNX, "Sigmoid", 1, 27, NESCIO_OP_SIGMOID, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "Sign", 9, 27, NESCIO_OP_SIGN, nescio_adapt_same, ""},
    {ONNX, "Sin", 7, 27, NESCIO_OP_SIN, nescio_adapt_same, ""},
    {ONNX, "Sinh", 9, 27, NESCIO_OP_SINH, nescio_adapt_same, ""},
    {ONNX, "Size", 1, 27, NESCIO_OP_SIZE, nescio_adapt_same, ""},
    {ONNX, "Slice", 1, 27, NESCIO_OP_SLICE, nescio_adapt_slice, "-axes:I -ends:I -starts:I"},
    {ONNX, "Softmax", 1, 27, NESCIO_OP_SOFTMAX, nescio_adapt_softmax, "axis:i"},
    {ONNX, "Softplus", 1, 27, NESCIO_OP_SOFTPLUS, nescio_adapt_same, ""},
    {ONNX, "Softsign", 1, 27, NESCIO_OP_SOFTSIGN, nescio_adapt_same, ""},
    {ONNX, "SpaceToDepth", 1, 27, NESCIO_OP_SPACE_TO_DEPTH, nescio_adapt_same, "blocksize:i"},
    {ONNX, "Split", 1, 27, NESCIO_OP_SPLIT, nescio_adapt_split, "axis:i -num_outputs:i -split:I"},
    {ONNX, "Sqrt", 1, 27, NESCIO_OP_SQRT, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "Squeeze", 1, 27, NESCIO_OP_SQUEEZE, nescio_adapt_axes_input, "-axes:I"},
    {ONNX, "StringNormalizer", 10, 27, NESCIO_OP_STRING_NORMALIZER, nescio_adapt_same, "case_change_action:s is_case_sensitive:i -locale:s stopwords:S"},
    {ONNX, "Sub", 1, 27, NESCIO_OP_SUB, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ONNX, "Sum", 1, 27, NESCIO_OP_SUM, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "Swish", 24, 27, NESCIO_OP_SIGMOID, nescio_adapt_swish, "-alpha:f"},
    {ONNX, "Tan", 7, 27, NESCIO_OP_TAN, nescio_adapt_same, ""},
    {ONNX, "Tanh", 1, 27, NESCIO_OP_TANH, nescio_adapt_same, "-consumed_inputs:I"},
    {ONNX, "TfIdfVectorizer", 9, 27, NESCIO_OP_TF_IDF_VECTORIZER, nescio_adapt_same, "max_gram_length:i max_skip_count:i min_gram_length:i mode:s ngram_counts:I ngram_indexes:I pool_int64s:I pool_strings:S weights:F"},
    {ONNX, "ThresholdedRelu", 10, 27, NESCIO_OP_THRESHOLDED_RELU, nescio_adapt_same, "alpha:f"},
    {ONNX, "Tile", 6, 27, NESCIO_OP_TILE, nescio_adapt_same, ""},
    {ONNX, "TopK", 1, 27, NESCIO_OP_TOP_K, nescio_adapt_top_k, "axis:i -k:i largest:i sorted:i"},
    {ONNX, "Transpose", 1, 27, NESCIO_OP_TRANSPOSE, nescio_adapt_same, "perm:I"},
    {ONNX, "Trilu", 14, 27, NESCIO_OP_TRILU, nescio_adapt_same, "upper:i"},
    {ONNX, "Unique", 11, 27, NESCIO_OP_UNIQUE, nescio_adapt_same, "axis:i sorted:i"},
    {ONNX, "Unsqueeze", 1, 27, NESCIO_OP_UNSQUEEZE, nescio_adapt_axes_input, "-axes:I"},
    {ONNX, "Upsample", 1, 27, NESCIO_OP_RESIZE, nescio_adapt_upsample, "-height_scale:f -mode:s -scales:F -width_scale:f"},
    {ONNX, "Where", 9, 27, NESCIO_OP_WHERE, nescio_adapt_same, ""},
    {ONNX, "Xor", 1, 27, NESCIO_OP_XOR, nescio_adapt_binary, "-axis:i -broadcast:i -consumed_inputs:I"},
    {ML, "ArrayFeatureExtractor", 1, 5, NESCIO_OP_ARRAY_FEATURE_EXTRACTOR, nescio_adapt_same, ""},
    {ML, "Binarizer", 1, 5, NESCIO_OP_BINARIZER, nescio_adapt_same, "threshold:f"},
    {ML, "CastMap", 1, 5, NESCIO_OP_IDENTITY, nescio_adapt_map_input, "-cast_to:s -map_form:s -max_map:i"},
    {ML, "CategoryMapper", 1, 5, NESCIO_OP_CATEGORY_MAPPER, nescio_adapt_same, "cats_int64s:I cats_strings:S default_int64:i default_string:s"},
    {ML, "DictVectorizer", 1, 5, NESCIO_OP_IDENTITY, nescio_adapt_map_input, "-int64_vocabulary:I -string_vocabulary:S"},
    {ML, "FeatureVectorizer", 1, 5, NESCIO_OP_FEATURE_VECTORIZER, nescio_adapt_same, "inputdimensions:I"},
    {ML, "Imputer", 1, 5, NESCIO_OP_IMPUTER, nescio_adapt_same, "imputed_value_floats:F imputed_value_int64s:I replaced_value_float:f replaced_value_int64:i"},
    {ML, "LabelEncoder", 1, 5, NESCIO_OP_LABEL_ENCODER, nescio_adapt_label_encoder, "-classes_strings:S default_float:f default_int64:i default_string:s -default_tensor:t keys_floats:F keys_int64s:I keys_strings:S -keys_tensor:t values_floats:F values_int64s:I values_strings:S -values_tensor:t"},
    {ML, "LinearClassifier", 1, 5, NESCIO_OP_LINEAR_CLASSIFIER, nescio_adapt_same, "classlabels_ints:I classlabels_strings:S coefficients:F intercepts:F multi_class:i post_transform:s"},
    {ML, "LinearRegressor", 1, 5, NESCIO_OP_LINEAR_REGRESSOR, nescio_adapt_same, "coefficients:F intercepts:F post_transform:s targets:i"},
    {ML, "Normalizer", 1, 5, NESCIO_OP_NORMALIZER, nescio_adapt_same, "norm:s"},
    {ML, "OneHotEncoder", 1, 5, NESCIO_OP_ONE_HOT_ENCODER, nescio_adapt_same, "cats_int64s:I cats_strings:S zeros:i"},
    {ML, "SVMClassifier", 1, 5, NESCIO_OP_SVM_CLASSIFIER, nescio_adapt_same, "classlabels_ints:I classlabels_strings:S coefficients:F kernel_params:F kernel_type:s post_transform:s prob_a:F prob_b:F rho:F support_vectors:F vectors_per_class:I"},
    {ML, "SVMRegressor", 1, 5, NESCIO_OP_SVM_REGRESSOR, nescio_adapt_same, "coefficients:F kernel_params:F kernel_type:s n_supports:i one_class:i post_transform:s rho:F support_vectors:F"},
    {ML, "Scaler", 1, 5, NESCIO_OP_SCALER, nescio_adapt_same, "offset:F scale:F"},
    {ML, "TreeEnsemble", 5, 5, NESCIO_OP_TREE_ENSEMBLE, nescio_adapt_same, "aggregate_function:i leaf_targetids:I leaf_weights:t membership_values:t n_targets:i nodes_falseleafs:I nodes_falsenodeids:I nodes_featureids:I nodes_hitrates:t nodes_missing_value_tracks_true:I nodes_modes:t nodes_splits:t nodes_trueleafs:I nodes_truenodeids:I post_transform:i tree_roots:I"},
    {ML, "TreeEnsembleClassifier", 1, 5, NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER, nescio_adapt_same, "nodes_falsenodeids:I nodes_featureids:I nodes_hitrates:F nodes_hitrates_as_tensor:t nodes_missing_value_tracks_true:I nodes_modes:S nodes_nodeids:I nodes_treeids:I nodes_truenodeids:I nodes_values:F nodes_values_as_tensor:t base_values:F base_values_as_tensor:t post_transform:s class_ids:I class_nodeids:I class_treeids:I class_weights:F class_weights_as_tensor:t classlabels_int64s:I classlabels_strings:S"},
    {ML, "TreeEnsembleRegressor", 1, 5, NESCIO_OP_TREE_ENSEMBLE_REGRESSOR, nescio_adapt_same, "nodes_falsenodeids:I nodes_featureids:I nodes_hitrates:F nodes_hitrates_as_tensor:t nodes_missing_value_tracks_true:I nodes_modes:S nodes_nodeids:I nodes_treeids:I nodes_truenodeids:I nodes_values:F nodes_values_as_tensor:t base_values:F base_values_as_tensor:t post_transform:s aggregate_function:s n_targets:i target_ids:I target_nodeids:I target_treeids:I target_weights:F target_weights_as_tensor:t"},
    {ML, "ZipMap", 1, 5, NESCIO_OP_IDENTITY, nescio_adapt_zip_map, "-classlabels_int64s:I -classlabels_strings:S"},
    {MICROSOFT, "CDist", 1, INT32_MAX, NESCIO_OP_CDIST, nescio_adapt_same, "metric:s"},
    {MICROSOFT, "Tokenizer", 1, INT32_MAX, NESCIO_OP_TOKENIZER, nescio_adapt_same, "mark:i mincharnum:i pad_value:s separators:S tokenexp:s"},
    {QONNX, "BipolarQuant", 1, INT32_MAX, NESCIO_OP_BIPOLAR_QUANT, nescio_adapt_same, ""},
    {QONNX, "IntQuant", 1, INT32_MAX, NESCIO_OP_QUANT, nescio_adapt_qonnx, "narrow:i -rounding_mode:s signed:i"},
    {QONNX, "Quant", 1, INT32_MAX, NESCIO_OP_QUANT, nescio_adapt_qonnx, "narrow:i -rounding_mode:s signed:i"},
    {QONNX, "Trunc", 1, INT32_MAX, NESCIO_OP_TRUNC, nescio_adapt_qonnx, "narrow:i -rounding_mode:s signed:i"},
};
/* clang-format on */

bool nescio_onnx_operator_at(size_t i, nescio_onnx_operator *out)
{
    const nescio_adapt_rule *rule;

    if (i >= sizeof rules / sizeof *rules)
        return false;
    rule = &rules[i];
    *out = (nescio_onnx_operator){.domain = rule->domain,
                                  .name = rule->name,
                                  .first = rule->first,
                                  .last = rule->last,
                                  .becomes = rule->op,
                                  .several = rule->adapt == nescio_adapt_attention ||
                                             rule->adapt == nescio_adapt_rotary ||
                                             rule->adapt == nescio_adapt_rms_normalization ||
                                             rule->adapt == nescio_adapt_swish};
    return true;
}

static const char *canonical_domain(nescio_slice domain)
{
    static const char *const known[][2] = {
        {"", ONNX},
        {"ai.onnx", ONNX},
        {ML, ML},
        {MICROSOFT, MICROSOFT},
        {QONNX, QONNX},
        {"onnx.brevitas", QONNX},
        {"finn.custom_op.general", QONNX},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (nescio_slice_is(domain, known[i][0]))
            return known[i][1];
    }
    return NULL;
}

const nescio_adapt_rule *nescio_adapt_find(nescio_slice domain, nescio_slice name)
{
    const char *const canonical = canonical_domain(domain);

    for (size_t i = 0; canonical && i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].domain[0] == canonical[0] && nescio_slice_is(name, rules[i].name))
            return &rules[i];
    }
    return NULL;
}
