/* SPDX-License-Identifier: Apache-2.0
 * Noise as formulas of the parameters: variances on the torus (in units of 1, i.e. of the whole circle) and failure
 * probabilities. Functions of parameters only; `params` propagates them, `simulate` draws samples with them; neither
 * calls the other. Formulas and their sources: doc/noise.md.
 */
#ifndef NESCIO_NOISE_NOISE_H
#define NESCIO_NOISE_NOISE_H
#include "tfhe/params.h"

/** Variance of TUniform(b) in units of 2^-modulus_log. */
double nescio_noise_tuniform(unsigned b, unsigned modulus_log);
/** A fresh encryption under the big key; body rounded to `body_log` bits (64: not rounded). */
double nescio_noise_fresh(const nescio_tfhe_params *p, unsigned body_log);
/** Key switch big -> small, rounding of the input digits included. */
double nescio_noise_keyswitch(const nescio_tfhe_params *p);
/** Centered-mean modulus switch to 2N / 2^share_log, by coefficient; 0: one table a rotation. */
double nescio_noise_modulus_switch(const nescio_tfhe_params *p, unsigned share_log);
/** Output of a blind rotation: key, rounding and f64 FFT terms, by variant; the last at most, for any instruction set and
 *  tables as flat as a quarter turn everywhere. */
double nescio_noise_blind_rotation(const nescio_tfhe_params *p);
/** The f64 FFT term alone, at most: its constant is the one that the kernel test bounds. `flat`: sum over the levels of the squared
 *  digits of the table's mean, in units of B^2. */
double nescio_noise_fft(const nescio_tfhe_params *p, double flat);
/** Output key switch of one number, and the rounding of mask and body to answer_log bits. `count` numbers share the answer. */
double nescio_noise_answer(const nescio_tfhe_params *p, size_t count, unsigned answer_log);
/** log2 of the probability that a centered Gaussian of that variance leaves [-half_width, half_width]. Accurate far into the
 *  tail (down to 2^-1000); 0 for half_width <= 0. */
double nescio_noise_log2_fail(double variance, double half_width);
/** log2(2^a + 2^b), for unions. */
double nescio_noise_log2_add(double a, double b);
#endif /* NESCIO_NOISE_NOISE_H */
