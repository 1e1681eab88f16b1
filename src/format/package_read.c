/* SPDX-License-Identifier: Apache-2.0
 * Opens packages: the client part, the server part, or both, and that the two belong together. */
#include "format/package_internal.h"

#include <stdlib.h>
#include <string.h>

static const char *const kinds_any[] = {NESCIO_FILE_MODEL, NESCIO_FILE_CLIENT, NESCIO_FILE_SERVER,
                                        NULL};
static const char *const kinds_client[] = {NESCIO_FILE_CLIENT, NESCIO_FILE_MODEL, NULL};
static const char *const kinds_server[] = {NESCIO_FILE_SERVER, NESCIO_FILE_MODEL, NULL};
static const char *const kinds_both[] = {NESCIO_FILE_MODEL, NULL};

void nescio_package_free(nescio_package *package)
{
    if (!package)
        return;
    if (package->server) {
        nescio_plan_free(package->server->plan);
        nescio_circuit_free(package->server->circuit);
    }
    nescio_arena_free(package->arena);
    nescio_container_free(package->file);
    free(package);
}

static nescio_status read_client(nescio_ctx *ctx, nescio_package *p)
{
    const nescio_entry *border = NULL, *head = NULL, *tail = NULL;
    nescio_client_part *client = nescio_arena_alloc(p->arena, sizeof *client);

    if (!client)
        return nescio_fail_nomem(ctx, sizeof *client);
    NESCIO_TRY(nescio_container_need(ctx, p->file, "client", NESCIO_U8, &border));
    NESCIO_TRY(nescio_container_need(ctx, p->file, "client.head", NESCIO_U8, &head));
    NESCIO_TRY(nescio_container_need(ctx, p->file, "client.tail", NESCIO_U8, &tail));
    NESCIO_TRY(nescio_border_read(ctx, p->arena, nescio_container_name(p->file), border, client));
    client->name = nescio_container_name(p->file);
    client->head = (const char *)head->data;
    client->head_bytes = head->bytes;
    client->tail = (const char *)tail->data;
    client->tail_bytes = tail->bytes;
    p->client = client;
    return NESCIO_OK;
}

static nescio_status read_server(nescio_ctx *ctx, nescio_package *p)
{
    const nescio_entry *plan = NULL;
    nescio_server_part *server = nescio_arena_alloc(p->arena, sizeof *server);

    if (!server)
        return nescio_fail_nomem(ctx, sizeof *server);
    server->name = nescio_container_name(p->file);
    p->server = server; /* from here on nescio_package_free frees its parts */
    NESCIO_TRY(nescio_container_need(ctx, p->file, "plan", NESCIO_U8, &plan));
    NESCIO_TRY(nescio_circuit_read(ctx, p->file, &server->circuit));
    NESCIO_TRY(nescio_plan_read(ctx, nescio_container_name(p->file), plan, &server->plan));
    NESCIO_TRY(nescio_blame_file(ctx, nescio_container_name(p->file),
                                 nescio_plan_bind(ctx, server->plan, server->circuit)));
    nescio_params_id(server->params_id, &server->plan->params);
    return nescio_container_id(ctx, p->file, "nescio.encoding", server->encoding_id);
}

/* The metadata of the file and both parts name the same parameters and encoding. */
static nescio_status check_ids(nescio_ctx *ctx, const nescio_package *p)
{
    const char *name = nescio_container_name(p->file);
    uint8_t params[NESCIO_ID_BYTES], encoding[NESCIO_ID_BYTES];

    NESCIO_TRY(nescio_container_id(ctx, p->file, "nescio.params", params));
    NESCIO_TRY(nescio_container_id(ctx, p->file, "nescio.encoding", encoding));
    if (p->client && (memcmp(p->client->params_id, params, sizeof params) != 0 ||
                      memcmp(p->client->encoding_id, encoding, sizeof encoding) != 0))
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': its client part does not match its metadata", name);
    if (p->server && memcmp(p->server->params_id, params, sizeof params) != 0)
        return nescio_fail(ctx, NESCIO_E_FORMAT,
                           "'%s': its server part does not match its metadata", name);
    return NESCIO_OK;
}

/* The client part is the one that would be written for this server part: same inputs and outputs,
 * same scales, same layout. From here on either may index by the other's counts. */
static nescio_status check_border(nescio_ctx *ctx, const nescio_package *p)
{
    const nescio_package_source source = {
        .circuit = p->server->circuit, .plan = p->server->plan, .results = p->client->results};
    const nescio_entry *border = nescio_container_find(p->file, "client");
    nescio_buffer written = {0};
    nescio_status st = NESCIO_OK;

    nescio_border_write(&written, &source);
    if (written.bad)
        st = nescio_fail_nomem(ctx, border->bytes);
    else if (written.bytes != border->bytes || memcmp(written.data, border->data, border->bytes))
        st = nescio_fail(ctx, NESCIO_E_FORMAT,
                         "'%s': its client part and its server part are of different models",
                         nescio_container_name(p->file));
    nescio_buffer_free(&written);
    return st;
}

static nescio_status read_parts(nescio_ctx *ctx, nescio_package *p)
{
    const char *kind = nescio_container_kind(p->file);

    if (strcmp(kind, NESCIO_FILE_SERVER) != 0)
        NESCIO_TRY(read_client(ctx, p));
    if (strcmp(kind, NESCIO_FILE_CLIENT) != 0)
        NESCIO_TRY(read_server(ctx, p));
    NESCIO_TRY(check_ids(ctx, p));
    return p->client && p->server ? check_border(ctx, p) : NESCIO_OK;
}

static const char *const *kinds_for(bool client, bool server)
{
    if (client && server)
        return kinds_both;
    return client ? kinds_client : server ? kinds_server : kinds_any;
}

/* Takes `file`. */
static nescio_status package_from(nescio_ctx *ctx, nescio_container *file, nescio_package **out)
{
    nescio_package *p = calloc(1, sizeof *p);
    nescio_status st;

    if (p)
        p->arena = nescio_arena_new();
    if (!p || !p->arena) {
        free(p);
        nescio_container_free(file);
        return nescio_fail_nomem(ctx, sizeof *p);
    }
    p->file = file;
    st = read_parts(ctx, p);
    if (st != NESCIO_OK) {
        nescio_package_free(p);
        return st;
    }
    *out = p;
    return NESCIO_OK;
}

nescio_status nescio_package_open(nescio_ctx *ctx, const char *path, bool need_client,
                                  bool need_server, nescio_package **out)
{
    nescio_container *file = NULL;

    *out = NULL;
    NESCIO_TRY(nescio_container_open(ctx, path, kinds_for(need_client, need_server), &file));
    return package_from(ctx, file, out);
}

nescio_status nescio_package_parse(nescio_ctx *ctx, const void *data, size_t bytes,
                                   const char *name, bool need_client, bool need_server,
                                   nescio_package **out)
{
    nescio_container *file = NULL;

    *out = NULL;
    NESCIO_TRY(
        nescio_container_parse(ctx, data, bytes, name, kinds_for(need_client, need_server), &file));
    return package_from(ctx, file, out);
}
