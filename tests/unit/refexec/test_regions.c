/* SPDX-License-Identifier: Apache-2.0
 * Operators that read images at places that are data, against definitions of another form: images
 * continued beyond their borders, linear images, boxes removed one by one. */
#include "node_case.h"

#include <math.h>

#define VALUES(...) ((const double[]){__VA_ARGS__})

static uint64_t seed = 20240307;

/* Element i of a line of n that is continued: 0, the border, or mirrored at element or edge. */
static double continued(const double *line, int n, int i, const char *padding, bool align)
{
    while (i < 0 || i >= n) {
        if (padding[0] == 'z')
            return 0;
        if (padding[0] == 'b')
            i = i < 0 ? 0 : n - 1;
        else if (align)
            i = i < 0 ? -i : 2 * (n - 1) - i;
        else
            i = i < 0 ? -1 - i : 2 * n - 1 - i;
    }
    return line[i];
}

static void grids_sample_the_continued_line(void **state)
{
    static const char *const paddings[] = {"zeros", "border", "reflection"};

    (void)state;
    for (int k = 0; k < 12; k++) {
        const char *const padding = paddings[k % 3];
        const bool align = k / 3 % 2 != 0, nearest = k >= 6;
        double line[5], at[9];
        node_case c;

        for (int i = 0; i < 5; i++)
            line[i] = case_uniform(&seed) - 0.5;
        for (int i = 0; i < 9; i++)
            at[i] = 5 * case_uniform(&seed) - 2.5;
        case_begin(&c, NESCIO_OP_GRID_SAMPLE, 2, 1);
        assert_non_null(nescio_node_set_int(c.node, "align_corners", align));
        assert_non_null(nescio_node_set_string(c.node, "padding_mode", padding));
        assert_non_null(nescio_node_set_string(c.node, "mode", nearest ? "nearest" : "linear"));
        case_input(&c, 0, NESCIO_F32, DIMS(1, 1, 5), line);
        case_input(&c, 1, NESCIO_F32, DIMS(1, 9, 1), at);
        case_run(&c);
        assert_int_equal(c.status, NESCIO_OK);
        for (size_t p = 0; p < 9; p++) {
            const double x = align ? (at[p] + 1) / 2 * 4 : ((at[p] + 1) * 5 - 1) / 2;
            double want = 0;

            for (int i = -12; i <= 16; i++) {
                const double d = fabs(x - i), weight = nearest ? d < 0.5 : fmax(0, 1 - d);

                want += weight * continued(line, 5, i, padding, align);
            }
            if (nearest && padding[0] == 'b') /* of what is beyond the border, the border */
                want = x < 0 ? line[0] : x > 4 ? line[4] : want;
            if (fabs(case_output(&c, 0, p) - want) > 1e-5)
                fail_msg("case %d, %g: %g instead of %g", k, at[p], case_output(&c, 0, p), want);
        }
        case_end(&c);
    }
}

