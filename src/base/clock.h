/* SPDX-License-Identifier: Apache-2.0
 * Seconds of a POSIX clock. */
#ifndef NESCIO_BASE_CLOCK_H
#define NESCIO_BASE_CLOCK_H
#include <time.h>

/** Only differences mean something. 0 for a clock that this machine lacks. */
double nescio_clock_seconds(clockid_t clock);
#endif /* NESCIO_BASE_CLOCK_H */
