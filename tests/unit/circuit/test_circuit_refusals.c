/* SPDX-License-Identifier: Apache-2.0
 * What the verifier and the parser of circuits refuse: each rule once, with its words; every
 * truncation; mutations. */
#include "circuit/circuit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nescio_ctx *ctx;

#define IN "%x = input [2] in 0..3 { codes 0..3 scale [1] zero [0] }\n"

static const struct {
    const char *text, *words;
} refused[] = {
    /* text */
    {"", "expected a word"},
    {"graph 1", "1:6: expected 'circuit', found 'graph'"},
    {"circuit 2", "version 2"},
    {"circuit 1\n%x", "expected '='"},
    {"circuit 1\nx = input", "expected '%'"},
    {"circuit 1\n% = input", "expected a wire name"},
    {"circuit 1\n%x = frobnicate [1]", "unknown operator 'frobnicate'"},
    {"circuit 1\n%x = input [2] out 0..3", "expected 'in'"},
    {"circuit 1\n%x = input [2] in 0-3", "expected '..'"},
    {"circuit 1\n%x = input [0] in 0..3", "0 is outside 1.."},
    {"circuit 1\n%x = input [1 1 1 1 1 1 1 1 1 1 1 1 1] in 0..3", "rank 13"},
    {"circuit 1\n%x = input [65536 65536] in 0..3", "more than"},
    {"circuit 1\n%x = input [2] in 0..99999999999999999999", "does not fit 64 bits"},
    {"circuit 1\n%x = input [2] in 0..3 clear { codes 0..3 scale [1] zero [x] }",
     "expected an integer"},
    {"circuit 1\n%x = input [2] in 0..3 { codes 0..3 scale [one] zero [0] }", "expected a number"},
    {"circuit 1\n%x = input [2] in 0..3 { codes 0..3 scale [1 1 1] zero [0] }",
     "3 scales for 2 elements"},
    {"circuit 1\n%x = input [2] in 0..3 { codes 0..3 scale [1] zero [0] ", "expected '}'"},
    {"circuit 1\n%x = input [2] in 0..3 bright", "expected 'from' or '{'"},
    {"circuit 1\n%\"x", "does not end"},
    {"circuit 1\n%\"\" = input", "empty name"},
    {"circuit 1\n%\"\\q\" = input", "bad character"},
    {"circuit 1\n" IN IN, "wire 'x' is made twice"},
    {"circuit 1\n" IN "%y = max(%x %z) [2] in 0..3", "wire 'z' is not made above"},
    {"circuit 1\n" IN "%y = max(%x %x) [2] in 0..3 { values [1] }", "takes nothing in braces"},
    {"circuit 1\n" IN "%y = linear(%x) [1] in 0..3 { dense [1] }", "1 numbers, not 2"},
    {"circuit 1\n" IN "%y = linear(%x) [1] in 0..3 { dense [1 1 1] }", "more than 2 numbers"},
    {"circuit 1\n" IN "%y = linear(%x) [1] in 0..3 { dense [1 4000000000] }",
     "4000000000 is outside"},
    {"circuit 1\n" IN "%y = linear(%x) [1] in 0..3 { heavy [1 1] }",
     "expected 'dense' or 'sparse'"},
    {"circuit 1\n" IN "%y = linear(%x) [1] in 0..3 { dense [...] }", "left out"},
    {"circuit 1\n" IN "%y = linear(%x) [1] in 0..3 { dense [1 0] bias [1 2] }",
     "more than 1 numbers"},
    {"circuit 1\n" IN "%y = table(%x) [2] in 0..3 { fuzzy }", "expected 'exact' or 'approximate'"},
    {"circuit 1\n" IN "%y = table(%x) [2] in 0..3 { exact first 0 step 0 ", "0 is outside 1.."},
    {"circuit 1\n" IN "%y = table(%x) [2] in 0..3 { exact first 0 step 1 entries 4 tables 1 bad",
     "expected 'ramp'"},
    {"circuit 1\n" IN
     "%y = trees(%x) [2] in 0..3 { tree feature [] threshold [] yes [] no [] leaves [1] }",
     "1 leaf values for 2 targets"},
    /* structure */
    {"circuit 1\n" IN "%y = max(%x) [2] in 0..3", "1 inputs"},
    {"circuit 1\n" IN "%y = linear [2] in 0..3", "0 inputs"},
    {"circuit 1\n" IN "%y = output(%x) [2] in 0..3 { codes 0..3 scale [1] zero [0] }\n%z = "
                      "gather(%y) [1] in 0..3 { index [0] }",
     "is an output of the circuit"},
    {"circuit 1\n" IN "%y = max(%x %x) [1] in 0..3", "input 0 has 2 elements, the output 1"},
    {"circuit 1\n" IN "%y = concat(%x %x) [3] in 0..3", "3 elements from inputs that have 4"},
    {"circuit 1\n" IN "%y = gather(%x) [2] in 0..3", "no indices"},
    {"circuit 1\n" IN "%y = gather(%x) [2] in 0..3 { index [0 2] }", "index 1 is 2"},
    {"circuit 1\n" IN "%y = gather(%x) [2] in 0..3 { index [-2 1] }", "index 0 is -2"},
    {"circuit 1\n" IN "%y = linear(%x) [2] in 0..3", "no matrices"},
    {"circuit 1\n%y = constant [2] in 0..3", "no values"},
    {"circuit 1\n%y = input [2] in 0..3", "0 scales"},
    {"circuit 1\n" IN "%y = table(%x) [2] in 0..3", "no table entries"},
    {"circuit 1\n" IN "%y = trees(%x) [2] in 0..3", "0 trees"},
    {"circuit 1\n" IN "%y = linear(%x) [1] in 0..3 { sparse starts [1 1] columns [0] weights [1] }",
     "has no elements"},
    {"circuit 1\n" IN
     "%y = linear(%x) [2] in 0..3 { sparse starts [0 2 1] columns [0] weights [1] }",
     "ends before it starts"},
    {"circuit 1\n" IN
     "%y = linear(%x) [1] in 0..3 { sparse starts [0 2] columns [1 0] weights [1 1] }",
     "out of order"},
    {"circuit 1\n" IN "%y = linear(%x) [1] in 0..3 { sparse starts [0 1] columns [2] weights [1] }",
     "beyond 2"},
    /* quantizers and tables */
    {"circuit 1\n%x = input [2] in 0..3 { codes 3..0 scale [1] zero [0] }", "range 3..0 is empty"},
    {"circuit 1\n%x = input [2] in 0..3 { codes 0..3 scale [-1] zero [0] }", "has scale -1"},
    {"circuit 1\n%x = input [2] in 0..3 { codes 0..3 scale [1e999] zero [0] }", "has scale inf"},
    {"circuit 1\n" IN
     "%y = table(%x) [2] in 0..3 { exact first 0 step 2 entries 2 tables 1 values [0 3] }",
     "steps of 1, not 2"},
    {"circuit 1\n" IN
     "%y = table(%x) [2] in 0..3 { exact first 0 step 1 entries 2 tables 2 values [0 3 0 3] }",
     "no element says which"},
    {"circuit 1\n" IN "%y = table(%x) [2] in 0..3 { exact first 0 step 1 entries 2 tables 1 which "
                      "[0 1] values [0 3] }",
     "uses table 1 of 1"},
    {"circuit 1\n" IN "%y = table(%x) [2] in 0..3 { exact first 0 step 1 entries 1 tables 1 values "
                      "[4000000000000000000] }",
     "beyond 2^61"},
    {"circuit 1\n" IN "%y = table(%x) [2] in 0..3 { approximate first 0 step 4000000000000000000 "
                      "entries 1 tables 1 values [3] }",
     "within 2^61"},
    {"circuit 1\n" IN "%y = table(%x) [2] in 0..3 { approximate first 0 step 1 entries 3 tables 1 "
                      "turn 5 values [0 1 3] }",
     "on a saturating table"},
    {"circuit 1\n" IN "%y = table(%x) [2] in 0..3 { approximate first 0 step 1 entries 3 tables 1 "
                      "ramp 2..1 values [0 1 3] }",
     "ramp 2..1 is empty"},
    {"circuit 1\n" IN "%y = table(%x) [2] in 0..3 { approximate first 0 step 1 entries 3 tables 1 "
                      "ramp 1..2 values [0 1 3] }",
     "not constant outside its ramp"},
    /* trees */
    {"circuit 1\n" IN
     "%y = trees(%x) [1] in 0..3 { tree feature [] threshold [] yes [] no [] leaves [] }",
     "not complete"},
    {"circuit 1\n" IN
     "%y = trees(%x) [1] in 0..3 { tree feature [2] threshold [0] yes [-1] no [-2] leaves [0 1] }",
     "feature 2 of 2"},
    {"circuit 1\n" IN
     "%y = trees(%x) [1] in 0..3 { tree feature [0] threshold [0] yes [0] no [-2] leaves [0 1] }",
     "has child 0"},
    {"circuit 1\n" IN
     "%y = trees(%x) [1] in 0..3 { tree feature [0] threshold [0] yes [-1] no [-3] leaves [0 1] }",
     "has child -3"},
    /* ranges */
    {"circuit 1\n" IN "%y = gather(%x) [2] in 0..4 { index [0 1] }",
     "not inside the computed 0..3"},
    {"circuit 1\n" IN "%y = gather(%x) [2] in 0..2 { index [0 1] }", "narrower than the computed"},
    {"circuit 1\n%x = input [2] in 1..3 { codes 0..3 scale [1] zero [0] }",
     "narrower than the computed"},
    {"circuit 1\n" IN "%y = select(%x %x %x) [2] in 0..3", "the condition has range 0..3"},
    {"circuit 1\n" IN "%y = compare(%x %x) [2] in 0..0\n%z = output(%y) [2] in 0..0 { codes 0..1 "
                      "scale [1] zero [0] }",
     "a comparison is 0..1"},
    {"circuit 1\n%x = input [2] in 0..2000000000000000000 { codes 0..2000000000000000000 scale [1] "
     "zero [0] }\n"
     "%y = linear(%x) [1] in 0..3 { dense [1 1] }",
     "may pass 2^61"},
    {"circuit 1\n%x = input [2] in 0..2000000000 { codes 0..2000000000 scale [1] zero [0] }\n"
     "%y = multiply(%x %x) [2] in 0..3",
     "may pass 2^61"},
};

