/* SPDX-License-Identifier: Apache-2.0
 * The border between real numbers and integers: real = scale * (q - zero_point). */
#include "circuit/circuit.h"

#include <math.h>

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Round half to even by arithmetic, so that the rounding mode of the calling thread does not
 * matter. |x| < 2^62. */
static int64_t round_even(double x)
{
    const double whole = floor(x), rest = x - whole; /* exact for every finite double */
    const int64_t v = (int64_t)whole;

    return v + (rest > 0.5 || (rest == 0.5 && (v & 1)));
}

void nescio_quantize(const nescio_quantizer *q, const double *x, int64_t *out, size_t count)
{
    const double reach = (double)NESCIO_CIRCUIT_VALUE_MAX;

    for (size_t i = 0; i < count; i++) {
        const size_t k = q->n == 1 ? 0 : i;
        const double v = x[i] / q->scale[k];

        if (v != v)
            out[i] = clamp(q->zero_point[k], q->lo, q->hi);
        else if (v >= reach || v <= -reach)
            out[i] = v > 0 ? q->hi : q->lo;
        else
            out[i] = clamp(round_even(v) + q->zero_point[k], q->lo, q->hi);
    }
}

void nescio_dequantize(const nescio_quantizer *q, const int64_t *in, double *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t k = q->n == 1 ? 0 : i;
        out[i] = q->scale[k] * (double)(in[i] - q->zero_point[k]);
    }
}
