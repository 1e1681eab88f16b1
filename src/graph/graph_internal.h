/* SPDX-License-Identifier: Apache-2.0
 * What the files of this room share: the name table, copying of tensors into an arena. */
#ifndef NESCIO_GRAPH_GRAPH_INTERNAL_H
#define NESCIO_GRAPH_GRAPH_INTERNAL_H
#include "graph/graph.h"

/** One table a root graph: value names are unique across it and all its subgraphs, so that text
 * needs no scopes. */
typedef struct nescio_names nescio_names;

/** Returns new, in the arena. NULL: no memory. */
nescio_names *nescio_names_new(nescio_arena *arena);
/** Value of that name and the graph it belongs to (out_graph may be NULL); NULL: not taken. */
nescio_value *nescio_names_find(const nescio_names *names, const char *name,
                                const nescio_graph **out_graph);
/** Enters a name that is not taken. False: no memory. */
bool nescio_names_add(nescio_names *names, const char *name, const nescio_graph *graph,
                      nescio_value *value);
/** A name that is not taken, in the arena: `wish`, or wish_1, wish_2 ... NULL: no memory. */
const char *nescio_names_fresh(nescio_names *names, const char *wish);

/** Copy in the arena, contiguous, strings too; with `borrow` only the struct is new. NULL: no
 * memory. */
const nescio_tensor *nescio_graph_keep_tensor(nescio_arena *arena, const nescio_tensor *t,
                                              bool borrow);
/** Whether `value` belongs to `graph` itself (not to a parent or subgraph). */
bool nescio_graph_owns(const nescio_graph *graph, const nescio_value *value);
/** "Gemm 'name'" for messages, in buf. */
const char *nescio_node_describe(const nescio_node *node, char *buf, size_t n);
#endif /* NESCIO_GRAPH_GRAPH_INTERNAL_H */
