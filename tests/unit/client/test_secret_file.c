/* SPDX-License-Identifier: Apache-2.0
 * secret.key: the same bits come back, nobody else may read the file, a passphrase protects all of
 * it, damage is refused. */
#include "../format/toy_model.h"
#include "../plan/plan_by_hand.h"
#include "client/client.h"
#include "format/container_internal.h"
#include "support.h"

#include <sys/stat.h>

static const char *const kinds[] = {NESCIO_FILE_SECRET, NULL};
static const char right[] = "correct horse", wrong[] = "correct hors";
static char folder[64];
static nescio_ctx *ctx;
static nescio_secret_key *key;

static int enter(void **state)
{
    const nescio_tfhe_params p = params_by_hand();

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    assert_int_equal(nescio_secret_key_new(ctx, &p, &key), NESCIO_OK);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    nescio_secret_key_free(key);
    nescio_ctx_free(ctx);
    unlink("s.key");
    test_leave_folder(folder);
    return 0;
}

static void expect_key(const nescio_secret_key *read)
{
    const nescio_tfhe_params *p = &key->params;

    assert_true(nescio_tfhe_params_equal(p, &read->params));
    assert_memory_equal(key->id, read->id, sizeof key->id);
    assert_memory_equal(key->lwe, read->lwe, p->lwe_dim * sizeof *key->lwe);
    assert_memory_equal(key->glwe, read->glwe, nescio_tfhe_big_dim(p) * sizeof *key->glwe);
    assert_memory_equal(key->out, read->out,
                        (size_t)p->out_glwe_dim * p->out_poly_size * sizeof *key->out);
}

static void expect_read(const char *passphrase)
{
    nescio_secret_key *read = NULL;

    if (nescio_secret_key_read(ctx, "s.key", passphrase, &read) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    expect_key(read);
    nescio_secret_key_free(read);
}

static void expect_refused(const char *passphrase, nescio_status wanted)
{
    nescio_secret_key *read = (nescio_secret_key *)8;
    const nescio_status st = nescio_secret_key_read(ctx, "s.key", passphrase, &read);

    assert_null(read);
    if (st != wanted || !strstr(nescio_ctx_message(ctx), "s.key"))
        fail_msg("%s, not %s: %s", nescio_status_name(st), nescio_status_name(wanted),
                 nescio_ctx_message(ctx));
    if (passphrase)
        assert_null(strstr(nescio_ctx_message(ctx), passphrase));
}

static unsigned mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static nescio_buffer contents(const char *path)
{
    nescio_file file = {0};
    nescio_buffer bytes = {0};

    assert_int_equal(nescio_file_open(ctx, &file, path), NESCIO_OK);
    nescio_write_bytes(&bytes, file.data, file.bytes);
    nescio_file_close(&file);
    return bytes;
}

static void put(const void *data, size_t bytes)
{
    const nescio_piece piece = {data, bytes};

    assert_int_equal(nescio_file_write(ctx, "s.key", 0600, &piece, 1), NESCIO_OK);
}

static void only_the_owner_may_read_it(void **state)
{
    const mode_t old = umask(0);
    const nescio_piece nothing = {"", 0};

    (void)state;
    assert_int_equal(nescio_file_write(ctx, "s.key", 0666, &nothing, 1), NESCIO_OK);
    assert_int_equal(mode_of("s.key"), 0666);
    assert_int_equal(nescio_secret_key_write(ctx, key, "s.key", NULL), NESCIO_OK);
    assert_int_equal(mode_of("s.key"), 0600);
    umask(old);
    expect_read(NULL);
    expect_read("not needed");
}

/* A passphrase costs a quarter of a gigabyte and most of a second, so all that needs one is here.
 */
static void a_passphrase_protects_all_of_it(void **state)
{
    nescio_buffer bytes;
    uint8_t *id;

    (void)state;
    assert_int_equal(nescio_secret_key_write(ctx, key, "s.key", right), NESCIO_OK);
    assert_int_equal(mode_of("s.key"), 0600);
    expect_read(right);
    expect_refused(wrong, NESCIO_E_PASSPHRASE);
    expect_refused(NULL, NESCIO_E_PASSPHRASE);
    bytes = contents("s.key");
    assert_null(memmem(bytes.data, bytes.bytes, right, sizeof right - 1));
    id = memmem(bytes.data, bytes.bytes, "nescio.key\":\"", 13);
    assert_non_null(id);
    id[13] = id[13] == '0' ? '1' : '0'; /* the key pair's name, in the clear but authenticated */
    nescio_container_rehash(bytes.data, bytes.bytes);
    put(bytes.data, bytes.bytes);
    expect_refused(right, NESCIO_E_PASSPHRASE);
    nescio_buffer_free(&bytes);
}

/* A lock that asks for more work than is sane is refused before any of it is done. */
static void costs_out_of_range_are_refused(void **state)
{
    static const uint64_t costs[][2] = {
        {0, 1 << 20}, {(uint64_t)1 << 40, 1 << 20}, {3, 0}, {3, (uint64_t)1 << 40}};
    nescio_buffer params = {0};
    uint8_t lock[56] = {0}, id[NESCIO_ID_BYTES], secret[4096] = {0};
    const nescio_tfhe_params *p = &key->params;
    const size_t bits = p->lwe_dim + (size_t)p->glwe_dim * p->poly_size +
                        (size_t)p->out_glwe_dim * p->out_poly_size;

    (void)state;
    nescio_params_write(&params, p);
    nescio_params_id(id, p);
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        nescio_builder b = {0};

        for (int k = 0; k < 16; k++)
            lock[16 + k] = (uint8_t)(costs[i][k / 8] >> (8 * (k % 8)));
        nescio_builder_meta_id(&b, "nescio.params", id);
        nescio_builder_meta_id(&b, "nescio.key", key->id);
        nescio_builder_add(&b, "params", NESCIO_U8, params.data, params.bytes);
        nescio_builder_add(&b, "lock", NESCIO_U8, lock, sizeof lock);
        nescio_builder_add(&b, "secret", NESCIO_U8, secret, (bits + 7) / 8 + 16);
        assert_int_equal(nescio_builder_write(ctx, &b, NESCIO_FILE_SECRET, "s.key", 0600),
                         NESCIO_OK);
        nescio_builder_free(&b);
        expect_refused(right, NESCIO_E_FORMAT);
    }
    nescio_buffer_free(&params);
}

