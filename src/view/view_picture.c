/* SPDX-License-Identifier: Apache-2.0
 * Making pictures box by box, and choosing the writer. */
#include "view/view_picture_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nescio_picture *nescio_picture_new(void)
{
    nescio_picture *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->arena = nescio_arena_new();
    p->title = "";
    if (!p->arena) {
        free(p);
        return NULL;
    }
    return p;
}

void nescio_picture_free(nescio_picture *p)
{
    if (!p)
        return;
    nescio_arena_free(p->arena);
    free(p->facts);
    free(p->boxes);
    free(p->edges);
    free(p);
}

nescio_status nescio_picture_finish(nescio_ctx *ctx, nescio_picture *p, nescio_picture **out)
{
    *out = NULL;
    if (p->bad || nescio_arena_failed(p->arena)) {
        const size_t bytes = nescio_arena_bytes(p->arena);

        nescio_picture_free(p);
        return nescio_fail_nomem(ctx, bytes);
    }
    *out = p;
    return NESCIO_OK;
}

const char *nescio_picture_text(nescio_picture *p, const char *format, ...)
{
    va_list args, again;
    char *text;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = n < 0 ? NULL : nescio_arena_alloc(p->arena, (size_t)n + 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    p->bad |= !text;
    return text ? text : "";
}

/* Room for one more in *list; false: no memory. */
static bool grow(void **list, uint32_t n, uint32_t *cap, size_t size)
{
    const uint32_t wanted = *cap ? 2 * *cap : 32;
    void *more;

    if (n < *cap)
        return true;
    if (*cap > UINT32_MAX / 4 || !(more = realloc(*list, wanted * size)))
        return false;
    *list = more;
    *cap = wanted;
    return true;
}

nescio_box *nescio_picture_box(nescio_picture *p, nescio_box_kind kind, const char *title,
                               const char *name)
{
    static const nescio_box empty;
    void *list = p->boxes;
    nescio_box *box;

    if (!grow(&list, p->n_boxes, &p->cap_boxes, sizeof *p->boxes)) {
        p->bad = true;
        box = &p->scrap;
    } else {
        p->boxes = list;
        box = &p->boxes[p->n_boxes++];
    }
    *box = empty;
    box->kind = kind;
    box->title = nescio_picture_text(p, "%s", title);
    box->name = nescio_picture_text(p, "%s", name);
    box->attributes = box->result = "";
    return box;
}

void nescio_box_line(nescio_box *box, const char *line)
{
    if (box->n_lines < NESCIO_BOX_LINES && *line)
        box->lines[box->n_lines++] = line;
}

void nescio_picture_edge(nescio_picture *p, uint32_t from, uint32_t to, uint32_t net,
                         const char *label)
{
    void *list = p->edges;

    if (!grow(&list, p->n_edges, &p->cap_edges, sizeof *p->edges)) {
        p->bad = true;
        return;
    }
    p->edges = list;
    p->edges[p->n_edges++] = (nescio_edge){from, to, net, label};
    if (net >= p->n_nets)
        p->n_nets = net + 1;
}

void nescio_picture_fact(nescio_picture *p, const char *name, const char *value)
{
    void *list = p->facts;

    if (!grow(&list, p->n_facts, &p->cap_facts, sizeof *p->facts)) {
        p->bad = true;
        return;
    }
    p->facts = list;
    p->facts[p->n_facts++] = (nescio_fact){nescio_picture_text(p, "%s", name), value};
}

const char *nescio_box_kind_name(nescio_box_kind kind)
{
    static const char *const names[NESCIO_BOX_KINDS] = {
        [NESCIO_BOX_BORDER] = "input or output",
        [NESCIO_BOX_PLAIN] = "operator",
        [NESCIO_BOX_LINEAR] = "encrypted: linear",
        [NESCIO_BOX_TABLE] = "encrypted: table",
        [NESCIO_BOX_MOVE] = "encrypted: moves",
        [NESCIO_BOX_CLEAR] = "in the clear, client",
        [NESCIO_BOX_REFUSED] = "not supported encrypted"};

    return names[kind];
}

int nescio_view_bits(int64_t lo, int64_t hi)
{
    const double reach = fmax(lo < 0 ? -(double)lo : (double)lo + 1, (double)hi + 1);

    return (int)ceil(log2(reach < 1 ? 1 : reach)) + (lo < 0);
}

static const char *const formats[] = {"json", "dot", "svg", "html"};

bool nescio_picture_has_format(const char *format)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(format, formats[i]) == 0)
            return true;
    return false;
}

nescio_status nescio_picture_write(nescio_ctx *ctx, const nescio_picture *picture,
                                   const char *format, nescio_buffer *out)
{
    if (strcmp(format, "svg") == 0)
        return nescio_picture_svg(ctx, picture, "", out);
    if (strcmp(format, "html") == 0)
        return nescio_picture_html(ctx, picture, out);
    if (strcmp(format, "dot") == 0)
        nescio_picture_dot(picture, out);
    else
        nescio_picture_json(picture, out);
    return out->bad ? nescio_fail_nomem(ctx, out->bytes) : NESCIO_OK;
}
