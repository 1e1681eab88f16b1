/* SPDX-License-Identifier: Apache-2.0
 * Ciphertext files: rows come back, what does not belong together is named, damage is refused; and
 * where packed inputs and answers lie in a row. */
#include "../plan/plan_by_hand.h"
#include "format/container_internal.h"
#include "support.h"
#include "toy_model.h"

static nescio_ctx *new_ctx(void)
{
    nescio_ctx *ctx = NULL;

    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    return ctx;
}

enum { N_ROWS = 3, ROW_BYTES = 17 };

static const uint8_t rows[N_ROWS * ROW_BYTES] = {1, 2, 3, [50] = 9};

static nescio_ciphertext sample(void)
{
    nescio_ciphertext ct = {.n_rows = N_ROWS, .row_bytes = ROW_BYTES, .rows = rows};

    memset(ct.params_id, 0x11, sizeof ct.params_id);
    memset(ct.encoding_id, 0x22, sizeof ct.encoding_id);
    memset(ct.key_id, 0x33, sizeof ct.key_id);
    memset(ct.seed, 0x44, sizeof ct.seed);
    return ct;
}

static nescio_buffer sample_bytes(nescio_ctx *ctx)
{
    const nescio_ciphertext ct = sample();
    nescio_buffer out = {0};

    assert_int_equal(nescio_ciphertext_bytes(ctx, &ct, NESCIO_FILE_INPUT, &out), NESCIO_OK);
    return out;
}

static void is_the_sample(const nescio_ciphertext *ct)
{
    const nescio_ciphertext wanted = sample();

    assert_memory_equal(ct->params_id, wanted.params_id, sizeof ct->params_id);
    assert_memory_equal(ct->encoding_id, wanted.encoding_id, sizeof ct->encoding_id);
    assert_memory_equal(ct->key_id, wanted.key_id, sizeof ct->key_id);
    assert_memory_equal(ct->seed, wanted.seed, sizeof ct->seed);
    assert_int_equal(ct->n_rows, N_ROWS);
    assert_int_equal(ct->row_bytes, ROW_BYTES);
    assert_memory_equal(ct->rows, rows, sizeof rows);
}

static void what_is_written_is_read(void **state)
{
    nescio_ciphertext ct = sample(), none = {.row_bytes = 4}, read;
    nescio_ctx *ctx = new_ctx();
    nescio_buffer bytes = sample_bytes(ctx);
    char folder[64];

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(
        nescio_ciphertext_parse(ctx, bytes.data, bytes.bytes, "x", NESCIO_FILE_INPUT, &read),
        NESCIO_OK);
    is_the_sample(&read);
    nescio_ciphertext_free(&read);
    assert_int_equal(nescio_ciphertext_write(ctx, &ct, NESCIO_FILE_ANSWER, "y.ct"), NESCIO_OK);
    assert_int_equal(nescio_ciphertext_read(ctx, "y.ct", NESCIO_FILE_ANSWER, &read), NESCIO_OK);
    is_the_sample(&read);
    nescio_ciphertext_free(&read);
    assert_int_equal(nescio_ciphertext_read(ctx, "y.ct", NESCIO_FILE_INPUT, &read),
                     NESCIO_E_MISMATCH);
    expect_refusal(ctx, NESCIO_E_MISMATCH, "y.ct");
    assert_int_equal(nescio_ciphertext_write(ctx, &none, NESCIO_FILE_INPUT, "y.ct"), NESCIO_OK);
    assert_int_equal(nescio_ciphertext_read(ctx, "y.ct", NESCIO_FILE_INPUT, &read), NESCIO_OK);
    assert_int_equal(read.n_rows, 0);
    nescio_ciphertext_free(&read);
    assert_int_equal(unlink("y.ct"), 0);
    test_leave_folder(folder);
    nescio_buffer_free(&bytes);
    nescio_ctx_free(ctx);
}

static void refused_or_whole(nescio_ctx *ctx, const uint8_t *file, size_t bytes, void *user)
{
    size_t *counts = user, sum = 0;
    nescio_ciphertext ct;
    const nescio_status st =
        nescio_ciphertext_parse(ctx, file, bytes, "x.ct", NESCIO_FILE_INPUT, &ct);

    counts[st == NESCIO_OK]++;
    if (st != NESCIO_OK) {
        expect_refusal(ctx, st, "x.ct");
        assert_true(!ct.file && !ct.rows);
        return;
    }
    for (size_t i = 0; i < ct.n_rows * ct.row_bytes; i++)
        sum += ct.rows[i];
    assert_true(sum < SIZE_MAX);
    nescio_ciphertext_free(&ct);
}

