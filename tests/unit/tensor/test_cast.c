/* SPDX-License-Identifier: Apache-2.0
 * Casts: every pair of types on values that both hold, the edges of each range, strides, and the
 * 16-bit floats against their definition. */
#include "support.h"
#include "tensor/tensor.h"

#include <math.h>

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

static const nescio_dtype numeric[] = {NESCIO_F32, NESCIO_F64, NESCIO_U8,  NESCIO_U16,
                                       NESCIO_U32, NESCIO_U64, NESCIO_I8,  NESCIO_I16,
                                       NESCIO_I32, NESCIO_I64, NESCIO_BOOL};

/* A one-axis tensor of n doubles, borrowed. */
static nescio_tensor doubles(double *x, int64_t n)
{
    nescio_tensor t;

    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_F64, 1, &n), NESCIO_OK);
    t.data = x;
    return t;
}

/* Small values pass through any two types unchanged; 700 is more than two chunks. */
static void every_pair(void **state)
{
    enum { N = 700 };
    static double x[N];
    nescio_tensor start, first, second;

    (void)state;
    for (size_t i = 0; i < N; i++)
        x[i] = (double)(i % 7 == 0);
    for (size_t i = 0; i < 11; i++)
        for (size_t j = 0; j < 11; j++) {
            if (numeric[i] != NESCIO_BOOL && numeric[j] != NESCIO_BOOL)
                for (size_t k = 0; k < N; k++)
                    x[k] = (double)(k % 128);
            start = doubles(x, N);
            assert_int_equal(nescio_tensor_cast(ctx, &first, &start, numeric[i]), NESCIO_OK);
            assert_int_equal(nescio_tensor_cast(ctx, &second, &first, numeric[j]), NESCIO_OK);
            assert_int_equal(second.dtype, numeric[j]);
            for (size_t k = 0; k < N; k++) {
                const bool one = numeric[i] == NESCIO_BOOL || numeric[j] == NESCIO_BOOL;
                const double expected = one ? (double)(x[k] != 0) : x[k];

                assert_true(nescio_tensor_get_f64(&second, k) == expected);
                assert_true(nescio_tensor_get_i64(&second, k) == (int64_t)expected);
            }
            nescio_tensor_free(&first);
            nescio_tensor_free(&second);
        }
}

