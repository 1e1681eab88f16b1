/* SPDX-License-Identifier: Apache-2.0
 * Geometry of sliding windows in any number of axes, and what turns convolutions
 * into matrix products and sums of rows. The last axis is always handled as a run, the others by
 * counting indices.
 */
#include "refexec/slide.h"

#include "refexec/float_rows.h"

/* Larger than any honest kernel, stride or padding; products of two of them stay below 2^63. */
#define WINDOW_LIMIT ((int64_t)1 << 31)

static nescio_status read_list(const nescio_refexec_call *call, const char *name, size_t n,
                               int64_t otherwise, int64_t low, int64_t *out)
{
    size_t given;

    NESCIO_TRY(nescio_call_ints_attr(call, name, out, n, &given));
    if (given != 0 && given != n)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%s has %zu entries instead of %zu", name,
                                given, n);
    for (size_t i = 0; i < n; i++) {
        if (given == 0)
            out[i] = otherwise;
        if (out[i] < low || out[i] >= WINDOW_LIMIT)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "%s[%zu] is %lld", name, i,
                                    (long long)out[i]);
    }
    return NESCIO_OK;
}

nescio_status nescio_slide_read_attrs(const nescio_refexec_call *call, nescio_slide *w)
{
    const size_t rank = (size_t)w->rank;
    int64_t pads[2 * NESCIO_RANK_MAX];

    NESCIO_TRY(read_list(call, "strides", rank, 1, 1, w->stride));
    NESCIO_TRY(read_list(call, "dilations", rank, 1, 1, w->dilation));
    NESCIO_TRY(read_list(call, "pads", 2 * rank, 0, 0, pads));
    w->n_kernel = 1;
    for (size_t i = 0; i < rank; i++) {
        size_t n;

        w->begin[i] = pads[i];
        w->end[i] = pads[rank + i];
        if (w->kernel[i] < 1 || w->kernel[i] >= WINDOW_LIMIT ||
            !nescio_size_mul(&n, (size_t)w->n_kernel, (size_t)w->kernel[i]) ||
            n >= (size_t)WINDOW_LIMIT)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "kernel of %lld on axis %zu",
                                    (long long)w->kernel[i], i);
        w->n_kernel = (int64_t)n;
    }
    return NESCIO_OK;
}

/* SAME: as many windows as strides fit, padding shared by both ends, the odd one where the name
 * says. */
static void pad_same(nescio_slide *w, int i, bool upper)
{
    const int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1;
    const int64_t out = (w->in[i] + w->stride[i] - 1) / w->stride[i];
    const int64_t missing = (out - 1) * w->stride[i] + reach - w->in[i],
                  total = missing > 0 ? missing : 0;

    w->begin[i] = upper ? total / 2 : total - total / 2;
    w->end[i] = total - w->begin[i];
}

/* With ceil_mode a last, partial window counts unless it starts in the padding. */
static int64_t count_windows(const nescio_slide *w, int i, bool ceil_mode)
{
    const int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1;
    const int64_t room = w->in[i] + w->begin[i] + w->end[i] - reach;
    int64_t out;

    if (room < 0 && !ceil_mode)
        return 0;
    out = (room < 0    ? 0
           : ceil_mode ? (room + w->stride[i] - 1) / w->stride[i]
                       : room / w->stride[i]) +
          1;
    if (ceil_mode && (out - 1) * w->stride[i] >= w->in[i] + w->begin[i])
        out--;
    return out;
}

nescio_status nescio_slide_read(const nescio_refexec_call *call, const nescio_tensor *x,
                                const int64_t *kernel, bool ceil_mode, nescio_slide *w)
{
    const char *const mode = nescio_node_string(call->node, "auto_pad", "NOTSET");
    const bool upper = strcmp(mode, "SAME_UPPER") == 0, lower = strcmp(mode, "SAME_LOWER") == 0;

    *w = (nescio_slide){.rank = x->rank - 2, .n_in = 1, .n_out = 1};
    memcpy(w->kernel, kernel, (size_t)w->rank * sizeof *kernel);
    NESCIO_TRY(nescio_slide_read_attrs(call, w));
    for (int i = 0; i < w->rank; i++) {
        w->in[i] = x->dims[2 + i];
        if (w->in[i] >= WINDOW_LIMIT)
            return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "axis %d has %lld elements", 2 + i,
                                    (long long)w->in[i]);
        if (upper || lower)
            pad_same(w, i, upper);
        else if (strcmp(mode, "VALID") == 0)
            w->begin[i] = w->end[i] = 0;
        w->out[i] = count_windows(w, i, ceil_mode);
        if (w->out[i] < 1)
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "a window of %lld does not fit %lld elements of axis %d",
                                    (long long)w->kernel[i], (long long)w->in[i], 2 + i);
        w->n_in *= w->in[i];
        if ((uint64_t)w->n_out * (uint64_t)w->out[i] >= (uint64_t)1 << 48)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "too many windows");
        w->n_out *= w->out[i];
    }
    return NESCIO_OK;
}

