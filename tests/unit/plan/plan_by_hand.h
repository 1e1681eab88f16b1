/* SPDX-License-Identifier: Apache-2.0
 * A small circuit with every lowered operator, and its plan written down by hand. */
#ifndef NESCIO_TESTS_PLAN_BY_HAND_H
#define NESCIO_TESTS_PLAN_BY_HAND_H
#include "plan/plan.h"

enum {
    HAND_INPUT,
    HAND_TABLE,
    HAND_GATHER,
    HAND_CONSTANT,
    HAND_CONCAT,
    HAND_LINEAR,
    HAND_ANSWER,
    HAND_STEPS
};

nescio_circuit *circuit_by_hand(nescio_ctx *ctx);
/** Not bound. */
nescio_plan *plan_by_hand(nescio_ctx *ctx, const nescio_circuit *c);
/** Of a circuit input - table - output; the table's step is number 1. */
nescio_plan *plan_of_one_table(nescio_ctx *ctx, const nescio_circuit *c, uint64_t delta_in,
                               uint64_t delta_out, bool full_torus);
/** One linear step on a packed input with `factor`, bound; *c is its circuit. */
nescio_plan *plan_of_wide_input(nescio_ctx *ctx, const nescio_int_matrix *m, int32_t factor,
                                nescio_circuit **c);
int32_t matrix_entry(const nescio_int_matrix *m, uint32_t row, uint32_t column);
/** The bound plan of circuit_by_hand on clear phases without noise: x[3] to y[4]. */
void run_by_hand(const nescio_plan *plan, const int64_t *x, int64_t *y);
/** Toy parameters: N = 256, no security. */
nescio_tfhe_params params_by_hand(void);
#endif /* NESCIO_TESTS_PLAN_BY_HAND_H */
