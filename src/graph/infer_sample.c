/* SPDX-License-Identifier: Apache-2.0
 * Inference of operators that read images at given places (GridSample, RoiAlign), make such places
 * (AffineGrid, NonMaxSuppression) or put blocks together (Col2Im). */
#include "graph/infer_internal.h"

static nescio_status infer_grid_sample(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0), *const grid =
                                                                   nescio_infer_shape(node, 1);
    nescio_shape out = nescio_shape_unknown;

    if (x->rank != NESCIO_RANK_UNKNOWN && grid->rank != NESCIO_RANK_UNKNOWN) {
        if (x->rank < 3 || grid->rank != x->rank)
            return nescio_infer_fail(ctx, node, "samples a tensor of rank %d with a grid of %d",
                                     x->rank, grid->rank);
        if (x->dims[0] >= 0 && grid->dims[0] >= 0 && x->dims[0] != grid->dims[0])
            return nescio_infer_fail(ctx, node, "samples %lld images with %lld grids",
                                     (long long)x->dims[0], (long long)grid->dims[0]);
        out = *x;
        if (grid->dims[0] >= 0) /* as many images as grids */
            nescio_shape_take(&out, 0, grid, 0);
        for (int d = 2; d < x->rank; d++)
            nescio_shape_take(&out, d, grid, d - 1);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_roi_align(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0), *const boxes =
                                                                   nescio_infer_shape(node, 1);
    const int64_t height = nescio_node_int(node, "output_height", 1),
                  width = nescio_node_int(node, "output_width", 1);
    nescio_shape out = nescio_shape_of_rank(4);

    if ((x->rank != NESCIO_RANK_UNKNOWN && x->rank != 4) ||
        (boxes->rank != NESCIO_RANK_UNKNOWN && boxes->rank != 2) || height < 1 || width < 1)
        return nescio_infer_fail(ctx, node, "needs images of rank 4, boxes of rank 2 and bins");
    if (boxes->rank == 2)
        nescio_shape_take(&out, 0, boxes, 0);
    if (x->rank == 4)
        nescio_shape_take(&out, 1, x, 1);
    nescio_shape_set(&out, 2, height);
    nescio_shape_set(&out, 3, width);
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_non_max_suppression(nescio_ctx *ctx, const nescio_node *node)
{
    nescio_shape out = nescio_shape_of_rank(2);

    for (size_t i = 0; i < 2; i++) {
        const int rank = nescio_infer_shape(node, i)->rank;

        if (rank != NESCIO_RANK_UNKNOWN && rank != 3)
            return nescio_infer_fail(ctx, node, "needs boxes and scores of rank 3");
    }
    nescio_shape_set(&out, 1, 3);
    return nescio_infer_output(ctx, node, 0, NESCIO_I64, &out);
}

/* The size asked for is that of the images: rows, channels, then the axes of the grid. */
static nescio_status infer_affine_grid(nescio_ctx *ctx, const nescio_node *node)
{
    const int n = nescio_infer_length(node, 1);
    nescio_shape out = n < 3 ? nescio_shape_unknown : nescio_shape_of_rank(n);
    nescio_content c;

    if (n >= 0 && n < 3)
        return nescio_infer_fail(ctx, node, "its size has %d elements", n);
    if (n < 0)
        return nescio_infer_unknown(ctx, node, -1);
    if (nescio_infer_shape(node, 0)->rank == 3)
        nescio_shape_take(&out, 0, nescio_infer_shape(node, 0), 0);
    if (nescio_infer_content(node, 1, &c))
        for (int d = 0; d < n; d++)
            if (d != 1 && c.known[d] && c.at[d] >= 0) /* a run refuses what is below 0 */
                nescio_shape_set(&out, d > 0 ? d - 1 : 0, c.at[d]);
    nescio_shape_set(&out, n - 1, n - 2);
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

static nescio_status infer_col2im(nescio_ctx *ctx, const nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    int64_t image[NESCIO_RANK_MAX], block[NESCIO_RANK_MAX], size = 1;
    const int n = nescio_infer_length(node, 1);
    nescio_shape out;
    int n_image, n_block;

    if (n < 0)
        return nescio_infer_unknown(ctx, node, -1);
    if (n < 1 || n > NESCIO_RANK_MAX - 2 || (x->rank != NESCIO_RANK_UNKNOWN && x->rank != 3))
        return nescio_infer_fail(ctx, node,
                                 "needs a tensor of rank 3 and an image of 1 axis ... %d",
                                 NESCIO_RANK_MAX - 2);
    out = nescio_shape_of_rank(n + 2);
    if (x->rank == 3)
        nescio_shape_take(&out, 0, x, 0);
    if (nescio_infer_ints(node, 1, image, &n_image))
        for (int d = 0; d < n_image; d++)
            nescio_shape_set(&out, d + 2, image[d] < 0 ? NESCIO_DIM_UNKNOWN : image[d]);
    if (x->rank == 3 && x->dims[1] >= 0 && nescio_infer_ints(node, 2, block, &n_block)) {
        for (int d = 0; d < n_block; d++)
            if (block[d] < 1 || __builtin_mul_overflow(size, block[d], &size) ||
                x->dims[1] % size != 0)
                return nescio_infer_fail(ctx, node, "%lld rows are no whole blocks",
                                         (long long)x->dims[1]);
        nescio_shape_set(&out, 1, x->dims[1] / size);
    }
    return nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out);
}

nescio_status nescio_infer_sample(nescio_ctx *ctx, nescio_node *node)
{
    switch (node->op) {
    case NESCIO_OP_GRID_SAMPLE: return infer_grid_sample(ctx, node);
    case NESCIO_OP_ROI_ALIGN: return infer_roi_align(ctx, node);
    case NESCIO_OP_NON_MAX_SUPPRESSION: return infer_non_max_suppression(ctx, node);
    case NESCIO_OP_AFFINE_GRID: return infer_affine_grid(ctx, node);
    default: return infer_col2im(ctx, node);
    }
}
