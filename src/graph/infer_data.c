/* SPDX-License-Identifier: Apache-2.0
 * Data propagation: the elements of small integer tensors, as far as they are known, through the
 * operators that shape arithmetic uses. A Reshape whose target is Concat(Gather(Shape(x), 0), -1)
 * so gets its shape, batch unknown or not. */
#include "graph/infer_internal.h"

#include <string.h>

/* One element: known or not, maybe the name of a dim. */
typedef struct element {
    bool known;
    int64_t at;
    const char *symbol;
} element;

static element get(const nescio_content *c, int i)
{
    return (element){c->known[i], c->at[i], c->symbol[i]};
}

static void put(nescio_content *c, int i, element e)
{
    c->known[i] = e.known;
    c->at[i] = e.known ? e.at : 0;
    c->symbol[i] = e.known ? NULL : e.symbol;
}

static bool of_shape(const nescio_node *node, nescio_content *out)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    const int rank = x->rank;
    int64_t start = nescio_node_int(node, "start", 0), end = nescio_node_int(node, "end", rank);

    if (rank == NESCIO_RANK_UNKNOWN)
        return false;
    start = start < -rank ? 0 : start < 0 ? start + rank : start;
    end = end < -rank ? 0 : end < 0 ? end + rank : end > rank ? rank : end;
    for (int64_t d = start; d < end; d++)
        put(out, out->count++, (element){x->dims[d] >= 0, x->dims[d], x->symbol[d]});
    return true;
}

static bool of_size(const nescio_node *node, nescio_content *out)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    int64_t size = 1;

    for (int d = 0; d < x->rank; d++) {
        if (x->dims[d] < 0 || __builtin_mul_overflow(size, x->dims[d], &size))
            return false;
    }
    out->count = 1;
    put(out, 0, (element){true, size, NULL});
    return x->rank != NESCIO_RANK_UNKNOWN;
}

static bool of_gather(const nescio_node *node, nescio_content *out)
{
    int64_t at[NESCIO_RANK_MAX];
    nescio_content x;
    int n;

    if (!nescio_infer_content(node, 0, &x) || !nescio_infer_ints(node, 1, at, &n))
        return false;
    for (int i = 0; i < n; i++) {
        const int64_t from = at[i] < 0 ? at[i] + x.count : at[i];

        if (from < 0 || from >= x.count)
            return false;
        put(out, out->count++, get(&x, (int)from));
    }
    return true;
}

static bool of_concat(const nescio_node *node, nescio_content *out)
{
    nescio_content x;

    for (size_t i = 0; i < node->n_inputs; i++) {
        if (!nescio_infer_content(node, i, &x) || out->count + x.count > NESCIO_RANK_MAX)
            return false;
        for (int k = 0; k < x.count; k++)
            put(out, out->count++, get(&x, k));
    }
    return true;
}

static bool of_slice(const nescio_node *node, nescio_content *out)
{
    int64_t start[NESCIO_RANK_MAX], end[NESCIO_RANK_MAX], step[NESCIO_RANK_MAX] = {1};
    nescio_content x;
    int n;

    if (!nescio_infer_content(node, 0, &x) || !nescio_infer_ints(node, 1, start, &n) || n != 1 ||
        !nescio_infer_ints(node, 2, end, &n) || n != 1)
        return false;
    if (nescio_node_input(node, 4) &&
        (!nescio_infer_ints(node, 4, step, &n) || n != 1 || step[0] == 0))
        return false;
    if (step[0] < -NESCIO_RANK_MAX || step[0] > NESCIO_RANK_MAX)
        return false;
    start[0] = start[0] < -x.count ? 0 : start[0] < 0 ? start[0] + x.count : start[0];
    end[0] = end[0] < -x.count ? -1 : end[0] < 0 ? end[0] + x.count : end[0];
    if (start[0] >= x.count)
        start[0] = step[0] > 0 ? x.count : x.count - 1;
    for (int64_t i = start[0]; i >= 0 && i < x.count && (step[0] > 0 ? i < end[0] : i > end[0]);
         i += step[0])
        put(out, out->count++, get(&x, (int)i));
    return true;
}

