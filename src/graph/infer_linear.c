/* SPDX-License-Identifier: Apache-2.0
 * Inference of products: MatMul, Gemm, Einsum, convolutions. */
#include "graph/infer_internal.h"

#include <ctype.h>
#include <string.h>

/* Whether two dims that must be equal can be. */
static bool can_match(int64_t a, int64_t b)
{
    return a == b || a == NESCIO_DIM_UNKNOWN || b == NESCIO_DIM_UNKNOWN;
}

/* numpy.matmul of shapes a and b, also of quantized products. */
static nescio_status matmul_shape(nescio_ctx *ctx, const nescio_node *node, const nescio_shape *a,
                                  const nescio_shape *b, nescio_shape *out)
{
    nescio_shape rows, columns;
    int64_t inner_a, inner_b;

    *out = nescio_shape_unknown;
    if (a->rank == NESCIO_RANK_UNKNOWN || b->rank == NESCIO_RANK_UNKNOWN)
        return NESCIO_OK;
    if (a->rank == 0 || b->rank == 0)
        return nescio_infer_fail(ctx, node, "multiplies a scalar");
    inner_a = a->dims[a->rank - 1];
    inner_b = b->dims[b->rank > 1 ? b->rank - 2 : 0];
    if (!can_match(inner_a, inner_b))
        return nescio_infer_fail(ctx, node, "inner sizes %lld and %lld differ", (long long)inner_a,
                                 (long long)inner_b);
    rows = *a;
    columns = *b;
    rows.rank = a->rank > 2 ? a->rank - 2 : 0; /* batch dims */
    columns.rank = b->rank > 2 ? b->rank - 2 : 0;
    if (!nescio_shape_broadcast(&rows, &columns))
        return nescio_infer_fail(ctx, node, "the leading dims do not broadcast");
    *out = rows;
    if (a->rank > 1)
        nescio_shape_take(out, out->rank++, a, a->rank - 2);
    if (b->rank > 1)
        nescio_shape_take(out, out->rank++, b, b->rank - 1);
    return NESCIO_OK;
}

static nescio_status infer_gemm(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const a = nescio_infer_shape(node, 0), *const b =
                                                                   nescio_infer_shape(node, 1);
    const int ta = nescio_node_int(node, "transA", 0) != 0,
              tb = nescio_node_int(node, "transB", 0) != 0;
    nescio_shape out = nescio_shape_of_rank(2), wide;

    if ((a->rank != NESCIO_RANK_UNKNOWN && a->rank != 2) ||
        (b->rank != NESCIO_RANK_UNKNOWN && b->rank != 2))
        return nescio_infer_fail(ctx, node, "its factors must have rank 2");
    if (a->rank == 2)
        nescio_shape_take(&out, 0, a, ta ? 1 : 0);
    if (b->rank == 2)
        nescio_shape_take(&out, 1, b, tb ? 0 : 1);
    if (a->rank == 2 && b->rank == 2 && !can_match(a->dims[ta ? 0 : 1], b->dims[tb ? 1 : 0]))
        return nescio_infer_fail(ctx, node, "inner sizes %lld and %lld differ",
                                 (long long)a->dims[ta ? 0 : 1], (long long)b->dims[tb ? 1 : 0]);
    wide = out;
    if (!nescio_shape_broadcast(&wide, nescio_infer_shape(node, 2)) ||
        (wide.rank != NESCIO_RANK_UNKNOWN &&
         (wide.rank != 2 || !can_match(wide.dims[0], out.dims[0]) ||
          !can_match(wide.dims[1], out.dims[1]))))
        return nescio_infer_fail(ctx, node, "C does not broadcast to the product");
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_conv(nescio_ctx *ctx, const nescio_node *node, size_t i_weight,
                                nescio_dtype dtype)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0), *const w = nescio_infer_shape(
                                                                   node, i_weight);
    const int64_t group = nescio_node_int(node, "group", 1);
    nescio_shape out;
    nescio_window window;

    if (x->rank == NESCIO_RANK_UNKNOWN)
        return nescio_infer_output(ctx, node, 0, dtype, x);
    if (x->rank < 3 || (w->rank != NESCIO_RANK_UNKNOWN && w->rank != x->rank))
        return nescio_infer_fail(ctx, node, "input and weight must have the same rank, at least 3");
    if (group < 1)
        return nescio_infer_fail(ctx, node, "group=%lld", (long long)group);
    out = nescio_shape_of_rank(x->rank);
    nescio_shape_take(&out, 0, x, 0);
    if (w->rank != NESCIO_RANK_UNKNOWN) {
        NESCIO_TRY(nescio_window_read(ctx, node, x->rank - 2, w->dims + 2, &window));
        nescio_shape_take(&out, 1, w, 0);
        if (w->dims[0] >= 0 && w->dims[0] % group != 0)
            return nescio_infer_fail(ctx, node,
                                     "%lld output channels do not split into %lld groups",
                                     (long long)w->dims[0], (long long)group);
        if (x->dims[1] >= 0 && w->dims[1] >= 0 &&
            (w->dims[1] > INT64_MAX / group || w->dims[1] * group != x->dims[1]))
            return nescio_infer_fail(
                ctx, node, "%lld input channels, but the weights take %lld in %lld groups",
                (long long)x->dims[1], (long long)w->dims[1], (long long)group);
        for (int d = 0; d < x->rank - 2; d++) {
            const int64_t size = nescio_window_output(&window, d, x->dims[d + 2]);

            if (size < 0 && x->dims[d + 2] >= 0 && window.kernel[d] >= 0)
                return nescio_infer_fail(ctx, node, "its window does not fit into its input");
            nescio_shape_set(&out, d + 2, size < 0 ? NESCIO_DIM_UNKNOWN : size);
        }
    }
    return nescio_infer_output(ctx, node, 0, dtype, &out);
}

