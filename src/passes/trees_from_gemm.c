/* SPDX-License-Identifier: Apache-2.0
 * Hummingbird's GEMM form (trees_to_tensors.c has the formulas) back into a forest. The last
 * product is recognised, and everything above it by shape; then the trees are read out of the
 * matrices, and only matrices that are trees in every element are taken. Needs folded constants
 * and shapes, breaks nothing. */
#include "passes/forest.h"
#include "passes/tree_answers.h"

#include <stdlib.h>
#include <string.h>

typedef struct gemm_form {
    nescio_value *x;
    nescio_node *answers;             /* the last product, [T, C, N] */
    bool strict;                      /* questions are x < split */
    nescio_tensor w1, b1, w2, b2, w3; /* float64, owned */
    int64_t n_trees, n_inner, n_leaves, n_targets, n_features;
} gemm_form;

/* The node that makes a value, seen through Reshape and Cast. */
static nescio_node *made_by(const nescio_value *value)
{
    nescio_node *node = value ? value->producer : NULL;

    while (node && (node->op == NESCIO_OP_RESHAPE || node->op == NESCIO_OP_CAST))
        node = node->inputs[0] ? node->inputs[0]->producer : NULL;
    return node;
}

static bool is_product(const nescio_node *node, int rank)
{
    return node && node->op == NESCIO_OP_MATMUL && node->inputs[0]->constant &&
           node->inputs[0]->constant->rank == rank && !node->inputs[1]->constant;
}

/* Which input is constant, 0 or 1; -1: not exactly one. */
static int constant_side(const nescio_node *node)
{
    if ((node->inputs[0]->constant != NULL) == (node->inputs[1]->constant != NULL))
        return -1;
    return node->inputs[0]->constant ? 0 : 1;
}

typedef struct nodes {
    const nescio_node *leaves, *equal, *paths, *compare, *select;
} nodes;

static bool match(nescio_node *last, nodes *n)
{
    *n = (nodes){.leaves = last};
    if (!is_product(last, 3))
        return false;
    n->equal = made_by(last->inputs[1]);
    if (!n->equal || n->equal->op != NESCIO_OP_EQUAL || constant_side(n->equal) < 0)
        return false;
    n->paths = made_by(n->equal->inputs[1 - constant_side(n->equal)]);
    if (!is_product(n->paths, 3))
        return false;
    n->compare = made_by(n->paths->inputs[1]);
    if (!n->compare ||
        (n->compare->op != NESCIO_OP_LESS && n->compare->op != NESCIO_OP_LESS_OR_EQUAL) ||
        constant_side(n->compare) != 1)
        return false;
    n->select = n->compare->inputs[0]->producer;
    return n->select && n->select->op == NESCIO_OP_GEMM && n->select->inputs[0]->constant &&
           !n->select->inputs[1]->constant && !nescio_node_input(n->select, 2) &&
           nescio_node_int(n->select, "transA", 0) == 0 &&
           nescio_node_int(n->select, "transB", 0) == 1 &&
           nescio_node_float(n->select, "alpha", 1) == 1;
}

static bool sizes_agree(gemm_form *g)
{
    g->n_trees = g->w2.dims[0];
    g->n_leaves = g->w2.dims[1];
    g->n_inner = g->w2.dims[2];
    g->n_targets = g->w3.dims[1];
    g->n_features = g->w1.dims[1];
    return g->n_trees > 0 && g->n_leaves > 0 && g->n_inner > 0 && g->n_targets > 0 &&
           g->w1.rank == 2 && g->w1.dims[0] == g->n_trees * g->n_inner &&
           (int64_t)nescio_tensor_count(&g->b1) == g->n_trees * g->n_inner &&
           (int64_t)nescio_tensor_count(&g->b2) == g->n_trees * g->n_leaves &&
           g->w3.dims[0] == g->n_trees && g->w3.dims[2] == g->n_leaves;
}

static nescio_status read_form(nescio_ctx *ctx, nescio_node *last, const nodes *n, gemm_form *g,
                               bool *ok)
{
    g->x = n->select->inputs[1];
    g->answers = last;
    g->strict = n->compare->op == NESCIO_OP_LESS;
    NESCIO_TRY(nescio_constant_reals(ctx, n->select->inputs[0], &g->w1));
    NESCIO_TRY(nescio_constant_reals(ctx, n->compare->inputs[1], &g->b1));
    NESCIO_TRY(nescio_constant_reals(ctx, n->paths->inputs[0], &g->w2));
    NESCIO_TRY(nescio_constant_reals(ctx, n->equal->inputs[constant_side(n->equal)], &g->b2));
    NESCIO_TRY(nescio_constant_reals(ctx, last->inputs[0], &g->w3));
    *ok = sizes_agree(g);
    return NESCIO_OK;
}

