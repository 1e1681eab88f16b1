/* SPDX-License-Identifier: Apache-2.0
 * Operators on which ONNX's own tests are thin: results by an independent formula, corners, and
 * refusals. */
#include "node_case.h"

#include <math.h>

static uint64_t seed = 7;

#define VALUES(...) ((const double[]){__VA_ARGS__})

/* y[o, k, i] = x[o, index[k], i], every axis, negative indices too. */
static void gather_takes_from_every_axis(void **state)
{
    const int64_t dims[3] = {3, 4, 5};

    (void)state;
    for (int axis = 0; axis < 3; axis++) {
        const int64_t outer = axis == 0   ? 1
                              : axis == 1 ? 3
                                          : 12,
                      inner = axis == 0   ? 20
                              : axis == 1 ? 5
                                          : 1;
        const double index[4] = {0, -1, 1, -2};
        node_case c;

        case_begin(&c, NESCIO_OP_GATHER, 2, 1);
        assert_non_null(nescio_node_set_int(c.node, "axis", axis == 2 ? -1 : axis));
        case_random(&c, 0, NESCIO_F32, 3, dims, -1, 1, &seed);
        case_input(&c, 1, NESCIO_I64, DIMS(2, 2), index);
        case_run(&c);
        assert_int_equal(c.status, NESCIO_OK);
        assert_int_equal(c.outputs[0].rank, 4);
        for (int64_t o = 0; o < outer; o++)
            for (int64_t k = 0; k < 4; k++)
                for (int64_t i = 0; i < inner; i++) {
                    const int64_t from =
                        index[k] < 0 ? (int64_t)index[k] + dims[axis] : (int64_t)index[k];

                    assert_true(case_output(&c, 0, (size_t)((o * 4 + k) * inner + i)) ==
                                nescio_tensor_get_f64(
                                    &c.inputs[0], (size_t)((o * dims[axis] + from) * inner + i)));
                }
        case_end(&c);
    }
}

static void indices_out_of_range_are_refused(void **state)
{
    static const nescio_op ops[] = {NESCIO_OP_GATHER, NESCIO_OP_GATHER_ELEMENTS,
                                    NESCIO_OP_GATHER_ND};

    (void)state;
    for (int i = 0; i < 6; i++) {
        node_case c;

        case_begin(&c, ops[i / 2], 2, 1);
        case_random(&c, 0, NESCIO_F32, DIMS(3), -1, 1, &seed);
        case_input(&c, 1, NESCIO_I64, DIMS(1), VALUES(i % 2 ? 3 : -4));
        case_run(&c);
        assert_int_equal(c.status, NESCIO_E_ARG);
        case_end(&c);
    }
}

static void batch_normalization_is_affine_a_channel(void **state)
{
    node_case c;

    (void)state;
    for (int rank = 2; rank < 5; rank++) {
        case_begin(&c, NESCIO_OP_BATCH_NORMALIZATION, 5, 1);
        assert_non_null(nescio_node_set_float(c.node, "epsilon", 0.01));
        case_random(&c, 0, NESCIO_F32, rank, (const int64_t[]){2, 3, 4, 2}, -1, 1, &seed);
        for (size_t i = 1; i < 5; i++)
            case_random(&c, i, NESCIO_F32, DIMS(3), 0.5, 2, &seed);
        case_run(&c);
        assert_int_equal(c.status, NESCIO_OK);
        for (size_t i = 0; i < nescio_tensor_count(&c.inputs[0]); i++) {
            const size_t ch = i / (rank == 2 ? 1 : rank == 3 ? 4 : 8) % 3;
            const double x = nescio_tensor_get_f64(&c.inputs[0], i),
                         mean = nescio_tensor_get_f64(&c.inputs[3], ch);
            const double deviation = sqrt(nescio_tensor_get_f64(&c.inputs[4], ch) + 0.01);

            assert_true(fabs(case_output(&c, 0, i) -
                             ((x - mean) / deviation * nescio_tensor_get_f64(&c.inputs[1], ch) +
                              nescio_tensor_get_f64(&c.inputs[2], ch))) < 1e-5);
        }
        case_end(&c);
    }
}

