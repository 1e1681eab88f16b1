/* SPDX-License-Identifier: Apache-2.0
 * The parameter struct: structure and limits. What is secure and what is accurate is decided
 * elsewhere. */
#include "tfhe/params.h"

#include <string.h>

#define MIN_POLY_SIZE 256u
#define MAX_POLY_SIZE 32768u /* exponents of blind rotation, below 2 N, are 16-bit words */
#define MAX_LWE_DIM   8192u
#define MAX_OUT_DIM   4096u
#define MAX_BASE_LOG  24u /* a digit is exact in f64 after its transform's growth */
#define MAX_DIGIT_LOG                                                                              \
    7u /* key-switch digits are bytes; 2 * 255 * 2^6 fits 16 bits (vpmaddubsw)                     \
        */
#define MAX_NOISE_LOG  61u
#define MIN_NARROW_LOG 3u /* TUniform(3): below, the noise is too coarse to be argued about */

typedef struct variant_name {
    uint32_t variant, group_bits, group_keys;
    const char *name;
} variant_name;

static const variant_name variants[] = {
    {NESCIO_PBS_CLASSICAL, 1, 1, "classical"}, {NESCIO_PBS_UNROLLED2, 2, 3, "unrolled2"},
    {NESCIO_PBS_BLOCK2, 2, 2, "block2"},       {NESCIO_PBS_BLOCK3, 3, 3, "block3"},
    {NESCIO_PBS_BLOCK4, 4, 4, "block4"},       {NESCIO_PBS_BLOCK8, 8, 8, "block8"},
};

static const variant_name *variant_by_number(uint32_t variant)
{
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        if (variants[i].variant == variant)
            return &variants[i];
    return NULL;
}

const char *nescio_pbs_variant_name(uint32_t variant)
{
    const variant_name *v = variant_by_number(variant);

    return v ? v->name : NULL;
}

bool nescio_pbs_variant_find(const char *name, uint32_t *variant)
{
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        if (strcmp(variants[i].name, name) == 0) {
            *variant = variants[i].variant;
            return true;
        }
    return false;
}

uint32_t nescio_tfhe_big_dim(const nescio_tfhe_params *p)
{
    return p->glwe_dim * p->poly_size;
}

uint32_t nescio_tfhe_group_bits(const nescio_tfhe_params *p)
{
    const variant_name *v = variant_by_number(p->variant);

    return v ? v->group_bits : 1;
}

uint32_t nescio_tfhe_group_keys(const nescio_tfhe_params *p)
{
    const variant_name *v = variant_by_number(p->variant);

    return v ? v->group_keys : 1;
}

size_t nescio_tfhe_n_ggsw(const nescio_tfhe_params *p)
{
    return (size_t)(p->lwe_dim / nescio_tfhe_group_bits(p)) * nescio_tfhe_group_keys(p);
}

/* One field and the inclusive range it must lie in. */
typedef struct field_range {
    const char *name;
    uint32_t value, lo, hi;
} field_range;

static nescio_status check_ranges(nescio_ctx *ctx, const field_range *fields, size_t n_fields)
{
    for (size_t i = 0; i < n_fields; i++)
        if (fields[i].value < fields[i].lo || fields[i].value > fields[i].hi)
            return nescio_fail(ctx, NESCIO_E_ARG, "parameter %s = %u is outside %u ... %u",
                               fields[i].name, fields[i].value, fields[i].lo, fields[i].hi);
    return NESCIO_OK;
}

static nescio_status check_power_of_two(nescio_ctx *ctx, const char *name, uint32_t value)
{
    if ((value & (value - 1)) != 0)
        return nescio_fail(ctx, NESCIO_E_ARG, "parameter %s = %u is not a power of two", name,
                           value);
    return NESCIO_OK;
}

/* A gadget of `levels` digits of base_log bits reads the top of a torus word and must leave a bit
 * to round. */
static nescio_status check_gadget(nescio_ctx *ctx, const char *name, uint32_t levels,
                                  uint32_t base_log, uint32_t limit)
{
    if (levels * base_log > limit)
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "%s: %u levels of %u bits are %u bits; at most %u fit the torus word",
                           name, levels, base_log, levels * base_log, limit);
    return NESCIO_OK;
}

