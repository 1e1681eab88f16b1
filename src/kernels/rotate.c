/* SPDX-License-Identifier: Apache-2.0
 * Shapes, tables, key packing and the choice of kernels for blind rotation. */
#include "base/bytes.h"
#include "kernels/rotate_internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846264338327950288L

enum { GROUP = 64, POINT_DOUBLES = 16 };

static uint32_t reverse_bits(uint32_t x, unsigned bits)
{
    uint32_t r = 0;
    for (unsigned i = 0; i < bits; i++, x >>= 1)
        r = r << 1 | (x & 1);
    return r;
}

static nescio_status check_shape(nescio_ctx *ctx, const nescio_rotation_shape *s)
{
    if (s->n_columns < 2 || s->n_columns > NESCIO_ROTATE_MAX_COLUMNS)
        return nescio_fail(ctx, NESCIO_E_ARG, "blind rotation: %u columns (2 to %d)", s->n_columns,
                           NESCIO_ROTATE_MAX_COLUMNS);
    if (s->torus_log != 32 && s->torus_log != 64)
        return nescio_fail(ctx, NESCIO_E_ARG, "blind rotation: words of %u bits (32 or 64)",
                           s->torus_log);
    if (s->levels < 1 || s->levels > NESCIO_ROTATE_MAX_LEVELS || s->base_log < 1 ||
        s->base_log > 31 || s->levels * s->base_log >= s->torus_log)
        return nescio_fail(
            ctx, NESCIO_E_ARG,
            "blind rotation: %u levels of %u bits (1 to %d levels, 1 to 31 bits, below %u)",
            s->levels, s->base_log, NESCIO_ROTATE_MAX_LEVELS, s->torus_log);
    if (s->keys < 1 || s->keys > NESCIO_ROTATE_MAX_KEYS || (s->classical && s->keys != 1))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "blind rotation: %u keys in a group (1 to %d; classical: 1)", s->keys,
                           NESCIO_ROTATE_MAX_KEYS);
    return NESCIO_OK;
}

static void fill_tables(nescio_rotation *r)
{
    const uint32_t n = r->fft->poly_size, n_groups = n / 2 / GROUP;
    double *group_roots = r->tables, *lane_roots = group_roots + 4 * (size_t)n;
    uint32_t *turns = (uint32_t *)(void *)(lane_roots + 64 * POINT_DOUBLES);

    for (uint32_t e = 0; e < 2 * n; e++) {
        const long double angle = PI * (long double)e / (long double)n;
        group_roots[2 * e] = (double)cosl(angle);
        group_roots[2 * e + 1] = (double)sinl(angle);
    }
    for (uint32_t e = 0; e < 64; e++)
        for (uint32_t i = 0; i < 8; i++) {
            const long double angle = 2 * PI * (long double)(e * reverse_bits(i, 3) % 64) / 64;
            lane_roots[e * POINT_DOUBLES + i] = (double)cosl(angle);
            lane_roots[e * POINT_DOUBLES + 8 + i] = (double)sinl(angle);
        }
    for (uint32_t g = 0; g < n_groups; g++)
        turns[g] = 1 + 4 * reverse_bits(g, (unsigned)__builtin_ctz(n_groups));
    r->group_roots = group_roots;
    r->lane_roots = lane_roots;
    r->group_turns = turns;
}

/* Words of 32 bits: a coefficient of a product is a sum of rows N digits (standard deviation below
 * 2^(b-1.7)) times key words (a random mask or body, 2^30.3), twice that many for each key of the
 * second form. 16 standard deviations below 2^63? More happens once in 2^180 coefficients, and then
 * only that bootstrapping is wrong. */
static bool words_are_near(const nescio_rotation *r)
{
    const uint64_t terms =
        (uint64_t)r->n_rows * r->fft->poly_size * (r->shape.classical ? 1 : 2 * r->shape.keys);
    const unsigned log_terms = 64 - (unsigned)__builtin_clzll(terms); /* rounded up */

    return r->shape.torus_log == 32 && 4 + r->shape.base_log + 29 + (log_terms + 1) / 2 <= 63;
}

