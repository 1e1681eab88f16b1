/* SPDX-License-Identifier: Apache-2.0
 * Adapters of If, Loop, Scan: bodies become subgraphs; an If whose condition is known becomes its
 * branch. */
#include "onnx/import_internal.h"

/* The single known element of a bool; -1: not known. */
static int known_bool(const nescio_value *v)
{
    if (v->constant && nescio_tensor_count(v->constant) == 1 && v->constant->dtype == NESCIO_BOOL)
        return nescio_tensor_get_i64(v->constant, 0) != 0;
    if (v->content && v->content->count == 1 && v->content->known[0])
        return v->content->at[0] != 0;
    return -1;
}

static const nescio_onnx_graph *graph_attr(nescio_adapt *a, const char *name)
{
    const nescio_onnx_attr *const attr = nescio_adapt_attr(a, name);

    if (!attr || !attr->g)
        nescio_adapt_fail(a, "has no %s", name);
    return attr ? attr->g : NULL;
}

/* A node with n_out outputs (those that the file leaves out stay empty) and the file's inputs. */
static nescio_node *control_node(nescio_adapt *a, size_t n_out)
{
    int *ks = nescio_arena_array(a->im->scratch, n_out, sizeof *ks);

    if (!ks) {
        a->st = nescio_fail_nomem(a->ctx, n_out * sizeof *ks);
        return NULL;
    }
    for (size_t i = 0; i < n_out; i++)
        ks[i] = (int)i;
    return nescio_adapt_node(a, a->rule->op, a->in, a->n_in, ks, n_out);
}

static void set_body(nescio_adapt *a, nescio_node *node, const char *name, nescio_graph *body)
{
    if (a->st == NESCIO_OK && !nescio_node_set_graph(node, name, body))
        a->st = nescio_fail_nomem(a->ctx, sizeof(nescio_attr));
}

void nescio_adapt_if(nescio_adapt *a)
{
    const nescio_onnx_graph *const yes = graph_attr(a, "then_branch"), *const no = graph_attr(
                                                                           a, "else_branch");
    nescio_graph *then_body, *else_body;
    nescio_node *node;
    int known;

    if (a->st != NESCIO_OK || !nescio_adapt_in(a, 0)) {
        nescio_adapt_fail(a, "has no condition");
        return;
    }
    known = known_bool(a->in[0]);
    if (known >= 0) {
        nescio_adapt_splice(a, known ? yes : no);
        return;
    }
    if (yes->n_outputs != a->n_out || no->n_outputs != a->n_out || yes->n_inputs || no->n_inputs) {
        nescio_adapt_fail(a, "its branches do not fit its outputs");
        return;
    }
    then_body = nescio_adapt_body(a, yes, NULL);
    else_body = nescio_adapt_body(a, no, NULL);
    node = control_node(a, a->n_out);
    set_body(a, node, "then_branch", then_body);
    set_body(a, node, "else_branch", else_body);
}

void nescio_adapt_loop(nescio_adapt *a)
{
    const nescio_onnx_graph *const g = graph_attr(a, "body");
    const size_t n_carried = a->n_in >= 2 ? a->n_in - 2 : 0;
    nescio_graph *body;
    nescio_value **types;

    if (a->st != NESCIO_OK)
        return;
    if (a->n_in < 2 || g->n_inputs != a->n_in || g->n_outputs < 1 + n_carried ||
        g->n_outputs - 1 < a->n_out) {
        nescio_adapt_fail(a, "its body does not fit its inputs and outputs");
        return;
    }
    types = nescio_arena_array(a->im->scratch, a->n_in, sizeof(nescio_value *));
    if (!types) {
        a->st = nescio_fail_nomem(a->ctx, a->n_in * sizeof(nescio_value *));
        return;
    }
    for (size_t i = 2; i < a->n_in; i++)
        types[i] = a->in[i];
    body = nescio_adapt_body(a, g, types);
    set_body(a, control_node(a, g->n_outputs - 1), "body", body);
}

void nescio_adapt_scan(nescio_adapt *a)
{
    static const char *const names[] = {"num_scan_inputs", "scan_input_axes",
                                        "scan_input_directions", "scan_output_axes",
                                        "scan_output_directions"};
    const nescio_onnx_graph *const g = graph_attr(a, "body");
    nescio_graph *body;
    nescio_node *node;

    if (a->version < 9) {
        nescio_adapt_refuse(a, "the batched form of opset 8");
        return;
    }
    if (a->st != NESCIO_OK)
        return;
    if (g->n_inputs != a->n_in || g->n_outputs < a->n_out) {
        nescio_adapt_fail(a, "its body does not fit its inputs and outputs");
        return;
    }
    body = nescio_adapt_body(a, g, a->in);
    node = control_node(a, g->n_outputs);
    set_body(a, node, "body", body);
    for (size_t i = 0; i < sizeof names / sizeof *names && a->st == NESCIO_OK; i++) {
        const nescio_onnx_attr *const attr = nescio_adapt_attr(a, names[i]);
        const nescio_attr *made = NULL;

        if (!attr)
            continue;
        if (attr->type == NESCIO_ONNX_INT)
            made = nescio_node_set_int(node, names[i], attr->i);
        else
            made = nescio_node_set_ints(node, names[i], attr->ints, attr->n_ints);
        if (!made)
            a->st = nescio_fail_nomem(a->ctx, sizeof *made);
    }
}