/* One unary operator on corner values, for each type. */
static void unary_case(nescio_op op, nescio_dtype dtype, const double *x, const double *y)
{
    node_case c;

    case_begin(&c, op, 1, 1);
    case_input(&c, 0, dtype, DIMS(5), x);
    case_run(&c);
    case_expect(&c, 0, dtype, DIMS(5), y, 1e-6);
    case_end(&c);
}

static void corners_of_activations(void **state)
{
    const double x[5] = {-INFINITY, -1, 0, 2, NAN};

    (void)state;
    unary_case(NESCIO_OP_RELU, NESCIO_F32, x, VALUES(0, 0, 0, 2, NAN));
    unary_case(NESCIO_OP_RELU, NESCIO_I8, VALUES(-128, -1, 0, 1, 127), VALUES(0, 0, 0, 1, 127));
    unary_case(NESCIO_OP_SIGMOID, NESCIO_F64, x,
               VALUES(0, 1 / (1 + exp(1)), 0.5, 1 / (1 + exp(-2)), NAN));
    unary_case(NESCIO_OP_SOFTPLUS, NESCIO_F32, VALUES(-200, -1, 0, 200, NAN),
               VALUES(0, log1p(exp(-1)), log(2), 200, NAN));
    unary_case(NESCIO_OP_SIGN, NESCIO_F32, x, VALUES(-1, -1, 0, 1, NAN));
    unary_case(NESCIO_OP_ABS, NESCIO_I8, VALUES(-128, -1, 0, 1, 127), VALUES(-128, 1, 0, 1, 127));
    unary_case(NESCIO_OP_ROUND, NESCIO_F32, VALUES(-2.5, -1.5, 0.5, 1.5, 2.5),
               VALUES(-2, -2, 0, 2, 2));
    unary_case(NESCIO_OP_GELU, NESCIO_F64, VALUES(-1, 0, 1, 2, 3),
               VALUES(-0.5 * erfc(sqrt(0.5)), 0, 1 - 0.5 * erfc(sqrt(0.5)), 2 - erfc(sqrt(2)),
                      3 - 1.5 * erfc(sqrt(4.5))));
}

static void binary_case(nescio_op op, nescio_dtype dtype, const double *x, const double *z,
                        nescio_dtype out, const double *y)
{
    node_case c;

    case_begin(&c, op, 2, 1);
    case_input(&c, 0, dtype, DIMS(2, 1), x);
    case_input(&c, 1, dtype, DIMS(3), z);
    case_run(&c);
    case_expect(&c, 0, out, DIMS(2, 3), y, 1e-6);
    case_end(&c);
}

static void integers_divide_toward_zero_and_wrap(void **state)
{
    (void)state;
    binary_case(NESCIO_OP_DIV, NESCIO_I32, VALUES(-7, 7), VALUES(2, -2, 7), NESCIO_I32,
                VALUES(-3, 3, -1, 3, -3, 1));
    binary_case(NESCIO_OP_MOD, NESCIO_I32, VALUES(-7, 7), VALUES(2, -2, 5), NESCIO_I32,
                VALUES(1, -1, 3, 1, -1, 2));
    binary_case(NESCIO_OP_DIV, NESCIO_I8, VALUES(-128, 1), VALUES(-1, 1, 2), NESCIO_I8,
                VALUES(-128, -128, -64, -1, 1, 0));
    binary_case(NESCIO_OP_ADD, NESCIO_U8, VALUES(200, 1), VALUES(100, 0, 255), NESCIO_U8,
                VALUES(44, 200, 199, 101, 1, 0));
    binary_case(NESCIO_OP_MUL, NESCIO_I64, VALUES(3, -3), VALUES(5, -5, 0), NESCIO_I64,
                VALUES(15, -15, 0, -15, 15, 0));
    binary_case(NESCIO_OP_POW, NESCIO_I32, VALUES(2, -1), VALUES(10, -1, 3), NESCIO_I32,
                VALUES(1024, 0, 8, 1, -1, -1));
    binary_case(NESCIO_OP_LESS, NESCIO_F32, VALUES(1, NAN), VALUES(2, 1, NAN), NESCIO_BOOL,
                VALUES(1, 0, 0, 0, 0, 0));
    binary_case(NESCIO_OP_MAX, NESCIO_F32, VALUES(1, NAN), VALUES(2, 0, NAN), NESCIO_F32,
                VALUES(2, 1, NAN, NAN, NAN, NAN));
}

