/* SPDX-License-Identifier: Apache-2.0
 * A float graph as a picture: constants are parameters of the nodes that use them. */
#include "view/view_picture_internal.h"

#include <stdlib.h>
#include <string.h>

#define NO_BOX UINT32_MAX

typedef struct filler {
    nescio_picture *p;
    const nescio_graph *graph;
    uint32_t *box;       /* by value id: the box that makes it */
    const char **labels; /* by value id: type and shape; NULL until asked for */
} filler;

static const char *label_of(filler *f, const nescio_value *v)
{
    const nescio_shape *const s = &v->shape;
    nescio_buffer text = {0};
    const char *label;

    nescio_write_text(&text, "%s",
                      v->dtype == NESCIO_DTYPE_NONE ? "?" : nescio_dtype_name(v->dtype));
    nescio_write_text(&text, s->rank == NESCIO_RANK_UNKNOWN ? "[...]" : "[");
    for (int i = 0; i < s->rank; i++) {
        nescio_write_text(&text, "%s", i ? ", " : "");
        if (s->dims[i] != NESCIO_DIM_UNKNOWN)
            nescio_write_text(&text, "%lld", (long long)s->dims[i]);
        else
            nescio_write_text(&text, "%s", s->symbol[i] ? s->symbol[i] : "?");
    }
    nescio_write_text(&text, s->rank == NESCIO_RANK_UNKNOWN ? "" : "]");
    label = nescio_picture_text(f->p, "%.*s", (int)text.bytes,
                                text.data ? (const char *)text.data : "");
    f->p->bad |= text.bad;
    nescio_buffer_free(&text);
    return label;
}

/* A value of this very graph: bodies have values of their own. */
static bool is_ours(const filler *f, const nescio_value *v)
{
    return v && v->id < f->graph->n_values && f->graph->values[v->id] == v;
}

static void add_use(filler *f, const nescio_value *v, uint32_t to)
{
    if (!is_ours(f, v) || f->box[v->id] == NO_BOX || f->box[v->id] >= to)
        return;
    if (!f->labels[v->id])
        f->labels[v->id] = label_of(f, v);
    nescio_picture_edge(f->p, f->box[v->id], to, v->id, f->labels[v->id]);
}

/* The same, unless the node uses the value already: bodies may do so often. */
static void add_body_use(filler *f, const nescio_value *v, uint32_t to)
{
    for (uint32_t e = f->p->n_edges; v && e-- > 0 && f->p->edges[e].to == to;)
        if (is_ours(f, v) && f->p->edges[e].net == v->id)
            return;
    add_use(f, v, to);
}

/* What a node's bodies use of this graph. A body's values are told apart by is_ours. */
static void add_body_uses(filler *f, const nescio_node *node, uint32_t to)
{
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        const nescio_graph *const body =
            node->attrs[i].kind == NESCIO_ATTR_GRAPH ? node->attrs[i].g : NULL;

        for (const nescio_node *in = body ? body->first : NULL; in; in = in->next) {
            for (uint32_t k = 0; k < in->n_inputs; k++)
                add_body_use(f, in->inputs[k], to);
            add_body_uses(f, in, to);
        }
        for (size_t k = 0; body && k < body->n_outputs; k++)
            add_body_use(f, body->outputs[k], to);
    }
}

/* "128 x 784" of the largest constant; sums of all go to the box. */
static void add_constants(filler *f, const nescio_node *node, nescio_box *box)
{
    const nescio_tensor *largest = NULL;
    nescio_buffer text = {0};

    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const nescio_tensor *const t = node->inputs[i] ? node->inputs[i]->constant : NULL;
        size_t bytes;

        if (!t)
            continue;
        box->parameters += nescio_tensor_count(t);
        if (nescio_size_mul(&bytes, nescio_tensor_count(t), nescio_dtype_bytes(t->dtype)))
            box->bytes += bytes;
        if (!largest || nescio_tensor_count(t) > nescio_tensor_count(largest))
            largest = t;
    }
    if (!largest || largest->rank == 0)
        return;
    for (int i = 0; i < largest->rank; i++)
        nescio_write_text(&text, "%s%lld", i ? " x " : "constant ", (long long)largest->dims[i]);
    nescio_box_line(box, nescio_picture_text(f->p, "%.*s", (int)text.bytes,
                                             text.data ? (const char *)text.data : ""));
    f->p->bad |= text.bad;
    nescio_buffer_free(&text);
}

