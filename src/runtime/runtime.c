/* SPDX-License-Identifier: Apache-2.0
 * The runtime's life: memory for the pool of ciphertexts, and the table numbers of a batch's
 * elements.
 *
 * A slot of `count` ciphertexts from `first` takes [first R, (first + count) R) in a pool for R
 * rows, row after row: slots that are apart for one row are apart for R, and all rows of a slot are
 * one contiguous batch. */
#include "runtime/runtime_internal.h"

#include <stdlib.h>
#include <string.h>

static size_t pool_bytes(const nescio_plan *plan, size_t max_rows)
{
    const size_t one = nescio_lwe_batch_bytes(&plan->params, 1);
    size_t count, bytes;

    if (!nescio_size_mul(&count, (size_t)plan->pool_ciphertexts, max_rows) ||
        !nescio_size_mul(&bytes, count, one))
        return SIZE_MAX;
    return nescio_lwe_batch_bytes(&plan->params, count);
}

/** Table numbers: one copy a row of each step that has several tables. */
static size_t which_bytes(const nescio_plan *plan, size_t max_rows)
{
    size_t words = 0, bytes;

    for (uint32_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].kind == NESCIO_STEP_TABLE && plan->steps[i].table.which)
            words += plan->steps[i].count;
    if (!nescio_size_mul(&bytes, words * sizeof(uint32_t), max_rows))
        return SIZE_MAX;
    return bytes;
}

size_t nescio_runtime_bytes(const nescio_plan *plan, size_t max_rows)
{
    size_t bytes;

    if (!nescio_size_add(&bytes, pool_bytes(plan, max_rows), which_bytes(plan, max_rows)) ||
        !nescio_size_add(&bytes, bytes, plan->n_steps * sizeof(uint32_t *)))
        return SIZE_MAX;
    return bytes;
}

size_t nescio_runtime_rows_for(const nescio_plan *plan, size_t bytes, size_t rows)
{
    const size_t one = nescio_runtime_bytes(plan, 1);
    const size_t fit = bytes / (one ? one : 1);

    return fit < 1 ? 1 : fit < rows ? fit : rows ? rows : 1;
}

size_t nescio_runtime_packed_count(const nescio_plan *plan)
{
    size_t n = 0;

    for (uint32_t i = 0; i < plan->n_inputs; i++)
        n += plan->inputs[i].n_packed;
    return n;
}

static nescio_status make_which(nescio_ctx *ctx, nescio_runtime *rt)
{
    const nescio_plan *plan = rt->plan;
    uint32_t *at;

    rt->which_bytes = which_bytes(plan, rt->max_rows);
    rt->which_words = malloc(rt->which_bytes ? rt->which_bytes : 1);
    rt->which = calloc(plan->n_steps ? plan->n_steps : 1, sizeof *rt->which);
    if (!rt->which_words || !rt->which)
        return nescio_fail_nomem(ctx, rt->which_bytes);
    at = rt->which_words;
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const nescio_step *step = &plan->steps[i];

        if (step->kind != NESCIO_STEP_TABLE || !step->table.which)
            continue;
        rt->which[i] = at;
        for (size_t row = 0; row < rt->max_rows; row++, at += step->count)
            memcpy(at, step->table.which, step->count * sizeof *at);
    }
    return NESCIO_OK;
}

/** Where each output's answers start in a row, and how many bootstrappings a row has. */
static void lay_out(nescio_runtime *rt)
{
    const nescio_plan *plan = rt->plan;

    rt->packed_count = nescio_runtime_packed_count(plan);
    rt->answer_bytes = nescio_plan_download_bytes(plan);
    rt->n_pbs = nescio_plan_n_pbs(plan);
}

static nescio_status fill(nescio_ctx *ctx, nescio_runtime *rt)
{
    rt->pool_bytes = pool_bytes(rt->plan, rt->max_rows);
    if (nescio_runtime_bytes(rt->plan, rt->max_rows) == SIZE_MAX)
        return nescio_fail_nomem(ctx, SIZE_MAX);
    rt->pool_words = nescio_block_alloc(rt->pool_bytes ? rt->pool_bytes : 1);
    if (!rt->pool_words)
        return nescio_fail_nomem(ctx, rt->pool_bytes);
    rt->pool = nescio_lwe_batch_over(&rt->plan->params, rt->pool_words,
                                     (size_t)rt->plan->pool_ciphertexts * rt->max_rows);
    lay_out(rt);
    return make_which(ctx, rt);
}

nescio_status nescio_runtime_new(nescio_ctx *ctx, const nescio_plan *plan, nescio_engine *engine,
                                 size_t max_rows, nescio_runtime **out)
{
    nescio_runtime *rt;
    nescio_status st;

    *out = NULL;
    if (!plan->bound || max_rows == 0)
        return nescio_fail(ctx, NESCIO_E_ARG, "runtime: the plan is not bound, or no rows (%zu)",
                           max_rows);
    if (!nescio_tfhe_params_equal(&plan->params, nescio_engine_params(engine)))
        return nescio_fail(
            ctx, NESCIO_E_MISMATCH,
            "runtime: the evaluation key has other parameters than the plan (set '%s')",
            plan->set_name);
    rt = calloc(1, sizeof *rt);
    if (!rt)
        return nescio_fail_nomem(ctx, sizeof *rt);
    rt->plan = plan;
    rt->engine = engine;
    rt->max_rows = max_rows;
    st = fill(ctx, rt);
    if (st != NESCIO_OK) {
        nescio_runtime_free(rt);
        return st;
    }
    *out = rt;
    return NESCIO_OK;
}

void nescio_runtime_free(nescio_runtime *rt)
{
    if (!rt)
        return;
    nescio_block_free(rt->pool_words, rt->pool_bytes ? rt->pool_bytes : 1);
    free(rt->which_words);
    free(rt->which);
    free(rt);
}
