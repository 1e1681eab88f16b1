/* SPDX-License-Identifier: Apache-2.0
 * .npy: files laid out by hand from the format's description, then what the writer makes, then what
 * must be refused: every cut, every wrong byte order, every shape that does not fit. */
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

/* A file with this header text and these element bytes; *bytes its size. The caller frees it. */
static uint8_t *make(int major, const char *header, const void *data, size_t n, size_t *bytes)
{
    const size_t length = strlen(header), prelude = major == 1 ? 10 : 12;
    uint8_t *file = calloc(1, prelude + length + n);

    assert_non_null(file);
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (uint8_t)major;
    file[8] = (uint8_t)(length & 255);
    file[9] = (uint8_t)(length >> 8);
    memcpy(file + prelude, header, length);
    if (n > 0)
        memcpy(file + prelude + length, data, n);
    *bytes = prelude + length + n;
    return file;
}

static nescio_status parse(nescio_tensor *t, int major, const char *header, const void *data,
                           size_t n)
{
    size_t bytes;
    uint8_t *file = make(major, header, data, n, &bytes);
    const nescio_status st = nescio_npy_parse(ctx, t, file, bytes, "x.npy");

    free(file);
    return st;
}

static void orders(void **state)
{
    static const uint8_t little[] = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0},
                         big[] = {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6};
    static const int16_t c_order[] = {1, 2, 3, 4, 5, 6}, f_order[] = {1, 3, 5, 2, 4, 6};
    nescio_tensor t;

    (void)state;
    for (int k = 0; k < 12; k++) {
        char header[128];

        snprintf(header, sizeof header,
                 "{'descr': '%ci2', 'fortran_order': %s, 'shape': (2, 3), }   \n",
                 k & 1 ? '>' : '<', k & 2 ? "True" : "False");
        assert_int_equal(parse(&t, k / 4 + 1, header, k & 1 ? big : little, 12), NESCIO_OK);
        assert_true(t.dtype == NESCIO_I16 && t.rank == 2 && t.dims[0] == 2 && t.dims[1] == 3);
        assert_memory_equal(t.data, k & 2 ? f_order : c_order, 12);
        nescio_tensor_free(&t);
    }
}

static void types(void **state)
{
    static const struct {
        const char *descr;
        size_t bytes;
        uint8_t data[8];
        nescio_dtype dtype;
        double value;
    } cases[] = {
        {"|b1", 1, {7}, NESCIO_BOOL, 1},
        {"|i1", 1, {0xff}, NESCIO_I8, -1},
        {"|u1", 1, {0xff}, NESCIO_U8, 255},
        {"<u2", 2, {1, 2}, NESCIO_U16, 513},
        {">u2", 2, {1, 2}, NESCIO_U16, 258},
        {"<i4", 4, {0xfe, 0xff, 0xff, 0xff}, NESCIO_I32, -2},
        {">u4", 4, {0, 0, 1, 0}, NESCIO_U32, 256},
        {"<i8", 8, {0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, NESCIO_I64, -3},
        {">u8", 8, {0, 0, 0, 1, 0, 0, 0, 0}, NESCIO_U64, 4294967296.0},
        {"<f2", 2, {0x00, 0xc1}, NESCIO_F32, -2.5},
        {">f2", 2, {0xc1, 0x00}, NESCIO_F32, -2.5},
        {"<f4", 4, {0, 0, 0x20, 0x40}, NESCIO_F32, 2.5},
        {">f4", 4, {0x40, 0x20, 0, 0}, NESCIO_F32, 2.5},
        {"<f8", 8, {0, 0, 0, 0, 0, 0, 0x04, 0x40}, NESCIO_F64, 2.5},
        {">f8", 8, {0x40, 0x04, 0, 0, 0, 0, 0, 0}, NESCIO_F64, 2.5},
    };
    nescio_tensor t;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char header[128];

        snprintf(header, sizeof header,
                 "{\"shape\": (), \"descr\": \"%s\", \"fortran_order\": False}", cases[i].descr);
        assert_int_equal(parse(&t, 1, header, cases[i].data, cases[i].bytes), NESCIO_OK);
        assert_true(t.dtype == cases[i].dtype && t.rank == 0);
        assert_true(nescio_tensor_get_f64(&t, 0) == cases[i].value);
        nescio_tensor_free(&t);
    }
}

