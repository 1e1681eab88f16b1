/* SPDX-License-Identifier: Apache-2.0
 * From a GLWE accumulator to the LWE ciphertext of one coefficient. */
#ifndef NESCIO_TFHE_SAMPLE_EXTRACT_H
#define NESCIO_TFHE_SAMPLE_EXTRACT_H
#include "tfhe/tfhe.h"

/** Ciphertext i of `out` = coefficient t of the GLWE `acc` (out->dim mask words in polynomials of
 * N = poly_size, then the body; words as wide as out's), plus post_add (units of 2^-64). */
void nescio_sample_extract(const nescio_lwe_batch *out, size_t i, const void *acc,
                           uint32_t poly_size, size_t t, uint64_t post_add);
#endif /* NESCIO_TFHE_SAMPLE_EXTRACT_H */