static void every_rule_has_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        nescio_circuit *c;
        const nescio_status st =
            nescio_circuit_parse(ctx, refused[i].text, strlen(refused[i].text), &c);

        if (st == NESCIO_OK || !strstr(nescio_ctx_message(ctx), refused[i].words))
            fail_msg("status %d \"%s\" for\n%s\nexpected \"%s\"", (int)st, nescio_ctx_message(ctx),
                     refused[i].text, refused[i].words);
        assert_null(c);
    }
}

static nescio_circuit *parse(const char *text)
{
    nescio_circuit *c;

    if (nescio_circuit_parse(ctx, text, strlen(text), &c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    return c;
}

static void refuses(nescio_circuit *c, const char *words)
{
    if (nescio_circuit_verify(ctx, c) != NESCIO_E_FORMAT || !strstr(nescio_ctx_message(ctx), words))
        fail_msg("\"%s\", expected \"%s\"", nescio_ctx_message(ctx), words);
    nescio_circuit_free(c);
}

/* What no text can say: structures that a program has damaged. */
static void damaged_structures(void **state)
{
    static const char text[] =
        "circuit 1\n" IN "%y = linear(%x) [2] in 0..3 { dense [1 0 0 1] bias [0 0] }\n"
        "%z = output(%y) [2] in 0..3 { codes 0..3 scale [1] zero [0] }\n";
    nescio_circuit *c;

    (void)state;
    assert_int_equal(nescio_circuit_verify(ctx, c = parse(text)), NESCIO_OK);
    c->gates[1]->op = NESCIO_GATE_COUNT;
    refuses(c, "unknown operator");
    (c = parse(text))->wires[1]->name = "x";
    refuses(c, "two wires have the name 'x'");
    (c = parse(text))->wires[1]->name = "";
    refuses(c, "has no name");
    (c = parse(text))->wires[1]->encrypted = false;
    refuses(c, "said to be clear");
    (c = parse(text))->wires[1]->count = 3;
    refuses(c, "3 elements, but its shape has 2");
    (c = parse(text))->wires[1]->rank = 99;
    refuses(c, "rank 99");
    (c = parse(text))->wires[1]->dims[0] = -1;
    refuses(c, "dimension 0 is -1");
    (c = parse(text))->wires[1]->id = 7;
    refuses(c, "not its place");
    c = parse(text);
    c->wires[1]->producer = c->gates[0];
    refuses(c, "names another producer");
    c = parse(text);
    c->gates[1]->inputs[0] = c->wires[2];
    refuses(c, "not made above it");
    (c = parse(text))->gates[1]->name = NULL;
    refuses(c, "not complete");
    c = parse(text);
    c->gates[2] = c->gates[1];
    refuses(c, "two producers");
    const uint32_t starts[3] = {0, 0, 0};
    nescio_int_matrix m = {2, 2, NULL, NULL, NULL, NULL};
    (c = parse(text))->gates[1]->linear.matrix = &m;
    refuses(c, "has no elements");
    m.dense = (const int32_t[4]){0};
    m.row_start = starts;
    (c = parse(text))->gates[1]->linear.matrix = &m;
    refuses(c, "both dense and sparse");
    m.n_rows = 3;
    (c = parse(text))->gates[1]->linear.matrix = &m;
    refuses(c, "is 3 x 2, not 2 x 2");
}

static const char sample[] =
    "circuit 1\n%x = input [2] in 0..3 { codes 0..3 scale [0.25] zero [1] }\n"
    "%\"a b\" = linear(%x, %x) [2] in -9..6 from \"Gemm \\\"1\\\"\" { dense [1 -3 0 1] sparse "
    "starts [0 1 2]\n"
    "columns [0 1] weights [1 1] bias [0 0] } # remark\n"
    "%t = table(%\"a b\") [2] in 0..1 { approximate first -2 step 2 entries 3 tables 2 ramp -2..2 "
    "turn 40 which [0 1]\n"
    " values [0 1 1 1 0 0] }\n%k = constant [1] in 4..4 { values [4] }\n%c = concat(%t %k) [3] in "
    "0..4\n"
    "%f = trees(%c) [1] in -2..5 { tree feature [0] threshold [0] yes [-1] no [-2] leaves [-2 5] "
    "}\n"
    "%m = max(%f %k) [1] in 4..5\n%l = compare(%m %k) [1] in 0..1\n%s = select(%l %m %k) [1] in "
    "4..5\n"
    "%p = multiply(%s %k) [1] in 16..20\n%g = gather(%p) [2] in 0..20 { index [0 -1] }\n"
    "%o = output(%g) [2] in 0..20 { codes 0..20 scale [1e-3 2] zero [0 5] }\n";

/* A prefix is a circuit only when it ends between gates. */
static void every_truncation(void **state)
{
    nescio_circuit *c;
    size_t good = 0;

    (void)state;
    nescio_circuit_free(parse(sample));
    for (size_t n = 0; n < sizeof sample - 1; n++) {
        char *const cut = malloc(n + 1); /* its own block, so that overruns are seen */

        memcpy(cut, sample, n);
        if (nescio_circuit_parse(ctx, cut, n, &c) == NESCIO_OK) {
            good++;
            nescio_circuit_free(c);
        } else {
            assert_null(c);
            assert_true(strlen(nescio_ctx_message(ctx)) > 0);
        }
        free(cut);
    }
    assert_true(good >= 12 && good <= 60);
}

/* Whatever a changed byte makes of the text, it is refused or it is a circuit that verifies and
 * evaluates. */
static void every_changed_byte(void **state)
{
    static const char put[] = {'0', '9', '-', ' ', '}', '[', ']', '%', '"', 'x', '\0', (char)0xff};
    char text[sizeof sample];
    nescio_circuit *c;

    (void)state;
    for (size_t i = 0; i < sizeof sample - 1; i++) {
        for (size_t k = 0; k < sizeof put; k++) {
            memcpy(text, sample, sizeof sample);
            text[i] = put[k];
            if (nescio_circuit_parse(ctx, text, sizeof sample - 1, &c) != NESCIO_OK)
                continue;
            assert_int_equal(nescio_circuit_verify(ctx, c), NESCIO_OK);
            nescio_circuit_free(c);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_its_words),
        cmocka_unit_test(damaged_structures),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(every_changed_byte),
    };

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
