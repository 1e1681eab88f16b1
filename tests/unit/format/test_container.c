/* SPDX-License-Identifier: Apache-2.0
 * Containers: what is written is read; every damaged byte and every cut is refused with one line
 * that names the file. */
#include "format/ciphertext.h"
#include "format/container_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const kinds[] = {"test", NULL};

static nescio_ctx *new_ctx(void)
{
    nescio_ctx *ctx = NULL;

    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    return ctx;
}

static const int64_t wide[] = {1, -2, 3};
static const uint8_t narrow[] = {7, 8, 9, 10, 11};

/* A small container in memory. */
static nescio_buffer sample(nescio_ctx *ctx)
{
    static const uint8_t id[NESCIO_ID_BYTES] = {0xab, 1, 2, 3};
    nescio_builder b = {0};
    nescio_buffer out = {0};

    nescio_builder_meta(&b, "note", "quote \" and \\ stay");
    nescio_builder_meta_id(&b, "nescio.key", id);
    nescio_builder_add(&b, "wide", NESCIO_I64, wide, 3);
    nescio_builder_add(&b, "narrow", NESCIO_U8, narrow, 5);
    nescio_builder_add(&b, "empty", NESCIO_U8, NULL, 0);
    assert_int_equal(nescio_builder_bytes(ctx, &b, "test", &out), NESCIO_OK);
    nescio_builder_free(&b);
    return out;
}

static void what_is_written_is_read(void **state)
{
    nescio_ctx *ctx = new_ctx();
    nescio_buffer bytes = sample(ctx);
    nescio_container *c = NULL;
    const nescio_entry *e = NULL;
    uint8_t id[NESCIO_ID_BYTES];

    (void)state;
    assert_int_equal(nescio_container_parse(ctx, bytes.data, bytes.bytes, "sample", kinds, &c),
                     NESCIO_OK);
    assert_string_equal(nescio_container_kind(c), "test");
    assert_string_equal(nescio_container_meta(c, "note"), "quote \" and \\ stay");
    assert_null(nescio_container_meta(c, "absent"));
    assert_int_equal(nescio_container_id(ctx, c, "nescio.key", id), NESCIO_OK);
    assert_int_equal(id[0], 0xab);
    assert_int_equal(nescio_container_id(ctx, c, "note", id), NESCIO_E_FORMAT);
    assert_int_equal(nescio_container_count(c), 3);
    assert_int_equal(nescio_container_need(ctx, c, "wide", NESCIO_I64, &e), NESCIO_OK);
    assert_int_equal(e->count, 3);
    assert_memory_equal(e->data, wide, sizeof wide);
    assert_int_equal(nescio_container_need(ctx, c, "narrow", NESCIO_U8, &e), NESCIO_OK);
    assert_memory_equal(e->data, narrow, sizeof narrow);
    assert_int_equal(nescio_container_need(ctx, c, "wide", NESCIO_U8, &e), NESCIO_E_FORMAT);
    assert_int_equal(nescio_container_need(ctx, c, "nobody", NESCIO_U8, &e), NESCIO_E_FORMAT);
    nescio_container_free(c);
    nescio_buffer_free(&bytes);
    nescio_ctx_free(ctx);
}

static void equal_contents_give_equal_bytes(void **state)
{
    nescio_ctx *ctx = new_ctx();
    nescio_buffer a = sample(ctx), b = sample(ctx);

    (void)state;
    assert_int_equal(a.bytes, b.bytes);
    assert_memory_equal(a.data, b.data, a.bytes);
    nescio_buffer_free(&a);
    nescio_buffer_free(&b);
    nescio_ctx_free(ctx);
}

/* Refused, with a message that names the file and no line break. */
static void refused(nescio_ctx *ctx, const void *data, size_t bytes)
{
    nescio_container *c = (nescio_container *)8;

    assert_int_not_equal(nescio_container_parse(ctx, data, bytes, "sample", kinds, &c), NESCIO_OK);
    assert_null(c);
    assert_non_null(strstr(nescio_ctx_message(ctx), "sample"));
    assert_null(strchr(nescio_ctx_message(ctx), '\n'));
}

static void every_flipped_bit_is_refused(void **state)
{
    nescio_ctx *ctx = new_ctx();
    nescio_buffer bytes = sample(ctx);

    (void)state;
    for (size_t i = 0; i < bytes.bytes; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes.data[i] ^= (uint8_t)(1 << bit);
            refused(ctx, bytes.data, bytes.bytes);
            bytes.data[i] ^= (uint8_t)(1 << bit);
        }
    nescio_buffer_free(&bytes);
    nescio_ctx_free(ctx);
}

