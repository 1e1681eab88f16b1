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

/* The number of columns is a constant in each call, so that their sums stay in registers; so are
 * the other numbers where that pays. */
static void groups_classical(const rotate_step *step, size_t first, size_t count)
{
    const unsigned rows = step->rotation->n_rows;

    switch (step->rotation->shape.n_columns) {
    case 2: product_groups(step, first, count, 0, rows, 2); break;
    case 3: product_groups(step, first, count, 0, rows, 3); break;
    case 4: product_groups(step, first, count, 0, rows, 4); break;
    case 5: product_groups(step, first, count, 0, rows, 5); break;
    case 6: product_groups(step, first, count, 0, rows, 6); break;
    default: product_groups(step, first, count, 0, rows, 7); break;
    }
}

static void groups_keyed(const rotate_step *step, size_t first, size_t count)
{
    const unsigned rows = step->rotation->n_rows, keys = step->rotation->shape.keys;

    switch (step->rotation->shape.n_columns) {
    case 2:
        if (keys == 3 && rows == 2)
            product_groups(step, first, count, 3, 2, 2);
        else
            product_groups(step, first, count, keys, rows, 2);
        break;
    case 3:
        if (keys == 3 && rows == 3)
            product_groups(step, first, count, 3, 3, 3);
        else
            product_groups(step, first, count, keys, rows, 3);
        break;
    case 4: product_groups(step, first, count, keys, rows, 4); break;
    case 5: product_groups(step, first, count, keys, rows, 5); break;
    case 6: product_groups(step, first, count, keys, rows, 6); break;
    default: product_groups(step, first, count, keys, rows, 7); break;
    }
}

/* From the first passes' output to the last passes' input, as many blocks at a time as the cache
 * holds of all rows. */
static void middle(const rotate_step *step)
{
    const nescio_rotation *r = step->rotation;
    const nescio_fft *fft = r->fft;
    const size_t n_blocks = (size_t)1 << fft->pass_log[0], n_points = fft->n_points / n_blocks;
    size_t together = n_blocks; /* and at least a group of 64 points */

    while (together > 1 && together * n_points > GROUP_POINTS &&
           together * n_points * r->n_rows > 2 * CACHED_POINTS)
        together /= 2;
    for (size_t b = 0; b < n_blocks; b += together) {
        for (unsigned row = 0; row < r->n_rows; row++)
            forward_blocks(fft, step->rows + row * r->row_stride + 2 * b * n_points, 1, b, together,
                           n_points);
        if (r->shape.classical)
            groups_classical(step, b * n_points / GROUP_POINTS, together * n_points / GROUP_POINTS);
        else
            groups_keyed(step, b * n_points / GROUP_POINTS, together * n_points / GROUP_POINTS);
        for (unsigned c = 0; c < r->shape.n_columns; c++)
            backward_blocks(fft, step->rows + c * r->row_stride + 2 * b * n_points, 1, b, together,
                            n_points);
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
        digits32(step->digits, acc + c * r->poly_stride, n, step->exponents[0], r->shape.classical,
                 &g);
        first_passes(step, c);
    }
    middle(step);
    for (unsigned c = 0; c < r->shape.n_columns; c++) {
        uint32_t *poly = acc + c * r->poly_stride;

        if (r->near_words)
            last_pass(r->fft, poly, step->rows + c * r->row_stride, ADD_TO_U32_NEAR, 1.0);
        else
            last_pass(r->fft, poly, step->rows + c * r->row_stride, ADD_TO_U32, 1.0);
        for (size_t i = 0; i < ROTATE_PAD_BYTES / sizeof *poly; i++)
            poly[n + i] = 0 - poly[i];
    }
}

static void step_u64(const rotate_step *step, uint64_t *acc)
{
    const nescio_rotation *r = step->rotation;
    const gadget g = gadget_of(&r->shape);
    const uint32_t n = r->fft->poly_size;

    for (unsigned c = 0; c < r->shape.n_columns; c++) {
        digits64(step->digits, acc + c * r->poly_stride, n, step->exponents[0], r->shape.classical,
                 &g);
        first_passes(step, c);
    }
    middle(step);
    for (unsigned c = 0; c < r->shape.n_columns; c++) {
        uint64_t *poly = acc + c * r->poly_stride;

        last_pass(r->fft, poly, step->rows + c * r->row_stride, ADD_TO_U64, 1.0);
        for (size_t i = 0; i < ROTATE_PAD_BYTES / sizeof *poly; i++)
            poly[n + i] = 0 - poly[i];
    }
}
#endif /* NESCIO_KERNELS_ROTATE_STEP_INTERNAL_H */
