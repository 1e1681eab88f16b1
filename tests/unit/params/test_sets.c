/* SPDX-License-Identifier: Apache-2.0
 * Shipped sets, security and cost: bounds from the curve, the curve against the estimator's
 * figures, order of costs. */
#include "params/params.h"

#include "../support.h"

#include <math.h>

static nescio_ctx *ctx;

/** Every key of the shipped sets, every attack. */
#define ESTIMATE(dim, noise, modulus, attack, bits, block_size)                                    \
    {dim, noise, modulus, #attack, bits},
static const struct estimate {
    uint32_t dim, noise_log, modulus_log;
    const char *attack;
    double bits;
} estimates[] = {
#include "params/estimator.def"
};

enum { N_ESTIMATES = sizeof estimates / sizeof *estimates };

static nescio_tfhe_params shape(uint32_t n, uint32_t noise, uint32_t modulus)
{
    nescio_tfhe_params p = nescio_param_set_find("exact4")->params;

    p.lwe_dim = n;
    p.lwe_noise_log = noise;
    p.ks_modulus_log = modulus;
    return p;
}

/** The curve for one key: the other two of the set are out of any attack's reach. */
static double curve(uint32_t dim, uint32_t noise, uint32_t modulus)
{
    nescio_tfhe_params p = shape(4000, 20, 32);

    p.poly_size = 8192;
    p.glwe_noise_log = 40;
    p.out_glwe_dim = 8192 / p.out_poly_size;
    p.out_noise_log = 50;
    if (modulus == 64) {
        p.poly_size = dim;
        p.glwe_noise_log = noise;
    } else {
        p.lwe_dim = dim;
        p.lwe_noise_log = noise;
        p.ks_modulus_log = modulus;
    }
    return nescio_params_security(&p);
}

/** Of one attack on a key. 0: not in the table. */
static double of_attack(const char *attack, uint32_t dim, uint32_t noise, uint32_t modulus)
{
    for (const struct estimate *e = estimates; e < estimates + N_ESTIMATES; e++)
        if (e->dim == dim && e->noise_log == noise && e->modulus_log == modulus &&
            !strcmp(e->attack, attack))
            return e->bits;
    return 0;
}

/** Of the best attack on a key; fails where one of the three attacks is missing. */
static double estimated(uint32_t dim, uint32_t noise, uint32_t modulus)
{
    static const char *const attacks[] = {"usvp", "bdd", "dual_hybrid"};
    double least = INFINITY;

    for (size_t a = 0; a < 3; a++) {
        const double bits = of_attack(attacks[a], dim, noise, modulus);

        if (bits == 0)
            fail_msg("estimator.def lacks %s for %u, TUniform(%u) of 2^%u", attacks[a], dim, noise,
                     modulus);
        least = fmin(least, bits);
    }
    return least;
}

/** Never above the estimator; and, where keys are short, not so far below that sets would be
 * refused for nothing. */
static void the_curve_stays_below_the_estimator(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ESTIMATES; i++) {
        const struct estimate *e = &estimates[i];
        const double bits = curve(e->dim, e->noise_log, e->modulus_log);

        if (bits > e->bits ||
            (e->dim <= 4096 && !strcmp(e->attack, "dual_hybrid") && bits < e->bits * 0.96))
            fail_msg("%u, TUniform(%u) of 2^%u: curve %.2f, %s %.2f", e->dim, e->noise_log,
                     e->modulus_log, bits, e->attack, e->bits);
    }
}

/** Key by key: 132 bits by the estimator, and what nescio_params_security() says is no more. */
static void shipped_sets_have_132_bits_by_the_estimator(void **state)
{
    size_t n;
    const nescio_param_set *sets = nescio_param_sets(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        const nescio_tfhe_params *p = &sets[i].params;
        const double small = estimated(p->lwe_dim, p->lwe_noise_log, p->ks_modulus_log),
                     big = estimated(nescio_tfhe_big_dim(p), p->glwe_noise_log, 64),
                     out = estimated(p->out_glwe_dim * p->out_poly_size, p->out_noise_log - 32, 32),
                     least = fmin(fmin(small, big), out);

        if (least < 132 || nescio_params_security(p) > least)
            fail_msg("%s: estimator %.2f, stated %.2f", sets[i].name, least,
                     nescio_params_security(p));
    }
}

static void shipped_sets_are_sound(void **state)
{
    size_t n;
    const nescio_param_set *sets = nescio_param_sets(&n);

    (void)state;
    assert_true(n >= 10);
    for (size_t i = 0; i < n; i++) {
        const nescio_tfhe_params *p = &sets[i].params;

        if (nescio_params_check_security(ctx, p, false) != NESCIO_OK)
            fail_msg("%s: %s", sets[i].name, nescio_ctx_message(ctx));
        assert_true(nescio_params_security(p) >= 132.0);
        assert_int_equal(p->lwe_noise_log,
                         nescio_params_noise_bound(p->lwe_dim, p->ks_modulus_log));
        assert_int_equal(p->glwe_noise_log, nescio_params_noise_bound(nescio_tfhe_big_dim(p), 64));
        assert_int_equal(p->out_glwe_dim * p->out_poly_size, 1024);
        assert_int_equal(p->out_noise_log, nescio_params_noise_bound(1024, 64));
        assert_ptr_equal(nescio_param_set_find(sets[i].name), &sets[i]);
        for (size_t j = 0; j < i; j++)
            assert_false(nescio_tfhe_params_equal(p, &sets[j].params));
    }
    assert_null(nescio_param_set_find("net"));
}

