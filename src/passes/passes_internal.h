/* SPDX-License-Identifier: Apache-2.0
 * What passes share: a rewrite that keeps count of uses while nodes come and go, and constants as
 * numbers.
 *
 * A pass changes the graph only through its nescio_rewrite, so that the number of uses is right at
 * every moment and "used once" can be asked for nothing. New values have no shape or dtype until
 * the pipeline has inferred them after the pass. */
#ifndef NESCIO_PASSES_PASSES_INTERNAL_H
#define NESCIO_PASSES_PASSES_INTERNAL_H
#include "passes/passes.h"

/** What folding may still use, over all passes of a cleaning. */
typedef struct nescio_fold_room {
    size_t bytes;  /**< of constants that it makes */
    uint64_t work; /**< nescio_ctx_set_work's units */
    size_t nodes;  /**< that unrolling makes */
} nescio_fold_room;

typedef struct nescio_rewrite {
    nescio_ctx *ctx;
    nescio_graph *graph;
    nescio_fold_room *fold_room; /**< borrowed; NULL: nothing is folded */
    uint32_t *uses;              /**< by value id; owned */
    size_t cap_uses;             /**< ids from here on have no use yet */
    bool changed;
} nescio_rewrite;

/** A pass: sets rw->changed when it changed something. */
typedef nescio_status (*nescio_pass_fn)(nescio_rewrite *rw);

/* --- rewrite.c ------------------------------------------------------------------------------ */

NESCIO_MUST_CHECK nescio_status nescio_rewrite_init(nescio_rewrite *rw, nescio_ctx *ctx,
                                                    nescio_graph *graph);
void nescio_rewrite_deinit(nescio_rewrite *rw);
/** Counts all uses anew, after nodes came or went behind the rewrite's back. */
NESCIO_MUST_CHECK nescio_status nescio_rewrite_recount(nescio_rewrite *rw);
/** NESCIO_E_NOMEM with a message. */
nescio_status nescio_rewrite_nomem(const nescio_rewrite *rw);
/** Uses by nodes, by bodies and as graph output; UINT32_MAX for a value of a graph around this one,
 * whose other users are not known here. */
uint32_t nescio_rewrite_uses(const nescio_rewrite *rw, const nescio_value *value);
/** The only user of a computed value, which takes it as its first input; NULL: several, a body, the
 * caller, or another input. */
nescio_node *nescio_rewrite_only_user(const nescio_rewrite *rw, const nescio_value *value);
/** Whether `value` is an output of the graph. */
bool nescio_rewrite_is_output(const nescio_rewrite *rw, const nescio_value *value);
/** Input i of the node becomes `value` (NULL: left out); the list grows when i is behind its end.
 */
NESCIO_MUST_CHECK nescio_status nescio_rewrite_input(nescio_rewrite *rw, nescio_node *node,
                                                     uint32_t i, nescio_value *value);
/** Every use of `from` becomes `to`. */
NESCIO_MUST_CHECK nescio_status nescio_rewrite_replace(nescio_rewrite *rw, nescio_value *from,
                                                       nescio_value *to);
/** Takes out a node whose outputs nobody uses any more. */
void nescio_rewrite_remove(nescio_rewrite *rw, nescio_node *node);
/** Output 0 of the node is just `same`: the node goes, unless both are values that the model's
 * border names; then it becomes an Identity. Names of graph outputs are kept. */
NESCIO_MUST_CHECK nescio_status nescio_rewrite_alias(nescio_rewrite *rw, nescio_node *node,
                                                     nescio_value *same);
/** New node before `before` with these inputs and one new output. NULL: no memory. */
nescio_node *nescio_rewrite_node(nescio_rewrite *rw, nescio_node *before, nescio_op op,
                                 const char *name, uint32_t n_inputs, nescio_value *const *inputs);
/** New node in the place of `old`, with its name; takes over output 0, the only one in use, and
 * removes `old`. NULL: no memory. */
nescio_node *nescio_rewrite_swap(nescio_rewrite *rw, nescio_node *old, nescio_op op,
                                 uint32_t n_inputs, nescio_value *const *inputs);

/* --- constants.c ---------------------------------------------------------------------------- */

/** Constant of float32 or float64 elements from doubles. NULL: no memory. */
nescio_value *nescio_rewrite_reals(nescio_rewrite *rw, const char *name, nescio_dtype dtype,
                                   int rank, const int64_t *dims, const double *elements);
/** int64 vector. NULL: no memory. */
nescio_value *nescio_rewrite_ints(nescio_rewrite *rw, const char *name, int64_t n,
                                  const int64_t *elements);
/** Elements of a numeric constant as float64, contiguous; owned by the caller. */
NESCIO_MUST_CHECK nescio_status nescio_constant_reals(nescio_ctx *ctx, const nescio_value *value,
                                                      nescio_tensor *out);
/** The only element of a numeric constant, of any rank. False: no such constant. */
bool nescio_constant_scalar(const nescio_value *value, double *out);
/** Elements of an integer constant of rank 0 or 1, at most NESCIO_RANK_MAX. False: none such. */
bool nescio_constant_ints(const nescio_value *value, int64_t *out, int *n);
/** Whether a numeric constant is `count` numbers along `axis` of a tensor of rank `rank` and does
 * not vary otherwise; then out[count] are they (one element: repeated). count >= 1. */
bool nescio_constant_along(const nescio_value *value, int rank, int axis, int64_t count,
                           double *out);

/* --- shapes.c ------------------------------------------------------------------------------- */

/** Both known and surely equal: sizes, or names of unknown sizes. */
bool nescio_dim_same(const nescio_shape *a, int i, const nescio_shape *b, int j);
bool nescio_shape_same(const nescio_shape *a, const nescio_shape *b);
/** Same shape, for two tensors that are known to have as many elements: one dim may be unknown. */
bool nescio_shape_same_count(const nescio_shape *a, const nescio_shape *b);
/** Elements of one row (the dims behind axis 0); -1: unknown. */
int64_t nescio_shape_row_count(const nescio_shape *shape);

/* --- weights.c ------------------------------------------------------------------------------ */

/** A constant, or a constant seen through Quant, QuantizeLinear, Clip, DequantizeLinear: weights
 * that were trained quantized keep these nodes as annotations. */
bool nescio_weight_is_constant(const nescio_value *value);
/** The matrix transposed, annotations too; new nodes before `before`. *out is NULL when some
 * annotation does not allow it. */
NESCIO_MUST_CHECK nescio_status nescio_weight_transpose(nescio_rewrite *rw, nescio_node *before,
                                                        nescio_value *value, nescio_value **out);

/* --- the passes, one file each; needs and breaks are said there --------------------------------
 */

NESCIO_MUST_CHECK nescio_status nescio_pass_fold_constants(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_decompose(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_unroll(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_free_batch(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_settle_targets(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_merge_common(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_merge_clips(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_canonical_linear_models(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_canonical_trees(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_trees_from_gemm(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_trees_from_walks(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_settle_labels(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_fold_pad(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_sink_transpose(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_drop_noops(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_canonical_gemm(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_split_batchnorm(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_fold_affine(nescio_rewrite *rw);
NESCIO_MUST_CHECK nescio_status nescio_pass_drop_dead(nescio_rewrite *rw);
#endif /* NESCIO_PASSES_PASSES_INTERNAL_H */
