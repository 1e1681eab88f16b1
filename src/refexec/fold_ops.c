/* SPDX-License-Identifier: Apache-2.0
 * Col2Im: blocks, one column each, are added back where a sliding window took them from. */
#include "refexec/run_table.h"

typedef struct fold {
    int n_axes;
    int64_t image[NESCIO_RANK_MAX], block[NESCIO_RANK_MAX], n_blocks[NESCIO_RANK_MAX];
    int64_t stride[NESCIO_RANK_MAX], dilation[NESCIO_RANK_MAX], pads[2 * NESCIO_RANK_MAX];
} fold;

/* Attribute `name` as n numbers in [least, 2^31); `otherwise` when absent. */
static nescio_status read_list(const nescio_refexec_call *call, const char *name, size_t n,
                               int64_t least, int64_t otherwise, int64_t *out)
{
    size_t count;

    NESCIO_TRY(nescio_call_ints_attr(call, name, out, n, &count));
    for (size_t i = 0; i < n && count == 0; i++)
        out[i] = otherwise;
    for (size_t i = 0; i < n; i++)
        if ((count != 0 && count != n) || out[i] < least || out[i] > INT32_MAX)
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "attribute '%s' must be %zu numbers of at least %lld", name, n,
                                    (long long)least);
    return NESCIO_OK;
}

static nescio_status read_fold(const nescio_refexec_call *call, fold *f)
{
    size_t n_image, n_block;

    NESCIO_TRY(nescio_call_ints(call, 1, f->image, NESCIO_RANK_MAX - 2, &n_image));
    NESCIO_TRY(nescio_call_ints(call, 2, f->block, NESCIO_RANK_MAX - 2, &n_block));
    if (n_image != n_block || n_image == 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "image of %zu axes, block of %zu", n_image,
                                n_block);
    f->n_axes = (int)n_image;
    NESCIO_TRY(read_list(call, "strides", n_image, 1, 1, f->stride));
    NESCIO_TRY(read_list(call, "dilations", n_image, 1, 1, f->dilation));
    NESCIO_TRY(read_list(call, "pads", 2 * n_image, 0, 0, f->pads));
    for (int i = 0; i < f->n_axes; i++) {
        int64_t room;

        if (f->image[i] < 1 || f->image[i] > INT32_MAX || f->block[i] < 1 ||
            f->block[i] > INT32_MAX)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "axis %d: blocks of %lld in %lld", i,
                                    (long long)f->block[i], (long long)f->image[i]);
        room = f->image[i] + f->pads[i] + f->pads[f->n_axes + i] -
               f->dilation[i] * (f->block[i] - 1) - 1;
        f->n_blocks[i] = room < 0 ? 0 : room / f->stride[i] + 1;
    }
    return NESCIO_OK;
}

/* Offset in the image of element `inside` of block number `block`; -1 in the padding. */
static int64_t offset_of(const fold *f, int64_t inside, int64_t block)
{
    int64_t at[NESCIO_RANK_MAX], offset = 0;

    for (int i = f->n_axes - 1; i >= 0; i--) {
        at[i] = block % f->n_blocks[i] * f->stride[i] + inside % f->block[i] * f->dilation[i] -
                f->pads[i];
        block /= f->n_blocks[i];
        inside /= f->block[i];
        if (at[i] < 0 || at[i] >= f->image[i])
            return -1;
    }
    for (int i = 0; i < f->n_axes; i++)
        offset = offset * f->image[i] + at[i];
    return offset;
}

/* Whether the columns are as long and as many as the attributes say. */
static bool fits(const fold *f, int64_t rows, int64_t columns)
{
    for (int i = 0; i < f->n_axes; i++) {
        if (f->n_blocks[i] == 0 || rows % f->block[i] != 0 || columns % f->n_blocks[i] != 0)
            return false;
        rows /= f->block[i];
        columns /= f->n_blocks[i];
    }
    return columns == 1;
}

nescio_status nescio_run_col2im(nescio_refexec_call *call)
{
    int64_t dims[NESCIO_RANK_MAX], rows, columns, size, plane;
    const nescio_tensor *x;
    nescio_tensor wide;
    fold f;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 3, 3));
    NESCIO_TRY(read_fold(call, &f));
    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F64, &x));
    rows = x->dims[1];
    columns = x->dims[2];
    if (!fits(&f, rows, columns))
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "%lld x %lld columns do not fit its image and blocks",
                                (long long)rows, (long long)columns);
    size = rows > 0 ? nescio_dims_product(f.block, 0, f.n_axes) : 1; /* divides the rows */
    dims[0] = x->dims[0];
    dims[1] = rows / size;
    memcpy(dims + 2, f.image, (size_t)f.n_axes * sizeof *dims);
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_F64, f.n_axes + 2, dims));
    if (dims[0] * dims[1] > 0)
        NESCIO_TRY(nescio_call_spend(call, size, columns, f.n_axes));
    plane = nescio_dims_product(dims, 2, f.n_axes + 2);
    /* Without images, 2^45 columns take no memory. */
    for (int64_t k = 0; k < size * columns && dims[0] * dims[1] > 0; k++) {
        const int64_t offset = offset_of(&f, k / columns, k % columns);

        for (int64_t c = 0; c < dims[0] * dims[1] && offset >= 0; c++)
            ((double *)wide.data)[c * plane + offset] +=
                ((const double *)x->data)[c * size * columns + k];
    }
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, call->inputs[0]->dtype);
}
