/* SPDX-License-Identifier: Apache-2.0
 * Tail of the Gaussian in the log domain: failure probabilities of 2^-128 and far below. */
#include "noise/noise.h"

#include <math.h>

static const double pi = 3.14159265358979323846;
static const double log2_e = 1.44269504088896340736;

/* log2 erfc(x), x > 0. From x = 20 on, where erfc itself nears the end of the f64 range, the
 * asymptotic series erfc(x) = exp(-x^2) / (x sqrt(pi)) * sum_i (-1)^i (2i - 1)!! / (2 x^2)^i
 * (Abramowitz and Stegun, 7.1.23): its fifth term is below 1e-10 there, and the error is below the
 * first term left out. */
static double log2_erfc(double x)
{
    double term = 1, sum = 1;

    if (x < 20)
        return log2(erfc(x));
    for (int i = 1; i <= 4; i++) {
        term *= -(2 * i - 1) / (2 * x * x);
        sum += term;
    }
    return -x * x * log2_e - log2(x * sqrt(pi)) + log2(sum);
}

double nescio_noise_log2_fail(double variance, double half_width)
{
    if (half_width <= 0)
        return 0;
    if (variance <= 0)
        return -INFINITY;
    return log2_erfc(half_width / sqrt(2 * variance));
}

double nescio_noise_log2_add(double a, double b)
{
    const double hi = a > b ? a : b;
    const double lo = a > b ? b : a;

    if (isinf(hi))
        return hi; /* both impossible, or one certain beyond measure */
    return hi + log1p(exp2(lo - hi)) * log2_e;
}
