/* SPDX-License-Identifier: Apache-2.0
 * Test polynomials from integer tables: shared inside the room. */
#ifndef NESCIO_PLAN_INTERNAL_H
#define NESCIO_PLAN_INTERNAL_H
#include "plan/plan.h"

/** What a test polynomial depends on. */
typedef struct table_place {
    const nescio_table *table;
    const nescio_wire *input;
    uint64_t phase_offset, delta_in, delta_out;
    bool full_torus;
    uint32_t poly_size;
} table_place;

/** Entries of table number i_table: poly[j] is read at phase j / 2N - phase_offset. *post_add
 * brings the middle back. */
void nescio_plan_test_polynomial(const table_place *place, uint32_t i_table, uint64_t *poly,
                                 uint64_t *post_add);
#endif /* NESCIO_PLAN_INTERNAL_H */
