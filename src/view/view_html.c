/* SPDX-License-Identifier: Apache-2.0
 * One HTML file that loads nothing else: for each picture facts, the SVG, what is not supported and
 * why, and a table of all boxes. Well-formed XML, too. */
#include "view/view_picture_internal.h"

#include <stdio.h>

static void write_cell(nescio_buffer *out, const char *text)
{
    nescio_write_text(out, "<td>");
    nescio_view_xml(out, text, 0);
    nescio_write_text(out, "</td>");
}

static void write_number(nescio_buffer *out, uint64_t n)
{
    if (n)
        nescio_write_text(out, "<td class=\"n\">%llu</td>", (unsigned long long)n);
    else
        nescio_write_text(out, "<td></td>");
}

static void write_head(nescio_buffer *out, const char *title)
{
    nescio_write_text(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
                           "<title>");
    nescio_view_xml(out, title, 0);
    nescio_write_text(
        out, "</title><style>body{font:14px DejaVu Sans,Verdana,Helvetica,Arial,sans-serif;"
             "margin:2em;color:#1c2430}table{border-collapse:collapse;margin:1em 0}"
             "td,th{border-bottom:1px solid #dde2e7;padding:.25em .8em;text-align:left;"
             "vertical-align:top}td.n{text-align:right}div.s{overflow:auto;border:1px solid "
             "#dde2e7;max-height:85vh}nav a{margin-right:1.5em}h2{margin-top:2em}"
             "</style></head><body>\n<h1>");
    nescio_view_xml(out, title, 0);
    nescio_write_text(out, "</h1>\n");
}

static void write_facts(nescio_buffer *out, const nescio_picture *p)
{
    nescio_write_text(out, "<table>\n");
    for (uint32_t i = 0; i < p->n_facts; i++) {
        nescio_write_text(out, "<tr>");
        write_cell(out, p->facts[i].name);
        write_cell(out, p->facts[i].value);
        nescio_write_text(out, "</tr>\n");
    }
    nescio_write_text(out, "</table>\n");
}

static void write_row(nescio_buffer *out, const nescio_box *b, const char *id, uint32_t number)
{
    nescio_write_text(out, "<tr><td class=\"n\"><a href=\"#%sn%u\">%u</a></td>", id, number,
                      number);
    write_cell(out, b->title);
    write_cell(out, b->name);
    nescio_write_text(out, "<td>");
    for (uint32_t i = 0; i < b->n_lines; i++) {
        nescio_write_text(out, "%s", i ? "; " : "");
        nescio_view_xml(out, b->lines[i], 0);
    }
    nescio_write_text(out, "</td>");
    write_cell(out, b->result);
    write_number(out, b->parameters);
    write_number(out, b->bytes);
    write_cell(out, nescio_box_kind_name(b->kind));
    nescio_write_text(out, "</tr>\n");
}

static void write_refused(nescio_buffer *out, const nescio_picture *p)
{
    bool any = false;

    for (uint32_t i = 0; i < p->n_boxes; i++) {
        const nescio_box *const b = &p->boxes[i];

        if (b->kind != NESCIO_BOX_REFUSED)
            continue;
        nescio_write_text(out, "%s<li>", any ? "" : "<h3>Not supported</h3>\n<ul>\n");
        any = true;
        nescio_view_xml(out, b->title, 0);
        nescio_write_text(out, " ");
        nescio_view_xml(out, b->name, 0);
        nescio_write_text(out, ": ");
        nescio_view_xml(out, b->why ? b->why : "", 0);
        nescio_write_text(out, "</li>\n");
    }
    nescio_write_text(out, "%s", any ? "</ul>\n" : "");
}

/* All of one picture below its heading. */
static nescio_status write_picture(nescio_ctx *ctx, const nescio_picture *p, const char *id,
                                   nescio_buffer *out)
{
    write_facts(out, p);
    nescio_write_text(out, "<div class=\"s\">");
    NESCIO_TRY(nescio_picture_svg(ctx, p, id, out));
    nescio_write_text(out, "</div>\n");
    write_refused(out, p);
    nescio_write_text(out, "<table>\n<tr><th>#</th><th>operator</th>"
                           "<th>name</th><th>details</th><th>result</th><th>parameters</th>"
                           "<th>bytes</th><th>how</th></tr>\n");
    for (uint32_t i = 0; i < p->n_boxes; i++)
        write_row(out, &p->boxes[i], id, i);
    nescio_write_text(out, "</table>\n");
    return NESCIO_OK;
}

static nescio_status write_end(nescio_ctx *ctx, nescio_buffer *out)
{
    nescio_write_text(out, "</body></html>\n");
    return out->bad ? nescio_fail_nomem(ctx, out->bytes) : NESCIO_OK;
}

nescio_status nescio_picture_html(nescio_ctx *ctx, const nescio_picture *p, nescio_buffer *out)
{
    write_head(out, *p->title ? p->title : "graph");
    NESCIO_TRY(write_picture(ctx, p, "", out));
    return write_end(ctx, out);
}

nescio_status nescio_page_write(nescio_ctx *ctx, const char *title, const nescio_page_part *parts,
                                size_t n, nescio_buffer *out)
{
    char id[24];

    write_head(out, title);
    nescio_write_text(out, "<nav>");
    for (size_t i = 0; i < n; i++) {
        nescio_write_text(out, "<a href=\"#p%zu\">", i);
        nescio_view_xml(out, parts[i].heading, 0);
        nescio_write_text(out, "</a>");
    }
    nescio_write_text(out, "</nav>\n");
    for (size_t i = 0; i < n; i++) {
        nescio_write_text(out, "<h2 id=\"p%zu\">", i);
        nescio_view_xml(out, parts[i].heading, 0);
        nescio_write_text(out, "</h2>\n<p>");
        nescio_view_xml(out, parts[i].words, 0);
        nescio_write_text(out, "</p>\n");
        snprintf(id, sizeof id, "p%zu", i);
        NESCIO_TRY(write_picture(ctx, parts[i].picture, id, out));
    }
    return write_end(ctx, out);
}
