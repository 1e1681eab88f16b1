/* SPDX-License-Identifier: Apache-2.0
 * Parameters: every limit is refused by name on both sides, variants have their counts and names.
 */
#include "tfhe/params.h"
#include "tfhe_sets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static nescio_ctx *ctx;

static int setup(void **state)
{
    (void)state;
    return nescio_ctx_new(&ctx) == NESCIO_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    return 0;
}

typedef struct bad_value {
    const char *word; /* that the message must hold */
    size_t offset;
    uint32_t value;
} bad_value;

#define FIELD(f) offsetof(nescio_tfhe_params, f)

static const bad_value bad_values[] = {
    {"lwe_dim", FIELD(lwe_dim), 0},
    {"lwe_dim", FIELD(lwe_dim), 881},
    {"lwe_dim", FIELD(lwe_dim), 8194},
    {"glwe_dim", FIELD(glwe_dim), 0},
    {"glwe_dim", FIELD(glwe_dim), 7},
    {"poly_size", FIELD(poly_size), 128},
    {"poly_size", FIELD(poly_size), 1000},
    {"poly_size", FIELD(poly_size), 65536},
    {"pbs_levels", FIELD(pbs_levels), 0},
    {"pbs_levels", FIELD(pbs_levels), 5},
    {"bootstrapping gadget", FIELD(pbs_levels), 2},
    {"pbs_base_log", FIELD(pbs_base_log), 25},
    {"ks_levels", FIELD(ks_levels), 0},
    {"key switch gadget", FIELD(ks_levels), 13},
    {"ks_base_log", FIELD(ks_base_log), 8},
    {"ks_modulus_log", FIELD(ks_modulus_log), 16},
    {"lwe_noise_log", FIELD(lwe_noise_log), 2},
    {"lwe_noise_log", FIELD(lwe_noise_log), 22},
    {"glwe_noise_log", FIELD(glwe_noise_log), 62},
    {"torus_log", FIELD(torus_log), 16},
    {"variant", FIELD(variant), 5},
    {"variant", FIELD(variant), 6},
    {"multiple of 3", FIELD(variant), 3},
    {"out_glwe_dim", FIELD(out_glwe_dim), 0},
    {"out_glwe_dim", FIELD(out_glwe_dim), 257},
    {"out_poly_size", FIELD(out_poly_size), 24},
    {"out_levels", FIELD(out_levels), 0},
    {"output key switch gadget", FIELD(out_levels), 11},
    {"out_base_log", FIELD(out_base_log), 8},
    {"out_noise_log", FIELD(out_noise_log), 34},
    {"out_noise_log", FIELD(out_noise_log), 62},
};

static void every_limit_is_named(void **state)
{
    (void)state;
    assert_int_equal(nescio_tfhe_params_check(ctx, &real_k2), NESCIO_OK);
    for (size_t i = 0; i < sizeof bad_values / sizeof *bad_values; i++) {
        nescio_tfhe_params p = real_k2;

        memcpy((char *)&p + bad_values[i].offset, &bad_values[i].value, sizeof(uint32_t));
        if (nescio_tfhe_params_check(ctx, &p) != NESCIO_E_ARG ||
            !strstr(nescio_ctx_message(ctx), bad_values[i].word))
            fail_msg("case %zu (%s = %u): message is '%s'", i, bad_values[i].word,
                     bad_values[i].value, nescio_ctx_message(ctx));
        assert_false(nescio_tfhe_params_equal(&p, &real_k2));
    }
}

static void wide_gadgets_need_the_wide_torus(void **state)
{
    nescio_tfhe_params p = real_k2;

    (void)state;
    p.pbs_levels = 2;
    p.pbs_base_log = 15;
    assert_int_equal(nescio_tfhe_params_check(ctx, &p), NESCIO_E_ARG);
    p.torus_log = 64;
    assert_int_equal(nescio_tfhe_params_check(ctx, &p), NESCIO_OK);
}

static void counts_follow_the_variant(void **state)
{
    static const struct {
        uint32_t variant, bits, keys, n_ggsw;
    } cases[] = {{0, 1, 1, 48}, {1, 2, 3, 72}, {2, 2, 2, 48},
                 {3, 3, 3, 48}, {4, 4, 4, 48}, {8, 8, 8, 48}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nescio_tfhe_params p = real_k2;
        uint32_t found = 99;

        p.lwe_dim = 48;
        p.variant = cases[i].variant;
        assert_int_equal(nescio_tfhe_params_check(ctx, &p), NESCIO_OK);
        assert_int_equal(nescio_tfhe_group_bits(&p), cases[i].bits);
        assert_int_equal(nescio_tfhe_group_keys(&p), cases[i].keys);
        assert_int_equal(nescio_tfhe_n_ggsw(&p), cases[i].n_ggsw);
        assert_true(nescio_pbs_variant_find(nescio_pbs_variant_name(p.variant), &found));
        assert_int_equal(found, p.variant);
    }
    assert_null(nescio_pbs_variant_name(7));
    assert_false(nescio_pbs_variant_find("block7", &(uint32_t){0}));
    assert_int_equal(nescio_tfhe_big_dim(&real_k2), 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_limit_is_named),
        cmocka_unit_test(wide_gadgets_need_the_wide_torus),
        cmocka_unit_test(counts_follow_the_variant),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
