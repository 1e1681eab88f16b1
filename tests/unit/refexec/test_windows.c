/* SPDX-License-Identifier: Apache-2.0
 * Convolution and pooling against their definitions, written as loops over coordinates, on random
 * shapes, strides, dilations, paddings and groups; the transposed convolution as the adjoint of the
 * convolution: <conv(x), y> = <x, conv_transpose(y)>. */
#include "node_case.h"

#include <math.h>

#define SPATIAL_MAX 3

static uint64_t seed = 20240229;

/* Random window over `rank` axes; attributes are set on the node. */
typedef struct window {
    int rank;
    int64_t in[SPATIAL_MAX], out[SPATIAL_MAX], kernel[SPATIAL_MAX], stride[SPATIAL_MAX],
        dilation[SPATIAL_MAX];
    int64_t pads[2 * SPATIAL_MAX];
} window;

static int64_t pick(int64_t low, int64_t high)
{
    return low + (int64_t)(case_uniform(&seed) * (double)(high - low + 1));
}

static window random_window(int64_t most_padding)
{
    window w = {.rank = (int)pick(1, SPATIAL_MAX)};

    for (int i = 0; i < w.rank; i++) {
        w.in[i] = pick(5, 8);
        w.kernel[i] = pick(1, 3);
        w.stride[i] = pick(1, 3);
        w.dilation[i] = pick(1, 2);
        w.pads[i] = pick(0, most_padding);
        w.pads[w.rank + i] = pick(0, most_padding);
        w.out[i] =
            (w.in[i] + w.pads[i] + w.pads[w.rank + i] - (w.kernel[i] - 1) * w.dilation[i] - 1) /
                w.stride[i] +
            1;
    }
    return w;
}

static void set_window(nescio_node *node, const window *w)
{
    const size_t n = (size_t)w->rank;

    assert_non_null(nescio_node_set_ints(node, "kernel_shape", w->kernel, n));
    assert_non_null(nescio_node_set_ints(node, "strides", w->stride, n));
    assert_non_null(nescio_node_set_ints(node, "dilations", w->dilation, n));
    assert_non_null(nescio_node_set_ints(node, "pads", w->pads, 2 * n));
}

static int64_t product(const int64_t *v, int n)
{
    int64_t p = 1;

    for (int i = 0; i < n; i++)
        p *= v[i];
    return p;
}

/* Offset in the input plane that kernel element k of output o looks at; -1 in the padding. */
static int64_t input_offset(const window *w, int64_t o, int64_t k)
{
    int64_t at[SPATIAL_MAX], offset = 0;

    for (int i = w->rank - 1; i >= 0; i--) {
        at[i] = o % w->out[i] * w->stride[i] - w->pads[i] + k % w->kernel[i] * w->dilation[i];
        o /= w->out[i];
        k /= w->kernel[i];
        if (at[i] < 0 || at[i] >= w->in[i])
            return -1;
    }
    for (int i = 0; i < w->rank; i++)
        offset = offset * w->in[i] + at[i];
    return offset;
}

/* dims of [n, c, spatial...] */
static void plane_dims(int64_t n, int64_t c, const int64_t *spatial, int rank, int64_t *dims)
{
    dims[0] = n;
    dims[1] = c;
    for (int i = 0; i < rank; i++)
        dims[2 + i] = spatial[i];
}

static double conv_by_definition(const node_case *c, const window *w, int64_t group, int64_t image,
                                 int64_t filter, int64_t o)
{
    const int64_t channels = c->inputs[1].dims[1], filters = c->inputs[1].dims[0] / group;
    const int64_t n_kernel = product(w->kernel, w->rank), n_in = product(w->in, w->rank);
    double sum = c->given[2] ? nescio_tensor_get_f64(&c->inputs[2], (size_t)filter) : 0;

    for (int64_t ch = 0; ch < channels; ch++)
        for (int64_t k = 0; k < n_kernel; k++) {
            const int64_t at = input_offset(w, o, k);
            const int64_t plane = (image * group + filter / filters) * channels + ch;

            if (at >= 0)
                sum += nescio_tensor_get_f64(&c->inputs[0], (size_t)(plane * n_in + at)) *
                       nescio_tensor_get_f64(&c->inputs[1],
                                             (size_t)((filter * channels + ch) * n_kernel + k));
        }
    return sum;
}

