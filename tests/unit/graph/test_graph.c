/* SPDX-License-Identifier: Apache-2.0
 * Graphs: building, rewiring, counting, copying, splicing; the verifier on graphs broken by hand.
 */
#include "graph/graph.h"
#include "support.h"

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

static nescio_graph *parse(const char *text)
{
    nescio_graph *g;

    if (nescio_graph_parse(ctx, text, strlen(text), &g) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    return g;
}

static void print(const nescio_graph *g, nescio_buffer *b)
{
    *b = (nescio_buffer){0};
    assert_int_equal(nescio_graph_print(ctx, g, 0, b), NESCIO_OK);
    nescio_write_u8(b, 0);
}

#define HEADER "<ir_version: 10, opset_import: [\"\" : 21]> "
static const char branches[] =
    HEADER "g (float[N,2] x, bool c) => (float[N,2] y) <float w = {2.5}> {"
           "  t = Mul(x, w)"
           "  y = If <then_branch = a () => (float[N,2] p) { p = Add(t, w) },"
           "          else_branch = b () => (float[N,2] q) { r = Neg(x)  q = Relu(r) }> (c) }";

static void names_are_unique(void **state)
{
    nescio_graph *g;
    nescio_value *a, *b, *c;

    (void)state;
    assert_int_equal(nescio_graph_new(ctx, NULL, "g", &g), NESCIO_OK);
    a = nescio_graph_value(g, "x", NESCIO_F32, NULL);
    b = nescio_graph_value(g, "x", NESCIO_F32, NULL);
    c = nescio_graph_value(g, NULL, NESCIO_F32, NULL);
    assert_string_equal(a->name, "x");
    assert_string_equal(b->name, "x_1");
    assert_true(*c->name);
    assert_ptr_equal(nescio_graph_find(g, "x_1"), b);
    assert_null(nescio_graph_find(g, "y"));
    for (int i = 0; i < 1000; i++) /* the name table grows */
        assert_non_null(nescio_graph_value(g, "x", NESCIO_F32, NULL));
    assert_ptr_equal(nescio_graph_find(g, "x"), a);
    assert_non_null(nescio_graph_find(g, "x_1001"));
    nescio_graph_free(g);
}

static void attributes_are_kept(void **state)
{
    const int64_t ints[] = {3, 1, 2};
    const char *const words[] = {"a", "b"};
    nescio_graph *g;
    nescio_node *n;

    (void)state;
    assert_int_equal(nescio_graph_new(ctx, NULL, "g", &g), NESCIO_OK);
    n = nescio_graph_node(g, NULL, NESCIO_OP_GEMM, NULL, 2, 1);
    assert_string_equal(n->name, "Gemm_0");
    assert_int_equal(nescio_node_int(n, "transA", 7), 7);
    assert_non_null(nescio_node_set_int(n, "transA", 1));
    assert_non_null(nescio_node_set_float(n, "alpha", 0.5));
    assert_non_null(nescio_node_set_ints(n, "perm", ints, 3));
    assert_non_null(nescio_node_set_strings(n, "words", words, 2));
    assert_non_null(nescio_node_set_string(n, "mode", "nearest"));
    assert_non_null(nescio_node_set_int(n, "transA", 2)); /* replaces */
    assert_int_equal(n->n_attrs, 5);
    assert_int_equal(nescio_node_int(n, "transA", 7), 2);
    assert_true(nescio_node_float(n, "alpha", 0) == 0.5);
    assert_string_equal(nescio_node_string(n, "mode", ""), "nearest");
    assert_int_equal(nescio_node_attr(n, "perm")->ints[2], 2);
    assert_string_equal(nescio_node_attr(n, "words")->strings[1], "b");
    nescio_node_unset(n, "alpha");
    nescio_node_unset(n, "absent");
    assert_null(nescio_node_attr(n, "alpha"));
    assert_non_null(nescio_node_set_float(n, "beta", 2));
    assert_string_equal(nescio_node_attr(n, "words")->strings[0], "a");
    nescio_graph_free(g);
}

static void uses_follow_bodies(void **state)
{
    nescio_graph *const g = parse(branches);
    uint32_t *counts = calloc(g->n_values, sizeof *counts);
    nescio_value *const w = nescio_graph_find(g, "w"), *const x = nescio_graph_find(g, "x");

    (void)state;
    nescio_graph_count_uses(g, counts);
    assert_int_equal(counts[w->id], 2); /* in Mul, and in one branch */
    assert_int_equal(counts[x->id], 2);
    assert_int_equal(counts[nescio_graph_find(g, "y")->id], 1);
    nescio_graph_replace(g, x, nescio_graph_find(g, "t"));
    nescio_graph_count_uses(g, counts);
    assert_int_equal(counts[x->id], 0);
    free(counts);
    nescio_graph_free(g);
}

static void copies_are_equal_and_apart(void **state)
{
    nescio_graph *const g = parse(branches);
    nescio_graph *copy;
    nescio_buffer before, after;

    (void)state;
    assert_int_equal(nescio_graph_copy(ctx, g, false, &copy), NESCIO_OK);
    print(g, &before);
    nescio_graph_free(g); /* nothing of the copy lies in it */
    assert_int_equal(nescio_graph_verify(ctx, copy), NESCIO_OK);
    print(copy, &after);
    assert_string_equal((char *)before.data, (char *)after.data);
    nescio_buffer_free(&before);
    nescio_buffer_free(&after);
    nescio_graph_free(copy);
}

static void bodies_splice(void **state)
{
    nescio_graph *const g = parse(branches);
    nescio_node *const branch = g->last;
    nescio_value *y = nescio_graph_find(g, "y"), *out;

    (void)state;
    assert_int_equal(
        nescio_graph_splice(ctx, g, branch, nescio_node_attr(branch, "else_branch")->g, NULL, &out),
        NESCIO_OK);
    nescio_graph_replace(g, y, out);
    nescio_graph_remove(branch);
    assert_null(y->producer);
    assert_int_equal(nescio_graph_verify(ctx, g), NESCIO_OK);
    assert_int_equal(g->last->op, NESCIO_OP_RELU);
    assert_int_equal(g->last->prev->op, NESCIO_OP_NEG);
    assert_ptr_equal(g->outputs[0], g->last->outputs[0]);
    nescio_graph_free(g);
}

/* The verifier must refuse, and name what it refused. */
static void refused(const nescio_graph *g, const char *words)
{
    assert_int_equal(nescio_graph_verify(ctx, g), NESCIO_E_FORMAT);
    if (!strstr(nescio_ctx_message(ctx), words))
        fail_msg("'%s' lacks '%s'", nescio_ctx_message(ctx), words);
}

static void verifier_sees_broken_graphs(void **state)
{
    nescio_graph *g = parse(branches);
    nescio_node *const mul = g->first;
    nescio_value *const y = nescio_graph_find(g, "y"), *const x = nescio_graph_find(g, "x");
    nescio_value *w = nescio_graph_find(g, "w");
    const nescio_tensor *constant = w->constant;

    (void)state;
    mul->inputs[0] = y; /* made below */
    refused(g, "uses 'y'");
    mul->inputs[0] = x;
    mul->n_inputs = 1;
    refused(g, "1 inputs");
    mul->n_inputs = 2;
    w->constant = NULL;
    refused(g, "uses 'w'");
    w->constant = constant;
    mul->outputs[0]->i_output = 1;
    refused(g, "elsewhere");
    mul->outputs[0]->i_output = 0;
    w->dtype = NESCIO_F64;
    refused(g, "declared type");
    w->dtype = NESCIO_F32;
    g->outputs[0] = nescio_graph_value(g, "loose", NESCIO_F32, NULL);
    refused(g, "'loose'");
    g->outputs[0] = y;
    mul->next->attrs[0].g->parent = NULL;
    refused(g, "another graph");
    mul->next->attrs[0].g->parent = g;
    assert_int_equal(nescio_graph_verify(ctx, g), NESCIO_OK);
    nescio_graph_free(g);
}

static void operators_are_found(void **state)
{
    (void)state;
    for (unsigned op = 0; op < NESCIO_OP_COUNT; op++) {
        const nescio_op_info *const info = nescio_op_get((nescio_op)op);

        assert_int_equal(nescio_op_find(info->domain, info->name), op);
        assert_true(info->max_inputs < 0 || info->max_inputs >= info->min_inputs);
        assert_true(nescio_op_takes((nescio_op)op, (size_t)info->min_inputs, 1));
        assert_false(nescio_op_takes((nescio_op)op, (size_t)info->min_inputs, 0));
    }
    assert_int_equal(nescio_op_find("ai.onnx", "Gemm"), NESCIO_OP_GEMM);
    assert_int_equal(nescio_op_find("ai.onnx.ml", "Gemm"), NESCIO_OP_COUNT);
    assert_false(nescio_op_takes(NESCIO_OP_RELU, 2, 1));
    assert_true(nescio_op_takes(NESCIO_OP_CONCAT, 1000, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique),    cmocka_unit_test(attributes_are_kept),
        cmocka_unit_test(uses_follow_bodies),  cmocka_unit_test(copies_are_equal_and_apart),
        cmocka_unit_test(bodies_splice),       cmocka_unit_test(verifier_sees_broken_graphs),
        cmocka_unit_test(operators_are_found),
    };

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
