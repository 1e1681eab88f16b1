/* SPDX-License-Identifier: Apache-2.0
 * CSV: what is accepted, what is refused and with which words, and that no locale matters. */
#include "support.h"
#include "tensor/tensor.h"

#include <locale.h>
#include <math.h>

static nescio_ctx *ctx;

static int new_ctx(void **state)
{
    (void)state;
    return nescio_ctx_new(&ctx) != NESCIO_OK;
}

static int free_ctx(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    return 0;
}

/* The text must give these rows x columns values. */
static void gives(const char *text, int64_t rows, int64_t columns, const double *values)
{
    nescio_tensor t;

    if (nescio_csv_parse(ctx, &t, text, strlen(text), "x.csv") != NESCIO_OK)
        fail_msg("\"%s\": %s", text, nescio_ctx_message(ctx));
    assert_true(t.dtype == NESCIO_F64 && t.rank == 2);
    assert_int_equal(t.dims[0], rows);
    assert_int_equal(t.dims[1], columns);
    for (size_t i = 0; i < (size_t)(rows * columns); i++)
        if (((double *)t.data)[i] != values[i])
            fail_msg("\"%s\": value %zu is %g, not %g", text, i, ((double *)t.data)[i], values[i]);
    nescio_tensor_free(&t);
}

static void refuses(const char *text, const char *message)
{
    nescio_tensor t;

    assert_int_equal(nescio_csv_parse(ctx, &t, text, strlen(text), "x.csv"), NESCIO_E_FORMAT);
    assert_string_equal(nescio_ctx_message(ctx), message);
    assert_null(t.data);
}

static void accepted(void **state)
{
    static const double v[] = {1, 2, 3, 4};

    (void)state;
    gives("1,2\n3,4\n", 2, 2, v);
    gives("1,2\r\n3,4", 2, 2, v);
    gives("\xef\xbb\xbf"
          "1,2\n3,4\n\n  \r\n",
          2, 2, v);
    gives(" 1 ,\t2\n\"3\",\"4\" \n", 2, 2, v);
    gives("1\n2\n3\n4\n", 4, 1, v);
    gives("1,2,3,4", 1, 4, v);
    gives("a,b\n1,2\n3,4\n", 2, 2, v);
    gives("\"a, \"\"quoted\"\"\nname\",b\r\n1,2\r\n3,4\r\n", 2, 2, v);
    gives("1,b\n1,2\n3,4\n", 2, 2, v); /* one name makes a header */
    gives(",0,1\n1,2,3\n", 1, 3, v);   /* a data frame with its index */
    gives("a,b\n", 0, 2, v);
    gives("# a b\n1\n", 1, 1, v);
}

static void numbers(void **state)
{
    static const double v[] = {-1.5, 1e300, 0.25, 5e-324, 0.1, 12345678901234567890.0};
    const char *text =
        "-1.5,+1E300,.25,4.9e-324,0.1000000000000000055511151231257827,12345678901234567890\n";
    nescio_tensor t;

    (void)state;
    gives(text, 1, 6, v);
    assert_int_equal(nescio_csv_parse(ctx, &t, "nan,-inf,Infinity\n", 18, "x"), NESCIO_OK);
    assert_true(isnan(((double *)t.data)[0]));
    assert_true(((double *)t.data)[1] == (double)-INFINITY &&
                ((double *)t.data)[2] == (double)INFINITY);
    nescio_tensor_free(&t);
}

