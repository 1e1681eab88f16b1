/* SPDX-License-Identifier: Apache-2.0
 * The structured tensors inside packages: one writer and one reader each, which mirror each other.
 */
#ifndef NESCIO_FORMAT_PACKAGE_INTERNAL_H
#define NESCIO_FORMAT_PACKAGE_INTERNAL_H
#include "format/keys.h"
#include "format/package.h"

#define NESCIO_TEXT_MAX 4096 /* bytes of a name in a file */

/* NESCIO_E_FORMAT: "FILE: WHAT is malformed at byte AT"; or out of memory, where that is what kept
 * the reader, who took memory from `arena`, from going on. */
nescio_status nescio_fail_malformed(nescio_ctx *ctx, const nescio_arena *arena, const char *file,
                                    const char *what, size_t at);
/* Puts the file's name in front of the message of a check that knows no files; a value that such a
 * check takes for a bad argument is a bad file here. Returns the status to pass on. */
nescio_status nescio_blame_file(nescio_ctx *ctx, const char *file, nescio_status st);

/* border_bytes.c: parameters and the tensor "client". */
void nescio_params_read(nescio_cursor *r, nescio_tfhe_params *p);
void nescio_text_write(nescio_buffer *b, const char *s);
/* NULL (and r->bad) when cut short, too long, or holding a zero byte. Copied into the arena. */
const char *nescio_text_read(nescio_cursor *r, nescio_arena *arena);
void nescio_border_write(nescio_buffer *b, const nescio_package_source *source);
NESCIO_MUST_CHECK nescio_status nescio_border_read(nescio_ctx *ctx, nescio_arena *arena,
                                                   const char *file, const nescio_entry *entry,
                                                   nescio_client_part *out);
/* Shape of one row's tensor. Reading: its element count, 0 when malformed, cut short or above the
 * circuit's limit. */
void nescio_shape_write(nescio_buffer *b, int rank, const int64_t *dims);
size_t nescio_shape_read(nescio_cursor *r, int *rank, int64_t *dims);
void nescio_quantizer_write(nescio_buffer *b, const nescio_quantizer *q);
NESCIO_MUST_CHECK bool nescio_quantizer_read(nescio_cursor *r, nescio_arena *arena, size_t count,
                                             nescio_quantizer *q);
void nescio_report_write(nescio_buffer *b, const nescio_plan_report *r);
void nescio_report_read(nescio_cursor *r, nescio_plan_report *out);
void nescio_plan_input_write(nescio_buffer *b, const nescio_plan_input *in);
void nescio_plan_input_read(nescio_cursor *r, nescio_arena *arena, nescio_plan_input *in);
void nescio_plan_output_write(nescio_buffer *b, const nescio_plan_output *out);
void nescio_plan_output_read(nescio_cursor *r, nescio_arena *arena, nescio_plan_output *out);

/* circuit_bytes.c: gates as a structure, arrays in pools by element type. */
typedef struct nescio_circuit_pools {
    nescio_buffer gates, i64, i32, u32;
} nescio_circuit_pools;

void nescio_circuit_write(nescio_circuit_pools *pools, const nescio_circuit *circuit);
NESCIO_MUST_CHECK nescio_status nescio_circuit_read(nescio_ctx *ctx, const nescio_container *c,
                                                    nescio_circuit **out);

/* plan_bytes.c */
void nescio_plan_write(nescio_buffer *b, const nescio_plan *plan);
NESCIO_MUST_CHECK nescio_status nescio_plan_read(nescio_ctx *ctx, const char *file,
                                                 const nescio_entry *entry, nescio_plan **out);
#endif
