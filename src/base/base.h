/* SPDX-License-Identifier: Apache-2.0
 * The ground floor: what every room stands on.
 *
 * In: nothing. Out: the context with its one-line message, arenas, checked sizes, byte cursors and
 * buffers, files read by mmap and written atomically, the worker pool, progress and cancellation; instruction sets in isa.h.
 * Knows neither models nor encryption. Nothing here prints, exits or aborts.
 */
#ifndef NESCIO_BASE_BASE_H
#define NESCIO_BASE_BASE_H
#include "base/arena.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/pool.h"
#endif /* NESCIO_BASE_BASE_H */
