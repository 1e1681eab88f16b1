/* SPDX-License-Identifier: Apache-2.0
 * Words as they travel, masks from seeds, the modulus switch: each against its definition. */
#include "tfhe/masks.h"
#include "tfhe/modulus_switch.h"
#include "tfhe/packed_words.h"
#include "tfhe/tfhe.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const nescio_tfhe_params set = {
    .lwe_dim = 48,
    .glwe_dim = 2,
    .poly_size = 256,
    .pbs_levels = 2,
    .pbs_base_log = 10,
    .ks_levels = 3,
    .ks_base_log = 4,
    .ks_modulus_log = 24,
    .lwe_noise_log = 5,
    .glwe_noise_log = 17,
    .torus_log = 32,
    .variant = 1,
    .out_glwe_dim = 4,
    .out_poly_size = 16,
    .out_levels = 5,
    .out_base_log = 4,
    .out_noise_log = 40,
};

static nescio_stream words_of(uint64_t index)
{
    static const uint8_t seed[NESCIO_SEED_BYTES] = {8};
    nescio_stream s;

    nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, index);
    return s;
}

static void torus_words_keep_48_bits(void **state)
{
    nescio_stream s = words_of(1);
    uint64_t in[64], out[64];
    uint8_t bytes[6 * 64];

    (void)state;
    nescio_stream_fill_u64(&s, in, 64);
    in[0] = UINT64_MAX; /* rounds up to the whole circle: 0 */
    in[1] = 0x7fff;
    in[2] = 0x8000;
    nescio_torus48_pack(bytes, in, 64);
    nescio_torus48_unpack(out, bytes, 64);
    assert_true(out[0] == 0 && out[1] == 0 && out[2] == 0x10000);
    for (size_t i = 0; i < 64; i++) {
        const int64_t error = (int64_t)(in[i] - out[i]);

        assert_true(out[i] % 0x10000 == 0 && error >= -0x8000 && error < 0x8000);
    }
    assert_int_equal(bytes[6 * 3], out[3] >> 16 & 255); /* little-endian */
    assert_int_equal(bytes[6 * 3 + 5], out[3] >> 56);
}

static void narrow_words_and_bits_come_back(void **state)
{
    nescio_stream s = words_of(2);
    uint32_t in[50], out[50];
    uint8_t bytes[220], before[220];

    (void)state;
    for (unsigned bits = 24; bits <= 32; bits += 8) {
        nescio_stream_fill_u32(&s, in, 50);
        for (size_t i = 0; i < 50; i++)
            in[i] &= UINT32_MAX >> (32 - bits);
        nescio_narrow_pack(bytes, in, 50, bits);
        nescio_narrow_unpack(out, bytes, 50, bits);
        assert_memory_equal(in, out, sizeof in);
    }
    for (unsigned bits = 1; bits <= 32; bits++) {
        const size_t first = bits % 11;

        nescio_stream_fill_u32(&s, in, 50);
        for (size_t i = 0; i < 50; i++)
            in[i] &= UINT32_MAX >> (32 - bits);
        memset(bytes, 0, sizeof bytes);
        nescio_bits_pack(bytes, first, in, 50, bits);
        nescio_bits_unpack(out, bytes, first, 50, bits);
        assert_memory_equal(in, out, sizeof in);
        memcpy(before, bytes, sizeof bytes);
        for (size_t at = 0; at < 50 * bits;
             at++) /* bit `at` of the stream is bit at % bits of word at / bits */
            assert_int_equal(before[(first + at) / 8] >> ((first + at) % 8) & 1,
                             in[at / bits] >> (at % bits) & 1);
    }
}

