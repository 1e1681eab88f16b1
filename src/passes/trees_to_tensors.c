/* SPDX-License-Identifier: Apache-2.0
 * Forests as matrix products, the GEMM form of Hummingbird (Nakandala et al., OSDI 2020): for T
 * trees padded to I inner nodes and L leaves, rows as columns,
 *   A = W1 x' <= B1        every question, [T I, N]; W1 selects the feature
 *   P = W2 A               [T, L, N]; W2 is 1 where the leaf is on the yes side, -1 on the other
 *   E = (P == B2)          which leaf: B2 counts the yes turns of its path
 *   y = sum over T of W3 E'
 * Padding has W2 = B2 = 0 and W3 = 0. */
#include "passes/forest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Elements of W1, W2 or W3 at most: deep trees have no business here. */
#define NESCIO_TENSORS_MAX ((size_t)1 << 27)

typedef struct tensors {
    size_t n_trees, n_inner, n_leaves, n_features, n_targets;
    double *w1, *b1, *w2, *b2, *w3; /* one block at w1 */
} tensors;

static void count_tree(const nescio_forest *f, size_t at, size_t *inner, size_t *leaves)
{
    if (f->nodes[at].leaf) {
        ++*leaves;
        return;
    }
    ++*inner;
    count_tree(f, f->nodes[at].yes, inner, leaves);
    count_tree(f, f->nodes[at].no, inner, leaves);
}

/* Paths deeper than this would be wide beyond NESCIO_TENSORS_MAX anyway, or are chains. */
#define NESCIO_DEPTH_MAX 512

static size_t depth_of(const nescio_forest *f, size_t at, size_t so_far)
{
    size_t yes, no;

    if (f->nodes[at].leaf || so_far > NESCIO_DEPTH_MAX)
        return so_far;
    yes = depth_of(f, f->nodes[at].yes, so_far + 1);
    no = depth_of(f, f->nodes[at].no, so_far + 1);
    return yes > no ? yes : no;
}

static nescio_status measure(nescio_ctx *ctx, const nescio_node *node, const nescio_forest *f,
                             tensors *t)
{
    size_t l1, l2, l3, rows, total;

    *t = (tensors){.n_trees = f->n_roots,
                   .n_inner = 1,
                   .n_features = (size_t)node->inputs[0]->shape.dims[1],
                   .n_targets = (size_t)f->n_targets};
    for (size_t i = 0; i < f->n_roots; i++) {
        size_t inner = 0, leaves = 0;

        if (depth_of(f, f->roots[i], 0) > NESCIO_DEPTH_MAX)
            return nescio_fail(ctx, NESCIO_E_UNSUPPORTED,
                               "TreeEnsemble '%s': a tree is deeper than %d, too deep for tensors",
                               node->name, NESCIO_DEPTH_MAX);
        count_tree(f, f->roots[i], &inner, &leaves);
        t->n_inner = inner > t->n_inner ? inner : t->n_inner;
        t->n_leaves = leaves > t->n_leaves ? leaves : t->n_leaves;
    }
    if (!nescio_size_mul(&rows, t->n_trees, t->n_inner) ||
        !nescio_size_mul(&l1, rows, t->n_features) || !nescio_size_mul(&l2, rows, t->n_leaves) ||
        !nescio_size_mul(&l3, t->n_trees * t->n_leaves, t->n_targets) || l1 > NESCIO_TENSORS_MAX ||
        l2 > NESCIO_TENSORS_MAX || l3 > NESCIO_TENSORS_MAX)
        return nescio_fail(ctx, NESCIO_E_UNSUPPORTED,
                           "TreeEnsemble '%s': %zu trees of up to %zu nodes and %zu leaves are too "
                           "big for tensors",
                           node->name, t->n_trees, t->n_inner, t->n_leaves);
    total = l1 + l2 + l3 + rows + t->n_trees * t->n_leaves;
    t->w1 = calloc(total, sizeof *t->w1);
    if (!t->w1)
        return nescio_fail_nomem(ctx, total * sizeof *t->w1);
    t->b1 = t->w1 + l1;
    t->w2 = t->b1 + rows;
    t->b2 = t->w2 + l2;
    t->w3 = t->b2 + t->n_trees * t->n_leaves;
    return NESCIO_OK;
}

/* A walk through one tree, numbering nodes and leaves; turn[i]: which way inner node i was left. */
typedef struct walk {
    const nescio_forest *f;
    tensors *t;
    size_t i_tree, n_inner, n_leaves;
    double *turn; /* [n_inner of tensors] */
} walk;

