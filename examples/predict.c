/* SPDX-License-Identifier: Apache-2.0
 * The shortest useful program: a compiled model, rows from a file, encrypted prediction.
 *
 *     cc predict.c $(pkg-config --cflags --libs nescio) -o predict
 *     ./predict model.nescio rows.npy out.npy */
#include <nescio/nescio.h>
#include <stdio.h>

static nescio_status predict(nescio_ctx *ctx, const char *package, const char *rows_path,
                             const char *out_path)
{
    nescio_predict_options options = {.mode = NESCIO_MODE_EXECUTE};
    nescio_predict_report report;
    nescio_predictor *predictor = NULL;
    nescio_arrays *rows = NULL, *outputs = NULL;
    nescio_status st = nescio_predictor_open(ctx, package, &predictor);

    if (st == NESCIO_OK)
        st = nescio_arrays_new(ctx, &rows);
    if (st == NESCIO_OK)
        st = nescio_arrays_add_file(ctx, rows, NULL, rows_path);
    if (st == NESCIO_OK)
        st = nescio_arrays_rows(ctx, rows, 0, 2);
    if (st == NESCIO_OK)
        st = nescio_predict(ctx, predictor, rows, &options, &outputs, &report);
    if (st == NESCIO_OK)
        st = nescio_arrays_write(ctx, outputs, out_path);
    if (st == NESCIO_OK)
        printf("%zu rows, %.3f s a row, %.0f %% as in the clear\n", report.rows,
               report.seconds_per_row, 100 * report.agreement);
    nescio_arrays_free(outputs);
    nescio_arrays_free(rows);
    nescio_predictor_free(predictor);
    return st;
}

int main(int argc, char **argv)
{
    nescio_ctx *ctx;
    nescio_status st;

    if (argc != 4) {
        fprintf(stderr, "usage: predict model.nescio rows.npy out.npy\n");
        return 2;
    }
    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    st = predict(ctx, argv[1], argv[2], argv[3]);
    if (st != NESCIO_OK)
        fprintf(stderr, "predict: %s\n", nescio_ctx_message(ctx));
    nescio_ctx_free(ctx);
    return st == NESCIO_OK ? 0 : 1;
}
