/* SPDX-License-Identifier: Apache-2.0
 * Convolution in any number of axes: patches are unfolded (im2col) into a matrix that a product
 * with the weights turns into output. Work is cut into tiles of some output rows, so that a tile's
 * matrix stays in the cache and threads have something to share. Kernels of one element need no
 * unfolding; depthwise ones no product. */
#include "refexec/conv.h"
#include "refexec/float_rows.h"
#include "refexec/run_table.h"

/* A tile's matrix should stay in the level-2 cache, but with fewer columns the weights of wide
 * layers, which each tile reads again, would take longer than the products. Measured on ResNet-18:
 * 256 KB to 4 MB and 96 to 192 columns are within 10 % of each other. */
#define TILE_BYTES   ((int64_t)1 << 19)
#define TILE_COLUMNS 144

nescio_status nescio_conv_plan(const nescio_refexec_call *call, const nescio_tensor *x,
                               const nescio_tensor *weights, const nescio_tensor *bias,
                               nescio_slide *w, int64_t *group, int64_t *out_dims)
{
    char text_x[96], text_w[96];

    *group = nescio_node_int(call->node, "group", 1);
    if (x->rank < 3 || weights->rank != x->rank || *group < 1 || x->dims[1] % *group ||
        weights->dims[0] % *group || x->dims[1] / *group != weights->dims[1] ||
        nescio_count(weights) == 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%s with weights %s in %lld groups",
                                nescio_tensor_describe(x, text_x, sizeof text_x),
                                nescio_tensor_describe(weights, text_w, sizeof text_w),
                                (long long)*group);
    if (bias && (bias->rank != 1 || bias->dims[0] != weights->dims[0]))
        return nescio_call_fail(
            call, NESCIO_E_FORMAT, "bias is %s; %lld output channels need one number each",
            nescio_tensor_describe(bias, text_x, sizeof text_x), (long long)weights->dims[0]);
    NESCIO_TRY(nescio_slide_read(call, x, &weights->dims[2], false, w));
    out_dims[0] = x->dims[0];
    out_dims[1] = weights->dims[0];
    memcpy(&out_dims[2], w->out, (size_t)w->rank * sizeof *out_dims);
    return nescio_call_spend(call, out_dims[0], w->n_out, nescio_count(weights));
}

/* One convolution, cut into image x group x tile. */
typedef struct conv_work {
    const nescio_slide *w;
    nescio_dtype dtype;
    size_t size;
    const char *x, *weights, *bias; /* bias may be NULL */
    char *y;
    int64_t group, channels, filters; /* of one group: input and output channels */
    int64_t tile_rows, n_tiles;       /* outputs of axis 0 in a tile */
    int64_t row;                      /* outputs that one output of axis 0 stands for */
    bool pointwise;                   /* one kernel element, no padding, stride 1 */
    char *scratch;                    /* tile_bytes a worker */
    int64_t tile_bytes;
} conv_work;

static void conv_tile(void *arg, size_t i_job, unsigned i_worker)
{
    const conv_work *const c = arg;
    const nescio_slide *const w = c->w;
    const int64_t size = (int64_t)c->size;
    const int64_t tile = (int64_t)i_job % c->n_tiles, image_group = (int64_t)i_job / c->n_tiles;
    const int64_t g = image_group % c->group;
    const int64_t first = tile * c->tile_rows;
    const int64_t last = first + c->tile_rows < w->out[0] ? first + c->tile_rows : w->out[0];
    const int64_t n = (last - first) * c->row, k = c->channels * w->n_kernel;
    const char *const x = c->x + image_group * c->channels * w->n_in * size;
    char *const y = c->y + (image_group * c->filters * w->n_out + first * c->row) * size;
    const char *patches = x + first * c->row * size;
    char *const matrix = c->scratch + (int64_t)i_worker * c->tile_bytes;

    if (!c->pointwise) {
        nescio_slide_unfold(w, c->size, c->channels, first, last, x, matrix);
        patches = matrix;
    }
    for (int64_t f = 0; c->bias && f < c->filters; f++)
        nescio_row_fill(c->dtype, n, c->bias + (g * c->filters + f) * size,
                        y + f * w->n_out * size);
    nescio_call_gemm(NULL, c->dtype, false, false, c->filters, n, k, 1,
                     c->weights + g * c->filters * k * size, k, patches,
                     c->pointwise ? w->n_out : n, c->bias ? 1 : 0, y, w->n_out);
}

