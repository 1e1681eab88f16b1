/* SPDX-License-Identifier: Apache-2.0
 * Circuits: the evaluator against a naive one, ranges against what is seen, text both ways, copies,
 * quantizers. */
#include "random_circuit.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ naive evaluator: one element,
 * by its definition */

typedef struct naive {
    const nescio_circuit *circuit;
    int64_t **inputs;
    int64_t **known; /* [wire][element] */
    bool **done;
} naive;

static int64_t element(naive *n, const nescio_wire *wire, size_t i);

static int64_t naive_linear(naive *n, const nescio_gate *g, size_t i)
{
    int64_t sum = g->linear.bias ? g->linear.bias[i] : 0;

    for (uint32_t t = 0; t < g->n_inputs; t++) {
        const nescio_int_matrix *const m = &g->linear.matrix[t];
        for (uint32_t c = 0; c < m->n_columns; c++) {
            int64_t w = m->dense ? m->dense[i * m->n_columns + c] : 0;
            for (uint32_t k = m->dense ? 0 : m->row_start[i]; !m->dense && k < m->row_start[i + 1];
                 k++)
                w += m->columns[k] == c ? m->weights[k] : 0;
            sum += w * element(n, g->inputs[t], c);
        }
    }
    return sum;
}

static int64_t naive_concat(naive *n, const nescio_gate *g, size_t i)
{
    uint32_t t = 0;

    for (; i >= g->inputs[t]->count; t++)
        i -= g->inputs[t]->count;
    return element(n, g->inputs[t], i);
}

static int64_t naive_table(const nescio_table *t, size_t which, int64_t v)
{
    for (uint32_t cell = 0; cell + 1 < t->n_entries; cell++) {
        if (v < t->first + ((int64_t)cell + 1) * t->step)
            return t->entries[which * t->n_entries + cell];
    }
    return t->entries[which * t->n_entries + t->n_entries - 1];
}

static int64_t naive_trees(naive *n, const nescio_gate *g, size_t i)
{
    int64_t sum = 0;

    for (uint32_t k = 0; k < g->trees.n_trees; k++) {
        const nescio_tree *const t = &g->trees.tree[k];
        int64_t at = t->n_nodes ? 0 : -1;
        while (at >= 0)
            at = element(n, g->inputs[0], t->feature[at]) <= t->threshold[at] ? t->yes[at]
                                                                              : t->no[at];
        sum += t->leaves[(size_t)(-1 - at) * g->trees.n_targets + i];
    }
    return sum;
}

static int64_t compute(naive *n, const nescio_gate *g, size_t i)
{
    size_t i_input = 0;

    switch (g->op) {
    case NESCIO_GATE_INPUT:
        while (nescio_circuit_input(n->circuit, i_input) != g)
            i_input++;
        return n->inputs[i_input][i];
    case NESCIO_GATE_CONSTANT: return g->constant[i];
    case NESCIO_GATE_LINEAR: return naive_linear(n, g, i);
    case NESCIO_GATE_GATHER:
        return g->gather[i] < 0 ? 0 : element(n, g->inputs[0], (size_t)g->gather[i]);
    case NESCIO_GATE_CONCAT: return naive_concat(n, g, i);
    case NESCIO_GATE_TABLE:
        return naive_table(&g->table, g->table.which ? g->table.which[i] : 0,
                           element(n, g->inputs[0], i));
    case NESCIO_GATE_MULTIPLY: return element(n, g->inputs[0], i) * element(n, g->inputs[1], i);
    case NESCIO_GATE_MAX:
        return labs(element(n, g->inputs[0], i) - element(n, g->inputs[1], i)) / 2 +
               (element(n, g->inputs[0], i) + element(n, g->inputs[1], i) +
                labs(element(n, g->inputs[0], i) - element(n, g->inputs[1], i)) % 2) /
                   2;
    case NESCIO_GATE_COMPARE:
        return element(n, g->inputs[0], i) - element(n, g->inputs[1], i) < 0 ? 1 : 0;
    case NESCIO_GATE_SELECT: {
        const int64_t c = element(n, g->inputs[0], i);
        return c * element(n, g->inputs[1], i) + (1 - c) * element(n, g->inputs[2], i);
    }
    case NESCIO_GATE_TREES: return naive_trees(n, g, i);
    case NESCIO_GATE_OUTPUT: return element(n, g->inputs[0], i);
    default: fail_msg("operator %d", (int)g->op); return 0;
    }
}