/* An affine grid of the identity reads the image itself, in every mode and of any rank. */
static void identity_grids_change_nothing(void **state)
{
    static const char *const modes[] = {"nearest", "linear", "cubic"};

    (void)state;
    for (int k = 0; k < 12; k++) {
        const int rank = k < 6 ? 4 : 5;
        const int64_t dims[5] = {2, 3, 4, 5, 3};
        double theta[24] = {0}, size[5], at[2 * 4 * 5 * 3 * 3];
        node_case grid, c;

        for (int i = 0; i < rank - 2; i++)
            theta[i * (rank - 1) + i] = theta[(rank - 2) * (rank - 1) + i * (rank - 1) + i] = 1;
        for (int i = 0; i < rank; i++)
            size[i] = (double)dims[i];
        case_begin(&grid, NESCIO_OP_AFFINE_GRID, 2, 1);
        assert_non_null(nescio_node_set_int(grid.node, "align_corners", k % 2));
        case_input(&grid, 0, NESCIO_F32, DIMS(2, rank - 2, rank - 1), theta);
        case_input(&grid, 1, NESCIO_I64, 1, (const int64_t[]){rank}, size);
        case_run(&grid);
        assert_int_equal(grid.status, NESCIO_OK);

        case_begin(&c, NESCIO_OP_GRID_SAMPLE, 2, 1);
        assert_non_null(nescio_node_set_int(c.node, "align_corners", k % 2));
        assert_non_null(nescio_node_set_string(c.node, "mode", modes[k / 2 % 3]));
        case_random(&c, 0, NESCIO_F32, rank, dims, -1, 1, &seed);
        for (size_t i = 0; i < nescio_tensor_count(&grid.outputs[0]); i++)
            at[i] = case_output(&grid, 0, i);
        case_input(&c, 1, NESCIO_F32, rank, grid.outputs[0].dims, at);
        case_run(&c);
        assert_int_equal(c.status, NESCIO_OK);
        assert_int_equal(c.outputs[0].rank, rank);
        for (size_t i = 0; i < nescio_tensor_count(&c.inputs[0]); i++)
            assert_true(fabs(case_output(&c, 0, i) - nescio_tensor_get_f64(&c.inputs[0], i)) <
                        1e-5);
        case_end(&c);
        case_end(&grid);
    }
}

/* Overlapping blocks add up: [2 channels of 2], image 5, stride 2, one element of padding. */
static void columns_add_up(void **state)
{
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_COL2IM, 3, 1);
    assert_non_null(nescio_node_set_ints(c.node, "strides", (const int64_t[]){2}, 1));
    assert_non_null(nescio_node_set_ints(c.node, "dilations", (const int64_t[]){2}, 1));
    assert_non_null(nescio_node_set_ints(c.node, "pads", (const int64_t[]){1, 1}, 2));
    case_input(&c, 0, NESCIO_F32, DIMS(1, 4, 3), VALUES(1, 2, 3, 10, 20, 30, 4, 5, 6, 40, 50, 60));
    case_input(&c, 1, NESCIO_I64, DIMS(1), VALUES(5));
    case_input(&c, 2, NESCIO_I64, DIMS(1), VALUES(2));
    case_run(&c);
    case_expect(&c, 0, NESCIO_F32, DIMS(1, 2, 5), VALUES(0, 12, 0, 23, 0, 0, 45, 0, 56, 0), 0);
    case_end(&c);
}

/* The mean of samples of a linear image is its value in the middle of the bin. */
static void boxes_of_linear_images_give_the_middle(void **state)
{
    const double boxes[8] = {3, 4, 11, 13, 2.5, 6, 14, 9};

    (void)state;
    for (int k = 0; k < 4; k++) {
        const double half = k % 2 ? 0.5 : 0;
        double image[2 * 10 * 9] = {0};
        node_case c;

        for (int i = 0; i < 90; i++)
            image[90 + i] = 3.0 * (i / 9) + 2.0 * (i % 9) - 1;
        case_begin(&c, NESCIO_OP_ROI_ALIGN, 3, 1);
        assert_non_null(nescio_node_set_string(c.node, "coordinate_transformation_mode",
                                               k % 2 ? "half_pixel" : "output_half_pixel"));
        assert_non_null(nescio_node_set_float(c.node, "spatial_scale", 0.5));
        assert_non_null(nescio_node_set_int(c.node, "sampling_ratio", k / 2 * 3));
        assert_non_null(nescio_node_set_int(c.node, "output_height", 2));
        assert_non_null(nescio_node_set_int(c.node, "output_width", 3));
        case_input(&c, 0, NESCIO_F32, DIMS(2, 1, 10, 9), image);
        case_input(&c, 1, NESCIO_F32, DIMS(2, 4), boxes);
        case_input(&c, 2, NESCIO_I64, DIMS(2), VALUES(1, 1));
        case_run(&c);
        assert_int_equal(c.status, NESCIO_OK);
        for (size_t i = 0; i < 12; i++) {
            const double *const b = boxes + i / 6 * 4;
            const double y = b[1] + ((double)(i % 6 / 3) + 0.5) * (b[3] - b[1]) / 2,
                         x = b[0] + ((double)(i % 3) + 0.5) * (b[2] - b[0]) / 3;
            const double want = 3 * (y / 2 - half) + 2 * (x / 2 - half) - 1;

            assert_true(fabs(case_output(&c, 0, i) - want) < 1e-4);
        }
        case_end(&c);
    }
}

