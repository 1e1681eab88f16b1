/* SPDX-License-Identifier: Apache-2.0
 * Hummingbird's two forms that walk down the trees (Nakandala et al., OSDI 2020) back into a
 * forest. A place is a number; a step goes from the place of every row and tree to the next one:
 *   perfect   place' = 2 place + (x[features[place]] <= splits[place])    tables a level
 *   walk      place' = (x[features[place]] <= splits[place] ? lefts : rights)[place] + offset
 * and leaves[place] ends it. Recognised from the end upwards, seen through Reshape, Cast and the
 * offsets of trees; then the places are walked once for all rows. Subtrees that say the same on
 * both sides are one leaf: padding. Needs folded constants and shapes, breaks nothing. */
#include "passes/forest.h"
#include "passes/tree_answers.h"

#include <stdlib.h>
#include <string.h>

/* Steps at most: Hummingbird takes the walk for deeper trees, rarely beyond 50. */
#define NESCIO_STEPS_MAX 128

/* Tables of a step, as float64; root step: features and splits by tree. */
typedef struct step {
    const nescio_value *features, *splits, *lefts, *rights;
} step;

typedef struct walk_form {
    nescio_value *x;
    bool strict, perfect;
    step steps[NESCIO_STEPS_MAX]; /* last step first */
    int n_steps;
    const nescio_value *leaves;
    const nescio_value *roots;                     /* walk: places of the roots */
    const nescio_value *offsets[NESCIO_STEPS_MAX]; /* what a step adds to its places; may be NULL */
    int64_t n_trees, n_targets;
} walk_form;

/* The node that makes a value, seen through what only reshapes or casts. */
static nescio_node *made_by(const nescio_value *value)
{
    nescio_node *node = value ? value->producer : NULL;

    while (node && (node->op == NESCIO_OP_RESHAPE || node->op == NESCIO_OP_CAST))
        node = node->inputs[0] ? node->inputs[0]->producer : NULL;
    return node;
}

static bool constant_operand(const nescio_node *node, nescio_value **other, nescio_value **constant)
{
    const int side = node->inputs[0]->constant ? 0 : 1;

    *constant = node->inputs[side];
    *other = node->inputs[1 - side];
    return (*constant)->constant && !(*other)->constant;
}

/* What is looked up by place in a constant table; NULL: it is no such look-up. *place: where. */
static const nescio_value *table_of(const nescio_value *value, const nescio_node **place)
{
    const nescio_node *const gather = made_by(value);

    if (!gather || gather->op != NESCIO_OP_GATHER || !gather->inputs[0]->constant ||
        nescio_node_int(gather, "axis", 0) != 0)
        return NULL;
    *place = made_by(gather->inputs[1]);
    return gather->inputs[0];
}

/* x[features[place]] <= splits[place]. *place NULL: the question of the roots. */
static bool match_question(walk_form *w, const nescio_node *compare, step *s,
                           const nescio_node **place)
{
    const nescio_node *look, *other;
    nescio_value *x;

    if (!compare || (compare->op != NESCIO_OP_LESS && compare->op != NESCIO_OP_LESS_OR_EQUAL))
        return false;
    look = made_by(compare->inputs[0]);
    *place = NULL;
    if (look && look->op == NESCIO_OP_GATHER_ELEMENTS && nescio_node_int(look, "axis", 0) == 1) {
        s->features = table_of(look->inputs[1], place);
        s->splits = table_of(compare->inputs[1], &other);
        if (!s->features || !s->splits || *place != other || !*place)
            return false;
    } else if (look && look->op == NESCIO_OP_GATHER && nescio_node_int(look, "axis", 0) == 1 &&
               look->inputs[1]->constant && compare->inputs[1]->constant) {
        s->features = look->inputs[1];
        s->splits = compare->inputs[1];
    } else {
        return false;
    }
    x = look->inputs[0];
    if ((w->x && w->x != x) || x->constant ||
        (w->n_steps > 0 && w->strict != (compare->op == NESCIO_OP_LESS)))
        return false;
    w->x = x;
    w->strict = compare->op == NESCIO_OP_LESS;
    return true;
}