/* Refused and nothing half-loaded; or, behind the hash, a key of bits. user: counts of both. */
static void refused_or_whole(nescio_ctx *unused, const uint8_t *file, size_t bytes, void *user)
{
    size_t *counts = user;
    nescio_secret_key *read = NULL;
    nescio_status st;

    (void)unused;
    st = nescio_secret_key_parse(ctx, file, bytes, "s.key", NULL, &read);
    counts[st == NESCIO_OK]++;
    if (st == NESCIO_OK) {
        for (uint32_t i = 0; i < read->params.lwe_dim; i++)
            assert_true(read->lwe[i] <= 1);
        nescio_secret_key_free(read);
        return;
    }
    assert_null(read);
    if (st != NESCIO_E_PASSPHRASE) /* a lock that damage made up */
        expect_refusal(ctx, st, "s.key");
}

static void damage_is_refused(void **state)
{
    nescio_buffer bytes;
    size_t counts[2] = {0};

    (void)state;
    assert_int_equal(nescio_secret_key_write(ctx, key, "s.key", NULL), NESCIO_OK);
    bytes = contents("s.key");
    for (size_t n = 0; n < bytes.bytes; n++) {
        refused_or_whole(ctx, bytes.data, n, counts);
        bytes.data[n] ^= 0x20;
        refused_or_whole(ctx, bytes.data, bytes.bytes, counts);
        bytes.data[n] ^= 0x20;
    }
    assert_int_equal(counts[1], 0);
    damage_by_cutting(ctx, &bytes, kinds, refused_or_whole, counts);
    assert_int_equal(counts[1], 0);
    damage_behind_hash(ctx, &bytes, 0, bytes.bytes, refused_or_whole, counts);
    assert_true(counts[0] > 2 * bytes.bytes);
    nescio_buffer_free(&bytes);
}

static void other_kinds_are_refused(void **state)
{
    nescio_evaluation_key evaluation = toy_evaluation_key(ctx, &key->params);

    (void)state;
    assert_int_equal(nescio_evaluation_key_write(ctx, &evaluation, "s.key"), NESCIO_OK);
    expect_refused(NULL, NESCIO_E_MISMATCH);
    nescio_evaluation_key_free(&evaluation);
    unlink("s.key");
    expect_refused(NULL, NESCIO_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_the_owner_may_read_it, enter, leave),
        cmocka_unit_test_setup_teardown(a_passphrase_protects_all_of_it, enter, leave),
        cmocka_unit_test_setup_teardown(costs_out_of_range_are_refused, enter, leave),
        cmocka_unit_test_setup_teardown(damage_is_refused, enter, leave),
        cmocka_unit_test_setup_teardown(other_kinds_are_refused, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
