/* SPDX-License-Identifier: Apache-2.0
 * Inside the room: a circuit as the planner sees it, and one parameter set tried on it. */
#ifndef NESCIO_PARAMS_INTERNAL_H
#define NESCIO_PARAMS_INTERNAL_H
#include "params/params.h"

/** Fills noise bounds, moduli, torus and output key from n, k, N, l, B, key-switch levels and base,
 * variant. */
nescio_tfhe_params nescio_params_complete(nescio_tfhe_params p);

/** Squared coefficients of one element over its independent sources: variance = input * V_fresh +
 * table * V_rotation. Tables of one rotation are one source, whatever the correlation of their
 * noise: magnitudes are added. */
typedef struct norms {
    double input, table;
} norms;

/** One wire: the block it belongs to and the noise it can carry. */
typedef struct wire_facts {
    bool needed;    /**< some OUTPUT depends on it */
    bool extracted; /**< an INPUT that some gate reads element by element */
    bool levelled;  /**< a LINEAR, GATHER or CONCAT gate reads it */
    uint32_t block; /**< levelled block: wires that share one delta */
    norms *worst;   /**< [n_worst] elements that no other element exceeds in both */
    uint32_t n_worst;
} wire_facts;

/** A place where a wire is read: TABLE or OUTPUT. */
typedef struct sink {
    uint32_t gate;
    const nescio_wire *wire;
    bool full_torus;
    uint32_t
        n_shared; /**< tables of one rotation: the first of them has their number, the others 0 */
    uint32_t leader;    /**< sink of that first one; its own index when alone */
    unsigned share_log; /**< bits of the switched phase that the number of the table takes */
    double turn;        /**< full torus: integers on one turn */
    double centre;      /**< value that sits at phase 1/4 */
    double window;      /**< integers that the window (half torus, OUTPUT) or the widest ramp (full
                           torus) spans */
} sink;

/** Analysis of a circuit: parameters play no part in it. Everything in its arena. */
typedef struct analysis {
    nescio_arena *arena;
    const nescio_circuit *circuit;
    wire_facts *wires; /**< [n_wires] */
    sink *sinks;
    uint32_t *parent; /**< [n_blocks] block whose delta times a factor this one has; or itself */
    int32_t *most_factor; /**< [n_blocks] over the parent: weights stay in 32 bits */
    uint32_t n_sinks, n_blocks;
    bool exact; /**< every table is */
    bool any_table;
    bool shares;     /**< some tables share a rotation */
    double n_events; /**< elements of all sinks: what a row's failure probability is shared by */
    double n_pbs, n_weights, n_input_rows, n_answers; /**< work a row: cost.c's units */
} analysis;

/** `share`: tables that read one wire around one centre take one rotation together.
 * NESCIO_E_UNSUPPORTED: an operator that lower has to rewrite first. */
nescio_status nescio_analysis_new(nescio_ctx *ctx, const nescio_circuit *circuit, bool share,
                                  analysis **out);
void nescio_analysis_free(analysis *a);
/** Sparse rows and their norms: analysis_norms.c. */
nescio_status nescio_analysis_norms(nescio_ctx *ctx, analysis *a);

/** A sink under one parameter set. */
typedef struct sink_verdict {
    double variance;  /**< tables: at the switched input; OUTPUT: of the decrypted phase */
    double window;    /**< as a fraction of the turn */
    double log2_fail; /**< of one element */
    uint64_t phase_offset;
    bool decoded; /**< exact table, or output whose rounding is required to be right */
} sink_verdict;

/** A parameter set tried on a circuit. */
typedef struct trial {
    const analysis *a; /**< of the circuit */
    const char *set_name;
    nescio_tfhe_params params;
    double v_fresh, v_rotation;                  /**< fresh input with rounded body; table output */
    double v_switched[NESCIO_SHARE_LOG_MAX + 1]; /**< key and modulus switch, by share_log */
    uint32_t body_log;
    uint32_t *answer_log;  /**< [n_sinks], OUTPUT sinks */
    uint64_t *delta;       /**< [n_blocks] */
    int32_t *factor;       /**< [n_blocks] delta over the parent's; 1 without one */
    sink_verdict *verdict; /**< [n_sinks] */
    double log2_p_fail, cost;
    bool approximate; /**< some table or output is not decoded exactly */
    bool feasible;
    uint32_t i_worst;    /**< sink that decided against it */
    double shortfall;    /**< how far: noise is this factor too large there */
    const char *against; /**< which bound: "failure", "resolution" or "torus" */
} trial;

/** What a trial has to satisfy. */
typedef struct wishes {
    double log2_p_fail, resolution;
    bool exact_outputs; /**< outputs must decode exactly */
} wishes;

nescio_status nescio_trial_run(nescio_ctx *ctx, const analysis *a, const wishes *w,
                               const char *set_name, const nescio_tfhe_params *p, trial *out);
/** Variance of a wire's worst element. */
double nescio_trial_variance(const analysis *a, const trial *t, const nescio_wire *wire);

/** Steps, slots and report of the chosen trial. */
nescio_status nescio_params_build(nescio_ctx *ctx, const trial *t, double range_rate,
                                  nescio_plan **out);
/** Places slots in the pool: [first_step, last_step] is a slot's life, in_place[s] a slot it may
 * take over (or NESCIO_NO_SLOT). */
nescio_status nescio_slots_place(nescio_ctx *ctx, nescio_plan *plan, const uint32_t *first_step,
                                 const uint32_t *last_step, const uint32_t *in_place);
#endif /* NESCIO_PARAMS_INTERNAL_H */
