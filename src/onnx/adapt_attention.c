/* SPDX-License-Identifier: Apache-2.0
 * Scaled dot product attention (ai.onnx 23 to 25) as the products, masks and softmax that it is
 * made of:
 *
 *   Y = softmax(cap(Q K^T scale) + mask) V     for each head; cap(x) = softcap tanh(x / softcap)
 * when asked for
 *
 * Q, K, V are [batch, heads, length, size], or [batch, length, heads * size] with the number of
 * heads told. Several heads of Q may share one of K and V. A causal mask hides what lies above the
 * diagonal (moved by the length of the cache). */
#include "onnx/import_internal.h"

#include <math.h>

enum { IN_Q, IN_K, IN_V, IN_MASK, IN_PAST_KEY, IN_PAST_VALUE, IN_LENGTHS };
enum { OUT_Y, OUT_KEY, OUT_VALUE, OUT_SCORES };

static nescio_value *transpose(nescio_adapt *a, int k, nescio_value *x, int64_t p1, int64_t p2,
                               int64_t p3)
{
    const int64_t perm[4] = {0, p1, p2, p3};
    nescio_value *const y = nescio_adapt_emit(a, NESCIO_OP_TRANSPOSE, k, 1, x);

    if (y && !nescio_node_set_ints(y->producer, "perm", perm, 4))
        a->st = nescio_fail_nomem(a->ctx, sizeof perm);
    return y;
}

static nescio_value *reshape(nescio_adapt *a, int k, nescio_value *x, const int64_t *shape,
                             size_t n)
{
    return nescio_adapt_emit(a, NESCIO_OP_RESHAPE, k, 2, x, nescio_adapt_ints(a, shape, n));
}

/* [batch, heads, length, size] of either form. */
static nescio_value *split_heads(nescio_adapt *a, nescio_value *x, int64_t n_heads)
{
    const int64_t shape[4] = {0, 0, n_heads, -1};

    return x->shape.rank == 4 ? x : transpose(a, -1, reshape(a, -1, x, shape, 4), 2, 1, 3);
}

/* The cache, then the new; both are an output too. */
static nescio_value *with_past(nescio_adapt *a, nescio_value *past, nescio_value *now, int k)
{
    nescio_value *y = now;

    if (past) {
        y = nescio_adapt_emit(a, NESCIO_OP_CONCAT, k, 2, past, now);
        nescio_adapt_set_int(a, y, "axis", 2);
    } else if (nescio_adapt_wants(a, (size_t)k)) {
        nescio_adapt_emit(a, NESCIO_OP_IDENTITY, k, 1, now);
    }
    return y;
}

/* Each head of x `times` times in a row: [b, h, s, d] -> [b, h, 1, s, d] -> [b, h, times, s, d] ->
 * [b, h * times, s, d]. */
static nescio_value *repeat_heads(nescio_adapt *a, nescio_value *x, int64_t n_heads, int64_t times)
{
    const int64_t axis[1] = {2}, wide[5] = {1, 1, times, 1, 1};
    int64_t flat[4] = {0, n_heads * times, -1, NESCIO_DIM_UNKNOWN};
    nescio_value *y;

    if (times == 1)
        return x;
    nescio_adapt_settle(a);
    if (a->st == NESCIO_OK && (x->shape.rank != 4 || x->shape.dims[3] < 0))
        nescio_adapt_refuse(a, "shared heads of unknown size");
    if (a->st != NESCIO_OK)
        return NULL;
    flat[3] = x->shape.dims[3];
    y = nescio_adapt_emit(a, NESCIO_OP_UNSQUEEZE, -1, 2, x, nescio_adapt_ints(a, axis, 1));
    y = nescio_adapt_emit(a, NESCIO_OP_EXPAND, -1, 2, y, nescio_adapt_ints(a, wide, 5));
    return reshape(a, -1, y, flat, 4);
}

