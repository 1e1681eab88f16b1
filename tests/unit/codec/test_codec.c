/* SPDX-License-Identifier: Apache-2.0
 * The clear side: quantizers against their definition, head and tail graphs, what is refused, and
 * what counts as a class. */
#include "../format/toy_model.h"
#include "codec/codec.h"
#include "support.h"

#include <math.h>

static nescio_ctx *ctx;
static toy_model model;

static int enter(void **state)
{
    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    model = toy_model_new(ctx);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    toy_model_free(&model);
    nescio_ctx_free(ctx);
    return 0;
}

static void expect_ok(nescio_status st)
{
    if (st != NESCIO_OK)
        fail_msg("%s: %s", nescio_status_name(st), nescio_ctx_message(ctx));
}

static void expect_failure(nescio_status st, nescio_status wanted, const char *said)
{
    if (st != wanted || !strstr(nescio_ctx_message(ctx), said))
        fail_msg("%s, not %s with '%s': %s", nescio_status_name(st), nescio_status_name(wanted),
                 said, nescio_ctx_message(ctx));
}

#define GRAPH(name, in, out, body)                                                                 \
    "<ir_version: 10, opset_import: [\"\" : 21]>\n" name " (" in ") => (" out ") {\n" body "}\n"

/* The toy package with these graphs around the circuit. */
static nescio_package *package_with(const char *head, const char *tail)
{
    nescio_package_source source = model.source;
    nescio_package *p = NULL;
    nescio_buffer bytes = {0};

    if (head) {
        source.head = head;
        source.head_bytes = strlen(head);
    }
    if (tail) {
        source.tail = tail;
        source.tail_bytes = strlen(tail);
    }
    expect_ok(nescio_package_bytes(ctx, &source, &bytes));
    expect_ok(nescio_package_parse(ctx, bytes.data, bytes.bytes, "toy", true, true, &p));
    nescio_buffer_free(&bytes);
    return p;
}

static nescio_tensor floats(const float *values, int64_t rows, int64_t columns)
{
    const int64_t dims[] = {rows, columns};
    nescio_tensor t;

    expect_ok(nescio_tensor_shape(ctx, &t, NESCIO_F32, 2, dims));
    t.data = (void *)(uintptr_t)values;
    return t;
}

/* The toy's quantizer: codes 0 ... 3, scale 1, zero point 0; round half to even, clamp. */
static void rows_become_integers(void **state)
{
    static const float values[] = {0, 1, 3, 0.5f, 1.5f, 2.5f, -0.4f, -0.6f, 3.4f, 3.6f, 1e30f, NAN};
    static const int64_t wanted[] = {0, 1, 3, 0, 2, 2, 0, 0, 3, 3, 3, 0};
    nescio_package *p = package_with(NULL, NULL);
    const nescio_tensor t = floats(values, 4, 3);
    nescio_codec *codec = NULL;
    nescio_rows rows;

    (void)state;
    expect_ok(nescio_codec_new(ctx, p->client, &codec));
    assert_int_equal(nescio_codec_n_inputs(codec), 1);
    assert_string_equal(nescio_codec_input(codec, 0)->name, "x");
    assert_string_equal(nescio_codec_output(codec, 0)->name, "y");
    expect_ok(nescio_codec_encode(ctx, codec, &t, 1, &rows));
    assert_int_equal(rows.n_rows, 4);
    assert_memory_equal(rows.values[0], wanted, sizeof wanted);
    assert_int_equal(rows.clamped[0], 4); /* -0.6, 3.6, 1e30, NaN */
    nescio_codec_rows_in_free(codec, &rows);
    nescio_codec_free(codec);
    nescio_package_free(p);
}

static void integers_become_what_the_model_gives(void **state)
{
    const char *tail = GRAPH("tail", "float[rows,4] y", "float[rows,4] n, int64[rows] label",
                             "n = Neg (y)\nlabel = ArgMax <axis = 1, keepdims = 0> (y)\n");
    nescio_package *p = package_with(NULL, tail);
    nescio_codec *codec = NULL;
    nescio_tensor out[2] = {{0}, {0}};
    nescio_rows rows;
    int64_t classes[2];

    (void)state;
    expect_ok(nescio_codec_new(ctx, p->client, &codec));
    assert_int_equal(nescio_codec_n_outputs(codec), 2);
    expect_ok(nescio_codec_rows_out(ctx, codec, 2, &rows));
    for (int i = 0; i < 8; i++)
        rows.values[0][i] = (i * 5) % 7; /* 0 5 3 1, 6 4 2 0 */
    expect_ok(nescio_codec_decode(ctx, codec, &rows, out));
    for (int i = 0; i < 8; i++)
        assert_true(((const float *)out[0].data)[i] == -(float)((i * 5) % 7));
    assert_int_equal(((const int64_t *)out[1].data)[0], 1);
    assert_int_equal(((const int64_t *)out[1].data)[1], 0);
    expect_ok(nescio_classes(ctx, out, 2, classes, 2)); /* the label, not the largest score */
    assert_true(classes[0] == 1 && classes[1] == 0);
    nescio_tensor_free(&out[0]);
    nescio_tensor_free(&out[1]);
    nescio_codec_rows_out_free(codec, &rows);
    nescio_codec_free(codec);
    nescio_package_free(p);
}

