/* SPDX-License-Identifier: Apache-2.0
 * The optimizer: the cheapest parameters for one table after a linear map.
 *
 * Exhaustive over the shapes below, with exact cuts: a shape whose modulus switch alone is too
 * noisy, or whose bootstrapping alone costs more than the best answer so far, is left. Small
 * dimensions step where the noise bound steps (a dimension between two steps costs more and is no
 * less noisy). Ties go to the first in order. */
#include "noise/noise.h"
#include "params/params_internal.h"

#include <math.h>

#define MIN_LWE_DIM 640u
#define MAX_LWE_DIM 1240u
#define WANTED_BITS 132.0
/* A bit of noise is worth more than 3 bits of security, the longest blocks lose 9. */
#define MAX_ADDED_NOISE 4

typedef struct search {
    nescio_ctx *ctx;
    const nescio_params_request *request;
    nescio_params_answer best;
    bool found;
} search;

/** Does noise of that variance at the switched input meet the request? *log2_fail: of one table. */
static bool meets(const nescio_params_request *r, double variance, double *log2_fail)
{
    *log2_fail = -INFINITY;
    if (r->bits == 0)
        return 0.5 / sqrt(variance) >= r->resolution;
    *log2_fail = nescio_noise_log2_fail(variance, exp2(-2.0 - r->bits));
    return *log2_fail <= r->log2_p_fail;
}

/** Key-switch levels and bases from cheap to fine, for the best rotation of a shape. */
static void try_keyswitch(search *s, nescio_tfhe_params p, double rest, double cost)
{
    for (uint32_t levels = 1; levels <= 16; levels++)
        for (uint32_t base = 1; base <= 7 && levels * base < 24; base++) {
            double variance, log2_fail, total;

            p.ks_levels = levels;
            p.ks_base_log = base;
            total = cost + nescio_cost_keyswitch(&p);
            variance = rest + nescio_noise_keyswitch(&p);
            if ((s->found && total >= s->best.cost) || !meets(s->request, variance, &log2_fail))
                continue;
            nescio_evaluation_key sizes = {0};
            if (nescio_evaluation_key_sizes(s->ctx, &p, &sizes) != NESCIO_OK)
                continue;
            const uint64_t bytes = nescio_evaluation_key_bytes(&sizes);
            if (s->request->max_key_bytes && bytes > s->request->max_key_bytes)
                continue;
            if (s->request->max_memory_bytes &&
                nescio_engine_bytes_for(&p, 1) > s->request->max_memory_bytes)
                continue;
            s->found = true;
            s->best = (nescio_params_answer){.params = p,
                                             .cost = total,
                                             .std = sqrt(variance),
                                             .log2_p_fail = log2_fail,
                                             .security = nescio_params_security(&p),
                                             .key_bytes = bytes};
        }
}

/** The base with the least noise for that many levels. */
static void best_base(nescio_tfhe_params *p)
{
    double least = INFINITY;
    nescio_tfhe_params best = *p;

    for (uint32_t base = 4; base <= 24 && base * p->pbs_levels <= 56; base++) {
        nescio_tfhe_params q = *p;
        double v;

        q.pbs_base_log = base;
        q.torus_log = q.pbs_levels * base <= 24 ? 32 : 64;
        v = nescio_noise_blind_rotation(&q);
        if (v < least) {
            least = v;
            best = q;
        }
    }
    *p = best;
}

static void try_shape(search *s, nescio_tfhe_params p)
{
    const double norm = s->request->norm2 * s->request->norm2;
    double unused;

    for (uint32_t levels = 1; levels <= 4; levels++) {
        double rest, cost;

        p.pbs_levels = levels;
        best_base(&p);
        cost = nescio_cost_pbs(&p);
        if (s->found && cost >= s->best.cost)
            return;
        rest = norm * nescio_noise_blind_rotation(&p) + nescio_noise_modulus_switch(&p, 0);
        if (meets(s->request, rest, &unused))
            try_keyswitch(s, p, rest, cost);
    }
}

/** What block keys lose to attacks on their structure is made up for by noise. */
static void add_noise(nescio_tfhe_params *p)
{
    for (int i = 0; i < MAX_ADDED_NOISE && nescio_params_security(p) < WANTED_BITS; i++)
        p->lwe_noise_log++;
}

/** Dimensions where the noise bound falls by one, made a multiple of the variant's group. */
static void try_dimensions(search *s, nescio_tfhe_params p)
{
    const uint32_t group = nescio_tfhe_group_bits(&p);

    for (uint32_t n = MIN_LWE_DIM; n <= MAX_LWE_DIM; n++) {
        double unused;

        if (nescio_params_noise_bound(n, 64) == nescio_params_noise_bound(n - 1, 64))
            continue;
        p.lwe_dim = (n + group - 1) / group * group;
        p.pbs_levels = p.pbs_base_log = p.ks_levels = p.ks_base_log = 1;
        p = nescio_params_complete(p);
        if (p.variant >= NESCIO_PBS_BLOCK2)
            add_noise(&p);
        if (meets(s->request, nescio_noise_modulus_switch(&p, 0), &unused) &&
            nescio_params_security(&p) >= WANTED_BITS)
            try_shape(s, p);
    }
}

static nescio_status check_request(nescio_ctx *ctx, const nescio_params_request *r)
{
    if (r->bits > 8 || (r->bits == 0 && !(r->resolution > 0)))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "parameters for %u bits: 1 to 8, or 0 and a resolution", r->bits);
    if (!(r->norm2 >= 1) || (r->bits > 0 && !(r->log2_p_fail < 0)))
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "parameters for norm %g and log2 p_fail %g: at least 1, and below 0",
                           r->norm2, r->log2_p_fail);
    return NESCIO_OK;
}

nescio_status nescio_params_search(nescio_ctx *ctx, const nescio_params_request *request,
                                   nescio_params_answer *out)
{
    static const uint32_t kinds[] = {NESCIO_PBS_CLASSICAL, NESCIO_PBS_UNROLLED2, NESCIO_PBS_BLOCK2,
                                     NESCIO_PBS_BLOCK3,    NESCIO_PBS_BLOCK4,    NESCIO_PBS_BLOCK8};
    const uint32_t wanted = request->variants ? request->variants : 3u;
    search s = {.ctx = ctx, .request = request};

    NESCIO_TRY(check_request(ctx, request));
    for (uint32_t poly_size = 256; poly_size <= 16384; poly_size *= 2)
        for (uint32_t k = 1; k <= 6 && k * poly_size <= 16384; k++)
            for (size_t v = 0; v < sizeof kinds / sizeof *kinds; v++)
                if (k * poly_size >= 1024 && wanted >> kinds[v] & 1)
                    try_dimensions(&s, (nescio_tfhe_params){.glwe_dim = k,
                                                            .poly_size = poly_size,
                                                            .variant = kinds[v]});
    if (!s.found)
        return nescio_fail(
            ctx, NESCIO_E_INFEASIBLE,
            "no parameters with n up to %u and N up to 16384 give %u bits (resolution "
            "%g) at norm %g with log2 p_fail %g",
            MAX_LWE_DIM, request->bits, request->resolution, request->norm2, request->log2_p_fail);
    *out = s.best;
    return NESCIO_OK;
}
