/* SPDX-License-Identifier: Apache-2.0
 * Pass: x < y asks whether x - y is negative. The table is constant on both sides of its step, so
 * it may use the whole torus. */
#include "lower/lower_internal.h"

static int64_t is_negative(int64_t v)
{
    return v < 0;
}

nescio_status nescio_lower_compare(nescio_lowering *l, nescio_gate *gate)
{
    nescio_gate *step;

    if (gate->op != NESCIO_GATE_COMPARE)
        return nescio_lower_keep(l, gate);
    nescio_gate *const difference =
        nescio_lower_combine(l, gate->name, gate->inputs[0], 1, gate->inputs[1], -1);

    if (!difference)
        return nescio_lower_nomem(l);
    NESCIO_TRY(nescio_lower_table(l, gate->name, difference->output, is_negative, &step));
    step->table.saturating = difference->output->lo < 0 && difference->output->hi >= 0;
    step->table.ramp_lo = step->table.saturating ? -1 : 0;
    step->table.ramp_hi = 0;
    NESCIO_TRY(nescio_lower_become_combination(l, gate, step->output, 1, NULL, 0));
    return nescio_lower_keep(l, gate);
}
