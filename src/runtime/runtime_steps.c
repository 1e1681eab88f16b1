/* SPDX-License-Identifier: Apache-2.0
 * The steps of a plan on a batch of rows. Nothing here allocates. */
#include "runtime/runtime_internal.h"

#include <string.h>

#define PBS_BETWEEN_REPORTS 256 /* a worker */

/** One run of at most max_rows rows. */
typedef struct run {
    nescio_ctx *ctx;
    nescio_runtime *rt;
    struct nescio_pool *pool;
    const nescio_packed_input *inputs; /* of the first row of this run */
    uint8_t *answers;
    size_t n_rows;
    uint64_t done, total; /* bootstrappings of the whole call */
} run;

static nescio_lwe_batch part(const run *r, size_t first, size_t count)
{
    nescio_lwe_batch b = r->rt->pool;
    const size_t word = b.torus_log / 8;

    b.words = (unsigned char *)b.words + first * b.stride * word;
    b.count = count;
    return b;
}

/** Ciphertexts of a slot: of one row, of all rows of this run. */
static nescio_lwe_batch row_of(const run *r, uint32_t slot, size_t row)
{
    const nescio_plan_slot *s = &r->rt->plan->slots[slot];

    return part(r, s->first * r->rt->max_rows + row * s->count, s->count);
}

static nescio_lwe_batch rows_of(const run *r, uint32_t slot)
{
    const nescio_plan_slot *s = &r->rt->plan->slots[slot];

    return part(r, s->first * r->rt->max_rows, s->count * r->n_rows);
}

/** The packed pieces of input i_input of a row. */
static const nescio_packed_input *packed_of(const run *r, uint32_t i_input, size_t row)
{
    const nescio_packed_input *p = r->inputs + row * r->rt->packed_count;

    for (uint32_t i = 0; i < i_input; i++)
        p += r->rt->plan->inputs[i].n_packed;
    return p;
}

static nescio_status input_linear(const run *r, const nescio_step *step, size_t row)
{
    const nescio_lwe_batch out = row_of(r, step->target, row);
    uint32_t i_matrix = 0;

    for (uint32_t t = 0; t < step->n_sources; t++) {
        const nescio_packed_input *packed = packed_of(r, step->sources[t], row);
        const uint32_t n_packed = r->rt->plan->inputs[step->sources[t]].n_packed;

        for (uint32_t p = 0; p < n_packed; p++, i_matrix++)
            NESCIO_TRY(nescio_engine_input_linear(
                r->rt->engine, r->pool, &out, &step->matrix[i_matrix], &packed[p], i_matrix > 0));
    }
    if (step->bias)
        nescio_lwe_add_phase(&out, step->bias);
    return NESCIO_OK;
}

static void input_extract(const run *r, const nescio_step *step, size_t row)
{
    const nescio_packed_input *packed = packed_of(r, step->sources[0], row);
    const nescio_lwe_batch out = row_of(r, step->target, row);
    const size_t bytes = out.stride * out.torus_log / 8;
    nescio_lwe_batch piece = out;

    for (size_t at = 0; at < out.count; at += packed->n, packed++) {
        piece.words = (unsigned char *)out.words + at * bytes;
        piece.count = packed->n;
        nescio_engine_input_extract(r->rt->engine, &piece, packed);
    }
}

static void linear(const run *r, const nescio_step *step, size_t row)
{
    const nescio_lwe_batch out = row_of(r, step->target, row);

    if (step->n_sources == 0)
        nescio_lwe_clear(&out);
    for (uint32_t t = 0; t < step->n_sources; t++) {
        const nescio_lwe_batch in = row_of(r, step->sources[t], row);

        nescio_lwe_linear(r->pool, &out, &step->matrix[t], &in, t > 0);
    }
    if (step->bias)
        nescio_lwe_add_phase(&out, step->bias);
}

static void gather(const run *r, const nescio_step *step, size_t row)
{
    const nescio_plan *plan = r->rt->plan;
    const nescio_lwe_batch out = row_of(r, step->target, row);
    const size_t bytes = out.stride * out.torus_log / 8;

    for (uint32_t i = 0; i < step->count; i++) {
        unsigned char *to = (unsigned char *)out.words + i * bytes;
        int64_t at = step->gather[i];
        uint32_t t = 0;
        nescio_lwe_batch in;

        if (at < 0) {
            memset(to, 0, bytes);
            continue;
        }
        while (at >= plan->slots[step->sources[t]].count)
            at -= plan->slots[step->sources[t++]].count;
        in = row_of(r, step->sources[t], row);
        memcpy(to, (const unsigned char *)in.words + (size_t)at * bytes, bytes);
    }
}

/** Table t of the rotation of step i_step, for `n` ciphertexts from `first` on. */
static nescio_table_batch table_batch(const run *r, uint32_t i_step, size_t first, size_t n)
{
    const nescio_plan_table *table = &r->rt->plan->steps[i_step].table;
    const uint32_t *which = r->rt->which[i_step];

    return (nescio_table_batch){.count = n,
                                .phase_offset = table->phase_offset,
                                .polys = table->polys,
                                .post_add = table->post_add,
                                .which = which ? which + first : NULL,
                                .n_polys = table->n_polys};
}

static nescio_lwe_batch piece(const nescio_lwe_batch *all, size_t first, size_t n)
{
    nescio_lwe_batch part = *all;

    part.words = (unsigned char *)all->words + first * all->stride * (all->torus_log / 8);
    part.count = n;
    return part;
}