/* Add of a Mul by 2 of the place and of the question asked there. */
static bool match_perfect_step(walk_form *w, const nescio_node *add, step *s,
                               const nescio_node **place)
{
    for (int side = 0; side < 2; side++) {
        const nescio_node *const mul = made_by(add->inputs[side]);
        nescio_value *from, *two;
        double factor;

        if (mul && mul->op == NESCIO_OP_MUL && constant_operand(mul, &from, &two) &&
            nescio_constant_scalar(two, &factor) && factor == 2)
            return match_question(w, made_by(add->inputs[1 - side]), s, place) && *place &&
                   made_by(from) == *place;
    }
    return false;
}

/* Perfect trees: steps, then the roots' question, to which each tree adds twice its number. */
static bool match_perfect(walk_form *w, const nescio_node *node)
{
    w->perfect = true;
    while (w->n_steps < NESCIO_STEPS_MAX && node) {
        step s = {0};
        const nescio_node *place = NULL;
        nescio_value *other, *constant;

        if (node->op == NESCIO_OP_ADD && !node->inputs[0]->constant && !node->inputs[1]->constant) {
            if (!match_perfect_step(w, node, &s, &place))
                return false;
            w->steps[w->n_steps++] = s;
            node = place;
            continue;
        }
        if (node->op == NESCIO_OP_ADD) {
            if (!constant_operand(node, &other, &constant))
                return false;
            w->offsets[w->n_steps] = constant;
            node = made_by(other);
        }
        if (!match_question(w, node, &s, &place) || place)
            return false;
        w->steps[w->n_steps++] = s;
        return true;
    }
    return false;
}

/* The walk: Where of a question, down to the roots' places. */
static bool match_walk(walk_form *w, const nescio_node *node)
{
    while (w->n_steps < NESCIO_STEPS_MAX && node) {
        step s = {0};
        const nescio_node *place, *left, *right;
        nescio_value *other, *constant;

        if (node->op == NESCIO_OP_EXPAND) {
            w->roots = node->inputs[0];
            return w->n_steps > 0 && w->roots->constant != NULL;
        }
        if (node->op == NESCIO_OP_ADD) {
            if (!constant_operand(node, &other, &constant))
                return false;
            w->offsets[w->n_steps] = constant;
            node = made_by(other);
        }
        if (!node || node->op != NESCIO_OP_WHERE ||
            !match_question(w, made_by(node->inputs[0]), &s, &place) || !place)
            return false;
        s.lefts = table_of(node->inputs[1], &left);
        s.rights = table_of(node->inputs[2], &right);
        if (!s.lefts || !s.rights || left != place || right != place)
            return false;
        w->steps[w->n_steps++] = s;
        node = place;
    }
    return false;
}

/* --- walking the places ----------------------------------------------------------------------- */

typedef struct walker {
    const walk_form *w;
    nescio_forest *f;
    int64_t offset; /* of the tree, added to lefts and rights */
    size_t budget;  /* nodes that may still be made */
} walker;

static bool element(const nescio_value *table, int64_t i, double *out)
{
    if (i < 0 || i >= (int64_t)nescio_tensor_count(table->constant))
        return false;
    *out = nescio_tensor_get_f64(table->constant, (size_t)i);
    return true;
}

static bool add_leaf(walker *k, int64_t i_tree, int64_t place, size_t *position)
{
    const int64_t n = k->w->n_targets;

    if (place < 0 || place >= k->w->leaves->constant->dims[0])
        return false;
    *position = nescio_forest_leaf(k->f);
    for (int64_t c = 0; c < n; c++)
        nescio_forest_pair_add(
            k->f, i_tree * n + c,
            nescio_tensor_get_f64(k->w->leaves->constant, (size_t)(place * n + c)));
    return true;
}

