/* SPDX-License-Identifier: Apache-2.0
 * The operators of the canonical opset: one line each; names, arities, element types, the list of
 * supported operators in the manual all come from it.
 *
 * An operator means what ONNX says of it at ai.onnx 21, ai.onnx.ml 3 (TreeEnsemble: 5),
 * com.microsoft 1, qonnx.custom_op.general 2. Readers bring every other version into that form:
 * - absent attributes have ONNX's default; inputs that were attributes in old opsets are inputs;
 * - initializers and Constant nodes are constant values of the graph, never nodes;
 * - float16 and bfloat16 are float32 everywhere (`to` of Cast, `dtype` of EyeLike too);
 * - BatchNormalization has one output (inference); axes may be negative; auto_pad is kept;
 * - Quant, Trunc: rounding_mode in capitals; Trunc has 5 inputs (x, scale, zero point, bits in,
 *   bits out) or 6 (out scale before bits out);
 * - what is not here is decomposed while reading (Dropout, CastLike, Upsample, Scatter, Swish,
 *   RMSNormalization, Attention ...), stripped (ZipMap, DictVectorizer, CastMap) or refused. */
#ifndef NESCIO_GRAPH_OP_TABLE_H
#define NESCIO_GRAPH_OP_TABLE_H
#include <stdbool.h>
#include <stddef.h>

/* clang-format off */
/** X(ID, "OnnxName", domain, min inputs, max inputs (-1: any), max outputs (-1: any), kind, types)
 *  kind: what family it is (nescio_op_kind). types: what the first input may hold, F float32 float64,
 *  I integers of 8 to 64 bits, B bool, S string. */
