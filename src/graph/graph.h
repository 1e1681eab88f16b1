/* SPDX-License-Identifier: Apache-2.0
 * The float graph: what a model means, in canonical operators.
 *
 * In: nodes and constants from a reader (onnx, the text parser). Out: a verified SSA graph that refexec runs,
 * passes rewrite, quant turns into an integer circuit. Operators are those of one canonical opset (op_table.h): the
 * reader adapts every other version, so nobody else knows opsets. Everything of a graph lives in its arena; nothing is
 * freed singly. Order: the node list is topological at every moment. Invariants (nescio_graph_verify): every used value
 * has a producer above its use, or is a graph input, or a constant; one producer a value; arity and attribute kinds as the
 * op table says; names unique and not empty; dtypes of produced values known (after inference).
 * Must not know: integer circuits, encryption, file formats.
 */
#ifndef NESCIO_GRAPH_GRAPH_H
#define NESCIO_GRAPH_GRAPH_H
#include "tensor/tensor.h"

#include "graph/op_table.h"

#define NESCIO_DIM_UNKNOWN (-1)
#define NESCIO_RANK_UNKNOWN (-1)

typedef struct nescio_graph nescio_graph;
typedef struct nescio_node nescio_node;

/** A shape as far as it is known. */
typedef struct nescio_shape {
    int rank;                            /**< NESCIO_RANK_UNKNOWN or 0 ... NESCIO_RANK_MAX */
    int64_t dims[NESCIO_RANK_MAX];       /**< >= 0, or NESCIO_DIM_UNKNOWN */
    const char *symbol[NESCIO_RANK_MAX]; /**< name of an unknown dim ("batch"), or NULL */
} nescio_shape;

/** Elements of a small integer tensor (rank 0 or 1) as far as they are known: what shape arithmetic computes. */
typedef struct nescio_content {
    int count;                           /**< 0 ... NESCIO_RANK_MAX */
    bool known[NESCIO_RANK_MAX];         /**< element i is `at[i]` */
    int64_t at[NESCIO_RANK_MAX];         /**< valid where known */
    const char *symbol[NESCIO_RANK_MAX]; /**< where not known: name of the dim it is, or NULL */
} nescio_content;

/** One tensor of the graph. */
typedef struct nescio_value {
    const char *name;              /**< unique in its graph, its subgraphs and parents; never empty */
    nescio_dtype dtype;            /**< NESCIO_DTYPE_NONE until inferred */
    nescio_shape shape;            /**< as known */
    const nescio_tensor *constant; /**< elements when known at compile time (initializer or folded); else NULL */
    const nescio_content *content; /**< what nescio_graph_infer found out of the elements; else NULL */
    nescio_node *producer;         /**< NULL for graph inputs and constants */
    uint32_t i_output;             /**< which output of producer */
    uint32_t id;                   /**< dense index: position in graph->values */
    bool is_input;                 /**< an input of its graph */
    bool shape_is_claim;           /**< the file's word for what could not be inferred: what is found later overrules it */
} nescio_value;

typedef enum nescio_attr_kind {
    NESCIO_ATTR_INT,
    NESCIO_ATTR_FLOAT,
    NESCIO_ATTR_STRING,
    NESCIO_ATTR_TENSOR,
    NESCIO_ATTR_GRAPH,
    NESCIO_ATTR_INTS,
    NESCIO_ATTR_FLOATS,
    NESCIO_ATTR_STRINGS,
} nescio_attr_kind;

typedef struct nescio_attr {
    const char *name;
    nescio_attr_kind kind;
    size_t count; /**< of the list kinds; 1 otherwise; bytes of a STRING */
    union {
        int64_t i;
        double f; /**< f32 attributes widened */
        const char *s;
        const nescio_tensor *t;
        nescio_graph *g;
        const int64_t *ints;
        const double *floats;
        const char *const *strings;
    };
} nescio_attr;