static nescio_status check_shape(nescio_ctx *ctx, const nescio_tfhe_params *p)
{
    const variant_name *v = variant_by_number(p->variant);

    if (!v)
        return nescio_fail(ctx, NESCIO_E_ARG, "parameter variant = %u is none of 0, 1, 2, 3, 4, 8",
                           p->variant);
    if (p->lwe_dim % v->group_bits != 0)
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "parameter lwe_dim = %u is not a multiple of %u, as %s needs",
                           p->lwe_dim, v->group_bits, v->name);
    NESCIO_TRY(check_power_of_two(ctx, "poly_size", p->poly_size));
    NESCIO_TRY(check_power_of_two(ctx, "out_poly_size", p->out_poly_size));
    if (p->torus_log != 32 && p->torus_log != 64)
        return nescio_fail(ctx, NESCIO_E_ARG, "parameter torus_log = %u is neither 32 nor 64",
                           p->torus_log);
    if (p->ks_modulus_log != 24 && p->ks_modulus_log != 32)
        return nescio_fail(ctx, NESCIO_E_ARG, "parameter ks_modulus_log = %u is neither 24 nor 32",
                           p->ks_modulus_log);
    if ((uint64_t)p->out_glwe_dim * p->out_poly_size > MAX_OUT_DIM)
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "parameters out_glwe_dim = %u and out_poly_size = %u: their product is "
                           "over %u",
                           p->out_glwe_dim, p->out_poly_size, MAX_OUT_DIM);
    return NESCIO_OK;
}

nescio_status nescio_tfhe_params_check(nescio_ctx *ctx, const nescio_tfhe_params *p)
{
    const field_range fields[] = {
        {"lwe_dim", p->lwe_dim, 1, MAX_LWE_DIM},
        {"glwe_dim", p->glwe_dim, 1, 6},
        {"poly_size", p->poly_size, MIN_POLY_SIZE, MAX_POLY_SIZE},
        {"pbs_levels", p->pbs_levels, 1, 4},
        {"pbs_base_log", p->pbs_base_log, 1, MAX_BASE_LOG},
        {"ks_levels", p->ks_levels, 1, 31},
        {"ks_base_log", p->ks_base_log, 1, MAX_DIGIT_LOG},
        {"out_glwe_dim", p->out_glwe_dim, 1, MAX_OUT_DIM},
        {"out_poly_size", p->out_poly_size, 1, MAX_OUT_DIM},
        {"out_levels", p->out_levels, 1, 31},
        {"out_base_log", p->out_base_log, 1, MAX_DIGIT_LOG},
        {"glwe_noise_log", p->glwe_noise_log, 0, MAX_NOISE_LOG},
        {"out_noise_log", p->out_noise_log, 32 + MIN_NARROW_LOG, MAX_NOISE_LOG},
    };
    const uint32_t lwe_noise_limit = p->ks_modulus_log - 3;
    const uint32_t pbs_limit = p->torus_log == 32 ? 24 : 62;
    const uint32_t ks_limit = p->ks_modulus_log == 24 ? 24 : 31;

    NESCIO_TRY(check_ranges(ctx, fields, sizeof fields / sizeof *fields));
    NESCIO_TRY(check_shape(ctx, p));
    NESCIO_TRY(check_ranges(
        ctx, &(field_range){"lwe_noise_log", p->lwe_noise_log, MIN_NARROW_LOG, lwe_noise_limit},
        1));
    NESCIO_TRY(
        check_gadget(ctx, "bootstrapping gadget", p->pbs_levels, p->pbs_base_log, pbs_limit));
    NESCIO_TRY(check_gadget(ctx, "key switch gadget", p->ks_levels, p->ks_base_log, ks_limit));
    return check_gadget(ctx, "output key switch gadget", p->out_levels, p->out_base_log, 31);
}

bool nescio_tfhe_params_equal(const nescio_tfhe_params *a, const nescio_tfhe_params *b)
{
    return memcmp(a, b, sizeof *a) == 0; /* 17 words of 32 bits: no padding */
}

_Static_assert(sizeof(nescio_tfhe_params) == 17 * sizeof(uint32_t),
               "params compare as bytes: no padding");
