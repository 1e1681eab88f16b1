/* SPDX-License-Identifier: Apache-2.0
 * What pictures are made of. Fillers append boxes and edges; layout places them; writers read. */
#ifndef NESCIO_VIEW_VIEW_PICTURE_INTERNAL_H
#define NESCIO_VIEW_VIEW_PICTURE_INTERNAL_H
#include "view/view_picture.h"

#define NESCIO_BOX_LINES 4

typedef struct nescio_box {
    nescio_box_kind kind;
    const char *title;                   /**< operator */
    const char *name;                    /**< of the node, gate or wire */
    const char *lines[NESCIO_BOX_LINES]; /**< further text, for people */
    uint32_t n_lines;
    const char *attributes;     /**< of the node, one line; "": none */
    const char *result;         /**< shape, range and bits of what comes out */
    const char *why;            /**< may be NULL */
    uint64_t parameters, bytes; /**< numbers of the model that are in it */
} nescio_box;

/** A use of what a box makes. Edges with one `net` leave the box as one line. */
typedef struct nescio_edge {
    uint32_t from, to; /**< boxes; from < to */
    uint32_t net;      /**< which value; numbered from 0 */
    const char *label;
} nescio_edge;

typedef struct nescio_fact {
    const char *name, *value;
} nescio_fact;

struct nescio_picture {
    nescio_arena *arena;
    const char *title;
    nescio_fact *facts;
    nescio_box *boxes;
    nescio_edge *edges;
    uint32_t n_facts, cap_facts, n_boxes, cap_boxes, n_edges, cap_edges, n_nets;
    bool bad;         /**< no memory: checked once at the end */
    nescio_box scrap; /**< what fillers write to when bad */
};

nescio_picture *nescio_picture_new(void);
/** Ends filling: NESCIO_E_NOMEM when something did not fit. Takes the picture on failure. */
NESCIO_MUST_CHECK nescio_status nescio_picture_finish(nescio_ctx *ctx, nescio_picture *p,
                                                      nescio_picture **out);
/** Formatted text of the picture; never NULL ("" when bad). */
const char *nescio_picture_text(nescio_picture *p, const char *format, ...) NESCIO_PRINTF(2, 3);
/** A box, valid until the next one; copies title and name. Never NULL: when bad it is a scrap. */
nescio_box *nescio_picture_box(nescio_picture *p, nescio_box_kind kind, const char *title,
                               const char *name);
/** One more line; beyond NESCIO_BOX_LINES it is dropped. */
void nescio_box_line(nescio_box *box, const char *line);
/** Borrows label, which nescio_picture_text made. */
void nescio_picture_edge(nescio_picture *p, uint32_t from, uint32_t to, uint32_t net,
                         const char *label);
void nescio_picture_fact(nescio_picture *p, const char *name, const char *value);
/** "alpha = 1, strides = [2, 2]": long lists, tensors and bodies by their size. Lives with p. */
const char *nescio_view_attributes(nescio_picture *p, const nescio_node *node);
/** "linear", "runs in the clear" ... */
const char *nescio_box_kind_name(nescio_box_kind kind);
/** Bits that hold the range, sign included where there is one. */
int nescio_view_bits(int64_t lo, int64_t hi);

/** Text in the forms of the writers: XML (elements and attributes), JSON with its quotes, DOT with
 * its quotes; lines of plain text. Bytes that are no UTF-8 and control characters become U+FFFD;
 * so do, where people read, the characters that turn the direction of text: they could make a name
 * look like another one. At most `max` columns, an ellipsis among them where some are left out; 0:
 * all. */
void nescio_view_xml(nescio_buffer *out, const char *text, size_t max);
void nescio_view_json_string(nescio_buffer *out, const char *text);
void nescio_view_dot_string(nescio_buffer *out, const char *text);
void nescio_view_plain(nescio_buffer *out, const char *text);
/** Characters of the text, wide ones counted twice. */
size_t nescio_view_columns(const char *text);

void nescio_picture_dot(const nescio_picture *p, nescio_buffer *out);
void nescio_picture_json(const nescio_picture *p, nescio_buffer *out);
/** `id` stands before the names of elements, which have to differ on one page. */
NESCIO_MUST_CHECK nescio_status nescio_picture_svg(nescio_ctx *ctx, const nescio_picture *p,
                                                   const char *id, nescio_buffer *out);
NESCIO_MUST_CHECK nescio_status nescio_picture_html(nescio_ctx *ctx, const nescio_picture *p,
                                                    nescio_buffer *out);

/** Characters of a text that a picture shows; the rest is in the tooltip and the table. */
#define NESCIO_VIEW_SHOWN 34

/** Where a box is, in pixels; for edges the line and the label. */
typedef struct nescio_place {
    double x, y, w, h; /**< left, top */
} nescio_place;

typedef struct nescio_point {
    double x, y;
} nescio_point;

/** From (points[0]) down to (points[n - 1]): pieces between layers are bent, in layers straight. */
typedef struct nescio_route {
    nescio_point *points; /**< [n] even: (leave, enter) of each gap between layers */
    uint32_t n;
    bool labelled; /**< there is room for the label at its start */
} nescio_route;

typedef struct nescio_layout {
    nescio_arena *arena; /**< owns */
    nescio_place *boxes; /**< [n_boxes] */
    nescio_route *edges; /**< [n_edges] */
    double width, height;
} nescio_layout;

/** Lengths in pixels that layout and SVG share. */
#define NESCIO_VIEW_FONT   12.0 /**< size of text */
#define NESCIO_VIEW_COLUMN 7.3  /**< width of a character, on the safe side */
#define NESCIO_VIEW_LINE   16.0 /**< height of a line */
#define NESCIO_VIEW_PAD    9.0  /**< around a box's text */
#define NESCIO_VIEW_HEAD   9.0  /**< straight end of an edge, under its arrow */
#define NESCIO_VIEW_STUB   20.0 /**< straight start of an edge, beside which its label stands */

NESCIO_MUST_CHECK nescio_status nescio_layout_of(nescio_ctx *ctx, const nescio_picture *p,
                                                 nescio_layout *out);
void nescio_layout_free(nescio_layout *layout);
#endif /* NESCIO_VIEW_VIEW_PICTURE_INTERNAL_H */
