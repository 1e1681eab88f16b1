/* SPDX-License-Identifier: Apache-2.0
 * Transposed convolution: the product with the weights gives, for every input position, the patch
 * that it adds to the output; patches are folded back. In the window's terms the result is the
 * "input" and x lies at its "outputs". */
#include "refexec/float_rows.h"
#include "refexec/run_table.h"
#include "refexec/slide.h"

/* Result sizes and padding, from output_shape, auto_pad or pads. Fills w->in (result) and w->out
 * (x). */
static nescio_status read_transposed(const nescio_refexec_call *call, const nescio_tensor *x,
                                     const nescio_tensor *weights, nescio_slide *w)
{
    const char *const mode = nescio_node_string(call->node, "auto_pad", "NOTSET");
    const bool same_upper = strcmp(mode, "SAME_UPPER") == 0,
               same_lower = strcmp(mode, "SAME_LOWER") == 0;
    int64_t extra[NESCIO_RANK_MAX] = {0}, shape[NESCIO_RANK_MAX];
    size_t n_extra, n_shape;

    *w = (nescio_slide){.rank = x->rank - 2, .n_in = 1, .n_out = 1};
    memcpy(w->kernel, &weights->dims[2], (size_t)w->rank * sizeof *w->kernel);
    NESCIO_TRY(nescio_slide_read_attrs(call, w));
    NESCIO_TRY(nescio_call_ints_attr(call, "output_padding", extra, (size_t)w->rank, &n_extra));
    NESCIO_TRY(nescio_call_ints_attr(call, "output_shape", shape, NESCIO_RANK_MAX, &n_shape));
    if (n_shape && (int)n_shape != w->rank && (int)n_shape != x->rank)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "output_shape has %zu entries for %d axes",
                                n_shape, w->rank);
    for (int i = 0; i < w->rank; i++) {
        const int64_t dim = x->dims[2 + i], limit = (int64_t)1 << 31;
        const bool sized = n_shape || same_upper || same_lower;
        int64_t full, target, total;

        if (dim < 1 || dim >= limit || extra[i] < 0 || extra[i] >= limit)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "axis %d has %lld elements", 2 + i,
                                    (long long)dim);
        full = (dim - 1) * w->stride[i] + extra[i] + (w->kernel[i] - 1) * w->dilation[i] + 1;
        target = n_shape ? shape[(int)n_shape - w->rank + i] : dim * w->stride[i];
        if (sized) {
            total = full - target > 0 ? full - target : 0;
            w->begin[i] = same_upper ? total / 2 : total - total / 2;
            w->end[i] = total - w->begin[i];
        }
        w->out[i] = dim;
        w->in[i] = sized ? target : full - w->begin[i] - w->end[i];
        if (w->in[i] < 1 || (uint64_t)w->n_in * (uint64_t)w->in[i] >= (uint64_t)1 << 48)
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "axis %d of the result would have %lld elements", 2 + i,
                                    (long long)w->in[i]);
        w->n_in *= w->in[i];
        w->n_out *= dim;
    }
    return NESCIO_OK;
}

nescio_status nescio_run_conv_transpose(nescio_refexec_call *call)
{
    const int64_t group = nescio_node_int(call->node, "group", 1);
    const nescio_tensor *const bias = nescio_call_input(call, 2);
    const nescio_tensor *x, *weights;
    int64_t dims[NESCIO_RANK_MAX], size, channels, filters, patch;
    nescio_slide w;
    size_t count;
    char *patches;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 3, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_FLOAT, 3, NESCIO_RANK_MAX));
    x = call->inputs[0];
    weights = call->inputs[1];
    if (group < 1 || weights->rank != x->rank || weights->dtype != x->dtype ||
        weights->dims[0] != x->dims[1] || x->dims[1] % group || nescio_count(weights) == 0 ||
        (bias &&
         (bias->dtype != x->dtype || bias->rank != 1 || bias->dims[0] != weights->dims[1] * group)))
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "input, weights, bias and %lld groups do not go together",
                                (long long)group);
    NESCIO_TRY(read_transposed(call, x, weights, &w));
    filters = weights->dims[1];
    channels = x->dims[1] / group;
    dims[0] = x->dims[0];
    dims[1] = filters * group;
    memcpy(&dims[2], w.in, (size_t)w.rank * sizeof *dims);
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, dims));
    size = (int64_t)nescio_dtype_bytes(x->dtype);
    patch = filters * w.n_kernel;
    if (!nescio_size_mul(&count, (size_t)patch, (size_t)w.n_out) || count >> 48)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_call_spend(call, x->dims[0], w.n_out, nescio_count(weights)));
    patches = nescio_call_scratch(call, (int64_t)count, (size_t)size);
    if (!patches)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < x->dims[0] * group; i++) {
        char *const y = (char *)call->outputs[0].data + i * filters * w.n_in * size;

        for (int64_t f = 0; bias && f < filters; f++)
            nescio_row_fill(x->dtype, w.n_in,
                            (const char *)bias->data + (i % group * filters + f) * size,
                            y + f * w.n_in * size);
        nescio_call_gemm(nescio_call_pool(call), x->dtype, true, false, patch, w.n_out, channels, 1,
                         (const char *)weights->data + i % group * channels * patch * size, patch,
                         (const char *)x->data + i * channels * w.n_out * size, w.n_out, 0, patches,
                         w.n_out);
        for (int64_t r = 0; r < patch; r++)
            nescio_slide_fold(&w, x->dtype, r % w.n_kernel, patches + r * w.n_out * size,
                              y + r / w.n_kernel * w.n_in * size);
    }
    return NESCIO_OK;
}
