/* SPDX-License-Identifier: Apache-2.0
 * The float executor: what each operator of the graph means.
 *
 * In: a verified graph and tensors for its inputs. Out: tensors for its outputs, or every value on
 * the way. It is the definition that every later stage is measured against (quantized circuit,
 * simulation, encrypted run), and the calculator of constant folding. Loops are plain; matrix
 * products go through linalg. Invariants: tensors between operators are contiguous; a value is
 * freed after its last use, and an operator may write over an input that dies with it; nothing is
 * read outside a tensor whatever the model says: shapes are checked by each operator where they are
 * used, so graphs need not have been through shape inference. Float results of float16 and bfloat16
 * models are float32 (the readers convert). Must not know: ONNX files, opsets, integer circuits,
 * encryption.
 */
#ifndef NESCIO_REFEXEC_REFEXEC_H
#define NESCIO_REFEXEC_REFEXEC_H
#include "graph/graph.h"

typedef struct nescio_refexec nescio_refexec;

/** Told of a value when it has been computed; `t` lives only during the call. Inputs and constants
 * are not told. */
typedef void (*nescio_refexec_observe_fn)(const nescio_value *value, const nescio_tensor *t,
                                          void *user);

/** Whether the executor runs this operator at all. */
bool nescio_refexec_has_op(nescio_op op);
/** Whether it may stand at the border of an encrypted circuit: nescio_refexec_new_border runs it.
 */
bool nescio_refexec_has_border_op(nescio_op op);
/** Returns new: the graph with its order, lifetimes and functions settled. Borrows `graph`, which
 * must not change while the executor lives. NESCIO_E_UNSUPPORTED lists every node that cannot be
 * run, by operator and name. */
NESCIO_MUST_CHECK nescio_status nescio_refexec_new(nescio_ctx *ctx, const nescio_graph *graph,
                                                   nescio_refexec **out);
/** The same for a client's head and tail: other operators than those of the border are refused, and
 * a program that makes executors by this call alone links none of them. */
NESCIO_MUST_CHECK nescio_status nescio_refexec_new_border(nescio_ctx *ctx,
                                                          const nescio_graph *graph,
                                                          nescio_refexec **out);
/** Accepts NULL. */
void nescio_refexec_free(nescio_refexec *exec);
/** Runs the graph. `inputs` in the order of the graph's inputs, any strides. A dtype that differs
 * from the graph's is converted when no value is lost by it (float64 is rounded to float32); else
 * NESCIO_E_MISMATCH names the input, as for a rank or a known dim that differs. `outputs[i]` is
 * overwritten and owned by the caller (nescio_tensor_free); on failure all are empty. */
NESCIO_MUST_CHECK nescio_status nescio_refexec_run(nescio_ctx *ctx, const nescio_refexec *exec,
                                                   const nescio_tensor *inputs, size_t n_inputs,
                                                   nescio_tensor *outputs, size_t n_outputs);
/** As nescio_refexec_run, and `observe` sees every computed value of the main graph in order of
 * computation. outputs may be NULL with n_outputs 0. */
NESCIO_MUST_CHECK nescio_status nescio_refexec_trace(nescio_ctx *ctx, const nescio_refexec *exec,
                                                     const nescio_tensor *inputs, size_t n_inputs,
                                                     nescio_tensor *outputs, size_t n_outputs,
                                                     nescio_refexec_observe_fn observe, void *user);
/** Runs one node: inputs[n_inputs of the node], NULL where left out, contiguous; outputs[n_outputs
 * of the node] as in nescio_refexec_run. If, Loop and Scan need constants for all they use of
 * enclosing graphs. */
NESCIO_MUST_CHECK nescio_status nescio_refexec_node(nescio_ctx *ctx, const nescio_node *node,
                                                    const nescio_tensor *const *inputs,
                                                    nescio_tensor *outputs);
#endif /* NESCIO_REFEXEC_REFEXEC_H */
