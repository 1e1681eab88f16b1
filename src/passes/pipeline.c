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

static nescio_status run_pass(nescio_ctx *ctx, nescio_graph *graph, size_t i, bool *changed)
{
    nescio_rewrite rw;
    nescio_status st;

    NESCIO_TRY(nescio_rewrite_init(&rw, ctx, graph));
    st = passes[i].run(&rw);
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

nescio_status nescio_passes_clean(nescio_ctx *ctx, nescio_graph *graph, nescio_pass_hook hook,
                                  void *user)
{
    bool again = true;

    NESCIO_TRY(nescio_graph_infer(ctx, graph));
    for (int round = 0; again && round < NESCIO_CLEAN_ROUNDS; round++) {
        again = false;
        for (size_t i = 0; i < N_PASSES; i++) {
            bool changed = false;

            NESCIO_TRY(run_pass(ctx, graph, i, &changed));
            again |= changed;
            if (hook && (changed || round == 0))
                hook(passes[i].name, graph, user);
        }
    }
    return nescio_graph_verify(ctx, graph);
}
