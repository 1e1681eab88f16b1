/* SPDX-License-Identifier: Apache-2.0
 * Lowering: the same integers before and after every pass on random circuits and rows; each pass on
 * a circuit made for it. */
#include "lower/lower.h"
#include "random_circuit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nescio_ctx *ctx;

/* ------------------------------------------------------------------ random circuits */

/** Rows and the answers of the circuit as it was. */
typedef struct watch {
    int64_t ***in, ***out;
    size_t n_rows, n_outputs;
    uint64_t seed;
    const char *next[16]; /* names in the order they must come */
    size_t n_seen;
} watch;

static void rows_agree(const nescio_circuit *c, const watch *w, const char *after)
{
    int64_t **const out = test_output_arrays(c);

    for (size_t r = 0; r < w->n_rows; r++) {
        if (nescio_circuit_eval(ctx, c, (const int64_t *const *)w->in[r], out, NULL) != NESCIO_OK)
            fail_msg("seed %llu after %s: %s", (unsigned long long)w->seed, after,
                     nescio_ctx_message(ctx));
        for (size_t i = 0; i < w->n_outputs; i++) {
            const size_t bytes = nescio_circuit_output(c, i)->output->count * sizeof(int64_t);
            if (memcmp(out[i], w->out[r][i], bytes) != 0)
                fail_msg("seed %llu: output %zu differs after %s", (unsigned long long)w->seed, i,
                         after);
        }
    }
    test_arrays_free(out, w->n_outputs);
}

static void after_pass(const char *name, const nescio_circuit *c, void *user)
{
    watch *const w = user;

    assert_int_equal(nescio_circuit_verify(ctx, c), NESCIO_OK);
    rows_agree(c, w, name);
    w->n_seen++;
}

static void watch_init(watch *w, const nescio_circuit *c, uint64_t seed)
{
    test_random random = {seed ^ 77};

    *w = (watch){.n_rows = 8, .n_outputs = nescio_circuit_n_outputs(c), .seed = seed};
    w->in = calloc(w->n_rows, sizeof *w->in);
    w->out = calloc(w->n_rows, sizeof *w->out);
    for (size_t r = 0; r < w->n_rows; r++) {
        w->in[r] = test_random_inputs(c, &random);
        w->out[r] = test_output_arrays(c);
        assert_int_equal(
            nescio_circuit_eval(ctx, c, (const int64_t *const *)w->in[r], w->out[r], NULL),
            NESCIO_OK);
    }
}

static void watch_deinit(watch *w, const nescio_circuit *c)
{
    for (size_t r = 0; r < w->n_rows; r++) {
        test_arrays_free(w->in[r], nescio_circuit_n_inputs(c));
        test_arrays_free(w->out[r], w->n_outputs);
    }
    free(w->in);
    free(w->out);
}

static bool is_low(nescio_gate_op op)
{
    return op == NESCIO_GATE_INPUT || op == NESCIO_GATE_CONSTANT || op == NESCIO_GATE_LINEAR ||
           op == NESCIO_GATE_GATHER || op == NESCIO_GATE_CONCAT || op == NESCIO_GATE_TABLE ||
           op == NESCIO_GATE_OUTPUT;
}

static void random_circuits_stay_equal(void **state)
{
    size_t lowered = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        nescio_circuit *const c = test_random_circuit(ctx, seed, false);
        nescio_lower_options o = {.exact_bits_max = 14, .hook = after_pass};
        nescio_circuit *low;
        nescio_buffer before = {0}, after = {0};
        watch w;

        assert_non_null(c);
        assert_int_equal(nescio_circuit_print(ctx, c, 0, &before), NESCIO_OK);
        watch_init(&w, c, seed);
        o.user = &w;
        const nescio_status st = nescio_lower(ctx, c, &o, &low);
        assert_int_equal(nescio_circuit_print(ctx, c, 0, &after),
                         NESCIO_OK); /* the original is as it was */
        assert_int_equal(before.bytes, after.bytes);
        assert_memory_equal(before.data, after.data, before.bytes);
        if (st == NESCIO_OK) {
            lowered++;
            for (size_t g = 0; g < low->n_gates; g++)
                assert_true(is_low(low->gates[g]->op));
            assert_true(w.n_seen >= 10);
            nescio_circuit_free(low);
        } else if (st != NESCIO_E_UNSUPPORTED ||
                   !strstr(nescio_ctx_message(ctx), "bits; one bootstrapping")) {
            fail_msg("seed %llu: %s", (unsigned long long)seed, nescio_ctx_message(ctx));
        }
        nescio_buffer_free(&before);
        nescio_buffer_free(&after);
        watch_deinit(&w, c);
        nescio_circuit_free(c);
    }
    assert_true(lowered > 300);
}

