/* SPDX-License-Identifier: Apache-2.0
 * Pass: x y = floor((x + y)^2 / 4) - floor((x - y)^2 / 4). Sum and difference have the same parity,
 * so what is cut off cancels: two exact tables of one variable and linear gates around them. */
#include "lower/lower_internal.h"

static int64_t square(int64_t v)
{
    return v * v; /* |v| < 2^31: see fits_square */
}

/* floor(v^2 / 4) */
static int64_t quarter_square(int64_t v)
{
    return v * v / 4;
}

static bool fits_square(const nescio_wire *w)
{
    return w->lo > -((int64_t)1 << 30) && w->hi < ((int64_t)1 << 30);
}

nescio_status nescio_lower_multiply(nescio_lowering *l, nescio_gate *gate)
{
    nescio_gate *plus, *minus, *plus_square, *minus_square;

    if (gate->op != NESCIO_GATE_MULTIPLY)
        return nescio_lower_keep(l, gate);
    if (!fits_square(gate->inputs[0]) || !fits_square(gate->inputs[1]))
        return nescio_fail(l->ctx, NESCIO_E_UNSUPPORTED,
                           "gate '%s': a product of values beyond 2^30 has no tables", gate->name);
    if (gate->inputs[0] == gate->inputs[1]) {
        NESCIO_TRY(nescio_lower_table(l, gate->name, gate->inputs[0], square, &plus_square));
        NESCIO_TRY(nescio_lower_become_combination(l, gate, plus_square->output, 1, NULL, 0));
        return nescio_lower_keep(l, gate);
    }
    plus = nescio_lower_combine(l, gate->name, gate->inputs[0], 1, gate->inputs[1], 1);
    minus =
        plus ? nescio_lower_combine(l, gate->name, gate->inputs[0], 1, gate->inputs[1], -1) : NULL;
    if (!minus)
        return nescio_lower_nomem(l);
    NESCIO_TRY(nescio_lower_table(l, gate->name, plus->output, quarter_square, &plus_square));
    NESCIO_TRY(nescio_lower_table(l, gate->name, minus->output, quarter_square, &minus_square));
    NESCIO_TRY(
        nescio_lower_become_combination(l, gate, plus_square->output, 1, minus_square->output, -1));
    return nescio_lower_keep(l, gate);
}
