/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/params.h over the rooms params and noise. */
#include "nescio/params.h"

#include "noise/noise.h"
#include "params/params.h"

#include <math.h>
#include <string.h>

static uint64_t key_bytes(const nescio_tfhe_params *p)
{
    nescio_evaluation_key key;

    if (nescio_evaluation_key_sizes(NULL, p, &key) != NESCIO_OK)
        return 0;
    return nescio_evaluation_key_bytes(&key);
}

static void describe(const nescio_tfhe_params *p, nescio_parameters *out)
{
    memset(out, 0, sizeof *out);
    out->variant = nescio_pbs_variant_name(p->variant);
    out->n = p->lwe_dim;
    out->k = p->glwe_dim;
    out->N = p->poly_size;
    out->l = p->pbs_levels;
    out->log2_B = p->pbs_base_log;
    out->ks_levels = p->ks_levels;
    out->ks_log2_B = p->ks_base_log;
    out->ks_log2_modulus = p->ks_modulus_log;
    out->lwe_noise_log = p->lwe_noise_log;
    out->glwe_noise_log = p->glwe_noise_log;
    out->security_bits = nescio_params_security(p);
    out->seconds = nescio_cost_keyswitch(p) + nescio_cost_pbs(p);
    out->key_bytes = key_bytes(p);
}

int nescio_parameters_at(size_t i, double norm, nescio_parameters *out)
{
    size_t n = 0;
    const nescio_param_set *sets = nescio_param_sets(&n);
    const nescio_tfhe_params *p;

    if (i >= n)
        return 0;
    p = &sets[i].params;
    describe(p, out);
    out->name = sets[i].name;
    out->use = sets[i].use;
    out->std = sqrt(norm * norm * nescio_noise_blind_rotation(p) + nescio_noise_keyswitch(p) +
                    nescio_noise_modulus_switch(p, 0));
    return 1;
}

nescio_status nescio_parameters_search(nescio_ctx *ctx, const nescio_parameters_request *request,
                                       nescio_parameters *out)
{
    nescio_params_request wish = {.bits = request->bits,
                                  .resolution = request->resolution,
                                  .norm2 = request->norm > 0 ? request->norm : 1,
                                  .log2_p_fail =
                                      request->log2_p_fail < 0 ? request->log2_p_fail : -40,
                                  .max_key_bytes = request->max_key_bytes};
    nescio_params_answer answer;
    uint32_t variant;

    if (request->bits == 0 && !(request->resolution > 0))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "parameters for what: bits of an exact table or a resolution is needed");
    if (request->variant) {
        if (!nescio_pbs_variant_find(request->variant, &variant))
            return nescio_fail(ctx, NESCIO_E_ARG,
                               "variant '%s': classical, unrolled2, block2, block3, block4 and "
                               "block8 are accepted",
                               request->variant);
        wish.variants = 1u << variant;
    }
    NESCIO_TRY(nescio_params_search(ctx, &wish, &answer));
    describe(&answer.params, out);
    out->std = answer.std;
    out->log2_p_fail = answer.log2_p_fail;
    return NESCIO_OK;
}
