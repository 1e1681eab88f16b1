/* SPDX-License-Identifier: Apache-2.0
 * Several arrays into a folder: all files or none, and what was there before stays. */
#include "nescio/nescio.h"
#include "support.h"

#include <sys/stat.h>

static char folder[64];
static nescio_ctx *ctx;

static int enter(void **state)
{
    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    test_leave_folder(folder);
    return 0;
}

/* Two arrays of one number each; the caller frees. */
static nescio_arrays *pair(const char *first, const char *second, float value)
{
    const char *const names[2] = {first, second};
    nescio_arrays *arrays = NULL;

    assert_int_equal(nescio_arrays_new(ctx, &arrays), NESCIO_OK);
    for (int i = 0; i < 2; i++) {
        const nescio_array a = {
            .name = names[i], .type = NESCIO_TYPE_FLOAT32, .rank = 1, .dims = {1}, .data = &value};

        assert_int_equal(nescio_arrays_add(ctx, arrays, &a), NESCIO_OK);
    }
    return arrays;
}

static float number_in(const char *path)
{
    nescio_arrays *arrays = NULL;
    float value;

    assert_int_equal(nescio_arrays_new(ctx, &arrays), NESCIO_OK);
    assert_int_equal(nescio_arrays_add_file(ctx, arrays, "", path), NESCIO_OK);
    value = *(const float *)nescio_arrays_at(arrays, 0)->data;
    nescio_arrays_free(arrays);
    return value;
}

static void all_files(void **state)
{
    nescio_arrays *arrays = pair("a", "b/c", 3);

    (void)state;
    for (int again = 0; again < 2; again++) /* into a folder made here, then over its files */
        assert_int_equal(nescio_arrays_write(ctx, arrays, "out"), NESCIO_OK);
    nescio_arrays_free(arrays);
    assert_true(number_in("out/a.npy") == 3 && number_in("out/b_c.npy") == 3);
    assert_int_equal(unlink("out/a.npy"), 0);
    assert_int_equal(unlink("out/b_c.npy"), 0);
    assert_int_equal(rmdir("out"), 0); /* fails if more was written */
}

/* The second name is longer than file systems take. */
static void or_none(void **state)
{
    char name[400];
    nescio_arrays *arrays;
    struct stat found;

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    arrays = pair("a", name, 5);
    assert_int_equal(nescio_arrays_write(ctx, arrays, "out"), NESCIO_E_IO);
    assert_int_not_equal(stat("out", &found), 0); /* the folder was made by the call */
    nescio_arrays_free(arrays);

    arrays = pair("a", "b", 1);
    assert_int_equal(nescio_arrays_write(ctx, arrays, "out"), NESCIO_OK);
    nescio_arrays_free(arrays);
    arrays = pair("a", name, 5);
    assert_int_equal(nescio_arrays_write(ctx, arrays, "out"), NESCIO_E_IO);
    nescio_arrays_free(arrays);
    assert_true(number_in("out/a.npy") == 1);
    assert_int_equal(unlink("out/a.npy"), 0);
    assert_int_equal(unlink("out/b.npy"), 0);
    assert_int_equal(rmdir("out"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_files), cmocka_unit_test(or_none)};

    return cmocka_run_group_tests(tests, enter, leave);
}