static void refused(void **state)
{
    char longer[1000];

    (void)state;
    refuses("", "'x.csv': has no lines");
    refuses("\n \r\n", "'x.csv': has no lines");
    refuses("1,2\n3\n", "'x.csv': line 2, column 1: the line ends; the first has 2 columns");
    refuses("1,2\n3,4,5\n", "'x.csv': line 2, column 3: the first line has 2 columns");
    refuses("a,b\n3,4,5\n", "'x.csv': line 2, column 3: the first line has 2 columns");
    refuses("1,2\n3,\n", "'x.csv': line 2, column 2: '' is not a number");
    refuses("1,NA\n3,4\n", "'x.csv': line 1, column 2: 'NA' is not a number"); /* nor is its name */
    refuses("?,null\n3,4\n", "'x.csv': line 1, column 1: '?' is not a number");
    refuses("1;2\n3;4\n", "'x.csv': line 1, column 1: no comma, but another separator: columns are "
                          "separated by commas");
    refuses("1,,2\n", "'x.csv': line 1, column 2: '' is not a number"); /* a hole is no header */
    refuses("1\n\n2\n", "'x.csv': line 2, column 1: '' is not a number");
    refuses("1\nx\n", "'x.csv': line 2, column 1: 'x' is not a number");
    refuses("1\n0x10\n", "'x.csv': line 2, column 1: '0x10' is not a number");
    refuses("1\n1;2\n", "'x.csv': line 2, column 1: '1;2' is not a number");
    refuses("1\n1e\n", "'x.csv': line 2, column 1: '1e' is not a number");
    refuses("1\n--1\n", "'x.csv': line 2, column 1: '--1' is not a number");
    refuses("1\nnan(2)\n", "'x.csv': line 2, column 1: 'nan(2)' is not a number");
    refuses("1\n\"2\n3", "'x.csv': line 2, column 1: the quote is not closed");
    refuses("1\n\"2\"3\n", "'x.csv': line 2, column 1: something follows the closing quote");
    refuses("\"a\nb\"\nx\n",
            "'x.csv': line 3, column 1: 'x' is not a number"); /* lines inside quotes count */
    memset(longer, '1', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    longer[1] = '\n';
    refuses(
        longer,
        "'x.csv': line 2, column 1: '1111111111111111111111111111111111111111' is not a number");
}

static void zero_bytes_are_no_end(void **state)
{
    nescio_tensor t;

    (void)state;
    assert_int_equal(nescio_csv_parse(ctx, &t, "1\n1\0002\n", 6, "x.csv"), NESCIO_E_FORMAT);
    assert_int_equal(nescio_csv_parse(ctx, &t, NULL, 0, "x.csv"), NESCIO_E_FORMAT);
}

/* Printed with 17 digits, every double comes back. */
static void round_trip(void **state)
{
    enum { N = 2000 };
    static double x[N];
    char *text = malloc(N * 32), *at = text;
    uint64_t seed = 11;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < N; i++) {
        uint64_t bits;

        do {
            bits = test_random(&seed);
            memcpy(&x[i], &bits, sizeof bits);
        } while (!isfinite(x[i]));
        at += sprintf(at, "%.17g%c", x[i], i % 5 == 4 ? '\n' : ',');
    }
    gives(text, N / 5, 5, x);
    free(text);
}

/* Under a locale with a decimal comma, where the machine has one. */
static void no_locale(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
    static const double v[] = {1.5, 2.25};
    bool found = false;

    (void)state;
    for (size_t i = 0; i < 4 && !found; i++)
        found = setlocale(LC_ALL, names[i]) != NULL;
    gives("1.5,2.25\n", 1, 2, v);
    setlocale(LC_ALL, "C");
}

static void files(void **state)
{
    char folder[64];
    nescio_tensor t;
    const nescio_piece piece = {"x\n7\n", 4};

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_file_write(ctx, "a.csv", 0600, &piece, 1), NESCIO_OK);
    assert_int_equal(nescio_csv_read(ctx, &t, "a.csv"), NESCIO_OK);
    assert_true(((double *)t.data)[0] == 7);
    nescio_tensor_free(&t);
    assert_int_equal(nescio_csv_read(ctx, &t, "b.csv"), NESCIO_E_IO);
    unlink("a.csv");
    test_leave_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),   cmocka_unit_test(numbers),
        cmocka_unit_test(refused),    cmocka_unit_test(zero_bytes_are_no_end),
        cmocka_unit_test(round_trip), cmocka_unit_test(no_locale),
        cmocka_unit_test(files)};

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