static void strings(void **state)
{
    static const uint8_t unicode[48] = {
        [0] = 'a',   [4] = 0xe9,  [13] = 0xf6, [14] = 1, /* U+1F600 */
        [36] = 0xac, [37] = 0x20, [40] = 'z'};
    nescio_tensor t;
    const char **s;

    (void)state;
    assert_int_equal(
        parse(&t, 1, "{'descr': '<U3', 'fortran_order': False, 'shape': (4L,)}", unicode, 48),
        NESCIO_OK);
    assert_int_equal(t.dtype, NESCIO_STRING);
    s = t.data;
    assert_string_equal(s[0], "a\xc3\xa9");
    assert_string_equal(s[1], "\xf0\x9f\x98\x80");
    assert_string_equal(s[2], "");
    assert_string_equal(s[3], "\xe2\x82\xacz");
    nescio_tensor_free(&t);
    assert_int_equal(parse(&t, 1, "{'descr': '|S2', 'fortran_order': True, 'shape': (2, 2)}",
                           "a\0b\xe9"
                           "cc\0\0",
                           8),
                     NESCIO_OK);
    s = t.data;
    assert_string_equal(s[0], "a");
    assert_string_equal(s[1], "cc");
    assert_string_equal(s[2], "b\xc3\xa9");
    assert_string_equal(s[3], "");
    nescio_tensor_free(&t);
    assert_int_equal(
        parse(&t, 1, "{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", "\0\xd8\0\0", 4),
        NESCIO_E_FORMAT); /* surrogate */
    assert_int_equal(
        parse(&t, 1, "{'descr': '|S3', 'fortran_order': False, 'shape': (1,)}", "a\0b", 3),
        NESCIO_E_FORMAT);
}

static void refuses(nescio_status st, const char *header, size_t n, const char *words)
{
    static const uint8_t zeros[64];
    nescio_tensor t;

    if (parse(&t, 1, header, zeros, n) != st || !strstr(nescio_ctx_message(ctx), words))
        fail_msg("%s: said \"%s\"", header, nescio_ctx_message(ctx));
    assert_null(t.data);
}

static void headers_refused(void **state)
{
    static const nescio_status bad = NESCIO_E_FORMAT, no = NESCIO_E_UNSUPPORTED;

    (void)state;
    refuses(bad, "", 0, "'{'");
    refuses(bad, "{", 0, "quoted key");
    refuses(bad, "{}", 0, "is missing");
    refuses(bad, "{'descr': '<f4', 'shape': ()}", 4, "is missing");
    refuses(bad, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4,
            "comes twice");
    refuses(bad, "{'descr': '<f4', 'other': 1, 'fortran_order': False, 'shape': ()}", 4, "'other'");
    refuses(bad, "{'descr': '<f4' 'fortran_order': False, 'shape': ()}", 4, "commas");
    refuses(bad, "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", 4, "True nor False");
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", 4, "follows");
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': 3}", 12, "tuple");
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': (3", 12, "commas");
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, "not a number");
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}", 8, "commas");
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", 8, "not a number");
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4,
            "2^63");
    refuses(bad, "{'descr': 'f4', 'fortran_order': False, 'shape': ()}", 4, "byte order");
    refuses(bad, "{'descr': '<', 'fortran_order': False, 'shape': ()}", 4, "byte order");
    refuses(bad, "{'descr': '<f4x', 'fortran_order': False, 'shape': ()}", 4, "size");
    refuses(bad, "{'descr': '<f\\4', 'fortran_order': False, 'shape': ()}", 4, "short string");
    refuses(bad, "{'descr': 4, 'fortran_order': False, 'shape': ()}", 4, "short string");
    refuses(no, "{'descr': '|O', 'fortran_order': False, 'shape': ()}", 8, "'|O'");
    refuses(no, "{'descr': '<c8', 'fortran_order': False, 'shape': ()}", 8, "'<c8'");
    refuses(no, "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': ()}", 8, "'<M8[ns]'");
    refuses(no, "{'descr': '|V4', 'fortran_order': False, 'shape': ()}", 4, "'|V4'");
    refuses(no, "{'descr': '<f16', 'fortran_order': False, 'shape': ()}", 16, "'<f16'");
    refuses(no, "{'descr': '<U0', 'fortran_order': False, 'shape': (9,)}", 0, "no characters");
    refuses(no, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", 4, "structured");
    refuses(no, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1)}", 4,
            "12 axes");
    refuses(bad, "{'descr': '<U4611686018427387904', 'fortran_order': False, 'shape': (1,)}", 0,
            "2^62");
}

