/* SPDX-License-Identifier: Apache-2.0
 * Plans: phases to integers, test polynomials against their tables, binding against the circuit,
 * text and sizes. */
#include "plan/plan.h"

#include "../support.h"
#include "plan_by_hand.h"

#include <math.h>

static nescio_ctx *ctx;

/** The integer nearest to phase / delta on the turn around centre, in long double. */
static int64_t nearest(uint64_t phase, uint64_t delta, int64_t centre)
{
    const int64_t distance = (int64_t)(phase - (uint64_t)centre * delta);

    return centre + (int64_t)floorl((long double)distance / (long double)delta + 0.5L);
}

static void phases_become_integers(void **state)
{
    uint64_t random = 11;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        const uint64_t delta = 1 + (test_random(&random) >> test_range(&random, 1, 62));
        const int64_t centre = test_range(&random, -5000, 5000);
        const uint64_t phase = test_random(&random);
        const int64_t got = nescio_phase_to_integer(phase, delta < 1ull << 63 ? delta : 5, centre);
        const int64_t want = nearest(phase, delta < 1ull << 63 ? delta : 5, centre);

        /* 64 bits of mantissa cannot tell the last bit of a tie apart. */
        if (got != want && llabs(got - want) > llabs(want) >> 60)
            fail_msg("phase %llu delta %llu centre %lld: %lld, not %lld", (unsigned long long)phase,
                     (unsigned long long)delta, (long long)centre, (long long)got, (long long)want);
    }
    /* Values come back whatever error below half an integer is added. */
    for (int64_t v = -40; v <= 40; v++)
        for (int64_t e = -49; e < 50; e++)
            assert_int_equal(nescio_phase_to_integer((uint64_t)v * 100 + (uint64_t)e, 100, 3), v);
}

static void outputs_decode_around_their_range(void **state)
{
    const nescio_plan_output out = {.delta = (uint64_t)1 << 60, .lo = -3, .hi = 10};

    (void)state;
    for (int64_t v = -4; v <= 10; v++)
        for (int e = -2; e <= 2; e++)
            assert_int_equal(
                nescio_plan_decode(&out, (uint64_t)v * out.delta + (uint64_t)e * (out.delta / 5)),
                v);
}

/** What a blind rotation gives for a phase. */
static uint64_t rotated(const nescio_plan_table *t, uint32_t i_poly, uint32_t poly_size,
                        uint64_t phase)
{
    const uint64_t grid = ((uint64_t)1 << 63) / poly_size;
    const uint32_t j = (uint32_t)((phase + t->phase_offset + grid / 2) / grid) % (2 * poly_size);
    const uint64_t *p = t->polys + (size_t)i_poly * poly_size;

    return t->post_add[i_poly] + (j < poly_size ? p[j] : 0 - p[j - poly_size]);
}

static void exact_tables_hold_every_box(void **state)
{
    nescio_circuit *c = circuit_by_hand(ctx);
    nescio_plan *plan = plan_by_hand(ctx, c);
    const nescio_step *step = &plan->steps[HAND_TABLE];
    const nescio_table *table = &c->gates[step->gate]->table;
    const uint64_t in = plan->slots[step->sources[0]].delta, out = plan->slots[step->target].delta;

    (void)state;
    assert_int_equal(nescio_plan_bind(ctx, plan, c), NESCIO_OK);
    for (uint32_t i = 0; i < table->n_tables; i++)
        for (int64_t v = table->first; v < table->first + table->n_entries; v++)
            for (int part = -49; part <= 49; part++) {
                const uint64_t phase = (uint64_t)v * in + (uint64_t)part * (in / 100);

                assert_int_equal(rotated(&step->table, i, plan->params.poly_size, phase),
                                 (uint64_t)nescio_table_look_up(table, i, v) * out);
            }
    nescio_plan_free(plan);
    nescio_circuit_free(c);
}

