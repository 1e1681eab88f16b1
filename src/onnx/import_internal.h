/* SPDX-License-Identifier: Apache-2.0
 * From messages to a graph: what the importer and the adapters share.
 *
 * The importer walks the nodes of the file in order. For each it finds the adapter of its operator
 * (adapt_table.c), which appends canonical nodes to the graph through nescio_adapt_* and says which
 * values are the node's outputs. New nodes are inferred at once, so an adapter sees dtypes, and
 * shapes as far as known, of its inputs. */
#ifndef NESCIO_ONNX_IMPORT_INTERNAL_H
#define NESCIO_ONNX_IMPORT_INTERNAL_H
#include "graph/graph.h"
#include "onnx/message.h"
#include "onnx/onnx.h"
#include "onnx/tensor_read.h"

typedef struct nescio_importer nescio_importer;

/** The values of a graph, body or function by the names of the file. */
typedef struct nescio_scope {
    const struct nescio_scope *parent; /**< whose names are visible too; NULL: none */
    nescio_graph *graph;               /**< where values go */
    const nescio_onnx_opset *opsets;   /**< imports that hold here */
    size_t n_opsets;
    const nescio_onnx_attr *bindings; /**< attributes of the function call */
    size_t n_bindings;
    const struct nescio_scope
        *caller; /**< scope of the call that this is inlined into; NULL: not inlined */
    const nescio_slice *formal_outputs; /**< inlined: these names ... */
    const nescio_slice *actual_outputs; /**< ... are those of the caller */
    size_t n_outputs;
    int depth;                          /**< of inlining and nesting */
    struct nescio_scope_entry *entries; /**< open addressing; n_entries is a power of two or 0 */
    size_t n_entries, n_taken;
} nescio_scope;

/** Enters a value. *taken when the name is bound in this very scope already. */
NESCIO_MUST_CHECK nescio_status nescio_scope_bind(nescio_importer *im, nescio_scope *s,
                                                  nescio_slice name, nescio_value *value,
                                                  bool *taken);
/** Enters an initializer, decoded at first use. */
NESCIO_MUST_CHECK nescio_status nescio_scope_bind_tensor(nescio_importer *im, nescio_scope *s,
                                                         nescio_slice name,
                                                         const nescio_onnx_tensor *dense,
                                                         const nescio_onnx_sparse *sparse);
/** *out: NULL when no scope knows the name, or when it stands for an input that a function call
 * left out (*known, which may be NULL, tells the two apart). */
NESCIO_MUST_CHECK nescio_status nescio_scope_find(nescio_importer *im, nescio_scope *s,
                                                  nescio_slice name, nescio_value **out,
                                                  bool *known);
/** Whether this scope itself binds the name. */
bool nescio_scope_has(const nescio_scope *s, nescio_slice name);
/** Whether it binds the name to an initializer. */
bool nescio_scope_has_tensor(const nescio_scope *s, nescio_slice name);

/** One node of the file on its way into the graph. An adapter that fails sets `st`; its helpers
 * then do nothing. */
typedef struct nescio_adapt {
    nescio_importer *im;
    nescio_ctx *ctx;
    nescio_scope *scope;
    const nescio_onnx_node *node;
    const struct nescio_adapt_rule *rule;
    int64_t version;   /**< opset of the node's domain */
    nescio_value **in; /**< n_in; NULL: left out */
    size_t n_in;
    nescio_value **out; /**< n_out; filled by the adapter */
    size_t n_out;
    nescio_node *inferred; /**< last node whose outputs are inferred; NULL: none of the graph */
    nescio_status st;
} nescio_adapt;

typedef void (*nescio_adapt_fn)(nescio_adapt *a);

/** How one operator of the file becomes canonical ones. */
typedef struct nescio_adapt_rule {
    const char *domain, *name;
    int first, last; /**< opsets of the domain in which it exists and is known */
    nescio_op op;    /**< what it becomes, mostly */
    nescio_adapt_fn adapt;
    const char
        *attrs; /**< what it may have: "axis:i perm:I -consumed_inputs:I"; '-': read and dropped.
                     i f s t g: INT FLOAT STRING TENSOR GRAPH; I F S: lists; p: a sparse tensor */
} nescio_adapt_rule;