static void floats_saturate(void **state)
{
    static const struct {
        nescio_dtype to;
        double in;
        int64_t out;
    } cases[] = {
        {NESCIO_I8, -129, -128},
        {NESCIO_U64, 0x1p64, -1}, /* all bits set, read as int64 */
        {NESCIO_U64, 0x1p63, INT64_MIN},
        {NESCIO_I8, 127.9, 127},
        {NESCIO_I8, 128, 127},
        {NESCIO_I8, -128.9, -128},
        {NESCIO_I8, -1e30, -128},
        {NESCIO_I8, -0.9, 0},
        {NESCIO_I8, 2.999, 2},
        {NESCIO_U8, -1, 0},
        {NESCIO_U8, 255.5, 255},
        {NESCIO_U8, 256, 255},
        {NESCIO_I16, 4e4, 32767},
        {NESCIO_I16, -4e4, -32768},
        {NESCIO_U16, 7e4, 65535},
        {NESCIO_I32, 3e9, INT32_MAX},
        {NESCIO_I32, -3e9, INT32_MIN},
        {NESCIO_U32, 5e9, UINT32_MAX},
        {NESCIO_U32, -5, 0},
        {NESCIO_I64, 9.3e18, INT64_MAX},
        {NESCIO_I64, -9.3e18, INT64_MIN},
        {NESCIO_I64, 0x1p63, INT64_MAX},
        {NESCIO_I64, -0x1p63, INT64_MIN},
        {NESCIO_I64, 0x1.fffffffffffffp62, 0x7ffffffffffffc00},
        {NESCIO_BOOL, 0.001, 1},
        {NESCIO_BOOL, -0.0, 0},
        {NESCIO_BOOL, (double)NAN, 1},
        {NESCIO_I8, (double)NAN, 0},
        {NESCIO_U32, (double)NAN, 0},
        {NESCIO_I64, (double)NAN, 0},
        {NESCIO_I64, (double)INFINITY, INT64_MAX},
        {NESCIO_U8, (double)-INFINITY, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double x = cases[i].in;
        nescio_tensor in = doubles(&x, 1), out;

        assert_int_equal(nescio_tensor_cast(ctx, &out, &in, cases[i].to), NESCIO_OK);
        if (nescio_tensor_get_i64(&out, 0) != cases[i].out)
            fail_msg("%g to %s gave %lld", x, nescio_dtype_name(cases[i].to),
                     (long long)nescio_tensor_get_i64(&out, 0));
        nescio_tensor_free(&out);
    }
}

static void big_integers_stay_exact(void **state)
{
    uint64_t x[] = {UINT64_MAX, (uint64_t)1 << 63, ((uint64_t)1 << 53) + 1, 200};
    const int64_t n = 4;
    nescio_tensor in, out;

    (void)state;
    assert_int_equal(nescio_tensor_shape(ctx, &in, NESCIO_U64, 1, &n), NESCIO_OK);
    in.data = x;
    assert_int_equal(nescio_tensor_cast(ctx, &out, &in, NESCIO_U64), NESCIO_OK);
    assert_memory_equal(out.data, x, sizeof x);
    nescio_tensor_free(&out);
    assert_int_equal(nescio_tensor_cast(ctx, &out, &in, NESCIO_F64), NESCIO_OK);
    assert_true(((double *)out.data)[0] == 0x1p64 && ((double *)out.data)[1] == 0x1p63);
    nescio_tensor_free(&out);
    assert_int_equal(nescio_tensor_cast(ctx, &out, &in, NESCIO_I8), NESCIO_OK); /* the low 8 bits */
    assert_true(((int8_t *)out.data)[0] == -1 && ((int8_t *)out.data)[1] == 0 &&
                ((int8_t *)out.data)[2] == 1 && ((int8_t *)out.data)[3] == -56);
    nescio_tensor_free(&out);
    in.dtype = NESCIO_I64;
    assert_int_equal(nescio_tensor_cast(ctx, &out, &in, NESCIO_F32), NESCIO_OK);
    assert_true(((float *)out.data)[0] == -1.0f && ((float *)out.data)[1] == -0x1p63f);
    nescio_tensor_free(&out);
}

/* Any view (permuted, broadcast, every other element, backwards) against its own index arithmetic.
 */
static void strides(void **state)
{
    static const int64_t views[][6] = {{3, 4, 5, 20, 5, 1},  {5, 3, 4, 1, 20, 5},
                                       {3, 2, 5, 20, 10, 1}, {2, 4, 3, 0, 5, 2},
                                       {3, 4, 5, 20, 5, 0},  {1, 1, 5, 7, 9, -1}};
    int16_t x[60];

    (void)state;
    for (int i = 0; i < 60; i++)
        x[i] = (int16_t)(i * 37 - 999);
    for (size_t v = 0; v < sizeof views / sizeof views[0]; v++) {
        nescio_tensor t, out;
        size_t k = 0;

        assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_I16, 3, views[v]), NESCIO_OK);
        memcpy(t.stride, views[v] + 3, 3 * sizeof t.stride[0]);
        t.data = views[v][5] < 0 ? x + 10 : x;
        assert_int_equal(nescio_tensor_cast(ctx, &out, &t, NESCIO_F32), NESCIO_OK);
        assert_true(nescio_tensor_is_contiguous(&out));
        for (int64_t a = 0; a < t.dims[0]; a++)
            for (int64_t b = 0; b < t.dims[1]; b++)
                for (int64_t c = 0; c < t.dims[2]; c++)
                    assert_true(
                        ((float *)out.data)[k++] ==
                        (float)((int16_t *)
                                    t.data)[a * t.stride[0] + b * t.stride[1] + c * t.stride[2]]);
        nescio_tensor_free(&out);
    }
}

