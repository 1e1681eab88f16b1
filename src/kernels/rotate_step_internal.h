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

/* The number of columns is a constant in each call, so that their sums stay in registers. */
static void groups_classical(const rotate_step *step, size_t first, size_t count)
{
    const unsigned rows = step->rotation->n_rows;

    switch (step->rotation->shape.n_columns) {
    case 2: product_groups(step, first, count, rows, 2, true); break;
    case 3: product_groups(step, first, count, rows, 3, true); break;
    case 4: product_groups(step, first, count, rows, 4, true); break;
    case 5: product_groups(step, first, count, rows, 5, true); break;
    case 6: product_groups(step, first, count, rows, 6, true); break;
    default: product_groups(step, first, count, rows, 7, true); break;
    }
}

static void groups_keyed(const rotate_step *step, size_t first, size_t count)
{
    const unsigned rows = step->rotation->n_rows;

    switch (step->rotation->shape.n_columns) {
    case 2: product_groups(step, first, count, rows, 2, false); break;
    case 3: product_groups(step, first, count, rows, 3, false); break;
    case 4: product_groups(step, first, count, rows, 4, false); break;
    case 5: product_groups(step, first, count, rows, 5, false); break;
    case 6: product_groups(step, first, count, rows, 6, false); break;
    default: product_groups(step, first, count, rows, 7, false); break;
    }
}

/* From the first passes' output to the last passes' input. */
static void middle(const rotate_step *step)
{
    const nescio_rotation *r = step->rotation;
    const nescio_fft *fft = r->fft;
    const size_t n_blocks = (size_t)1 << fft->pass_log[0], n_points = fft->n_points / n_blocks;
    const size_t n_groups = n_points / GROUP_POINTS;
    /* N = 256 and 512: a block is less than a group */
    const size_t merged = n_groups > 0 ? 1 : GROUP_POINTS / n_points;

    for (size_t b = 0; b < n_blocks; b += merged) {
        for (unsigned row = 0; row < r->n_rows; row++)
            for (size_t i = b; i < b + merged; i++)
                forward_block(fft, step->rows + row * r->row_stride + 2 * i * n_points, 1, i,
                              n_points);
        if (r->shape.classical)
            groups_classical(step, b * n_points / GROUP_POINTS, merged * n_points / GROUP_POINTS);
        else
            groups_keyed(step, b * n_points / GROUP_POINTS, merged * n_points / GROUP_POINTS);
        for (unsigned c = 0; c < r->shape.n_columns; c++)
            for (size_t i = b; i < b + merged; i++)
                backward_block(fft, step->rows + c * r->row_stride + 2 * i * n_points, 1, n_points);
    }
}

static void first_passes(const rotate_step *step, unsigned column)
{
    const nescio_rotation *r = step->rotation;

    for (unsigned level = 0; level < r->shape.levels; level++)
        first_pass(r->fft, step->rows + (column * r->shape.levels + level) * r->row_stride,
                   step->digits + (size_t)level * r->fft->poly_size, FROM_I32, 1.0);
}

static void step_u32(const rotate_step *step, uint32_t *acc)
{
    const nescio_rotation *r = step->rotation;
    const gadget g = gadget_of(&r->shape);
    const uint32_t n = r->fft->poly_size;

    for (unsigned c = 0; c < r->shape.n_columns; c++) {
        const uint32_t *poly = acc + c * r->poly_stride;

        if (!r->shape.classical)
            digits32(step->digits, poly, n, 0, false, &g, r->shape.levels);
        else if (r->shape.levels == 1)
            digits32(step->digits, poly, n, step->exponents[0], true, &g, 1);
        else
            digits32(step->digits, poly, n, step->exponents[0], true, &g, r->shape.levels);
        first_passes(step, c);
    }
    middle(step);
    for (unsigned c = 0; c < r->shape.n_columns; c++) {
        uint32_t *poly = acc + c * r->poly_stride;
        words32 start;

        last_pass(r->fft, poly, step->rows + c * r->row_stride, ADD_TO_U32, 1.0);
        for (size_t i = 0; i < ROTATE_PAD_BYTES / sizeof *poly; i += sizeof start / sizeof *poly) {
            memcpy(&start, poly + i, sizeof start);
            start = -start;
            memcpy(poly + n + i, &start, sizeof start);
        }
    }
}

static void step_u64(const rotate_step *step, uint64_t *acc)
{
    const nescio_rotation *r = step->rotation;
    const gadget g = gadget_of(&r->shape);
    const uint32_t n = r->fft->poly_size;

    for (unsigned c = 0; c < r->shape.n_columns; c++) {
        const uint64_t *poly = acc + c * r->poly_stride;

        if (r->shape.classical)
            digits64(step->digits, poly, n, step->exponents[0], true, &g, r->shape.levels);
        else
            digits64(step->digits, poly, n, 0, false, &g, r->shape.levels);
        first_passes(step, c);
    }
    middle(step);
    for (unsigned c = 0; c < r->shape.n_columns; c++) {
        uint64_t *poly = acc + c * r->poly_stride;
        words64 start;

        last_pass(r->fft, poly, step->rows + c * r->row_stride, ADD_TO_U64, 1.0);
        for (size_t i = 0; i < ROTATE_PAD_BYTES / sizeof *poly; i += sizeof start / sizeof *poly) {
            memcpy(&start, poly + i, sizeof start);
            start = -start;
            memcpy(poly + n + i, &start, sizeof start);
        }
    }
}
#endif /* NESCIO_KERNELS_ROTATE_STEP_INTERNAL_H */
