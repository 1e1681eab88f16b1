/* SPDX-License-Identifier: Apache-2.0
 * What detectors do with boxes: RoiAlign (a grid of values out of each box) and NonMaxSuppression
 * (the best boxes that do not overlap). */
#include "refexec/run_table.h"

#include <math.h>
#include <stdlib.h>

/* --- RoiAlign ------------------------------------------------------------------------------- */

typedef struct roi_align {
    bool maximum, half_pixel, single; /* single: boxes are float32, rounded after each step */
    double scale;
    int64_t ratio, out[2], size[2]; /* height and width */
} roi_align;

#define SAMPLES_MAX (1 << 15) /* of a bin along one axis */

/* A box along one axis: samples k of bin b are at start + (b + (k + 0.5) / n) * bin. */
typedef struct roi_span {
    double start, bin;
    int64_t n; /* samples of a bin */
} roi_span;

/* The two elements around a sample, and the second's weight; first < 0: outside, reads as 0. */
typedef struct roi_pair {
    int64_t first, second;
    double weight;
} roi_pair;

static double rounded(const roi_align *r, double v)
{
    return r->single ? (double)(float)v : v;
}

static roi_span span_of(const roi_align *r, double from, double to, int axis)
{
    const double half = r->half_pixel ? 0.5 : 0, bins = (double)r->out[axis];
    const double start = rounded(r, rounded(r, from * r->scale) - half);
    const double end = rounded(r, rounded(r, to * r->scale) - half);
    double length = rounded(r, end - start);
    roi_span s = {.start = start};

    if (!r->half_pixel && !(length >= 1))
        length = 1;
    s.bin = rounded(r, length / bins);
    if (r->ratio > 0)
        s.n = r->ratio;
    else if (s.bin > 0) /* NaN: none */
        s.n = s.bin <= SAMPLES_MAX ? (int64_t)ceil(s.bin) : SAMPLES_MAX + 1;
    return s;
}

static roi_pair sample(const roi_span *s, int64_t bin, int64_t k, int64_t size)
{
    double x = s->start + (double)bin * s->bin + ((double)k + 0.5) * s->bin / (double)s->n;
    roi_pair p = {.first = -1};

    if (!(x >= -1 && x <= (double)size))
        return p;
    x = x < 0 ? 0 : x;
    p.first = nescio_clamp_i64((int64_t)x, 0, size - 1);
    p.second = p.first + 1 < size ? p.first + 1 : p.first;
    p.weight = p.second > p.first ? x - (double)p.first : 0;
    return p;
}

/* One output: the mean of the samples of a bin, or the largest weighted element. */
static double pool_bin(const roi_align *r, const roi_span *sy, const roi_span *sx, int64_t by,
                       int64_t bx, const double *image)
{
    const int64_t n = sy->n * sx->n;
    double best = n > 0 ? -INFINITY : 0, sum = 0;

    for (int64_t k = 0; k < n; k++) {
        const roi_pair y = sample(sy, by, k / sx->n, r->size[0]);
        const roi_pair x = sample(sx, bx, k % sx->n, r->size[1]);
        const int64_t width = r->size[1];
        double v[4] = {0};

        if (y.first >= 0 && x.first >= 0) {
            v[0] = (1 - y.weight) * (1 - x.weight) * image[y.first * width + x.first];
            v[1] = (1 - y.weight) * x.weight * image[y.first * width + x.second];
            v[2] = y.weight * (1 - x.weight) * image[y.second * width + x.first];
            v[3] = y.weight * x.weight * image[y.second * width + x.second];
        }
        sum += v[0] + v[1] + v[2] + v[3];
        best = fmax(best, fmax(fmax(v[0], v[1]), fmax(v[2], v[3])));
    }
    return r->maximum ? best : sum / (double)(n > 0 ? n : 1);
}

