/* SPDX-License-Identifier: Apache-2.0
 * The runtime: a bound plan on ciphertexts.
 *
 * In: packed inputs of one or many rows. Out: their answers. Rows of a batch share every pass over
 * the bootstrapping key: each table step is one call of the engine for all rows together. All
 * memory is taken by nescio_runtime_new; running allocates nothing. The plan, bound, and the engine
 * are borrowed and must outlive the runtime; the engine's parameters are the plan's. One run at a
 * time: the engine keeps its workers' scratch. Must not know: secrets, circuits beyond what binding
 * left in the plan, files.
 */
#ifndef NESCIO_RUNTIME_RUNTIME_H
#define NESCIO_RUNTIME_RUNTIME_H
#include "plan/plan.h"
#include "tfhe/tfhe.h"

typedef struct nescio_runtime nescio_runtime;

/** Room for up to max_rows rows at once (>= 1; longer batches are cut). NESCIO_E_MISMATCH: engine
 * and plan have different parameters; NESCIO_E_ARG: the plan is not bound. Returns new. */
NESCIO_MUST_CHECK nescio_status nescio_runtime_new(nescio_ctx *ctx, const nescio_plan *plan,
                                                   nescio_engine *engine, size_t max_rows,
                                                   nescio_runtime **out);
void nescio_runtime_free(nescio_runtime *rt);
/** What nescio_runtime_new takes for that many rows, engine and plan apart. SIZE_MAX: more than can
 * be counted. */
size_t nescio_runtime_bytes(const nescio_plan *plan, size_t max_rows);
/** The most rows (at least 1, at most `rows`) whose memory stays within `bytes`. */
size_t nescio_runtime_rows_for(const nescio_plan *plan, size_t bytes, size_t rows);
/** Packed GLWEs of one row: inputs in order, each in n_packed pieces. */
size_t nescio_runtime_packed_count(const nescio_plan *plan);

/** inputs: [n_rows][packed_count]; answers: [n_rows][nescio_plan_download_bytes()], outputs in
 * order, each in n_answers pieces. Works on the pool of ctx. Reports progress in bootstrappings
 * ("evaluate"); cancellation takes effect between steps and within long ones, then answers are
 * incomplete. NESCIO_E_MISMATCH: a packed input has another number of elements than the plan says;
 * NESCIO_E_ARG: ctx has more threads than the context that the engine was made with. */
NESCIO_MUST_CHECK nescio_status nescio_runtime_run(nescio_ctx *ctx, nescio_runtime *rt,
                                                   const nescio_packed_input *inputs, size_t n_rows,
                                                   uint8_t *answers);
#endif /* NESCIO_RUNTIME_RUNTIME_H */
