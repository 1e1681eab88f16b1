/* SPDX-License-Identifier: Apache-2.0
 * What the operators' files share: the call an operator answers, and helpers on it. */
#ifndef NESCIO_REFEXEC_INTERNAL_H
#define NESCIO_REFEXEC_INTERNAL_H
#include "refexec/refexec.h"
#include "tensor/walk.h"

#include <string.h>

struct nescio_refexec_frame;

/** Operators may make all their outputs, also those that the node's list is too short for. */
#define NESCIO_SPARE_OUTPUTS 4u

/** One execution of one node. An operator reads inputs and makes outputs; on failure the executor
 * frees what was made. */
typedef struct nescio_refexec_call {
    nescio_ctx *ctx;
    const nescio_node *node;
    const nescio_tensor **inputs; /**< contiguous; NULL where left out */
    nescio_tensor *
        *dying; /**< input i once more where it is used for the last time: may be written over */
    nescio_tensor *outputs; /**< zeroed, NESCIO_SPARE_OUTPUTS more than the node has; what borrows
                               is copied later */
    nescio_arena *arena;    /**< dropped after the call: scratch, and text of string outputs */
    nescio_refexec *
        *bodies; /**< prepared subgraphs, one a GRAPH attribute in order of attributes */
    const struct nescio_refexec_frame
        *frame; /**< values that bodies may use; NULL for a lone node */
} nescio_refexec_call;

typedef nescio_status (*nescio_refexec_run_fn)(nescio_refexec_call *call);

/** Element type classes beside those of graph/op_table.h. */
#define NESCIO_TYPES_NUMBER (NESCIO_TYPES_FLOAT | NESCIO_TYPES_INTEGER)
#define NESCIO_TYPES_FIXED  (NESCIO_TYPES_NUMBER | NESCIO_TYPES_BOOL)
#define NESCIO_TYPES_ANY    (NESCIO_TYPES_FIXED | NESCIO_TYPES_STRING)
/** Class of a dtype that the executor computes with, as a NESCIO_TYPES_* bit; 0 for the others. */
unsigned nescio_dtype_class(nescio_dtype dtype);

/** I64 for signed integers, U64 for unsigned ones and bool, other dtypes themselves. Operators
 * whose integers wrap have loops for these only: see nescio_call_wide_input. */
nescio_dtype nescio_dtype_wide(nescio_dtype dtype);

/** One case a type, for switches on a dtype: M(dtype, C type, arguments...). */
#define NESCIO_CASES_FLOAT(M, ...)                                                                 \
    M(NESCIO_F32, float, __VA_ARGS__) M(NESCIO_F64, double, __VA_ARGS__)
#define NESCIO_CASES_SIGNED(M, ...)                                                                \
    M(NESCIO_I8, int8_t, __VA_ARGS__)                                                              \
    M(NESCIO_I16, int16_t, __VA_ARGS__)                                                            \
    M(NESCIO_I32, int32_t, __VA_ARGS__)                                                            \
    M(NESCIO_I64, int64_t, __VA_ARGS__)
#define NESCIO_CASES_UNSIGNED(M, ...)                                                              \
    M(NESCIO_U8, uint8_t, __VA_ARGS__)                                                             \
    M(NESCIO_U16, uint16_t, __VA_ARGS__)                                                           \
    M(NESCIO_U32, uint32_t, __VA_ARGS__)                                                           \
    M(NESCIO_U64, uint64_t, __VA_ARGS__)
#define NESCIO_CASES_INTEGER(M, ...)                                                               \
    NESCIO_CASES_SIGNED(M, __VA_ARGS__) NESCIO_CASES_UNSIGNED(M, __VA_ARGS__)
#define NESCIO_CASES_NUMBER(M, ...)                                                                \
    NESCIO_CASES_FLOAT(M, __VA_ARGS__) NESCIO_CASES_INTEGER(M, __VA_ARGS__)
#define NESCIO_CASES_WIDE_SIGNED(M, ...)   M(NESCIO_I64, int64_t, __VA_ARGS__)
#define NESCIO_CASES_WIDE_UNSIGNED(M, ...) M(NESCIO_U64, uint64_t, __VA_ARGS__)
#define NESCIO_CASES_WIDE(M, ...)                                                                  \
    NESCIO_CASES_WIDE_SIGNED(M, __VA_ARGS__) NESCIO_CASES_WIDE_UNSIGNED(M, __VA_ARGS__)

/** Input i, NULL when left out or beyond the node's inputs. */
static inline const nescio_tensor *nescio_call_input(const nescio_refexec_call *call, uint32_t i)
{
    return i < call->node->n_inputs ? call->inputs[i] : NULL;
}

/** Whether somebody uses output i. */
static inline bool nescio_call_wants(const nescio_refexec_call *call, uint32_t i)
{
    return i < call->node->n_outputs && call->node->outputs[i] != NULL;
}

static inline int64_t nescio_count(const nescio_tensor *t)
{
    return (int64_t)nescio_tensor_count(t);
}