struct nescio_node {
    nescio_op op;
    const char *name; /**< for messages: ONNX node name, or "Gemm_3" when it had none. Never NULL */
    uint32_t n_inputs, n_outputs, n_attrs;
    nescio_value **inputs;  /**< NULL entry: optional input left out */
    nescio_value **outputs; /**< NULL entry: optional output left out */
    nescio_attr *attrs;
    nescio_node *prev, *next; /**< the graph's node list */
    nescio_graph *graph;
};

struct nescio_graph {
    nescio_arena *arena; /**< owns everything; shared with subgraphs */
    const char *name;
    nescio_graph *parent; /**< enclosing graph of an If/Loop/Scan body: its values may be used here */
    nescio_node *first, *last;
    nescio_value **values; /**< all values ever made, by id; unused ones stay */
    size_t n_values, cap_values;
    nescio_value **inputs, **outputs;
    size_t n_inputs, n_outputs;
    struct nescio_names *names; /**< every value name of the root graph and its subgraphs; shared */
    size_t n_nodes_made;        /**< for the names of nameless nodes */
    size_t source_bytes;        /**< of the files it was read from, the measure of what may be spent on it; 0: made here */
};

/** Returns new, empty, with its own arena (parent NULL) or the parent's. */
NESCIO_MUST_CHECK nescio_status nescio_graph_new(nescio_ctx *ctx, nescio_graph *parent, const char *name,
                                                 nescio_graph **out);
/** Frees the arena of a graph without parent, so its subgraphs too. Accepts NULL. */
void nescio_graph_free(nescio_graph *graph);

/** New value. name NULL or "" or taken: a fresh one is made from it. NULL: no memory. */
nescio_value *nescio_graph_value(nescio_graph *graph, const char *name, nescio_dtype dtype, const nescio_shape *shape);
/** New constant; copies struct and elements unless `borrow` (elements then outlive the graph, e.g. a mapped file). */
nescio_value *nescio_graph_constant(nescio_graph *graph, const char *name, const nescio_tensor *t, bool borrow);
/** Value by name in this graph or its parents; NULL: none. */
nescio_value *nescio_graph_find(const nescio_graph *graph, const char *name);
/** New node before `before` (NULL: at the end), with NULL-filled inputs and outputs. NULL: no memory. */
nescio_node *nescio_graph_node(nescio_graph *graph, nescio_node *before, nescio_op op, const char *name,
                               size_t n_inputs, size_t n_outputs);
/** Takes the node out of the list; its output values keep no producer. */
void nescio_graph_remove(nescio_node *node);
/** Makes `value` output `i` of `node`. */
void nescio_node_set_output(nescio_node *node, size_t i, nescio_value *value);
/** Every use of `from` in the graph, its subgraphs and its outputs becomes `to`. */
void nescio_graph_replace(nescio_graph *graph, const nescio_value *from, nescio_value *to);
/** Number of uses of each value (by id), uses in subgraphs and graph outputs included, into counts[n_values]. */
void nescio_graph_count_uses(const nescio_graph *graph, uint32_t *counts);
/** Forgets values that are nobody's input, output, product or operand; counts[] as the function above
 * gives them. The ids of the others change. */
void nescio_graph_drop_unused(nescio_graph *graph, const uint32_t *counts);
/** Appends to the inputs or outputs. NESCIO_E_NOMEM, without a message (no context here): the caller says it. */
NESCIO_MUST_CHECK nescio_status nescio_graph_add_input(nescio_graph *graph, nescio_value *value);
NESCIO_MUST_CHECK nescio_status nescio_graph_add_output(nescio_graph *graph, nescio_value *value);
/** Deep copy into a new arena. Constants are shared when `borrow`. */
NESCIO_MUST_CHECK nescio_status nescio_graph_copy(nescio_ctx *ctx, const nescio_graph *in, bool borrow,
                                                  nescio_graph **out);

