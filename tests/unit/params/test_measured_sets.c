/* SPDX-License-Identifier: Apache-2.0
 * The noise model against encrypted runs of the sets that are used: every shipped one, and ten
 * answers of the optimizer to random requests. The fast tier takes the cheapest shipped set and one
 * answer, 10^3 samples within 15 %; with the argument `full`, all with 10^4 samples within 5 %. A
 * second argument names one set, or `answers`. */
#include "params/params.h"

#include "../support.h"
#include "measured_steps.h"

#include <math.h>

enum { ANSWERS = 10 };

static bool full;
static const char *only;
static nescio_ctx *ctx;

/* Seconds of the reference core that one set's blind rotations may take: the largest sets get fewer
 * samples than 10^4 and the tolerance that these allow (a standard deviation from m samples is off
 * by 1 / sqrt(2 m); three of them on top of what the weights of four keys do). */
#define ROTATION_SECONDS 60.0

static void measure(const nescio_tfhe_params *p)
{
    measured_effort e = {.keys = 1, .samples = 1000, .rotations = 1000, .tolerance = 0.15};

    if (full) {
        const double affordable = ROTATION_SECONDS / nescio_cost_pbs(p);

        e = (measured_effort){.keys = 4, .samples = 10000, .rotations = 10000, .tolerance = 0.05};
        if (affordable < 10000) {
            e.rotations = (size_t)affordable;
            e.tolerance = fmax(e.tolerance, 0.02 + 3 / sqrt(2 * affordable));
        }
    }
    measure_every_step(p, &e);
}

static void shipped_sets(void **state)
{
    size_t n;
    const nescio_param_set *sets = nescio_param_sets(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        if (only ? strcmp(only, sets[i].name) != 0 : !full && strcmp(sets[i].name, "exact1") != 0)
            continue;
        print_message("%s: ", sets[i].name);
        measure(&sets[i].params);
    }
}

/* A request that has an answer at a cost that can be measured. */
static nescio_params_answer random_answer(uint64_t *random, uint32_t variant)
{
    nescio_params_answer a = {0};

    for (int tries = 0; tries < 100; tries++) {
        nescio_params_request r = {.variants = 1u << variant,
                                   .norm2 = exp2((double)test_range(random, 0, 50) / 10)};

        if (test_range(random, 0, 1)) {
            r.bits = (unsigned)test_range(random, 1, 5);
            r.log2_p_fail = -(double)test_range(random, 20, 128);
        } else {
            r.resolution = exp2((double)test_range(random, 20, 70) / 10);
        }
        if (test_range(random, 0, 1))
            r.max_key_bytes = (uint64_t)test_range(random, 10, 40) << 20;
        if (nescio_params_search(ctx, &r, &a) == NESCIO_OK && a.cost < 12e-3)
            return a;
    }
    fail_msg("no answer for variant %u in 100 requests", variant);
    return a;
}

static void random_answers(void **state)
{
    static const uint32_t variants[] = {
        NESCIO_PBS_CLASSICAL, NESCIO_PBS_UNROLLED2, NESCIO_PBS_BLOCK2, NESCIO_PBS_UNROLLED2,
        NESCIO_PBS_BLOCK3,    NESCIO_PBS_CLASSICAL, NESCIO_PBS_BLOCK4, NESCIO_PBS_UNROLLED2,
        NESCIO_PBS_CLASSICAL, NESCIO_PBS_BLOCK8};
    nescio_params_answer answers[ANSWERS];

    (void)state;
    if (only && strcmp(only, "answers") != 0)
        skip();
    for (uint64_t i = 0; i < (full ? ANSWERS : 1); i++) {
        uint64_t seed = 400 + i;

        answers[i] = random_answer(&seed, variants[i]);
        assert_true(answers[i].security >= 132);
        for (size_t j = 0; j < i; j++)
            assert_false(nescio_tfhe_params_equal(&answers[i].params, &answers[j].params));
        print_message("seed %u: ", (unsigned)(400 + i));
        measure(&answers[i].params);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_sets),
        cmocka_unit_test(random_answers),
    };
    int failed;

    full = argc > 1 && strcmp(argv[1], "full") == 0;
    only = argc > 2 ? argv[2] : NULL;
    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