static int64_t element(naive *n, const nescio_wire *wire, size_t i)
{
    assert_true(i < wire->count);
    if (!n->done[wire->id][i]) {
        n->known[wire->id][i] = compute(n, wire->producer, i);
        n->done[wire->id][i] = true;
    }
    return n->known[wire->id][i];
}

static void naive_new(naive *n, const nescio_circuit *circuit, int64_t **inputs)
{
    n->circuit = circuit;
    n->inputs = inputs;
    n->known = calloc(circuit->n_wires, sizeof *n->known);
    n->done = calloc(circuit->n_wires, sizeof *n->done);
    for (size_t i = 0; i < circuit->n_wires; i++) {
        n->known[i] = calloc(circuit->wires[i]->count, sizeof **n->known);
        n->done[i] = calloc(circuit->wires[i]->count, sizeof **n->done);
    }
}

static void naive_free(naive *n)
{
    for (size_t i = 0; i < n->circuit->n_wires; i++) {
        free(n->known[i]);
        free(n->done[i]);
    }
    free(n->known);
    free(n->done);
}

/* ------------------------------------------------------------------ tests */

static nescio_ctx *ctx;

static nescio_circuit *circuit_of(uint64_t seed)
{
    nescio_circuit *const c = test_random_circuit(ctx, seed, true);

    if (!c)
        fail_msg("seed %llu: %s", (unsigned long long)seed, nescio_ctx_message(ctx));
    return c;
}

/* Values outside stated ranges at tables and outputs, counted from the naive values. */
static uint64_t naive_outside(naive *n)
{
    uint64_t sum = 0;

    for (size_t g = 0; g < n->circuit->n_gates; g++) {
        const nescio_gate *const gate = n->circuit->gates[g];
        if (gate->op != NESCIO_GATE_TABLE && gate->op != NESCIO_GATE_OUTPUT)
            continue;
        for (size_t i = 0; i < gate->output->count; i++) {
            const int64_t v = element(n, gate->inputs[0], i);
            sum += v < gate->inputs[0]->lo || v > gate->inputs[0]->hi;
        }
    }
    return sum;
}

static void check_row(const nescio_circuit *c, test_random *r, uint64_t seed)
{
    int64_t **const in = test_random_inputs(c, r), **const out = test_output_arrays(c);
    nescio_eval_stats stats = {calloc(c->n_gates, sizeof(uint64_t)),
                               calloc(c->n_gates, sizeof(uint64_t))};
    uint64_t outside = 0;
    naive n;

    naive_new(&n, c, in);
    assert_int_equal(nescio_circuit_eval(ctx, c, (const int64_t *const *)in, out, &stats),
                     NESCIO_OK);
    for (size_t i = 0; i < nescio_circuit_n_outputs(c); i++) {
        const nescio_wire *const wire = nescio_circuit_output(c, i)->output;
        for (size_t j = 0; j < wire->count; j++) {
            if (out[i][j] != element(&n, wire, j))
                fail_msg("seed %llu: output %zu element %zu", (unsigned long long)seed, i, j);
        }
    }
    /* Ranges hold wherever nothing was narrowed, and nothing is narrowed in these circuits. */
    for (size_t w = 0; w < c->n_wires; w++) {
        for (size_t j = 0; j < c->wires[w]->count; j++) {
            const int64_t v = element(&n, c->wires[w], j);
            if (v < c->wires[w]->lo || v > c->wires[w]->hi)
                fail_msg("seed %llu: wire %s: %lld", (unsigned long long)seed, c->wires[w]->name,
                         (long long)v);
        }
    }
    for (size_t g = 0; g < c->n_gates; g++)
        outside += stats.out_of_range[g];
    assert_int_equal(outside, naive_outside(&n));
    naive_free(&n);
    free(stats.out_of_range);
    free(stats.seen);
    test_arrays_free(in, nescio_circuit_n_inputs(c));
    test_arrays_free(out, nescio_circuit_n_outputs(c));
}

static void evaluates_as_defined(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        nescio_circuit *const c = circuit_of(seed);
        test_random r = {seed};

        for (int row = 0; row < 10; row++)
            check_row(c, &r, seed);
        nescio_circuit_free(c);
    }
}

