/* SPDX-License-Identifier: Apache-2.0
 * Blind rotation behind one interface, whatever the variant, the torus width and the instruction set.
 *
 * acc <- acc * X^(-phase), homomorphically: acc holds a trivial GLWE of the (already rotated) test polynomial and every
 * key group multiplies it by X^(sum a_i s_i). Key in streaming order (the order of consumption), f64. */
#ifndef NESCIO_TFHE_BLIND_ROTATION_H
#define NESCIO_TFHE_BLIND_ROTATION_H
#include "tfhe/params.h"

/** Bootstrapping key in the Fourier domain. Owns one block of nescio_bsk_bytes(). Read-only after set-up: threads share it. */
typedef struct nescio_bsk nescio_bsk;

size_t nescio_bsk_bytes(const nescio_tfhe_params *p);
/** Returns new, for the instruction set in force. */
NESCIO_MUST_CHECK nescio_status nescio_bsk_new(nescio_ctx *ctx, const nescio_tfhe_params *p, nescio_bsk **out);
void nescio_bsk_free(nescio_bsk *bsk);
size_t nescio_bsk_set_scratch_bytes(const nescio_bsk *bsk);
/** Fills one row of GGSW number i_ggsw (group-major: group * group_keys + key): row = poly * l + level, for poly 0 ... k
 *  and level 0 (most significant) ... l-1; `glwe` is that row's (k+1) polynomials of N words, mask first, body last, torus
 *  words of 64 bits. Different (i_ggsw, row) may be set by different threads. */
void nescio_bsk_set_row(nescio_bsk *bsk, size_t i_ggsw, uint32_t row, const uint64_t *glwe, void *scratch);

/** Bytes of scratch for a tile of up to `tile` accumulators; 64-byte aligned. */
size_t nescio_blind_rotate_scratch_bytes(const nescio_bsk *bsk, size_t tile);
/** Words (of torus_log bits) between accumulators in a tile: (k+1) N plus padding against cache aliasing. */
size_t nescio_blind_rotate_acc_stride(const nescio_bsk *bsk);
/** In place on `tile` accumulators ((k+1) N words each, mask first). exponents[t * exp_stride + i] in [0, 2N): the switched
 *  mask coefficient i of ciphertext t, for i < n. acc_t <- acc_t * X^(sum_i exponents_i s_i). Passes over the key once. */
void nescio_blind_rotate(const nescio_bsk *bsk, void *acc, size_t tile, const uint16_t *exponents, size_t exp_stride,
                         void *scratch);
#endif /* NESCIO_TFHE_BLIND_ROTATION_H */