static void choose_kernels(nescio_rotation *r)
{
    nescio_rotate_use_scalar(&r->kernels);
#if defined(__x86_64__)
    if (r->fft->isa >= NESCIO_ISA_AVX2)
        nescio_rotate_use_avx2(&r->kernels);
    if (r->fft->isa >= NESCIO_ISA_AVX512)
        nescio_rotate_use_avx512(&r->kernels);
#endif
}

nescio_status nescio_rotation_new(nescio_ctx *ctx, const nescio_fft *fft,
                                  nescio_rotation_shape shape, nescio_rotation **out)
{
    const size_t n = fft->poly_size;
    const size_t bytes =
        (4 * n + 64 * POINT_DOUBLES) * sizeof(double) + n / 2 / GROUP * sizeof(uint32_t);
    nescio_rotation *r;

    *out = NULL;
    NESCIO_TRY(check_shape(ctx, &shape));
    r = calloc(1, sizeof *r);
    if (!r)
        return nescio_fail_nomem(ctx, sizeof *r);
    r->tables = nescio_block_alloc(bytes);
    if (!r->tables) {
        free(r);
        return nescio_fail_nomem(ctx, bytes);
    }
    r->tables_bytes = bytes;
    r->fft = fft;
    r->shape = shape;
    r->n_rows = shape.n_columns * shape.levels;
    r->near_words = words_are_near(r);
    r->row_stride = n + ROTATE_ROW_PAD;
    r->poly_stride = n + ROTATE_PAD_BYTES * 8 / shape.torus_log;
    fill_tables(r);
    choose_kernels(r);
    *out = r;
    return NESCIO_OK;
}

void nescio_rotation_free(nescio_rotation *rotation)
{
    if (!rotation)
        return;
    nescio_block_free(rotation->tables, rotation->tables_bytes);
    free(rotation);
}

size_t nescio_rotation_block_doubles(const nescio_rotation *r)
{
    return (size_t)r->n_rows * r->shape.keys * r->shape.n_columns * r->fft->poly_size;
}

void nescio_rotation_pack_row(const nescio_rotation *r, double *block, uint32_t key, uint32_t row,
                              const uint64_t *glwe, double *scratch)
{
    const size_t n = r->fft->poly_size, columns = r->shape.n_columns, keys = r->shape.keys;
    /* products come out in words of the accumulator, with the 1/(N/2) of the backward transform */
    const double scale = (r->shape.torus_log == 32 ? 0x1p-32 : 1.0) / (double)r->fft->n_points;

    assert(key < keys && row < r->n_rows);
    for (size_t c = 0; c < columns; c++) {
        nescio_fft_forward_u64(r->fft, scratch, glwe + c * n, scale);
        for (size_t v = 0; v < n / POINT_DOUBLES; v++) {
            const size_t at = ((v * r->n_rows + row) * keys + key) * columns + c;
            memcpy(block + at * POINT_DOUBLES, scratch + v * POINT_DOUBLES,
                   POINT_DOUBLES * sizeof(double));
        }
    }
}

static size_t word_bytes(const nescio_rotation *r)
{
    return r->shape.torus_log / 8;
}

size_t nescio_rotation_acc_bytes(const nescio_rotation *r)
{
    return r->shape.n_columns * r->poly_stride * word_bytes(r);
}

static void negate_into_pad(const nescio_rotation *r, void *poly)
{
    const size_t n = r->fft->poly_size, pad = ROTATE_PAD_BYTES / word_bytes(r);

    if (r->shape.torus_log == 32)
        for (size_t i = 0; i < pad; i++)
            ((uint32_t *)poly)[n + i] = 0 - ((const uint32_t *)poly)[i];
    else
        for (size_t i = 0; i < pad; i++)
            ((uint64_t *)poly)[n + i] = 0 - ((const uint64_t *)poly)[i];
}