/* -inf above the diagonal of the last two axes: the elements where column > row + cached length. */
static nescio_value *hide_future(nescio_adapt *a, nescio_value *scores, nescio_value *past,
                                 nescio_dtype dtype)
{
    const int64_t zero[1] = {0};
    nescio_value *shape, *ones, *seen, *cached = NULL;
    nescio_value *const one = nescio_adapt_scalar(a, dtype, 1);

    shape = nescio_adapt_emit(a, NESCIO_OP_SHAPE, -1, 1, scores);
    nescio_adapt_set_int(a, shape, "start", -2);
    ones = nescio_adapt_emit(a, NESCIO_OP_EXPAND, -1, 2, one, shape);
    if (past) {
        nescio_value *const length = nescio_adapt_emit(a, NESCIO_OP_SHAPE, -1, 1, past);

        nescio_adapt_set_int(a, length, "start", 2);
        nescio_adapt_set_int(a, length, "end", 3);
        cached =
            nescio_adapt_emit(a, NESCIO_OP_SQUEEZE, -1, 2, length, nescio_adapt_ints(a, zero, 1));
    }
    seen = nescio_adapt_emit(a, NESCIO_OP_TRILU, -1, 2, ones, cached);
    nescio_adapt_set_int(a, seen, "upper", 0);
    seen = nescio_adapt_emit(a, NESCIO_OP_CAST, -1, 1, seen);
    nescio_adapt_set_int(a, seen, "to", NESCIO_BOOL);
    return nescio_adapt_emit(a, NESCIO_OP_WHERE, -1, 3, seen, scores,
                             nescio_adapt_scalar(a, dtype, -(double)INFINITY));
}

static nescio_value *apply_mask(nescio_adapt *a, nescio_value *scores, nescio_dtype dtype)
{
    nescio_value *const mask = nescio_adapt_in(a, IN_MASK);

    if (mask && mask->dtype == NESCIO_BOOL)
        scores = nescio_adapt_emit(a, NESCIO_OP_WHERE, -1, 3, mask, scores,
                                   nescio_adapt_scalar(a, dtype, -(double)INFINITY));
    else if (mask)
        scores = nescio_adapt_emit(a, NESCIO_OP_ADD, -1, 2, scores, mask);
    if (nescio_adapt_int(a, "is_causal", 0))
        scores = hide_future(a, scores, nescio_adapt_in(a, IN_PAST_KEY), dtype);
    return scores;
}

static nescio_value *cap(nescio_adapt *a, nescio_value *scores, nescio_dtype dtype)
{
    const double softcap = nescio_adapt_float(a, "softcap", 0);
    nescio_value *const limit = softcap != 0 ? nescio_adapt_scalar(a, dtype, softcap) : NULL;

    if (softcap == 0)
        return scores;
    scores = nescio_adapt_emit(a, NESCIO_OP_TANH, -1, 1,
                               nescio_adapt_emit(a, NESCIO_OP_DIV, -1, 2, scores, limit));
    return nescio_adapt_emit(a, NESCIO_OP_MUL, -1, 2, scores, limit);
}

/* The fourth output shows the scores at one of four places. */
static void show(nescio_adapt *a, nescio_value *scores, int64_t place)
{
    if (nescio_adapt_wants(a, OUT_SCORES) &&
        nescio_adapt_int(a, "qk_matmul_output_mode", 0) == place)
        nescio_adapt_emit(a, NESCIO_OP_IDENTITY, OUT_SCORES, 1, scores);
}

