/* SPDX-License-Identifier: Apache-2.0
 * GridSample and AffineGrid: an image read at positions that are given as data, and such positions
 * from an affine map. Positions run from -1 to 1 along each axis, the last axis of the image first;
 * -1 and 1 are the centres of the outermost elements (align_corners) or their outer edges.
 *
 * Along each axis an output is a weighted sum of 1, 2 or 4 inputs; the weights of several axes
 * multiply. */
#include "refexec/run_table.h"

#include <math.h>

#define AXES_MAX 3
#define TAPS_MAX 4                                /* inputs along one axis */
#define CUBIC_A  (-0.75)                          /* as PyTorch's bicubic */
#define ALL_MAX  (TAPS_MAX * TAPS_MAX * TAPS_MAX) /* inputs of one output */

typedef enum grid_mode { GRID_NEAREST, GRID_LINEAR, GRID_CUBIC } grid_mode;
typedef enum grid_padding { GRID_ZEROS, GRID_BORDER, GRID_REFLECTION } grid_padding;

typedef struct grid_sample {
    grid_mode mode;
    grid_padding padding;
    bool align_corners, single; /* single: positions are float32, rounded after each step */
    int n_axes;
    int64_t size[AXES_MAX]; /* of the image */
} grid_sample;

/* Some inputs and their weights; along one axis by index, then in the image by offset. */
typedef struct taps {
    int n;
    int64_t at[ALL_MAX];
    double weight[ALL_MAX];
} taps;

static double rounded(const grid_sample *g, double v)
{
    return g->single ? (double)(float)v : v;
}

/* x mirrored at low and high until it is between them. */
static double reflect(double x, double low, double high)
{
    const double range = high - low, beyond = x < low ? low - x : x > high ? x - high : 0;
    double rest;

    if (range <= 0)
        return low;
    if (beyond <= 0)
        return x;
    rest = fmod(beyond, 2 * range);
    rest = rest > range ? 2 * range - rest : rest;
    return x < low ? low + rest : high - rest;
}

/* Where position p in [-1, 1] lies on an axis of n elements; what is outside is brought inside
 * unless it reads as 0. */
static double place(const grid_sample *g, double p, int64_t n)
{
    const double size = (double)n, low = g->align_corners ? 0 : -0.5,
                 high = g->align_corners ? size - 1 : size - 0.5;
    double x = rounded(g, p + 1);

    x = g->align_corners ? rounded(g, rounded(g, x / 2) * (size - 1))
                         : rounded(g, rounded(g, rounded(g, x * size) - 1) / 2);
    if (!(fabs(x) < 0x1p52))
        x = -100; /* NaN and what no index can hold: outside */
    if (g->mode == GRID_NEAREST)
        x = rint(x);
    if (g->mode == GRID_CUBIC || (x >= low && x <= high))
        return x; /* cubic: its four inputs are brought inside one by one */
    switch (g->padding) {
    case GRID_BORDER: return x < 0 ? 0 : size - 1;
    case GRID_REFLECTION: return reflect(x, low, high);
    default: return x;
    }
}

/* The element that index i stands for; -1: none, it reads as 0. */
static int64_t element(const grid_sample *g, int64_t i, int64_t n)
{
    if (i >= 0 && i < n)
        return i;
    switch (g->padding) {
    case GRID_BORDER: return i < 0 ? 0 : n - 1;
    case GRID_REFLECTION:
        return nescio_clamp_i64((int64_t)reflect((double)i, g->align_corners ? 0 : -0.5,
                                                 (double)n - (g->align_corners ? 1 : 0.5)),
                                0, n - 1);
    default: return -1;
    }
}

/* Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981). */
static double cubic_weight(double d)
{
    d = fabs(d);
    if (d <= 1)
        return ((CUBIC_A + 2) * d - (CUBIC_A + 3)) * d * d + 1;
    return d < 2 ? ((d - 5) * d + 8) * d * CUBIC_A - 4 * CUBIC_A : 0;
}

static void take_axis(const grid_sample *g, double p, int64_t n, taps *out)
{
    const double x = place(g, p, n), base = floor(x);
    const int64_t first = (int64_t)base - (g->mode == GRID_CUBIC ? 1 : 0);

    out->n = g->mode == GRID_CUBIC ? 4 : g->mode == GRID_LINEAR ? 2 : 1;
    for (int t = 0; t < out->n; t++) {
        const double d = x - (double)(first + t);

        out->at[t] = element(g, first + t, n);
        out->weight[t] = g->mode == GRID_CUBIC    ? cubic_weight(d)
                         : g->mode == GRID_LINEAR ? 1 - fabs(d)
                                                  : 1;
    }
}

/* The inputs of one output at `position` (last axis first), by offset in an image of one channel.
 */
static void take_point(const grid_sample *g, const double *position, taps *all)
{
    all->n = 1;
    all->at[0] = 0;
    all->weight[0] = 1;
    for (int axis = 0; axis < g->n_axes; axis++) {
        const taps before = *all;
        taps along;

        take_axis(g, position[g->n_axes - 1 - axis], g->size[axis], &along);
        all->n = 0;
        for (int i = 0; i < before.n; i++)
            for (int t = 0; t < along.n; t++) {
                if (along.at[t] < 0)
                    continue;
                all->at[all->n] = before.at[i] * g->size[axis] + along.at[t];
                all->weight[all->n++] = before.weight[i] * along.weight[t];
            }
    }
}

