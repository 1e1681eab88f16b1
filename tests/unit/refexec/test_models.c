/* SPDX-License-Identifier: Apache-2.0
 * Classical models against formulas written out by hand: trees as nested conditions, support
 * vectors as a sum, linear scores, encoders and scalers. ONNX's own tests hardly touch this domain.
 */
#include "node_case.h"

#include <math.h>

static uint64_t seed = 11;

#define VALUES(...) ((const double[]){__VA_ARGS__})
#define COUNT(a)    (sizeof(a) / sizeof *(a))

/* Lists that the graph's setters do not make, copied into the graph's arena. */
static void set_list(node_case *c, const char *name, nescio_attr_kind kind, size_t n,
                     const void *list)
{
    nescio_attr *const a = nescio_node_set_int(c->node, name, 0);
    const size_t size = kind == NESCIO_ATTR_FLOATS ? sizeof *a->floats
                        : kind == NESCIO_ATTR_INTS ? sizeof *a->ints
                                                   : sizeof *a->strings;
    void *const copy = nescio_arena_array(c->graph->arena, n, size);

    assert_non_null(a);
    assert_non_null(copy);
    memcpy(copy, list, n * size);
    a->kind = kind;
    a->count = n;
    if (kind == NESCIO_ATTR_FLOATS)
        a->floats = copy;
    else if (kind == NESCIO_ATTR_STRINGS)
        a->strings = copy;
    else
        a->ints = copy;
}

#define SET_FLOATS(c, name, ...)                                                                   \
    set_list(c, name, NESCIO_ATTR_FLOATS, COUNT(((const double[]){__VA_ARGS__})),                  \
             (const double[]){__VA_ARGS__})
#define SET_INTS(c, name, ...)                                                                     \
    set_list(c, name, NESCIO_ATTR_INTS, COUNT(((const int64_t[]){__VA_ARGS__})),                   \
             (const int64_t[]){__VA_ARGS__})
#define SET_STRINGS(c, name, ...)                                                                  \
    set_list(c, name, NESCIO_ATTR_STRINGS, COUNT(((const char *const[]){__VA_ARGS__})),            \
             (const char *const[]){__VA_ARGS__})

/* Tree 0: x0 <= 0 ? (x1 < 1 ? 10 : 20) : 30, NaN in x0 goes left. Tree 5: x1 > 2 ? 100 : 200. Ids
 * are out of order. */
static void set_two_trees(node_case *c)
{
    SET_INTS(c, "nodes_treeids", 0, 0, 0, 0, 0, 5, 5, 5);
    SET_INTS(c, "nodes_nodeids", 0, 4, 2, 7, 3, 0, 1, 2);
    SET_INTS(c, "nodes_featureids", 0, 1, 0, 0, 0, 1, 0, 0);
    SET_FLOATS(c, "nodes_values", 0, 1, 0, 0, 0, 2, 0, 0);
    SET_STRINGS(c, "nodes_modes", "BRANCH_LEQ", "BRANCH_LT", "LEAF", "LEAF", "LEAF", "BRANCH_GT",
                "LEAF", "LEAF");
    SET_INTS(c, "nodes_truenodeids", 4, 2, 0, 0, 0, 2, 0, 0);
    SET_INTS(c, "nodes_falsenodeids", 3, 7, 0, 0, 0, 1, 0, 0);
    SET_INTS(c, "nodes_missing_value_tracks_true", 1, 0, 0, 0, 0, 0, 0, 0);
}

static double tree_a(double x0, double x1)
{
    return x0 <= 0 || isnan(x0) ? (x1 < 1 ? 10 : 20) : 30;
}

static double tree_b(double x1)
{
    return x1 > 2 ? 100 : 200;
}

