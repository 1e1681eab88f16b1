/* SPDX-License-Identifier: Apache-2.0
 * State of a runtime. */
#ifndef NESCIO_RUNTIME_INTERNAL_H
#define NESCIO_RUNTIME_INTERNAL_H
#include "runtime/runtime.h"

struct nescio_runtime {
    const nescio_plan *plan; /* borrowed */
    nescio_engine *engine;   /* borrowed */
    size_t max_rows;
    void *pool_words; /* owned: pool_bytes */
    size_t pool_bytes;
    nescio_lwe_batch pool; /* over pool_words: pool_ciphertexts * max_rows */
    uint32_t *which_words; /* owned: table numbers of all rows, step after step */
    size_t which_bytes;
    const uint32_t **which; /* owned, [n_steps]: into which_words, or NULL */
    size_t packed_count;    /* packed GLWEs a row */
    size_t answer_bytes;    /* bytes of a row's answers */
    uint64_t n_pbs;         /* bootstrappings a row */
};
#endif /* NESCIO_RUNTIME_INTERNAL_H */
