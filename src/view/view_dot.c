/* SPDX-License-Identifier: Apache-2.0
 * Pictures for Graphviz. */
#include "view/view_picture_internal.h"

static const char *const colours[NESCIO_BOX_KINDS] = {
    [NESCIO_BOX_BORDER] = "#ffffff", [NESCIO_BOX_PLAIN] = "#eef1f4",
    [NESCIO_BOX_LINEAR] = "#dbe9f9", [NESCIO_BOX_TABLE] = "#fde3c8",
    [NESCIO_BOX_MOVE] = "#e8e4f5",   [NESCIO_BOX_CLEAR] = "#e0f2dc",
    [NESCIO_BOX_REFUSED] = "#fbdada"};

/* DOT joins strings by "+"; its line break is an escape of two characters. */
static void add_line(nescio_buffer *out, const char *line)
{
    nescio_write_text(out, " + \"\\n\" + ");
    nescio_view_dot_string(out, line);
}

void nescio_picture_dot(const nescio_picture *p, nescio_buffer *out)
{
    nescio_write_text(out, "digraph ");
    nescio_view_dot_string(out, p->title);
    nescio_write_text(out, " {\n    node [shape=box, style=\"filled,rounded\", "
                           "fontname=\"sans-serif\", fontsize=11];\n"
                           "    edge [fontname=\"sans-serif\", fontsize=9];\n");
    for (uint32_t i = 0; i < p->n_boxes; i++) {
        const nescio_box *const b = &p->boxes[i];

        nescio_write_text(out, "    n%u [fillcolor=\"%s\", label=", i, colours[b->kind]);
        nescio_view_dot_string(out, b->title);
        add_line(out, b->name);
        for (uint32_t k = 0; k < b->n_lines; k++)
            add_line(out, b->lines[k]);
        nescio_write_text(out, "];\n");
    }
    for (uint32_t i = 0; i < p->n_edges; i++) {
        nescio_write_text(out, "    n%u -> n%u [label=", p->edges[i].from, p->edges[i].to);
        nescio_view_dot_string(out, p->edges[i].label);
        nescio_write_text(out, "];\n");
    }
    nescio_write_text(out, "}\n");
}
