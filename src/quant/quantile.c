/* SPDX-License-Identifier: Apache-2.0
 * Order statistics without a full sort; exact, so the same on every machine. */
#include "quant/quantile_internal.h"

/* Hoare's quickselect with the middle element as pivot: v[k] as a sort would have it, smaller ones
 * before, larger ones behind. */
static double select_nth(double *v, size_t n, size_t k)
{
    size_t lo = 0, hi = n - 1;

    while (lo < hi) {
        const double pivot = v[lo + (hi - lo) / 2];
        size_t i = lo, j = hi;

        for (;;) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i >= j)
                break;
            const double swap = v[i];
            v[i++] = v[j];
            v[j--] = swap;
        }
        /* v[lo..j] <= pivot <= v[j+1..hi] */
        if (k <= j)
            hi = j;
        else
            lo = j + 1;
    }
    return v[k];
}

double nescio_quantile(double *values, size_t n, double p)
{
    const double h = p * (double)(n - 1);
    const size_t i = (size_t)h;
    const double low = select_nth(values, n, i);
    double next = low;

    if (i + 1 < n) { /* the least of what lies behind */
        next = values[i + 1];
        for (size_t k = i + 2; k < n; k++)
            next = values[k] < next ? values[k] : next;
    }
    return low + (h - (double)i) * (next - low);
}

double nescio_median(double *values, size_t n)
{
    return nescio_quantile(values, n, 0.5);
}
