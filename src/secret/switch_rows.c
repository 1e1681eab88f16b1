/* SPDX-License-Identifier: Apache-2.0
 * The key-switching keys: level j of big coefficient i encrypts s_i q/B^(j+1), under the small key
 * as an LWE and under the output key as a GLWE. Masks are native words of the target modulus. */
#include "kernels/linear.h"
#include "secret/secret_internal.h"
#include "tfhe/masks.h"
#include "tfhe/packed_words.h"

#include <string.h>

typedef struct switch_scratch {
    nescio_stream *stream;
    uint64_t *noise;  /* one big coefficient's */
    uint32_t *bodies; /* likewise; padded rows */
    uint32_t *masks;
} switch_scratch;

static size_t round_line(size_t bytes)
{
    return nescio_size_round_up(bytes, 64);
}

static size_t layout_bytes(size_t n_noise, size_t n_bodies, size_t n_masks)
{
    return round_line(sizeof(nescio_stream)) + round_line(n_noise * 8) + round_line(n_bodies * 4) +
           round_line(n_masks * 4);
}

static switch_scratch lay_out(const nescio_key_making *making, unsigned i_worker, size_t n_noise,
                              size_t n_bodies)
{
    uint8_t *at = making->scratch + i_worker * making->scratch_bytes;
    switch_scratch s;

    s.stream = (nescio_stream *)(void *)at;
    at += round_line(sizeof *s.stream);
    s.noise = (uint64_t *)(void *)at;
    at += round_line(n_noise * sizeof *s.noise);
    s.bodies = (uint32_t *)(void *)at;
    at += round_line(n_bodies * sizeof *s.bodies);
    s.masks = (uint32_t *)(void *)at;
    return s;
}

size_t nescio_make_switch_bytes(const nescio_key_making *making)
{
    const nescio_tfhe_params *p = &making->key->params;

    return layout_bytes(p->ks_levels, p->ks_levels, (size_t)p->ks_levels * p->lwe_dim);
}

void nescio_make_switch_rows(void *arg, size_t i_job, unsigned i_worker)
{
    const nescio_key_making *making = arg;
    const nescio_secret_key *key = making->key;
    const nescio_tfhe_params *p = &key->params;
    const switch_scratch s = lay_out(making, i_worker, p->ks_levels, p->ks_levels);
    const size_t i = making->first + i_job;

    nescio_noise_stream(s.stream, making->noise_seed, NESCIO_NOISE_SWITCH, i);
    nescio_stream_tuniform(s.stream, s.noise, p->ks_levels, p->lwe_noise_log);
    nescio_mask_keyswitch(p, making->out->seed, i, s.masks);
    for (uint32_t j = 0; j < p->ks_levels; j++) {
        const uint32_t *mask = s.masks + (size_t)j * p->lwe_dim;
        uint32_t body = (uint32_t)s.noise[j];

        for (uint32_t c = 0; c < p->lwe_dim; c++)
            body += mask[c] * key->lwe[c];
        s.bodies[j] = body + (key->glwe[i] << (p->ks_modulus_log - p->ks_base_log * (j + 1)));
    }
    nescio_narrow_pack(making->out->keyswitch + i * p->ks_levels * (p->ks_modulus_log / 8),
                       s.bodies, p->ks_levels, p->ks_modulus_log);
    nescio_stream_wipe(s.stream);
}

/* Row (q, t) of the matrix: what word t of mask polynomial q adds to each coefficient c of <A, S>:
 * S_q[c - t], negacyclic. */
void nescio_make_output_matrix(nescio_key_making *making)
{
    const nescio_tfhe_params *p = &making->key->params;
    const uint32_t n = p->out_poly_size;

    for (uint32_t q = 0; q < p->out_glwe_dim; q++) {
        const uint32_t *s = making->key->out + (size_t)q * n;

        for (uint32_t t = 0; t < n; t++) {
            uint32_t *row = making->out_matrix + ((size_t)q * n + t) * making->out_stride;

            for (uint32_t c = 0; c < n; c++)
                row[c] = c >= t ? s[c - t] : 0u - s[n + c - t];
        }
    }
}

size_t nescio_make_output_bytes(const nescio_key_making *making)
{
    const nescio_tfhe_params *p = &making->key->params;
    const size_t mask_words = (size_t)p->out_levels * p->out_glwe_dim * p->out_poly_size;

    return layout_bytes((size_t)p->out_levels * p->out_poly_size,
                        p->out_levels * making->out_stride, mask_words);
}

void nescio_make_output_rows(void *arg, size_t i_job, unsigned i_worker)
{
    const nescio_key_making *making = arg;
    const nescio_secret_key *key = making->key;
    const nescio_tfhe_params *p = &key->params;
    const size_t n = p->out_poly_size, dim = p->out_glwe_dim * n, i = making->first + i_job;
    const switch_scratch s =
        lay_out(making, i_worker, p->out_levels * n, p->out_levels * making->out_stride);
    uint8_t *out = making->out->output + i * p->out_levels * n * sizeof(uint32_t);
    nescio_linear_kernels linear;

    nescio_linear_kernels_for(nescio_fft_isa(making->glwe.fft), &linear);
    nescio_noise_stream(s.stream, making->noise_seed, NESCIO_NOISE_OUTPUT, i);
    nescio_stream_tuniform(s.stream, s.noise, p->out_levels * n, p->out_noise_log - 32);
    nescio_mask_output(p, making->out->seed, i, s.masks);
    linear.rows32(&(nescio_linear_block){.out = s.bodies,
                                         .in = making->out_matrix,
                                         .out_stride = making->out_stride,
                                         .in_stride = making->out_stride,
                                         .width = n,
                                         .n_rows = p->out_levels,
                                         .weights = (const int32_t *)s.masks,
                                         .ld = dim,
                                         .n_terms = dim});
    for (uint32_t j = 0; j < p->out_levels; j++) {
        uint32_t *body = s.bodies + j * making->out_stride;

        for (size_t c = 0; c < n; c++)
            body[c] += (uint32_t)s.noise[j * n + c];
        body[0] += key->glwe[i] << (32 - p->out_base_log * (j + 1));
        nescio_narrow_pack(out + j * n * sizeof(uint32_t), body, n, 32);
    }
    nescio_stream_wipe(s.stream);
}
