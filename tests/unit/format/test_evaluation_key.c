/* SPDX-License-Identifier: Apache-2.0
 * evaluation.key: what is written is read; sizes follow from the parameters; damage is refused. */
#include "../plan/plan_by_hand.h"
#include "format/container_internal.h"
#include "support.h"
#include "toy_model.h"

static const char *const kinds[] = {NESCIO_FILE_EVALUATION, NULL};

static nescio_ctx *new_ctx(void)
{
    nescio_ctx *ctx = NULL;

    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    return ctx;
}

/* The smallest keys there are. */
static nescio_tfhe_params smallest(void)
{
    nescio_tfhe_params p = params_by_hand();

    p.lwe_dim = 1;
    p.pbs_levels = 1;
    p.ks_levels = 1;
    p.out_glwe_dim = 1;
    p.out_poly_size = 2;
    p.out_levels = 1;
    return p;
}

static nescio_buffer key_file(nescio_ctx *ctx, const nescio_evaluation_key *key)
{
    nescio_file file = {0};
    nescio_buffer bytes = {0};

    if (nescio_evaluation_key_write(ctx, key, "e.key") != NESCIO_OK ||
        nescio_file_open(ctx, &file, "e.key") != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    nescio_write_bytes(&bytes, file.data, file.bytes);
    nescio_file_close(&file);
    return bytes;
}

static void keys_are_equal(const nescio_evaluation_key *a, const nescio_evaluation_key *b)
{
    assert_true(nescio_tfhe_params_equal(&a->params, &b->params));
    assert_memory_equal(a->id, b->id, sizeof a->id);
    assert_memory_equal(a->seed, b->seed, sizeof a->seed);
    assert_int_equal(a->bootstrap_bytes, b->bootstrap_bytes);
    assert_int_equal(a->keyswitch_bytes, b->keyswitch_bytes);
    assert_int_equal(a->output_bytes, b->output_bytes);
    assert_memory_equal(a->bootstrap, b->bootstrap, a->bootstrap_bytes);
    assert_memory_equal(a->keyswitch, b->keyswitch, a->keyswitch_bytes);
    assert_memory_equal(a->output, b->output, a->output_bytes);
}

static void what_is_written_is_read(void **state)
{
    const nescio_tfhe_params sets[] = {smallest(), params_by_hand()};
    nescio_ctx *ctx = new_ctx();
    char folder[64];

    (void)state;
    test_enter_folder(folder);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        nescio_evaluation_key key = toy_evaluation_key(ctx, &sets[i]), read;
        nescio_buffer bytes = key_file(ctx, &key);

        /* What is stated before a key exists is the file, but for its header. */
        assert_int_equal(nescio_evaluation_key_sizes(ctx, &sets[i], &read), NESCIO_OK);
        assert_in_range(bytes.bytes - nescio_evaluation_key_bytes(&read), 1, 2047);
        assert_int_equal(nescio_evaluation_key_read(ctx, "e.key", &read), NESCIO_OK);
        keys_are_equal(&key, &read);
        nescio_evaluation_key_free(&read);
        assert_int_equal(nescio_evaluation_key_parse(ctx, bytes.data, bytes.bytes, "e", &read),
                         NESCIO_OK);
        keys_are_equal(&key, &read);
        nescio_evaluation_key_free(&read);
        nescio_buffer_free(&bytes);
        nescio_evaluation_key_free(&key);
    }
    assert_int_equal(unlink("e.key"), 0);
    test_leave_folder(folder);
    nescio_ctx_free(ctx);
}

/* Refused and nothing half-loaded, or a key of the sizes that its parameters say. */
static void refused_or_whole(nescio_ctx *ctx, const uint8_t *file, size_t bytes, void *user)
{
    size_t *counts = user;
    nescio_evaluation_key key, sizes;
    const nescio_status st = nescio_evaluation_key_parse(ctx, file, bytes, "e.key", &key);

    counts[st == NESCIO_OK]++;
    if (st != NESCIO_OK) {
        expect_refusal(ctx, st, "e.key");
        assert_true(!key.bootstrap && !key.keyswitch && !key.output);
        return;
    }
    assert_int_equal(nescio_evaluation_key_sizes(ctx, &key.params, &sizes), NESCIO_OK);
    assert_int_equal(key.bootstrap_bytes, sizes.bootstrap_bytes);
    assert_int_equal(key.keyswitch_bytes, sizes.keyswitch_bytes);
    assert_int_equal(key.output_bytes, sizes.output_bytes);
    nescio_evaluation_key_free(&key);
}

static void damage_is_refused(void **state)
{
    const nescio_tfhe_params p = smallest();
    nescio_ctx *ctx = new_ctx();
    nescio_evaluation_key key = toy_evaluation_key(ctx, &p);
    nescio_buffer bytes;
    size_t counts[2] = {0}, header;
    char folder[64];

    (void)state;
    test_enter_folder(folder);
    bytes = key_file(ctx, &key);
    for (size_t n = 0; n < bytes.bytes; n++) {
        refused_or_whole(ctx, bytes.data, n, counts);
        bytes.data[n] ^= 0x04;
        refused_or_whole(ctx, bytes.data, bytes.bytes, counts);
        bytes.data[n] ^= 0x04;
    }
    assert_int_equal(counts[1], 0);
    header = 8 + bytes.data[0] + 256u * bytes.data[1];
    damage_behind_hash(ctx, &bytes, 0, header + 17 * 4 + 32, refused_or_whole, counts);
    print_message("%zu bytes: %zu damaged files refused, %zu read\n", bytes.bytes, counts[0],
                  counts[1]);
    counts[1] = 0;
    damage_by_cutting(ctx, &bytes, kinds, refused_or_whole, counts);
    assert_int_equal(counts[1], 0);
    nescio_buffer_free(&bytes);
    nescio_evaluation_key_free(&key);
    assert_int_equal(unlink("e.key"), 0);
    test_leave_folder(folder);
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(damage_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