void nescio_slide_valid(const nescio_slide *w, int axis, int64_t k, int64_t *lo, int64_t *hi)
{
    const int64_t s = w->stride[axis],
                  shift = w->begin[axis] - k * w->dilation[axis]; /* input = o * s - shift */

    *lo = shift > 0 ? (shift + s - 1) / s : 0;
    *hi = w->in[axis] - 1 + shift < 0 ? 0 : (w->in[axis] - 1 + shift) / s + 1;
    *hi = *hi > w->out[axis] ? w->out[axis] : *hi;
    *lo = *lo > *hi ? *hi : *lo;
}

/* Where one kernel element looks: valid outputs of every axis, and the input offset of output 0
 * (may be negative). */
typedef struct look {
    int64_t lo[NESCIO_RANK_MAX], hi[NESCIO_RANK_MAX];
    int64_t step[NESCIO_RANK_MAX]; /* input elements from one output to the next */
    int64_t at;
} look;

static look look_through(const nescio_slide *w, int64_t k)
{
    look l = {.at = 0};
    int64_t plane = 1;

    for (int i = w->rank - 1; i >= 0; i--) {
        const int64_t k_i = k % w->kernel[i];

        k /= w->kernel[i];
        nescio_slide_valid(w, i, k_i, &l.lo[i], &l.hi[i]);
        l.step[i] = w->stride[i] * plane;
        l.at += (k_i * w->dilation[i] - w->begin[i]) * plane;
        plane *= w->in[i];
    }
    return l;
}

/* Counts the outputs of all axes but the last, axis 0 from `first`. False after the last one. */
static bool next_row(const nescio_slide *w, int64_t last, int64_t *index)
{
    for (int i = w->rank - 2; i >= 0; i--) {
        if (++index[i] < (i == 0 ? last : w->out[i]))
            return true;
        index[i] = 0;
    }
    return false;
}

/* Short rows are the rule, so a loop is faster than memcpy and memset would be. */
#define UNFOLD_ROW(name, T)                                                                        \
    static void name(const T *x, int64_t step, int64_t lo, int64_t hi, int64_t n, T *row)          \
    {                                                                                              \
        for (int64_t o = 0; o < lo; o++)                                                           \
            row[o] = 0;                                                                            \
        if (step == 1)                                                                             \
            memcpy(row + lo, x + lo, (size_t)(hi - lo) * sizeof(T));                               \
        else                                                                                       \
            for (int64_t o = lo; o < hi; o++)                                                      \
                row[o] = x[o * step];                                                              \
        for (int64_t o = hi; o < n; o++)                                                           \
            row[o] = 0;                                                                            \
    }
UNFOLD_ROW(unfold_row_4, uint32_t)
UNFOLD_ROW(unfold_row_8, uint64_t)

/* One plane through one kernel element. */
static void unfold_plane(const nescio_slide *w, size_t size, const look *l, int64_t first,
                         int64_t last, const char *x, char *to)
{
    const int end = w->rank - 1;
    const int64_t start = end ? 0 : first, n = end ? w->out[end] : last - first;
    const int64_t lo = nescio_clamp_i64(l->lo[end] - start, 0, n);
    const int64_t hi = nescio_clamp_i64(l->hi[end] - start, lo, n);
    int64_t index[NESCIO_RANK_MAX] = {0};

    index[0] = first;
    do {
        int64_t at = l->at + start * l->step[end];
        bool inside = hi > lo;

        for (int i = 0; i < end; i++) {
            inside &= index[i] >= l->lo[i] && index[i] < l->hi[i];
            at += index[i] * l->step[i];
        }
        if (!inside)
            memset(to, 0, (size_t)n * size);
        else if (size == 4)
            unfold_row_4((const uint32_t *)(const void *)x + at, l->step[end], lo, hi, n,
                         (uint32_t *)(void *)to);
        else
            unfold_row_8((const uint64_t *)(const void *)x + at, l->step[end], lo, hi, n,
                         (uint64_t *)(void *)to);
        to += (size_t)n * size;
    } while (next_row(w, last, index));
}

void nescio_slide_unfold(const nescio_slide *w, size_t size, int64_t n, int64_t first, int64_t last,
                         const void *x, void *matrix)
{
    const int64_t row = (last - first) * (w->n_out / w->out[0]);

    for (int64_t k = 0; k < w->n_kernel; k++) {
        const look l = look_through(w, k);

        for (int64_t i = 0; i < n; i++)
            unfold_plane(w, size, &l, first, last, (const char *)x + i * w->n_in * (int64_t)size,
                         (char *)matrix + (i * w->n_kernel + k) * row * (int64_t)size);
    }
}

