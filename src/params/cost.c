/* SPDX-License-Identifier: Apache-2.0
 * The committed cost table: seconds of a reference core, so that every machine chooses the same
 * parameters.
 *
 * Reference: one core of a Zen 5 server at 3.8 GHz with AVX-512 and VNNI, thread CPU time, minima
 * of `nescio bench --full`. A group of a blind rotation has (k+1) l forward and k+1 inverse
 * transforms and (k+1)^2 l pointwise products for each of its keys. The two numbers a polynomial
 * size are fitted to measured rotations (ms), batches of 16: n=918 k=1 N=2048 3.54, n=880 unrolled
 * 2.45, l=2 4.26; n=930 in blocks of three 1.78; n=880 k=2 N=1024 2.70, unrolled 2.11; n=720 k=3
 * N=512 unrolled 1.18; n=958 N=4096 unrolled 6.0; batches of 8: n=929 N=4096 7.5; n=1077 N=8192 l=2
 * 37.5. All within 4 %. N=256 and N=16384 on follow by the transforms' own times. */
#include "params/params_internal.h"

/* Microseconds: of one transform with its share of digits and conversion; of one pointwise product.
 */
typedef struct poly_cost {
    uint32_t poly_size;
    double transform, product;
} poly_cost;

static const poly_cost poly_costs[] = {
    {256, 0.07, 0.02},   {512, 0.155, 0.0405}, {1024, 0.375, 0.089}, {2048, 0.765, 0.199},
    {4096, 1.50, 0.519}, {8192, 4.25, 1.10},   {16384, 9.8, 2.20},   {32768, 22.0, 4.40},
};

#define MICRO 1e-6
/* Key switch: seconds of one digit times one key coefficient of three bytes, batches of 64. */
#define DIGIT_PRODUCT 1.7e-11
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
