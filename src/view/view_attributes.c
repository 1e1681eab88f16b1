/* SPDX-License-Identifier: Apache-2.0
 * A node's attributes as one line for people: short values in full, of long ones the size. */
#include "view/view_picture_internal.h"

/* Elements of a list, bytes of a string and operators of a body that are shown. */
#define LIST_MAX   8u
#define STRING_MAX 60u
#define BODY_MAX   4u

static void write_list(nescio_buffer *out, const nescio_attr *a)
{
    if (a->count > LIST_MAX) {
        nescio_write_text(out, "[%zu %s]", a->count,
                          a->kind == NESCIO_ATTR_STRINGS ? "strings" : "numbers");
        return;
    }
    nescio_write_text(out, "[");
    for (size_t i = 0; i < a->count; i++) {
        nescio_write_text(out, i ? ", " : "");
        if (a->kind == NESCIO_ATTR_INTS)
            nescio_write_text(out, "%lld", (long long)a->ints[i]);
        else if (a->kind == NESCIO_ATTR_FLOATS)
            nescio_write_text(out, "%.7g", a->floats[i]);
        else
            nescio_write_text(out, "\"%.*s\"", (int)STRING_MAX, a->strings[i]);
    }
    nescio_write_text(out, "]");
}

static void write_tensor(nescio_buffer *out, const nescio_tensor *t)
{
    nescio_write_text(out, "%s[", nescio_dtype_name(t->dtype));
    for (int d = 0; d < t->rank; d++)
        nescio_write_text(out, "%s%lld", d ? ", " : "", (long long)t->dims[d]);
    nescio_write_text(out, "]");
}

/* "3 nodes (Identity, Mul, Relu)" */
static void write_body(nescio_buffer *out, const nescio_graph *g)
{
    size_t n = 0;

    for (const nescio_node *node = g->first; node; node = node->next)
        n++;
    nescio_write_text(out, "%zu node%s", n, n == 1 ? "" : "s");
    n = 0;
    for (const nescio_node *node = g->first; node && n <= BODY_MAX; node = node->next, n++)
        nescio_write_text(out, "%s%s", n ? ", " : " (",
                          n < BODY_MAX ? nescio_op_name(node->op) : "...");
    nescio_write_text(out, n ? ")" : "");
}

const char *nescio_view_attributes(nescio_picture *p, const nescio_node *node)
{
    nescio_buffer text = {0};
    const char *line;

    for (uint32_t i = 0; i < node->n_attrs; i++) {
        const nescio_attr *const a = &node->attrs[i];

        nescio_write_text(&text, "%s%s = ", i ? ", " : "", a->name);
        switch (a->kind) {
        case NESCIO_ATTR_INT: nescio_write_text(&text, "%lld", (long long)a->i); break;
        case NESCIO_ATTR_FLOAT: nescio_write_text(&text, "%.7g", a->f); break;
        case NESCIO_ATTR_STRING: nescio_write_text(&text, "\"%.*s\"", (int)STRING_MAX, a->s); break;
        case NESCIO_ATTR_TENSOR: write_tensor(&text, a->t); break;
        case NESCIO_ATTR_GRAPH: write_body(&text, a->g); break;
        default: write_list(&text, a);
        }
    }
    line =
        nescio_picture_text(p, "%.*s", (int)text.bytes, text.data ? (const char *)text.data : "");
    p->bad |= text.bad;
    nescio_buffer_free(&text);
    return line;
}