static void every_cut_and_every_tail_is_refused(void **state)
{
    nescio_ctx *ctx = new_ctx();
    nescio_buffer bytes = sample(ctx);

    (void)state;
    for (size_t n = 0; n < bytes.bytes; n++)
        refused(ctx, bytes.data, n);
    nescio_write_u8(&bytes, 0);
    refused(ctx, bytes.data, bytes.bytes);
    nescio_buffer_free(&bytes);
    nescio_ctx_free(ctx);
}

/* A file whose hash is right but whose header is `header`: only the structural checks are left to
 * refuse it. */
static void hashed_header_is_refused(nescio_ctx *ctx, const char *header, const char *tail,
                                     size_t tail_bytes)
{
    nescio_buffer bytes = {0};
    nescio_container *c = NULL;

    nescio_write_u64(&bytes, strlen(header));
    nescio_write_bytes(&bytes, header, strlen(header));
    nescio_write_bytes(&bytes, tail, tail_bytes);
    nescio_container_rehash(bytes.data, bytes.bytes);
    assert_int_not_equal(nescio_container_parse(ctx, bytes.data, bytes.bytes, "sample", kinds, &c),
                         NESCIO_OK);
    assert_null(c);
    assert_null(strstr(nescio_ctx_message(ctx), "damaged"));
    nescio_buffer_free(&bytes);
}

#define HASH "\"nescio.hash\":\"0000000000000000000000000000000000000000000000000000000000000000\""
#define META "\"__metadata__\":{\"nescio.kind\":\"test\",\"nescio.version\":\"0\"," HASH "}"

static void malformed_headers_are_refused(void **state)
{
    static const struct {
        const char *header;
        size_t tail;
    } bad[] = {
        {"[" HASH "]", 0},
        {"{" HASH "}", 0},
        {"{\"__metadata__\":{\"nescio.kind\":1,\"nescio.version\":\"0\"," HASH "}}", 0},
        {"{\"__metadata__\":{\"nescio.kind\":\"test\",\"nescio.version\":\"1\"," HASH "}}", 0},
        {"{\"__metadata__\":{\"nescio.kind\":\"other\",\"nescio.version\":\"0\"," HASH "}}", 0},
        {"{\"__metadata__\":{\"nescio.version\":\"0\"," HASH "}}", 0},
        {"{" META ",\"a\":7}", 0},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0]}}", 4},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,5]}}", 4},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[-1,3]}}", 4},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,3]}}", 4},
        {"{" META ",\"a\":{\"dtype\":\"Q8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[-4],\"data_offsets\":[0,4]}}", 4},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[\"4\"],\"data_offsets\":[0,4]}}", 4},
        {"{" META
         ",\"a\":{\"dtype\":\"U8\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}",
         4},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[1,4]}}", 4},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}", 4},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":"
         "\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
         4},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"a\":{\"dtype\":"
         "\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
         4},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"more\":1}}", 4},
    };
    nescio_ctx *ctx = new_ctx();

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        hashed_header_is_refused(ctx, bad[i].header, "abcd", bad[i].tail);
    nescio_ctx_free(ctx);
}

static void bits_come_back(void **state)
{
    const uint64_t words[] = {0x0123456789abcdefu, ~(uint64_t)0, 1, (uint64_t)1 << 63,
                              0x7fffffffffffffffu};
    uint8_t packed[64];
    uint64_t back[5];

    (void)state;
    for (unsigned log = 1; log <= 64; log++) {
        nescio_bodies_pack(packed, words, 5, log);
        nescio_bodies_unpack(back, packed, 5, log);
        for (int i = 0; i < 5; i++) {
            const uint64_t distance = back[i] - words[i],
                           half = log < 64 ? (uint64_t)1 << (63 - log) : 0;
            assert_true(distance + half <=
                        2 * half); /* |back - word| <= half a unit, around the circle */
            assert_true(log == 64 || back[i] << log == 0);
        }
        assert_int_equal(nescio_bodies_bytes(5, log), (5 * log + 7) / 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(equal_contents_give_equal_bytes),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_cut_and_every_tail_is_refused),
        cmocka_unit_test(malformed_headers_are_refused),
        cmocka_unit_test(bits_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
