/* SPDX-License-Identifier: Apache-2.0
 * Variances of the TFHE operations on the torus. doc/noise.md derives each and gives its
 * measurement.
 *
 * n, k, N, l, B as in the papers: lwe_dim, glwe_dim, poly_size, pbs_levels, 2^pbs_base_log. Key
 * bits of the big and the output key are uniform, so E[s^2] = 1/2 and Var[s] = 1/4; of the small
 * key uniform or block-binary. Digits are balanced, in
 * [-B/2, B/2): second moment (B^2 + 2) / 12. Rounding to multiples of u has variance u^2 / 12. */
#include "noise/noise.h"
#include "kernels/fft.h"

#include <math.h>

static double square(double x)
{
    return x * x;
}

/* Rounding to multiples of 2^-bits. */
static double rounding(unsigned bits)
{
    return exp2(-2.0 * bits) / 12;
}

static double digit_moment(unsigned base_log)
{
    return (exp2(2.0 * base_log) + 2) / 12;
}

double nescio_noise_tuniform(unsigned b, unsigned modulus_log)
{
    return (exp2(2.0 * b + 1) + 1) / 6 * exp2(-2.0 * modulus_log);
}

double nescio_noise_fresh(const nescio_tfhe_params *p, unsigned body_log)
{
    const double body = body_log < 64 ? rounding(body_log) : 0;

    return nescio_noise_tuniform(p->glwe_noise_log, 64) + body;
}

/* A key switch from kN uniform bits with digits of `levels` x base_log bits under key noise `key`.
 * The rounding of input coefficient i, times s_i, is centered by the body: it counts Var[s] = 1/4.
 */
static double switch_noise(const nescio_tfhe_params *p, unsigned levels, unsigned base_log,
                           double key)
{
    const double dim = nescio_tfhe_big_dim(p);
    const double per_row = digit_moment(base_log) * key;

    return dim * levels * per_row + dim / 4 * rounding(levels * base_log);
}

double nescio_noise_keyswitch(const nescio_tfhe_params *p)
{
    return switch_noise(p, p->ks_levels, p->ks_base_log,
                        nescio_noise_tuniform(p->lwe_noise_log, p->ks_modulus_log));
}

/* Var[s] of one bit of the small key: 1/4, or that of "one of l + 1 choices". */
static double small_key_variance(const nescio_tfhe_params *p)
{
    const double choices = p->variant >= NESCIO_PBS_BLOCK2 ? p->variant + 1.0 : 2.0;
    const double mean = 1 / choices;

    return mean * (1 - mean);
}

double nescio_noise_modulus_switch(const nescio_tfhe_params *p, unsigned share_log)
{
    const double step = (double)(1u << share_log) / (2.0 * p->poly_size);

    return square(step) / 12 * (1 + p->lwe_dim * small_key_variance(p));
}

/* How often each term of the classical law enters a variant (doc/noise.md). */
typedef struct variant_factors {
    double key, round, fft;
} variant_factors;

/* The monomials (X^a - 1) applied after the product double a variance. UNROLLED2 has 3/2 n keys and
 * an active one in 3/4 of n/2 groups, against n and 1/2 of n; blocks have n keys and an active one
 * in l/(l+1) of n/l groups. */
static variant_factors factors_of(const nescio_tfhe_params *p)
{
    switch (p->variant) {
    case NESCIO_PBS_CLASSICAL: return (variant_factors){1, 1, 1};
    case NESCIO_PBS_UNROLLED2: return (variant_factors){3, 1.5, 3};
    default: return (variant_factors){2, 4 / (p->variant + 1.0), 2};
    }
}

/* One GGSW row: TUniform noise, and the rounding of its body to 48 bits on disk. */
static double key_term(const nescio_tfhe_params *p)
{
    const double row = nescio_noise_tuniform(p->glwe_noise_log, 64) + rounding(48);
    const double rows = (p->glwe_dim + 1.0) * p->pbs_levels * p->poly_size;

    return p->lwe_dim * rows * digit_moment(p->pbs_base_log) * row;
}

/* What the decomposition leaves out, in the steps where the key bit is 1. */
static double round_term(const nescio_tfhe_params *p)
{
    const double carried = 1 + nescio_tfhe_big_dim(p) / 2.0;

    return p->lwe_dim / 2.0 * carried * rounding(p->pbs_levels * p->pbs_base_log);
}

/* Relative variance of an f64 product: what the FFT kernels are held to. */
static double fft_error(const nescio_tfhe_params *p)
{
    return NESCIO_FFT_ERROR_C * (log2(p->poly_size) - 3) * 0x1p-106;
}

/* One step multiplies (k + 1) l polynomials of digits (variance B^2 / 12) by key words (uniform on
 * the torus: 1/12); an error of the masks reaches the phase through the key bits. */
static double fft_term(const nescio_tfhe_params *p)
{
    const double products = (p->glwe_dim + 1.0) * p->pbs_levels;
    const double carried = 1 + nescio_tfhe_big_dim(p) / 2.0;
    const double size = exp2(2.0 * p->pbs_base_log) / 12 / 12;

    return p->lwe_dim * fft_error(p) * products * p->poly_size * size * carried;
}

/* The first product meets digits that no mask has made random yet. Those of a flat table D have
 * their power (2 N D / pi)^2 in the lowest frequency, and so have the key bits, of mean 1/2; errors
 * that the key's transform has there, a third of all, come out N times as strong as white ones.
 * Summed over frequencies: k N^3 D^2 / 144 for each key, twice for (X^e - 1). */
static double flat_term(const nescio_tfhe_params *p, double flat)
{
    const double n = p->poly_size, digits = flat * exp2(2.0 * p->pbs_base_log);
    const double keys = 2.0 * nescio_tfhe_group_keys(p);

    return keys * fft_error(p) / 3 * p->glwe_dim * n * n * n * digits / 144;
}

double nescio_noise_fft(const nescio_tfhe_params *p, double flat)
{
    return factors_of(p).fft * fft_term(p) + flat_term(p, flat);
}

/* Tables hold values up to a quarter turn, so their first digit is up to B/4 and the others are
 * any; at worst everywhere the same. */
static double flattest(const nescio_tfhe_params *p)
{
    return 1.0 / 16 + (p->pbs_levels - 1) / 12.0;
}

double nescio_noise_blind_rotation(const nescio_tfhe_params *p)
{
    const variant_factors f = factors_of(p);

    return f.key * key_term(p) + f.round * round_term(p) + nescio_noise_fft(p, flattest(p));
}

/* One number meets its own key switch and those of the numbers packed with it, whose phases under
 * the output key sit on other coefficients but whose noise is spread over all N'. */
double nescio_noise_answer(const nescio_tfhe_params *p, size_t count, unsigned answer_log)
{
    const double dim = (double)p->out_glwe_dim * p->out_poly_size;
    const double key = nescio_noise_tuniform(p->out_noise_log - 32, 32);
    const double rows = (double)nescio_tfhe_big_dim(p) * p->out_levels;
    const double one = switch_noise(p, p->out_levels, p->out_base_log, key);
    const double others =
        (double)(count > 0 ? count - 1 : 0) * rows * digit_moment(p->out_base_log) * key;

    return one + others + rounding(answer_log) * (1 + dim / 4);
}