static uint32_t newest(const filler *f)
{
    return f->p->n_boxes ? f->p->n_boxes - 1 : 0;
}

static void add_border(filler *f, const char *title, nescio_value *const *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        nescio_box *const box = nescio_picture_box(f->p, NESCIO_BOX_BORDER, title, values[i]->name);

        box->result = label_of(f, values[i]);
        nescio_box_line(box, box->result);
        if (strcmp(title, "output") == 0)
            add_use(f, values[i], newest(f));
        else
            f->box[values[i]->id] = newest(f);
    }
}

static void add_node(filler *f, const nescio_node *node, const nescio_node_mark *mark)
{
    nescio_box *const box = nescio_picture_box(f->p, mark ? mark->kind : NESCIO_BOX_PLAIN,
                                               nescio_op_name(node->op), node->name);

    if (mark && mark->why)
        box->why = nescio_picture_text(f->p, "%s", mark->why);
    add_constants(f, node, box);
    box->attributes = nescio_view_attributes(f->p, node);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        add_use(f, node->inputs[i], newest(f));
    add_body_uses(f, node, newest(f));
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        nescio_value *const v = node->outputs[i];

        if (!v)
            continue;
        f->labels[v->id] = label_of(f, v);
        box->result = *box->result
                          ? nescio_picture_text(f->p, "%s; %s", box->result, f->labels[v->id])
                          : f->labels[v->id];
        f->box[v->id] = newest(f);
    }
}

static void add_facts(nescio_picture *p, size_t n_nodes, const nescio_node_mark *marks)
{
    uint64_t parameters = 0, bytes = 0;
    size_t by_kind[NESCIO_BOX_KINDS] = {0};

    for (uint32_t i = 0; i < p->n_boxes; i++) {
        parameters += p->boxes[i].parameters;
        bytes += p->boxes[i].bytes;
        by_kind[p->boxes[i].kind]++;
    }
    nescio_picture_fact(p, "nodes", nescio_picture_text(p, "%zu", n_nodes));
    nescio_picture_fact(
        p, "parameters",
        bytes < 1024 ? nescio_picture_text(p, "%llu in %llu bytes", (unsigned long long)parameters,
                                           (unsigned long long)bytes)
                     : nescio_picture_text(p, "%llu in %.1f KB", (unsigned long long)parameters,
                                           (double)bytes / 1024));
    for (int k = NESCIO_BOX_LINEAR; marks && k < NESCIO_BOX_KINDS; k++)
        if (by_kind[k])
            nescio_picture_fact(
                p, nescio_box_kind_name((nescio_box_kind)k),
                nescio_picture_text(p, by_kind[k] == 1 ? "%zu node" : "%zu nodes", by_kind[k]));
}

nescio_status nescio_picture_of_graph(nescio_ctx *ctx, const nescio_graph *graph,
                                      const nescio_node_mark *marks, nescio_picture **out)
{
    filler f = {nescio_picture_new(), graph, NULL, NULL};
    size_t n_nodes = 0;

    *out = NULL;
    f.box = calloc(graph->n_values + 1, sizeof *f.box);
    f.labels = calloc(graph->n_values + 1, sizeof *f.labels);
    if (!f.p || !f.box || !f.labels) {
        nescio_picture_free(f.p);
        free(f.box);
        free(f.labels);
        return nescio_fail_nomem(ctx, graph->n_values * sizeof *f.labels);
    }
    for (size_t i = 0; i < graph->n_values; i++)
        f.box[i] = NO_BOX;
    f.p->title = nescio_picture_text(f.p, "%s", graph->name);
    add_border(&f, "input", graph->inputs, graph->n_inputs);
    for (const nescio_node *node = graph->first; node; node = node->next, n_nodes++)
        add_node(&f, node, marks ? &marks[n_nodes] : NULL);
    add_border(&f, "output", graph->outputs, graph->n_outputs);
    add_facts(f.p, n_nodes, marks);
    free(f.box);
    free(f.labels);
    return nescio_picture_finish(ctx, f.p, out);
}
