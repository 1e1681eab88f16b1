/* SPDX-License-Identifier: Apache-2.0
 * The lowering as a list: passes in order, again until nothing changes. */
#include <assert.h>

#include "lower/lower_internal.h"

static const struct {
    const char *name;
    nescio_lower_gate_fn fn;
} passes[] = {
    {"trees", nescio_lower_trees},
    {"select", nescio_lower_select},       /* makes products */
    {"constants", nescio_lower_constants}, /* before products: by a constant they are linear */
    {"multiply", nescio_lower_multiply},
    {"max", nescio_lower_max},
    {"compare", nescio_lower_compare},
    {"gathers", nescio_lower_gathers},
    {"merge_linear", nescio_lower_merge_linear},
    {"merge_tables",
     nescio_lower_merge_tables}, /* before what is wide is refused: it may be merged away */
};

/* Runs once, when nothing else changes any more. */
static const char *const last_pass = "wide_tables";

/* Every changing round removes a gate or an input of one, or the lowering of one gate; far above
 * what circuits need. */
#define ROUNDS_MAX 1000

nescio_lower_options nescio_lower_options_default(void)
{
    return (nescio_lower_options){.exact_bits_max = 8};
}

const char *nescio_lower_pass_name(size_t i)
{
    const size_t n = sizeof passes / sizeof *passes;

    return i < n ? passes[i].name : i == n ? last_pass : NULL;
}

static nescio_status run_pass(nescio_lowering *l, const char *name, nescio_lower_gate_fn fn)
{
    NESCIO_TRY(nescio_lower_rewrite(l, fn));
    NESCIO_TRY(nescio_circuit_ranges(l->ctx, l->circuit));
#ifndef NDEBUG
    NESCIO_TRY(nescio_circuit_verify(l->ctx, l->circuit));
#endif
    if (l->options->hook)
        l->options->hook(name, l->circuit, l->options->user);
    return NESCIO_OK;
}

static nescio_status run_rounds(nescio_lowering *l)
{
    l->changed = true;
    for (int round = 0; l->changed && round < ROUNDS_MAX; round++) {
        l->changed = false;
        for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
            NESCIO_TRY(run_pass(l, passes[i].name, passes[i].fn));
    }
    NESCIO_TRY(run_pass(l, last_pass, nescio_lower_wide_tables));
    return nescio_circuit_verify(l->ctx, l->circuit);
}

nescio_status nescio_lower(nescio_ctx *ctx, const nescio_circuit *in,
                           const nescio_lower_options *options, nescio_circuit **out)
{
    nescio_lowering l = {.ctx = ctx, .options = options};
    nescio_status st;

    *out = NULL;
    if (options->exact_bits_max < 1 || options->exact_bits_max > 16)
        return nescio_fail(ctx, NESCIO_E_ARG, "exact tables of %d bits; 1 to 16 are accepted",
                           options->exact_bits_max);
    NESCIO_TRY(nescio_circuit_copy(ctx, in, &l.circuit));
    st = run_rounds(&l);
    if (st != NESCIO_OK) {
        nescio_circuit_free(l.circuit);
        return st;
    }
    *out = l.circuit;
    return NESCIO_OK;
}