/* Heads, ranks, sizes; refuses what the shapes known here do not allow. */
static bool check(nescio_adapt *a, int64_t *n_q, int64_t *n_kv)
{
    const nescio_value *const q = nescio_adapt_in(a, IN_Q), *const k = nescio_adapt_in(a, IN_K),
                              *const v = nescio_adapt_in(a, IN_V);
    const nescio_value *const mask = nescio_adapt_in(a, IN_MASK);
    const int64_t length = k && k->shape.rank == 4   ? k->shape.dims[2]
                           : k && k->shape.rank == 3 ? k->shape.dims[1]
                                                     : -1;

    if (!q || !k || !v) {
        nescio_adapt_fail(a, "needs Q, K and V");
        return false;
    }
    if (nescio_adapt_in(a, IN_LENGTHS))
        nescio_adapt_refuse(a, "nonpad_kv_seqlen");
    if (!nescio_adapt_in(a, IN_PAST_KEY) != !nescio_adapt_in(a, IN_PAST_VALUE))
        nescio_adapt_fail(a, "has only one of past_key and past_value");
    if ((q->shape.rank != 3 && q->shape.rank != 4) || k->shape.rank != q->shape.rank ||
        v->shape.rank != q->shape.rank)
        nescio_adapt_refuse(a, "Q, K, V of unknown rank");
    if (mask && !nescio_adapt_in(a, IN_PAST_KEY) && mask->shape.rank > 0 && length >= 0 &&
        mask->shape.dims[mask->shape.rank - 1] >= 0 &&
        mask->shape.dims[mask->shape.rank - 1] != length &&
        mask->shape.dims[mask->shape.rank - 1] != 1)
        nescio_adapt_refuse(a, "a mask shorter than the keys");
    if (a->st != NESCIO_OK)
        return false;
    *n_q = q->shape.rank == 4 ? q->shape.dims[1] : nescio_adapt_int(a, "q_num_heads", 0);
    *n_kv = k->shape.rank == 4 ? k->shape.dims[1] : nescio_adapt_int(a, "kv_num_heads", 0);
    if (*n_q < 1 || *n_kv < 1 || *n_q % *n_kv != 0)
        nescio_adapt_refuse(a, "%lld heads for %lld", (long long)*n_q, (long long)*n_kv);
    return a->st == NESCIO_OK;
}

/* 1 / sqrt(head size), unless given. */
static double scale_of(nescio_adapt *a, const nescio_value *q, int64_t n_heads)
{
    const int64_t last = q->shape.dims[q->shape.rank - 1];
    const int64_t size = q->shape.rank == 4 ? last : last / n_heads;

    if (nescio_adapt_attr(a, "scale"))
        return nescio_adapt_float(a, "scale", 1);
    if (size < 1)
        nescio_adapt_refuse(a, "heads of unknown size");
    return size < 1 ? 1 : 1 / sqrt((double)size);
}

void nescio_adapt_attention(nescio_adapt *a)
{
    const int64_t merged[3] = {0, 0, -1};
    nescio_value *q = nescio_adapt_in(a, IN_Q), *k, *v, *scores, *y;
    const bool flat = q && q->shape.rank == 3;
    const nescio_dtype dtype = q ? q->dtype : NESCIO_F32;
    int64_t n_q, n_kv;
    double scale;

    if (!check(a, &n_q, &n_kv))
        return;
    scale = scale_of(a, q, n_q);
    q = split_heads(a, q, n_q);
    k = with_past(a, nescio_adapt_in(a, IN_PAST_KEY),
                  split_heads(a, nescio_adapt_in(a, IN_K), n_kv), OUT_KEY);
    v = with_past(a, nescio_adapt_in(a, IN_PAST_VALUE),
                  split_heads(a, nescio_adapt_in(a, IN_V), n_kv), OUT_VALUE);
    k = repeat_heads(a, k, n_kv, n_q / n_kv);
    v = repeat_heads(a, v, n_kv, n_q / n_kv);
    q = nescio_adapt_emit(a, NESCIO_OP_MUL, -1, 2, q, nescio_adapt_scalar(a, dtype, scale));
    scores = nescio_adapt_emit(a, NESCIO_OP_MATMUL, -1, 2, q, transpose(a, -1, k, 1, 3, 2));
    show(a, scores, 0);
    scores = cap(a, scores, dtype);
    show(a, scores, 1);
    scores = apply_mask(a, scores, dtype);
    show(a, scores, 2);
    scores = nescio_adapt_emit(a, NESCIO_OP_SOFTMAX, -1, 1, scores);
    nescio_adapt_set_int(a, scores, "axis", -1);
    show(a, scores, 3);
    y = nescio_adapt_emit(a, NESCIO_OP_MATMUL, flat ? -1 : OUT_Y, 2, scores, v);
    if (flat)
        reshape(a, OUT_Y, transpose(a, -1, y, 2, 1, 3), merged, 3);
}