/* Adapters, by file. */
/* adapt_same.c, adapt_elementwise.c */
void nescio_adapt_same(nescio_adapt *a);
void nescio_adapt_binary(nescio_adapt *a);
void nescio_adapt_prelu(nescio_adapt *a);
void nescio_adapt_cast(nescio_adapt *a);
void nescio_adapt_cast_like(nescio_adapt *a);
void nescio_adapt_clip(nescio_adapt *a);
void nescio_adapt_constant(nescio_adapt *a);
void nescio_adapt_dropout(nescio_adapt *a);
void nescio_adapt_swish(nescio_adapt *a);
void nescio_adapt_eye_like(nescio_adapt *a);
/* adapt_shape.c */
void nescio_adapt_axes_input(nescio_adapt *a);
void nescio_adapt_reshape(nescio_adapt *a);
void nescio_adapt_concat(nescio_adapt *a);
void nescio_adapt_slice(nescio_adapt *a);
void nescio_adapt_pad(nescio_adapt *a);
void nescio_adapt_split(nescio_adapt *a);
void nescio_adapt_top_k(nescio_adapt *a);
void nescio_adapt_resize(nescio_adapt *a);
void nescio_adapt_grid_sample(nescio_adapt *a);
void nescio_adapt_roi_align(nescio_adapt *a);
void nescio_adapt_upsample(nescio_adapt *a);
/* adapt_layer.c */
void nescio_adapt_softmax(nescio_adapt *a);
void nescio_adapt_batch_normalization(nescio_adapt *a);
void nescio_adapt_group_normalization(nescio_adapt *a);
void nescio_adapt_rms_normalization(nescio_adapt *a);
void nescio_adapt_dequantize(nescio_adapt *a);
void nescio_adapt_quantize(nescio_adapt *a);
/* adapt_attention.c */
void nescio_adapt_attention(nescio_adapt *a);
/* adapt_rotary.c */
void nescio_adapt_rotary(nescio_adapt *a);
/* adapt_control.c */
void nescio_adapt_if(nescio_adapt *a);
void nescio_adapt_loop(nescio_adapt *a);
void nescio_adapt_scan(nescio_adapt *a);
/* adapt_model.c */
void nescio_adapt_zip_map(nescio_adapt *a);
void nescio_adapt_map_input(nescio_adapt *a);
void nescio_adapt_label_encoder(nescio_adapt *a);
void nescio_adapt_qonnx(nescio_adapt *a);

/** The rule of an operator; NULL: none. domain "" for "ai.onnx"; all spellings of QONNX's. */
const nescio_adapt_rule *nescio_adapt_find(nescio_slice domain, nescio_slice name);

/** Input i; NULL: left out or beyond. */
nescio_value *nescio_adapt_in(const nescio_adapt *a, size_t i);
/** Whether output k has a name, so somebody may use it. */
bool nescio_adapt_wants(const nescio_adapt *a, size_t k);
/** Attribute by name, a function's parameters replaced; NULL: absent. */
const nescio_onnx_attr *nescio_adapt_attr(const nescio_adapt *a, const char *name);
/** `attr` itself, or the value that the function call gives it; NULL: the call left it out and it
 * has no default. */
const nescio_onnx_attr *nescio_adapt_resolve(const nescio_adapt *a, const nescio_onnx_attr *attr);
int64_t nescio_adapt_int(const nescio_adapt *a, const char *name, int64_t otherwise);
double nescio_adapt_float(const nescio_adapt *a, const char *name, double otherwise);
/** Whether the string attribute is `text` (absent: whether otherwise is). */
bool nescio_adapt_is(const nescio_adapt *a, const char *name, const char *text,
                     const char *otherwise);

/** Appends a node with one output: output k of the file's node, or an intermediate value when k <
 * 0. NULL after a failure. Inputs are the n_in values that follow; NULL: left out. */
nescio_value *nescio_adapt_emit(nescio_adapt *a, nescio_op op, int k, size_t n_in, ...);
/** The same with inputs and outputs from arrays: outs[i] is output ks[i] of the file's node, or
 * left out when negative. */
nescio_node *nescio_adapt_node(nescio_adapt *a, nescio_op op, nescio_value *const *in, size_t n_in,
                               const int *ks, size_t n_out);