static void strings(void **state)
{
    const char *x[] = {"a", "", "caf\xc3\xa9", NULL, "e", "f"};
    const int64_t dims[] = {2, 3};
    nescio_tensor t, out;

    (void)state;
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_STRING, 2, dims), NESCIO_OK);
    t.data = x;
    t.dims[0] = 3, t.dims[1] = 2, t.stride[0] = 1, t.stride[1] = 3; /* transposed */
    assert_int_equal(nescio_tensor_cast(ctx, &out, &t, NESCIO_STRING), NESCIO_OK);
    for (int i = 0; i < 6; i++) {
        const char *expected = x[i % 2 * 3 + i / 2];

        assert_string_equal(((const char **)out.data)[i], expected ? expected : "");
        assert_ptr_not_equal(((const char **)out.data)[i], expected);
    }
    nescio_tensor_free(&out);
    assert_int_equal(nescio_tensor_cast(ctx, &out, &t, NESCIO_F32), NESCIO_E_ARG);
    assert_string_equal(nescio_ctx_message(ctx), "tensor: no conversion from string to float32");
    assert_null(out.data);
}

static void refused(void **state)
{
    double x = 1;
    nescio_tensor in = doubles(&x, 1), out;

    (void)state;
    assert_int_equal(nescio_tensor_cast(ctx, &out, &in, NESCIO_STRING), NESCIO_E_ARG);
    assert_int_equal(nescio_tensor_cast(ctx, &out, &in, NESCIO_F16), NESCIO_E_ARG);
    assert_int_equal(nescio_tensor_cast(ctx, &out, &in, NESCIO_BF16), NESCIO_E_ARG);
    assert_int_equal(nescio_tensor_cast(ctx, &out, &in, (nescio_dtype)99), NESCIO_E_ARG);
}

/* All 65536 patterns of each: value from sign, exponent and fraction by ldexp. */
static void half_floats(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        const int e16 = (int)(bits >> 10 & 31), e8 = (int)(bits >> 7 & 255);
        const double f16 = (double)(bits & 1023), f8 = (double)(bits & 127),
                     sign = bits & 0x8000 ? -1 : 1;
        const float got16 = nescio_f16_to_f32((uint16_t)bits),
                    got8 = nescio_bf16_to_f32((uint16_t)bits);
        const double want16 = e16 == 31 ? (f16 > 0 ? (double)NAN : (double)INFINITY)
                                        : ldexp(e16 ? 1024 + f16 : f16, (e16 ? e16 : 1) - 25);
        const double want8 = e8 == 255 ? (f8 > 0 ? (double)NAN : (double)INFINITY)
                                       : ldexp(e8 ? 128 + f8 : f8, (e8 ? e8 : 1) - 134);

        assert_true(isnan(want16) ? isnan(got16) : (double)got16 == sign * want16);
        assert_true(isnan(want8) ? isnan(got8) : (double)got8 == sign * want8);
        assert_int_equal(signbit(got16) != 0, bits >> 15);
    }
}

static void half_tensors(void **state)
{
    uint16_t x[] = {0x3c00, 0xc000, 0x3555};
    const int64_t n = 3;
    nescio_tensor t, out;

    (void)state;
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_F16, 1, &n), NESCIO_OK);
    t.data = x;
    assert_int_equal(nescio_tensor_cast(ctx, &out, &t, NESCIO_F32), NESCIO_OK);
    assert_true(((float *)out.data)[0] == 1 && ((float *)out.data)[1] == -2);
    assert_true(nescio_tensor_get_f64(&t, 2) == (double)((float *)out.data)[2]);
    nescio_tensor_free(&out);
    t.dtype = NESCIO_BF16;
    assert_true(nescio_tensor_get_f64(&t, 1) == -2);
    assert_int_equal(nescio_tensor_get_i64(&t, 1), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_pair),
                                       cmocka_unit_test(floats_saturate),
                                       cmocka_unit_test(big_integers_stay_exact),
                                       cmocka_unit_test(strides),
                                       cmocka_unit_test(strings),
                                       cmocka_unit_test(refused),
                                       cmocka_unit_test(half_floats),
                                       cmocka_unit_test(half_tensors)};

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