/** Copies the nodes of `body` (a subgraph of `graph` or of one of its parents) before `before` (NULL: at the end). The
 *  body's inputs become args[body->n_inputs]; outs[body->n_outputs] are the values that its outputs became. */
NESCIO_MUST_CHECK nescio_status nescio_graph_splice(nescio_ctx *ctx, nescio_graph *graph, nescio_node *before,
                                                    const nescio_graph *body, nescio_value *const *args,
                                                    nescio_value **outs);

/** Attribute by name; NULL: absent. */
const nescio_attr *nescio_node_attr(const nescio_node *node, const char *name);
/** Attribute of the stated kind or the default when absent (kinds were verified). */
int64_t nescio_node_int(const nescio_node *node, const char *name, int64_t otherwise);
double nescio_node_float(const nescio_node *node, const char *name, double otherwise);
const char *nescio_node_string(const nescio_node *node, const char *name, const char *otherwise);
/** Adds or replaces an attribute; value copied. NULL: no memory. */
nescio_attr *nescio_node_set_int(nescio_node *node, const char *name, int64_t v);
nescio_attr *nescio_node_set_float(nescio_node *node, const char *name, double v);
nescio_attr *nescio_node_set_ints(nescio_node *node, const char *name, const int64_t *v, size_t n);
nescio_attr *nescio_node_set_string(nescio_node *node, const char *name, const char *v);
nescio_attr *nescio_node_set_floats(nescio_node *node, const char *name, const double *v, size_t n);
nescio_attr *nescio_node_set_strings(nescio_node *node, const char *name, const char *const *v, size_t n);
/** Copies struct and elements unless `borrow`. */
nescio_attr *nescio_node_set_tensor(nescio_node *node, const char *name, const nescio_tensor *t, bool borrow);
/** A body whose parent is the node's graph. */
nescio_attr *nescio_node_set_graph(nescio_node *node, const char *name, nescio_graph *g);
/** Takes the attribute away; absent is fine. */
void nescio_node_unset(nescio_node *node, const char *name);
/** Input i or NULL when left out or beyond n_inputs. */
nescio_value *nescio_node_input(const nescio_node *node, size_t i);

/** Output dtypes and shapes of one node whose inputs have been inferred. Subgraphs too. */
NESCIO_MUST_CHECK nescio_status nescio_node_infer(nescio_ctx *ctx, nescio_node *node);
/** An opset import. */
typedef struct nescio_opset {
    const char *domain;
    int version;
} nescio_opset;
#define NESCIO_OPSETS_MAX 4
/** The opsets whose operators the graph and its bodies use, ai.onnx first and always; returns how many. */
size_t nescio_graph_opsets(const nescio_graph *graph, nescio_opset out[NESCIO_OPSETS_MAX]);

/** Shape and dtype of every value as far as constants and input shapes tell (infer.c, one rule an operator).
 *  Contradictions are NESCIO_E_FORMAT naming the node. */
NESCIO_MUST_CHECK nescio_status nescio_graph_infer(nescio_ctx *ctx, nescio_graph *graph);
/** All invariants; NESCIO_E_FORMAT names the node. */
NESCIO_MUST_CHECK nescio_status nescio_graph_verify(nescio_ctx *ctx, const nescio_graph *graph);
/** Text form, the way ONNX's own text syntax writes it (canonical opset); parse(print(g)) == g. Weights above
 *  `max_elements` elements print as "..." when max_elements > 0, and then cannot be parsed back. */
NESCIO_MUST_CHECK nescio_status nescio_graph_print(nescio_ctx *ctx, const nescio_graph *graph, size_t max_elements,
                                                   nescio_buffer *out);
/** Parses the text form. Hostile-input code: depth and size limits, errors with line and column. */
NESCIO_MUST_CHECK nescio_status nescio_graph_parse(nescio_ctx *ctx, const char *text, size_t bytes, nescio_graph **out);
#endif /* NESCIO_GRAPH_GRAPH_H */
