/* SPDX-License-Identifier: Apache-2.0
 * Pooling in any number of axes. A channel plane is widened to double (exact for every type but
 * int64), so that one loop serves all types; results are narrowed again. */
#include "refexec/float_rows.h"
#include "refexec/run_table.h"
#include "refexec/slide.h"

#include <math.h>

/* What one window position covers: kernel elements [lo, hi) of each axis inside the input. */
typedef struct cover {
    int64_t lo[NESCIO_RANK_MAX], hi[NESCIO_RANK_MAX];
    int64_t base[NESCIO_RANK_MAX]; /* input index of kernel element 0, may be negative */
} cover;

typedef struct pool_work {
    nescio_op op;
    nescio_slide w;
    const double *x;    /* the plane */
    double *y;          /* n_out results */
    int64_t *where;     /* MaxPool: offset in the plane of each maximum; NULL: not wanted */
    bool column_major;  /* how `where` counts */
    bool count_padding; /* AveragePool: padding counts as zeros */
    double p;           /* LpPool */
} pool_work;

static cover cover_of(const nescio_slide *w, const int64_t *out)
{
    cover c = {.base = {0}};

    for (int i = 0; i < w->rank; i++) {
        const int64_t d = w->dilation[i], base = out[i] * w->stride[i] - w->begin[i];
        const int64_t lo = base < 0 ? (-base + d - 1) / d : 0;
        const int64_t hi = w->in[i] - base <= 0 ? 0 : (w->in[i] - base + d - 1) / d;

        c.base[i] = base;
        c.hi[i] = hi > w->kernel[i] ? w->kernel[i] : hi;
        c.lo[i] = lo > c.hi[i] ? c.hi[i] : lo;
    }
    return c;
}

/* Kernel elements that lie in the input or its stated padding: what ceil_mode adds beyond does not
 * count. */
static double padded_count(const nescio_slide *w, const cover *c)
{
    double n = 1;

    for (int i = 0; i < w->rank; i++) {
        const int64_t room = w->in[i] + w->end[i] - c->base[i], d = w->dilation[i];
        const int64_t hi = room <= 0 ? 0 : (room + d - 1) / d;

        n *= (double)(hi > w->kernel[i] ? w->kernel[i] : hi);
    }
    return n;
}

/* One window, folded over its elements. */
typedef struct fold {
    double acc;
    int64_t at; /* of the maximum; -1: none yet */
    int64_t n;
} fold;

static void fold_run(const pool_work *p, fold *f, int64_t at, int64_t step, int64_t n)
{
    f->n += n;
    for (int64_t k = 0; k < n; k++, at += step) {
        const double v = p->x[at];

        switch (p->op) {
        case NESCIO_OP_MAX_POOL:
            if (f->at < 0 || v > f->acc || isnan(v)) {
                f->acc = v;
                f->at = at;
            }
            break;
        case NESCIO_OP_LP_POOL: f->acc += p->p == 2 ? v * v : pow(fabs(v), p->p); break;
        default: f->acc += v; break;
        }
    }
}

static fold fold_window(const pool_work *p, const cover *c)
{
    const nescio_slide *const w = &p->w;
    const int end = w->rank - 1;
    fold f = {p->op == NESCIO_OP_MAX_POOL ? -INFINITY : 0, -1, 0};
    int64_t k[NESCIO_RANK_MAX], i;

    for (int a = 0; a < w->rank; a++) {
        k[a] = c->lo[a];
        if (c->lo[a] >= c->hi[a])
            return f;
    }
    do {
        int64_t at = 0;

        for (int a = 0; a < end; a++)
            at = (at + c->base[a] + k[a] * w->dilation[a]) * w->in[a + 1];
        fold_run(p, &f, at + c->base[end] + c->lo[end] * w->dilation[end], w->dilation[end],
                 c->hi[end] - c->lo[end]);
        for (i = end - 1; i >= 0 && ++k[i] == c->hi[i]; i--)
            k[i] = c->lo[i];
    } while (i >= 0);
    return f;
}

static double finish(const pool_work *p, const cover *c, const fold *f)
{
    switch (p->op) {
    case NESCIO_OP_AVERAGE_POOL:
        return f->acc / (p->count_padding ? padded_count(&p->w, c) : (double)f->n);
    case NESCIO_OP_LP_POOL: return p->p == 2 ? sqrt(f->acc) : pow(f->acc, 1 / p->p);
    default: return f->acc;
    }
}

/* Offset in the plane as the last axis counts slowest. */
static int64_t to_column_major(const nescio_slide *w, int64_t at)
{
    int64_t result = 0, scale = w->n_in;

    for (int i = w->rank - 1; i >= 0; i--) {
        scale /= w->in[i];
        result += at % w->in[i] * scale;
        at /= w->in[i];
    }
    return result;
}

