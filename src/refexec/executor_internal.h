/* SPDX-License-Identifier: Apache-2.0
 * The prepared graph and a run's values: between executor.c, prepare.c and call.c. */
#ifndef NESCIO_REFEXEC_EXECUTOR_INTERNAL_H
#define NESCIO_REFEXEC_EXECUTOR_INTERNAL_H
#include "refexec/refexec_internal.h"

/** One node, ready to run. */
typedef struct nescio_refexec_step {
    const nescio_node *node;
    nescio_refexec_run_fn run;
    nescio_refexec **bodies; /**< owns: one a GRAPH attribute */
    uint32_t n_bodies;
    const uint32_t *dying; /**< ids of values of this graph that no later step uses */
    uint32_t n_dying;
} nescio_refexec_step;

struct nescio_refexec {
    const nescio_graph *graph;
    nescio_arena *arena; /**< owns steps and lists */
    nescio_refexec_step *steps;
    uint32_t n_steps;
    uint32_t *last_use; /**< by value id: index of the step; NESCIO_STEP_NEVER for outputs */
    const nescio_tensor
        *fixed; /**< by value id: constants that had to be copied to be aligned and contiguous */
};

#define NESCIO_STEP_NEVER UINT32_MAX

/** Values of one run of one graph; the enclosing graph's run is `parent`. */
typedef struct nescio_refexec_frame {
    const nescio_refexec *exec;
    const struct nescio_refexec_frame *parent;
    nescio_tensor *slots; /**< by value id; dtype NONE: not computed yet, or gone */
} nescio_refexec_frame;

/** Fills step->run, from `table`, and step->bodies. Appends to `missing` a line for each node that
 * cannot be run.
 */
NESCIO_MUST_CHECK nescio_status nescio_step_prepare(nescio_ctx *ctx, nescio_arena *arena,
                                                    const nescio_refexec_run_fn *table,
                                                    const nescio_node *node, nescio_buffer *missing,
                                                    nescio_refexec_step *step);
/** Frees the bodies. */
void nescio_step_drop(nescio_refexec_step *step);
/** Runs one step: call->inputs and dying are filled; outputs come back owned. */
NESCIO_MUST_CHECK nescio_status nescio_step_run(const nescio_refexec_step *step,
                                                nescio_refexec_call *call);
/** Runs the prepared graph on inputs of the right dtype: outputs owned. */
NESCIO_MUST_CHECK nescio_status nescio_frame_run(nescio_ctx *ctx, const nescio_refexec *exec,
                                                 const nescio_refexec_frame *parent,
                                                 const nescio_tensor *inputs,
                                                 nescio_tensor *outputs,
                                                 nescio_refexec_observe_fn observe, void *user);
/** Deep, contiguous copy; strings with their text in the same block. */
NESCIO_MUST_CHECK nescio_status nescio_tensor_own(nescio_ctx *ctx, nescio_tensor *out,
                                                  const nescio_tensor *in);
#endif /* NESCIO_REFEXEC_EXECUTOR_INTERNAL_H */
