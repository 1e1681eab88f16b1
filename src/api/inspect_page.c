/* SPDX-License-Identifier: Apache-2.0
 * A package's stages as pictures, one below the other. */
#include "api/inspect_page.h"

#include "graph/graph.h"
#include "view/view_picture.h"

#include <stdlib.h>

#define PARTS 4

typedef struct page {
    nescio_ctx *ctx;
    nescio_page_part parts[PARTS];
    nescio_picture *pictures[PARTS]; /* owns */
    size_t n;
} page;

static void add_part(page *p, nescio_picture *picture, const char *heading, const char *words)
{
    p->pictures[p->n] = picture;
    p->parts[p->n++] = (nescio_page_part){heading, words, picture};
}

/* Head or tail: every operator runs in the clear, which `why` says. */
static nescio_status picture_of_border(nescio_ctx *ctx, const char *text, size_t bytes,
                                       const char *why, nescio_picture **out)
{
    nescio_node_mark *marks;
    nescio_graph *graph = NULL;
    nescio_status st;
    size_t n = 0;

    NESCIO_TRY(nescio_graph_parse(ctx, text, bytes, &graph));
    for (const nescio_node *node = graph->first; node; node = node->next)
        n++;
    marks = calloc(n + 1, sizeof *marks);
    st = marks ? nescio_graph_infer(ctx, graph) : nescio_fail_nomem(ctx, n * sizeof *marks);
    for (size_t i = 0; marks && i < n; i++)
        marks[i] = (nescio_node_mark){NESCIO_BOX_CLEAR, why};
    if (st == NESCIO_OK)
        st = nescio_picture_of_graph(ctx, graph, marks, out);
    free(marks);
    nescio_graph_free(graph);
    return st;
}

static nescio_status add_head(page *p, const nescio_client_part *client)
{
    nescio_picture *picture = NULL;

    NESCIO_TRY(picture_of_border(p->ctx, client->head, client->head_bytes,
                                 "head: before encryption", &picture));
    add_part(p, picture, "Head",
             "What the client computes in the clear before it quantizes and encrypts.");
    return NESCIO_OK;
}

static nescio_status add_tail(page *p, const nescio_client_part *client)
{
    nescio_picture *picture = NULL;

    NESCIO_TRY(picture_of_border(p->ctx, client->tail, client->tail_bytes, "tail: after decryption",
                                 &picture));
    add_part(p, picture, "Tail", "What the client computes in the clear after it decrypts.");
    return NESCIO_OK;
}

static nescio_status add_body(page *p, const nescio_server_part *server)
{
    nescio_picture *picture = NULL;

    NESCIO_TRY(nescio_picture_of_circuit(p->ctx, server->circuit, &picture));
    add_part(p, picture, "Circuit",
             "What the server computes encrypted: exact integers, edges with their bits.");
    NESCIO_TRY(nescio_picture_of_plan(p->ctx, server->plan, server->circuit, &picture));
    add_part(p, picture, "Plan", "How the server computes it: steps on ciphertexts.");
    return NESCIO_OK;
}

nescio_status nescio_inspect_page(nescio_ctx *ctx, const char *path, const nescio_package *package,
                                  nescio_buffer *out)
{
    page p = {.ctx = ctx};
    nescio_status st = package->client ? add_head(&p, package->client) : NESCIO_OK;

    if (st == NESCIO_OK && package->server)
        st = add_body(&p, package->server);
    if (st == NESCIO_OK && package->client)
        st = add_tail(&p, package->client);
    if (st == NESCIO_OK)
        st = nescio_page_write(ctx, path, p.parts, p.n, out);
    for (size_t i = 0; i < p.n; i++)
        nescio_picture_free(p.pictures[i]);
    return st;
}
