/* SPDX-License-Identifier: Apache-2.0
 * The wire reader: every form of a field, and every way in which one can be wrong. */
#include "onnx/wire.h"
#include "onnx/wire_write.h"
#include "support.h"

static nescio_slice over(const void *data, size_t n)
{
    return (nescio_slice){data, n};
}

static void varints_round_trip(void **state)
{
    uint64_t seed = 3;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        const uint64_t v = test_random(&seed) >> (i % 64);
        nescio_buffer b = {0};
        nescio_wire w;

        nescio_wire_put_varint(&b, v);
        w = nescio_wire_over(over(b.data, b.bytes));
        assert_int_equal(nescio_wire_varint(&w), v);
        assert_true(w.at == w.end && !w.bad);
        w = nescio_wire_over(over(b.data, b.bytes - 1)); /* cut */
        assert_int_equal(nescio_wire_varint(&w), 0);
        assert_ptr_equal(w.bad, b.data);
        nescio_buffer_free(&b);
    }
}

static void fields_are_told_apart(void **state)
{
    nescio_buffer b = {0};
    nescio_field f;
    nescio_wire w;

    (void)state;
    nescio_wire_put_int(&b, 3, -7);
    nescio_wire_put_float(&b, 536870911, 1.5f); /* the largest field number */
    nescio_wire_put_text(&b, 20, "abc");
    nescio_write_u8(&b, 4 << 3 | 1);
    nescio_write_f64(&b, 0.1);
    w = nescio_wire_over(over(b.data, b.bytes));
    assert_true(nescio_wire_next(&w, &f));
    assert_true(f.number == 3 && f.type == NESCIO_WIRE_VARINT && (int64_t)f.scalar == -7 &&
                f.bytes.bytes == 10);
    assert_true(nescio_wire_next(&w, &f));
    assert_true(f.number == 536870911 && nescio_wire_float((uint32_t)f.scalar) == 1.5f);
    assert_true(nescio_wire_next(&w, &f));
    assert_true(f.number == 20 && f.bytes.bytes == 3 && memcmp(f.bytes.at, "abc", 3) == 0);
    assert_true(nescio_wire_next(&w, &f));
    assert_true(f.number == 4 && nescio_wire_double(f.scalar) == 0.1);
    assert_false(nescio_wire_next(&w, &f));
    assert_null(w.bad);
    nescio_buffer_free(&b);
}

static void wrong_fields_end_the_reading(void **state)
{
    static const struct {
        uint8_t bytes[16];
        size_t n;
    } wrong[] = {
        {{0x0b, 0x0c}, 2},                      /* a group */
        {{0x0c}, 1},                            /* the end of one */
        {{0x0e, 0}, 2},                         /* wire type 6 */
        {{0x00, 0}, 2},                         /* field 0 */
        {{0x80, 0x80, 0x80, 0x80, 0x10, 0}, 6}, /* field 2^29 */
        {{0x0a, 5, 'a'}, 3},                    /* longer than what is left */
        {{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 11}, /* 2^64 - 1 bytes */
        {{0x0d, 1, 2, 3}, 4},                                                  /* torn fixed32 */
        {{0x09, 1, 2, 3, 4, 5, 6, 7}, 8},                                      /* torn fixed64 */
        {{0x08}, 1},                                                           /* no varint */
        {{0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0}, 12}, /* 11 bytes */
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        nescio_wire w = nescio_wire_over(over(wrong[i].bytes, wrong[i].n));
        nescio_field f;

        if (nescio_wire_next(&w, &f) || !w.bad)
            fail_msg("case %zu was read", i);
        assert_false(nescio_wire_next(&w, &f)); /* bad once, bad for good */
        assert_true(w.bad >= wrong[i].bytes && w.bad <= wrong[i].bytes + wrong[i].n);
    }
}

static void lists_are_counted(void **state)
{
    static const uint8_t three[] = {1, 0x80, 1, 2}, torn[] = {1, 0x80};
    nescio_field f = {.number = 1, .type = NESCIO_WIRE_BYTES, .bytes = over(three, 4)};
    size_t n;

    (void)state;
    assert_true(nescio_field_count(&f, NESCIO_WIRE_VARINT, &n) && n == 3);
    assert_true(nescio_field_count(&f, NESCIO_WIRE_FIXED32, &n) && n == 1);
    assert_false(nescio_field_count(&f, NESCIO_WIRE_FIXED64, &n));
    f.bytes = over(torn, 2);
    assert_false(nescio_field_count(&f, NESCIO_WIRE_VARINT, &n));
    f.bytes = over(NULL, 0);
    assert_true(nescio_field_count(&f, NESCIO_WIRE_VARINT, &n) && n == 0);
    f.type = NESCIO_WIRE_VARINT;
    assert_true(nescio_field_count(&f, NESCIO_WIRE_VARINT, &n) && n == 1);
    assert_false(nescio_field_count(&f, NESCIO_WIRE_FIXED32, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_round_trip),
        cmocka_unit_test(fields_are_told_apart),
        cmocka_unit_test(wrong_fields_end_the_reading),
        cmocka_unit_test(lists_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
