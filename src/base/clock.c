/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

double nescio_clock_seconds(clockid_t clock)
{
    struct timespec t = {0};

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