static nescio_status read_modes(const nescio_refexec_call *call, grid_sample *g)
{
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    static const char *const paddings[] = {"zeros", "border", "reflection"};
    const char *const mode = nescio_node_string(call->node, "mode", "linear");
    const char *const padding = nescio_node_string(call->node, "padding_mode", "zeros");
    int m = 0, p = 0;

    while (m < 3 && strcmp(mode, modes[m]) != 0)
        m++;
    while (p < 3 && strcmp(padding, paddings[p]) != 0)
        p++;
    if (m == 3 || p == 3)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "mode '%.20s' with padding '%.20s'",
                                mode, padding);
    g->mode = (grid_mode)m;
    g->padding = (grid_padding)p;
    g->align_corners = nescio_node_int(call->node, "align_corners", 0) != 0;
    return NESCIO_OK;
}

nescio_status nescio_run_grid_sample(nescio_refexec_call *call)
{
    const nescio_tensor *x, *grid;
    int64_t dims[NESCIO_RANK_MAX], points, image;
    grid_sample g = {0};
    nescio_tensor wide;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 3, AXES_MAX + 2));
    x = call->inputs[0];
    g.n_axes = x->rank - 2;
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_FLOAT, x->rank, x->rank));
    grid = call->inputs[1];
    g.single = grid->dtype == NESCIO_F32;
    if (grid->dims[0] != x->dims[0] || grid->dims[x->rank - 1] != g.n_axes)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "its grid must have %lld images of positions of %d numbers",
                                (long long)x->dims[0], g.n_axes);
    NESCIO_TRY(read_modes(call, &g));
    dims[0] = x->dims[0];
    dims[1] = x->dims[1];
    for (int i = 0; i < g.n_axes; i++) {
        g.size[i] = x->dims[i + 2];
        dims[i + 2] = grid->dims[i + 1];
    }
    points = nescio_dims_product(dims, 2, x->rank);
    image = nescio_dims_product(x->dims, 2, x->rank);
    if (image == 0 && points > 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "its image has no element");
    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F64, &x));
    NESCIO_TRY(nescio_call_cast_input(call, 1, NESCIO_F64, &grid));
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_F64, x->rank, dims));
    NESCIO_TRY(nescio_call_spend(call, dims[0] * points, dims[1] + 4, 1 << 2 * g.n_axes));
    for (int64_t k = 0; k < dims[0] * points; k++) {
        const int64_t n = k / points;
        taps all;

        take_point(&g, (const double *)grid->data + k * g.n_axes, &all);
        for (int64_t c = 0; c < dims[1]; c++) {
            const double *const from = (const double *)x->data + (n * dims[1] + c) * image;
            double sum = 0;

            for (int t = 0; t < all.n; t++)
                sum += all.weight[t] * from[all.at[t]];
            ((double *)wide.data)[(n * dims[1] + c) * points + k % points] = sum;
        }
    }
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, call->inputs[0]->dtype);
}

/* Position of element i of n. */
static double position_of(bool align_corners, int64_t i, int64_t n)
{
    if (align_corners)
        return n > 1 ? -1 + 2 * (double)i / ((double)n - 1) : -1;
    return (2 * (double)i + 1) / (double)n - 1;
}

nescio_status nescio_run_affine_grid(nescio_refexec_call *call)
{
    const bool align = nescio_node_int(call->node, "align_corners", 0) != 0;
    int64_t size[AXES_MAX + 2], dims[NESCIO_RANK_MAX], points;
    const nescio_tensor *theta;
    nescio_tensor wide;
    size_t n_size;
    int n;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 3, 3));
    NESCIO_TRY(nescio_call_ints(call, 1, size, AXES_MAX + 2, &n_size));
    theta = call->inputs[0];
    n = (int)n_size - 2;
    if (n < 1 || theta->dims[1] != n || theta->dims[2] != n + 1 || size[0] != theta->dims[0])
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "its maps and the size asked for do not fit each other");
    dims[0] = size[0];
    for (int i = 0; i < n; i++)
        dims[i + 1] = size[i + 2];
    dims[n + 1] = n;
    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F64, &theta));
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_F64, n + 2, dims));
    points = nescio_dims_product(dims, 1, n + 1);
    for (int64_t k = 0; k < dims[0] * points; k++) {
        const double *const map = (const double *)theta->data + k / points * n * (n + 1);
        double at[AXES_MAX + 1];
        int64_t rest = k % points;

        for (int axis = n - 1; axis >= 0; axis--) { /* the last axis is the first coordinate */
            at[n - 1 - axis] = position_of(align, rest % dims[axis + 1], dims[axis + 1]);
            rest /= dims[axis + 1];
        }
        at[n] = 1;
        for (int i = 0; i < n; i++) {
            double sum = 0;

            for (int j = 0; j <= n; j++)
                sum += map[i * (n + 1) + j] * at[j];
            ((double *)wide.data)[k * n + i] = sum;
        }
    }
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, call->inputs[0]->dtype);
}