/** Ramps in different places share one turn: every channel is right over its own reach. */
static void full_torus_tables_continue_their_plateaus(void **state)
{
    static const char text[] =
        "circuit 1\n%x = input [2] in -60..60 { codes -60..60 scale [1] zero [0] }\n"
        "%t = table(%x) [2] in -5..13 { approximate first -30 step 2 entries 30 tables 2 ramp "
        "-20..20 "
        "turn 160 which [0 1]\n values ["
        "-5 -5 -5 -5 -5 -5 -3 -1 1 3 5 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 "
        "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 4 8 9 11 12 13 13 13 13 13 13 13] }\n"
        "%y = output(%t) [2] in -5..13 { codes -5..13 scale [1] zero [0] }\n";
    const double lo[2] = {-18.5, 3.5}, hi[2] = {-8.5, 15.5};
    nescio_circuit *c;
    nescio_plan *plan;

    (void)state;
    if (nescio_circuit_parse(ctx, text, sizeof text - 1, &c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    plan = plan_of_one_table(ctx, c, UINT64_MAX / 160, (uint64_t)1 << 57, true);
    if (nescio_plan_bind(ctx, plan, c) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    for (uint32_t i = 0; i < 2; i++) {
        const nescio_table *t = &c->gates[1]->table;
        const nescio_step *step = &plan->steps[1];
        double ramp_lo, ramp_hi;

        nescio_table_ramp(t, i, &ramp_lo, &ramp_hi);
        assert_true(ramp_lo == lo[i] && ramp_hi == hi[i]);
        /* The image of the ramp is half a turn (80) from its centre: reach is 80 - half the ramp.
         */
        const double centre = (lo[i] + hi[i]) / 2, reach = 80 - (hi[i] - lo[i]) / 2 - 1;
        for (int64_t v = (int64_t)ceil(centre - reach); (double)v <= centre + reach; v++) {
            const uint64_t got = rotated(&step->table, i, plan->params.poly_size,
                                         (uint64_t)v * plan->slots[step->sources[0]].delta);
            const uint64_t want =
                (uint64_t)nescio_table_look_up(t, i, v) * plan->slots[step->target].delta;

            assert_true(got - want + 2 <= 4); /* halves of the middle round by one unit */
        }
    }
    nescio_plan_free(plan);
    nescio_circuit_free(c);
}

static void ramps_are_found(void **state)
{
    static const int64_t jump[] = {2, 2, 2, 5, 5}, flat[] = {4, 4, 4, 4, 4},
                         slope[] = {1, 2, 3, 4, 5};
    const struct {
        const int64_t *entries;
        double lo, hi;
    } cases[] = {{jump, 15.5, 15.5}, {slope, 11.5, 17.5}};
    nescio_table t = {.first = 10, .step = 2, .n_entries = 5, .n_tables = 1};
    double lo, hi;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        t.entries = cases[i].entries;
        nescio_table_ramp(&t, 0, &lo, &hi);
        assert_true(lo == cases[i].lo && hi == cases[i].hi);
    }
    t.entries = flat;
    nescio_table_ramp(&t, 0, &lo, &hi);
    assert_true(lo == hi);
}

/** Bound steps on clear phases give the circuit's integers times delta. */
static void binding_keeps_the_meaning(void **state)
{
    nescio_circuit *c = circuit_by_hand(ctx);
    nescio_plan *plan = plan_by_hand(ctx, c);
    const int64_t x[3] = {1, 3, 2};
    const int64_t *in[1] = {x};
    int64_t y[4], *out[1] = {y}, got[4];

    (void)state;
    assert_int_equal(nescio_circuit_eval(ctx, c, in, out, NULL), NESCIO_OK);
    assert_int_equal(nescio_plan_bind(ctx, plan, c), NESCIO_OK);
    run_by_hand(plan, x, got);
    for (int i = 0; i < 4; i++)
        assert_int_equal(got[i], y[i]);
    assert_int_equal(nescio_plan_bind(ctx, plan, c), NESCIO_E_ARG);
    nescio_plan_free(plan);
    nescio_circuit_free(c);
}

/** 300 elements in packed inputs of 256: dense and sparse matrices cut at column 256, factors
 * multiplied in. */
static void inputs_are_cut_by_packed_ciphertext(void **state)
{
    enum { WIDE = 300, ROWS = 3 };
    int32_t dense[ROWS * WIDE], weights[ROWS * WIDE];
    uint32_t start[ROWS + 1] = {0}, columns[ROWS * WIDE], n = 0;
    uint64_t random = 5;

    (void)state;
    for (uint32_t r = 0; r < ROWS; r++, start[r] = n)
        for (uint32_t c = 0; c < WIDE; c++) {
            dense[r * WIDE + c] = c % 3 ? (int32_t)test_range(&random, -9, 9) : 0;
            if (c % 3) {
                columns[n] = c;
                weights[n++] = dense[r * WIDE + c];
            }
        }
    for (int sparse = 0; sparse < 2; sparse++) {
        const nescio_int_matrix whole = {ROWS,
                                         WIDE,
                                         sparse ? NULL : dense,
                                         sparse ? start : NULL,
                                         sparse ? columns : NULL,
                                         sparse ? weights : NULL};
        nescio_circuit *c;
        nescio_plan *plan = plan_of_wide_input(ctx, &whole, 5, &c);
        const nescio_int_matrix *m = plan->steps[0].matrix;

        assert_int_equal(plan->steps[0].n_matrices, 2);
        for (uint32_t r = 0; r < ROWS; r++)
            for (uint32_t col = 0; col < WIDE; col++)
                assert_int_equal(matrix_entry(&m[col / 256], r, col % 256),
                                 5 * dense[r * WIDE + col]);
        nescio_plan_free(plan);
        nescio_circuit_free(c);
    }
}

static void plans_print_a_line_a_step(void **state)
{
    nescio_circuit *c = circuit_by_hand(ctx);
    nescio_plan *plan = plan_by_hand(ctx, c);
    nescio_buffer text = {0};
    size_t lines = 0;

    (void)state;
    assert_int_equal(nescio_plan_print(ctx, plan, &text), NESCIO_OK);
    for (size_t i = 0; i < text.bytes; i++)
        lines += text.data[i] == '\n';
    assert_int_equal(lines, 2 + plan->n_inputs + plan->n_outputs + plan->n_steps);
    nescio_write_u8(&text, 0);
    assert_non_null(strstr((const char *)text.data, "input_linear"));
    assert_non_null(strstr((const char *)text.data, "half torus"));
    assert_int_equal(nescio_plan_upload_bytes(plan), (3 * 32 + 7) / 8);
    assert_int_equal(nescio_plan_download_bytes(plan), nescio_answer_bytes(&plan->params, 2, 16) *
                                                           2); /* four numbers, two an answer */
    assert_string_equal(nescio_scheme_name(plan->scheme), "tfhe");
    nescio_buffer_free(&text);
    nescio_plan_free(plan);
    nescio_circuit_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_become_integers),
        cmocka_unit_test(outputs_decode_around_their_range),
        cmocka_unit_test(exact_tables_hold_every_box),
        cmocka_unit_test(full_torus_tables_continue_their_plateaus),
        cmocka_unit_test(ramps_are_found),
        cmocka_unit_test(binding_keeps_the_meaning),
        cmocka_unit_test(inputs_are_cut_by_packed_ciphertext),
        cmocka_unit_test(plans_print_a_line_a_step),
    };
    int failed;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