static void pool_plane(const pool_work *p)
{
    int64_t out[NESCIO_RANK_MAX] = {0};

    for (int64_t o = 0; o < p->w.n_out; o++) {
        const cover c = cover_of(&p->w, out);
        const fold f = fold_window(p, &c);

        p->y[o] = finish(p, &c, &f);
        if (p->where)
            p->where[o] = f.at < 0 ? 0 : p->column_major ? to_column_major(&p->w, f.at) : f.at;
        for (int i = p->w.rank - 1; i >= 0 && ++out[i] == p->w.out[i]; i--)
            out[i] = 0;
    }
}

#define WIDEN(dt, T, ...)                                                                          \
    case dt:                                                                                       \
        for (int64_t i = 0; i < n; i++)                                                            \
            to[i] = (double)((const T *)t->data)[at + i];                                          \
        break;
#define NARROW(dt, T, ...)                                                                         \
    case dt:                                                                                       \
        for (int64_t i = 0; i < n; i++)                                                            \
            ((T *)t->data)[at + i] = (T)from[i];                                                   \
        break;

static void widen(const nescio_tensor *t, int64_t at, int64_t n, double *to)
{
    switch (t->dtype) {
        NESCIO_CASES_NUMBER(WIDEN, 0)
    default: break;
    }
}

static void narrow(nescio_tensor *t, int64_t at, int64_t n, const double *from)
{
    switch (t->dtype) {
        NESCIO_CASES_NUMBER(NARROW, 0)
    default: break;
    }
}

static nescio_status read_pool(const nescio_refexec_call *call, const nescio_tensor *x,
                               pool_work *p)
{
    int64_t kernel[NESCIO_RANK_MAX];
    size_t n;

    NESCIO_TRY(nescio_call_ints_attr(call, "kernel_shape", kernel, NESCIO_RANK_MAX, &n));
    if ((int)n != x->rank - 2)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "kernel_shape has %zu entries for %d axes",
                                n, x->rank - 2);
    NESCIO_TRY(nescio_slide_read(call, x, kernel, nescio_node_int(call->node, "ceil_mode", 0) != 0,
                                 &p->w));
    p->op = call->node->op;
    p->count_padding = nescio_node_int(call->node, "count_include_pad", 0) != 0;
    p->column_major = nescio_node_int(call->node, "storage_order", 0) != 0;
    p->p = (double)nescio_node_int(call->node, "p", 2);
    return nescio_call_spend(call, x->dims[0] * x->dims[1], p->w.n_out, p->w.n_kernel);
}

/* Maxima along one axis, which lies between `outer` and `inner` elements: whole runs of `inner`
 * where there are some, else outputs in step with the kernel element that they see. */
static void max_axis(const nescio_slide *w, int axis, nescio_dtype dtype, int64_t outer,
                     int64_t inner, const char *x, char *y)
{
    const int64_t size = (int64_t)nescio_dtype_bytes(dtype), in = w->in[axis], out = w->out[axis];
    const int64_t stride = w->stride[axis];
    const double lowest_f64 = -INFINITY;
    const float lowest_f32 = -INFINITY;
    int64_t lo, hi;

    nescio_row_fill(dtype, outer * out * inner,
                    dtype == NESCIO_F32 ? (const void *)&lowest_f32 : &lowest_f64, y);
    for (int64_t k = 0; k < w->kernel[axis]; k++) {
        const int64_t shift = k * w->dilation[axis] - w->begin[axis];

        nescio_slide_valid(w, axis, k, &lo, &hi);
        for (int64_t i = 0; i < outer; i++) {
            const char *const from = x + i * in * inner * size;
            char *const to = y + i * out * inner * size;

            if (inner == 1)
                nescio_row_max(dtype, hi - lo, from + (lo * stride + shift) * size, stride,
                               to + lo * size);
            for (int64_t o = lo; inner > 1 && o < hi; o++)
                nescio_row_max(dtype, inner, from + (o * stride + shift) * inner * size, 1,
                               to + o * inner * size);
        }
    }
}

/* Maxima of floats whose places nobody asked for: a box's maximum is taken axis by axis. `between`
 * has room for two planes of the largest size on the way. */
static void max_plane(const nescio_slide *w, nescio_dtype dtype, const char *x, char *y,
                      char *const between[2])
{
    const char *from = x;

    for (int axis = 0; axis < w->rank; axis++) {
        char *const to = axis == w->rank - 1 ? y : between[axis % 2];

        max_axis(w, axis, dtype, nescio_dims_product(w->out, 0, axis),
                 nescio_dims_product(w->in, axis + 1, w->rank), from, to);
        from = to;
    }
}

