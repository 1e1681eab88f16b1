/* SPDX-License-Identifier: Apache-2.0
 * The plan: data of a compiled model. `params` writes it, `simulate` and `runtime` follow it,
 * `format` stores it.
 *
 * A plan says with which parameters, in which torus encoding, in which order and in which memory
 * the gates of a lowered circuit run. An integer v on wire w is the phase v * delta[w] mod 2^64
 * (units of 2^-64). Steps refer to the circuit's gates by index for weights and tables;
 * nescio_plan_bind fills what steps need at run time (pointers into the circuit, test polynomials),
 * so that the runtime needs no circuit. Must not know: secrets, floats of the model, files.
 *
 * How gates map to steps. A LINEAR gate all of whose inputs are INPUT gates is one INPUT_LINEAR
 * step; any other use of an INPUT reads the slot of its INPUT_EXTRACT step. A CONSTANT gate is a
 * LINEAR step without sources: its numbers are the bias. A GATHER or CONCAT gate is a GATHER step.
 * Slots are written once, by one step; sources of a LINEAR or GATHER step share no ciphertext with
 * its target; a TABLE step works in place or apart. TABLE steps that follow each other on one
 * source may share a rotation: the first one's run writes all their targets.
 */
#ifndef NESCIO_PLAN_PLAN_H
#define NESCIO_PLAN_PLAN_H
#include "circuit/circuit.h"
#include "tfhe/params.h"
#include "tfhe/tfhe.h"

#define NESCIO_NO_SLOT UINT32_MAX

/** Which scheme runs the plan. Stored as text in files: "tfhe". */
typedef enum nescio_scheme { NESCIO_SCHEME_TFHE = 0 } nescio_scheme;
const char *nescio_scheme_name(nescio_scheme s);

typedef enum nescio_step_kind {
    NESCIO_STEP_INPUT_LINEAR =
        0, /**< plaintext polynomials x packed input, extracted: a LINEAR gate on an INPUT */
    NESCIO_STEP_INPUT_EXTRACT = 1, /**< packed input -> LWE, element by element */
    NESCIO_STEP_LINEAR = 2,        /**< LINEAR gate on slots */
    NESCIO_STEP_GATHER = 3,        /**< GATHER or CONCAT: copies */
    NESCIO_STEP_TABLE = 4,         /**< TABLE gate: key switch, modulus switch, blind rotation */
    NESCIO_STEP_ANSWER = 5,        /**< OUTPUT gate: output key switch and rounding */
} nescio_step_kind;

/** One encrypted input tensor: how it travels. Elements go in order into ceil(count / N) packed
 * GLWEs. */
typedef struct nescio_plan_input {
    const char *name; /**< of the INPUT gate */
    uint32_t gate;    /**< index in the circuit */
    uint32_t count;   /**< elements */
    uint32_t n_packed;
    uint32_t body_log; /**< bits of each body coefficient on the wire, 16 ... 64 */
    uint64_t delta;    /**< phase of integer 1; every delta of a plan is in 1 ... 2^63 - 1 */
} nescio_plan_input;

/** One encrypted output tensor: ceil(count / N') answers. */
typedef struct nescio_plan_output {
    const char *name; /**< of the OUTPUT gate */
    uint32_t gate;
    uint32_t count;
    uint32_t n_answers;
    uint32_t answer_log; /**< bits of each word, 12 ... 24 */
    uint64_t delta;      /**< phase of integer 1 */
    int64_t lo, hi; /**< range that decoding unwraps into: phases are taken around its middle */
    double std;     /**< predicted standard deviation of the decoded integer, before rounding */
} nescio_plan_output;

/** LWE ciphertexts of one wire, [first_word ...) in the slot pool. Slots whose lives do not overlap
 * share memory. */
typedef struct nescio_plan_slot {
    uint32_t count;  /**< ciphertexts */
    uint64_t delta;  /**< phase of integer 1 */
    uint64_t first;  /**< ciphertext index of the start in the pool */
    double variance; /**< predicted, on the torus, worst element */
} nescio_plan_slot;

/** A table step's place on the torus. phase_in + phase_offset = j / 2N reads polynomial entry j,
 * negacyclic. */
typedef struct nescio_plan_table {
    uint64_t phase_offset;
    uint32_t n_shared; /**< tables of one rotation: this step's and those of the n_shared - 1 after
                          it; 0: runs with a step before. Tables of one rotation have one source and
                          one phase_offset */
    bool full_torus;   /**< saturating table minus its middle, over the whole torus; else half torus
                          with a padding bit */
    double variance; /**< predicted at the switched input: key switch and modulus switch included */
    double window; /**< width of the table's window (or ramp) as a fraction of the torus: resolution
                      = window / sqrt(variance) */
    double log2_fail; /**< exact: of one look-up; approximate: of leaving the plateau's reach by
                         noise; -inf: none */
    /* filled by nescio_plan_bind, in the plan's arena: */
    const uint64_t *polys;    /**< [n_polys][N] */
    const uint64_t *post_add; /**< [n_polys] */
    const uint32_t *which;    /**< borrowed from the circuit */
    uint32_t n_polys;
} nescio_plan_table;