static void free_form(gemm_form *g)
{
    nescio_tensor_free(&g->w1);
    nescio_tensor_free(&g->b1);
    nescio_tensor_free(&g->w2);
    nescio_tensor_free(&g->b2);
    nescio_tensor_free(&g->w3);
}

/* --- one tree out of the matrices ------------------------------------------------------------ */

typedef struct tree_reader {
    const gemm_form *g;
    nescio_forest *f;
    int64_t i_tree;
    const double *paths; /* [n_leaves][n_inner] of this tree */
    bool *used;          /* [n_inner]: on the path to here */
} tree_reader;

/* Column of the selected feature; -1: the row selects none, or not one. */
static int64_t feature_of(const tree_reader *r, int64_t inner)
{
    const gemm_form *const g = r->g;
    const double *const row =
        (const double *)g->w1.data + (r->i_tree * g->n_inner + inner) * g->n_features;
    int64_t feature = -1;

    for (int64_t i = 0; i < g->n_features; i++) {
        if (row[i] == 0)
            continue;
        if (row[i] != 1 || feature >= 0)
            return -1;
        feature = i;
    }
    return feature;
}

/* Whether the leaf's path is what led here, and it is recognised at the end of it. */
static bool leaf_fits(const tree_reader *r, int64_t leaf)
{
    const gemm_form *const g = r->g;
    const double *const path = r->paths + leaf * g->n_inner;
    double turns = 0;

    for (int64_t i = 0; i < g->n_inner; i++) {
        if ((path[i] != 0) != r->used[i])
            return false;
        turns += path[i] == 1;
    }
    return ((const double *)g->b2.data)[r->i_tree * g->n_leaves + leaf] == turns;
}

static bool add_leaf(const tree_reader *r, int64_t leaf, size_t *position)
{
    const gemm_form *const g = r->g;
    const double *const w3 = g->w3.data;

    if (!leaf_fits(r, leaf))
        return false;
    *position = nescio_forest_leaf(r->f);
    for (int64_t c = 0; c < g->n_targets; c++)
        nescio_forest_pair_add(r->f, r->i_tree * g->n_targets + c,
                               w3[(r->i_tree * g->n_targets + c) * g->n_leaves + leaf]);
    return true;
}

/* The inner node that all these leaves are under, not used yet; -1: none. */
static int64_t common_inner(const tree_reader *r, const int64_t *leaves, int64_t n)
{
    for (int64_t i = 0; i < r->g->n_inner; i++) {
        bool common = !r->used[i];

        for (int64_t k = 0; k < n && common; k++)
            common = r->paths[leaves[k] * r->g->n_inner + i] != 0;
        if (common)
            return i;
    }
    return -1;
}

/* Moves the leaves on the yes side to the front; their number. -1: an element is not 1 or -1. */
static int64_t part(const tree_reader *r, int64_t inner, int64_t *leaves, int64_t n)
{
    int64_t n_yes = 0;

    for (int64_t k = 0; k < n; k++) {
        const double turn = r->paths[leaves[k] * r->g->n_inner + inner];
        const int64_t leaf = leaves[k];

        if (turn != 1 && turn != -1)
            return -1;
        if (turn == 1) {
            leaves[k] = leaves[n_yes];
            leaves[n_yes++] = leaf;
        }
    }
    return n_yes;
}

/* Recursion is as deep as the tree; each level fixes one of n_inner nodes. */
#define NESCIO_DEPTH_MAX 512

