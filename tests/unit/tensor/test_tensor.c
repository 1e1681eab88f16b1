/* SPDX-License-Identifier: Apache-2.0
 * Shapes, views, ownership, names. */
#include "support.h"
#include "tensor/tensor.h"

static nescio_ctx *ctx;

static int new_ctx(void **state)
{
    (void)state;
    return nescio_ctx_new(&ctx) != NESCIO_OK;
}

static int free_ctx(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    return 0;
}

static void dtypes(void **state)
{
    static const struct {
        nescio_dtype t;
        size_t bytes;
        const char *name;
        bool is_float, is_integer;
    } all[] = {
        {NESCIO_F32, 4, "float32", true, false},
        {NESCIO_F64, 8, "float64", true, false},
        {NESCIO_F16, 2, "float16", true, false},
        {NESCIO_BF16, 2, "bfloat16", true, false},
        {NESCIO_U8, 1, "uint8", false, true},
        {NESCIO_U16, 2, "uint16", false, true},
        {NESCIO_U32, 4, "uint32", false, true},
        {NESCIO_U64, 8, "uint64", false, true},
        {NESCIO_I8, 1, "int8", false, true},
        {NESCIO_I16, 2, "int16", false, true},
        {NESCIO_I32, 4, "int32", false, true},
        {NESCIO_I64, 8, "int64", false, true},
        {NESCIO_BOOL, 1, "bool", false, false},
        {NESCIO_STRING, sizeof(char *), "string", false, false},
        {NESCIO_DTYPE_NONE, 0, "?", false, false},
        {(nescio_dtype)14, 0, "?", false, false},
        {(nescio_dtype)17, 0, "?", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(nescio_dtype_bytes(all[i].t), all[i].bytes);
        assert_string_equal(nescio_dtype_name(all[i].t), all[i].name);
        assert_int_equal(nescio_dtype_is_float(all[i].t), all[i].is_float);
        assert_int_equal(nescio_dtype_is_integer(all[i].t), all[i].is_integer);
    }
}

static void shapes(void **state)
{
    const int64_t dims[] = {2, 3, 4}, hole[] = {5, 0, 7};
    nescio_tensor t;

    (void)state;
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_F32, 3, dims), NESCIO_OK);
    assert_int_equal(nescio_tensor_count(&t), 24);
    assert_true(t.stride[0] == 12 && t.stride[1] == 4 && t.stride[2] == 1);
    assert_true(!t.data && t.owned_bytes == 0 && nescio_tensor_is_contiguous(&t));
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_I64, 0, NULL), NESCIO_OK);
    assert_int_equal(nescio_tensor_count(&t), 1);
    assert_true(nescio_tensor_is_contiguous(&t));
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_I64, 3, hole), NESCIO_OK);
    assert_int_equal(nescio_tensor_count(&t), 0);
    assert_true(nescio_tensor_is_contiguous(&t));
}

static void shapes_refused(void **state)
{
    const int64_t ok[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, negative[] = {2, -1};
    const int64_t exact[] = {(int64_t)1 << 24, (int64_t)1 << 21},
                  over[] = {(int64_t)1 << 24, ((int64_t)1 << 21) + 1};
    const int64_t wrapping[] = {(int64_t)1 << 32, (int64_t)1 << 32},
                  hidden[] = {0, INT64_MAX, INT64_MAX};
    const int64_t hidden_behind[] = {(int64_t)1 << 30, (int64_t)1 << 30, 0};
    nescio_tensor t;

    (void)state;
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_F64, 12, ok), NESCIO_OK);
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_F64, 13, ok), NESCIO_E_ARG);
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_F64, -1, ok), NESCIO_E_ARG);
    assert_int_equal(nescio_tensor_shape(ctx, &t, (nescio_dtype)99, 1, ok), NESCIO_E_ARG);
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_F64, 2, negative), NESCIO_E_ARG);
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_F64, 2, exact),
                     NESCIO_OK); /* 2^48 bytes */
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_F64, 2, over), NESCIO_E_ARG);
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_U8, 2, wrapping), NESCIO_E_ARG);
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_U8, 3, hidden), NESCIO_E_ARG);
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_U8, 3, hidden_behind), NESCIO_E_ARG);
    assert_true(t.rank == 0 && t.dtype == NESCIO_DTYPE_NONE); /* nothing half-made */
    assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_U8, 2, wrapping), NESCIO_E_ARG);
    assert_null(t.data);
}