/* Output size along one dim: stride * (in - 1) + output padding + dilated kernel - pads, or
 * output_shape as given. */
static nescio_status infer_conv_transpose(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0), *const w =
                                                                   nescio_infer_shape(node, 1);
    const nescio_attr *const extra = nescio_node_attr(node, "output_padding");
    const nescio_attr *const given = nescio_node_attr(node, "output_shape");
    const int64_t group = nescio_node_int(node, "group", 1);
    nescio_window window;
    nescio_shape out;

    if (x->rank == NESCIO_RANK_UNKNOWN || w->rank == NESCIO_RANK_UNKNOWN)
        return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0),
                                   &nescio_shape_unknown);
    if (x->rank < 3 || w->rank != x->rank || group < 1)
        return nescio_infer_fail(ctx, node, "input and weight must have the same rank, at least 3");
    NESCIO_TRY(nescio_window_read(ctx, node, x->rank - 2, w->dims + 2, &window));
    if ((extra && extra->count < (size_t)window.n_spatial) ||
        (given && given->count < (size_t)window.n_spatial))
        return nescio_infer_fail(ctx, node, "output_padding and output_shape must have %d elements",
                                 window.n_spatial);
    out = nescio_shape_of_rank(x->rank);
    nescio_shape_take(&out, 0, x, 0);
    if (w->dims[1] >= 0 && w->dims[1] <= INT64_MAX / group)
        nescio_shape_set(&out, 1, w->dims[1] * group);
    for (int d = 0; d < window.n_spatial; d++) {
        const int64_t size = x->dims[d + 2], kernel = window.kernel[d];
        nescio_wide wide;

        if (given) {
            nescio_shape_set(&out, d + 2,
                             given->ints[given->count - (size_t)window.n_spatial + (size_t)d]);
            continue;
        }
        if (size < 0 || kernel < 0)
            continue;
        if (window.mode == NESCIO_PAD_SAME_UPPER || window.mode == NESCIO_PAD_SAME_LOWER)
            wide = (nescio_wide)size * window.stride[d];
        else
            wide = (nescio_wide)window.stride[d] * (size - 1) + (extra ? extra->ints[d] : 0) +
                   (nescio_wide)(kernel - 1) * window.dilation[d] + 1 - window.pad_begin[d] -
                   window.pad_end[d];
        if (wide < 0 || wide > INT64_MAX)
            return nescio_infer_fail(ctx, node, "its output has no valid size along axis %d",
                                     d + 2);
        nescio_shape_set(&out, d + 2, (int64_t)wide);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

/* One term of an equation, "ij" or "...k": gives its letters sizes from `shape`, the ellipsis a
 * batch shape. */
typedef struct equation {
    int64_t size[256]; /* by letter; NESCIO_DIM_UNKNOWN when not known */
    int uses[256];     /* in all input terms */
    nescio_shape batch;
    bool ranks_known;
} equation;

static bool read_term(equation *e, const char *term, size_t n, const nescio_shape *shape)
{
    const bool dots = n >= 3 && strstr(term, "...") && strstr(term, "...") < term + n;
    int letters = 0, at = 0;
    nescio_shape batch = {0};

    for (size_t i = 0; i < n; i++)
        letters += isalpha((unsigned char)term[i]) != 0;
    if (shape->rank == NESCIO_RANK_UNKNOWN)
        e->ranks_known = e->ranks_known && !dots;
    else if (letters > shape->rank || (!dots && letters != shape->rank))
        return false;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)term[i];

        if (isalpha(c)) {
            const int64_t dim =
                shape->rank == NESCIO_RANK_UNKNOWN ? NESCIO_DIM_UNKNOWN : shape->dims[at++];

            e->uses[c]++;
            if (e->size[c] < 0 || (e->size[c] == 1 && dim > 1))
                e->size[c] = dim;
            else if (dim > 1 && dim != e->size[c])
                return false;
        } else if (c == '.' && i + 2 < n && term[i + 1] == '.' && term[i + 2] == '.') {
            i += 2;
            if (shape->rank == NESCIO_RANK_UNKNOWN)
                continue;
            batch.rank = shape->rank - letters;
            for (int d = 0; d < batch.rank; d++)
                nescio_shape_take(&batch, d, shape, at++);
        } else if (c != ' ') {
            return false;
        }
    }
    return nescio_shape_broadcast(&e->batch, &batch);
}