static double overlap(const double *a, const double *b)
{
    const double h = fmin(a[2], b[2]) - fmax(a[0], b[0]), w = fmin(a[3], b[3]) - fmax(a[1], b[1]);
    const double both = h > 0 && w > 0 ? h * w : 0;

    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both);
}

/* The best box that is left is taken, what overlaps it is struck out, and again. */
static void best_boxes_strike_out_the_others(void **state)
{
    (void)state;
    for (int turn = 0; turn < 20; turn++) {
        const bool centered = turn % 2 != 0;
        double boxes[10 * 4], given[10 * 4], scores[2 * 10], want[2 * 4 * 3];
        int64_t n_want = 0;
        node_case c;

        for (int i = 0; i < 10; i++) {
            double *const b = boxes + 4 * i, *const g = given + 4 * i;

            for (int d = 0; d < 2; d++) { /* multiples of 1/64: exact in float32 */
                b[d] = floor(64 * case_uniform(&seed)) / 64;
                b[d + 2] = b[d] + (1 + floor(64 * case_uniform(&seed))) / 64;
                g[d] = centered ? (b[d] + b[d + 2]) / 2 : i % 3 ? b[d] : b[d + 2];
                g[d + 2] = centered ? b[d + 2] - b[d] : i % 3 ? b[d + 2] : b[d];
            }
        }
        for (int i = 0; i < 20; i++)
            scores[i] = floor(64 * case_uniform(&seed)) / 64;
        for (int k = 0; k < 2; k++) {
            bool out[10] = {false};

            for (int n = 0; n < 4; n++) {
                int best = -1;

                for (int i = 0; i < 10; i++)
                    if (!out[i] && scores[10 * k + i] > 0.25 &&
                        (best < 0 || scores[10 * k + i] > scores[10 * k + best]))
                        best = i;
                if (best < 0)
                    break;
                for (int i = 0; i < 10; i++)
                    out[i] = out[i] || i == best || overlap(boxes + 4 * best, boxes + 4 * i) > 0.3;
                want[3 * n_want] = 0;
                want[3 * n_want + 1] = k;
                want[3 * n_want++ + 2] = best;
            }
        }
        case_begin(&c, NESCIO_OP_NON_MAX_SUPPRESSION, 5, 1);
        assert_non_null(nescio_node_set_int(c.node, "center_point_box", centered));
        case_input(&c, 0, NESCIO_F32, DIMS(1, 10, 4), given);
        case_input(&c, 1, NESCIO_F32, DIMS(1, 2, 10), scores);
        case_input(&c, 2, NESCIO_I64, DIMS(1), VALUES(4));
        case_input(&c, 3, NESCIO_F32, DIMS(1), VALUES(0.3));
        case_input(&c, 4, NESCIO_F32, DIMS(1), VALUES(0.25));
        case_run(&c);
        case_expect(&c, 0, NESCIO_I64, DIMS(n_want, 3), want, 0);
        case_end(&c);
    }
}

