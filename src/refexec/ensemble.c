/* SPDX-License-Identifier: Apache-2.0
 * Walking trees. A walk that takes more steps than there are nodes has met a cycle: refused. */
#include "refexec/ensemble.h"

#include <math.h>

#define TREE_WORK 32 /* units of a walk from root to leaf */

static bool goes_true(const nescio_ensemble *f, const nescio_ensemble_node *n, double v)
{
    if (isnan(v) && n->missing_true)
        return true;
    switch (n->mode) {
    case NESCIO_TREE_LEQ: return v <= n->split;
    case NESCIO_TREE_LT: return v < n->split;
    case NESCIO_TREE_GTE: return v >= n->split;
    case NESCIO_TREE_GT: return v > n->split;
    case NESCIO_TREE_EQ: return v == n->split;
    case NESCIO_TREE_NEQ: return v != n->split;
    default:
        for (int64_t i = 0; i < n->count; i++)
            if (f->members[n->first + i] == v)
                return true;
        return false;
    }
}

/* The leaf that a row ends in; NULL: a cycle. */
static const nescio_ensemble_node *find_leaf(const nescio_ensemble *f, int64_t root,
                                             const double *row)
{
    const nescio_ensemble_node *n = &f->nodes[root];

    for (int64_t steps = 0; n->mode != NESCIO_TREE_LEAF; steps++) {
        if (steps > f->n_nodes)
            return NULL;
        n = &f->nodes[goes_true(f, n, row[n->feature]) ? n->if_true : n->if_false];
    }
    return n;
}

static void add_leaf(const nescio_ensemble *f, const nescio_ensemble_node *leaf, double *scores,
                     bool *touched)
{
    for (int64_t i = leaf->first; i < leaf->first + leaf->count; i++) {
        const int64_t t = f->targets[i];
        const double w = f->weights[i];

        if (f->how == NESCIO_AGGREGATE_MIN)
            scores[t] = touched[t] ? fmin(scores[t], w) : w;
        else if (f->how == NESCIO_AGGREGATE_MAX)
            scores[t] = touched[t] ? fmax(scores[t], w) : w;
        else
            scores[t] += w;
        touched[t] = true;
    }
}

nescio_status nescio_ensemble_run(const nescio_refexec_call *call, const nescio_ensemble *f,
                                  const nescio_ml_rows *x, double *scores)
{
    bool *const touched = nescio_call_scratch(call, f->n_targets + 1, sizeof *touched);

    if (!touched)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_call_spend(call, x->n, f->n_roots, TREE_WORK));
    for (int64_t i = 0; i < x->n; i++) {
        double *const row = scores + i * f->n_targets;

        memset(touched, 0, (size_t)f->n_targets * sizeof *touched);
        for (int64_t r = 0; r < f->n_roots; r++) {
            const nescio_ensemble_node *const leaf =
                find_leaf(f, f->roots[r], x->at + i * x->features);

            if (!leaf)
                return nescio_call_fail(call, NESCIO_E_FORMAT, "tree %lld has a cycle",
                                        (long long)r);
            add_leaf(f, leaf, row, touched);
        }
        for (int64_t t = 0; t < f->n_targets; t++) {
            if (f->how == NESCIO_AGGREGATE_AVERAGE && f->n_roots)
                row[t] /= (double)f->n_roots;
            if (f->base.n)
                row[t] += f->base.at[f->base.n == 1 ? 0 : t];
        }
    }
    return NESCIO_OK;
}

nescio_status nescio_ensemble_check(const nescio_refexec_call *call, const nescio_ensemble *f,
                                    int64_t features)
{
    for (int64_t i = 0; i < f->n_nodes; i++) {
        const nescio_ensemble_node *const n = &f->nodes[i];

        if (n->mode != NESCIO_TREE_LEAF &&
            (n->feature < 0 || n->feature >= features || n->if_true < 0 ||
             n->if_true >= f->n_nodes || n->if_false < 0 || n->if_false >= f->n_nodes))
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "tree node %lld asks for feature %lld of %lld, or has no child",
                                    (long long)i, (long long)n->feature, (long long)features);
    }
    for (int64_t i = 0; i < f->n_pairs; i++)
        if (f->targets[i] < 0 || f->targets[i] >= f->n_targets)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "a leaf adds to target %lld of %lld",
                                    (long long)f->targets[i], (long long)f->n_targets);
    if (f->base.n > 1 && (int64_t)f->base.n != f->n_targets)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu base values for %lld targets",
                                f->base.n, (long long)f->n_targets);
    return NESCIO_OK;
}
nescio_status nescio_ensemble_scores(const nescio_refexec_call *call, const nescio_ml_rows *x,
                                     int64_t n, double **scores)
{
    size_t count;

    if (!nescio_size_mul(&count, (size_t)x->n, (size_t)n) || count >> 45)
        return nescio_call_nomem(call);
    *scores = nescio_call_scratch(call, (int64_t)count + 1, sizeof **scores);
    return *scores ? NESCIO_OK : nescio_call_nomem(call);
}
