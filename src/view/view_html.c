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

/* A cell whose text breaks anywhere: names may be long and without blanks. */
static void write_wide_cell(nescio_buffer *out, const char *text)
{
    nescio_write_text(out, "<td class=\"w\">");
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

/* Nothing is fetched and no script runs, whatever names hold. Rules for the dark are here and not
 * in the drawing: they must win over its own, so they start with "svg". */
static const char style[] =
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\"/>\n<style>\n"
    ":root{color-scheme:light dark;--ink:#1c2430;--line:#dde2e7;--paper:#fff;--link:#0b57b0}\n"
    "body{font:14px DejaVu Sans,Verdana,Helvetica,Arial,sans-serif;margin:2em;color:var(--ink);"
    "background:var(--paper)}a{color:var(--link)}h1,h2,p,li{overflow-wrap:anywhere}h2{margin-top:"
    "2em}"
    "nav a{margin-right:1.5em}\n"
    "table{border-collapse:collapse;margin:1em 0}caption{text-align:left;padding:.25em 0}"
    "td,th{border-bottom:1px solid var(--line);padding:.25em .8em;text-align:left;"
    "vertical-align:top}th[scope=row]{font-weight:normal}td.n,th.n{text-align:right}"
    "td.w{overflow-wrap:anywhere;min-width:8em;max-width:32em}"
    "div.s{overflow:auto;border:1px solid var(--line);max-height:85vh}"
    "div.s svg{display:block;margin:0 auto}input:checked+label+div.s svg{width:100%;height:auto}"
    "input{margin:0 .5em 0 0}label{display:inline-block;margin:0 0 .5em}g:target rect{stroke-width:4}\n"
    "@media print{div.s{max-height:none;overflow:visible;border:0}div.s svg{max-width:100%;"
    "height:auto}}\n"
    "@media screen and (prefers-color-scheme:dark){"
    ":root{--ink:#e6eaef;--line:#39434e;--paper:#13181e;--link:#8ab8f0}"
    "svg>rect{fill:#13181e}svg text{fill:#e6eaef}svg .d{fill:#b4bec9}"
    "svg .e{fill:#b4bec9;stroke:#13181e}svg path{stroke:#8c98a5}svg "
    "path.a{fill:#8c98a5;stroke:none}"
    "svg .b0 rect{fill:#13181e;stroke:#b4bec9}svg .b1 rect{fill:#29313a;stroke:#8c98a5}"
    "svg .b2 rect{fill:#17334f;stroke:#6ea3dd}svg .b3 rect{fill:#4a2f14;stroke:#dd9250}"
    "svg .b4 rect{fill:#2f2a4d;stroke:#a596dc}svg .b5 rect{fill:#1f3d19;stroke:#7dbb6c}"
    "svg .b6 rect{fill:#4d1f1f;stroke:#e07878}}\n</style></head><body>\n<main>\n<h1>";

static void write_head(nescio_buffer *out, const char *title)
{
    nescio_write_text(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
                           "<title>");
    nescio_view_xml(out, title, 0);
    nescio_write_text(out, "</title>");
    nescio_write_bytes(out, style, sizeof style - 1);
    nescio_view_xml(out, title, 0);
    nescio_write_text(out, "</h1>\n");
}

static void write_facts(nescio_buffer *out, const nescio_picture *p)
{
    nescio_write_text(out, "<table>\n");
    for (uint32_t i = 0; i < p->n_facts; i++) {
        nescio_write_text(out, "<tr><th scope=\"row\">");
        nescio_view_xml(out, p->facts[i].name, 0);
        nescio_write_text(out, "</th>");
        write_cell(out, p->facts[i].value);
        nescio_write_text(out, "</tr>\n");
    }
    nescio_write_text(out, "</table>\n");
}

static void write_row(nescio_buffer *out, const nescio_box *b, const char *id, uint32_t number)
{
    const char *between = "";

    nescio_write_text(out, "<tr><td class=\"n\"><a href=\"#%sn%u\">%u</a></td>", id, number,
                      number);
    write_cell(out, b->title);
    write_wide_cell(out, b->name);
    nescio_write_text(out, "<td class=\"w\">");
    for (uint32_t i = 0; i < b->n_lines; i++, between = "; ") {
        nescio_write_text(out, "%s", between);
        nescio_view_xml(out, b->lines[i], 0);
    }
    nescio_write_text(out, "%s", *b->attributes ? between : "");
    nescio_view_xml(out, b->attributes, 0);
    nescio_write_text(out, "</td>");
    write_wide_cell(out, b->result);
    write_number(out, b->parameters);
    write_number(out, b->bytes);
    write_cell(out, nescio_box_kind_name(b->kind));
    nescio_write_text(out, "</tr>\n");
}

/* `level`: of the heading. */
static void write_refused(nescio_buffer *out, const nescio_picture *p, int level)
{
    bool any = false;

    for (uint32_t i = 0; i < p->n_boxes; i++) {
        const nescio_box *const b = &p->boxes[i];

        if (b->kind != NESCIO_BOX_REFUSED)
            continue;
        if (!any)
            nescio_write_text(out,
                              "<h%d>Not supported encrypted</h%d>\n<p>The model runs in the clear; "
                              "compiling it is refused as long as these nodes stand between "
                              "encryption and decryption.</p>\n<ul>\n",
                              level, level);
        any = true;
        nescio_write_text(out, "<li>");
        nescio_view_xml(out, b->title, 0);
        nescio_write_text(out, " ");
        nescio_view_xml(out, b->name, 0);
        nescio_write_text(out, ": ");
        nescio_view_xml(out, b->why ? b->why : "", 0);
        nescio_write_text(out, "</li>\n");
    }
    nescio_write_text(out, "%s", any ? "</ul>\n" : "");
}

/* All of one picture below its heading of that level. */
static nescio_status write_picture(nescio_ctx *ctx, const nescio_picture *p, const char *id,
                                   int level, nescio_buffer *out)
{
    write_facts(out, p);
    nescio_write_text(out,
                      "<input type=\"checkbox\" id=\"%sfit\"/><label for=\"%sfit\"> Fit the "
                      "drawing to the page</label>\n<div class=\"s\" tabindex=\"0\" "
                      "role=\"region\" aria-labelledby=\"%stitle\">",
                      id, id, id);
    NESCIO_TRY(nescio_picture_svg(ctx, p, id, out));
    nescio_write_text(out, "</div>\n");
    write_refused(out, p, level + 1);
    nescio_write_text(out, "<table>\n<caption>All boxes of the drawing; the number leads to "
                           "it.</caption>\n<thead><tr><th scope=\"col\" class=\"n\">#</th>"
                           "<th scope=\"col\">operator</th><th scope=\"col\">name</th>"
                           "<th scope=\"col\">details</th><th scope=\"col\">result</th>"
                           "<th scope=\"col\" class=\"n\">parameters</th>"
                           "<th scope=\"col\" class=\"n\">bytes</th>"
                           "<th scope=\"col\">how</th></tr></thead>\n<tbody>\n");
    for (uint32_t i = 0; i < p->n_boxes; i++)
        write_row(out, &p->boxes[i], id, i);
    nescio_write_text(out, "</tbody></table>\n");
    return NESCIO_OK;
}

static nescio_status write_end(nescio_ctx *ctx, nescio_buffer *out)
{
    nescio_write_text(out, "</main>\n</body></html>\n");
    return out->bad ? nescio_fail_nomem(ctx, out->bytes) : NESCIO_OK;
}

nescio_status nescio_picture_html(nescio_ctx *ctx, const nescio_picture *p, nescio_buffer *out)
{
    write_head(out, *p->title ? p->title : "graph");
    NESCIO_TRY(write_picture(ctx, p, "", 1, out));
    return write_end(ctx, out);
}

nescio_status nescio_page_write(nescio_ctx *ctx, const char *title, const nescio_page_part *parts,
                                size_t n, nescio_buffer *out)
{
    char id[24];

    write_head(out, title);
    nescio_write_text(out, "<nav aria-label=\"Sections\">");
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
        NESCIO_TRY(write_picture(ctx, parts[i].picture, id, 2, out));
    }
    return write_end(ctx, out);
}