static nescio_buffer text_of(const nescio_circuit *c)
{
    nescio_buffer b = {0};

    assert_int_equal(nescio_circuit_print(ctx, c, 0, &b), NESCIO_OK);
    return b;
}

static void prints_and_parses(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        nescio_circuit *const c = circuit_of(seed);
        nescio_buffer once = text_of(c);
        nescio_circuit *again, *copy;

        if (nescio_circuit_parse(ctx, (const char *)once.data, once.bytes, &again) != NESCIO_OK)
            fail_msg("seed %llu: %s\n%.*s", (unsigned long long)seed, nescio_ctx_message(ctx),
                     (int)once.bytes, (const char *)once.data);
        assert_int_equal(nescio_circuit_copy(ctx, again, &copy), NESCIO_OK);
        nescio_circuit_free(again);
        assert_int_equal(nescio_circuit_verify(ctx, copy), NESCIO_OK);
        nescio_buffer twice = text_of(copy);
        assert_int_equal(once.bytes, twice.bytes);
        assert_memory_equal(once.data, twice.data, once.bytes);
        nescio_buffer_free(&once);
        nescio_buffer_free(&twice);
        nescio_circuit_free(copy);
        nescio_circuit_free(c);
    }
}

/* A decimal comma in the caller's locale changes neither what is written nor what is read. */
static void text_ignores_the_locale(void **state)
{
    nescio_circuit *const c = circuit_of(7);
    nescio_buffer plain = text_of(c);
    nescio_circuit *again;

    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8")) {
        nescio_buffer_free(&plain);
        nescio_circuit_free(c);
        skip();
    }
    nescio_buffer comma = text_of(c);
    assert_int_equal(comma.bytes, plain.bytes);
    assert_memory_equal(comma.data, plain.data, plain.bytes);
    assert_int_equal(nescio_circuit_parse(ctx, (const char *)plain.data, plain.bytes, &again),
                     NESCIO_OK);
    setlocale(LC_NUMERIC, "C");
    nescio_circuit_free(again);
    nescio_buffer_free(&plain);
    nescio_buffer_free(&comma);
    nescio_circuit_free(c);
}

static void names_become_unique(void **state)
{
    nescio_circuit *c;
    nescio_wire *wires[200];

    (void)state;
    assert_int_equal(nescio_circuit_new(ctx, &c), NESCIO_OK);
    for (int i = 0; i < 200; i++) {
        nescio_gate *const gate =
            nescio_circuit_gate(c, NESCIO_GATE_CONSTANT, i % 3 ? "same" : "", NULL, 0, 1);
        wires[i] = gate->output;
        assert_string_equal(gate->name, i % 3 ? "same" : "constant");
        assert_ptr_equal(nescio_circuit_find(c, wires[i]->name), wires[i]);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(wires[i]->name, wires[j]->name);
    }
    assert_null(nescio_circuit_find(c, "nobody"));
    nescio_circuit_free(c);
}

static void elided_text_says_so(void **state)
{
    static const char text[] = "circuit 1\n%a = constant [4] in 1..4 { values [1 2 3 4] }\n";
    nescio_circuit *c;
    nescio_buffer b = {0};

    (void)state;
    assert_int_equal(nescio_circuit_parse(ctx, text, sizeof text - 1, &c), NESCIO_OK);
    assert_int_equal(nescio_circuit_print(ctx, c, 3, &b), NESCIO_OK);
    nescio_circuit_free(c);
    assert_int_equal(nescio_circuit_parse(ctx, (const char *)b.data, b.bytes, &c), NESCIO_E_FORMAT);
    assert_non_null(strstr(nescio_ctx_message(ctx), "left out"));
    assert_null(c);
    nescio_buffer_free(&b);
}