void nescio_rotation_acc_load(const nescio_rotation *r, void *padded, const void *acc)
{
    const size_t bytes = r->fft->poly_size * word_bytes(r), stride = r->poly_stride * word_bytes(r);

    for (size_t c = 0; c < r->shape.n_columns; c++) {
        memcpy((char *)padded + c * stride, (const char *)acc + c * bytes, bytes);
        negate_into_pad(r, (char *)padded + c * stride);
    }
}

void nescio_rotation_acc_store(const nescio_rotation *r, void *acc, const void *padded)
{
    const size_t bytes = r->fft->poly_size * word_bytes(r), stride = r->poly_stride * word_bytes(r);

    for (size_t c = 0; c < r->shape.n_columns; c++)
        memcpy((char *)acc + c * bytes, (const char *)padded + c * stride, bytes);
}

/* Bytes of the arrays in a step's scratch. The digits come first, then each part's arrays; all are
 * multiples of 64. */
typedef struct scratch_layout {
    size_t digits, rows, row_points, product_points, monomials, part;
} scratch_layout;

static scratch_layout layout_of(const nescio_rotation *r)
{
    const size_t group = (size_t)GROUP * 2 * sizeof(double);
    const size_t exponents = (size_t)8 * POINT_DOUBLES * sizeof(double);
    scratch_layout l = {
        .digits = r->shape.levels * r->fft->poly_size * sizeof(int32_t),
        .rows = r->n_rows * r->row_stride * sizeof(double),
        .row_points = r->n_rows * group,
        .product_points = r->shape.n_columns * group,
        .monomials = r->shape.keys * exponents,
    };

    l.part = l.rows + l.row_points + l.product_points + l.monomials;
    return l;
}

static double *cut(char **scratch, size_t bytes)
{
    double *at = (double *)(void *)*scratch;

    *scratch += bytes;
    return at;
}

/* Register r holds the points whose X^e has the factor exp(i pi/4 e rev3(r)). */
static void place_monomials(rotate_part *part, unsigned n_keys)
{
    static const uint32_t rev3[8] = {0, 4, 2, 6, 1, 5, 3, 7};

    for (uint32_t r = 0; r < 8; r++)
        for (uint32_t key = 0; key < n_keys; key++) {
            const uint32_t turns = part->exponents[key] * rev3[r] & 7;
            part->monomial_at[r][key] = part->monomials + (size_t)POINT_DOUBLES * (8 * key + turns);
        }
}

static void set_part(rotate_part *part, const nescio_rotation *r, const nescio_rotation_part *from,
                     const scratch_layout *l, char *scratch)
{
    part->acc = from->padded;
    part->exponents = from->exponents;
    part->rows = cut(&scratch, l->rows);
    part->row_points = cut(&scratch, l->row_points);
    part->product_points = cut(&scratch, l->product_points);
    part->monomials = cut(&scratch, l->monomials);
    if (!r->shape.classical)
        place_monomials(part, r->shape.keys);
}

size_t nescio_rotation_scratch_bytes(const nescio_rotation *r)
{
    const scratch_layout l = layout_of(r);

    return l.digits + nescio_rotation_together(r) * l.part;
}

unsigned nescio_rotation_together(const nescio_rotation *r)
{
    return r->shape.n_columns <= ROTATE_TOGETHER_COLUMNS ? r->kernels.together : 1;
}

void nescio_rotation_step(const nescio_rotation *r, const nescio_rotation_part *parts,
                          unsigned n_parts, const double *block, nescio_prefetch prefetch,
                          void *scratch)
{
    const scratch_layout l = layout_of(r);
    rotate_step step = {.rotation = r,
                        .key = block,
                        .next = prefetch.next,
                        .next_is_soon = prefetch.soon,
                        .next_per_group = prefetch.bytes / (r->fft->n_points / GROUP),
                        .digits = scratch,
                        .n_parts = n_parts};

    assert(n_parts >= 1 && n_parts <= nescio_rotation_together(r));
    for (unsigned t = 0; t < n_parts; t++)
        set_part(&step.part[t], r, &parts[t], &l, (char *)scratch + l.digits + t * l.part);
    r->kernels.step(&step);
}