static inline int64_t nescio_clamp_i64(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

/** Product of dims[first, end). Dims of an existing tensor: cannot overflow. */
static inline int64_t nescio_dims_product(const int64_t *dims, int first, int end)
{
    int64_t n = 1;

    for (int i = first; i < end; i++)
        n *= dims[i];
    return n;
}

static inline bool nescio_same_shape(const nescio_tensor *a, const nescio_tensor *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) == 0;
}

/** Fails as nescio_fail, with "Conv 'name': " in front. */
nescio_status nescio_call_fail(const nescio_refexec_call *call, nescio_status st,
                               const char *format, ...) NESCIO_PRINTF(3, 4);
/** Takes a x b x c products (none negative) off what the context may still do; fails when that is
 * not enough. Tensors and scratch are taken off where they are made. */
NESCIO_MUST_CHECK nescio_status nescio_call_spend(const nescio_refexec_call *call, int64_t a,
                                                  int64_t b, int64_t c);
/** Output i gets its own zeroed elements. */
NESCIO_MUST_CHECK nescio_status nescio_call_output(nescio_refexec_call *call, uint32_t i,
                                                   nescio_dtype dtype, int rank,
                                                   const int64_t *dims);
/** As nescio_call_output, but writes over input `from` where that is allowed and its block has the
 * same size. */
NESCIO_MUST_CHECK nescio_status nescio_call_output_over(nescio_refexec_call *call, uint32_t i,
                                                        uint32_t from, nescio_dtype dtype, int rank,
                                                        const int64_t *dims);
/** Output i is input `from` with another shape of as many elements. */
NESCIO_MUST_CHECK nescio_status nescio_call_forward(nescio_refexec_call *call, uint32_t i,
                                                    uint32_t from, int rank, const int64_t *dims);
/** Input i is given, with a dtype of the classes `types` and a rank in [min_rank, max_rank]; else
 * fails. */
NESCIO_MUST_CHECK nescio_status nescio_call_expect(const nescio_refexec_call *call, uint32_t i,
                                                   unsigned types, int min_rank, int max_rank);
/** An axis in [-rank, rank) as one in [0, rank). */
NESCIO_MUST_CHECK nescio_status nescio_call_axis(const nescio_refexec_call *call, int64_t axis,
                                                 int rank, int *out);
/** Attribute `axis` likewise. */
NESCIO_MUST_CHECK nescio_status nescio_call_axis_attr(const nescio_refexec_call *call,
                                                      int64_t otherwise, int rank, int *out);
/** Elements of integer input i, at most `max`; *n = 0 and no failure when it is left out. */
NESCIO_MUST_CHECK nescio_status nescio_call_ints(const nescio_refexec_call *call, uint32_t i,
                                                 int64_t *out, size_t max, size_t *n);
/** INTS attribute, at most `max` elements; *n = 0 when absent. */
NESCIO_MUST_CHECK nescio_status nescio_call_ints_attr(const nescio_refexec_call *call,
                                                      const char *name, int64_t *out, size_t max,
                                                      size_t *n);
/** First element of input i as a number; `otherwise` when it is left out. Fails when it has no
 * element. */
NESCIO_MUST_CHECK nescio_status nescio_call_scalar(const nescio_refexec_call *call, uint32_t i,
                                                   double otherwise, double *out);
/** Zeroed scratch of count * size bytes, gone after the call. NULL: no memory, or count < 0. */
void *nescio_call_scratch(const nescio_refexec_call *call, int64_t count, size_t size);
NESCIO_MUST_CHECK nescio_status nescio_call_nomem(const nescio_refexec_call *call);
/** Input i as dtype `to`: itself, or a converted copy in the call's arena. */
NESCIO_MUST_CHECK nescio_status nescio_call_cast_input(const nescio_refexec_call *call, uint32_t i,
                                                       nescio_dtype to, const nescio_tensor **out);
/** Input i in its wide dtype: itself, or a copy in the call's arena. */
NESCIO_MUST_CHECK nescio_status nescio_call_wide_input(const nescio_refexec_call *call, uint32_t i,
                                                       const nescio_tensor **out);
/** Runs the body in GRAPH attribute `name`. As nescio_refexec_run; input dtypes are not converted.
 */
NESCIO_MUST_CHECK nescio_status nescio_call_body(nescio_refexec_call *call, const char *name,
                                                 const nescio_tensor *inputs, size_t n_inputs,
                                                 nescio_tensor *outputs, size_t n_outputs);
/** Inputs and outputs of that body; NULL when there is none. */
const nescio_graph *nescio_call_body_graph(const nescio_refexec_call *call, const char *name);

/** The context's workers where it has several, else NULL. */
nescio_pool *nescio_call_pool(const nescio_refexec_call *call);
/** Row-major float product by linalg: c[m,n] = alpha op(a) op(b) + beta c, dtype F32 (on the pool's
 * workers; NULL: the caller alone) or F64. */
void nescio_call_gemm(nescio_pool *pool, nescio_dtype dtype, bool trans_a, bool trans_b, int64_t m,
                      int64_t n, int64_t k, double alpha, const void *a, int64_t lda, const void *b,
                      int64_t ldb, double beta, void *c, int64_t ldc);
#endif /* NESCIO_REFEXEC_INTERNAL_H */
