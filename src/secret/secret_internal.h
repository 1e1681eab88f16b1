/* SPDX-License-Identifier: Apache-2.0
 * What the files of this room share: the noise source of one operation, the big key ready for
 * products. */
#ifndef NESCIO_SECRET_SECRET_INTERNAL_H
#define NESCIO_SECRET_SECRET_INTERNAL_H
#include "kernels/fft.h"
#include "secret/secret.h"

/* Streams of one noise seed: the operation in the high bits of the index, its job in the low ones.
 */
enum {
    NESCIO_NOISE_GGSW = 0,
    NESCIO_NOISE_SWITCH = 1,
    NESCIO_NOISE_OUTPUT = 2,
    NESCIO_NOISE_FRESH = 3
};

/* Starts the noise stream of job i of an operation. `stream` lies in locked memory. */
void nescio_noise_stream(nescio_stream *stream, const uint8_t seed[NESCIO_SEED_BYTES],
                         unsigned operation, uint64_t i);

/* The big key's polynomials in the Fourier domain, in locked memory. */
typedef struct nescio_glwe_secret {
    nescio_fft *fft; /* owned; public tables */
    double *freq;    /* owned, locked: [k][N] */
    uint32_t k, n;
} nescio_glwe_secret;

NESCIO_MUST_CHECK nescio_status nescio_glwe_secret_init(nescio_ctx *ctx, nescio_glwe_secret *secret,
                                                        const nescio_secret_key *key);
void nescio_glwe_secret_deinit(nescio_glwe_secret *secret);
/* Bytes of locked scratch for a product. */
size_t nescio_glwe_secret_scratch_bytes(const nescio_glwe_secret *secret);
/* body += sum_p masks_p S_p mod (2^64, X^N + 1), exactly. masks: [k][N], 64-byte aligned. */
void nescio_glwe_secret_add(const nescio_glwe_secret *secret, uint64_t *body, const uint64_t *masks,
                            void *scratch);

/* What the workers that make an evaluation key share. */
typedef struct nescio_key_making {
    const nescio_secret_key *key;
    nescio_evaluation_key *out;
    nescio_glwe_secret glwe;
    uint8_t *noise_seed; /* locked */
    uint32_t
        *out_matrix;   /* locked: row (p, t) holds word t of mask p's multiples of the output key */
    size_t out_stride; /* words between its rows */
    uint8_t *scratch;  /* locked; scratch_bytes a worker */
    size_t scratch_bytes;
    size_t first; /* job 0 of the pool is this one */
} nescio_key_making;

/* Jobs: a GGSW, a big coefficient's rows for the small key, and for the output key. */
void nescio_make_ggsw(void *making, size_t i_job, unsigned i_worker);
void nescio_make_switch_rows(void *making, size_t i_job, unsigned i_worker);
void nescio_make_output_rows(void *making, size_t i_job, unsigned i_worker);
/* Scratch that each needs. */
size_t nescio_make_ggsw_bytes(const nescio_key_making *making);
size_t nescio_make_switch_bytes(const nescio_key_making *making);
size_t nescio_make_output_bytes(const nescio_key_making *making);
/* Fills out_matrix. */
void nescio_make_output_matrix(nescio_key_making *making);
#endif /* NESCIO_SECRET_SECRET_INTERNAL_H */
