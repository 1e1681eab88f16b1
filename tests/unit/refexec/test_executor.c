/* SPDX-License-Identifier: Apache-2.0
 * The executor itself: lifetimes (results equal whatever is written over), inputs left alone,
 * observation, conversion and refusal of inputs, one error for all nodes that cannot run. */
#include "node_case.h"

#include <stdio.h>
#include <string.h>

static nescio_ctx *ctx;

static int new_ctx(void **state)
{
    (void)state;
    return nescio_ctx_new(&ctx) != NESCIO_OK;
}

static int free_ctx(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    return 0;
}

static nescio_value *add_node(nescio_graph *g, nescio_op op, const char *name, nescio_value *a,
                              nescio_value *b)
{
    nescio_node *const node = nescio_graph_node(g, NULL, op, name, b ? 2 : 1, 1);
    nescio_value *const y = nescio_graph_value(g, name, NESCIO_DTYPE_NONE, NULL);

    assert_non_null(node);
    assert_non_null(y);
    node->inputs[0] = a;
    if (b)
        node->inputs[1] = b;
    nescio_node_set_output(node, 0, y);
    return y;
}

/* x [2, 3] -> s = x + x, r = relu(s), p = s * r, q = p - x, and q, x, q again as outputs. */
static nescio_graph *make_chain(void)
{
    const nescio_shape shape = {.rank = 2, .dims = {NESCIO_DIM_UNKNOWN, 3}};
    nescio_graph *g;
    nescio_value *x, *s, *r, *p, *q;

    assert_int_equal(nescio_graph_new(ctx, NULL, "chain", &g), NESCIO_OK);
    x = nescio_graph_value(g, "x", NESCIO_F32, &shape);
    assert_non_null(x);
    assert_int_equal(nescio_graph_add_input(g, x), NESCIO_OK);
    s = add_node(g, NESCIO_OP_ADD, "s", x, x);
    r = add_node(g, NESCIO_OP_RELU, "r", s, NULL);
    p = add_node(g, NESCIO_OP_MUL, "p", s, r);
    q = add_node(g, NESCIO_OP_SUB, "q", p, x);
    assert_int_equal(nescio_graph_add_output(g, q), NESCIO_OK);
    assert_int_equal(nescio_graph_add_output(g, x), NESCIO_OK);
    assert_int_equal(nescio_graph_add_output(g, q), NESCIO_OK);
    return g;
}

static nescio_tensor view_of(nescio_dtype dtype, int rank, const int64_t *dims, void *data)
{
    nescio_tensor t;

    assert_int_equal(nescio_tensor_shape(ctx, &t, dtype, rank, dims), NESCIO_OK);
    t.data = data;
    return t;
}

typedef struct seen {
    char names[64];
    float first[8];
    int n;
} seen;

static void observe(const nescio_value *value, const nescio_tensor *t, void *user)
{
    seen *const s = user;

    strncat(s->names, value->name, sizeof s->names - strlen(s->names) - 1);
    s->first[s->n++] = ((const float *)t->data)[0];
}

static void values_live_as_long_as_they_are_used(void **state)
{
    float x[6] = {1, -2, 3, -4, 5, 0.5f}, kept[6];
    const nescio_tensor in = view_of(NESCIO_F32, 2, (const int64_t[]){2, 3}, x);
    nescio_graph *const g = make_chain();
    nescio_tensor out[3];
    nescio_refexec *exec;

    (void)state;
    memcpy(kept, x, sizeof x);
    assert_int_equal(nescio_refexec_new(ctx, g, &exec), NESCIO_OK);
    for (int again = 0; again < 3; again++) {
        seen s = {.n = 0};

        assert_int_equal(nescio_refexec_trace(ctx, exec, &in, 1, out, 3, observe, &s), NESCIO_OK);
        assert_string_equal(s.names, "srpq");
        assert_true(s.first[0] == 2 && s.first[1] == 2 && s.first[2] == 4 && s.first[3] == 3);
        for (int i = 0; i < 6; i++) {
            const float v = 2 * x[i], expected = v * (v > 0 ? v : 0) - x[i];

            assert_true(((float *)out[0].data)[i] == expected &&
                        ((float *)out[2].data)[i] == expected);
            assert_true(((float *)out[1].data)[i] == x[i]);
        }
        assert_memory_equal(x, kept, sizeof x);
        for (int i = 0; i < 3; i++) {
            assert_true(out[i].owned_bytes > 0); /* also the input that is an output */
            nescio_tensor_free(&out[i]);
        }
    }
    assert_int_equal(nescio_refexec_trace(ctx, exec, &in, 1, NULL, 0, NULL, NULL), NESCIO_OK);
    nescio_refexec_free(exec);
    nescio_graph_free(g);
}