#define NESCIO_OPS(X) \
    /* elementwise, one tensor */                                                        \
    X(ABS, "Abs", ONNX, 1, 1, 1, UNARY, FI)                                              \
    X(ACOS, "Acos", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(ACOSH, "Acosh", ONNX, 1, 1, 1, UNARY, F)                                           \
    X(ASIN, "Asin", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(ASINH, "Asinh", ONNX, 1, 1, 1, UNARY, F)                                           \
    X(ATAN, "Atan", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(ATANH, "Atanh", ONNX, 1, 1, 1, UNARY, F)                                           \
    X(BITWISE_NOT, "BitwiseNot", ONNX, 1, 1, 1, UNARY, I)                                \
    X(CAST, "Cast", ONNX, 1, 1, 1, UNARY, FIBS)                                          \
    X(CEIL, "Ceil", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(CELU, "Celu", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(CLIP, "Clip", ONNX, 1, 3, 1, UNARY, FI)                                            \
    X(COS, "Cos", ONNX, 1, 1, 1, UNARY, F)                                               \
    X(COSH, "Cosh", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(ELU, "Elu", ONNX, 1, 1, 1, UNARY, F)                                               \
    X(ERF, "Erf", ONNX, 1, 1, 1, UNARY, FI)                                              \
    X(EXP, "Exp", ONNX, 1, 1, 1, UNARY, F)                                               \
    X(FLOOR, "Floor", ONNX, 1, 1, 1, UNARY, F)                                           \
    X(GELU, "Gelu", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(HARD_SIGMOID, "HardSigmoid", ONNX, 1, 1, 1, UNARY, F)                              \
    X(HARD_SWISH, "HardSwish", ONNX, 1, 1, 1, UNARY, F)                                  \
    X(IDENTITY, "Identity", ONNX, 1, 1, 1, UNARY, FIBS)                                  \
    X(IS_INF, "IsInf", ONNX, 1, 1, 1, UNARY, F)                                          \
    X(IS_NAN, "IsNaN", ONNX, 1, 1, 1, UNARY, F)                                          \
    X(LEAKY_RELU, "LeakyRelu", ONNX, 1, 1, 1, UNARY, F)                                  \
    X(LOG, "Log", ONNX, 1, 1, 1, UNARY, F)                                               \
    X(MISH, "Mish", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(NEG, "Neg", ONNX, 1, 1, 1, UNARY, FI)                                              \
    X(NOT, "Not", ONNX, 1, 1, 1, UNARY, B)                                               \
    X(RECIPROCAL, "Reciprocal", ONNX, 1, 1, 1, UNARY, F)                                 \
    X(RELU, "Relu", ONNX, 1, 1, 1, UNARY, FI)                                            \
    X(ROUND, "Round", ONNX, 1, 1, 1, UNARY, F)                                           \
    X(SELU, "Selu", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(SHRINK, "Shrink", ONNX, 1, 1, 1, UNARY, FI)                                        \
    X(SIGMOID, "Sigmoid", ONNX, 1, 1, 1, UNARY, F)                                       \
    X(SIGN, "Sign", ONNX, 1, 1, 1, UNARY, FI)                                            \
    X(SIN, "Sin", ONNX, 1, 1, 1, UNARY, F)                                               \
    X(SINH, "Sinh", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(SOFTPLUS, "Softplus", ONNX, 1, 1, 1, UNARY, F)                                     \
    X(SOFTSIGN, "Softsign", ONNX, 1, 1, 1, UNARY, F)                                     \
    X(SQRT, "Sqrt", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(TAN, "Tan", ONNX, 1, 1, 1, UNARY, F)                                               \
    X(TANH, "Tanh", ONNX, 1, 1, 1, UNARY, F)                                             \
    X(THRESHOLDED_RELU, "ThresholdedRelu", ONNX, 1, 1, 1, UNARY, F)                      \
    /* elementwise, several tensors, broadcast */                                        \
    X(ADD, "Add", ONNX, 2, 2, 1, BINARY, FI)                                             \
    X(AND, "And", ONNX, 2, 2, 1, BINARY, B)                                              \
    X(BIT_SHIFT, "BitShift", ONNX, 2, 2, 1, BINARY, I)                                   \
    X(BITWISE_AND, "BitwiseAnd", ONNX, 2, 2, 1, BINARY, I)                               \
    X(BITWISE_OR, "BitwiseOr", ONNX, 2, 2, 1, BINARY, I)                                 \
    X(BITWISE_XOR, "BitwiseXor", ONNX, 2, 2, 1, BINARY, I)                               \
    X(DIV, "Div", ONNX, 2, 2, 1, BINARY, FI)                                             \
    X(EQUAL, "Equal", ONNX, 2, 2, 1, BINARY, FIBS)                                       \
    X(GREATER, "Greater", ONNX, 2, 2, 1, BINARY, FI)                                     \
    X(GREATER_OR_EQUAL, "GreaterOrEqual", ONNX, 2, 2, 1, BINARY, FI)                     \
    X(LESS, "Less", ONNX, 2, 2, 1, BINARY, FI)                                           \
    X(LESS_OR_EQUAL, "LessOrEqual", ONNX, 2, 2, 1, BINARY, FI)                           \
    X(MAX, "Max", ONNX, 1, -1, 1, BINARY, FI)                                            \
    X(MEAN, "Mean", ONNX, 1, -1, 1, BINARY, F)                                           \
    X(MIN, "Min", ONNX, 1, -1, 1, BINARY, FI)                                            \
    X(MOD, "Mod", ONNX, 2, 2, 1, BINARY, FI)                                             \
    X(MUL, "Mul", ONNX, 2, 2, 1, BINARY, FI)                                             \
    X(OR, "Or", ONNX, 2, 2, 1, BINARY, B)                                                \
    X(POW, "Pow", ONNX, 2, 2, 1, BINARY, FI)                                             \
    X(PRELU, "PRelu", ONNX, 2, 2, 1, BINARY, FI)                                         \
    X(SUB, "Sub", ONNX, 2, 2, 1, BINARY, FI)                                             \
    X(SUM, "Sum", ONNX, 1, -1, 1, BINARY, F)                                             \
    X(WHERE, "Where", ONNX, 3, 3, 1, BINARY, FIBS)                                       \
    X(XOR, "Xor", ONNX, 2, 2, 1, BINARY, B)                                              \
    /* along axes */                                                                     \
    X(ARG_MAX, "ArgMax", ONNX, 1, 1, 1, REDUCE, FI)                                      \
    X(ARG_MIN, "ArgMin", ONNX, 1, 1, 1, REDUCE, FI)                                      \
    X(CUM_SUM, "CumSum", ONNX, 2, 2, 1, REDUCE, FI)                                      \
    X(REDUCE_L1, "ReduceL1", ONNX, 1, 2, 1, REDUCE, FI)                                  \
    X(REDUCE_L2, "ReduceL2", ONNX, 1, 2, 1, REDUCE, FI)                                  \
    X(REDUCE_LOG_SUM, "ReduceLogSum", ONNX, 1, 2, 1, REDUCE, FI)                         \
    X(REDUCE_LOG_SUM_EXP, "ReduceLogSumExp", ONNX, 1, 2, 1, REDUCE, FI)                  \
    X(REDUCE_MAX, "ReduceMax", ONNX, 1, 2, 1, REDUCE, FIB)                               \
    X(REDUCE_MEAN, "ReduceMean", ONNX, 1, 2, 1, REDUCE, FI)                              \
    X(REDUCE_MIN, "ReduceMin", ONNX, 1, 2, 1, REDUCE, FIB)                               \
    X(REDUCE_PROD, "ReduceProd", ONNX, 1, 2, 1, REDUCE, FI)                              \
    X(REDUCE_SUM, "ReduceSum", ONNX, 1, 2, 1, REDUCE, FI)                                \
    X(REDUCE_SUM_SQUARE, "ReduceSumSquare", ONNX, 1, 2, 1, REDUCE, FI)                   \
    X(TOP_K, "TopK", ONNX, 2, 2, 2, REDUCE, FI)                                          \
    X(HARDMAX, "Hardmax", ONNX, 1, 1, 1, NORM, F)                                        \
    X(LOG_SOFTMAX, "LogSoftmax", ONNX, 1, 1, 1, NORM, F)                                 \
    X(SOFTMAX, "Softmax", ONNX, 1, 1, 1, NORM, F)                                        \
    X(BATCH_NORMALIZATION, "BatchNormalization", ONNX, 5, 5, 1, NORM, F)                 \
    X(GROUP_NORMALIZATION, "GroupNormalization", ONNX, 3, 3, 1, NORM, F)                 \
    X(INSTANCE_NORMALIZATION, "InstanceNormalization", ONNX, 3, 3, 1, NORM, F)           \
    X(LAYER_NORMALIZATION, "LayerNormalization", ONNX, 2, 3, 3, NORM, F)                 \
    X(LP_NORMALIZATION, "LpNormalization", ONNX, 1, 1, 1, NORM, F)                       \
    X(LRN, "LRN", ONNX, 1, 1, 1, NORM, F)                                                \
    X(MEAN_VARIANCE_NORMALIZATION, "MeanVarianceNormalization", ONNX, 1, 1, 1, NORM, F)  \
    /* products and windows */                                                           \
    X(CONV, "Conv", ONNX, 2, 3, 1, LINEAR, F)                                            \
    X(CONV_TRANSPOSE, "ConvTranspose", ONNX, 2, 3, 1, LINEAR, F)                         \
    X(EINSUM, "Einsum", ONNX, 1, -1, 1, LINEAR, FI)                                      \
    X(GEMM, "Gemm", ONNX, 2, 3, 1, LINEAR, FI)                                           \
    X(MATMUL, "MatMul", ONNX, 2, 2, 1, LINEAR, FI)                                       \
    X(AVERAGE_POOL, "AveragePool", ONNX, 1, 1, 1, WINDOW, F)                             \
    X(GLOBAL_AVERAGE_POOL, "GlobalAveragePool", ONNX, 1, 1, 1, WINDOW, F)                \
    X(GLOBAL_LP_POOL, "GlobalLpPool", ONNX, 1, 1, 1, WINDOW, F)                          \
    X(GLOBAL_MAX_POOL, "GlobalMaxPool", ONNX, 1, 1, 1, WINDOW, F)                        \
    X(LP_POOL, "LpPool", ONNX, 1, 1, 1, WINDOW, F)                                       \
    X(MAX_POOL, "MaxPool", ONNX, 1, 1, 2, WINDOW, FI)                                    \
    /* images at given places */                                                         \
    X(AFFINE_GRID, "AffineGrid", ONNX, 2, 2, 1, SAMPLE, F)                               \
    X(COL2IM, "Col2Im", ONNX, 3, 3, 1, SAMPLE, F)                                        \
    X(GRID_SAMPLE, "GridSample", ONNX, 2, 2, 1, SAMPLE, F)                               \
    X(NON_MAX_SUPPRESSION, "NonMaxSuppression", ONNX, 2, 5, 1, SAMPLE, F)                \
    X(ROI_ALIGN, "RoiAlign", ONNX, 3, 3, 1, SAMPLE, F)                                   \
    /* shapes and places */                                                              \
    X(COMPRESS, "Compress", ONNX, 2, 2, 1, MOVE, FIBS)                                   \
    X(CONCAT, "Concat", ONNX, 1, -1, 1, MOVE, FIBS)                                      \
    X(CONSTANT_OF_SHAPE, "ConstantOfShape", ONNX, 1, 1, 1, MOVE, I)                      \
    X(DEPTH_TO_SPACE, "DepthToSpace", ONNX, 1, 1, 1, MOVE, FIB)                          \
    X(EXPAND, "Expand", ONNX, 2, 2, 1, MOVE, FIBS)                                       \
    X(EYE_LIKE, "EyeLike", ONNX, 1, 1, 1, MOVE, FIB)                                     \
    X(FLATTEN, "Flatten", ONNX, 1, 1, 1, MOVE, FIBS)                                     \
    X(GATHER, "Gather", ONNX, 2, 2, 1, MOVE, FIBS)                                       \
    X(GATHER_ELEMENTS, "GatherElements", ONNX, 2, 2, 1, MOVE, FIBS)                      \
    X(GATHER_ND, "GatherND", ONNX, 2, 2, 1, MOVE, FIBS)                                  \
    X(NON_ZERO, "NonZero", ONNX, 1, 1, 1, MOVE, FIB)                                     \
    X(ONE_HOT, "OneHot", ONNX, 3, 3, 1, MOVE, FIBS)                                      \
    X(PAD, "Pad", ONNX, 2, 4, 1, MOVE, FIB)                                              \
    X(RANGE, "Range", ONNX, 3, 3, 1, MOVE, FI)                                           \
    X(RESHAPE, "Reshape", ONNX, 2, 2, 1, MOVE, FIBS)                                     \
    X(RESIZE, "Resize", ONNX, 1, 4, 1, MOVE, FI)                                         \
    X(REVERSE_SEQUENCE, "ReverseSequence", ONNX, 2, 2, 1, MOVE, FIBS)                    \
    X(SCATTER_ELEMENTS, "ScatterElements", ONNX, 3, 3, 1, MOVE, FIBS)                    \
    X(SCATTER_ND, "ScatterND", ONNX, 3, 3, 1, MOVE, FIBS)                                \
    X(SHAPE, "Shape", ONNX, 1, 1, 1, MOVE, FIBS)                                         \
    X(SIZE, "Size", ONNX, 1, 1, 1, MOVE, FIBS)                                           \
    X(SLICE, "Slice", ONNX, 3, 5, 1, MOVE, FIBS)                                         \
    X(SPACE_TO_DEPTH, "SpaceToDepth", ONNX, 1, 1, 1, MOVE, FIB)                          \
    X(SPLIT, "Split", ONNX, 1, 2, -1, MOVE, FIBS)                                        \
    X(SQUEEZE, "Squeeze", ONNX, 1, 2, 1, MOVE, FIBS)                                     \
    X(TILE, "Tile", ONNX, 2, 2, 1, MOVE, FIBS)                                           \
    X(TRANSPOSE, "Transpose", ONNX, 1, 1, 1, MOVE, FIBS)                                 \
    X(TRILU, "Trilu", ONNX, 1, 2, 1, MOVE, FIB)                                          \
    X(UNIQUE, "Unique", ONNX, 1, 1, 4, MOVE, FIS)                                        \
    X(UNSQUEEZE, "Unsqueeze", ONNX, 2, 2, 1, MOVE, FIBS)                                 \
    /* quantized */                                                                      \
    X(CONV_INTEGER, "ConvInteger", ONNX, 2, 4, 1, QUANT, I)                              \
    X(DEQUANTIZE_LINEAR, "DequantizeLinear", ONNX, 2, 3, 1, QUANT, I)                    \
    X(DYNAMIC_QUANTIZE_LINEAR, "DynamicQuantizeLinear", ONNX, 1, 1, 3, QUANT, F)         \
    X(MATMUL_INTEGER, "MatMulInteger", ONNX, 2, 4, 1, QUANT, I)                          \
    X(QLINEAR_CONV, "QLinearConv", ONNX, 8, 9, 1, QUANT, I)                              \
    X(QLINEAR_MATMUL, "QLinearMatMul", ONNX, 8, 8, 1, QUANT, I)                          \
    X(QUANTIZE_LINEAR, "QuantizeLinear", ONNX, 2, 3, 1, QUANT, FI)                       \
    X(BIPOLAR_QUANT, "BipolarQuant", QONNX, 2, 2, 1, QUANT, F)                           \
    X(QUANT, "Quant", QONNX, 4, 4, 1, QUANT, F)                                          \
    X(TRUNC, "Trunc", QONNX, 5, 6, 1, QUANT, F)                                          \
    /* bodies and state */                                                               \
    X(IF, "If", ONNX, 1, 1, -1, CONTROL, B)                                              \
    X(LOOP, "Loop", ONNX, 2, -1, -1, CONTROL, FIBS)                                      \
    X(SCAN, "Scan", ONNX, 1, -1, -1, CONTROL, FIBS)                                      \
    X(GRU, "GRU", ONNX, 3, 6, 2, RECURRENT, F)                                           \
    X(LSTM, "LSTM", ONNX, 3, 8, 3, RECURRENT, F)                                         \
    X(RNN, "RNN", ONNX, 3, 6, 2, RECURRENT, F)                                           \
    /* classical machine learning */                                                     \
    X(ARRAY_FEATURE_EXTRACTOR, "ArrayFeatureExtractor", ML, 2, 2, 1, MODEL, FIS)         \
    X(BINARIZER, "Binarizer", ML, 1, 1, 1, MODEL, FI)                                    \
    X(CATEGORY_MAPPER, "CategoryMapper", ML, 1, 1, 1, MODEL, IS)                         \
    X(FEATURE_VECTORIZER, "FeatureVectorizer", ML, 1, -1, 1, MODEL, FI)                  \
    X(IMPUTER, "Imputer", ML, 1, 1, 1, MODEL, FI)                                        \
    X(LABEL_ENCODER, "LabelEncoder", ML, 1, 1, 1, MODEL, FIS)                            \
    X(LINEAR_CLASSIFIER, "LinearClassifier", ML, 1, 1, 2, MODEL, FI)                     \
    X(LINEAR_REGRESSOR, "LinearRegressor", ML, 1, 1, 1, MODEL, FI)                       \
    X(NORMALIZER, "Normalizer", ML, 1, 1, 1, MODEL, FI)                                  \
    X(ONE_HOT_ENCODER, "OneHotEncoder", ML, 1, 1, 1, MODEL, FIS)                         \
    X(SCALER, "Scaler", ML, 1, 1, 1, MODEL, FI)                                          \
    X(STRING_NORMALIZER, "StringNormalizer", ONNX, 1, 1, 1, MODEL, S)                    \
    X(SVM_CLASSIFIER, "SVMClassifier", ML, 1, 1, 2, MODEL, FI)                           \
    X(SVM_REGRESSOR, "SVMRegressor", ML, 1, 1, 1, MODEL, FI)                             \
    X(TF_IDF_VECTORIZER, "TfIdfVectorizer", ONNX, 1, 1, 1, MODEL, IS)                    \
    X(TOKENIZER, "Tokenizer", MICROSOFT, 1, 1, 1, MODEL, S)                              \
    X(TREE_ENSEMBLE, "TreeEnsemble", ML5, 1, 1, 1, MODEL, F)                             \
    X(TREE_ENSEMBLE_CLASSIFIER, "TreeEnsembleClassifier", ML, 1, 1, 2, MODEL, FI)        \
    X(TREE_ENSEMBLE_REGRESSOR, "TreeEnsembleRegressor", ML, 1, 1, 1, MODEL, FI)          \
    X(CDIST, "CDist", MICROSOFT, 2, 2, 1, MODEL, F)
/* clang-format on */

typedef enum nescio_op {
#define X(id, name, domain, min_in, max_in, max_out, kind, types) NESCIO_OP_##id,
    NESCIO_OPS(X)
#undef X
        NESCIO_OP_COUNT
} nescio_op;

/** Families of operators: what passes and pictures ask first. */
typedef enum nescio_op_kind {
    NESCIO_KIND_UNARY,  /**< each element alone; further inputs are scalars (Clip) */
    NESCIO_KIND_BINARY, /**< elementwise on one or more tensors that broadcast */
    NESCIO_KIND_REDUCE, /**< along axes: sums, extrema, running sums, sorting */
    NESCIO_KIND_NORM,   /**< normalizations and softmax */
    NESCIO_KIND_LINEAR, /**< products of tensors */
    NESCIO_KIND_WINDOW, /**< pooling */
    NESCIO_KIND_SAMPLE, /**< images at places that are data; boxes; blocks put together */
    NESCIO_KIND_MOVE,  /**< moves, repeats or makes elements; no arithmetic (Resize interpolates) */
    NESCIO_KIND_QUANT, /**< integers with scale and zero point */
    NESCIO_KIND_CONTROL,   /**< runs subgraphs */
    NESCIO_KIND_RECURRENT, /**< RNN, GRU, LSTM */
    NESCIO_KIND_MODEL,     /**< classical models and their encoders */
} nescio_op_kind;

/** Element type classes of nescio_op_info.types, as bits. */
#define NESCIO_TYPES_FLOAT   1u
#define NESCIO_TYPES_INTEGER 2u
#define NESCIO_TYPES_BOOL    4u
#define NESCIO_TYPES_STRING  8u

typedef struct nescio_op_info {
    const char *name;   /**< "Gemm" */
    const char *domain; /**< "", "ai.onnx.ml", "com.microsoft", "qonnx.custom_op.general" */
    int version; /**< opset of that domain whose meaning is meant: 21, 3 (5: TreeEnsemble), 1, 2 */
    int min_inputs, max_inputs, max_outputs; /**< -1: any number */
    nescio_op_kind kind;
    unsigned types; /**< NESCIO_TYPES_* of the first input */
} nescio_op_info;

/** Everything the table says of op. op < NESCIO_OP_COUNT. Never NULL. */
const nescio_op_info *nescio_op_get(nescio_op op);
/** "Gemm". Never NULL. */
const char *nescio_op_name(nescio_op op);
/** "" for ai.onnx. Never NULL. */
const char *nescio_op_domain(nescio_op op);
/** Operator by domain ("" and "ai.onnx" are the same) and name; NESCIO_OP_COUNT: none. */
nescio_op nescio_op_find(const char *domain, const char *name);
/** Whether that many inputs and outputs (left-out ones in between counted) are allowed. */
bool nescio_op_takes(nescio_op op, size_t n_inputs, size_t n_outputs);
#endif /* NESCIO_GRAPH_OP_TABLE_H */