/* ------------------------------------------------------------------ one pass at a time */

#define IN(name, n) "%" name " = input [" n "] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
#define OUT(wire, n, lo, hi)                                                                       \
    "%out = output(%" wire ") [" n "] in " lo ".." hi " { codes " lo ".." hi                       \
    " scale [1] zero [0] }\n"

static nescio_circuit *lower_text(const char *text)
{
    const nescio_lower_options o = nescio_lower_options_default();
    nescio_circuit *c, *low = NULL;

    if (nescio_circuit_parse(ctx, text, strlen(text), &c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    if (nescio_lower(ctx, c, &o, &low) != NESCIO_OK)
        assert_null(low);
    nescio_circuit_free(c);
    return low;
}

static size_t count(const nescio_circuit *c, nescio_gate_op op)
{
    size_t n = 0;

    for (size_t g = 0; g < c->n_gates; g++)
        n += c->gates[g]->op == op;
    return n;
}

/* Gate counts that the text must lower to. */
static void becomes(const char *text, size_t linear, size_t tables, size_t others)
{
    nescio_circuit *const c = lower_text(text);

    if (!c)
        fail_msg("%s\n%s", nescio_ctx_message(ctx), text);
    const size_t border = count(c, NESCIO_GATE_INPUT) + count(c, NESCIO_GATE_OUTPUT);
    if (count(c, NESCIO_GATE_LINEAR) != linear || count(c, NESCIO_GATE_TABLE) != tables ||
        c->n_gates - border - linear - tables != others) {
        nescio_buffer b = {0};
        assert_int_equal(nescio_circuit_print(ctx, c, 0, &b), NESCIO_OK);
        fail_msg("expected %zu linear, %zu tables, %zu others:\n%.*s", linear, tables, others,
                 (int)b.bytes, (const char *)b.data);
    }
    nescio_circuit_free(c);
}

static void passes_do_their_work(void **state)
{
    (void)state;
    /* product, maximum, comparison, selection */
    becomes("circuit 1\n" IN("x", "2")
                IN("y", "2") "%p = multiply(%x %y) [2] in 0..9\n" OUT("p", "2", "0", "9"),
            3, 2, 0);
    becomes("circuit 1\n" IN("x", "2") "%p = multiply(%x %x) [2] in 0..9\n" OUT("p", "2", "0", "9"),
            1, 1, 0);
    becomes("circuit 1\n" IN("x", "2")
                IN("y", "2") "%p = max(%x %y) [2] in 0..3\n" OUT("p", "2", "0", "3"),
            2, 1, 0);
    becomes("circuit 1\n" IN("x", "2")
                IN("y", "2") "%p = compare(%x %y) [2] in 0..1\n" OUT("p", "2", "0", "1"),
            2, 1, 0);
    becomes("circuit 1\n" IN("x", "1")
                IN("y", "1") "%c = compare(%x %y) [1] in 0..1\n"
                             "%p = select(%c %x %y) [1] in 0..3\n" OUT("p", "1", "0", "3"),
            5, 3, 0);
    /* constants */
    becomes("circuit 1\n" IN("x", "2") "%k = constant [2] in 1..2 { values [1 2] }\n"
                                       "%p = multiply(%k %x) [2] in 0..6\n" OUT("p", "2", "0", "6"),
            1, 0, 0);
    becomes(
        "circuit 1\n" IN(
            "x", "2") "%k = constant [2] in 1..2 { values [1 2] }\n%m = max(%k %k) [2] in 1..2\n"
                      "%p = linear(%x %m) [1] in 1..11 { dense [1 -1] dense [2 2] }\n" OUT(
                          "p", "1", "1", "11"),
        1, 0, 0);
    /* moves */
    becomes("circuit 1\n" IN("x", "3")
                IN("y", "1") "%c = concat(%x %y) [4] in 0..3\n"
                             "%g = gather(%c) [4] in 0..3 { index [3 -1 0 0] }\n"
                             "%p = linear(%g) [1] in 0..24 { dense [1 7 3 4] }\n" OUT("p", "1", "0",
                                                                                      "24"),
            1, 0, 0);
    becomes("circuit 1\n" IN("x", "2") "%p = linear(%x) [2] in 0..6 { dense [1 0 1 1] }\n"
                                       "%g = gather(%p) [3] in 0..6 { index [1 1 -1] }\n" OUT(
                                           "g", "3", "0", "6"),
            1, 0, 0);
    becomes("circuit 1\n" IN("x", "2") "%g = gather(%x) [2] in 0..3 { index [1 0] }\n"
                                       "%h = gather(%g) [2] in 0..3 { index [1 0] }\n" OUT(
                                           "h", "2", "0", "3"),
            0, 0, 0);
    /* chains */
    becomes("circuit 1\n" IN(
                "x", "2") "%p = linear(%x) [1] in 0..6 { dense [1 1] bias [0] }\n"
                          "%q = linear(%p %x) [1] in -3..21 { dense [3] dense [-1 1] }\n" OUT(
                              "q", "1", "-3", "21"),
            1, 0, 0);
    becomes("circuit 1\n" IN("x", "1") "%p = table(%x) [1] in 0..2 { exact first 0 step 1 entries "
                                       "4 tables 1 values [0 1 1 2] }\n"
                                       "%q = table(%p) [1] in 5..9 { exact first 0 step 1 entries "
                                       "3 tables 1 values [5 5 9] }\n" OUT("q", "1", "5", "9"),
            0, 1, 0);
    /* dead */
    becomes("circuit 1\n" IN("x", "1") "%p = table(%x) [1] in 0..2 { exact first 0 step 1 entries "
                                       "4 tables 1 values [0 1 1 2] }\n" OUT("x", "1", "0", "3"),
            0, 0, 0);
}

/* An expansion that would need more weights than both gates have is left as it is. */
static void wide_products_stay_apart(void **state)
{
    (void)state;
    becomes("circuit 1\n" IN("x", "4") "%p = linear(%x) [1] in 0..12 { dense [1 1 1 1] }\n"
                                       "%q = linear(%p) [4] in 0..48 { dense [1 2 3 4] }\n" OUT(
                                           "q", "4", "0", "48"),
            2, 0, 0);
    becomes(
        "circuit 1\n" IN("x", "1") "%p = linear(%x) [1] in 0..6442450941 { dense [2147483647] }\n"
                                   "%q = linear(%p) [1] in 0..12884901882 { dense [2] }\n" OUT(
                                       "q", "1", "0", "12884901882"),
        2, 0, 0);
}

/* Calibrated ranges survive, and tables of different elements are told apart when composed. */
static void calibrated_ranges_survive(void **state)
{
    static const char text[] =
        "circuit 1\n%x = input [2] in -9..9 { codes -9..9 scale [1] zero [0] }\n"
        "%g = gather(%x) [2] in -9..9 { index [1 0] }\n"
        "%a = linear(%g) [2] in -6..5 { dense [1 0 0 1] }\n"
        "%t = table(%a) [2] in -3..3 { approximate first -2 step 2 entries 3 tables 2 ramp -2..2 "
        "turn 40 which [0 1]\n"
        "  values [-1 0 1 3 0 -3] }\n"
        "%u = table(%t) [2] in 1..7 { exact first -3 step 1 entries 7 tables 2 which [1 0]\n"
        "  values [1 2 3 4 5 6 7 7 6 5 4 3 2 1] }\n%out = output(%u) [2] in 1..7 { codes 1..7 "
        "scale [1] zero [0] }\n";
    nescio_circuit *const c = lower_text(text);

    (void)state;
    if (!c)
        fail_msg("%s", nescio_ctx_message(ctx));
    assert_int_equal(c->n_gates, 4);
    assert_int_equal(c->gates[1]->op, NESCIO_GATE_LINEAR);
    assert_int_equal(c->gates[1]->output->lo, -6);
    assert_int_equal(c->gates[1]->output->hi, 5);
    assert_int_equal(c->gates[2]->table.turn, 40);
    assert_true(c->gates[2]->table.saturating);
    assert_string_equal(c->gates[2]->output->name, "u");
    for (int64_t v = -9; v <= 9; v++) {
        const int64_t row[2] = {-v, v}, *in[1] = {row};
        int64_t out[2], *outs[1] = {out};
        const int64_t cell = v < 0 ? -1 : v < 2 ? 0 : 1, cell_b = -v < 0 ? -1 : -v < 2 ? 0 : 1;

        assert_int_equal(nescio_circuit_eval(ctx, c, in, outs, NULL), NESCIO_OK);
        assert_int_equal(out[0], 4 - cell);       /* table 1 of the outer: 4 - v */
        assert_int_equal(out[1], 4 - 3 * cell_b); /* table 0: 4 + v, of -3 v */
    }
    nescio_circuit_free(c);
}

static void refuses(const char *text, const char *words)
{
    nescio_circuit *const c = lower_text(text);

    assert_null(c);
    if (!strstr(nescio_ctx_message(ctx), words))
        fail_msg("\"%s\", expected \"%s\"", nescio_ctx_message(ctx), words);
}

static void refusals_name_the_gate(void **state)
{
    nescio_lower_options o = nescio_lower_options_default();
    nescio_circuit *c, *low;

    (void)state;
    refuses(
        "circuit 1\n" IN("x", "1") "%f = trees(%x) [1] in 0..1 { tree feature [0] threshold [0] "
                                   "yes [-1] no [-2] leaves [0 1] }\n" OUT("f", "1", "0", "1"),
        "gate 'f': 1 decision trees");
    refuses("circuit 1\n%x = input [1] in 0..300 { codes 0..300 scale [1] zero [0] }\n%y = input "
            "[1] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
            "%p = multiply(%x %y) [1] in 0..900\n" OUT("p", "1", "0", "900"),
            "gate 'p': an exact table on 0..303 needs 9 bits");
    refuses("circuit 1\n%x = input [1] in 0..1200000000 { codes 0..1200000000 scale [1] zero "
            "[0] }\n"
            "%p = multiply(%x %x) [1] in 0..1440000000000000000\n" OUT("p", "1", "0",
                                                                       "1440000000000000000"),
            "gate 'p': a product of values beyond 2^30");
    refuses(
        "circuit 1\n%x = input [1] in 0..300 { codes 0..300 scale [1] zero [0] }\n"
        "%t = table(%x) [1] in 0..1 { exact first 0 step 1 entries 2 tables 1 values [0 1] }\n" OUT(
            "t", "1", "0", "1"),
        "gate 't': an exact table on 0..300 needs 9 bits; one bootstrapping does 8");
    static const char tiny[] = "circuit 1\n" IN("x", "1") OUT("x", "1", "0", "3");
    assert_int_equal(nescio_circuit_parse(ctx, tiny, sizeof tiny - 1, &c), NESCIO_OK);
    o.exact_bits_max = 17;
    assert_int_equal(nescio_lower(ctx, c, &o, &low), NESCIO_E_ARG);
    assert_null(low);
    nescio_circuit_free(c);
}

static void passes_have_names(void **state)
{
    size_t n = 0;

    (void)state;
    for (; nescio_lower_pass_name(n); n++) {
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(nescio_lower_pass_name(i), nescio_lower_pass_name(n));
    }
    assert_int_equal(n, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_circuits_stay_equal), cmocka_unit_test(passes_do_their_work),
        cmocka_unit_test(wide_products_stay_apart),   cmocka_unit_test(calibrated_ranges_survive),
        cmocka_unit_test(refusals_name_the_gate),     cmocka_unit_test(passes_have_names),
    };

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
