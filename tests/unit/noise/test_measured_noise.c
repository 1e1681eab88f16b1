/* SPDX-License-Identifier: Apache-2.0
 * The noise model against encrypted runs: a 128-bit set, small sets of every variant, and the
 * failure rate of a set that is bad on purpose. With the argument `full`: ten times the samples, a
 * third of the tolerance. A second argument names the tests to run. */
#include "measured_steps.h"
#include "noise/noise.h"
#include "tfhe_fixture.h"

enum { BATCH = 250 };

static bool full;

static measured_effort effort(void)
{
    return full ? (measured_effort){4, 10000, 10000, 0.05} : (measured_effort){1, 1000, 1000, 0.15};
}

static void a_128_bit_set(void **state)
{
    const measured_effort e = effort();

    (void)state;
    measure_every_step(&real_k2, &e);
}

/* The weight of one short key moves a standard deviation by 3 %. */
static void every_variant(void **state)
{
    static const uint32_t variants[] = {0, 1, 2, 3, 4, 8};
    measured_effort e = effort();

    (void)state;
    e.keys = 4;
    e.tolerance = full ? 0.08 : 0.15;
    for (size_t i = 0; i < 6; i++) {
        nescio_tfhe_params p = toy_variant(variants[i], 32, 1 + (uint32_t)i % 2);

        p.lwe_dim = 240;
        measure_every_step(&p, &e);
    }
}

static void the_wide_torus(void **state)
{
    nescio_tfhe_params p = toy_variant(NESCIO_PBS_UNROLLED2, 64, 1);
    measured_effort e = effort();

    (void)state;
    e.keys = 4;
    e.tolerance = full ? 0.08 : 0.15;
    p.lwe_dim = 240;
    measure_every_step(&p, &e);
}

/* Four bits under a padding bit at N = 256: about one look-up in fifty lands in a neighbour's box,
 * as predicted. The switched phase is an integer: half a step less, and boxes end between two. */
static void failures_come_at_the_predicted_rate(void **state)
{
    enum { BITS = 4 };
    nescio_tfhe_params p = toy_variant(NESCIO_PBS_CLASSICAL, 32, 1);
    const size_t rounds = full ? 80 : 16;
    const uint64_t half_box = (uint64_t)1 << (62 - BITS),
                   half_step = ((uint64_t)1 << 62) / p.poly_size, zero = 0;
    uint64_t *poly = calloc(p.poly_size, sizeof *poly), phases[BATCH], got[BATCH];
    nescio_lwe_batch in = new_batch(&p, BATCH), out = new_batch(&p, BATCH);
    const nescio_table_batch tables = {.count = BATCH,
                                       .phase_offset = half_box - half_step,
                                       .polys = poly,
                                       .post_add = &zero,
                                       .n_polys = 1};
    double expected, failures = 0;
    tfhe_fixture f;

    (void)state;
    p.lwe_dim = 500;
    f = open_fixture(&p, 2);
    for (uint32_t j = 0; j < p.poly_size; j++)
        poly[j] = (uint64_t)(j / (p.poly_size >> BITS)) << (63 - BITS);
    for (size_t i = 0; i < BATCH; i++)
        phases[i] = (uint64_t)(i % 16) << (63 - BITS);
    for (size_t r = 0; r < rounds; r++) {
        expect_ok(f.ctx, nescio_lwe_encrypt(f.ctx, f.secret, &in, phases));
        nescio_engine_tables(f.engine, f.pool, &out, &in, &tables, 1, NULL);
        nescio_lwe_phases(f.secret, &out, got);
        for (size_t i = 0; i < BATCH; i++)
            failures += fabs(as_fraction(got[i] - phases[i])) > 0x1p-6;
    }
    expected = (double)(rounds * BATCH) *
               exp2(nescio_noise_log2_fail(nescio_noise_fresh(&p, 32) + nescio_noise_keyswitch(&p) +
                                               nescio_noise_modulus_switch(&p, 0),
                                           1.0 / 64));
    print_message("failures: %.0f of %zu, %.1f predicted\n", failures, rounds * BATCH, expected);
    assert_true(expected > 50);
    if (fabs(failures - expected) > 4.5 * sqrt(expected))
        fail_msg("%.0f failures; %.1f were predicted", failures, expected);
    free(poly);
    free_batch(&in);
    free_batch(&out);
    close_fixture(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_128_bit_set),
        cmocka_unit_test(every_variant),
        cmocka_unit_test(the_wide_torus),
        cmocka_unit_test(failures_come_at_the_predicted_rate),
    };

    full = argc > 1 && strcmp(argv[1], "full") == 0;
    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
