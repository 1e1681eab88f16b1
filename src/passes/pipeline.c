/* SPDX-License-Identifier: Apache-2.0
 * The cleaning passes, in order, until nothing changes. */
#include "passes/passes_internal.h"

/* Every pass makes the graph smaller or brings a node into its final form, so a fixed point comes
 * soon: ten rounds have not been seen to be needed. The bound is for what nobody has seen. */
#define NESCIO_CLEAN_ROUNDS 32

static const struct {
    const char *name;
    nescio_pass_fn run;
} passes[] = {
    {"fold_constants", nescio_pass_fold_constants}, /* needs shapes */
    {"free_batch", nescio_pass_free_batch},         /* needs shapes; gives unknown batches */
    {"settle_targets", nescio_pass_settle_targets}, /* needs the batch to be free */
    {"drop_noops", nescio_pass_drop_noops},         /* needs shapes */
    {"merge_common", nescio_pass_merge_common},
    {"split_batchnorm", nescio_pass_split_batchnorm}, /* needs constants folded */
    {"merge_clips", nescio_pass_merge_clips},         /* needs constants folded */
    {"canonical_linear_models", nescio_pass_canonical_linear_models},
    {"canonical_trees", nescio_pass_canonical_trees},
    {"trees_from_gemm", nescio_pass_trees_from_gemm},   /* needs constants folded */
    {"trees_from_walks", nescio_pass_trees_from_walks}, /* needs constants folded */
    {"settle_labels", nescio_pass_settle_labels},       /* needs constants folded */
    {"canonical_gemm", nescio_pass_canonical_gemm},     /* needs constants folded */
    {"fold_pad", nescio_pass_fold_pad},                 /* needs constants folded */
    {"sink_transpose", nescio_pass_sink_transpose},     /* needs canonical layers */
    {"fold_affine", nescio_pass_fold_affine}, /* needs canonical layers, free of transposes */
    {"drop_dead", nescio_pass_drop_dead},
};

#define N_PASSES (sizeof passes / sizeof passes[0])

const char *nescio_pass_name(size_t i)
{
    return i < N_PASSES ? passes[i].name : NULL;
}

/* Folding, measured by the size of the model: copies of all weights in a few forms, and small
 * things beside. What a hostile model makes it do takes less than a second. */
#define FOLD_BYTES_FACTOR 4
#define FOLD_BYTES_BASE   ((size_t)16 << 20)
#define FOLD_WORK_FACTOR  64
#define FOLD_WORK_BASE    ((uint64_t)1 << 26)

static nescio_fold_room room_for(const nescio_graph *graph)
{
    size_t bytes = graph->source_bytes;

    for (size_t i = 0; graph->source_bytes == 0 && i < graph->n_values; i++) {
        const nescio_tensor *const t = graph->values[i]->constant;

        bytes += t ? nescio_tensor_count(t) * nescio_dtype_bytes(t->dtype) : 0;
    }
    return (nescio_fold_room){FOLD_BYTES_FACTOR * bytes + FOLD_BYTES_BASE,
                              FOLD_WORK_FACTOR * (uint64_t)bytes + FOLD_WORK_BASE};
}

static nescio_status run_pass(nescio_ctx *ctx, nescio_graph *graph, nescio_fold_room *room,
                              nescio_pass_fn pass, bool *changed)
{
    nescio_rewrite rw;
    nescio_status st;

    NESCIO_TRY(nescio_rewrite_init(&rw, ctx, graph));
    rw.fold_room = room;
    st = pass(&rw);
    *changed = rw.changed;
    nescio_rewrite_deinit(&rw);
    NESCIO_TRY(st);
    if (!*changed)
        return NESCIO_OK;
    NESCIO_TRY(nescio_graph_infer(ctx, graph));
#ifndef NDEBUG
    NESCIO_TRY(nescio_graph_verify(ctx, graph));
#endif
    return NESCIO_OK;
}

nescio_status nescio_passes_free_batch(nescio_ctx *ctx, nescio_graph *graph, bool *freed)
{
    nescio_fold_room room = room_for(graph);
    bool folded;

    NESCIO_TRY(nescio_graph_infer(ctx, graph));
    NESCIO_TRY(run_pass(ctx, graph, &room, nescio_pass_fold_constants, &folded)); /* targets */
    return run_pass(ctx, graph, &room, nescio_pass_free_batch, freed);
}

nescio_status nescio_passes_clean(nescio_ctx *ctx, nescio_graph *graph, nescio_pass_hook hook,
                                  void *user)
{
    nescio_fold_room room = room_for(graph);
    bool again = true;

    NESCIO_TRY(nescio_graph_infer(ctx, graph));
    for (int round = 0; again && round < NESCIO_CLEAN_ROUNDS; round++) {
        again = false;
        for (size_t i = 0; i < N_PASSES; i++) {
            bool changed = false;

            NESCIO_TRY(run_pass(ctx, graph, &room, passes[i].run, &changed));
            again |= changed;
            if (hook && (changed || round == 0))
                hook(passes[i].name, graph, user);
        }
    }
    return nescio_graph_verify(ctx, graph);
}