static void inputs_convert_only_without_loss(void **state)
{
    double wide[3] = {0.1, 2, 3};
    uint8_t bytes[3] = {1, 2, 255};
    int64_t big[3] = {1, 16777217, 2};
    float strided[6] = {1, -1, 2, -2, 3, -3};
    nescio_graph *const g = make_chain();
    nescio_tensor in, out[3];
    nescio_refexec *exec;

    (void)state;
    assert_int_equal(nescio_refexec_new(ctx, g, &exec), NESCIO_OK);
    in = view_of(NESCIO_F64, 2, (const int64_t[]){1, 3}, wide);
    assert_int_equal(nescio_refexec_run(ctx, exec, &in, 1, out, 3), NESCIO_OK);
    assert_true(((float *)out[1].data)[0] == 0.1f);
    for (int i = 0; i < 3; i++)
        nescio_tensor_free(&out[i]);
    in = view_of(NESCIO_U8, 2, (const int64_t[]){1, 3}, bytes);
    assert_int_equal(nescio_refexec_run(ctx, exec, &in, 1, out, 3), NESCIO_OK);
    assert_true(((float *)out[1].data)[2] == 255);
    for (int i = 0; i < 3; i++)
        nescio_tensor_free(&out[i]);
    in = view_of(NESCIO_I64, 2, (const int64_t[]){1, 3}, big);
    assert_int_equal(nescio_refexec_run(ctx, exec, &in, 1, out, 3), NESCIO_E_MISMATCH);
    assert_non_null(strstr(nescio_ctx_message(ctx), "'x'"));
    in = view_of(NESCIO_F32, 2, (const int64_t[]){1, 3}, strided);
    in.stride[1] = 2;
    assert_int_equal(nescio_refexec_run(ctx, exec, &in, 1, out, 3), NESCIO_OK);
    assert_true(((float *)out[1].data)[2] == 3);
    for (int i = 0; i < 3; i++)
        nescio_tensor_free(&out[i]);
    nescio_refexec_free(exec);
    nescio_graph_free(g);
}

static void wrong_inputs_are_named(void **state)
{
    float x[8] = {0};
    nescio_tensor in = view_of(NESCIO_F32, 2, (const int64_t[]){2, 4}, x), out[3];
    nescio_graph *const g = make_chain();
    nescio_refexec *exec;

    (void)state;
    assert_int_equal(nescio_refexec_new(ctx, g, &exec), NESCIO_OK);
    assert_int_equal(nescio_refexec_run(ctx, exec, &in, 1, out, 3), NESCIO_E_MISMATCH);
    assert_string_equal(nescio_ctx_message(ctx),
                        "input 'x' is float32[2,4]; the model wants 3 at axis 1");
    in = view_of(NESCIO_F32, 1, (const int64_t[]){3}, x);
    assert_int_equal(nescio_refexec_run(ctx, exec, &in, 1, out, 3), NESCIO_E_MISMATCH);
    assert_int_equal(nescio_refexec_run(ctx, exec, &in, 0, out, 3), NESCIO_E_MISMATCH);
    assert_int_equal(nescio_refexec_run(ctx, exec, &in, 1, out, 2), NESCIO_E_MISMATCH);
    nescio_refexec_free(exec);
    nescio_graph_free(g);
}

