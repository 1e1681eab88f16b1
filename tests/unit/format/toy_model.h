/* SPDX-License-Identifier: Apache-2.0
 * A small model for tests of files and borders: the circuit and the plan written down by hand, toy
 * parameters, and what a package of them is written from. */
#ifndef NESCIO_TESTS_TOY_MODEL_H
#define NESCIO_TESTS_TOY_MODEL_H
#include "format/format.h"

typedef struct toy_model {
    nescio_circuit *circuit;
    nescio_plan *plan;
    nescio_package_source
        source; /* head and tail hand rows through, [rows, 3] in and [rows, 4] out */
} toy_model;

toy_model toy_model_new(nescio_ctx *ctx);
void toy_model_free(toy_model *model);
/** The package's bytes, to be freed with nescio_buffer_free. */
nescio_buffer toy_model_bytes(nescio_ctx *ctx, const toy_model *model);
/** An evaluation key of the right sizes with arbitrary contents: good for files, not for sums. */
nescio_evaluation_key toy_evaluation_key(nescio_ctx *ctx, const nescio_tfhe_params *p);

/** Told of a damaged file; `what` names the damage in messages. */
typedef void (*damage_fn)(nescio_ctx *ctx, const uint8_t *file, size_t bytes, void *user);
/** Every byte of [first, end) changed in three ways, one at a time, each time with a hash that is
 * right again. */
void damage_behind_hash(nescio_ctx *ctx, const nescio_buffer *file, size_t first, size_t end,
                        damage_fn told, void *user);
/** Every tensor of the container cut at every length and lengthened by one byte, with a header and
 * a hash that are right for it. */
void damage_by_cutting(nescio_ctx *ctx, const nescio_buffer *file, const char *const *kinds,
                       damage_fn told, void *user);
/** A status that a reader may give to a damaged file, with one line that names it. */
void expect_refusal(nescio_ctx *ctx, nescio_status st, const char *name);
#endif /* NESCIO_TESTS_TOY_MODEL_H */
