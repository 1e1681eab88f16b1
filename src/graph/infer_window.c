/* SPDX-License-Identifier: Apache-2.0
 * Windows of convolutions and pooling: their attributes, their output sizes; inference of pooling.
 *
 * Output size along one dim (ONNX, Conv and pooling): floor or ceil of (in + pads - dilated kernel)
 * / stride, plus 1; a last window that would start in the end padding is dropped (ceil_mode). */
#include "graph/infer_internal.h"

#include <string.h>

/* A list attribute of n numbers >= least into `out`; absent: all `otherwise`. */
static nescio_status read_list(nescio_ctx *ctx, const nescio_node *node, const char *name, int n,
                               int64_t least, int64_t otherwise, int64_t *out)
{
    const nescio_attr *const a = nescio_node_attr(node, name);

    for (int i = 0; i < n; i++)
        out[i] = otherwise;
    if (!a)
        return NESCIO_OK;
    if (a->kind != NESCIO_ATTR_INTS || a->count != (size_t)n)
        return nescio_infer_fail(ctx, node, "%s must be %d numbers", name, n);
    for (int i = 0; i < n; i++) {
        if (a->ints[i] < least || a->ints[i] > INT32_MAX)
            return nescio_infer_fail(ctx, node, "%s has %lld (must be %lld ... 2^31)", name,
                                     (long long)a->ints[i], (long long)least);
        out[i] = a->ints[i];
    }
    return NESCIO_OK;
}

nescio_status nescio_window_read(nescio_ctx *ctx, const nescio_node *node, int n_spatial,
                                 const int64_t *kernel, nescio_window *out)
{
    const char *const mode = nescio_node_string(node, "auto_pad", "NOTSET");
    const bool has_kernel = nescio_node_attr(node, "kernel_shape") != NULL;
    int64_t pads[2 * NESCIO_RANK_MAX];

    *out =
        (nescio_window){.n_spatial = n_spatial, .ceil = nescio_node_int(node, "ceil_mode", 0) != 0};
    NESCIO_TRY(read_list(ctx, node, "kernel_shape", n_spatial, 1, NESCIO_DIM_UNKNOWN, out->kernel));
    NESCIO_TRY(read_list(ctx, node, "strides", n_spatial, 1, 1, out->stride));
    NESCIO_TRY(read_list(ctx, node, "dilations", n_spatial, 1, 1, out->dilation));
    NESCIO_TRY(read_list(ctx, node, "pads", 2 * n_spatial, INT32_MIN, 0, pads));
    memcpy(out->pad_begin, pads, (size_t)n_spatial * sizeof *pads);
    memcpy(out->pad_end, pads + n_spatial, (size_t)n_spatial * sizeof *pads);
    for (int d = 0; d < n_spatial && kernel; d++) {
        if (has_kernel && kernel[d] >= 0 && kernel[d] != out->kernel[d])
            return nescio_infer_fail(ctx, node,
                                     "kernel_shape differs from the shape of the weights");
        if (!has_kernel)
            out->kernel[d] = kernel[d];
        if (out->kernel[d] > INT32_MAX)
            return nescio_infer_fail(ctx, node, "a kernel of %lld elements",
                                     (long long)out->kernel[d]);
    }
    if (!kernel && !has_kernel)
        return nescio_infer_fail(ctx, node, "has no kernel_shape");
    if (strcmp(mode, "SAME_UPPER") == 0)
        out->mode = NESCIO_PAD_SAME_UPPER;
    else if (strcmp(mode, "SAME_LOWER") == 0)
        out->mode = NESCIO_PAD_SAME_LOWER;
    else if (strcmp(mode, "VALID") == 0)
        out->mode = NESCIO_PAD_VALID;
    else if (*mode && strcmp(mode, "NOTSET") != 0)
        return nescio_infer_fail(ctx, node, "auto_pad='%s'", mode);
    return NESCIO_OK;
}

int64_t nescio_window_output(const nescio_window *w, int d, int64_t size)
{
    const bool same = w->mode == NESCIO_PAD_SAME_UPPER || w->mode == NESCIO_PAD_SAME_LOWER;
    const int64_t stride = w->stride[d];
    nescio_wide room; /* |pads|, kernel, dilation < 2^31 + 1; size < 2^63: no overflow here */
    nescio_wide n;

    if (size < 0 || w->kernel[d] < 0)
        return NESCIO_DIM_UNKNOWN;
    if (same)
        return size / stride + (size % stride != 0);
    room = (nescio_wide)size - ((nescio_wide)(w->kernel[d] - 1) * w->dilation[d] + 1);
    if (w->mode == NESCIO_PAD_GIVEN)
        room += w->pad_begin[d] + w->pad_end[d];
    if (room < 0)
        return -1;
    n = room / stride + 1;
    if (w->ceil && room % stride != 0) {
        n++;
        if ((n - 1) * stride >=
            (nescio_wide)size + (w->mode == NESCIO_PAD_GIVEN ? w->pad_begin[d] : 0))
            n--;
    }
    return n > INT64_MAX ? -1 : (int64_t)n;
}

nescio_status nescio_infer_window(nescio_ctx *ctx, nescio_node *node)
{
    const nescio_shape *const x = nescio_infer_shape(node, 0);
    const bool global = node->op == NESCIO_OP_GLOBAL_AVERAGE_POOL ||
                        node->op == NESCIO_OP_GLOBAL_MAX_POOL ||
                        node->op == NESCIO_OP_GLOBAL_LP_POOL;
    nescio_shape out = *x;
    nescio_window window;

    if (x->rank != NESCIO_RANK_UNKNOWN && x->rank < (global ? 2 : 3))
        return nescio_infer_fail(ctx, node, "pools a tensor of rank %d", x->rank);
    if (x->rank != NESCIO_RANK_UNKNOWN && !global)
        NESCIO_TRY(nescio_window_read(ctx, node, x->rank - 2, NULL, &window));
    for (int d = 2; d < x->rank; d++) {
        const int64_t size = global ? 1 : nescio_window_output(&window, d - 2, x->dims[d]);

        if (size < 0 && x->dims[d] >= 0)
            return nescio_infer_fail(ctx, node, "its window does not fit into its input");
        nescio_shape_set(&out, d, size < 0 ? NESCIO_DIM_UNKNOWN : size);
    }
    NESCIO_TRY(nescio_infer_output(ctx, node, 0, nescio_infer_dtype(node, 0), &out));
    return nescio_infer_output(ctx, node, 1, NESCIO_I64, &out);
}