static nescio_status read_roi_align(const nescio_refexec_call *call, roi_align *r)
{
    const nescio_node *const node = call->node;
    const char *const mode = nescio_node_string(node, "mode", "avg");
    const char *const how =
        nescio_node_string(node, "coordinate_transformation_mode", "half_pixel");

    r->maximum = strcmp(mode, "max") == 0;
    r->half_pixel = strcmp(how, "half_pixel") == 0;
    r->single = call->inputs[1]->dtype == NESCIO_F32;
    r->scale = nescio_node_float(node, "spatial_scale", 1);
    r->ratio = nescio_node_int(node, "sampling_ratio", 0);
    r->out[0] = nescio_node_int(node, "output_height", 1);
    r->out[1] = nescio_node_int(node, "output_width", 1);
    for (int i = 0; i < 2; i++)
        r->size[i] = call->inputs[0]->dims[i + 2];
    if ((!r->maximum && strcmp(mode, "avg") != 0) ||
        (!r->half_pixel && strcmp(how, "output_half_pixel") != 0))
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "mode '%.20s' with '%.40s'", mode, how);
    if (r->ratio < 0 || r->ratio > SAMPLES_MAX || r->out[0] < 1 || r->out[1] < 1 ||
        r->out[0] > INT32_MAX || r->out[1] > INT32_MAX)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "asks for %lld x %lld bins of %lld samples",
                                (long long)r->out[0], (long long)r->out[1], (long long)r->ratio);
    return NESCIO_OK;
}

/* All channels of one box. */
static nescio_status align_box(const nescio_refexec_call *call, const roi_align *r,
                               const double *box, int64_t n_channels, const double *image,
                               double *out)
{
    const roi_span sy = span_of(r, box[1], box[3], 0), sx = span_of(r, box[0], box[2], 1);
    const int64_t n_bins = r->out[0] * r->out[1], plane = r->size[0] * r->size[1];

    if (sy.n > SAMPLES_MAX || sx.n > SAMPLES_MAX)
        return nescio_call_fail(call, NESCIO_E_ARG, "a box from (%g, %g) to (%g, %g) is too large",
                                box[0], box[1], box[2], box[3]);
    NESCIO_TRY(nescio_call_spend(call, n_channels * n_bins, sy.n, sx.n));
    for (int64_t c = 0; c < n_channels; c++)
        for (int64_t b = 0; b < n_bins; b++)
            out[c * n_bins + b] =
                pool_bin(r, &sy, &sx, b / r->out[1], b % r->out[1], image + c * plane);
    return NESCIO_OK;
}

nescio_status nescio_run_roi_align(nescio_refexec_call *call)
{
    const nescio_tensor *x, *boxes, *images;
    int64_t dims[4], n_boxes;
    nescio_tensor wide;
    roi_align r = {0};

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 4, 4));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_FLOAT, 2, 2));
    NESCIO_TRY(nescio_call_expect(call, 2, NESCIO_TYPES_INTEGER, 1, 1));
    NESCIO_TRY(read_roi_align(call, &r));
    images = call->inputs[2];
    n_boxes = call->inputs[1]->dims[0];
    if (call->inputs[1]->dims[1] != 4 || images->dims[0] != n_boxes)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "needs boxes of 4 numbers and an image for each");
    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F64, &x));
    NESCIO_TRY(nescio_call_cast_input(call, 1, NESCIO_F64, &boxes));
    memcpy(dims, (int64_t[4]){n_boxes, x->dims[1], r.out[0], r.out[1]}, sizeof dims);
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_F64, 4, dims));
    for (int64_t k = 0; k < n_boxes; k++) {
        const int64_t image = nescio_tensor_get_i64(images, (size_t)k);

        if (image < 0 || image >= x->dims[0] || r.size[0] * r.size[1] == 0)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "box %lld is in image %lld of %lld",
                                    (long long)k, (long long)image, (long long)x->dims[0]);
        NESCIO_TRY(align_box(call, &r, (const double *)boxes->data + 4 * k, x->dims[1],
                             (const double *)x->data + image * x->dims[1] * r.size[0] * r.size[1],
                             (double *)wide.data + k * x->dims[1] * r.out[0] * r.out[1]));
    }
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, call->inputs[0]->dtype);
}

/* --- NonMaxSuppression ---------------------------------------------------------------------- */

typedef struct nms_box {
    float low[2], high[2];
} nms_box;

typedef struct nms_candidate {
    float score;
    int64_t index;
} nms_candidate;

typedef struct nms {
    bool centered; /* boxes are centre and size instead of two corners */
    float overlap;
    bool has_score;
    float score;
    int64_t most; /* boxes of a class of an image */
} nms;

static nms_box read_box(const nms *s, const float *b)
{
    nms_box box;

    for (int i = 0; i < 2; i++) {
        const float half = b[i + 2] / 2, from = s->centered ? b[i] - half : b[i],
                    to = s->centered ? b[i] + half : b[i + 2];

        box.low[i] = fminf(from, to);
        box.high[i] = fmaxf(from, to);
    }
    return box;
}