static void regression_trees(void **state)
{
    static const char *const how[] = {"SUM", "AVERAGE", "MIN", "MAX"};
    const double x[10] = {-1, 0, -1, 1, 0, 3, 1, NAN, NAN, 0.5};

    (void)state;
    for (int i = 0; i < 4; i++) {
        node_case c;
        double y[5];

        case_begin(&c, NESCIO_OP_TREE_ENSEMBLE_REGRESSOR, 1, 1);
        set_two_trees(&c);
        SET_INTS(&c, "target_treeids", 5, 0, 0, 0, 5);
        SET_INTS(&c, "target_nodeids", 2, 2, 7, 3, 1);
        SET_INTS(&c, "target_ids", 0, 0, 0, 0, 0);
        SET_FLOATS(&c, "target_weights", 100, 10, 20, 30, 200);
        SET_FLOATS(&c, "base_values", 0.5);
        assert_non_null(nescio_node_set_string(c.node, "aggregate_function", how[i]));
        case_input(&c, 0, NESCIO_F32, DIMS(5, 2), x);
        for (int k = 0; k < 5; k++) {
            const double a = tree_a(x[2 * k], x[2 * k + 1]), b = tree_b(x[2 * k + 1]);

            y[k] = 0.5 + (i == 0 ? a + b : i == 1 ? (a + b) / 2 : i == 2 ? fmin(a, b) : fmax(a, b));
        }
        case_run(&c);
        case_expect(&c, 0, NESCIO_F32, DIMS(5, 1), y, 1e-6);
        case_end(&c);
    }
}

/* All weights on class 0 of two: its score is that of the second label. */
static void binary_classification_trees(void **state)
{
    const double x[4] = {-1, 0, 1, 3};
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER, 1, 2);
    set_two_trees(&c);
    SET_INTS(&c, "class_treeids", 0, 0, 0, 5, 5);
    SET_INTS(&c, "class_nodeids", 2, 7, 3, 2, 1);
    SET_INTS(&c, "class_ids", 0, 0, 0, 0, 0);
    SET_FLOATS(&c, "class_weights", 1, 2, -3, -1, 0.25);
    SET_INTS(&c, "classlabels_int64s", 4, 9);
    assert_non_null(nescio_node_set_string(c.node, "post_transform", "LOGISTIC"));
    case_input(&c, 0, NESCIO_F32, DIMS(2, 2), x);
    case_run(&c);
    case_expect(&c, 0, NESCIO_I64, DIMS(2), VALUES(9, 4), 0);
    case_expect(
        &c, 1, NESCIO_F32, DIMS(2, 2),
        VALUES(1 / (1 + exp(1.25)), 1 / (1 + exp(-1.25)), 1 / (1 + exp(-4)), 1 / (1 + exp(4))),
        1e-6);
    case_end(&c);
}

/* Without a transform a single score is a margin where a weight is negative, otherwise a
 * probability: the same scores 0.25 and 2.75 give other labels. */
static void binary_trees_without_transform(void **state)
{
    const double x[4] = {-1, 0, 1, 3};

    (void)state;
    for (int margin = 0; margin < 2; margin++) {
        const double b = margin ? -0.5 : 0, low = 0.25 + b, high = 2.75 + b;
        node_case c;

        case_begin(&c, NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER, 1, 2);
        set_two_trees(&c);
        SET_INTS(&c, "class_treeids", 0, 0, 0, 5, 5);
        SET_INTS(&c, "class_nodeids", 2, 7, 3, 2, 1);
        SET_INTS(&c, "class_ids", 1, 1, 1, 1, 1);
        SET_FLOATS(&c, "class_weights", 0, 2, 2.5, 0.25 + b, 0.25 + b);
        SET_INTS(&c, "classlabels_int64s", 4, 9);
        case_input(&c, 0, NESCIO_F32, DIMS(2, 2), x);
        case_run(&c);
        case_expect(&c, 0, NESCIO_I64, DIMS(2), VALUES(4, 9), 0);
        case_expect(&c, 1, NESCIO_F32, DIMS(2, 2),
                    VALUES(margin ? -low : 1 - low, low, margin ? -high : 1 - high, high), 1e-6);
        case_end(&c);
    }
}

/* Three sixths are more than a half in doubles, and a half as float32. */
static void equal_shares_tie(void **state)
{
    const double x[2] = {-1, 0}, sixth = (float)(1.0 / 6);
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER, 1, 2);
    set_two_trees(&c); /* the row comes to leaf 2 of tree 0 and leaf 1 of tree 5 */
    SET_INTS(&c, "class_treeids", 0, 0, 5, 5, 5);
    SET_INTS(&c, "class_nodeids", 2, 2, 1, 1, 1);
    SET_INTS(&c, "class_ids", 0, 1, 0, 1, 1);
    SET_FLOATS(&c, "class_weights", 0.5, sixth, 0, sixth, sixth);
    SET_INTS(&c, "classlabels_int64s", 4, 9);
    case_input(&c, 0, NESCIO_F32, DIMS(1, 2), x);
    case_run(&c);
    assert_true(3 * sixth > 0.5);
    case_expect(&c, 0, NESCIO_I64, DIMS(1), VALUES(4), 0);
    case_expect(&c, 1, NESCIO_F32, DIMS(1, 2), VALUES(0.5, 0.5), 0);
    case_end(&c);
}