typedef struct nescio_step {
    nescio_step_kind kind;
    uint32_t gate;      /**< index in the circuit */
    uint32_t n_sources; /**< LINEAR, GATHER: how many inputs */
    uint32_t *sources;  /**< slot of each input of the gate; INPUT_LINEAR, INPUT_EXTRACT: index in
                           plan->inputs */
    uint32_t target;    /**< slot written (ANSWER: index in plan->outputs) */
    int32_t *factor; /**< INPUT_LINEAR, LINEAR: [n_sources] integers >= 1: target's delta = factor *
                        source's delta */
    nescio_plan_table table;
    /* filled by nescio_plan_bind: */
    const nescio_int_matrix
        *matrix; /**< LINEAR: [n_sources]; INPUT_LINEAR: one for each packed GLWE of each source,
                  * end to end, whose columns are that GLWE's elements. Factors multiplied in */
    uint32_t n_matrices;   /**< of `matrix` */
    const uint64_t *bias;  /**< LINEAR: [count] phases, or NULL */
    const int64_t *gather; /**< GATHER: [count] index into the sources laid end to end, or -1 */
    uint32_t count;        /**< elements of the target */
} nescio_step;

/** Costs and promises, all known before any key exists. */
typedef struct nescio_plan_report {
    uint64_t n_pbs;       /**< bootstrappings a row; tables that share a rotation count once */
    double log2_p_fail;   /**< per row: exact tables, output decoding, range events that are not
                             calibrated ones */
    double range_rate;    /**< calibrated probability that some value of a row leaves its window; 0:
                             proven bounds */
    bool approximate;     /**< some table is approximate: IND-CPA only */
    double security_bits; /**< of the parameter set, by its committed estimate */
    uint64_t evaluation_key_bytes, upload_bytes,
        download_bytes;    /**< upload and download of one row */
    uint64_t memory_bytes; /**< server: engine and slots, one thread */
    double cost; /**< predicted units of the committed cost table (seconds of its reference core) a
                    row */
} nescio_plan_report;

typedef struct nescio_plan {
    nescio_arena *arena;
    nescio_scheme scheme;
    nescio_tfhe_params params;
    const char *set_name; /**< of the parameter set */
    nescio_plan_input *inputs;
    nescio_plan_output *outputs;
    nescio_plan_slot *slots;
    nescio_step *steps;
    uint32_t n_inputs, n_outputs, n_slots, n_steps;
    uint64_t pool_ciphertexts; /**< size of the slot pool */
    nescio_plan_report report;
    bool bound; /**< nescio_plan_bind has run */
} nescio_plan;

NESCIO_MUST_CHECK nescio_status nescio_plan_new(nescio_ctx *ctx, nescio_plan **out);
void nescio_plan_free(nescio_plan *plan);
/** Every index, count and limit against the circuit: what a reader of files calls. NESCIO_E_FORMAT
 * names the step. */
NESCIO_MUST_CHECK nescio_status nescio_plan_verify(nescio_ctx *ctx, const nescio_plan *plan,
                                                   const nescio_circuit *circuit);
/** Fills the run-time fields, once (NESCIO_E_ARG on a bound plan). The circuit, verified by the
 * caller, must outlive the plan. Calls nescio_plan_verify first. */
NESCIO_MUST_CHECK nescio_status nescio_plan_bind(nescio_ctx *ctx, nescio_plan *plan,
                                                 const nescio_circuit *circuit);

/** Ciphertexts that the plan bootstraps in a row. */
uint64_t nescio_plan_n_pbs(const nescio_plan *plan);
/** Tables in the rotation that the TABLE step i_step takes part in. */
uint32_t nescio_plan_shared_tables(const nescio_plan *plan, uint32_t i_step);
/** Bytes of one row's packed inputs on the wire (seed apart), and of its answers. */
size_t nescio_plan_upload_bytes(const nescio_plan *plan);
size_t nescio_plan_download_bytes(const nescio_plan *plan);
/** Bytes of one output's answers in a row: n_answers pieces, all but the last full. */
size_t nescio_plan_answer_bytes(const nescio_plan *plan, const nescio_plan_output *out);
/** Integer nearest to a decoded phase of an output, on the turn of the torus whose middle is the
 * middle of its range: noise may carry it a little beyond lo and hi. */
int64_t nescio_plan_decode(const nescio_plan_output *out, uint64_t phase);
/** The integer v whose phase v * delta is nearest to `phase`, on the turn of the torus around
 * `centre`. 0 < delta < 2^63. */
int64_t nescio_phase_to_integer(uint64_t phase, uint64_t delta, int64_t centre);
/** Where table i_table leaves its lower plateau and reaches its upper one, by its entries: values
 * on the boundary between two cells end in .5. lo == hi: a jump, or a constant. */
void nescio_table_ramp(const nescio_table *t, uint32_t i_table, double *lo, double *hi);
/** Text for `inspect --stage plan`: one line a step. */
NESCIO_MUST_CHECK nescio_status nescio_plan_print(nescio_ctx *ctx, const nescio_plan *plan,
                                                  nescio_buffer *out);
#endif /* NESCIO_PLAN_PLAN_H */