static void quantizers_round_half_to_even(void **state)
{
    const double scale[1] = {0.5},
                 x[] = {0.25, 0.75, -0.25, -0.75, 1.0, 1e300, -1e300, NAN, INFINITY, -7.0};
    const int64_t zero[1] = {3}, expected[] = {3, 5, 3, 1, 5, 10, -4, 3, 10, -4};
    const nescio_quantizer q = {1, scale, zero, -4, 10};
    int64_t out[10];
    double back[10];

    (void)state;
    nescio_quantize(&q, x, out, 10);
    assert_memory_equal(out, expected, sizeof out);
    nescio_dequantize(&q, out, back, 10);
    for (int i = 0; i < 10; i++)
        assert_true(back[i] == 0.5 * (double)(out[i] - 3));
    const double scales[2] = {1, 10};
    const int64_t zeros[2] = {0, 1};
    const nescio_quantizer each = {2, scales, zeros, -100, 100};
    const double y[2] = {7.4, -33};
    nescio_quantize(&each, y, out, 2);
    assert_int_equal(out[0], 7);
    assert_int_equal(out[1], -2);
}

static void inputs_outside_their_codes_are_refused(void **state)
{
    static const char text[] =
        "circuit 1\n%x = input [2] in 0..3 { codes 0..3 scale [1] zero [0] }\n"
        "%y = output(%x) [2] in 0..3 { codes 0..3 scale [1] zero [0] }\n";
    const int64_t good[2] = {0, 3}, bad[2] = {0, 4};
    const int64_t *in[1] = {good};
    int64_t out[2], *outs[1] = {out};
    nescio_circuit *c;

    (void)state;
    assert_int_equal(nescio_circuit_parse(ctx, text, sizeof text - 1, &c), NESCIO_OK);
    assert_int_equal(nescio_circuit_eval(ctx, c, in, outs, NULL), NESCIO_OK);
    assert_memory_equal(out, good, sizeof out);
    in[0] = bad;
    assert_int_equal(nescio_circuit_eval(ctx, c, in, outs, NULL), NESCIO_E_ARG);
    assert_non_null(strstr(nescio_ctx_message(ctx), "'x': element 1 is 4, outside 0..3"));
    nescio_circuit_free(c);
}

/* A calibrated range survives where only saturating tables and outputs look, and events are counted
 * against it. */
static void calibrated_ranges_are_kept_and_counted(void **state)
{
    static const char text[] =
        "circuit 1\n%x = input [3] in -10..10 { codes -10..10 scale [1] zero [0] }\n"
        "%a = linear(%x) [3] in -6..5 { dense [1 0 0 0 1 0 0 0 1] }\n"
        "%t = table(%a) [3] in -1..1 { approximate first -2 step 1 entries 5 tables 1 ramp -2..2 "
        "turn 20\n"
        "    values [-1 -1 0 1 1] }\n"
        "%y = output(%t) [3] in -1..1 { codes -1..1 scale [1] zero [0] }\n";
    const int64_t row[3] = {-7, 0, 9}, *in[1] = {row};
    int64_t out[3], *outs[1] = {out};
    uint64_t outside[4] = {0}, seen[4] = {0};
    nescio_eval_stats stats = {outside, seen};
    nescio_circuit *c;

    (void)state;
    assert_int_equal(nescio_circuit_parse(ctx, text, sizeof text - 1, &c), NESCIO_OK);
    assert_int_equal(nescio_circuit_ranges(ctx, c), NESCIO_OK);
    assert_int_equal(c->wires[1]->lo, -6);
    assert_int_equal(c->wires[1]->hi, 5);
    assert_int_equal(nescio_circuit_eval(ctx, c, in, outs, &stats), NESCIO_OK);
    assert_int_equal(out[0], -1);
    assert_int_equal(out[1], 0);
    assert_int_equal(out[2], 1);
    assert_int_equal(outside[2], 2);
    assert_int_equal(seen[2], 3);
    assert_int_equal(outside[3], 0);
    c->wires[1]->lo = c->wires[1]->hi = 0; /* not set: computed */
    assert_int_equal(nescio_circuit_ranges(ctx, c), NESCIO_OK);
    assert_int_equal(c->wires[1]->lo, -10);
    assert_int_equal(c->wires[1]->hi, 10);
    nescio_circuit_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evaluates_as_defined),
        cmocka_unit_test(prints_and_parses),
        cmocka_unit_test(text_ignores_the_locale),
        cmocka_unit_test(names_become_unique),
        cmocka_unit_test(elided_text_says_so),
        cmocka_unit_test(quantizers_round_half_to_even),
        cmocka_unit_test(inputs_outside_their_codes_are_refused),
        cmocka_unit_test(calibrated_ranges_are_kept_and_counted),
    };

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