/* Operands of a sum over the rows that a kernel element sees. */
typedef struct sum {
    nescio_dtype dtype;
    int64_t size, step; /* step: input elements from one output of the last axis to the next */
    const char *in;
    char *out;
    int64_t lo, hi; /* outputs of the last axis in the input: for all taps, for the one element */
    const nescio_slide *w;
    const char *taps; /* weights of a row of the kernel */
} sum;

/* Calls `run` for every row of outputs (all but the last axis) that kernel element k sees as far as
 * these axes tell: outputs [low, high) of the row; `at` is the input offset of its output 0 (may be
 * negative), `from` its first output. Outputs of the first axis are those in [first, last). */
typedef void (*row_fn)(const sum *s, int64_t low, int64_t high, int64_t at, int64_t from);

static void each_row(const nescio_slide *w, int64_t k, int64_t first, int64_t last, row_fn run,
                     const sum *s)
{
    const look l = look_through(w, k);
    const int end = w->rank - 1;
    const int64_t low = end ? 0 : first, high = end ? w->out[end] : last;
    int64_t index[NESCIO_RANK_MAX] = {0}, from = end ? first * (w->n_out / w->out[0]) : 0;

    index[0] = first;
    do {
        int64_t at = l.at;
        bool inside = true;

        for (int i = 0; i < end; i++) {
            inside &= index[i] >= l.lo[i] && index[i] < l.hi[i];
            at += index[i] * l.step[i];
        }
        if (inside)
            run(s, low, high, at, from);
        from += w->out[end];
    } while (next_row(w, last, index));
}

/* Output o of a row, by the taps that fall inside the input: those in [t, end). */
static void filter_edge(const sum *s, int64_t o, int64_t at, int64_t from)
{
    const nescio_slide *const w = s->w;
    const int last = w->rank - 1;
    const int64_t spread = w->dilation[last], first = o * w->stride[last] - w->begin[last];
    const int64_t room = w->in[last] - first; /* input elements from tap 0 on */
    const int64_t t = first < 0 ? (spread - 1 - first) / spread : 0;
    const int64_t end = nescio_clamp_i64((room + spread - 1) / spread, 0, w->kernel[last]);

    if (t < end)
        nescio_row_add_taps(s->dtype, 1, s->taps + t * s->size, end - t,
                            s->in + (at + o * s->step + t * spread) * s->size, 1, spread,
                            s->out + (from + o) * s->size);
}

static void filter_row(const sum *s, int64_t low, int64_t high, int64_t at, int64_t from)
{
    const int end = s->w->rank - 1;
    const int64_t lo = nescio_clamp_i64(s->lo, low, high);
    const int64_t hi = nescio_clamp_i64(s->hi, lo, high);

    for (int64_t o = low; o < lo; o++)
        filter_edge(s, o, at, from);
    nescio_row_add_taps(s->dtype, hi - lo, s->taps, s->w->kernel[end],
                        s->in + (at + lo * s->step) * s->size, s->step, s->w->dilation[end],
                        s->out + (from + lo) * s->size);
    for (int64_t o = hi; o < high; o++)
        filter_edge(s, o, at, from);
}

void nescio_slide_filter(const nescio_slide *w, nescio_dtype dtype, const void *weights,
                         int64_t first, int64_t last, const void *x, void *y)
{
    const int end = w->rank - 1;
    const int64_t n_taps = w->kernel[end];
    sum s = {.dtype = dtype,
             .size = (int64_t)nescio_dtype_bytes(dtype),
             .step = w->stride[end],
             .in = x,
             .out = y,
             .w = w};
    int64_t other;

    nescio_slide_valid(w, end, 0, &s.lo,
                       &other); /* the first tap starts latest, the last ends first */
    nescio_slide_valid(w, end, n_taps - 1, &other, &s.hi);
    for (int64_t k = 0; k < w->n_kernel; k += n_taps) {
        s.taps = (const char *)weights + k * s.size;
        each_row(w, k, first, last, filter_row, &s);
    }
}

#define FOLD_RUN(dt, T, ...)                                                                       \
    case dt:                                                                                       \
        for (int64_t o = s->lo; o < s->hi; o++)                                                    \
            ((T *)(void *)s->out)[at + o * s->step] += ((const T *)(const void *)s->in)[from + o]; \
        break;

static void fold_row(const sum *s, int64_t low, int64_t high, int64_t at, int64_t from)
{
    (void)low, (void)high; /* all outputs: [lo, hi) is what counts */
    switch (s->dtype) {
        NESCIO_CASES_FLOAT(FOLD_RUN, 0)
    default: break;
    }
}

void nescio_slide_fold(const nescio_slide *w, nescio_dtype dtype, int64_t k, const void *row,
                       void *x)
{
    const int end = w->rank - 1;
    sum s = {.dtype = dtype, .step = w->stride[end], .in = row, .out = x};

    nescio_slide_valid(w, end, k % w->kernel[end], &s.lo, &s.hi);
    each_row(w, k, 0, w->out[0], fold_row, &s);
}
