/* SPDX-License-Identifier: Apache-2.0
 * The integer circuit: what the server computes, in exact integers.
 *
 * In: gates from quant or the text parser. Out: a verified DAG that `lower` rewrites, the clear
 * evaluator runs (mode `disable`), `params` turns into a plan. A wire is a tensor of integers of
 * one row (no batch axis) with an inclusive range, encrypted or clear. Everything is in one arena.
 * Gates are in topological order. Invariants (nescio_circuit_verify): one producer a wire; element
 * counts agree; every range is the one that interval arithmetic gives, or narrower where
 * calibration says so and only saturating tables and OUTPUTs use the wire; all values and partial
 * sums fit int64 with 2 bits to spare. Must not know: floats (but quantizers at the border),
 * ciphertexts, parameters.
 */
#ifndef NESCIO_CIRCUIT_CIRCUIT_H
#define NESCIO_CIRCUIT_CIRCUIT_H
#include "base/int_matrix.h"
#include "tensor/tensor.h"

/* clang-format off */
/** X(ID, "text name", min inputs, max inputs (-1: any)) */
#define NESCIO_GATES(X)                                                                                            \
    X(INPUT, "input", 0, 0)       /* values from the client, quantized by `quantizer` */                           \
    X(CONSTANT, "constant", 0, 0) /* clear integers */                                                             \
    X(LINEAR, "linear", 1, -1)    /* bias + sum over inputs t of matrix[t] * input[t] */                           \
    X(GATHER, "gather", 1, 1)     /* out[i] = index[i] < 0 ? 0 : in[index[i]]: reshape, slice, transpose, pad */   \
    X(CONCAT, "concat", 1, -1)    /* inputs one after another, flat */                                             \
    X(TABLE, "table", 1, 1)       /* univariate function by look-up */                                             \
    X(MULTIPLY, "multiply", 2, 2) /* elementwise */                                                                \
    X(MAX, "max", 2, 2)           /* elementwise */                                                                \
    X(COMPARE, "compare", 2, 2)   /* elementwise: 1 where in[0] < in[1], else 0 */                                 \
    X(SELECT, "select", 3, 3)     /* elementwise: in[0] != 0 ? in[1] : in[2]; in[0] is 0 or 1 */                   \
    X(TREES, "trees", 1, 1)       /* ensemble of decision trees on one integer vector */                           \
    X(OUTPUT, "output", 1, 1)     /* values for the client, dequantized by `quantizer` */
/* clang-format on */

typedef enum nescio_gate_op {
#define X(id, name, lo, hi) NESCIO_GATE_##id,
    NESCIO_GATES(X)
#undef X
        NESCIO_GATE_COUNT
} nescio_gate_op;

typedef struct nescio_gate nescio_gate;

/** A tensor of integers, of one row. */
typedef struct nescio_wire {
    const char *name; /**< unique, never empty */
    int rank;
    int64_t dims[NESCIO_RANK_MAX];
    size_t count;   /**< product of dims */
    int64_t lo, hi; /**< inclusive range of every element */
    bool encrypted;
    nescio_gate *producer;
    uint32_t id; /**< position in circuit->wires */
} nescio_wire;

/** Border between real numbers and integers: real = scale * (q - zero_point); q = round half to
 * even, clamped to [lo, hi]. */
typedef struct nescio_quantizer {
    size_t n;                  /**< 1 (whole tensor) or the element count */
    const double *scale;       /**< [n], > 0 */
    const int64_t *zero_point; /**< [n] */
    int64_t lo, hi;            /**< integers that encode */
} nescio_quantizer;

/** A look-up table on a wide integer: cell i holds values v with first + i step <= v < first + (i +
 * 1) step; values outside take the nearest cell and are counted as out of range unless
 * `saturating`. */
typedef struct nescio_table {
    int64_t first, step; /**< step >= 1 */
    uint32_t n_entries;
    uint32_t n_tables;      /**< 1, or one a channel */
    const uint32_t *which;  /**< [count] table of each element; NULL when n_tables == 1 */
    const int64_t *entries; /**< [n_tables][n_entries] */
    bool exact; /**< the input must be decoded exactly (then step == 1); else bootstrapping may land
                   on a neighbour */
    bool saturating; /**< in every table the function is constant below its ramp and above it */
    int64_t ramp_lo,
        ramp_hi; /**< saturating: all tables are constant at v <= ramp_lo and at v >= ramp_hi */
    /** saturating: integers on one turn of the torus such that every element, over its own
     * calibrated window, stays on the plateaus beside its own ramp, and every ramp is under half a
     * turn. 0: follows from the ramp and the wire's range, which are the unions over all elements
     * and so cost resolution. */
    int64_t turn;
} nescio_table;

/** One decision tree as flat arrays: node i goes to yes[i] when x[feature[i]] <= threshold[i], else
 * to no[i]; children >= 0 are nodes, negative ones leaves (-1 - leaf). */
typedef struct nescio_tree {
    uint32_t n_nodes, n_leaves;
    const uint32_t *feature;
    const int64_t *threshold;
    const int32_t *yes, *no;
    const int64_t *leaves; /**< [n_leaves][n_targets] */
} nescio_tree;

