/* SPDX-License-Identifier: Apache-2.0
 * The public interface never touches parameters below the security floor, however whole the file
 * that states them is; and its other refusals that the command cannot reach. */
#include "../format/toy_model.h"
#include "nescio/nescio.h"
#include "support.h"

static char folder[64];
static nescio_ctx *ctx;

static int enter(void **state)
{
    toy_model m;
    nescio_package *p = NULL;

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    m = toy_model_new(ctx);
    assert_int_equal(nescio_package_write(ctx, &m.source, "toy.nescio"), NESCIO_OK);
    assert_int_equal(nescio_package_open(ctx, "toy.nescio", true, true, &p), NESCIO_OK);
    nescio_package_free(p);
    toy_model_free(&m);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    assert_int_equal(unlink("toy.nescio"), 0);
    test_leave_folder(folder);
    return 0;
}

static void expect_refused(nescio_status st)
{
    assert_int_equal(st, NESCIO_E_UNSUPPORTED);
    if (!strstr(nescio_ctx_message(ctx), "toy.nescio") || !strstr(nescio_ctx_message(ctx), "bits"))
        fail_msg("%s", nescio_ctx_message(ctx));
}

static void toy_parameters_are_refused(void **state)
{
    nescio_client *client = (nescio_client *)8;
    nescio_server *server = (nescio_server *)8;
    nescio_predictor *predictor = (nescio_predictor *)8;
    nescio_estimate estimate;

    (void)state;
    expect_refused(nescio_client_open(ctx, "toy.nescio", &client));
    expect_refused(nescio_server_open(ctx, "toy.nescio", "no.key", &server));
    expect_refused(nescio_predictor_open(ctx, "toy.nescio", &predictor));
    expect_refused(nescio_package_estimate(ctx, "toy.nescio", &estimate));
    assert_true(!client && !server && !predictor);
}

static void arrays_of_odd_types_are_refused(void **state)
{
    static const nescio_array odd[] = {
        {.name = "none", .type = 0},
        {.name = "text", .type = NESCIO_TYPE_STRING, .rank = 1, .dims = {1}},
        {.name = "deep", .type = NESCIO_TYPE_FLOAT32, .rank = NESCIO_MAX_RANK + 1},
        {.name = "flat", .type = NESCIO_TYPE_FLOAT32, .rank = -1},
        {.name = "less", .type = NESCIO_TYPE_FLOAT32, .rank = 1, .dims = {-1}},
        {.name = "wide", .type = NESCIO_TYPE_FLOAT64, .rank = 2, .dims = {INT64_MAX, INT64_MAX}},
    };
    nescio_arrays *arrays = NULL;

    (void)state;
    assert_int_equal(nescio_arrays_new(ctx, &arrays), NESCIO_OK);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_int_equal(nescio_arrays_add(ctx, arrays, &odd[i]), NESCIO_E_ARG);
        assert_true(*nescio_ctx_message(ctx));
        assert_int_equal(nescio_arrays_count(arrays), 0);
    }
    nescio_arrays_free(arrays);
}

static void rows_are_kept_and_counted(void **state)
{
    static const float values[] = {1, 2, 3, 4, 5, 6};
    const nescio_array a = {"a", NESCIO_TYPE_FLOAT32, 2, {3, 2}, values};
    nescio_arrays *arrays = NULL;
    const nescio_array *got;

    (void)state;
    assert_int_equal(nescio_arrays_new(ctx, &arrays), NESCIO_OK);
    for (int i = 0; i < 9; i++) /* past the first capacity */
        assert_int_equal(nescio_arrays_add(ctx, arrays, &a), NESCIO_OK);
    assert_int_equal(nescio_arrays_rows(ctx, arrays, 1, 100), NESCIO_OK);
    assert_int_equal(nescio_arrays_count(arrays), 9);
    assert_null(nescio_arrays_at(arrays, 9));
    for (size_t i = 0; i < 9; i++) {
        got = nescio_arrays_at(arrays, i);
        assert_string_equal(got->name, "a");
        assert_int_equal(got->dims[0], 2);
        assert_memory_equal(got->data, values + 2, 4 * sizeof *values);
    }
    assert_int_equal(nescio_arrays_rows(ctx, arrays, 7, 1), NESCIO_OK);
    assert_int_equal(nescio_arrays_at(arrays, 0)->dims[0], 0);
    nescio_arrays_free(arrays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toy_parameters_are_refused),
        cmocka_unit_test(arrays_of_odd_types_are_refused),
        cmocka_unit_test(rows_are_kept_and_counted),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