static void division_by_zero_is_an_error(void **state)
{
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_DIV, 2, 1);
    case_input(&c, 0, NESCIO_I32, DIMS(2), VALUES(1, 2));
    case_input(&c, 1, NESCIO_I32, DIMS(2), VALUES(1, 0));
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_ARG);
    assert_string_equal(nescio_ctx_message(c.ctx), "Div 'node': integer division by zero");
    case_end(&c);
}

static void reduce_case(nescio_op op, nescio_dtype dtype, const double *x, const double *y)
{
    node_case c;

    case_begin(&c, op, 2, 1);
    case_input(&c, 0, dtype, DIMS(2, 3), x);
    case_input(&c, 1, NESCIO_I64, DIMS(1), VALUES(0));
    case_run(&c);
    case_expect(&c, 0, dtype, DIMS(1, 3), y, 1e-5);
    case_end(&c);
}

static void reductions_over_the_first_axis(void **state)
{
    const double x[6] = {1, -2, 3, 4, 5, -6};

    (void)state;
    reduce_case(NESCIO_OP_REDUCE_SUM, NESCIO_F32, x, VALUES(5, 3, -3));
    reduce_case(NESCIO_OP_REDUCE_SUM, NESCIO_I8, VALUES(100, 1, -100, 100, 1, -100),
                VALUES(-56, 2, 56));
    reduce_case(NESCIO_OP_REDUCE_MEAN, NESCIO_F64, x, VALUES(2.5, 1.5, -1.5));
    reduce_case(NESCIO_OP_REDUCE_PROD, NESCIO_I32, x, VALUES(4, -10, -18));
    reduce_case(NESCIO_OP_REDUCE_MAX, NESCIO_I64, x, VALUES(4, 5, 3));
    reduce_case(NESCIO_OP_REDUCE_MIN, NESCIO_F32, x, VALUES(1, -2, -6));
    reduce_case(NESCIO_OP_REDUCE_L1, NESCIO_F32, x, VALUES(5, 7, 9));
    reduce_case(NESCIO_OP_REDUCE_L2, NESCIO_F32, x, VALUES(sqrt(17), sqrt(29), sqrt(45)));
    reduce_case(NESCIO_OP_REDUCE_LOG_SUM_EXP, NESCIO_F64, VALUES(1000, 0, -1000, 1000, 0, -1000),
                VALUES(1000 + log(2), log(2), -1000 + log(2)));
}

static void nothing_reduces_to_the_neutral_element(void **state)
{
    static const struct {
        nescio_op op;
        double y;
    } cases[] = {{NESCIO_OP_REDUCE_SUM, 0},
                 {NESCIO_OP_REDUCE_PROD, 1},
                 {NESCIO_OP_REDUCE_MAX, -INFINITY},
                 {NESCIO_OP_REDUCE_MIN, INFINITY},
                 {NESCIO_OP_REDUCE_LOG_SUM, -INFINITY},
                 {NESCIO_OP_REDUCE_MEAN, NAN},
                 {NESCIO_OP_REDUCE_LOG_SUM_EXP, -INFINITY}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        node_case c;

        case_begin(&c, cases[i].op, 2, 1);
        case_input(&c, 0, NESCIO_F32, DIMS(2, 0), VALUES(0));
        case_input(&c, 1, NESCIO_I64, DIMS(1), VALUES(1));
        case_run(&c);
        case_expect(&c, 0, NESCIO_F32, DIMS(2, 1), VALUES(cases[i].y, cases[i].y), 0);
        case_end(&c);
    }
}

static void slice_case(double start, double end, double step, int64_t n, const double *y)
{
    node_case c;

    case_begin(&c, NESCIO_OP_SLICE, 5, 1);
    case_input(&c, 0, NESCIO_I16, DIMS(4), VALUES(10, 11, 12, 13));
    case_input(&c, 1, NESCIO_I64, DIMS(1), &start);
    case_input(&c, 2, NESCIO_I64, DIMS(1), &end);
    case_input(&c, 3, NESCIO_I64, DIMS(1), VALUES(-1));
    case_input(&c, 4, NESCIO_I64, DIMS(1), &step);
    case_run(&c);
    case_expect(&c, 0, NESCIO_I16, 1, &n, y, 0);
    case_end(&c);
}