static void conv_case(void)
{
    const window w = random_window(2);
    const int64_t group = pick(1, 3), channels = pick(1, 3), filters = group * pick(1, 4),
                  images = pick(1, 2);
    const nescio_dtype dtype = pick(0, 1) ? NESCIO_F32 : NESCIO_F64;
    const uint64_t start = seed;
    int64_t dims[2 + SPATIAL_MAX], n_out = product(w.out, w.rank);
    node_case c;

    case_begin(&c, NESCIO_OP_CONV, 3, 1);
    set_window(c.node, &w);
    assert_non_null(nescio_node_set_int(c.node, "group", group));
    plane_dims(images, group * channels, w.in, w.rank, dims);
    case_random(&c, 0, dtype, 2 + w.rank, dims, -1, 1, &seed);
    plane_dims(filters, channels, w.kernel, w.rank, dims);
    case_random(&c, 1, dtype, 2 + w.rank, dims, -1, 1, &seed);
    if (pick(0, 1))
        case_random(&c, 2, dtype, 1, &filters, -1, 1, &seed);
    case_run(&c);
    if (c.status != NESCIO_OK)
        fail_msg("seed %llu: %s", (unsigned long long)start, nescio_ctx_message(c.ctx));
    for (int64_t i = 0; i < images * filters * n_out; i++) {
        const double expected =
            conv_by_definition(&c, &w, group, i / n_out / filters, i / n_out % filters, i % n_out);

        if (fabs(case_output(&c, 0, (size_t)i) - expected) > 1e-4)
            fail_msg("seed %llu, element %lld: %g instead of %g", (unsigned long long)start,
                     (long long)i, case_output(&c, 0, (size_t)i), expected);
    }
    case_end(&c);
}

static void convolutions_follow_the_definition(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++)
        conv_case();
}

/* Enough output for several tiles, on four workers. */
static void tiles_and_threads_change_nothing(void **state)
{
    const window w = {.rank = 2,
                      .in = {70, 60},
                      .out = {70, 60},
                      .kernel = {3, 3},
                      .stride = {1, 1},
                      .dilation = {1, 1},
                      .pads = {1, 1, 1, 1}};
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_CONV, 2, 1);
    assert_int_equal(nescio_ctx_set_threads(c.ctx, 4), NESCIO_OK);
    set_window(c.node, &w);
    case_random(&c, 0, NESCIO_F32, DIMS(1, 24, 70, 60), -1, 1, &seed);
    case_random(&c, 1, NESCIO_F32, DIMS(5, 24, 3, 3), -1, 1, &seed);
    case_run(&c);
    assert_int_equal(c.status, NESCIO_OK);
    for (int64_t i = 0; i < 5 * 4200; i += 7)
        assert_true(fabs(case_output(&c, 0, (size_t)i) -
                         conv_by_definition(&c, &w, 1, 0, i / 4200, i % 4200)) < 1e-3);
    case_end(&c);
}

static double inner_product(const nescio_tensor *a, const nescio_tensor *b)
{
    double sum = 0;
    const size_t n = nescio_tensor_count(a);

    assert_int_equal(n, nescio_tensor_count(b));
    for (size_t i = 0; i < n; i++)
        sum += nescio_tensor_get_f64(a, i) * nescio_tensor_get_f64(b, i);
    return sum;
}

static void adjoint_case(void)
{
    const window w = random_window(1);
    const int64_t group = pick(1, 2), channels = pick(1, 3), filters = group * pick(1, 3);
    int64_t dims[2 + SPATIAL_MAX], extra[SPATIAL_MAX];
    node_case forward, back;

    case_begin(&forward, NESCIO_OP_CONV, 2, 1);
    set_window(forward.node, &w);
    assert_non_null(nescio_node_set_int(forward.node, "group", group));
    plane_dims(1, group * channels, w.in, w.rank, dims);
    case_random(&forward, 0, NESCIO_F64, 2 + w.rank, dims, -1, 1, &seed);
    plane_dims(filters, channels, w.kernel, w.rank, dims);
    case_random(&forward, 1, NESCIO_F64, 2 + w.rank, dims, -1, 1, &seed);
    case_run(&forward);
    assert_int_equal(forward.status, NESCIO_OK);
    case_begin(&back, NESCIO_OP_CONV_TRANSPOSE, 2, 1);
    set_window(back.node, &w);
    for (int i = 0; i < w.rank; i++) /* what the strides leave over at the end */
        extra[i] =
            (w.in[i] + w.pads[i] + w.pads[w.rank + i] - (w.kernel[i] - 1) * w.dilation[i] - 1) %
            w.stride[i];
    assert_non_null(nescio_node_set_ints(back.node, "output_padding", extra, (size_t)w.rank));
    assert_non_null(nescio_node_set_int(back.node, "group", group));
    plane_dims(1, filters, w.out, w.rank, dims);
    case_random(&back, 0, NESCIO_F64, 2 + w.rank, dims, -1, 1, &seed);
    /* filters of the convolution are the input channels here: the same array */
    case_input(&back, 1, NESCIO_F64, 2 + w.rank, forward.inputs[1].dims, forward.inputs[1].data);
    case_run(&back);
    assert_int_equal(back.status, NESCIO_OK);
    assert_true(fabs(inner_product(&forward.outputs[0], &back.inputs[0]) -
                     inner_product(&forward.inputs[0], &back.outputs[0])) < 1e-9);
    case_end(&forward);
    case_end(&back);
}

static void transposed_convolution_is_the_adjoint(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++)
        adjoint_case();
}