static void ownership(void **state)
{
    const int64_t dims[] = {3, 5}, none[] = {0, 4};
    nescio_arena *arena = nescio_arena_new();
    nescio_tensor t;

    (void)state;
    assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_F64, 2, dims), NESCIO_OK);
    assert_true(t.owned_bytes >= 120 && (uintptr_t)t.data % 64 == 0);
    for (size_t i = 0; i < 15; i++)
        assert_true(((double *)t.data)[i] == 0);
    nescio_tensor_free(&t);
    assert_null(t.data);
    nescio_tensor_free(&t);
    assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_F64, 2, none), NESCIO_OK);
    assert_true(t.data && t.owned_bytes > 0);
    nescio_tensor_free(&t);
    assert_int_equal(nescio_tensor_arena(ctx, arena, &t, NESCIO_F64, 2, dims), NESCIO_OK);
    assert_true(t.data && t.owned_bytes == 0);
    nescio_tensor_free(&t); /* the arena still owns it */
    nescio_arena_free(arena);
}

static void rows_are_views(void **state)
{
    const int64_t dims[] = {4, 3};
    nescio_tensor t, view;

    (void)state;
    assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_I32, 2, dims), NESCIO_OK);
    for (int i = 0; i < 12; i++)
        ((int32_t *)t.data)[i] = i;
    view = nescio_tensor_rows(&t, 1, 2);
    assert_true(view.dims[0] == 2 && view.dims[1] == 3 && view.owned_bytes == 0);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(nescio_tensor_get_i64(&view, i), 3 + i);
    nescio_tensor_free(&view);
    view = nescio_tensor_rows(&t, 4, 0);
    assert_int_equal(nescio_tensor_count(&view), 0);
    nescio_tensor_free(&t);
}

static void contiguity(void **state)
{
    const int64_t dims[] = {4, 1, 3};
    nescio_tensor t;

    (void)state;
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_I32, 3, dims), NESCIO_OK);
    t.stride[1] = 77; /* of an axis of one: never used */
    assert_true(nescio_tensor_is_contiguous(&t));
    t.stride[2] = 2;
    assert_false(nescio_tensor_is_contiguous(&t));
    t.stride[2] = 0;
    assert_false(nescio_tensor_is_contiguous(&t));
    t.stride[2] = 1;
    t.stride[0] = 4;
    assert_false(nescio_tensor_is_contiguous(&t));
}

static void descriptions(void **state)
{
    const int64_t dims[] = {10, 784};
    char buf[64];
    nescio_tensor t;

    (void)state;
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_F32, 2, dims), NESCIO_OK);
    assert_string_equal(nescio_tensor_describe(&t, buf, sizeof buf), "float32[10,784]");
    assert_string_equal(nescio_tensor_describe(&t, buf, 12), "float32[10,");
    assert_string_equal(nescio_tensor_describe(&t, buf, 4), "flo");
    assert_string_equal(nescio_tensor_describe(&t, buf, 1), "");
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_STRING, 0, NULL), NESCIO_OK);
    assert_string_equal(nescio_tensor_describe(&t, buf, sizeof buf), "string[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dtypes),         cmocka_unit_test(shapes),
        cmocka_unit_test(shapes_refused), cmocka_unit_test(ownership),
        cmocka_unit_test(rows_are_views), cmocka_unit_test(contiguity),
        cmocka_unit_test(descriptions)};

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
