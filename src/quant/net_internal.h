/* SPDX-License-Identifier: Apache-2.0
 * The lifted network: a graph as alternating affine maps and functions of one variable. lift*.c
 * writes it, calibrate.c, weights.c and emit.c fill in and read the numbers. Everything is in
 * net->arena but the arrays of calibration values. */
#ifndef NESCIO_QUANT_NET_INTERNAL_H
#define NESCIO_QUANT_NET_INTERNAL_H
#include "quant/affine_internal.h"
#include "quant/quant.h"

typedef enum nescio_quant_function_kind {
    NESCIO_QUANT_CHAIN,         /**< elementwise nodes of the graph between root and result */
    NESCIO_QUANT_SQUARE,        /**< x^2 / 4 */
    NESCIO_QUANT_RELU,          /**< max(x, 0) */
    NESCIO_QUANT_STEP,          /**< x > 0 */
    NESCIO_QUANT_STEP_OR_EQUAL, /**< x >= 0 */
} nescio_quant_function_kind;

/** A function of one variable, elementwise; it may differ by channel. */
typedef struct nescio_quant_function {
    nescio_quant_function_kind kind;
    const nescio_value *root, *result; /**< CHAIN */
} nescio_quant_function;

/** A tensor of encrypted integers that stands for reals: real = scale[i] q + offset[i]. An INPUT or
 * a table's output. */
typedef struct nescio_quant_base {
    size_t count;
    bool is_input;
    uint32_t from;         /**< input number, or layer number */
    double *scale;         /**< [count] */
    double *offset;        /**< [count] */
    int64_t *least, *most; /**< [count] smallest and largest integer of each element */
    double *real;          /**< [rows][count] calibration values; owned (malloc) */
    int32_t *q; /**< [rows][count] their integers, after all quantization above; owned (malloc) */
    nescio_wire *wire;
} nescio_quant_base;

/** One accumulator with the function behind it, or with the answer that it is. */
typedef struct nescio_quant_layer_work {
    const char *name;
    const nescio_affine *in;
    bool has_function;
    nescio_quant_function function;
    int rank; /**< shape of the accumulator for one row, batch axis of 1 included */
    int64_t dims[NESCIO_RANK_MAX];
    size_t count, n_channels;
    const uint32_t *channel; /**< [count] */
    int channel_axis;        /**< -1: every element is its own channel */
    uint32_t base;           /**< functions: the base it makes */
    uint32_t group;          /**< layers of one group share the turn */

    /* by channel, in reals: calibrate.c */
    double *wlo, *whi; /**< window */
    double *clip_lo, *clip_hi;
    double *ramp_lo, *ramp_hi;
    double *left, *right; /**< values of the function on its plateaus */
    double *centre, *turn_real;
    bool *constant;   /**< hardly anything happens in this channel */
    double reach;     /**< largest distance of the function from the middle of its plateaus */
    double out_scale; /**< S: real per unit of the table's output */
    double *mean;     /**< [count] mean of the float accumulator over the rows */

    /* weights.c */
    int weight_bits;
    bool chosen; /**< turn and step are known */
    int64_t turn, step;
    double gamma;
    double *scale; /**< [channel] real per accumulator unit */
    int64_t *z;    /**< [channel] ramp's centre in integers */
    int32_t **w;   /**< [term][nonzero of in->map[term]] */
    int64_t *bias; /**< [count] */
    int64_t *
        raw; /**< [rows][count] accumulators without bias; owned (malloc) until the table is made */
    int64_t *entries; /**< [channel][n_entries] */
    uint32_t n_entries;
    int64_t first;  /**< where cell 0 starts */
    int64_t lo, hi; /**< stated range of the accumulator */
    double out_of_range, rows_out_of_range;
} nescio_quant_layer_work;

typedef struct nescio_lifted {
    bool encrypted, refused;
    bool linear; /**< affine in its root */
    const nescio_value
        *root; /**< the value that this is an elementwise function of; itself when none */
    const nescio_affine *affine; /**< in the bases; NULL: a chain that no table has been made for */
    nescio_tensor
        sample; /**< value for the first calibration row (clear values: the value); floats as F64 */
} nescio_lifted;

typedef struct nescio_quant_net {
    nescio_ctx *ctx;
    nescio_arena *arena;
    const nescio_graph *graph;
    nescio_quant_options options;
    size_t n_rows;         /**< calibration rows */
    nescio_lifted *values; /**< by value id */
    nescio_quant_base *bases;
    uint32_t n_bases, cap_bases;
    nescio_quant_layer_work *layers;
    uint32_t n_layers, cap_layers;
    struct nescio_quant_answer {
        const nescio_value *value;
        uint32_t layer; /**< UINT32_MAX: the base itself */
        uint32_t base;
    } * answers;           /**< one a graph output */
    nescio_buffer refused; /**< text: nodes that cannot be computed encrypted */
    size_t n_refused;
} nescio_quant_net;

/* net.c */
NESCIO_MUST_CHECK nescio_status nescio_quant_net_init(nescio_ctx *ctx, const nescio_graph *graph,
                                                      const nescio_quant_options *options,
                                                      nescio_quant_net *net);
void nescio_quant_net_deinit(nescio_quant_net *net);
NESCIO_MUST_CHECK nescio_status nescio_quant_net_add_base(nescio_quant_net *net, bool is_input,
                                                          uint32_t from, size_t count,
                                                          uint32_t *out);
/** New layer, and its base when it has a function (NULL: an answer). `shape` gives rank and dims
 * for one row. */
