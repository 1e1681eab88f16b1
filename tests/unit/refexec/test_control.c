/* SPDX-License-Identifier: Apache-2.0
 * If, Loop, Scan: bodies that use values around them, carried and stacked values, no round at all,
 * bodies that fail. */
#include "node_case.h"

static nescio_value *add(nescio_graph *g, nescio_op op, nescio_value *a, nescio_value *b,
                         nescio_dtype dtype)
{
    nescio_node *const node = nescio_graph_node(g, NULL, op, NULL, b ? 2 : 1, 1);
    nescio_value *const y = nescio_graph_value(g, NULL, dtype, NULL);

    assert_non_null(node);
    assert_non_null(y);
    node->inputs[0] = a;
    if (b)
        node->inputs[1] = b;
    nescio_node_set_output(node, 0, y);
    return y;
}

static nescio_value *add_input(nescio_graph *g, nescio_dtype dtype)
{
    nescio_value *const v = nescio_graph_value(g, NULL, dtype, NULL);

    assert_non_null(v);
    assert_int_equal(nescio_graph_add_input(g, v), NESCIO_OK);
    return v;
}

static nescio_graph *add_body(node_case *c, const char *attribute)
{
    nescio_attr *const a = nescio_node_set_int(c->node, attribute, 0);
    nescio_graph *body;

    assert_non_null(a);
    assert_int_equal(nescio_graph_new(c->ctx, c->graph, attribute, &body), NESCIO_OK);
    a->kind = NESCIO_ATTR_GRAPH;
    a->g = body;
    return body;
}

/* cond ? t + t : -t, with t an input of the outer graph that only the branches use. */
static void branches_see_values_around_them(void **state)
{
    (void)state;
    for (int condition = 0; condition < 2; condition++) {
        nescio_graph *then_branch, *else_branch;
        node_case c;

        case_begin(&c, NESCIO_OP_IF, 2,
                   1); /* input 1 is taken off below: it only makes a graph input */
        case_input(&c, 0, NESCIO_BOOL, 0, NULL, &(double){condition});
        case_input(&c, 1, NESCIO_F32, DIMS(2), (const double[]){3, -4});
        c.node->n_inputs = 1;
        then_branch = add_body(&c, "then_branch");
        else_branch = add_body(&c, "else_branch");
        assert_int_equal(
            nescio_graph_add_output(then_branch, add(then_branch, NESCIO_OP_ADD, c.graph->inputs[1],
                                                     c.graph->inputs[1], NESCIO_F32)),
            NESCIO_OK);
        assert_int_equal(
            nescio_graph_add_output(
                else_branch, add(else_branch, NESCIO_OP_NEG, c.graph->inputs[1], NULL, NESCIO_F32)),
            NESCIO_OK);
        case_run(&c);
        case_expect(&c, 0, NESCIO_F32, DIMS(2),
                    condition ? (const double[]){6, -8} : (const double[]){-3, 4}, 0);
        case_end(&c);
    }
}

/* Body of a loop over sum: sum' = sum + i, goes on while sum' < limit, and stacks sum'. */
static void add_summing_body(node_case *c, double limit)
{
    nescio_graph *const body = add_body(c, "body");
    nescio_value *const i = add_input(body, NESCIO_I64), *const go_on =
                                                             add_input(body, NESCIO_BOOL);
    nescio_value *const sum = add_input(body, NESCIO_I64), *next, *less, *stop;
    nescio_tensor bound;

    (void)go_on;
    assert_int_equal(nescio_tensor_new(c->ctx, &bound, NESCIO_I64, 0, NULL), NESCIO_OK);
    *(int64_t *)bound.data = (int64_t)limit;
    stop = nescio_graph_constant(body, "limit", &bound, false);
    assert_non_null(stop);
    nescio_tensor_free(&bound);
    next = add(body, NESCIO_OP_ADD, sum, i, NESCIO_I64);
    less = add(body, NESCIO_OP_LESS, next, stop, NESCIO_BOOL);
    next->shape.rank = 0; /* known, so that a loop without rounds knows what it would stack */
    assert_int_equal(nescio_graph_add_output(body, less), NESCIO_OK);
    assert_int_equal(nescio_graph_add_output(body, next), NESCIO_OK);
    assert_int_equal(nescio_graph_add_output(body, next), NESCIO_OK);
}