/* b == 0 and INT64_MIN / -1 stay unknown: the executor says what is wrong. */
static bool divide(int64_t a, int64_t b, int64_t *out)
{
    if (b == 0 || (a == INT64_MIN && b == -1))
        return false;
    *out = a / b;
    return true;
}

static element arithmetic(nescio_op op, element a, element b)
{
    element e = {.known = a.known && b.known};
    bool good = true;

    if (!e.known) { /* x * 1, x + 0, x / 1 stay the dim they are */
        const element dim = a.known ? b : a, other = a.known ? a : b;
        const bool neutral =
            other.known &&
            (((op == NESCIO_OP_MUL || (op == NESCIO_OP_DIV && b.known)) && other.at == 1) ||
             ((op == NESCIO_OP_ADD || (op == NESCIO_OP_SUB && b.known)) && other.at == 0));
        return neutral ? dim : e;
    }
    switch (op) {
    case NESCIO_OP_ADD: good = !__builtin_add_overflow(a.at, b.at, &e.at); break;
    case NESCIO_OP_SUB: good = !__builtin_sub_overflow(a.at, b.at, &e.at); break;
    case NESCIO_OP_MUL: good = !__builtin_mul_overflow(a.at, b.at, &e.at); break;
    case NESCIO_OP_DIV: good = divide(a.at, b.at, &e.at); break;
    case NESCIO_OP_EQUAL: e.at = a.at == b.at; break;
    case NESCIO_OP_LESS: e.at = a.at < b.at; break;
    case NESCIO_OP_GREATER: e.at = a.at > b.at; break;
    case NESCIO_OP_MAX: e.at = a.at > b.at ? a.at : b.at; break;
    case NESCIO_OP_MIN: e.at = a.at < b.at ? a.at : b.at; break;
    default: good = false;
    }
    e.known = good;
    return e;
}

static bool of_binary(const nescio_node *node, nescio_content *out)
{
    nescio_content a, b;

    if (node->n_inputs != 2 || !nescio_infer_content(node, 0, &a) ||
        !nescio_infer_content(node, 1, &b) || (a.count != b.count && a.count != 1 && b.count != 1))
        return false;
    out->count = a.count == 1 ? b.count : a.count;
    for (int i = 0; i < out->count; i++)
        put(out, i,
            arithmetic(node->op, get(&a, a.count == 1 ? 0 : i), get(&b, b.count == 1 ? 0 : i)));
    return true;
}

static bool of_where(const nescio_node *node, nescio_content *out)
{
    nescio_content c, a, b;

    if (!nescio_infer_content(node, 0, &c) || !nescio_infer_content(node, 1, &a) ||
        !nescio_infer_content(node, 2, &b))
        return false;
    out->count = c.count > 1 ? c.count : a.count > 1 ? a.count : b.count;
    if ((c.count != out->count && c.count != 1) || (a.count != out->count && a.count != 1) ||
        (b.count != out->count && b.count != 1))
        return false;
    for (int i = 0; i < out->count; i++) {
        const element which = get(&c, c.count == 1 ? 0 : i);

        if (which.known)
            put(out, i, which.at ? get(&a, a.count == 1 ? 0 : i) : get(&b, b.count == 1 ? 0 : i));
    }
    return true;
}

static bool of_constant_of_shape(const nescio_node *node, nescio_content *out)
{
    const nescio_attr *const value = nescio_node_attr(node, "value");
    int64_t size[NESCIO_RANK_MAX];
    int n;

    if (!value || !nescio_dtype_is_integer(value->t->dtype) ||
        !nescio_infer_ints(node, 0, size, &n) || n > 1 ||
        (n == 1 && (size[0] < 0 || size[0] > NESCIO_RANK_MAX)))
        return false;
    out->count = n == 1 ? (int)size[0] : 1;
    for (int i = 0; i < out->count; i++)
        put(out, i, (element){true, nescio_tensor_get_i64(value->t, 0), NULL});
    return true;
}