/** All rows in one batch, so that they share the passes over the key; cut only so often that
 * progress and cancellation are seen within about a second. */
static nescio_status tables(run *r, uint32_t i_step)
{
    const nescio_step *step = &r->rt->plan->steps[i_step];
    const uint32_t n_tables = step->table.n_shared; /* 0: done with the step before */
    const nescio_lwe_batch in = rows_of(r, step->sources[0]);
    const size_t chunk = PBS_BETWEEN_REPORTS * (nescio_pool_workers(r->pool));

    for (size_t first = 0; n_tables > 0 && first < in.count; first += chunk) {
        const size_t n = in.count - first < chunk ? in.count - first : chunk;
        const nescio_lwe_batch from = piece(&in, first, n);
        nescio_lwe_batch to[NESCIO_SHARED_TABLES_MAX];
        nescio_table_batch batch[NESCIO_SHARED_TABLES_MAX];

        NESCIO_TRY(nescio_progress(r->ctx, "evaluate", r->done, r->total));
        for (uint32_t t = 0; t < n_tables; t++) {
            const nescio_lwe_batch out = rows_of(r, step[t].target);

            to[t] = piece(&out, first, n);
            batch[t] = table_batch(r, i_step + t, first, n);
        }
        nescio_engine_tables(r->rt->engine, r->pool, to, &from, batch, n_tables, NULL);
        r->done += n;
    }
    return NESCIO_OK;
}

static void answer(const run *r, const nescio_step *step, size_t row)
{
    const nescio_plan *plan = r->rt->plan;
    const nescio_plan_output *o = &plan->outputs[step->target];
    const nescio_lwe_batch in = row_of(r, step->sources[0], row);
    const size_t at_once = plan->params.out_poly_size;
    uint8_t *to = r->answers + row * r->rt->answer_bytes;

    for (uint32_t i = 0; i < step->target; i++)
        to += nescio_plan_answer_bytes(plan, &plan->outputs[i]);
    for (size_t first = 0; first < in.count; first += at_once) {
        const size_t left = in.count - first;
        const nescio_lwe_batch part = piece(&in, first, left < at_once ? left : at_once);

        nescio_engine_answer(r->rt->engine, r->pool, to, &part, o->answer_log);
        to += nescio_answer_bytes(&plan->params, part.count, o->answer_log);
    }
}

static nescio_status run_step(run *r, uint32_t i_step)
{
    const nescio_step *step = &r->rt->plan->steps[i_step];

    if (step->kind == NESCIO_STEP_TABLE)
        return tables(r, i_step);
    NESCIO_TRY(nescio_progress(r->ctx, "evaluate", r->done, r->total));
    for (size_t row = 0; row < r->n_rows; row++)
        switch (step->kind) {
        case NESCIO_STEP_INPUT_LINEAR: NESCIO_TRY(input_linear(r, step, row)); break;
        case NESCIO_STEP_INPUT_EXTRACT: input_extract(r, step, row); break;
        case NESCIO_STEP_LINEAR: linear(r, step, row); break;
        case NESCIO_STEP_GATHER: gather(r, step, row); break;
        case NESCIO_STEP_ANSWER: answer(r, step, row); break;
        case NESCIO_STEP_TABLE: break;
        }
    return NESCIO_OK;
}

static nescio_status check_inputs(nescio_ctx *ctx, const nescio_runtime *rt,
                                  const nescio_packed_input *inputs, size_t n_rows)
{
    const uint32_t poly_size = rt->plan->params.poly_size;

    for (size_t row = 0; row < n_rows; row++)
        for (uint32_t i = 0; i < rt->plan->n_inputs; i++) {
            const nescio_plan_input *in = &rt->plan->inputs[i];

            for (uint32_t p = 0; p < in->n_packed; p++, inputs++) {
                const uint32_t left = in->count - p * poly_size;

                if (inputs->n != (left < poly_size ? left : poly_size))
                    return nescio_fail(ctx, NESCIO_E_MISMATCH,
                                       "row %zu, input '%s': piece %u has %u elements, the plan "
                                       "asks for %u",
                                       row, in->name, p, inputs->n,
                                       left < poly_size ? left : poly_size);
            }
        }
    return NESCIO_OK;
}

nescio_status nescio_runtime_run(nescio_ctx *ctx, nescio_runtime *rt,
                                 const nescio_packed_input *inputs, size_t n_rows, uint8_t *answers)
{
    run r = {.ctx = ctx, .rt = rt, .pool = nescio_ctx_pool(ctx), .total = rt->n_pbs * n_rows};

    NESCIO_TRY(check_inputs(ctx, rt, inputs, n_rows));
    if (nescio_pool_workers(r.pool) > nescio_engine_workers(rt->engine))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "runtime: %u threads, but the evaluation key was expanded for %u",
                           nescio_pool_workers(r.pool), nescio_engine_workers(rt->engine));
    for (size_t first = 0; first < n_rows; first += rt->max_rows) {
        const size_t left = n_rows - first;

        r.inputs = inputs + first * rt->packed_count;
        r.answers = answers + first * rt->answer_bytes;
        r.n_rows = left < rt->max_rows ? left : rt->max_rows;
        for (uint32_t i = 0; i < rt->plan->n_steps; i++)
            NESCIO_TRY(run_step(&r, i));
    }
    return nescio_progress(ctx, "evaluate", r.total, r.total);
}
