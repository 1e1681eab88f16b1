/* SPDX-License-Identifier: Apache-2.0
 * Convolutions: the float executor tells, for one kernel element at a time, which pixel each output
 * looks at; the sparse map follows from that and the weights. */
#include "quant/net_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct conv {
    const nescio_tensor *x, *weights, *bias; /* bias may be NULL */
    size_t group, filters, channels;         /* of all groups; channels of one */
    size_t n_kernel, n_in, n_out;            /* kernel elements, pixels of one plane */
    int64_t *pixel;                          /* [n_kernel][n_out] pixel seen, -1 in the padding */
} conv;

static size_t product_from(const nescio_tensor *t, int axis)
{
    size_t n = 1;

    for (int i = axis; i < t->rank; i++)
        n *= (size_t)t->dims[i];
    return n;
}

/* Runs the node on one numbered plane a group with kernel element k alone. */
static nescio_status look(const nescio_quant_net *net, const nescio_node *node, conv *c,
                          nescio_tensor *plane, nescio_tensor *kernel, const nescio_tensor *zero,
                          size_t k)
{
    const nescio_tensor *in[3] = {plane, kernel, zero};
    double *const w = kernel->data;
    nescio_tensor out = {0};

    for (size_t i = 0; i < c->group * c->n_kernel; i++)
        w[i] = i % c->n_kernel == k;
    NESCIO_TRY(nescio_quant_run_node(net, node, in, &out));
    for (size_t i = 0; i < c->n_out; i++)
        c->pixel[k * c->n_out + i] = (int64_t)nescio_tensor_get_f64(&out, i) - 1;
    nescio_tensor_free(&out);
    return NESCIO_OK;
}

static nescio_status look_at_pixels(const nescio_quant_net *net, const nescio_node *node, conv *c)
{
    int64_t dims[NESCIO_RANK_MAX], kernel_dims[NESCIO_RANK_MAX];
    const int64_t group_dims[1] = {(int64_t)c->group};
    nescio_tensor plane = {0}, kernel = {0}, zero = {0};
    nescio_status st;

    memcpy(dims, c->x->dims, sizeof dims);
    memcpy(kernel_dims, c->weights->dims, sizeof kernel_dims);
    dims[1] = kernel_dims[0] = (int64_t)c->group;
    kernel_dims[1] = 1;
    st = nescio_tensor_new(net->ctx, &plane, NESCIO_F64, c->x->rank, dims);
    if (st == NESCIO_OK)
        st = nescio_tensor_new(net->ctx, &kernel, NESCIO_F64, c->weights->rank, kernel_dims);
    if (st == NESCIO_OK)
        st = nescio_tensor_new(net->ctx, &zero, NESCIO_F64, 1, group_dims);
    for (size_t i = 0; st == NESCIO_OK && i < c->group * c->n_in; i++)
        ((double *)plane.data)[i] = (double)(i % c->n_in + 1);
    for (size_t k = 0; k < c->n_kernel && st == NESCIO_OK; k++)
        st = look(net, node, c, &plane, &kernel, &zero, k);
    nescio_tensor_free(&plane);
    nescio_tensor_free(&kernel);
    nescio_tensor_free(&zero);
    return st;
}

/* Rows in order of output element; columns increase because kernel elements look at increasing
 * pixels. */
static bool build_map(nescio_arena *arena, const conv *c, nescio_affine_map *map)
{
    const size_t n_rows = c->filters * c->n_out, in_filter = c->channels * c->n_kernel;
    size_t *const start = nescio_arena_array(arena, n_rows + 1, sizeof *start);
    size_t n = 0;

    if (n_rows > NESCIO_AFFINE_NONZERO_MAX / in_filter || !start)
        return false;
    uint32_t *const column = nescio_arena_array(arena, n_rows * in_filter, sizeof *column);
    double *const weight = nescio_arena_array(arena, n_rows * in_filter, sizeof *weight);

    if (!column || !weight)
        return false;
    for (size_t row = 0; row < n_rows; row++) {
        const size_t f = row / c->n_out, at = row % c->n_out;
        const size_t first = f / (c->filters / c->group) * c->channels; /* channel of the group */

        for (size_t i = 0; i < in_filter; i++) {
            const int64_t pixel = c->pixel[i % c->n_kernel * c->n_out + at];
            const double w = nescio_tensor_get_f64(c->weights, f * in_filter + i);

            if (pixel < 0 || w == 0)
                continue;
            column[n] = (uint32_t)((first + i / c->n_kernel) * c->n_in + (size_t)pixel);
            weight[n++] = w;
        }
        start[row + 1] = n;
    }
    *map = (nescio_affine_map){n_rows, c->group * c->channels * c->n_in, start, column, weight};
    return true;
}

nescio_status nescio_quant_lift_conv(nescio_quant_net *net, const nescio_node *node,
                                     const nescio_affine **out)
{
    const nescio_value *const bias = nescio_node_input(node, 2);
    conv c = {.x = &net->values[node->inputs[0]->id].sample,
              .weights = &net->values[node->inputs[1]->id].sample,
              .bias = bias ? &net->values[bias->id].sample : NULL,
              .group = (size_t)nescio_node_int(node, "group", 1)};
    const nescio_tensor *const y = &net->values[node->outputs[0]->id].sample;
    const nescio_affine *a;
    nescio_affine_map map;

    if (net->values[node->inputs[1]->id].encrypted || (bias && net->values[bias->id].encrypted))
        return nescio_quant_refuse(net, node, "clear weights are accepted");
    NESCIO_TRY(nescio_quant_affine_of(net, node->inputs[0], &a));
    c.filters = (size_t)c.weights->dims[0];
    c.channels = (size_t)c.weights->dims[1];
    c.n_kernel = product_from(c.weights, 2);
    c.n_in = product_from(c.x, 2);
    c.n_out = product_from(y, 2);
    c.pixel = nescio_arena_array(net->arena, c.n_kernel * c.n_out, sizeof *c.pixel);
    double *const offset = nescio_arena_array(net->arena, c.filters * c.n_out, sizeof *offset);

    if (!c.pixel || !offset)
        return nescio_quant_nomem(net);
    NESCIO_TRY(look_at_pixels(net, node, &c));
    for (size_t i = 0; c.bias && i < c.filters * c.n_out; i++)
        offset[i] = nescio_tensor_get_f64(c.bias, i / c.n_out);
    *out =
        build_map(net->arena, &c, &map) ? nescio_affine_apply(net->arena, &map, a, offset) : NULL;
    return *out ? NESCIO_OK : nescio_quant_nomem(net);
}
