/* SPDX-License-Identifier: Apache-2.0
 * Blocks of integers, and classes of outputs. */
#include "codec/codec.h"

#include <stdlib.h>
#include <string.h>

nescio_status nescio_rows_new(nescio_ctx *ctx, size_t n_rows, uint32_t n_tensors,
                              const uint32_t *counts, nescio_rows *out)
{
    size_t cells = 0;

    out->n_rows = n_rows;
    out->n_tensors = n_tensors;
    out->values = calloc(n_tensors + 1u, sizeof *out->values);
    out->clamped = calloc(n_tensors + 1u, sizeof *out->clamped);
    for (uint32_t i = 0; out->values && out->clamped && i < n_tensors; i++) {
        if (nescio_size_mul(&cells, n_rows, counts[i]))
            out->values[i] = calloc(cells ? cells : 1, sizeof **out->values);
        if (!out->values[i])
            break;
        if (i + 1 == n_tensors)
            return NESCIO_OK;
    }
    if (out->values && out->clamped && n_tensors == 0)
        return NESCIO_OK;
    nescio_rows_free(out, counts);
    return nescio_fail_nomem(ctx, cells);
}

void nescio_rows_free(nescio_rows *rows, const uint32_t *counts)
{
    for (uint32_t i = 0; rows->values && i < rows->n_tensors; i++) {
        if (rows->values[i])
            explicit_bzero(rows->values[i], rows->n_rows * counts[i] * sizeof **rows->values);
        free(rows->values[i]);
    }
    free(rows->values);
    free(rows->clamped);
    memset(rows, 0, sizeof *rows);
}

/* A single number a row: whether it says yes. Probabilities turn at one half, scores at zero. */
static void threshold_classes(const nescio_tensor *t, int64_t *classes, size_t n_rows)
{
    bool probability = true;

    for (size_t r = 0; r < n_rows; r++) {
        const double x = nescio_tensor_get_f64(t, r);
        probability &= x >= 0 && x <= 1;
    }
    for (size_t r = 0; r < n_rows; r++)
        classes[r] = nescio_tensor_get_f64(t, r) > (probability ? 0.5 : 0.0);
}

static void largest_classes(const nescio_tensor *t, int64_t *classes, size_t n_rows, size_t width)
{
    for (size_t r = 0; r < n_rows; r++) {
        classes[r] = 0;
        for (size_t i = 1; i < width; i++)
            if (nescio_tensor_get_f64(t, r * width + i) >
                nescio_tensor_get_f64(t, r * width + (size_t)classes[r]))
                classes[r] = (int64_t)i;
    }
}

nescio_status nescio_classes(nescio_ctx *ctx, const nescio_tensor *outputs, size_t n_outputs,
                             int64_t *classes, size_t n_rows)
{
    for (size_t i = 0; i < n_outputs; i++)
        if (nescio_dtype_is_integer(outputs[i].dtype) &&
            nescio_tensor_count(&outputs[i]) == n_rows) {
            for (size_t r = 0; r < n_rows; r++)
                classes[r] = nescio_tensor_get_i64(&outputs[i], r);
            return NESCIO_OK;
        }
    for (size_t i = 0; i < n_outputs; i++) {
        const size_t n = nescio_tensor_count(&outputs[i]);
        if (!nescio_dtype_is_float(outputs[i].dtype) || n_rows == 0 || n == 0 || n % n_rows != 0)
            continue;
        if (n == n_rows)
            threshold_classes(&outputs[i], classes, n_rows);
        else
            largest_classes(&outputs[i], classes, n_rows, n / n_rows);
        return NESCIO_OK;
    }
    return n_rows == 0 ? NESCIO_OK
                       : nescio_fail(ctx, NESCIO_E_MISMATCH, "no output of the model says a class");
}
