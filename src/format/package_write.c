/* SPDX-License-Identifier: Apache-2.0
 * Writes packages, whole or one part of an open one. Equal inputs give equal bytes on every
 * machine. */
#include "format/package_internal.h"

#include <string.h>

/* The serial forms of a source, in memory until the file is written. */
typedef struct parts {
    nescio_circuit_pools pools;
    nescio_buffer border, plan;
    nescio_builder builder;
} parts;

static void parts_free(parts *p)
{
    nescio_buffer_free(&p->pools.gates);
    nescio_buffer_free(&p->pools.i64);
    nescio_buffer_free(&p->pools.i32);
    nescio_buffer_free(&p->pools.u32);
    nescio_buffer_free(&p->border);
    nescio_buffer_free(&p->plan);
    nescio_builder_free(&p->builder);
}

static nescio_status parts_make(nescio_ctx *ctx, const nescio_package_source *s, parts *p)
{
    uint8_t params[NESCIO_ID_BYTES], encoding[NESCIO_ID_BYTES];
    nescio_circuit_pools *pools = &p->pools;
    nescio_builder *b = &p->builder;

    nescio_circuit_write(pools, s->circuit);
    nescio_plan_write(&p->plan, s->plan);
    nescio_border_write(&p->border, s);
    if (pools->gates.bad || pools->i64.bad || pools->i32.bad || pools->u32.bad || p->border.bad ||
        p->plan.bad)
        return nescio_fail_nomem(ctx, pools->i32.bytes);
    nescio_params_id(params, &s->plan->params);
    nescio_digest_id(encoding, p->border.data, p->border.bytes);
    nescio_builder_meta(b, "nescio.scheme", nescio_scheme_name(s->plan->scheme));
    nescio_builder_meta_id(b, "nescio.params", params);
    nescio_builder_meta_id(b, "nescio.encoding", encoding);
    nescio_builder_add(b, "circuit.i64", NESCIO_I64, pools->i64.data, pools->i64.bytes / 8);
    nescio_builder_add(b, "circuit.i32", NESCIO_I32, pools->i32.data, pools->i32.bytes / 4);
    nescio_builder_add(b, "circuit.u32", NESCIO_U32, pools->u32.data, pools->u32.bytes / 4);
    nescio_builder_add(b, "circuit.gates", NESCIO_U8, pools->gates.data, pools->gates.bytes);
    nescio_builder_add(b, "plan", NESCIO_U8, p->plan.data, p->plan.bytes);
    nescio_builder_add(b, "client", NESCIO_U8, p->border.data, p->border.bytes);
    nescio_builder_add(b, "client.head", NESCIO_U8, s->head, s->head_bytes);
    nescio_builder_add(b, "client.tail", NESCIO_U8, s->tail, s->tail_bytes);
    return NESCIO_OK;
}

nescio_status nescio_package_write(nescio_ctx *ctx, const nescio_package_source *source,
                                   const char *path)
{
    parts p = {0};
    nescio_status st = parts_make(ctx, source, &p);

    if (st == NESCIO_OK)
        st = nescio_builder_write(ctx, &p.builder, NESCIO_FILE_MODEL, path, 0644);
    parts_free(&p);
    return st;
}

nescio_status nescio_package_bytes(nescio_ctx *ctx, const nescio_package_source *source,
                                   nescio_buffer *out)
{
    parts p = {0};
    nescio_status st = parts_make(ctx, source, &p);

    if (st == NESCIO_OK)
        st = nescio_builder_bytes(ctx, &p.builder, NESCIO_FILE_MODEL, out);
    parts_free(&p);
    return st;
}

nescio_status nescio_package_split(nescio_ctx *ctx, const nescio_package *package, const char *kind,
                                   const char *path)
{
    const bool client = strcmp(kind, NESCIO_FILE_CLIENT) == 0;
    const nescio_container *file = package->file;
    static const char *const ids[] = {"nescio.scheme", "nescio.params", "nescio.encoding"};
    nescio_builder b = {0};
    nescio_status st;

    if (client ? !package->client : !package->server)
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "%s has no %s part", nescio_container_name(file),
                           kind);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (nescio_container_meta(file, ids[i]))
            nescio_builder_meta(&b, ids[i], nescio_container_meta(file, ids[i]));
    for (size_t i = 0; i < nescio_container_count(file); i++) {
        const nescio_entry *e = nescio_container_at(file, i);
        if ((strncmp(e->name, "client", 6) == 0) == client)
            nescio_builder_add(&b, e->name, e->dtype, e->data, e->count);
    }
    st = nescio_builder_write(ctx, &b, kind, path, 0644);
    nescio_builder_free(&b);
    return st;
}