static void loop_case(double rounds, double limit, int64_t n, const double *stacked, double last)
{
    node_case c;

    case_begin(&c, NESCIO_OP_LOOP, 3, 2);
    if (rounds >= 0)
        case_input(&c, 0, NESCIO_I64, 0, NULL, &rounds);
    case_input(&c, 2, NESCIO_I64, 0, NULL, &(double){0});
    add_summing_body(&c, limit);
    case_run(&c);
    case_expect(&c, 0, NESCIO_I64, 0, NULL, &last, 0);
    case_expect(&c, 1, NESCIO_I64, 1, &n, stacked, 0);
    case_end(&c);
}

static void loops_end_by_count_or_condition(void **state)
{
    (void)state;
    loop_case(4, 100, 4, (const double[]){0, 1, 3, 6}, 6);
    loop_case(100, 5, 4, (const double[]){0, 1, 3, 6}, 6);
    loop_case(-1, 2, 3, (const double[]){0, 1, 3}, 3);
    loop_case(0, 5, 0, (const double[]){0}, 0);
}

/* Running sums of the columns of [2, 3], last column first, results put back in that order. */
static void scans_walk_any_axis_both_ways(void **state)
{
    nescio_value *total, *column, *next;
    nescio_graph *body;
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_SCAN, 2, 2);
    case_input(&c, 0, NESCIO_F32, DIMS(2), (const double[]){0, 100});
    case_input(&c, 1, NESCIO_F32, DIMS(2, 3), (const double[]){1, 2, 3, 4, 5, 6});
    assert_non_null(nescio_node_set_int(c.node, "num_scan_inputs", 1));
    assert_non_null(nescio_node_set_ints(c.node, "scan_input_axes", (const int64_t[]){1}, 1));
    assert_non_null(nescio_node_set_ints(c.node, "scan_input_directions", (const int64_t[]){1}, 1));
    assert_non_null(nescio_node_set_ints(c.node, "scan_output_axes", (const int64_t[]){-1}, 1));
    assert_non_null(
        nescio_node_set_ints(c.node, "scan_output_directions", (const int64_t[]){1}, 1));
    body = add_body(&c, "body");
    total = add_input(body, NESCIO_F32);
    column = add_input(body, NESCIO_F32);
    next = add(body, NESCIO_OP_ADD, total, column, NESCIO_F32);
    assert_int_equal(nescio_graph_add_output(body, next), NESCIO_OK);
    assert_int_equal(nescio_graph_add_output(body, next), NESCIO_OK);
    case_run(&c);
    case_expect(&c, 0, NESCIO_F32, DIMS(2), (const double[]){6, 115}, 0);
    case_expect(&c, 1, NESCIO_F32, DIMS(2, 3), (const double[]){6, 5, 3, 115, 111, 106}, 0);
    case_end(&c);
}

/* The body divides by i, which is 0 in the first round: the loop fails with the body's message, and
 * nothing leaks. */
static void what_fails_in_a_body_fails_outside(void **state)
{
    nescio_value *i, *sum;
    nescio_graph *body;
    node_case c;

    (void)state;
    case_begin(&c, NESCIO_OP_LOOP, 3, 1);
    case_input(&c, 0, NESCIO_I64, 0, NULL, &(double){3});
    case_input(&c, 2, NESCIO_I64, 0, NULL, &(double){1});
    body = add_body(&c, "body");
    i = add_input(body, NESCIO_I64);
    assert_int_equal(nescio_graph_add_output(body, add_input(body, NESCIO_BOOL)), NESCIO_OK);
    sum = add_input(body, NESCIO_I64);
    assert_int_equal(nescio_graph_add_output(body, add(body, NESCIO_OP_DIV, sum, i, NESCIO_I64)),
                     NESCIO_OK);
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_ARG);
    assert_non_null(strstr(nescio_ctx_message(c.ctx), "division by zero"));
    assert_null(c.outputs[0].data);
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_see_values_around_them),
        cmocka_unit_test(loops_end_by_count_or_condition),
        cmocka_unit_test(scans_walk_any_axis_both_ways),
        cmocka_unit_test(what_fails_in_a_body_fails_outside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