static float area(const nms_box *b)
{
    return (b->high[0] - b->low[0]) * (b->high[1] - b->low[1]);
}

/* Whether what both cover is more than the given part of what either covers. */
static bool overlaps(const nms *s, const nms_box *a, const nms_box *b)
{
    nms_box both;
    float common;

    for (int i = 0; i < 2; i++) {
        both.low[i] = fmaxf(a->low[i], b->low[i]);
        both.high[i] = fminf(a->high[i], b->high[i]);
        if (!(both.high[i] > both.low[i]))
            return false;
    }
    common = area(&both);
    return common / (area(a) + area(b) - common) > s->overlap;
}

/* The best first; of equals, the earlier. */
static int compare(const void *pa, const void *pb)
{
    const nms_candidate *const a = pa, *const b = pb;

    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Chooses among n boxes; the first *n_kept of `order` are the chosen ones then. */
static nescio_status choose(const nescio_refexec_call *call, const nms *s, int64_t n,
                            const float *boxes, const float *scores, nms_candidate *order,
                            int64_t *n_kept)
{
    int64_t n_candidates = 0;

    *n_kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (!isnan(scores[i]) && (!s->has_score || scores[i] > s->score))
            order[n_candidates++] = (nms_candidate){scores[i], i};
    qsort(order, (size_t)n_candidates, sizeof *order, compare);
    for (int64_t i = 0; i < n_candidates && *n_kept < s->most; i++) {
        const nms_box box = read_box(s, boxes + 4 * order[i].index);
        bool free = true;

        NESCIO_TRY(nescio_call_spend(call, *n_kept, 1, 1));
        for (int64_t k = 0; k < *n_kept && free; k++) {
            const nms_box kept = read_box(s, boxes + 4 * order[k].index);

            free = !overlaps(s, &kept, &box);
        }
        if (free)
            order[(*n_kept)++] = order[i];
    }
    return NESCIO_OK;
}

static nescio_status read_nms(const nescio_refexec_call *call, nms *s)
{
    double most, overlap, score;

    NESCIO_TRY(nescio_call_scalar(call, 2, 0, &most));
    NESCIO_TRY(nescio_call_scalar(call, 3, 0, &overlap));
    NESCIO_TRY(nescio_call_scalar(call, 4, 0, &score));
    s->centered = nescio_node_int(call->node, "center_point_box", 0) != 0;
    s->most = most > 0 ? (int64_t)fmin(most, 0x1p62) : 0;
    s->overlap = (float)overlap;
    s->has_score = nescio_call_input(call, 4) != NULL;
    s->score = (float)score;
    return NESCIO_OK;
}

nescio_status nescio_run_non_max_suppression(nescio_refexec_call *call)
{
    const nescio_tensor *boxes, *scores;
    int64_t n_images, n_classes, n, n_found = 0, *found;
    nms_candidate *order;
    nms s = {0};

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 3, 3));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_FLOAT, 3, 3));
    NESCIO_TRY(read_nms(call, &s));
    NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_F32, &boxes));
    NESCIO_TRY(nescio_call_cast_input(call, 1, NESCIO_F32, &scores));
    n_images = scores->dims[0];
    n_classes = scores->dims[1];
    n = scores->dims[2];
    if (boxes->dims[0] != n_images || boxes->dims[1] != n || boxes->dims[2] != 4)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "boxes and scores do not fit each other");
    order = nescio_call_scratch(call, n + 1, sizeof *order);
    found = nescio_call_scratch(call, 3 * nescio_count(scores) + 1, sizeof *found);
    if (!order || !found)
        return nescio_call_nomem(call);
    for (int64_t k = 0; k < n_images * n_classes && n > 0;
         k++) { /* of no box, 2^45 images may be */
        int64_t n_kept;

        NESCIO_TRY(choose(call, &s, n, (const float *)boxes->data + k / n_classes * n * 4,
                          (const float *)scores->data + k * n, order, &n_kept));
        for (int64_t i = 0; i < n_kept; i++, n_found++) {
            found[3 * n_found] = k / n_classes;
            found[3 * n_found + 1] = k % n_classes;
            found[3 * n_found + 2] = order[i].index;
        }
    }
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_I64, 2, (int64_t[2]){n_found, 3}));
    if (n_found)
        memcpy(call->outputs[0].data, found, (size_t)n_found * 3 * sizeof *found);
    return NESCIO_OK;
}
