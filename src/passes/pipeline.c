/* SPDX-License-Identifier: Apache-2.0
 * The cleaning passes, in order, until nothing changes. */
#include "passes/passes_internal.h"

/* Every pass makes the graph smaller or brings a node into its final form (unrolling has its room),
 * so a fixed point comes soon: of the files of tests/exporters and of ONNX's node tests none takes
 * more than three rounds, the one in which nothing changes included. The bound is for other files.
 */
#define NESCIO_CLEAN_ROUNDS 32

typedef struct pass {
    const char *name;
    nescio_pass_fn run;
    bool in_bodies; /* of If, Loop and Scan too; not what asks for rows, heads, tails or whole
                       models */
} pass;

static const pass passes[] = {
    {"fold_constants", nescio_pass_fold_constants, true}, /* needs shapes */
    {"free_batch", nescio_pass_free_batch, false},        /* needs shapes; gives unknown batches */
    {"unroll", nescio_pass_unroll, true}, /* needs constants folded and the batch to be free */
    {"settle_targets", nescio_pass_settle_targets, true}, /* needs the batch to be free */
    {"drop_noops", nescio_pass_drop_noops, true},         /* needs shapes */
    {"merge_common", nescio_pass_merge_common, true},
    {"split_batchnorm", nescio_pass_split_batchnorm, true}, /* needs constants folded */
    {"merge_clips", nescio_pass_merge_clips, true},         /* needs constants folded */
    {"canonical_linear_models", nescio_pass_canonical_linear_models, false},
    {"canonical_trees", nescio_pass_canonical_trees, false},
    {"trees_from_gemm", nescio_pass_trees_from_gemm, false},   /* needs constants folded */
    {"trees_from_walks", nescio_pass_trees_from_walks, false}, /* needs constants folded */
    {"settle_labels", nescio_pass_settle_labels, false},       /* needs constants folded */
    {"canonical_gemm", nescio_pass_canonical_gemm, true},      /* needs constants folded */
    {"fold_pad", nescio_pass_fold_pad, true},                  /* needs constants folded */
    {"sink_transpose", nescio_pass_sink_transpose, false},     /* needs canonical layers */
    {"fold_affine", nescio_pass_fold_affine, true}, /* needs canonical layers, free of transposes */
    {"drop_dead", nescio_pass_drop_dead, true},
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

/* Beyond this a loop is better run as a loop. */
#define UNROLLED_NODES_MAX 10000

static nescio_fold_room room_for(const nescio_graph *graph)
{
    size_t bytes = graph->source_bytes;

    for (size_t i = 0; graph->source_bytes == 0 && i < graph->n_values; i++) {
        const nescio_tensor *const t = graph->values[i]->constant;

        bytes += t ? nescio_tensor_count(t) * nescio_dtype_bytes(t->dtype) : 0;
    }
    return (nescio_fold_room){FOLD_BYTES_FACTOR * bytes + FOLD_BYTES_BASE,
                              FOLD_WORK_FACTOR * (uint64_t)bytes + FOLD_WORK_BASE,
                              UNROLLED_NODES_MAX};
}

/* The graph, then the bodies in it. */
static nescio_status run_on(nescio_ctx *ctx, nescio_graph *graph, nescio_fold_room *room,
                            const pass *p, bool *changed)
{
    nescio_rewrite rw;
    nescio_status st;

    NESCIO_TRY(nescio_rewrite_init(&rw, ctx, graph));
    rw.fold_room = room;
    st = p->run(&rw);
    *changed |= rw.changed;
    nescio_rewrite_deinit(&rw);
    NESCIO_TRY(st);
    for (const nescio_node *node = graph->first; node && p->in_bodies; node = node->next) {
        for (uint32_t i = 0; i < node->n_attrs; i++)
            if (node->attrs[i].kind == NESCIO_ATTR_GRAPH)
                NESCIO_TRY(run_on(ctx, node->attrs[i].g, room, p, changed));
    }
    return NESCIO_OK;
}

static nescio_status run_pass(nescio_ctx *ctx, nescio_graph *graph, nescio_fold_room *room,
                              const pass *p, bool *changed)
{
    *changed = false;
    NESCIO_TRY(run_on(ctx, graph, room, p, changed));
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
    NESCIO_TRY(run_pass(ctx, graph, &room, &passes[0], &folded)); /* targets */
    return run_pass(ctx, graph, &room, &passes[1], freed);
}

nescio_status nescio_passes_decompose(nescio_ctx *ctx, nescio_graph *graph)
{
    static const pass decompose = {"decompose", nescio_pass_decompose, false};
    nescio_fold_room room = room_for(graph);
    bool changed, cleaned;

    NESCIO_TRY(nescio_graph_infer(ctx, graph));
    NESCIO_TRY(run_pass(ctx, graph, &room, &decompose, &changed));
    for (size_t i = 0; changed && i < N_PASSES; i++)
        if (passes[i].in_bodies)
            NESCIO_TRY(run_pass(ctx, graph, &room, &passes[i], &cleaned));
    return nescio_graph_verify(ctx, graph);
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

            NESCIO_TRY(run_pass(ctx, graph, &room, &passes[i], &changed));
            again |= changed;
            if (hook && (changed || round == 0))
                hook(passes[i].name, graph, user);
        }
    }
    return nescio_graph_verify(ctx, graph);
}