/* One input channel a group, so the "matrix" is a vector: sum the shifted rows instead. */
static void conv_depthwise_tile(void *arg, size_t i_job, unsigned i_worker)
{
    const conv_work *const c = arg;
    const nescio_slide *const w = c->w;
    const int64_t size = (int64_t)c->size;
    const int64_t tile = (int64_t)i_job % c->n_tiles, image_group = (int64_t)i_job / c->n_tiles;
    const int64_t first = tile * c->tile_rows;
    const int64_t last = first + c->tile_rows < w->out[0] ? first + c->tile_rows : w->out[0];
    const char *const x = c->x + image_group * w->n_in * size;

    (void)i_worker;
    for (int64_t f = 0; f < c->filters; f++) {
        const int64_t filter = image_group % c->group * c->filters + f;
        char *const y = c->y + (image_group * c->filters + f) * w->n_out * size;

        if (c->bias)
            nescio_row_fill(c->dtype, (last - first) * c->row, c->bias + filter * size,
                            y + first * c->row * size);
        nescio_slide_filter(w, c->dtype, c->weights + filter * w->n_kernel * size, first, last, x,
                            y);
    }
}

static bool is_pointwise(const nescio_slide *w)
{
    for (int i = 0; i < w->rank; i++)
        if (w->stride[i] != 1 || w->begin[i] || w->end[i])
            return false;
    return w->n_kernel == 1;
}

nescio_status nescio_conv(const nescio_refexec_call *call, const nescio_slide *w, int64_t group,
                          const nescio_tensor *x, const nescio_tensor *weights,
                          const nescio_tensor *bias, nescio_tensor *y)
{
    nescio_pool *const pool = nescio_call_pool(call);
    const int64_t n_workers = pool ? nescio_pool_workers(pool) : 1;
    conv_work c = {.w = w,
                   .dtype = x->dtype,
                   .size = nescio_dtype_bytes(x->dtype),
                   .x = x->data,
                   .weights = weights->data,
                   .bias = bias ? bias->data : NULL,
                   .y = y->data,
                   .group = group,
                   .channels = weights->dims[1],
                   .filters = weights->dims[0] / group,
                   .row = w->n_out / w->out[0],
                   .pointwise = is_pointwise(w)};
    const bool depthwise = c.channels == 1 && c.filters <= 2;
    const int64_t depth = depthwise ? 1 : c.channels * w->n_kernel;
    int64_t row_bytes;
    size_t bytes;

    if (!nescio_size_mul(&bytes, (size_t)depth * c.size, (size_t)c.row) || bytes >> 48)
        return nescio_call_nomem(call);
    row_bytes = (int64_t)bytes;
    c.tile_rows = TILE_BYTES / row_bytes;
    if (c.tile_rows * c.row < TILE_COLUMNS)
        c.tile_rows = (TILE_COLUMNS + c.row - 1) / c.row;
    c.tile_rows = c.tile_rows < 1 ? 1 : c.tile_rows > w->out[0] ? w->out[0] : c.tile_rows;
    c.n_tiles = (w->out[0] + c.tile_rows - 1) / c.tile_rows;
    c.tile_bytes = c.pointwise || depthwise ? 0 : c.tile_rows * row_bytes;
    c.scratch = nescio_call_scratch(call, n_workers * c.tile_bytes + 1, 1);
    if (!c.scratch)
        return nescio_call_nomem(call);
    nescio_pool_run(pool, (size_t)(x->dims[0] * group * c.n_tiles),
                    depthwise ? conv_depthwise_tile : conv_tile, &c);
    return NESCIO_OK;
}

nescio_status nescio_run_conv(nescio_refexec_call *call)
{
    const nescio_tensor *const bias = nescio_call_input(call, 2);
    const nescio_tensor *x, *weights;
    int64_t dims[NESCIO_RANK_MAX], group;
    nescio_slide w;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 3, NESCIO_RANK_MAX));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_FLOAT, 3, NESCIO_RANK_MAX));
    x = call->inputs[0];
    weights = call->inputs[1];
    if (weights->dtype != x->dtype || (bias && bias->dtype != x->dtype))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "inputs differ in type");
    NESCIO_TRY(nescio_conv_plan(call, x, weights, bias, &w, &group, dims));
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, dims));
    return nescio_conv(call, &w, group, x, weights, bias, &call->outputs[0]);
}