static nescio_status max_planes(const nescio_refexec_call *call, const nescio_slide *w,
                                const nescio_tensor *x, nescio_tensor *y)
{
    const int64_t planes = x->dims[0] * x->dims[1], size = (int64_t)nescio_dtype_bytes(x->dtype);
    char *between[2] = {NULL, NULL};
    size_t largest = 0, n;

    for (int axis = 0; axis < w->rank - 1; axis++) {
        if (!nescio_size_mul(&n, (size_t)nescio_dims_product(w->out, 0, axis + 1),
                             (size_t)nescio_dims_product(w->in, axis + 1, w->rank)) ||
            n >> 48)
            return nescio_call_nomem(call);
        largest = n > largest ? n : largest;
    }
    for (int i = 0; i < 2 && largest > 0; i++) {
        between[i] = nescio_call_scratch(call, (int64_t)largest, (size_t)size);
        if (!between[i])
            return nescio_call_nomem(call);
    }
    for (int64_t i = 0; i < planes; i++)
        max_plane(w, x->dtype, (const char *)x->data + i * w->n_in * size,
                  (char *)y->data + i * w->n_out * size, between);
    return NESCIO_OK;
}

nescio_status nescio_run_pool(nescio_refexec_call *call)
{
    const nescio_tensor *x;
    int64_t dims[NESCIO_RANK_MAX], planes;
    pool_work p = {0};
    double *plane;

    NESCIO_TRY(
        nescio_call_expect(call, 0, nescio_op_get(call->node->op)->types, 3, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(read_pool(call, x, &p));
    memcpy(dims, x->dims, sizeof dims);
    memcpy(&dims[2], p.w.out, (size_t)p.w.rank * sizeof *dims);
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, dims));
    if (nescio_call_wants(call, 1))
        NESCIO_TRY(nescio_call_output(call, 1, NESCIO_I64, x->rank, dims));
    if (p.op == NESCIO_OP_MAX_POOL && nescio_dtype_is_float(x->dtype) &&
        !nescio_call_wants(call, 1))
        return max_planes(call, &p.w, x, &call->outputs[0]);
    plane = nescio_call_scratch(call, p.w.n_in, sizeof *plane);
    p.y = nescio_call_scratch(call, p.w.n_out, sizeof *p.y);
    if (!plane || !p.y)
        return nescio_call_nomem(call);
    p.x = plane;
    planes = x->dims[0] * x->dims[1];
    for (int64_t i = 0; i < planes; i++) {
        if (nescio_call_wants(call, 1))
            p.where = (int64_t *)call->outputs[1].data + i * p.w.n_out;
        widen(x, i * p.w.n_in, p.w.n_in, plane);
        pool_plane(&p);
        narrow(&call->outputs[0], i * p.w.n_out, p.w.n_out, p.y);
        for (int64_t o = 0; p.where && o < p.w.n_out; o++)
            p.where[o] += i * p.w.n_in;
    }
    return NESCIO_OK;
}

/* Global pools: one window over the whole plane. */
nescio_status nescio_run_global_pool(nescio_refexec_call *call)
{
    const nescio_op op = call->node->op;
    const double power = (double)nescio_node_int(call->node, "p", 2);
    int64_t dims[NESCIO_RANK_MAX], planes, n;
    const nescio_tensor *x;
    double *plane;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 2, NESCIO_RANK_MAX));
    x = call->inputs[0];
    for (int i = 0; i < x->rank; i++)
        dims[i] = i < 2 ? x->dims[i] : 1;
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, dims));
    planes = x->dims[0] * x->dims[1];
    n = nescio_dims_product(x->dims, 2, x->rank);
    plane = nescio_call_scratch(call, n, sizeof *plane);
    if (!plane)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < planes; i++) {
        double acc = op == NESCIO_OP_GLOBAL_MAX_POOL ? -INFINITY : 0;

        widen(x, i * n, n, plane);
        for (int64_t k = 0; k < n; k++) {
            if (op == NESCIO_OP_GLOBAL_MAX_POOL)
                acc = plane[k] > acc || isnan(plane[k]) ? plane[k] : acc;
            else
                acc += op == NESCIO_OP_GLOBAL_LP_POOL ? pow(fabs(plane[k]), power) : plane[k];
        }
        if (op == NESCIO_OP_GLOBAL_AVERAGE_POOL)
            acc /= (double)n;
        if (op == NESCIO_OP_GLOBAL_LP_POOL)
            acc = pow(acc, 1 / power);
        narrow(&call->outputs[0], i, 1, &acc);
    }
    return NESCIO_OK;
}
