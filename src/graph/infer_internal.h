/* SPDX-License-Identifier: Apache-2.0
 * Shape inference: what the rules (infer_*.c, one family of operators each) share.
 *
 * A rule reads dtype, shape and known elements of a node's inputs and states its outputs through
 * nescio_infer_output. What it cannot know it leaves unknown; what cannot be is an error naming the
 * node. */
#ifndef NESCIO_GRAPH_INFER_INTERNAL_H
#define NESCIO_GRAPH_INFER_INTERNAL_H
#include "graph/graph_internal.h"

/** Room for sums and products of sizes before they are checked. */
__extension__ typedef __int128 nescio_wide;

extern const nescio_shape nescio_shape_unknown; /**< rank unknown */
extern const nescio_shape nescio_shape_scalar;  /**< rank 0 */

/** NESCIO_E_FORMAT "Gemm 'name': " and the rest. */
nescio_status nescio_infer_fail(nescio_ctx *ctx, const nescio_node *node, const char *format, ...)
    NESCIO_PRINTF(3, 4);
/** Shape, dtype of input i; unknown, NONE when left out. */
const nescio_shape *nescio_infer_shape(const nescio_node *node, size_t i);
nescio_dtype nescio_infer_dtype(const nescio_node *node, size_t i);
/** States output i: merged with what is known of it (each unknown dim from the other). A left-out
 * output is skipped. */
NESCIO_MUST_CHECK nescio_status nescio_infer_output(nescio_ctx *ctx, const nescio_node *node,
                                                    size_t i, nescio_dtype dtype,
                                                    const nescio_shape *shape);
/** States output 0 with input 0's dtype and this rank, dims unknown; rank < 0: unknown, too. */
NESCIO_MUST_CHECK nescio_status nescio_infer_unknown(nescio_ctx *ctx, const nescio_node *node,
                                                     int rank);
/** How many elements the 1-d input i has, at most NESCIO_RANK_MAX; -1: unknown. */
int nescio_infer_length(const nescio_node *node, size_t i);
/** *axis in [-rank, rank) brought into [0, rank). */
NESCIO_MUST_CHECK nescio_status nescio_infer_axis(nescio_ctx *ctx, const nescio_node *node,
                                                  int rank, int64_t *axis);
/** Elements of integer or bool input i, as far as known. False: nothing known, not even how many.
 */
bool nescio_infer_content(const nescio_node *node, size_t i, nescio_content *out);
/** The same when every element is known; into ints[NESCIO_RANK_MAX]. */
bool nescio_infer_ints(const nescio_node *node, size_t i, int64_t *ints, int *count);
/** A shape of that rank with every dim unknown. */
nescio_shape nescio_shape_of_rank(int rank);
/** Sets dim d, known. */
void nescio_shape_set(nescio_shape *shape, int d, int64_t dim);
/** Copies dim d_from of `from` (size or symbol) to dim d of `shape`. */
void nescio_shape_take(nescio_shape *shape, int d, const nescio_shape *from, int d_from);
/** `shape` broadcast with `other`, into `shape`. False: they do not fit. */
bool nescio_shape_broadcast(nescio_shape *shape, const nescio_shape *other);
/** Each unknown dim of `shape` from `other`; false: contradiction. */
bool nescio_shape_merge(nescio_shape *shape, const nescio_shape *other);
/** What both say; unknown where they differ. */
void nescio_shape_relax(nescio_shape *shape, const nescio_shape *other);
/** Forgets inferred shapes, dtypes and contents of a body and of those in it; dtypes of inputs
 * stay. */
void nescio_infer_forget(nescio_graph *body);
/** nescio_graph_infer for a body. */
NESCIO_MUST_CHECK nescio_status nescio_infer_body(nescio_ctx *ctx, nescio_graph *body);

/* The rules, by family. */
NESCIO_MUST_CHECK nescio_status nescio_infer_unary(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_binary(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_reduce(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_norm(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_linear(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_window(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_sample(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_move(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_sized(nescio_ctx *ctx,
                                                   nescio_node *node); /* MOVE by a shape */
NESCIO_MUST_CHECK nescio_status nescio_infer_place(nescio_ctx *ctx,
                                                   nescio_node *node); /* MOVE by index */
NESCIO_MUST_CHECK nescio_status nescio_infer_quant(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_control(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_recurrent(nescio_ctx *ctx, nescio_node *node);
NESCIO_MUST_CHECK nescio_status nescio_infer_model(nescio_ctx *ctx, nescio_node *node);
/** Known elements of output 0 of small integer arithmetic; after the node's rule. */
NESCIO_MUST_CHECK nescio_status nescio_infer_data(nescio_ctx *ctx, nescio_node *node);

/** Sizes of a convolution or pooling window along the spatial dims. */
typedef struct nescio_window {
    int n_spatial;
    int64_t kernel[NESCIO_RANK_MAX], stride[NESCIO_RANK_MAX], dilation[NESCIO_RANK_MAX];
    int64_t pad_begin[NESCIO_RANK_MAX], pad_end[NESCIO_RANK_MAX];
    enum { NESCIO_PAD_GIVEN, NESCIO_PAD_SAME_UPPER, NESCIO_PAD_SAME_LOWER, NESCIO_PAD_VALID } mode;
    bool ceil; /**< the last window may be partial */
} nescio_window;
/** Reads and checks kernel_shape (or `kernel` when absent), strides, dilations, pads, auto_pad,
 * ceil_mode. */
NESCIO_MUST_CHECK nescio_status nescio_window_read(nescio_ctx *ctx, const nescio_node *node,
                                                   int n_spatial, const int64_t *kernel,
                                                   nescio_window *out);
/** Size of the output along spatial dim d for an input of `size`; unknown stays unknown. -1 with an
 * error set by the caller when the window does not fit. */
int64_t nescio_window_output(const nescio_window *w, int d, int64_t size);
#endif /* NESCIO_GRAPH_INFER_INTERNAL_H */
