/* SPDX-License-Identifier: Apache-2.0
 * Balanced digits of an accumulator polynomial, rotated or not. Included by rotate_ISA.c after
 * lanes_ISA_internal.h.
 *
 * y = x + half a unit of the last level + sum_(level > 0) 2^(b-1) 2^(W - (level+1) b). Then digit 0
 * is the top b bits of y as a signed number, and digit `level` is its field of b bits at W -
 * (level+1) b, less 2^(b-1): all are in [-2^(b-1), 2^(b-1) - 1], and sum_level digit 2^(W -
 * (level+1) b) is x rounded.
 *
 * X^e A - A is read in two runs, each with one sign and one shift: the vector in which the runs
 * meet reads over the end of A, where its first coefficients stand negated. */
#ifndef NESCIO_KERNELS_ROTATE_DIGITS_INTERNAL_H
#define NESCIO_KERNELS_ROTATE_DIGITS_INTERNAL_H
#include "kernels/lanes_internal.h"
#include "kernels/rotate_internal.h"

#include <string.h>

typedef uint32_t words32 __attribute__((vector_size(LANES * 8)));
typedef uint64_t words64 __attribute__((vector_size(LANES * 8)));
typedef int32_t narrow __attribute__((vector_size(LANES * 4)));

typedef int32_t signed32 __attribute__((vector_size(LANES * 8)));
typedef int64_t signed64 __attribute__((vector_size(LANES * 8)));

/* One step's gadget, in words of W bits. */
typedef struct gadget {
    uint64_t offset, mask, half;
    unsigned levels, shift[NESCIO_ROTATE_MAX_LEVELS];
} gadget;

static inline gadget gadget_of(const nescio_rotation_shape *s)
{
    gadget g = {.mask = ((uint64_t)1 << s->base_log) - 1,
                .half = (uint64_t)1 << (s->base_log - 1),
                .levels = s->levels};

    for (unsigned level = 0; level < s->levels; level++) {
        g.shift[level] = s->torus_log - (level + 1) * s->base_log;
        if (level > 0)
            g.offset += g.half << g.shift[level];
    }
    g.offset += (uint64_t)1 << (g.shift[s->levels - 1] - 1);
    return g;
}

/* The run j = start ... end - 1 of digits[level][j]: of sign A[j + move] - A[j] (rotated; sizes
 * wrap), or of A[j]. */
ALWAYS_INLINE void digits32_run(int32_t *digits, const uint32_t *poly, uint32_t n, uint32_t start,
                                uint32_t end, size_t move, uint32_t sign, bool rotated,
                                const gadget *g)
{
    const words32 zero = {0}, flip = zero + sign,
                  offset = zero + ((uint32_t)g->offset - (rotated ? sign : 0));
    const words32 mask = zero + (uint32_t)g->mask, half = zero + (uint32_t)g->half;
    const unsigned top = g->shift[0];
    words32 x, y, digit;

    for (uint32_t j = start; j < end; j += sizeof x / sizeof *poly) {
        memcpy(&x, poly + j, sizeof x);
        if (rotated) {
            memcpy(&y, poly + (j + move), sizeof y);
            x = (y ^ flip) - x;
        }
        x += offset;
        digit = (words32)((signed32)x >> top);
        memcpy(digits + j, &digit, sizeof digit);
        for (unsigned level = 1; level < g->levels; level++) {
            digit = ((x >> g->shift[level]) & mask) - half;
            memcpy(digits + (size_t)level * n + j, &digit, sizeof digit);
        }
    }
}

ALWAYS_INLINE void digits64_run(int32_t *digits, const uint64_t *poly, uint32_t n, uint32_t start,
                                uint32_t end, size_t move, uint64_t sign, bool rotated,
                                const gadget *g)
{
    const words64 zero = {0}, flip = zero + sign,
                  offset = zero + (g->offset - (rotated ? sign : 0));
    const words64 mask = zero + g->mask, half = zero + g->half;
    words64 x, y;
    narrow digit;

    for (uint32_t j = start; j < end; j += sizeof x / sizeof *poly) {
        memcpy(&x, poly + j, sizeof x);
        if (rotated) {
            memcpy(&y, poly + (j + move), sizeof y);
            x = (y ^ flip) - x;
        }
        x += offset;
        digit = __builtin_convertvector((signed64)x >> g->shift[0], narrow);
        memcpy(digits + j, &digit, sizeof digit);
        for (unsigned level = 1; level < g->levels; level++) {
            digit = __builtin_convertvector(((x >> g->shift[level]) & mask) - half, narrow);
            memcpy(digits + (size_t)level * n + j, &digit, sizeof digit);
        }
    }
}

/* Where the rotation by X^e changes sign: coefficients before `meet`, a whole number of vectors,
 * come from the end of A. */
ALWAYS_INLINE uint32_t meeting_point(uint32_t shift, uint32_t width)
{
    return (shift + width - 1) / width * width;
}

/* digits[level][j], j < n, of X^e A - A (rotated) or of A. A has its pad. */
static void digits32(int32_t *digits, const uint32_t *poly, uint32_t n, uint32_t e, bool rotated,
                     const gadget *g)
{
    const uint32_t shift = e & (n - 1), meet = meeting_point(shift, sizeof(words32) / sizeof *poly);
    const uint32_t sign = e & n ? UINT32_MAX : 0; /* of the second run */

    if (!rotated) {
        digits32_run(digits, poly, n, 0, n, 0, 0, false, g);
        return;
    }
    digits32_run(digits, poly, n, 0, meet, n - shift, ~sign, true, g);
    digits32_run(digits, poly, n, meet, n, (size_t)0 - shift, sign, true, g);
}

static void digits64(int32_t *digits, const uint64_t *poly, uint32_t n, uint32_t e, bool rotated,
                     const gadget *g)
{
    const uint32_t shift = e & (n - 1), meet = meeting_point(shift, sizeof(words64) / sizeof *poly);
    const uint64_t sign = e & n ? UINT64_MAX : 0;

    if (!rotated) {
        digits64_run(digits, poly, n, 0, n, 0, 0, false, g);
        return;
    }
    digits64_run(digits, poly, n, 0, meet, n - shift, ~sign, true, g);
    digits64_run(digits, poly, n, meet, n, (size_t)0 - shift, sign, true, g);
}
#endif /* NESCIO_KERNELS_ROTATE_DIGITS_INTERNAL_H */