/* Sizes that lie: nothing is allocated for them. */
static void sizes_refused(void **state)
{
    static const nescio_status bad = NESCIO_E_FORMAT;

    (void)state;
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}", 15,
            "16 bytes of elements, but 15");
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}", 17,
            "16 bytes of elements, but 17");
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 0,
            "4 bytes of elements, but 0");
    refuses(bad, "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", 16,
            "2^44");
    refuses(bad, "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 0,
            "2^44");
    refuses(bad, "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296)}",
            0, "2^44");
    refuses(bad, "{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776,)}", 0, "but 0");
    refuses(bad, "{'descr': '<U1099511627776', 'fortran_order': False, 'shape': (2,)}", 8, "bytes");
}

/* Every cut of a good file, every version, a wrong magic. */
static void cuts_refused(void **state)
{
    static const uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    nescio_tensor t;
    size_t bytes;
    uint8_t *file =
        make(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (4,), }", data, 8, &bytes);

    (void)state;
    for (size_t n = 0; n < bytes; n++) {
        uint8_t *cut =
            malloc(n ? n : 1); /* of exactly n bytes, so that a sanitizer sees an overrun */

        assert_non_null(cut);
        memcpy(cut, file, n);
        assert_int_equal(nescio_npy_parse(ctx, &t, cut, n, "x.npy"), NESCIO_E_FORMAT);
        free(cut);
    }
    file[6] = 4;
    assert_int_equal(nescio_npy_parse(ctx, &t, file, bytes, "x.npy"), NESCIO_E_UNSUPPORTED);
    assert_string_equal(nescio_ctx_message(ctx),
                        "'x.npy': .npy version 4.0 is not supported (1.0 to 3.0 are)");
    file[6] = 1;
    file[0] = 'N';
    assert_int_equal(nescio_npy_parse(ctx, &t, file, bytes, "x.npy"), NESCIO_E_FORMAT);
    assert_string_equal(nescio_ctx_message(ctx), "'x.npy': is not a .npy file");
    assert_int_equal(nescio_npy_parse(ctx, &t, NULL, 0, "x.npy"), NESCIO_E_FORMAT);
    free(file);
}

/* Any one byte changed: read or refused, never worse (a sanitizer watches). */
static void changed_bytes(void **state)
{
    static const uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    size_t bytes;
    uint8_t *file =
        make(1, "{'descr': '<u2', 'fortran_order': True, 'shape': (2, 2), }", data, 8, &bytes);

    (void)state;
    for (size_t i = 0; i < bytes; i++)
        for (int v = 0; v < 256; v++) {
            const uint8_t was = file[i];
            nescio_tensor t;

            file[i] = (uint8_t)v;
            if (nescio_npy_parse(ctx, &t, file, bytes, "x.npy") == NESCIO_OK)
                nescio_tensor_free(&t);
            file[i] = was;
        }
    free(file);
}

static void written_is_read(void **state)
{
    static const nescio_dtype all[] = {NESCIO_F32, NESCIO_F64, NESCIO_U8,  NESCIO_U16,
                                       NESCIO_U32, NESCIO_U64, NESCIO_I8,  NESCIO_I16,
                                       NESCIO_I32, NESCIO_I64, NESCIO_BOOL};
    static const int64_t shapes[][3] = {{3, 4, 5}, {7, 2, 0}, {1, 1, 1}};
    char folder[64];

    (void)state;
    test_enter_folder(folder);
    for (size_t i = 0; i < 11 * 3 * 4; i++) {
        nescio_tensor t, back;

        assert_int_equal(nescio_tensor_new(ctx, &t, all[i / 12], (int)(i % 4), shapes[i / 4 % 3]),
                         NESCIO_OK);
        for (size_t k = 0; k < nescio_tensor_count(&t) * nescio_dtype_bytes(t.dtype); k++)
            ((uint8_t *)t.data)[k] = (uint8_t)(t.dtype == NESCIO_BOOL ? k % 2 : k * 7);
        assert_int_equal(nescio_npy_write(ctx, &t, "t.npy"), NESCIO_OK);
        assert_int_equal(nescio_npy_read(ctx, &back, "t.npy"), NESCIO_OK);
        assert_true(back.dtype == t.dtype && back.rank == t.rank);
        assert_memory_equal(back.dims, t.dims, sizeof t.dims);
        assert_memory_equal(back.data, t.data,
                            nescio_tensor_count(&t) * nescio_dtype_bytes(t.dtype));
        nescio_tensor_free(&t);
        nescio_tensor_free(&back);
    }
    unlink("t.npy");
    test_leave_folder(folder);
}