/** Attributes of the node that made `value`; nothing for NULL, an output that nobody names. */
void nescio_adapt_set_int(nescio_adapt *a, nescio_value *value, const char *name, int64_t v);
void nescio_adapt_set_float(nescio_adapt *a, nescio_value *value, const char *name, double v);
void nescio_adapt_set_string(nescio_adapt *a, nescio_value *value, const char *name, const char *v);
/** Copies the file's attributes that the rule names (and does not drop), or the one `name`, to the
 * node. */
void nescio_adapt_copy_all(nescio_adapt *a, nescio_node *node);
void nescio_adapt_copy(nescio_adapt *a, nescio_value *value, const char *name);
/** Constants. */
nescio_value *nescio_adapt_ints(nescio_adapt *a, const int64_t *v, size_t n);
nescio_value *nescio_adapt_scalar(nescio_adapt *a, nescio_dtype dtype, double v);
nescio_value *nescio_adapt_tensor(nescio_adapt *a, const nescio_tensor *t, int k);
/** Infers what has been appended so far. */
void nescio_adapt_settle(nescio_adapt *a);
/** NESCIO_E_UNSUPPORTED: joins the list with a reason. NESCIO_E_FORMAT: stops reading. */
void nescio_adapt_refuse(nescio_adapt *a, const char *format, ...) NESCIO_PRINTF(2, 3);
void nescio_adapt_fail(nescio_adapt *a, const char *format, ...) NESCIO_PRINTF(2, 3);
/** A text of the file with a terminator, in the graph's arena. */
const char *nescio_adapt_text(nescio_adapt *a, nescio_slice s);

/** Appends a body for a graph attribute: a subgraph whose inputs have the declared types, or those
 * of `args` (n_args of the body's inputs from `first`; element entries NULL: unknown). */
nescio_graph *nescio_adapt_body(nescio_adapt *a, const nescio_onnx_graph *g,
                                nescio_value *const *types);
/** Imports a graph without inputs in place: output i of it is output i of the node. */
void nescio_adapt_splice(nescio_adapt *a, const nescio_onnx_graph *g);
/** The file being read. */
struct nescio_importer {
    nescio_ctx *ctx;
    const nescio_onnx_model *model;
    const nescio_onnx_options *options;
    nescio_arena *scratch; /**< messages, scopes; gone after reading */
    nescio_graph *root;
    nescio_onnx_decoder decoder; /**< into the arena of root */
    size_t max_scratch;
    uint64_t budget; /**< nodes that may still be visited, inlining counted */
    struct nescio_unsupported *unsupported; /**< list so far; NULL: none */
    size_t n_unsupported;
    unsigned dims_seen; /**< bit i: option dims[i] occurred (the first 32) */
};

/** Memory and node budget; NESCIO_E_FORMAT when spent. */
NESCIO_MUST_CHECK nescio_status nescio_importer_spend(nescio_importer *im);
/** Notes an operator that cannot be read; reason NULL: unknown. */
NESCIO_MUST_CHECK nescio_status nescio_importer_note(nescio_importer *im,
                                                     const nescio_onnx_node *node, int64_t version,
                                                     const char *reason);
/** NESCIO_OK, or NESCIO_E_UNSUPPORTED with the whole list. */
nescio_status nescio_importer_report(nescio_importer *im);
/** Nodes of a scope, in order. */
NESCIO_MUST_CHECK nescio_status nescio_importer_nodes(nescio_importer *im, nescio_scope *s,
                                                      const nescio_onnx_node *nodes,
                                                      size_t n_nodes);
/** The initializers of a graph into its scope. */
NESCIO_MUST_CHECK nescio_status nescio_importer_initializers(nescio_importer *im, nescio_scope *s,
                                                             const nescio_onnx_graph *g);
/** dtype and shape that a declared type says; unknown where it says nothing. */
NESCIO_MUST_CHECK nescio_status nescio_importer_type(nescio_importer *im,
                                                     const nescio_onnx_info *info,
                                                     nescio_dtype *dtype, nescio_shape *shape);
/** The name that a value for output `name` of scope s should have: the caller's where inlined. */
nescio_slice nescio_scope_outer_name(const nescio_scope *s, nescio_slice name);
#endif /* NESCIO_ONNX_IMPORT_INTERNAL_H */
