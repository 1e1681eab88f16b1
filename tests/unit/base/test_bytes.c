/* SPDX-License-Identifier: Apache-2.0
 * Checked sizes against wider arithmetic; what the buffer writes, the cursor reads; bytes on disk
 * as stated. */
#include "base/bytes.h"
#include "support.h"

__extension__ typedef unsigned __int128 wide;

static void sizes_agree_with_wider_arithmetic(void **state)
{
    static const size_t edge[] = {
        0, 1, 2, 3, 0xffffffffu, 0x100000000u, 0x100000001u, SIZE_MAX / 2, SIZE_MAX - 1, SIZE_MAX};
    const size_t n = sizeof edge / sizeof edge[0];

    (void)state;
    for (size_t i = 0; i < n * n; i++) {
        const size_t a = edge[i / n], b = edge[i % n];
        size_t out = 77;

        assert_int_equal(nescio_size_mul(&out, a, b), (wide)a * b <= SIZE_MAX);
        assert_int_equal(out, (wide)a * b <= SIZE_MAX ? a * b : 77);
        out = 77;
        assert_int_equal(nescio_size_add(&out, a, b), (wide)a + b <= SIZE_MAX);
        assert_int_equal(out, (wide)a + b <= SIZE_MAX ? a + b : 77);
    }
    for (size_t bytes = 0; bytes < 300; bytes++)
        assert_int_equal(nescio_size_round_up(bytes, 64), (bytes + 63) / 64 * 64);
}

static void numbers_are_little_endian(void **state)
{
    static const uint8_t expected[] = {0x01, 0x02, 0x01, 0x04, 0x03, 0x02, 0x01, 8,    7,
                                       6,    5,    4,    3,    2,    1,    0xfe, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,
                                       0,    0,    0xf8, 0xbf, 'n',  '=',  '4',  '2'};
    nescio_buffer b = {0};
    nescio_cursor r;

    (void)state;
    nescio_write_u8(&b, 1);
    nescio_write_u16(&b, 0x0102);
    nescio_write_u32(&b, 0x01020304);
    nescio_write_u64(&b, 0x0102030405060708);
    nescio_write_i64(&b, -2);
    nescio_write_f64(&b, -1.5); /* sign 1, exponent 0x3ff, fraction 0x8... */
    nescio_write_text(&b, "n=%d", 42);
    assert_false(b.bad);
    assert_int_equal(b.bytes, sizeof expected);
    assert_memory_equal(b.data, expected, sizeof expected);

    r = nescio_cursor_over(b.data, b.bytes);
    assert_int_equal(nescio_read_u8(&r), 1);
    assert_int_equal(nescio_read_u16(&r), 0x0102);
    assert_int_equal(nescio_read_u32(&r), 0x01020304);
    assert_int_equal(nescio_read_u64(&r), 0x0102030405060708);
    assert_int_equal(nescio_read_i64(&r), -2);
    assert_true(nescio_read_f64(&r) == -1.5);
    assert_int_equal(nescio_cursor_left(&r), 4);
    assert_memory_equal(nescio_read_bytes(&r, 4), "n=42", 4);
    assert_int_equal(nescio_cursor_left(&r), 0);
    assert_false(r.bad);
    nescio_buffer_free(&b);
    assert_null(b.data);
}

static void cursor_goes_bad_once(void **state)
{
    static const uint8_t data[] = {1, 2, 3};
    nescio_cursor r = nescio_cursor_over(data, sizeof data);

    (void)state;
    assert_int_equal(nescio_read_u16(&r), 0x0201);
    assert_int_equal(nescio_read_u32(&r), 0); /* one byte is left */
    assert_true(r.bad);
    assert_int_equal(nescio_read_u8(&r), 0); /* would fit, but bad stays */
    assert_int_equal(r.at, 2);
    assert_int_equal(nescio_cursor_left(&r), 0);
    assert_null(nescio_read_bytes(&r, 0));
    r = nescio_cursor_over(data, sizeof data);
    assert_null(nescio_read_bytes(&r, SIZE_MAX));
    assert_true(r.bad);
    r = nescio_cursor_over(NULL, 0);
    assert_non_null(nescio_read_bytes(&r, 0));
    assert_false(r.bad);
    assert_int_equal(nescio_read_u8(&r), 0);
    assert_true(r.bad);
}

static void buffer_grows(void **state)
{
    nescio_buffer b = {0};
    uint64_t seed = 3, again = 3;
    size_t at = 0;

    (void)state;
    for (int i = 0; i < 500; i++) {
        uint8_t block[300];
        const size_t n = test_random(&seed) % sizeof block;

        memset(block, (int)(n & 0xff), n);
        nescio_write_bytes(&b, block, n);
    }
    for (int i = 0; i < 500; i++) {
        const size_t n = test_random(&again) % 300;

        for (size_t k = 0; k < n; k++)
            assert_int_equal(b.data[at++], n & 0xff);
    }
    assert_int_equal(at, b.bytes);
    nescio_write_bytes(&b, &at,
                       SIZE_MAX - 5); /* the size overflows: refused before anything is read */
    assert_true(b.bad);
    nescio_write_u8(&b, 1);
    assert_int_equal(at, b.bytes);
    nescio_buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes_agree_with_wider_arithmetic),
                                       cmocka_unit_test(numbers_are_little_endian),
                                       cmocka_unit_test(cursor_goes_bad_once),
                                       cmocka_unit_test(buffer_grows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
