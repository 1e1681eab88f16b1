/* SPDX-License-Identifier: Apache-2.0
 * Pictures as SVG. */
#include "view/view_picture_internal.h"

#include <math.h>

#define MARGIN      20.0
#define LEGEND      34.0 /* height */
#define REPEATS_MAX 64u  /* edges that are looked back for the same one */

/* fill, line, by kind */
static const char *const colours[NESCIO_BOX_KINDS][2] = {
    [NESCIO_BOX_BORDER] = {"#ffffff", "#4a5560"}, [NESCIO_BOX_PLAIN] = {"#eef1f4", "#7a8794"},
    [NESCIO_BOX_LINEAR] = {"#dbe9f9", "#3b6ea8"}, [NESCIO_BOX_TABLE] = {"#fde3c8", "#b8651b"},
    [NESCIO_BOX_MOVE] = {"#e8e4f5", "#6f5fa8"},   [NESCIO_BOX_CLEAR] = {"#e0f2dc", "#4b8b3b"},
    [NESCIO_BOX_REFUSED] = {"#fbdada", "#b03030"}};

/* A line of text with its baseline at y. */
static void write_line(nescio_buffer *out, double x, double y, const char *attributes,
                       const char *text)
{
    nescio_write_text(out, "<text x=\"%.1f\" y=\"%.1f\"%s>", x, y, attributes);
    nescio_view_xml(out, text, NESCIO_VIEW_SHOWN);
    nescio_write_text(out, "</text>\n");
}

static void write_box(nescio_buffer *out, const nescio_box *b, const nescio_place *at,
                      const char *id, uint32_t number)
{
    const double x = at->x + at->w / 2;
    double y = at->y + NESCIO_VIEW_PAD + NESCIO_VIEW_FONT;

    nescio_write_text(out, "<g id=\"%sn%u\" class=\"b%d\"><title>", id, number, (int)b->kind);
    nescio_view_xml(out, b->title, 0);
    nescio_write_text(out, " ");
    nescio_view_xml(out, b->name, 0);
    nescio_write_text(out, "\n");
    nescio_view_xml(out, b->result, 0);
    if (*b->attributes) {
        nescio_write_text(out, "\n");
        nescio_view_xml(out, b->attributes, 0);
    }
    nescio_write_text(out, "\n%s", nescio_box_kind_name(b->kind));
    if (b->why) {
        nescio_write_text(out, ": ");
        nescio_view_xml(out, b->why, 0);
    }
    nescio_write_text(out,
                      "</title><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                      "rx=\"%d\" fill=\"%s\" stroke=\"%s\"/>\n",
                      at->x, at->y, at->w, at->h, b->kind == NESCIO_BOX_BORDER ? 14 : 4,
                      colours[b->kind][0], colours[b->kind][1]);
    write_line(out, x, y, " class=\"t\"", b->title);
    if (*b->name)
        write_line(out, x, y += NESCIO_VIEW_LINE, "", b->name);
    for (uint32_t i = 0; i < b->n_lines; i++)
        write_line(out, x, y += NESCIO_VIEW_LINE, " class=\"d\"", b->lines[i]);
    nescio_write_text(out, "</g>\n");
}

/* From the box's lower side straight down, then bent to the next layer, straight through it ...
 * What another edge of the net has drawn (its first `drawn` points) is left out; gives how far the
 * net is drawn now. */
static uint32_t write_edge(nescio_buffer *out, const nescio_route *r, const nescio_place *from,
                           const nescio_place *to, const char *id, uint32_t drawn)
{
    const uint32_t first = drawn < r->n - 2 ? drawn : r->n - 2;
    double x = r->points[first].x;

    nescio_write_text(out, "<path d=\"M%.1f %.1f", x,
                      first ? r->points[first].y : from->y + from->h);
    for (uint32_t i = first; i < r->n; i += 2) {
        const bool last = i + 2 == r->n;
        const double y = r->points[i].y + (i == 0 ? NESCIO_VIEW_STUB : 0);
        const nescio_point b = {r->points[i + 1].x,
                                r->points[i + 1].y - (last ? NESCIO_VIEW_HEAD : 0)};

        if (fabs(x - b.x) < .5) /* straight on: the next piece draws it */
            continue;
        nescio_write_text(out, "V%.0fC%.1f %.0f %.1f %.0f %.1f %.0f", y, x, (y + b.y) / 2, b.x,
                          (y + b.y) / 2, b.x, b.y);
        x = b.x;
    }
    nescio_write_text(out, "V%.1f\" marker-end=\"url(#%sa)\"/>\n", to->y - 1, id);
    return drawn > r->n - 2 ? drawn : r->n - 2;
}

/* The box uses the value twice: one arrow says so. */
static bool is_repeated(const nescio_picture *p, uint32_t e)
{
    for (uint32_t k = e; k-- > 0 && p->edges[k].to == p->edges[e].to && e - k <= REPEATS_MAX;)
        if (p->edges[k].net == p->edges[e].net)
            return true;
    return false;
}

