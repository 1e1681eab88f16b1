/* SPDX-License-Identifier: Apache-2.0
 * Pictures from the inside: places of random graphs, text that is no UTF-8 or looks like a tag,
 * names of elements on a page. tests/models/test_pictures.py looks at whole files. */
#include "view/view_picture_internal.h"

#include "support.h"

#include <inttypes.h>
#include <math.h>

static nescio_ctx *ctx;

static int enter(void **state)
{
    (void)state;
    return nescio_ctx_new(&ctx) == NESCIO_OK ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    return 0;
}

static void bits_hold_the_range(void **state)
{
    static const struct {
        int64_t lo, hi;
        int bits;
    } some[] = {{0, 0, 0},      {0, 1, 1},    {0, 255, 8},       {0, 256, 9}, {-1, 0, 1},
                {-128, 127, 8}, {-129, 0, 9}, {-4095, 4095, 13}, {5, 7, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        if (nescio_view_bits(some[i].lo, some[i].hi) != some[i].bits)
            fail_msg("%" PRId64 " to %" PRId64 ": %d bits, not %d", some[i].lo, some[i].hi,
                     nescio_view_bits(some[i].lo, some[i].hi), some[i].bits);
}

/* A random graph whose boxes use up to three earlier ones. */
static nescio_picture *random_picture(uint64_t *seed, uint32_t n)
{
    nescio_picture *p = nescio_picture_new();
    nescio_picture *out = NULL;

    assert_non_null(p);
    for (uint32_t i = 0; i < n; i++) {
        nescio_box *const box = nescio_picture_box(p, NESCIO_BOX_PLAIN, "op",
                                                   nescio_picture_text(p, "node%u", (unsigned)i));

        for (int64_t k = test_range(seed, 0, 6); k > 0; k--)
            nescio_box_line(box, "a line"); /* those beyond NESCIO_BOX_LINES are dropped */
        assert_true(box->n_lines <= NESCIO_BOX_LINES);
        for (int64_t k = i ? test_range(seed, 1, 3) : 0; k > 0; k--) {
            const uint32_t from = (uint32_t)test_range(seed, 0, (int64_t)i - 1);

            nescio_picture_edge(p, from, i, from, "[4] 8 bits");
        }
    }
    assert_int_equal(nescio_picture_finish(ctx, p, &out), NESCIO_OK);
    return out;
}

static bool apart(const nescio_place *a, const nescio_place *b)
{
    return a->x + a->w <= b->x || b->x + b->w <= a->x || a->y + a->h <= b->y || b->y + b->h <= a->y;
}

static void places_are_apart_and_edges_go_down(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        uint64_t random = seed;
        nescio_picture *const p = random_picture(&random, 1 + (uint32_t)seed * 3);
        nescio_layout l;

        assert_int_equal(nescio_layout_of(ctx, p, &l), NESCIO_OK);
        for (uint32_t i = 0; i < p->n_boxes; i++) {
            const nescio_place *const at = &l.boxes[i];

            if (at->x < 0 || at->y < 0 || at->x + at->w > l.width || at->y + at->h > l.height)
                fail_msg("seed %" PRIu64 ": box %u is outside", seed, (unsigned)i);
            for (uint32_t k = 0; k < i; k++)
                if (!apart(at, &l.boxes[k]))
                    fail_msg("seed %" PRIu64 ": box %u lies on box %u", seed, (unsigned)i,
                             (unsigned)k);
        }
        for (uint32_t e = 0; e < p->n_edges; e++) {
            const nescio_place *const from = &l.boxes[p->edges[e].from];
            const nescio_route *const r = &l.edges[e];

            if (from->y + from->h > l.boxes[p->edges[e].to].y || r->n < 2 || r->n % 2)
                fail_msg("seed %" PRIu64 ": edge %u does not go down", seed, (unsigned)e);
            for (uint32_t k = 1; k < r->n; k++)
                assert_true(r->points[k].y >= r->points[k - 1].y);
        }
        nescio_layout_free(&l);
        nescio_picture_free(p);
    }
}

/* Two long ways side by side: a box of each layer stands right under the one above it, and the
 * drawing is no wider at its end than at its beginning. */
static void long_ways_stand_straight(void **state)
{
    enum { BLOCKS = 40 };
    nescio_picture *p = nescio_picture_new(), *out = NULL;
    nescio_layout l;
    uint32_t at = 0;

    (void)state;
    assert_non_null(p);
    (void)nescio_picture_box(p, NESCIO_BOX_BORDER, "input", "x");
    for (uint32_t i = 0; i < BLOCKS; i++, at += 4) { /* at: three in a row, and a line past them */
        for (uint32_t k = 1; k <= 4; k++) {
            (void)nescio_picture_box(p, NESCIO_BOX_PLAIN, "op", "");
            nescio_picture_edge(p, at + k - 1, at + k, at + k - 1, "[4]");
        }
        nescio_picture_edge(p, at, at + 4, at, "[4]");
    }
    assert_int_equal(nescio_picture_finish(ctx, p, &out), NESCIO_OK);
    assert_int_equal(nescio_layout_of(ctx, out, &l), NESCIO_OK);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        const nescio_place *const row = &l.boxes[4 * i + 1];

        assert_true(fabs(row[0].x - row[1].x) < .01 && fabs(row[1].x - row[2].x) < .01);
        assert_true(fabs(l.boxes[4 * i].x - l.boxes[0].x) < .01);
    }
    assert_true(l.width < 4 * l.boxes[0].w);
    nescio_layout_free(&l);
    nescio_picture_free(out);
}

