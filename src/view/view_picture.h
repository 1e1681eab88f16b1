/* SPDX-License-Identifier: Apache-2.0
 * Pictures: a graph, a circuit or a plan as boxes and edges, and its four written forms.
 *
 * A picture owns copies of all texts, so it outlives what it was made of. Edges go from earlier
 * boxes to later ones. Names may hold anything: every writer escapes them. */
#ifndef NESCIO_VIEW_VIEW_PICTURE_H
#define NESCIO_VIEW_VIEW_PICTURE_H
#include "graph/graph.h"
#include "plan/plan.h"

/** How a box is computed; its colour. */
typedef enum nescio_box_kind {
    NESCIO_BOX_BORDER, /**< an input or output */
    NESCIO_BOX_PLAIN,  /**< not said */
    NESCIO_BOX_LINEAR, /**< encrypted: sums with clear weights */
    NESCIO_BOX_TABLE,  /**< encrypted: tables, so bootstrapping */
    NESCIO_BOX_MOVE,   /**< encrypted: elements change places */
    NESCIO_BOX_CLEAR,  /**< in the clear, on the client */
    NESCIO_BOX_REFUSED /**< not yet computed encrypted */
} nescio_box_kind;
#define NESCIO_BOX_KINDS 7

/** What a caller knows of a node: how it is computed, and why, or why not. */
typedef struct nescio_node_mark {
    nescio_box_kind kind;
    const char *why; /**< borrowed; may be NULL */
} nescio_node_mark;

typedef struct nescio_picture nescio_picture;

/** Inputs, nodes, outputs; constants are parameters of the nodes that use them. marks: one a node,
 * in order; NULL: all plain. Return new. */
NESCIO_MUST_CHECK nescio_status nescio_picture_of_graph(nescio_ctx *ctx, const nescio_graph *graph,
                                                        const nescio_node_mark *marks,
                                                        nescio_picture **out);
/** Gates; edges carry elements and bits. */
NESCIO_MUST_CHECK nescio_status nescio_picture_of_circuit(nescio_ctx *ctx,
                                                          const nescio_circuit *circuit,
                                                          nescio_picture **out);
/** Packed inputs, steps, answers, with the costs of the plan as facts. */
NESCIO_MUST_CHECK nescio_status nescio_picture_of_plan(nescio_ctx *ctx, const nescio_plan *plan,
                                                       const nescio_circuit *circuit,
                                                       nescio_picture **out);
/** Accepts NULL. */
void nescio_picture_free(nescio_picture *picture);

/** Whether there is a writer of that name: "json", "dot", "svg", "html". */
bool nescio_picture_has_format(const char *format);
/** Writes in a format that nescio_picture_has_format. */
NESCIO_MUST_CHECK nescio_status nescio_picture_write(nescio_ctx *ctx, const nescio_picture *picture,
                                                     const char *format, nescio_buffer *out);

/** A section of a page: a heading, a line of explanation, a picture. All borrowed. */
typedef struct nescio_page_part {
    const char *heading, *words;
    const nescio_picture *picture;
} nescio_page_part;

/** Several pictures in one HTML file, one below the other, with links to each at its head. */
NESCIO_MUST_CHECK nescio_status nescio_page_write(nescio_ctx *ctx, const char *title,
                                                  const nescio_page_part *parts, size_t n,
                                                  nescio_buffer *out);
#endif /* NESCIO_VIEW_VIEW_PICTURE_H */
