/* SPDX-License-Identifier: Apache-2.0
 * What the verifier of plans refuses: each rule once, with its words; then random damage, which is
 * refused or harmless. */
#include "plan/plan.h"

#include "../support.h"
#include "plan_by_hand.h"

static nescio_ctx *ctx;

#define MUTATION(name, code)                                                                       \
    static void name(nescio_plan *p)                                                               \
    {                                                                                              \
        code;                                                                                      \
    }
MUTATION(scheme, p->scheme = (nescio_scheme)7)
MUTATION(poly_size, p->params.poly_size = 300)
MUTATION(huge_pool, p->pool_ciphertexts = (uint64_t)1 << 40)
MUTATION(idle_pool, p->pool_ciphertexts = 1000)
MUTATION(no_input, p->n_inputs = 0)
MUTATION(input_gate, p->inputs[0].gate = 1)
MUTATION(input_count, p->inputs[0].count = 4)
MUTATION(input_packed, p->inputs[0].n_packed = 2)
MUTATION(input_body, p->inputs[0].body_log = 65)
MUTATION(input_delta, p->inputs[0].delta = 0)
MUTATION(no_output, p->n_outputs = 0)
MUTATION(output_gate, p->outputs[0].gate = 3)
MUTATION(output_answers, p->outputs[0].n_answers = 1)
MUTATION(output_bits, p->outputs[0].answer_log = 25)
MUTATION(output_range, p->outputs[0].lo = 99)
MUTATION(slot_empty, p->slots[2].count = 0)
MUTATION(slot_outside, p->slots[2].first = 1000)
MUTATION(slot_delta, p->slots[2].delta = (uint64_t)1 << 63)
MUTATION(step_gate, p->steps[HAND_GATHER].gate = 99)
MUTATION(step_kind, p->steps[HAND_GATHER].kind = (nescio_step_kind)17)
MUTATION(step_match, p->steps[HAND_GATHER].kind = NESCIO_STEP_TABLE)
MUTATION(source_range, p->steps[HAND_GATHER].sources[0] = 77)
MUTATION(source_wire, p->steps[HAND_ANSWER].sources[0] = 4)
MUTATION(source_early, p->steps[HAND_TABLE].sources[0] = 3)
MUTATION(input_range, p->steps[HAND_INPUT].sources[0] = 1)
MUTATION(factor_zero, p->steps[HAND_LINEAR].factor[1] = 0)
MUTATION(factor_wrong, p->steps[HAND_LINEAR].factor[1] = 4)
MUTATION(target_range, p->steps[HAND_LINEAR].target = 6)
MUTATION(target_twice, p->steps[HAND_CONSTANT].target = 2)
MUTATION(target_count, p->slots[3].count = 2)
MUTATION(overwritten, p->slots[3].first = 3)
MUTATION(overlapping, p->slots[5].first = 5)
MUTATION(gather_overlap, p->slots[4].first = 4)
MUTATION(table_overlap, p->slots[1].first = 1)
MUTATION(not_saturating, p->steps[HAND_TABLE].table.full_torus = true)
MUTATION(shared_with_none, p->steps[HAND_TABLE].table.n_shared = 0)
MUTATION(shared_with_others, p->steps[HAND_TABLE].table.n_shared = 2)
MUTATION(answer_target, p->steps[HAND_ANSWER].target = 1)
MUTATION(answer_missing, p->n_steps--)
MUTATION(answer_delta, p->outputs[0].delta++)
MUTATION(answer_twice, p->steps[HAND_CONSTANT] = p->steps[HAND_ANSWER])
MUTATION(n_sources, p->steps[HAND_CONCAT].n_sources = 1)