/* Two hundred users of one value, summed one by one: the users do not share a layer. */
static void crowds_sink(void **state)
{
    enum { USERS = 200 };
    nescio_picture *p = nescio_picture_new(), *out = NULL;
    nescio_layout l;
    uint32_t sum = 0;

    (void)state;
    assert_non_null(p);
    (void)nescio_picture_box(p, NESCIO_BOX_BORDER, "input", "x");
    for (uint32_t i = 0; i < USERS; i++) {
        const uint32_t user = 3 * i + 1;

        (void)nescio_picture_box(p, NESCIO_BOX_MOVE, "Slice", "");
        nescio_picture_edge(p, 0, user, 0, "");
        (void)nescio_picture_box(p, NESCIO_BOX_LINEAR, "Mul", "");
        nescio_picture_edge(p, user, user + 1, user, "");
        (void)nescio_picture_box(p, NESCIO_BOX_LINEAR, "Add", "");
        if (i)
            nescio_picture_edge(p, sum, user + 2, sum, "");
        nescio_picture_edge(p, user + 1, user + 2, user + 1, "");
        sum = user + 2;
    }
    assert_int_equal(nescio_picture_finish(ctx, p, &out), NESCIO_OK);
    assert_int_equal(nescio_layout_of(ctx, out, &l), NESCIO_OK);
    for (uint32_t i = 0; i < out->n_boxes; i++) {
        uint32_t beside = 0;

        for (uint32_t k = 0; k < out->n_boxes; k++)
            beside += fabs(l.boxes[k].y - l.boxes[i].y) < 1;
        if (beside > 4)
            fail_msg("box %u is one of %u in its layer", (unsigned)i, (unsigned)beside);
    }
    nescio_layout_free(&l);
    nescio_picture_free(out);
}

static void expect_text(nescio_buffer *got, const char *want)
{
    nescio_write_u8(got, 0);
    assert_false(got->bad);
    assert_string_equal((const char *)got->data, want);
    nescio_buffer_free(got);
}

#define REPLACED "\xef\xbf\xbd" /* U+FFFD */

static void texts_are_escaped(void **state)
{
    nescio_buffer out = {0};

    (void)state;
    nescio_view_xml(&out, "<a href=\"x\">&'\x01\t", 0);
    expect_text(&out, "&lt;a href=&quot;x&quot;&gt;&amp;&#39;" REPLACED REPLACED);
    nescio_view_xml(&out, "\xc3\xbc\xff\xc0\xaf\xed\xa0\x80", 0);
    nescio_write_u8(&out, 0);
    assert_memory_equal(out.data, "\xc3\xbc" REPLACED, 5);
    for (size_t i = 0; i + 1 < out.bytes; i++) /* overlong forms and surrogates are gone */
        assert_true(out.data[i] != 0xff && out.data[i] != 0xc0 && out.data[i] != 0xed);
    nescio_buffer_free(&out);
    nescio_view_xml(&out, "abcdefgh", 3);
    expect_text(&out, "ab\xe2\x80\xa6"); /* three characters, the last an ellipsis */
    nescio_view_xml(&out, "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 4);
    expect_text(&out, "\xe4\xb8\xad\xe2\x80\xa6"); /* wide ones: two columns each */
    nescio_view_xml(&out,
                    "a\xe2\x80\xae"
                    "b\xe2\x81\xa6",
                    0);
    expect_text(&out, "a" REPLACED "b" REPLACED); /* direction stays */
    nescio_view_plain(&out, "<a>\n\x1b[2J\xe2\x80\xae");
    expect_text(&out, "<a>" REPLACED REPLACED "[2J" REPLACED);
    nescio_view_json_string(&out, "a\"b\\c\n");
    nescio_write_u8(&out, 0);
    assert_memory_equal(out.data, "\"a\\\"b\\\\c", 8);
    nescio_buffer_free(&out);
    assert_int_equal(nescio_view_columns("a\xe4\xb8\xad"), 3); /* a wide character counts twice */
}

static size_t count(const nescio_buffer *text, const char *what)
{
    size_t n = 0;

    for (const char *at = (const char *)text->data; (at = strstr(at, what)); at++)
        n++;
    return n;
}

/* Two pictures on one page: no name of an element comes twice. */
static void pages_keep_names_apart(void **state)
{
    uint64_t seed = 5;
    nescio_picture *const a = random_picture(&seed, 4), *const b = random_picture(&seed, 5);
    const nescio_page_part parts[] = {{"First", "a < b", a}, {"Second", "words", b}};
    nescio_buffer out = {0};

    (void)state;
    assert_int_equal(nescio_page_write(ctx, "two & more", parts, 2, &out), NESCIO_OK);
    nescio_write_u8(&out, 0);
    assert_int_equal(count(&out, "<g id=\"p0n"), 4);
    assert_int_equal(count(&out, "<g id=\"p1n"), 5);
    assert_int_equal(count(&out, "<marker id=\"p0a\""), 1);
    assert_int_equal(count(&out, "<marker id=\"p1a\""), 1);
    assert_int_equal(count(&out, "id=\"n"), 0);
    assert_int_equal(count(&out, "two &amp; more"), 2);
    assert_int_equal(count(&out, "a &lt; b"), 1);
    nescio_buffer_free(&out);
    nescio_picture_free(a);
    nescio_picture_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bits_hold_the_range),
                                       cmocka_unit_test(places_are_apart_and_edges_go_down),
                                       cmocka_unit_test(long_ways_stand_straight),
                                       cmocka_unit_test(crowds_sink),
                                       cmocka_unit_test(texts_are_escaped),
                                       cmocka_unit_test(pages_keep_names_apart)};

    return cmocka_run_group_tests(tests, enter, leave);
}