static void slices_clamp_as_onnx_says(void **state)
{
    (void)state;
    slice_case(1, 9.2e18, 1, 3, VALUES(11, 12, 13));
    slice_case(-9.2e18, -1, 2, 2, VALUES(10, 12));
    slice_case(9.2e18, -9.2e18, -1, 4, VALUES(13, 12, 11, 10));
    slice_case(9.2e18, -9.2e18, -9.2e18, 1, VALUES(13));
    slice_case(-9, -8, -2, 1, VALUES(10)); /* in Python: nothing */
    slice_case(3, 1, 1, 0, VALUES(0));
}

static void arg_case(nescio_op op, int64_t last, const double *y)
{
    node_case c;

    case_begin(&c, op, 1, 1);
    assert_non_null(nescio_node_set_int(c.node, "axis", 1));
    assert_non_null(nescio_node_set_int(c.node, "keepdims", 0));
    assert_non_null(nescio_node_set_int(c.node, "select_last_index", last));
    case_input(&c, 0, NESCIO_F32, DIMS(2, 4), VALUES(3, 1, 3, 1, -0.0, 0, -5, -5));
    case_run(&c);
    case_expect(&c, 0, NESCIO_I64, DIMS(2), y, 0);
    case_end(&c);
}

static void ties_go_to_the_first_unless_asked(void **state)
{
    (void)state;
    arg_case(NESCIO_OP_ARG_MAX, 0, VALUES(0, 0));
    arg_case(NESCIO_OP_ARG_MAX, 1, VALUES(2, 1));
    arg_case(NESCIO_OP_ARG_MIN, 0, VALUES(1, 2));
    arg_case(NESCIO_OP_ARG_MIN, 1, VALUES(3, 3));
}

/* QONNX rounding and clamping, by hand: 3 bits signed are -4 ... 3, narrow -3 ... 3. */
static void quant_case(int64_t narrow, const char *mode, const double *y)
{
    node_case c;

    case_begin(&c, NESCIO_OP_QUANT, 4, 1);
    assert_non_null(nescio_node_set_int(c.node, "signed", 1));
    assert_non_null(nescio_node_set_int(c.node, "narrow", narrow));
    assert_non_null(nescio_node_set_string(c.node, "rounding_mode", mode));
    case_input(&c, 0, NESCIO_F32, DIMS(6), VALUES(-10, -1.25, -0.75, 0.25, 0.75, 10));
    case_input(&c, 1, NESCIO_F32, 0, NULL, VALUES(0.5));
    case_input(&c, 2, NESCIO_F32, 0, NULL, VALUES(0));
    case_input(&c, 3, NESCIO_F32, 0, NULL, VALUES(3));
    case_run(&c);
    case_expect(&c, 0, NESCIO_F32, DIMS(6), y, 0);
    case_end(&c);
}

static void quant_rounds_and_clamps(void **state)
{
    (void)state;
    quant_case(0, "ROUND", VALUES(-2, -1, -1, 0, 1, 1.5));
    quant_case(1, "ROUND", VALUES(-1.5, -1, -1, 0, 1, 1.5));
    quant_case(0, "FLOOR", VALUES(-2, -1.5, -1, 0, 0.5, 1.5));
    quant_case(0, "CEIL", VALUES(-2, -1, -0.5, 0.5, 1, 1.5));
    quant_case(0, "UP", VALUES(-2, -1.5, -1, 0.5, 1, 1.5));
    quant_case(0, "DOWN", VALUES(-2, -1, -0.5, 0, 0.5, 1.5));
    quant_case(0, "HALF_UP", VALUES(-2, -1.5, -1, 0.5, 1, 1.5));
    quant_case(0, "HALF_DOWN", VALUES(-2, -1, -0.5, 0, 0.5, 1.5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gather_takes_from_every_axis),
        cmocka_unit_test(indices_out_of_range_are_refused),
        cmocka_unit_test(batch_normalization_is_affine_a_channel),
        cmocka_unit_test(corners_of_activations),
        cmocka_unit_test(integers_divide_toward_zero_and_wrap),
        cmocka_unit_test(division_by_zero_is_an_error),
        cmocka_unit_test(reductions_over_the_first_axis),
        cmocka_unit_test(nothing_reduces_to_the_neutral_element),
        cmocka_unit_test(slices_clamp_as_onnx_says),
        cmocka_unit_test(ties_go_to_the_first_unless_asked),
        cmocka_unit_test(quant_rounds_and_clamps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
