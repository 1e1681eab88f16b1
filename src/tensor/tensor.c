/* SPDX-License-Identifier: Apache-2.0
 * Shapes, and who owns the elements. */
#include "tensor/walk.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* So large that no honest tensor is refused, so small that offsets in bytes and products of a few
 * of them with small factors stay below 2^63. */
#define TENSOR_BYTES_MAX ((size_t)1 << 48)

size_t nescio_tensor_count(const nescio_tensor *t)
{
    size_t count = 1;

    for (int i = 0; i < t->rank; i++)
        count *= (size_t)t->dims[i];
    return count;
}

bool nescio_tensor_is_contiguous(const nescio_tensor *t)
{
    int64_t expected = 1;

    if (nescio_tensor_count(t) == 0)
        return true;
    for (int i = t->rank - 1; i >= 0; i--) {
        if (t->dims[i] != 1 && t->stride[i] != expected)
            return false;
        expected *= t->dims[i];
    }
    return true;
}

nescio_status nescio_tensor_shape(nescio_ctx *ctx, nescio_tensor *t, nescio_dtype dtype, int rank,
                                  const int64_t *dims)
{
    nescio_tensor made = {.dtype = dtype, .rank = rank};
    size_t bytes =
        nescio_dtype_bytes(dtype); /* with dims of 0 taken as 1: strides must not overflow either */

    *t = (nescio_tensor){0};
    if (bytes == 0)
        return nescio_fail(ctx, NESCIO_E_ARG, "tensor: element type %d is not known", (int)dtype);
    if (rank < 0 || rank > NESCIO_RANK_MAX)
        return nescio_fail(ctx, NESCIO_E_ARG, "tensor: rank %d is not in 0 ... %d", rank,
                           NESCIO_RANK_MAX);
    for (int i = rank - 1; i >= 0; i--) {
        if (dims[i] < 0)
            return nescio_fail(ctx, NESCIO_E_ARG, "tensor: dim %d is %" PRId64 ", below 0", i,
                               dims[i]);
        if ((uint64_t)dims[i] > TENSOR_BYTES_MAX ||
            !nescio_size_mul(&bytes, bytes, dims[i] > 1 ? (size_t)dims[i] : 1) ||
            bytes > TENSOR_BYTES_MAX)
            return nescio_fail(ctx, NESCIO_E_ARG,
                               "tensor: the shape asks for more than 2^48 bytes");
        made.dims[i] = dims[i];
    }
    nescio_row_major(rank, made.dims, made.stride);
    *t = made;
    return NESCIO_OK;
}

nescio_status nescio_tensor_new(nescio_ctx *ctx, nescio_tensor *t, nescio_dtype dtype, int rank,
                                const int64_t *dims)
{
    size_t bytes;

    NESCIO_TRY(nescio_tensor_shape(ctx, t, dtype, rank, dims));
    bytes = nescio_tensor_count(t) * nescio_dtype_bytes(dtype);
    if (bytes == 0)
        bytes = 1; /* no elements, but an owner */
    NESCIO_TRY(nescio_spend(ctx, bytes));
    t->data = nescio_block_alloc(bytes);
    if (!t->data) {
        *t = (nescio_tensor){0};
        return nescio_fail_nomem(ctx, bytes);
    }
    t->owned_bytes = bytes;
    return NESCIO_OK;
}

nescio_status nescio_tensor_arena(nescio_ctx *ctx, nescio_arena *arena, nescio_tensor *t,
                                  nescio_dtype dtype, int rank, const int64_t *dims)
{
    size_t bytes;

    NESCIO_TRY(nescio_tensor_shape(ctx, t, dtype, rank, dims));
    bytes = nescio_tensor_count(t) * nescio_dtype_bytes(dtype);
    NESCIO_TRY(nescio_spend(ctx, bytes));
    t->data = nescio_arena_alloc(arena, bytes);
    if (!t->data) {
        *t = (nescio_tensor){0};
        return nescio_fail_nomem(ctx, bytes);
    }
    return NESCIO_OK;
}

void nescio_tensor_free(nescio_tensor *t)
{
    if (t->owned_bytes > 0)
        nescio_block_free(t->data, t->owned_bytes);
    *t = (nescio_tensor){0};
}

const char *nescio_tensor_describe(const nescio_tensor *t, char *buf, size_t n)
{
    size_t at;
    int length = snprintf(buf, n, "%s[", nescio_dtype_name(t->dtype));

    for (int i = 0; i < t->rank && length >= 0; i++) {
        at = strlen(buf);
        length = snprintf(buf + at, n - at, "%s%" PRId64, i ? "," : "", t->dims[i]);
    }
    at = strlen(buf);
    snprintf(buf + at, n - at, "]");
    return buf;
}

nescio_tensor nescio_tensor_rows(const nescio_tensor *t, int64_t first, int64_t n)
{
    nescio_tensor rows = *t;

    assert(t->rank >= 1 && first >= 0 && n >= 0 && first <= t->dims[0] && n <= t->dims[0] - first);
    rows.dims[0] = n;
    rows.owned_bytes = 0;
    if (rows.data)
        rows.data = (char *)t->data + first * t->stride[0] * (int64_t)nescio_dtype_bytes(t->dtype);
    return rows;
}
