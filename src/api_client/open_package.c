/* SPDX-License-Identifier: Apache-2.0
 * The security floor stands here: the rooms below take any parameters, for their tests. */
#include "api_client/open_package.h"

#include "params/params.h"

static nescio_status check(nescio_ctx *ctx, const char *path, const nescio_tfhe_params *p)
{
    const nescio_status st = nescio_params_check_security(ctx, p, false);

    return nescio_fail_in(ctx, st == NESCIO_E_ARG ? NESCIO_E_UNSUPPORTED : st, path);
}

nescio_status nescio_package_open_secure(nescio_ctx *ctx, const char *path, bool need_client,
                                         bool need_server, nescio_package **out)
{
    nescio_package *package = NULL;
    nescio_status st = NESCIO_OK;

    *out = NULL;
    NESCIO_TRY(nescio_package_open(ctx, path, need_client, need_server, &package));
    if (package->client)
        st = check(ctx, path, &package->client->params);
    if (st == NESCIO_OK && package->server)
        st = check(ctx, path, &package->server->plan->params);
    if (st != NESCIO_OK) {
        nescio_package_free(package);
        return st;
    }
    *out = package;
    return NESCIO_OK;
}