/* One label a net, at its start, where there is room for it. */
static void write_labels(nescio_buffer *out, const nescio_picture *p, const nescio_layout *l,
                         bool *seen)
{
    for (uint32_t e = 0; e < p->n_edges; e++) {
        const nescio_edge *const edge = &p->edges[e];
        const nescio_place *const from = &l->boxes[edge->from];

        if (seen[edge->net] || !l->edges[e].labelled)
            continue;
        seen[edge->net] = true;
        write_line(out, l->edges[e].points[0].x + 5, from->y + from->h + 14, " class=\"e\"",
                   edge->label);
    }
}

static double write_legend(nescio_buffer *out, const nescio_picture *p)
{
    bool used[NESCIO_BOX_KINDS] = {false};
    double x = 0;

    for (uint32_t i = 0; i < p->n_boxes; i++)
        used[p->boxes[i].kind] = true;
    for (int k = 0; k < NESCIO_BOX_KINDS; k++) {
        const char *const name = nescio_box_kind_name((nescio_box_kind)k);

        if (!used[k])
            continue;
        if (out)
            nescio_write_text(out,
                              "<g class=\"b%d\"><rect x=\"%.1f\" y=\"0\" width=\"14\" "
                              "height=\"14\" rx=\"3\" fill=\"%s\" stroke=\"%s\"/><text "
                              "x=\"%.1f\" y=\"11\" class=\"k\">%s</text></g>\n",
                              k, x, colours[k][0], colours[k][1], x + 20, name);
        x += 38 + NESCIO_VIEW_COLUMN * (double)nescio_view_columns(name);
    }
    return x;
}

/* The element, its title, styles, background. Screen readers hear one picture: its boxes are texts
 * without an order. */
static void write_start(nescio_buffer *out, const nescio_picture *p, const char *id, double width,
                        double height)
{
    nescio_write_text(out,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                      "viewBox=\"0 0 %.0f %.0f\" font-family=\"DejaVu Sans, Verdana, Helvetica, "
                      "Arial, sans-serif\" font-size=\"%.0f\" role=\"img\" "
                      "aria-labelledby=\"%stitle\">\n<title id=\"%stitle\">",
                      width, height, width, height, NESCIO_VIEW_FONT, id, id);
    nescio_view_xml(out, p->title, 0);
    nescio_write_text(out, "%s%u boxes, %u arrows</title>\n", *p->title ? ": " : "",
                      (unsigned)p->n_boxes, (unsigned)p->n_edges);
    nescio_write_text(
        out,
        "<style>text{text-anchor:middle;fill:#1c2430}.t{font-weight:bold}.d{fill:#4a5560}"
        ".k{text-anchor:start}.e{text-anchor:start;font-size:11px;fill:#4a5560;stroke:#fff;"
        "stroke-width:3px;paint-order:stroke}path{fill:none;stroke:#66727e}.a{fill:#66727e;stroke:"
        "none}</style>\n"
        "<defs><marker id=\"%sa\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
        "markerHeight=\"7\" orient=\"auto\"><path class=\"a\" d=\"M0 0L8 4L0 "
        "8z\"/></marker></defs>\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
        id);
}

nescio_status nescio_picture_svg(nescio_ctx *ctx, const nescio_picture *p, const char *id,
                                 nescio_buffer *out)
{
    nescio_layout l;
    double shift, legend;
    uint32_t *drawn; /* by net */
    bool *seen;      /* by net */

    NESCIO_TRY(nescio_layout_of(ctx, p, &l));
    seen = nescio_arena_array(l.arena, p->n_nets, sizeof *seen);
    drawn = nescio_arena_array(l.arena, p->n_nets, sizeof *drawn);
    if (!seen || !drawn) {
        nescio_layout_free(&l);
        return nescio_fail_nomem(ctx, p->n_nets * sizeof *drawn);
    }
    legend = write_legend(NULL, p);
    shift = fmax(0, (legend - l.width) / 2);
    write_start(out, p, id, fmax(legend, l.width) + 2 * MARGIN, l.height + LEGEND + 2 * MARGIN);
    nescio_write_text(out, "<g transform=\"translate(%.1f %.1f)\">\n", MARGIN, MARGIN);
    (void)write_legend(out, p);
    nescio_write_text(out, "</g>\n<g transform=\"translate(%.1f %.1f)\">\n", MARGIN + shift,
                      MARGIN + LEGEND);
    for (uint32_t e = 0; e < p->n_edges; e++) {
        const nescio_edge *const edge = &p->edges[e];

        if (is_repeated(p, e))
            continue;
        drawn[edge->net] = write_edge(out, &l.edges[e], &l.boxes[edge->from], &l.boxes[edge->to],
                                      id, drawn[edge->net]);
    }
    for (uint32_t i = 0; i < p->n_boxes; i++)
        write_box(out, &p->boxes[i], &l.boxes[i], id, i);
    write_labels(out, p, &l, seen);
    nescio_write_text(out, "</g>\n</svg>\n");
    nescio_layout_free(&l);
    return out->bad ? nescio_fail_nomem(ctx, out->bytes) : NESCIO_OK;
}