static bool read_tree(const tree_reader *r, int64_t *leaves, int64_t n, int depth, size_t *position)
{
    const int64_t inner = common_inner(r, leaves, n);
    nescio_forest_node *node;
    int64_t n_yes, feature;
    size_t yes, no;
    bool ok;

    if (inner < 0)
        return n == 1 && add_leaf(r, leaves[0], position);
    n_yes = part(r, inner, leaves, n);
    feature = feature_of(r, inner);
    if (n_yes <= 0 || n_yes == n || feature < 0 || depth > NESCIO_DEPTH_MAX)
        return false;
    *position = nescio_forest_inner(
        r->f, feature, ((const double *)r->g->b1.data)[r->i_tree * r->g->n_inner + inner]);
    r->used[inner] = true;
    ok = read_tree(r, leaves, n_yes, depth + 1, &yes) &&
         read_tree(r, leaves + n_yes, n - n_yes, depth + 1, &no);
    r->used[inner] = false;
    if (!ok)
        return false;
    node = &r->f->nodes[*position];
    node->yes = yes;
    node->no = no;
    return true;
}

/* A leaf without a path always speaks, if it is told to count 0 turns: padding, which adds 0, or
 * the leaf of a tree that is nothing else. */
static bool speaks(const tree_reader *r, int64_t leaf)
{
    const gemm_form *const g = r->g;

    if (((const double *)g->b2.data)[r->i_tree * g->n_leaves + leaf] != 0)
        return false;
    for (int64_t c = 0; c < g->n_targets; c++) {
        if (((const double *)g->w3.data)[(r->i_tree * g->n_targets + c) * g->n_leaves + leaf] != 0)
            return true;
    }
    return false;
}

static bool has_path(const tree_reader *r, int64_t leaf)
{
    for (int64_t i = 0; i < r->g->n_inner; i++) {
        if (r->paths[leaf * r->g->n_inner + i] != 0)
            return true;
    }
    return false;
}

/* The leaves that are not padding. False: neither a tree nor one leaf. */
static bool real_leaves(const tree_reader *r, int64_t *leaves, int64_t *n)
{
    int64_t n_speaking = 0, speaking = 0;

    *n = 0;
    for (int64_t leaf = 0; leaf < r->g->n_leaves; leaf++) {
        if (has_path(r, leaf)) {
            leaves[(*n)++] = leaf;
        } else if (speaks(r, leaf)) {
            n_speaking++;
            speaking = leaf;
        }
    }
    if (*n > 0)
        return n_speaking == 0;
    leaves[(*n)++] = speaking;
    return n_speaking <= 1;
}

static nescio_status read_trees(nescio_ctx *ctx, const gemm_form *g, nescio_forest *f, bool *ok)
{
    const size_t room = (size_t)(g->n_trees * g->n_leaves);
    bool *const used = calloc((size_t)g->n_inner, sizeof *used);
    int64_t *const leaves = calloc((size_t)g->n_leaves, sizeof *leaves);
    nescio_status st = used && leaves ? NESCIO_OK : nescio_fail_nomem(ctx, room);

    if (st == NESCIO_OK)
        st = nescio_forest_init(ctx, f, 2 * room, room * (size_t)g->n_targets, (size_t)g->n_trees);
    *ok = st == NESCIO_OK;
    for (int64_t t = 0; t < g->n_trees && *ok; t++) {
        const tree_reader r = {.g = g,
                               .f = f,
                               .i_tree = t,
                               .paths = (const double *)g->w2.data + t * g->n_leaves * g->n_inner,
                               .used = used};
        int64_t n;

        *ok = real_leaves(&r, leaves, &n) && read_tree(&r, leaves, n, 0, &f->roots[t]);
    }
    if (*ok) {
        f->n_roots = (size_t)g->n_trees;
        f->n_targets = g->n_trees * g->n_targets;
    }
    free(used);
    free(leaves);
    return st;
}

static nescio_status recognise(nescio_rewrite *rw, nescio_node *last, const nodes *n)
{
    gemm_form g = {0};
    nescio_forest f = {0};
    bool ok = false;
    nescio_status st = read_form(rw->ctx, last, n, &g, &ok);

    if (st == NESCIO_OK && ok)
        st = read_trees(rw->ctx, &g, &f, &ok);
    if (st == NESCIO_OK && ok && g.strict)
        nescio_forest_make_strict(&f, g.x->dtype);
    if (st == NESCIO_OK && ok)
        st = nescio_tree_answers_replace(rw, last, g.x, &f, 3,
                                         (int64_t[]){g.n_trees, g.n_targets, NESCIO_DIM_UNKNOWN});
    free_form(&g);
    nescio_forest_deinit(&f);
    return st;
}

nescio_status nescio_pass_trees_from_gemm(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        nodes n;

        next = node->next;
        if (match(node, &n))
            NESCIO_TRY(recognise(rw, node, &n));
    }
    return NESCIO_OK;
}