NESCIO_MUST_CHECK nescio_status nescio_quant_net_add_layer(nescio_quant_net *net, const char *name,
                                                           const nescio_affine *in,
                                                           const nescio_quant_function *function,
                                                           const nescio_tensor *shape,
                                                           int channel_axis, uint32_t *out);
/** NESCIO_E_NOMEM. */
nescio_status nescio_quant_nomem(const nescio_quant_net *net);

/* lift.c */
NESCIO_MUST_CHECK nescio_status nescio_quant_lift(nescio_quant_net *net,
                                                  const nescio_tensor *const *calibration);
/** The affine form of a value in the bases; makes the table of a chain that has none yet. */
NESCIO_MUST_CHECK nescio_status nescio_quant_affine_of(nescio_quant_net *net,
                                                       const nescio_value *value,
                                                       const nescio_affine **out);
/** Adds the node to the list of what cannot be computed encrypted, with what is accepted. */
nescio_status nescio_quant_refuse(nescio_quant_net *net, const nescio_node *node,
                                  const char *accepted);
/** The axis along which channels are counted: -1 when every element is its own. */
int nescio_quant_channel_axis(const nescio_quant_net *net, const nescio_value *value);

/** nescio_refexec_node, with float outputs turned into F64. */
NESCIO_MUST_CHECK nescio_status nescio_quant_run_node(const nescio_quant_net *net,
                                                      const nescio_node *node,
                                                      const nescio_tensor *const *inputs,
                                                      nescio_tensor *outputs);
/** A clear value's elements broadcast to the shape of `like`, as doubles from the arena. */
NESCIO_MUST_CHECK nescio_status nescio_quant_clear_array(nescio_quant_net *net,
                                                         const nescio_node *node,
                                                         const nescio_value *value,
                                                         const nescio_tensor *like, double **out);
/** Index into `from` of each element of `like`, where from broadcasts to it. False: it does not. */
bool nescio_quant_broadcast(const nescio_tensor *from, const nescio_tensor *like, int64_t *index);

/* lift_elementwise.c. False: the node is not elementwise, or its encrypted operands have different
 * roots; else output 0 is lifted, with *st. */
bool nescio_quant_lift_elementwise(nescio_quant_net *net, const nescio_node *node,
                                   nescio_status *st);
/* lift_linear.c, lift_pairs.c: the affine form of output i of a node that is affine in its
 * encrypted inputs, and of an elementwise node whose encrypted operands have different roots. *out
 * stays NULL when the node was refused. */
NESCIO_MUST_CHECK nescio_status nescio_quant_lift_linear(nescio_quant_net *net,
                                                         const nescio_node *node, uint32_t i,
                                                         const nescio_affine **out);
NESCIO_MUST_CHECK nescio_status nescio_quant_lift_pairs(nescio_quant_net *net,
                                                        const nescio_node *node,
                                                        const nescio_affine **out);
/* lift_conv.c */
NESCIO_MUST_CHECK nescio_status nescio_quant_lift_conv(nescio_quant_net *net,
                                                       const nescio_node *node,
                                                       const nescio_affine **out);
/** max(a, b) = b + relu(a - b); `shape` as for a layer. */
NESCIO_MUST_CHECK nescio_status nescio_quant_max(nescio_quant_net *net, const nescio_node *node,
                                                 const nescio_affine *a, const nescio_affine *b,
                                                 const nescio_tensor *shape,
                                                 const nescio_affine **out);

/* function.c */
/** in and out [n][width]; width is n_channels when by_channel, else count. Not a number becomes 0
 * where the graph gives none. */
NESCIO_MUST_CHECK nescio_status nescio_quant_function_run(const nescio_quant_net *net,
                                                          const nescio_quant_layer_work *layer,
                                                          bool by_channel, const double *in,
                                                          double *out, size_t n);
/** Whether every clear operand of the chain is constant along all axes but channel_axis. */
bool nescio_quant_function_is_uniform(const nescio_quant_net *net, const nescio_quant_function *f,
                                      int channel_axis, int rank);
/** "Relu", "Sigmoid > Mul". NULL: no memory. */
const char *nescio_quant_function_name(const nescio_quant_net *net, const nescio_quant_function *f);

/* calibrate.c */
NESCIO_MUST_CHECK nescio_status nescio_quant_calibrate(nescio_quant_net *net,
                                                       const nescio_tensor *const *calibration);
/* balance.c: table scales of accumulators with several sources, before any weight is rounded */
void nescio_quant_balance(nescio_quant_net *net);
/* weights.c: turn, integer weights and bias of a layer */
NESCIO_MUST_CHECK nescio_status nescio_quant_weights(nescio_quant_net *net, uint32_t i_layer);
/* table.c: entries of a layer's tables, the integers of its base, the accumulator's range and its
 * events */
NESCIO_MUST_CHECK nescio_status nescio_quant_table(nescio_quant_net *net,
                                                   nescio_quant_layer_work *layer);
/* quantize.c: inputs, then layer by layer */
NESCIO_MUST_CHECK nescio_status nescio_quant_solve(nescio_quant_net *net);
/* emit.c */
NESCIO_MUST_CHECK nescio_status nescio_quant_emit(nescio_quant_net *net, nescio_circuit **out);
/* report.c */
NESCIO_MUST_CHECK nescio_status nescio_quant_report_fill(const nescio_quant_net *net,
                                                         nescio_quant_report *report);
#endif /* NESCIO_QUANT_NET_INTERNAL_H */
