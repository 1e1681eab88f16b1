/* SPDX-License-Identifier: Apache-2.0
 * The committed cost table: seconds of a reference core, so that every machine chooses the same
 * parameters.
 *
 * Reference: one core of a Zen 5 server at 3.8 GHz with AVX-512 and VNNI, thread CPU time, minima
 * of `nescio bench --full`. A group of a blind rotation has (k+1) l forward and k+1 inverse
 * transforms and (k+1)^2 l pointwise products for each of its keys. The two numbers a polynomial
 * size are fitted to measured rotations (ms), batches of 16: n=918 k=1 N=2048 3.11, unrolled 2.23;
 * n=880 l=2 3.65; n=930 in blocks of three 1.50; n=880 k=2 N=1024 2.30, unrolled 1.70; n=720 k=3
 * N=512 unrolled 1.08; batches of 8: n=929 N=4096 6.80, n=958 unrolled 5.19; n=1077 N=8192 l=2
 * 32.1. All within 2 %. N=256 and N=16384 on follow by the transforms' own times. */
#include "params/params_internal.h"

/* Microseconds: of one transform with its share of digits and conversion; of one pointwise product.
 */
typedef struct poly_cost {
    uint32_t poly_size;
    double transform, product;
} poly_cost;

static const poly_cost poly_costs[] = {
    {256, 0.07, 0.017},  {512, 0.16, 0.034}, {1024, 0.339, 0.0646}, {2048, 0.676, 0.171},
    {4096, 1.42, 0.409}, {8192, 3.74, 0.87}, {16384, 8.8, 1.75},    {32768, 20.0, 3.50},
};

#define MICRO 1e-6
/* Key switch: seconds of one digit times one key coefficient of three bytes, batches of 64. */
#define DIGIT_PRODUCT 1.62e-11
/* Seconds of one word of a linear map (multiply and add), rows with few weights; dense maps take a
 * third of it. */
#define WORD_32 0.35e-10
#define WORD_64 0.8e-10
/* Digits and sums of 64 bits beside those of 32. */
#define WIDE 1.02
/* Fourier products with monomials cost the keys of unrolled and block variants this much more. */
#define MONOMIAL 1.05

static poly_cost cost_of(uint32_t poly_size)
{
    const size_t n = sizeof poly_costs / sizeof *poly_costs;

    for (size_t i = 0; i < n; i++)
        if (poly_costs[i].poly_size == poly_size)
            return poly_costs[i];
    return poly_costs[n - 1];
}

double nescio_cost_pbs(const nescio_tfhe_params *p)
{
    const poly_cost c = cost_of(p->poly_size);
    const double rows = (p->glwe_dim + 1.0) * p->pbs_levels;
    const double transforms = rows + p->glwe_dim + 1.0;
    const double products = rows * (p->glwe_dim + 1.0) * nescio_tfhe_group_keys(p);
    const double groups = (double)p->lwe_dim / nescio_tfhe_group_bits(p);
    const double monomial = p->variant == NESCIO_PBS_CLASSICAL ? 1 : MONOMIAL;
    const double word = p->torus_log == 64 ? WIDE : 1;

    return MICRO * groups * (transforms * c.transform * word + products * c.product * monomial);
}

double nescio_cost_keyswitch(const nescio_tfhe_params *p)
{
    const double bytes = p->ks_modulus_log / 8.0;

    return DIGIT_PRODUCT * nescio_tfhe_big_dim(p) * p->ks_levels * (p->lwe_dim + 1.0) * bytes / 3;
}

double nescio_cost_linear(const nescio_tfhe_params *p, double n_weights)
{
    const double word = p->torus_log == 32 ? WORD_32 : WORD_64;

    return n_weights * (nescio_tfhe_big_dim(p) + 1.0) * word;
}

double nescio_cost_input_row(const nescio_tfhe_params *p)
{
    const poly_cost c = cost_of(p->poly_size);

    /* Transform the weights, multiply by each mask polynomial, transform back, convert: the last
     * costs about two products more. */
    return MICRO * (p->glwe_dim + 1.0) * (c.transform + 3 * c.product);
}

double nescio_cost_answer(const nescio_tfhe_params *p)
{
    const double words = ((double)p->out_glwe_dim + 1) * p->out_poly_size;

    /* A key switch with four bytes a coefficient. */
    return DIGIT_PRODUCT * nescio_tfhe_big_dim(p) * p->out_levels * words * 4 / 3;
}