static void written_text(void **state)
{
    static const char header[] =
        "\x93NUMPY\x01\x00\x76\x00{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }";
    const int64_t dims[] = {2, 3};
    char folder[64];
    int32_t x[] = {1, 2, 3, 4, 5, 6};
    nescio_tensor t;
    nescio_file f;

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_I32, 2, dims), NESCIO_OK);
    t.data = x;
    assert_int_equal(nescio_npy_write(ctx, &t, "t.npy"), NESCIO_OK);
    assert_int_equal(nescio_file_open(ctx, &f, "t.npy"), NESCIO_OK);
    assert_int_equal(f.bytes, 128 + 24);
    assert_memory_equal(f.data, header, sizeof header - 1);
    for (size_t i = sizeof header - 1; i < 128; i++)
        assert_int_equal(f.data[i], i == 127 ? '\n' : ' ');
    assert_memory_equal(f.data + 128, x, 24);
    nescio_file_close(&f);
    /* a transposed view is written in its own order */
    t.dims[0] = 3, t.dims[1] = 2, t.stride[0] = 1, t.stride[1] = 3;
    assert_int_equal(nescio_npy_write(ctx, &t, "t.npy"), NESCIO_OK);
    assert_int_equal(nescio_npy_read(ctx, &t, "t.npy"), NESCIO_OK);
    for (int i = 0; i < 6; i++)
        assert_int_equal(((int32_t *)t.data)[i], x[i % 2 * 3 + i / 2]);
    nescio_tensor_free(&t);
    unlink("t.npy");
    test_leave_folder(folder);
}

static void written_strings(void **state)
{
    const char *x[] = {"cat", "", "\xf0\x9f\x98\x80 \xe2\x82\xac", NULL};
    const char *wrong[] = {"\xff",
                           "\xc0\x80",
                           "\xed\xa0\x80",
                           "\xe2\x82",
                           "\xf4\x90\x80\x80",
                           "\x80",
                           "\xf8\x80\x80\x80\x80"};
    const int64_t n = 4, one = 1;
    char folder[64];
    nescio_tensor t, back;

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_tensor_shape(ctx, &t, NESCIO_STRING, 1, &n), NESCIO_OK);
    t.data = x;
    assert_int_equal(nescio_npy_write(ctx, &t, "t.npy"), NESCIO_OK);
    assert_int_equal(nescio_npy_read(ctx, &back, "t.npy"), NESCIO_OK);
    for (int i = 0; i < 4; i++)
        assert_string_equal(((const char **)back.data)[i], x[i] ? x[i] : "");
    nescio_tensor_free(&back);
    unlink("t.npy");
    t.dims[0] = one;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        t.data = &wrong[i];
        assert_int_equal(nescio_npy_write(ctx, &t, "t.npy"), NESCIO_E_ARG);
    }
    t.dtype = NESCIO_BF16;
    assert_int_equal(nescio_npy_write(ctx, &t, "t.npy"), NESCIO_E_UNSUPPORTED);
    assert_int_equal(nescio_npy_read(ctx, &back, "t.npy"), NESCIO_E_IO);
    test_leave_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders),        cmocka_unit_test(types),
        cmocka_unit_test(strings),       cmocka_unit_test(headers_refused),
        cmocka_unit_test(sizes_refused), cmocka_unit_test(cuts_refused),
        cmocka_unit_test(changed_bytes), cmocka_unit_test(written_is_read),
        cmocka_unit_test(written_text),  cmocka_unit_test(written_strings)};

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