/* Leaf numbers of a classifier are listed once a class. */
static void one_target_has_one_weight_a_leaf(void **state)
{
    const double x[4] = {-1, 0, 1, 3};
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_TREE_ENSEMBLE_REGRESSOR, 1, 1);
    set_two_trees(&c);
    SET_INTS(&c, "target_treeids", 5, 0, 0, 0, 0, 5, 5);
    SET_INTS(&c, "target_nodeids", 2, 2, 2, 7, 3, 1, 1);
    SET_INTS(&c, "target_ids", 0, 0, 0, 0, 0, 0, 0);
    SET_FLOATS(&c, "target_weights", 100, 10, 10, 20, 30, 200, 200);
    case_input(&c, 0, NESCIO_F32, DIMS(2, 2), x);
    case_run(&c);
    case_expect(&c, 0, NESCIO_F32, DIMS(2, 1), VALUES(210, 130), 0);
    case_end(&c);
}

/* With c = 1.25 * 2^-25, 1 - c is 1 - 2^-24 in float32, and three times that 3 - 2^-22; in doubles
 * the result rounds to 3. */
static void scalers_round_each_step(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        node_case c;

        case_begin(&c, NESCIO_OP_SCALER, 1, 1);
        SET_FLOATS(&c, "offset", 0x1.4p-25);
        SET_FLOATS(&c, "scale", 3);
        case_input(&c, 0, wide ? NESCIO_F64 : NESCIO_F32, DIMS(1, 2), VALUES(1, 2));
        case_run(&c);
        case_expect(&c, 0, NESCIO_F32, DIMS(1, 2), VALUES(wide ? 3 : 3 - 0x1p-22, 6), 0);
        case_end(&c);
    }
}

static void columns_count_from_the_end_too(void **state)
{
    (void)state;
    for (int bad = 0; bad < 3; bad++) {
        node_case c;

        case_begin(&c, NESCIO_OP_ARRAY_FEATURE_EXTRACTOR, 2, 1);
        case_input(&c, 0, NESCIO_F32, DIMS(2, 3), VALUES(1, 2, 3, 4, 5, 6));
        case_input(&c, 1, NESCIO_I64, DIMS(2), VALUES(bad == 1 ? -4 : bad == 2 ? 3 : -1, 1));
        case_run(&c);
        if (bad)
            assert_int_equal(c.status, NESCIO_E_ARG);
        else
            case_expect(&c, 0, NESCIO_F32, DIMS(2, 2), VALUES(3, 2, 6, 5), 0);
        case_end(&c);
    }
}

static void a_cycle_is_refused(void **state)
{
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_TREE_ENSEMBLE_REGRESSOR, 1, 1);
    SET_INTS(&c, "nodes_treeids", 0, 0, 0);
    SET_INTS(&c, "nodes_nodeids", 0, 1, 2);
    SET_INTS(&c, "nodes_featureids", 0, 0, 0);
    SET_FLOATS(&c, "nodes_values", 0, 0, 0);
    SET_STRINGS(&c, "nodes_modes", "BRANCH_LEQ", "BRANCH_LEQ", "LEAF");
    SET_INTS(&c, "nodes_truenodeids", 1, 0, 0);
    SET_INTS(&c, "nodes_falsenodeids", 2, 2, 0);
    SET_INTS(&c, "target_treeids", 0);
    SET_INTS(&c, "target_nodeids", 2);
    SET_INTS(&c, "target_ids", 0);
    SET_FLOATS(&c, "target_weights", 1);
    case_input(&c, 0, NESCIO_F32, DIMS(1, 1), VALUES(-1));
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_FORMAT);
    assert_non_null(strstr(nescio_ctx_message(c.ctx), "cycle"));
    case_end(&c);
}

