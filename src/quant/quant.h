/* SPDX-License-Identifier: Apache-2.0
 * Post-training quantization: a float graph and calibration rows become an integer circuit.
 *
 * In: the body of a model (what is left after the passes have taken head and tail off; the batch is
 * axis 0 of every input and output) and one tensor of calibration rows an input. Out: a verified
 * circuit of INPUT, LINEAR, TABLE and OUTPUT gates. How: the graph is lifted into alternating
 * affine maps and functions of one variable. Every operator that is linear in what is encrypted is
 * composed, in floats, into one affine map per accumulator; every connected chain of elementwise
 * operators on one accumulator becomes one table, however many nodes it has; products, maxima and
 * selections of two encrypted tensors are rewritten into affine maps and functions of one variable
 * (x y = ((x+y)^2 - (x-y)^2) / 4, max(x, y) = y + relu(x - y)). Then layer by layer: window, ramp,
 * turn of the torus, integer weights, bias correction, table. Invariants: the circuit verifies; the
 * same graph, rows and options give the same bytes on every machine (sums run in a fixed order in
 * double; nothing goes through BLAS). Must not know: ONNX files, ciphertexts, parameter sets.
 */
#ifndef NESCIO_QUANT_QUANT_H
#define NESCIO_QUANT_QUANT_H
#include "circuit/circuit.h"
#include "graph/graph.h"

typedef enum nescio_rounding {
    NESCIO_ROUNDING_AUTO = 0, /**< approximate */
    NESCIO_ROUNDING_EXACT =
        1, /**< tables whose input is decoded exactly: narrow accumulators only */
    NESCIO_ROUNDING_APPROXIMATE =
        2, /**< tables that read the top of a wide accumulator, saturating on the full torus */
} nescio_rounding;

typedef struct nescio_quant_options {
    int input_bits;  /**< 2 ... 16: codes of the client's quantizers. Default 8 */
    int weight_bits; /**< 2 ... 16, symmetric. 0 (default): 5, or 8 when the model has no function
                      */
    int activation_bits; /**< 2 ... 16: a table's output. 0 (default): 13, or 3 when exact */
    bool input_columns;  /**< one input scale an element instead of one a tensor */
    double clip; /**< a function's output is clipped at this quantile and its opposite, per channel.
                    Default .995 */
    double cover; /**< two-sided share of calibrated accumulators that a window covers before its
                     margin. Default .999 */
    double
        margin; /**< each side of a window is moved out by this share of its width. Default .25 */
    double ramp_max; /**< widest ramp in turns of the torus, below .5. Default .45 */
    uint32_t cells;  /**< table cells a turn, a power of two 16 ... 65536; a table has half of them.
                        Default 2048 */
    nescio_rounding rounding;
} nescio_quant_options;

/** The defaults above. */
nescio_quant_options nescio_quant_options_default(void);

/** What became of one layer (accumulator and the table behind it). */
typedef struct nescio_quant_layer {
    char *name;     /**< node that made the accumulator */
    char *function; /**< "Relu", "Sigmoid > Mul": operators in the table; "" for an answer */
    size_t rows, columns, channels;
    int weight_bits;
    int64_t turn, step; /**< accumulator units in a turn and in a cell; 0 where there is none */
    double clip_factor; /**< gamma: weights' limit as a share of the largest weight */
    int64_t lo, hi;     /**< accumulator's stated range */
    double norm_mean, norm_max;                /**< 2-norms of the weight rows */
    double ramp_least, ramp_median, ramp_most; /**< ramps in turns */
    double out_of_range;      /**< share of calibrated accumulators outside their own window */
    double rows_out_of_range; /**< share of calibration rows with one at least */
} nescio_quant_layer;

typedef struct nescio_quant_report {
    nescio_quant_layer *layers;
    size_t n_layers;
} nescio_quant_report;

/** Frees what the report owns and zeroes it. */
void nescio_quant_report_free(nescio_quant_report *report);
/** One aligned line a layer. */
NESCIO_MUST_CHECK nescio_status nescio_quant_report_print(nescio_ctx *ctx,
                                                          const nescio_quant_report *report,
                                                          nescio_buffer *out);

/** What can be done with an operator whose data are encrypted. */
typedef enum nescio_quant_way {
    NESCIO_QUANT_WAY_NONE,   /**< nothing yet */
    NESCIO_QUANT_WAY_CLEAR,  /**< it looks at shapes only */
    NESCIO_QUANT_WAY_LINEAR, /**< sums with clear weights */
    NESCIO_QUANT_WAY_AFFINE, /**< elementwise; linear where at most one operand is encrypted, or
                                where it adds; else tables */
    NESCIO_QUANT_WAY_MOVE,   /**< an index map */
    NESCIO_QUANT_WAY_TABLE,  /**< elementwise: tables */
} nescio_quant_way;

/** The way that nescio_quantize_graph takes; a node may still be refused for its operands. */
nescio_quant_way nescio_quant_way_of(nescio_op op);
/** Whether an operator of NESCIO_QUANT_WAY_AFFINE is affine when these of its first two operands
 * are encrypted: sums are, products with a clear factor, quotients by a clear divisor. */
bool nescio_quant_is_affine(nescio_op op, bool first, bool second);

/** Quantizes `body`. calibration[i]: rows of graph input i along axis 0, at least 1 row, the same
 * number for all. report may be NULL. NESCIO_E_UNSUPPORTED lists every node that cannot be computed
 * encrypted; NESCIO_E_MISMATCH: calibration of another shape or type; NESCIO_E_ARG: an option out
 * of its range. */
NESCIO_MUST_CHECK nescio_status nescio_quantize_graph(nescio_ctx *ctx, const nescio_graph *body,
                                                      const nescio_tensor *const *calibration,
                                                      const nescio_quant_options *options,
                                                      nescio_circuit **out,
                                                      nescio_quant_report *report);
#endif /* NESCIO_QUANT_QUANT_H */
