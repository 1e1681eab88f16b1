/* SPDX-License-Identifier: Apache-2.0
 * nescio params: the shipped sets, or the cheapest parameters for a wish. */
#include "cli.h"

#include <math.h>
#include <stdio.h>

static void print_row(const nescio_parameters *p)
{
    printf("%-18s %4u %2u %5u %2u %3u  %2u %2u %2u  %-10s %6.1f  %7.2f %8.2f %7.1f  %s\n",
           p->name ? p->name : "(search)", p->n, p->k, p->N, p->l, p->log2_B, p->ks_levels,
           p->ks_log2_B, p->ks_log2_modulus, p->variant, p->security_bits, log2(p->std),
           1000 * p->seconds, (double)p->key_bytes / 1048576.0, p->use ? p->use : "");
}

static void print_json(const nescio_parameters *p)
{
    fputs("{\"name\": ", stdout);
    if (p->name)
        json_string(p->name);
    else
        fputs("null", stdout);
    printf(", \"variant\": \"%s\", \"n\": %u, \"k\": %u, \"N\": %u, \"level\": %u, \"base_log\": "
           "%u, \"ks_level\": %u, "
           "\"ks_base_log\": %u, \"ks_modulus_log\": %u, \"lwe_noise_log\": %u, "
           "\"glwe_noise_log\": %u, \"security_bits\": ",
           p->variant, p->n, p->k, p->N, p->l, p->log2_B, p->ks_levels, p->ks_log2_B,
           p->ks_log2_modulus, p->lwe_noise_log, p->glwe_noise_log);
    json_number(p->security_bits);
    fputs(", \"log2_std\": ", stdout);
    json_number(log2(p->std));
    fputs(", \"log2_p_fail\": ", stdout);
    json_number(p->log2_p_fail);
    printf(", \"seconds\": %.6g, \"key_bytes\": %llu}\n", p->seconds,
           (unsigned long long)p->key_bytes);
}

static void print_one(const call *c, const nescio_parameters *p)
{
    if (c->common.json)
        print_json(p);
    else
        print_row(p);
}

static void print_header(const call *c)
{
    if (!c->common.json)
        printf("%-18s %4s %2s %5s %2s %3s  %2s %2s %2s  %-10s %6s  %7s %8s %7s\n", "set", "n", "k",
               "N", "l", "B", "kl", "kB", "kq", "variant", "bits", "log std", "ms", "MB");
}

static int run_params(call *c, int argc, char **argv, const command *self)
{
    nescio_parameters_request r = {0};
    nescio_parameters p;
    unsigned max_key = 0;
    bool list = false;
    const option_spec specs[] = {
        {"--list", NULL, OPTION_FLAG, &list, "the shipped sets (default when nothing is asked for)",
         false},
        {"--bits", "P", OPTION_UNSIGNED, &r.bits, "search: exact tables of P bits, 1 to 8", false},
        {"--resolution", "R", OPTION_DOUBLE, &r.resolution,
         "search: half a turn over the standard deviation", false},
        {"--norm", "V", OPTION_DOUBLE, &r.norm,
         "2-norm of the weights before the table (default 1)", false},
        {"--p-fail", "2^-40", OPTION_LOG2, &r.log2_p_fail,
         "search: failure probability of a table (default 2^-40)", false},
        {"--max-key", "MB", OPTION_UNSIGNED, &max_key,
         "search: largest evaluation key (default: any)", false},
        {"--variant", "classical|unrolled2|blockN", OPTION_STRING, &r.variant,
         "search: blind rotation (default: standard keys)", false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    int status = 0;

    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    r.max_key_bytes = (uint64_t)max_key << 20;
    if (r.bits || r.resolution > 0) {
        if (nescio_parameters_search(c->ctx, &r, &p) != NESCIO_OK)
            return fail(c);
        print_header(c);
        print_one(c, &p);
        return 0;
    }
    print_header(c);
    for (size_t i = 0; nescio_parameters_at(i, r.norm > 0 ? r.norm : 1, &p); i++)
        print_one(c, &p);
    return 0;
}

const command cmd_params = {"params", "", "List parameter sets, or search for parameters",
                            0,        0,  run_params};