/* Every mask is a stream of its own, native to its modulus, and depends on the seed. */
static void masks_are_streams_of_their_own(void **state)
{
    static const uint8_t seed[NESCIO_SEED_BYTES] = {1}, other[NESCIO_SEED_BYTES] = {2};
    uint64_t wide[4][512];
    uint32_t narrow[3][3 * 48], out[2][5 * 64];
    nescio_stream s;
    uint32_t most = 0;

    (void)state;
    nescio_mask_bootstrap(&set, seed, 3, 5, wide[0]); /* 6 rows a GGSW: stream 23 */
    nescio_stream_init(&s, seed, NESCIO_STREAM_MASK_BOOTSTRAP, 23);
    nescio_stream_fill_u64(&s, wide[1], 512);
    assert_memory_equal(wide[0], wide[1], sizeof wide[0]);
    nescio_mask_bootstrap(&set, seed, 4, 0, wide[1]);
    nescio_mask_bootstrap(&set, other, 3, 5, wide[2]);
    nescio_mask_input(&set, seed, 23, wide[3]);
    for (size_t i = 1; i < 4; i++)
        assert_memory_not_equal(wide[0], wide[i], sizeof wide[0]);
    nescio_mask_keyswitch(&set, seed, 7, narrow[0]);
    nescio_mask_keyswitch(&set, seed, 8, narrow[1]);
    nescio_mask_keyswitch(&set, other, 7, narrow[2]);
    assert_memory_not_equal(narrow[0], narrow[1], sizeof narrow[0]);
    assert_memory_not_equal(narrow[0], narrow[2], sizeof narrow[0]);
    for (size_t i = 0; i < 3 * 48; i++)
        most = narrow[0][i] > most ? narrow[0][i] : most;
    assert_in_range(most, 1u << 23, (1u << 24) - 1);
    nescio_mask_output(&set, seed, 7, out[0]);
    nescio_mask_output(&set, seed, 9, out[1]);
    assert_memory_not_equal(out[0], out[1], sizeof out[0]);
}

/* Exponents are nearest; the body is off by less than half a step from (body - E[s] sum of errors).
 */
static void modulus_switch_is_centered(void **state)
{
    static const uint32_t variants[] = {0, 1, 2, 3, 4, 8};

    (void)state;
    for (size_t v = 0; v < 12; v++) {
        nescio_tfhe_params p = set;
        nescio_stream s = words_of(10 + v);
        uint32_t mask[48];
        uint16_t exponents[48];
        double errors = 0, mean, wanted;
        uint64_t body;
        uint32_t switched;

        p.variant = variants[v / 2];
        p.ks_modulus_log = v % 2 ? 32 : 24;
        mean = p.variant >= 2 ? 1.0 / (p.variant + 1) : 0.5;
        nescio_stream_fill_u32(&s, mask, 48);
        for (size_t i = 0; i < 48; i++)
            mask[i] &= UINT32_MAX >> (32 - p.ks_modulus_log);
        mask[0] = UINT32_MAX >> (32 - p.ks_modulus_log); /* the nearest exponent is 2N, that is 0 */
        body = nescio_stream_u64(&s);
        switched = nescio_modulus_switch(&p, 0, exponents, mask, body);
        assert_int_equal(exponents[0], 0);
        for (size_t i = 0; i < 48; i++) {
            const double exact = ldexp(mask[i], -(int)p.ks_modulus_log) * 512;
            double error = exact - exponents[i];

            error -= 512 * round(error / 512);
            assert_true(fabs(error) <= 0.5 && exponents[i] < 512);
            errors += error;
        }
        wanted = ldexp((double)body, -64) * 512 - mean * errors - switched;
        wanted -= 512 * round(wanted / 512);
        assert_in_range(switched, 0, 511);
        if (fabs(wanted) > 0.5 + 1e-6)
            fail_msg("variant %u mod 2^%u: body off by %.4f steps", p.variant, p.ks_modulus_log,
                     wanted);
    }
}

static void sizes_follow_the_parameters(void **state)
{
    nescio_evaluation_key key;
    nescio_tfhe_params p = set;
    nescio_ctx *ctx;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    assert_int_equal(nescio_evaluation_key_sizes(ctx, &p, &key), NESCIO_OK);
    assert_int_equal(key.bootstrap_bytes, 72 * 6 * 256 * 6);
    assert_int_equal(key.keyswitch_bytes, 512 * 3 * 3);
    assert_int_equal(key.output_bytes, 512 * 5 * 16 * 4);
    assert_int_equal(nescio_evaluation_key_bytes(&key),
                     72 * 6 * 256 * 6 + 512 * 3 * 3 + 512 * 5 * 16 * 4);
    assert_null(key.bootstrap);
    assert_int_equal(nescio_answer_bytes(&p, 3, 13), ((64 + 3) * 13 + 7) / 8);
    assert_int_equal(nescio_lwe_stride(&p), 528);
    p.torus_log = 64;
    assert_int_equal(nescio_lwe_stride(&p), 520);
    assert_int_equal(nescio_lwe_batch_bytes(&p, 3), 3 * 520 * 8);
    p.poly_size = 0;
    assert_int_equal(nescio_evaluation_key_sizes(ctx, &p, &key), NESCIO_E_ARG);
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torus_words_keep_48_bits),
        cmocka_unit_test(narrow_words_and_bits_come_back),
        cmocka_unit_test(masks_are_streams_of_their_own),
        cmocka_unit_test(modulus_switch_is_centered),
        cmocka_unit_test(sizes_follow_the_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
