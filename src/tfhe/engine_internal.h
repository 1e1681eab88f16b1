/* SPDX-License-Identifier: Apache-2.0
 * What the engine holds: expanded keys, kernels of the instruction set in force, scratch of every
 * worker. */
#ifndef NESCIO_TFHE_ENGINE_INTERNAL_H
#define NESCIO_TFHE_ENGINE_INTERNAL_H
#include "kernels/fft.h"
#include "kernels/keyswitch.h"
#include "tfhe/blind_rotation.h"
#include "tfhe/tfhe.h"

enum {
    NESCIO_CHUNK =
        32, /* ciphertexts whose key switch is one product: they share one pass over that key */
    NESCIO_OUT_SLICES = 8, /* the output key is cut by columns, so that workers share one product */
};

/* A key switch from the big key, its rows negated: row j * kN + i switches digit j of big
 * coefficient i. */
typedef struct nescio_switch_key {
    nescio_keyswitch_shape shape;
    unsigned levels;
    void *key;    /* owned block */
    size_t bytes; /* of key */
} nescio_switch_key;

/* Where things are in a worker's scratch: byte offsets, 64-byte aligned. */
typedef struct nescio_worker_layout {
    size_t narrow;    /* uint32 [kN]: upper halves of a 64-bit ciphertext */
    size_t digits;    /* int8 [chunk][kN * levels] */
    size_t small;     /* uint32 [chunk][small_stride]: LWE under the small key */
    size_t exponents; /* uint16 [chunk][exponent_stride] */
    size_t bodies;    /* uint64 [chunk]; then the switched bodies, in [0, 2N) */
    size_t acc;       /* torus words [tile][acc_stride] */
    size_t rotate;    /* blind rotation's own */
    size_t weights;   /* int32 [N]: a row of weights as a polynomial */
    size_t freq;      /* double [2][N]: its transform, and a product */
    size_t bytes;     /* of all */
    size_t small_stride, exponent_stride, acc_stride; /* in words */
} nescio_worker_layout;

/* Where things are in the scratch of the borders, which run one at a time. */
typedef struct nescio_border_layout {
    size_t narrow;    /* uint32 [kN] */
    size_t digits;    /* int8 [chunk][kN * out_levels] */
    size_t switched;  /* uint32 [chunk][switched_stride]: GLWE under the output key */
    size_t sum;       /* uint32 [(k' + 1) N'] */
    size_t masks;     /* uint64 [kN]: masks of a packed input */
    size_t mask_freq; /* double [k][N]: their transforms, reversed */
    size_t bytes;
    size_t switched_stride;
} nescio_border_layout;

struct nescio_engine {
    nescio_tfhe_params p;
    nescio_keyswitch_kernels ks;
    nescio_fft *fft;         /* owned */
    nescio_bsk *bsk;         /* owned */
    nescio_switch_key small; /* big -> small key */
    nescio_switch_key
        out[NESCIO_OUT_SLICES]; /* big -> output key; slices past the last column are empty */
    size_t tile;                /* accumulators that pass over the bootstrapping key together */
    unsigned n_workers;
    nescio_worker_layout worker;
    nescio_border_layout border;
    uint8_t *scratch; /* owned block: a worker_layout each, then the border_layout */
    size_t scratch_bytes;
};

/* Shapes and layouts from the parameters: everything but keys. engine->p, n_workers and ks are set.
 */
void nescio_engine_lay_out(nescio_engine *engine);
/** Fills engine->bsk, small and out from the travelling key. */
NESCIO_MUST_CHECK nescio_status nescio_engine_expand(nescio_ctx *ctx, nescio_engine *engine,
                                                     const nescio_evaluation_key *key);

/** Balanced digits of big LWE ciphertext i under a switch key's gadget. Returns its body in units
 * of 2^-64, less half the sum of the rounding errors: E[s] = 1/2 for the big key. `narrow`: kN
 * words of scratch. */
uint64_t nescio_switch_digits(const nescio_engine *engine, const nescio_switch_key *key,
                              const nescio_lwe_batch *in, size_t i, int8_t *digits,
                              uint32_t *narrow);

static inline uint8_t *nescio_worker_scratch(const nescio_engine *engine, unsigned i_worker)
{
    return engine->scratch + i_worker * engine->worker.bytes;
}

static inline uint8_t *nescio_border_scratch(const nescio_engine *engine)
{
    return engine->scratch + engine->n_workers * engine->worker.bytes;
}
#endif /* NESCIO_TFHE_ENGINE_INTERNAL_H */
