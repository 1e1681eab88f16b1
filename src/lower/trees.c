/* SPDX-License-Identifier: Apache-2.0
 * Pass: decision trees have no encrypted form here; the gate is named. */
#include "lower/lower_internal.h"

nescio_status nescio_lower_trees(nescio_lowering *l, nescio_gate *gate)
{
    if (gate->op == NESCIO_GATE_TREES)
        return nescio_fail(l->ctx, NESCIO_E_UNSUPPORTED,
                           "gate '%s': %u decision trees cannot be computed encrypted; linear "
                           "gates and tables are accepted",
                           gate->name, gate->trees.n_trees);
    return nescio_lower_keep(l, gate);
}
