/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/package.h: estimate and split. */
#include "nescio/package.h"

#include "api_client/open_package.h"
#include "base/base.h"
#include "format/package.h"
#include "measure/measure.h"
#include "params/params.h"

#include <string.h>
#include <unistd.h>

nescio_status nescio_package_estimate(nescio_ctx *ctx, const char *package_path,
                                      nescio_estimate *out)
{
    nescio_package *package = NULL;
    const nescio_plan_report *r;
    const nescio_param_set *set;
    double slowness = 1;
    nescio_status st;

    memset(out, 0, sizeof *out);
    NESCIO_TRY(nescio_package_open_secure(ctx, package_path, true, false, &package));
    r = &package->client->report;
    set = nescio_param_set_find(package->client->set_name);
    st = nescio_measure_slowness(ctx, &package->client->params, &slowness);
    out->pbs = r->n_pbs;
    out->seconds = r->cost * slowness / nescio_ctx_threads(ctx);
    out->evaluation_key_bytes = r->evaluation_key_bytes;
    out->upload_bytes = r->upload_bytes;
    out->download_bytes = r->download_bytes;
    out->memory_bytes = r->memory_bytes;
    out->log2_p_fail = r->log2_p_fail;
    out->range_rate = r->range_rate;
    out->security_bits = r->security_bits;
    out->approximate = r->approximate;
    out->scheme = nescio_scheme_name(package->client->scheme);
    out->parameters = set ? set->name : "custom";
    nescio_package_free(package);
    return st;
}

nescio_status nescio_split(nescio_ctx *ctx, const char *package_path, const char *client_path,
                           const char *server_path)
{
    nescio_package *package = NULL;
    nescio_status st;

    NESCIO_TRY(
        nescio_package_open(ctx, package_path, client_path != NULL, server_path != NULL, &package));
    st = client_path ? nescio_package_split(ctx, package, NESCIO_FILE_CLIENT, client_path)
                     : NESCIO_OK;
    if (st == NESCIO_OK && server_path) {
        st = nescio_package_split(ctx, package, NESCIO_FILE_SERVER, server_path);
        if (st != NESCIO_OK && client_path)
            unlink(client_path);
    }
    nescio_package_free(package);
    return st;
}
