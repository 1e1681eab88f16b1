/* SPDX-License-Identifier: Apache-2.0
 * Every failure of the system while tensors are made, cast, read and written. */
#include "fail_at.h"
#include "support.h"
#include "tensor/tensor.h"

static char folder[64];
static nescio_ctx *calm; /* for what surrounds the cases */

static int enter(void **state)
{
    (void)state;
    test_enter_folder(folder);
    return nescio_ctx_new(&calm) != NESCIO_OK;
}

static int leave(void **state)
{
    (void)state;
    nescio_ctx_free(calm);
    test_leave_folder(folder);
    return 0;
}

static nescio_status cast(nescio_ctx *ctx, void *arg)
{
    nescio_tensor out;
    const nescio_tensor *in = arg;

    NESCIO_TRY(nescio_tensor_cast(ctx, &out, in, in->dtype));
    nescio_tensor_free(&out);
    return NESCIO_OK;
}

static nescio_status arena(nescio_ctx *ctx, void *arg)
{
    nescio_arena *a = nescio_arena_new();
    const int64_t dims[] = {100, 100};
    nescio_tensor t;
    nescio_status st;

    (void)arg;
    if (!a)
        return nescio_fail_nomem(ctx, 0);
    st = nescio_tensor_arena(ctx, a, &t, NESCIO_F64, 2, dims);
    nescio_arena_free(a);
    return st;
}

static nescio_status write_npy(nescio_ctx *ctx, void *arg)
{
    return nescio_npy_write(ctx, arg, "t.npy");
}

/* On failure the output holds nothing. */
static nescio_status read_npy(nescio_ctx *ctx, void *arg)
{
    nescio_tensor out;
    const nescio_status st = nescio_npy_read(ctx, &out, arg);

    if (st != NESCIO_OK)
        assert_true(!out.data && out.owned_bytes == 0);
    nescio_tensor_free(&out);
    return st;
}

static nescio_status read_csv(nescio_ctx *ctx, void *arg)
{
    nescio_tensor out;
    const nescio_status st = nescio_csv_read(ctx, &out, arg);

    if (st != NESCIO_OK)
        assert_true(!out.data && out.owned_bytes == 0);
    nescio_tensor_free(&out);
    return st;
}

/* Numbers, a transposed view of them, strings: in and out of a file, file calls failing too. */
static void tensors(void **state)
{
    double numbers[12] = {1, 2, 3};
    const char *words[] = {"one", "two", "\xe2\x82\xac", ""};
    const int64_t dims[] = {3, 4}, n_words = 4;
    nescio_tensor t[3];

    (void)state;
    assert_int_equal(nescio_tensor_shape(calm, &t[0], NESCIO_F64, 2, dims), NESCIO_OK);
    t[0].data = numbers;
    t[1] = t[0];
    t[1].dims[0] = 4, t[1].dims[1] = 3, t[1].stride[0] = 1, t[1].stride[1] = 4;
    assert_int_equal(nescio_tensor_shape(calm, &t[2], NESCIO_STRING, 1, &n_words), NESCIO_OK);
    t[2].data = words;
    fail_at_every(FAIL_ALLOC, 0, arena, NULL);
    for (int i = 0; i < 3; i++) {
        char name[] = "t.npy";

        fail_at_every(FAIL_ALLOC, 0, cast, &t[i]);
        fail_at_every(FAIL_ALLOC, 0, write_npy, &t[i]);
        fail_at_every(FAIL_FILE, 3, write_npy, &t[i]); /* the folder's own fsync is best effort */
        assert_int_equal(nescio_npy_write(calm, &t[i], name), NESCIO_OK);
        fail_at_every(FAIL_ALLOC, 0, read_npy, name);
        fail_at_every(FAIL_FILE, 1, read_npy, name); /* close after reading */
        unlink(name);
    }
}

static void csv(void **state)
{
    char name[] = "t.csv";
    nescio_buffer text = {0};
    nescio_piece piece;

    (void)state;
    nescio_write_text(&text, "a,b,\"c\"\n");
    for (int i = 0; i < 300; i++)
        nescio_write_text(&text, "%d,%d.5,1e%d\n", i, i, i);
    piece = (nescio_piece){text.data, text.bytes};
    assert_int_equal(nescio_file_write(calm, name, 0600, &piece, 1), NESCIO_OK);
    nescio_buffer_free(&text);
    fail_at_every(FAIL_ALLOC, 0, read_csv, name);
    fail_at_every(FAIL_FILE, 1, read_csv, name);
    unlink(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(tensors, enter, leave),
                                       cmocka_unit_test_setup_teardown(csv, enter, leave)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