static void a_head_runs_before_the_quantizer(void **state)
{
    const char *head =
        GRAPH("head", "float[rows,3] a, float[rows,3] b", "float[rows,3] x", "x = Add (a, b)\n");
    static const float a[] = {1, 0, 2}, b[] = {1, 3, -1};
    static const int64_t wanted[] = {2, 3, 1};
    nescio_package *p = package_with(head, NULL);
    const nescio_tensor in[] = {floats(a, 1, 3), floats(b, 1, 3)};
    const nescio_tensor uneven[] = {floats(a, 1, 3), floats(b, 0, 3)};
    nescio_codec *codec = NULL;
    nescio_rows rows;

    (void)state;
    expect_ok(nescio_codec_new(ctx, p->client, &codec));
    expect_ok(nescio_codec_encode(ctx, codec, in, 2, &rows));
    assert_memory_equal(rows.values[0], wanted, sizeof wanted);
    nescio_codec_rows_in_free(codec, &rows);
    expect_failure(nescio_codec_encode(ctx, codec, in, 1, &rows), NESCIO_E_MISMATCH, "2 inputs");
    assert_null(rows.values);
    expect_failure(nescio_codec_encode(ctx, codec, uneven, 2, &rows), NESCIO_E_MISMATCH, "'b'");
    assert_null(rows.values);
    nescio_codec_free(codec);
    nescio_package_free(p);
}

static void graphs_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *head, *tail, *said;
    } cases[] = {
        {"no graph at all", NULL, "line 1"},
        {NULL, "", ""},
        {GRAPH("head", "float[rows,3] x", "float[rows,3] x, float[rows,3] z", "z = Neg (x)\n"),
         NULL, "2 tensors"},
        {NULL,
         GRAPH("tail", "float[rows,4] y, float[rows,4] z", "float[rows,4] w", "w = Add (y, z)\n"),
         "takes 2"},
        {NULL, GRAPH("tail", "int64[rows,4] y", "int64[rows,4] y", ""), "floating"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nescio_package *p = package_with(cases[i].head, cases[i].tail);
        nescio_codec *codec = (nescio_codec *)8;

        expect_failure(nescio_codec_new(ctx, p->client, &codec), NESCIO_E_FORMAT, cases[i].said);
        assert_null(codec);
        nescio_package_free(p);
    }
}

static void rows_of_another_width_are_refused(void **state)
{
    static const float values[8] = {0};
    nescio_package *p = package_with(NULL, NULL);
    const nescio_tensor wide = floats(values, 2, 4);
    nescio_tensor scalar = {.dtype = NESCIO_F32, .data = (void *)(uintptr_t)values};
    nescio_codec *codec = NULL;
    nescio_rows rows;

    (void)state;
    expect_ok(nescio_codec_new(ctx, p->client, &codec));
    assert_int_not_equal(nescio_codec_encode(ctx, codec, &wide, 1, &rows), NESCIO_OK);
    assert_null(rows.values);
    expect_failure(nescio_codec_encode(ctx, codec, &scalar, 1, &rows), NESCIO_E_MISMATCH, "scalar");
    nescio_codec_free(codec);
    nescio_package_free(p);
}

static void a_class_is_what_the_header_says(void **state)
{
    static const float scores[] = {1, 3, 3, -1, -2, -3}, probabilities[] = {0.4f, 0.6f, 0.5f},
                       margins[] = {-0.4f, 0.6f, 2};
    static const int64_t column[] = {3, 1};
    nescio_tensor t = floats(scores, 2, 3), none = floats(scores, 2, 3);
    int64_t classes[3];

    (void)state;
    expect_ok(nescio_classes(ctx, &t, 1, classes, 2));
    assert_true(classes[0] == 1 && classes[1] == 0); /* the first of equals */
    expect_ok(nescio_tensor_shape(ctx, &t, NESCIO_F32, 2, column));
    t.data = (void *)(uintptr_t)probabilities;
    expect_ok(nescio_classes(ctx, &t, 1, classes, 3));
    assert_true(classes[0] == 0 && classes[1] == 1 && classes[2] == 0);
    t.data = (void *)(uintptr_t)margins;
    expect_ok(nescio_classes(ctx, &t, 1, classes, 3));
    assert_true(classes[0] == 0 && classes[1] == 1 && classes[2] == 1);
    none.dtype = NESCIO_BOOL;
    expect_failure(nescio_classes(ctx, &none, 1, classes, 2), NESCIO_E_MISMATCH, "class");
    expect_ok(nescio_classes(ctx, &none, 1, classes, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_integers),
        cmocka_unit_test(integers_become_what_the_model_gives),
        cmocka_unit_test(a_head_runs_before_the_quantizer),
        cmocka_unit_test(graphs_that_do_not_fit_are_refused),
        cmocka_unit_test(rows_of_another_width_are_refused),
        cmocka_unit_test(a_class_is_what_the_header_says),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
