/* SPDX-License-Identifier: Apache-2.0
 * Pictures as JSON: {"title", "facts": {name: text}, "nodes": [{"id", "operator", "name", "kind",
 * "details": [text], "attributes", "result", "parameters", "bytes", "why"}], "edges": [{"from",
 * "to", "label"}]}.
 */
#include "view/view_picture_internal.h"

static const char *const kinds[NESCIO_BOX_KINDS] = {
    [NESCIO_BOX_BORDER] = "border",      [NESCIO_BOX_PLAIN] = "operator",
    [NESCIO_BOX_LINEAR] = "linear",      [NESCIO_BOX_TABLE] = "table",
    [NESCIO_BOX_MOVE] = "move",          [NESCIO_BOX_CLEAR] = "clear",
    [NESCIO_BOX_REFUSED] = "unsupported"};

static void write_box(const nescio_box *b, uint32_t id, nescio_buffer *out)
{
    nescio_write_text(out, "{\"id\": %u, \"operator\": ", id);
    nescio_view_json_string(out, b->title);
    nescio_write_text(out, ", \"name\": ");
    nescio_view_json_string(out, b->name);
    nescio_write_text(out, ", \"kind\": \"%s\", \"details\": [", kinds[b->kind]);
    for (uint32_t i = 0; i < b->n_lines; i++) {
        nescio_write_text(out, "%s", i ? ", " : "");
        nescio_view_json_string(out, b->lines[i]);
    }
    nescio_write_text(out, "], \"attributes\": ");
    nescio_view_json_string(out, b->attributes);
    nescio_write_text(out, ", \"result\": ");
    nescio_view_json_string(out, b->result);
    nescio_write_text(out, ", \"parameters\": %llu, \"bytes\": %llu, \"why\": ",
                      (unsigned long long)b->parameters, (unsigned long long)b->bytes);
    if (b->why)
        nescio_view_json_string(out, b->why);
    else
        nescio_write_text(out, "null");
    nescio_write_text(out, "}");
}

void nescio_picture_json(const nescio_picture *p, nescio_buffer *out)
{
    nescio_write_text(out, "{\"title\": ");
    nescio_view_json_string(out, p->title);
    nescio_write_text(out, ",\n \"facts\": {");
    for (uint32_t i = 0; i < p->n_facts; i++) {
        nescio_write_text(out, "%s", i ? ", " : "");
        nescio_view_json_string(out, p->facts[i].name);
        nescio_write_text(out, ": ");
        nescio_view_json_string(out, p->facts[i].value);
    }
    nescio_write_text(out, "},\n \"nodes\": [");
    for (uint32_t i = 0; i < p->n_boxes; i++) {
        nescio_write_text(out, "%s\n  ", i ? "," : "");
        write_box(&p->boxes[i], i, out);
    }
    nescio_write_text(out, "],\n \"edges\": [");
    for (uint32_t i = 0; i < p->n_edges; i++) {
        nescio_write_text(out, "%s\n  {\"from\": %u, \"to\": %u, \"label\": ", i ? "," : "",
                          p->edges[i].from, p->edges[i].to);
        nescio_view_json_string(out, p->edges[i].label);
        nescio_write_text(out, "}");
    }
    nescio_write_text(out, "]}\n");
}