static bool of_range(const nescio_node *node, nescio_content *out)
{
    int64_t start[NESCIO_RANK_MAX], step[NESCIO_RANK_MAX];
    const nescio_shape *const shape = &node->outputs[0]->shape;
    int n;

    if (shape->rank != 1 || shape->dims[0] < 0 || shape->dims[0] > NESCIO_RANK_MAX ||
        !nescio_infer_ints(node, 0, start, &n) || !nescio_infer_ints(node, 2, step, &n))
        return false;
    out->count =
        (int)shape->dims[0]; /* start + i * step lies between start and limit: no overflow */
    for (int i = 0; i < out->count; i++)
        put(out, i, (element){true, start[0] + i * step[0], NULL});
    return true;
}

static bool of_product(const nescio_node *node, nescio_content *out)
{
    nescio_content x;
    int64_t product = 1;

    if (!nescio_infer_content(node, 0, &x) || nescio_infer_shape(node, 0)->rank > 1)
        return false;
    for (int i = 0; i < x.count; i++) {
        if (!x.known[i] || __builtin_mul_overflow(product, x.at[i], &product))
            return false;
    }
    out->count = 1;
    put(out, 0, (element){true, product, NULL});
    return true;
}

static bool propagate(const nescio_node *node, nescio_content *out)
{
    switch (node->op) {
    case NESCIO_OP_SHAPE: return of_shape(node, out);
    case NESCIO_OP_SIZE: return of_size(node, out);
    case NESCIO_OP_GATHER: return of_gather(node, out);
    case NESCIO_OP_CONCAT: return of_concat(node, out);
    case NESCIO_OP_SLICE: return of_slice(node, out);
    case NESCIO_OP_IDENTITY:
    case NESCIO_OP_CAST:
    case NESCIO_OP_SQUEEZE:
    case NESCIO_OP_UNSQUEEZE:
    case NESCIO_OP_RESHAPE: return nescio_infer_content(node, 0, out);
    case NESCIO_OP_ADD:
    case NESCIO_OP_SUB:
    case NESCIO_OP_MUL:
    case NESCIO_OP_DIV:
    case NESCIO_OP_EQUAL:
    case NESCIO_OP_LESS:
    case NESCIO_OP_GREATER:
    case NESCIO_OP_MAX:
    case NESCIO_OP_MIN: return of_binary(node, out);
    case NESCIO_OP_WHERE: return of_where(node, out);
    case NESCIO_OP_CONSTANT_OF_SHAPE: return of_constant_of_shape(node, out);
    case NESCIO_OP_RANGE: return of_range(node, out);
    case NESCIO_OP_REDUCE_PROD: return of_product(node, out);
    default: return false;
    }
}

nescio_status nescio_infer_data(nescio_ctx *ctx, nescio_node *node)
{
    nescio_value *const value = node->n_outputs > 0 ? node->outputs[0] : NULL;
    nescio_content found = {0};
    nescio_content *kept;

    /* Only int64 and bool: in them no cast or sum above can wrap. */
    if (!value || (value->dtype != NESCIO_I64 && value->dtype != NESCIO_BOOL) ||
        value->shape.rank > 1 || value->shape.rank == NESCIO_RANK_UNKNOWN ||
        !propagate(node, &found))
        return NESCIO_OK;
    if (value->shape.rank == 1 ? value->shape.dims[0] >= 0 && value->shape.dims[0] != found.count
                               : found.count != 1)
        return NESCIO_OK;
    if (value->dtype == NESCIO_BOOL) {
        for (int i = 0; i < found.count; i++)
            found.at[i] = found.at[i] != 0;
    }
    kept = nescio_arena_alloc(node->graph->arena, sizeof *kept);
    if (!kept)
        return nescio_fail_nomem(ctx, sizeof *kept);
    *kept = found;
    value->content = kept;
    return NESCIO_OK;
}
