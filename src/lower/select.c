/* SPDX-License-Identifier: Apache-2.0
 * Pass: c ? a : b is b + c (a - b), a product that a later pass lowers. */
#include "lower/lower_internal.h"

nescio_status nescio_lower_select(nescio_lowering *l, nescio_gate *gate)
{
    if (gate->op != NESCIO_GATE_SELECT)
        return nescio_lower_keep(l, gate);
    nescio_wire *const b = gate->inputs[2];
    nescio_gate *const difference = nescio_lower_combine(l, gate->name, gate->inputs[1], 1, b, -1);

    if (!difference)
        return nescio_lower_nomem(l);
    nescio_wire *const factors[2] = {gate->inputs[0], difference->output};
    nescio_gate *const product =
        nescio_circuit_gate(l->circuit, NESCIO_GATE_MULTIPLY, gate->name, factors, 2, b->count);

    if (!product)
        return nescio_lower_nomem(l);
    /* The condition is 0 or 1. */
    product->output->lo = difference->output->lo < 0 ? difference->output->lo : 0;
    product->output->hi = difference->output->hi > 0 ? difference->output->hi : 0;
    NESCIO_TRY(nescio_lower_become_combination(l, gate, product->output, 1, b, 1));
    return nescio_lower_keep(l, gate);
}
