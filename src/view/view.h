/* SPDX-License-Identifier: Apache-2.0
 * Views: every stage as text.
 *
 * In: graphs, circuits, plans. Out: text for people: a summary, then one aligned line a node, gate
 * or step. Nothing here is parsed back (the rooms' own printers are). Must not know: files, keys.
 */
#ifndef NESCIO_VIEW_VIEW_H
#define NESCIO_VIEW_VIEW_H
#include "graph/graph.h"
#include "plan/plan.h"

/** Inputs, outputs, operators with their number, parameters, then the graph in text form. */
NESCIO_MUST_CHECK nescio_status nescio_view_graph(nescio_ctx *ctx, const nescio_graph *graph,
                                                  size_t max_elements, nescio_buffer *out);
/** One line a gate (operator, name, elements, range in bits, inputs), then the circuit in text form
 * when max_elements > 0. */
NESCIO_MUST_CHECK nescio_status nescio_view_circuit(nescio_ctx *ctx, const nescio_circuit *circuit,
                                                    size_t max_elements, nescio_buffer *out);
/** A report, one line a figure. */
void nescio_view_report(const nescio_plan_report *report, nescio_buffer *out);
/** Parameters with the papers' letters. */
void nescio_view_params(const nescio_tfhe_params *p, const char *set_name, nescio_buffer *out);
#endif /* NESCIO_VIEW_VIEW_H */