static void fill_leaf(walk *w, const nescio_forest_node *leaf)
{
    tensors *const t = w->t;
    const size_t row = w->i_tree * t->n_leaves + w->n_leaves;

    memcpy(t->w2 + row * t->n_inner, w->turn, t->n_inner * sizeof *w->turn);
    for (size_t i = 0; i < t->n_inner; i++)
        t->b2[row] += w->turn[i] > 0;
    for (size_t k = leaf->first; k < leaf->first + leaf->n; k++)
        t->w3[(w->i_tree * t->n_targets + (size_t)w->f->pairs[k].target) * t->n_leaves +
              w->n_leaves] += w->f->pairs[k].weight;
    w->n_leaves++;
}

/* Depth is at most NESCIO_DEPTH_MAX. */
static void fill_tree(walk *w, size_t at)
{
    const nescio_forest_node *const n = &w->f->nodes[at];
    tensors *const t = w->t;
    size_t i, row;

    if (n->leaf) {
        fill_leaf(w, n);
        return;
    }
    i = w->n_inner++;
    row = w->i_tree * t->n_inner + i;
    t->w1[row * t->n_features + (size_t)n->feature] = 1;
    t->b1[row] = n->split;
    w->turn[i] = 1;
    fill_tree(w, n->yes);
    w->turn[i] = -1;
    fill_tree(w, n->no);
    w->turn[i] = 0;
}

static nescio_status fill(nescio_ctx *ctx, const nescio_forest *f, tensors *t)
{
    double *const turn = calloc(t->n_inner, sizeof *turn);

    if (!turn)
        return nescio_fail_nomem(ctx, t->n_inner * sizeof *turn);
    for (size_t i = 0; i < f->n_roots; i++) {
        walk w = {.f = f, .t = t, .i_tree = i, .turn = turn};

        fill_tree(&w, f->roots[i]);
    }
    free(turn);
    return NESCIO_OK;
}

/* Nodes one behind the other in front of `before`. Any NULL makes all that follow NULL. */
typedef struct chain {
    nescio_rewrite *rw;
    nescio_node *before;
} chain;

static nescio_value *add(chain *c, nescio_op op, nescio_value *a, nescio_value *b)
{
    nescio_node *const node =
        a ? nescio_rewrite_node(c->rw, c->before, op, NULL, b ? 2 : 1, (nescio_value *[]){a, b})
          : NULL;

    return node ? node->outputs[0] : NULL;
}

static nescio_value *with_int(nescio_value *value, const char *name, int64_t i)
{
    return value && nescio_node_set_int(value->producer, name, i) ? value : NULL;
}

static nescio_value *matrix(chain *c, const char *name, nescio_dtype dtype, size_t rows,
                            size_t columns, const double *elements)
{
    return nescio_rewrite_reals(c->rw, name, dtype, 2, (int64_t[]){(int64_t)rows, (int64_t)columns},
                                elements);
}

static nescio_value *stack(chain *c, const char *name, size_t n, size_t rows, size_t columns,
                           const double *elements)
{
    return nescio_rewrite_reals(c->rw, name, NESCIO_F32, 3,
                                (int64_t[]){(int64_t)n, (int64_t)rows, (int64_t)columns}, elements);
}

static nescio_value *reshape(chain *c, nescio_value *value, int rank, const int64_t *dims)
{
    nescio_value *const target = nescio_rewrite_ints(c->rw, "shape", rank, dims);

    return target ? add(c, NESCIO_OP_RESHAPE, value, target) : NULL;
}

