/* SPDX-License-Identifier: Apache-2.0
 * Order statistics. */
#ifndef NESCIO_QUANT_QUANTILE_INTERNAL_H
#define NESCIO_QUANT_QUANTILE_INTERNAL_H
#include <stddef.h>

/** Linear interpolation between order statistics at position p (n - 1). Reorders the values, none
 * of them NaN; n >= 1. */
double nescio_quantile(double *values, size_t n, double p);
double nescio_median(double *values, size_t n);
#endif /* NESCIO_QUANT_QUANTILE_INTERNAL_H */
