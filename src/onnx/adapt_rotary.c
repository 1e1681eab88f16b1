/* SPDX-License-Identifier: Apache-2.0
 * Rotary position embedding (Su et al., arXiv:2104.09864; ai.onnx 23) as what it is made of: pairs
 * of elements of each head are turned by angles whose cosines and sines are given.
 *
 *   y1 = cos x1 - sin x2, y2 = sin x1 + cos x2
 *
 * x is [batch, heads, length, size], or [batch, length, heads * size] with the number of heads
 * told. The pairs are halves of the first `rotary_embedding_dim` elements, or neighbours
 * (`interleaved`); what lies behind stays. The caches are [positions, pairs] with position_ids,
 * else [batch, length, pairs]. */
#include "onnx/import_internal.h"

enum { IN_X, IN_COS, IN_SIN, IN_POSITIONS };

/* x[..., first : end : step] of a tensor of rank 4. */
static nescio_value *slice(nescio_adapt *a, nescio_value *x, int64_t first, int64_t end,
                           int64_t step)
{
    const int64_t axis = 3;

    return nescio_adapt_emit(a, NESCIO_OP_SLICE, -1, 5, x, nescio_adapt_ints(a, &first, 1),
                             nescio_adapt_ints(a, &end, 1), nescio_adapt_ints(a, &axis, 1),
                             nescio_adapt_ints(a, &step, 1));
}

static nescio_value *concat(nescio_adapt *a, int k, nescio_value *x, nescio_value *y, int64_t axis)
{
    nescio_value *const joined = nescio_adapt_emit(a, NESCIO_OP_CONCAT, k, 2, x, y);

    nescio_adapt_set_int(a, joined, "axis", axis);
    return joined;
}

static nescio_value *unsqueeze(nescio_adapt *a, nescio_value *x, int64_t axis)
{
    return nescio_adapt_emit(a, NESCIO_OP_UNSQUEEZE, -1, 2, x, nescio_adapt_ints(a, &axis, 1));
}

/* A cache as [batch, length, pairs], then with an axis of one for the heads. */
static nescio_value *angles(nescio_adapt *a, nescio_value *cache, int64_t heads_axis)
{
    nescio_value *const positions = nescio_adapt_in(a, IN_POSITIONS);

    if (positions) {
        cache = nescio_adapt_emit(a, NESCIO_OP_GATHER, -1, 2, cache, positions);
        nescio_adapt_set_int(a, cache, "axis", 0);
    }
    return unsqueeze(a, cache, heads_axis);
}

static nescio_value *product(nescio_adapt *a, nescio_value *x, nescio_value *y)
{
    return nescio_adapt_emit(a, NESCIO_OP_MUL, -1, 2, x, y);
}

/* The first 2 * pairs elements of each head, turned. */
static nescio_value *turn(nescio_adapt *a, nescio_value *x, int64_t pairs, int64_t heads_axis)
{
    const bool neighbours = nescio_adapt_int(a, "interleaved", 0) != 0;
    const int64_t together[4] = {0, 0, 0, -1};
    nescio_value *const x1 = neighbours ? slice(a, x, 0, 2 * pairs, 2) : slice(a, x, 0, pairs, 1);
    nescio_value *const x2 =
        neighbours ? slice(a, x, 1, 2 * pairs, 2) : slice(a, x, pairs, 2 * pairs, 1);
    nescio_value *const cos = angles(a, nescio_adapt_in(a, IN_COS), heads_axis);
    nescio_value *const sin = angles(a, nescio_adapt_in(a, IN_SIN), heads_axis);
    nescio_value *const y1 =
        nescio_adapt_emit(a, NESCIO_OP_SUB, -1, 2, product(a, cos, x1), product(a, sin, x2));
    nescio_value *const y2 =
        nescio_adapt_emit(a, NESCIO_OP_ADD, -1, 2, product(a, sin, x1), product(a, cos, x2));

    if (!neighbours)
        return concat(a, -1, y1, y2, 3);
    return nescio_adapt_emit(a, NESCIO_OP_RESHAPE, -1, 2,
                             concat(a, -1, unsqueeze(a, y1, 4), unsqueeze(a, y2, 4), 4),
                             nescio_adapt_ints(a, together, 4));
}

/* Pairs that are turned; < 0 when no shape tells. */
static int64_t count_pairs(const nescio_adapt *a)
{
    const int64_t told = nescio_adapt_int(a, "rotary_embedding_dim", 0);
    const nescio_shape *const cos = &a->in[IN_COS]->shape;

    if (told != 0)
        return told % 2 == 0 ? told / 2 : -1;
    return cos->rank > 0 ? cos->dims[cos->rank - 1] : -1;
}

void nescio_adapt_rotary(nescio_adapt *a)
{
    const int64_t heads = nescio_adapt_int(a, "num_heads", 0);
    const int64_t split[4] = {0, 0, heads, -1}, joined[3] = {0, 0, -1};
    nescio_value *x = nescio_adapt_in(a, IN_X), *y;
    const int rank = x ? x->shape.rank : NESCIO_RANK_UNKNOWN;
    int64_t pairs;

    if (!x || !nescio_adapt_in(a, IN_COS) || !nescio_adapt_in(a, IN_SIN)) {
        nescio_adapt_fail(a, "needs an input and two caches");
        return;
    }
    pairs = count_pairs(a);
    if ((rank != 4 && (rank != 3 || heads < 1)) || pairs < 1 || pairs > INT32_MAX) {
        nescio_adapt_refuse(a, "heads, or pairs to turn, that no shape tells");
        return;
    }
    if (rank == 3)
        x = nescio_adapt_emit(a, NESCIO_OP_RESHAPE, -1, 2, x, nescio_adapt_ints(a, split, 4));
    y = turn(a, x, pairs, rank == 3 ? 2 : 1);
    if (nescio_adapt_int(a, "rotary_embedding_dim", 0) != 0)
        y = concat(a, rank == 4 ? 0 : -1, y, slice(a, x, 2 * pairs, INT64_MAX, 1), 3);
    else if (rank == 4)
        y = nescio_adapt_emit(a, NESCIO_OP_IDENTITY, 0, 1, y);
    if (rank == 3)
        nescio_adapt_emit(a, NESCIO_OP_RESHAPE, 0, 2, y, nescio_adapt_ints(a, joined, 3));
}