/* Node 0: x in {1, 3} ? leaf 0 : node 1; node 1: x == 7 ? leaf 1 : leaf 2. */
static void trees_by_position_know_sets(void **state)
{
    double set[4] = {1, 3, NAN, 0}, splits[2] = {0, 7}, weights[3] = {5, 6, 7};
    uint8_t modes[2] = {6, 4};
    nescio_tensor tensors[4];
    const char *const names[4] = {"membership_values", "nodes_splits", "leaf_weights",
                                  "nodes_modes"};
    void *const data[4] = {set, splits, weights, modes};
    const int64_t sizes[4] = {3, 2, 3, 2};
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_TREE_ENSEMBLE, 1, 1);
    for (int i = 0; i < 4; i++) {
        nescio_attr *const a = nescio_node_set_int(c.node, names[i], 0);

        assert_non_null(a);
        assert_int_equal(
            nescio_tensor_shape(c.ctx, &tensors[i], i == 3 ? NESCIO_U8 : NESCIO_F64, 1, &sizes[i]),
            NESCIO_OK);
        tensors[i].data = data[i];
        a->kind = NESCIO_ATTR_TENSOR;
        a->t = &tensors[i];
    }
    SET_INTS(&c, "nodes_featureids", 0, 0);
    SET_INTS(&c, "nodes_truenodeids", 0, 1);
    SET_INTS(&c, "nodes_trueleafs", 1, 1);
    SET_INTS(&c, "nodes_falsenodeids", 1, 2);
    SET_INTS(&c, "nodes_falseleafs", 0, 1);
    SET_INTS(&c, "leaf_targetids", 0, 0, 0);
    SET_INTS(&c, "tree_roots", 0);
    case_input(&c, 0, NESCIO_F64, DIMS(4, 1), VALUES(1, 3, 7, 2));
    case_run(&c);
    case_expect(&c, 0, NESCIO_F64, DIMS(4, 1), VALUES(5, 5, 6, 7), 0);
    case_end(&c);
}

static double kernel_by_hand(const char *kernel, const double *a, const double *b)
{
    const double dot = a[0] * b[0] + a[1] * b[1], d0 = a[0] - b[0], d1 = a[1] - b[1];

    if (strcmp(kernel, "POLY") == 0)
        return pow(0.5 * dot + 0.25, 3);
    if (strcmp(kernel, "RBF") == 0)
        return exp(-0.5 * (d0 * d0 + d1 * d1));
    return strcmp(kernel, "SIGMOID") == 0 ? tanh(0.5 * dot + 0.25) : dot;
}

static void support_vectors(void **state)
{
    static const char *const kernels[] = {"LINEAR", "POLY", "RBF", "SIGMOID"};
    const double vectors[6] = {1, 2, -1, 0.5, 0, -2}, x[4] = {0.5, -1, 2, 1},
                 weights[3] = {0.5, -1.5, 2};

    (void)state;
    for (int i = 0; i < 4; i++) {
        double y[2];
        node_case c;

        case_begin(&c, NESCIO_OP_SVM_REGRESSOR, 1, 1);
        assert_non_null(nescio_node_set_string(c.node, "kernel_type", kernels[i]));
        assert_non_null(nescio_node_set_int(c.node, "n_supports", 3));
        SET_FLOATS(&c, "kernel_params", 0.5, 0.25, 3);
        set_list(&c, "support_vectors", NESCIO_ATTR_FLOATS, 6, vectors);
        set_list(&c, "coefficients", NESCIO_ATTR_FLOATS, 3, weights);
        SET_FLOATS(&c, "rho", 0.125);
        case_input(&c, 0, NESCIO_F32, DIMS(2, 2), x);
        for (int k = 0; k < 2; k++) {
            y[k] = 0.125;
            for (int v = 0; v < 3; v++)
                y[k] += weights[v] * kernel_by_hand(kernels[i], x + 2 * k, vectors + 2 * v);
        }
        case_run(&c);
        case_expect(&c, 0, NESCIO_F32, DIMS(2, 1), y, 1e-5);
        case_end(&c);
    }
}