struct nescio_gate {
    nescio_gate_op op;
    const char *name; /**< for messages: the ONNX node it came from */
    uint32_t n_inputs;
    nescio_wire **inputs;
    nescio_wire *output; /**< every gate has one; OUTPUT's has the range and count of its input */
    union {
        struct {
            const nescio_int_matrix
                *matrix;         /**< [n_inputs]: rows = output count, columns = input count */
            const int64_t *bias; /**< [output count] or NULL */
        } linear;
        const int64_t *gather;   /**< [output count] */
        const int64_t *constant; /**< [output count] */
        nescio_table table;
        nescio_quantizer quantizer; /**< INPUT, OUTPUT */
        struct {
            uint32_t n_trees, n_targets;
            const nescio_tree *tree;
        } trees; /**< output: the sum over trees of their leaves */
    };
};

/** Elements of one wire at most: what a hostile text may ask the evaluator to allocate. */
#define NESCIO_CIRCUIT_COUNT_MAX ((size_t)1 << 26)
/** Values and partial sums at most: int64 with 2 bits to spare. */
#define NESCIO_CIRCUIT_VALUE_MAX ((int64_t)1 << 61)

typedef struct nescio_circuit {
    nescio_arena *arena;
    struct nescio_circuit_names *names; /**< wire names taken so far */
    nescio_gate **gates;                /**< topological */
    size_t n_gates, cap_gates;
    nescio_wire **wires;
    size_t n_wires, cap_wires;
} nescio_circuit;

NESCIO_MUST_CHECK nescio_status nescio_circuit_new(nescio_ctx *ctx, nescio_circuit **out);
void nescio_circuit_free(nescio_circuit *circuit);
/** Appends a gate and its output wire (range 0..0 until set; shape rank 1 [count]). Name made
 * unique. NULL: no memory. */
nescio_gate *nescio_circuit_gate(nescio_circuit *circuit, nescio_gate_op op, const char *name,
                                 nescio_wire *const *inputs, uint32_t n_inputs, size_t count);
/** Wire by name, dead ones included; NULL: none. */
nescio_wire *nescio_circuit_find(const nescio_circuit *circuit, const char *name);
/** Deep copy into a new arena; gates keep their order, wires are numbered in that order. */
NESCIO_MUST_CHECK nescio_status nescio_circuit_copy(nescio_ctx *ctx, const nescio_circuit *in,
                                                    nescio_circuit **out);
/** i-th INPUT or OUTPUT gate in order; NULL beyond the last. */
const nescio_gate *nescio_circuit_input(const nescio_circuit *circuit, size_t i);
const nescio_gate *nescio_circuit_output(const nescio_circuit *circuit, size_t i);
size_t nescio_circuit_n_inputs(const nescio_circuit *circuit);
size_t nescio_circuit_n_outputs(const nescio_circuit *circuit);
const char *nescio_gate_op_name(nescio_gate_op op);

/** Ranges by interval arithmetic into every wire (INPUT from its quantizer). A wire that only
 * saturating tables and OUTPUTs use keeps a narrower range that calibration set (0..0 counts as not
 * set). NESCIO_E_UNSUPPORTED: a value or partial sum may pass NESCIO_CIRCUIT_VALUE_MAX. */
NESCIO_MUST_CHECK nescio_status nescio_circuit_ranges(nescio_ctx *ctx, nescio_circuit *circuit);
NESCIO_MUST_CHECK nescio_status nescio_circuit_verify(nescio_ctx *ctx,
                                                      const nescio_circuit *circuit);

/** What happened to rows in the clear: events by gate. */
typedef struct nescio_eval_stats {
    uint64_t *out_of_range; /**< [n_gates]: values outside the input wire's stated range at a TABLE
                               or OUTPUT; NULL: do not count */
    uint64_t *seen; /**< [n_gates]: values that a TABLE or OUTPUT took; NULL: do not count */
} nescio_eval_stats;

/** Exact evaluation of one row. inputs[i] and outputs[i] are arrays of the i-th INPUT's and
 * OUTPUT's element count. Input integers outside their quantizer's range are NESCIO_E_ARG. */
NESCIO_MUST_CHECK nescio_status nescio_circuit_eval(nescio_ctx *ctx, const nescio_circuit *circuit,
                                                    const int64_t *const *inputs,
                                                    int64_t *const *outputs,
                                                    nescio_eval_stats *stats);
/** One gate, INPUT excepted: out[output count] from the elements of each input. */
void nescio_gate_eval(const nescio_gate *gate, const int64_t *const *inputs, int64_t *out);
/** The entry of a table for value v, cells and clamping as above. */
int64_t nescio_table_look_up(const nescio_table *t, uint32_t i_table, int64_t v);

/** q[i] of x[i] (count elements, contiguous): real to integer. NaN quantizes to the zero point. */
void nescio_quantize(const nescio_quantizer *q, const double *x, int64_t *out, size_t count);
void nescio_dequantize(const nescio_quantizer *q, const int64_t *in, double *out, size_t count);

/** Text form that prints and parses: a bug report is a text file. Arrays above max_elements print
 * as "..." (0: all). */
NESCIO_MUST_CHECK nescio_status nescio_circuit_print(nescio_ctx *ctx, const nescio_circuit *circuit,
                                                     size_t max_elements, nescio_buffer *out);
/** Hostile-input code: limits, errors with line and column. */
NESCIO_MUST_CHECK nescio_status nescio_circuit_parse(nescio_ctx *ctx, const char *text,
                                                     size_t bytes, nescio_circuit **out);
#endif /* NESCIO_CIRCUIT_CIRCUIT_H */
