/* SPDX-License-Identifier: Apache-2.0
 * Shared by the passes. A pass walks the old gate list and appends to the new one; a gate that is
 * rewritten keeps its output wire (so names, shapes, stated ranges and readers stay) and changes
 * operator, inputs and payload in place. */
#ifndef NESCIO_LOWER_LOWER_INTERNAL_H
#define NESCIO_LOWER_LOWER_INTERNAL_H
#include "lower/lower.h"

typedef struct nescio_lowering {
    nescio_ctx *ctx;
    nescio_circuit *circuit; /**< being rewritten; owns everything */
    const nescio_lower_options *options;
    uint32_t *uses; /**< [n_wires at the start of the pass] readers of each wire */
    bool changed;   /**< set by a pass that has rewritten something */
} nescio_lowering;

/** Rewrites one gate: may append helpers (nescio_circuit_gate), then appends the gate itself
 * (nescio_lower_keep). */
typedef nescio_status (*nescio_lower_gate_fn)(nescio_lowering *l, nescio_gate *gate);

/** Appends an existing gate to the new list. */
NESCIO_MUST_CHECK nescio_status nescio_lower_keep(nescio_lowering *l, nescio_gate *gate);
/** Runs fn over all gates in order, then drops gates that no output needs and numbers the wires
 * anew. */
NESCIO_MUST_CHECK nescio_status nescio_lower_rewrite(nescio_lowering *l, nescio_lower_gate_fn fn);
nescio_status nescio_lower_nomem(nescio_lowering *l);

/** New gate wa * a + wb * b, elementwise, its range stated; b may be NULL. NULL: no memory. */
nescio_gate *nescio_lower_combine(nescio_lowering *l, const char *name, nescio_wire *a, int32_t wa,
                                  nescio_wire *b, int32_t wb);
/** Turns `gate` into wa * a + wb * b in place. */
NESCIO_MUST_CHECK nescio_status nescio_lower_become_combination(nescio_lowering *l,
                                                                nescio_gate *gate, nescio_wire *a,
                                                                int32_t wa, nescio_wire *b,
                                                                int32_t wb);
/** New exact table f(v) for all v in the range of `in`. NESCIO_E_UNSUPPORTED names the gate when
 * that is too wide. */
NESCIO_MUST_CHECK nescio_status nescio_lower_table(nescio_lowering *l, const char *name,
                                                   nescio_wire *in, int64_t (*f)(int64_t),
                                                   nescio_gate **out);
/** NESCIO_E_UNSUPPORTED when [lo, hi] needs more bits than one bootstrapping does. */
NESCIO_MUST_CHECK nescio_status nescio_lower_check_bits(nescio_lowering *l, const char *name,
                                                        int64_t lo, int64_t hi);

/* The passes. */
NESCIO_MUST_CHECK nescio_status nescio_lower_trees(nescio_lowering *l, nescio_gate *gate);
NESCIO_MUST_CHECK nescio_status nescio_lower_constants(nescio_lowering *l, nescio_gate *gate);
NESCIO_MUST_CHECK nescio_status nescio_lower_select(nescio_lowering *l, nescio_gate *gate);
NESCIO_MUST_CHECK nescio_status nescio_lower_multiply(nescio_lowering *l, nescio_gate *gate);
NESCIO_MUST_CHECK nescio_status nescio_lower_max(nescio_lowering *l, nescio_gate *gate);
NESCIO_MUST_CHECK nescio_status nescio_lower_compare(nescio_lowering *l, nescio_gate *gate);
NESCIO_MUST_CHECK nescio_status nescio_lower_gathers(nescio_lowering *l, nescio_gate *gate);
NESCIO_MUST_CHECK nescio_status nescio_lower_merge_linear(nescio_lowering *l, nescio_gate *gate);
NESCIO_MUST_CHECK nescio_status nescio_lower_merge_tables(nescio_lowering *l, nescio_gate *gate);
NESCIO_MUST_CHECK nescio_status nescio_lower_wide_tables(nescio_lowering *l, nescio_gate *gate);
#endif /* NESCIO_LOWER_LOWER_INTERNAL_H */
