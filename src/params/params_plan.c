/* SPDX-License-Identifier: Apache-2.0
 * Circuit to plan: every allowed parameter set is tried, with and without tables that share a
 * rotation; the cheapest that will do is built. */
#include "params/params_internal.h"

#include <math.h>
#include <stdio.h>

#define STANDARD_VARIANTS (1u << NESCIO_PBS_CLASSICAL | 1u << NESCIO_PBS_UNROLLED2)

typedef struct chooser {
    nescio_ctx *ctx;
    analysis *a[2]; /* every table alone; sharing, or NULL where none can */
    const nescio_params_options *options;
    trial best;    /* the cheapest feasible one */
    trial closest; /* the infeasible one that misses by least */
    bool found, tried;
} chooser;

static nescio_status try_analysis(chooser *c, const analysis *a, const wishes *w, const char *name,
                                  const nescio_tfhe_params *p)
{
    trial t;

    NESCIO_TRY(nescio_trial_run(c->ctx, a, w, name, p, &t));
    if (t.feasible) {
        if (!c->found || t.cost < c->best.cost)
            c->best = t;
        c->found = true;
    } else if (!c->tried || t.shortfall < c->closest.shortfall) {
        c->closest = t;
        c->tried = true;
    }
    return NESCIO_OK;
}

static nescio_status try_set(chooser *c, const wishes *w, const char *name,
                             const nescio_tfhe_params *p)
{
    nescio_evaluation_key sizes = {0};

    NESCIO_TRY(nescio_params_check_security(c->ctx, p, c->options->toy));
    NESCIO_TRY(nescio_evaluation_key_sizes(c->ctx, p, &sizes));
    if (c->options->max_key_bytes &&
        nescio_evaluation_key_bytes(&sizes) > c->options->max_key_bytes)
        return NESCIO_OK;
    if (c->options->max_memory_bytes &&
        nescio_engine_bytes_for(p, 1) > c->options->max_memory_bytes)
        return NESCIO_OK;
    for (int i = 0; i < 2 && c->a[i]; i++)
        NESCIO_TRY(try_analysis(c, c->a[i], w, name, p));
    return NESCIO_OK;
}

static nescio_status try_all(chooser *c, const wishes *w)
{
    const uint32_t variants = c->options->variants ? c->options->variants : STANDARD_VARIANTS;
    const nescio_param_set *sets, *named;
    size_t n_sets;

    if (c->options->params)
        return try_set(c, w, "custom", c->options->params);
    if (c->options->set_name) {
        named = nescio_param_set_find(c->options->set_name);
        if (!named)
            return nescio_fail(c->ctx, NESCIO_E_ARG, "unknown parameter set '%s'",
                               c->options->set_name);
        return try_set(c, w, named->name, &named->params);
    }
    sets = nescio_param_sets(&n_sets);
    for (size_t i = 0; i < n_sets; i++)
        if (variants >> sets[i].params.variant & 1)
            NESCIO_TRY(try_set(c, w, sets[i].name, &sets[i].params));
    return NESCIO_OK;
}

static nescio_status say_infeasible(const chooser *c, const wishes *w)
{
    const trial *t = &c->closest;
    const nescio_gate *gate;
    const sink_verdict *v;
    const sink *s;
    char wanted[128];

    if (!c->tried)
        return nescio_fail(
            c->ctx, NESCIO_E_INFEASIBLE,
            "no parameter set has the wanted variant, a key of at most %llu bytes and "
            "an engine of at most %llu (0: any)",
            (unsigned long long)c->options->max_key_bytes,
            (unsigned long long)c->options->max_memory_bytes);
    s = &t->a->sinks[t->i_worst];
    v = &t->verdict[t->i_worst];
    gate = t->a->circuit->gates[s->gate];
    if (v->decoded)
        (void)snprintf(wanted, sizeof wanted, "%.0f values decoded exactly with log2 p_fail %.0f",
                       s->window + 1, w->log2_p_fail);
    else
        (void)snprintf(wanted, sizeof wanted, "a resolution of %.0f (it has %.1f)", w->resolution,
                       v->window / sqrt(v->variance));
    return nescio_fail(c->ctx, NESCIO_E_INFEASIBLE,
                       "%s '%s' asks for %s: noise is 2^%.2f of the torus with the best set '%s', "
                       "%.2f times too much (bound: %s)",
                       nescio_gate_op_name(gate->op), gate->name, wanted, log2(v->variance) / 2,
                       t->set_name, t->shortfall, t->against);
}

/** Exact outputs where the tables are exact and some set can do it; otherwise answers with a stated
 * deviation. */
static nescio_status choose(chooser *c, nescio_plan **out)
{
    const nescio_params_options *o = c->options;
    const bool exact = c->a[0]->exact;
    wishes w = {.resolution = o->resolution > 0 ? o->resolution : NESCIO_RESOLUTION_DEFAULT,
                .log2_p_fail = o->log2_p_fail < 0 ? o->log2_p_fail
                               : exact            ? -128.0
                                                  : -40.0,
                .exact_outputs = exact};

    NESCIO_TRY(try_all(c, &w));
    if (!c->found && exact) {
        w.exact_outputs = false;
        c->tried = false;
        NESCIO_TRY(try_all(c, &w));
    }
    if (!c->found)
        return say_infeasible(c, &w);
    return nescio_params_build(c->ctx, &c->best, o->range_rate, out);
}

static nescio_status analyse(chooser *c, const nescio_circuit *circuit)
{
    NESCIO_TRY(nescio_analysis_new(c->ctx, circuit, false, &c->a[0]));
    NESCIO_TRY(nescio_analysis_new(c->ctx, circuit, true, &c->a[1]));
    if (!c->a[1]->shares) {
        nescio_analysis_free(c->a[1]);
        c->a[1] = NULL;
    }
    return NESCIO_OK;
}

nescio_status nescio_params_plan(nescio_ctx *ctx, const nescio_circuit *circuit,
                                 const nescio_params_options *options, nescio_plan **out)
{
    const nescio_params_options defaults = {0};
    chooser c = {.ctx = ctx, .options = options ? options : &defaults};
    nescio_status st;

    *out = NULL;
    st = analyse(&c, circuit);
    if (st == NESCIO_OK)
        st = choose(&c, out);
    nescio_analysis_free(c.a[0]);
    nescio_analysis_free(c.a[1]);
    return st;
}