static const struct {
    void (*mutate)(nescio_plan *);
    const char *words;
} refused[] = {
    {scheme, "unknown scheme 7"},
    {poly_size, "poly_size = 300"},
    {huge_pool, "pool of 1099511627776"},
    {idle_pool, "a pool of 1000 ciphertexts, the gates give "},
    {no_input, "0 inputs, the circuit has 1"},
    {input_gate, "gate 1 is not input 'x'"},
    {input_count, "4 elements in 1"},
    {input_packed, "3 elements in 2"},
    {input_body, "65 bits a body"},
    {input_delta, "delta 0"},
    {no_output, "0 outputs, the circuit has 1"},
    {output_gate, "gate 3 is not output 'y'"},
    {output_answers, "4 numbers in 1 answers"},
    {output_bits, "25 bits a word"},
    {output_range, "range 99 to"},
    {slot_empty, "slot 2: 0 ciphertexts"},
    {slot_outside, "from 1000, the pool has 10"},
    {slot_delta, "slot 2"},
    {step_gate, "gate 99, the circuit has 8"},
    {step_kind, "unknown kind 17"},
    {step_match, "no match"},
    {source_range, "slot 77 does not hold 't'"},
    {source_wire, "slot 4 does not hold 'l'"},
    {source_early, "slot 3 does not hold 'a'"},
    {input_range, "source 1 is not what 'a' reads"},
    {factor_zero, "factor 0"},
    {factor_wrong, "factor 4"},
    {target_range, "no match"},
    {target_twice, "out of range or written twice"},
    {target_count, "has 2 ciphertexts, the gate 1"},
    {overwritten, "slot 2 of 'g' was overwritten by slot 3"},
    {overlapping, "source and target of 'l' overlap"},
    {gather_overlap, "source and target of 'c' overlap"},
    {table_overlap, "overlap in part"},
    {not_saturating, "does not saturate"},
    {shared_with_none, "is not of the rotation of the steps before it"},
    {shared_with_others, "shares its rotation with steps that are none"},
    {answer_target, "answer 1 is not output 'y'"},
    {answer_missing, "no step answers output 'y'"},
    {answer_delta, "factor 1 does not bring"},
    {answer_twice, "slot 5 does not hold 'l'"},
    {n_sources, "no match"},
};

static void every_rule_refuses(void **state)
{
    nescio_circuit *c = circuit_by_hand(ctx);

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        nescio_plan *plan = plan_by_hand(ctx, c);

        refused[i].mutate(plan);
        assert_int_equal(nescio_plan_verify(ctx, plan, c), NESCIO_E_FORMAT);
        if (!strstr(nescio_ctx_message(ctx), refused[i].words))
            fail_msg("case %zu: '%s' does not say '%s'", i, nescio_ctx_message(ctx),
                     refused[i].words);
        assert_int_equal(nescio_plan_bind(ctx, plan, c), NESCIO_E_FORMAT);
        assert_false(plan->bound);
        nescio_plan_free(plan);
    }
    nescio_circuit_free(c);
}

static void overflowing_factors_are_refused(void **state)
{
    nescio_circuit *c = circuit_by_hand(ctx);
    nescio_plan *plan = plan_by_hand(ctx, c);

    (void)state;
    plan->slots[4].delta = plan->slots[3].delta = plan->slots[2].delta = plan->slots[1].delta = 1;
    plan->slots[5].delta = plan->outputs[0].delta = 1500000000;
    plan->steps[HAND_LINEAR].factor[0] = plan->steps[HAND_LINEAR].factor[1] = 1500000000;
    assert_int_equal(nescio_plan_verify(ctx, plan, c), NESCIO_OK);
    assert_int_equal(nescio_plan_bind(ctx, plan, c), NESCIO_E_FORMAT);
    assert_non_null(strstr(nescio_ctx_message(ctx), "weight 2 times factor 1500000000"));
    nescio_plan_free(plan);
    nescio_circuit_free(c);
}

/** One random field of one random struct gets a random value. */
static void damage(nescio_plan *p, uint64_t *random)
{
    const uint32_t v = (uint32_t)test_random(random) >> test_range(random, 0, 31);
    nescio_step *step = &p->steps[test_range(random, 0, HAND_STEPS - 1)];
    nescio_plan_slot *slot = &p->slots[test_range(random, 0, 5)];

    switch (test_range(random, 0, 9)) {
    case 0: step->gate = v; break;
    case 1: step->target = v; break;
    case 2: step->kind = (nescio_step_kind)(v % 8); break;
    case 3:
        if (step->n_sources)
            step->sources[0] = v;
        break;
    case 4:
        if (step->n_sources)
            step->factor[0] = (int32_t)v;
        break;
    case 5: slot->count = v; break;
    case 6: slot->first = v; break;
    case 7: slot->delta = v; break;
    case 8: p->inputs[0].count = v; break;
    default: p->pool_ciphertexts = v % 64; break;
    }
}

static void random_damage_is_refused_or_harmless(void **state)
{
    nescio_circuit *c = circuit_by_hand(ctx);
    uint64_t random = 77;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        nescio_plan *plan = plan_by_hand(ctx, c);
        nescio_status st;

        damage(plan, &random);
        if (test_range(&random, 0, 1))
            damage(plan, &random);
        st = nescio_plan_bind(ctx, plan, c); /* the sanitizers watch */
        assert_true(st == NESCIO_OK || st == NESCIO_E_FORMAT);
        nescio_plan_free(plan);
    }
    nescio_circuit_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_refuses),
        cmocka_unit_test(overflowing_factors_are_refused),
        cmocka_unit_test(random_damage_is_refused_or_harmless),
    };
    int failed;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
