/* SPDX-License-Identifier: Apache-2.0
 * A dense network as exporters write it, built node by node: cast and scale in front, MatMul + Add,
 * BatchNormalization, Gemm, softmax and label behind. Cleaned it computes the same; cut in three
 * the body is Gemm, Relu, Gemm. */
#include "passes_support.h"

enum { FEATURES = 6, HIDDEN = 5, CLASSES = 3 };

static nescio_value *random_constant(nescio_ctx *ctx, nescio_graph *g, const char *name, int rank,
                                     const int64_t *dims, double least, uint64_t *seed)
{
    nescio_tensor t;
    nescio_value *v;

    assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_F32, rank, dims), NESCIO_OK);
    for (size_t i = 0; i < nescio_tensor_count(&t); i++)
        ((float *)t.data)[i] = (float)(least + (double)test_range(seed, 0, 2000) / 1000);
    v = nescio_graph_constant(g, name, &t, false);
    nescio_tensor_free(&t);
    assert_non_null(v);
    return v;
}

static nescio_value *add_node(nescio_graph *g, nescio_op op, const char *output, size_t n,
                              nescio_value *const *inputs)
{
    nescio_node *const node = nescio_graph_node(g, NULL, op, NULL, n, 1);
    nescio_value *const out = nescio_graph_value(g, output, NESCIO_DTYPE_NONE, NULL);

    assert_non_null(node);
    assert_non_null(out);
    memcpy(node->inputs, inputs, n * sizeof *inputs);
    nescio_node_set_output(node, 0, out);
    return out;
}

#define ADD(op, output, n, ...)                                                                    \
    add_node(g, NESCIO_OP_##op, output, n, (nescio_value *[]){__VA_ARGS__})
#define VECTOR(name, n, least) random_constant(ctx, g, name, 1, &(int64_t){n}, least, seed)
#define MATRIX(name, n, m)     random_constant(ctx, g, name, 2, (int64_t[]){n, m}, -1, seed)

/* x int64[N, 2, 3] -> probabilities, label. */
static nescio_graph *build(nescio_ctx *ctx, uint64_t *seed)
{
    const nescio_shape shape = {.rank = 3, .dims = {NESCIO_DIM_UNKNOWN, 2, 3}, .symbol = {"batch"}};
    nescio_graph *g = NULL;
    nescio_value *x, *v;

    assert_int_equal(nescio_graph_new(ctx, NULL, "mlp", &g), NESCIO_OK);
    x = nescio_graph_value(g, "x", NESCIO_I64, &shape);
    assert_int_equal(nescio_graph_add_input(g, x), NESCIO_OK);
    v = ADD(CAST, "real", 1, x);
    assert_non_null(nescio_node_set_int(v->producer, "to", NESCIO_F32));
    v = ADD(FLATTEN, "flat", 1, v);
    v = ADD(SUB, "centered", 2, v, VECTOR("mean", FEATURES, 0));
    v = ADD(MATMUL, "product", 2, v, MATRIX("w1", FEATURES, HIDDEN));
    v = ADD(ADD, "sum", 2, VECTOR("b1", HIDDEN, -1), v);
    v = ADD(BATCH_NORMALIZATION, "normal", 5, v, VECTOR("gamma", HIDDEN, -1),
            VECTOR("beta", HIDDEN, -1), VECTOR("mu", HIDDEN, -1), VECTOR("var", HIDDEN, 0.5));
    v = ADD(IDENTITY, "same", 1, v);
    v = ADD(RELU, "relu", 1, v);
    v = ADD(BATCH_NORMALIZATION, "normal2", 5, v, VECTOR("gamma2", HIDDEN, -1),
            VECTOR("beta2", HIDDEN, -1), VECTOR("mu2", HIDDEN, -1), VECTOR("var2", HIDDEN, 0.5));
    v = ADD(GEMM, "logits", 3, v, MATRIX("w2", HIDDEN, CLASSES), VECTOR("b2", CLASSES, -1));
    assert_non_null(nescio_node_set_float(v->producer, "alpha", 0.5));
    assert_non_null(nescio_node_set_float(v->producer, "beta", -2));
    x = ADD(SOFTMAX, "probabilities", 1, v);
    assert_int_equal(nescio_graph_add_output(g, x), NESCIO_OK);
    v = ADD(ARG_MAX, "label", 1, x);
    assert_non_null(nescio_node_set_int(v->producer, "axis", 1));
    assert_non_null(nescio_node_set_int(v->producer, "keepdims", 0));
    assert_int_equal(nescio_graph_add_output(g, v), NESCIO_OK);
    assert_int_equal(nescio_graph_infer(ctx, g), NESCIO_OK);
    assert_int_equal(nescio_graph_verify(ctx, g), NESCIO_OK);
    return g;
}

static void test_network_is_cut(void **state)
{
    nescio_ctx *ctx = NULL;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t random = seed;
        nescio_graph *const g = build(ctx, &random);
        nescio_graph_split parts;
        nescio_graph *const clean = test_clean_and_split(ctx, g, seed, &parts);

        assert_int_equal(test_count(parts.body, NESCIO_OP_GEMM), 2);
        assert_int_equal(test_count(parts.body, NESCIO_OP_RELU), 1);
        assert_int_equal(test_count_all(parts.body), 3);
        assert_int_equal(test_count_all(parts.head), 3); /* Cast, Flatten, Sub */
        assert_int_equal(test_count_all(parts.tail), 2);
        assert_int_equal(parts.body->inputs[0]->shape.dims[0], NESCIO_DIM_UNKNOWN);
        assert_string_equal(parts.body->outputs[0]->name, "logits");
        assert_string_equal(parts.tail->outputs[0]->name, "probabilities");
        assert_string_equal(parts.tail->outputs[1]->name, "label");
        assert_string_equal(parts.head->outputs[0]->name, parts.body->inputs[0]->name);
        /* The client's parts hold none of the weights. */
        assert_null(nescio_graph_find(parts.head, "w1"));
        assert_null(nescio_graph_find(parts.tail, "w2"));
        nescio_graph_split_free(&parts);
        nescio_graph_free(clean);
        nescio_graph_free(g);
    }
    nescio_ctx_free(ctx);
}

static void test_nothing_to_encrypt(void **state)
{
    const nescio_shape shape = {.rank = 2, .dims = {NESCIO_DIM_UNKNOWN, 4}};
    nescio_ctx *ctx = NULL;
    nescio_graph *g = NULL;
    nescio_graph_split parts;
    nescio_value *x, *v;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    assert_int_equal(nescio_graph_new(ctx, NULL, "scaler", &g), NESCIO_OK);
    x = nescio_graph_value(g, "x", NESCIO_F32, &shape);
    assert_int_equal(nescio_graph_add_input(g, x), NESCIO_OK);
    v = ADD(RELU, "relu", 1, x);
    v = ADD(SOFTMAX, "y", 1, v);
    assert_int_equal(nescio_graph_add_output(g, v), NESCIO_OK);
    assert_int_equal(nescio_passes_clean(ctx, g, NULL, NULL), NESCIO_OK);
    assert_int_equal(nescio_passes_split(ctx, g, &parts), NESCIO_E_UNSUPPORTED);
    assert_non_null(strstr(nescio_ctx_message(ctx), "nothing to encrypt"));
    assert_null(parts.head);
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_is_cut),
        cmocka_unit_test(test_nothing_to_encrypt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
