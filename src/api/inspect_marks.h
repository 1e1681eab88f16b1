/* SPDX-License-Identifier: Apache-2.0
 * How each node of a clean graph is computed: in the clear, encrypted, or not yet. */
#ifndef NESCIO_API_INSPECT_MARKS_H
#define NESCIO_API_INSPECT_MARKS_H
#include "view/view_picture.h"

/** *marks: one a node in order, new (free). As the split and the quantizer would take the graph;
 * whether operands suit is seen with calibration rows only. */
NESCIO_MUST_CHECK nescio_status nescio_inspect_marks(nescio_ctx *ctx, const nescio_graph *graph,
                                                     nescio_node_mark **marks);
#endif /* NESCIO_API_INSPECT_MARKS_H */