static void places_that_do_not_fit_are_refused(void **state)
{
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_ROI_ALIGN, 3, 1);
    case_random(&c, 0, NESCIO_F32, DIMS(1, 1, 4, 4), -1, 1, &seed);
    case_input(&c, 1, NESCIO_F32, DIMS(1, 4), VALUES(0, 0, 2, 2));
    case_input(&c, 2, NESCIO_I64, DIMS(1), VALUES(1)); /* there is no second image */
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_FORMAT);
    case_end(&c);

    case_begin(&c, NESCIO_OP_ROI_ALIGN, 3, 1);
    case_random(&c, 0, NESCIO_F32, DIMS(1, 1, 4, 4), -1, 1, &seed);
    case_input(&c, 1, NESCIO_F32, DIMS(1, 4), VALUES(0, 0, 1e30, 1e30)); /* endless samples */
    case_input(&c, 2, NESCIO_I64, DIMS(1), VALUES(0));
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_ARG);
    case_end(&c);

    case_begin(&c, NESCIO_OP_GRID_SAMPLE, 2, 1);
    case_random(&c, 0, NESCIO_F32, DIMS(1, 1, 4, 4), -1, 1, &seed);
    case_random(&c, 1, NESCIO_F32, DIMS(1, 2, 2, 3), -1, 1, &seed); /* three numbers a position */
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_FORMAT);
    case_end(&c);

    case_begin(&c, NESCIO_OP_COL2IM, 3, 1);
    case_random(&c, 0, NESCIO_F32, DIMS(1, 4, 3), -1, 1, &seed);
    case_input(&c, 1, NESCIO_I64, DIMS(1), VALUES(5));
    case_input(&c, 2, NESCIO_I64, DIMS(1), VALUES(2)); /* that is four columns */
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_FORMAT);
    case_end(&c);

    case_begin(&c, NESCIO_OP_NON_MAX_SUPPRESSION, 2, 1);
    case_random(&c, 0, NESCIO_F32, DIMS(1, 5, 4), 0, 1, &seed);
    case_random(&c, 1, NESCIO_F32, DIMS(1, 2, 6), 0, 1, &seed);
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_FORMAT);
    case_end(&c);
}

/* Tensors of no element have any size for nothing: no loop runs over what is not there. */
static void places_of_nothing_take_no_time(void **state)
{
    const int64_t many = (int64_t)1 << 22;
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_NON_MAX_SUPPRESSION, 3, 1);
    case_input(&c, 0, NESCIO_F32, DIMS(many, 0, 4), NULL);
    case_input(&c, 1, NESCIO_F32, DIMS(many, many, 0), NULL);
    case_input(&c, 2, NESCIO_I64, DIMS(1), VALUES(1));
    case_run(&c);
    case_expect(&c, 0, NESCIO_I64, DIMS(0, 3), NULL, 0);
    case_end(&c);

    case_begin(&c, NESCIO_OP_COL2IM, 3, 1); /* no image */
    assert_non_null(nescio_node_set_ints(c.node, "strides", (const int64_t[]){1}, 1));
    case_input(&c, 0, NESCIO_F32, DIMS(0, many, many), NULL);
    case_input(&c, 1, NESCIO_I64, DIMS(1), VALUES(2 * (double)many - 1));
    case_input(&c, 2, NESCIO_I64, DIMS(1), VALUES((double)many));
    case_run(&c);
    case_expect(&c, 0, NESCIO_F32, DIMS(0, 1, 2 * many - 1), NULL, 0);
    case_end(&c);

    case_begin(&c, NESCIO_OP_COL2IM, 3, 1); /* no row of three blocks of 2^30 */
    case_input(&c, 0, NESCIO_F32, DIMS(1, 0, 1), NULL);
    case_input(&c, 1, NESCIO_I64, DIMS(3), VALUES(0x1p30, 0x1p30, 0x1p30));
    case_input(&c, 2, NESCIO_I64, DIMS(3), VALUES(0x1p30, 0x1p30, 0x1p30));
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_ARG); /* more than a tensor holds */
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids_sample_the_continued_line),
        cmocka_unit_test(identity_grids_change_nothing),
        cmocka_unit_test(columns_add_up),
        cmocka_unit_test(boxes_of_linear_images_give_the_middle),
        cmocka_unit_test(best_boxes_strike_out_the_others),
        cmocka_unit_test(places_that_do_not_fit_are_refused),
        cmocka_unit_test(places_of_nothing_take_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