static nescio_value *write_tensors(chain *c, const tensors *t, nescio_value *x)
{
    const nescio_dtype dtype = x->dtype == NESCIO_F64 ? NESCIO_F64 : NESCIO_F32;
    const int64_t n_trees = (int64_t)t->n_trees;
    nescio_value *const w1 =
        matrix(c, "select", dtype, t->n_trees * t->n_inner, t->n_features, t->w1);
    nescio_value *const b1 = matrix(c, "splits", dtype, t->n_trees * t->n_inner, 1, t->b1);
    nescio_value *const w2 = stack(c, "paths", t->n_trees, t->n_leaves, t->n_inner, t->w2);
    nescio_value *const b2 = matrix(c, "turns", NESCIO_F32, t->n_trees * t->n_leaves, 1, t->b2);
    nescio_value *const w3 = stack(c, "leaves", t->n_trees, t->n_targets, t->n_leaves, t->w3);
    nescio_value *const zero = nescio_rewrite_ints(c->rw, "axes", 1, &(int64_t){0});
    nescio_value *v;

    if (!w1 || !b1 || !w2 || !b2 || !w3 || !zero)
        return NULL;
    v = with_int(add(c, NESCIO_OP_GEMM, w1, x), "transB", 1);
    v = add(c, NESCIO_OP_LESS_OR_EQUAL, v, b1);
    v = reshape(c, v, 3, (int64_t[]){n_trees, (int64_t)t->n_inner, -1});
    v = with_int(add(c, NESCIO_OP_CAST, v, NULL), "to", NESCIO_F32);
    v = v ? add(c, NESCIO_OP_MATMUL, w2, v) : NULL;
    v = reshape(c, v, 2, (int64_t[]){n_trees * (int64_t)t->n_leaves, -1});
    v = add(c, NESCIO_OP_EQUAL, v, b2);
    v = reshape(c, v, 3, (int64_t[]){n_trees, (int64_t)t->n_leaves, -1});
    v = with_int(add(c, NESCIO_OP_CAST, v, NULL), "to", NESCIO_F32);
    v = v ? add(c, NESCIO_OP_MATMUL, w3, v) : NULL;
    v = with_int(add(c, NESCIO_OP_REDUCE_SUM, v, zero), "keepdims", 0);
    v = add(c, NESCIO_OP_TRANSPOSE, v, NULL);
    return v && nescio_node_set_ints(v->producer, "perm", (int64_t[]){1, 0}, 2) ? v : NULL;
}

static nescio_status refuse(const nescio_rewrite *rw, const nescio_node *node)
{
    return nescio_fail(rw->ctx, NESCIO_E_UNSUPPORTED,
                       "TreeEnsemble '%s': only sums of trees with x <= split have a tensor form",
                       node->name);
}

static nescio_status convert(nescio_rewrite *rw, nescio_node *node)
{
    chain c = {rw, node};
    nescio_value *x = node->inputs[0], *y;
    nescio_forest f;
    tensors t = {0};
    bool ok = false;
    nescio_status st;

    if (x->shape.rank != 2 || x->shape.dims[1] < 1)
        return nescio_fail(rw->ctx, NESCIO_E_UNSUPPORTED,
                           "TreeEnsemble '%s': the number of features is not known", node->name);
    st = nescio_forest_read(rw->ctx, node, &f, &ok);
    if (st == NESCIO_OK && (!ok || strcmp(f.aggregate, "SUM") != 0))
        st = refuse(rw, node);
    if (st == NESCIO_OK)
        st = measure(rw->ctx, node, &f, &t);
    if (st == NESCIO_OK)
        st = fill(rw->ctx, &f, &t);
    if (st == NESCIO_OK) {
        if (!nescio_dtype_is_float(x->dtype)) /* float64 holds every integer feature in use */
            x = with_int(add(&c, NESCIO_OP_CAST, x, NULL), "to", NESCIO_F64);
        if (x && x->dtype == NESCIO_DTYPE_NONE)
            x->dtype = NESCIO_F64;
        y = x ? write_tensors(&c, &t, x) : NULL;
        st = y ? nescio_rewrite_alias(rw, node, y) : nescio_rewrite_nomem(rw);
    }
    free(t.w1);
    nescio_forest_deinit(&f);
    return st;
}

nescio_status nescio_passes_trees_to_tensors(nescio_ctx *ctx, nescio_graph *graph)
{
    nescio_rewrite rw;
    nescio_node *next;
    nescio_status st = NESCIO_OK;

    NESCIO_TRY(nescio_rewrite_init(&rw, ctx, graph));
    for (nescio_node *node = graph->first; node && st == NESCIO_OK; node = next) {
        next = node->next;
        if (node->op == NESCIO_OP_TREE_ENSEMBLE_REGRESSOR)
            st = convert(&rw, node);
        else if (node->op == NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER ||
                 node->op == NESCIO_OP_TREE_ENSEMBLE) /* cleaning left it: not of that kind */
            st = refuse(&rw, node);
    }
    nescio_rewrite_deinit(&rw);
    NESCIO_TRY(st);
    NESCIO_TRY(nescio_graph_infer(ctx, graph));
    return nescio_graph_verify(ctx, graph);
}
