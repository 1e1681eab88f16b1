/* SPDX-License-Identifier: Apache-2.0
 * Inside the room: clocks, random keys, bounds, and the list of rows that they come together in. */
#ifndef NESCIO_MEASURE_INTERNAL_H
#define NESCIO_MEASURE_INTERNAL_H
#include "base/isa.h"
#include "measure/measure.h"
#include "tfhe/blind_rotation.h"
#include "tfhe/tfhe.h"

#include <time.h>

/** CPU clocks of the context's workers: [0] is the caller's. */
typedef struct clocks {
    struct nescio_pool *pool; /**< borrowed; NULL: one thread */
    unsigned n;
    clockid_t ids[256];
} clocks;

/** NESCIO_E_NOMEM: no pool. */
NESCIO_MUST_CHECK nescio_status nescio_clocks_open(nescio_ctx *ctx, clocks *c);
/** CPU seconds of the busiest of the first n threads during call(arg). */
double nescio_clocks_time(const clocks *c, unsigned n_threads, void (*call)(void *), void *arg);

/** A list of rows in the making. */
typedef struct listing {
    nescio_ctx *ctx;
    const nescio_measure_options *options;
    nescio_measure_fn fn;
    void *user;
    clocks clocks;
    const char *isa;
    double multiply_adds; /**< f64 multiply-adds a second */
    uint64_t n_rows;      /**< so far */
} listing;

NESCIO_MUST_CHECK nescio_status nescio_listing_open(nescio_ctx *ctx,
                                                    const nescio_measure_options *options,
                                                    nescio_measure_fn fn, void *user, listing *out);
/** Times call(arg), which does row->batch ciphertexts on row->threads threads, and hands the row
 * out. `multiply_adds`: of one ciphertext, for the bound; 0: none. */
NESCIO_MUST_CHECK nescio_status nescio_listing_row(listing *l, nescio_measure_row row,
                                                   double multiply_adds, void (*call)(void *),
                                                   void *arg);

/** Batch sizes of a row, rising. */
typedef struct batches {
    uint32_t sizes[3];
    size_t n;
} batches;

/** The size asked for, or the usual ones; `large`: of ciphertexts that are long to bootstrap. */
batches nescio_listing_batches(const listing *l, bool large);

/** The listing's pool for so many threads: NULL for one. */
struct nescio_pool *nescio_listing_pool(const listing *l, uint32_t threads);

/** f64 multiply-adds a second of the instruction set in force. */
double nescio_multiply_add_rate(nescio_isa isa);
/** Multiply-adds of one transform: six for each butterfly of radix two. */
double nescio_multiply_adds_transform(uint32_t poly_size);
/** Of a blind rotation: transforms, and four for each complex product with the key. */
double nescio_multiply_adds_rotation(const nescio_tfhe_params *p);

/** A bootstrapping key of random words with accumulators, exponents and scratch for a tile. */
typedef struct random_rotation {
    nescio_tfhe_params params;
    nescio_bsk *bsk;
    uint64_t *row, *acc; /**< acc: room for 64-bit words whatever the torus */
    void *scratch;
    uint16_t *exponents; /**< [tile][n] */
    size_t tile, row_bytes, scratch_bytes, acc_bytes;
} random_rotation;

/** To be freed also after a failure. */
NESCIO_MUST_CHECK nescio_status nescio_random_rotation_new(nescio_ctx *ctx,
                                                           const nescio_tfhe_params *p, size_t tile,
                                                           random_rotation *out);
void nescio_random_rotation_free(random_rotation *r);
/** One pass of the first `tile` accumulators over the key. */
void nescio_random_rotation_run(random_rotation *r, size_t tile);

/** An evaluation key of random words, to be freed with nescio_evaluation_key_free. */
NESCIO_MUST_CHECK nescio_status nescio_random_evaluation_key(nescio_ctx *ctx,
                                                             const nescio_tfhe_params *p,
                                                             nescio_evaluation_key *key);
/** An engine for the context's threads whose key is random words. Returns new. */
NESCIO_MUST_CHECK nescio_status nescio_random_engine_new(nescio_ctx *ctx,
                                                         const nescio_tfhe_params *p,
                                                         nescio_engine **out);
/** Random bytes, the same every time. */
void nescio_random_fill(void *to, size_t bytes);
/** `count` random LWE ciphertexts in a new block of *bytes; words NULL: no memory. */
nescio_lwe_batch nescio_random_batch(const nescio_tfhe_params *p, size_t count, size_t *bytes);

/** Modulus switch, sample extraction, expansion of evaluation keys: step_rows.c. */
NESCIO_MUST_CHECK nescio_status nescio_step_rows(listing *l);
/** Linear maps, packed inputs and answers of an engine: border_rows.c. */
NESCIO_MUST_CHECK nescio_status nescio_border_rows(listing *l);
#endif /* NESCIO_MEASURE_INTERNAL_H */
