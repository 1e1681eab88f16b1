/* SPDX-License-Identifier: Apache-2.0
 * The committed cost table: seconds of a reference core, so that every machine chooses the same
 * parameters.
 *
 * Reference: one core at 2.97 GHz with AVX-512 and VNNI, batches of 16, thread CPU time. A group of
 * a blind rotation has (k+1) l forward and k+1 inverse transforms and (k+1)^2 l pointwise products
 * for each of its keys. The two numbers a polynomial size are fitted to measured rotations (ms):
 * n=918 k=1 N=2048 5.4, unrolled 3.85; n=880 k=2 N=1024 unrolled 2.66; n=879 k=4 N=512 3.64; n=929
 * N=4096 12.1; n=1077 N=8192 l=2 57; all but the last within 10 %. */
#include "params/params_internal.h"

/* Microseconds: of one transform with its share of digits and conversion; of one pointwise product.
 */
typedef struct poly_cost {
    uint32_t poly_size;
    double transform, product;
} poly_cost;

static const poly_cost poly_costs[] = {
    {256, 0.11, 0.028},  {512, 0.25, 0.056},  {1024, 0.56, 0.113},  {2048, 1.25, 0.225},
    {4096, 2.75, 0.450}, {8192, 7.20, 1.080}, {16384, 15.6, 2.160}, {32768, 33.6, 4.320},
};

#define MICRO 1e-6
/* Key switch: seconds of one digit times one key coefficient of three bytes, batches of 64. */
#define DIGIT_PRODUCT 1.95e-11
/* Seconds of one word of a linear map (multiply and add) from the cache. */
#define WORD_32 0.8e-10
#define WORD_64 2.0e-10
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
    const double word = p->torus_log == 64 ? 1.2 : 1;

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

    /* Split products: two transforms of the weights, two of each result, twice the products. */
    return MICRO * 2 * (p->glwe_dim + 1.0) * (c.transform + 2 * c.product);
}

double nescio_cost_answer(const nescio_tfhe_params *p)
{
    const double words = ((double)p->out_glwe_dim + 1) * p->out_poly_size;

    /* A key switch with four bytes a coefficient. */
    return DIGIT_PRODUCT * nescio_tfhe_big_dim(p) * p->out_levels * words * 4 / 3;
}
