/* SPDX-License-Identifier: Apache-2.0 */
#include "node_case.h"

#include <math.h>
#include <stdio.h>

void case_begin(node_case *c, nescio_op op, size_t n_inputs, size_t n_outputs)
{
    char name[32];

    *c = (node_case){.n_outputs = n_outputs};
    assert_int_equal(nescio_ctx_new(&c->ctx), NESCIO_OK);
    assert_int_equal(nescio_graph_new(c->ctx, NULL, "case", &c->graph), NESCIO_OK);
    c->node = nescio_graph_node(c->graph, NULL, op, "node", n_inputs, n_outputs);
    assert_non_null(c->node);
    for (size_t i = 0; i < n_outputs; i++) {
        nescio_value *v;

        snprintf(name, sizeof name, "y%zu", i);
        v = nescio_graph_value(c->graph, name, NESCIO_DTYPE_NONE, NULL);
        assert_non_null(v);
        nescio_node_set_output(c->node, i, v);
        assert_int_equal(nescio_graph_add_output(c->graph, v), NESCIO_OK);
    }
}

static void attach(node_case *c, size_t i)
{
    nescio_value *v;
    char name[32];

    snprintf(name, sizeof name, "x%zu", i);
    v = nescio_graph_value(c->graph, name, c->inputs[i].dtype, NULL);
    assert_non_null(v);
    assert_int_equal(nescio_graph_add_input(c->graph, v), NESCIO_OK);
    c->node->inputs[i] = v;
    c->given[i] = true;
}

void case_input(node_case *c, size_t i, nescio_dtype dtype, int rank, const int64_t *dims,
                const double *values)
{
    nescio_tensor wide;

    assert_int_equal(nescio_tensor_shape(c->ctx, &wide, NESCIO_F64, rank, dims), NESCIO_OK);
    wide.data = (void *)(uintptr_t)values;
    assert_int_equal(nescio_tensor_cast(c->ctx, &c->inputs[i], &wide, dtype), NESCIO_OK);
    attach(c, i);
}

double case_uniform(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) * 0x1p-53;
}

void case_random(node_case *c, size_t i, nescio_dtype dtype, int rank, const int64_t *dims,
                 double low, double high, uint64_t *seed)
{
    nescio_tensor wide;
    size_t n;

    assert_int_equal(nescio_tensor_new(c->ctx, &wide, NESCIO_F64, rank, dims), NESCIO_OK);
    n = nescio_tensor_count(&wide);
    for (size_t k = 0; k < n; k++)
        ((double *)wide.data)[k] = low + (high - low) * case_uniform(seed);
    assert_int_equal(nescio_tensor_cast(c->ctx, &c->inputs[i], &wide, dtype), NESCIO_OK);
    nescio_tensor_free(&wide);
    attach(c, i);
}

void case_strings(node_case *c, size_t i, int64_t n, const char *const *values)
{
    assert_int_equal(nescio_tensor_new(c->ctx, &c->inputs[i], NESCIO_STRING, 1, &n), NESCIO_OK);
    for (int64_t k = 0; k < n; k++)
        ((const char **)c->inputs[i].data)[k] = values[k];
    attach(c, i);
}

void case_run(node_case *c)
{
    nescio_tensor given[NODE_CASE_TENSORS];
    nescio_refexec *exec;
    size_t n = 0;

    for (size_t i = 0; i < NODE_CASE_TENSORS;
         i++) /* graph inputs are in the order of attaching: ascending */
        if (c->given[i])
            given[n++] = c->inputs[i];
    for (size_t i = 0; i < c->n_outputs; i++)
        nescio_tensor_free(&c->outputs[i]);
    c->status = nescio_refexec_new(c->ctx, c->graph, &exec);
    if (c->status == NESCIO_OK)
        c->status = nescio_refexec_run(c->ctx, exec, given, n, c->outputs, c->n_outputs);
    nescio_refexec_free(exec);
}

double case_output(const node_case *c, size_t i, size_t k)
{
    return nescio_tensor_get_f64(&c->outputs[i], k);
}

void case_expect(const node_case *c, size_t i, nescio_dtype dtype, int rank, const int64_t *dims,
                 const double *values, double tolerance)
{
    const nescio_tensor *const y = &c->outputs[i];
    size_t n;

    if (c->status != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(c->ctx));
    assert_int_equal(y->dtype, dtype);
    assert_int_equal(y->rank, rank);
    for (int a = 0; a < rank; a++)
        assert_int_equal(y->dims[a], dims[a]);
    n = nescio_tensor_count(y);
    for (size_t k = 0; k < n; k++) {
        const double v = case_output(c, i, k);

        if (!(v == values[k] || (isnan(v) && isnan(values[k])) || fabs(v - values[k]) <= tolerance))
            fail_msg("output %zu, element %zu: %.9g instead of %.9g", i, k, v, values[k]);
    }
}

void case_end(node_case *c)
{
    for (size_t i = 0; i < NODE_CASE_TENSORS; i++) {
        nescio_tensor_free(&c->inputs[i]);
        nescio_tensor_free(&c->outputs[i]);
    }
    nescio_graph_free(c->graph);
    nescio_ctx_free(c->ctx);
}
