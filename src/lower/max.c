/* SPDX-License-Identifier: Apache-2.0
 * Pass: max(x, y) is y + relu(x - y), one exact table. */
#include "lower/lower_internal.h"

static int64_t relu(int64_t v)
{
    return v > 0 ? v : 0;
}

nescio_status nescio_lower_max(nescio_lowering *l, nescio_gate *gate)
{
    nescio_gate *above;

    if (gate->op != NESCIO_GATE_MAX)
        return nescio_lower_keep(l, gate);
    nescio_wire *const y = gate->inputs[1];
    nescio_gate *const difference = nescio_lower_combine(l, gate->name, gate->inputs[0], 1, y, -1);

    if (!difference)
        return nescio_lower_nomem(l);
    NESCIO_TRY(nescio_lower_table(l, gate->name, difference->output, relu, &above));
    NESCIO_TRY(nescio_lower_become_combination(l, gate, above->output, 1, y, 1));
    return nescio_lower_keep(l, gate);
}