static void linear_classifier_scores_and_labels(void **state)
{
    const double s[3] = {1 * 2 - 1, -2 + 0.5, 1 + 2}, total = exp(s[0]) + exp(s[1]) + exp(s[2]);
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_LINEAR_CLASSIFIER, 1, 2);
    SET_FLOATS(&c, "coefficients", 2, 0, 0, -1, 1, 1);
    SET_FLOATS(&c, "intercepts", -1, 0.5, 0);
    SET_STRINGS(&c, "classlabels_strings", "a", "b", "c");
    assert_non_null(nescio_node_set_string(c.node, "post_transform", "SOFTMAX"));
    case_input(&c, 0, NESCIO_F32, DIMS(1, 2), VALUES(1, 2));
    case_run(&c);
    case_expect(&c, 1, NESCIO_F32, DIMS(1, 3),
                VALUES(exp(s[0]) / total, exp(s[1]) / total, exp(s[2]) / total), 1e-6);
    assert_string_equal(((const char *const *)c.outputs[0].data)[0], "c");
    case_end(&c);
}

static void encoders_know_nan_and_the_unknown(void **state)
{
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_LABEL_ENCODER, 1, 1);
    SET_FLOATS(&c, "keys_floats", NAN, 1.5, -0.0);
    SET_INTS(&c, "values_int64s", 7, 8, 9);
    assert_non_null(nescio_node_set_int(c.node, "default_int64", -5));
    case_input(&c, 0, NESCIO_F32, DIMS(4), VALUES(0, NAN, 1.5, 3));
    case_run(&c);
    case_expect(&c, 0, NESCIO_I64, DIMS(4), VALUES(9, 7, 8, -5), 0);
    case_end(&c);

    case_begin(&c, NESCIO_OP_ONE_HOT_ENCODER, 1, 1);
    SET_STRINGS(&c, "cats_strings", "x", "y");
    case_strings(&c, 0, 3, (const char *const[]){"y", "z", "x"});
    case_run(&c);
    case_expect(&c, 0, NESCIO_F32, DIMS(3, 2), VALUES(0, 1, 0, 0, 1, 0), 0);
    assert_non_null(nescio_node_set_int(c.node, "zeros", 0));
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_ARG);
    case_end(&c);
}

static void features_are_prepared_column_by_column(void **state)
{
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_SCALER, 1, 1);
    SET_FLOATS(&c, "offset", 1, 2);
    SET_FLOATS(&c, "scale", 10, 0.5);
    case_input(&c, 0, NESCIO_I32, DIMS(2, 2), VALUES(1, 2, 3, 4));
    case_run(&c);
    case_expect(&c, 0, NESCIO_F32, DIMS(2, 2), VALUES(0, 0, 20, 1), 0);
    case_end(&c);

    case_begin(&c, NESCIO_OP_IMPUTER, 1, 1);
    SET_FLOATS(&c, "imputed_value_floats", 7, 8);
    assert_non_null(nescio_node_set_float(c.node, "replaced_value_float", (double)NAN));
    case_input(&c, 0, NESCIO_F32, DIMS(2, 2), VALUES(NAN, 2, 3, NAN));
    case_run(&c);
    case_expect(&c, 0, NESCIO_F32, DIMS(2, 2), VALUES(7, 2, 3, 8), 0);
    case_end(&c);

    case_begin(&c, NESCIO_OP_NORMALIZER, 1, 1);
    assert_non_null(nescio_node_set_string(c.node, "norm", "L2"));
    case_random(&c, 0, NESCIO_F32, DIMS(3, 4), -1, 1, &seed);
    case_run(&c);
    assert_int_equal(c.status, NESCIO_OK);
    for (size_t r = 0; r < 3; r++) {
        double squares = 0;

        for (size_t k = 0; k < 4; k++)
            squares += case_output(&c, 0, 4 * r + k) * case_output(&c, 0, 4 * r + k);
        assert_true(fabs(squares - 1) < 1e-6);
    }
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regression_trees),
        cmocka_unit_test(binary_classification_trees),
        cmocka_unit_test(binary_trees_without_transform),
        cmocka_unit_test(equal_shares_tie),
        cmocka_unit_test(one_target_has_one_weight_a_leaf),
        cmocka_unit_test(scalers_round_each_step),
        cmocka_unit_test(columns_count_from_the_end_too),
        cmocka_unit_test(a_cycle_is_refused),
        cmocka_unit_test(trees_by_position_know_sets),
        cmocka_unit_test(support_vectors),
        cmocka_unit_test(linear_classifier_scores_and_labels),
        cmocka_unit_test(encoders_know_nan_and_the_unknown),
        cmocka_unit_test(features_are_prepared_column_by_column),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