/* Appends the dims that a result term names; an implicit result has the ellipsis, then letters used
 * once, sorted. */
static bool write_term(const equation *e, const char *arrow, nescio_shape *out)
{
    *out = (nescio_shape){0};
    if (!arrow) {
        *out = e->batch;
        for (int c = 0; c < 256 && out->rank < NESCIO_RANK_MAX; c++) {
            if (e->uses[c] == 1)
                nescio_shape_set(out, out->rank++, e->size[c]);
        }
        return true;
    }
    for (const char *p = arrow + 2; *p; p++) {
        const unsigned char c = (unsigned char)*p;

        if (isalpha(c) && e->uses[c] > 0 && out->rank < NESCIO_RANK_MAX)
            nescio_shape_set(out, out->rank++, e->size[c]);
        else if (strncmp(p, "...", 3) == 0 && out->rank + e->batch.rank <= NESCIO_RANK_MAX) {
            for (int d = 0; d < e->batch.rank; d++)
                nescio_shape_take(out, out->rank++, &e->batch, d);
            p += 2;
        } else if (c != ' ') {
            return false;
        }
    }
    return true;
}

static nescio_status infer_einsum(nescio_ctx *ctx, const nescio_node *node)
{
    const char *const text = nescio_node_string(node, "equation", "");
    const char *const arrow = strstr(text, "->");
    const char *const end = arrow ? arrow : text + strlen(text);
    const char *term = text;
    equation e = {.ranks_known = true};
    nescio_shape out;
    size_t i = 0;

    for (int c = 0; c < 256; c++)
        e.size[c] = NESCIO_DIM_UNKNOWN;
    for (;; i++) {
        const char *comma = memchr(term, ',', (size_t)(end - term));
        const char *stop = comma ? comma : end;

        if (i >= node->n_inputs ||
            !read_term(&e, term, (size_t)(stop - term), nescio_infer_shape(node, i)))
            return nescio_infer_fail(ctx, node, "equation '%s' does not fit its inputs", text);
        if (!comma)
            break;
        term = comma + 1;
    }
    if (i + 1 != node->n_inputs || !write_term(&e, arrow, &out))
        return nescio_infer_fail(ctx, node, "equation '%s' does not fit its inputs", text);
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0),
                               e.ranks_known ? &out : &nescio_shape_unknown);
}

static nescio_status infer_product(nescio_ctx *ctx, const nescio_node *node, size_t i_b,
                                   nescio_dtype dtype)
{
    nescio_shape out;

    NESCIO_TRY(
        matmul_shape(ctx, node, nescio_infer_shape(node, 0), nescio_infer_shape(node, i_b), &out));
    return nescio_infer_output(ctx, node, 0, dtype, &out);
}

nescio_status nescio_infer_linear(nescio_ctx *ctx, nescio_node *node)
{
    const nescio_dtype a = nescio_infer_dtype(node, 0), b = nescio_infer_dtype(node, 1);

    switch (node->op) { /* quantized products come here from nescio_infer_quant */
    case NESCIO_OP_QLINEAR_MATMUL: return infer_product(ctx, node, 3, nescio_infer_dtype(node, 7));
    case NESCIO_OP_MATMUL_INTEGER: return infer_product(ctx, node, 1, NESCIO_I32);
    case NESCIO_OP_QLINEAR_CONV: return infer_conv(ctx, node, 3, nescio_infer_dtype(node, 7));
    case NESCIO_OP_CONV_INTEGER: return infer_conv(ctx, node, 1, NESCIO_I32);
    default: break;
    }
    if (node->n_inputs > 1 && a != b && a != NESCIO_DTYPE_NONE && b != NESCIO_DTYPE_NONE)
        return nescio_infer_fail(ctx, node, "multiplies %s by %s; they must be the same",
                                 nescio_dtype_name(a), nescio_dtype_name(b));
    switch (node->op) {
    case NESCIO_OP_GEMM: return infer_gemm(ctx, node);
    case NESCIO_OP_CONV: return infer_conv(ctx, node, 1, a);
    case NESCIO_OP_CONV_TRANSPOSE: return infer_conv_transpose(ctx, node);
    case NESCIO_OP_EINSUM: return infer_einsum(ctx, node);
    default: return infer_product(ctx, node, 1, a);
    }
}
