/* SPDX-License-Identifier: Apache-2.0
 * The list of what cannot be read: gathered while reading goes on, told in one message. */
#include "onnx/import_internal.h"

#include <string.h>

#define NAMES_SHOWN   3
#define MESSAGE_BYTES 900 /* a message is cut at 1 KB */

/* One operator with one reason, and its first nodes. */
struct nescio_unsupported {
    struct nescio_unsupported *next;
    nescio_slice op, domain;
    int64_t version;
    const char *reason; /* NULL: unknown operator */
    nescio_slice names[NAMES_SHOWN];
    size_t n_nodes;
};

typedef struct nescio_unsupported unsupported;

static bool same_reason(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

nescio_status nescio_importer_note(nescio_importer *im, const nescio_onnx_node *node,
                                   int64_t version, const char *reason)
{
    unsupported **at = &im->unsupported;
    unsupported *u;

    while (*at &&
           !(nescio_slice_equal((*at)->op, node->op) &&
             nescio_slice_equal((*at)->domain, node->domain) && same_reason((*at)->reason, reason)))
        at = &(*at)->next;
    im->n_unsupported++;
    if (!*at) {
        u = nescio_arena_alloc(im->scratch, sizeof *u);
        if (!u)
            return nescio_fail_nomem(im->ctx, sizeof *u);
        u->op = node->op;
        u->domain = node->domain;
        u->version = version;
        if (reason && !(u->reason = nescio_arena_strdup(im->scratch, reason)))
            return nescio_fail_nomem(im->ctx, strlen(reason));
        *at = u;
    }
    u = *at;
    if (u->n_nodes < NAMES_SHOWN)
        u->names[u->n_nodes] =
            node->name.bytes || node->n_outputs == 0 ? node->name : node->outputs[0];
    u->n_nodes++;
    return NESCIO_OK;
}

/* Foo (ai.onnx 13; training mode): 'a', 'b' and 3 more */
static void write_entry(nescio_buffer *b, const unsupported *u)
{
    const bool standard = u->domain.bytes == 0;

    nescio_write_text(b, "%.*s (%s%.*s", NESCIO_SLICE_ARGS(u->op), standard ? "ai.onnx" : "",
                      NESCIO_SLICE_ARGS(u->domain));
    if (u->version > 0)
        nescio_write_text(b, " %lld", (long long)u->version);
    nescio_write_text(b, "%s%s):", u->reason ? "; " : "", u->reason ? u->reason : "");
    for (size_t i = 0; i < u->n_nodes && i < NAMES_SHOWN; i++)
        nescio_write_text(b, "%s '%.*s'", i ? "," : "",
                          (int)(u->names[i].bytes < 60 ? u->names[i].bytes : 60),
                          u->names[i].at ? (const char *)u->names[i].at : "");
    if (u->n_nodes > NAMES_SHOWN)
        nescio_write_text(b, " and %zu more", u->n_nodes - NAMES_SHOWN);
}

nescio_status nescio_importer_report(nescio_importer *im)
{
    nescio_buffer b = {0};
    nescio_status st;
    size_t hidden = 0;

    if (im->n_unsupported == 0)
        return NESCIO_OK;
    nescio_write_text(&b, "%zu unsupported node%s: ", im->n_unsupported,
                      im->n_unsupported == 1 ? "" : "s");
    for (const unsupported *u = im->unsupported; u; u = u->next) {
        nescio_buffer one = {0};

        write_entry(&one, u);
        if (b.bytes + one.bytes > MESSAGE_BYTES || hidden > 0) {
            hidden++;
        } else {
            if (u != im->unsupported)
                nescio_write_text(&b, "; ");
            nescio_write_bytes(&b, one.data, one.bytes);
        }
        nescio_buffer_free(&one);
    }
    if (hidden > 0)
        nescio_write_text(&b, "; and %zu more operators", hidden);
    nescio_write_u8(&b, 0);
    st = b.bad ? nescio_fail_nomem(im->ctx, MESSAGE_BYTES)
               : nescio_fail(im->ctx, NESCIO_E_UNSUPPORTED, "%s", (const char *)b.data);
    nescio_buffer_free(&b);
    return st;
}
