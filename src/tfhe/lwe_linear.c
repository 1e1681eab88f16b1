/* SPDX-License-Identifier: Apache-2.0
 * Linear layers on LWE ciphertexts: blocks of rows go to workers, each block through the kernels.
 */
#include "kernels/linear.h"
#include "tfhe/tfhe.h"

#include <assert.h>

enum { BLOCK_ROWS = 16 };

typedef struct linear_run {
    nescio_linear_kernels kernels;
    const nescio_lwe_batch *out, *in;
    const nescio_int_matrix *m;
    bool accumulate;
} linear_run;

static void linear_block(void *arg, size_t i_block, unsigned i_worker)
{
    const linear_run *run = arg;
    const nescio_int_matrix *m = run->m;
    const size_t first = i_block * BLOCK_ROWS;
    const size_t end = m->n_rows - first < BLOCK_ROWS ? m->n_rows : first + BLOCK_ROWS;
    const size_t row_bytes = run->out->stride * (run->out->torus_log / 8);
    nescio_linear_block b = {
        .in = run->in->words,
        .out_stride = run->out->stride,
        .in_stride = run->in->stride,
        .width = (size_t)run->in->dim + 1,
        .ld = m->n_columns,
        .accumulate = run->accumulate,
    };
    void (*const rows)(const nescio_linear_block *) =
        run->in->torus_log == 32 ? run->kernels.rows32 : run->kernels.rows64;

    (void)i_worker;
    if (m->dense) {
        b.out = (char *)run->out->words + first * row_bytes;
        b.n_rows = end - first;
        b.weights = m->dense + first * m->n_columns;
        b.n_terms = m->n_columns;
        rows(&b);
        return;
    }
    b.n_rows = 1;
    for (size_t r = first; r < end; r++) {
        b.out = (char *)run->out->words + r * row_bytes;
        b.weights = m->weights + m->row_start[r];
        b.columns = m->columns + m->row_start[r];
        b.n_terms = m->row_start[r + 1] - m->row_start[r];
        rows(&b);
    }
}

void nescio_lwe_linear(struct nescio_pool *pool, const nescio_lwe_batch *out,
                       const nescio_int_matrix *m, const nescio_lwe_batch *in, bool accumulate)
{
    linear_run run = {.out = out, .in = in, .m = m, .accumulate = accumulate};
    nescio_isa isa = NESCIO_ISA_SCALAR;

    assert(m->n_rows <= out->count && m->n_columns <= in->count && out->torus_log == in->torus_log);
    assert(out->dim == in->dim);
    if (nescio_isa_in_force(&isa) != NESCIO_OK)
        isa = NESCIO_ISA_SCALAR; /* a misspelt cap has stopped nescio_engine_new before */
    nescio_linear_kernels_for(isa, &run.kernels);
    nescio_pool_run(pool, (m->n_rows + BLOCK_ROWS - 1) / BLOCK_ROWS, linear_block, &run);
}
