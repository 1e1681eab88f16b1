/* SPDX-License-Identifier: Apache-2.0
 * A whole step of blind rotation in `lanes`. Included by rotate_ISA.c, which hands the functions to
 * the kernel table.
 *
 * After the first pass a transform is 8 (or 4) independent blocks, and so is the product: for each
 * block, the rest of the forward passes of all rows, the products, and the backward passes but the
 * last run while the block is in the first-level cache. The key is still read from end to end. */
#ifndef NESCIO_KERNELS_ROTATE_STEP_INTERNAL_H
#define NESCIO_KERNELS_ROTATE_STEP_INTERNAL_H
#include "kernels/rotate_digits_internal.h"
#include "kernels/rotate_products_internal.h"

/* From the first passes' output to the last passes' input, as many blocks at a time as the cache
 * holds of all rows. */
static void middle(const rotate_step *step)
{
    const nescio_rotation *r = step->rotation;
    const nescio_fft *fft = r->fft;
    const size_t n_blocks = (size_t)1 << fft->pass_log[0], n_points = fft->n_points / n_blocks;
    const rotate_part *end = step->part + step->n_parts;
    size_t together = n_blocks; /* and at least a group of 64 points */

    while (together > 1 && together * n_points > GROUP_POINTS &&
           together * n_points * r->n_rows > CACHED_POINTS)
        together /= 2;
    for (size_t b = 0; b < n_blocks; b += together) {
        for (const rotate_part *part = step->part; part < end; part++)
            for (unsigned row = 0; row < r->n_rows; row++)
                forward_blocks(fft, part->rows + row * r->row_stride + 2 * b * n_points, 1, b,
                               together, n_points);
        product_groups(step, b * n_points / GROUP_POINTS, together * n_points / GROUP_POINTS);
        for (const rotate_part *part = step->part; part < end; part++)
            for (unsigned c = 0; c < r->shape.n_columns; c++)
                backward_blocks(fft, part->rows + c * r->row_stride + 2 * b * n_points, 1, b,
                                together, n_points);
    }
}

static void first_passes(const rotate_step *step, const rotate_part *part)
{
    const nescio_rotation *r = step->rotation;
    const gadget g = gadget_of(&r->shape);
    const uint32_t n = r->fft->poly_size;
    double *row = part->rows;

    for (unsigned c = 0; c < r->shape.n_columns; c++) {
        if (r->shape.torus_log == 32)
            digits32(step->digits, (const uint32_t *)part->acc + c * r->poly_stride, n,
                     part->exponents[0], r->shape.classical, &g);
        else
            digits64(step->digits, (const uint64_t *)part->acc + c * r->poly_stride, n,
                     part->exponents[0], r->shape.classical, &g);
        for (unsigned level = 0; level < r->shape.levels; level++, row += r->row_stride)
            first_pass(r->fft, row, step->digits + (size_t)level * n, FROM_I32, 1.0);
    }
}

static void last_pass_u32(const nescio_rotation *r, uint32_t *poly, double *z)
{
    const uint32_t n = r->fft->poly_size;

    if (r->near_words)
        last_pass(r->fft, poly, z, ADD_TO_U32_NEAR, 1.0);
    else
        last_pass(r->fft, poly, z, ADD_TO_U32, 1.0);
    for (size_t i = 0; i < ROTATE_PAD_BYTES / sizeof *poly; i++)
        poly[n + i] = 0 - poly[i];
}

static void last_pass_u64(const nescio_rotation *r, uint64_t *poly, double *z)
{
    const uint32_t n = r->fft->poly_size;

    last_pass(r->fft, poly, z, ADD_TO_U64, 1.0);
    for (size_t i = 0; i < ROTATE_PAD_BYTES / sizeof *poly; i++)
        poly[n + i] = 0 - poly[i];
}

static void rotate_accumulators(const rotate_step *step)
{
    const nescio_rotation *r = step->rotation;

    for (unsigned t = 0; t < step->n_parts; t++)
        first_passes(step, &step->part[t]);
    middle(step);
    for (unsigned t = 0; t < step->n_parts; t++)
        for (unsigned c = 0; c < r->shape.n_columns; c++) {
            const rotate_part *part = &step->part[t];

            if (r->shape.torus_log == 32)
                last_pass_u32(r, (uint32_t *)part->acc + c * r->poly_stride,
                              part->rows + c * r->row_stride);
            else
                last_pass_u64(r, (uint64_t *)part->acc + c * r->poly_stride,
                              part->rows + c * r->row_stride);
        }
}

static inline void install_rotation(nescio_rotate_kernels *k)
{
    k->step = rotate_accumulators;
    k->together = LANES == 8 ? 2 : 1;
}
#endif /* NESCIO_KERNELS_ROTATE_STEP_INTERNAL_H */