static bool same_leaf(const nescio_forest *f, size_t a, size_t b)
{
    const nescio_forest_node *const x = &f->nodes[a], *const y = &f->nodes[b];

    if (!x->leaf || !y->leaf || x->n != y->n)
        return false;
    for (size_t i = 0; i < x->n; i++) {
        if (f->pairs[x->first + i].target != f->pairs[y->first + i].target ||
            f->pairs[x->first + i].weight != f->pairs[y->first + i].weight)
            return false;
    }
    return true;
}

/* Places behind the question; false: the tables end. *stay: a leaf that points to itself. */
static bool next_places(const walker *k, const step *s, int64_t place, int64_t *yes, int64_t *no,
                        bool *stay)
{
    double left, right;

    *stay = false;
    if (k->w->perfect) {
        *yes = 2 * place + 1;
        *no = 2 * place;
        return true;
    }
    if (!element(s->lefts, place, &left) || !element(s->rights, place, &right))
        return false;
    *yes = (int64_t)left + k->offset;
    *no = (int64_t)right + k->offset;
    *stay = *yes == place && *no == place;
    return true;
}

/* The subtree at a place after `done` steps; at most NESCIO_STEPS_MAX deep. */
static bool walk(walker *k, int64_t i_tree, int64_t place, int done, size_t *position)
{
    const step *s;
    const bool root = k->w->perfect && done == 0;
    int64_t yes_place = 0, no_place = 0;
    double feature, split;
    size_t inner, yes, no;
    bool stay = false;

    if (k->budget-- == 0)
        return false;
    if (done == k->w->n_steps)
        return add_leaf(k, i_tree, place, position);
    s = &k->w->steps[k->w->n_steps - 1 - done];
    if (!next_places(k, s, root ? i_tree : place, &yes_place, &no_place, &stay))
        return false;
    if (stay)
        return add_leaf(k, i_tree, place, position);
    if (!element(s->features, root ? i_tree : place, &feature) ||
        !element(s->splits, root ? i_tree : place, &split))
        return false;
    inner = nescio_forest_inner(k->f, (int64_t)feature, split);
    if (!walk(k, i_tree, yes_place, done + 1, &yes) || !walk(k, i_tree, no_place, done + 1, &no))
        return false;
    k->f->nodes[inner].yes = yes;
    k->f->nodes[inner].no = no;
    *position = same_leaf(k->f, yes, no) ? yes : inner;
    return true;
}

static nescio_status read_trees(nescio_ctx *ctx, const walk_form *w, nescio_forest *f, bool *ok)
{
    /* A perfect tree has twice its leaves; a walk, twice its table, each place at most once. */
    const size_t room = 2 * (size_t)w->leaves->constant->dims[0] + 2;
    walker k = {.w = w, .f = f, .budget = room};

    NESCIO_TRY(nescio_forest_init(ctx, f, room, room * (size_t)w->n_targets, (size_t)w->n_trees));
    *ok = true;
    for (int64_t t = 0; t < w->n_trees && *ok; t++) {
        double root = 0;

        *ok = w->perfect || element(w->roots, t, &root);
        k.offset = (int64_t)root;
        *ok = *ok && walk(&k, t, (int64_t)root, 0, &f->roots[t]);
    }
    f->n_roots = (size_t)w->n_trees;
    f->n_targets = w->n_trees * w->n_targets;
    return NESCIO_OK;
}

/* The node behind the leaves, which tells trees apart: Reshape to [-1, trees, ...]. */
static nescio_node *find_last(const nescio_rewrite *rw, const nescio_node *gather)
{
    nescio_node *node = gather->next;
    const nescio_value *const out = gather->outputs[0];

    while (node && (node->op != NESCIO_OP_RESHAPE || node->inputs[0] != out))
        node = node->next;
    return node && nescio_rewrite_uses(rw, out) == 1 ? node : NULL;
}

