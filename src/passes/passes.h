/* SPDX-License-Identifier: Apache-2.0
 * Passes: float graph to float graph.
 *
 * In: a verified graph from a reader. Out: the same function with less in it: shapes inferred,
 * constants folded, noise removed, operators fused into few canonical ones; and that graph cut in
 * three: a head and a tail that the client runs in the clear, and a body that the server computes
 * encrypted. One pass a file; the order is the table in pipeline.c, nothing calls a pass from
 * inside another. nescio_graph_verify runs after each in debug builds. Must not know: integers,
 * encryption, files.
 */
#ifndef NESCIO_PASSES_PASSES_H
#define NESCIO_PASSES_PASSES_H
#include "graph/graph.h"

/** Told of the graph after pass `name` has run. */
typedef void (*nescio_pass_hook)(const char *name, const nescio_graph *graph, void *user);

/** Runs all cleaning passes in order until nothing changes. `hook` may be NULL. */
NESCIO_MUST_CHECK nescio_status nescio_passes_clean(nescio_ctx *ctx, nescio_graph *graph,
                                                    nescio_pass_hook hook, void *user);
/** Only the pass that makes a batch of one, baked in by an exporter that was shown one row, any
 * number of rows. *freed: the graph is another one now; for one row it computes the same. */
NESCIO_MUST_CHECK nescio_status nescio_passes_free_batch(nescio_ctx *ctx, nescio_graph *graph,
                                                         bool *freed);
/** For the body of a split graph: LayerNormalization, InstanceNormalization, GroupNormalization and
 * reductions with functions in them become the sums and functions that they are made of. Cleans
 * what that makes. */
NESCIO_MUST_CHECK nescio_status nescio_passes_decompose(nescio_ctx *ctx, nescio_graph *graph);
/** Whether nescio_passes_decompose takes this operator apart, in its usual form. */
bool nescio_passes_take_apart(nescio_op op);
/** Names of the passes in order; NULL beyond the last. */
const char *nescio_pass_name(size_t i);

/** Writes the forests of a clean graph (TreeEnsembleRegressor in the form that cleaning gives) as
 * matrix products, Hummingbird's GEMM form. Features must then be finite: a missing value has no
 * side to go to. Cleaning afterwards turns them back. NESCIO_E_UNSUPPORTED: MIN or MAX of trees,
 * or trees too big. */
NESCIO_MUST_CHECK nescio_status nescio_passes_trees_to_tensors(nescio_ctx *ctx,
                                                               nescio_graph *graph);

/** Where a node runs. */
typedef enum nescio_part {
    NESCIO_PART_HEAD, /**< needs only the model's inputs and other nodes of the head */
    NESCIO_PART_BODY,
    NESCIO_PART_TAIL, /**< needs only values of the body, constants and other nodes of the tail */
} nescio_part;

/** parts[i] of the i-th node of the list. NESCIO_E_UNSUPPORTED: nothing is left for the body. */
NESCIO_MUST_CHECK nescio_status nescio_split_choose(nescio_ctx *ctx, const nescio_graph *graph,
                                                    nescio_part *parts);

/** Whether an ordinary node of the operator may stand in head or tail: for lists of operators. */
bool nescio_split_takes(nescio_op op);

/** A graph cut in three, each with its own arena. Outputs of head are inputs of body (same order,
 * same names); outputs of body are inputs of tail. head's inputs and tail's outputs are those of
 * the model. Values that the tail needs from the head do not occur: such operators stay in the
 * body. */
typedef struct nescio_graph_split {
    nescio_graph *head, *body, *tail;
} nescio_graph_split;

/** Cuts a clean graph: scalers, encoders and casts in front go to the head; Softmax, Sigmoid,
 * ArgMax, labels behind go to the tail. Without such operators head or tail passes its inputs
 * through. Every input of `graph` needs rows on axis 0. */
NESCIO_MUST_CHECK nescio_status nescio_passes_split(nescio_ctx *ctx, const nescio_graph *graph,
                                                    nescio_graph_split *out);
void nescio_graph_split_free(nescio_graph_split *split);
#endif /* NESCIO_PASSES_PASSES_H */