static void all_nodes_that_cannot_run_are_listed(void **state)
{
    nescio_graph *g;
    nescio_value *x, *y;
    nescio_refexec *exec;

    (void)state;
    assert_int_equal(nescio_graph_new(ctx, NULL, "bad", &g), NESCIO_OK);
    x = nescio_graph_value(g, "x", NESCIO_STRING, NULL);
    assert_non_null(x);
    assert_int_equal(nescio_graph_add_input(g, x), NESCIO_OK);
    y = add_node(g, NESCIO_OP_SIN, "first", x, NULL);
    (void)add_node(g, NESCIO_OP_RELU, "fine", y, NULL);
    y = add_node(g, NESCIO_OP_ADD, "second", x, x);
    assert_int_equal(nescio_graph_add_output(g, y), NESCIO_OK);
    assert_int_equal(nescio_refexec_new(ctx, g, &exec), NESCIO_E_UNSUPPORTED);
    assert_null(exec);
    assert_string_equal(nescio_ctx_message(ctx),
                        "cannot run: Sin 'first' of string, Add 'second' of string");
    nescio_graph_free(g);
}

/* A client's head and tail: what is in the border's table runs, anything else is refused.
 */
static void borders_run_no_models(void **state)
{
    float a[2] = {-1, 2};
    const nescio_tensor in = view_of(NESCIO_F32, 1, (const int64_t[]){2}, a);
    nescio_graph *g;
    nescio_value *x, *y;
    nescio_refexec *exec;
    nescio_tensor out = {0};

    (void)state;
    assert_int_equal(nescio_graph_new(ctx, NULL, "border", &g), NESCIO_OK);
    x = nescio_graph_value(g, "x", NESCIO_F32, NULL);
    assert_non_null(x);
    assert_int_equal(nescio_graph_add_input(g, x), NESCIO_OK);
    y = add_node(g, NESCIO_OP_RELU, "fine", x, NULL);
    assert_int_equal(nescio_graph_add_output(g, y), NESCIO_OK);
    assert_int_equal(nescio_refexec_new_border(ctx, g, &exec), NESCIO_OK);
    assert_int_equal(nescio_refexec_run(ctx, exec, &in, 1, &out, 1), NESCIO_OK);
    assert_true(((float *)out.data)[0] == 0 && ((float *)out.data)[1] == 2);
    nescio_tensor_free(&out);
    nescio_refexec_free(exec);
    (void)add_node(g, NESCIO_OP_MATMUL, "product", x, x);
    assert_int_equal(nescio_refexec_new(ctx, g, &exec), NESCIO_OK);
    nescio_refexec_free(exec);
    assert_int_equal(nescio_refexec_new_border(ctx, g, &exec), NESCIO_E_UNSUPPORTED);
    assert_string_equal(nescio_ctx_message(ctx), "cannot run: MatMul 'product'");
    for (int op = 0; op < NESCIO_OP_COUNT; op++) /* the border is part of the whole */
        assert_true(!nescio_refexec_has_border_op((nescio_op)op) ||
                    nescio_refexec_has_op((nescio_op)op));
    assert_false(nescio_refexec_has_border_op(NESCIO_OP_LOOP));
    nescio_graph_free(g);
}

static void a_node_runs_alone(void **state)
{
    float a[2] = {1, 2}, b[1] = {10};
    const nescio_tensor x = view_of(NESCIO_F32, 1, (const int64_t[]){2}, a);
    const nescio_tensor z = view_of(NESCIO_F32, 1, (const int64_t[]){1}, b);
    const nescio_tensor *const inputs[2] = {&x, &z};
    nescio_tensor out;
    nescio_graph *g;
    nescio_node *node;

    (void)state;
    assert_int_equal(nescio_graph_new(ctx, NULL, "lone", &g), NESCIO_OK);
    node = nescio_graph_node(g, NULL, NESCIO_OP_MUL, "m", 2, 1);
    assert_non_null(node);
    assert_int_equal(nescio_refexec_node(ctx, node, inputs, &out), NESCIO_OK);
    assert_true(((float *)out.data)[0] == 10 && ((float *)out.data)[1] == 20);
    nescio_tensor_free(&out);
    nescio_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_live_as_long_as_they_are_used),
        cmocka_unit_test(inputs_convert_only_without_loss),
        cmocka_unit_test(wrong_inputs_are_named),
        cmocka_unit_test(all_nodes_that_cannot_run_are_listed),
        cmocka_unit_test(borders_run_no_models),
        cmocka_unit_test(a_node_runs_alone),
    };

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
