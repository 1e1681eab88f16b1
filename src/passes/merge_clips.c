/* SPDX-License-Identifier: Apache-2.0
 * Chains of Relu, Clip, and Max or Min with a number are one clip:
 *   clip(clip(x, a, b), c, d) = clip(x, clip(a, c, d), clip(b, c, d))   for a <= b, c <= d.
 * From 0 to infinity it is written as Relu. Floats only. Needs constants folded, breaks nothing. */
#include "passes/passes_internal.h"

#include <math.h>

typedef struct interval {
    nescio_value *x;
    double lo, hi;
} interval;

static bool bound(const nescio_node *node, size_t i, double otherwise, double *out)
{
    *out = otherwise;
    return !nescio_node_input(node, i) || nescio_constant_scalar(node->inputs[i], out);
}

/* Max or Min of a tensor and a number that does not widen it. */
static bool read_extremum(const nescio_node *node, interval *out)
{
    uint32_t x;
    double number = 0;

    if (node->n_inputs != 2)
        return false;
    x = node->inputs[0]->constant ? 1 : 0;
    if (node->inputs[x]->constant || !nescio_constant_scalar(node->inputs[1 - x], &number) ||
        node->inputs[1 - x]->shape.rank > node->inputs[x]->shape.rank)
        return false;
    out->x = node->inputs[x];
    out->lo = node->op == NESCIO_OP_MAX ? number : -INFINITY;
    out->hi = node->op == NESCIO_OP_MIN ? number : INFINITY;
    return true;
}

static bool read_interval(const nescio_node *node, interval *out)
{
    *out = (interval){.lo = 0, .hi = INFINITY};
    switch (node->op) {
    case NESCIO_OP_RELU: out->x = node->inputs[0]; break;
    case NESCIO_OP_CLIP:
        out->x = node->inputs[0];
        if (!bound(node, 1, -INFINITY, &out->lo) || !bound(node, 2, INFINITY, &out->hi))
            return false;
        break;
    case NESCIO_OP_MAX:
    case NESCIO_OP_MIN:
        if (!read_extremum(node, out))
            return false;
        break;
    default: return false;
    }
    return nescio_dtype_is_float(out->x->dtype) && out->lo <= out->hi; /* false for NaN too */
}

static double clip(double x, const interval *by)
{
    return fmin(fmax(x, by->lo), by->hi);
}

static nescio_status write_interval(nescio_rewrite *rw, nescio_node *node, const interval *c)
{
    nescio_value *inputs[3] = {c->x, NULL, NULL};
    uint32_t n = 1;

    if (c->lo == 0 && c->hi == INFINITY)
        return nescio_rewrite_swap(rw, node, NESCIO_OP_RELU, 1, inputs) ? NESCIO_OK
                                                                        : nescio_rewrite_nomem(rw);
    if (c->lo != -INFINITY) {
        inputs[1] = nescio_rewrite_reals(rw, "min", c->x->dtype, 0, NULL, &c->lo);
        if (!inputs[1])
            return nescio_rewrite_nomem(rw);
        n = 2;
    }
    if (c->hi != INFINITY) {
        inputs[2] = nescio_rewrite_reals(rw, "max", c->x->dtype, 0, NULL, &c->hi);
        if (!inputs[2])
            return nescio_rewrite_nomem(rw);
        n = 3;
    }
    return nescio_rewrite_swap(rw, node, NESCIO_OP_CLIP, n, inputs) ? NESCIO_OK
                                                                    : nescio_rewrite_nomem(rw);
}

nescio_status nescio_pass_merge_clips(nescio_rewrite *rw)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        interval outer, inner;
        const nescio_node *maker;

        next = node->next;
        if (!read_interval(node, &outer))
            continue;
        maker = outer.x->producer;
        if (maker && maker->graph == rw->graph && read_interval(maker, &inner)) {
            outer.x = inner.x;
            inner.lo = clip(inner.lo, &outer);
            inner.hi = clip(inner.hi, &outer);
            outer.lo = inner.lo;
            outer.hi = inner.hi;
        } else if (node->op == NESCIO_OP_RELU ||
                   (node->op == NESCIO_OP_CLIP && !(outer.lo == 0 && outer.hi == INFINITY))) {
            continue; /* in its form already */
        }
        NESCIO_TRY(write_interval(rw, node, &outer));
    }
    return NESCIO_OK;
}