static double pool_by_definition(nescio_op op, const node_case *c, const window *w, int64_t plane,
                                 int64_t o, int64_t *where)
{
    const int64_t n_kernel = product(w->kernel, w->rank), n_in = product(w->in, w->rank);
    double best = -INFINITY, sum = 0;
    int64_t n = 0;

    for (int64_t k = 0; k < n_kernel; k++) {
        const int64_t at = input_offset(w, o, k);
        double v;

        if (at < 0)
            continue;
        v = nescio_tensor_get_f64(&c->inputs[0], (size_t)(plane * n_in + at));
        if (v > best)
            *where = plane * n_in + at;
        best = fmax(best, v);
        sum += op == NESCIO_OP_LP_POOL ? v * v : v;
        n++;
    }
    return op == NESCIO_OP_MAX_POOL ? best : op == NESCIO_OP_LP_POOL ? sqrt(sum) : sum / (double)n;
}

/* places: MaxPool's second output is asked for. */
static void pool_case(nescio_op op, bool places)
{
    window w = random_window(0);
    int64_t dims[2 + SPATIAL_MAX], n_out, where = 0;
    node_case c;

    for (int i = 0; i < w.rank; i++) { /* padding below the kernel: no window without an element */
        w.pads[i] = pick(0, w.kernel[i] > 1 ? 1 : 0);
        w.out[i] = (w.in[i] + w.pads[i] - (w.kernel[i] - 1) * w.dilation[i] - 1) / w.stride[i] + 1;
    }
    n_out = product(w.out, w.rank);
    case_begin(&c, op, 1, places ? 2 : 1);
    set_window(c.node, &w);
    plane_dims(2, 3, w.in, w.rank, dims);
    case_random(&c, 0, NESCIO_F32, 2 + w.rank, dims, -1, 1, &seed);
    case_run(&c);
    assert_int_equal(c.status, NESCIO_OK);
    for (int64_t i = 0; i < 6 * n_out; i++) {
        assert_true(fabs(case_output(&c, 0, (size_t)i) -
                         pool_by_definition(op, &c, &w, i / n_out, i % n_out, &where)) < 1e-5);
        if (places)
            assert_int_equal((int64_t)case_output(&c, 1, (size_t)i), where);
    }
    case_end(&c);
}

static void pools_follow_the_definition(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        pool_case(NESCIO_OP_MAX_POOL, true);
        pool_case(NESCIO_OP_MAX_POOL, false);
        pool_case(NESCIO_OP_AVERAGE_POOL, false);
        pool_case(NESCIO_OP_LP_POOL, false);
    }
}

/* The last window of 5 elements with kernel 2, stride 2 holds one element and, with padding
 * counted, nothing else. */
static void partial_windows_count_what_is_there(void **state)
{
    node_case c;

    (void)state;
    for (int padding = 0; padding < 2; padding++) {
        case_begin(&c, NESCIO_OP_AVERAGE_POOL, 1, 1);
        assert_non_null(nescio_node_set_ints(c.node, "kernel_shape", (const int64_t[]){2}, 1));
        assert_non_null(nescio_node_set_ints(c.node, "strides", (const int64_t[]){2}, 1));
        assert_non_null(nescio_node_set_int(c.node, "ceil_mode", 1));
        assert_non_null(nescio_node_set_int(c.node, "count_include_pad", padding));
        case_input(&c, 0, NESCIO_F32, DIMS(1, 1, 5), (const double[]){1, 3, 5, 7, 9});
        case_run(&c);
        case_expect(&c, 0, NESCIO_F32, DIMS(1, 1, 3), (const double[]){2, 6, 9}, 0);
        case_end(&c);
    }
}

static void windows_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        int64_t kernel, stride, pad, group;
    } wrong[] = {
        {9, 1, 0, 1}, {3, 0, 0, 1}, {3, 1, -1, 1}, {3, 1, 0, 2}, {3, (int64_t)1 << 40, 0, 1},
        {3, 1, 0, 0}};
    node_case c;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const int64_t pads[2] = {wrong[i].pad, wrong[i].pad};

        case_begin(&c, NESCIO_OP_CONV, 2, 1);
        assert_non_null(nescio_node_set_ints(c.node, "strides", &wrong[i].stride, 1));
        assert_non_null(nescio_node_set_ints(c.node, "pads", pads, 2));
        assert_non_null(nescio_node_set_int(c.node, "group", wrong[i].group));
        case_random(&c, 0, NESCIO_F32, DIMS(1, 1, 5), -1, 1, &seed);
        case_random(&c, 1, NESCIO_F32, 3, (const int64_t[]){1, 1, wrong[i].kernel}, -1, 1, &seed);
        case_run(&c);
        assert_int_equal(c.status, NESCIO_E_FORMAT);
        assert_int_equal(strncmp(nescio_ctx_message(c.ctx), "Conv 'node': ", 13), 0);
        case_end(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_follow_the_definition),
        cmocka_unit_test(tiles_and_threads_change_nothing),
        cmocka_unit_test(transposed_convolution_is_the_adjoint),
        cmocka_unit_test(pools_follow_the_definition),
        cmocka_unit_test(partial_windows_count_what_is_there),
        cmocka_unit_test(windows_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
