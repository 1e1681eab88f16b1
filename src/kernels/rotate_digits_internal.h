/* SPDX-License-Identifier: Apache-2.0
 * Balanced digits of an accumulator polynomial, rotated or not. Included by rotate_ISA.c after
 * lanes_ISA_internal.h.
 *
 * y = x + sum_level 2^(b-1) 2^(W - (level+1) b) + half a unit of the last level: then digit `level`
 * is the field of b bits of y at W - (level+1) b, less 2^(b-1): in [-2^(b-1), 2^(b-1) - 1], and
 * sum_level digit 2^(W - (level+1) b) is x rounded. */
#ifndef NESCIO_KERNELS_ROTATE_DIGITS_INTERNAL_H
#define NESCIO_KERNELS_ROTATE_DIGITS_INTERNAL_H
#include "kernels/lanes_internal.h"
#include "kernels/rotate_internal.h"

#include <string.h>

typedef uint32_t words32 __attribute__((vector_size(LANES * 8)));
typedef uint64_t words64 __attribute__((vector_size(LANES * 8)));
typedef int32_t narrow __attribute__((vector_size(LANES * 4)));

/* One step's gadget, in words of W bits. */
typedef struct gadget {
    uint64_t offset, mask, half;
    unsigned shift[NESCIO_ROTATE_MAX_LEVELS];
} gadget;

static inline gadget gadget_of(const nescio_rotation_shape *s)
{
    gadget g = {.mask = ((uint64_t)1 << s->base_log) - 1, .half = (uint64_t)1 << (s->base_log - 1)};

    for (unsigned level = 0; level < s->levels; level++) {
        g.shift[level] = s->torus_log - (level + 1) * s->base_log;
        g.offset += g.half << g.shift[level];
    }
    g.offset += (uint64_t)1 << (g.shift[s->levels - 1] - 1);
    return g;
}

/* digits[level][j] of X^e A - A (rotated) or of A, for j < n. A has its pad. */
ALWAYS_INLINE void digits32(int32_t *digits, const uint32_t *poly, uint32_t n, uint32_t e,
                            bool rotated, const gadget *g, unsigned levels)
{
    const words32 zero = {0}, offset = zero + (uint32_t)g->offset;
    const words32 mask = zero + (uint32_t)g->mask, half = zero + (uint32_t)g->half;
    const uint32_t width = sizeof(words32) / sizeof(uint32_t);
    words32 here, there, digit;

    for (uint32_t j = 0; j < n; j += width) {
        memcpy(&here, poly + j, sizeof here);
        if (rotated) {
            const uint32_t from = (j - e) & (2 * n - 1);
            const words32 sign = zero - (uint32_t)((from & n) != 0);

            memcpy(&there, poly + (from & (n - 1)), sizeof there);
            here = ((there ^ sign) - sign) - here;
        }
        here += offset;
        for (unsigned level = 0; level < levels; level++) {
            digit = ((here >> g->shift[level]) & mask) - half;
            memcpy(digits + (size_t)level * n + j, &digit, sizeof digit);
        }
    }
}

ALWAYS_INLINE void digits64(int32_t *digits, const uint64_t *poly, uint32_t n, uint32_t e,
                            bool rotated, const gadget *g, unsigned levels)
{
    const words64 zero = {0}, offset = zero + g->offset;
    const words64 mask = zero + g->mask, half = zero + g->half;
    const uint32_t width = sizeof(words64) / sizeof(uint64_t);
    words64 here, there;

    for (uint32_t j = 0; j < n; j += width) {
        memcpy(&here, poly + j, sizeof here);
        if (rotated) {
            const uint32_t from = (j - e) & (2 * n - 1);
            const words64 sign = zero - (uint64_t)((from & n) != 0);

            memcpy(&there, poly + (from & (n - 1)), sizeof there);
            here = ((there ^ sign) - sign) - here;
        }
        here += offset;
        for (unsigned level = 0; level < levels; level++) {
            const narrow digit =
                __builtin_convertvector(((here >> g->shift[level]) & mask) - half, narrow);
            memcpy(digits + (size_t)level * n + j, &digit, sizeof digit);
        }
    }
}
#endif /* NESCIO_KERNELS_ROTATE_DIGITS_INTERNAL_H */