static bool match(nescio_rewrite *rw, nescio_node *gather, walk_form *w, nescio_node **last)
{
    const nescio_tensor *const leaves =
        gather->op == NESCIO_OP_GATHER ? gather->inputs[0]->constant : NULL;
    const nescio_node *end;

    if (!leaves || !nescio_dtype_is_float(leaves->dtype) || leaves->rank != 2 ||
        leaves->dims[1] < 1 || nescio_node_int(gather, "axis", 0) != 0)
        return false;
    end = made_by(gather->inputs[1]);
    *last = find_last(rw, gather);
    if (!end || !*last)
        return false;
    *w = (walk_form){.leaves = gather->inputs[0], .n_targets = leaves->dims[1]};
    if (!match_perfect(w, end)) {
        *w = (walk_form){.leaves = gather->inputs[0], .n_targets = leaves->dims[1]};
        if (!match_walk(w, end))
            return false;
    }
    w->n_trees = (int64_t)nescio_tensor_count(
        w->perfect ? w->steps[w->n_steps - 1].features->constant : w->roots->constant);
    return w->n_trees > 0;
}

/* [-1, n_trees, n_targets], or with the trees grouped by answer: rows first, places behind. */
static bool read_places(const walk_form *w, const nescio_node *last, int *rank, int64_t *dims)
{
    int64_t places = 1;

    if (!nescio_constant_ints(last->inputs[1], dims, rank) || *rank < 2 || dims[0] != -1)
        return false;
    for (int d = 1; d < *rank; d++) {
        if (dims[d] < 1 || dims[d] > w->n_trees * w->n_targets)
            return false;
        places *= dims[d];
    }
    dims[0] = NESCIO_DIM_UNKNOWN;
    return places == w->n_trees * w->n_targets;
}

/* What a step adds is factor * t, or the root of tree t, for every tree; nothing for a lone tree.
 */
static bool offset_fits(const walk_form *w, int i_step, int64_t factor)
{
    const nescio_value *const v = w->offsets[i_step];

    if (!v)
        return w->n_trees == 1 && (w->perfect || nescio_tensor_get_i64(w->roots->constant, 0) == 0);
    if ((int64_t)nescio_tensor_count(v->constant) != w->n_trees)
        return false;
    for (int64_t t = 0; t < w->n_trees; t++) {
        const int64_t want =
            w->perfect ? factor * t : nescio_tensor_get_i64(w->roots->constant, (size_t)t);

        if (nescio_tensor_get_i64(v->constant, (size_t)t) != want)
            return false;
    }
    return true;
}

/* Tree t stays among its own places: by its offset, and in perfect trees by the tables' sizes. */
static bool sizes_agree(const walk_form *w)
{
    int64_t places = w->n_trees;

    for (int i = 0; i < w->n_steps && !w->perfect; i++) {
        if (!offset_fits(w, i, 0))
            return false;
    }
    if (!w->perfect)
        return true;
    if (!offset_fits(w, w->n_steps - 1, 2))
        return false;
    for (int i = w->n_steps - 1; i >= 0; i--, places *= 2) {
        if ((int64_t)nescio_tensor_count(w->steps[i].features->constant) != places ||
            (int64_t)nescio_tensor_count(w->steps[i].splits->constant) != places)
            return false;
    }
    return w->leaves->constant->dims[0] == places;
}

nescio_status nescio_pass_trees_from_walks(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        nescio_forest f = {0};
        nescio_node *last;
        walk_form w;
        int64_t dims[NESCIO_RANK_MAX];
        nescio_status st = NESCIO_OK;
        bool ok = false;
        int rank;

        next = node->next;
        if (!match(rw, node, &w, &last) || !sizes_agree(&w) || !read_places(&w, last, &rank, dims))
            continue;
        st = read_trees(rw->ctx, &w, &f, &ok);
        if (st == NESCIO_OK && ok && w.strict)
            nescio_forest_make_strict(&f, w.x->dtype);
        if (st == NESCIO_OK && ok)
            st = nescio_tree_answers_replace(rw, last, w.x, &f, rank, dims);
        nescio_forest_deinit(&f);
        NESCIO_TRY(st);
    }
    return NESCIO_OK;
}