static void noise_bounds_are_the_published_ones(void **state)
{
    static const uint32_t dims[] = {759, 799, 839, 879, 918, 958, 998, 1038, 1077, 1117, 1158};

    (void)state;
    for (uint32_t i = 0; i < sizeof dims / sizeof *dims; i++) {
        assert_int_equal(nescio_params_noise_bound(dims[i], 64), 49 - i);
        if (dims[i] != 1158) /* one more than it has to be */
            assert_int_equal(nescio_params_noise_bound(dims[i] - 1, 64), 50 - i);
    }
    assert_int_equal(nescio_params_noise_bound(2048, 64), 17);
    assert_int_equal(nescio_params_noise_bound(4096, 64), 3);
}

static void weak_keys_are_refused(void **state)
{
    nescio_tfhe_params p = shape(640, 5, 24);

    (void)state;
    assert_int_equal(nescio_params_check_security(ctx, &p, false), NESCIO_E_ARG);
    assert_non_null(strstr(nescio_ctx_message(ctx), "n=640"));
    assert_int_equal(nescio_params_check_security(ctx, &p, true), NESCIO_OK);
    p = shape(440, 10, 24);
    assert_true(nescio_params_security(&p) == 0);
    p = shape(918, 5, 24);
    p.glwe_noise_log = 2;
    assert_true(nescio_params_security(&p) == 0);
    p = shape(918, 5, 24);
    p.variant = NESCIO_PBS_BLOCK3;
    assert_true(nescio_params_security(&p) < 132 && nescio_params_security(&p) > 128);
    p.poly_size = 1000; /* structure is checked for toys too */
    assert_int_equal(nescio_params_check_security(ctx, &p, true), NESCIO_E_ARG);
}

/** The table against the measurements that it was fitted to, ms. */
static void costs_are_near_the_measured_ones(void **state)
{
    static const struct {
        uint32_t n, k, poly_size, l, b, variant;
        double ms, within;
    } measured[] = {
        {918, 1, 2048, 1, 23, NESCIO_PBS_CLASSICAL, 3.11, 0.05},
        {880, 1, 2048, 1, 23, NESCIO_PBS_UNROLLED2, 2.17, 0.05},
        {880, 1, 2048, 2, 15, NESCIO_PBS_UNROLLED2, 3.65, 0.05},
        {930, 1, 2048, 1, 23, NESCIO_PBS_BLOCK3, 1.50, 0.05},
        {880, 2, 1024, 1, 23, NESCIO_PBS_CLASSICAL, 2.30, 0.05},
        {880, 2, 1024, 1, 23, NESCIO_PBS_UNROLLED2, 1.70, 0.05},
        {720, 3, 512, 1, 17, NESCIO_PBS_UNROLLED2, 1.08, 0.05},
        {929, 1, 4096, 1, 22, NESCIO_PBS_CLASSICAL, 6.80, 0.05},
        {958, 1, 4096, 1, 22, NESCIO_PBS_UNROLLED2, 5.19, 0.05},
        {1077, 1, 8192, 2, 15, NESCIO_PBS_CLASSICAL, 32.1, 0.05},
    };

    (void)state;
    for (size_t i = 0; i < sizeof measured / sizeof *measured; i++) {
        const nescio_tfhe_params p = {.lwe_dim = measured[i].n,
                                      .glwe_dim = measured[i].k,
                                      .poly_size = measured[i].poly_size,
                                      .pbs_levels = measured[i].l,
                                      .pbs_base_log = measured[i].b,
                                      .torus_log = measured[i].l * measured[i].b <= 24 ? 32 : 64,
                                      .variant = measured[i].variant};
        const double ms = nescio_cost_pbs(&p) * 1e3;

        if (fabs(ms / measured[i].ms - 1) > measured[i].within)
            fail_msg("line %zu: %.2f ms, measured %.2f", i, ms, measured[i].ms);
    }
    const nescio_tfhe_params ks = {.lwe_dim = 918,
                                   .glwe_dim = 1,
                                   .poly_size = 2048,
                                   .ks_levels = 4,
                                   .ks_base_log = 4,
                                   .ks_modulus_log = 24};
    assert_true(fabs(nescio_cost_keyswitch(&ks) / 0.122e-3 - 1) < 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_curve_stays_below_the_estimator),
        cmocka_unit_test(shipped_sets_have_132_bits_by_the_estimator),
        cmocka_unit_test(shipped_sets_are_sound),
        cmocka_unit_test(noise_bounds_are_the_published_ones),
        cmocka_unit_test(weak_keys_are_refused),
        cmocka_unit_test(costs_are_near_the_measured_ones),
    };
    int failed;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    nescio_ctx_free(ctx);
    return failed;
}