static void damage_is_refused(void **state)
{
    static const char *const kinds[] = {NESCIO_FILE_INPUT, NULL};
    nescio_ctx *ctx = new_ctx();
    nescio_buffer bytes = sample_bytes(ctx);
    size_t counts[2] = {0};

    (void)state;
    for (size_t n = 0; n < bytes.bytes; n++) {
        refused_or_whole(ctx, bytes.data, n, counts);
        for (int bit = 0; bit < 8; bit++) {
            bytes.data[n] ^= (uint8_t)(1 << bit);
            refused_or_whole(ctx, bytes.data, bytes.bytes, counts);
            bytes.data[n] ^= (uint8_t)(1 << bit);
        }
    }
    assert_int_equal(counts[1], 0);
    damage_by_cutting(ctx, &bytes, kinds, refused_or_whole, counts);
    assert_int_equal(counts[1], 0);
    damage_behind_hash(ctx, &bytes, 0, bytes.bytes, refused_or_whole, counts);
    assert_true(counts[1] >= 3 * (sizeof rows + 32)); /* contents are the client's business */
    nescio_buffer_free(&bytes);
    nescio_ctx_free(ctx);
}

static void what_does_not_belong_is_named(void **state)
{
    nescio_ciphertext ct = sample();
    const uint8_t other[NESCIO_ID_BYTES] = {0};
    const struct {
        nescio_belonging must;
        const char *said[2];
    } cases[] = {
        {{ct.params_id, ct.encoding_id, other, ROW_BYTES, "M", "K"}, {"key pair", "K"}},
        {{ct.params_id, other, ct.key_id, ROW_BYTES, "M", "K"}, {"encoding", "M"}},
        {{other, ct.encoding_id, ct.key_id, ROW_BYTES, "M", "K"}, {"parameters", "M"}},
        {{ct.params_id, ct.encoding_id, ct.key_id, ROW_BYTES + 1, "M", "K"}, {"17 bytes", "18"}},
        {{NULL, NULL, NULL, ROW_BYTES - 1, "M", "K"}, {"17 bytes", "16"}},
    };
    const nescio_belonging right = {ct.params_id, ct.encoding_id, ct.key_id, ROW_BYTES, "M", "K"},
                           any = {.row_bytes = ROW_BYTES};
    nescio_ctx *ctx = new_ctx();

    (void)state;
    assert_int_equal(nescio_ciphertext_check(ctx, &ct, &right), NESCIO_OK);
    assert_int_equal(nescio_ciphertext_check(ctx, &ct, &any), NESCIO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(nescio_ciphertext_check(ctx, &ct, &cases[i].must), NESCIO_E_MISMATCH);
        for (int k = 0; k < 2; k++)
            if (!strstr(nescio_ctx_message(ctx), cases[i].said[k]))
                fail_msg("'%s' is not in: %s", cases[i].said[k], nescio_ctx_message(ctx));
    }
    nescio_ctx_free(ctx);
}

/* Places follow one another without gaps, hold every element once, and end where the row ends. */
static void packed_inputs_tile_a_row(void **state)
{
    const uint32_t counts[] = {1, 255, 256, 257, 1000};
    nescio_plan_input in[5];
    size_t at = 0, k = 0, n_packed = 0;

    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        in[i] = (nescio_plan_input){
            .count = counts[i], .n_packed = (counts[i] + 255) / 256, .body_log = 16 + 7 * i};
        n_packed += in[i].n_packed;
    }
    assert_int_equal(nescio_packed_count(in, 5), n_packed);
    for (uint32_t i = 0; i < 5; i++)
        for (uint32_t first = 0; first < counts[i]; first += 256, k++) {
            const nescio_packed_place p = nescio_packed_at(in, 5, 256, k);
            const uint32_t n = counts[i] - first < 256 ? counts[i] - first : 256;

            assert_int_equal(p.input, i);
            assert_int_equal(p.first, first);
            assert_int_equal(p.n, n);
            assert_int_equal(p.log, in[i].body_log);
            assert_int_equal(p.at, at);
            assert_int_equal(p.bytes, (n * p.log + 7) / 8);
            at += p.bytes;
        }
    assert_int_equal(nescio_packed_row_bytes(in, 5, 256), at);
    assert_int_equal(nescio_packed_row_bytes(in, 0, 256), 0);
}

static void answers_tile_a_row(void **state)
{
    const nescio_tfhe_params params = params_by_hand(); /* answers of two numbers */
    nescio_plan_output out[3];
    size_t at = 0, k = 0;

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        out[i] = (nescio_plan_output){
            .count = i + 2, .n_answers = (i + 3) / 2, .answer_log = 12 + 3 * i};
    assert_int_equal(nescio_answer_count(out, 3), 1 + 2 + 2);
    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t first = 0; first < out[i].count; first += 2, k++) {
            const nescio_answer_place p = nescio_answer_at(out, 3, &params, k);

            assert_int_equal(p.output, i);
            assert_int_equal(p.first, first);
            assert_int_equal(p.n, out[i].count - first < 2 ? 1 : 2);
            assert_int_equal(p.at, at);
            assert_int_equal(p.bytes, nescio_answer_bytes(&params, p.n, out[i].answer_log));
            at += p.bytes;
        }
    assert_int_equal(nescio_answer_row_bytes(out, 3, &params), at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(what_does_not_belong_is_named),
        cmocka_unit_test(packed_inputs_tile_a_row),
        cmocka_unit_test(answers_tile_a_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
