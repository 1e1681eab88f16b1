/* SPDX-License-Identifier: Apache-2.0
 * Pass: exact tables that are wider than one bootstrapping are named before a plan is tried. */
#include "lower/lower_internal.h"

nescio_status nescio_lower_wide_tables(nescio_lowering *l, nescio_gate *gate)
{
    if (gate->op == NESCIO_GATE_TABLE && gate->table.exact)
        NESCIO_TRY(
            nescio_lower_check_bits(l, gate->name, gate->inputs[0]->lo, gate->inputs[0]->hi));
    return nescio_lower_keep(l, gate);
}
